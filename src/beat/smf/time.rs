//! When a tick is: the tempo changes of a file as one line through time, in whole numbers.

use super::{DEFAULT_TEMPO_US, Smf};

/// The tempo changes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TempoMap {
    ticks_per_quarter: u128,
    /// From which tick on, microseconds a quarter note, and the sum of ticks times microseconds before it.
    spans: Vec<(u64, u128, u128)>,
}

impl Smf {
    /// The tempo changes as a line from ticks to time.
    #[must_use]
    pub fn tempo_map(&self) -> TempoMap {
        let mut spans = vec![(0, u128::from(DEFAULT_TEMPO_US), 0)];
        for change in &self.tempi {
            let micros = u128::from(change.micros);
            let Some(last) = spans.last_mut() else { break };
            if last.0 == change.tick {
                last.1 = micros;
            } else {
                let passed = u128::from(change.tick.saturating_sub(last.0));
                let before = last.2 + passed * last.1;
                spans.push((change.tick, micros, before));
            }
        }
        TempoMap {
            ticks_per_quarter: u128::from(self.ticks_per_quarter.max(1)),
            spans,
        }
    }
}

impl TempoMap {
    /// How many whole units of `1 / per_second` seconds have passed at a tick: with a sample rate the frame it falls in,
    /// with 1,000,000,000 nanoseconds. Exact, however many tempo changes there are.
    #[must_use]
    pub fn at(&self, tick: u64, per_second: u32) -> u64 {
        let span = self.spans.partition_point(|span| span.0 <= tick);
        let Some(&(from, micros, before)) = self.spans.get(span.saturating_sub(1)) else {
            return 0;
        };
        let passed = before + u128::from(tick.saturating_sub(from)) * micros;
        let units = passed.saturating_mul(per_second.into()) / (self.ticks_per_quarter * 1_000_000);
        u64::try_from(units).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::TempoChange;
    use super::*;

    fn map(ticks_per_quarter: u16, tempi: &[(u64, u32)]) -> TempoMap {
        let tempi = tempi.iter();
        Smf {
            ticks_per_quarter,
            tempi: tempi
                .map(|&(tick, micros)| TempoChange { tick, micros })
                .collect(),
            ..Smf::default()
        }
        .tempo_map()
    }

    #[test]
    fn ticks_fall_on_exact_frames() {
        // 120 quarter notes a minute where nothing is said.
        let plain = map(480, &[]);
        assert_eq!(plain.at(960, 44_100), 44_100);
        assert_eq!(plain.at(1, 1_000_000_000), 1_041_666);
        // A third of a second is 14,700 frames, though no whole number of nanoseconds.
        let thirds = map(3, &[(0, 1_000_000)]);
        assert_eq!(thirds.at(1, 44_100), 14_700);
        assert_eq!(thirds.at(1, 1_000_000_000), 333_333_333);
    }

    #[test]
    fn every_tempo_counts_from_its_tick() {
        let turns = map(
            96,
            &[(0, 400_000), (96, 800_000), (96, 600_000), (288, 300_000)],
        );
        assert_eq!(turns.at(48, 1_000_000), 200_000);
        assert_eq!(turns.at(96, 1_000_000), 400_000);
        assert_eq!(turns.at(288, 1_000_000), 1_600_000);
        assert_eq!(turns.at(384, 1_000_000), 1_900_000);
        // Before its first change a file has the standard's tempo.
        assert_eq!(map(96, &[(96, 1)]).at(96, 1_000), 500);
        let far = map(1, &[(0, 0xff_ffff)]);
        assert_eq!(far.at(u64::MAX, u32::MAX), u64::MAX, "no overflow");
    }
}
