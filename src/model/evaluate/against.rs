//! A set of beats against real ones: by each measure the overlap with training music, and beside it what as
//! much validation music has, which is the most that can be asked for.

use super::real::{Sets, sample};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, LANES};
use crate::beat::lane::Lane;
use crate::beat::metrics::{Expression, Feature, Kind, Moments, Overlap, WindowSet};
use rayon::prelude::*;
use serde::Serialize;

/// Pieces of training music that sets are compared with, at most: distances between all pairs grow
/// with the square.
const REFERENCE: usize = 512;

/// Samples of validation music that the ceiling is the mean of; one alone moves by some hundredths.
const SAMPLES: usize = 16;

/// A set beside real music, by all measures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Against {
    /// Pieces of the set.
    pub pieces: usize,
    /// Pieces of training music compared with.
    pub train_pieces: usize,
    /// Pieces of validation music in each sample of the ceiling.
    pub validation_pieces: usize,
    /// Measure by measure.
    pub features: Vec<FeatureAgainst>,
    /// How loud it is played.
    pub velocity: ExpressionAgainst,
    /// How far from the grid.
    pub offset: ExpressionAgainst,
    /// Windows of one bar and of two.
    pub copying: Vec<CopyingAgainst>,
}

/// One measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureAgainst {
    /// Which.
    pub feature: Feature,
    /// Of the set.
    pub set: Moments,
    /// Of training music.
    pub train: Moments,
    /// Of validation music.
    pub validation: Moments,
    /// The set beside training music.
    pub overlap: Option<Overlap>,
    /// Validation music beside training music, the mean over samples of the set's size.
    pub ceiling: Option<Overlap>,
    /// How much the ceiling's area differs from sample to sample, standard deviation.
    pub ceiling_deviation: f64,
    /// The overlap's area over the ceiling's.
    pub share_of_ceiling: Option<f64>,
}

/// Jensen-Shannon distance from training music, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpressionAgainst {
    /// Of the set, the mean over lanes and places in the bar.
    pub distance: Option<f64>,
    /// Of as much validation music.
    pub real_distance: Option<f64>,
    /// Lane by lane, all places together.
    pub lanes: Vec<LaneDistance>,
}

/// The same of one lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaneDistance {
    /// [`Lane::word`]
    pub lane: &'static str,
    /// Of the set; absent where it has no hit there.
    pub distance: Option<f64>,
    /// Of as much validation music.
    pub real_distance: Option<f64>,
}

/// Copying from training music.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopyingAgainst {
    /// Bars of a window.
    pub bars: usize,
    /// Windows of the set.
    pub windows: usize,
    /// Share of them found in training music.
    pub share: f64,
    /// Share of all validation windows found there.
    pub real_share: f64,
    /// Mean distance to the nearest training window, cells.
    pub nearest: f64,
    /// The same of validation windows.
    pub real_nearest: f64,
}

impl Sets {
    /// Compares a set with them; `seed` chooses the samples of real music.
    #[must_use]
    pub fn compare(&self, set: &[BeatGrid], seed: u64) -> Against {
        let mut draws = Stream::new(seed, 0, Purpose::Shuffle);
        let reference = sample(&self.train, REFERENCE, &mut draws);
        let samples: Vec<Vec<BeatGrid>> = (0..SAMPLES)
            .map(|_| sample(&self.validation, set.len(), &mut draws))
            .collect();
        let feature = |feature| self.feature(feature, set, &reference, &samples);
        let first = samples.first().map_or(&[][..], Vec::as_slice);
        Against {
            pieces: set.len(),
            train_pieces: reference.len(),
            validation_pieces: first.len(),
            features: Feature::ALL.into_par_iter().map(feature).collect(),
            velocity: self.expression(Kind::Velocity, set, &samples),
            offset: self.expression(Kind::Offset, set, &samples),
            copying: [1, 2].map(|bars| self.copying(bars, set)).into(),
        }
    }

    fn feature(
        &self,
        feature: Feature,
        set: &[BeatGrid],
        reference: &[BeatGrid],
        samples: &[Vec<BeatGrid>],
    ) -> FeatureAgainst {
        let known = feature.values(reference);
        let values = feature.values(set);
        let overlap = Overlap::of(&known, &values);
        let real: Vec<Overlap> = samples
            .iter()
            .filter_map(|sample| Overlap::of(&known, &feature.values(sample)))
            .collect();
        let over = |part: fn(&Overlap) -> f64| {
            let parts: Vec<f64> = real.iter().map(part).collect();
            Moments::of(&parts)
        };
        let area = over(|overlap| overlap.area);
        let ceiling = (!real.is_empty()).then(|| Overlap {
            area: area.mean,
            divergence: over(|overlap| overlap.divergence).mean,
            values: over(|overlap| overlap.values).mean,
        });
        FeatureAgainst {
            feature,
            set: Moments::of(&values),
            train: Moments::of(&feature.values(&self.train)),
            validation: Moments::of(&feature.values(&self.validation)),
            overlap,
            ceiling,
            ceiling_deviation: area.deviation,
            share_of_ceiling: overlap.zip(ceiling).map(|(o, c)| o.area / c.area),
        }
    }

    fn expression(
        &self,
        kind: Kind,
        set: &[BeatGrid],
        samples: &[Vec<BeatGrid>],
    ) -> ExpressionAgainst {
        let known = counted(&self.train);
        let drawn = counted(set);
        let real: Vec<Expression> = samples.iter().map(|sample| counted(sample)).collect();
        let over = |distance: &dyn Fn(&Expression) -> Option<f64>| {
            let found: Vec<f64> = real.iter().filter_map(distance).collect();
            (!found.is_empty()).then(|| Moments::of(&found).mean)
        };
        let lane = |lane: usize| LaneDistance {
            lane: Lane::ALL[lane].word(),
            distance: drawn.lane_distance(&known, kind, lane),
            real_distance: over(&|real| real.lane_distance(&known, kind, lane)),
        };
        ExpressionAgainst {
            distance: drawn.mean_distance(&known, kind),
            real_distance: over(&|real| real.mean_distance(&known, kind)),
            lanes: (0..LANES).map(lane).collect(),
        }
    }

    fn copying(&self, bars: usize, set: &[BeatGrid]) -> CopyingAgainst {
        let mut known = WindowSet::new(bars);
        self.train_whole.iter().for_each(|grid| known.add(grid));
        let count = |grids: &[BeatGrid]| {
            let counts = grids.par_iter().map(|grid| {
                let (copied, windows) = known.count(grid);
                let nearest: u64 = known.nearest(grid).map(u64::from).sum();
                (copied, windows, nearest)
            });
            counts.reduce(|| (0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
        };
        let (copied, windows, apart) = count(set);
        let (real_copied, real_windows, real_apart) = count(&self.validation_whole);
        let over = |sum: f64, windows: usize| sum / windows.max(1) as f64;
        CopyingAgainst {
            bars,
            windows,
            share: over(copied as f64, windows),
            real_share: over(real_copied as f64, real_windows),
            nearest: over(apart as f64, windows),
            real_nearest: over(real_apart as f64, real_windows),
        }
    }
}

fn counted(grids: &[BeatGrid]) -> Expression {
    let mut counts = Expression::default();
    grids.iter().for_each(|grid| counts.add(grid));
    counts
}
