//! The player's half of the model: one step at a time from plain slices.
//!
//! [`Sampler`] holds the scratch buffers, [`SamplerState`] everything the next step depends
//! on; after construction nothing allocates. Every draw is a function of (seed, step, lane,
//! purpose), so drawing a step again with other knobs moves no other draw.

use super::config::{BINS, HEAD_WIDTH};
use super::encode::{self, Past, Place, velocity_at};
use super::params::{Head, feature_width};
use super::slices::{add_product, bits_of, layer_norm, normalise, sigmoid};
use super::weights::BeatModel;
use crate::base::rng::{Purpose, uniform};
use crate::beat::grid::{Cell, LANES, Step, hits};
use std::sync::Arc;

/// Hits remembered, in steps: two of the longest bars.
const MEMORY: usize = 128;

/// How far density 1 shifts a lane's log-odds.
const DENSITY_LOGITS: f32 = 3.0;

/// What a performer turns, as the sampler sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// Of the hits: 0 (most likely) to 2.
    pub temperature: f32,
    /// Of velocity and micro-timing: 0 to 2.
    pub expression: f32,
    /// -1 to 1: shifts every lane's log-odds.
    pub density: f32,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            expression: 1.0,
            density: 0.0,
        }
    }
}

/// Everything the next step depends on. `clone_from` reuses the buffers.
#[derive(Debug, PartialEq)]
pub struct SamplerState {
    /// Hidden and cell values, layer by layer.
    hidden: Vec<f32>,
    cell: Vec<f32>,
    last: Step,
    /// Hits of the last [`MEMORY`] steps; step k is at `k % MEMORY`.
    memory: [u16; MEMORY],
    steps: u64,
}

impl Clone for SamplerState {
    fn clone(&self) -> Self {
        Self {
            hidden: self.hidden.clone(),
            cell: self.cell.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.hidden.clone_from(&source.hidden);
        self.cell.clone_from(&source.cell);
        self.last = source.last;
        self.memory = source.memory;
        self.steps = source.steps;
    }
}

impl SamplerState {
    /// Steps played or forced so far.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    fn ago(&self, steps: u16) -> u16 {
        match self.steps.checked_sub(u64::from(steps)) {
            Some(at) if usize::from(steps) <= MEMORY => self.memory[(at % MEMORY as u64) as usize],
            _ => 0,
        }
    }

    fn record(&mut self, step: &Step) {
        self.last = *step;
        self.memory[(self.steps % MEMORY as u64) as usize] = hits(step);
        self.steps += 1;
    }
}

/// The model's log-likelihood of one true step, in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Probability of a hit on each lane, given all before it and the true lanes before it.
    pub probabilities: [f32; LANES],
    /// Bits of the velocities of the hits.
    pub velocity_bits: f64,
    /// Bits of the micro-timings of the hits.
    pub offset_bits: f64,
    /// How many hits.
    pub hits: u32,
}

/// Runs a model step by step.
#[derive(Debug)]
pub struct Sampler {
    model: Arc<BeatModel>,
    /// Top output, then the input: what the heads see.
    features: Vec<f32>,
    /// Room for the LSTM's products.
    scratch: Vec<f32>,
    chain: Vec<f32>,
    expression: Vec<f32>,
    bins: [f32; BINS],
}

impl Sampler {
    /// A sampler for this model.
    #[must_use]
    pub fn new(model: Arc<BeatModel>) -> Self {
        let rooms = model.steppers().iter().map(|layer| layer.scratch_len(1));
        let scratch = rooms.max().unwrap_or(0);
        Self {
            features: vec![0.0; feature_width(model.config())],
            scratch: vec![0.0; scratch],
            chain: vec![0.0; HEAD_WIDTH],
            expression: vec![0.0; HEAD_WIDTH],
            bins: [0.0; BINS],
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
        let n = self.model.config().units * self.model.config().layers;
        SamplerState {
            hidden: vec![0.0; n],
            cell: vec![0.0; n],
            last: Step::default(),
            memory: [0; MEMORY],
            steps: 0,
        }
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
        self.advance(state, place, false);
        self.begin_chain();
        let mut decided = 0u16;
        for lane in 0..LANES {
            let logit = self.lane_logit(lane, decided) + knobs.density * DENSITY_LOGITS;
            let hit = if knobs.temperature <= 0.0 {
                logit > 0.0
            } else {
                uniform(seed, step, lane as u64, Purpose::Hit) < sigmoid(logit / knobs.temperature)
            };
            if hit {
                decided |= 1 << lane;
                self.decide(lane);
            }
        }
        self.begin_expression(decided);
        let mut out = Step::default();
        for (lane, cell) in out.iter_mut().enumerate() {
            if decided >> lane & 1 == 1 {
                let draw = |purpose| uniform(seed, step, lane as u64, purpose);
                let velocity = self.draw_bin(
                    Head::VelocityOut,
                    lane,
                    knobs.expression,
                    draw(Purpose::Velocity),
                );
                let offset = self.draw_bin(
                    Head::OffsetOut,
                    lane,
                    knobs.expression,
                    draw(Purpose::Offset),
                );
                *cell = Cell {
                    velocity: velocity_at(velocity),
                    offset: (offset - 0.5).clamp(-0.5, 0.499),
                };
            }
        }
        state.record(&out);
        out
    }

    /// Advances the state as if `step` had been drawn: priming, and continuing from what was
    /// really played.
    pub fn force(&mut self, state: &mut SamplerState, place: &Place, step: &Step) {
        self.advance(state, place, false);
        state.record(step);
    }

    /// Advances the state by the true `step` and tells how likely it was. `fill` as in the
    /// training data.
    pub fn score(
        &mut self,
        state: &mut SamplerState,
        place: &Place,
        step: &Step,
        fill: bool,
    ) -> Score {
        self.advance(state, place, fill);
        self.begin_chain();
        let truth = hits(step);
        let mut score = Score::default();
        for lane in 0..LANES {
            score.probabilities[lane] = sigmoid(self.lane_logit(lane, truth & ((1 << lane) - 1)));
            if truth >> lane & 1 == 1 {
                self.decide(lane);
            }
        }
        if truth != 0 {
            self.begin_expression(truth);
        }
        for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            score.hits += 1;
            self.fill_bins(Head::VelocityOut, lane);
            score.velocity_bits += bits_of(&self.bins, encode::velocity_bin(cell.velocity));
            self.fill_bins(Head::OffsetOut, lane);
            score.offset_bits += bits_of(&self.bins, encode::offset_bin(cell.offset));
        }
        state.record(step);
        score
    }

    /// Runs the LSTM stack over the next input; `features` then hold what the heads see.
    fn advance(&mut self, state: &mut SamplerState, place: &Place, fill: bool) {
        let model = Arc::clone(&self.model);
        let units = model.config().units;
        let past = Past {
            last: &state.last,
            bar_ago: state.ago(place.steps_per_bar),
            two_bars_ago: state.ago(place.steps_per_bar.saturating_mul(2)),
            first: state.steps == 0,
            fill,
        };
        encode::encode(place, &past, &mut self.features[units..]);
        for (layer, stepper) in model.steppers().iter().enumerate() {
            let [gain, shift] = layer_norm(model.weights(), layer);
            let hidden = &mut state.hidden[layer * units..(layer + 1) * units];
            let cell = &mut state.cell[layer * units..(layer + 1) * units];
            // The first layer reads the input, the others the normalised output below.
            let (below, x) = self.features.split_at(units);
            let x = if layer == 0 { x } else { below };
            stepper.step(&mut self.scratch, x, hidden, cell);
            normalise(hidden, gain, shift, &mut self.features[..units]);
        }
    }

    fn head(&self, head: Head) -> &[f32] {
        &self.model.weights()[head.index(self.model.config().layers)]
    }

    fn begin_chain(&mut self) {
        let model = Arc::clone(&self.model);
        let at = |head: Head| model.weights()[head.index(model.config().layers)].as_slice();
        self.chain.copy_from_slice(at(Head::ChainBias));
        add_product(&self.features, at(Head::ChainIn), &mut self.chain);
    }

    /// Log-odds of a hit on `lane`, given the lanes before it that were hit.
    fn lane_logit(&self, lane: usize, decided: u16) -> f32 {
        let out = &self.head(Head::ChainOut)[lane * HEAD_WIDTH..(lane + 1) * HEAD_WIDTH];
        let mut logit = self.head(Head::HitBias)[lane];
        logit += self
            .chain
            .iter()
            .zip(out)
            .map(|(h, w)| h.max(0.0) * w)
            .sum::<f32>();
        let skip = self.head(Head::Skip);
        logit += self
            .features
            .iter()
            .enumerate()
            .map(|(i, z)| z * skip[i * LANES + lane])
            .sum::<f32>();
        let lanes = self.head(Head::LaneToLane);
        for before in 0..lane {
            if decided >> before & 1 == 1 {
                logit += lanes[before * LANES + lane];
            }
        }
        logit
    }

    /// Tells the chain that `lane` is hit.
    fn decide(&mut self, lane: usize) {
        let model = Arc::clone(&self.model);
        let weights = &model.weights()[Head::ChainHits.index(model.config().layers)];
        let row = &weights[lane * HEAD_WIDTH..(lane + 1) * HEAD_WIDTH];
        self.chain.iter_mut().zip(row).for_each(|(h, w)| *h += w);
    }

    fn begin_expression(&mut self, decided: u16) {
        let model = Arc::clone(&self.model);
        let at = |head: Head| model.weights()[head.index(model.config().layers)].as_slice();
        self.expression.copy_from_slice(at(Head::ExpressionBias));
        add_product(&self.features, at(Head::ExpressionIn), &mut self.expression);
        for lane in (0..LANES).filter(|lane| decided >> lane & 1 == 1) {
            let row = &at(Head::ExpressionHits)[lane * HEAD_WIDTH..(lane + 1) * HEAD_WIDTH];
            self.expression
                .iter_mut()
                .zip(row)
                .for_each(|(h, w)| *h += w);
        }
        self.expression.iter_mut().for_each(|h| *h = h.max(0.0));
    }

    /// Logits of a lane's velocity or micro-timing bins.
    fn fill_bins(&mut self, out: Head, lane: usize) {
        let bias = match out {
            Head::VelocityOut => Head::VelocityBias,
            _ => Head::OffsetBias,
        };
        let columns = LANES * BINS;
        let mut bins = [0.0; BINS];
        bins.copy_from_slice(&self.head(bias)[lane * BINS..(lane + 1) * BINS]);
        let weights = self.head(out);
        for (i, &h) in self.expression.iter().enumerate() {
            if h > 0.0 {
                let row = &weights[i * columns + lane * BINS..][..BINS];
                bins.iter_mut().zip(row).for_each(|(b, w)| *b += h * w);
            }
        }
        self.bins = bins;
    }

    /// Draws a point of the unit interval from a lane's bins: the bin by inverse transform, the
    /// point in it by what is left of the draw. At temperature 0, the middle of the likeliest bin.
    fn draw_bin(&mut self, out: Head, lane: usize, temperature: f32, draw: f32) -> f32 {
        self.fill_bins(out, lane);
        let best = (0..BINS).fold(0, |a, b| if self.bins[b] > self.bins[a] { b } else { a });
        if temperature <= 0.0 {
            return (best as f32 + 0.5) / BINS as f32;
        }
        let top = self.bins[best];
        let mut total = 0.0;
        for bin in &mut self.bins {
            *bin = ((*bin - top) / temperature).exp();
            total += *bin;
        }
        let mut left = draw * total;
        for (i, &p) in self.bins.iter().enumerate() {
            if left < p {
                return (i as f32 + left / p) / BINS as f32;
            }
            left -= p;
        }
        (best as f32 + 0.5) / BINS as f32
    }
}
