//! [`Trainee`]: what every learner on the processor's cores has, whatever its model: the numbers in one long list, the
//! carried state, the threads that work on them. Losses and layers are the models' own.

use super::optimise::{self, Numbers};
use super::pace::Pace;
use super::stack::{Carried, Places};
use crate::model::learner::{Snapshot, Update};
use crate::model::lstm::kernel::Engine;
use std::time::Instant;

/// Where all weights of a model lie in one long list.
pub trait Listed: Places {
    /// How many numbers there are.
    fn size(&self) -> usize;

    /// How many of them come first that decay.
    fn decaying(&self) -> usize;

    /// The weights one by one.
    fn apart(&self, list: &[f32]) -> Vec<Vec<f32>>;

    /// Takes weights into the list.
    fn join(&self, weights: &[Vec<f32>], list: &mut [f32]);
}

/// A model in training, but for its layers and its losses.
#[derive(Debug)]
pub struct Trainee<L> {
    /// Where each weight lies.
    pub layout: L,
    /// What computes.
    pub engine: Engine,
    /// Threads it was asked for.
    threads: usize,
    pace: Pace,
    /// The weights and what the optimiser keeps of them.
    pub numbers: Numbers,
    /// The gradient of the last update before clipping.
    pub gradient: Vec<f32>,
    squares: Vec<f64>,
    /// The carried state, layer by layer.
    pub carried: Vec<Carried>,
    /// Updates done.
    pub updates: u64,
}

impl<L: Listed> Trainee<L> {
    /// Starts from these weights, in the order of the layout.
    pub fn new(layout: L, weights: &[Vec<f32>], engine: Engine, pace: Pace) -> Self {
        let zeros = || vec![0.0; layout.size()];
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
            layout,
            engine,
            threads: pace.threads(),
            pace,
        }
    }

    /// Forgets the carried state and sets the number of rows.
    pub fn begin(&mut self, layers: usize, units: usize, streams: usize) {
        let zeros = || vec![0.0; streams * units];
        self.carried = (0..layers).map(|_| (zeros(), zeros())).collect();
    }

    /// Takes as many threads as the last updates say; the time at which the next one begins.
    pub fn set_out(&mut self) -> Instant {
        let began = Instant::now();
        let threads = self.pace.threads();
        if threads != self.threads {
            // Rare: the old threads end, others begin. Where the machine gives fewer, it is as fast as it gets.
            self.engine = Engine::with(self.engine.isa(), threads).unwrap_or(self.engine.clone());
            self.threads = threads;
        }
        began
    }

    /// What an update with these losses, in nats, and the gradient comes to. Nothing is learned of it yet.
    pub fn judge(&mut self, [hits, expression]: [f32; 2]) -> Update {
        let norm = optimise::norm(&self.engine, &self.gradient, &mut self.squares);
        Update::new([hits, expression, norm])
    }

    /// Takes the optimiser's step.
    pub fn step(&mut self, update: &Update, learning_rate: f64) {
        self.updates += 1;
        self.numbers.step(
            &self.engine,
            &self.gradient,
            self.layout.decaying(),
            (update.grad_norm, learning_rate, self.updates),
        );
    }

    /// Hears when an update of so many slots is over.
    pub fn arrive(&mut self, began: Instant, slots: usize) {
        self.pace.took(began.elapsed(), slots);
    }

    /// The averaged weights.
    pub fn weights(&self) -> Vec<Vec<f32>> {
        self.layout.apart(&self.numbers.average)
    }

    /// The gradient of the last update before clipping, weight by weight.
    #[cfg(test)]
    pub fn gradients(&self) -> Vec<Vec<f32>> {
        self.layout.apart(&self.gradient)
    }

    /// Everything.
    pub fn snapshot(&self) -> Snapshot {
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

    /// Goes on from a snapshot of the same shapes.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        let numbers = &mut self.numbers;
        self.layout.join(&snapshot.average, &mut numbers.average);
        self.layout.join(&snapshot.raw, &mut numbers.params);
        self.layout.join(&snapshot.first, &mut numbers.first);
        self.layout.join(&snapshot.second, &mut numbers.second);
        self.carried.clone_from(&snapshot.carried);
        self.updates = snapshot.updates;
    }
}
