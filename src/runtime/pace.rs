//! How often a frame is sent. What lies between us and a far screen (ssh, its buffers, the line)
//! takes bytes at once and shows them late, so on a slow line the newest frame would wait behind all
//! older ones; the only cure on this side is not to send more than the line carries.

use super::terminal::Room;
use std::time::{Duration, Instant};

/// Frames a second where nothing else is said.
const NEAR: u8 = 30;

/// The same over ssh.
const FAR: u8 = 15;

/// Bytes a second that a far line is taken to carry: four fifths of 100 kbit/s, the rest is the
/// line's own (headers, acknowledgements, what we answer to keys).
const CARRIES: u64 = 10_000;

/// What may still be on its way to a far screen when the next frame is sent.
const AHEAD: Duration = Duration::from_millis(33);

/// Bytes that a frame may have when the user has just done something: a whole screen, so that it changes at
/// once where the line is better than it is taken to be.
const ANSWER: usize = 8_000;

/// When frames are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    frame: Duration,
    carries: Option<u64>,
    /// When a far line has carried what was sent so far.
    clear: Option<Instant>,
}

impl Pace {
    /// At most `wanted` frames a second, whatever the line; else what suits the line.
    #[must_use]
    pub fn new(wanted: Option<u8>, ssh: bool) -> Self {
        let frames = wanted.unwrap_or(if ssh { FAR } else { NEAR }).max(1);
        Self {
            frame: Duration::from_secs(1) / u32::from(frames),
            carries: (ssh && wanted.is_none()).then_some(CARRIES),
            clear: None,
        }
    }

    /// The shortest time between two frames.
    #[must_use]
    pub const fn frame(&self) -> Duration {
        self.frame
    }

    /// How much the frame that is due may have; more if it answers the user.
    #[must_use]
    pub fn room(&self, answers: bool) -> Room {
        let Some(carries) = self.carries else {
            return Room::PLENTY;
        };
        // What a line carries in a time, in bytes.
        let in_time = |time: Duration| {
            usize::try_from(time.as_micros() as u64 * carries / 1_000_000).unwrap_or(usize::MAX)
        };
        Room {
            fresh: if answers {
                ANSWER
            } else {
                in_time(self.frame + AHEAD)
            },
            all: in_time(self.frame),
        }
    }

    /// A frame of so many bytes was sent: when the next is due.
    pub fn sent(&mut self, bytes: usize, now: Instant) -> Instant {
        let due = now + self.frame;
        let Some(carries) = self.carries else {
            return due;
        };
        let micros = (bytes as u64).saturating_mul(1_000_000) / carries;
        let from = self.clear.map_or(now, |clear| clear.max(now));
        let clear = from + Duration::from_micros(micros);
        self.clear = Some(clear);
        due.max(clear.checked_sub(AHEAD).unwrap_or(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_line_is_never_sent_more_than_it_carries() {
        for sizes in [[1_500, 1_500], [4_000, 200], [20_000, 20_000], [90, 90]] {
            let mut pace = Pace::new(None, true);
            let mut now = Instant::now();
            let mut queue = 0.0_f64;
            for bytes in sizes.into_iter().cycle().take(400) {
                assert!(queue <= 500.0, "{sizes:?}: {queue} bytes wait already");
                queue += f64::from(bytes);
                let due = pace.sent(bytes as usize, now);
                let waited = due.duration_since(now);
                assert!(waited >= pace.frame());
                queue = (queue - 12_500.0 * waited.as_secs_f64()).max(0.0);
                now = due;
            }
        }
        let mut pace = Pace::new(None, true);
        let now = Instant::now();
        assert_eq!(
            pace.sent(200, now),
            now + pace.frame(),
            "a small frame costs nothing"
        );
        assert!(pace.frame() >= Duration::from_millis(66));
        let (idle, answer) = (pace.room(false), pace.room(true));
        assert!(idle.fresh < 1_100 && idle.all < idle.fresh && answer.fresh > 4_000);
    }

    #[test]
    fn what_the_user_says_counts_on_every_line() {
        let now = Instant::now();
        let mut fast = Pace::new(Some(60), true);
        assert_eq!(fast.room(false), Room::PLENTY);
        assert_eq!(fast.sent(100_000, now), now + Duration::from_secs(1) / 60);
        assert_eq!(
            Pace::new(Some(5), false).frame(),
            Duration::from_millis(200)
        );
        let mut near = Pace::new(None, false);
        assert_eq!(near.sent(100_000, now), now + Duration::from_secs(1) / 30);
    }
}
