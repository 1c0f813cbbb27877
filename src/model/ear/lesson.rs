//! One batch: stretches of recordings side by side, their targets, and the loss.

use super::net::PARTS;
use super::recordings::{Mark, Recording, SMEAR, bell};
use crate::audio::onset::{OUTPUTS, Shape};
use crate::base::rng::{Purpose, Stream};
use crate::beat::lane::LANES;

/// Frames of a stretch that are decided on.
const STRETCH: usize = 120;
/// Stretches a batch.
const STRETCHES: usize = 16;
/// Weight of the velocity's squared error beside the onsets' cross-entropy.
const VELOCITY: f32 = 4.0;
/// Weight of the offset's squared error.
const OFFSET: f32 = 0.5;

/// Where a stretch begins: which recording, which frame.
type Start = (usize, isize);

/// The stretches of an epoch in a drawn order, each frame once.
pub fn plan(recordings: &[Recording], seed: u64, epoch: usize) -> Vec<Start> {
    let mut draws = Stream::new(seed, epoch as u64, Purpose::Shuffle);
    let mut starts = Vec::new();
    for (i, recording) in recordings.iter().enumerate() {
        // Begun anywhere, so that no frame is always at an edge.
        let mut at = -(draws.below(STRETCH) as isize);
        while at < recording.frames() as isize {
            starts.push((i, at));
            at += STRETCH as isize;
        }
    }
    draws.shuffle(&mut starts);
    starts
}

/// Batches an epoch.
pub fn batches(starts: &[Start]) -> impl ExactSizeIterator<Item = &[Start]> {
    starts.chunks(STRETCHES)
}

/// A batch and its targets, reused.
#[derive(Debug, Default)]
pub struct Lesson {
    /// Normalised frames, stretch after stretch.
    pub frames: Vec<f32>,
    /// The loss's gradient in the network's outputs.
    pub wrong: Vec<f32>,
    onset: Vec<f32>,
    velocity: Vec<f32>,
    offset: Vec<f32>,
    /// How much velocity and offset count: near a stroke 1, elsewhere 0.
    near: Vec<f32>,
    /// Rows a stretch takes, with what it sees besides.
    each: usize,
    stretches: usize,
}

impl Lesson {
    /// Fills in the stretches.
    pub fn fill(
        &mut self,
        shape: &Shape,
        recordings: &[Recording],
        starts: &[Start],
        (means, scales): (&[f32], &[f32]),
    ) {
        let bands = shape.bands;
        self.each = STRETCH + shape.reach() - 1;
        self.stretches = starts.len();
        self.frames.resize(starts.len() * self.each * bands, 0.0);
        for targets in [
            &mut self.onset,
            &mut self.velocity,
            &mut self.offset,
            &mut self.near,
        ] {
            targets.clear();
            targets.resize(starts.len() * STRETCH * LANES, 0.0);
        }
        let mut all = std::mem::take(&mut self.frames);
        let stretches = all.chunks_exact_mut(self.each * bands);
        for (s, (frames, &(which, from))) in stretches.zip(starts).enumerate() {
            let recording = &recordings[which];
            for (i, frame) in frames.chunks_exact_mut(bands).enumerate() {
                recording.frame(from - shape.before() as isize + i as isize, frame);
                for (x, (mean, scale)) in frame.iter_mut().zip(means.iter().zip(scales)) {
                    *x = (*x - mean) * scale;
                }
            }
            let (first, last) = (from as f32, (from + STRETCH as isize) as f32);
            for mark in recording.marks(first - SMEAR, last + SMEAR) {
                self.mark(s, mark, from);
            }
        }
        self.frames = all;
    }

    fn mark(&mut self, stretch: usize, mark: &Mark, from: isize) {
        let first = (mark.place - SMEAR).ceil() as isize;
        let last = (mark.place + SMEAR).floor() as isize;
        for frame in first.max(from)..=last.min(from + STRETCH as isize - 1) {
            let at = (stretch * STRETCH + (frame - from) as usize) * LANES + mark.lane;
            let off = mark.place - frame as f32;
            let bell = bell(off);
            // Of two strokes the nearer one is meant.
            if bell > self.onset[at] {
                self.onset[at] = bell;
                self.velocity[at] = mark.velocity;
                self.offset[at] = off;
                self.near[at] = f32::from(u8::from(off.abs() <= 1.0));
            }
        }
    }

    /// The loss of what the network says, in nats a frame, with its gradient in [`Lesson::wrong`]: cross-entropy of
    /// the onsets, and its excess over the targets' own entropy is what there is to learn; squared errors of velocity and offset
    /// where there are strokes.
    pub fn mark_out(&mut self, out: &[f32]) -> f64 {
        self.wrong.clear();
        self.wrong.resize(out.len(), 0.0);
        let rows = (self.stretches * STRETCH) as f32;
        let mut loss = 0.0f64;
        let said = out.chunks_exact(OUTPUTS);
        for (r, (out, wrong)) in said.zip(self.wrong.chunks_exact_mut(OUTPUTS)).enumerate() {
            let (stretch, row) = (r / self.each, r % self.each);
            if row >= STRETCH {
                // Sees two stretches at once.
                continue;
            }
            let at = (stretch * STRETCH + row) * LANES;
            let [onsets, velocities, offsets] = PARTS.map(|part| (part.start, part.end));
            for lane in 0..LANES {
                let (x, y) = (out[onsets.0 + lane], self.onset[at + lane]);
                let p = 1.0 / (1.0 + (-x).exp());
                loss += f64::from(x.max(0.0) - x * y + (-x.abs()).exp().ln_1p());
                wrong[onsets.0 + lane] = (p - y) / rows;
                let near = self.near[at + lane];
                if near > 0.0 {
                    let v = out[velocities.0 + lane] - self.velocity[at + lane];
                    let d = out[offsets.0 + lane] - self.offset[at + lane];
                    loss += f64::from(VELOCITY * v * v + OFFSET * d * d);
                    wrong[velocities.0 + lane] = 2.0 * VELOCITY * v / rows;
                    wrong[offsets.0 + lane] = 2.0 * OFFSET * d / rows;
                }
            }
        }
        loss / f64::from(rows)
    }
}
