//! Promises of the model room that span its files.

use super::beat_net::{self, Batch};
use super::checkpoint;
use super::device::{self, Backend, Device};
use super::encode::{self, Place};
use super::evaluate::{evaluate, hit_bits};
use super::lstm;
use super::train::{TrainError, TrainingSet, train};
use super::{BeatModel, Knobs, Sampler};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, Cell, LANES, Meter, Step};
use crate::beat::kit::DrumMap;
use crate::dataset::load::Example;
use crate::message::{DeviceChoice, TrainCommand, TrainConfig, TrainEvent};
use burn::backend::Autodiff;
use burn::backend::flex::{Flex, FlexDevice};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Tensor, TensorData};
use std::convert::Infallible;
use std::sync::Arc;

type Inner = Flex;
type Tracked = Autodiff<Flex>;

/// A groove with something of everything: `bars` bars, one fill, drawn from `seed`.
fn groove(bars: usize, meter: Meter, seed: u64) -> BeatGrid {
    let mut draws = Stream::new(seed, 0, Purpose::Test);
    let mut steps = vec![Step::default(); bars * meter.steps()];
    for (at, step) in steps.iter_mut().enumerate() {
        let mut hit = |lane: usize, share: f32| {
            if draws.uniform() < share {
                step[lane] = Cell {
                    velocity: 40 + draws.below(80) as u8,
                    offset: draws.uniform() * 0.6 - 0.3,
                };
            }
        };
        hit(0, if at % 8 == 0 { 0.95 } else { 0.05 });
        hit(1, if at % 8 == 4 { 0.95 } else { 0.05 });
        hit(2, if at % 2 == 0 { 0.9 } else { 0.2 });
        hit(8, 0.05);
    }
    BeatGrid {
        meter,
        tempo: 96.0,
        steps,
    }
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

fn cpu() -> Device {
    device::resolve(DeviceChoice::Cpu).unwrap()
}

fn scored(model: &Arc<BeatModel>, examples: &[Example]) -> f64 {
    let Ok(e) = evaluate(model, examples, |_: &str, _: &[[f32; LANES]]| {
        Ok::<(), Infallible>(())
    });
    e.bits_per_step
}

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
        train: vec![
            example("a", groove(9, Meter::COMMON, 1)),
            example("b", groove(6, waltz, 2)),
            example("c", groove(12, Meter::COMMON, 3)),
        ],
        validation: vec![example("v", groove(4, Meter::COMMON, 4))],
        drum_map: DrumMap::gm(),
    }
}

#[test]
fn training_and_playing_agree() {
    let model = BeatModel::random(16, 2, 5);
    let config = model.config().clone();
    let grid = groove(3, Meter::COMMON, 9);
    let (steps, inputs) = (grid.steps.len(), encode::width(config.styles.len()));
    let mut batch = Batch {
        steps,
        streams: 1,
        inputs: vec![0.0; steps * inputs],
        hits: vec![0.0; steps * LANES],
        velocities: vec![0.0; steps * LANES * 32],
        offsets: vec![0.0; steps * LANES * 32],
        weights: vec![1.0; steps],
        keep: vec![1.0; steps],
    };
    for (at, step) in grid.steps.iter().enumerate() {
        let x = &mut batch.inputs[at * inputs..(at + 1) * inputs];
        encode::encode_grid(&grid, at, Some(2), true, x);
        for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            let slot = at * LANES + lane;
            batch.hits[slot] = 1.0;
            batch.velocities[slot * 32 + encode::velocity_bin(cell.velocity)] = 1.0;
            batch.offsets[slot * 32 + encode::offset_bin(cell.offset)] = 1.0;
        }
    }
    let columns = super::params::specs(&config);
    let params: Vec<Tensor<Tracked, 2>> = model
        .weights()
        .iter()
        .zip(&columns)
        .map(|(w, s)| Tensor::from_inner(beat_net::upload::<Inner>(w, s.columns, &FlexDevice)))
        .collect();
    let zeros = || Tensor::<Inner, 2>::zeros([1, 16], &FlexDevice);
    let mut carried = vec![(zeros(), zeros()), (zeros(), zeros())];
    let losses = beat_net::losses(
        &config,
        &params,
        &batch,
        &mut carried,
        Vec::new(),
        &FlexDevice,
    );
    let trained = |t: Tensor<Tracked, 1>| {
        f64::from(t.inner().into_data().to_vec::<f32>().unwrap()[0]) / std::f64::consts::LN_2
            * steps as f64
    };

    let mut sampler = Sampler::new(Arc::clone(&model));
    let mut state = sampler.start();
    let (mut hits, mut expression) = (0.0, 0.0);
    for (at, step) in grid.steps.iter().enumerate() {
        let score = sampler.score(
            &mut state,
            &encode::place_in(&grid, at, Some(2)),
            step,
            true,
        );
        hits += hit_bits(&score.probabilities, step).iter().sum::<f64>();
        expression += score.velocity_bits + score.offset_bits;
    }
    let close = |a: f64, b: f64| (a - b).abs() < 1e-4 * a.abs();
    let (a, b) = (trained(losses.hits), trained(losses.expression));
    assert!(close(a, hits), "hits: training {a} bits, playing {hits}");
    assert!(
        close(b, expression),
        "expression: training {b} bits, playing {expression}"
    );
}

#[test]
fn the_lstm_layer_has_the_gradients_of_plain_autodiff() {
    let (steps, batch, units) = (7, 3, 5);
    let mut draws = Stream::new(1, 0, Purpose::Test);
    let mut random = |n: usize| -> Vec<f32> { (0..n).map(|_| draws.normal() * 0.7).collect() };
    let gates = random(steps * batch * 4 * units);
    let recurrent = random(units * 4 * units);
    let (hidden, cell, pull) = (
        random(batch * units),
        random(batch * units),
        random(steps * batch * units),
    );
    let keep_values = [1.0, 0.0, 1.0];
    let inner = |v: &[f32], columns: usize| beat_net::upload::<Inner>(v, columns, &FlexDevice);
    let keep: Vec<Option<Tensor<Inner, 2>>> = (0..steps)
        .map(|t| (t == 3).then(|| inner(&keep_values, 1)))
        .collect();
    let leaf_gates = || {
        let data = TensorData::new(gates.clone(), [steps, batch, 4 * units]);
        Tensor::<Tracked, 3>::from_data(data, &FlexDevice).require_grad()
    };
    let leaf_weights =
        || Tensor::<Tracked, 2>::from_inner(inner(&recurrent, 4 * units)).require_grad();
    let pull: Tensor<Tracked, 3> =
        Tensor::from_data(TensorData::new(pull, [steps, batch, units]), &FlexDevice);

    let (x, w) = (leaf_gates(), leaf_weights());
    let out = lstm::run(
        x.clone(),
        w.clone(),
        &keep,
        inner(&hidden, units),
        inner(&cell, units),
    );
    let grads = (out.outputs.clone() * pull.clone()).sum().backward();
    let ours = [
        flat(x.grad(&grads).unwrap()),
        flat(w.grad(&grads).unwrap()),
        flat(out.outputs.inner()),
    ];

    let (x, w) = (leaf_gates(), leaf_weights());
    let mut h: Tensor<Tracked, 2> = Tensor::from_inner(inner(&hidden, units));
    let mut c: Tensor<Tracked, 2> = Tensor::from_inner(inner(&cell, units));
    let mut outputs = Vec::new();
    for t in 0..steps {
        if t == 3 {
            let keep: Tensor<Tracked, 2> = Tensor::from_inner(inner(&keep_values, 1));
            h = h * keep.clone();
            c = c * keep;
        }
        let z = x
            .clone()
            .slice([t..t + 1, 0..batch, 0..4 * units])
            .reshape([batch, 4 * units])
            + h.matmul(w.clone());
        let gate = |k: usize| z.clone().slice([0..batch, k * units..(k + 1) * units]);
        c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * gate(2).tanh();
        h = sigmoid(gate(3)) * c.clone().tanh();
        outputs.push(h.clone());
    }
    let outputs: Tensor<Tracked, 3> = Tensor::stack(outputs, 0);
    let grads = (outputs.clone() * pull).sum().backward();
    let theirs = [
        flat(x.grad(&grads).unwrap()),
        flat(w.grad(&grads).unwrap()),
        flat(outputs.inner()),
    ];
    for (name, (a, b)) in ["input gradient", "weight gradient", "output"]
        .iter()
        .zip(ours.iter().zip(&theirs))
    {
        let difference: f32 = a
            .iter()
            .zip(b)
            .map(|(x, y)| (x - y).powi(2))
            .sum::<f32>()
            .sqrt();
        let size: f32 = b.iter().map(|y| y * y).sum::<f32>().sqrt();
        assert!(
            size > 0.1 && difference / size < 1e-5,
            "{name}: off by {}",
            difference / size
        );
    }
}

fn flat<const D: usize>(t: Tensor<Inner, D>) -> Vec<f32> {
    t.into_data().to_vec().unwrap()
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
    assert_eq!(outcome.reason, crate::message::EndReason::Stopped);
    flags.resume = true;
    let mut first = None;
    train(&flags, &set, &cpu(), &never, &mut |e| {
        if let TrainEvent::Progress(p) = e {
            first.get_or_insert((p.epoch, p.update));
        }
    })
    .unwrap();
    assert_eq!(first, Some((2, 3)));
    let weights =
        |dir: &std::path::Path| checkpoint::load_run(&checkpoint::last_path(dir)).unwrap();
    let (a, b) = (
        weights(&whole.path().join("checkpoints")),
        weights(&flags.checkpoint_dir),
    );
    assert_eq!(a.2, b.2, "weights, moments and carried state");
    assert_eq!((a.1.best, a.1.epoch), (b.1.best, b.1.epoch));

    // Other settings are refused, and the checkpoint stays.
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
        train: vec![example("only", groove(2, Meter::COMMON, 1))],
        validation: Vec::new(),
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
    let (flex, ndarray) = (run(Backend::Cpu), run(Backend::CpuNdarray));
    assert!(
        (flex - ndarray).abs() < 1e-3,
        "flex {flex}, ndarray {ndarray}"
    );
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let model = BeatModel::random(8, 1, 3);
    let path = dir.path().join("best.safetensors");
    checkpoint::save_model(&path, model.config(), model.weights()).unwrap();
    assert_eq!(*BeatModel::load(&path).unwrap(), *model);
    let bytes = std::fs::read(&path).unwrap();

    let mut other = model.config().clone();
    other.schema += 1;
    checkpoint::save_model(&path, &other, model.weights()).unwrap();
    let error = BeatModel::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("input schema") && error.contains("best.safetensors"),
        "{error}"
    );

    for damaged in [
        &bytes[..bytes.len() - 5],
        &bytes[..40],
        b"",
        b"MThd\0\0\0\x06",
    ] {
        std::fs::write(&path, damaged).unwrap();
        BeatModel::load(&path).unwrap_err();
    }
    let mut draws = Stream::new(2, 0, Purpose::Test);
    for _ in 0..300 {
        let mut flipped = bytes.clone();
        for _ in 0..3 {
            let at = draws.below(1500.min(flipped.len()));
            flipped[at] ^= 1 << draws.below(8);
        }
        // Refused or read; never a panic.
        let _ = BeatModel::from_bytes(&flipped);
    }
}

#[test]
fn same_seed_same_bytes() {
    let model = BeatModel::random(24, 2, 1);
    let play = |seed: u64, temperature: f32| -> Vec<Step> {
        let mut sampler = Sampler::new(Arc::clone(&model));
        let mut state = sampler.start();
        let knobs = Knobs {
            temperature,
            ..Knobs::default()
        };
        (0..64)
            .map(|k| {
                let place = Place {
                    step_in_bar: (k % 16) as u16,
                    steps_per_bar: 16,
                    bar: k / 16,
                    bpm: 120.0,
                    style: None,
                };
                sampler.draw(&mut state, &place, &knobs, seed, k)
            })
            .collect()
    };
    assert_eq!(play(7, 1.0), play(7, 1.0));
    assert_ne!(play(7, 1.0), play(8, 1.0));
    assert_eq!(play(7, 0.0), play(7, 0.0));
    assert!(play(7, 2.0).iter().flatten().any(|c| c.velocity > 0));
}
