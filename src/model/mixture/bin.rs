//! [`learn`]: how likely a bin is, and which way each parameter should go. The heads ask it for every hit, so the components are
//! worked through at once, side by side in one vector: their share of the bin in its first half, of the whole interval in its second.

use super::{Mix, SCALES};
use crate::model::config::{BINS, COMPONENTS, MIX};
use crate::model::cpu::sums::exp_below_zero;
use std::array::from_fn;

/// Places for the components twice.
const WIDE: usize = 16;
/// Where the second half begins.
const HALF: usize = WIDE / 2;
const _: () = assert!(COMPONENTS <= HALF);

type Wide = [f32; WIDE];

/// The natural logarithm of a positive number that is neither tiny nor infinite, within two units in the last place: the power of
/// two, and `2 atanh((m - 1) / (m + 1))` by its series of what is left, between the root of a half and the root of two.
#[inline(always)]
fn ln(x: f32) -> f32 {
    const ROOT_OF_HALF: u32 = 0x3f35_04f3;
    let bits = x.to_bits();
    let power = (bits.wrapping_sub(ROOT_OF_HALF) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((power as u32) << 23));
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let series = 1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square / 9.0)));
    power as f32 * std::f32::consts::LN_2 + 2.0 * s * series
}

/// `1 - exp(-x)` for `x >= 0`, to its last digits also where it is small.
#[inline(always)]
fn rest(x: f32, e: f32) -> f32 {
    // Taylor's series: the seventh power of a quarter, over 8 factorial, is beyond the last digit.
    let mut p = 1.0 / 5040.0;
    for c in [-1.0 / 720.0, 1.0 / 120.0, -1.0 / 24.0, 1.0 / 6.0, -0.5, 1.0] {
        p = p * x + c;
    }
    if x < 0.25 { p * x } else { 1.0 - e }
}

/// `log(sigmoid(low + wide) - sigmoid(low))`, and its slopes by `low` and by `wide`.
#[inline(always)]
fn between(low: f32, wide: f32) -> (f32, f32, f32) {
    let high = low + wide;
    let (at_low, at_high) = (exp_below_zero(-low.abs()), exp_below_zero(-high.abs()));
    let e = exp_below_zero(-wide);
    let rest = rest(wide, e);
    let (low_side, high_side) = (1.0 + at_low, 1.0 + at_high);
    let log = ln(rest / (low_side * high_side)) - (-high).max(0.0) - low.max(0.0);
    let above = if high > 0.0 { at_high } else { 1.0 } / high_side;
    let below = if low < 0.0 { at_low } else { 1.0 } / low_side;
    (log, above - below, above + e / rest)
}

/// `-log` of a bin's mass, in nats, and its gradient by the parameters.
#[inline(always)]
#[must_use]
pub fn learn(mix: &Mix, bin: usize) -> (f32, Mix) {
    let from = bin as f32 / BINS as f32;
    let of = |kind: usize, k: usize| mix[kind * COMPONENTS + k];
    // Room behind the components: weight 0, and a place and a scale that hurt nobody.
    let own: [usize; HALF] = from_fn(|k| k);
    let scale = own.map(|k| if k < COMPONENTS { of(2, k) } else { 0.0 });
    // The scale's parameter is within its bounds, so this is a number times e^6.
    let largest = (-SCALES.0).exp();
    let inverse = scale.map(|s| largest * exp_below_zero(SCALES.0 - s.clamp(SCALES.0, SCALES.1)));
    let mean = own.map(|k| 0.5 + if k < COMPONENTS { of(1, k) } else { 0.0 });
    let (mut low, mut wide) = ([0.0; WIDE], [1.0; WIDE]);
    for k in 0..HALF {
        low[k] = (from - mean[k]) * inverse[k];
        wide[k] = inverse[k] / BINS as f32;
        low[HALF + k] = -mean[k] * inverse[k];
        wide[HALF + k] = inverse[k];
    }
    let (mut log, mut by_low, mut by_wide): (Wide, Wide, Wide) = Default::default();
    for i in 0..WIDE {
        (log[i], by_low[i], by_wide[i]) = between(low[i], wide[i]);
    }

    let top = (0..COMPONENTS).fold(f32::MIN, |a, k| a.max(of(0, k)));
    let heavy: [f32; COMPONENTS] = from_fn(|k| exp_below_zero(of(0, k) - top));
    let total = heavy.iter().sum::<f32>();
    let each: [f32; COMPONENTS] = from_fn(|k| of(0, k) - top + log[k] - log[HALF + k]);
    let likeliest = each.iter().fold(f32::MIN, |a, b| a.max(*b));
    let shares = each.map(|e| exp_below_zero(e - likeliest));
    let all = shares.iter().sum::<f32>();
    let nats = ln(total) - ln(all) - likeliest;

    let mut gradient = [0.0; MIX];
    for k in 0..COMPONENTS {
        let (share, end) = (shares[k] / all, HALF + k);
        gradient[k] = heavy[k] / total - share;
        gradient[COMPONENTS + k] = -share * inverse[k] * (by_low[end] - by_low[k]);
        if (SCALES.0..=SCALES.1).contains(&scale[k]) {
            let (whole, inside) = (
                low[end] * by_low[end] + wide[end] * by_wide[end],
                low[k] * by_low[k] + wide[k] * by_wide[k],
            );
            gradient[2 * COMPONENTS + k] = -share * (whole - inside);
        }
    }
    (nats, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same in double precision.
    fn exact(low: f64, wide: f64) -> f64 {
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        (-(-wide).exp_m1()).ln() - softplus(-low - wide) - softplus(low)
    }

    #[test]
    fn the_logarithm_is_right() {
        for i in 1..40_000 {
            let x = (i as f32 / 400.0 - 50.0).exp2();
            let right = f64::from(x).ln();
            let off = (f64::from(ln(x)) - right).abs();
            assert!(off < 2.0e-7 * (1.0 + right.abs()), "{x}: {off}");
        }
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn a_share_of_the_mass_is_right() {
        for i in 0..2_000 {
            for wide in [0.0016f32, 0.02, 0.2, 0.249, 0.251, 1.0, 12.0, 400.0] {
                let low = (i as f32 / 1_000.0 - 1.0) * 300.0;
                let right = exact(low.into(), wide.into());
                let off = (f64::from(between(low, wide).0) - right).abs();
                assert!(off < 2.0e-6 * (1.0 + right.abs()), "{low}, {wide}: {off}");
            }
        }
    }
}
