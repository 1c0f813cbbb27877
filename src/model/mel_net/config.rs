//! What a spectrogram model is, apart from its weights; and the list of its weights.

use super::head::Sizes;
use super::place::CODE;
use crate::audio::mel::{MelConfig, Scale};
use crate::audio::onset::Ear;
use crate::beat::kit::DrumMap;
use crate::message::Representation;
use crate::model::config::Described;
use crate::model::params::{Init, Spec};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of the inputs ([`super::place`], [`super::batch`]) and of the head ([`super::head`]).
pub const SCHEMA: u32 = 2;

/// Components of each group of bands, where nothing else is said.
pub const COMPONENTS: usize = 6;

/// Groups of bands, where there are so many bands.
pub const GROUPS: usize = 8;

/// Weights a layer: input, recurrent, bias, gain, shift, and the running mean and variance, which are not learned but
/// counted.
pub const PER_LAYER: usize = 7;

/// How frames are made and what 0 and 1 mean; kept in the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MelSettings {
    /// Samples a second.
    pub sample_rate: u32,
    /// Samples a frame is made of.
    pub n_fft: usize,
    /// Samples from one frame to the next.
    pub hop_length: usize,
    /// Bands.
    pub n_mels: usize,
    /// Lower edge of the lowest band, in Hz.
    pub fmin: f32,
    /// Upper edge of the highest, in Hz; `None`: half the sample rate.
    pub fmax: Option<f32>,
    /// Decibels that are 0.
    pub floor: f32,
    /// Decibels that are 1.
    pub ceiling: f32,
}

impl Default for MelSettings {
    fn default() -> Self {
        let (mel, scale) = (MelConfig::default(), Scale::default());
        Self {
            sample_rate: mel.sample_rate,
            n_fft: mel.n_fft,
            hop_length: mel.hop_length,
            n_mels: mel.n_mels,
            fmin: mel.fmin,
            fmax: mel.fmax,
            floor: scale.floor,
            ceiling: scale.ceiling,
        }
    }
}

impl MelSettings {
    /// As the filter bank takes them.
    #[must_use]
    pub const fn mel(&self) -> MelConfig {
        MelConfig {
            sample_rate: self.sample_rate,
            n_fft: self.n_fft,
            hop_length: self.hop_length,
            n_mels: self.n_mels,
            fmin: self.fmin,
            fmax: self.fmax,
        }
    }

    /// Seconds from one frame to the next.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.hop_length as f64 / f64::from(self.sample_rate.max(1))
    }

    /// What levels stand for.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        Scale {
            floor: self.floor,
            ceiling: self.ceiling,
        }
    }
}

/// Shape, inputs and provenance of a spectrogram model; stored in every checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MelNetConfig {
    /// Always [`Representation::Mel`].
    pub representation: Representation,
    /// [`SCHEMA`] when it was made.
    pub schema: u32,
    /// LSTM width.
    pub units: usize,
    /// LSTM layers.
    pub layers: usize,
    /// Components that each group of bands is one of.
    pub components: usize,
    /// Groups of neighbouring bands.
    pub groups: usize,
    /// How frames are made.
    pub mel: MelSettings,
    /// The drum map the training files were read with.
    pub drum_map: DrumMap,
    /// For people: what it is and what it learned from.
    pub name: String,
    /// Best bits a band and frame on validation, if it was ever validated.
    pub bits_per_value: Option<f32>,
    /// Binary cross-entropy of the mean frame on validation, nats a band and frame.
    pub cross_entropy: Option<f32>,
    /// The epoch these weights are from.
    pub epoch: usize,
    /// The transcriber of frames that the one inside the program cannot read, as [`Ear::to_bytes`] wrote it; kept in the
    /// checkpoint as a part of its own.
    #[serde(skip)]
    pub ear: Option<Arc<[u8]>>,
}

/// The transcriber's name among a checkpoint's parts.
const EAR: &str = "ear";

impl MelNetConfig {
    /// Inputs: the frame before, the frame a bar before the one to come, and its place.
    #[must_use]
    pub const fn inputs(&self) -> usize {
        2 * self.mel.n_mels + CODE
    }

    /// The transcriber kept for these frames; `None` where none is.
    ///
    /// # Errors
    /// A sentence: a damaged transcriber, or one of other frames.
    pub fn own_ear(&self) -> Result<Option<Ear>, String> {
        let Some(bytes) = &self.ear else {
            return Ok(None);
        };
        let ear = Ear::from_bytes(bytes).map_err(|e| format!("its own transcriber: {e}"))?;
        if *ear.mel() != self.mel.mel() {
            return Err("its own transcriber hears other frames than it plays".into());
        }
        Ok(Some(ear))
    }

    /// The sizes of the head.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        Sizes {
            components: self.components,
            bands: self.mel.n_mels,
            groups: self.groups,
        }
    }

    /// Outputs: each component's means, the scales, each group's logits.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.sizes().row()
    }
}

/// The head's weights behind those of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// `[units, outputs]`.
    Out,
    /// `[1, outputs]`.
    Bias,
    /// `[1, components * n_mels]`: logarithms of scales, added to what comes out.
    Scale,
    /// `[1, components * n_mels]`: how far each component's mean follows the frame before.
    Hold,
    /// `[1, (groups - 1) * components * components]`: what a group's component adds to the logits of the group above.
    Link,
}

impl Head {
    /// Index in the list of a model with so many layers.
    #[must_use]
    pub const fn index(self, layers: usize) -> usize {
        layers * PER_LAYER + self as usize
    }
}

impl Described for MelNetConfig {
    const REPRESENTATION: Representation = Representation::Mel;

    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!(
                "it was made for spectrogram schema {}, this program reads schema {SCHEMA}",
                self.schema
            ));
        }
        let range = |what: &str, n: usize, most: usize| match n {
            n if (1..=most).contains(&n) => Ok(()),
            n => Err(format!("its {what}, {n}, is not within 1 to {most}")),
        };
        range("LSTM width", self.units, 4096)?;
        range("number of LSTM layers", self.layers, 16)?;
        range("number of components", self.components, 64)?;
        range(
            "number of groups of bands",
            self.groups,
            self.mel.n_mels.min(64),
        )?;
        crate::audio::mel::Mel::new(self.mel.mel()).map_err(|e| e.to_string())?;
        if !(self.mel.floor < self.mel.ceiling && (self.mel.ceiling - self.mel.floor).is_finite()) {
            return Err("its range of decibels does not rise".into());
        }
        Ok(())
    }

    fn shape(&self) -> [usize; 2] {
        [self.layers, self.units]
    }

    fn enclosed(&self) -> Option<(&'static str, &[u8])> {
        self.ear.as_deref().map(|bytes| (EAR, bytes))
    }

    fn take_enclosed(
        &mut self,
        read: &dyn Fn(&'static str) -> Option<Vec<u8>>,
    ) -> Result<(), String> {
        self.ear = read(EAR).map(Into::into);
        self.own_ear().map(|_| ())
    }

    fn specs(&self) -> Vec<Spec> {
        let mut list = Vec::with_capacity(self.layers * PER_LAYER + 5);
        let mut add = |name: String, rows, columns, init| {
            let decays = rows > 1;
            list.push(Spec {
                name,
                rows,
                columns,
                init,
                decays,
            });
        };
        let units = self.units;
        for layer in 0..self.layers {
            let inputs = if layer == 0 { self.inputs() } else { units };
            let lstm = |what: &str| format!("lstm.{layer}.{what}");
            add(lstm("input"), inputs, 4 * units, Init::Normal(1.0));
            add(lstm("recurrent"), units, 4 * units, Init::Normal(1.0));
            add(lstm("bias"), 1, 4 * units, Init::Forget);
            let norm = |what: &str| format!("norm.{layer}.{what}");
            add(norm("gain"), 1, units, Init::Constant(1.0));
            add(norm("shift"), 1, units, Init::Constant(0.0));
            add(norm("mean"), 1, units, Init::Constant(0.0));
            add(norm("variance"), 1, units, Init::Constant(1.0));
        }
        let frames = self.components * self.mel.n_mels;
        add("head.out".into(), units, self.outputs(), Init::Normal(0.3));
        add("head.bias".into(), 1, self.outputs(), Init::Data);
        add("head.scale".into(), 1, frames, Init::Constant(-2.5));
        add("head.hold".into(), 1, frames, Init::Data);
        add("head.link".into(), 1, self.sizes().links(), Init::Data);
        list
    }
}
