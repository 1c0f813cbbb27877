//! [`Timeline`]: which sample a moment of the clock is. A sound card asks for samples in bursts, a buffer at
//! a time and now and then late; notes placed by when they were asked for would jitter by a buffer.
// Without a card nothing but the tests uses it.
#![cfg_attr(not(feature = "audio"), allow(dead_code))]

/// Observations are forgotten after one to two of these, in nanoseconds.
const SPELL_NS: u64 = 500_000_000;

/// A line off by more than this is replaced, not bent: the card has stopped for a while.
const JUMP_NS: f64 = 20_000_000.0;

/// How fast the line is bent, in nanoseconds a nanosecond: at 1 % nothing is heard of it.
const BEND: f64 = 0.01;

/// A line through the earliest requests.
///
/// Frame `f` of a card at a steady rate can never be asked for before `start + f / rate`, because its buffer is full until
/// then; it is asked for then or, when the program wakes up late, later. So the smallest `now - f / rate`
/// seen lately is the line, whatever the size of the bursts and however late some are, and no frame beyond
/// [`Timeline::frame_at`] of now has ever been asked for.
#[derive(Debug)]
pub struct Timeline {
    ns_per_frame: f64,
    /// Where times are counted from, so that differences stay exact.
    epoch_ns: Option<u64>,
    last_ns: u64,
    spell_began_ns: u64,
    before: f64,
    lately: f64,
    /// The line: `start` in nanoseconds from the epoch.
    start: f64,
}

impl Timeline {
    /// A line for a sample rate in Hz, before anything is known.
    pub fn new(sample_rate: u32) -> Self {
        Self {
            ns_per_frame: 1e9 / f64::from(sample_rate.max(1)),
            epoch_ns: None,
            last_ns: 0,
            spell_began_ns: 0,
            before: f64::INFINITY,
            lately: f64::INFINITY,
            start: 0.0,
        }
    }

    /// Frame `frame` was asked for at `now_ns`.
    pub fn observe(&mut self, now_ns: u64, frame: u64) {
        let epoch = *self.epoch_ns.get_or_insert(now_ns);
        let start = now_ns.saturating_sub(epoch) as f64 - frame as f64 * self.ns_per_frame;
        if now_ns.saturating_sub(self.spell_began_ns) >= SPELL_NS {
            self.before = std::mem::replace(&mut self.lately, f64::INFINITY);
            self.spell_began_ns = now_ns;
        }
        self.lately = self.lately.min(start);
        let off = self.lately.min(self.before) - self.start;
        let elapsed = now_ns.saturating_sub(self.last_ns.max(epoch)) as f64;
        let settling = now_ns.saturating_sub(epoch) < SPELL_NS;
        self.start += if settling || off.abs() > JUMP_NS {
            off
        } else {
            off.clamp(-BEND * elapsed, BEND * elapsed)
        };
        self.last_ns = now_ns;
    }

    /// The frame after the last one that can have been asked for by `ns`; below 0 before the first. `None` before
    /// anything was observed.
    pub fn frame_at(&self, ns: u64) -> Option<i64> {
        let epoch = self.epoch_ns?;
        let from_epoch = ns as f64 - epoch as f64;
        Some(((from_epoch - self.start) / self.ns_per_frame).round() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};

    /// A card with a buffer of two periods, whose program wakes up late now and then. Returns how far the
    /// line is off, in microseconds, at its worst after the first second.
    fn worst_us(period: u64, drift_ppm: f64, late_ns: impl Fn(&mut Stream) -> u64) -> f64 {
        let rate = 48_000.0 * (1.0 + drift_ppm * 1e-6);
        let mut line = Timeline::new(48_000);
        let mut draws = Stream::new(1, period, Purpose::Test);
        let t0 = 5_000_000_000_000u64;
        let (mut frame, mut spread) = (0, (f64::INFINITY, f64::NEG_INFINITY));
        for n in 0..40 * 48_000 / period {
            // Two periods at once to fill the buffer, then one whenever one has been played.
            let due = (n.saturating_sub(1) * period) as f64 / rate * 1e9;
            let now = t0 + due as u64 + late_ns(&mut draws);
            for block in 0..period.div_ceil(16) {
                line.observe(now + 3_000 * block, frame + 16 * block);
            }
            frame += period;
            if due > 1e9 {
                let true_frame = due * 1e-9 * rate;
                let off = line.frame_at(t0 + due as u64).unwrap() as f64 - true_frame;
                spread = (spread.0.min(off), spread.1.max(off));
            }
        }
        (spread.1 - spread.0) / 48_000.0 * 1e6
    }

    #[test]
    fn notes_have_constant_latency_whatever_the_buffer() {
        for period in [64, 441, 512, 1024, 4096] {
            assert!(worst_us(period, 0.0, |_| 0) < 100.0, "{period}");
            let sometimes_late = |draws: &mut Stream| match draws.below(50) {
                0 => 900_000 * draws.below(8) as u64,
                _ => draws.below(60_000) as u64,
            };
            let worst = worst_us(period, 0.0, sometimes_late);
            assert!(worst < 150.0, "{period}: {worst} us");
        }
    }

    #[test]
    fn a_card_with_its_own_idea_of_a_second_is_followed() {
        for drift in [-200.0, -50.0, 50.0, 200.0] {
            let worst = worst_us(512, drift, |draws| draws.below(60_000) as u64);
            assert!(worst < 400.0, "{drift} ppm: {worst} us");
        }
    }

    #[test]
    fn after_a_dropout_the_line_is_found_again() {
        let mut line = Timeline::new(48_000);
        let step = 512_000_000_000 / 48_000;
        for n in 0..200 {
            line.observe(1_000_000 + n * step, 512 * n);
        }
        let before = line.frame_at(1_000_000 + 199 * step).unwrap();
        for n in 200..400 {
            line.observe(1_000_000 + n * step + 300_000_000, 512 * n);
        }
        let after = line.frame_at(1_000_000 + 399 * step + 300_000_000).unwrap();
        assert!((after - before - 200 * 512).abs() < 5);
    }
}
