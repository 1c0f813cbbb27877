//! What goes on after the terminal went away, until the program ends. Decides only; the event loop
//! and the workers do it.

use crate::message::{EngineStatus, HangUp, PlaySource};
use std::time::{Duration, Instant};

/// The most that a bar is waited for: two of the longest at the slowest tempo.
const MOST: Duration = Duration::from_secs(100);

/// The room that is given to a bar besides its length.
const ROOM: Duration = Duration::from_secs(1);

/// A terminal that went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    how: HangUp,
    /// When a bar that is finished must be over.
    until: Instant,
    /// The bar seen last.
    bar: u64,
}

impl Gone {
    /// What is done about it, as wished for; where nothing plays, there is nothing to wait for.
    #[must_use]
    pub fn new(wish: HangUp, status: &EngineStatus, now: Instant) -> Self {
        let plays = status.source != PlaySource::Stopped;
        Self {
            how: if plays { wish } else { HangUp::Stop },
            until: now + time_to_bar_end(status),
            bar: status.bar,
        }
    }

    /// What is done.
    #[must_use]
    pub const fn how(&self) -> HangUp {
        self.how
    }

    /// How long it takes from now on, `None` where it has no end.
    #[must_use]
    pub fn time(&self, now: Instant) -> Option<Duration> {
        match self.how {
            HangUp::Stop => Some(Duration::ZERO),
            HangUp::FinishBar => Some(self.until.saturating_duration_since(now)),
            HangUp::PlayOn => None,
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, status: &EngineStatus, now: Instant) -> bool {
        match self.how {
            HangUp::Stop => true,
            HangUp::FinishBar => status.source == PlaySource::Stopped || now >= self.until,
            HangUp::PlayOn => status.source == PlaySource::Stopped,
        }
    }

    /// Whether another bar has begun since the last call.
    pub fn crossed_bar(&mut self, status: &EngineStatus) -> bool {
        std::mem::replace(&mut self.bar, status.bar) != status.bar
    }
}

/// How long the bar under way may last at most. The step after the bar line may be committed
/// already; then that bar is played too.
fn time_to_bar_end(status: &EngineStatus) -> Duration {
    let bar = u64::from(status.steps_per_bar);
    let steps = 2 * bar + 1 - u64::from(status.step_in_bar).min(bar);
    // A step is 15e12 / milli_bpm nanoseconds.
    let step_ns = 15_000_000_000_000 / u64::from(status.controls.milli_bpm.max(1));
    let time = Duration::from_nanos(steps.saturating_mul(step_ns));
    time.saturating_add(ROOM).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(milli_bpm: u32, step_in_bar: u16) -> EngineStatus {
        let mut status = EngineStatus {
            source: PlaySource::Generator,
            steps_per_bar: 16,
            step_in_bar,
            bar: 3,
            ..EngineStatus::default()
        };
        status.controls.milli_bpm = milli_bpm;
        status
    }

    #[test]
    fn a_long_bar_is_given_the_time_it_needs() {
        let now = Instant::now();
        // A bar of 4/4 at 20 beats a minute lasts 12 seconds.
        let gone = Gone::new(HangUp::FinishBar, &playing(20_000, 0), now);
        let time = gone.time(now).unwrap();
        assert!(
            time > Duration::from_secs(24) && time < Duration::from_secs(28),
            "{time:?}"
        );
        assert!(!gone.is_over(&playing(20_000, 0), now + Duration::from_secs(12)));
        assert!(gone.is_over(&EngineStatus::default(), now), "it stopped");
        assert!(
            gone.is_over(&playing(20_000, 0), now + time),
            "a bar without an end is cut off"
        );
        let mut odd = playing(1, u16::MAX);
        odd.steps_per_bar = u16::MAX / 2;
        assert_eq!(
            Gone::new(HangUp::FinishBar, &odd, now).time(now),
            Some(MOST)
        );
    }

    #[test]
    fn nothing_that_plays_is_nothing_to_wait_for() {
        let now = Instant::now();
        for wish in [HangUp::FinishBar, HangUp::Stop, HangUp::PlayOn] {
            let gone = Gone::new(wish, &EngineStatus::default(), now);
            assert_eq!(gone.how(), HangUp::Stop);
            assert!(gone.is_over(&EngineStatus::default(), now));
        }
    }

    #[test]
    fn what_plays_on_has_no_end_of_its_own() {
        let now = Instant::now();
        let mut gone = Gone::new(HangUp::PlayOn, &playing(120_000, 4), now);
        assert_eq!(gone.time(now), None);
        let later = now + Duration::from_secs(1_000_000);
        assert!(!gone.is_over(&playing(120_000, 5), later));
        assert!(!gone.crossed_bar(&playing(120_000, 5)));
        let mut next = playing(120_000, 0);
        next.bar = 4;
        assert!(gone.crossed_bar(&next) && !gone.crossed_bar(&next));
    }
}
