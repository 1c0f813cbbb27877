//! What the kit promises, heard through numbers.

mod sounds;

use super::*;
use crate::audio::mel::{Mel, MelConfig};
use crate::audio::render::{Renderer, Stroke, mono, render_events};
use crate::beat::lane::Lane;

const RATE: u32 = 44_100;

/// One stroke alone, two seconds of it.
fn alone(sound: impl Into<Articulation>, velocity: u8) -> Vec<f32> {
    together(&[(0, sound.into(), velocity)])
}

/// Two seconds after the last of some strokes, by their frames.
fn together(strokes: &[(u64, Articulation, u8)]) -> Vec<f32> {
    Renderer::at_frames(Synth::new(RATE), strokes.to_vec(), 0, 2.0).rest()
}

fn peak(stereo: &[f32]) -> f32 {
    stereo.iter().fold(0.0, |m, x| m.max(x.abs()))
}

fn power(stereo: &[f32]) -> f32 {
    stereo.iter().map(|x| x * x).sum()
}

/// Share of a stroke's power within a range of Hz, and its centre of gravity in Hz.
fn spectrum(stereo: &[f32], from: f32, to: f32) -> (f32, f32) {
    let config = MelConfig {
        n_mels: 200,
        n_fft: 4096,
        ..MelConfig::default()
    };
    let mel = Mel::new(config).unwrap();
    let centres = mel.centres();
    let (mut all, mut inside, mut moment) = (0.0, 0.0, 0.0);
    for frame in mel.frames(&mono(stereo)).chunks_exact(centres.len()) {
        for (i, power) in frame.iter().enumerate().skip(1) {
            let power = power * (centres[i] - centres[i - 1]);
            all += power;
            moment += power * centres[i];
            if (from..to).contains(&centres[i]) {
                inside += power;
            }
        }
    }
    (inside / all, moment / all)
}

#[test]
fn drums_sound_like_their_names() {
    assert!(spectrum(&alone(Lane::Kick, 110), 0.0, 150.0).0 > 0.8);
    for hat in [Lane::ClosedHat, Lane::OpenHat] {
        assert!(spectrum(&alone(hat, 110), 5_000.0, 22_050.0).0 > 0.8);
    }
    let snare = alone(Lane::Snare, 110);
    for (from, to) in [(120.0, 500.0), (500.0, 4_000.0), (4_000.0, 16_000.0)] {
        assert!(spectrum(&snare, from, to).0 > 0.1, "{from} to {to} Hz");
    }
    let centres = [Lane::LowTom, Lane::MidTom, Lane::HighTom]
        .map(|tom| spectrum(&alone(tom, 100), 0.0, 1.0).1);
    assert!(centres[0] * 1.2 < centres[1] && centres[1] * 1.2 < centres[2]);
    let (early, late) = (alone(Lane::Crash, 110), alone(Lane::ClosedHat, 110));
    let tail = |x: &[f32]| power(&x[RATE as usize..]) / power(x);
    assert!(tail(&early) > 0.1, "a crash rings");
    assert!(tail(&late) < 1e-3, "a closed hat does not");
}

#[test]
fn a_harder_stroke_is_louder_and_brighter() {
    for lane in Lane::ALL {
        let levels = [1, 30, 60, 90, 127].map(|v| power(&alone(lane, v)));
        assert!(levels[0] > 0.0, "{lane:?} at velocity 1 is heard");
        for pair in levels.windows(2) {
            assert!(pair[1] > 1.3 * pair[0], "{lane:?}: {levels:?}");
        }
        if lane != Lane::Ride {
            let [soft, hard] = [40, 120].map(|v| spectrum(&alone(lane, v), 0.0, 1.0).1);
            assert!(hard > soft, "{lane:?}: {soft} to {hard} Hz");
        }
    }
    // The ride's hard strokes go to the bell, whose pitch is lower than the bow's wash.
    let [bow, bell] = [90, 127].map(|v| spectrum(&alone(Lane::Ride, v), 500.0, 3_000.0).0);
    assert!(bell > 1.5 * bow, "{bow} to {bell}");
}

#[test]
fn all_nine_at_full_velocity_never_clip() {
    let mut synth = Synth::new(RATE);
    let mut out = vec![0.0; 2 * 4_410];
    for _ in 0..40 {
        for lane in Lane::ALL {
            synth.note_on(lane, 255);
        }
        synth.render(&mut out);
        assert!(peak(&out) < 0.97);
    }
    // One drum alone stays out of the limiter's way.
    for lane in Lane::ALL {
        assert!(peak(&alone(lane, 127)) < 0.8, "{lane:?}");
    }
}

#[test]
fn a_closed_hat_chokes_an_open_one() {
    let open = Stroke {
        time_ns: 0,
        lane: Lane::OpenHat,
        velocity: 110,
    };
    let closed = Stroke {
        time_ns: 100_000_000,
        lane: Lane::ClosedHat,
        velocity: 30,
    };
    let from = 2 * RATE as usize / 5;
    let ringing = power(&render_events(&[open], RATE, 1.0)[from..]);
    let choked = power(&render_events(&[open, closed], RATE, 1.0)[from..]);
    assert!(choked < 0.01 * ringing, "{choked} of {ringing}");
}

#[test]
fn drums_have_their_places() {
    let side = |lane| {
        let sound = alone(lane, 100);
        let sum = |skip: usize| {
            sound
                .iter()
                .skip(skip)
                .step_by(2)
                .map(|x| x * x)
                .sum::<f32>()
        };
        sum(1) / sum(0)
    };
    assert!((side(Lane::Kick) - 1.0).abs() < 0.1);
    assert!(side(Lane::ClosedHat) < 0.6 && side(Lane::Crash) < 0.6);
    assert!(side(Lane::LowTom) > 1.5 && side(Lane::Ride) > 1.5);
}

#[test]
fn every_sound_ends_and_silence_is_exact() {
    for rate in [8_000, 22_050, 44_100, 192_000] {
        let mut synth = Synth::new(rate);
        for lane in Lane::ALL {
            synth.note_on(lane, 127);
        }
        let mut piece = vec![0.0; rate as usize / 5];
        for _ in 0..100 {
            synth.render(&mut piece);
            assert!(
                piece
                    .iter()
                    .all(|x| x.is_finite() && (*x == 0.0 || x.is_normal()))
            );
        }
        assert!(synth.is_silent(), "after 10 s");
        assert!(piece.iter().all(|&x| x == 0.0));
    }
}

#[test]
fn a_flood_of_strokes_is_survived_without_a_click() {
    let mut synth = Synth::new(RATE);
    let mut out = Vec::new();
    let mut piece = [0.0; 2 * 100];
    for k in 0..2000 {
        synth.note_on(Lane::ALL[k * 7 % 9], 1 + (k % 127) as u8);
        assert!(synth.sounding() <= POLYPHONY);
        synth.render(&mut piece);
        out.extend_from_slice(&piece);
    }
    assert!(peak(&out) < 0.97);
}

#[test]
fn two_kits_sound_the_same() {
    let mut one = Synth::new(RATE);
    let mut two = Synth::new(RATE);
    let mut a = vec![0.0; 2 * 9_000];
    let mut b = a.clone();
    for lane in Lane::ALL {
        one.note_on(lane, 99);
        two.note_on(lane, 99);
    }
    one.render(&mut a);
    let mut rest = b.as_mut_slice();
    for size in (1..).map(|k| 2 * (k * 13 % 97 + 1)) {
        let (now, later) = rest.split_at_mut(size.min(rest.len()));
        two.render(now);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!(a, b);
}
