//! The learner's gradients are those of finite differences of the same model written out in double precision.

use super::super::batch::{MelBatch, MelCourse};
use super::super::config::{Head, MelNetConfig, PER_LAYER};
use super::super::learner::MelLearner;
use super::super::task::first_weights;
use super::super::weights::MelModel;
use super::{config, frames};
use crate::base::alloc_probe;
use crate::base::rng::{Purpose, Stream};
use crate::message::TrainConfig;
use crate::model::ahead::Course;
use crate::model::config::Described;
use crate::model::cpu::batch_norm::EPSILON;
use crate::model::cpu::pace::Pace;
use crate::model::learner::Learner;
use crate::model::lstm::kernel::Engine;
use std::sync::Arc;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `out[j] += sum over i of x[i] matrix[i, j]`.
fn add_product(x: &[f64], matrix: &[f64], out: &mut [f64]) {
    for (x, row) in x.iter().zip(matrix.chunks_exact(out.len())) {
        out.iter_mut().zip(row).for_each(|(o, w)| *o += x * w);
    }
}

/// The loss of the formulas in the documentation, from carried states of 0: `-ln p` a band, and a hundredth of what the components say
/// by themselves.
fn loss(config: &MelNetConfig, weights: &[Vec<f64>], batch: &MelBatch) -> f64 {
    let (units, slots, streams) = (config.units, batch.slots(), batch.streams);
    let mut x: Vec<Vec<f64>> = batch
        .inputs
        .chunks_exact(config.inputs())
        .map(|x| x.iter().map(|v| f64::from(*v)).collect())
        .collect();
    let count: f64 = batch.real.iter().map(|r| f64::from(*r)).sum();
    for layer in weights.chunks_exact(PER_LAYER).take(config.layers) {
        let mut states = vec![(vec![0.0; units], vec![0.0; units]); streams];
        let mut out = Vec::new();
        for slot in 0..slots {
            let (hidden, cell) = &mut states[slot % streams];
            if batch.keep[slot] == 0.0 {
                hidden.fill(0.0);
                cell.fill(0.0);
            }
            let mut gates = layer[2].clone();
            add_product(&x[slot], &layer[0], &mut gates);
            add_product(hidden, &layer[1], &mut gates);
            for u in 0..units {
                let [i, f, g, o] = [0, 1, 2, 3].map(|n| gates[n * units + u]);
                cell[u] = sigmoid(f) * cell[u] + sigmoid(i) * g.tanh();
                hidden[u] = sigmoid(o) * cell[u].tanh();
            }
            out.push(hidden.clone());
        }
        for u in 0..units {
            let over = |f: &dyn Fn(f64) -> f64| {
                let real = out.iter().zip(&batch.real);
                real.map(|(h, r)| f64::from(*r) * f(h[u])).sum::<f64>() / count
            };
            let mean = over(&|h| h);
            let variance = over(&|h| (h - mean) * (h - mean));
            let narrow = 1.0 / (variance + f64::from(EPSILON)).sqrt();
            for h in &mut out {
                h[u] = (h[u] - mean) * narrow * layer[3][u] + layer[4][u];
            }
        }
        x = out;
    }
    let head = |h: Head| &weights[h.index(config.layers)];
    let (k, m) = (config.components, config.mel.n_mels);
    let mut total = 0.0;
    for slot in (0..slots).filter(|s| batch.real[*s] > 0.0) {
        let mut row = head(Head::Bias).clone();
        add_product(&x[slot], head(Head::Out), &mut row);
        let logits = &row[(k + 1) * m..];
        let groups = config.groups;
        let (mut says, mut each) = (vec![0.0; groups * k], 0.0);
        for c in 0..k {
            for band in 0..m {
                let at = c * m + band;
                let held = f64::from(batch.held[slot * m + band]);
                let mean = sigmoid(row[at] + head(Head::Hold)[at] * held);
                let scale = (row[k * m + band] + head(Head::Scale)[at]).exp();
                let level = batch.targets[slot * m + band];
                let (x, d) = (f64::from(level) / 255.0, 1.0 / 510.0);
                let (b, a) = ((x + d - mean) / scale, (x - d - mean) / scale);
                // In the upper tail both are nearly 1: what is above them keeps its digits.
                let (below, above) = match level {
                    0 => (0.0, sigmoid(b)),
                    255 => (0.0, sigmoid(-a)),
                    _ if a > 0.0 => (sigmoid(-b), sigmoid(-a)),
                    _ => (sigmoid(a), sigmoid(b)),
                };
                let log = (above - below).ln();
                let group = (0..groups).find(|g| config.sizes().group(*g).contains(&band));
                says[group.unwrap() * k + c] += log;
                each += log / k as f64;
            }
        }
        // Every way through the groups.
        let mut p = 0.0;
        for way in 0..k.pow(groups as u32) {
            let (mut product, mut below) = (1.0, 0);
            for g in 0..groups {
                let here = way / k.pow(g as u32) % k;
                let logit = |c: usize| match g {
                    0 => logits[c],
                    _ => logits[g * k + c] + head(Head::Link)[((g - 1) * k + below) * k + c],
                };
                let all: f64 = (0..k).map(|c| logit(c).exp()).sum();
                product *= logit(here).exp() / all * says[g * k + here].exp();
                below = here;
            }
            p += product;
        }
        total -= p.ln() + 0.01 * each;
    }
    total / (count * m as f64)
}

/// A case with nothing at a special value: two short tracks in two rows, one of which ends early.
fn case(units: usize, layers: usize) -> (MelNetConfig, Vec<Vec<f32>>, MelBatch) {
    let config = config(units, layers, 3);
    let data = frames(&config, &[11, 5]);
    let mut draws = Stream::new(units as u64, 5, Purpose::Test);
    let mut weights = first_weights(&config, &data, 7);
    for w in weights.iter_mut().flatten() {
        *w += 0.1 * draws.normal();
    }
    let flags = TrainConfig {
        batch_size: 2,
        sequence_length: 11,
        ..TrainConfig::default()
    };
    let course = MelCourse::new(Arc::new(data), &config, &flags);
    let mut batch = MelBatch::default();
    course.fill(&mut batch, &course.plan(0), (0, 0));
    assert!(batch.real.contains(&0.0) && batch.real.contains(&1.0));
    (config, weights, batch)
}

fn learner(
    config: &MelNetConfig,
    weights: &[Vec<f32>],
    streams: usize,
    threads: usize,
) -> MelLearner {
    let decays: Vec<bool> = config.specs().iter().map(|s| s.decays).collect();
    let engine = Engine::new(threads);
    let mut learner = MelLearner::with(config, weights, &decays, engine, Pace::fixed(threads));
    learner.begin(streams);
    learner.weigh_decisions_as_the_rest();
    learner
}

#[test]
fn every_gradient_is_that_of_finite_differences() {
    for (units, layers) in [(5, 2), (17, 1)] {
        let (config, weights, batch) = case(units, layers);
        let mut ours = learner(&config, &weights, batch.streams, 2);
        ours.update(&batch, 0.0, 0.0, 1).unwrap();
        let mut wide: Vec<Vec<f64>> = weights
            .iter()
            .map(|w| w.iter().map(|v| f64::from(*v)).collect())
            .collect();
        let gradients = ours.gradients();
        let mut wrong = Vec::new();
        for (i, spec) in config.specs().iter().enumerate() {
            let (mut off, mut size) = (0.0, 0.0);
            // Of a large matrix some numbers are enough.
            let n = wide[i].len();
            for j in (0..n).step_by(n / 40 + 1) {
                let (here, h) = (wide[i][j], 1e-5);
                wide[i][j] = here + h;
                let above = loss(&config, &wide, &batch);
                wide[i][j] = here - h;
                let below = loss(&config, &wide, &batch);
                wide[i][j] = here;
                let right = (above - below) / (2.0 * h);
                off += (f64::from(gradients[i][j]) - right).powi(2);
                size += right * right;
            }
            // The running mean and variance are not learned.
            if off.sqrt() > 1e-3 * size.sqrt() + 1e-7 {
                wrong.push(format!(
                    "{}: {:e} of {:e}",
                    spec.name,
                    off.sqrt(),
                    size.sqrt()
                ));
            }
        }
        assert!(wrong.is_empty(), "{layers}x{units}: {wrong:#?}");
    }
}

#[test]
fn the_bits_are_the_same_for_any_number_of_threads_and_nothing_allocates() {
    let (config, weights, batch) = case(40, 2);
    let run = |threads| {
        let mut learner = learner(&config, &weights, batch.streams, threads);
        for _ in 0..3 {
            learner.update(&batch, 0.01, 0.3, 9).unwrap();
        }
        learner.snapshot()
    };
    assert_eq!(run(1), run(3));
    let mut one = learner(&config, &weights, batch.streams, 1);
    one.update(&batch, 0.01, 0.3, 9).unwrap();
    let before = alloc_probe::calls();
    one.update(&batch, 0.01, 0.3, 9).unwrap();
    assert_eq!(alloc_probe::calls() - before, 0);
}

#[test]
fn it_learns_and_its_frozen_statistics_agree_with_the_batchs() {
    let config = config(24, 2, 3);
    let data = Arc::new(frames(&config, &[300, 260, 280]));
    let flags = TrainConfig {
        batch_size: 3,
        sequence_length: 40,
        ..TrainConfig::default()
    };
    let course = MelCourse::new(Arc::clone(&data), &config, &flags);
    let weights = first_weights(&config, &data, 1);
    let mut ours = learner(&config, &weights, 3, 1);
    let mut batch = MelBatch::default();
    let (mut first, mut last) = (0.0, 0.0);
    for epoch in 0..25 {
        let plan = course.plan(epoch);
        ours.begin(plan.streams());
        for update in 0..plan.updates() {
            course.fill(&mut batch, &plan, (epoch, update));
            last = ours.update(&batch, 0.01, 0.0, 1).unwrap().hit_bits;
            if (epoch, update) == (0, 0) {
                first = last;
            }
        }
    }
    assert!(last < 0.7 * first, "{first} {last}");
    let model = Arc::new(MelModel::new(config, ours.weights()).unwrap());
    let scored = super::super::score(&model, &data);
    assert!(
        (scored.bits_per_value as f32 - last).abs() < 0.2 * last,
        "{scored:?} {last}"
    );
    assert!(scored.cross_entropy > scored.least_cross_entropy);
}
