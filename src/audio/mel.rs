//! Mel spectrograms by librosa 0.11's conventions (`feature.melspectrogram`, `power_to_db`): centred frames
//! with zero padding, periodic Hann window, power, Slaney's mel scale with his area norm. Frames of a whole signal and
//! frames of samples as they arrive come from the same code. Pictures are made in [`super::spectrogram`], frames to
//! learn from in [`super::frames`].
//!
//! Single precision keeps within 1e-3 dB of librosa (`tests/data/mel_golden.py`). The even and the odd samples of a frame share one
//! complex transform of half the length. Two frames in one transform would need no untangling by angles, but a loud
//! frame's rounding would leak into a silent one.

mod bank;
mod config;
mod decibel;
mod spectrum;
mod stream;
#[cfg(test)]
mod tests;
mod unit;
mod wide;

pub use bank::{hz_to_mel, mel_to_hz};
pub use config::{MelConfig, MelError};
pub use decibel::{AMIN, TOP_DB, db, power_to_db, to_db};
pub use stream::MelStream;
pub use unit::{Scale, from_unit, to_unit};

use bank::Bank;
use spectrum::{Room, Spectrum};
use wide::{Loop, WIDE};

/// A mel filter bank with its FFT; immutable, to be shared by threads.
pub struct Mel {
    config: MelConfig,
    spectrum: Spectrum,
    bank: Bank,
}

impl std::fmt::Debug for Mel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mel")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Room for one frame's numbers, so that frames allocate nothing.
#[derive(Debug)]
struct Scratch {
    room: Room,
    sums: Vec<[f32; WIDE]>,
    bands: Vec<f32>,
}

impl Mel {
    /// The filter bank of a configuration.
    ///
    /// # Errors
    /// [`MelError`], if a number is out of its range.
    pub fn new(config: MelConfig) -> Result<Self, MelError> {
        config.check()?;
        Ok(Self {
            spectrum: Spectrum::new(config.n_fft),
            bank: Bank::new(&config),
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
        &self.bank.centres
    }

    /// The band's weights: the first FFT bin (`k` stands for `k * sample_rate / n_fft` Hz) that has one, and the weights from
    /// it on. No weight at all, or only zeros, where no bin falls into the band; `None` for a band that is not there.
    #[must_use]
    pub fn weights(&self, band: usize) -> Option<(usize, &[f32])> {
        self.bank.filter(band)
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

    /// Mel power of a mono signal, `[frames, bands]`: frame `i` is centred on sample `i * hop`, its bands ordered from the
    /// lowest.
    #[must_use]
    pub fn frames(&self, mono: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.frame_count(mono.len()) * self.config.n_mels);
        let mut stream = MelStream::new(self);
        stream.push(mono, |frame| out.extend_from_slice(frame));
        stream.finish(|frame| out.extend_from_slice(frame));
        out
    }

    fn scratch(&self) -> Scratch {
        Scratch {
            room: self.spectrum.room(),
            sums: vec![[0.0; WIDE]; self.config.n_mels],
            bands: vec![0.0; self.config.n_mels],
        }
    }

    /// The bands of one frame of `n_fft` samples, into `scratch.bands`.
    fn frame(&self, samples: &[f32], scratch: &mut Scratch) {
        wide::run(OneFrame {
            mel: self,
            samples,
            scratch,
        });
    }
}

struct OneFrame<'a> {
    mel: &'a Mel,
    samples: &'a [f32],
    scratch: &'a mut Scratch,
}

impl Loop for OneFrame<'_> {
    #[inline(always)]
    fn run(self) {
        let Scratch { room, sums, bands } = self.scratch;
        self.mel.spectrum.power(self.samples, room);
        self.mel.bank.bands(&room.power, sums, bands);
    }
}
