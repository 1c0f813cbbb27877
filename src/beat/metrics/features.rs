//! The measures of a beat by name, so that sets of beats can be compared by each of them.

use super::{
    active_lanes, adjacent_bar_similarity, adjacent_onset_similarity, bar_entropy, hits_per_step,
    step_density, swing_ratio, syncopation,
};
use crate::beat::grid::BeatGrid;
use serde::Serialize;

/// A measure of one beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// [`step_density`]
    Density,
    /// [`hits_per_step`]
    HitsPerStep,
    /// [`active_lanes`]
    ActiveLanes,
    /// [`syncopation`]
    Syncopation,
    /// [`swing_ratio`]
    Swing,
    /// [`adjacent_onset_similarity`]
    OnsetSimilarity,
    /// [`adjacent_bar_similarity`]
    LaneSimilarity,
    /// [`bar_entropy`]
    BarEntropy,
}

impl Feature {
    /// All, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Density,
        Self::HitsPerStep,
        Self::ActiveLanes,
        Self::Syncopation,
        Self::Swing,
        Self::OnsetSimilarity,
        Self::LaneSimilarity,
        Self::BarEntropy,
    ];

    /// What reports call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Density => "density",
            Self::HitsPerStep => "hits a step",
            Self::ActiveLanes => "lanes a bar",
            Self::Syncopation => "syncopation",
            Self::Swing => "swing ratio",
            Self::OnsetSimilarity => "next bar, onsets",
            Self::LaneSimilarity => "next bar, lanes",
            Self::BarEntropy => "bar entropy",
        }
    }

    /// Its value for a beat; `None` where the beat has none: swing without hits on both halves of
    /// a beat, similarity without a second bar.
    #[must_use]
    pub fn of(self, grid: &BeatGrid) -> Option<f64> {
        if grid.steps.is_empty() {
            return None;
        }
        let again = grid.bars() > 1;
        match self {
            Self::Density => Some(step_density(grid)),
            Self::HitsPerStep => Some(hits_per_step(grid)),
            Self::ActiveLanes => Some(active_lanes(grid)),
            Self::Syncopation => syncopation(grid),
            Self::Swing => swing_ratio(grid),
            Self::OnsetSimilarity => again.then(|| adjacent_onset_similarity(grid)),
            Self::LaneSimilarity => again.then(|| adjacent_bar_similarity(grid)),
            Self::BarEntropy => Some(bar_entropy(grid)),
        }
    }

    /// Its values for those beats of a set that have one, in order.
    #[must_use]
    pub fn values(self, grids: &[BeatGrid]) -> Vec<f64> {
        grids.iter().filter_map(|grid| self.of(grid)).collect()
    }
}

/// Mean and spread of a set's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Moments {
    /// The mean; 0 for no values.
    pub mean: f64,
    /// The standard deviation, over n; 0 for no values.
    pub deviation: f64,
    /// How many values.
    pub count: usize,
}

impl Moments {
    /// Those of a list.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mean = |values: &mut dyn Iterator<Item = f64>| super::mean(values).unwrap_or(0.0);
        let centre = mean(&mut values.iter().copied());
        let variance = mean(&mut values.iter().map(|v| (v - centre).powi(2)));
        Self {
            mean: centre,
            deviation: variance.sqrt(),
            count: values.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::{Meter, Step};

    #[test]
    fn a_beat_without_a_value_is_left_out_of_the_set() {
        let rest = BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps: vec![Step::default(); 16],
        };
        let mut two = rest.clone();
        two.steps.resize(32, Step::default());
        for step in two.steps.iter_mut().step_by(2) {
            step[0].velocity = 100;
        }
        let nothing = BeatGrid {
            steps: Vec::new(),
            ..rest.clone()
        };
        let set = [rest, two, nothing];
        assert_eq!(Feature::Density.values(&set), [0.0, 0.5]);
        assert_eq!(Feature::Swing.values(&set), [1.0]);
        assert_eq!(Feature::LaneSimilarity.values(&set), [1.0]);
        assert_eq!(Feature::BarEntropy.values(&set), [0.0, 1.0]);
        for feature in Feature::ALL {
            assert!(!feature.values(&set).is_empty(), "{feature:?}");
        }
    }

    #[test]
    fn moments_are_mean_and_spread() {
        let found = Moments::of(&[1.0, 3.0, 5.0, 7.0]);
        assert_eq!((found.mean, found.count), (4.0, 4));
        assert!((found.deviation - 5f64.sqrt()).abs() < 1e-12);
        assert_eq!(Moments::of(&[]), Moments::default());
    }
}
