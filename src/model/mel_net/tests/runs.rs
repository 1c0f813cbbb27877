//! Runs of the training loop on spectrograms: they learn, resume bit for bit, and tell their checkpoints from those of beats.

use super::super::open;
use crate::audio::onset::Ear;
use crate::beat::grid::Meter;
use crate::beat::kit::DrumMap;
use crate::dataset::corpus::Corpus;
use crate::dataset::load::Example;
use crate::message::{EndReason, Representation, TrainCommand, TrainConfig, TrainEvent};
use crate::model::checkpoint;
use crate::model::device::{Backend, Device};
use crate::model::tests::groove;
use crate::model::train::{TrainError, TrainingSet, train};
use std::path::Path;
use std::sync::Arc;

fn set() -> TrainingSet {
    let corpus = |seeds: &[u64]| -> Arc<Corpus> {
        let example = |seed: &u64| Example {
            name: seed.to_string(),
            tempo: 96.0,
            grid: groove(2, Meter::COMMON, *seed),
            style: None,
            fill: false,
            split: "train".into(),
        };
        Arc::new(seeds.iter().map(example).collect())
    };
    TrainingSet {
        train: corpus(&[1, 2, 3]),
        validation: corpus(&[4]),
        drum_map: DrumMap::gm(),
    }
}

fn flags(dir: &Path) -> TrainConfig {
    TrainConfig {
        checkpoint_dir: dir.join("checkpoints"),
        representation: Representation::Mel,
        sequence_length: 32,
        units: 12,
        num_layers: 2,
        learning_rate: 0.01,
        batch_size: 2,
        epochs: 2,
        sample_rate: 8_000,
        hop_length: 256,
        n_mels: 16,
        ..TrainConfig::default()
    }
}

fn cpu() -> Device {
    Device {
        backend: Backend::Cpu,
        why: "test".into(),
    }
}

fn last(flags: &TrainConfig) -> Vec<u8> {
    std::fs::read(checkpoint::last_path(&flags.checkpoint_dir)).unwrap()
}

#[test]
fn a_resumed_run_equals_an_unbroken_one_bit_for_bit() {
    let (set, never) = (set(), crossbeam_channel::never());
    let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let unbroken = flags(whole.path());
    let (mut figures, mut prepared, mut excerpts) = (Vec::new(), Vec::new(), 0);
    train(&unbroken, &set, &cpu(), &never, &mut |e| match e {
        TrainEvent::Validation { bits_per_step, .. } => figures.push(bits_per_step),
        TrainEvent::Preparing { done, files } => prepared.push((done, files)),
        TrainEvent::Excerpt(e) => {
            assert_eq!((e.data.len(), e.data[0].bands.len()), (e.model.len(), 16));
            excerpts += 1;
        }
        _ => {}
    })
    .unwrap();
    assert_eq!((prepared, excerpts), (vec![(0, 4), (3, 4), (4, 4)], 2));
    assert!(figures[1] < figures[0], "{figures:?}");

    let mut broken = flags(cut.path());
    let (tell, commands) = crossbeam_channel::unbounded();
    let mut updates = 0;
    let outcome = train(&broken, &set, &cpu(), &commands, &mut |e| {
        if let TrainEvent::Progress(_) = e {
            updates += 1;
            if updates == 3 {
                tell.send(TrainCommand::Stop).unwrap();
            }
        }
    })
    .unwrap();
    assert_eq!(outcome.reason, EndReason::Stopped);
    broken.resume = true;
    let resumed = train(&broken, &set, &cpu(), &never, &mut |_| {}).unwrap();
    assert_eq!(resumed.reason, EndReason::Finished);
    let [a, b] = [&unbroken, &broken].map(|f| open(&f.checkpoint_dir).unwrap().unwrap());
    assert_eq!(a.hash(), b.hash());
    assert_eq!(last(&unbroken).len(), last(&broken).len());
    assert_eq!(a.config().epoch, b.config().epoch);
    assert!(a.config().bits_per_value.is_some() && a.config().cross_entropy.is_some());

    // Other frames are another run.
    broken.n_mels = 20;
    let error = train(&broken, &set, &cpu(), &never, &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrainError::OtherSettings { .. }), "{error}");
}

#[test]
fn frames_of_their_own_get_a_transcriber_that_resuming_keeps() {
    let (set, never) = (set(), crossbeam_channel::never());
    let dir = tempfile::tempdir().unwrap();
    let mut flags = flags(dir.path());
    // Told to stop while it is taught: no checkpoint is begun.
    let (tell, commands) = crossbeam_channel::unbounded();
    tell.send(TrainCommand::Stop).unwrap();
    let outcome = train(&flags, &set, &cpu(), &commands, &mut |_| {}).unwrap();
    assert_eq!((outcome.reason, outcome.began), (EndReason::Stopped, false));
    assert!(open(&flags.checkpoint_dir).unwrap().is_none());

    let mut shares = Vec::new();
    let mut run = |flags: &TrainConfig| {
        shares.clear();
        train(flags, &set, &cpu(), &never, &mut |e| match e {
            TrainEvent::Teaching { share } => shares.push(share),
            TrainEvent::Taught { f1 } => shares.push(1.0 + f1),
            _ => {}
        })
        .unwrap();
        shares.clone()
    };
    flags.epochs = 1;
    let told = run(&flags);
    assert_eq!(told.first(), Some(&0.0));
    assert!(told.is_sorted() && told.contains(&1.0), "{told:?}");
    // Last, how well it hears what it was not taught.
    assert!(told.last().is_some_and(|f1| *f1 > 1.5), "{told:?}");
    let model = open(&flags.checkpoint_dir).unwrap().unwrap();
    let ear = model.ear().unwrap();
    assert_eq!(*ear.mel(), model.config().mel.mel());
    assert_eq!(ear.mel().hop_length, 256);
    (flags.epochs, flags.resume) = (2, true);
    assert!(run(&flags).is_empty(), "taught once");
    let resumed = open(&flags.checkpoint_dir).unwrap().unwrap();
    assert_eq!(resumed.config().ear, model.config().ear);

    // A transcriber that is damaged, or for other frames, is said to be so.
    let path = checkpoint::best_path(&flags.checkpoint_dir);
    let embedded = Ear::embedded().unwrap().to_bytes();
    for (bytes, word) in [
        (vec![1, 2, 3], "not a transcriber"),
        (embedded, "other frames"),
    ] {
        let mut config = model.config().clone();
        config.ear = Some(bytes.into());
        checkpoint::save_model(&path, &config, model.weights()).unwrap();
        let error = open(&flags.checkpoint_dir).unwrap_err().to_string();
        assert!(error.contains("its own transcriber"), "{error}");
        assert!(error.contains(word), "{error}");
    }
    // Without any it still opens.
    let mut config = model.config().clone();
    config.ear = None;
    checkpoint::save_model(&path, &config, model.weights()).unwrap();
    assert!(
        open(&flags.checkpoint_dir)
            .unwrap()
            .unwrap()
            .ear()
            .is_none()
    );
}

#[test]
fn a_run_hears_what_it_is_told_while_its_spectrograms_are_made() {
    let set = set();
    let dir = tempfile::tempdir().unwrap();
    let mut flags = flags(dir.path());
    flags.epochs = 1;
    let (tell, commands) = crossbeam_channel::unbounded();
    let mut said = Vec::new();
    let outcome = train(&flags, &set, &cpu(), &commands, &mut |e| match e {
        TrainEvent::Preparing { .. } => tell.send(TrainCommand::Stop).unwrap(),
        TrainEvent::Teaching { .. } | TrainEvent::Taught { .. } => {}
        other => said.push(other),
    })
    .unwrap();
    let reason = EndReason::Stopped;
    assert_eq!((outcome.reason, outcome.began), (reason, false));
    assert_eq!(said, [TrainEvent::Ended { reason, best: None }]);
    assert!(!checkpoint::last_path(&flags.checkpoint_dir).exists());

    // Held while its transcriber is taught, asked for a checkpoint, let go: it is written before the first update.
    let (tell, commands) = crossbeam_channel::unbounded();
    for command in [
        TrainCommand::Pause,
        TrainCommand::Checkpoint,
        TrainCommand::Resume,
    ] {
        tell.send(command).unwrap();
    }
    let mut words = String::new();
    let outcome = train(&flags, &set, &cpu(), &commands, &mut |e| {
        words.push(match e {
            TrainEvent::Preparing { .. } => 'p',
            TrainEvent::Paused => 'h',
            TrainEvent::Resumed => 'r',
            TrainEvent::Started { .. } => 's',
            TrainEvent::Checkpoint { .. } => 'c',
            TrainEvent::Progress(_) => 'u',
            _ => return,
        });
    })
    .unwrap();
    assert_eq!((outcome.reason, outcome.began), (EndReason::Finished, true));
    assert!(
        words.starts_with("hrp") && words.contains("pscu"),
        "{words}"
    );
}

#[test]
fn checkpoints_of_either_kind_are_told_apart_with_a_hint() {
    let (set, never) = (set(), crossbeam_channel::never());
    let dir = tempfile::tempdir().unwrap();
    let mut mel = flags(dir.path());
    mel.epochs = 1;
    train(&mel, &set, &cpu(), &never, &mut |_| {}).unwrap();
    let error = checkpoint::open(&mel.checkpoint_dir)
        .unwrap_err()
        .to_string();
    assert!(error.contains("give --representation mel"), "{error}");
    let beat = TrainConfig {
        representation: Representation::Beat,
        checkpoint_dir: dir.path().join("beat"),
        ..mel.clone()
    };
    train(&beat, &set, &cpu(), &never, &mut |_| {}).unwrap();
    let error = open(&beat.checkpoint_dir).unwrap_err().to_string();
    assert!(error.contains("leave out --representation mel"), "{error}");

    let device = Device {
        backend: Backend::Cuda,
        ..cpu()
    };
    let error = train(&mel, &set, &device, &never, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("--device cpu"), "{error}");
    mel.n_mels = 0;
    let error = train(&mel, &set, &cpu(), &never, &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrainError::Unfit(_)), "{error}");
}
