//! The two heads over the features: one product for everything the features go into, then [`super::chain`] and
//! [`super::expression`], then one product back.

use super::super::batch::Batch;
use super::super::learner::EXPRESSION_WEIGHT;
use super::super::lstm::kernel::{Engine, Loop, Packed, Rows, Sparse, Then, View};
use super::chain::{Chain, Partial, Weights};
use super::expression::{self, Expression};
use super::layout::{Block, Layout, WIDTH};
use super::part_rows;
use super::sums::add;

/// Mean losses of a batch, in nats a step.
#[derive(Clone, Copy, Debug)]
pub struct Losses {
    /// Hits.
    pub hits: f32,
    /// Velocity and micro-timing.
    pub expression: f32,
}

/// The heads' buffers.
#[derive(Debug, Default)]
pub struct Heads {
    rows: Vec<[f32; WIDTH]>,
    partials: Vec<Partial>,
    expression: Expression,
    packed: Packed,
    /// Scratch.
    sums: Packed,
}

impl Heads {
    /// The losses, given the top layer's output `top`, `[slots, units]`; the gradients of all head weights (set, in
    /// `gradient`) and of `top`.
    pub fn learn(
        &mut self,
        engine: &Engine,
        layout: &Layout,
        params: &[f32],
        (batch, x): (&Batch, &Sparse),
        top: &[f32],
        (gradient, d_top): (&mut [f32], &mut [f32]),
    ) -> Losses {
        let slots = batch.slots();
        let units = top.len() / slots.max(1);
        let count = batch.weights.iter().sum::<f32>().max(1.0);
        let of = |block: Block| &params[layout.block(block)];
        let (matrix, lower) = of(Block::Features).split_at(units * WIDTH);
        let top = View::new(top, slots, units);
        self.rows.resize(slots, [0.0; WIDTH]);
        let rows = &mut self.rows[..];
        engine.product_of(
            top,
            View::new(matrix, units, WIDTH),
            rows.as_flattened_mut(),
            Then::SetWithBias(of(Block::FeaturesBias)),
            &mut self.packed,
        );
        let weights = Weights {
            inputs: lower.as_chunks().0,
            chain_hits: of(Block::ChainHits).as_chunks().0,
            chain_out: of(Block::ChainOut).as_chunks().0,
            lane_to_lane: of(Block::LaneToLane).as_chunks().0,
            expression_hits: of(Block::ExpressionHits).as_chunks().0,
        };
        let each = part_rows(slots, WIDTH);
        let parts = slots.div_ceil(each);
        self.partials.resize(parts, Partial::ZERO);
        engine.share(
            parts,
            (Rows::new(rows, each), Rows::new(&mut self.partials, 1)),
            |i, (rows, partial)| {
                engine.run(Chain {
                    rows,
                    hits: &batch.hits[i * each..],
                    count: &batch.weights[i * each..],
                    inputs: (x, i * each),
                    model: weights,
                    share: 1.0 / count,
                    partial: &mut partial[0],
                });
            },
        );
        let hits = self.partials.iter().map(|p| p.loss).sum::<f64>();

        self.expression.list(batch);
        let own = expression::Weights {
            velocity: of(Block::ExpressionVelocity),
            offset: of(Block::ExpressionOffset),
            out: of(Block::Mix),
            bias: of(Block::MixBias),
        };
        let mixes = [layout.block(Block::Mix), layout.block(Block::MixBias)];
        let nats = match gradient.get_disjoint_mut(mixes) {
            Ok(d) => self.expression.learn(
                engine,
                (rows, &batch.hits),
                &own,
                d,
                EXPRESSION_WEIGHT as f32 / count,
            ),
            // Blocks do not overlap.
            Err(_) => f64::NAN,
        };
        let expression = &self.expression;
        engine.share(
            parts,
            (Rows::new(rows, each), Rows::new(&mut self.partials, 1)),
            |i, (rows, partial)| {
                engine.run(Spread {
                    expression,
                    first: i * each,
                    rows,
                    hits: &batch.hits[i * each..],
                    partial: &mut partial[0],
                });
            },
        );
        self.add_up(layout, gradient);

        let (d_matrix, d_lower) =
            gradient[layout.block(Block::Features)].split_at_mut(units * WIDTH);
        let d_rows = View::new(self.rows.as_flattened(), slots, WIDTH);
        self.packed.pack(engine, d_rows);
        engine.product(top.transposed(), &self.packed, d_matrix, Then::Set);
        engine.product_across(x, &self.packed, d_lower, &mut self.sums);
        engine.product_of(
            d_rows,
            View::new(matrix, units, WIDTH).transposed(),
            d_top,
            Then::Set,
            &mut self.packed,
        );
        let mean = |nats: f64| (nats / f64::from(count)) as f32;
        Losses {
            hits: mean(hits),
            expression: mean(nats),
        }
    }

    /// Adds up what the parts found, in their order.
    fn add_up(&self, layout: &Layout, gradient: &mut [f32]) {
        let mut set = |block: Block, of: fn(&Partial) -> &[f32]| {
            let sum = &mut gradient[layout.block(block)];
            sum.fill(0.0);
            for partial in &self.partials {
                add(sum, of(partial));
            }
        };
        set(Block::FeaturesBias, |p| &p.bias);
        set(Block::ChainHits, |p| p.chain_hits.as_flattened());
        set(Block::ChainOut, |p| p.chain_out.as_flattened());
        set(Block::LaneToLane, |p| p.lane_to_lane.as_flattened());
        set(Block::ExpressionHits, |p| p.expression_hits.as_flattened());
        set(Block::ExpressionVelocity, |p| p.velocity.as_flattened());
        set(Block::ExpressionOffset, |p| p.offset.as_flattened());
    }
}

/// [`Expression::spread`] over some slots.
struct Spread<'a> {
    expression: &'a Expression,
    first: usize,
    rows: &'a mut [[f32; WIDTH]],
    hits: &'a [u16],
    partial: &'a mut Partial,
}

impl Loop for Spread<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        self.expression
            .spread(self.first, self.rows, self.hits, self.partial);
    }
}
