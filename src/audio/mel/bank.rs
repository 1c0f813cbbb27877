//! The mel scale and the filter bank: which FFT bins make which band.

use super::config::MelConfig;
use super::wide::WIDE;
use std::ops::Range;

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
#[derive(Clone, Copy, Debug)]
struct Filter {
    /// The first bin that counts.
    first: usize,
    /// How many weights are its own, not filling.
    bins: usize,
    /// Where its vectors of weights begin.
    from: usize,
}

/// Bands next to each other whose filters have as many vectors of weights.
#[derive(Clone, Debug)]
struct Alike {
    vectors: usize,
    bands: Range<usize>,
    /// Where their weights lie.
    weights: Range<usize>,
}

/// All bands, lowest first.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    filters: Vec<Filter>,
    /// The weights of band after band, each filled up with zeros to whole vectors.
    weights: Vec<[f32; WIDE]>,
    alike: Vec<Alike>,
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
        let (mut filters, mut weights) = (Vec::new(), Vec::new());
        let mut alike: Vec<Alike> = Vec::new();
        for (band, edges) in edges.windows(3).enumerate() {
            let (first, own) = triangle(config, edges);
            let from = weights.len();
            filters.push(Filter {
                first,
                bins: own.len(),
                from,
            });
            weights.extend(own.chunks(WIDE).map(|own| {
                let mut vector = [0.0; WIDE];
                for (to, from) in vector.iter_mut().zip(own) {
                    *to = *from;
                }
                vector
            }));
            let vectors = weights.len() - from;
            match alike.last_mut().filter(|alike| alike.vectors == vectors) {
                Some(alike) => {
                    alike.bands.end += 1;
                    alike.weights.end = weights.len();
                }
                None => alike.push(Alike {
                    vectors,
                    bands: band..band + 1,
                    weights: from..weights.len(),
                }),
            }
        }
        Self {
            filters,
            weights,
            alike,
            centres: edges.windows(3).map(|e| e[1] as f32).collect(),
        }
    }

    /// The first bin of a band and the weights from it on.
    pub fn filter(&self, band: usize) -> Option<(usize, &[f32])> {
        let filter = self.filters.get(band)?;
        let all = self.weights.get(filter.from..)?.as_flattened();
        Some((filter.first, all.get(..filter.bins)?))
    }

    /// Bands of a frame's power. `power` goes on with zeros so far that every filter's last vector has its bins; `sums` has room
    /// for a vector a band.
    #[inline(always)]
    pub fn bands(&self, power: &[f32], sums: &mut [[f32; WIDE]], bands: &mut [f32]) {
        for alike in &self.alike {
            let filters = self.filters.get(alike.bands.clone()).unwrap_or_default();
            let weights = self.weights.get(alike.weights.clone()).unwrap_or_default();
            let sums = sums.get_mut(alike.bands.clone()).unwrap_or_default();
            // Most bands have few bins: for these a loop of known length.
            match alike.vectors {
                1 => totals::<1>(filters, weights, power, sums),
                2 => totals::<2>(filters, weights, power, sums),
                3 => totals::<3>(filters, weights, power, sums),
                4 => totals::<4>(filters, weights, power, sums),
                5 => totals::<5>(filters, weights, power, sums),
                6 => totals::<6>(filters, weights, power, sums),
                vectors => {
                    let weights = weights.chunks_exact(vectors.max(1));
                    for ((filter, weights), sums) in filters.iter().zip(weights).zip(sums) {
                        let bins = power.get(filter.first..).unwrap_or_default();
                        *sums = total(bins.as_chunks::<WIDE>().0, weights);
                    }
                }
            }
        }
        // Apart from the above, or the compiler keeps the running totals in halves of vectors. Eight bands side by side.
        let (eights, rest) = bands.as_chunks_mut::<WIDE>();
        let (sum_eights, sum_rest) = sums.as_chunks::<WIDE>();
        for (bands, sums) in eights.iter_mut().zip(sum_eights) {
            let mut across = [[0.0; WIDE]; WIDE];
            for (i, sums) in sums.iter().enumerate() {
                for (across, sum) in across.iter_mut().zip(sums) {
                    across[i] = *sum;
                }
            }
            let [a, b, c, d, e, f, g, h] = across;
            for i in 0..WIDE {
                bands[i] = ((a[i] + e[i]) + (c[i] + g[i])) + ((b[i] + f[i]) + (d[i] + h[i]));
            }
        }
        for (band, [a, b, c, d, e, f, g, h]) in rest.iter_mut().zip(sum_rest) {
            *band = ((a + e) + (c + g)) + ((b + f) + (d + h));
        }
    }
}

/// The running totals of filters with `N` vectors of weights.
#[inline(always)]
fn totals<const N: usize>(
    filters: &[Filter],
    weights: &[[f32; WIDE]],
    power: &[f32],
    sums: &mut [[f32; WIDE]],
) {
    let (weights, _) = weights.as_chunks::<N>();
    for ((filter, weights), sums) in filters.iter().zip(weights).zip(sums) {
        let bins = power.get(filter.first..).unwrap_or_default();
        let (bins, _) = bins.as_chunks::<WIDE>();
        if let Some(bins) = bins.first_chunk::<N>() {
            *sums = total(bins, weights);
        }
    }
}

/// Eight running totals of weighted bins.
#[inline(always)]
fn total(bins: &[[f32; WIDE]], weights: &[[f32; WIDE]]) -> [f32; WIDE] {
    let mut running = [0.0; WIDE];
    for (bins, weights) in bins.iter().zip(weights) {
        for ((sum, x), y) in running.iter_mut().zip(bins).zip(weights) {
            *sum += x * y;
        }
    }
    running
}

/// The band between three edges in Hz, of area 1: its first bin and the weights from it on.
fn triangle(config: &MelConfig, edges: &[f64]) -> (usize, Vec<f32>) {
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
    (first, (first..=last).map(weight).collect())
}
