//! [`Offset`]: how far the player's clock is from the receiver's, so that "at 12.5 s" there is a time
//! here. Pure: all times are given.
//!
//! A ping that is said here at t1, heard there at t2, answered there at t3 and heard here at t4
//! bounds the offset `here - there`: it is at least t1 - t2 and at most t4 - t3, for nothing is
//! heard before it is said. The least of the upper bounds and the greatest of the lower ones are
//! both off by the shortest way of their direction; where the two are alike, the middle is the
//! offset. (NTP takes the middle of the one best exchange, RFC 5905; with both ways apart, two lucky
//! halves are enough.) Older bounds are carried along the drift between the clocks, which is
//! reckoned from the middles of whole spans, and loosened by what is not known of it.
//!
//! What is in force follows the estimate slowly, so that playing never jumps.

use std::collections::VecDeque;

const MS: f64 = 1e6;
const PPM: f64 = 1e-6;

/// Exchanges that take longer than this, in nanoseconds, say nothing.
const MOST_NS: i64 = 5_000_000_000;
/// How long a bound counts, in nanoseconds.
const WINDOW_NS: u64 = 30_000_000_000;
/// After this long without an exchange, in nanoseconds, the clocks are compared anew.
const FORGET_NS: u64 = 60_000_000_000;
/// From a span of this length, in nanoseconds, one middle is taken for the drift.
const SPAN_NS: u64 = 5_000_000_000;
/// Spans that are kept: two minutes.
const SPANS: usize = 24;
/// Drift between two machines' clocks that is expected at most, as a share.
const MOST_DRIFT: f64 = 100.0 * PPM;
/// How far bounds may contradict each other before a clock is taken to have jumped, in nanoseconds.
const CONTRADICTION: f64 = 2.0 * MS;
/// A jump larger than this, in nanoseconds, is followed at once.
const JUMP: f64 = 20.0 * MS;
/// Exchanges at the start that are followed at once.
const FIRST: u32 = 16;
/// Time constant, in nanoseconds, with which the estimate is followed.
const FOLLOW: f64 = 3_000.0 * MS;
/// The fastest change beyond drift, as a share: half a millisecond a second.
const MOST_SLEW: f64 = 500.0 * PPM;

/// One exchange: t1 and t4 on the clock here, t2 and t3 on the clock there, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When the ping was said here.
    pub said_ns: u64,
    /// When it was heard there.
    pub far_heard_ns: u64,
    /// When the answer was said there.
    pub far_said_ns: u64,
    /// When the answer was heard here.
    pub heard_ns: u64,
}

/// What an exchange says of the offset, in nanoseconds relative to the base.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    at_ns: u64,
    low: f64,
    high: f64,
}

/// The best bounds of a span, with their times.
#[derive(Clone, Copy, Debug)]
struct Span {
    start_ns: u64,
    low: (u64, f64),
    high: (u64, f64),
}

/// The estimate.
#[derive(Clone, Debug, Default)]
pub struct Offset {
    /// What all offsets below are relative to, in nanoseconds.
    base: i64,
    window: VecDeque<Bounds>,
    spans: VecDeque<Span>,
    /// Drift as a share, and what is not known of it.
    drift: f64,
    doubt: f64,
    /// The estimate and what is in force, both at `at_ns`.
    estimate: f64,
    in_force: f64,
    at_ns: u64,
    /// When the last exchange was heard.
    last_ns: u64,
    /// Exchanges since the clocks were compared anew.
    seen: u32,
    rtts_us: VecDeque<u32>,
}

impl Offset {
    /// Takes an exchange in; what cannot be is passed over.
    pub fn add(&mut self, exchange: &Exchange) {
        let now_ns = exchange.heard_ns;
        let low = exchange.said_ns.wrapping_sub(exchange.far_heard_ns) as i64;
        let high = now_ns.wrapping_sub(exchange.far_said_ns) as i64;
        let stay = (exchange.far_said_ns).wrapping_sub(exchange.far_heard_ns) as i64;
        let rtt = high.wrapping_sub(low);
        let whole = now_ns.wrapping_sub(exchange.said_ns) as i64;
        if [rtt, stay, whole]
            .iter()
            .any(|t| !(0..=MOST_NS).contains(t))
        {
            return;
        }
        self.advance(now_ns);
        self.note_rtt(rtt);
        self.window
            .retain(|b| now_ns.saturating_sub(b.at_ns) <= WINDOW_NS);
        let relative = |ns: i64| ns.wrapping_sub(self.base) as f64;
        let mut bounds = Bounds {
            at_ns: now_ns,
            low: relative(low),
            high: relative(high),
        };
        if self.is_new(&bounds) {
            self.begin(low.wrapping_add(rtt / 2), now_ns);
            let half = rtt as f64 / 2.0;
            (bounds.low, bounds.high) = (-half, half);
        } else if self.contradicts(&bounds) {
            // A clock was moved a little: what is in force follows slowly.
            self.window.clear();
            self.spans.clear();
            self.doubt = MOST_DRIFT;
        }
        self.last_ns = now_ns;
        self.window.push_back(bounds);
        self.add_to_span(&bounds);
        if let Some((low, high)) = self.best(now_ns) {
            self.estimate = (low + high) / 2.0;
        }
        self.seen = self.seen.saturating_add(1);
        if self.seen <= FIRST {
            self.in_force = self.estimate;
        }
    }

    /// The offset in force at `now_ns`, in nanoseconds to be added to the player's times;
    /// `None` before the first exchange.
    pub fn ns(&mut self, now_ns: u64) -> Option<i64> {
        self.advance(now_ns);
        (self.seen > 0).then(|| self.base.wrapping_add(self.in_force.round() as i64))
    }

    /// Takes the estimate into force at once. For when nothing plays.
    pub fn settle(&mut self) {
        self.in_force = self.estimate;
    }

    /// The median round trip of the last exchanges, in microseconds; 0 before the first.
    #[must_use]
    pub fn rtt_us(&self) -> u32 {
        let mut sorted: Vec<u32> = self.rtts_us.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }

    /// The drift as it is reckoned now, in parts of a million.
    #[must_use]
    pub fn drift_ppm(&self) -> f64 {
        self.drift / PPM
    }

    /// Whether bounds are the first ones, or tell of another clock than before.
    fn is_new(&self, bounds: &Bounds) -> bool {
        if self.seen == 0 {
            return true;
        }
        let (low, high) = (self.in_force - JUMP, self.in_force + JUMP);
        bounds.low > high
            || bounds.high < low
            || bounds.at_ns.saturating_sub(self.last_ns) > FORGET_NS
    }

    fn contradicts(&self, bounds: &Bounds) -> bool {
        self.best(bounds.at_ns).is_some_and(|(low, high)| {
            bounds.low > high + CONTRADICTION || bounds.high < low - CONTRADICTION
        })
    }

    fn begin(&mut self, base: i64, now_ns: u64) {
        *self = Self {
            base,
            doubt: MOST_DRIFT,
            at_ns: now_ns,
            rtts_us: std::mem::take(&mut self.rtts_us),
            ..Self::default()
        };
    }

    fn note_rtt(&mut self, rtt_ns: i64) {
        if self.rtts_us.len() == 15 {
            self.rtts_us.pop_front();
        }
        let us = u32::try_from(rtt_ns / 1_000).unwrap_or(u32::MAX);
        self.rtts_us.push_back(us);
    }

    /// Moves the estimate along the drift, and what is in force towards it.
    fn advance(&mut self, now_ns: u64) {
        let Some(passed) = now_ns.checked_sub(self.at_ns).filter(|ns| *ns > 0) else {
            return;
        };
        let passed = passed as f64;
        self.at_ns = now_ns;
        let most = MOST_SLEW * passed;
        let pull = (self.estimate - self.in_force) * (1.0 - (-passed / FOLLOW).exp());
        self.in_force += self.drift * passed + pull.clamp(-most, most);
        self.estimate += self.drift * passed;
    }

    /// The tightest bounds of the window at `now_ns`.
    fn best(&self, now_ns: u64) -> Option<(f64, f64)> {
        let carried = self.window.iter().map(|bounds| {
            let age = now_ns.saturating_sub(bounds.at_ns) as f64;
            let (moved, loose) = (self.drift * age, self.doubt * age);
            (bounds.low + moved - loose, bounds.high + moved + loose)
        });
        carried.reduce(|(low, high), (l, h)| (low.max(l), high.min(h)))
    }

    fn add_to_span(&mut self, bounds: &Bounds) {
        let at_ns = bounds.at_ns;
        let (low, high) = ((at_ns, bounds.low), (at_ns, bounds.high));
        match self.spans.back_mut() {
            Some(span) if at_ns.saturating_sub(span.start_ns) < SPAN_NS => {
                if low.1 > span.low.1 {
                    span.low = low;
                }
                if high.1 < span.high.1 {
                    span.high = high;
                }
            }
            _ => {
                self.reckon_drift();
                if self.spans.len() == SPANS {
                    self.spans.pop_front();
                }
                self.spans.push_back(Span {
                    start_ns: at_ns,
                    low,
                    high,
                });
            }
        }
    }

    /// A weighted straight line through the middles of the spans; a span with worse bounds than
    /// the best one counts less. Kept towards 0 as far as the middles are unsure.
    fn reckon_drift(&mut self) {
        let narrowest = |narrowest: f64, span: &Span| narrowest.min(span.high.1 - span.low.1);
        let narrowest = self.spans.iter().fold(f64::INFINITY, narrowest);
        let points = || {
            self.spans.iter().map(|span| {
                let unsure = 0.1 * MS + (span.high.1 - span.low.1 - narrowest) / 2.0;
                let at = (span.low.0 as f64 + span.high.0 as f64) / 2.0;
                let middle = (span.low.1 + span.high.1) / 2.0;
                (1.0 / (unsure * unsure), at, middle)
            })
        };
        if self.spans.len() < 3 {
            return;
        }
        let (mut weight, mut at_mean, mut middle_mean) = (0.0, 0.0, 0.0);
        for (w, at, middle) in points() {
            weight += w;
            at_mean += w * at;
            middle_mean += w * middle;
        }
        at_mean /= weight;
        middle_mean /= weight;
        let (mut spread, mut along) = (0.0, 0.0);
        for (w, at, middle) in points() {
            spread += w * (at - at_mean) * (at - at_mean);
            along += w * (at - at_mean) * (middle - middle_mean);
        }
        if spread <= 0.0 || !spread.is_finite() {
            return;
        }
        let variance = 1.0 / spread;
        let expected = (MOST_DRIFT / 2.0) * (MOST_DRIFT / 2.0);
        let drift = along / spread * expected / (expected + variance);
        self.drift = drift.clamp(-2.0 * MOST_DRIFT, 2.0 * MOST_DRIFT);
        self.doubt = (2.0 * variance.sqrt() + 2.0 * PPM).min(MOST_DRIFT);
    }
}

#[cfg(test)]
mod tests;
