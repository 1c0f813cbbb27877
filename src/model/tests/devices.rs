//! Several devices learn as one: threads on the CPU stand for them here.

use super::groove;
use crate::beat::grid::Meter;
use crate::beat::kit::DrumMap;
use crate::dataset::batch::Plan;
use crate::dataset::corpus::Corpus;
use crate::dataset::load::Example;
use crate::model::batch::Batch;
use crate::model::batches::Pieces;
use crate::model::burn_learner::BurnLearner;
use crate::model::config::{ModelConfig, SCHEMA_VERSION};
use crate::model::devices::Devices;
use crate::model::learner::{Learner, Snapshot, Update};
use crate::model::params;
use burn::backend::flex::{Flex, FlexDevice};
use std::sync::{Arc, Mutex, PoisonError};

/// The engine takes one group of devices at a time.
static ONE: Mutex<()> = Mutex::new(());

fn config() -> ModelConfig {
    ModelConfig {
        schema: SCHEMA_VERSION,
        units: 12,
        layers: 2,
        styles: vec!["rock".into()],
        fullness: Vec::new(),
        drum_map: DrumMap::gm(),
        name: "test".into(),
        bits_per_step: None,
        epoch: 0,
    }
}

fn start() -> (Vec<Vec<f32>>, Vec<bool>) {
    let specs = params::specs(&config());
    let weights = specs
        .iter()
        .enumerate()
        .map(|(i, spec)| params::start(spec, i, 1));
    (
        weights.collect(),
        specs.iter().map(|spec| spec.decays).collect(),
    )
}

fn alone() -> Box<dyn Learner> {
    let (weights, decays) = start();
    Box::new(BurnLearner::<Flex>::new(
        &config(),
        &weights,
        &decays,
        FlexDevice,
    ))
}

fn several(devices: usize) -> Devices<Flex> {
    let (weights, decays) = start();
    Devices::start(&config(), &weights, &decays, vec![FlexDevice; devices])
}

/// An epoch of five rows that end at different steps, so that no device has a fair share.
fn batches(streams: usize) -> Vec<Batch> {
    let example = |bars, seed: u64| Example {
        name: seed.to_string(),
        tempo: 96.0,
        grid: groove(bars, Meter::COMMON, seed),
        style: Some("rock".into()),
        fill: false,
        split: "train".into(),
    };
    let beats = [(9, 1), (4, 2), (7, 3), (3, 4)].map(|(bars, seed)| example(bars, seed));
    let corpus: Arc<Corpus> = Arc::new(beats.into_iter().collect());
    let pieces = Pieces::new(&corpus, &config());
    let plan = Plan::new(pieces.lengths(), streams, 16, 3, 0);
    assert_eq!(plan.streams(), streams);
    let filled = (0..plan.updates()).map(|update| {
        let mut batch = Batch::default();
        pieces.fill(&mut batch, &plan, update, 1, 3, 0);
        batch
    });
    filled.collect()
}

/// Gradients of one update agree within 1e-6. AdamW divides them by their own size, so that where one is nearly 0 the rounding
/// of sums in another order counts for more from update to update.
const AFTER_SEVERAL: f64 = 1e-5;

fn learn(learner: &mut dyn Learner, batches: &[Batch]) -> Vec<Update> {
    let learned = batches.iter().map(|b| learner.update(b, 0.003, 0.2, 7));
    learned.map(|did| did.unwrap()).collect()
}

/// Norm of the difference over the norm, of the worst of two lists of numbers.
fn apart(a: &[Vec<f32>], b: &[Vec<f32>]) -> f64 {
    assert_eq!(a.len(), b.len());
    let worst = a.iter().zip(b).map(|(a, b)| {
        assert_eq!(a.len(), b.len());
        let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|v| v * v).sum::<f64>().sqrt();
        let difference = norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b)));
        difference / norm(&mut b.iter().map(|&b| f64::from(b))).max(1e-12)
    });
    worst.fold(0.0, f64::max)
}

fn carried(snapshot: &Snapshot) -> Vec<Vec<f32>> {
    let layers = snapshot.carried.iter();
    layers.flat_map(|(h, c)| [h.clone(), c.clone()]).collect()
}

#[test]
fn several_devices_have_the_gradients_of_one_that_learns_the_whole_batch() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (devices, streams) in [(2, 5), (3, 5), (2, 1)] {
        let batches = batches(streams);
        let whole = batches.iter().flat_map(|b| &b.weights);
        assert!(
            streams == 1 || whole.clone().any(|&w| w == 0.0),
            "rows end early"
        );
        let (mut one, mut all) = (alone(), several(devices));
        one.begin(streams);
        all.begin(streams);
        // A first moment after one update is the gradient, clipped and scaled.
        let (a, b) = (
            learn(&mut all, &batches[..1]),
            learn(&mut *one, &batches[..1]),
        );
        assert_eq!(all.fault(), None);
        let gradients = apart(&all.snapshot().first, &one.snapshot().first);
        assert!(gradients < 1e-6, "{devices} devices: gradients {gradients}");
        let near = |a: f32, b: f32| (a - b).abs() <= 1e-6 * b.abs();
        assert!(near(a[0].hit_bits, b[0].hit_bits), "{a:?} {b:?}");
        assert!(
            near(a[0].expression_bits, b[0].expression_bits),
            "{a:?} {b:?}"
        );
        assert!(near(a[0].grad_norm, b[0].grad_norm), "{a:?} {b:?}");

        learn(&mut all, &batches[1..]);
        learn(&mut *one, &batches[1..]);
        let (a, b) = (all.snapshot(), one.snapshot());
        assert_eq!(a.updates, b.updates);
        for (what, a, b) in [
            ("weights", &a.raw, &b.raw),
            ("averages", &a.average, &b.average),
            ("carried", &carried(&a), &carried(&b)),
        ] {
            let apart = apart(a, b);
            assert!(
                apart < AFTER_SEVERAL,
                "{devices} devices, {streams} rows: {what} {apart}"
            );
        }
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_devices() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let batches = batches(5);
    let mut one = alone();
    one.begin(5);
    learn(&mut *one, &batches[..2]);
    let middle = one.snapshot();
    let mut all = several(2);
    all.restore(&middle);
    assert_eq!(all.snapshot(), middle);
    learn(&mut *one, &batches[2..]);
    learn(&mut all, &batches[2..]);
    let apart = apart(&all.snapshot().raw, &one.snapshot().raw);
    assert!(apart < AFTER_SEVERAL, "{apart}");
    drop(all);
    let mut again = several(3);
    again.restore(&middle);
    assert_eq!(again.snapshot(), middle);
}

#[test]
fn a_device_that_fails_ends_the_run_with_a_sentence() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let batches = batches(5);
    let mut all = several(2);
    assert_eq!(
        several(2).fault().as_deref(),
        Some("another run on several devices is under way")
    );
    all.begin(5);
    learn(&mut all, &batches[..1]);
    assert_eq!(all.fault(), None);
    all.fail(1);
    assert!(learn(&mut all, &batches[1..2])[0].hit_bits.is_nan());
    let fault = all.fault().unwrap();
    assert!(fault.contains("device 1 has failed"), "{fault}");
    drop(all);
    // What has failed is not in the way of the next run.
    let mut next = several(2);
    next.begin(5);
    assert!(learn(&mut next, &batches[..1])[0].hit_bits.is_finite());
}
