//! [`Joint`]: the probability of every whole step, for what the chain alone cannot do: cutting
//! unlikely steps (min-p; Nguyen and others 2024, there over the words of a text) and drawing
//! some lanes given any others.
//!
//! The steps are the leaves of a tree of nine forks. A walk down the likelier side first fills
//! them with their log-probabilities, passing over what the locked lanes rule out and what is
//! already below the cut. A draw then goes down the tree with the lanes' own uniform draws, by
//! the share of what is left on each side. Where nothing is ruled out or cut, these shares are
//! the chain's own probabilities: the same draws give the same step, and a cut that grows
//! changes it only where it must.

use super::chain::{Bent, Drawn};
use crate::beat::grid::LANES;

/// Nodes of the tree, from 1; the children of node n are 2n (a rest) and 2n + 1 (a hit).
const NODES: usize = 2 << LANES;

/// The weight of every step.
#[derive(Debug)]
pub(super) struct Joint {
    /// Leaves: natural logarithms while walked, then weights; the likeliest step weighs 1.
    /// Forks: the sums of what is below them.
    tree: Vec<f64>,
    /// The likeliest leaf so far.
    best: f64,
    /// How far below the likeliest a step may be.
    cut: f64,
    locked: u16,
    given: u16,
}

impl Joint {
    pub(super) fn new() -> Self {
        Self {
            tree: vec![0.0; NODES],
            best: f64::NEG_INFINITY,
            cut: f64::NEG_INFINITY,
            locked: 0,
            given: 0,
        }
    }

    /// Weighs all steps in which the lanes `locked` have the hits `given` and that are at least
    /// `min_p` times as likely as the likeliest of these.
    pub(super) fn weigh(&mut self, chain: &mut Bent<'_>, (locked, given): (u16, u16), min_p: f32) {
        let (forks, leaves) = self.tree.split_at_mut(NODES / 2);
        forks.fill(0.0);
        leaves.fill(f64::NEG_INFINITY);
        self.best = f64::NEG_INFINITY;
        self.cut = f64::from(min_p.clamp(0.0, 1.0)).ln();
        self.locked = locked;
        self.given = given;
        self.walk(chain, 0, 1, 0, 0.0);
        let (best, least) = (self.best, self.best + self.cut);
        for leaf in &mut self.tree[NODES / 2..] {
            *leaf = if *leaf >= least && leaf.is_finite() {
                (*leaf - best).exp()
            } else {
                0.0
            };
        }
        for fork in (1..NODES / 2).rev() {
            self.tree[fork] = self.tree[2 * fork] + self.tree[2 * fork + 1];
        }
    }

    /// Goes on from a node: `log` is the logarithm of the probability of the lanes decided.
    fn walk(&mut self, chain: &mut Bent<'_>, lane: usize, node: usize, decided: u16, log: f64) {
        // No step below is likelier than what is decided of it.
        if log < self.best + self.cut {
            return;
        }
        if lane == LANES {
            self.tree[node] = log;
            self.best = self.best.max(log);
            return;
        }
        let row = decided.count_ones() as usize;
        let logit = f64::from(chain.logit(row, lane, decided));
        for hit in [logit > 0.0, logit <= 0.0] {
            let bit = u16::from(hit) << lane;
            if self.locked >> lane & 1 == 1 && self.given & 1 << lane != bit {
                continue;
            }
            let log = log + log_sigmoid(if hit { logit } else { -logit });
            if hit {
                chain.hit(row, row + 1, lane);
            }
            let child = 2 * node + usize::from(hit);
            self.walk(chain, lane + 1, child, decided | bit, log);
        }
    }

    /// Draws a step.
    pub(super) fn draw(&self, draws: &[f32; LANES]) -> Drawn {
        let mut drawn = Drawn {
            hits: 0,
            chances: [0.0; LANES],
        };
        let mut node = 1;
        for (lane, draw) in draws.iter().enumerate() {
            let chance = self.tree[2 * node + 1] / self.tree[node];
            let hit = f64::from(*draw) < chance;
            drawn.chances[lane] = chance;
            drawn.hits |= u16::from(hit) << lane;
            node = 2 * node + usize::from(hit);
        }
        drawn
    }
}

/// The logarithm of the logistic function.
pub(super) fn log_sigmoid(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}
