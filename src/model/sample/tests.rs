//! What steering promises: draws that agree with the chain's probabilities, locks that agree with
//! enumeration, density that only adds.

mod knobs;
mod style;

use super::super::encode::Place;
use super::super::params::{self, Head};
use super::super::weights::BeatModel;
use super::{Knobs, Sampler, SamplerState};
use crate::base::rng::{Purpose, Stream, uniform};
use crate::beat::grid::{Cell, LANES, Step, hits};
use std::sync::Arc;

/// An untrained model whose lanes depend strongly on each other and on what was played.
fn model(seed: u64) -> Arc<BeatModel> {
    let plain = BeatModel::random(12, 2, seed);
    let layers = plain.config().layers;
    let mut weights = plain.weights().to_vec();
    let mut draws = Stream::new(seed, 1, Purpose::Test);
    for (head, spread) in [
        (Head::ChainOut, 0.6),
        (Head::LaneToLane, 1.0),
        (Head::Skip, 0.3),
        (Head::HitBias, 0.7),
    ] {
        for weight in &mut weights[head.index(layers)] {
            *weight = spread * draws.normal();
        }
    }
    assert_eq!(weights.len(), params::specs(plain.config()).len());
    Arc::new(BeatModel::new(plain.config().clone(), weights).unwrap())
}

fn place(step: u64) -> Place {
    Place {
        step_in_bar: (step % 16) as u16,
        steps_per_bar: 16,
        bar: step / 16,
        bpm: Some(120.0),
        style: Some(1),
        fill: Some(false),
        density: None,
    }
}

/// A state after some steps.
fn played(sampler: &mut Sampler, steps: u64, seed: u64) -> SamplerState {
    let mut state = sampler.start();
    for step in 0..steps {
        sampler.draw(&mut state, &place(step), &Knobs::default(), seed, step);
    }
    state
}

fn step_of(hits: u16) -> Step {
    std::array::from_fn(|lane| Cell {
        velocity: if hits >> lane & 1 == 1 { 100 } else { 0 },
        offset: 0.0,
    })
}

/// The probability of each of the 512 steps, one true step at a time.
fn enumerated(sampler: &mut Sampler, state: &SamplerState, at: u64) -> Vec<f64> {
    (0..1u16 << LANES)
        .map(|hits| {
            let score = sampler.score(&mut state.clone(), &place(at), &step_of(hits));
            let chance = |lane: usize| match (score.probabilities[lane], hits >> lane & 1) {
                (p, 1) => f64::from(p),
                (p, _) => 1.0 - f64::from(p),
            };
            (0..LANES).map(chance).product()
        })
        .collect()
}

/// How often each step is drawn with these knobs, by the seeds from 0 on.
fn counted(
    sampler: &mut Sampler,
    state: &SamplerState,
    at: u64,
    knobs: &Knobs,
    draws: u64,
) -> Vec<u64> {
    let mut counts = vec![0; 1 << LANES];
    let mut copy = state.clone();
    for seed in 0..draws {
        copy.clone_from(state);
        let step = sampler.draw(&mut copy, &place(at), knobs, seed, at);
        counts[usize::from(hits(&step))] += 1;
    }
    counts
}

/// Chi-square of counts against probabilities, and its degrees of freedom; steps expected less
/// than eight times are taken together.
fn chi_square(counts: &[u64], probabilities: &[f64]) -> (f64, f64) {
    let n = counts.iter().sum::<u64>() as f64;
    let (mut sum, mut cells) = (0.0, 0.0);
    let mut rest = (0.0, 0.0);
    let mut add = |count: f64, expected: f64| {
        sum += (count - expected).powi(2) / expected;
        cells += 1.0;
    };
    for (&count, &p) in counts.iter().zip(probabilities) {
        if p * n < 8.0 {
            rest = (rest.0 + count as f64, rest.1 + p * n);
        } else {
            add(count as f64, p * n);
        }
    }
    if rest.1 >= 8.0 {
        add(rest.0, rest.1);
    }
    (sum, cells - 1.0)
}

/// What chi-square exceeds once in about 30,000 times (Wilson and Hilferty 1931, four deviations).
fn limit(freedom: f64) -> f64 {
    let v = 2.0 / (9.0 * freedom);
    freedom * (1.0 - v + 4.0 * v.sqrt()).powi(3)
}

fn assert_agrees(counts: &[u64], probabilities: &[f64]) {
    let (sum, freedom) = chi_square(counts, probabilities);
    assert!(freedom >= 4.0, "{freedom} degrees of freedom test nothing");
    assert!(
        sum < limit(freedom),
        "chi-square {sum} with {freedom} degrees of freedom"
    );
    // The test can fail: another order of the lanes does.
    let mut other = probabilities.to_vec();
    other.rotate_left(1);
    assert!(chi_square(counts, &other).0 > limit(freedom));
}

#[test]
fn draws_agree_with_the_chains_probabilities() {
    let mut sampler = Sampler::new(model(3));
    let state = played(&mut sampler, 21, 5);
    let exact = enumerated(&mut sampler, &state, 21);
    assert!((exact.iter().sum::<f64>() - 1.0).abs() < 1e-5);
    let counts = counted(&mut sampler, &state, 21, &Knobs::default(), 100_000);
    assert_agrees(&counts, &exact);
}

#[test]
fn plain_draws_are_the_chains_own() {
    let mut sampler = Sampler::new(model(4));
    let mut state = sampler.start();
    for step in 0..200 {
        let mut before = state.clone();
        let drawn = sampler.draw(&mut state, &place(step), &Knobs::default(), 9, step);
        let chances = sampler.score(&mut before, &place(step), &drawn);
        for (lane, chance) in chances.probabilities.iter().enumerate() {
            let hit = uniform(9, step, lane as u64, Purpose::Hit) < *chance;
            assert_eq!(hit, drawn[lane].velocity > 0, "step {step} lane {lane}");
        }
        assert_eq!(
            before, state,
            "the played step is what the state goes on from"
        );
    }
}

#[test]
fn other_lanes_are_drawn_given_the_locked_ones() {
    let mut sampler = Sampler::new(model(5));
    let state = played(&mut sampler, 18, 5);
    let joint = enumerated(&mut sampler, &state, 18);
    // First lanes, last lanes, lanes between.
    for (locked, given) in [
        (0b11, 0b10),
        (0b1_1000_0000, 0b1_0000_0000),
        (0b0_1010_0100, 0b0_0010_0100),
    ] {
        let matches = |hits: usize| hits as u16 & locked == given;
        let total: f64 = (0..512).filter(|&h| matches(h)).map(|h| joint[h]).sum();
        let exact: Vec<f64> = (0..512)
            .map(|h| if matches(h) { joint[h] / total } else { 0.0 })
            .collect();
        let mut cells = step_of(given);
        cells.iter_mut().for_each(|cell| cell.offset = 0.25);
        let knobs = Knobs {
            locked,
            given: cells,
            ..Knobs::default()
        };
        let counts = counted(&mut sampler, &state, 18, &knobs, 20_000);
        assert!((0..512).all(|h| matches(h) || counts[h] == 0));
        assert_agrees(&counts, &exact);
        let step = sampler.draw(&mut state.clone(), &place(18), &knobs, 1, 18);
        for lane in (0..LANES).filter(|lane| given >> lane & 1 == 1) {
            assert_eq!(
                step[lane], cells[lane],
                "velocity and micro-timing are given too"
            );
        }
    }
}

#[test]
fn min_p_cuts_and_the_rest_keeps_its_shares() {
    let mut sampler = Sampler::new(model(6));
    let state = played(&mut sampler, 18, 5);
    let joint = enumerated(&mut sampler, &state, 18);
    let best = joint.iter().copied().fold(0.0, f64::max);
    for min_p in [0.02f32, 0.1] {
        let kept = |p: f64| p >= f64::from(min_p) * best;
        let total: f64 = joint.iter().copied().filter(|&p| kept(p)).sum();
        let exact: Vec<f64> = joint
            .iter()
            .map(|&p| if kept(p) { p / total } else { 0.0 })
            .collect();
        let knobs = Knobs {
            min_p,
            ..Knobs::default()
        };
        let counts = counted(&mut sampler, &state, 18, &knobs, 20_000);
        assert!(counts.iter().zip(&exact).all(|(&n, &p)| n == 0 || p > 0.0));
        assert_agrees(&counts, &exact);
    }
    // One step only: the likeliest. And next to nothing cut: what the chain draws.
    let one = Knobs {
        min_p: 1.0,
        ..Knobs::default()
    };
    let counts = counted(&mut sampler, &state, 18, &one, 100);
    assert_eq!(counts.iter().max(), Some(&100));
    let little = Knobs {
        min_p: 1e-30,
        ..Knobs::default()
    };
    let same = (0..500).filter(|&seed| {
        let mut draw = |knobs| sampler.draw(&mut state.clone(), &place(18), knobs, seed, 18);
        draw(&little) == draw(&Knobs::default())
    });
    assert_eq!(same.count(), 500);
}
