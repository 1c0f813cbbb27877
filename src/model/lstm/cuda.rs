//! The layer on CUDA.

use super::backend::{LstmBackend, OperandGradients, Operands, Wanted};
use super::general;
use burn::backend::Cuda;
use burn::tensor::Tensor;

impl LstmBackend for Cuda {
    type Workspace = ();
    type Tape = general::Tape<Self>;

    fn forward(
        (): &(),
        operands: &Operands<Self>,
        keep_tape: bool,
    ) -> (Tensor<Self, 3>, Option<Self::Tape>) {
        let (states, tape) = general::forward(operands);
        (states, keep_tape.then_some(tape))
    }

    fn backward(
        (): &(),
        operands: Operands<Self>,
        tape: Self::Tape,
        d_states: Tensor<Self, 3>,
        wanted: Wanted,
    ) -> OperandGradients<Self> {
        general::backward(operands, tape, d_states, wanted)
    }
}
