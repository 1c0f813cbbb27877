//! Power to decibels, fast and the same for one value as for many.

use super::wide::{self, Loop, WIDE};

/// Decibels below this power are not told apart (librosa's `amin`).
pub const AMIN: f32 = 1e-10;

/// How far below the loudest value librosa's `power_to_db` cuts, in decibels (its `top_db`).
pub const TOP_DB: f32 = 80.0;

/// Power in decibels relative to 1; what is below 1e-10 (or no number) is -100. Within 1e-5 dB of the exact value.
#[must_use]
#[inline]
pub fn db(power: f32) -> f32 {
    decibel(power)
}

/// Powers to decibels in place, each as [`db`] makes it.
pub fn to_db(values: &mut [f32]) {
    wide::run(Decibels(values));
}

/// Powers to decibels in place, as librosa's `power_to_db` with `ref` 1, `amin` 1e-10 and `top_db` 80: nothing stays
/// more than 80 dB below the loudest of all.
pub fn power_to_db(values: &mut [f32]) {
    let mut loudest = [f32::NEG_INFINITY; WIDE];
    for near in values.chunks_mut(1024) {
        to_db(near);
        wide::run(Loudest(near, &mut loudest));
    }
    let floor = loudest.into_iter().fold(f32::NEG_INFINITY, larger) - TOP_DB;
    wide::run(Floor(values, floor));
}

/// The larger of two numbers: in one step, unlike `f32::max`, which minds what is no number.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The largest values so far.
struct Loudest<'a>(&'a [f32], &'a mut [f32; WIDE]);

impl Loop for Loudest<'_> {
    #[inline(always)]
    fn run(self) {
        let (vectors, rest) = self.0.as_chunks::<WIDE>();
        let mut most = *self.1;
        for vector in vectors {
            for (most, value) in most.iter_mut().zip(vector) {
                *most = larger(*value, *most);
            }
        }
        for (most, value) in most.iter_mut().zip(rest) {
            *most = larger(*value, *most);
        }
        *self.1 = most;
    }
}

/// Values held at a least one.
struct Floor<'a>(&'a mut [f32], f32);

impl Loop for Floor<'_> {
    #[inline(always)]
    fn run(self) {
        for value in self.0 {
            *value = larger(*value, self.1);
        }
    }
}

struct Decibels<'a>(&'a mut [f32]);

impl Loop for Decibels<'_> {
    #[inline(always)]
    fn run(self) {
        for value in self.0 {
            *value = decibel(*value);
        }
    }
}

/// `10 log10 x` by the binary exponent and a series for the rest. With `x = 2^e m`, m from 0.71 to 1.41, and
/// `s = (m - 1) / (m + 1)`, `ln m = 2 (s + s^3 / 3 + s^5 / 5 + ...)`; four terms leave 1e-7 dB.
#[inline(always)]
fn decibel(power: f32) -> f32 {
    /// `10 log10 2` in two parts, the first short enough for its product with an exponent to be exact.
    const OCTAVE: f32 = 6165.0 / 2048.0;
    const OCTAVE_REST: f32 = (3.010_299_956_639_812 - OCTAVE as f64) as f32;
    /// `20 / ln 10`.
    const SCALE: f32 = 8.685_889;
    const HALF_ROOT: u32 = 0x3f35_04f3;
    // Written so that what is no number counts as the least.
    let power = if power > AMIN { power } else { AMIN };
    let bits = power.to_bits();
    let exponent = (bits.wrapping_sub(HALF_ROOT) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32));
    let e = exponent as f32;
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let series = s + s * z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0)));
    e * OCTAVE + (e * OCTAVE_REST + SCALE * series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_are_exact_to_a_hundred_thousandth() {
        let mut worst = 0.0f64;
        let powers: Vec<f32> = (0..400_000)
            .map(|i| (-23.0 + f64::from(i) * 1.5e-4).exp() as f32)
            .chain([
                1.0,
                0.1,
                10.0,
                std::f32::consts::FRAC_1_SQRT_2,
                std::f32::consts::SQRT_2,
                f32::MAX,
            ])
            .filter(|p| *p >= AMIN)
            .collect();
        for &power in &powers {
            let exact = 10.0 * f64::from(power).log10();
            // Beyond 128 dB single precision itself is coarser.
            let unit = (exact.abs() / 128.0).max(1.0);
            worst = worst.max((f64::from(db(power)) - exact).abs() / unit);
        }
        assert!(worst < 1e-5, "{worst} dB");
        let mut many = powers.clone();
        to_db(&mut many);
        let one_by_one: Vec<f32> = powers.iter().map(|p| db(*p)).collect();
        assert_eq!(many, one_by_one);
        assert_eq!(db(1.0), 0.0);
        for nothing in [0.0, -1.0, 1e-30, f32::NAN, f32::NEG_INFINITY] {
            assert_eq!(db(nothing), -100.0);
        }
    }

    #[test]
    fn decibels_stop_80_below_the_loudest() {
        let mut values = [1.0, 0.1, 0.0, 1e-12];
        power_to_db(&mut values);
        assert_eq!(values, [0.0, -10.0, -80.0, -80.0]);
    }
}
