//! What a backend must be able to do to run an LSTM layer, and the values that go in and out.
//!
//! Processors run the kernels of [`super::kernel`] (`host`), CUDA its own (`cube`); `general` does
//! the same on burn's tensor operations for any backend and is what the others are tested against.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// What a layer reads. Gates stand side by side in the order i, f, g, o.
#[derive(Clone, Debug)]
pub struct Operands<B: Backend> {
    /// Inputs, `[steps, batch, inputs]`.
    pub x: Tensor<B, 3>,
    /// Input weights, `[inputs, 4 units]`.
    pub input: Tensor<B, 2>,
    /// Recurrent weights, `[units, 4 units]`.
    pub recurrent: Tensor<B, 2>,
    /// Bias, `[1, 4 units]`.
    pub bias: Tensor<B, 2>,
    /// Hidden values carried in, `[batch, units]`.
    pub hidden: Tensor<B, 2>,
    /// Cell values carried in, `[batch, units]`.
    pub cell: Tensor<B, 2>,
    /// `[steps, batch]`: 0 where the carried state is forgotten before the step, else 1; `None`: it never is.
    pub keep: Option<Tensor<B, 2>>,
}

impl<B: Backend> Operands<B> {
    /// Steps, rows of the batch, inputs and units.
    #[must_use]
    pub fn dims(&self) -> [usize; 4] {
        let [steps, batch, inputs] = self.x.dims();
        [steps, batch, inputs, self.recurrent.dims()[0]]
    }
}

/// Which gradients are wanted; the states' and the bias's cost nothing beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Of the inputs.
    pub x: bool,
    /// Of the weights and the bias.
    pub weights: bool,
}

/// Gradients of [`Operands`], in their shapes; `None` where not wanted.
#[derive(Clone, Debug)]
pub struct OperandGradients<B: Backend> {
    /// Of the inputs.
    pub x: Option<Tensor<B, 3>>,
    /// Of input weights, recurrent weights and bias.
    pub weights: Option<[Tensor<B, 2>; 3]>,
    /// Of the hidden values carried in.
    pub hidden: Tensor<B, 2>,
    /// Of the cell values carried in.
    pub cell: Tensor<B, 2>,
}

/// A backend with an LSTM layer of its own.
///
/// The states of a layer are one tensor `[steps + 1, batch, units]`: the hidden values after every step,
/// then the cell values after the last.
pub trait LstmBackend: Backend {
    /// Threads, packed weights and buffers that are used again from call to call.
    type Workspace: Clone + Default + Send + std::fmt::Debug + 'static;
    /// What the forward pass leaves for the backward pass.
    type Tape: Clone + Send + std::fmt::Debug + 'static;

    /// The states, and with `keep_tape` what [`LstmBackend::backward`] needs.
    fn forward(
        workspace: &Self::Workspace,
        operands: &Operands<Self>,
        keep_tape: bool,
    ) -> (Tensor<Self, 3>, Option<Self::Tape>);

    /// Gradients from `d_states`, the gradient of the states.
    fn backward(
        workspace: &Self::Workspace,
        operands: Operands<Self>,
        tape: Self::Tape,
        d_states: Tensor<Self, 3>,
        wanted: Wanted,
    ) -> OperandGradients<Self>;
}
