//! Dropout behind a normalisation: what is dropped on the way forward, and the same on the way back.

use super::sized;
use crate::base::rng::{Purpose, Stream};
use std::ops::Range;

/// Which share of a layer's output is dropped, and by which draws.
#[derive(Clone, Debug)]
pub struct Dropout {
    draws: Stream,
    /// Draws below it drop, in parts of 2^24.
    below: u64,
    /// What a kept value is multiplied by.
    factor: f32,
}

impl Dropout {
    /// Drops `share` of the values by these draws, in order; nothing where the share is not above 0.
    #[must_use]
    pub fn new(draws: Stream, share: f64) -> Option<Self> {
        (share > 0.0).then(|| Self {
            draws,
            // A uniform draw is k / 2^24: it is below `share` exactly where k is below this.
            below: (share * f64::from(1 << 24)).ceil() as u64,
            factor: (1.0 / (1.0 - share)) as f32,
        })
    }

    /// That of a layer in update `update` of a model of so many layers.
    #[must_use]
    pub fn of_layer(
        seed: u64,
        share: f64,
        update: u64,
        layers: usize,
        layer: usize,
    ) -> Option<Self> {
        let index = update * layers as u64 + layer as u64;
        Self::new(Stream::new(seed, index, Purpose::Dropout), share)
    }

    /// What a kept value is multiplied by.
    #[must_use]
    const fn factor(&self) -> f32 {
        self.factor
    }

    /// Drops some of `y`, as many draws as there are values; `kept` notes which stay.
    #[inline(always)]
    pub fn drop_some(&mut self, kept: &mut [u8], y: &mut [f32]) {
        for (kept, y) in kept.iter_mut().zip(y) {
            *kept = u8::from(self.draws.next_bits() >> 40 >= self.below);
            *y *= f32::from(*kept) * self.factor;
        }
    }

    /// The same, from the `n`-th value on.
    #[must_use]
    pub fn from(&self, n: u64) -> Self {
        let mut draws = self.draws.clone();
        draws.skip(n);
        Self { draws, ..*self }
    }
}

/// What was dropped of a layer, for the way back.
#[derive(Debug, Default)]
pub struct Dropped {
    /// 1 where a value was kept.
    kept: Vec<u8>,
    /// What a kept value was multiplied by; `None`: nothing was dropped.
    factor: Option<f32>,
}

impl Dropped {
    /// Room to note what is dropped of so many values: none where nothing is.
    pub fn begin(&mut self, dropout: Option<&Dropout>, values: usize) -> &mut [u8] {
        self.factor = dropout.map(Dropout::factor);
        sized(&mut self.kept, dropout.map_or(0, |_| values))
    }

    /// What was dropped of some of the values, if anything was of any.
    #[must_use]
    pub fn of(&self, values: Range<usize>) -> Option<Kept<'_>> {
        let factor = self.factor?;
        Some(Kept {
            kept: &self.kept[values],
            factor,
        })
    }
}

/// Which of some values were kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    kept: &'a [u8],
    factor: f32,
}

impl Kept<'_> {
    /// Takes the gradient of the first values back through dropout; the next call goes on behind them.
    #[inline(always)]
    pub fn back(&mut self, d: &mut [f32]) {
        let (now, later) = self.kept.split_at(d.len());
        for (d, kept) in d.iter_mut().zip(now) {
            *d *= f32::from(*kept) * self.factor;
        }
        self.kept = later;
    }
}
