//! [`Chain`]: the log-odds of each lane's hit given the lanes before it (NADE; Larochelle and
//! Murray 2011), and [`Bent`], the same under temperature and guidance.

use super::super::config::HEAD_WIDTH;
use super::super::params::Head;
use super::super::slices::{add_product, sigmoid};
use super::super::weights::BeatModel;
use super::knobs::Knobs;
use crate::beat::grid::LANES;

/// The chain's weights; shapes are told in [`Head`].
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    input: &'a [f32],
    hits: &'a [f32],
    bias: &'a [f32],
    out: &'a [f32],
    lane_to_lane: &'a [f32],
    skip: &'a [f32],
    hit_bias: &'a [f32],
}

impl<'a> Weights<'a> {
    pub(super) fn of(model: &'a BeatModel) -> Self {
        let at = |head: Head| model.weights()[head.index(model.config().layers)].as_slice();
        Self {
            input: at(Head::ChainIn),
            hits: at(Head::ChainHits),
            bias: at(Head::ChainBias),
            out: at(Head::ChainOut),
            lane_to_lane: at(Head::LaneToLane),
            skip: at(Head::Skip),
            hit_bias: at(Head::HitBias),
        }
    }
}

/// Rows of the hidden layer: one for each number of hits so far, and as many again for a walk
/// that leaves another behind.
const ROWS: usize = 2 * (LANES + 1);

/// The first row of such a walk.
pub(super) const ASIDE: usize = LANES + 1;

/// The hidden layer of the chain for one step, before its ReLU.
#[derive(Debug)]
pub(super) struct Chain {
    /// `[ROWS, HEAD_WIDTH]`; row 0 is before any hit.
    rows: Vec<f32>,
    /// What the features add to each lane's log-odds.
    skips: [f32; LANES],
}

impl Chain {
    pub(super) fn new() -> Self {
        Self {
            rows: vec![0.0; ROWS * HEAD_WIDTH],
            skips: [0.0; LANES],
        }
    }

    /// Begins a step.
    pub(super) fn begin(&mut self, weights: &Weights<'_>, features: &[f32]) {
        let first = &mut self.rows[..HEAD_WIDTH];
        first.copy_from_slice(weights.bias);
        add_product(features, weights.input, first);
        self.skips = [0.0; LANES];
        add_product(features, weights.skip, &mut self.skips);
    }

    /// Log-odds of a hit on `lane`, given the lanes before it that were hit: their bits, and
    /// the row that was told of them.
    pub(super) fn logit(
        &self,
        weights: &Weights<'_>,
        row: usize,
        lane: usize,
        decided: u16,
    ) -> f32 {
        let hidden = &self.rows[row * HEAD_WIDTH..(row + 1) * HEAD_WIDTH];
        let out = &weights.out[lane * HEAD_WIDTH..(lane + 1) * HEAD_WIDTH];
        let mut logit = weights.hit_bias[lane];
        logit += hidden
            .iter()
            .zip(out)
            .map(|(h, w)| h.max(0.0) * w)
            .sum::<f32>();
        logit += self.skips[lane];
        for before in 0..lane {
            if decided >> before & 1 == 1 {
                logit += weights.lane_to_lane[before * LANES + lane];
            }
        }
        logit
    }

    /// Writes into row `to` what row `from` becomes when `lane` is hit.
    pub(super) fn hit(&mut self, weights: &Weights<'_>, from: usize, to: usize, lane: usize) {
        let told = &weights.hits[lane * HEAD_WIDTH..(lane + 1) * HEAD_WIDTH];
        let [from, to] = [from, to].map(|row| row * HEAD_WIDTH);
        let (low, high) = self.rows.split_at_mut(to);
        for ((after, before), w) in high.iter_mut().zip(&low[from..from + HEAD_WIDTH]).zip(told) {
            *after = before + w;
        }
    }
}

/// The lowest temperature that divides; below it the draw itself is replaced, see
/// [`Bent::draws`].
const COOLEST: f32 = 0.005;

/// A step's hits and how likely each lane's was given those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    /// As bits, lane 0 lowest.
    pub(super) hits: u16,
    /// Probability of a hit, lane by lane.
    pub(super) chances: [f64; LANES],
}

/// The chain under temperature and guidance.
pub(super) struct Bent<'a> {
    weights: Weights<'a>,
    told: &'a mut Chain,
    /// The chain that is not told the style, and how far from it to go towards the one that
    /// is (and beyond).
    free: Option<(&'a mut Chain, f32)>,
    temperature: [f32; LANES],
}

impl<'a> Bent<'a> {
    pub(super) fn new(
        weights: Weights<'a>,
        told: &'a mut Chain,
        free: Option<(&'a mut Chain, f32)>,
        knobs: &Knobs,
    ) -> Self {
        Self {
            weights,
            told,
            free,
            temperature: std::array::from_fn(|lane| knobs.temperature_of(lane).max(COOLEST)),
        }
    }

    /// The uniform draws as the temperatures want them: at 0 nothing is left to chance, and
    /// what is likelier than not is played.
    pub(super) fn draws(knobs: &Knobs, uniform: impl Fn(usize) -> f32) -> [f32; LANES] {
        std::array::from_fn(|lane| {
            if knobs.temperature_of(lane) <= 0.0 {
                0.5
            } else {
                uniform(lane)
            }
        })
    }

    /// Log-odds of a hit on `lane`; see [`Chain::logit`].
    pub(super) fn logit(&self, row: usize, lane: usize, decided: u16) -> f32 {
        let mut logit = self.told.logit(&self.weights, row, lane, decided);
        if let Some((free, guidance)) = &self.free {
            let without = free.logit(&self.weights, row, lane, decided);
            logit = without + guidance * (logit - without);
        }
        logit / self.temperature[lane]
    }

    /// See [`Chain::hit`].
    pub(super) fn hit(&mut self, from: usize, to: usize, lane: usize) {
        self.told.hit(&self.weights, from, to, lane);
        if let Some((free, _)) = &mut self.free {
            free.hit(&self.weights, from, to, lane);
        }
    }

    /// The temperature that divides a lane's log-odds.
    pub(super) const fn temperature(&self, lane: usize) -> f32 {
        self.temperature[lane]
    }

    /// Draws lane after lane.
    pub(super) fn draw(&mut self, draws: &[f32; LANES]) -> Drawn {
        let mut drawn = Drawn {
            hits: 0,
            chances: [0.0; LANES],
        };
        let mut row = 0;
        for (lane, draw) in draws.iter().enumerate() {
            let chance = sigmoid(self.logit(row, lane, drawn.hits));
            drawn.chances[lane] = f64::from(chance);
            if *draw < chance {
                drawn.hits |= 1 << lane;
                self.hit(row, row + 1, lane);
                row += 1;
            }
        }
        drawn
    }
}
