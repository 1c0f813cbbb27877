//! What should follow the temperature: the hotter, the denser, the less alike from bar to bar, the more varied.

use super::{
    adjacent_bar_similarity, adjacent_onset_similarity, bar_entropy, entropy_of_bars, mean,
    step_density,
};
use crate::beat::grid::BeatGrid;
use serde::Serialize;

/// The measures of a set drawn at one temperature, each the mean over its beats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Control {
    /// Of the hits.
    pub temperature: f64,
    /// [`step_density`]
    pub density: f64,
    /// [`adjacent_onset_similarity`]: grooving similarity.
    pub onset_similarity: f64,
    /// [`adjacent_bar_similarity`]: the same over nine lanes.
    pub lane_similarity: f64,
    /// [`bar_entropy`], bits.
    pub bar_entropy: f64,
    /// [`entropy_of_bars`], bits.
    pub entropy_of_bars: f64,
}

impl Control {
    /// The row of a set; all 0 for an empty one.
    #[must_use]
    pub fn of(temperature: f64, grids: &[BeatGrid]) -> Self {
        let over = |f: fn(&BeatGrid) -> f64| mean(grids.iter().map(f)).unwrap_or(0.0);
        Self {
            temperature,
            density: over(step_density),
            onset_similarity: over(adjacent_onset_similarity),
            lane_similarity: over(adjacent_bar_similarity),
            bar_entropy: over(bar_entropy),
            entropy_of_bars: entropy_of_bars(grids),
        }
    }
}

/// Whether each value is above the one before; true for fewer than two.
#[must_use]
pub fn rises(values: impl IntoIterator<Item = f64>) -> bool {
    let mut last = f64::NEG_INFINITY;
    values
        .into_iter()
        .all(|value| value > std::mem::replace(&mut last, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::{Meter, Step};

    #[test]
    fn a_row_is_the_mean_over_a_set() {
        let rest = BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps: vec![Step::default(); 32],
        };
        let mut eighths = rest.clone();
        for step in eighths.steps.iter_mut().take(16).step_by(2) {
            step[2].velocity = 70;
        }
        let row = Control::of(0.8, &[rest, eighths]);
        let wanted = Control {
            temperature: 0.8,
            density: 0.125,
            // The bars of the second beat differ in 8 of 16 onsets, 8 of 144 cells.
            onset_similarity: 0.75,
            lane_similarity: (1.0 + 136.0 / 144.0) / 2.0,
            bar_entropy: 0.25,
            // Three bars of four are alike: 2 - 3/4 log2 3 bits.
            entropy_of_bars: 2.0 - 0.75 * 3f64.log2(),
        };
        assert!((row.entropy_of_bars - wanted.entropy_of_bars).abs() < 1e-12);
        let entropy_of_bars = wanted.entropy_of_bars;
        let row = Control {
            entropy_of_bars,
            ..row
        };
        assert_eq!(row, wanted);
    }

    #[test]
    fn rising_is_strict() {
        assert!(rises([0.1, 0.2, 0.9]));
        assert!(!rises([0.1, 0.1]));
        assert!(!rises([0.2, 0.1]));
        assert!(!rises([0.1, f64::NAN]));
        assert!(rises([]) && rises([-1.0]));
    }
}
