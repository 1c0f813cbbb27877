//! Small arithmetic that the other loops here are made of: sixteen numbers by value, which the compiler makes one
//! vector of, and sums over them. All of it is inlined; none of it depends on how wide the processor's vectors are.

use super::super::lstm::kernel::WIDE;
use std::array::from_fn;
use std::ops::{Add, Mul, Sub};

/// Sixteen numbers at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vector(pub [f32; WIDE]);

impl Vector {
    /// All 0.
    pub const ZERO: Self = Self([0.0; WIDE]);

    /// The same number everywhere.
    #[inline(always)]
    pub const fn all(x: f32) -> Self {
        Self([x; WIDE])
    }

    /// Up to sixteen numbers, 0 behind them.
    #[inline(always)]
    pub fn part(x: &[f32]) -> Self {
        let mut all = [0.0; WIDE];
        all[..x.len()].copy_from_slice(x);
        Self(all)
    }

    /// Where `self` is above 0 the number of `other`, elsewhere 0.
    #[inline(always)]
    pub fn pass(self, other: Self) -> Self {
        Self(from_fn(|i| if self.0[i] > 0.0 { other.0[i] } else { 0.0 }))
    }

    /// Added up, halves folded onto each other. A call, so that the sixteen are one vector until then: added up in
    /// place, the compiler takes them apart into pairs, back to where they come from.
    #[inline(never)]
    pub fn total(&self) -> f32 {
        let mut t = self.0;
        let mut half = WIDE / 2;
        while half > 0 {
            for i in 0..half {
                t[i] += t[i + half];
            }
            half /= 2;
        }
        t[0]
    }
}

impl Add for Vector {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] + other.0[i]))
    }
}

impl Sub for Vector {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] - other.0[i]))
    }
}

impl Mul for Vector {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] * other.0[i]))
    }
}

/// Numbers by whole vectors; the rest is left out.
#[inline(always)]
pub fn wide(x: &[f32]) -> &[[f32; WIDE]] {
    x.as_chunks().0
}

/// The same, to write.
#[inline(always)]
pub fn wide_mut(x: &mut [f32]) -> &mut [[f32; WIDE]] {
    x.as_chunks_mut().0
}

/// The sum of `f` of each number.
#[inline(always)]
pub fn sum(x: &[f32], f: impl Fn(Vector) -> Vector) -> f32 {
    let (whole, rest) = x.as_chunks();
    let mut total = Vector::ZERO;
    for v in whole {
        total = total + f(Vector(*v));
    }
    let mut sum = total.total();
    if !rest.is_empty() {
        for v in f(Vector::part(rest)).0.iter().take(rest.len()) {
            sum += v;
        }
    }
    sum
}

/// `into += from`.
#[inline(always)]
pub fn add(into: &mut [f32], from: &[f32]) {
    for (a, b) in into.iter_mut().zip(from) {
        *a += b;
    }
}

/// `into += from * by`.
#[inline(always)]
pub fn add_times(into: &mut [f32], from: &[f32], by: f32) {
    for (a, b) in into.iter_mut().zip(from) {
        *a += b * by;
    }
}

/// The larger of `x` and 0; what is no number stays none.
#[inline(always)]
pub fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// `exp(x)` for `x <= 0`, within two units in the last place; below -87 it is the value at -87.
///
/// The power of two is split off with the constants of Cody and Waite (1980), the rest is Taylor's series
/// to the seventh power, over at most half of ln 2.
#[inline(always)]
pub fn exp_below_zero(x: f32) -> f32 {
    /// Adding it rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    // What is no number stays none.
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = x - whole * HIGH - whole * LOW;
    let mut p = 1.0 / 5040.0;
    for c in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p * r + c;
    }
    // The whole number is in the low bits of `shifted`.
    let power = shifted.to_bits().wrapping_add(127) << 23;
    p * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right() {
        let mut worst = 0.0f64;
        for i in 0..40_000 {
            let x = -(i as f32) * 87.0 / 40_000.0;
            let right = f64::from(x).exp();
            worst = worst.max((f64::from(exp_below_zero(x)) / right - 1.0).abs());
        }
        assert!(worst < 2.0e-7, "{worst}");
        assert_eq!(exp_below_zero(0.0), 1.0);
        assert!(exp_below_zero(f32::NEG_INFINITY) < 1e-37);
        assert!(exp_below_zero(f32::NAN).is_nan() && relu(f32::NAN).is_nan());
    }

    #[test]
    fn sums_take_every_term_once() {
        for n in [0usize, 1, 15, 16, 17, 250] {
            let x: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let twice = sum(&x, |v| v + v);
            assert_eq!(twice, (n * n.saturating_sub(1)) as f32);
            assert_eq!(sum(&x, |_| Vector::all(1.0)), n as f32);
        }
    }
}
