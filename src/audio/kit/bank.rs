//! Parts that drum voices have several of, kept side by side in arrays so that one vector
//! instruction serves four: envelopes and filters. Ringing modes are in [`super::modes`].

use super::dsp::decay;
use std::f32::consts::PI;

/// A rise and two exponential falls: `(1 - e^(-t/attack)) (fast + slow)`. Times are in seconds to 1/e.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Amplitude, shared as `1 - tail` to the fast and `tail` to the slow fall.
    pub level: f32,
    /// Rise.
    pub attack: f32,
    /// First fall.
    pub fast: f32,
    /// Second fall.
    pub slow: f32,
    /// Share of the second fall.
    pub tail: f32,
}

/// `N` envelopes side by side, so that the compiler may compute them at once.
#[derive(Clone, Copy, Debug)]
pub struct Envelopes<const N: usize> {
    rise: [f32; N],
    rising: [f32; N],
    fast: [f32; N],
    fast_fall: [f32; N],
    slow: [f32; N],
    slow_fall: [f32; N],
}

impl<const N: usize> Envelopes<N> {
    /// All silent.
    pub const fn new() -> Self {
        let zero = [0.0; N];
        Self {
            rise: zero,
            rising: zero,
            fast: zero,
            fast_fall: zero,
            slow: zero,
            slow_fall: zero,
        }
    }

    /// Starts envelope `i`, which is below `N`.
    pub fn start(&mut self, i: usize, shape: &Shape, rate: f32) {
        self.rise[i] = 1.0;
        self.rising[i] = decay(shape.attack, rate);
        self.fast[i] = shape.level * (1.0 - shape.tail);
        self.fast_fall[i] = decay(shape.fast, rate);
        self.slow[i] = shape.level * shape.tail;
        self.slow_fall[i] = decay(shape.slow, rate);
    }

    /// Takes another's envelopes over, from number `at` on.
    #[inline(always)]
    pub fn take<const M: usize>(&mut self, other: &Envelopes<M>, at: usize) {
        for i in 0..M {
            self.take_one(other, i, at + i);
        }
    }

    /// Takes another's envelope `from` over as number `to`.
    #[inline(always)]
    pub fn take_one<const M: usize>(&mut self, other: &Envelopes<M>, from: usize, to: usize) {
        self.rise[to] = other.rise[from];
        self.rising[to] = other.rising[from];
        self.fast[to] = other.fast[from];
        self.fast_fall[to] = other.fast_fall[from];
        self.slow[to] = other.slow[from];
        self.slow_fall[to] = other.slow_fall[from];
    }

    /// Gives what [`Envelopes::take`] took back as it is now.
    #[inline(always)]
    pub fn give<const M: usize>(&self, other: &mut Envelopes<M>, at: usize) {
        other.rise.copy_from_slice(&self.rise[at..at + M]);
        other.fast.copy_from_slice(&self.fast[at..at + M]);
        other.slow.copy_from_slice(&self.slow[at..at + M]);
    }

    /// Whether any still rises, as far as that is heard.
    #[inline(always)]
    pub fn is_rising(&self) -> bool {
        self.rise.iter().any(|rise| *rise > 0.0)
    }

    /// The next values where none rises: the same as [`Envelopes::next`].
    #[inline(always)]
    pub fn next_falling(&mut self) -> [f32; N] {
        let mut out = [0.0; N];
        for (i, out) in out.iter_mut().enumerate() {
            self.fast[i] *= self.fast_fall[i];
            self.slow[i] *= self.slow_fall[i];
            *out = self.fast[i] + self.slow[i];
        }
        out
    }

    /// The next values.
    #[inline(always)]
    pub fn next(&mut self) -> [f32; N] {
        let mut out = [0.0; N];
        for (i, out) in out.iter_mut().enumerate() {
            self.rise[i] *= self.rising[i];
            self.fast[i] *= self.fast_fall[i];
            self.slow[i] *= self.slow_fall[i];
            *out = (1.0 - self.rise[i]) * (self.fast[i] + self.slow[i]);
        }
        out
    }

    /// An upper bound of the sum of all later values.
    #[inline(always)]
    pub fn level(&self) -> f32 {
        let mut sum = 0.0;
        for (fast, slow) in self.fast.iter().zip(&self.slow) {
            sum += fast + slow;
        }
        sum
    }

    /// Sets parts too small to be heard to 0, before they become denormal.
    #[inline(always)]
    pub fn flush(&mut self) {
        for part in [&mut self.rise, &mut self.fast, &mut self.slow] {
            for x in part {
                if *x < 1e-9 {
                    *x = 0.0;
                }
            }
        }
    }
}

/// What a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Around the centre, gain 1 there.
    Band,
    /// Above the corner, 12 dB an octave.
    High,
}

/// `N` filters of second order side by side, each the state-variable filter's response (Simper, "Solving the continuous
/// SVF equations using trapezoidal integration and equivalent currents", 2013) as a transposed direct form, which needs half the
/// operations where nothing is modulated.
#[derive(Clone, Copy, Debug)]
pub struct Filters<const N: usize> {
    ahead: [[f32; N]; 3],
    back: [[f32; N]; 2],
    state: [[f32; N]; 2],
}

// The direct form is written with `y` put in: `y = b0 x + s1` and `s1 <- (b1 - a1 b0) x + s2 - a1 s1`. So a step waits for a
// product and a difference of the one before, not for another sum.

impl<const N: usize> Filters<N> {
    /// All closed.
    pub const fn new() -> Self {
        let zero = [0.0; N];
        Self {
            ahead: [zero; 3],
            back: [zero; 2],
            state: [zero; 2],
        }
    }

    /// Sets filter `i`, which is below `N`, to `hertz` (held below 0.45 of the rate) with quality `q`.
    pub fn set(&mut self, i: usize, pass: Pass, hertz: f32, q: f32, rate: f32) {
        let g = f64::from((PI * (hertz / rate).clamp(1e-4, 0.45)).tan());
        let k = f64::from(1.0 / q);
        let scale = 1.0 / (1.0 + g * (g + k));
        let ahead = match pass {
            Pass::Band => [g * k * scale, 0.0, -g * k * scale],
            Pass::High => [scale, -2.0 * scale, scale],
        };
        let back = [2.0 * (g * g - 1.0) * scale, (1.0 - g * (k - g)) * scale];
        let [b0, b1, b2] = ahead;
        let ahead = [b0, b1 - back[0] * b0, b2 - back[1] * b0];
        for (row, value) in self.ahead.iter_mut().zip(ahead) {
            row[i] = value as f32;
        }
        for (row, value) in self.back.iter_mut().zip(back) {
            row[i] = value as f32;
        }
    }

    /// Takes another's filters over, from number `at` on.
    #[inline(always)]
    pub fn take<const M: usize>(&mut self, other: &Filters<M>, at: usize) {
        for (own, row) in self.ahead.iter_mut().zip(&other.ahead) {
            own[at..at + M].copy_from_slice(row);
        }
        for (own, row) in self.back.iter_mut().zip(&other.back) {
            own[at..at + M].copy_from_slice(row);
        }
        for (own, row) in self.state.iter_mut().zip(&other.state) {
            own[at..at + M].copy_from_slice(row);
        }
    }

    /// Gives what [`Filters::take`] took back as it is now.
    #[inline(always)]
    pub fn give<const M: usize>(&self, other: &mut Filters<M>, at: usize) {
        for (own, row) in self.state.iter().zip(&mut other.state) {
            row.copy_from_slice(&own[at..at + M]);
        }
    }

    /// The next sample of each.
    #[inline(always)]
    pub fn next(&mut self, x: [f32; N]) -> [f32; N] {
        let ([s1, s2], [b0, b1, b2], [a1, a2]) = (&mut self.state, &self.ahead, &self.back);
        let mut out = [0.0; N];
        for i in 0..N {
            let s = s1[i];
            out[i] = b0[i] * x[i] + s;
            s1[i] = (b1[i] * x[i] + s2[i]) - a1[i] * s;
            s2[i] = b2[i] * x[i] - a2[i] * s;
        }
        out
    }

    /// Empties states too small to be heard, before they become denormal.
    #[inline(always)]
    pub fn flush(&mut self) {
        let [s1, s2] = &mut self.state;
        for (a, b) in s1.iter_mut().zip(s2) {
            if a.abs() + b.abs() < 1e-9 {
                (*a, *b) = (0.0, 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    #[test]
    fn a_high_pass_stops_steadiness_and_a_band_pass_keeps_its_centre() {
        let rate = 48_000.0;
        let mut filters = Filters::<2>::new();
        filters.set(0, Pass::High, 7000.0, 0.7, rate);
        filters.set(1, Pass::Band, 3000.0, 2.0, rate);
        let (mut last, mut peak) = (0.0, 0.0f32);
        for n in 0..4800 {
            let sine = (TAU * 3000.0 * n as f32 / rate).sin();
            let [high, band] = filters.next([1.0, sine]);
            last = high;
            if n > 2400 {
                peak = peak.max(band.abs());
            }
        }
        assert!(last.abs() < 1e-4);
        assert!((peak - 1.0).abs() < 0.01, "{peak}");
    }
}
