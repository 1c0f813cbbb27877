//! Pieces of drumming turned into the numbers a learner takes.

use super::beat_net::Batch;
use super::config::{BINS, ModelConfig};
use super::encode::{self, encode_grid};
use crate::base::rng::{Purpose, uniform};
use crate::beat::grid::{BeatGrid, LANES};
use crate::dataset::batch::{Length, Plan};
use crate::dataset::load::Example;

/// How often a piece is learned without its style, so that the model can also play without one.
const STYLE_DROPPED: f32 = 0.1;

/// A piece with its style as a number.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The drumming.
    pub grid: BeatGrid,
    /// Style in the model's list.
    pub style: Option<usize>,
    /// Whether it is a fill.
    pub fill: bool,
}

/// The pieces of a training set.
#[derive(Clone, Debug, Default)]
pub struct Pieces(Vec<Piece>);

/// What the data say before anything is learned: where the last biases start.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Share of steps with a hit, a lane.
    pub hit_rate: [f64; LANES],
    /// Share of each velocity bin among a lane's hits, `LANES * BINS`.
    pub velocity: Vec<f64>,
    /// Share of each micro-timing bin.
    pub offset: Vec<f64>,
}

impl Pieces {
    /// Takes the examples, in order.
    #[must_use]
    pub fn new(examples: &[Example], config: &ModelConfig) -> Self {
        let piece = |e: &Example| Piece {
            grid: e.grid.clone(),
            style: e.style.as_deref().and_then(|s| config.style_index(s)),
            fill: e.fill,
        };
        Self(
            examples
                .iter()
                .filter(|e| !e.grid.steps.is_empty())
                .map(piece)
                .collect(),
        )
    }

    /// Their lengths, for [`Plan::new`].
    #[must_use]
    pub fn lengths(&self) -> Vec<Length> {
        self.0
            .iter()
            .map(|p| Length {
                steps: p.grid.steps.len(),
                bar: p.grid.meter.steps(),
            })
            .collect()
    }

    /// Counts hits, velocities and micro-timings, with a little of everything added.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let mut steps = 1.0f64;
        let mut hits = [0.5f64; LANES];
        let mut velocity = vec![0.1; LANES * BINS];
        let mut offset = vec![0.1; LANES * BINS];
        for step in self.0.iter().flat_map(|p| &p.grid.steps) {
            steps += 1.0;
            for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
                hits[lane] += 1.0;
                velocity[lane * BINS + encode::velocity_bin(cell.velocity)] += 1.0;
                offset[lane * BINS + encode::offset_bin(cell.offset)] += 1.0;
            }
        }
        let share = |counts: &mut Vec<f64>| {
            for lane in counts.chunks_mut(BINS) {
                let total: f64 = lane.iter().sum();
                lane.iter_mut().for_each(|c| *c /= total);
            }
        };
        share(&mut velocity);
        share(&mut offset);
        Statistics {
            hit_rate: hits.map(|h| (h / steps).clamp(1e-4, 1.0 - 1e-4)),
            velocity,
            offset,
        }
    }

    /// The batch of update `update` of an epoch's plan.
    #[must_use]
    pub fn batch(
        &self,
        plan: &Plan,
        update: usize,
        styles: usize,
        seed: u64,
        epoch: usize,
    ) -> Batch {
        let window = plan.window(update);
        let slots = window.len();
        let inputs = encode::width(styles);
        let mut batch = Batch {
            steps: plan.length(),
            streams: plan.streams(),
            inputs: vec![0.0; slots * inputs],
            hits: vec![0.0; slots * LANES],
            velocities: vec![0.0; slots * LANES * BINS],
            offsets: vec![0.0; slots * LANES * BINS],
            weights: vec![0.0; slots],
            keep: vec![1.0; slots],
        };
        for (i, slot) in window.into_iter().enumerate() {
            let Some(slot) = slot else { continue };
            let piece = &self.0[slot.piece];
            let draw = uniform(seed, epoch as u64, slot.piece as u64, Purpose::Shuffle);
            let style = piece.style.filter(|_| draw >= STYLE_DROPPED);
            let x = &mut batch.inputs[i * inputs..(i + 1) * inputs];
            encode_grid(&piece.grid, slot.step, style, piece.fill, x);
            batch.weights[i] = 1.0;
            batch.keep[i] = f32::from(u8::from(!slot.begins));
            for (lane, cell) in piece.grid.steps[slot.step].iter().enumerate() {
                if cell.velocity > 0 {
                    let at = i * LANES + lane;
                    batch.hits[at] = 1.0;
                    batch.velocities[at * BINS + encode::velocity_bin(cell.velocity)] = 1.0;
                    batch.offsets[at * BINS + encode::offset_bin(cell.offset)] = 1.0;
                }
            }
        }
        batch
    }
}
