//! Frames turned into the numbers a learner takes: each slot predicts one frame from the one before it, the one a bar
//! before it, and its place.

use super::config::MelNetConfig;
use super::frames::{Frames, Track};
use super::head::held;
use super::place::{CODE, Place};
use crate::dataset::batch::{Length, Plan};
use crate::message::TrainConfig;
use crate::model::ahead::{At, Course};
use crate::model::cpu::stack::Slots;
use std::sync::Arc;

/// One update's worth of frames, time first: slot `t * streams + row`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MelBatch {
    /// Frames of BPTT.
    pub steps: usize,
    /// Parallel rows.
    pub streams: usize,
    /// `[slots, inputs]`.
    pub inputs: Vec<f32>,
    /// `[slots, bands]`: the frame before, as the means follow it.
    pub held: Vec<f32>,
    /// `[slots, bands]`: the true frame.
    pub targets: Vec<u8>,
    /// 1 for a real slot, 0 behind the end of a row.
    pub real: Vec<f32>,
    /// 0 where the carried state is forgotten before the slot, else 1.
    pub keep: Vec<f32>,
}

impl MelBatch {
    /// Gives it a shape, with nothing in it. Allocates only where it grows.
    pub fn reset(&mut self, steps: usize, streams: usize, config: &MelNetConfig) {
        let (slots, bands) = (steps * streams, config.mel.n_mels);
        (self.steps, self.streams) = (steps, streams);
        for (list, width) in [(&mut self.inputs, config.inputs()), (&mut self.held, bands)] {
            list.clear();
            list.resize(slots * width, 0.0);
        }
        self.targets.clear();
        self.targets.resize(slots * bands, 0);
        for (list, value) in [(&mut self.real, 0.0), (&mut self.keep, 1.0)] {
            list.clear();
            list.resize(slots, value);
        }
    }

    /// How many slots it has.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.steps * self.streams
    }

    /// As the layers see it.
    #[must_use]
    pub fn shape(&self) -> Slots<'_> {
        Slots {
            steps: self.steps,
            streams: self.streams,
            keep: &self.keep,
            real: &self.real,
        }
    }

    /// Makes a slot real: frame `at` of a track.
    pub fn put(&mut self, slot: usize, config: &MelNetConfig, track: &Track, at: usize) {
        let bands = config.mel.n_mels;
        let frame = |at: usize| track.levels.get(at * bands..(at + 1) * bands);
        let place = Place::of(&config.mel, track.meter, track.tempo, at as u64);
        let before = at.checked_sub(1).and_then(frame);
        let echo = place
            .echo(&config.mel)
            .and_then(|far| frame(at.checked_sub(far)?));
        let width = config.inputs();
        if let Some(x) = self.inputs.get_mut(slot * width..(slot + 1) * width) {
            fill_inputs(x, before, echo, &place);
        }
        if let Some(to) = self.held.get_mut(slot * bands..(slot + 1) * bands) {
            fill_held(to, before);
        }
        let target = self.targets.get_mut(slot * bands..(slot + 1) * bands);
        if let (Some(to), Some(frame), Some(real)) = (target, frame(at), self.real.get_mut(slot)) {
            to.copy_from_slice(frame);
            *real = 1.0;
        }
    }
}

/// Writes a slot's inputs; a frame that there is not is silence.
pub fn fill_inputs(x: &mut [f32], before: Option<&[u8]>, echo: Option<&[u8]>, place: &Place) {
    let bands = x.len().saturating_sub(CODE) / 2;
    let (frames, code) = x.split_at_mut(2 * bands);
    for (to, frame) in frames.chunks_exact_mut(bands.max(1)).zip([before, echo]) {
        match frame {
            Some(frame) => {
                for (to, level) in to.iter_mut().zip(frame) {
                    *to = f32::from(*level) / 255.0;
                }
            }
            None => to.fill(0.0),
        }
    }
    place.encode(code);
}

/// Writes what the means follow.
pub fn fill_held(to: &mut [f32], before: Option<&[u8]>) {
    match before {
        Some(frame) => {
            for (to, level) in to.iter_mut().zip(frame) {
                *to = held(*level);
            }
        }
        None => to.fill(held(0)),
    }
}

/// Everything the batches of a run are made from.
#[derive(Clone, Debug)]
pub struct MelCourse {
    frames: Arc<Frames>,
    config: MelNetConfig,
    lengths: Arc<Vec<Length>>,
    streams: usize,
    length: usize,
    seed: u64,
    epochs: usize,
}

impl MelCourse {
    /// The course of a run with these flags.
    #[must_use]
    pub fn new(frames: Arc<Frames>, config: &MelNetConfig, flags: &TrainConfig) -> Self {
        let length = |track: &Track| Length {
            steps: frames.len_of(track),
            bar: Place::of(&frames.mel, track.meter, track.tempo, 0)
                .echo(&frames.mel)
                .unwrap_or(1024),
        };
        Self {
            lengths: Arc::new(frames.tracks.iter().map(length).collect()),
            config: config.clone(),
            streams: flags.batch_size,
            length: flags.sequence_length,
            seed: flags.seed,
            epochs: flags.epochs,
            frames,
        }
    }

    /// What it is made from.
    #[must_use]
    pub fn frames(&self) -> &Frames {
        &self.frames
    }
}

impl Course for MelCourse {
    type Batch = MelBatch;

    fn plan(&self, epoch: usize) -> Plan {
        Plan::new(&self.lengths, self.streams, self.length, self.seed, epoch)
    }

    fn fill(&self, batch: &mut MelBatch, plan: &Plan, (_, update): At) {
        batch.reset(plan.length(), plan.streams(), &self.config);
        for run in plan.runs(update) {
            let Some(track) = self.frames.tracks.get(run.piece) else {
                continue;
            };
            for t in 0..run.steps {
                let slot = (run.at + t) * batch.streams + run.row;
                batch.put(slot, &self.config, track, run.step + t);
            }
            let first = run.at * batch.streams + run.row;
            if let Some(keep) = batch.keep.get_mut(first).filter(|_| run.begins) {
                *keep = 0.0;
            }
        }
    }

    fn epochs(&self) -> usize {
        self.epochs
    }

    fn steps(&self) -> usize {
        self.lengths.iter().map(|l| l.steps).sum()
    }
}
