//! Promises of the model room that span its files.

mod agreement;
#[cfg(feature = "devices")]
mod devices;
mod training;

use super::checkpoint;
use super::{BeatModel, Knobs, Place, Sampler};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, Cell, Meter, Step};
use std::sync::Arc;

/// A groove with something of everything: `bars` bars, one fill, drawn from `seed`.
pub(super) fn groove(bars: usize, meter: Meter, seed: u64) -> BeatGrid {
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
                    bpm: Some(120.0),
                    style: None,
                    fill: Some(false),
                    density: None,
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
