//! Playing: by seed and temperature alone, without allocation, with the spread that the distribution says.

use super::super::place::Place;
use super::super::task::first_weights;
use super::super::{MelModel, MelSampler};
use super::{config, frames};
use crate::base::alloc_probe;
use crate::beat::grid::Meter;
use std::sync::Arc;

fn sampler() -> MelSampler {
    let config = config(12, 2, 4);
    let weights = first_weights(&config, &frames(&config, &[200]), 3);
    MelSampler::new(Arc::new(MelModel::new(config, weights).unwrap()))
}

fn play(sampler: &mut MelSampler, temperature: f32, seed: u64, count: u64) -> Vec<u8> {
    let mut state = sampler.start();
    let mel = sampler.model().config().mel;
    let mut out = Vec::new();
    let mut frame = vec![0; mel.n_mels];
    for at in 0..count {
        let place = Place::of(&mel, Meter::COMMON, 120.0, at);
        sampler.draw(&mut state, &place, temperature, seed, &mut frame);
        out.extend_from_slice(&frame);
    }
    out
}

#[test]
fn same_seed_same_frames_and_temperature_is_their_spread() {
    let mut sampler = sampler();
    let warm = play(&mut sampler, 1.0, 7, 100);
    assert_eq!(warm, play(&mut sampler, 1.0, 7, 100));
    assert_ne!(warm, play(&mut sampler, 1.0, 8, 100));
    // At 0 nothing is drawn: no seed matters.
    assert_eq!(
        play(&mut sampler, 0.0, 1, 100),
        play(&mut sampler, 0.0, 2, 100)
    );
    let rough = |frames: &[u8]| {
        let pairs = frames.chunks_exact(6).zip(frames.chunks_exact(6).skip(1));
        let steps = pairs.flat_map(|(a, b)| a.iter().zip(b));
        steps.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>()
    };
    let at = |sampler: &mut MelSampler, t| rough(&play(sampler, t, 7, 400));
    let [cool, warm, hot] = [0.2, 1.0, 1.8].map(|t| at(&mut sampler, t));
    assert!(cool < warm && warm < hot, "{cool} {warm} {hot}");
}

#[test]
fn a_state_goes_on_where_it_was_taken_and_nothing_allocates() {
    let mut sampler = sampler();
    let mel = sampler.model().config().mel;
    let mut state = sampler.start();
    let mut frame = vec![0; mel.n_mels];
    let place = |at| Place::of(&mel, Meter::COMMON, 100.0, at);
    for at in 0..50 {
        sampler.hear(&mut state, &place(at), &[at as u8, 9, 80, 7, 0, 255]);
    }
    let mut kept = state.clone();
    sampler.draw(&mut state, &place(50), 1.0, 4, &mut frame);
    let first = frame.clone();
    assert_eq!((state.frames(), kept.frames()), (51, 50));
    let before = alloc_probe::calls();
    sampler.draw(&mut kept, &place(50), 1.0, 4, &mut frame);
    assert_eq!(frame, first);
    assert_eq!(kept, state);
    kept.clone_from(&state);
    assert_eq!(alloc_probe::calls() - before, 0);
}

#[test]
fn a_place_is_where_the_music_is() {
    let mel = config(1, 1, 1).mel;
    // 25 ms a frame; at 120 bpm a step is 125 ms, a bar 80 frames.
    let place = |frame| Place::of(&mel, Meter::COMMON, 120.0, frame);
    assert_eq!(place(0).step, 0.0);
    assert!((place(83).step - 0.6).abs() < 1e-5);
    assert_eq!(place(7).echo(&mel), Some(80));
    assert_eq!(Place::of(&mel, Meter::COMMON, f64::NAN, 3).bpm, 120.0);
    let mut code = [9.0; super::super::place::CODE];
    place(4).encode(&mut code);
    assert!((code[10] - 0.2).abs() < 1e-5 && (code[11] - 0.8).abs() < 1e-5);
    assert_eq!(code[26], 0.0);
    // The last step leads to the first of the next bar.
    place(79).encode(&mut code);
    assert!((code[25] - 0.2).abs() < 1e-4 && (code[10] - 0.8).abs() < 1e-4);
}
