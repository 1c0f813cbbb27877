//! Velocity and micro-timing: computed only where there is a hit.
//!
//! The hits of a batch are listed lane by lane and cut into blocks. A block gathers the hidden layer of its slots,
//! multiplies it with its lane's weights, and says back what follows for them: all while it is close by, and by one
//! thread, so that the threads meet once and not at every small product.

use super::super::batch::Batch;
use super::super::config::{BINS, HEAD_WIDTH};
use super::super::lstm::kernel::{Engine, Loop, Packed, Rows, Then, View};
use super::chain::{Hidden, Partial};
use super::layout::{BOTH, EXPRESSION, LOGITS, WIDTH};
use super::sized;
use super::sums::{Vector, add, exp_below_zero, largest, sum, wide_mut};
use crate::beat::grid::LANES;

/// Hits of a block, or more where there would be over [`BLOCKS`] of them.
const HITS: usize = 256;
/// About how many blocks there are at most.
const BLOCKS: usize = 128;

/// The bins' logits of one hit: velocity, micro-timing.
type Both = [f32; BOTH];

/// The hits of a batch and what is computed for them; every buffer is reused.
#[derive(Debug, Default)]
pub struct Expression {
    /// Hits of a full block. Each lane begins with a new one.
    each: usize,
    blocks: Vec<Block>,
    /// Slot of each hit, block by block.
    slots: Vec<u32>,
    /// Its true bins.
    bins: Vec<[u8; 2]>,
    /// Where the hit of (slot, lane) is among these; only of hits.
    at: Vec<u32>,
    /// The hidden layer of each hit, then its gradient.
    hidden: Vec<Hidden>,
}

/// Some hits of a lane, and what they add to the gradients of the lane's weights.
#[derive(Clone, Debug, Default)]
struct Block {
    lane: usize,
    hits: usize,
    logits: Vec<Both>,
    d_weights: Vec<f32>,
    d_bias: Vec<f32>,
    loss: f64,
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
        self.each = HITS.max(counts.iter().sum::<usize>().div_ceil(BLOCKS));
        let blocks = counts.iter().map(|n| n.div_ceil(self.each)).sum();
        if self.blocks.len() < blocks {
            self.blocks.resize(blocks, Block::default());
        }
        // Those that this batch does not need stay, with their buffers, and have no hits.
        self.blocks.iter_mut().for_each(|block| block.hits = 0);
        let mut next = [0; LANES];
        let mut free = self.blocks.iter_mut().enumerate();
        for (lane, count) in counts.into_iter().enumerate() {
            let full = (0..count.div_ceil(self.each)).zip(&mut free);
            for (i, (number, block)) in full {
                if i == 0 {
                    next[lane] = number * self.each;
                }
                (block.lane, block.hits) = (lane, self.each.min(count - i * self.each));
            }
        }
        let slots = sized(&mut self.slots, blocks * self.each);
        let bins = sized(&mut self.bins, blocks * self.each);
        let at = sized(&mut self.at, batch.hits.len() * LANES);
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
        let (each, slots, bins) = (self.each, &self.slots, &self.bins);
        self.hidden.resize(slots.len(), [0.0; HEAD_WIDTH]);
        let matrix = HEAD_WIDTH * BOTH;
        let count = slots.len().div_ceil(each);
        engine.share(
            count,
            (
                Rows::new(&mut self.blocks, 1),
                Rows::new(&mut self.hidden, each),
            ),
            |i, (block, hidden)| {
                let block = &mut block[0];
                let of = block.lane..block.lane + 1;
                block.learn(
                    engine,
                    &mut hidden[..block.hits],
                    |hit| &rows[slots[i * each + hit] as usize],
                    &bins[i * each..],
                    [
                        &weights[of.start * matrix..of.end * matrix],
                        &bias[of.start * BOTH..of.end * BOTH],
                    ],
                    share,
                );
            },
        );
        let blocks = &self.blocks;
        engine.share(
            LANES,
            (Rows::new(d_weights, matrix), Rows::new(d_bias, BOTH)),
            |lane, (d_weights, d_bias)| {
                d_weights.fill(0.0);
                d_bias.fill(0.0);
                for block in blocks.iter().filter(|b| b.hits > 0 && b.lane == lane) {
                    add(d_weights, &block.d_weights);
                    add(d_bias, &block.d_bias);
                }
            },
        );
        let used = self.blocks.iter().filter(|block| block.hits > 0);
        used.map(|block| block.loss).sum()
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

impl Block {
    /// What this block's hits say; `row` gives the row of each hit's slot, `hidden` takes their hidden layer's gradient.
    fn learn<'a>(
        &mut self,
        engine: &Engine,
        hidden: &mut [Hidden],
        row: impl Fn(usize) -> &'a [f32; WIDTH],
        bins: &[[u8; 2]],
        [weights, bias]: [&[f32]; 2],
        share: f32,
    ) {
        for (hit, hidden) in hidden.iter_mut().enumerate() {
            hidden.copy_from_slice(&row(hit)[EXPRESSION..LOGITS]);
        }
        self.logits.resize(self.hits, [0.0; BOTH]);
        let weights = View::new(weights, HEAD_WIDTH, BOTH);
        let flat = View::new(hidden.as_flattened(), self.hits, HEAD_WIDTH);
        engine.product_of(
            flat,
            weights,
            self.logits.as_flattened_mut(),
            Then::SetWithBias(bias),
            &mut self.packed,
        );
        let d_bias = sized(&mut self.d_bias, BOTH);
        self.loss = engine.run(SoftMax {
            logits: &mut self.logits,
            bins,
            share,
            d_bias,
        });
        let gradient = View::new(self.logits.as_flattened(), self.hits, BOTH);
        engine.product_of(
            flat.transposed(),
            gradient,
            sized(&mut self.d_weights, HEAD_WIDTH * BOTH),
            Then::Set,
            &mut self.packed,
        );
        // The hidden layer is used up: its gradient takes its place.
        engine.product_of(
            gradient,
            weights.transposed(),
            hidden.as_flattened_mut(),
            Then::Set,
            &mut self.packed,
        );
    }
}

/// Logits of some hits become the gradient of their loss, times `share`, and are added up over the hits as that of the
/// bias (set); the loss, in nats, comes out.
struct SoftMax<'a> {
    logits: &'a mut [Both],
    bins: &'a [[u8; 2]],
    share: f32,
    d_bias: &'a mut [f32],
}

impl Loop for SoftMax<'_> {
    type Out = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let mut loss = 0.0;
        self.d_bias.fill(0.0);
        for (both, truth) in self.logits.iter_mut().zip(self.bins) {
            // The logarithms of both sums are taken of their product.
            let mut product = 1.0;
            for (logits, truth) in both.chunks_exact_mut(BINS).zip(truth) {
                let truth = usize::from(*truth) % BINS;
                let top = largest(logits);
                loss -= f64::from(logits[truth] - top);
                for l in logits.iter_mut() {
                    *l = exp_below_zero(*l - top);
                }
                let total = sum(logits, |v| v);
                product *= f64::from(total);
                let to_gradient = self.share / total;
                for l in logits.iter_mut() {
                    *l *= to_gradient;
                }
                logits[truth] -= self.share;
            }
            loss += f64::ln(product);
            add(self.d_bias, both);
        }
        loss
    }
}
