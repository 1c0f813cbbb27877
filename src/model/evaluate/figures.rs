//! Sums over scored steps, and the figures made of them: for all files, a style, a drummer, a lane.

use super::hit_bits;
use crate::beat::grid::{LANES, Step};
use crate::beat::lane::Lane;
use crate::model::sample::Score;
use serde::Serialize;

/// The sums of some scored steps, lane by lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    steps: u64,
    hits: [u64; LANES],
    /// Bits of hits and rests.
    bits: [f64; LANES],
    velocity_bits: [f64; LANES],
    offset_bits: [f64; LANES],
    offset_error_ms: [f64; LANES],
}

impl Tally {
    /// Counts a step with what a predictor made of it.
    pub fn count(&mut self, score: &Score, step: &Step) {
        self.steps += 1;
        let bits = hit_bits(&score.probabilities, step);
        for (lane, cell) in step.iter().enumerate() {
            self.bits[lane] += bits[lane];
            if cell.velocity > 0 {
                self.hits[lane] += 1;
                self.velocity_bits[lane] += score.velocity_bits[lane];
                self.offset_bits[lane] += score.offset_bits[lane];
                self.offset_error_ms[lane] += score.offset_error_ms[lane];
            }
        }
    }

    /// Takes in the sums of other steps.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        for lane in 0..LANES {
            self.hits[lane] += other.hits[lane];
            self.bits[lane] += other.bits[lane];
            self.velocity_bits[lane] += other.velocity_bits[lane];
            self.offset_bits[lane] += other.offset_bits[lane];
            self.offset_error_ms[lane] += other.offset_error_ms[lane];
        }
    }

    /// The figures of all lanes together.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let hits: u64 = self.hits.iter().sum();
        let bits: f64 = self.bits.iter().sum();
        let a_hit = |sums: &[f64; LANES]| sums.iter().sum::<f64>() / hits.max(1) as f64;
        Figures {
            steps: self.steps,
            hits,
            bits_per_step: bits / self.steps.max(1) as f64,
            bits_per_hit: bits / hits.max(1) as f64,
            velocity_bits_per_hit: a_hit(&self.velocity_bits),
            offset_bits_per_hit: a_hit(&self.offset_bits),
            offset_mae_ms: a_hit(&self.offset_error_ms),
        }
    }

    /// Bits a step of each lane.
    #[must_use]
    pub fn bits_per_lane(&self) -> [f64; LANES] {
        self.bits.map(|bits| bits / self.steps.max(1) as f64)
    }

    /// The figures of each lane.
    #[must_use]
    pub fn lanes(&self) -> Vec<LaneFigures> {
        let one = |lane: Lane| {
            let i = lane.index();
            let mut alone = Self {
                steps: self.steps,
                ..Self::default()
            };
            alone.hits[i] = self.hits[i];
            alone.bits[i] = self.bits[i];
            alone.velocity_bits[i] = self.velocity_bits[i];
            alone.offset_bits[i] = self.offset_bits[i];
            alone.offset_error_ms[i] = self.offset_error_ms[i];
            LaneFigures {
                lane: lane.word(),
                figures: alone.figures(),
            }
        };
        Lane::ALL.into_iter().map(one).collect()
    }
}

/// How well some steps were predicted; all 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// 16th steps scored.
    pub steps: u64,
    /// Hits scored.
    pub hits: u64,
    /// Bits of hits and rests a 16th step.
    pub bits_per_step: f64,
    /// The same, shared out among the hits.
    pub bits_per_hit: f64,
    /// Bits of velocity a hit, 32 bins.
    pub velocity_bits_per_hit: f64,
    /// Bits of micro-timing a hit, 32 bins.
    pub offset_bits_per_hit: f64,
    /// Mean distance of the micro-timing from the median foretold, milliseconds.
    pub offset_mae_ms: f64,
}

/// [`Figures`] of one lane; bits a step of all lanes add up to those of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LaneFigures {
    /// [`Lane::word`]
    pub lane: &'static str,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}
