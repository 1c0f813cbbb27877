//! [`Score`]: how much of a drum part a transcription has found. Strokes are matched one to one within a lane and a tolerance, as
//! many as can be.

use crate::audio::render::Stroke;
use crate::beat::lane::{LANES, Lane};

/// How far apart a stroke and what was heard of it may lie, in nanoseconds: 50 ms.
pub const TOLERANCE_NS: u64 = 50_000_000;

/// Strokes no harder than this count as faint.
pub const FAINT: u8 = 15;

/// Counts of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Strokes there were.
    pub real: u64,
    /// Strokes heard.
    pub heard: u64,
    /// Pairs of both.
    pub matched: u64,
}

impl Counts {
    /// The harmonic mean of precision and recall; 1 where there was nothing to hear and nothing was heard.
    #[must_use]
    pub fn f1(&self) -> f64 {
        if self.real + self.heard == 0 {
            return 1.0;
        }
        2.0 * self.matched as f64 / (self.real + self.heard) as f64
    }

    /// The share of strokes found.
    #[must_use]
    pub fn recall(&self) -> f64 {
        self.matched as f64 / self.real.max(1) as f64
    }

    /// The share of heard strokes that there were.
    #[must_use]
    pub fn precision(&self) -> f64 {
        self.matched as f64 / self.heard.max(1) as f64
    }
}

/// A measurement over any number of pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    lanes: [Counts; LANES],
    repeated: u64,
    faint: u64,
    hard: u64,
    off_ns: f64,
    /// Sums of x, y, xx, yy, xy over the matched pairs' velocities, there and heard.
    velocities: [f64; 5],
}

impl Score {
    /// Adds a piece: its strokes and what was heard of it, each in any order.
    pub fn add(&mut self, real: &[Stroke], heard: &[Stroke]) {
        for lane in Lane::ALL {
            let of = |strokes: &[Stroke]| {
                let mut mine: Vec<(u64, u8)> = strokes
                    .iter()
                    .filter(|s| s.lane == lane)
                    .map(|s| (s.time_ns, s.velocity))
                    .collect();
                mine.sort_unstable();
                mine
            };
            self.add_lane(lane, &of(real), &of(heard));
        }
    }

    /// Takes in the counts of other pieces.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.lanes.iter_mut().zip(&other.lanes) {
            mine.real += theirs.real;
            mine.heard += theirs.heard;
            mine.matched += theirs.matched;
        }
        self.repeated += other.repeated;
        self.faint += other.faint;
        self.hard += other.hard;
        self.off_ns += other.off_ns;
        for (sum, value) in self.velocities.iter_mut().zip(other.velocities) {
            *sum += value;
        }
    }

    fn add_lane(&mut self, lane: Lane, real: &[(u64, u8)], heard: &[(u64, u8)]) {
        let repeats = real.windows(2).map(|w| match w {
            [a, b] => b.0 - a.0 <= TOLERANCE_NS,
            _ => false,
        });
        // A repeat that is faint too is hard once.
        let mut repeats_at = std::iter::once(false).chain(repeats);
        for &(_, velocity) in real {
            let (again, faint) = (repeats_at.next() == Some(true), velocity <= FAINT);
            self.repeated += u64::from(again);
            self.faint += u64::from(faint);
            self.hard += u64::from(again || faint);
        }
        let Some(counts) = self.lanes.get_mut(lane.index()) else {
            return;
        };
        counts.real += real.len() as u64;
        counts.heard += heard.len() as u64;
        for (there, here) in pairs(real, heard) {
            counts.matched += 1;
            self.off_ns += there.0.abs_diff(here.0) as f64;
            let (x, y) = (f64::from(there.1), f64::from(here.1));
            for (sum, value) in self.velocities.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                *sum += value;
            }
        }
    }

    /// The counts of a lane.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> Counts {
        self.lanes.get(lane.index()).copied().unwrap_or_default()
    }

    /// The counts of all lanes added up, from which micro F1 comes.
    #[must_use]
    pub fn all(&self) -> Counts {
        self.lanes.iter().fold(Counts::default(), |a, b| Counts {
            real: a.real + b.real,
            heard: a.heard + b.heard,
            matched: a.matched + b.matched,
        })
    }

    /// Mean distance of matched strokes, in milliseconds.
    #[must_use]
    pub fn timing_ms(&self) -> f64 {
        self.off_ns / 1e6 / self.all().matched.max(1) as f64
    }

    /// Pearson's correlation of the velocities of matched strokes; 0 where they do not vary.
    #[must_use]
    pub fn velocity_correlation(&self) -> f64 {
        let n = self.all().matched as f64;
        let [x, y, xx, yy, xy] = self.velocities;
        let spread = (n * xx - x * x) * (n * yy - y * y);
        if spread <= 0.0 {
            return 0.0;
        }
        (n * xy - x * y) / spread.sqrt()
    }

    /// The share of strokes that follow one of the same lane within [`TOLERANCE_NS`].
    #[must_use]
    pub fn repeated_share(&self) -> f64 {
        self.repeated as f64 / self.all().real.max(1) as f64
    }

    /// The share of strokes of velocity [`FAINT`] and less.
    #[must_use]
    pub fn faint_share(&self) -> f64 {
        self.faint as f64 / self.all().real.max(1) as f64
    }

    /// The share of strokes that are one or the other.
    #[must_use]
    pub fn hard_share(&self) -> f64 {
        self.hard as f64 / self.all().real.max(1) as f64
    }
}

/// As many pairs within the tolerance as there can be, of two lists by time: each stroke in turn takes the
/// earliest that is left to it, which no other matching can better where all tolerances are alike.
fn pairs<'a>(
    real: &'a [(u64, u8)],
    heard: &'a [(u64, u8)],
) -> impl Iterator<Item = (&'a (u64, u8), &'a (u64, u8))> {
    let mut rest = heard;
    real.iter().filter_map(move |there| {
        let early = rest
            .iter()
            .take_while(|h| h.0 + TOLERANCE_NS < there.0)
            .count();
        rest = rest.get(early..).unwrap_or_default();
        let (first, after) = rest.split_first()?;
        (first.0 <= there.0 + TOLERANCE_NS).then(|| {
            rest = after;
            (there, first)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strokes(lane: Lane, list: &[(u64, u8)]) -> Vec<Stroke> {
        let stroke = |&(ms, velocity): &(u64, u8)| Stroke {
            time_ns: ms * 1_000_000,
            lane,
            velocity,
        };
        list.iter().map(stroke).collect()
    }

    #[test]
    fn strokes_match_one_to_one_and_as_many_as_can() {
        // The one heard at 140 fits both; giving it to 100 leaves 190 to the other.
        let real = strokes(Lane::Snare, &[(100, 90), (150, 10), (400, 50)]);
        let heard = strokes(Lane::Snare, &[(140, 80), (190, 20), (451, 60), (460, 60)]);
        let mut score = Score::default();
        score.add(&real, &heard);
        let snare = score.lane(Lane::Snare);
        assert_eq!((snare.real, snare.heard, snare.matched), (3, 4, 2));
        assert_eq!(score.timing_ms(), 40.0);
        assert!((score.velocity_correlation() - 1.0).abs() < 1e-12);
        assert!((score.repeated_share() - 1.0 / 3.0).abs() < 1e-12);
        assert!((score.hard_share() - 1.0 / 3.0).abs() < 1e-12);
        assert!((score.all().f1() - 4.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn pieces_scored_apart_and_merged_are_pieces_scored_together() {
        let first = strokes(Lane::Kick, &[(100, 90), (120, 12), (400, 50)]);
        let second = strokes(Lane::Ride, &[(10, 100), (300, 30)]);
        let heard = strokes(Lane::Kick, &[(101, 80), (390, 20)]);
        let also = strokes(Lane::Ride, &[(11, 90), (299, 40)]);
        let mut together = Score::default();
        together.add(&first, &heard);
        together.add(&second, &also);
        let [mut one, mut other] = [Score::default(), Score::default()];
        one.add(&first, &heard);
        other.add(&second, &also);
        one.merge(&other);
        assert_eq!(one, together);
    }

    #[test]
    fn lanes_do_not_help_each_other_and_nothing_is_perfect() {
        let mut score = Score::default();
        score.add(&[], &[]);
        assert_eq!(score.all().f1(), 1.0);
        score.add(
            &strokes(Lane::Kick, &[(0, 90)]),
            &strokes(Lane::LowTom, &[(0, 90)]),
        );
        assert_eq!(score.all().f1(), 0.0);
        assert_eq!(score.lane(Lane::Ride).f1(), 1.0);
    }
}
