//! Where in its bar a frame stands, and that as inputs of the model: so that what it plays has a tempo and a bar that are
//! known.

use super::config::MelSettings;
use crate::beat::grid::Meter;
use std::f32::consts::TAU;

/// Steps told one by one; longer bars begin again.
const STEPS: usize = 16;
/// Turns a bar of the sines and cosines.
const BAR_TURNS: [f32; 2] = [1.0, 2.0];
/// Turns a quarter note.
const BEAT_TURNS: [f32; 3] = [1.0, 2.0, 4.0];

/// Numbers that tell a place.
pub const CODE: usize = 2 * (BAR_TURNS.len() + BEAT_TURNS.len()) + STEPS + 1;

/// A bar longer than so many frames has no echo.
pub const MOST_ECHO: usize = 2048;

/// Where a frame's centre stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// 16th steps since the bar began, from 0, with its fraction.
    pub step: f32,
    /// 16th steps a bar.
    pub bar: f32,
    /// Quarter notes a minute.
    pub bpm: f32,
}

/// 16th steps a frame.
#[must_use]
pub fn steps_per_frame(mel: &MelSettings, bpm: f64) -> f64 {
    mel.seconds() * tame(bpm) / 15.0
}

/// A tempo the clocks take: what is no number counts as 120.
fn tame(bpm: f64) -> f64 {
    if bpm.is_nan() {
        120.0
    } else {
        bpm.clamp(20.0, 400.0)
    }
}

impl Place {
    /// The place of frame `frame` of music that begins with a bar.
    #[must_use]
    pub fn of(mel: &MelSettings, meter: Meter, bpm: f64, frame: u64) -> Self {
        let bar = meter.steps() as f64;
        let step = frame as f64 * steps_per_frame(mel, bpm);
        Self {
            step: (step % bar) as f32,
            bar: bar as f32,
            bpm: tame(bpm) as f32,
        }
    }

    /// Frames a bar, rounded: how far back the echo is. `None` where that is further than is remembered.
    #[must_use]
    pub fn echo(&self, mel: &MelSettings) -> Option<usize> {
        let frames = f64::from(self.bar) / steps_per_frame(mel, f64::from(self.bpm));
        let frames = frames.round() as usize;
        (1..=MOST_ECHO).contains(&frames).then_some(frames)
    }

    /// Writes the place as [`CODE`] numbers: sines and cosines of the phase in bar and beat, a smooth code of the step,
    /// the tempo in octaves around 120.
    pub fn encode(&self, to: &mut [f32]) {
        to.fill(0.0);
        let mut to = to.iter_mut();
        let bar = BAR_TURNS.map(|turns| turns * self.step / self.bar.max(1.0));
        let beat = BEAT_TURNS.map(|turns| turns * self.step / 4.0);
        for turn in bar.into_iter().chain(beat) {
            let (sin, cos) = (turn.fract() * TAU).sin_cos();
            for value in [sin, cos] {
                if let Some(to) = to.next() {
                    *to = value;
                }
            }
        }
        let steps = to.into_slice();
        let (whole, part) = (self.step.floor(), self.step.fract());
        let next = if whole + 1.0 < self.bar {
            whole + 1.0
        } else {
            0.0
        };
        for (step, share) in [(whole, 1.0 - part), (next, part)] {
            if let Some(to) = steps.get_mut(step as usize % STEPS) {
                *to += share;
            }
        }
        if let Some(tempo) = steps.get_mut(STEPS) {
            *tempo = (self.bpm / 120.0).log2();
        }
    }
}
