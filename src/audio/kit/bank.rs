//! Parts that drum voices have several of, kept side by side in arrays so that one vector
//! instruction serves four: envelopes, filters, ringing modes.

use super::dsp::decay;
use std::f32::consts::{PI, TAU};

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

    /// The next values.
    #[inline]
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
    pub fn level(&self) -> f32 {
        self.fast.iter().chain(&self.slow).sum()
    }

    /// Sets parts too small to be heard to 0, before they become denormal.
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

/// `N` state-variable filters side by side (Simper, "Solving the continuous SVF equations using trapezoidal
/// integration and equivalent currents", 2013).
#[derive(Clone, Copy, Debug)]
pub struct Filters<const N: usize> {
    a: [[f32; N]; 3],
    mix: [[f32; N]; 3],
    state: [[f32; N]; 2],
}

impl<const N: usize> Filters<N> {
    /// All closed.
    pub const fn new() -> Self {
        let zero = [0.0; N];
        Self {
            a: [zero; 3],
            mix: [zero; 3],
            state: [zero; 2],
        }
    }

    /// Sets filter `i`, which is below `N`, to `hertz` (held below 0.45 of the rate) with quality `q`.
    pub fn set(&mut self, i: usize, pass: Pass, hertz: f32, q: f32, rate: f32) {
        let g = (PI * (hertz / rate).clamp(1e-4, 0.45)).tan();
        let k = 1.0 / q;
        let a = 1.0 / (1.0 + g * (g + k));
        let mix = match pass {
            Pass::Band => [0.0, k, 0.0],
            Pass::High => [1.0, -k, -1.0],
        };
        for (row, value) in self.a.iter_mut().zip([a, g * a, g * g * a]) {
            row[i] = value;
        }
        for (row, value) in self.mix.iter_mut().zip(mix) {
            row[i] = value;
        }
    }

    /// The next sample of each.
    #[inline]
    pub fn next(&mut self, x: [f32; N]) -> [f32; N] {
        let ([s1, s2], [a1, a2, a3], [m0, m1, m2]) = (&mut self.state, &self.a, &self.mix);
        let mut out = [0.0; N];
        for i in 0..N {
            let v3 = x[i] - s2[i];
            let v1 = a1[i] * s1[i] + a2[i] * v3;
            let v2 = s2[i] + a2[i] * s1[i] + a3[i] * v3;
            s1[i] = 2.0 * v1 - s1[i];
            s2[i] = 2.0 * v2 - s2[i];
            out[i] = m0[i] * x[i] + m1[i] * v1 + m2[i] * v2;
        }
        out
    }

    /// Empties states too small to be heard, before they become denormal.
    pub fn flush(&mut self) {
        let [s1, s2] = &mut self.state;
        for (a, b) in s1.iter_mut().zip(s2) {
            if a.abs() + b.abs() < 1e-9 {
                (*a, *b) = (0.0, 0.0);
            }
        }
    }
}

/// How many modes a bank holds.
pub const MODES: usize = 12;

/// Twelve decaying sines, each the free ringing of a two-pole resonator:
/// `y[n] = 2 r cos(w) y[n-1] - r^2 y[n-2]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Modes {
    c1: [f32; MODES],
    c2: [f32; MODES],
    y1: [f32; MODES],
    y2: [f32; MODES],
}

impl Modes {
    /// Silence; [`Modes::set`] starts a mode.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts mode `i` at phase 0 with amplitude `level`, falling to 1/e in `seconds`.
    /// A mode at or above 0.45 of the rate stays silent.
    pub fn set(&mut self, i: usize, hertz: f32, level: f32, seconds: f32, rate: f32) {
        if i >= MODES || hertz >= 0.45 * rate {
            return;
        }
        let (w, r) = (TAU * hertz / rate, decay(seconds, rate));
        self.c1[i] = 2.0 * r * w.cos();
        self.c2[i] = r * r;
        self.y1[i] = -level * w.sin() / r;
        self.y2[i] = -level * (2.0 * w).sin() / (r * r);
    }

    /// The next sample: the sum of all modes.
    #[inline]
    pub fn next(&mut self) -> f32 {
        let mut y = [0.0; MODES];
        for (i, y) in y.iter_mut().enumerate() {
            *y = self.c1[i] * self.y1[i] - self.c2[i] * self.y2[i];
        }
        self.y2 = self.y1;
        self.y1 = y;
        // Four partial sums, so that the compiler may add four at a time.
        let mut sum = [0.0; 4];
        for part in y.chunks_exact(4) {
            for (s, v) in sum.iter_mut().zip(part) {
                *s += v;
            }
        }
        (sum[0] + sum[1]) + (sum[2] + sum[3])
    }

    /// The size of the state: about the sum of the amplitudes.
    pub fn level(&self) -> f32 {
        let states = self.y1.iter().chain(&self.y2);
        states.map(|y| y.abs()).sum()
    }

    /// Sets modes too small to be heard to 0, before they become denormal.
    pub fn flush(&mut self) {
        for (a, b) in self.y1.iter_mut().zip(&mut self.y2) {
            if a.abs() + b.abs() < 1e-9 {
                (*a, *b) = (0.0, 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_rings_at_its_pitch_and_falls_in_its_time() {
        let mut modes = Modes::new();
        modes.set(3, 440.0, 0.5, 0.1, 48_000.0);
        for n in 0..9600 {
            let t = n as f32 / 48_000.0;
            let expected = 0.5 * (-t / 0.1).exp() * (TAU * 440.0 * t).sin();
            assert!((modes.next() - expected).abs() < 0.003, "sample {n}");
        }
    }

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
