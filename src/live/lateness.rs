//! [`Pulse`]: what the scheduler counts, as atomics that any thread may read: notes sent, late,
//! refused, and a histogram of lateness.

use super::keys::Keys;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A note sent this many nanoseconds after its time is late.
pub const LATE_NS: u64 = 5_000_000;

/// Bins of the histogram: whole microseconds up to 7, then four an octave up to 8 seconds.
pub const BINS: usize = 96;

/// The counts of every bin at one moment.
pub type Histogram = [u32; BINS];

/// The scheduler's counters. Written by the real-time thread only, except that anyone may read.
#[derive(Debug)]
pub struct Pulse {
    sent: AtomicU64,
    late: AtomicU64,
    refused: AtomicU64,
    unrecorded: AtomicU64,
    silences: AtomicU64,
    sounding: AtomicU32,
    lost: AtomicU8,
    /// How much earlier than due the earliest output is sent everything.
    lead_ns: AtomicU64,
    /// How much later than due the latest output is sent everything.
    lag_ns: AtomicU64,
    keys: [Arc<Keys>; 8],
    bins: [AtomicU32; BINS],
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            sent: AtomicU64::new(0),
            late: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unrecorded: AtomicU64::new(0),
            silences: AtomicU64::new(0),
            sounding: AtomicU32::new(0),
            lost: AtomicU8::new(0),
            lead_ns: AtomicU64::new(0),
            lag_ns: AtomicU64::new(0),
            keys: std::array::from_fn(|_| Arc::default()),
            bins: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

impl Pulse {
    /// Notes sent since the start.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Notes sent more than [`LATE_NS`] after their time.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late.load(Relaxed)
    }

    /// Note-ons that a full output refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Sent notes for whose record there was no room in the ring to the journal.
    #[must_use]
    pub fn unrecorded(&self) -> u64 {
        self.unrecorded.load(Relaxed)
    }

    /// How often everything was silenced.
    #[must_use]
    pub fn silences(&self) -> u64 {
        self.silences.load(Relaxed)
    }

    /// Notes that sound now, over all outputs.
    #[must_use]
    pub fn sounding(&self) -> u32 {
        self.sounding.load(Relaxed)
    }

    /// Whether the output in `slot` told that it is gone.
    #[must_use]
    pub fn is_lost(&self, slot: usize) -> bool {
        slot < 8 && self.lost.load(Relaxed) >> slot & 1 == 1
    }

    /// How much earlier than due the earliest output is sent everything, in nanoseconds: steps
    /// have to be committed so much earlier.
    #[must_use]
    pub fn lead_ns(&self) -> u64 {
        self.lead_ns.load(Relaxed)
    }

    /// How much later than due the latest output is sent everything, in nanoseconds.
    #[must_use]
    pub fn lag_ns(&self) -> u64 {
        self.lag_ns.load(Relaxed)
    }

    pub(super) fn set_span(&self, lead_ns: u64, lag_ns: u64) {
        self.lead_ns.store(lead_ns, Relaxed);
        self.lag_ns.store(lag_ns, Relaxed);
    }

    /// The keys that the output in a slot was sent.
    #[must_use]
    pub fn keys(&self, slot: usize) -> Arc<Keys> {
        self.keys.get(slot).map_or_else(Arc::default, Arc::clone)
    }

    /// The histogram now.
    #[must_use]
    pub fn histogram(&self) -> Histogram {
        std::array::from_fn(|i| self.bins.get(i).map_or(0, |bin| bin.load(Relaxed)))
    }

    pub(super) fn note_sent(&self, lateness_ns: u64) {
        self.sent.fetch_add(1, Relaxed);
        if lateness_ns > LATE_NS {
            self.late.fetch_add(1, Relaxed);
        }
        if let Some(bin) = self.bins.get(bin_of(lateness_ns / 1_000)) {
            bin.fetch_add(1, Relaxed);
        }
    }

    /// A note was sent to an output that is off the beat by its own offset: only whether it was
    /// late counts, for the note itself is counted on the beat.
    pub(super) fn offset_note_sent(&self, lateness_ns: u64) {
        if lateness_ns > LATE_NS {
            self.late.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn note_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn note_unrecorded(&self) {
        self.unrecorded.fetch_add(1, Relaxed);
    }

    pub(super) fn silenced(&self) {
        self.silences.fetch_add(1, Relaxed);
    }

    pub(super) fn publish(&self, sounding: u32, lost: u8) {
        self.sounding.store(sounding, Relaxed);
        self.lost.store(lost, Relaxed);
    }
}

/// The bin of a lateness in microseconds.
const fn bin_of(us: u64) -> usize {
    if us < 8 {
        return us as usize;
    }
    let octave = us.ilog2() as usize;
    let quarter = (us >> (octave - 2)) as usize & 3;
    let bin = 8 + (octave - 3) * 4 + quarter;
    if bin < BINS { bin } else { BINS - 1 }
}

/// The largest lateness, in microseconds, that falls into a bin.
const fn top_of(bin: usize) -> u32 {
    if bin < 8 {
        return bin as u32;
    }
    let (octave, quarter) = ((bin - 8) / 4 + 3, (bin - 8) % 4);
    ((5 + quarter as u32) << (octave - 2)) - 1
}

/// The lateness, in microseconds, that a share `q` (0 to 1) of the notes counted between two
/// histograms does not exceed; rounded up to the edge of its bin. 0 if no note was counted.
#[must_use]
pub fn percentile_us(before: &Histogram, now: &Histogram, q: f64) -> u32 {
    let counts = || {
        now.iter()
            .zip(before)
            .map(|(n, b)| u64::from(n.wrapping_sub(*b)))
    };
    let total: u64 = counts().sum();
    let wanted = ((total as f64 * q).ceil() as u64).max(1);
    let mut below = 0;
    for (bin, count) in counts().enumerate() {
        below += count;
        if below >= wanted {
            return top_of(bin);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_quarter() {
        let pulse = Pulse::default();
        let before = pulse.histogram();
        assert_eq!(percentile_us(&before, &before, 0.99), 0);
        for us in 1..=10_000u64 {
            pulse.note_sent(us * 1_000);
        }
        let now = pulse.histogram();
        for q in [0.5, 0.9, 0.99, 1.0] {
            let got = f64::from(percentile_us(&before, &now, q));
            let exact = 10_000.0 * q;
            assert!(got >= exact && got <= exact * 1.25, "{q}: {got}");
        }
        assert_eq!((pulse.sent(), pulse.late()), (10_000, 5_000));
    }

    #[test]
    fn every_lateness_has_a_bin() {
        for us in (0..5_000).chain([8_000_000, u64::MAX / 1_000]) {
            let bin = bin_of(us);
            assert!(bin < BINS);
            assert!(bin == BINS - 1 || u64::from(top_of(bin)) >= us);
            assert!(bin == 0 || u64::from(top_of(bin - 1)) < us);
        }
    }
}
