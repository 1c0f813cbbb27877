//! Centred, windowed frames of a signal to complex spectra and back, by overlap and add.

use crate::audio::mel::MelConfig;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// A signal of a fixed length and the means to take it apart.
pub(super) struct Stft {
    hop: usize,
    window: Vec<f32>,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    frame: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// The signal with half a frame before and after it.
    signal: Vec<f32>,
    /// What overlapping windows multiply each sample by, the inverse transform's `n` included; turned round.
    share: Vec<f32>,
    length: usize,
}

impl Stft {
    /// Room for so many frames: a signal of `count * hop` samples.
    pub fn new(config: &MelConfig, count: usize) -> Self {
        let (n, hop) = (config.n_fft, config.hop_length);
        let turn = std::f64::consts::TAU / n as f64;
        let window: Vec<f32> = (0..n)
            .map(|i| (0.5 - 0.5 * (turn * i as f64).cos()) as f32)
            .collect();
        let length = count * hop;
        let mut share = vec![0.0; length + n];
        for i in 0..count {
            for (sum, w) in share.iter_mut().skip(i * hop).zip(&window) {
                *sum += w * w;
            }
        }
        for share in &mut share {
            // Where hardly any window reaches, there is silence.
            *share = if *share > 1e-3 {
                1.0 / (*share * n as f32)
            } else {
                0.0
            };
        }
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
        let scratch = forward
            .get_inplace_scratch_len()
            .max(inverse.get_inplace_scratch_len());
        Self {
            hop,
            window,
            forward,
            inverse,
            frame: vec![Complex::default(); n],
            scratch: vec![Complex::default(); scratch],
            signal: vec![0.0; length + n],
            share,
            length,
        }
    }

    /// The samples.
    pub fn samples(&self) -> &[f32] {
        let from = self.window.len() / 2;
        self.signal
            .get(from..from + self.length)
            .unwrap_or_default()
    }

    /// The signal whose spectra are nearest to these, `[frames, n / 2 + 1]`.
    pub fn synthesise(&mut self, spectra: &[Complex<f32>]) {
        let n = self.window.len();
        self.signal.fill(0.0);
        for (i, bins) in spectra.chunks_exact(n / 2 + 1).enumerate() {
            for (to, bin) in self.frame.iter_mut().zip(bins) {
                *to = *bin;
            }
            // The other half mirrors all bins but the first and the last.
            for (to, bin) in self
                .frame
                .iter_mut()
                .rev()
                .zip(bins.iter().skip(1))
                .take(n / 2 - 1)
            {
                *to = bin.conj();
            }
            self.inverse
                .process_with_scratch(&mut self.frame, &mut self.scratch);
            let samples = self.signal.iter_mut().skip(i * self.hop);
            for (sample, (z, w)) in samples.zip(self.frame.iter().zip(&self.window)) {
                *sample += z.re * w;
            }
        }
        for (sample, share) in self.signal.iter_mut().zip(&self.share) {
            *sample *= share;
        }
        // Outside the signal frames see silence, as they do when it is analysed later.
        let (half, length) = (n / 2, self.length);
        for outside in [0..half, half + length..length + n] {
            self.signal.get_mut(outside).unwrap_or_default().fill(0.0);
        }
    }

    /// The spectra of the signal, `[frames, n / 2 + 1]`.
    pub fn analyse(&mut self, spectra: &mut [Complex<f32>]) {
        let bins = self.window.len() / 2 + 1;
        for (i, to) in spectra.chunks_exact_mut(bins).enumerate() {
            let samples = self.signal.iter().skip(i * self.hop);
            for (z, (x, w)) in self.frame.iter_mut().zip(samples.zip(&self.window)) {
                *z = Complex::new(x * w, 0.0);
            }
            self.forward
                .process_with_scratch(&mut self.frame, &mut self.scratch);
            for (to, z) in to.iter_mut().zip(&self.frame) {
                *to = *z;
            }
        }
    }
}
