//! A set of beats in a few plain numbers: how many onsets, of which drums, how swung, how hard.

use crate::beat::grid::{BeatGrid, LANES};
use crate::beat::metrics::{Feature, Moments};
use serde::Serialize;

/// The numbers of a set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Portrait {
    /// Bars of the set.
    pub bars: usize,
    /// Hits a bar, all lanes counted.
    pub onsets_per_bar: f64,
    /// The share of all hits that each lane has.
    pub lanes: [f64; LANES],
    /// Mean of the pieces' swing ratios ([`crate::beat::metrics::swing_ratio`]); absent where none has one.
    pub swing: Option<f64>,
    /// Mean velocity of the hits, 1 to 127; 0 without any.
    pub velocity: f64,
}

impl Portrait {
    /// The numbers of these beats.
    #[must_use]
    pub fn of(grids: &[BeatGrid]) -> Self {
        let mut counts = [0u64; LANES];
        let mut velocity = 0.0;
        for cell in grids.iter().flat_map(|grid| &grid.steps) {
            for (count, cell) in counts.iter_mut().zip(cell) {
                *count += u64::from(cell.velocity > 0);
                velocity += f64::from(cell.velocity);
            }
        }
        let bars = grids.iter().map(BeatGrid::bars).sum::<usize>();
        let hits = counts.iter().sum::<u64>() as f64;
        let swing = Moments::of(&Feature::Swing.values(grids));
        Self {
            bars,
            onsets_per_bar: hits / bars.max(1) as f64,
            lanes: counts.map(|count| count as f64 / hits.max(1.0)),
            swing: (swing.count > 0).then_some(swing.mean),
            velocity: velocity / hits.max(1.0),
        }
    }

    /// Half the sum of the differences of both lane histograms: the share of hits that would have to change their drum,
    /// 0 to 1 (total variation distance).
    #[must_use]
    pub fn lanes_apart(&self, other: &Self) -> f64 {
        let pairs = self.lanes.iter().zip(&other.lanes);
        pairs.map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0
    }
}
