//! How far two samples of numbers lie over each other: distances within and between sets, kernel
//! densities, overlap area and divergence.

use super::mean;
use serde::Serialize;

/// Points at which two densities are compared, at least.
const POINTS: usize = 512;
/// Standard deviations after which a kernel counts as 0.
const REACH: f64 = 5.0;
/// The least density, as a share of the highest, that [`kl_divergence`] divides by: kernels end
/// somewhere, and an infinite divergence says nothing.
const LEAST: f64 = 1e-6;

/// Distances between all pairs of a set's values: the intra-set distances of Yang and Lerch, "On
/// the evaluation of generative models in music", Neural Computing and Applications 2018.
#[must_use]
pub fn intra_distances(values: &[f64]) -> Vec<f64> {
    let pairs = values.iter().enumerate();
    pairs
        .flat_map(|(i, a)| values.iter().skip(i + 1).map(move |b| (a - b).abs()))
        .collect()
}

/// Distances between the values of two sets, each with each: Yang and Lerch's inter-set distances.
#[must_use]
pub fn inter_distances(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter()
        .flat_map(|x| b.iter().map(move |y| (x - y).abs()))
        .collect()
}

/// A set beside a set of reference, by one measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Overlap {
    /// [`overlap_area`] of the distances within the reference and those between the sets.
    pub area: f64,
    /// [`kl_divergence`] of the same, bits.
    pub divergence: f64,
    /// [`overlap_area`] of the values themselves.
    pub values: f64,
}

impl Overlap {
    /// Compares a set's values with those of a reference, as Yang and Lerch 2018 do: a set that is
    /// like the reference lies as far from it as the reference lies from itself. `None` where the
    /// reference has fewer than two values, the set none, or one is no finite number.
    #[must_use]
    pub fn of(reference: &[f64], set: &[f64]) -> Option<Self> {
        let within = intra_distances(reference);
        let between = inter_distances(reference, set);
        Some(Self {
            area: overlap_area(&within, &between)?,
            divergence: kl_divergence(&within, &between)?,
            values: overlap_area(reference, set)?,
        })
    }
}

/// Overlap area of two samples (Yang and Lerch 2018): the integral of `min(p, q)`, `p` and `q` being
/// Gaussian kernel densities with Scott's bandwidth (`n^(-1/5)` standard deviations). 0 to 1;
/// `None` where a sample is empty or holds something that is no finite number. Real training against
/// real validation music is the ceiling to compare with.
#[must_use]
pub fn overlap_area(a: &[f64], b: &[f64]) -> Option<f64> {
    let curves = Curves::of(a, b)?;
    let both = curves.p.iter().zip(&curves.q);
    let area: f64 = both.map(|(p, q)| p.min(*q) * curves.width).sum();
    Some(area.clamp(0.0, 1.0))
}

/// Kullback and Leibler's divergence of the density of `b` from that of `a`, as Yang and Lerch 2018
/// use it: the integral of `p log2(p / q)`, in bits, with the densities of [`overlap_area`]. 0 for
/// equal samples; where `q` is below a millionth of its peak it counts as that much. `None` as there.
#[must_use]
pub fn kl_divergence(a: &[f64], b: &[f64]) -> Option<f64> {
    let curves = Curves::of(a, b)?;
    let floor = LEAST * curves.q.iter().copied().fold(0.0, f64::max);
    let both = curves.p.iter().zip(&curves.q).filter(|(p, _)| **p > 0.0);
    let bits: f64 = both
        .map(|(p, q)| p * (p / q.max(floor)).log2() * curves.width)
        .sum();
    Some(bits.max(0.0))
}

/// Kernel densities of two samples at the same places.
struct Curves {
    p: Vec<f64>,
    q: Vec<f64>,
    /// From one place to the next.
    width: f64,
}

impl Curves {
    fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        let all = || a.iter().chain(b).copied();
        if a.is_empty() || b.is_empty() || all().any(|v| !v.is_finite()) {
            return None;
        }
        let low = all().fold(f64::INFINITY, f64::min);
        let high = all().fold(f64::NEG_INFINITY, f64::max);
        // Samples of one value have no width of their own; a thousandth of the whole range, then.
        let floor = ((high - low) / 1000.0).max(1e-9);
        let (wide_a, wide_b) = (bandwidth(a)?.max(floor), bandwidth(b)?.max(floor));
        let from = low - REACH * wide_a.max(wide_b);
        let range = high - low + 2.0 * REACH * wide_a.max(wide_b);
        // Fine enough for the narrower kernel, within reason.
        let points = (range / wide_a.min(wide_b) * 4.0) as usize;
        let points = points.clamp(POINTS, 64 * POINTS);
        let width = range / points as f64;
        let curve = |values: &[f64], wide: f64| density(values, wide, from, width, points);
        Some(Self {
            p: curve(a, wide_a),
            q: curve(b, wide_b),
            width,
        })
    }
}

fn bandwidth(values: &[f64]) -> Option<f64> {
    let centre = mean(values.iter().copied())?;
    let variance = mean(values.iter().map(|v| (v - centre).powi(2)))?;
    Some(variance.sqrt() * (values.len() as f64).powf(-0.2))
}

/// The kernel density of a sample at `points` places `width` apart. Values are first shared out between
/// their two nearest places (linear binning, Wand 1994), so that the cost does not grow with the
/// square of a set.
fn density(values: &[f64], wide: f64, from: f64, width: f64, points: usize) -> Vec<f64> {
    let mut mass = vec![0.0; points];
    for value in values {
        let at = (value - from) / width;
        let (place, above) = (at as usize, at.fract());
        for (place, share) in [(place, 1.0 - above), (place + 1, above)] {
            if let Some(here) = mass.get_mut(place) {
                *here += share;
            }
        }
    }
    let reach = (REACH * wide / width).ceil() as usize;
    let scale = 1.0 / (values.len() as f64 * wide * std::f64::consts::TAU.sqrt());
    let kernel: Vec<f64> = (0..=2 * reach)
        .map(|i| (i as f64 - reach as f64) * width / wide)
        .map(|x| scale * (-0.5 * x * x).exp())
        .collect();
    let mut curve = vec![0.0; points];
    for (place, mass) in mass.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
        let first = place.saturating_sub(reach);
        let left_out = reach.saturating_sub(place);
        let near = curve.iter_mut().skip(first);
        for (here, weight) in near.zip(kernel.iter().skip(left_out)) {
            *here += mass * weight;
        }
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The density straight from its definition.
    fn plain(values: &[f64], wide: f64, x: f64) -> f64 {
        let kernel = |v: &f64| (-0.5 * ((x - v) / wide).powi(2)).exp();
        let sum: f64 = values.iter().map(kernel).sum();
        sum / (values.len() as f64 * wide * std::f64::consts::TAU.sqrt())
    }

    #[test]
    fn densities_are_those_of_the_definition_and_their_area_is_one() {
        let a = [0.0, 0.1, 0.15, 0.4, 0.9];
        let b = [0.3, 0.5, 0.55];
        let curves = Curves::of(&a, &b).unwrap();
        for (values, curve) in [(&a[..], &curves.p), (&b[..], &curves.q)] {
            let wide = bandwidth(values).unwrap();
            let area: f64 = curve.iter().sum::<f64>() * curves.width;
            assert!((area - 1.0).abs() < 1e-4, "{area}");
            let from = 0.0 - REACH * bandwidth(&a).unwrap();
            for (i, &found) in curve.iter().enumerate().step_by(7) {
                let wanted = plain(values, wide, from + i as f64 * curves.width);
                assert!((found - wanted).abs() < 2e-3, "{found} for {wanted}");
            }
        }
    }

    #[test]
    fn the_divergence_of_two_bells_is_the_textbooks() {
        // Two samples of two values each have densities whose moments are known; here both have the
        // same shape, one moved by so little that the first term of the series is enough: the
        // divergence is I / 2 * move^2 with I the Fisher information of the shape, at most 1 / wide^2.
        let a = [-1.0, 1.0];
        let moved = [-0.99, 1.01];
        let wide = bandwidth(&a).unwrap();
        assert!((wide - 2f64.powf(-0.2)).abs() < 1e-12);
        let bits = kl_divergence(&a, &moved).unwrap();
        let most = 0.01f64.powi(2) / 2.0 / wide.powi(2) / std::f64::consts::LN_2;
        assert!(bits > 0.0 && bits < most, "{bits} of {most}");
        assert!(kl_divergence(&a, &a).unwrap() < 1e-12);
        assert!(kl_divergence(&a, &[100.0, 102.0]).unwrap() > 10.0);
        assert_eq!(kl_divergence(&a, &[]), None);
    }

    #[test]
    fn a_set_like_the_reference_overlaps_whole() {
        let reference: Vec<f64> = (0..40).map(|i| f64::from(i) / 40.0).collect();
        let like: Vec<f64> = reference.iter().map(|v| v + 0.01).collect();
        let unlike: Vec<f64> = reference.iter().map(|v| v + 3.0).collect();
        let near = Overlap::of(&reference, &like).unwrap();
        let far = Overlap::of(&reference, &unlike).unwrap();
        assert!(near.area > 0.95 && near.values > 0.95, "{near:?}");
        assert!(far.area < 0.01 && far.divergence > 1.0, "{far:?}");
        assert_eq!(Overlap::of(&[1.0], &like), None);
    }
}
