//! The layer on burn's tensor operations: any backend can do this, a dozen launches a step. What the
//! kernels are tested against, and what a GPU without kernels of its own would run.

use super::backend::{OperandGradients, Operands, Wanted};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;

/// One step as the backward pass needs it, each `[batch, units]`.
#[derive(Clone, Debug)]
struct Step<B: Backend> {
    i: Tensor<B, 2>,
    f: Tensor<B, 2>,
    g: Tensor<B, 2>,
    o: Tensor<B, 2>,
    tanh_cell: Tensor<B, 2>,
    hidden_before: Tensor<B, 2>,
    cell_before: Tensor<B, 2>,
    keep: Option<Tensor<B, 2>>,
}

/// The steps of a sequence.
#[derive(Clone, Debug)]
pub struct Tape<B: Backend>(Vec<Step<B>>);

/// The states of the layer and its tape; see [`super::backend::LstmBackend::forward`].
pub fn forward<B: Backend>(operands: &Operands<B>) -> (Tensor<B, 3>, Tape<B>) {
    let [steps, batch, inputs, units] = operands.dims();
    let width = 4 * units;
    // One product for all steps.
    let gates = operands
        .x
        .clone()
        .reshape([steps * batch, inputs])
        .matmul(operands.input.clone())
        + operands.bias.clone();
    let (mut hidden, mut cell) = (operands.hidden.clone(), operands.cell.clone());
    let mut tape = Vec::with_capacity(steps);
    let mut states = Vec::with_capacity(steps + 1);
    for t in 0..steps {
        let keep = operands
            .keep
            .as_ref()
            .map(|keep| keep.clone().slice([t..t + 1, 0..batch]).reshape([batch, 1]));
        if let Some(keep) = &keep {
            hidden = hidden * keep.clone();
            cell = cell * keep.clone();
        }
        let z = gates.clone().slice([t * batch..(t + 1) * batch, 0..width])
            + hidden.clone().matmul(operands.recurrent.clone());
        let gate = |k: usize| z.clone().slice([0..batch, k * units..(k + 1) * units]);
        let (i, f, g, o) = (
            sigmoid(gate(0)),
            sigmoid(gate(1)),
            gate(2).tanh(),
            sigmoid(gate(3)),
        );
        let next = f.clone() * cell.clone() + i.clone() * g.clone();
        let tanh_cell = next.clone().tanh();
        let output = o.clone() * tanh_cell.clone();
        tape.push(Step {
            i,
            f,
            g,
            o,
            tanh_cell,
            hidden_before: hidden,
            cell_before: cell,
            keep,
        });
        states.push(output.clone());
        hidden = output;
        cell = next;
    }
    states.push(cell);
    (Tensor::stack(states, 0), Tape(tape))
}

/// The gradients; see [`super::backend::LstmBackend::backward`].
pub fn backward<B: Backend>(
    operands: Operands<B>,
    tape: Tape<B>,
    d_states: Tensor<B, 3>,
    wanted: Wanted,
) -> OperandGradients<B> {
    let [steps, batch, inputs, units] = operands.dims();
    let upstream = |t: usize| {
        d_states
            .clone()
            .slice([t..t + 1, 0..batch, 0..units])
            .reshape([batch, units])
    };
    let transposed = operands.recurrent.transpose();
    let one_minus_square = |v: &Tensor<B, 2>| (v.clone() * v.clone()).neg().add_scalar(1.0);
    let slope = |v: &Tensor<B, 2>| v.clone() * v.clone().neg().add_scalar(1.0);
    let mut through_hidden = Tensor::zeros([batch, units], &d_states.device());
    let mut through_cell = upstream(steps);
    let mut d_gates = Vec::with_capacity(steps);
    let mut hiddens = Vec::with_capacity(steps);
    for (t, step) in tape.0.into_iter().enumerate().rev() {
        let dh = upstream(t) + through_hidden;
        let dc = dh.clone() * step.o.clone() * one_minus_square(&step.tanh_cell) + through_cell;
        let dz = Tensor::cat(
            vec![
                dc.clone() * step.g.clone() * slope(&step.i),
                dc.clone() * step.cell_before * slope(&step.f),
                dc.clone() * step.i * one_minus_square(&step.g),
                dh * step.tanh_cell * slope(&step.o),
            ],
            1,
        );
        through_hidden = dz.clone().matmul(transposed.clone());
        through_cell = dc * step.f;
        if let Some(keep) = step.keep {
            through_hidden = through_hidden * keep.clone();
            through_cell = through_cell * keep;
        }
        d_gates.push(dz);
        hiddens.push(step.hidden_before);
    }
    d_gates.reverse();
    hiddens.reverse();
    // From here one product each for all steps.
    let flat = Tensor::cat(d_gates, 0);
    let weights = wanted.weights.then(|| {
        let x = operands.x.reshape([steps * batch, inputs]);
        [
            x.transpose().matmul(flat.clone()),
            Tensor::cat(hiddens, 0).transpose().matmul(flat.clone()),
            flat.clone().sum_dim(0),
        ]
    });
    OperandGradients {
        x: wanted.x.then(|| {
            flat.matmul(operands.input.transpose())
                .reshape([steps, batch, inputs])
        }),
        weights,
        hidden: through_hidden,
        cell: through_cell,
    }
}
