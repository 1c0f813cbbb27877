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
    start: usize,
    steps: usize,
}

/// One place in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Index of the piece.
    pub piece: usize,
    /// Step inside the piece.
    pub step: usize,
    /// Whether a stretch begins here: the carried state is forgotten first.
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
        rows.iter_mut().for_each(|row| order.shuffle(row));
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

    /// What update `update` learns: `length * streams` slots, time first; `None` where a row
    /// has ended.
    #[must_use]
    pub fn window(&self, update: usize) -> Vec<Option<Slot>> {
        let streams = self.streams();
        let mut window = vec![None; self.length * streams];
        let (from, to) = (update * self.length, (update + 1) * self.length);
        for (r, row) in self.rows.iter().enumerate() {
            let mut at = 0;
            for stretch in row {
                let (first, last) = (from.max(at), to.min(at + stretch.steps));
                for t in first..last {
                    window[(t - from) * streams + r] = Some(Slot {
                        piece: stretch.piece,
                        step: stretch.start + t - at,
                        begins: t == at,
                    });
                }
                at += stretch.steps;
            }
        }
        window
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
            let mut before: Vec<Option<Slot>> = vec![None; plan.streams()];
            for update in 0..plan.updates() {
                let window = plan.window(update);
                for t in 0..plan.length() {
                    for (row, past) in before.iter_mut().enumerate() {
                        let Some(slot) = window[t * plan.streams() + row] else {
                            continue;
                        };
                        seen[slot.piece][slot.step] += 1;
                        if slot.begins {
                            assert_eq!(slot.step % 16, 0, "stretches begin at bar lines");
                        } else {
                            let past = past.expect("a stretch has begun");
                            assert_eq!((past.piece, past.step + 1), (slot.piece, slot.step));
                        }
                        *past = Some(slot);
                    }
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
        let first = |epoch| Plan::new(&pieces, 2, 16, 9, epoch).window(0);
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
