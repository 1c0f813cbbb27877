//! [`Level`]: how loud music is, by its loud moments, so that what was recorded louder or softer than the built-in
//! kit plays can be brought to the kit's level before it is transcribed.

/// Blocks counted, by half decibels from -120 dB up.
const BINS: usize = 300;

/// The share of sounding blocks that are softer than the level.
const SHARE: f64 = 0.9;

/// A measurement under way: the power of blocks of 50 ms.
#[derive(Clone, Debug)]
pub struct Level {
    block: usize,
    filled: usize,
    sum: f64,
    counts: [u64; BINS],
}

impl Level {
    /// A measurement at a sample rate in Hz.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            block: (sample_rate as usize / 20).max(1),
            filled: 0,
            sum: 0.0,
            counts: [0; BINS],
        }
    }

    /// Takes mono samples.
    pub fn push(&mut self, mono: &[f32]) {
        for &x in mono {
            self.sum += f64::from(x) * f64::from(x);
            self.filled += 1;
            if self.filled == self.block {
                let db = 10.0 * (self.sum / self.block as f64).max(1e-12).log10();
                let bin = (2.0 * (db + 120.0)) as usize;
                if let Some(count) = self.counts.get_mut(bin.min(BINS - 1)) {
                    *count += 1;
                }
                (self.filled, self.sum) = (0, 0.0);
            }
        }
    }

    /// The level in decibels of power, to half a decibel; `None` where there was only silence (below -90 dB). Blocks
    /// more than 50 dB below the loudest do not count.
    #[must_use]
    pub fn db(&self) -> Option<f32> {
        let loudest = self.counts.iter().rposition(|&n| n > 0)?;
        let first = loudest.saturating_sub(100).max(60);
        let sounding: u64 = self.counts.iter().skip(first).sum();
        let mut below = 0;
        for (bin, count) in self.counts.iter().enumerate().skip(first) {
            below += count;
            if below as f64 >= SHARE * sounding as f64 && below > 0 {
                return Some(bin as f32 / 2.0 - 120.0);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_loud_is_six_decibels_more_and_silence_has_no_level() {
        let rate = 8_000;
        let beat = |gain: f32| {
            let mut level = Level::new(rate);
            for n in 0..8 * rate {
                let t = (n % 4_000) as f32 / rate as f32;
                level.push(&[gain * (-t / 0.1).exp() * (t * 2_000.0).sin()]);
            }
            level.db()
        };
        let (soft, loud) = (beat(0.2).unwrap(), beat(0.4).unwrap());
        assert!((loud - soft - 6.0).abs() <= 0.5, "{soft} {loud}");
        assert_eq!(beat(0.0), None);
    }
}
