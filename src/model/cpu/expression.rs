//! Velocity and micro-timing: computed only where there is a hit.
//!
//! The hits of a batch are listed lane by lane and cut into blocks. A block gathers the hidden layer of its slots, tells it what
//! the lanes before were given, multiplies it with its lane's weights, and says back what follows for them: all while it is
//! close by, and by one thread, so that the threads meet once and not at every small product.
//!
//! With the true values known the chain over the lanes is linear: before lane j the hidden layer is that of the slot, plus for
//! each hit lane i before j its velocity times row i of one matrix and its micro-timing times row i of another.

use super::super::batch::Batch;
use super::super::config::{HEAD_WIDTH, MIX};
use super::super::encode::{offset_bin, velocity_bin};
use super::super::lstm::kernel::{Engine, Loop, Packed, Rows, Then, View};
use super::super::mixture;
use super::chain::{Hidden, Partial};
use super::layout::{EXPRESSION, LOGITS, MIX_STRIDE, WIDTH};
use super::sized;
use super::sums::{Vector, add, add_times, wide, wide_mut};
use crate::beat::grid::LANES;

/// Hits of a block, or more where there would be over [`BLOCKS`] of them.
const HITS: usize = 256;
/// About how many blocks there are at most.
const BLOCKS: usize = 128;

/// The parameters of one hit's mixture, or their gradient; zeros behind.
type Wide = [f32; MIX_STRIDE];

/// What is true of a hit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Truth {
    /// 0 to 1.
    velocity: f32,
    /// In steps.
    offset: f32,
    bins: [u8; 2],
}

/// The weights of the head behind its hidden layer, or their gradients.
#[derive(Debug)]
pub struct Weights<T> {
    /// `[LANES, HEAD_WIDTH]`: velocities already given.
    pub velocity: T,
    /// `[LANES, HEAD_WIDTH]`: micro-timings already given.
    pub offset: T,
    /// `[2, LANES, HEAD_WIDTH, MIX_STRIDE]`: to the mixtures of velocity, of micro-timing.
    pub out: T,
    /// `[2, LANES, MIX_STRIDE]`.
    pub bias: T,
}

/// The hits of a batch and what is computed for them; every buffer is reused.
#[derive(Debug, Default)]
pub struct Expression {
    /// Hits of a full block. Each lane begins with a new one.
    each: usize,
    blocks: Vec<Block>,
    /// Slot of each hit, block by block.
    slots: Vec<u32>,
    truths: Vec<Truth>,
    /// Where the hit of (slot, lane) is among these; only of hits.
    at: Vec<u32>,
    /// The gradient of each hit's hidden layer: before its velocity is known, and after it.
    hidden: Vec<[Hidden; 2]>,
}

/// Some hits of a lane, and what they add to the gradients of the lane's weights.
#[derive(Clone, Debug, Default)]
struct Block {
    lane: usize,
    hits: usize,
    seen: Vec<Hidden>,
    mixes: Vec<Wide>,
    back: Vec<Hidden>,
    /// Of velocity and of micro-timing.
    d_out: [Vec<f32>; 2],
    d_bias: [Wide; 2],
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
        let truths = sized(&mut self.truths, blocks * self.each);
        let at = sized(&mut self.at, batch.hits.len() * LANES);
        for (slot, bits) in batch.hits.iter().enumerate() {
            for lane in lanes(*bits) {
                let (i, place) = (next[lane], slot * LANES + lane);
                next[lane] += 1;
                slots[i] = slot as u32;
                let (velocity, offset) = (batch.velocities[place], batch.offsets[place]);
                truths[i] = Truth {
                    velocity: f32::from(velocity) / 127.0,
                    offset,
                    // There are 32 bins.
                    bins: [velocity_bin(velocity) as u8, offset_bin(offset) as u8],
                };
                at[place] = i as u32;
            }
        }
    }

    /// The loss, in nats, and its gradients, each times `share`: of `out` and `bias` (set) and, kept for [`Self::spread`], of the
    /// hidden layer. `rows` hold the hidden layer, `hits` say which lanes each slot has.
    pub fn learn(
        &mut self,
        engine: &Engine,
        (rows, hits): (&[[f32; WIDTH]], &[u16]),
        weights: &Weights<&[f32]>,
        [d_out, d_bias]: [&mut [f32]; 2],
        share: f32,
    ) -> f64 {
        let (each, slots, truths, at) = (self.each, &self.slots, &self.truths, &self.at);
        self.hidden.resize(slots.len(), [[0.0; HEAD_WIDTH]; 2]);
        let count = slots.len().div_ceil(each);
        let (velocity, offset) = (
            weights.velocity.as_chunks::<HEAD_WIDTH>().0,
            weights.offset.as_chunks::<HEAD_WIDTH>().0,
        );
        // The hidden layer of a hit before its own values.
        let gather = |hit: usize, lane: usize, hidden: &mut Hidden| {
            let slot = slots[hit] as usize;
            hidden.copy_from_slice(&rows[slot][EXPRESSION..LOGITS]);
            for before in lanes(hits[slot] & ((1 << lane) - 1)) {
                let truth = &truths[at[slot * LANES + before] as usize];
                add_times(hidden, &velocity[before], truth.velocity);
                add_times(hidden, &offset[before], truth.offset);
            }
        };
        engine.share(
            count,
            (
                Rows::new(&mut self.blocks, 1),
                Rows::new(&mut self.hidden, each),
            ),
            |i, (block, hidden)| {
                let block = &mut block[0];
                let lane = block.lane;
                block.learn(
                    engine,
                    &mut hidden[..block.hits],
                    |hit, hidden| gather(i * each + hit, lane, hidden),
                    &truths[i * each..],
                    (weights, &velocity[lane]),
                    share,
                );
            },
        );
        let blocks = &self.blocks;
        let matrix = HEAD_WIDTH * MIX_STRIDE;
        engine.share(
            2 * LANES,
            (Rows::new(d_out, matrix), Rows::new(d_bias, MIX_STRIDE)),
            |i, (d_out, d_bias)| {
                let (which, lane) = (i / LANES, i % LANES);
                d_out.fill(0.0);
                d_bias.fill(0.0);
                for block in blocks.iter().filter(|b| b.hits > 0 && b.lane == lane) {
                    add(d_out, &block.d_out[which]);
                    add(d_bias, &block.d_bias[which]);
                }
            },
        );
        let used = self.blocks.iter().filter(|block| block.hits > 0);
        used.map(|block| block.loss).sum()
    }

    /// Adds up the hidden layer's gradient, slot by slot, in the expression columns of `rows`; then everything these rows say
    /// about the weights that hits choose and about the bias. Slots from `first`.
    #[inline(always)]
    pub fn spread(
        &self,
        first: usize,
        rows: &mut [[f32; WIDTH]],
        hits: &[u16],
        partial: &mut Partial,
    ) {
        for (i, (row, &bits)) in rows.iter_mut().zip(hits).enumerate() {
            if bits != 0 {
                // From the last lane to the first: what a lane was given reaches all behind it.
                let mut d = [0.0; HEAD_WIDTH];
                for lane in (0..LANES).rev().filter(|lane| bits >> lane & 1 == 1) {
                    let at = self.at[(first + i) * LANES + lane] as usize;
                    let (truth, [before, after]) = (&self.truths[at], &self.hidden[at]);
                    add_times(&mut partial.offset[lane], &d, truth.offset);
                    add(&mut d, after);
                    add_times(&mut partial.velocity[lane], &d, truth.velocity);
                    add(&mut d, before);
                }
                row[EXPRESSION..LOGITS].copy_from_slice(&d);
                for lane in lanes(bits) {
                    add(&mut partial.expression_hits[lane], &d);
                }
            }
            add(&mut partial.bias, row);
        }
    }
}

/// The lanes of these bits, lowest first.
#[inline(always)]
fn lanes(bits: u16) -> impl Iterator<Item = usize> {
    let mut left = bits;
    std::iter::from_fn(move || {
        let lane = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (lane < LANES).then_some(lane)
    })
}

impl Block {
    /// What this block's hits say; `gather` gives the hidden layer of each before its own values, `hidden` takes the gradients.
    fn learn(
        &mut self,
        engine: &Engine,
        hidden: &mut [[Hidden; 2]],
        gather: impl Fn(usize, &mut Hidden),
        truths: &[Truth],
        (weights, own): (&Weights<&[f32]>, &Hidden),
        share: f32,
    ) {
        let hits = self.hits;
        let truths = &truths[..hits];
        self.loss = 0.0;
        for which in 0..2 {
            self.seen.resize(hits, [0.0; HEAD_WIDTH]);
            for (hit, seen) in self.seen.iter_mut().enumerate() {
                gather(hit, seen);
                if which == 1 {
                    add_times(seen, own, truths[hit].velocity);
                }
                for v in wide_mut(seen) {
                    *v = Vector(*v).pass(Vector(*v)).0;
                }
            }
            let place = which * LANES + self.lane;
            let matrix = HEAD_WIDTH * MIX_STRIDE;
            let out = &weights.out[place * matrix..(place + 1) * matrix];
            let out = View::new(out, HEAD_WIDTH, MIX_STRIDE);
            let bias = &weights.bias[place * MIX_STRIDE..(place + 1) * MIX_STRIDE];
            self.mixes.resize(hits, [0.0; MIX_STRIDE]);
            let flat = View::new(self.seen.as_flattened(), hits, HEAD_WIDTH);
            let mixes = self.mixes.as_flattened_mut();
            engine.product_of(flat, out, mixes, Then::SetWithBias(bias), &mut self.packed);
            self.loss += engine.run(Mixtures {
                mixes: &mut self.mixes,
                truths,
                which,
                share,
                d_bias: &mut self.d_bias[which],
            });
            let gradient = View::new(self.mixes.as_flattened(), hits, MIX_STRIDE);
            let d_out = sized(&mut self.d_out[which], matrix);
            engine.product_of(
                flat.transposed(),
                gradient,
                d_out,
                Then::Set,
                &mut self.packed,
            );
            self.back.resize(hits, [0.0; HEAD_WIDTH]);
            let back = self.back.as_flattened_mut();
            engine.product_of(
                gradient,
                out.transposed(),
                back,
                Then::Set,
                &mut self.packed,
            );
            for ((into, back), seen) in hidden.iter_mut().zip(&self.back).zip(&self.seen) {
                let into = wide_mut(&mut into[which]);
                for ((into, back), seen) in into.iter_mut().zip(wide(back)).zip(wide(seen)) {
                    *into = Vector(*seen).pass(Vector(*back)).0;
                }
            }
        }
    }
}

/// Parameters of some hits' mixtures become the gradient of their loss, times `share`, and are added up over the hits as that of
/// the bias (set); the loss, in nats, comes out.
struct Mixtures<'a> {
    mixes: &'a mut [Wide],
    truths: &'a [Truth],
    /// 0: velocity; 1: micro-timing.
    which: usize,
    share: f32,
    d_bias: &'a mut Wide,
}

impl Loop for Mixtures<'_> {
    type Out = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let mut loss = 0.0;
        self.d_bias.fill(0.0);
        for (wide, truth) in self.mixes.iter_mut().zip(self.truths) {
            let mut mix = [0.0; MIX];
            mix.copy_from_slice(&wide[..MIX]);
            let (nats, gradient) = mixture::learn(&mix, usize::from(truth.bins[self.which]));
            loss += f64::from(nats);
            *wide = [0.0; MIX_STRIDE];
            for (to, from) in wide.iter_mut().zip(gradient) {
                *to = from * self.share;
            }
            add(self.d_bias, wide);
        }
        loss
    }
}
