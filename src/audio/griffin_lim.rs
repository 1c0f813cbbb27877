//! Mel frames made audible: [`sound`]. The power of each FFT bin is guessed from the bands, and phases that fit it are
//! found by the fast Griffin-Lim algorithm (Griffin and Lim 1984; Perraudin, Balazs and Søndergaard 2013, the
//! momentum). What is heard is a likeness: strokes are softer than they were.

mod long;
mod stft;

pub use long::Long;

use super::mel::Mel;
use crate::base::rng::{Purpose, Stream};
use rustfft::num_complex::Complex;
use stft::Stft;

/// Rounds of guessing bins from bands.
const GUESSES: usize = 12;

/// How sound is made of frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GriffinLim {
    /// Rounds of fitting phases; each costs two transforms a frame.
    pub iterations: usize,
    /// How far a round goes on in the direction of the last, 0 (the classic algorithm) to below 1.
    pub momentum: f32,
    /// Seeds the phases it begins with.
    pub seed: u64,
}

impl Default for GriffinLim {
    fn default() -> Self {
        Self {
            iterations: 32,
            momentum: 0.99,
            seed: 0,
        }
    }
}

/// Mono samples whose mel frames are near `frames`: power, `[frames, bands]` (what is left of a last, incomplete one is
/// passed over). There are `hop_length` samples for each frame, the first frame's centre being the first sample; the hop
/// should be at most half of `n_fft`. The same frames and settings give the same samples.
///
/// Takes about 28 bytes for each FFT bin of each frame (2.5 MB a second at the defaults): for long music there is [`Long`].
#[must_use]
pub fn sound(mel: &Mel, frames: &[f32], how: &GriffinLim) -> Vec<f32> {
    let bands = mel.config().n_mels;
    let bins = mel.config().n_fft / 2 + 1;
    let count = frames.len() / bands;
    let mut magnitudes = vec![0.0; count * bins];
    let mut bank = Inverse::new(mel);
    for (bands, bins) in frames
        .chunks_exact(bands)
        .zip(magnitudes.chunks_exact_mut(bins))
    {
        bank.magnitudes(bands, bins);
    }
    let mut spectrum = Vec::with_capacity(magnitudes.len());
    for (i, frame) in (0..).zip(magnitudes.chunks_exact(bins)) {
        let mut draws = Stream::new(how.seed, i, Purpose::Phase);
        let turned = |m: &f32| Complex::from_polar(*m, std::f32::consts::TAU * draws.uniform());
        spectrum.extend(frame.iter().map(turned));
    }
    let mut stft = Stft::new(mel.config(), count);
    let momentum = if how.momentum.is_nan() {
        0.0
    } else {
        how.momentum.clamp(0.0, 0.999)
    };
    // The last round's spectrum is taken off by this share: the same direction as going on by the momentum, as only
    // phases count.
    let share = momentum / (1.0 + momentum);
    let mut rebuilt = vec![Complex::default(); spectrum.len()];
    let mut before = rebuilt.clone();
    for _ in 0..how.iterations {
        stft.synthesise(&spectrum);
        stft.analyse(&mut rebuilt);
        let fitted = spectrum.iter_mut().zip(&magnitudes);
        for ((to, magnitude), (now, last)) in fitted.zip(rebuilt.iter().zip(&mut before)) {
            let ahead = now - *last * share;
            *last = *now;
            *to = ahead * (magnitude / ahead.norm_sqr().sqrt().max(1e-20));
        }
    }
    stft.synthesise(&spectrum);
    stft.samples().to_vec()
}

/// From bands back to bins: powers that are never negative and whose bands are the given ones, found by multiplication
/// (Richardson 1972, Lucy 1974; the least Kullback-Leibler divergence).
struct Inverse<'a> {
    filters: Vec<(usize, &'a [f32])>,
    /// What each bin gives to all bands.
    given: Vec<f32>,
    /// What each band takes of all bins.
    taken: Vec<f32>,
    blame: Vec<f32>,
}

impl<'a> Inverse<'a> {
    fn new(mel: &'a Mel) -> Self {
        let bins = mel.config().n_fft / 2 + 1;
        let filters: Vec<_> = (0..).map_while(|band| mel.weights(band)).collect();
        let mut given = vec![0.0; bins];
        for (first, weights) in &filters {
            for (sum, weight) in given.iter_mut().skip(*first).zip(*weights) {
                *sum += weight;
            }
        }
        Self {
            taken: filters.iter().map(|(_, w)| w.iter().sum()).collect(),
            filters,
            blame: given.clone(),
            given,
        }
    }

    fn magnitudes(&mut self, bands: &[f32], bins: &mut [f32]) {
        // A start that is right for noise: each bin the mean of its bands' means.
        self.spread(bands, |band, taken, _| band / taken.max(1e-20));
        for (bin, (blame, given)) in bins.iter_mut().zip(self.blame.iter().zip(&self.given)) {
            *bin = if *given > 0.0 { blame / given } else { 0.0 };
        }
        for _ in 0..GUESSES {
            let powers = &*bins;
            self.spread(bands, |band, _, (first, weights)| {
                let here = powers.iter().skip(first).zip(weights);
                let now: f32 = here.map(|(p, w)| p * w).sum();
                if now > 0.0 { band / now } else { 0.0 }
            });
            for (bin, (blame, given)) in bins.iter_mut().zip(self.blame.iter().zip(&self.given)) {
                *bin *= blame / given.max(1e-20);
            }
        }
        for bin in bins {
            *bin = bin.max(0.0).sqrt();
        }
    }

    /// A number for each band, spread over its bins by their weights, into `blame`.
    fn spread(&mut self, bands: &[f32], number: impl Fn(f32, f32, (usize, &[f32])) -> f32) {
        self.blame.fill(0.0);
        for (band, (taken, filter)) in bands.iter().zip(self.taken.iter().zip(&self.filters)) {
            let (first, weights) = *filter;
            let number = number(band.max(0.0), *taken, (first, weights));
            for (sum, weight) in self.blame.iter_mut().skip(first).zip(weights) {
                *sum += number * weight;
            }
        }
    }
}

#[cfg(test)]
mod tests;
