//! The hit chain: nine logits, each given the true hits of the lanes before it; their loss and its gradient.
//!
//! The hidden layer changes only where a lane is hit, by one row of weights: nothing is multiplied by zeros.

use super::super::config::HEAD_WIDTH;
use super::super::lstm::kernel::{Loop, WIDE};
use super::layout::{EXPRESSION, LOGITS, WIDTH};
use super::sums::{Vector, add, exp_below_zero, relu, wide, wide_mut};
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
        bias: [0.0; WIDTH],
    };
}

/// The weights that depend on hits.
#[derive(Clone, Copy, Debug)]
pub struct ByHits<'a> {
    /// `[LANES, HEAD_WIDTH]`.
    pub chain_hits: &'a [Hidden],
    /// `[LANES, HEAD_WIDTH]`.
    pub chain_out: &'a [Hidden],
    /// `[LANES, LANES]`.
    pub lane_to_lane: &'a [[f32; LANES]],
    /// `[LANES, HEAD_WIDTH]`.
    pub expression_hits: &'a [Hidden],
}

/// Some slots: what the features gave becomes, column by column, the gradient of the loss; the expression columns
/// become that head's hidden layer where the slot has a hit, else 0.
pub struct Chain<'a> {
    /// `[slots, WIDTH]`.
    pub rows: &'a mut [[f32; WIDTH]],
    /// True hits.
    pub hits: &'a [u16],
    /// Weight of each slot.
    pub weights: &'a [f32],
    /// The model.
    pub by_hits: ByHits<'a>,
    /// One over the number of slots that count.
    pub share: f32,
    /// Set to what these slots add, but for expression and bias.
    pub partial: &'a mut Partial,
}

impl Loop for Chain<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let w = self.by_hits;
        *self.partial = Partial::ZERO;
        // The hidden layer as each lane sees it, behind the relu.
        let mut seen = [[0.0; HEAD_WIDTH]; LANES];
        for ((row, &hits), &weight) in self.rows.iter_mut().zip(self.hits).zip(self.weights) {
            if weight == 0.0 {
                row.fill(0.0);
                continue;
            }
            let hit = |lane: usize| hits >> lane & 1 == 1;
            let mut logits = [0.0; WIDE];
            logits.copy_from_slice(&row[LOGITS..]);
            let (hidden, rest) = row.split_at_mut(EXPRESSION);
            for lane in 0..LANES {
                let mut total = Vector::ZERO;
                for ((seen, h), out) in wide_mut(&mut seen[lane])
                    .iter_mut()
                    .zip(wide(hidden))
                    .zip(wide(&w.chain_out[lane]))
                {
                    let h = Vector(*h).map(relu);
                    *seen = h.0;
                    total = total + h * Vector(*out);
                }
                logits[lane] += total.total();
                if hit(lane) {
                    add(hidden, &w.chain_hits[lane]);
                    let later = logits.iter_mut().zip(&w.lane_to_lane[lane]);
                    for (logit, weight) in later.skip(lane + 1) {
                        *logit += weight;
                    }
                }
            }
            let (slope, loss) = loss_of(&logits, hits, weight * self.share);
            self.partial.loss += loss * f64::from(weight);

            // Backward, from the last lane to the first; `hidden` becomes the gradient.
            hidden.fill(0.0);
            for lane in (0..LANES).rev() {
                if hit(lane) {
                    add(&mut self.partial.chain_hits[lane], hidden);
                    let later = self.partial.lane_to_lane[lane].iter_mut().zip(&slope);
                    for (sum, slope) in later.skip(lane + 1) {
                        *sum += slope;
                    }
                }
                for (((d, to_out), seen), out) in wide_mut(hidden)
                    .iter_mut()
                    .zip(wide_mut(&mut self.partial.chain_out[lane]))
                    .zip(wide(&seen[lane]))
                    .zip(wide(&w.chain_out[lane]))
                {
                    let (seen, slope) = (Vector(*seen), Vector::all(slope[lane]));
                    *d = (Vector(*d) + seen.pass(slope * Vector(*out))).0;
                    *to_out = (Vector(*to_out) + slope * seen).0;
                }
            }
            let (expression, logits) = rest.split_at_mut(LOGITS - EXPRESSION);
            logits.copy_from_slice(&slope);
            if hits == 0 {
                expression.fill(0.0);
                continue;
            }
            for lane in (0..LANES).filter(|&lane| hit(lane)) {
                add(expression, &w.expression_hits[lane]);
            }
            for e in expression {
                *e = relu(*e);
            }
        }
    }
}

/// Gradient of each logit, times `share`, and the loss of the lanes in nats: -log p in the form that cannot overflow,
/// `max(x, 0) - x y + log(1 + exp(-|x|))`; the logarithms are taken of one product.
#[inline(always)]
fn loss_of(logits: &[f32; WIDE], hits: u16, share: f32) -> ([f32; WIDE], f64) {
    let mut slope = [0.0; WIDE];
    let mut loss = 0.0;
    let mut product = 1.0;
    for lane in 0..WIDE {
        let x = logits[lane];
        let small = exp_below_zero(-x.abs());
        let p = if x < 0.0 { small } else { 1.0 } / (1.0 + small);
        let truth = f32::from(hits >> lane & 1);
        slope[lane] = (p - truth) * share;
        if lane < LANES {
            product *= 1.0 + f64::from(small);
            loss += f64::from(relu(x) - x * truth);
        } else {
            slope[lane] = 0.0;
        }
    }
    (slope, loss + f64::ln(product))
}
