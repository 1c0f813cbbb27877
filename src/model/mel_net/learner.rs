//! A whole training update of the spectrogram model on plain slices, with the layers and the optimiser of the beat model's
//! learner ([`super::super::cpu`]): batch normalisation instead of layer normalisation, and its own head.

use super::batch::MelBatch;
use super::config::MelNetConfig;
use super::head::Heads;
use super::layout::Layout;
use crate::base::rng::{Purpose, Stream};
use crate::model::cpu::batch_norm::BatchNorm;
use crate::model::cpu::norm::Dropout;
use crate::model::cpu::optimise::{self, Numbers};
use crate::model::cpu::pace::{self, Pace};
use crate::model::cpu::stack::{Carried, Input, Places, Stack};
use crate::model::learner::{Learner, Snapshot, Update};
use crate::model::lstm::kernel::Engine;
use std::time::Instant;

/// What the running mean and variance keep of themselves an update.
const KEEP: f32 = 0.99;

/// A learner on the processor's cores.
#[derive(Debug)]
pub struct MelLearner {
    config: MelNetConfig,
    layout: Layout,
    engine: Engine,
    threads: usize,
    pace: Pace,
    numbers: Numbers,
    gradient: Vec<f32>,
    squares: Vec<f64>,
    carried: Vec<Carried>,
    updates: u64,
    stack: Stack<BatchNorm>,
    heads: Heads,
}

impl MelLearner {
    /// Starts from these weights, in the order of the configuration's list, with as many threads as serve best.
    #[must_use]
    pub fn new(config: &MelNetConfig, weights: &[Vec<f32>], decays: &[bool]) -> Self {
        let most = pace::most();
        Self::with(config, weights, decays, Engine::new(most), Pace::new(most))
    }

    pub(super) fn with(
        config: &MelNetConfig,
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
    pub(super) fn gradients(&self) -> Vec<Vec<f32>> {
        self.layout.apart(&self.gradient)
    }

    /// Lets the running means and variances follow those of this batch; the averaged ones follow them as all weights are
    /// followed.
    fn follow(&mut self) {
        let n = self.updates as f32;
        // Young ones follow closely: no trace of where they started stays in them.
        let keep = KEEP.min(n / (n + 9.0));
        for (layer, norm) in self.stack.norms().enumerate() {
            for (i, now) in [(5, &norm.mean), (6, &norm.variance)] {
                let place = self.layout.layer(layer, i);
                for (running, now) in self.numbers.params[place].iter_mut().zip(now) {
                    *running = *running * keep + now * (1.0 - keep);
                }
            }
        }
    }
}

impl Learner<MelBatch> for MelLearner {
    fn begin(&mut self, streams: usize) {
        let zeros = || vec![0.0; streams * self.config.units];
        self.carried = (0..self.config.layers)
            .map(|_| (zeros(), zeros()))
            .collect();
    }

    fn update(
        &mut self,
        batch: &MelBatch,
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
        let given = (batch.shape(), Input::Dense(&batch.inputs));
        self.stack
            .forward(engine, layout, params, given, &mut self.carried, |layer| {
                let index = updates * layers + layer as u64;
                Dropout::new(Stream::new(seed, index, Purpose::Dropout), dropout)
            });
        let (top, d_top) = self.stack.top();
        let into = (&mut self.gradient[..], d_top);
        let nats = self.heads.learn(engine, layout, params, batch, top, into);
        self.stack
            .backward(engine, layout, params, given, &mut self.gradient);
        let grad_norm = optimise::norm(engine, &self.gradient, &mut self.squares);
        let update = Update::new([nats, 0.0, grad_norm]);
        if update.is_finite() {
            self.follow();
            self.updates += 1;
            self.numbers.step(
                &self.engine,
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
