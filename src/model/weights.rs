//! [`BeatModel`]: a model's weights as plain slices, ready to play; read from a checkpoint
//! or from the program itself.

use super::config::{Described, ModelConfig};
use super::lstm::kernel::{Isa, from_half, to_half};
use super::lstm::sequence::Weights;
use super::lstm::step::Stepper;
use super::params::{self, Spec};
use crate::base::text::{sanitize, sanitize_path};
use crate::message::Representation;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// The key of the model's configuration in a checkpoint's metadata.
pub(super) const CONFIG_KEY: &str = "beatgen.config";

/// The largest checkpoint read, in bytes.
const MAX_BYTES: u64 = 4 << 30;

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}. {hint}")]
pub struct ModelError {
    /// The file, sanitised.
    pub path: String,
    /// What is wrong, sanitised.
    pub reason: String,
    /// What to do.
    pub hint: &'static str,
}

/// A model that can play: configuration and weights. Shared between threads by `Arc`.
#[derive(Debug)]
pub struct BeatModel {
    config: ModelConfig,
    weights: Vec<Vec<f32>>,
    /// The LSTM layers once more, packed for playing, in half precision: half the bytes are half the time of a step.
    steppers: Vec<Stepper>,
    hash: String,
}

impl PartialEq for BeatModel {
    fn eq(&self, other: &Self) -> bool {
        // The packed layers follow from the weights.
        (&self.config, &self.weights) == (&other.config, &other.weights)
    }
}

impl BeatModel {
    /// A model of these weights, in the order and shapes of [`params::specs`].
    ///
    /// # Errors
    /// A sentence: a configuration out of range, a missing, misshapen or non-finite weight.
    pub fn new(config: ModelConfig, weights: Vec<Vec<f32>>) -> Result<Self, String> {
        Self::with(config, weights, Stepper::with_halves)
    }

    /// [`BeatModel::new`] with a say in how the layers are kept.
    pub(super) fn with(
        config: ModelConfig,
        weights: Vec<Vec<f32>>,
        keep: fn(Stepper) -> Stepper,
    ) -> Result<Self, String> {
        let hash = check(&config, &weights)?;
        let steppers = (0..config.layers)
            .map(|layer| {
                let at = |i: usize| weights[layer * params::PER_LAYER + i].as_slice();
                let layer = Weights {
                    input: at(0),
                    recurrent: at(1),
                    bias: at(2),
                };
                let inputs = layer.input.len() / layer.bias.len();
                keep(Stepper::new(Isa::best(), layer, inputs, config.units))
            })
            .collect();
        Ok(Self {
            config,
            weights,
            steppers,
            hash,
        })
    }

    /// The model inside the program, trained on the Groove MIDI Dataset; its card is
    /// `src/model/pretrained/README.md`.
    ///
    /// # Errors
    /// Only if the program was built with a damaged weights file.
    pub fn embedded() -> Result<Arc<Self>, ModelError> {
        Self::from_bytes(include_bytes!("pretrained/groove.safetensors"))
            .map(Arc::new)
            .map_err(|reason| ModelError {
                path: "the model inside the program".into(),
                reason,
                hint: "Build the program again from a clean copy",
            })
    }

    /// Reads a checkpoint file.
    ///
    /// # Errors
    /// A file that cannot be read, is no checkpoint, or was made for another input schema.
    pub fn load(path: &Path) -> Result<Arc<Self>, ModelError> {
        load(path, Self::from_bytes).map(Arc::new)
    }

    /// Reads a checkpoint's bytes; tensors it does not need (the optimiser's) are passed over.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (config, weights) = parts(bytes)?;
        Self::new(config, weights)
    }

    /// The model's bytes as a checkpoint in half precision, without an optimiser's state: a model to hand on, half as large.
    ///
    /// # Errors
    /// Only if the configuration cannot be written.
    pub fn to_halves(&self) -> Result<Vec<u8>, String> {
        let text = serde_json::to_string(&self.config).map_err(|e| e.to_string())?;
        let specs = params::specs(&self.config);
        let bytes: Vec<Vec<u8>> = self
            .weights
            .iter()
            .map(|values| {
                values
                    .iter()
                    .flat_map(|v| to_half(*v).to_le_bytes())
                    .collect()
            })
            .collect();
        let views = specs
            .iter()
            .zip(&bytes)
            .map(|(spec, data)| {
                let shape = vec![spec.rows, spec.columns];
                let view = TensorView::new(Dtype::F16, shape, data).map_err(|e| e.to_string())?;
                Ok((spec.name.as_str(), view))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let metadata = HashMap::from([(CONFIG_KEY.to_owned(), text)]);
        safetensors::serialize(views, Some(metadata)).map_err(|e| e.to_string())
    }

    /// An untrained model: weights as training would start from them, without the data's
    /// statistics.
    ///
    /// # Panics
    /// Never for a width of 1 to 4096 and 1 to 16 layers.
    #[must_use]
    pub fn random(units: usize, layers: usize, seed: u64) -> Arc<Self> {
        let config = ModelConfig {
            schema: super::SCHEMA_VERSION,
            units: units.clamp(1, 4096),
            layers: layers.clamp(1, 16),
            styles: vec!["funk".into(), "jazz".into(), "rock".into()],
            fullness: Vec::new(),
            drum_map: crate::beat::kit::DrumMap::gm(),
            name: format!("untrained {layers}x{units}"),
            bits_per_step: None,
            epoch: 0,
        };
        let weights = params::specs(&config)
            .iter()
            .enumerate()
            .map(|(i, spec)| params::start(spec, i, seed))
            .collect();
        Arc::new(Self::new(config, weights).unwrap_or_else(|e| unreachable!("{e}")))
    }

    /// What it is.
    #[must_use]
    pub const fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Style names in index order.
    #[must_use]
    pub fn styles(&self) -> &[String] {
        &self.config.styles
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// 16 hexadecimal digits that change with any weight.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The weights in the order of [`params::specs`].
    #[must_use]
    pub fn weights(&self) -> &[Vec<f32>] {
        &self.weights
    }

    /// The LSTM layers, ready to be run a step at a time.
    #[must_use]
    pub(super) fn steppers(&self) -> &[Stepper] {
        &self.steppers
    }

    /// How many numbers were trained.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.weights.iter().map(Vec::len).sum()
    }
}

/// Checks a configuration and its weights; 16 hexadecimal digits that change with any weight.
///
/// # Errors
/// A sentence: a configuration out of range, a missing, misshapen or non-finite weight.
pub(super) fn check<C: Described>(config: &C, weights: &[Vec<f32>]) -> Result<String, String> {
    config.check()?;
    let specs = config.specs();
    if specs.len() != weights.len() {
        return Err(format!(
            "it has {} weights, {} are needed",
            weights.len(),
            specs.len()
        ));
    }
    let mut hasher = blake3::Hasher::new();
    for (spec, values) in specs.iter().zip(weights) {
        if values.len() != spec.rows * spec.columns {
            return Err(format!("its weight {} has the wrong size", spec.name));
        }
        if !values.iter().all(|v| v.is_finite()) {
            return Err(format!(
                "its weight {} holds numbers that are not finite",
                spec.name
            ));
        }
        hasher.update(spec.name.as_bytes());
        for v in values {
            hasher.update(&v.to_le_bytes());
        }
    }
    Ok(hasher.finalize().to_hex()[..16].to_string())
}

/// Reads a checkpoint file.
///
/// # Errors
/// A file that cannot be read, or whatever `read` says of its bytes.
pub(super) fn load<M>(
    path: &Path,
    read: impl FnOnce(&[u8]) -> Result<M, String>,
) -> Result<M, ModelError> {
    let refuse = |reason: String| ModelError {
        path: sanitize_path(path),
        reason: sanitize(&reason),
        hint: "Point --checkpoint-dir at a folder that `beatgen-tui train` wrote",
    };
    let size = std::fs::metadata(path)
        .map_err(|e| refuse(e.to_string()))?
        .len();
    if size > MAX_BYTES {
        return Err(refuse(format!(
            "{size} bytes are too many for a checkpoint"
        )));
    }
    let bytes = std::fs::read(path).map_err(|e| refuse(e.to_string()))?;
    read(&bytes).map_err(refuse)
}

/// What a checkpoint's model learned from.
#[derive(Deserialize)]
struct Kind {
    /// Older checkpoints are all of beats.
    #[serde(default)]
    representation: Representation,
}

/// What a checkpoint's model learned from.
///
/// # Errors
/// Bytes that are no checkpoint.
pub(super) fn representation(bytes: &[u8]) -> Result<Representation, String> {
    let unreadable = |e| format!("its configuration cannot be read ({e})");
    let kind: Kind = serde_json::from_str(&described(bytes)?).map_err(unreadable)?;
    Ok(kind.representation)
}

/// A checkpoint's configuration, as text.
fn described(bytes: &[u8]) -> Result<String, String> {
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|e| format!("not a checkpoint ({e})"))?;
    let text = header.metadata().as_ref().and_then(|m| m.get(CONFIG_KEY));
    text.cloned()
        .ok_or_else(|| "not a beatgen checkpoint: its configuration is missing".into())
}

/// A checkpoint's configuration and weights; tensors that are not the model's are passed over.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn parts<C: Described>(bytes: &[u8]) -> Result<(C, Vec<Vec<f32>>), String> {
    let text = &described(bytes)?;
    let unreadable = |e| format!("its configuration cannot be read ({e})");
    match (representation(bytes)?, C::REPRESENTATION) {
        (Representation::Mel, Representation::Beat) => {
            return Err(
                "it is a model of spectrograms, not of beats: give --representation mel to use it"
                    .into(),
            );
        }
        (Representation::Beat, Representation::Mel) => {
            return Err("it is a model of beats, not of spectrograms: leave out --representation mel to use it".into());
        }
        _ => {}
    }
    let mut config: C = serde_json::from_str(text).map_err(unreadable)?;
    config.check()?;
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|e| format!("a damaged checkpoint ({e})"))?;
    let weights = config
        .specs()
        .iter()
        .map(|spec| read(&tensors, spec))
        .collect::<Result<_, _>>()?;
    config.take_enclosed(&|name| {
        let view = tensors.tensor(name).ok()?;
        (view.dtype() == Dtype::U8).then(|| view.data().to_vec())
    })?;
    Ok((config, weights))
}

/// One weight out of a checkpoint, checked for name, type and shape.
fn read(tensors: &SafeTensors<'_>, spec: &Spec) -> Result<Vec<f32>, String> {
    let view = tensors
        .tensor(&spec.name)
        .map_err(|_| format!("its weight {} is missing", spec.name))?;
    if view.shape() != [spec.rows, spec.columns] {
        return Err(format!(
            "its weight {} is {:?}, not [{}, {}]",
            spec.name,
            view.shape(),
            spec.rows,
            spec.columns
        ));
    }
    match view.dtype() {
        Dtype::F32 => Ok(floats(view.data())),
        Dtype::F16 => Ok(halves(view.data())),
        other => Err(format!(
            "its weight {} is {other:?}, neither F32 nor F16",
            spec.name
        )),
    }
}

/// Little-endian numbers in half precision.
fn halves(bytes: &[u8]) -> Vec<f32> {
    let pairs = bytes.as_chunks::<2>().0.iter();
    pairs.map(|b| from_half(u16::from_le_bytes(*b))).collect()
}

/// Little-endian bytes as numbers.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect()
}
