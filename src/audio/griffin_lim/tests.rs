//! What sound made of frames promises: it is near to them, and the same each time.

use super::*;
use crate::audio::mel::{MelConfig, Scale, db};
use crate::audio::render::{mono, render_grid};
use crate::beat::grid::{BeatGrid, Cell, Meter, Step};
use crate::beat::lane::Lane;

fn beat() -> (Mel, Vec<f32>) {
    let mel = Mel::new(MelConfig {
        sample_rate: 22_050,
        n_fft: 1024,
        hop_length: 256,
        n_mels: 64,
        ..MelConfig::default()
    })
    .unwrap();
    let mut steps = vec![Step::default(); 8];
    for (k, lane) in [(0, Lane::Kick), (2, Lane::ClosedHat), (4, Lane::Snare)] {
        steps[k][lane.index()] = Cell {
            velocity: 100,
            offset: 0.0,
        };
    }
    let grid = BeatGrid {
        meter: Meter::COMMON,
        tempo: 120.0,
        steps,
    };
    let frames = mel.frames(&mono(&render_grid(&grid, 22_050, 0.0)));
    (mel, frames)
}

/// Root of the mean square of the difference in decibels, the scale's ends being the ends.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let scale = Scale::default();
    let heard = |power: &f32| scale.db(scale.unit(db(*power)));
    let squares = a.iter().zip(b).map(|(a, b)| (heard(a) - heard(b)).powi(2));
    (squares.sum::<f32>() / a.len() as f32).sqrt()
}

#[test]
fn sound_made_of_frames_has_them() {
    let (mel, frames) = beat();
    let how = GriffinLim::default();
    let sound = sound(&mel, &frames, &how);
    assert_eq!(sound.len(), frames.len() / 64 * 256);
    let again = mel.frames(&sound);
    let unfitted = super::sound(
        &mel,
        &frames,
        &GriffinLim {
            iterations: 0,
            ..how
        },
    );
    let off = distance(&frames, &again);
    let unfitted = distance(&frames, &mel.frames(&unfitted));
    let silence = distance(&frames, &vec![0.0; frames.len()]);
    println!("{off} dB; phases as drawn {unfitted} dB, silence {silence} dB");
    assert!(off < 2.5, "{off} dB");
    assert!(off < 0.7 * unfitted, "{off} dB, unfitted {unfitted} dB");
}

#[test]
fn bins_guessed_of_bands_have_these_bands() {
    let (mel, frames) = beat();
    let mut bank = Inverse::new(&mel);
    let mut bins = vec![0.0; 513];
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    for frame in frames.chunks_exact(64) {
        bank.magnitudes(frame, &mut bins);
        for (band, power) in frame.iter().enumerate() {
            let (first, weights) = mel.weights(band).unwrap();
            let here = bins.iter().skip(first).zip(weights);
            wanted.push(*power);
            got.push(here.map(|(m, w)| m * m * w).sum());
        }
    }
    // Not to nothing: some bands of few bins overlap in ways that no power satisfies.
    let off = distance(&wanted, &got);
    println!("{off} dB");
    assert!(off < 1.0, "{off} dB");
}

#[test]
fn same_seed_same_bytes() {
    let (mel, frames) = beat();
    let frames = &frames[..64 * 20];
    let how = GriffinLim {
        iterations: 3,
        ..GriffinLim::default()
    };
    let once = sound(&mel, frames, &how);
    assert_eq!(once, sound(&mel, frames, &how));
    assert_ne!(once, sound(&mel, frames, &GriffinLim { seed: 1, ..how }));
    assert!(sound(&mel, &[], &how).is_empty());
    let silence = sound(&mel, &[0.0; 640], &how);
    assert!(silence.len() == 2560 && silence.iter().all(|x| *x == 0.0));
    let odd = GriffinLim {
        momentum: f32::NAN,
        ..how
    };
    assert!(sound(&mel, frames, &odd).iter().all(|x| x.is_finite()));
}

#[test]
fn long_sound_is_made_in_pieces_that_join() {
    // Pieces of 10 s that share half a second: three of them at 862 and 43 frames.
    let (mel, frames) = beat();
    let frames = frames.repeat(24);
    let how = GriffinLim {
        iterations: 4,
        ..GriffinLim::default()
    };
    let (mut long, mut sound, mut pieces) = (Long::new(&mel, &how), Vec::new(), 0);
    for frame in frames.chunks_exact(64) {
        long.push(frame, |piece| {
            pieces += 1;
            sound.extend_from_slice(piece);
        });
    }
    long.finish(|piece| sound.extend_from_slice(piece));
    assert_eq!(sound.len(), frames.len() / 64 * 256);
    assert_eq!(pieces, 2);
    // Where two pieces are faded into each other the sound is about as near to the frames as elsewhere.
    let again = mel.frames(&sound);
    let near =
        |from: usize, to: usize| distance(&frames[64 * from..64 * to], &again[64 * from..64 * to]);
    let (join, all) = (near(818, 862), near(0, frames.len() / 64));
    println!("{join} dB where they join, {all} dB in all");
    assert!(join < 1.5 * all + 0.5, "{join} dB, {all} dB");
    Long::new(&mel, &how).finish(|piece| assert!(piece.is_empty()));
}
