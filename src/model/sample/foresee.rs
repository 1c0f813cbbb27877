//! What a model expects of the next step of real music: how likely each lane is hit, and how such a
//! hit would sound.

use super::super::encode::Place;
use super::super::slices::sigmoid;
use super::chain::Weights;
use super::{Knobs, Sampler, SamplerState};
use crate::beat::grid::{LANES, Step, hits};
use std::sync::Arc;

/// A step as it is foreseen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Foreseen {
    /// Probability of a hit on each lane, given all before it and the true lanes before it.
    pub probabilities: [f32; LANES],
    /// The likeliest velocity and micro-timing of each lane's hit, were there one.
    pub hits: Step,
}

impl Sampler {
    /// Says what is expected of the next step, then advances the state by the true `step`.
    pub fn foresee(&mut self, state: &mut SamplerState, place: &Place, step: &Step) -> Foreseen {
        let model = Arc::clone(&self.model);
        self.hear(state, place, &Knobs::default());
        let truth = hits(step);
        let mut foreseen = Foreseen {
            probabilities: self.chances(truth),
            ..Foreseen::default()
        };
        for (lane, hit) in foreseen.hits.iter_mut().enumerate() {
            let head = &mut self.expression;
            head.begin(&model, &self.told.features, truth | 1 << lane);
            for (before, cell) in step.iter().enumerate().take(lane) {
                if cell.velocity > 0 {
                    head.hear(&model, before, cell);
                }
            }
            *hit = head.draw(&model, lane, 0.0, [0.5; 2]);
        }
        state.record(step);
        foreseen
    }

    /// How likely each lane is hit, given all before the step and the true lanes before it. The chain must
    /// have begun.
    pub(super) fn chances(&mut self, truth: u16) -> [f32; LANES] {
        let model = Arc::clone(&self.model);
        let weights = Weights::of(&model);
        let mut chances = [0.0; LANES];
        let mut row = 0;
        for (lane, chance) in chances.iter_mut().enumerate() {
            let logit = self
                .told
                .chain
                .logit(&weights, row, lane, truth & ((1 << lane) - 1));
            *chance = sigmoid(logit);
            if truth >> lane & 1 == 1 {
                self.told.chain.hit(&weights, row, row + 1, lane);
                row += 1;
            }
        }
        chances
    }
}
