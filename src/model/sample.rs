//! The player's half of the model: one step at a time from plain slices.
//!
//! [`Sampler`] holds the scratch buffers, [`SamplerState`] everything the next step depends
//! on; after construction nothing allocates. Every draw is a function of (seed, step, lane,
//! purpose), so drawing a step again with other [`Knobs`] moves no other draw.
//!
//! | file | what lives there |
//! |---|---|
//! | `knobs`, `state` | what a performer turns; what was played |
//! | `ear` | one run of the LSTM; the blend of two styles |
//! | `chain` | hits, lane after lane; temperature, guidance |
//! | `joint` | hits, whole steps at once; min-p, locked lanes |
//! | `density` | hits added or left out by a threshold |
//! | `expression` | velocity and micro-timing of the hits |
//! | `foresee` | what is expected of a step, to be shown |
//!
//! A step is drawn in this order: the LSTM runs (twice where guidance needs it); the chain draws the
//! base step, by way of the joint distribution where lanes are locked or min-p cuts; the base
//! step is given its expression, and the LSTM will go on from it; last, the density adds or
//! leaves out hits. With every knob at rest only the chain is run.

mod chain;
mod density;
mod ear;
mod expression;
mod foresee;
mod joint;
mod knobs;
mod state;
#[cfg(test)]
mod tests;

pub use knobs::{Fullness, Knobs};
pub use state::SamplerState;

use super::encode::Place;
use super::weights::BeatModel;
use crate::base::rng::{Purpose, uniform};
use crate::beat::grid::{LANES, Step, hits};
use chain::{Bent, Weights};
use ear::Ear;
use expression::Expression;
use joint::Joint;
use std::sync::Arc;

/// The model's log-likelihood of one true step, in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Probability of a hit on each lane, given all before it and the true lanes before it.
    pub probabilities: [f32; LANES],
    /// Bits of the velocity of each lane's hit; 0 for a rest.
    pub velocity_bits: [f64; LANES],
    /// Bits of the micro-timing of each lane's hit.
    pub offset_bits: [f64; LANES],
    /// How far the median of the micro-timing foretold lies from that of each lane's hit,
    /// milliseconds.
    pub offset_error_ms: [f64; LANES],
    /// How many hits.
    pub hits: u32,
}

/// Runs a model step by step.
#[derive(Debug)]
pub struct Sampler {
    model: Arc<BeatModel>,
    /// The run that is told the style.
    told: Ear,
    /// The run that is not.
    free: Ear,
    /// Room for the LSTM's products.
    scratch: Vec<f32>,
    joint: Joint,
    expression: Expression,
}

impl Sampler {
    /// A sampler for this model.
    #[must_use]
    pub fn new(model: Arc<BeatModel>) -> Self {
        let rooms = model.steppers().iter().map(|layer| layer.scratch_len(1));
        let scratch = rooms.max().unwrap_or(0);
        Self {
            told: Ear::new(&model),
            free: Ear::new(&model),
            scratch: vec![0.0; scratch],
            joint: Joint::new(),
            expression: Expression::new(),
            model,
        }
    }

    /// The model it runs.
    #[must_use]
    pub const fn model(&self) -> &Arc<BeatModel> {
        &self.model
    }

    /// The state before anything was played.
    #[must_use]
    pub fn start(&self) -> SamplerState {
        SamplerState::new(self.model.config().units * self.model.config().layers)
    }

    /// Draws the next step and advances the state.
    pub fn draw(
        &mut self,
        state: &mut SamplerState,
        place: &Place,
        knobs: &Knobs,
        seed: u64,
        step: u64,
    ) -> Step {
        let model = Arc::clone(&self.model);
        let guided = self.hear(state, place, knobs);
        let uniform = |lane: usize, purpose| uniform(seed, step, lane as u64, purpose);
        let draws = Bent::draws(knobs, |lane| uniform(lane, Purpose::Hit));
        let free = guided.then_some((&mut self.free.chain, knobs.guidance));
        let mut chain = Bent::new(Weights::of(&model), &mut self.told.chain, free, knobs);
        let base = if knobs.locked == 0 && knobs.min_p <= 0.0 {
            chain.draw(&draws)
        } else {
            let locks = (knobs.locked, knobs.given_hits());
            self.joint.weigh(&mut chain, locks, knobs.min_p);
            self.joint.draw(&draws)
        };
        let played = density::turned(&mut chain, &base, &draws, knobs);
        let mut out = knobs.given;
        density::keep(&mut out, knobs.given_hits());
        let expression = |lane| [Purpose::Velocity, Purpose::Offset].map(|p| uniform(lane, p));
        self.express(
            base.hits,
            knobs.locked,
            &mut out,
            knobs.expression,
            expression,
        );
        state.record(&out);
        if played & !base.hits != 0 {
            self.express(played, base.hits, &mut out, knobs.expression, expression);
        }
        density::keep(&mut out, played);
        out
    }

    /// Draws velocity and micro-timing of a step's `hits`, but of the lanes that are `known`.
    fn express(
        &mut self,
        hits: u16,
        known: u16,
        step: &mut Step,
        temperature: f32,
        draws: impl Fn(usize) -> [f32; 2],
    ) {
        if hits & !known == 0 {
            return;
        }
        let head = &mut self.expression;
        head.begin(&self.model, &self.told.features, hits);
        for (lane, cell) in step.iter_mut().enumerate() {
            if hits >> lane & 1 == 0 {
            } else if known >> lane & 1 == 1 {
                head.hear(&self.model, lane, cell);
            } else {
                *cell = head.draw(&self.model, lane, temperature, draws(lane));
            }
        }
    }

    /// Advances the state as if `step` had been drawn: priming, and continuing from what was
    /// really played.
    pub fn force(&mut self, state: &mut SamplerState, place: &Place, step: &Step) {
        let knobs = Knobs::default();
        let place = &knobs.told(place, self.model.config());
        self.advance(state, place, &knobs);
        state.record(step);
    }

    /// Advances the state by the true `step` and tells how likely it was.
    pub fn score(&mut self, state: &mut SamplerState, place: &Place, step: &Step) -> Score {
        let knobs = Knobs {
            fullness: Fullness::Untold,
            ..Knobs::default()
        };
        let model = Arc::clone(&self.model);
        self.hear(state, place, &knobs);
        let truth = hits(step);
        let mut score = Score {
            probabilities: self.chances(truth),
            ..Score::default()
        };
        if truth != 0 {
            self.expression.begin(&model, &self.told.features, truth);
        }
        for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            score.hits += 1;
            let [velocity, offset, error] = self.expression.score(&model, lane, cell);
            score.velocity_bits[lane] = velocity;
            score.offset_bits[lane] = offset;
            // A 16th lasts a quarter of a quarter note.
            let sixteenth = 15_000.0 / f64::from(place.bpm.unwrap_or(120.0));
            score.offset_error_ms[lane] = error * sixteenth;
        }
        state.record(step);
        score
    }

    /// Runs the LSTM over the next input and begins the chain; also those that are not told
    /// the style, where guidance asks for them: gives whether it does.
    fn hear(&mut self, state: &mut SamplerState, place: &Place, knobs: &Knobs) -> bool {
        let model = Arc::clone(&self.model);
        let place = &knobs.told(place, model.config());
        let guided = knobs.guides(place.style, model.styles().len());
        if guided {
            state.let_follow();
            let nowhere = Place {
                style: None,
                ..*place
            };
            let past = state.past(&nowhere);
            self.free
                .take_in(&model, &nowhere, &past, &Knobs::default());
            self.free.run(&model, &mut self.scratch, &mut state.free);
            self.free
                .chain
                .begin(&Weights::of(&model), &self.free.features);
        }
        self.advance(state, place, knobs);
        self.told
            .chain
            .begin(&Weights::of(&model), &self.told.features);
        guided
    }

    /// Runs the LSTM over the next input.
    fn advance(&mut self, state: &mut SamplerState, place: &Place, knobs: &Knobs) {
        let past = state.past(place);
        self.told.take_in(&self.model, place, &past, knobs);
        self.told
            .run(&self.model, &mut self.scratch, &mut state.told);
    }
}
