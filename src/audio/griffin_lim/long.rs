//! [`Long`]: frames as they come, made audible in pieces, so that long music needs no long memory. Each piece begins a
//! little before the last one's end, and they are faded into each other there: their phases are found apart.

use super::{GriffinLim, sound};
use crate::audio::mel::Mel;

/// Seconds of a piece.
const PIECE: f32 = 10.0;

/// Seconds that two pieces share.
const SHARED: f32 = 0.5;

/// Frames made audible, piece by piece.
#[derive(Debug)]
pub struct Long<'a> {
    mel: &'a Mel,
    how: GriffinLim,
    /// Frames of a piece, and how many of them the next one has too.
    piece: usize,
    shared: usize,
    /// Powers of frames to come, `[frames, bands]`.
    waiting: Vec<f32>,
    /// What the last piece ended with, to be faded into the next.
    end: Vec<f32>,
}

impl<'a> Long<'a> {
    /// Silence so far.
    #[must_use]
    pub fn new(mel: &'a Mel, how: &GriffinLim) -> Self {
        let config = mel.config();
        let frames = |seconds: f32| {
            let frames = seconds * config.sample_rate as f32 / config.hop_length as f32;
            (frames as usize).max(1)
        };
        let shared = frames(SHARED);
        Self {
            mel,
            how: *how,
            piece: frames(PIECE).max(2 * shared),
            shared,
            waiting: Vec::new(),
            end: Vec::new(),
        }
    }

    /// Takes a frame's powers, lowest band first, and gives the samples that are ready, if any: mono.
    pub fn push(&mut self, frame: &[f32], mut put: impl FnMut(&[f32])) {
        self.waiting.extend_from_slice(frame);
        let bands = self.mel.config().n_mels;
        if self.waiting.len() >= self.piece * bands {
            let mut sound = self.faded();
            let ready = (self.piece - self.shared) * self.mel.config().hop_length;
            self.end = sound.split_off(ready.min(sound.len()));
            self.waiting.drain(..(self.piece - self.shared) * bands);
            put(&sound);
        }
    }

    /// Gives what is left; `hop_length` samples for each frame in all.
    pub fn finish(mut self, mut put: impl FnMut(&[f32])) {
        put(&self.faded());
    }

    /// The waiting frames' sound, the last piece's end faded into it.
    fn faded(&mut self) -> Vec<f32> {
        let mut sound = sound(self.mel, &self.waiting, &self.how);
        let count = self.end.len() as f32;
        for (i, (now, before)) in sound.iter_mut().zip(&self.end).enumerate() {
            // Of equal power: two likenesses of the same sound do not know each other's phases.
            let angle = (i as f32 + 0.5) / count * std::f32::consts::FRAC_PI_2;
            *now = *now * angle.sin() + before * angle.cos();
        }
        self.end.clear();
        sound
    }
}
