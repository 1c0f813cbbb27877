//! How varied a bar is in itself, and how varied the bars of a set are.

use super::{hit_bits, mean};
use crate::beat::grid::BeatGrid;
use std::collections::HashMap;
use std::hash::Hash;

/// Entropy of what the steps of a bar play, bits, the mean over bars: `-sum p log2 p` (Shannon 1948),
/// `p` the share of the bar's steps that have the same hits on all nine lanes; rests are a pattern
/// too. 0 where all steps are alike, `log2(steps a bar)` (4 in 4/4) where all differ; 0 for no bars.
#[must_use]
pub fn bar_entropy(grid: &BeatGrid) -> f64 {
    let bits = hit_bits(&grid.steps);
    mean(bits.chunks(grid.meter.steps()).map(entropy)).unwrap_or(0.0)
}

/// Entropy of the bars of a set, bits: `-sum p log2 p`, `p` the share of bars with the same hits. At most
/// log2 of the number of bars, which it reaches where no bar comes twice: compare sets of one size.
#[must_use]
pub fn entropy_of_bars(grids: &[BeatGrid]) -> f64 {
    let bars: Vec<Vec<u16>> = grids
        .iter()
        .flat_map(|grid| {
            let bits = hit_bits(&grid.steps);
            let bars = bits.chunks(grid.meter.steps()).map(<[u16]>::to_vec);
            bars.collect::<Vec<_>>()
        })
        .collect();
    entropy(&bars)
}

/// Entropy of a list of things by how often each occurs, bits.
fn entropy<T: Eq + Hash>(things: &[T]) -> f64 {
    let mut counts: HashMap<&T, u32> = HashMap::new();
    for thing in things {
        *counts.entry(thing).or_default() += 1;
    }
    // Added up in order: a map's own order differs from run to run, and so would the last digit.
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable();
    let all = things.len() as f64;
    let bits = counts.iter().map(|&n| {
        let p = f64::from(n) / all;
        -p * p.log2()
    });
    bits.sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::{Meter, Step};

    fn grid(text: &str) -> BeatGrid {
        let step = |c: char| {
            let mut step = Step::default();
            if let Some(lane) = c.to_digit(10) {
                step[lane as usize].velocity = 80;
            }
            step
        };
        BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps: text.chars().map(step).collect(),
        }
    }

    #[test]
    fn a_bars_entropy_counts_its_different_steps() {
        assert_eq!(bar_entropy(&grid("................")), 0.0);
        // Half of the steps rest, half play: one bit.
        assert_eq!(bar_entropy(&grid("2.2.2.2.2.2.2.2.")), 1.0);
        // A quarter each of four patterns: two bits; with the bar before, the mean of both.
        assert!((bar_entropy(&grid("0.120.120.120.12")) - 2.0).abs() < 1e-12);
        let both = grid("2.2.2.2.2.2.2.2.0.120.120.120.12");
        assert!((bar_entropy(&both) - 1.5).abs() < 1e-12);
        assert_eq!(bar_entropy(&grid("")), 0.0);
    }

    #[test]
    fn a_sets_entropy_counts_its_different_bars() {
        let a = grid("2.2.2.2.2.2.2.2.");
        let b = grid("0...1...0...1...");
        assert_eq!(entropy_of_bars(&[]), 0.0);
        assert_eq!(entropy_of_bars(&[a.clone(), a.clone()]), 0.0);
        assert_eq!(entropy_of_bars(&[a.clone(), b.clone()]), 1.0);
        let four = [
            a.clone(),
            b,
            grid("................"),
            grid("1..............."),
        ];
        assert!((entropy_of_bars(&four) - 2.0).abs() < 1e-12);
    }
}
