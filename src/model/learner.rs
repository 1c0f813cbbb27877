//! A model in training on one device: weights, optimiser, carried state, one update at a
//! time. [`Learner`] hides the device, so that everything around it is compiled once; here too are the figures
//! that all learners share. The learners are [`super::cpu`] and [`super::burn_learner`].

use super::batch::Batch;

/// AdamW's decay of the first moment.
pub(super) const BETA1: f32 = 0.9;
/// AdamW's decay of the second moment.
pub(super) const BETA2: f32 = 0.99;
/// Weight decay a unit of learning rate.
pub(super) const WEIGHT_DECAY: f64 = 0.02;
/// The gradient's norm is clipped to this.
pub(super) const CLIP: f32 = 1.0;
/// Decay of the averaged weights, which are the ones scored, saved and played.
pub(super) const AVERAGE: f32 = 0.98;
/// Weight of the velocity and micro-timing loss beside the hits'.
pub(super) const EXPRESSION_WEIGHT: f64 = 0.35;

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

impl Update {
    /// From both losses, in nats a step, and the gradient's norm.
    #[must_use]
    pub fn new([hits, expression, grad_norm]: [f32; 3]) -> Self {
        let bits = |nats: f32| nats / std::f32::consts::LN_2;
        Self {
            hit_bits: bits(hits),
            expression_bits: bits(expression),
            grad_norm,
        }
    }

    /// Whether anything was learned: nothing is from a loss or a gradient that is not finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        (self.hit_bits + self.expression_bits + self.grad_norm).is_finite()
    }
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

/// A model in training, on batches `B`.
pub trait Learner<B = Batch>: Send {
    /// Forgets the carried state and sets the number of rows.
    fn begin(&mut self, streams: usize);

    /// Learns a batch: AdamW at `learning_rate`, a share `dropout` of each layer's output
    /// dropped by draws of (`seed`, update). The weights stay as they were where the loss or the gradient is not
    /// finite.
    ///
    /// Gives the figures of this update, or on a device that works behind the program those of the one before
    /// (`None`: there is none). After an update that was not finite nothing is learned before it has been told of.
    fn update(&mut self, batch: &B, learning_rate: f64, dropout: f64, seed: u64) -> Option<Update>;

    /// Waits for the device; the figures of the last update, where they were still to come.
    fn settle(&mut self) -> Option<Update>;

    /// The averaged weights.
    fn weights(&self) -> Vec<Vec<f32>>;

    /// Everything.
    fn snapshot(&self) -> Snapshot;

    /// Goes on from a snapshot of the same shapes.
    fn restore(&mut self, snapshot: &Snapshot);

    /// Why nothing more can be learned, where a device has failed; a sentence.
    fn fault(&self) -> Option<String> {
        None
    }
}
