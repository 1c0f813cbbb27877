//! [`Modes`]: decaying sines, of which bells, shells and plates are made. Kept side by side in fours, as the
//! parts in [`super::bank`] are.

use super::dsp::{BLOCK, decay};
use std::f32::consts::TAU;

/// How many modes a bank holds.
pub const MODES: usize = 4 * GROUPS;

/// Modes are kept in groups of four.
const GROUPS: usize = 3;

/// Twelve decaying sines, each the free ringing of a two-pole resonator:
/// `y[n] = 2 r cos(w) y[n-1] - r^2 y[n-2]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Modes {
    groups: [Group; GROUPS],
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Group {
    c1: [f32; 4],
    c2: [f32; 4],
    y1: [f32; 4],
    y2: [f32; 4],
}

impl Group {
    #[inline(always)]
    fn next(&mut self) -> [f32; 4] {
        let mut y = [0.0; 4];
        for (i, y) in y.iter_mut().enumerate() {
            *y = self.c1[i] * self.y1[i] - self.c2[i] * self.y2[i];
        }
        self.y2 = self.y1;
        self.y1 = y;
        y
    }
}

impl Modes {
    /// Silence; [`Modes::set`] starts a mode.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts mode `i` at phase 0 with amplitude `level`, falling to 1/e in `seconds`.
    /// A mode at or above 0.45 of the rate stays silent.
    pub fn set(&mut self, i: usize, hertz: f32, level: f32, seconds: f32, rate: f32) {
        let Some(group) = self.groups.get_mut(i / 4) else {
            return;
        };
        if hertz >= 0.45 * rate {
            return;
        }
        let (w, r) = (TAU * hertz / rate, decay(seconds, rate));
        group.c1[i % 4] = 2.0 * r * w.cos();
        group.c2[i % 4] = r * r;
        group.y1[i % 4] = -level * w.sin() / r;
        group.y2[i % 4] = -level * (2.0 * w).sin() / (r * r);
        self.used = self.used.max(i / 4 + 1);
    }

    /// Adds the next samples, each the sum of all modes; at most [`BLOCK`] of them.
    #[inline(always)]
    pub fn add_to(&mut self, out: &mut [f32]) {
        match self.used {
            0 => {}
            1 => self.add_groups::<1>(out),
            2 => self.add_groups::<2>(out),
            _ => self.add_groups::<GROUPS>(out),
        }
    }

    #[inline(always)]
    fn add_groups<const USED: usize>(&mut self, out: &mut [f32]) {
        let mut sums = [[0.0; 4]; BLOCK];
        // A copy, so that the numbers stay in registers.
        let mut groups: [Group; USED] = std::array::from_fn(|i| self.groups[i]);
        for (sum, _) in sums.iter_mut().zip(out.iter()) {
            for group in &mut groups {
                for (s, y) in sum.iter_mut().zip(group.next()) {
                    *s += y;
                }
            }
        }
        self.groups[..USED].copy_from_slice(&groups);
        for (y, s) in out.iter_mut().zip(&sums) {
            *y += (s[0] + s[1]) + (s[2] + s[3]);
        }
    }

    /// The size of the state: about the sum of the amplitudes.
    #[inline(always)]
    pub fn level(&self) -> f32 {
        let mut sums = [0.0; 4];
        for group in self.groups.iter().take(self.used) {
            for ((sum, a), b) in sums.iter_mut().zip(group.y1).zip(group.y2) {
                *sum += a.abs() + b.abs();
            }
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }

    /// Sets modes too small to be heard to 0, before they become denormal.
    #[inline(always)]
    pub fn flush(&mut self) {
        for group in self.groups.iter_mut().take(self.used) {
            for (a, b) in group.y1.iter_mut().zip(&mut group.y2) {
                if a.abs() + b.abs() < 1e-9 {
                    (*a, *b) = (0.0, 0.0);
                }
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
        let mut sound = vec![0.0; 9600];
        for piece in sound.chunks_mut(BLOCK - 1) {
            modes.add_to(piece);
        }
        for (n, y) in sound.into_iter().enumerate() {
            let t = n as f32 / 48_000.0;
            let expected = 0.5 * (-t / 0.1).exp() * (TAU * 440.0 * t).sin();
            assert!((y - expected).abs() < 0.003, "sample {n}");
        }
    }
}
