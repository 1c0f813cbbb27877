//! The mel scale and the filter bank: which FFT bins make which band.

use super::config::MelConfig;
use super::wide::WIDE;

/// Hz to mel on Slaney's scale ("Auditory Toolbox", 1998): linear to 1 kHz, logarithmic above.
#[must_use]
pub fn hz_to_mel(hz: f64) -> f64 {
    if hz < 1000.0 {
        hz * 3.0 / 200.0
    } else {
        15.0 + 27.0 * (hz / 1000.0).ln() / 6.4f64.ln()
    }
}

/// Mel to Hz, the inverse of [`hz_to_mel`].
#[must_use]
pub fn mel_to_hz(mel: f64) -> f64 {
    if mel < 15.0 {
        mel * 200.0 / 3.0
    } else {
        1000.0 * (6.4f64.ln() / 27.0 * (mel - 15.0)).exp()
    }
}

/// One band: weights of a run of FFT bins, the rest being 0.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// The first bin that counts.
    pub first: usize,
    /// Weights of it and those after it, filled up with zeros to whole vectors.
    weights: Vec<[f32; WIDE]>,
    /// How many of the weights are filters', not filling.
    pub bins: usize,
}

impl Filter {
    /// The weights, lowest bin first.
    pub fn weights(&self) -> &[f32] {
        let all = self.weights.as_flattened();
        all.get(..self.bins).unwrap_or(all)
    }
}

/// All bands, lowest first.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    pub filters: Vec<Filter>,
    /// Where the bands are highest, in Hz.
    pub centres: Vec<f32>,
}

impl Bank {
    /// The bank of a configuration that was checked.
    pub fn new(config: &MelConfig) -> Self {
        let (low, high) = (
            hz_to_mel(config.fmin.into()),
            hz_to_mel(config.top().into()),
        );
        let edges: Vec<f64> = (0..config.n_mels + 2)
            .map(|i| mel_to_hz(low + (high - low) * i as f64 / (config.n_mels + 1) as f64))
            .collect();
        Self {
            filters: edges.windows(3).map(|e| triangle(config, e)).collect(),
            centres: edges.windows(3).map(|e| e[1] as f32).collect(),
        }
    }

    /// Bands of a frame's power. `power` goes on with zeros so far that every filter's last vector has its bins; `sums` has room
    /// for a vector a band.
    #[inline(always)]
    pub fn bands(&self, power: &[f32], sums: &mut [[f32; WIDE]], bands: &mut [f32]) {
        for (sums, filter) in sums.iter_mut().zip(&self.filters) {
            let bins = power.get(filter.first..).unwrap_or_default();
            let (bins, _) = bins.as_chunks::<WIDE>();
            let mut running = [0.0; WIDE];
            for (bins, weights) in bins.iter().zip(&filter.weights) {
                for ((sum, x), y) in running.iter_mut().zip(bins).zip(weights) {
                    *sum += x * y;
                }
            }
            *sums = running;
        }
        // Apart from the above, or the compiler keeps the running totals in halves of vectors.
        for (band, sums) in bands.iter_mut().zip(sums.iter()) {
            let [a, b, c, d, e, f, g, h] = *sums;
            *band = ((a + e) + (c + g)) + ((b + f) + (d + h));
        }
    }
}

/// The band between three edges in Hz, of area 1.
fn triangle(config: &MelConfig, edges: &[f64]) -> Filter {
    let (low, centre, high) = (edges[0], edges[1], edges[2]);
    let bin = f64::from(config.sample_rate) / config.n_fft as f64;
    let weight = |k: usize| {
        let hz = k as f64 * bin;
        let sides = ((hz - low) / (centre - low)).min((high - hz) / (high - centre));
        // librosa keeps its filters in single precision; so are these.
        (sides.max(0.0) * 2.0 / (high - low)) as f32
    };
    let last = ((high / bin).floor() as usize).min(config.n_fft / 2);
    let first = ((low / bin).ceil() as usize).min(last);
    let weights: Vec<f32> = (first..=last).map(weight).collect();
    let vector = |weights: &[f32]| {
        let mut out = [0.0; WIDE];
        for (to, from) in out.iter_mut().zip(weights) {
            *to = *from;
        }
        out
    };
    Filter {
        first,
        weights: weights.chunks(WIDE).map(vector).collect(),
        bins: weights.len(),
    }
}
