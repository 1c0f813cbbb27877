//! Where each weight lies in the learner's one long list of numbers.
//!
//! Weights that are applied together lie together, so that they are one matrix of one product: all that the features
//! go into ([`WIDTH`] columns), and for each lane its own matrix to the mixture of velocity and to that of micro-timing
//! ([`MIX_STRIDE`] columns). What decays comes first, what does not behind it; between blocks, and in the last columns of these
//! matrices, are zeros that stay zero.

use super::super::config::{HEAD_WIDTH, MIX, ModelConfig};
use super::super::params::{HEADS, Head, PER_LAYER, Spec, specs};
use super::stack::Places;
use super::trainee::Listed;
use crate::beat::grid::LANES;
use std::ops::Range;

/// First column of the expression head's hidden layer among those of the features' matrix; before it is the chain's.
pub const EXPRESSION: usize = HEAD_WIDTH;
/// First column of the logits.
pub const LOGITS: usize = 2 * HEAD_WIDTH;
/// Columns of the features' matrix: chain, expression, logits, zeros.
pub const WIDTH: usize = (LOGITS + LANES).next_multiple_of(ALIGN);
/// Columns of a lane's mixture: its parameters, zeros.
pub const MIX_STRIDE: usize = MIX.next_multiple_of(ALIGN);
/// Blocks begin at multiples of this many numbers.
const ALIGN: usize = 16;

/// The blocks behind those of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// `[z, WIDTH]`: features to chain, expression and logits.
    Features,
    /// Its bias.
    FeaturesBias,
    /// `[LANES, HEAD_WIDTH]`, as in [`Head`].
    ChainHits,
    /// `[LANES, HEAD_WIDTH]`, as in [`Head`].
    ChainOut,
    /// `[LANES, LANES]`, as in [`Head`].
    LaneToLane,
    /// `[LANES, HEAD_WIDTH]`, as in [`Head`].
    ExpressionHits,
    /// `[LANES, HEAD_WIDTH]`, as in [`Head`].
    ExpressionVelocity,
    /// `[LANES, HEAD_WIDTH]`, as in [`Head`].
    ExpressionOffset,
    /// `[2, LANES, HEAD_WIDTH, MIX_STRIDE]`: hidden layer to a lane's mixtures, velocity first.
    Mix,
    /// `[2, LANES, MIX_STRIDE]`: their bias.
    MixBias,
}

const BLOCKS: usize = Block::MixBias as usize + 1;

/// Where one weight of the list of [`specs`] lies. Its columns come in groups of `group`: number (r, c) is at
/// `at + r * stride + c / group * jump + c % group`.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    rows: usize,
    columns: usize,
    stride: usize,
    group: usize,
    jump: usize,
}

impl Place {
    /// Runs of numbers: where in the weight, where in the list, how many.
    fn runs(self) -> impl Iterator<Item = (usize, usize, usize)> {
        (0..self.rows).flat_map(move |r| {
            (0..self.columns / self.group).map(move |g| {
                let here = r * self.columns + g * self.group;
                let there = self.at + r * self.stride + g * self.jump;
                (here, there, self.group)
            })
        })
    }
}

/// The layout of a model.
#[derive(Clone, Debug)]
pub struct Layout {
    blocks: Vec<Range<usize>>,
    places: Vec<Place>,
    layers: usize,
    /// How many numbers come first that decay.
    pub decaying: usize,
    /// How many numbers there are.
    pub len: usize,
}

impl Layout {
    /// The layout for a model; `decays` says of each weight whether it does.
    #[must_use]
    pub fn new(config: &ModelConfig, decays: &[bool]) -> Self {
        let list = specs(config);
        let layers = config.layers;
        let head = |h: Head| &list[h.index(layers)];
        let size = |s: &Spec| s.rows * s.columns;
        // Each block: its size, and the weight that says whether it decays.
        let mut wanted: Vec<(usize, usize)> = (0..layers * PER_LAYER)
            .map(|i| (size(&list[i]), i))
            .collect();
        let mut add = |size: usize, h: Head| wanted.push((size, h.index(layers)));
        add(head(Head::ChainIn).rows * WIDTH, Head::ChainIn);
        add(WIDTH, Head::ChainBias);
        for h in [
            Head::ChainHits,
            Head::ChainOut,
            Head::LaneToLane,
            Head::ExpressionHits,
            Head::ExpressionVelocity,
            Head::ExpressionOffset,
        ] {
            add(size(head(h)), h);
        }
        add(2 * LANES * HEAD_WIDTH * MIX_STRIDE, Head::VelocityOut);
        add(2 * LANES * MIX_STRIDE, Head::VelocityBias);

        let mut blocks = vec![0..0; layers * PER_LAYER + BLOCKS];
        let mut at = 0;
        let mut decaying = 0;
        for first in [true, false] {
            for (block, (size, weight)) in blocks.iter_mut().zip(&wanted) {
                if decays[*weight] == first {
                    *block = at..at + size;
                    at = block.end.next_multiple_of(ALIGN);
                }
            }
            if first {
                decaying = at;
            }
        }
        let start = |b: Block| blocks[layers * PER_LAYER + b as usize].start;
        let places = list
            .iter()
            .enumerate()
            .map(|(i, spec)| {
                let plain = |at: usize, stride: usize| Place {
                    at,
                    rows: spec.rows,
                    columns: spec.columns,
                    stride,
                    group: spec.columns,
                    jump: 0,
                };
                let mixed = |block: Block, which: usize, rows: usize| Place {
                    group: MIX,
                    jump: rows * MIX_STRIDE,
                    ..plain(start(block) + which * LANES * rows * MIX_STRIDE, MIX_STRIDE)
                };
                if i < layers * PER_LAYER {
                    return plain(blocks[i].start, spec.columns);
                }
                let features = |column: usize| plain(start(Block::Features) + column, WIDTH);
                let bias = |column: usize| plain(start(Block::FeaturesBias) + column, WIDTH);
                let whole = |b: Block| plain(start(b), spec.columns);
                match HEAD_LIST[i - layers * PER_LAYER] {
                    Head::ChainIn => features(0),
                    Head::ExpressionIn => features(EXPRESSION),
                    Head::Skip => features(LOGITS),
                    Head::ChainBias => bias(0),
                    Head::ExpressionBias => bias(EXPRESSION),
                    Head::HitBias => bias(LOGITS),
                    Head::ChainHits => whole(Block::ChainHits),
                    Head::ChainOut => whole(Block::ChainOut),
                    Head::LaneToLane => whole(Block::LaneToLane),
                    Head::ExpressionHits => whole(Block::ExpressionHits),
                    Head::ExpressionVelocity => whole(Block::ExpressionVelocity),
                    Head::ExpressionOffset => whole(Block::ExpressionOffset),
                    Head::VelocityOut => mixed(Block::Mix, 0, HEAD_WIDTH),
                    Head::OffsetOut => mixed(Block::Mix, 1, HEAD_WIDTH),
                    Head::VelocityBias => mixed(Block::MixBias, 0, 1),
                    Head::OffsetBias => mixed(Block::MixBias, 1, 1),
                }
            })
            .collect();
        Self {
            blocks,
            places,
            layers,
            decaying,
            len: at,
        }
    }

    /// Where a block lies.
    #[must_use]
    pub fn block(&self, block: Block) -> Range<usize> {
        self.blocks[self.layers * PER_LAYER + block as usize].clone()
    }
}

impl Listed for Layout {
    fn size(&self) -> usize {
        self.len
    }

    fn decaying(&self) -> usize {
        self.decaying
    }

    fn apart(&self, list: &[f32]) -> Vec<Vec<f32>> {
        self.places
            .iter()
            .map(|place| {
                let mut out = vec![0.0; place.rows * place.columns];
                for (here, there, n) in place.runs() {
                    out[here..here + n].copy_from_slice(&list[there..there + n]);
                }
                out
            })
            .collect()
    }

    fn join(&self, weights: &[Vec<f32>], list: &mut [f32]) {
        for (place, from) in self.places.iter().zip(weights) {
            for (here, there, n) in place.runs() {
                list[there..there + n].copy_from_slice(&from[here..here + n]);
            }
        }
    }
}

impl Places for Layout {
    fn layer(&self, layer: usize, i: usize) -> Range<usize> {
        self.blocks[layer * PER_LAYER + i].clone()
    }
}

/// The head weights in list order.
const HEAD_LIST: [Head; HEADS] = [
    Head::ChainIn,
    Head::ChainHits,
    Head::ChainBias,
    Head::ChainOut,
    Head::LaneToLane,
    Head::Skip,
    Head::HitBias,
    Head::ExpressionIn,
    Head::ExpressionHits,
    Head::ExpressionBias,
    Head::ExpressionVelocity,
    Head::ExpressionOffset,
    Head::VelocityOut,
    Head::VelocityBias,
    Head::OffsetOut,
    Head::OffsetBias,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BeatModel;

    #[test]
    fn every_weight_has_a_place_of_its_own_and_comes_back() {
        for (units, layers) in [(1, 2), (7, 1), (16, 3)] {
            let config = BeatModel::random(units, layers, 1).config().clone();
            let list = specs(&config);
            let decays: Vec<bool> = list.iter().map(|s| s.decays).collect();
            let layout = Layout::new(&config, &decays);
            let mut next = 0.0;
            let weights: Vec<Vec<f32>> = list
                .iter()
                .map(|s| {
                    (0..s.rows * s.columns)
                        .map(|_| {
                            next += 1.0;
                            next
                        })
                        .collect()
                })
                .collect();
            let mut joined = vec![0.0; layout.len];
            layout.join(&weights, &mut joined);
            assert_eq!(layout.apart(&joined), weights);
            let mut seen: Vec<f32> = joined.iter().copied().filter(|v| *v != 0.0).collect();
            assert_eq!(seen.len(), next as usize, "no two share a place");
            seen.sort_by(f32::total_cmp);
            assert_eq!(seen.last(), Some(&next));
            // What decays is in front.
            let mut flags: Vec<Vec<f32>> = weights.clone();
            for (w, d) in flags.iter_mut().zip(&decays) {
                w.fill(if *d { 1.0 } else { 2.0 });
            }
            layout.join(&flags, &mut joined);
            assert!(joined[..layout.decaying].iter().all(|v| *v <= 1.0));
            assert!(joined[layout.decaying..].iter().all(|v| *v != 1.0));
        }
        for (i, head) in HEAD_LIST.iter().enumerate() {
            assert_eq!(*head as usize, i);
        }
    }
}
