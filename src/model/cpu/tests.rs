//! The learner by hand does what burn's does, with the same bits however it is spread over threads.

use super::{CpuLearner, Pace};
use crate::base::alloc_probe;
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::Meter;
use crate::dataset::batch::Plan;
use crate::dataset::load::Example;
use crate::model::batch::Batch;
use crate::model::batches::Pieces;
use crate::model::burn_learner::BurnLearner;
use crate::model::learner::{Learner, Snapshot};
use crate::model::lstm::kernel::Engine;
use crate::model::optimise::{number, numbers};
use crate::model::tests::groove;
use crate::model::{BeatModel, ModelConfig, params};
use burn::backend::flex::{Flex, FlexDevice};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A model with nothing at a special value, and batches for it.
struct Case {
    config: ModelConfig,
    weights: Vec<Vec<f32>>,
    decays: Vec<bool>,
    batches: Vec<Batch>,
}

impl Case {
    /// So many updates of `steps` steps in `streams` rows; pieces end and begin inside them, and rows end before the
    /// last.
    fn new(units: usize, layers: usize, steps: usize, streams: usize, updates: usize) -> Self {
        let config = BeatModel::random(units, layers, 1).config().clone();
        let specs = params::specs(&config);
        let mut draws = Stream::new(units as u64, 1, Purpose::Test);
        let weights = specs
            .iter()
            .map(|s| {
                let deviation = 0.7 / (s.rows as f32).sqrt();
                (0..s.rows * s.columns)
                    .map(|_| draws.normal() * deviation)
                    .collect()
            })
            .collect();
        let bars = (steps * streams * updates) / 32 + 1;
        let examples: Vec<Example> = (0..3)
            .map(|i| Example {
                name: i.to_string(),
                tempo: 96.0,
                grid: groove(
                    bars.div_ceil(2 + i),
                    Meter::new(3 + (i as u8 & 1), 4).unwrap_or(Meter::COMMON),
                    i as u64,
                ),
                style: config.styles.get(i).cloned(),
                fill: i == 1,
                split: "train".into(),
            })
            .collect();
        let corpus = Arc::new(examples.into_iter().collect());
        let pieces = Pieces::new(&corpus, &config);
        let plan = Plan::new(pieces.lengths(), streams, steps, 3, 0);
        let batches: Vec<Batch> = (0..updates)
            .map(|update| {
                let mut batch = Batch::default();
                let update = update % plan.updates();
                pieces.fill(&mut batch, &plan, update, config.styles.len(), 3, 0);
                batch
            })
            .collect();
        Self {
            decays: specs.iter().map(|s| s.decays).collect(),
            config,
            weights,
            batches,
        }
    }

    fn ours(&self, threads: usize) -> CpuLearner {
        let mut learner = CpuLearner::with(
            &self.config,
            &self.weights,
            &self.decays,
            Engine::new(threads),
            Pace::fixed(threads),
        );
        learner.begin(self.batches[0].streams);
        learner
    }

    fn burns(&self) -> BurnLearner<Flex> {
        let mut learner = BurnLearner::new(&self.config, &self.weights, &self.decays, FlexDevice);
        learner.begin(self.batches[0].streams);
        learner
    }

    fn names(&self) -> Vec<String> {
        params::specs(&self.config)
            .into_iter()
            .map(|s| s.name)
            .collect()
    }
}

/// Norm of the difference over the norm.
fn off(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |f: &dyn Fn(usize) -> f64| (0..a.len()).map(|i| f(i).powi(2)).sum::<f64>().sqrt();
    let difference = square(&|i| f64::from(a[i]) - f64::from(b[i]));
    difference / square(&|i| f64::from(b[i])).max(1e-30)
}

fn close(a: f32, b: f32, within: f32) -> bool {
    (a - b).abs() <= within * b.abs()
}

#[test]
fn every_gradient_is_that_of_autodiff() {
    for (units, layers, steps, streams, dropout) in [
        (20, 2, 12, 3, 0.3),
        (33, 3, 40, 2, 0.0),
        (48, 1, 96, 5, 0.5),
        (1, 2, 7, 2, 0.0),
    ] {
        let case = Case::new(units, layers, steps, streams, 3);
        let (mut ours, mut burns) = (case.ours(2), case.burns());
        // The second batch stands on a carried state.
        for batch in &case.batches {
            let u = ours.update(batch, 0.0, dropout, 5).unwrap();
            let (losses, gradients) = burns.learn(batch, dropout, 5);
            let [hits, expression] = losses.map(number);
            let nats = std::f32::consts::LN_2;
            assert!(close(u.hit_bits * nats, hits, 1e-5), "{u:?} {hits}");
            assert!(close(u.expression_bits * nats, expression, 1e-5));
            let theirs: Vec<Vec<f32>> = gradients.iter().flatten().map(numbers).collect();
            let mine = ours.trainee.gradients();
            assert_eq!(mine.len(), theirs.len(), "all weights have a gradient");
            // Burn counts no update here; without dropout that changes nothing.
            ours.trainee.updates = 0;
            for ((name, a), b) in case.names().iter().zip(&mine).zip(&theirs) {
                let size = b.iter().map(|v| v * v).sum::<f32>().sqrt();
                // A layer of one unit is normalised to 0: nothing is left but rounding.
                if size > 1e-6 {
                    let off = off(a, b);
                    assert!(off < 1e-5, "{layers}x{units}, {name}: off by {off:e}");
                }
            }
        }
    }
}

#[test]
fn ten_updates_end_where_burns_end() {
    let case = Case::new(24, 2, 16, 4, 10);
    let (mut ours, mut burns) = (case.ours(2), case.burns());
    for (n, batch) in case.batches.iter().enumerate() {
        let (a, b) = (
            ours.update(batch, 0.003, 0.2, 9).unwrap(),
            burns.update(batch, 0.003, 0.2, 9).unwrap(),
        );
        let near = |x: f32, y: f32| close(x, y, 2e-5);
        assert!(
            near(a.hit_bits, b.hit_bits)
                && near(a.expression_bits, b.expression_bits)
                && near(a.grad_norm, b.grad_norm),
            "update {n}: {a:?}, burn {b:?}"
        );
        if n == 0 || n == 9 {
            compare(&case, &ours.snapshot(), &burns.snapshot());
        }
    }
}

fn compare(case: &Case, a: &Snapshot, b: &Snapshot) {
    assert_eq!(a.updates, b.updates);
    let lists = [
        ("average", &a.average, &b.average, 1e-5),
        ("weights", &a.raw, &b.raw, 1e-5),
        ("first moments", &a.first, &b.first, 1e-4),
        ("second moments", &a.second, &b.second, 1e-4),
    ];
    for (what, a, b, within) in lists {
        for ((name, a), b) in case.names().iter().zip(a).zip(b) {
            let off = off(a, b);
            assert!(off < within, "{what} of {name}: off by {off:e}");
        }
    }
    for ((h, c), (burn_h, burn_c)) in a.carried.iter().zip(&b.carried) {
        assert!(off(h, burn_h) < 1e-4 && off(c, burn_c) < 1e-4);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    // Wide and long enough for many parts of everything.
    let case = Case::new(70, 2, 48, 24, 3);
    let after = |threads: usize| {
        let mut learner = case.ours(threads);
        let did: Vec<_> = case
            .batches
            .iter()
            .map(|b| learner.update(b, 0.01, 0.25, 3).unwrap())
            .collect();
        (did, learner.snapshot())
    };
    let one = after(1);
    assert!(one.0.iter().all(|u| u.grad_norm > 0.0));
    for threads in [2, 3] {
        assert!(after(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_restored_learner_goes_on_bit_for_bit() {
    let case = Case::new(19, 2, 16, 3, 6);
    let mut whole = case.ours(2);
    let learn = |learner: &mut CpuLearner, batches: &[Batch]| {
        for batch in batches {
            learner.update(batch, 0.01, 0.2, 4);
        }
    };
    learn(&mut whole, &case.batches[..4]);
    let saved = whole.snapshot();
    learn(&mut whole, &case.batches[4..]);

    let mut other = Case::new(19, 2, 16, 3, 1).ours(1);
    other.restore(&saved);
    assert_eq!(other.snapshot(), saved);
    assert_eq!(other.weights(), saved.average);
    learn(&mut other, &case.batches[4..]);
    assert!(other.snapshot() == whole.snapshot());

    // What burn saved can be gone on from, and the other way round.
    let mut burns = case.burns();
    burns.restore(&saved);
    assert_eq!(burns.snapshot(), saved);
}

#[test]
fn a_loss_that_is_not_finite_leaves_the_weights() {
    let case = Case::new(8, 1, 8, 2, 2);
    let mut learner = case.ours(1);
    learner.update(&case.batches[0], 0.01, 0.0, 1);
    let before = learner.snapshot();
    let mut bad = case.batches[1].clone();
    bad.inputs[3] = f32::NAN;
    let did = learner.update(&bad, 0.01, 0.0, 1).unwrap();
    assert!(!(did.hit_bits + did.expression_bits + did.grad_norm).is_finite());
    let after = learner.snapshot();
    assert_eq!(
        (before.updates, before.raw, before.first, before.second),
        (after.updates, after.raw, after.first, after.second)
    );
    assert_eq!(before.average, after.average);
}

#[test]
fn a_batch_of_rests_and_an_empty_one_are_learned() {
    let case = Case::new(8, 2, 8, 2, 1);
    let mut learner = case.ours(2);
    let mut rests = case.batches[0].clone();
    rests.hits.fill(0);
    let did = learner.update(&rests, 0.01, 0.1, 1).unwrap();
    assert!(did.hit_bits > 0.0 && did.expression_bits == 0.0 && did.grad_norm > 0.0);
    rests.weights.fill(0.0);
    let did = learner.update(&rests, 0.01, 0.1, 1).unwrap();
    assert_eq!((did.hit_bits, did.grad_norm), (0.0, 0.0));
    assert!(
        learner
            .weights()
            .iter()
            .flatten()
            .all(|weight| weight.is_finite())
    );
}

#[test]
fn an_update_allocates_nothing_once_it_is_warm() {
    let case = Case::new(40, 2, 32, 8, 4);
    let mut learner = case.ours(2);
    learner.update(&case.batches[0], 0.01, 0.2, 1);
    learner.update(&case.batches[1], 0.01, 0.2, 1);
    let before = calls(&learner.trainee.engine);
    for batch in &case.batches[..2] {
        learner.update(batch, 0.01, 0.2, 1);
    }
    assert_eq!(calls(&learner.trainee.engine), before);
    assert!(before > 0, "the probe counts");
}

/// Allocations of all threads of an engine so far: each waits for the others, so each takes one part.
fn calls(engine: &Engine) -> u64 {
    let (come, total) = (AtomicUsize::new(0), AtomicU64::new(0));
    let threads = engine.threads();
    engine.each(threads, &|_| {
        total.fetch_add(alloc_probe::calls(), Ordering::SeqCst);
        come.fetch_add(1, Ordering::SeqCst);
        while come.load(Ordering::SeqCst) < threads {
            std::thread::yield_now();
        }
    });
    total.into_inner()
}
