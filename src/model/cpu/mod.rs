//! A whole training update on plain slices: what [`super::beat_net`] tells burn, done by hand over the kernel of the
//! LSTM. The learner of `--device cpu`.
//!
//! | file | |
//! |---|---|
//! | `layout` | where each weight lies in one long list |
//! | `stack`, `norm`, `batch_norm`, `dropout` | the layers; normalisation and dropout between them |
//! | `heads`, `inputs`, `chain`, `expression` | the losses and what they say back |
//! | `optimise` | norm, clipping, AdamW, average |
//! | `pace` | how many threads are worth it |
//! | `trainee` | what every learner has: numbers, carried state, threads |
//! | `sums` | small arithmetic of the loops |
//!
//! Work is cut into parts by its size alone and added up in the order of the parts, so the numbers have the same bits
//! for any number of threads. After the first update of a shape nothing allocates. A test holds it to burn's gradients.

pub(super) mod batch_norm;
mod chain;
pub(super) mod dropout;
mod expression;
mod heads;
mod inputs;
mod layout;
pub(super) mod norm;
pub(super) mod optimise;
pub(super) mod pace;
pub(super) mod stack;
pub(super) mod sums;
#[cfg(test)]
mod tests;
pub(super) mod trainee;

use super::batch::Batch;
use super::config::ModelConfig;
use super::learner::{Learner, Snapshot, Update};
use super::lstm::kernel::{Engine, Sparse};
use dropout::Dropout;
use heads::Heads;
use layout::Layout;
use pace::Pace;
use stack::{Input, Slots, Stack};
use trainee::Trainee;

/// A learner on the processor's cores.
#[derive(Debug)]
pub struct CpuLearner {
    config: ModelConfig,
    trainee: Trainee<Layout>,
    inputs: Sparse,
    stack: Stack,
    heads: Heads,
}

impl CpuLearner {
    /// Starts from these weights, in the order of [`super::params::specs`], with as many threads as serve best.
    #[must_use]
    pub fn new(config: &ModelConfig, weights: &[Vec<f32>], decays: &[bool]) -> Self {
        let most = pace::most();
        Self::with(config, weights, decays, Engine::new(most), Pace::new(most))
    }

    fn with(
        config: &ModelConfig,
        weights: &[Vec<f32>],
        decays: &[bool],
        engine: Engine,
        pace: Pace,
    ) -> Self {
        Self {
            trainee: Trainee::new(Layout::new(config, decays), weights, engine, pace),
            stack: Stack::new(config.layers, config.units),
            inputs: Sparse::default(),
            heads: Heads::default(),
            config: config.clone(),
        }
    }
}

impl Learner for CpuLearner {
    fn begin(&mut self, streams: usize) {
        let config = &self.config;
        self.trainee.begin(config.layers, config.units, streams);
    }

    fn update(
        &mut self,
        batch: &Batch,
        learning_rate: f64,
        dropout: f64,
        seed: u64,
    ) -> Option<Update> {
        let began = self.trainee.set_out();
        let (layers, updates) = (self.config.layers, self.trainee.updates);
        let trainee = &mut self.trainee;
        let (engine, layout) = (&trainee.engine, &trainee.layout);
        let params = &trainee.numbers.params;
        self.inputs
            .read(&batch.inputs, batch.inputs.len() / batch.slots().max(1));
        let inputs = &self.inputs;
        let slots = Slots {
            steps: batch.steps,
            streams: batch.streams,
            keep: &batch.keep,
            real: &batch.weights,
        };
        self.stack.forward(
            engine,
            layout,
            params,
            (slots, Input::Sparse(inputs)),
            &mut trainee.carried,
            |layer| Dropout::of_layer(seed, dropout, updates, layers, layer),
        );
        let (top, d_top) = self.stack.top();
        let gradient = &mut trainee.gradient[..];
        let losses = self.heads.learn(
            engine,
            layout,
            params,
            (batch, inputs),
            top,
            (gradient, d_top),
        );
        let inputs = Input::Sparse(inputs);
        let gradient = &mut trainee.gradient;
        self.stack
            .backward(engine, layout, params, (slots, inputs), gradient);
        let update = trainee.judge([losses.hits, losses.expression]);
        if update.is_finite() {
            trainee.step(&update, learning_rate);
        }
        trainee.arrive(began, batch.slots());
        Some(update)
    }

    fn settle(&mut self) -> Option<Update> {
        None
    }

    fn weights(&self) -> Vec<Vec<f32>> {
        self.trainee.weights()
    }

    fn snapshot(&self) -> Snapshot {
        self.trainee.snapshot()
    }

    fn restore(&mut self, snapshot: &Snapshot) {
        self.trainee.restore(snapshot);
    }
}

/// How many rows of so many columns a part of the work takes: about 16,000 numbers, more where there would be over
/// 128 parts. A matter of the size alone, so that sums come out the same for any number of threads.
pub(super) fn part_rows(rows: usize, columns: usize) -> usize {
    (16_384 / columns.max(1)).max(rows.div_ceil(128)).max(1)
}

/// A reused buffer at this length; what is in it does not matter.
pub(super) fn sized<T: Copy + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    buffer.resize(len, T::default());
    buffer
}
