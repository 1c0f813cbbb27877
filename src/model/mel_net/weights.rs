//! [`MelModel`]: a spectrogram model's weights as plain slices, ready to play.

use super::config::{Head, MelNetConfig, PER_LAYER};
use super::head::{Own, Sizes};
use crate::audio::onset::Ear;
use crate::model::config::Described;
use crate::model::cpu::batch_norm::EPSILON;
use crate::model::lstm::kernel::{Engine, Isa, Loop};
use crate::model::lstm::sequence::Weights;
use crate::model::lstm::step::Stepper;
use crate::model::weights::{self, ModelError};
use crate::model::{checkpoint, params};
use std::path::Path;
use std::sync::Arc;

/// A spectrogram model that can play. Shared between threads by `Arc`.
#[derive(Debug)]
pub struct MelModel {
    config: MelNetConfig,
    weights: Vec<Vec<f32>>,
    /// The LSTM layers, packed for playing, in half precision.
    steppers: Vec<Stepper>,
    /// Each layer's batch normalisation with its statistics frozen: what to multiply by, what to add.
    frozen: Vec<[Vec<f32>; 2]>,
    engine: Engine,
    hash: String,
    /// The transcriber of its frames, where there is one.
    ear: Option<Arc<Ear>>,
}

/// The model of a checkpoint folder: the best, else the last; `None` where there is neither.
///
/// # Errors
/// A checkpoint that is there and cannot be used; one of beats is refused with a word of what to do.
pub fn open(dir: &Path) -> Result<Option<Arc<MelModel>>, ModelError> {
    checkpoint::open_with(dir, |path| {
        weights::load(path, MelModel::from_bytes).map(Arc::new)
    })
}

impl MelModel {
    /// A model of these weights, in the order and shapes of the configuration's list.
    ///
    /// # Errors
    /// A sentence: a configuration out of range, a missing, misshapen or non-finite weight.
    pub fn new(config: MelNetConfig, weights: Vec<Vec<f32>>) -> Result<Self, String> {
        Self::with(config, weights, Stepper::with_halves)
    }

    /// [`MelModel::new`] with a say in how the layers are kept.
    pub(super) fn with(
        config: MelNetConfig,
        weights: Vec<Vec<f32>>,
        keep: fn(Stepper) -> Stepper,
    ) -> Result<Self, String> {
        let hash = weights::check(&config, &weights)?;
        let own = config.own_ear()?;
        let built_in = || {
            Ear::embedded()
                .ok()
                .filter(|ear| *ear.mel() == config.mel.mel())
        };
        let ear = own.or_else(built_in).map(Arc::new);
        let at = |layer: usize, i: usize| weights[layer * PER_LAYER + i].as_slice();
        let steppers = (0..config.layers).map(|layer| {
            let (input, recurrent, bias) = (at(layer, 0), at(layer, 1), at(layer, 2));
            let inputs = input.len() / bias.len();
            let packed = Weights {
                input,
                recurrent,
                bias,
            };
            keep(Stepper::new(Isa::best(), packed, inputs, config.units))
        });
        let frozen = (0..config.layers).map(|layer| {
            let [gain, shift, mean, variance] = [3, 4, 5, 6].map(|i| at(layer, i));
            let factors = gain.iter().zip(variance);
            // A variance below 0 is nobody's; held at 0 it does no harm.
            let factors: Vec<f32> = factors
                .map(|(g, v)| g / (v.max(0.0) + EPSILON).sqrt())
                .collect();
            let offsets = shift.iter().zip(mean).zip(&factors);
            [offsets.map(|((s, m), f)| s - m * f).collect(), factors]
        });
        Ok(Self {
            steppers: steppers.collect(),
            frozen: frozen
                .map(|[offsets, factors]| [factors, offsets])
                .collect(),
            engine: Engine::new(1),
            config,
            weights,
            hash,
            ear,
        })
    }

    /// Reads a checkpoint's bytes.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (config, weights) = weights::parts(bytes)?;
        Self::new(config, weights)
    }

    /// The weights training starts from without data: means at a half.
    #[must_use]
    pub fn start(config: &MelNetConfig, seed: u64) -> Vec<Vec<f32>> {
        let specs = config.specs();
        let list = specs.iter().enumerate();
        list.map(|(i, spec)| params::start(spec, i, seed)).collect()
    }

    /// What it is.
    #[must_use]
    pub const fn config(&self) -> &MelNetConfig {
        &self.config
    }

    /// 16 hexadecimal digits that change with any weight.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The transcriber of its frames: its own, or the one inside the program where that reads them; `None` where neither
    /// is.
    #[must_use]
    pub const fn ear(&self) -> Option<&Arc<Ear>> {
        self.ear.as_ref()
    }

    /// The weights in the order of the configuration's list.
    #[must_use]
    pub fn weights(&self) -> &[Vec<f32>] {
        &self.weights
    }

    /// The sizes of the head.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        self.config.sizes()
    }

    /// The head's own weights.
    #[must_use]
    pub fn own(&self) -> Own<'_> {
        Own {
            scale: self.head(Head::Scale),
            hold: self.head(Head::Hold),
            link: self.head(Head::Link),
        }
    }

    fn head(&self, part: Head) -> &[f32] {
        &self.weights[part.index(self.config.layers)]
    }

    /// Room for [`MelModel::step`].
    pub(super) fn scratch(&self) -> Scratch {
        let most = self.steppers.iter().map(|s| s.scratch_len(1)).max();
        Scratch {
            layer: vec![0.0; most.unwrap_or(0)],
            x: vec![0.0; self.config.units],
            row: vec![0.0; self.config.outputs()],
        }
    }

    /// One frame through all layers: `hidden` and `cell`, `[layers, units]`, go in and come out; the head's row is then in
    /// `scratch.row`. Allocates nothing.
    pub(super) fn step(
        &self,
        scratch: &mut Scratch,
        inputs: &[f32],
        hidden: &mut [f32],
        cell: &mut [f32],
    ) {
        let units = self.config.units;
        let states = hidden
            .chunks_exact_mut(units)
            .zip(cell.chunks_exact_mut(units));
        let layers = self.steppers.iter().zip(&self.frozen);
        for (layer, ((stepper, [factors, offsets]), (hidden, cell))) in
            layers.zip(states).enumerate()
        {
            let room = &mut scratch.layer[..stepper.scratch_len(1)];
            let x = if layer == 0 { inputs } else { &scratch.x };
            stepper.step(room, x, hidden, cell);
            let scales = factors.iter().zip(offsets);
            for ((x, h), (factor, offset)) in scratch.x.iter_mut().zip(&*hidden).zip(scales) {
                *x = h * factor + offset;
            }
        }
        self.engine.run(Product {
            x: &scratch.x,
            matrix: self.head(Head::Out),
            bias: self.head(Head::Bias),
            out: &mut scratch.row,
        });
    }
}

/// Room for one step.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    layer: Vec<f32>,
    x: Vec<f32>,
    /// What the head says.
    pub(super) row: Vec<f32>,
}

/// `out = x matrix + bias`.
struct Product<'a> {
    x: &'a [f32],
    matrix: &'a [f32],
    bias: &'a [f32],
    out: &'a mut [f32],
}

impl Loop for Product<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        self.out.copy_from_slice(self.bias);
        for (x, row) in self.x.iter().zip(self.matrix.chunks_exact(self.bias.len())) {
            for (out, weight) in self.out.iter_mut().zip(row) {
                *out += x * weight;
            }
        }
    }
}
