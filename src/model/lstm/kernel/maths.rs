//! Exponential, logistic function and hyperbolic tangent of whole vectors, within 2e-7 of the true value
//! (relative; checked over all magnitudes in the tests). Infinite arguments give the limits, what is not
//! a number stays so.

use super::lanes::Lanes;

/// The part of ln 2 with few bits, and the rest: whole multiples of the first are exact (Cody and Waite 1980).
const LN2_HIGH: f32 = 355.0 / 512.0;
const LN2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;

/// `x = n ln 2 + r` with `|r| <= ln 2 / 2`: gives `2^n` and `e^r - 1`, the latter by its Taylor series up to r^7, whose
/// rest is below 1e-8 of it.
#[inline(always)]
fn split<S: Lanes>(s: S, x: S::V) -> (S::V, S::V) {
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let r = s.neg_mul_add(n, s.splat(LN2_HIGH), x);
    let r = s.neg_mul_add(n, s.splat(LN2_LOW), r);
    let mut series = s.splat(1.0 / 5040.0);
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        series = s.mul_add(series, r, s.splat(factor));
    }
    (s.power_of_two(n), s.mul_add(s.mul(r, r), series, r))
}

/// Brings x between two limits; what is not a number stays.
#[inline(always)]
fn clamp<S: Lanes>(s: S, x: S::V, low: f32, high: f32) -> S::V {
    s.min(s.splat(high), s.max(s.splat(low), x))
}

/// `e^x`; arguments beyond 87 either way count as 87, so that neither this nor its inverse leaves the normal numbers.
#[inline(always)]
pub(super) fn exp<S: Lanes>(s: S, x: S::V) -> S::V {
    let (power, rest) = split(s, clamp(s, x, -87.0, 87.0));
    s.mul_add(rest, power, power)
}

/// `1 / (1 + e^-x)`
#[inline(always)]
pub(super) fn sigmoid<S: Lanes>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let e = exp(s, s.sub(s.splat(0.0), x));
    s.recip(s.add(one, e))
}

/// `(e^2x - 1) / (e^2x + 1)`, by `e^2x - 1` itself so that small arguments keep their digits.
#[inline(always)]
pub(super) fn tanh<S: Lanes>(s: S, x: S::V) -> S::V {
    // From 10 on the quotient rounds to one.
    let (power, rest) = split(s, clamp(s, s.add(x, x), -20.0, 20.0));
    let less_one = s.mul_add(rest, power, s.sub(power, s.splat(1.0)));
    s.div(less_one, s.add(less_one, s.splat(2.0)))
}
