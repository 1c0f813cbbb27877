//! Mel spectrograms by librosa 0.11's conventions (`feature.melspectrogram`, `power_to_db`): centred frames
//! with zero padding, periodic Hann window, power, Slaney's mel scale with his area norm. Frames of a whole signal and
//! frames of samples as they arrive come from the same code. Pictures are made in [`super::spectrogram`].

mod config;

pub use config::{MelConfig, MelError};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

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
#[derive(Debug)]
struct Filter {
    first: usize,
    weights: Vec<f32>,
}

/// A mel filter bank with its FFT; immutable, to be shared by threads.
pub struct Mel {
    config: MelConfig,
    window: Vec<f32>,
    fft: Arc<dyn Fft<f32>>,
    /// `e^(-2 pi i k / n_fft)` for k up to half.
    twiddles: Vec<Complex<f32>>,
    filters: Vec<Filter>,
    centres: Vec<f32>,
}

impl std::fmt::Debug for Mel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mel")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Room for one frame's numbers, so that frames allocate nothing.
#[derive(Debug, Default)]
struct Scratch {
    packed: Vec<Complex<f32>>,
    inner: Vec<Complex<f32>>,
    power: Vec<f32>,
    bands: Vec<f32>,
}

impl Mel {
    /// The filter bank of a configuration.
    ///
    /// # Errors
    /// [`MelError`], if a number is out of its range.
    pub fn new(config: MelConfig) -> Result<Self, MelError> {
        config.check()?;
        let n = config.n_fft;
        let turn = std::f64::consts::TAU / n as f64;
        let window = (0..n)
            .map(|i| (0.5 - 0.5 * (turn * i as f64).cos()) as f32)
            .collect();
        let twiddles = (0..=n / 2)
            .map(|k| {
                let (sin, cos) = (turn * k as f64).sin_cos();
                Complex::new(cos as f32, -sin as f32)
            })
            .collect();
        let (low, high) = (
            hz_to_mel(config.fmin.into()),
            hz_to_mel(config.top().into()),
        );
        let edges: Vec<f64> = (0..config.n_mels + 2)
            .map(|i| mel_to_hz(low + (high - low) * i as f64 / (config.n_mels + 1) as f64))
            .collect();
        Ok(Self {
            window,
            // A frame of n real numbers is transformed as n/2 complex ones.
            fft: FftPlanner::new().plan_fft_forward(n / 2),
            twiddles,
            filters: edges.windows(3).map(|e| triangle(&config, e)).collect(),
            centres: edges.windows(3).map(|e| e[1] as f32).collect(),
            config,
        })
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &MelConfig {
        &self.config
    }

    /// Where the bands are highest, in Hz.
    #[must_use]
    pub fn centres(&self) -> &[f32] {
        &self.centres
    }

    /// How many frames a signal of so many samples has: `1 + len / hop`, none for an empty one.
    #[must_use]
    pub const fn frame_count(&self, len: usize) -> usize {
        if len == 0 {
            0
        } else {
            1 + len / self.config.hop_length
        }
    }

    /// Mel power of each frame of a mono signal: frame `i` is centred on sample `i * hop`, its
    /// bands ordered from the lowest.
    #[must_use]
    pub fn frames(&self, mono: &[f32]) -> Vec<Vec<f32>> {
        let mut out = Vec::with_capacity(self.frame_count(mono.len()));
        let mut stream = MelStream::new(self);
        stream.push(mono, |frame| out.push(frame.to_vec()));
        stream.finish(|frame| out.push(frame.to_vec()));
        out
    }

    fn scratch(&self) -> Scratch {
        let half = self.config.n_fft / 2;
        Scratch {
            packed: vec![Complex::default(); half],
            inner: vec![Complex::default(); self.fft.get_inplace_scratch_len()],
            power: vec![0.0; half + 1],
            bands: vec![0.0; self.config.n_mels],
        }
    }

    /// The bands of one frame of `n_fft` samples, into `scratch.bands`.
    fn frame(&self, samples: &[f32], scratch: &mut Scratch) {
        let pairs = samples.chunks_exact(2).zip(self.window.chunks_exact(2));
        for (z, (x, w)) in scratch.packed.iter_mut().zip(pairs) {
            *z = Complex::new(x[0] * w[0], x[1] * w[1]);
        }
        self.fft
            .process_with_scratch(&mut scratch.packed, &mut scratch.inner);
        untangle(&scratch.packed, &self.twiddles, &mut scratch.power);
        for (band, filter) in scratch.bands.iter_mut().zip(&self.filters) {
            let bins = scratch.power.get(filter.first..).unwrap_or_default();
            *band = dot(bins, &filter.weights);
        }
    }
}

/// The power of each bin of a frame whose even and odd samples went through one transform as real and
/// imaginary part; symmetry parts them: `X[k] = E[k] + e^(-2 pi i k / n) O[k]`, and `X[n/2 - k]` is the
/// conjugate of `E[k] - e^(-2 pi i k / n) O[k]`.
fn untangle(packed: &[Complex<f32>], twiddles: &[Complex<f32>], power: &mut [f32]) {
    let half = packed.len();
    let (Some((first, rest)), [dc, inner @ .., top]) = (packed.split_first(), power) else {
        return;
    };
    *dc = (first.re + first.im).powi(2);
    *top = (first.re - first.im).powi(2);
    if let (0, Some(z), Some(middle)) =
        (half % 2, packed.get(half / 2), inner.get_mut(half / 2 - 1))
    {
        *middle = z.norm_sqr();
    }
    let (low, high) = inner.split_at_mut(half / 2);
    let powers = low.iter_mut().zip(high.iter_mut().rev());
    let bins = rest
        .iter()
        .zip(rest.iter().rev())
        .zip(twiddles.iter().skip(1));
    for ((low, high), ((&a, &b), &t)) in powers.zip(bins) {
        let even = (a + b.conj()) * 0.5;
        let odd = (a - b.conj()) * 0.5;
        let turned = t * Complex::new(odd.im, -odd.re);
        *low = (even + turned).norm_sqr();
        *high = (even - turned).norm_sqr();
    }
}

/// The sum of products, in four partial sums that can be added at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks(4).zip(b.chunks(4)) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
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
    Filter {
        first,
        weights: (first..=last).map(weight).collect(),
    }
}

/// Mel frames of samples as they arrive: the same frames, bit for bit, as [`Mel::frames`] of the whole
/// signal. A frame comes out once the `n_fft / 2` samples after its centre are in. Decibels relative to the loudest
/// (`top_db`) are not a stream's: they need the whole signal.
#[derive(Debug)]
pub struct MelStream<'a> {
    mel: &'a Mel,
    scratch: Scratch,
    buffer: Vec<f32>,
    /// Samples to pass over before the next frame begins, where the hop is longer than a frame.
    skip: usize,
    seen: usize,
    given: usize,
}

impl<'a> MelStream<'a> {
    /// A stream before its first sample.
    #[must_use]
    pub fn new(mel: &'a Mel) -> Self {
        let n = mel.config.n_fft;
        let mut buffer = Vec::with_capacity(n);
        buffer.resize(n / 2, 0.0);
        Self {
            scratch: mel.scratch(),
            mel,
            buffer,
            skip: 0,
            seen: 0,
            given: 0,
        }
    }

    /// Takes samples in and hands each frame that they complete to `each`. Allocates nothing.
    pub fn push(&mut self, mono: &[f32], mut each: impl FnMut(&[f32])) {
        self.seen += mono.len();
        self.take(mono, &mut each, usize::MAX);
    }

    /// Hands out the frames whose ends lie beyond the last sample.
    pub fn finish(mut self, mut each: impl FnMut(&[f32])) {
        let frames = self.mel.frame_count(self.seen);
        let padding = vec![0.0; self.mel.config.n_fft];
        while self.given < frames {
            self.take(&padding, &mut each, frames);
        }
    }

    fn take(&mut self, mut samples: &[f32], each: &mut impl FnMut(&[f32]), most: usize) {
        let (n, hop) = (self.mel.config.n_fft, self.mel.config.hop_length);
        while !samples.is_empty() {
            let skipped = self.skip.min(samples.len());
            self.skip -= skipped;
            let wanted = (n - self.buffer.len()).min(samples.len() - skipped);
            let (now, later) = samples.split_at(skipped + wanted);
            self.buffer
                .extend_from_slice(now.get(skipped..).unwrap_or_default());
            samples = later;
            if self.buffer.len() < n {
                continue;
            }
            if self.given == most {
                return;
            }
            self.mel.frame(&self.buffer, &mut self.scratch);
            self.given += 1;
            each(&self.scratch.bands);
            self.skip = hop.saturating_sub(n);
            self.buffer.drain(..hop.min(n));
        }
    }
}

/// Decibels below this power are not told apart (librosa's `amin`).
const AMIN: f32 = 1e-10;

/// Power in decibels relative to 1.
#[must_use]
pub fn db(power: f32) -> f32 {
    10.0 * power.max(AMIN).log10()
}

/// Frames of power to decibels in place, as librosa's `power_to_db` with `ref` 1, `amin` 1e-10 and `top_db` 80: nothing stays
/// more than 80 dB below the loudest value of all frames.
pub fn power_to_db(frames: &mut [Vec<f32>]) {
    let mut loudest = f32::NEG_INFINITY;
    for value in frames.iter_mut().flatten() {
        *value = db(*value);
        loudest = loudest.max(*value);
    }
    for value in frames.iter_mut().flatten() {
        *value = value.max(loudest - 80.0);
    }
}

/// Decibels as 0 to 1: `floor` and less is 0, `ceiling` and more is 1.
#[must_use]
pub fn to_unit(db: f32, floor: f32, ceiling: f32) -> f32 {
    ((db - floor) / (ceiling - floor).max(1e-6)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
