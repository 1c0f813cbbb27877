//! The hit chain: nine logits, each given the true hits of the lanes before it; their loss and its gradient.
//!
//! The hidden layer changes only where a lane is hit, by one row of weights: nothing is multiplied by zeros.

use super::super::config::HEAD_WIDTH;
use super::super::lstm::kernel::{Loop, Sparse, WIDE};
use super::inputs::add_to;
use super::layout::{EXPRESSION, LOGITS, WIDTH};
use super::sums::{Vector, add, exp_below_zero, relu, wide};
use crate::beat::grid::LANES;

/// A row of the hidden layers.
pub type Hidden = [f32; HEAD_WIDTH];

/// What one part of the slots adds to the losses and to the gradients of the small weights.
#[derive(Clone, Debug)]
pub struct Partial {
    /// Loss of the hits, in nats.
    pub loss: f64,
    /// Gradient of [`super::layout::Block::ChainHits`].
    pub chain_hits: [Hidden; LANES],
    /// Of the chain's output weights.
    pub chain_out: [Hidden; LANES],
    /// Of the weights from lane to lane.
    pub lane_to_lane: [[f32; LANES]; LANES],
    /// Of the hits' weights in the expression head.
    pub expression_hits: [Hidden; LANES],
    /// Of the weights of velocities already given.
    pub velocity: [Hidden; LANES],
    /// Of the weights of micro-timings already given.
    pub offset: [Hidden; LANES],
    /// Of the bias of the features' matrix.
    pub bias: [f32; WIDTH],
}

impl Partial {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        loss: 0.0,
        chain_hits: [[0.0; HEAD_WIDTH]; LANES],
        chain_out: [[0.0; HEAD_WIDTH]; LANES],
        lane_to_lane: [[0.0; LANES]; LANES],
        expression_hits: [[0.0; HEAD_WIDTH]; LANES],
        velocity: [[0.0; HEAD_WIDTH]; LANES],
        offset: [[0.0; HEAD_WIDTH]; LANES],
        bias: [0.0; WIDTH],
    };
}

/// The weights that the chain's pass over the slots needs.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `[inputs, WIDTH]`: the features' matrix below the top layer's rows.
    pub inputs: &'a [[f32; WIDTH]],
    /// `[LANES, HEAD_WIDTH]`.
    pub chain_hits: &'a [Hidden],
    /// `[LANES, HEAD_WIDTH]`.
    pub chain_out: &'a [Hidden],
    /// `[LANES, LANES]`.
    pub lane_to_lane: &'a [[f32; LANES]],
    /// `[LANES, HEAD_WIDTH]`.
    pub expression_hits: &'a [Hidden],
}

/// Some slots: what the top layer gave is completed by the inputs and becomes, column by column, the gradient of the loss; the expression columns
/// become that head's hidden layer, before its relu, where the slot has a hit, else 0.
pub struct Chain<'a> {
    /// `[slots, WIDTH]`.
    pub rows: &'a mut [[f32; WIDTH]],
    /// True hits.
    pub hits: &'a [u16],
    /// Whether each slot counts: 1 or 0.
    pub count: &'a [f32],
    /// All inputs, and the first slot here.
    pub inputs: (&'a Sparse, usize),
    /// The model.
    pub model: Weights<'a>,
    /// One over the number of slots that count.
    pub share: f32,
    /// Set to what these slots add, but for expression and bias.
    pub partial: &'a mut Partial,
}

impl Loop for Chain<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let w = self.model;
        let (inputs, first) = self.inputs;
        *self.partial = Partial::ZERO;
        // The hidden layer as each lane sees it, behind the relu.
        let mut seen = [[0.0; HEAD_WIDTH]; LANES];
        for (i, ((row, &hits), &weight)) in self
            .rows
            .iter_mut()
            .zip(self.hits)
            .zip(self.count)
            .enumerate()
        {
            if weight == 0.0 {
                row.fill(0.0);
                continue;
            }
            add_to(row, inputs.row(first + i), w.inputs);
            let hit = |lane: usize| hits >> lane & 1 == 1;
            let (chain, rest) = row.split_at_mut(EXPRESSION);
            let (expression, to_logits) = rest.split_at_mut(LOGITS - EXPRESSION);
            let mut logits = [0.0; WIDE];
            logits.copy_from_slice(to_logits);
            let mut hidden = [0.0; HEAD_WIDTH];
            hidden.copy_from_slice(chain);
            for lane in 0..LANES {
                let seen = &mut seen[lane];
                for (seen, h) in seen.iter_mut().zip(&hidden) {
                    *seen = relu(*h);
                }
                logits[lane] += dot(seen, &w.chain_out[lane]);
                if hit(lane) {
                    add(&mut hidden, &w.chain_hits[lane]);
                    let later = logits.iter_mut().zip(&w.lane_to_lane[lane]);
                    for (logit, weight) in later.skip(lane + 1) {
                        *logit += weight;
                    }
                }
            }
            let (slope, loss) = loss_of(&logits, hits, weight * self.share);
            self.partial.loss += loss * f64::from(weight);

            // Backward, from the last lane to the first.
            let mut d = [0.0; HEAD_WIDTH];
            for lane in (0..LANES).rev() {
                if hit(lane) {
                    add(&mut self.partial.chain_hits[lane], &d);
                    let later = self.partial.lane_to_lane[lane].iter_mut().zip(&slope);
                    for (sum, slope) in later.skip(lane + 1) {
                        *sum += slope;
                    }
                }
                let (seen, slope) = (&seen[lane], slope[lane]);
                for ((d, seen), out) in d.iter_mut().zip(seen).zip(&w.chain_out[lane]) {
                    let back = slope * out;
                    *d += if *seen > 0.0 { back } else { 0.0 };
                }
                for (to_out, seen) in self.partial.chain_out[lane].iter_mut().zip(seen) {
                    *to_out += slope * seen;
                }
            }
            chain.copy_from_slice(&d);
            to_logits.copy_from_slice(&slope);
            if hits == 0 {
                expression.fill(0.0);
                continue;
            }
            for lane in (0..LANES).filter(|&lane| hit(lane)) {
                add(expression, &w.expression_hits[lane]);
            }
        }
    }
}

/// The sum of the products.
#[inline(always)]
fn dot(a: &Hidden, b: &Hidden) -> f32 {
    let mut total = Vector::ZERO;
    for (a, b) in wide(a).iter().zip(wide(b)) {
        total = total + Vector(*a) * Vector(*b);
    }
    total.total()
}

/// Gradient of each logit, times `share`, and the loss of the lanes in nats: -log p in the form that cannot overflow,
/// `max(x, 0) - x y + log(1 + exp(-|x|))`; the logarithms are taken of one product.
#[inline(always)]
fn loss_of(logits: &[f32; WIDE], hits: u16, share: f32) -> ([f32; WIDE], f64) {
    let (mut slope, mut small, mut linear) = ([0.0; WIDE], [0.0; WIDE], [0.0; WIDE]);
    for lane in 0..WIDE {
        let x = logits[lane];
        let truth = (u32::from(hits) >> lane & 1) as f32;
        let e = exp_below_zero(-x.abs());
        let above = if x < 0.0 { e } else { 1.0 };
        slope[lane] = (above / (1.0 + e) - truth) * share;
        small[lane] = e;
        linear[lane] = relu(x) - x * truth;
    }
    let (mut loss, mut product) = (0.0, 1.0);
    for lane in 0..LANES {
        loss += f64::from(linear[lane]);
        product *= 1.0 + f64::from(small[lane]);
    }
    slope[LANES..].fill(0.0);
    (slope, loss + f64::ln(product))
}
