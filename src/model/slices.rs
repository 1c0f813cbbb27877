//! The arithmetic of one step on plain slices: no allocation, no lock. What the steps mean
//! is in [`super::sample`].

use super::params::PER_LAYER;

/// Added to variances before the root is taken; burn's default.
pub(super) const NORM_EPSILON: f32 = 1e-5;

/// Gain and shift of the normalisation behind a layer.
pub(super) fn layer_norm(weights: &[Vec<f32>], layer: usize) -> [&[f32]; 2] {
    let first = (layer + 1) * PER_LAYER - 2;
    [&weights[first], &weights[first + 1]]
}

/// `out += x * matrix`, matrix row by row; rows of zero inputs are passed over.
pub(super) fn add_product(x: &[f32], matrix: &[f32], out: &mut [f32]) {
    for (value, row) in x.iter().zip(matrix.chunks_exact(out.len())) {
        if *value != 0.0 {
            out.iter_mut().zip(row).for_each(|(o, w)| *o += value * w);
        }
    }
}

/// Layer normalisation (Ba, Kiros, Hinton 2016).
pub(super) fn normalise(x: &[f32], gain: &[f32], shift: &[f32], out: &mut [f32]) {
    let n = x.len() as f32;
    let mean = x.iter().sum::<f32>() / n;
    let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
    let scale = 1.0 / (variance + NORM_EPSILON).sqrt();
    for (o, ((v, g), s)) in out.iter_mut().zip(x.iter().zip(gain).zip(shift)) {
        *o = (v - mean) * scale * g + s;
    }
}

/// The logistic function.
#[inline]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
