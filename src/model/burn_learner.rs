//! A model in training on one burn backend: what trains on GPUs, and the measure of [`super::cpu`].

use super::batch::Batch;
use super::beat_net::{self, Carried, upload};
use super::config::ModelConfig;
use super::join::{Join, Learned, Part};
use super::learner::{EXPRESSION_WEIGHT, Learner, Snapshot, Update};
use super::lstm::backend::LstmBackend;
use super::optimise::{Optimise, Outcome, Trained, numbers};
use crate::base::rng::{Purpose, Stream};
use burn::backend::Autodiff;
use burn::tensor::Tensor;

/// A learner on one burn backend.
pub struct BurnLearner<B: LstmBackend + Optimise> {
    workspace: B::Workspace,
    config: ModelConfig,
    device: B::Device,
    trained: Trained<B>,
    carried: Vec<Carried<B>>,
    /// The last update, where its figures are still to come.
    ahead: Option<Box<dyn FnOnce() -> Update + Send>>,
    /// Where it is one of several: its part of the batch, and what adds up their gradients.
    part: Option<Part>,
    join: Option<Box<dyn Join<B>>>,
    fault: Option<String>,
}

impl<B: LstmBackend + Optimise> BurnLearner<B> {
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
        // Once for each list, since a device may change them in place.
        let load = || -> Vec<Tensor<B, 2>> {
            let matrices = weights.iter().zip(&columns);
            matrices
                .map(|(values, columns)| upload(values, *columns, &device))
                .collect()
        };
        let params = load();
        let zeros = || {
            params
                .iter()
                .map(|p| Tensor::zeros(p.dims(), &device))
                .collect()
        };
        let trained = Trained {
            average: load(),
            first: zeros(),
            second: zeros(),
            params,
            decays: decays.to_vec(),
            updates: 0,
            stopped: None,
        };
        Self {
            workspace: B::Workspace::default(),
            config: config.clone(),
            trained,
            carried: Vec::new(),
            ahead: None,
            part: None,
            join: None,
            fault: None,
            device,
        }
    }

    /// Becomes one of several.
    #[cfg(all(feature = "devices", any(feature = "cuda", test)))]
    pub(super) fn join(&mut self, join: Box<dyn Join<B>>) {
        self.join = Some(join);
    }

    /// Which part of the whole the next batch is.
    #[cfg(all(feature = "devices", any(feature = "cuda", test)))]
    pub(super) const fn take_part(&mut self, part: Part) {
        self.part = Some(part);
    }

    /// Takes note of an update's figures, which may be those of one before the last.
    fn told(&mut self, update: Update, after: u64) -> Update {
        if !update.is_finite() {
            // Neither it nor what was launched since was learned from.
            self.ahead = None;
            self.trained.updates = self.trained.updates.saturating_sub(after + 1);
            self.trained.stopped = None;
        }
        update
    }

    /// Factors for each layer's output: 0 for a dropped value, `1 / (1 - share)` for a kept one.
    fn dropout(&self, batch: &Batch, share: f64, seed: u64) -> Vec<Tensor<B, 2>> {
        if share <= 0.0 {
            return Vec::new();
        }
        let layers = self.config.layers as u64;
        let (steps, streams, units) = (batch.steps, batch.streams, self.config.units);
        // One of several draws for all rows and keeps its own: what is dropped of a row is the same
        // on any number of devices.
        let of = self.part.map_or(streams, |part| part.of.max(streams));
        let first = self.part.map_or(0, |part| part.first.min(of - streams));
        let shape = [steps * of, units];
        let kept = (1.0 / (1.0 - share)) as f32;
        (0..layers)
            .map(|layer| {
                let step = self.trained.updates * layers + layer;
                let mut draws = Stream::new(seed, step, Purpose::Dropout);
                let key = draws.clone().next_bits();
                let drawn = B::dropout(shape, share as f32, key, &self.device);
                let all = drawn.unwrap_or_else(|| {
                    let factors: Vec<f32> = (0..steps * of * units)
                        .map(|_| {
                            if f64::from(draws.uniform()) < share {
                                0.0
                            } else {
                                kept
                            }
                        })
                        .collect();
                    upload(&factors, units, &self.device)
                });
                if of == streams {
                    return all;
                }
                let rows = all.reshape([steps, of, units]).narrow(1, first, streams);
                rows.reshape([steps * streams, units])
            })
            .collect()
    }

    /// The losses of a batch in nats a step, hits and expression, and the gradient of each weight. The carried state
    /// moves on.
    pub(super) fn learn(&mut self, batch: &Batch, dropout: f64, seed: u64) -> Learned<B> {
        let factors = self.dropout(batch, dropout, seed);
        let tracked: Vec<Tensor<Autodiff<B>, 2>> = self
            .trained
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
        let figures = [
            losses.hits.clone().inner(),
            losses.expression.clone().inner(),
        ];
        let total = losses.hits + losses.expression.mul_scalar(EXPRESSION_WEIGHT);
        let grads = total.backward();
        let gradients = tracked.iter().map(|p| p.grad(&grads)).collect();
        // What still reads the weights would keep them from being changed in place.
        drop((grads, tracked));
        (figures, gradients)
    }
}

impl<B: LstmBackend + Optimise> Learner for BurnLearner<B> {
    fn begin(&mut self, streams: usize) {
        let zeros = || Tensor::zeros([streams, self.config.units], &self.device);
        self.carried = (0..self.config.layers)
            .map(|_| (zeros(), zeros()))
            .collect();
    }

    fn update(
        &mut self,
        batch: &Batch,
        learning_rate: f64,
        dropout: f64,
        seed: u64,
    ) -> Option<Update> {
        let own = self.learn(batch, dropout, seed);
        let whole = match (&mut self.join, self.part) {
            (Some(join), Some(part)) => join.sum(own, part.share),
            _ => Ok(own),
        };
        let (figures, gradients) = match whole {
            Ok(whole) => whole,
            Err(why) => {
                self.fault = Some(why);
                return Some(Update::new([f32::NAN; 3]));
            }
        };
        match B::learn(&mut self.trained, gradients, figures, learning_rate) {
            Outcome::Known(update) => Some(update),
            Outcome::Later(figures) => {
                let before = self.ahead.replace(figures)?;
                // This one was launched already: the device has work while the other's figures come.
                Some(self.told(before(), 1))
            }
        }
    }

    fn settle(&mut self) -> Option<Update> {
        let last = self.ahead.take()?;
        Some(self.told(last(), 0))
    }

    fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    fn weights(&self) -> Vec<Vec<f32>> {
        self.trained.average.iter().map(numbers).collect()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            average: self.weights(),
            raw: self.trained.params.iter().map(numbers).collect(),
            first: self.trained.first.iter().map(numbers).collect(),
            second: self.trained.second.iter().map(numbers).collect(),
            carried: self
                .carried
                .iter()
                .map(|(h, c)| (numbers(h), numbers(c)))
                .collect(),
            updates: self.trained.updates,
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
        let average = load(&snapshot.average, &self.trained.params);
        let params = load(&snapshot.raw, &self.trained.params);
        let first = load(&snapshot.first, &self.trained.params);
        let second = load(&snapshot.second, &self.trained.params);
        self.carried = snapshot
            .carried
            .iter()
            .map(|(h, c)| {
                let up = |v: &[f32]| upload(v, self.config.units, &self.device);
                (up(h), up(c))
            })
            .collect();
        self.ahead = None;
        self.trained = Trained {
            params,
            average,
            first,
            second,
            decays: std::mem::take(&mut self.trained.decays),
            updates: snapshot.updates,
            stopped: None,
        };
    }
}
