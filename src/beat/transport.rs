//! Musical time as integers: steps to nanoseconds and back, tempo changes, swing, taps.
//! No clock is read here; whoever has one passes its nanoseconds in.

/// Nanoseconds a 16th step would take at a thousandth of a quarter note a minute:
/// 60 s / 4 steps, times 1000.
const STEP_NS_AT_ONE_MILLI_BPM: u128 = 15_000_000_000_000;

/// MIDI clock has 24 ticks a quarter note.
pub const TICKS_A_STEP: u64 = 6;

/// The time of step `k` counted from `t0`, in nanoseconds:
/// `t0 + floor(k * 15e12 / milli_bpm)`, exact in 128-bit integers.
///
/// `milli_bpm` is thousandths of a quarter note per minute; 0 counts as 1. A time beyond the
/// range of `u64` (584 years) becomes the last one.
#[must_use]
pub fn step_time_ns(t0: u64, k: u64, milli_bpm: u32) -> u64 {
    let after = u128::from(k) * STEP_NS_AT_ONE_MILLI_BPM / u128::from(milli_bpm.max(1));
    saturate(u128::from(t0) + after)
}

fn saturate(ns: u128) -> u64 {
    u64::try_from(ns).unwrap_or(u64::MAX)
}

/// How late a step is played because of swing, in steps, before its own micro-timing.
///
/// `swing` is the share of an 8th taken by its first 16th: 0.5 is straight, 2/3 a triplet shuffle.
/// Odd steps are late by `2 * (swing - 0.5)`, even ones are on time. Values outside 0.5 to 0.75
/// count as the nearer end, a value that is no number as 0.5.
#[must_use]
pub fn swing_delay(step_in_bar: u64, swing: f32) -> f32 {
    if step_in_bar.is_multiple_of(2) || swing.is_nan() {
        return 0.0;
    }
    2.0 * (swing.clamp(0.5, 0.75) - 0.5)
}

/// A tempo that began on a step: the line that turns steps into nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// The time of `anchor_step`, in nanoseconds of the caller's clock.
    pub anchor_ns: u64,
    /// The step on which the tempo began.
    pub anchor_step: u64,
    /// The tempo, in thousandths of a quarter note per minute.
    pub milli_bpm: u32,
}

impl Transport {
    /// Step 0 at `t0` nanoseconds.
    #[must_use]
    pub const fn new(t0: u64, milli_bpm: u32) -> Self {
        Self {
            anchor_ns: t0,
            anchor_step: 0,
            milli_bpm,
        }
    }

    /// The grid time of a step, in nanoseconds. Steps before the anchor are reckoned at the
    /// present tempo.
    #[must_use]
    pub fn time_of(&self, step: u64) -> u64 {
        match step.checked_sub(self.anchor_step) {
            Some(k) => step_time_ns(self.anchor_ns, k, self.milli_bpm),
            None => self.anchor_ns.saturating_sub(step_time_ns(
                0,
                self.anchor_step - step,
                self.milli_bpm,
            )),
        }
    }

    /// The time of a MIDI clock tick, 24 a quarter note and so six a step, in nanoseconds:
    /// `anchor + floor(k * 2.5e12 / milli_bpm)` with `k` ticks since the anchor's step. Every
    /// sixth falls exactly on its step.
    #[must_use]
    pub fn tick_time(&self, step: u64, tick: u64) -> u64 {
        let k = step
            .saturating_sub(self.anchor_step)
            .saturating_mul(TICKS_A_STEP)
            .saturating_add(tick);
        let after = u128::from(k) * STEP_NS_AT_ONE_MILLI_BPM
            / (u128::from(TICKS_A_STEP) * u128::from(self.milli_bpm.max(1)));
        saturate(u128::from(self.anchor_ns) + after)
    }

    /// The last step whose grid time is not after `ns`; step 0 for any time before that.
    #[must_use]
    pub fn step_at(&self, ns: u64) -> u64 {
        let bpm = u128::from(self.milli_bpm.max(1));
        match ns.checked_sub(self.anchor_ns) {
            // floor(k P / b) <= d  <=>  k P < (d + 1) b
            Some(d) => {
                let k = ((u128::from(d) + 1) * bpm - 1) / STEP_NS_AT_ONE_MILLI_BPM;
                self.anchor_step.saturating_add(saturate(k))
            }
            None => {
                let d = u128::from(self.anchor_ns - ns) * bpm;
                self.anchor_step
                    .saturating_sub(saturate(d.div_ceil(STEP_NS_AT_ONE_MILLI_BPM)))
            }
        }
    }

    /// Changes the tempo from `at_step` on. That step keeps its time exactly, so turning the knob
    /// moves nothing already timed, and each tempo is reckoned from its own step, never summed up.
    pub fn set_tempo(&mut self, milli_bpm: u32, at_step: u64) {
        if milli_bpm == self.milli_bpm {
            return;
        }
        self.anchor_ns = self.time_of(at_step);
        self.anchor_step = at_step;
        self.milli_bpm = milli_bpm;
    }

    /// How long one step lasts, in nanoseconds.
    #[must_use]
    pub fn step_ns(&self) -> f64 {
        STEP_NS_AT_ONE_MILLI_BPM as f64 / f64::from(self.milli_bpm.max(1))
    }
}

/// When a hit sounds, in nanoseconds: the step's grid time, moved by its micro-timing
/// (`offset_in_steps`) and by the swing of its place. The place is `step` itself, which fits
/// every bar with an even number of steps; see [`hit_time_in_bar_ns`] for the others.
#[must_use]
pub fn hit_time_ns(transport: &Transport, step: u64, offset_in_steps: f32, swing: f32) -> u64 {
    hit_time_in_bar_ns(transport, step, step, offset_in_steps, swing)
}

/// [`hit_time_ns`] for a step whose place in its bar is `step_in_bar`.
#[must_use]
pub fn hit_time_in_bar_ns(
    transport: &Transport,
    step: u64,
    step_in_bar: u64,
    offset_in_steps: f32,
    swing: f32,
) -> u64 {
    let moved = f64::from(offset_in_steps) + f64::from(swing_delay(step_in_bar, swing));
    let ns = (moved * transport.step_ns()).round();
    // A float that is no number casts to 0: such a hit falls on the grid.
    transport.time_of(step).saturating_add_signed(ns as i64)
}

/// Tempo from taps on quarter notes. Pure: taps are times in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct TapTempo {
    taps: Vec<u64>,
}

impl TapTempo {
    /// How many taps count.
    const KEPT: usize = 8;
    /// A longer pause (20 quarter notes per minute) begins anew.
    const PAUSE_NS: u64 = 3_000_000_000;
    /// A shorter one is a key that bounced.
    const BOUNCE_NS: u64 = 100_000_000;

    /// No taps yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hears a tap; gives the mean tempo of the taps since the last pause, at most eight, in
    /// thousandths of a quarter note per minute, 20,000 to 400,000. `None` before the second.
    pub fn tap(&mut self, ns: u64) -> Option<u32> {
        match self.taps.last().map(|&last| ns.checked_sub(last)) {
            Some(Some(gap)) if gap < Self::BOUNCE_NS => return self.milli_bpm(),
            Some(Some(gap)) if gap <= Self::PAUSE_NS => {}
            _ => self.taps.clear(),
        }
        if self.taps.len() == Self::KEPT {
            self.taps.remove(0);
        }
        self.taps.push(ns);
        self.milli_bpm()
    }

    fn milli_bpm(&self) -> Option<u32> {
        let (first, last) = (self.taps.first()?, self.taps.last()?);
        let gaps = self.taps.len() as u128 - 1;
        let span = u128::from(last - first);
        if span == 0 {
            return None;
        }
        let milli_bpm = (gaps * 4 * STEP_NS_AT_ONE_MILLI_BPM + span / 2) / span;
        Some(u32::try_from(milli_bpm.clamp(20_000, 400_000)).unwrap_or(400_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};

    #[test]
    fn steps_fall_on_exact_nanoseconds() {
        // Four hours at 120: step k is at exactly k * 125 ms, the last as the first.
        let t = Transport::new(5, 120_000);
        for k in [0, 1, 2, 63, 1_000, 115_200] {
            assert_eq!(t.time_of(k), 5 + k * 125_000_000);
        }
        assert_eq!(t.time_of(115_200) - 5, 4 * 3600 * 1_000_000_000);
        // A tempo whose step is no whole number of nanoseconds: never off by a full one.
        let bpm = 133_337;
        for k in 0..200_000u64 {
            let got = u128::from(step_time_ns(0, k, bpm)) * u128::from(bpm);
            let exact = u128::from(k) * 15_000_000_000_000;
            assert!(got <= exact && exact < got + u128::from(bpm));
        }
        // Random tempo turns: the anchor step keeps its time, times never run backwards.
        let mut draws = Stream::new(11, 0, Purpose::Test);
        let mut t = Transport::new(1_000, 90_000);
        let mut step = 0u64;
        for _ in 0..10_000 {
            step += 1 + draws.below(40) as u64;
            let before = t.time_of(step);
            t.set_tempo(20_000 + draws.below(380_000) as u32, step);
            assert_eq!(t.time_of(step), before);
            assert!(t.time_of(step + 1) > before);
        }
    }

    #[test]
    fn a_step_is_found_again_by_its_time() {
        let mut t = Transport::new(77, 128_999);
        t.set_tempo(133_003, 1_000);
        for step in (0..3_000).chain([1 << 36]) {
            let ns = t.time_of(step);
            assert_eq!(t.step_at(ns), step);
            assert_eq!(t.step_at(ns - 1), step.saturating_sub(1));
        }
        assert_eq!(t.step_at(0), 0);
        assert_eq!(Transport::new(10, 0).step_at(u64::MAX), 1_229_782);
        assert_eq!(Transport::new(u64::MAX, 1).time_of(u64::MAX), u64::MAX);
    }

    #[test]
    fn swing_delays_off_sixteenths_only() {
        assert_eq!(swing_delay(0, 0.75), 0.0);
        assert_eq!(swing_delay(3, 0.5), 0.0);
        assert_eq!(swing_delay(3, 0.75), 0.5);
        assert_eq!(swing_delay(1, f32::NAN), 0.0);
        assert_eq!(swing_delay(1, 9.0), 0.5);
        let t = Transport::new(1_000_000_000, 120_000);
        assert_eq!(hit_time_ns(&t, 0, 0.0, 0.75), 1_000_000_000);
        assert_eq!(hit_time_ns(&t, 1, 0.0, 0.75), 1_187_500_000);
        assert_eq!(hit_time_ns(&t, 1, -0.5, 0.75), 1_125_000_000);
        assert_eq!(hit_time_ns(&t, 2, -0.25, 0.5), 1_218_750_000);
        assert_eq!(hit_time_ns(&t, 2, f32::NAN, 0.5), 1_250_000_000);
        assert_eq!(hit_time_ns(&Transport::new(0, 120_000), 0, -0.5, 0.5), 0);
    }

    #[test]
    fn taps_give_the_tempo() {
        let mut taps = TapTempo::new();
        assert_eq!(taps.tap(1_000_000_000), None);
        assert_eq!(taps.tap(1_500_000_000), Some(120_000));
        assert_eq!(taps.tap(1_520_000_000), Some(120_000), "a bounce");
        assert_eq!(taps.tap(2_020_000_000), Some(117_647));
        assert_eq!(taps.tap(9_000_000_000), None, "a pause begins anew");
        assert_eq!(taps.tap(9_600_000_000), Some(100_000));
        assert_eq!(taps.tap(1), None, "time that runs backwards begins anew");
        for i in 1..50 {
            taps.tap(1 + i * 400_000_000);
        }
        assert_eq!(taps.tap(1 + 50 * 400_000_000), Some(150_000));
    }
}
