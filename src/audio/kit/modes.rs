//! [`Modes`]: decaying sines, of which bells, shells and plates are made. Eight samples of each are made at once.

use super::dsp::{BLOCK, decay};
use std::f32::consts::TAU;

/// How many modes a bank holds.
pub const MODES: usize = 12;

/// Samples made at once.
const LANES: usize = 8;

/// A mode below this amplitude (-160 dB) is given up.
const FAINT: f32 = 1e-8;

/// Twelve decaying sines, each the free ringing of a two-pole resonator, `y[n] = 2 r cos(w) y[n-1] - r^2 y[n-2]`. It is
/// turned by eight samples at a time, as the imaginary part of a complex number multiplied by `(r e^(iw))^8`: unlike the
/// recurrence, that stays in tune at every pitch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Modes {
    modes: [Mode; MODES],
    used: usize,
    /// In blocks.
    age: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mode {
    /// The samples from the last multiple of eight on, counted from where blocks begin, those to come included.
    sine: [f32; LANES],
    /// The same a quarter of a turn ahead.
    cosine: [f32; LANES],
    /// `r^8 cos(8 w)` and `r^8 sin(8 w)`.
    turn: [f32; 2],
    /// How many blocks it is heard for.
    ends: u32,
}

impl Mode {
    #[inline(always)]
    fn step(&mut self) -> [f32; LANES] {
        let [along, across] = self.turn;
        for (sine, cosine) in self.sine.iter_mut().zip(&mut self.cosine) {
            let (s, c) = (*sine, *cosine);
            *sine = along * s + across * c;
            *cosine = along * c - across * s;
        }
        self.sine
    }
}

impl Modes {
    /// Silence; [`Modes::set`] starts a mode.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts mode `i` at phase 0 with amplitude `level`, falling to 1/e in `seconds`; the next sample is number `at` of
    /// its block. A mode at or above 0.45 of the rate stays silent.
    pub fn set(&mut self, i: usize, hertz: f32, level: f32, seconds: f32, rate: f32, at: usize) {
        let Some(mode) = self.modes.get_mut(i) else {
            return;
        };
        if hertz >= 0.45 * rate {
            return;
        }
        let (w, r) = (TAU * hertz / rate, decay(seconds, rate));
        // The mode is the one that single precision makes of it one step at a time: its coefficients and the two samples
        // before the first, then double precision.
        let (c1, c2) = (f64::from(2.0 * r * w.cos()), f64::from(r * r));
        let last = f64::from(-level * w.sin() / r);
        let last_but_one = f64::from(-level * (2.0 * w).sin() / (r * r));
        let first = c1 * last - c2 * last_but_one;
        let second = c1 * first - c2 * last;
        let r = c2.sqrt();
        let w = (c1 / (2.0 * r)).clamp(-1.0, 1.0).acos();
        // `r^n (a sin(w n) + b cos(w n))` through the first two samples.
        let (a, b) = ((second / r - first * w.cos()) / w.sin(), first);
        // What is kept begins at the last multiple of eight. Where that is now, the next step makes the first sample.
        let begun = match at % LANES {
            0 => -(LANES as i32),
            lane => -(lane as i32),
        };
        for (n, (sine, cosine)) in (begun..).zip(mode.sine.iter_mut().zip(&mut mode.cosine)) {
            let (size, (sin, cos)) = (r.powi(n), (w * f64::from(n)).sin_cos());
            *sine = (size * (a * sin + b * cos)) as f32;
            *cosine = (size * (a * cos - b * sin)) as f32;
        }
        let (size, (sin, cos)) = (r.powi(LANES as i32), (w * LANES as f64).sin_cos());
        mode.turn = [(size * cos) as f32, (size * sin) as f32];
        let blocks = (level.abs() / FAINT).max(1.0).ln() * seconds * rate / BLOCK as f32;
        mode.ends = (blocks as u32).saturating_add(1);
        self.used = self.used.max(i + 1);
    }

    /// Adds the next samples, each the sum of all modes; at most [`BLOCK`] of them, of which the first is number `at` of
    /// its block.
    #[inline(always)]
    pub fn add_to(&mut self, out: &mut [f32], at: usize) {
        let used = self.modes.get_mut(..self.used).unwrap_or_default();
        if used.is_empty() {
            return;
        }
        if at == 0 && out.len() == BLOCK {
            let mut sums = [[0.0; LANES]; BLOCK / LANES];
            for mode in used {
                // A copy, so that the numbers stay in registers.
                let mut ringing = *mode;
                for sums in &mut sums {
                    for (sum, y) in sums.iter_mut().zip(ringing.step()) {
                        *sum += y;
                    }
                }
                (mode.sine, mode.cosine) = (ringing.sine, ringing.cosine);
            }
            for (y, sum) in out.iter_mut().zip(sums.as_flattened()) {
                *y += sum;
            }
            return;
        }
        let mut rest = out;
        let mut lane = at % LANES;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at_mut(rest.len().min(LANES - lane));
            let mut sums = [0.0; LANES];
            for mode in &mut *used {
                if lane == 0 {
                    mode.step();
                }
                for (sum, y) in sums.iter_mut().zip(mode.sine) {
                    *sum += y;
                }
            }
            for (y, sum) in piece.iter_mut().zip(sums.iter().skip(lane)) {
                *y += sum;
            }
            rest = later;
            lane = 0;
        }
    }

    /// The size of the state: about the sum of the amplitudes.
    #[inline(always)]
    pub fn level(&self) -> f32 {
        let mut sums = [0.0; LANES];
        for mode in self.modes.iter().take(self.used) {
            for (sum, y) in sums.iter_mut().zip(mode.sine) {
                *sum += y.abs();
            }
        }
        // Two samples, as a sine may be at 0 in one.
        sums[LANES - 1] + sums[LANES - 2]
    }

    /// Gives modes up that are too small to be heard; called once a block.
    #[inline(always)]
    pub fn tidy(&mut self) {
        self.age = self.age.saturating_add(1);
        while let Some(i) = self.used.checked_sub(1)
            && self.modes.get(i).is_some_and(|mode| mode.ends <= self.age)
        {
            self.used = i;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_rings_at_its_pitch_and_falls_in_its_time() {
        for start in [0, 3, 8, BLOCK - 1] {
            let mut modes = Modes::new();
            modes.set(3, 440.0, 0.5, 0.1, 48_000.0, start);
            let mut sound = vec![0.0; 9600];
            let mut at = start;
            let mut rest = sound.as_mut_slice();
            for size in (1..=BLOCK).cycle() {
                let size = size.min(BLOCK - at).min(rest.len());
                let (piece, later) = rest.split_at_mut(size);
                modes.add_to(piece, at);
                at = (at + size) % BLOCK;
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            for (n, y) in sound.into_iter().enumerate() {
                let t = n as f32 / 48_000.0;
                let expected = 0.5 * (-t / 0.1).exp() * (TAU * 440.0 * t).sin();
                assert!((y - expected).abs() < 0.003, "sample {n} from {start}");
            }
        }
    }
}
