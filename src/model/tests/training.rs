//! Runs from outside: they learn, resume, refuse and keep.

use super::groove;
use crate::beat::grid::{BeatGrid, LANES, Meter};
use crate::beat::kit::DrumMap;
use crate::dataset::corpus::Corpus;
use crate::dataset::load::Example;
use crate::message::{DeviceChoice, EndReason, TrainCommand, TrainConfig, TrainEvent};
use crate::model::device::{self, Device};
use crate::model::evaluate::evaluate;
use crate::model::train::{TrainError, TrainingSet, train};
use crate::model::{BeatModel, checkpoint};
use std::convert::Infallible;
use std::sync::Arc;

fn small(dir: &std::path::Path) -> TrainConfig {
    TrainConfig {
        data_dir: dir.to_path_buf(),
        checkpoint_dir: dir.join("checkpoints"),
        sequence_length: 32,
        units: 12,
        num_layers: 2,
        learning_rate: 0.01,
        batch_size: 3,
        epochs: 3,
        dropout: 0.2,
        ..TrainConfig::default()
    }
}

fn small_set() -> TrainingSet {
    let waltz = Meter::new(3, 4).unwrap();
    TrainingSet {
        train: corpus([
            example("a", groove(9, Meter::COMMON, 1)),
            example("b", groove(6, waltz, 2)),
            example("c", groove(12, Meter::COMMON, 3)),
        ]),
        validation: corpus([example("v", groove(4, Meter::COMMON, 4))]),
        drum_map: DrumMap::gm(),
    }
}

#[test]
fn a_resumed_run_equals_an_unbroken_one_bit_for_bit() {
    let set = small_set();
    let never = crossbeam_channel::never();
    let whole = tempfile::tempdir().unwrap();
    let flags = small(whole.path());
    let mut validations = Vec::new();
    train(&flags, &set, &cpu(), &never, &mut |e| {
        if let TrainEvent::Validation { bits_per_step, .. } = e {
            validations.push(bits_per_step);
        }
    })
    .unwrap();
    assert_eq!(validations.len(), 3);
    let start = {
        let model = BeatModel::random(12, 2, 42);
        scored(&model, &set.validation)
    };
    assert!(
        f64::from(validations[2]) < start,
        "the loss falls: {start} to {validations:?}"
    );

    // Stop in the middle of the second epoch, then go on.
    let parts = tempfile::tempdir().unwrap();
    let mut flags = TrainConfig {
        checkpoint_dir: parts.path().join("checkpoints"),
        ..small(whole.path())
    };
    let (tell, commands) = crossbeam_channel::unbounded();
    let mut updates = 0;
    let outcome = train(&flags, &set, &cpu(), &commands, &mut |e| {
        if let TrainEvent::Progress(p) = e {
            updates += 1;
            if p.epoch == 2 && p.update == 2 {
                tell.send(TrainCommand::Pause).unwrap();
                tell.send(TrainCommand::Resume).unwrap();
                tell.send(TrainCommand::Stop).unwrap();
            }
        }
    })
    .unwrap();
    assert_eq!(outcome.reason, EndReason::Stopped);
    flags.resume = true;
    let mut first = None;
    train(&flags, &set, &cpu(), &never, &mut |e| {
        if let TrainEvent::Progress(p) = e {
            first.get_or_insert((p.epoch, p.update));
        }
    })
    .unwrap();
    assert_eq!(first, Some((2, 3)));
    let weights = |dir: &std::path::Path| {
        checkpoint::load_run::<crate::model::ModelConfig>(&checkpoint::last_path(dir)).unwrap()
    };
    let (a, b) = (
        weights(&whole.path().join("checkpoints")),
        weights(&flags.checkpoint_dir),
    );
    assert_eq!(a.2, b.2, "weights, moments and carried state");
    assert_eq!((a.1.best, a.1.epoch), (b.1.best, b.1.epoch));

    // A finished run can be made longer.
    flags.epochs = 4;
    let mut epochs = Vec::new();
    train(&flags, &set, &cpu(), &never, &mut |e| {
        if let TrainEvent::Validation { epoch, .. } = e {
            epochs.push(epoch);
        }
    })
    .unwrap();
    assert_eq!(epochs, [4]);

    // Other files and other settings are refused, and the checkpoint stays.
    let other = TrainingSet {
        train: corpus([example("a", groove(9, Meter::COMMON, 1))]),
        ..set.clone()
    };
    let refused = train(&flags, &other, &cpu(), &never, &mut |_| {}).unwrap_err();
    assert!(matches!(refused, TrainError::OtherData { .. }), "{refused}");
    flags.units = 13;
    let refused = train(&flags, &set, &cpu(), &never, &mut |_| {}).unwrap_err();
    assert!(
        matches!(refused, TrainError::OtherSettings { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("--units 12"));
}

#[test]
fn one_two_bar_file_trains_and_a_new_run_keeps_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let set = TrainingSet {
        train: corpus([example("only", groove(2, Meter::COMMON, 1))]),
        validation: corpus([]),
        drum_map: DrumMap::gm(),
    };
    let flags = TrainConfig {
        epochs: 30,
        batch_size: 32,
        sequence_length: 64,
        ..small(dir.path())
    };
    let run = || {
        train(
            &flags,
            &set,
            &cpu(),
            &crossbeam_channel::never(),
            &mut |_| {},
        )
        .unwrap()
    };
    let first = run();
    assert_eq!(first.set_aside, None);
    let model = checkpoint::open(&flags.checkpoint_dir).unwrap().unwrap();
    assert!(scored(&model, &set.train) < scored(&BeatModel::random(12, 2, 42), &set.train));
    let kept = run().set_aside.unwrap();
    assert!(checkpoint::best_path(&kept).exists() && checkpoint::last_path(&kept).exists());
}

#[test]
fn a_run_that_gets_no_better_ends_when_patience_does() {
    let dir = tempfile::tempdir().unwrap();
    let set = small_set();
    let never = crossbeam_channel::never();
    // So slow that the averaged weights, and with them the figure, stay where they are; only an equal figure is no better.
    let mut flags = TrainConfig {
        learning_rate: f64::MIN_POSITIVE,
        epochs: 9,
        patience: 2,
        ..small(dir.path())
    };
    let mut epochs = Vec::new();
    let mut hear = |e| {
        if let TrainEvent::Validation { epoch, best, .. } = e {
            epochs.push((epoch, best));
        }
    };
    let outcome = train(&flags, &set, &cpu(), &never, &mut hear).unwrap();
    assert_eq!(epochs, [(1, true), (2, false), (3, false)]);
    assert_eq!(outcome.reason, EndReason::Settled);
    // Going on with more patience goes on; with none it goes to the end.
    flags.resume = true;
    for (patience, reason) in [(3, EndReason::Settled), (0, EndReason::Finished)] {
        flags.patience = patience;
        let outcome = train(&flags, &set, &cpu(), &never, &mut |_| {}).unwrap();
        assert_eq!(outcome.reason, reason);
    }
}

#[test]
fn a_loss_that_is_not_finite_keeps_the_last_good_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let set = small_set();
    let flags = TrainConfig {
        learning_rate: f64::from(f32::MAX),
        ..small(dir.path())
    };
    let never = crossbeam_channel::never();
    let good = TrainConfig {
        epochs: 1,
        ..small(dir.path())
    };
    train(&good, &set, &cpu(), &never, &mut |_| {}).unwrap();
    let error = train(&flags, &set, &cpu(), &never, &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
    let kept = flags.checkpoint_dir.join("earlier-1");
    assert!(checkpoint::open(&kept).unwrap().is_some());
}

#[cfg(feature = "ndarray")]
#[test]
fn both_cpu_backends_learn_the_same() {
    let set = small_set();
    let run = |backend| {
        let dir = tempfile::tempdir().unwrap();
        let flags = TrainConfig {
            epochs: 1,
            ..small(dir.path())
        };
        let device = Device {
            backend,
            why: String::new(),
        };
        train(
            &flags,
            &set,
            &device,
            &crossbeam_channel::never(),
            &mut |_| {},
        )
        .unwrap();
        scored(
            &checkpoint::open(&flags.checkpoint_dir).unwrap().unwrap(),
            &set.validation,
        )
    };
    let (flex, ndarray) = (run(device::Backend::Cpu), run(device::Backend::CpuNdarray));
    assert!(
        (flex - ndarray).abs() < 1e-3,
        "flex {flex}, ndarray {ndarray}"
    );
}

fn example(name: &str, grid: BeatGrid) -> Example {
    Example {
        name: name.into(),
        tempo: grid.tempo,
        grid,
        style: Some("rock".into()),
        fill: false,
        split: "train".into(),
    }
}

fn corpus<const N: usize>(examples: [Example; N]) -> Arc<Corpus> {
    Arc::new(examples.into_iter().collect())
}

fn cpu() -> Device {
    device::resolve(DeviceChoice::Cpu).unwrap()
}

fn scored(model: &Arc<BeatModel>, corpus: &Corpus) -> f64 {
    let Ok(e) = evaluate(model, corpus, |_: &str, _: &[[f32; LANES]]| {
        Ok::<(), Infallible>(())
    });
    e.bits_per_step
}
