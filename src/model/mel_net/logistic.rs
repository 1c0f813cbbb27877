//! The logistic distribution over 256 levels, band by band: likelihood and its slopes, and draws.
//!
//! With mean `m`, scale `s` and `d = 1/510`, half a level, the level `x` (0 to 1) has the probability
//! `F((x + d - m) / s) - F((x - d - m) / s)`, `F` the logistic function; the lowest level has all that is below it too,
//! the highest all above (Salimans, Karpathy, Chen, Kingma, "PixelCNN++", 2017). With `b` and `a` for the two arguments
//! the difference is `F(b) F(-a) (1 - exp(a - b))`, in which nothing cancels.

use super::super::cpu::sums::exp_below_zero;

/// Half a level.
const HALF: f32 = 1.0 / 510.0;
/// Scales are held within `e` to these powers.
pub const LOG_SCALE: [f32; 2] = [-7.0, 0.0];

/// The natural logarithm of a normal number above 0, within 3e-7 (absolute, for results near 0) or two units in the
/// last place. The power of two is split off so that the rest lies around 1; of that, the series of the inverse
/// hyperbolic tangent.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // From the root of a half to the root of two.
    const ROOT: u32 = 0x3f35_04f3;
    let bits = x.to_bits().wrapping_sub(ROOT);
    let power = (bits as i32 >> 23) as f32;
    let rest = f32::from_bits((bits & 0x007f_ffff) + ROOT);
    let t = (rest - 1.0) / (rest + 1.0);
    let s = t * t;
    let series = 2.0 + s * (2.0 / 3.0 + s * (2.0 / 5.0 + s * (2.0 / 7.0 + s * (2.0 / 9.0))));
    power * std::f32::consts::LN_2 + t * series
}

/// The logistic function, on the way that does not overflow.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let e = exp_below_zero(-x.abs());
    let above = if x < 0.0 { e } else { 1.0 };
    above / (1.0 + e)
}

/// One band: the logarithm of its probability, and the slopes of that in the mean before the sigmoid and in the
/// logarithm of the scale. `level` is 0 to 255.
#[inline(always)]
pub fn likelihood(raw: f32, log_scale: f32, level: f32) -> [f32; 3] {
    let mean = sigmoid(raw);
    let [low, high] = LOG_SCALE;
    let held = if log_scale < low { low } else { log_scale };
    let held = if held > high { high } else { held };
    let free = if held == log_scale { 1.0 } else { 0.0 };
    let narrow = 1.0 / exp_below_zero(held);
    let off = level * (2.0 * HALF) - mean;
    let (b, a) = ((off + HALF) * narrow, (off - HALF) * narrow);
    let w = 2.0 * HALF * narrow;
    let above_lowest = if level > 0.5 { 1.0 } else { 0.0 };
    let below_highest = if level < 254.5 { 1.0 } else { 0.0 };
    let between = above_lowest * below_highest;

    let (eb, ea, ew) = (
        exp_below_zero(-b.abs()),
        exp_below_zero(-a.abs()),
        exp_below_zero(-w),
    );
    // F(-b) and F(a), what the two edges leave out.
    let beyond_b = (if b < 0.0 { 1.0 } else { eb }) / (1.0 + eb) * below_highest;
    let beyond_a = (if a < 0.0 { ea } else { 1.0 }) / (1.0 + ea) * above_lowest;
    let minus_b = if b < 0.0 { -b } else { 0.0 };
    let plus_a = if a > 0.0 { a } else { 0.0 };
    let inside = 1.0 - between * ew;
    let outside = (1.0 + below_highest * eb) * (1.0 + above_lowest * ea);
    let log = ln(inside / outside) - below_highest * minus_b - above_lowest * plus_a;
    let in_mean = narrow * (beyond_a - beyond_b);
    let in_scale = a * beyond_a - b * beyond_b - between * w * ew / inside;
    [log, in_mean * mean * (1.0 - mean), in_scale * free]
}

/// A level drawn by a uniform number within 0 and 1, the scale multiplied by `temperature`; at 0 the mean's own level.
#[must_use]
pub fn draw(raw: f32, log_scale: f32, temperature: f32, uniform: f32) -> u8 {
    let scale = log_scale.clamp(LOG_SCALE[0], LOG_SCALE[1]).exp() * temperature;
    let value = sigmoid(raw) + scale * (uniform / (1.0 - uniform)).ln();
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same in double precision, straight from the definition.
    fn plain(raw: f64, log_scale: f64, level: u8) -> f64 {
        let f = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (mean, scale) = (f(raw), log_scale.exp());
        let (x, d) = (f64::from(level) / 255.0, 1.0 / 510.0);
        let high = if level == 255 {
            1.0
        } else {
            f((x + d - mean) / scale)
        };
        let low = if level == 0 {
            0.0
        } else {
            f((x - d - mean) / scale)
        };
        (high - low).ln()
    }

    #[test]
    fn levels_have_the_likelihood_of_the_definition_and_add_up_to_one() {
        for (raw, log_scale) in [(0.3, -2.0), (-4.0, -4.0), (2.0, -6.5), (0.0, -0.1)] {
            let mut total = 0.0;
            for level in 0..=255u8 {
                let [log, ..] = likelihood(raw, log_scale, f32::from(level));
                total += f64::from(log).exp();
                let right = plain(raw.into(), log_scale.into(), level);
                if right > -12.0 {
                    assert!(
                        (f64::from(log) - right).abs() < 2e-4 * (1.0 - right),
                        "{level}: {log} {right}"
                    );
                }
            }
            assert!((total - 1.0).abs() < 1e-4, "{total}");
        }
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let h = 1e-5;
        for (raw, log_scale, level) in [
            (0.3, -2.0, 120),
            (-1.0, -3.0, 0),
            (1.5, -1.0, 255),
            (0.0, -4.0, 140),
            (-3.0, -2.5, 20),
        ] {
            let [_, in_mean, in_scale] = likelihood(raw as f32, log_scale as f32, f32::from(level));
            let mean =
                (plain(raw + h, log_scale, level) - plain(raw - h, log_scale, level)) / (2.0 * h);
            let scale =
                (plain(raw, log_scale + h, level) - plain(raw, log_scale - h, level)) / (2.0 * h);
            assert!(
                (f64::from(in_mean) - mean).abs() < 1e-3 * (1.0 + mean.abs()),
                "{in_mean} {mean}"
            );
            assert!(
                (f64::from(in_scale) - scale).abs() < 1e-3 * (1.0 + scale.abs()),
                "{in_scale} {scale}"
            );
        }
        // A scale beyond its range stands still.
        assert_eq!(likelihood(0.0, -9.0, 3.0)[2], 0.0);
    }

    #[test]
    fn draws_have_the_spread_that_temperature_says() {
        let n = 4000;
        let spread = |temperature: f32| {
            let levels = (0..n)
                .map(|i| f64::from(draw(0.0, -4.0, temperature, (i as f32 + 0.5) / n as f32)));
            levels.map(|l| (l - 127.5).powi(2)).sum::<f64>() / f64::from(n)
        };
        // The variance of a logistic distribution is (pi s)^2 / 3.
        let right = (std::f64::consts::PI * (-4f64).exp() * 255.0).powi(2) / 3.0;
        assert!(
            (spread(1.0) / right - 1.0).abs() < 0.02,
            "{}",
            spread(1.0) / right
        );
        assert!((spread(0.5) / right - 0.25).abs() < 0.02);
        assert!(spread(0.0) < 0.3);
    }
}
