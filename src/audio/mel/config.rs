//! [`MelConfig`], the settings of mel frames, and [`MelError`], why some are refused.

/// How frames are made; the defaults are those of the original program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MelConfig {
    /// Samples a second.
    pub sample_rate: u32,
    /// Samples a frame; even, 32 to 65,536.
    pub n_fft: usize,
    /// Samples from one frame to the next; 1 to 1,048,576.
    pub hop_length: usize,
    /// Bands; 1 to 1,024.
    pub n_mels: usize,
    /// Lower edge of the lowest band, in Hz.
    pub fmin: f32,
    /// Upper edge of the highest band, in Hz; `None` is half the sample rate.
    pub fmax: Option<f32>,
}

impl Default for MelConfig {
    fn default() -> Self {
        Self {
            sample_rate: 44_100,
            n_fft: 2048,
            hop_length: 512,
            n_mels: 128,
            fmin: 0.0,
            fmax: None,
        }
    }
}

/// Why a [`MelConfig`] is refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum MelError {
    /// Not a rate sound is sampled at.
    #[error("a sample rate of {0} Hz is refused; it must be 1000 to 768000, 44100 is usual")]
    SampleRate(u32),
    /// Not a frame length.
    #[error("frames of {0} samples are refused; n_fft must be even and 32 to 65536, 2048 is usual")]
    Fft(usize),
    /// Not a step between frames.
    #[error(
        "a hop of {0} samples is refused; it must be 1 to 1048576, a quarter of n_fft is usual"
    )]
    Hop(usize),
    /// Not a number of bands.
    #[error("{0} mel bands are refused; it must be 1 to 1024, 128 is usual")]
    Bands(usize),
    /// Not a range of frequencies.
    #[error(
        "a range of {0} to {1} Hz is refused; it must rise and lie within 0 and half the sample rate"
    )]
    Range(f32, f32),
}

impl MelConfig {
    /// The upper edge in Hz.
    #[must_use]
    pub fn top(&self) -> f32 {
        self.fmax.unwrap_or(self.sample_rate as f32 / 2.0)
    }

    pub(super) fn check(&self) -> Result<(), MelError> {
        if !(1_000..=768_000).contains(&self.sample_rate) {
            return Err(MelError::SampleRate(self.sample_rate));
        }
        if !(32..=65_536).contains(&self.n_fft) || !self.n_fft.is_multiple_of(2) {
            return Err(MelError::Fft(self.n_fft));
        }
        if !(1..=1 << 20).contains(&self.hop_length) {
            return Err(MelError::Hop(self.hop_length));
        }
        if !(1..=1024).contains(&self.n_mels) {
            return Err(MelError::Bands(self.n_mels));
        }
        let half = self.sample_rate as f32 / 2.0;
        // Written so that a bound that is no number is refused too.
        if !(self.fmin >= 0.0 && self.fmin < self.top() && self.top() <= half) {
            return Err(MelError::Range(self.fmin, self.top()));
        }
        Ok(())
    }
}
