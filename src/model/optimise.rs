//! AdamW with clipping and averaged weights: one update of a model's parameters.
//!
//! A processor knows the loss as soon as it is asked for. A GPU works behind the program, and every number read
//! from it is a wait until it has caught up; there the update is decided on the device and its figures come later.

#[cfg(any(feature = "cuda", feature = "gpu-check"))]
mod cube;

use super::learner::{AVERAGE, BETA1, BETA2, CLIP, Update, WEIGHT_DECAY};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// Keeps a direction finite where a second moment is zero.
const EPSILON: f32 = 1e-8;

/// The figures of an update.
pub enum Outcome {
    /// They are here.
    Known(Update),
    /// They are on their way; the call waits for them.
    Later(Box<dyn FnOnce() -> Update + Send>),
}

/// Parameters and what the optimiser keeps of each.
pub struct Trained<B: Backend> {
    /// The weights being trained.
    pub params: Vec<Tensor<B, 2>>,
    /// Averaged weights.
    pub average: Vec<Tensor<B, 2>>,
    /// First moments.
    pub first: Vec<Tensor<B, 2>>,
    /// Second moments.
    pub second: Vec<Tensor<B, 2>>,
    /// Which parameters decay.
    pub decays: Vec<bool>,
    /// Updates that were learned from, as far as is known here.
    pub updates: u64,
    /// On a device that works behind: not zero once an update was not finite. Until that is known here, and this is
    /// `None` again, nothing more is learned.
    pub stopped: Option<Tensor<B, 1>>,
}

/// The factors of the `n`th update, counted from 1.
#[derive(Clone, Copy, Debug)]
struct Factors {
    /// `1 - beta^n` of both moments.
    unbias: [f32; 2],
    /// What is kept of the average.
    keep: f32,
    /// What is kept of a weight that decays.
    shrink: f32,
    /// The learning rate.
    rate: f32,
}

impl Factors {
    fn new(n: u64, learning_rate: f64) -> Self {
        let power = i32::try_from(n).unwrap_or(i32::MAX);
        Self {
            unbias: [1.0 - BETA1.powi(power), 1.0 - BETA2.powi(power)],
            // A young average follows closely: no trace of the starting weights stays in it.
            keep: AVERAGE.min(n as f32 / (n as f32 + 9.0)),
            shrink: (1.0 - learning_rate * WEIGHT_DECAY) as f32,
            rate: learning_rate as f32,
        }
    }
}

/// A backend that can update a model.
pub trait Optimise: Backend {
    /// One update from the gradients of the parameters and the two losses in nats. The weights stay as they were
    /// where a loss or a gradient is not finite.
    fn learn(
        trained: &mut Trained<Self>,
        gradients: Vec<Option<Tensor<Self, 2>>>,
        losses: [Tensor<Self, 1>; 2],
        learning_rate: f64,
    ) -> Outcome {
        Outcome::Known(learn(trained, gradients, losses, learning_rate))
    }

    /// Factors for a layer's output, drawn on the device from `key`: 0 for a share of the values, `1 / (1 - share)` for the
    /// others. `None`: this backend has no draws of its own.
    fn dropout(
        shape: [usize; 2],
        share: f32,
        key: u64,
        device: &Self::Device,
    ) -> Option<Tensor<Self, 2>> {
        let _ = (shape, share, key, device);
        None
    }
}

impl Optimise for burn::backend::flex::Flex {}

#[cfg(feature = "ndarray")]
impl Optimise for burn::backend::NdArray {}

/// The same on burn's tensor operations; reads the losses at once.
fn learn<B: Backend>(
    trained: &mut Trained<B>,
    gradients: Vec<Option<Tensor<B, 2>>>,
    losses: [Tensor<B, 1>; 2],
    learning_rate: f64,
) -> Update {
    let [hits, expression] = losses.map(number);
    let squares = gradients
        .iter()
        .flatten()
        .map(|g| (g.clone() * g.clone()).sum())
        .reduce(|a, b| a + b);
    let grad_norm = squares.map_or(0.0, number).sqrt();
    let update = Update::new([hits, expression, grad_norm]);
    if !update.is_finite() {
        return update;
    }
    trained.updates += 1;
    let Factors {
        unbias,
        keep,
        shrink,
        rate,
    } = Factors::new(trained.updates, learning_rate);
    let clip = (CLIP / grad_norm.max(1e-12)).min(1.0);
    for (i, gradient) in gradients.into_iter().enumerate() {
        let Some(gradient) = gradient else { continue };
        let gradient = gradient.mul_scalar(clip);
        let first =
            trained.first[i].clone().mul_scalar(BETA1) + gradient.clone().mul_scalar(1.0 - BETA1);
        let second = trained.second[i].clone().mul_scalar(BETA2)
            + (gradient.clone() * gradient).mul_scalar(1.0 - BETA2);
        let direction = first.clone().div_scalar(unbias[0])
            / second
                .clone()
                .div_scalar(unbias[1])
                .sqrt()
                .add_scalar(EPSILON);
        let mut param = trained.params[i].clone();
        if trained.decays[i] {
            param = param.mul_scalar(shrink);
        }
        param = param - direction.mul_scalar(rate);
        trained.average[i] =
            trained.average[i].clone().mul_scalar(keep) + param.clone().mul_scalar(1.0 - keep);
        trained.params[i] = param;
        trained.first[i] = first;
        trained.second[i] = second;
    }
    update
}

/// A tensor's numbers, row by row. A device that cannot be read gives NaN, which ends the run
/// with the last good checkpoint kept.
pub fn numbers<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> Vec<f32> {
    let n = tensor.dims().iter().product();
    tensor
        .clone()
        .into_data()
        .to_vec::<f32>()
        .unwrap_or_else(|_| vec![f32::NAN; n])
}

/// A tensor's first number, likewise.
pub fn number<B: Backend>(tensor: Tensor<B, 1>) -> f32 {
    numbers(&tensor).first().copied().unwrap_or(f32::NAN)
}
