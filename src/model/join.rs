//! The seam between one learner and several that learn one batch together: which part of the
//! batch each has, and who adds up their gradients before the optimiser's step. The several are
//! [`super::devices`]; a learner alone knows nothing of them.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// A learner's part of the whole batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Its first row among those of the whole.
    pub first: usize,
    /// Rows of the whole.
    pub of: usize,
    /// Its share of the whole's real slots: what its mean losses count in the whole's.
    pub share: f32,
}

/// Both mean losses of a batch and the gradients of the weights.
pub type Learned<B> = ([Tensor<B, 1>; 2], Vec<Option<Tensor<B, 2>>>);

/// Adds up over learners.
pub trait Join<B: Backend>: Send {
    /// The sum over all learners of what each gives here times its `share`: the same for all, bit
    /// for bit. Waits for the others.
    ///
    /// # Errors
    /// Why there is no sum; a sentence.
    fn sum(&mut self, own: Learned<B>, share: f32) -> Result<Learned<B>, String>;
}
