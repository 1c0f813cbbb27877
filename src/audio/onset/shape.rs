//! [`Shape`]: how wide the transcriber's network is and how far it sees, for given mel settings.

use crate::audio::mel::MelConfig;
use crate::beat::lane::LANES;

/// Frames that the first layer sees at once.
pub const KERNEL: usize = 3;

/// What comes out a frame: for each lane the log-odds of an onset, then the velocity of each, then how
/// far from the frame's centre it lies.
pub const OUTPUTS: usize = 3 * LANES;

/// The most weights of a network: 16-bit numbers, 300 KB with all that goes along.
const MOST_WEIGHTS: usize = 148_000;

/// The longest look-ahead, in seconds.
const LOOK_AHEAD: f32 = 0.060;

/// How much a decision sees in all, in seconds.
const REACH: f32 = 0.190;

/// The sizes of a network. Frames go through a convolution over [`KERNEL`] of them into `features`; `window` frames of
/// features go through two layers into [`OUTPUTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Mel bands a frame.
    pub bands: usize,
    /// Features a frame.
    pub features: usize,
    /// Frames of features that a decision sees.
    pub window: usize,
    /// Frames after the one decided on that it needs.
    pub ahead: usize,
    /// Width of the layer over the window.
    pub hidden: usize,
    /// Width of the layer after it.
    pub second: usize,
}

impl Shape {
    /// The sizes for frames of these settings: about 190 ms seen, at most 60 ms of them ahead where frames are
    /// less than 30 ms apart (with longer hops two frames ahead, the least there can be).
    #[must_use]
    pub fn for_mel(mel: &MelConfig) -> Self {
        let rate = mel.sample_rate as f32 / mel.hop_length.max(1) as f32;
        // One frame more is needed to see that a peak is one.
        let ahead = ((LOOK_AHEAD * rate) as usize).clamp(2, 24) - 1;
        let reach = ((REACH * rate).round() as usize).clamp(ahead + 4, 64);
        let mut shape = Self {
            bands: mel.n_mels,
            features: 64,
            window: reach + 1 - KERNEL,
            ahead,
            hidden: 0,
            second: 64,
        };
        // Very many bands get fewer features, so that the layer over time keeps its width.
        while shape.matrix(0) > MOST_WEIGHTS / 3 && shape.features > 16 {
            shape.features -= 8;
        }
        let fixed = shape.weights();
        let each = shape.window * shape.features + shape.second + 1;
        shape.hidden = (MOST_WEIGHTS.saturating_sub(fixed) / each / 8 * 8).clamp(8, 128);
        shape
    }

    /// Whether the sizes are such as a network may have, so that a damaged file asks for nothing absurd.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        (1..=1024).contains(&self.bands)
            && (1..=256).contains(&self.features)
            && (1..=64).contains(&self.window)
            && (1..=32).contains(&self.ahead)
            && self.ahead < self.reach()
            && (1..=512).contains(&self.hidden)
            && (1..=512).contains(&self.second)
    }

    /// Rows and columns of each layer's matrix.
    #[must_use]
    pub const fn layers(&self) -> [(usize, usize); 4] {
        [
            (KERNEL * self.bands, self.features),
            (self.window * self.features, self.hidden),
            (self.hidden, self.second),
            (self.second, OUTPUTS),
        ]
    }

    fn matrix(&self, layer: usize) -> usize {
        self.layers().get(layer).map_or(0, |(r, c)| r * c)
    }

    /// Numbers in all matrices.
    #[must_use]
    pub fn matrices(&self) -> usize {
        self.layers().iter().map(|(r, c)| r * c).sum()
    }

    /// Numbers in all: the matrices, then a bias for each column of each.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.matrices() + self.layers().iter().map(|(_, c)| c).sum::<usize>()
    }

    /// Frames that one decision sees.
    #[must_use]
    pub const fn reach(&self) -> usize {
        self.window + KERNEL - 1
    }

    /// Frames that it sees before the one decided on.
    #[must_use]
    pub const fn before(&self) -> usize {
        self.reach() - 1 - self.ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mel_setting_has_a_network_that_fits_and_does_not_look_too_far() {
        for (sample_rate, hop_length, n_mels) in [
            (44_100, 512, 128),
            (22_050, 256, 80),
            (48_000, 128, 40),
            (44_100, 441, 256),
            (16_000, 160, 1024),
            (44_100, 4096, 64),
            (1_000, 1, 1),
        ] {
            let mel = MelConfig {
                sample_rate,
                hop_length,
                n_mels,
                ..MelConfig::default()
            };
            let shape = Shape::for_mel(&mel);
            assert!(shape.is_sound(), "{shape:?}");
            assert!(shape.weights() <= 150_000 || n_mels == 1024, "{shape:?}");
            let ahead = (shape.ahead + 1) * hop_length;
            let most = 0.060 * sample_rate as f32;
            assert!(ahead as f32 <= most || shape.ahead == 1, "{shape:?}");
        }
    }
}
