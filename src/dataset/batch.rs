//! Contiguous streams for truncated backpropagation through time (BPTT).
//!
//! An epoch lays every step of every piece into `streams` parallel rows of about equal
//! length; update `u` then learns steps `u * length .. (u + 1) * length` of each row, and the
//! state carried from the update before is the true past. Where another piece begins, the
//! state is reset.
//!
//! The order is a function of (seed, epoch) alone, so a run can be resumed anywhere.

use crate::base::rng::{Purpose, Stream};

/// How long a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// 16th steps.
    pub steps: usize,
    /// 16th steps a bar.
    pub bar: usize,
}

/// A stretch of one piece inside a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    piece: usize,
    /// Its first step, in the piece.
    start: usize,
    steps: usize,
    /// Its first step, in the row.
    at: usize,
}

/// Steps of one piece that follow one another in a row of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The row.
    pub row: usize,
    /// The batch's step it begins at.
    pub at: usize,
    /// Index of the piece.
    pub piece: usize,
    /// Its first step inside the piece.
    pub step: usize,
    /// How many steps.
    pub steps: usize,
    /// Whether a stretch begins with it: the carried state is forgotten first.
    pub begins: bool,
}

/// The order of one epoch.
#[derive(Clone, Debug)]
pub struct Plan {
    rows: Vec<Vec<Stretch>>,
    length: usize,
    updates: usize,
}

impl Plan {
    /// Lays out an epoch. Pieces longer than a row's share are cut at bar lines; where there
    /// are fewer bars than `streams`, there are as many rows as bars.
    #[must_use]
    pub fn new(pieces: &[Length], streams: usize, length: usize, seed: u64, epoch: usize) -> Self {
        let length = length.max(1);
        let total: usize = pieces.iter().map(|p| p.steps).sum();
        let bars: usize = pieces.iter().map(|p| p.steps.div_ceil(p.bar.max(1))).sum();
        let streams = streams.clamp(1, bars.max(1));
        let share = total.div_ceil(streams);

        let mut stretches = Vec::new();
        for (piece, p) in pieces.iter().enumerate() {
            let bar = p.bar.max(1);
            let longest = (share / bar).max(1) * bar;
            // Equal parts rather than a full one and a crumb.
            let parts = p.steps.div_ceil(longest).max(1);
            let part = p.steps.div_ceil(parts).div_ceil(bar) * bar;
            let mut start = 0;
            while start < p.steps {
                let steps = part.min(p.steps - start);
                stretches.push(Stretch {
                    piece,
                    start,
                    steps,
                    at: 0,
                });
                start += steps;
            }
        }

        let mut order = Stream::new(seed, epoch as u64, Purpose::Shuffle);
        order.shuffle(&mut stretches);
        // Longest first onto the shortest row evens the rows out; the shuffle before decides
        // among equals, the one after the order inside a row.
        stretches.sort_by_key(|s| std::cmp::Reverse(s.steps));
        let mut rows = vec![(0usize, Vec::new()); streams];
        for stretch in stretches {
            if let Some(row) = rows.iter_mut().min_by_key(|(steps, _)| *steps) {
                row.0 += stretch.steps;
                row.1.push(stretch);
            }
        }
        let longest = rows.iter().map(|(steps, _)| *steps).max().unwrap_or(0);
        // No update is longer than the rows: what lies behind their ends costs as much as real steps.
        let length = length.min(longest.max(1));
        let mut rows: Vec<Vec<Stretch>> = rows.into_iter().map(|(_, row)| row).collect();
        for row in &mut rows {
            order.shuffle(row);
            let mut at = 0;
            for stretch in row {
                stretch.at = at;
                at += stretch.steps;
            }
        }
        Self {
            rows,
            length,
            updates: longest.div_ceil(length),
        }
    }

    /// Parallel rows.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.rows.len()
    }

    /// Updates in the epoch.
    #[must_use]
    pub const fn updates(&self) -> usize {
        self.updates
    }

    /// Steps of BPTT.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// What update `update` learns, row by row. Where a row has ended there is nothing.
    pub fn runs(&self, update: usize) -> impl Iterator<Item = Run> + '_ {
        let (from, to) = (update * self.length, (update + 1) * self.length);
        self.rows.iter().enumerate().flat_map(move |(row, all)| {
            // A row of a large folder has thousands of stretches, of which an update sees few.
            let ended = all.partition_point(|s| s.at + s.steps <= from);
            let seen = all.iter().skip(ended).take_while(move |s| s.at < to);
            seen.map(move |s| {
                let (first, last) = (from.max(s.at), to.min(s.at + s.steps));
                Run {
                    row,
                    at: first - from,
                    piece: s.piece,
                    step: s.start + first - s.at,
                    steps: last - first,
                    begins: first == s.at,
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(bars: &[usize]) -> Vec<Length> {
        bars.iter()
            .map(|b| Length {
                steps: b * 16,
                bar: 16,
            })
            .collect()
    }

    #[test]
    fn an_epoch_visits_every_step_once_and_in_order() {
        let pieces = lengths(&[40, 1, 3, 2, 7, 1, 12]);
        for (streams, length) in [(1, 64), (4, 64), (32, 24), (500, 64)] {
            let plan = Plan::new(&pieces, streams, length, 3, 5);
            let mut seen: Vec<Vec<u32>> = pieces.iter().map(|p| vec![0; p.steps]).collect();
            // Where each row is: steps learned, and the piece's step that follows.
            let mut rows: Vec<(usize, Option<(usize, usize)>)> = vec![(0, None); plan.streams()];
            for update in 0..plan.updates() {
                for run in plan.runs(update) {
                    let (learned, next) = &mut rows[run.row];
                    assert_eq!(*learned, update * plan.length() + run.at, "no gap");
                    assert!(run.at + run.steps <= plan.length());
                    if run.begins {
                        assert_eq!(run.step % 16, 0, "stretches begin at bar lines");
                    } else {
                        assert_eq!(*next, Some((run.piece, run.step)));
                    }
                    let end = run.step + run.steps;
                    seen[run.piece][run.step..end]
                        .iter_mut()
                        .for_each(|n| *n += 1);
                    *learned += run.steps;
                    *next = Some((run.piece, end));
                }
            }
            assert!(
                seen.iter().flatten().all(|&n| n == 1),
                "{streams} streams of {length}"
            );
        }
    }

    #[test]
    fn one_two_bar_file_makes_a_plan() {
        let plan = Plan::new(&lengths(&[2]), 32, 64, 1, 1);
        assert_eq!((plan.streams(), plan.updates()), (2, 1));
    }

    #[test]
    fn epochs_differ_and_repeat() {
        let pieces = lengths(&[3, 4, 5, 6, 7, 8]);
        let first = |epoch| -> Vec<Run> {
            let plan = Plan::new(&pieces, 2, 16, 9, epoch);
            plan.runs(0).collect()
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
