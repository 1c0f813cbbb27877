//! What a beat model is, apart from its weights.

use super::params::{self, Spec};
use crate::beat::kit::DrumMap;
use crate::message::Representation;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of the input encoding ([`super::encode`]). A checkpoint made for another
/// version is refused: its weights would be read against the wrong inputs.
pub const SCHEMA_VERSION: u32 = 2;

/// The most styles a model distinguishes; rarer ones share the null style.
pub const MAX_STYLES: usize = 64;

/// Bins in which velocity and micro-timing are scored.
pub const BINS: usize = 32;

/// Components of the mixtures that velocity and micro-timing are drawn from.
pub const COMPONENTS: usize = 5;

/// Parameters of such a mixture: a weight, a place and a scale each.
pub const MIX: usize = 3 * COMPONENTS;

/// Hidden width of the hit chain and of the expression head.
pub const HEAD_WIDTH: usize = 96;

/// What a checkpoint says of its model, and what follows from it.
pub trait Described: Serialize + DeserializeOwned + Clone {
    /// What the model learns from.
    const REPRESENTATION: Representation;

    /// Checks the numbers, so that a damaged or hostile checkpoint cannot ask for the moon.
    ///
    /// # Errors
    /// A sentence that says which field is out of range.
    fn check(&self) -> Result<(), String>;

    /// Layers and their width.
    fn shape(&self) -> [usize; 2];

    /// All weights, in order.
    fn specs(&self) -> Vec<Spec>;

    /// What a checkpoint keeps besides, as bytes by name.
    fn enclosed(&self) -> Option<(&'static str, &[u8])> {
        None
    }

    /// Takes back what was enclosed; `read` gives the bytes of a name, where the checkpoint has them.
    ///
    /// # Errors
    /// A sentence: bytes that are not what they should be.
    fn take_enclosed(
        &mut self,
        _read: &dyn Fn(&'static str) -> Option<Vec<u8>>,
    ) -> Result<(), String> {
        Ok(())
    }
}

/// Shape, inputs and provenance of a model; stored in every checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// [`SCHEMA_VERSION`] when it was made.
    pub schema: u32,
    /// LSTM width.
    pub units: usize,
    /// LSTM layers.
    pub layers: usize,
    /// Style names in index order.
    pub styles: Vec<String>,
    /// Of each style, the share of the steps of its training beats that have a hit; empty in older
    /// checkpoints.
    #[serde(default)]
    pub fullness: Vec<f32>,
    /// The drum map the training files were read with.
    pub drum_map: DrumMap,
    /// For people: what it is and what it learned from.
    pub name: String,
    /// Best bits per 16th step of the hits on validation, if it was ever validated.
    pub bits_per_step: Option<f32>,
    /// The epoch these weights are from.
    pub epoch: usize,
}

impl ModelConfig {
    /// Index of a style by name, ignoring case.
    #[must_use]
    pub fn style_index(&self, style: &str) -> Option<usize> {
        self.styles
            .iter()
            .position(|s| s.eq_ignore_ascii_case(style))
    }

    /// The share of steps with a hit that is a style's own, or of two styles blended by the share of the other.
    #[must_use]
    pub fn fullness_of(
        &self,
        style: Option<usize>,
        other: Option<usize>,
        blend: f32,
    ) -> Option<f32> {
        let of = |style: Option<usize>| self.fullness.get(style?).copied();
        if blend <= 0.0 {
            return of(style);
        }
        Some((1.0 - blend) * of(style)? + blend * of(other)?)
    }
}

impl Described for ModelConfig {
    const REPRESENTATION: Representation = Representation::Beat;

    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA_VERSION {
            return Err(format!(
                "it was made for input schema {}, this program reads schema {SCHEMA_VERSION}",
                self.schema
            ));
        }
        if !(1..=4096).contains(&self.units) {
            return Err(format!(
                "its LSTM width {} is not within 1 to 4096",
                self.units
            ));
        }
        if !(1..=16).contains(&self.layers) {
            return Err(format!(
                "its {} LSTM layers are not within 1 to 16",
                self.layers
            ));
        }
        if !self.fullness.iter().all(|f| (0.0..=1.0).contains(f)) {
            return Err("the fullness of its styles is not within 0 to 1".to_owned());
        }
        if self.styles.len() > MAX_STYLES {
            return Err(format!(
                "it names {} styles, more than {MAX_STYLES}",
                self.styles.len()
            ));
        }
        Ok(())
    }

    fn shape(&self) -> [usize; 2] {
        [self.layers, self.units]
    }

    fn specs(&self) -> Vec<Spec> {
        params::specs(self)
    }
}
