//! A whole training update on plain slices: what [`super::beat_net`] tells burn, done by hand over the kernel of the
//! LSTM. The learner of `--device cpu`.
//!
//! | file | |
//! |---|---|
//! | `layout` | where each weight lies in one long list |
//! | `stack`, `norm`, `batch_norm` | the layers; normalisation and dropout between them |
//! | `heads`, `inputs`, `chain`, `expression` | the losses and what they say back |
//! | `optimise` | norm, clipping, AdamW, average |
//! | `pace` | how many threads are worth it |
//! | `sums` | small arithmetic of the loops |
//!
//! Work is cut into parts by its size alone and added up in the order of the parts, so the numbers have the same bits
//! for any number of threads. After the first update of a shape nothing allocates. A test holds it to burn's gradients.

pub(super) mod batch_norm;
mod chain;
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

use super::batch::Batch;
use super::config::ModelConfig;
use super::learner::{Learner, Snapshot, Update};
use super::lstm::kernel::{Engine, Sparse};
use crate::base::rng::{Purpose, Stream};
use heads::Heads;
use layout::Layout;
use norm::Dropout;
use optimise::Numbers;
use pace::Pace;
use stack::{Carried, Input, Slots, Stack};
use std::time::Instant;

/// A learner on the processor's cores.
#[derive(Debug)]
pub struct CpuLearner {
    config: ModelConfig,
    layout: Layout,
    engine: Engine,
    /// Threads it was asked for.
    threads: usize,
    pace: Pace,
    numbers: Numbers,
    gradient: Vec<f32>,
    squares: Vec<f64>,
    carried: Vec<Carried>,
    updates: u64,
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
        let layout = Layout::new(config, decays);
        let zeros = || vec![0.0; layout.len];
        let mut params = zeros();
        layout.join(weights, &mut params);
        Self {
            numbers: Numbers {
                average: params.clone(),
                params,
                first: zeros(),
                second: zeros(),
            },
            gradient: zeros(),
            squares: Vec::new(),
            carried: Vec::new(),
            updates: 0,
            stack: Stack::new(config.layers, config.units),
            inputs: Sparse::default(),
            heads: Heads::default(),
            config: config.clone(),
            layout,
            engine,
            threads: pace.threads(),
            pace,
        }
    }

    /// The gradient of the last update before clipping, weight by weight.
    #[cfg(test)]
    fn gradients(&self) -> Vec<Vec<f32>> {
        self.layout.apart(&self.gradient)
    }
}

impl Learner for CpuLearner {
    fn begin(&mut self, streams: usize) {
        let zeros = || vec![0.0; streams * self.config.units];
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
        let began = Instant::now();
        let threads = self.pace.threads();
        if threads != self.threads {
            // Rare: the old threads end, others begin. Where the machine gives fewer, it is as fast as it gets.
            self.engine = Engine::with(self.engine.isa(), threads).unwrap_or(self.engine.clone());
            self.threads = threads;
        }
        let engine = &self.engine;
        let (layers, updates) = (self.config.layers as u64, self.updates);
        let (layout, params) = (&self.layout, &self.numbers.params);
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
            &mut self.carried,
            |layer| {
                let index = updates * layers + layer as u64;
                Dropout::new(Stream::new(seed, index, Purpose::Dropout), dropout)
            },
        );
        let (top, d_top) = self.stack.top();
        let gradient = &mut self.gradient[..];
        let losses = self.heads.learn(
            engine,
            layout,
            params,
            (batch, inputs),
            top,
            (gradient, d_top),
        );
        let inputs = Input::Sparse(inputs);
        self.stack
            .backward(engine, layout, params, (slots, inputs), &mut self.gradient);
        let grad_norm = optimise::norm(engine, &self.gradient, &mut self.squares);
        let update = Update::new([losses.hits, losses.expression, grad_norm]);
        if update.is_finite() {
            self.updates += 1;
            self.numbers.step(
                engine,
                &self.gradient,
                self.layout.decaying,
                (grad_norm, learning_rate, self.updates),
            );
        }
        self.pace.took(began.elapsed(), batch.slots());
        Some(update)
    }

    fn settle(&mut self) -> Option<Update> {
        None
    }

    fn weights(&self) -> Vec<Vec<f32>> {
        self.layout.apart(&self.numbers.average)
    }

    fn snapshot(&self) -> Snapshot {
        let apart = |list: &[f32]| self.layout.apart(list);
        Snapshot {
            average: self.weights(),
            raw: apart(&self.numbers.params),
            first: apart(&self.numbers.first),
            second: apart(&self.numbers.second),
            carried: self.carried.clone(),
            updates: self.updates,
        }
    }

    fn restore(&mut self, snapshot: &Snapshot) {
        let numbers = &mut self.numbers;
        self.layout.join(&snapshot.average, &mut numbers.average);
        self.layout.join(&snapshot.raw, &mut numbers.params);
        self.layout.join(&snapshot.first, &mut numbers.first);
        self.layout.join(&snapshot.second, &mut numbers.second);
        self.carried.clone_from(&snapshot.carried);
        self.updates = snapshot.updates;
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
