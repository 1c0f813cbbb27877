//! A model in training on one device: weights, optimiser, carried state, one update at a
//! time. [`Learner`] hides the backend, so that everything around it is compiled once.

use super::beat_net::{self, Batch, Carried, upload};
use super::config::ModelConfig;
use super::lstm::backend::LstmBackend;
use crate::base::rng::{Purpose, Stream};
use burn::backend::Autodiff;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// AdamW's decay of the first moment.
const BETA1: f32 = 0.9;
/// AdamW's decay of the second moment.
const BETA2: f32 = 0.99;
/// Weight decay a unit of learning rate.
const WEIGHT_DECAY: f64 = 0.02;
/// The gradient's norm is clipped to this.
const CLIP: f32 = 1.0;
/// Decay of the averaged weights, which are the ones scored, saved and played.
const AVERAGE: f32 = 0.98;
/// Weight of the velocity and micro-timing loss beside the hits'.
const EXPRESSION_WEIGHT: f64 = 0.25;

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// Bits per 16th step of the hits.
    pub hit_bits: f32,
    /// Bits a step of velocity and micro-timing.
    pub expression_bits: f32,
    /// Norm of the gradient before clipping.
    pub grad_norm: f32,
}

/// Everything a learner is made of, as plain numbers: what a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Averaged weights.
    pub average: Vec<Vec<f32>>,
    /// The weights being trained.
    pub raw: Vec<Vec<f32>>,
    /// AdamW's first moments.
    pub first: Vec<Vec<f32>>,
    /// AdamW's second moments.
    pub second: Vec<Vec<f32>>,
    /// Carried hidden and cell values, layer by layer, `[streams, units]` each.
    pub carried: Vec<(Vec<f32>, Vec<f32>)>,
    /// Updates done.
    pub updates: u64,
}

/// A model in training.
pub trait Learner: Send {
    /// Forgets the carried state and sets the number of rows.
    fn begin(&mut self, streams: usize);

    /// Learns a batch: AdamW at `learning_rate`, a share `dropout` of each layer's output
    /// dropped by draws of (`seed`, update). The weights stay as they were where the loss or the gradient is not
    /// finite.
    fn update(&mut self, batch: &Batch, learning_rate: f64, dropout: f64, seed: u64) -> Update;

    /// The averaged weights.
    fn weights(&self) -> Vec<Vec<f32>>;

    /// Everything.
    fn snapshot(&self) -> Snapshot;

    /// Goes on from a snapshot of the same shapes.
    fn restore(&mut self, snapshot: &Snapshot);
}

/// A learner on one burn backend.
pub struct BurnLearner<B: LstmBackend> {
    workspace: B::Workspace,
    config: ModelConfig,
    device: B::Device,
    params: Vec<Tensor<B, 2>>,
    average: Vec<Tensor<B, 2>>,
    first: Vec<Tensor<B, 2>>,
    second: Vec<Tensor<B, 2>>,
    decays: Vec<bool>,
    carried: Vec<Carried<B>>,
    updates: u64,
}

impl<B: LstmBackend> BurnLearner<B> {
    /// Starts from these weights, in the order of [`super::params::specs`].
    #[must_use]
    pub fn new(
        config: &ModelConfig,
        weights: &[Vec<f32>],
        decays: &[bool],
        device: B::Device,
    ) -> Self {
        let columns: Vec<usize> = super::params::specs(config)
            .iter()
            .map(|s| s.columns)
            .collect();
        let params: Vec<Tensor<B, 2>> = weights
            .iter()
            .zip(columns)
            .map(|(values, columns)| upload(values, columns, &device))
            .collect();
        let zeros = |like: &Tensor<B, 2>| Tensor::zeros(like.dims(), &device);
        Self {
            workspace: B::Workspace::default(),
            config: config.clone(),
            average: params.clone(),
            first: params.iter().map(zeros).collect(),
            second: params.iter().map(zeros).collect(),
            params,
            decays: decays.to_vec(),
            carried: Vec::new(),
            updates: 0,
            device,
        }
    }

    /// Factors for each layer's output: 0 for a dropped value, `1 / (1 - share)` for a kept one.
    fn dropout(&self, slots: usize, share: f64, seed: u64) -> Vec<Vec<f32>> {
        if share <= 0.0 {
            return Vec::new();
        }
        let layers = self.config.layers as u64;
        let kept = (1.0 / (1.0 - share)) as f32;
        (0..layers)
            .map(|layer| {
                let mut draws = Stream::new(seed, self.updates * layers + layer, Purpose::Dropout);
                (0..slots * self.config.units)
                    .map(|_| {
                        if f64::from(draws.uniform()) < share {
                            0.0
                        } else {
                            kept
                        }
                    })
                    .collect()
            })
            .collect()
    }
}

impl<B: LstmBackend> Learner for BurnLearner<B> {
    fn begin(&mut self, streams: usize) {
        let zeros = || Tensor::zeros([streams, self.config.units], &self.device);
        self.carried = (0..self.config.layers)
            .map(|_| (zeros(), zeros()))
            .collect();
    }

    fn update(&mut self, batch: &Batch, learning_rate: f64, dropout: f64, seed: u64) -> Update {
        let factors = self.dropout(batch.steps * batch.streams, dropout, seed);
        let tracked: Vec<Tensor<Autodiff<B>, 2>> = self
            .params
            .iter()
            .map(|p| Tensor::from_inner(p.clone()).require_grad())
            .collect();
        let losses = beat_net::losses(
            &self.workspace,
            &self.config,
            &tracked,
            batch,
            &mut self.carried,
            factors,
            &self.device,
        );
        let hits = number(losses.hits.clone().inner());
        let expression = number(losses.expression.clone().inner());
        let total = losses.hits + losses.expression.mul_scalar(EXPRESSION_WEIGHT);
        let grads = total.backward();
        let gradients: Vec<Option<Tensor<B, 2>>> = tracked.iter().map(|p| p.grad(&grads)).collect();
        let squares = gradients
            .iter()
            .flatten()
            .map(|g| (g.clone() * g.clone()).sum())
            .reduce(|a, b| a + b);
        let grad_norm = squares.map_or(0.0, number).sqrt();
        let bits = |nats: f32| nats / std::f32::consts::LN_2;
        let update = Update {
            hit_bits: bits(hits),
            expression_bits: bits(expression),
            grad_norm,
        };
        if !(hits + expression + grad_norm).is_finite() {
            return update;
        }

        self.updates += 1;
        let n = self.updates as i32;
        let clip = (CLIP / grad_norm.max(1e-12)).min(1.0);
        let (unbias1, unbias2) = (1.0 - BETA1.powi(n), 1.0 - BETA2.powi(n));
        // A young average follows closely: no trace of the starting weights stays in it.
        let keep = AVERAGE.min(n as f32 / (n as f32 + 9.0));
        for (i, gradient) in gradients.into_iter().enumerate() {
            let Some(gradient) = gradient else { continue };
            let gradient = gradient.mul_scalar(clip);
            let first =
                self.first[i].clone().mul_scalar(BETA1) + gradient.clone().mul_scalar(1.0 - BETA1);
            let second = self.second[i].clone().mul_scalar(BETA2)
                + (gradient.clone() * gradient).mul_scalar(1.0 - BETA2);
            let direction = first.clone().div_scalar(unbias1)
                / second.clone().div_scalar(unbias2).sqrt().add_scalar(1e-8);
            let mut param = self.params[i].clone();
            if self.decays[i] {
                param = param.mul_scalar(1.0 - learning_rate * WEIGHT_DECAY);
            }
            param = param - direction.mul_scalar(learning_rate);
            self.average[i] =
                self.average[i].clone().mul_scalar(keep) + param.clone().mul_scalar(1.0 - keep);
            self.params[i] = param;
            self.first[i] = first;
            self.second[i] = second;
        }
        update
    }

    fn weights(&self) -> Vec<Vec<f32>> {
        self.average.iter().map(numbers).collect()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            average: self.weights(),
            raw: self.params.iter().map(numbers).collect(),
            first: self.first.iter().map(numbers).collect(),
            second: self.second.iter().map(numbers).collect(),
            carried: self
                .carried
                .iter()
                .map(|(h, c)| (numbers(h), numbers(c)))
                .collect(),
            updates: self.updates,
        }
    }

    fn restore(&mut self, snapshot: &Snapshot) {
        let load = |values: &[Vec<f32>], like: &[Tensor<B, 2>]| -> Vec<Tensor<B, 2>> {
            values
                .iter()
                .zip(like)
                .map(|(v, t)| upload(v, t.dims()[1], &self.device))
                .collect()
        };
        let average = load(&snapshot.average, &self.params);
        let params = load(&snapshot.raw, &self.params);
        let first = load(&snapshot.first, &self.params);
        let second = load(&snapshot.second, &self.params);
        self.carried = snapshot
            .carried
            .iter()
            .map(|(h, c)| {
                let up = |v: &[f32]| upload(v, self.config.units, &self.device);
                (up(h), up(c))
            })
            .collect();
        (self.average, self.params, self.first, self.second) = (average, params, first, second);
        self.updates = snapshot.updates;
    }
}

/// A tensor's numbers, row by row. A device that cannot be read gives NaN, which ends the run
/// with the last good checkpoint kept.
fn numbers<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> Vec<f32> {
    let n = tensor.dims().iter().product();
    tensor
        .clone()
        .into_data()
        .to_vec::<f32>()
        .unwrap_or_else(|_| vec![f32::NAN; n])
}

fn number<B: Backend>(tensor: Tensor<B, 1>) -> f32 {
    numbers(&tensor).first().copied().unwrap_or(f32::NAN)
}
