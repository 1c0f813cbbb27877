//! Velocity and micro-timing: computed only where there is a hit.
//!
//! The hits of a batch are listed lane by lane; the hidden layer of their slots is gathered in that order, so that
//! each lane is one product with its own weights.

use super::super::batch::Batch;
use super::super::config::{BINS, HEAD_WIDTH};
use super::super::lstm::kernel::{Engine, Loop, Packed, Rows, Then, View};
use super::chain::{Hidden, Partial};
use super::layout::{BOTH, EXPRESSION, LOGITS, WIDTH};
use super::sums::{Vector, add, exp_below_zero, largest, sum, wide_mut};
use super::{part_rows, sized};
use crate::beat::grid::LANES;

/// The bins' logits of one hit: velocity, micro-timing.
type Both = [f32; BOTH];

/// The hits of a batch and what is computed for them; every buffer is reused.
#[derive(Debug, Default)]
pub struct Expression {
    /// Where each lane begins in the list, and its end.
    starts: [usize; LANES + 1],
    /// Slot of each hit of the list.
    slots: Vec<u32>,
    /// Its true bins.
    bins: Vec<[u8; 2]>,
    /// Where the hit of (slot, lane) is in the list; only of hits.
    at: Vec<u32>,
    hidden: Vec<Hidden>,
    logits: Vec<Both>,
    losses: Vec<f64>,
    packed: Packed,
}

impl Expression {
    /// Lists the hits of a batch.
    pub fn list(&mut self, batch: &Batch) {
        let mut counts = [0usize; LANES];
        for bits in &batch.hits {
            for (lane, count) in counts.iter_mut().enumerate() {
                *count += usize::from(bits >> lane & 1);
            }
        }
        for (lane, count) in counts.into_iter().enumerate() {
            self.starts[lane + 1] = self.starts[lane] + count;
        }
        let total = self.starts[LANES];
        let slots = sized(&mut self.slots, total);
        let bins = sized(&mut self.bins, total);
        let at = sized(&mut self.at, batch.hits.len() * LANES);
        let mut next = self.starts;
        for (slot, bits) in batch.hits.iter().enumerate() {
            let mut left = *bits;
            while left != 0 {
                let lane = left.trailing_zeros() as usize;
                left &= left - 1;
                let (i, place) = (next[lane], slot * LANES + lane);
                next[lane] += 1;
                slots[i] = slot as u32;
                bins[i] = [batch.velocities[place], batch.offsets[place]];
                at[place] = i as u32;
            }
        }
    }

    /// The loss, in nats, and its gradients, each times `share`: of the weights (set) and, kept for
    /// [`Self::spread`], of the hidden layer. `rows` hold the hidden layer, `weights` are `[LANES, HEAD_WIDTH, BOTH]`.
    pub fn learn(
        &mut self,
        engine: &Engine,
        rows: &[[f32; WIDTH]],
        [weights, bias]: [&[f32]; 2],
        [d_weights, d_bias]: [&mut [f32]; 2],
        share: f32,
    ) -> f64 {
        let total = self.starts[LANES];
        let hidden = filled(&mut self.hidden, total, [0.0; HEAD_WIDTH]);
        let logits = filled(&mut self.logits, total, [0.0; BOTH]);
        let each = part_rows(total, HEAD_WIDTH);
        let slots = &self.slots;
        engine.share(
            total.div_ceil(each),
            Rows::new(hidden, each),
            |i, hidden| {
                for (h, slot) in hidden.iter_mut().zip(&slots[i * each..]) {
                    h.copy_from_slice(&rows[*slot as usize][EXPRESSION..LOGITS]);
                }
            },
        );
        let matrix = HEAD_WIDTH * BOTH;
        for lane in 0..LANES {
            let (from, to) = (self.starts[lane], self.starts[lane + 1]);
            if from < to {
                let lane_weights = &weights[lane * matrix..(lane + 1) * matrix];
                engine.product_of(
                    View::new(hidden[from..to].as_flattened(), to - from, HEAD_WIDTH),
                    View::new(lane_weights, HEAD_WIDTH, BOTH),
                    logits[from..to].as_flattened_mut(),
                    Then::SetWithBias(&bias[lane * BOTH..(lane + 1) * BOTH]),
                    &mut self.packed,
                );
            }
        }
        let losses = sized(&mut self.losses, total.div_ceil(each));
        let bins = &self.bins;
        engine.share(
            total.div_ceil(each),
            (Rows::new(logits, each), Rows::new(losses, 1)),
            |i, (logits, loss)| {
                loss[0] = engine.run(SoftMax {
                    logits,
                    bins: &bins[i * each..],
                    share,
                });
            },
        );
        let (starts, gradient) = (&self.starts, &*logits);
        engine.share(LANES, Rows::new(d_bias, BOTH), |lane, d_bias| {
            engine.run(Columns {
                rows: &gradient[starts[lane]..starts[lane + 1]],
                sums: d_bias,
            });
        });
        for lane in 0..LANES {
            let (from, to) = (starts[lane], starts[lane + 1]);
            let d_lane = &mut d_weights[lane * matrix..(lane + 1) * matrix];
            if from == to {
                d_lane.fill(0.0);
                continue;
            }
            let gradient = View::new(gradient[from..to].as_flattened(), to - from, BOTH);
            engine.product_of(
                View::new(hidden[from..to].as_flattened(), to - from, HEAD_WIDTH).transposed(),
                gradient,
                d_lane,
                Then::Set,
                &mut self.packed,
            );
            // The hidden layer is used up: its gradient takes its place.
            let lane_weights = &weights[lane * matrix..(lane + 1) * matrix];
            engine.product_of(
                gradient,
                View::new(lane_weights, HEAD_WIDTH, BOTH).transposed(),
                hidden[from..to].as_flattened_mut(),
                Then::Set,
                &mut self.packed,
            );
        }
        self.losses.iter().sum()
    }

    /// Adds up the hidden layer's gradient, slot by slot, in the expression columns of `rows`, where the hidden layer
    /// is; then everything these rows say about the weights that hits choose and about the bias. Slots from `first`.
    #[inline(always)]
    pub fn spread(
        &self,
        first: usize,
        rows: &mut [[f32; WIDTH]],
        hits: &[u16],
        partial: &mut Partial,
    ) {
        for (i, (row, &bits)) in rows.iter_mut().zip(hits).enumerate() {
            let lanes = || (0..LANES).filter(move |lane| bits >> lane & 1 == 1);
            if bits != 0 {
                let mut d = [0.0; HEAD_WIDTH];
                for lane in lanes() {
                    let at = self.at[(first + i) * LANES + lane] as usize;
                    add(&mut d, &self.hidden[at]);
                }
                for (e, d) in wide_mut(&mut row[EXPRESSION..LOGITS])
                    .iter_mut()
                    .zip(wide_mut(&mut d))
                {
                    *d = Vector(*e).pass(Vector(*d)).0;
                    *e = *d;
                }
                for lane in lanes() {
                    add(&mut partial.expression_hits[lane], &d);
                }
            }
            add(&mut partial.bias, row);
        }
    }
}

/// A list of so many rows; what is in them does not matter.
fn filled<T: Clone>(list: &mut Vec<T>, len: usize, with: T) -> &mut [T] {
    list.resize(len, with);
    list
}

/// Logits of some hits become the gradient of their loss, times `share`; the loss, in nats, comes out.
struct SoftMax<'a> {
    logits: &'a mut [Both],
    bins: &'a [[u8; 2]],
    share: f32,
}

impl Loop for SoftMax<'_> {
    type Out = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let mut loss = 0.0;
        for (both, truth) in self.logits.iter_mut().zip(self.bins) {
            for (logits, truth) in both.chunks_exact_mut(BINS).zip(truth) {
                let truth = usize::from(*truth) % BINS;
                let top = largest(logits);
                let of_truth = logits[truth] - top;
                for l in logits.iter_mut() {
                    *l = exp_below_zero(*l - top);
                }
                let total = sum(logits, |v| v);
                loss += f64::from(total).ln() - f64::from(of_truth);
                let to_gradient = self.share / total;
                for l in logits.iter_mut() {
                    *l *= to_gradient;
                }
                logits[truth] -= self.share;
            }
        }
        loss
    }
}

/// Sums of the columns.
struct Columns<'a> {
    rows: &'a [Both],
    sums: &'a mut [f32],
}

impl Loop for Columns<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        self.sums.fill(0.0);
        for row in self.rows {
            add(self.sums, row);
        }
    }
}
