//! A model in training on one burn backend: what trains on CUDA, and the measure of [`super::cpu`].

use super::batch::Batch;
use super::beat_net::{self, Carried, upload};
use super::config::ModelConfig;
use super::learner::{
    AVERAGE, BETA1, BETA2, CLIP, EXPRESSION_WEIGHT, Learner, Snapshot, Update, WEIGHT_DECAY,
};
use super::lstm::backend::LstmBackend;
use crate::base::rng::{Purpose, Stream};
use burn::backend::Autodiff;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

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

    /// The losses of a batch in nats a step, hits and expression, and the gradient of each weight. The carried state
    /// moves on.
    pub(super) fn learn(
        &mut self,
        batch: &Batch,
        dropout: f64,
        seed: u64,
    ) -> ([f32; 2], Vec<Option<Tensor<B, 2>>>) {
        let factors = self.dropout(batch.slots(), dropout, seed);
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
        let gradients = tracked.iter().map(|p| p.grad(&grads)).collect();
        ([hits, expression], gradients)
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
        let ([hits, expression], gradients) = self.learn(batch, dropout, seed);
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
pub(super) fn numbers<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> Vec<f32> {
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
