//! [`MelStream`]: mel frames of samples as they arrive.

use super::{Mel, Scratch};

/// Mel frames of samples as they arrive: the same frames, bit for bit, as [`Mel::frames`] of the whole
/// signal. A frame comes out once the `n_fft / 2` samples after its centre are in. Decibels relative to the loudest
/// (`top_db`) are not a stream's: they need the whole signal, so a stream's frames go through a fixed
/// [`super::Scale`].
#[derive(Debug)]
pub struct MelStream<'a> {
    mel: &'a Mel,
    scratch: Scratch,
    /// Samples, those from `from` up to `to` being of use. Longer than a frame, so that they are seldom moved.
    buffer: Vec<f32>,
    /// Where the next frame begins; beyond `to` where the hop is longer than a frame.
    from: usize,
    to: usize,
    seen: usize,
    given: usize,
}

impl<'a> MelStream<'a> {
    /// A stream before its first sample.
    #[must_use]
    pub fn new(mel: &'a Mel) -> Self {
        let n = mel.config().n_fft;
        Self {
            scratch: mel.scratch(),
            mel,
            buffer: vec![0.0; 4 * n],
            from: 0,
            to: n / 2,
            seen: 0,
            given: 0,
        }
    }

    /// Takes samples in and hands each frame that they complete to `each`. Allocates nothing.
    pub fn push(&mut self, mono: &[f32], mut each: impl FnMut(&[f32])) {
        self.seen += mono.len();
        self.take(mono, &mut each, usize::MAX);
    }

    /// Hands out the frames whose ends lie beyond the last sample.
    pub fn finish(mut self, mut each: impl FnMut(&[f32])) {
        let frames = self.mel.frame_count(self.seen);
        let padding = vec![0.0; self.mel.config().n_fft];
        while self.given < frames {
            self.take(&padding, &mut each, frames);
        }
    }

    fn take(&mut self, mut samples: &[f32], each: &mut impl FnMut(&[f32]), most: usize) {
        let (n, hop) = (self.mel.config().n_fft, self.mel.config().hop_length);
        while !samples.is_empty() {
            if self.from >= self.to {
                let passed = (self.from - self.to).min(samples.len());
                samples = samples.get(passed..).unwrap_or_default();
                self.from -= self.to + passed;
                self.to = 0;
                if self.from > 0 {
                    return;
                }
            }
            if self.to == self.buffer.len() {
                self.buffer.copy_within(self.from..self.to, 0);
                self.to -= self.from;
                self.from = 0;
            }
            let room = self.buffer.get_mut(self.to..).unwrap_or_default();
            let (now, later) = samples.split_at(room.len().min(samples.len()));
            if let Some(room) = room.get_mut(..now.len()) {
                room.copy_from_slice(now);
            }
            self.to += now.len();
            samples = later;
            while let Some(frame) = self.buffer.get(self.from..self.from + n)
                && self.from + n <= self.to
            {
                if self.given == most {
                    return;
                }
                self.mel.frame(frame, &mut self.scratch);
                self.given += 1;
                each(&self.scratch.bands);
                self.from += hop;
            }
        }
    }
}
