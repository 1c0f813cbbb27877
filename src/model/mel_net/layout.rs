//! Where each weight lies in the learner's one long list: the matrices, which decay, first; each begins on a line of its
//! own.

use super::config::{Head, MelNetConfig, PER_LAYER};
use super::head::Sizes;
use crate::model::config::Described;
use crate::model::cpu::stack::Places;
use crate::model::cpu::trainee::Listed;
use std::ops::Range;

/// Weights begin at multiples of this many numbers.
const ALIGN: usize = 16;

/// A weight of the head.
pub use super::config::Head as Part;

/// The layout of a model.
#[derive(Clone, Debug)]
pub struct Layout {
    places: Vec<Range<usize>>,
    layers: usize,
    sizes: Sizes,
    /// How many numbers come first that decay.
    pub decaying: usize,
    /// How many numbers there are.
    pub len: usize,
}

impl Layout {
    /// The layout for a model; `decays` says of each weight whether it does.
    #[must_use]
    pub fn new(config: &MelNetConfig, decays: &[bool]) -> Self {
        let specs = config.specs();
        let mut places = vec![0..0; specs.len()];
        let (mut at, mut decaying) = (0, 0);
        for first in [true, false] {
            for ((place, spec), decays) in places.iter_mut().zip(&specs).zip(decays) {
                if *decays == first {
                    *place = at..at + spec.rows * spec.columns;
                    at = place.end.next_multiple_of(ALIGN);
                }
            }
            if first {
                decaying = at;
            }
        }
        Self {
            places,
            layers: config.layers,
            sizes: config.sizes(),
            decaying,
            len: at,
        }
    }

    /// The sizes of a row of the head.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Where a weight of the head lies.
    #[must_use]
    pub fn part(&self, part: Head) -> Range<usize> {
        self.places[part.index(self.layers)].clone()
    }
}

impl Listed for Layout {
    fn size(&self) -> usize {
        self.len
    }

    fn decaying(&self) -> usize {
        self.decaying
    }

    fn apart(&self, list: &[f32]) -> Vec<Vec<f32>> {
        self.places
            .iter()
            .map(|p| list[p.clone()].to_vec())
            .collect()
    }

    fn join(&self, weights: &[Vec<f32>], list: &mut [f32]) {
        for (place, from) in self.places.iter().zip(weights) {
            list[place.clone()].copy_from_slice(from);
        }
    }
}

impl Places for Layout {
    fn layer(&self, layer: usize, i: usize) -> Range<usize> {
        self.places[layer * PER_LAYER + i].clone()
    }
}
