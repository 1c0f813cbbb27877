//! Copying: which windows of a beat are known from a set, and how near the nearest known one is.

use super::hit_bits;
use crate::beat::grid::{BeatGrid, LANES};
use std::collections::{BTreeMap, HashSet};

/// Steps whose hits fit into one word.
const STEPS_A_WORD: usize = 64 / LANES;

/// The hit patterns of every run of so many bars in a set of beats, to tell copies from new ones.
/// Windows begin on bar lines; velocity and micro-timing do not count.
#[derive(Clone, Debug)]
pub struct WindowSet {
    bars: usize,
    /// By the length of a window in steps.
    known: BTreeMap<usize, Bank>,
}

/// Different windows of one length.
#[derive(Clone, Debug, Default)]
struct Bank {
    known: HashSet<Box<[u64]>>,
    /// The same end to end: a search for the nearest reads them all, in order.
    words: Vec<u64>,
}

impl WindowSet {
    /// An empty set of windows of `bars` bars (at least one).
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self {
            bars: bars.max(1),
            known: BTreeMap::new(),
        }
    }

    /// Adds all windows of a beat.
    pub fn add(&mut self, grid: &BeatGrid) {
        let bank = self.known.entry(self.length(grid)).or_default();
        for window in windows(grid, self.bars) {
            if !bank.known.contains(&window) {
                bank.words.extend_from_slice(&window);
                bank.known.insert(window);
            }
        }
    }

    /// How many different windows are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.values().map(|bank| bank.known.len()).sum()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts a beat's windows: (known ones, all).
    #[must_use]
    pub fn count(&self, grid: &BeatGrid) -> (usize, usize) {
        let bank = self.known.get(&self.length(grid));
        windows(grid, self.bars).fold((0, 0), |(known, all), window| {
            let seen = bank.is_some_and(|bank| bank.known.contains(&window));
            (known + usize::from(seen), all + 1)
        })
    }

    /// Copying: the share of a beat's windows that are known; `None` where it is shorter than a
    /// window. Real playing, Groove validation against training (4/4, TD-11 map): 8.3 % of bars,
    /// 2.4 % of two-bar windows.
    #[must_use]
    pub fn copied_share(&self, grid: &BeatGrid) -> Option<f64> {
        let (known, all) = self.count(grid);
        (all > 0).then(|| known as f64 / all as f64)
    }

    /// Novelty: what [`WindowSet::copied_share`] leaves of 1.
    #[must_use]
    pub fn novelty(&self, grid: &BeatGrid) -> Option<f64> {
        self.copied_share(grid).map(|share| 1.0 - share)
    }

    /// For each of a beat's windows the least number of cells that differ from a known window of the
    /// same length (Hamming distance over nine lanes); none where there is nothing to compare. A
    /// window costs one pass over all known ones, three words each for a bar of 4/4.
    pub fn nearest(&self, grid: &BeatGrid) -> impl Iterator<Item = u32> {
        let bank = self.known.get(&self.length(grid));
        windows(grid, self.bars).filter_map(move |window| nearest(&bank?.words, &window))
    }

    /// The mean of [`WindowSet::nearest`]; `None` where there is nothing to compare.
    #[must_use]
    pub fn nearest_distance(&self, grid: &BeatGrid) -> Option<f64> {
        super::mean(self.nearest(grid).map(f64::from))
    }

    /// Steps in a window of this beat.
    fn length(&self, grid: &BeatGrid) -> usize {
        self.bars * grid.meter.steps()
    }
}

/// The least Hamming distance of a window to the known ones, which lie end to end.
fn nearest(known: &[u64], window: &[u64]) -> Option<u32> {
    let mut least = None;
    for other in known.chunks_exact(window.len()) {
        let differ = other.iter().zip(window).map(|(a, b)| (a ^ b).count_ones());
        let differ: u32 = differ.sum();
        if least.is_none_or(|least| differ < least) {
            least = Some(differ);
            if differ == 0 {
                break;
            }
        }
    }
    least
}

/// Every run of so many whole bars, packed.
fn windows(grid: &BeatGrid, bars: usize) -> impl Iterator<Item = Box<[u64]>> {
    let bits = hit_bits(&grid.steps);
    let bar = grid.meter.steps();
    let starts = (bits.len() / bar + 1).saturating_sub(bars);
    (0..starts).filter_map(move |first| {
        let window = bits.get(first * bar..(first + bars) * bar)?;
        Some(window.chunks(STEPS_A_WORD).map(word).collect())
    })
}

fn word(steps: &[u16]) -> u64 {
    let join = |word, &step: &u16| word << LANES | u64::from(step);
    steps.iter().fold(0, join)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};
    use crate::beat::grid::{Meter, Step};

    fn bars(patterns: &[[u16; 16]]) -> BeatGrid {
        let step = |&bits: &u16| -> Step {
            let mut step = Step::default();
            for (lane, cell) in step.iter_mut().enumerate() {
                cell.velocity = if bits >> lane & 1 == 1 { 90 } else { 0 };
            }
            step
        };
        BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps: patterns.iter().flatten().map(step).collect(),
        }
    }

    #[test]
    fn the_nearest_window_is_the_one_with_fewest_other_cells() {
        let mut draws = Stream::new(4, 0, Purpose::Test);
        let mut bar = || std::array::from_fn(|_| (draws.next_bits() & 0x1ff) as u16);
        let known: Vec<[u16; 16]> = (0..40).map(|_| bar()).collect();
        let asked: Vec<[u16; 16]> = (0..20).map(|_| bar()).collect();
        let mut set = WindowSet::new(1);
        set.add(&bars(&known));
        set.add(&bars(&known));
        assert_eq!(set.len(), 40);
        let apart = |a: &[u16; 16], b: &[u16; 16]| -> u32 {
            a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum()
        };
        let wanted = asked
            .iter()
            .map(|a| known.iter().map(|b| apart(a, b)).min());
        let found: Vec<Option<u32>> = set.nearest(&bars(&asked)).map(Some).collect();
        assert_eq!(found, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn every_cell_of_a_window_counts() {
        let empty = [0; 16];
        let mut set = WindowSet::new(2);
        set.add(&bars(&[empty, empty]));
        for step in 0..32 {
            for lane in 0..LANES {
                let mut both = [empty, empty];
                both[step / 16][step % 16] = 1 << lane;
                let beat = bars(&both);
                assert_eq!(set.count(&beat), (0, 1));
                assert_eq!(set.nearest_distance(&beat), Some(1.0));
            }
        }
    }

    #[test]
    fn windows_of_another_length_are_no_copies() {
        let mut set = WindowSet::new(1);
        set.add(&bars(&[[0; 16]]));
        let mut waltz = bars(&[[0; 16]]);
        waltz.meter = Meter::new(3, 4).unwrap();
        waltz.steps.truncate(12);
        assert_eq!(set.count(&waltz), (0, 1));
        assert_eq!(set.nearest_distance(&waltz), None);
    }
}
