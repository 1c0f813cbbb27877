//! Measures of a beat, each with its formula and source. `tests` checks those that have a
//! reference value against the Groove MIDI Dataset's training beats. What compares sets of beats:
//!
//! | file | what lives there |
//! |---|---|
//! | `features` | the measures by name; a set's values, mean and spread |
//! | `overlap` | distances within and between sets, overlap area, divergence |
//! | `copying` | windows of bars known from elsewhere, the nearest known window |
//! | `expression` | how loud and how far from the grid, by lane and place in the bar |
//! | `entropy` | how varied a bar is, and the bars of a set |
//! | `control` | the measures that should follow the temperature |

mod control;
mod copying;
mod entropy;
mod expression;
mod features;
mod overlap;

pub use control::{Control, rises};
pub use copying::WindowSet;
pub use entropy::{bar_entropy, entropy_of_bars};
pub use expression::{Expression, Kind, PLACES, jensen_shannon_distance};
pub use features::{Feature, Moments};
pub use overlap::{Overlap, inter_distances, intra_distances, kl_divergence, overlap_area};

use super::grid::{BeatGrid, LANES, Step, hits};

/// The hits of each step as bits, lane 0 lowest.
fn hit_bits(steps: &[Step]) -> Vec<u16> {
    steps.iter().map(hits).collect()
}

/// Grooving similarity of adjacent bars over nine lanes (Wu and Yang, "The Jazz Transformer on the
/// Front Line", ISMIR 2020, extended from one onset row to lanes):
/// the mean over bars of `1 - (1/Q) sum XOR(a_i, b_i)`, `Q = 9 * steps a bar` (144 in 4/4).
///
/// 0 to 1; 1 where there is no second bar. Groove training beats, over pairs of bars: .920 +- .059.
#[must_use]
pub fn adjacent_bar_similarity(grid: &BeatGrid) -> f64 {
    let bits = hit_bits(&grid.steps);
    let bar = grid.meter.steps();
    let cells = (LANES * bar) as f64;
    let mut sum = 0.0;
    let mut pairs = 0u32;
    for (a, b) in bits.chunks_exact(bar).zip(bits.chunks_exact(bar).skip(1)) {
        let differ: u32 = a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum();
        sum += 1.0 - f64::from(differ) / cells;
        pairs += 1;
    }
    if pairs == 0 {
        return 1.0;
    }
    sum / f64::from(pairs)
}

/// [`adjacent_bar_similarity`] of one row that tells only whether anything is hit, `Q = steps a bar`
/// (16 in 4/4): the form Wu and Yang gave it. 0 to 1; 1 where there is no second bar.
#[must_use]
pub fn adjacent_onset_similarity(grid: &BeatGrid) -> f64 {
    let onsets: Vec<bool> = grid.steps.iter().map(|step| hits(step) != 0).collect();
    let bar = grid.meter.steps();
    let pairs = onsets
        .chunks_exact(bar)
        .zip(onsets.chunks_exact(bar).skip(1));
    let similarity = pairs.map(|(a, b)| {
        let differ = a.iter().zip(b).filter(|(x, y)| x != y).count();
        1.0 - differ as f64 / bar as f64
    });
    mean(similarity).unwrap_or(1.0)
}

/// Share of bars, from the second on, whose hits are exactly those of the bar before; 0 where
/// there is no second bar.
///
/// Groove training beats, over pairs of bars: 4.1 %.
#[must_use]
pub fn exact_bar_repeats(grid: &BeatGrid) -> f64 {
    let bits = hit_bits(&grid.steps);
    let bar = grid.meter.steps();
    let pairs = bits.chunks_exact(bar).zip(bits.chunks_exact(bar).skip(1));
    let all = pairs.clone().count();
    let same = pairs.filter(|(a, b)| a == b).count();
    same as f64 / all.max(1) as f64
}

/// Share of steps with at least one hit, 0 to 1; 0 for no steps.
///
/// Groove training beats, over bars: .747 +- .204.
#[must_use]
pub fn step_density(grid: &BeatGrid) -> f64 {
    let active = grid.steps.iter().filter(|step| hits(step) != 0).count();
    active as f64 / grid.steps.len().max(1) as f64
}

/// Hits in a step that has any, 1 to 9; 0 where none has.
///
/// Groove training beats, over bars: 1.58.
#[must_use]
pub fn hits_per_active_step(grid: &BeatGrid) -> f64 {
    let counts = grid.steps.iter().map(|step| hits(step).count_ones());
    let active = counts.clone().filter(|&n| n > 0).count();
    f64::from(counts.sum::<u32>()) / active.max(1) as f64
}

/// Hits in a step, silent ones counted, 0 to 9; 0 for no steps.
#[must_use]
pub fn hits_per_step(grid: &BeatGrid) -> f64 {
    let count: u32 = grid.steps.iter().map(|step| hits(step).count_ones()).sum();
    f64::from(count) / grid.steps.len().max(1) as f64
}

/// Lanes that play in a bar, the mean over bars, 0 to 9; 0 for no bars.
#[must_use]
pub fn active_lanes(grid: &BeatGrid) -> f64 {
    let bits = hit_bits(&grid.steps);
    let lanes = bits
        .chunks(grid.meter.steps())
        .map(|bar| f64::from(bar.iter().fold(0, |all, step| all | step).count_ones()));
    mean(lanes).unwrap_or(0.0)
}

/// Metric weights of the 16ths of a 4/4 bar, 5 the strongest.
const METRIC_WEIGHTS: [i32; 16] = [5, 1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2, 1];

/// Syncopation a bar (Longuet-Higgins and Lee, "The rhythmic interpretation of monophonic music",
/// Music Perception 1984): over every onset that precedes a rest on a stronger place,
/// the sum of `w_rest - w_onset`, the rest being the strongest before the next onset. Any lane makes
/// an onset.
///
/// `None` for bars other than 16 steps, whose weights the source does not give.
#[must_use]
pub fn syncopation(grid: &BeatGrid) -> Option<f64> {
    let bar = grid.meter.steps();
    if bar != METRIC_WEIGHTS.len() || grid.steps.is_empty() {
        return None;
    }
    let weights = METRIC_WEIGHTS.iter().cycle();
    let mut sum = 0;
    // The weight of the last onset and of the strongest rest since.
    let mut open: Option<(i32, i32)> = None;
    for (step, &weight) in grid.steps.iter().zip(weights) {
        if hits(step) != 0 {
            sum += open.map_or(0, |(onset, rest)| (rest - onset).max(0));
            open = Some((weight, 0));
        } else if let Some((_, rest)) = &mut open {
            *rest = weight.max(*rest);
        }
    }
    sum += open.map_or(0, |(onset, rest)| (rest - onset).max(0));
    Some(f64::from(sum) / grid.bars() as f64)
}

/// How unevenly a quarter note is halved: `r = (2 + d) / (2 - d)`, `d` the mean offset of hits on
/// off-8ths (step 2 of 4) less that on quarters (step 0 of 4), in 16ths. 1 is straight, 2 a
/// triplet shuffle (which the 16th grid can just hold as `d = 2/3`).
///
/// `None` without a hit on both. Groove training beats, over
/// files: 1.05 +- .19.
#[must_use]
pub fn swing_ratio(grid: &BeatGrid) -> Option<f64> {
    let bar = grid.meter.steps();
    let mean_offset = |place: usize| {
        let steps = grid.steps.iter().enumerate();
        let offsets = steps
            .filter(|(i, _)| i % bar % 4 == place)
            .flat_map(|(_, step)| step.iter())
            .filter(|cell| cell.velocity > 0)
            .map(|cell| f64::from(cell.offset));
        mean(offsets)
    };
    let d = mean_offset(2)? - mean_offset(0)?;
    Some((2.0 + d) / (2.0 - d))
}

/// Share of all hits that each lane has; all 0 without hits.
#[must_use]
pub fn lane_histogram(grid: &BeatGrid) -> [f64; LANES] {
    let counts = grid.lane_counts();
    let all = f64::from(counts.iter().sum::<u32>().max(1));
    counts.map(|count| f64::from(count) / all)
}

/// The arithmetic mean, if there is anything.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0u32);
    for value in values {
        sum += value;
        n += 1;
    }
    (n > 0).then(|| sum / f64::from(n))
}

#[cfg(test)]
mod tests;
