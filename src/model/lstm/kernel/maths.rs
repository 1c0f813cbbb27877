//! Exponential, logistic function and hyperbolic tangent of whole vectors, within 2.4e-7 of the true value
//! (relative; checked over all magnitudes in the tests). Infinite arguments give the limits, what is not
//! a number stays so. Several vectors are taken in step, since a single one's chain of operations is longer
//! than a processor looks ahead.

use super::lanes::Lanes;

/// The part of ln 2 with few bits, and the rest: whole multiples of the first are exact (Cody and Waite 1980).
const LN2_HIGH: f32 = 355.0 / 512.0;
const LN2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;

/// `(e^r - 1 - r) / r^2` for `|r| <= ln 2 / 2` as a polynomial, highest power first: fitted so that the largest error
/// relative to `e^r - 1` is least, 1.7e-8.
const SERIES: [f32; 5] = [
    0.001_388_252_1,
    0.008_366_519,
    0.041_667_2,
    0.166_665_43,
    0.5,
];

/// `x = n ln 2 + r` with `|r| <= ln 2 / 2`: gives `2^n` and `e^r - 1`.
#[inline(always)]
fn split<S: Lanes, const N: usize>(s: S, x: [S::V; N]) -> ([S::V; N], [S::V; N]) {
    // Plain loops: closures would be compiled without the instructions of `S`.
    let (mut n, mut r, mut series, mut square) = (x, x, x, x);
    for i in 0..N {
        n[i] = s.round(s.mul(x[i], s.splat(std::f32::consts::LOG2_E)));
    }
    for i in 0..N {
        r[i] = s.neg_mul_add(n[i], s.splat(LN2_HIGH), x[i]);
    }
    for i in 0..N {
        r[i] = s.neg_mul_add(n[i], s.splat(LN2_LOW), r[i]);
        series[i] = s.splat(SERIES[0]);
    }
    for factor in &SERIES[1..] {
        for i in 0..N {
            series[i] = s.mul_add(series[i], r[i], s.splat(*factor));
        }
    }
    for i in 0..N {
        square[i] = s.mul(r[i], r[i]);
        n[i] = s.power_of_two(n[i]);
    }
    for i in 0..N {
        r[i] = s.mul_add(square[i], series[i], r[i]);
    }
    (n, r)
}

/// Brings x between `-limit` and `limit`; what is not a number stays.
#[inline(always)]
fn clamp<S: Lanes>(s: S, x: S::V, limit: f32) -> S::V {
    s.min(s.splat(limit), s.max(s.splat(-limit), x))
}

/// Where arguments of the exponential stop, so that neither it nor its inverse leaves the normal numbers.
const EXP_LIMIT: f32 = 87.0;
/// Where twice the argument of the hyperbolic tangent stops: from half of this on it rounds to one.
const TANH_LIMIT: f32 = 20.0;

/// `e^x`; arguments beyond 87 either way count as 87.
#[inline(always)]
pub(super) fn exp<S: Lanes>(s: S, x: S::V) -> S::V {
    let ([power], [rest]) = split(s, [clamp(s, x, EXP_LIMIT)]);
    s.mul_add(rest, power, power)
}

/// `1 / (1 + e^-x)`
#[inline(always)]
pub(super) fn sigmoid<S: Lanes>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    s.recip(s.add(one, exp(s, s.sub(s.splat(0.0), x))))
}

/// `(e^2x - 1) / (e^2x + 1)`, by `e^2x - 1` itself so that small arguments keep their digits.
#[inline(always)]
pub(super) fn tanh<S: Lanes, const N: usize>(s: S, x: [S::V; N]) -> [S::V; N] {
    let mut y = x;
    for y in &mut y {
        *y = clamp(s, s.add(*y, *y), TANH_LIMIT);
    }
    let (power, rest) = split(s, y);
    for i in 0..N {
        y[i] = tanh_of(s, power[i], rest[i]);
    }
    y
}

#[inline(always)]
fn tanh_of<S: Lanes>(s: S, power: S::V, rest: S::V) -> S::V {
    let less_one = s.mul_add(rest, power, s.sub(power, s.splat(1.0)));
    s.div(less_one, s.add(less_one, s.splat(2.0)))
}

/// The four gates of an LSTM: logistic functions of i, f and o, the hyperbolic tangent of g.
#[inline(always)]
pub(super) fn gates<S: Lanes>(s: S, [i, f, g, o]: [S::V; 4]) -> [S::V; 4] {
    let zero = s.splat(0.0);
    let arguments = [
        clamp(s, s.sub(zero, i), EXP_LIMIT),
        clamp(s, s.sub(zero, f), EXP_LIMIT),
        clamp(s, s.add(g, g), TANH_LIMIT),
        clamp(s, s.sub(zero, o), EXP_LIMIT),
    ];
    let (power, rest) = split(s, arguments);
    let mut y = [tanh_of(s, power[2], rest[2]); 4];
    for n in [0, 1, 3] {
        let e = s.mul_add(rest[n], power[n], power[n]);
        y[n] = s.recip(s.add(s.splat(1.0), e));
    }
    y
}
