//! [`SamplerState`]: everything the next step depends on, besides knobs and draws.

use super::super::encode::{BARS, Past, Place};
use crate::beat::grid::{Cell, LANES, Meter, Step};

/// Steps remembered: [`BARS`] of the longest bars.
const MEMORY: usize = Meter::MAX_STEPS * BARS;

/// Hidden and cell values, layer by layer.
#[derive(Debug, PartialEq)]
pub(super) struct Layers {
    pub(super) hidden: Vec<f32>,
    pub(super) cell: Vec<f32>,
}

impl Clone for Layers {
    fn clone(&self) -> Self {
        Self {
            hidden: self.hidden.clone(),
            cell: self.cell.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.hidden.clone_from(&source.hidden);
        self.cell.clone_from(&source.cell);
    }
}

/// Everything the next step depends on. `clone_from` reuses the buffers.
#[derive(Debug)]
pub struct SamplerState {
    /// Of the LSTM that is told the style.
    pub(super) told: Layers,
    /// Of the one that is not, which guidance needs; of use only where `free_at` is `steps`.
    pub(super) free: Layers,
    free_at: u64,
    /// The last [`MEMORY`] steps; step k is at `k % MEMORY`.
    memory: Vec<Step>,
    /// What each lane was last heard with, and the number of steps there were after it.
    heard: Step,
    heard_at: [u64; LANES],
    steps: u64,
}

impl Clone for SamplerState {
    fn clone(&self) -> Self {
        Self {
            told: self.told.clone(),
            free: self.free.clone(),
            memory: self.memory.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.told.clone_from(&source.told);
        if source.follows() {
            self.free.clone_from(&source.free);
        }
        self.free_at = source.free_at;
        self.memory.clone_from(&source.memory);
        self.heard = source.heard;
        self.heard_at = source.heard_at;
        self.steps = source.steps;
    }
}

impl PartialEq for SamplerState {
    fn eq(&self, other: &Self) -> bool {
        let rest = |s: &Self| (s.follows(), s.heard, s.heard_at, s.steps);
        self.told == other.told
            && self.memory == other.memory
            && rest(self) == rest(other)
            && (!self.follows() || self.free == other.free)
    }
}

impl SamplerState {
    /// The state before anything was played, with so many numbers a kind.
    pub(super) fn new(numbers: usize) -> Self {
        let layers = Layers {
            hidden: vec![0.0; numbers],
            cell: vec![0.0; numbers],
        };
        Self {
            free: layers.clone(),
            told: layers,
            free_at: 0,
            memory: vec![Step::default(); MEMORY],
            heard: Step::default(),
            heard_at: [0; LANES],
            steps: 0,
        }
    }

    /// Steps played or forced so far.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether the LSTM that is not told the style has heard all steps.
    const fn follows(&self) -> bool {
        self.free_at == self.steps
    }

    /// Lets the LSTM that is not told the style come along for this step. One that was left
    /// behind begins from where the other is: an LSTM forgets a style sooner than a beat.
    pub(super) fn let_follow(&mut self) {
        if !self.follows() {
            self.free.clone_from(&self.told);
        }
        self.free_at = self.steps + 1;
    }

    /// The step so many steps ago, a rest before the start.
    fn ago(&self, steps: usize) -> Step {
        match self.steps.checked_sub(steps as u64) {
            Some(at) if (1..=MEMORY).contains(&steps) => self.memory[(at % MEMORY as u64) as usize],
            _ => Step::default(),
        }
    }

    /// What the step at `place` is predicted from.
    pub(super) fn past(&self, place: &Place) -> Past {
        let bar = usize::from(place.steps_per_bar);
        let mut heard = self.heard;
        for (cell, at) in heard.iter_mut().zip(self.heard_at) {
            if self.steps - at >= (BARS * bar) as u64 {
                *cell = Cell::default();
            }
        }
        Past::new(bar, heard, self.steps == 0, |n| self.ago(n))
    }

    pub(super) fn record(&mut self, step: &Step) {
        self.memory[(self.steps % MEMORY as u64) as usize] = *step;
        self.steps += 1;
        for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            self.heard[lane] = *cell;
            self.heard_at[lane] = self.steps;
        }
    }
}
