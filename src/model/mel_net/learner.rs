//! A whole training update of the spectrogram model on plain slices, with the layers and the optimiser of the beat model's
//! learner ([`super::super::cpu`]): batch normalisation instead of layer normalisation, and its own head.

use super::batch::MelBatch;
use super::config::MelNetConfig;
use super::head::Heads;
use super::layout::Layout;
use crate::model::cpu::batch_norm::BatchNorm;
use crate::model::cpu::dropout::Dropout;
use crate::model::cpu::pace::{self, Pace};
use crate::model::cpu::stack::{Input, Places, Stack};
use crate::model::cpu::trainee::Trainee;
use crate::model::learner::{Learner, Snapshot, Update};
use crate::model::lstm::kernel::Engine;

/// What the running mean and variance keep of themselves an update.
const KEEP: f32 = 0.99;

/// A learner on the processor's cores.
#[derive(Debug)]
pub struct MelLearner {
    config: MelNetConfig,
    trainee: Trainee<Layout>,
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
        Self {
            trainee: Trainee::new(Layout::new(config, decays), weights, engine, pace),
            stack: Stack::new(config.layers, config.units),
            heads: Heads::default(),
            config: config.clone(),
        }
    }

    /// The gradient of the last update before clipping, weight by weight.
    #[cfg(test)]
    pub(super) fn gradients(&self) -> Vec<Vec<f32>> {
        self.trainee.gradients()
    }

    /// As the loss itself has it.
    #[cfg(test)]
    pub(super) const fn weigh_decisions_as_the_rest(&mut self) {
        self.heads.decisions = 1.0;
    }

    /// Lets the running means and variances follow those of this batch; the averaged ones follow them as all weights are
    /// followed.
    fn follow(&mut self) {
        let n = self.trainee.updates as f32;
        // Young ones follow closely: no trace of where they started stays in them.
        let keep = KEEP.min(n / (n + 9.0));
        for (layer, norm) in self.stack.norms().enumerate() {
            for (i, now) in [(5, &norm.mean), (6, &norm.variance)] {
                let place = self.trainee.layout.layer(layer, i);
                let all = &mut self.trainee.numbers.params[place];
                for (running, now) in all.iter_mut().zip(now) {
                    *running = *running * keep + now * (1.0 - keep);
                }
            }
        }
    }
}

impl Learner<MelBatch> for MelLearner {
    fn begin(&mut self, streams: usize) {
        let config = &self.config;
        self.trainee.begin(config.layers, config.units, streams);
    }

    fn update(
        &mut self,
        batch: &MelBatch,
        learning_rate: f64,
        dropout: f64,
        seed: u64,
    ) -> Option<Update> {
        let began = self.trainee.set_out();
        let (layers, updates) = (self.config.layers, self.trainee.updates);
        let trainee = &mut self.trainee;
        let (engine, layout) = (&trainee.engine, &trainee.layout);
        let params = &trainee.numbers.params;
        let given = (batch.shape(), Input::Dense(&batch.inputs));
        let carried = &mut trainee.carried;
        self.stack
            .forward(engine, layout, params, given, carried, |layer| {
                Dropout::of_layer(seed, dropout, updates, layers, layer)
            });
        let (top, d_top) = self.stack.top();
        let into = (&mut trainee.gradient[..], d_top);
        let nats = self.heads.learn(engine, layout, params, batch, top, into);
        self.stack
            .backward(engine, layout, params, given, &mut trainee.gradient);
        let update = trainee.judge([nats, 0.0]);
        if update.is_finite() {
            self.follow();
            self.trainee.step(&update, learning_rate);
        }
        self.trainee.arrive(began, batch.slots());
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
