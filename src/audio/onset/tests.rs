//! What transcription promises: a rendered beat comes back, a stream is the whole, silence is silence, the look-ahead
//! is the one stated, bytes are checked.

use super::*;
use crate::audio::mel::{MelConfig, to_db};
use crate::audio::render::{mono, render_events};
use crate::base::alloc_probe::calls;
use crate::base::rng::{Purpose, Stream};
use crate::beat::kit::DrumMap;
use crate::beat::lane::Lane;
use crate::beat::smf::{DrumPick, parse};

const FUNK: &[u8] = include_bytes!("../../../examples/beats/funk.mid");

fn ear() -> Ear {
    Ear::embedded().unwrap()
}

/// The first two bars of an example, as it is written.
fn funk() -> Vec<Stroke> {
    let smf = parse(FUNK).unwrap();
    let drums = smf.drums(&DrumMap::gm(), &DrumPick::Channel10).unwrap();
    let mut grid = drums.grid;
    grid.steps.truncate(32);
    crate::audio::render::grid_strokes(&grid)
}

/// Frames of a beat in decibels.
fn frames(strokes: &[Stroke]) -> Vec<Vec<f32>> {
    let config = MelConfig::default();
    let sound = mono(&render_events(strokes, config.sample_rate, 0.4));
    let mut values = Mel::new(config).unwrap().frames(&sound);
    to_db(&mut values);
    let frames = values.chunks_exact(config.n_mels);
    frames.map(<[f32]>::to_vec).collect()
}

/// What is heard of frames, each stroke with the number of frames taken in when it was told.
fn heard(ear: &Ear, frames: &[Vec<f32>]) -> Vec<(Stroke, usize)> {
    let mut strokes = Vec::new();
    let mut listener = Listener::new(ear);
    for (i, frame) in frames.iter().enumerate() {
        listener.push(frame, |stroke| strokes.push((stroke, i + 1)));
    }
    listener.finish(|stroke| strokes.push((stroke, frames.len())));
    strokes
}

#[test]
fn a_rendered_beat_comes_back() {
    let (ear, real) = (ear(), funk());
    let sound = mono(&render_events(&real, 44_100, 0.4));
    let told = transcribe(&ear, &sound).unwrap();
    let mut score = Score::default();
    score.add(&real, &told);
    println!("{} strokes, F1 {:.3}", real.len(), score.all().f1());
    assert!(real.len() > 30);
    assert!(score.all().f1() > 0.95, "{:?}", score.all());
    for lane in [Lane::Kick, Lane::Snare] {
        assert!(
            score.lane(lane).f1() > 0.95,
            "{lane:?} {:?}",
            score.lane(lane)
        );
    }
    assert!(score.timing_ms() < 5.0, "{} ms", score.timing_ms());
    assert!(score.velocity_correlation() > 0.8);
}

#[test]
fn a_stream_tells_what_the_whole_does_within_the_look_ahead() {
    let (ear, real) = (ear(), funk());
    let told = heard(&ear, &frames(&real));
    let sound = mono(&render_events(&real, 44_100, 0.4));
    let mut whole: Vec<Stroke> = told.iter().map(|t| t.0).collect();
    whole.sort_by_key(|s| (s.time_ns, s.lane));
    assert_eq!(transcribe(&ear, &sound).unwrap(), whole);
    let frame_ns = 512.0 * 1e9 / 44_100.0;
    for (stroke, taken) in told {
        // Its frame is the nearest to its time, give or take the rounding.
        let own = stroke.time_ns as f64 / frame_ns;
        let waited = (taken - 1) as f64 - own;
        assert!(
            waited <= ear.look_ahead() as f64 + 1.0,
            "{stroke:?} {waited}"
        );
    }
    assert!(
        ear.look_ahead_seconds() <= 0.060,
        "{}",
        ear.look_ahead_seconds()
    );
    assert_eq!(ear.look_ahead(), 5);
}

#[test]
fn what_comes_after_the_look_ahead_changes_nothing_told() {
    let ear = ear();
    let mut frames = frames(&funk());
    let before: Vec<_> = heard(&ear, &frames);
    let cut = 90;
    frames[cut..].iter_mut().flatten().for_each(|x| *x = 10.0);
    let after = heard(&ear, &frames);
    let known = |list: &[(Stroke, usize)]| -> Vec<(Stroke, usize)> {
        list.iter().filter(|t| t.1 <= cut).copied().collect()
    };
    assert!(known(&before).len() > 5);
    assert_eq!(known(&before), known(&after));
}

#[test]
fn silence_gives_nothing_and_noise_breaks_nothing() {
    let ear = ear();
    assert_eq!(transcribe(&ear, &[0.0; 44_100]).unwrap(), []);
    assert_eq!(transcribe(&ear, &[]).unwrap(), []);
    let mut draws = Stream::new(4, 0, Purpose::Test);
    let mut listener = Listener::new(&ear);
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30];
    for _ in 0..60 {
        let frame: Vec<f32> = (0..128).map(|_| odd[draws.below(4)]).collect();
        listener.push(&frame, |_| {});
    }
    // A frame that is too short or too long is heard as far as it goes.
    listener.push(&[0.0; 3], |_| {});
    listener.push(&[0.0; 999], |_| {});
    listener.forget();
    let mut strokes = 0;
    for _ in 0..40 {
        listener.push(&[FLOOR; 128], |_| strokes += 1);
    }
    listener.finish(|_| strokes += 1);
    assert_eq!(strokes, 0, "what it heard before is forgotten");
}

#[test]
fn listening_allocates_nothing() {
    let (ear, frames) = (ear(), frames(&funk()));
    let mut listener = Listener::new(&ear);
    let mut strokes = 0;
    let before = calls();
    for frame in &frames {
        listener.push(frame, |_| strokes += 1);
    }
    assert_eq!(calls(), before);
    assert!(strokes > 10);
}

#[test]
fn bytes_are_small_come_back_and_are_checked() {
    let ear = ear();
    let bytes = ear.to_bytes();
    assert!(bytes.len() <= 300_000, "{}", bytes.len());
    assert_eq!(Ear::from_bytes(&bytes).unwrap(), ear);
    assert_eq!(ear.mel(), &MelConfig::default());
    for end in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
        assert!(Ear::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(
        Ear::from_bytes(&longer),
        Err(EarError::Length(longer.len()))
    );
    assert_eq!(Ear::from_bytes(b"something"), Err(EarError::Unknown));
    // The sizes are eight bytes of name, then nine whole numbers.
    for at in (20..44).step_by(4) {
        let mut damaged = bytes.clone();
        damaged[at..at + 4].copy_from_slice(&[0xff; 4]);
        assert!(Ear::from_bytes(&damaged).is_err(), "{at}");
    }
    let mut damaged = bytes.clone();
    let last = damaged.len() - 4;
    damaged[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert_eq!(Ear::from_bytes(&damaged), Err(EarError::Damaged));
}
