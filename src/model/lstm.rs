//! The LSTM layer over a whole sequence, as one differentiable operation.
//!
//! burn's own layer records about thirty operations a step; here the forward pass keeps
//! what the hand-written backward pass needs, and the graph sees one node. The product of
//! the inputs with their weights is left outside: it is one large product for all steps.
//!
//! Everything is written on burn's tensor operations, so the same code serves every backend.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorPrimitive};

/// What a layer gives back.
pub struct Layer<B: Backend> {
    /// Hidden values of every step, `[steps, batch, units]`, differentiable.
    pub outputs: Tensor<Autodiff<B>, 3>,
    /// Hidden values after the last step, `[batch, units]`; gradients stop here.
    pub hidden: Tensor<B, 2>,
    /// Cell values after the last step, `[batch, units]`; gradients stop here.
    pub cell: Tensor<B, 2>,
}

/// One step as the backward pass needs it, each `[batch, units]`.
#[derive(Clone, Debug)]
struct Tape<B: Backend> {
    i: Tensor<B, 2>,
    f: Tensor<B, 2>,
    g: Tensor<B, 2>,
    o: Tensor<B, 2>,
    tanh_cell: Tensor<B, 2>,
    hidden_before: Tensor<B, 2>,
    cell_before: Tensor<B, 2>,
    keep: Option<Tensor<B, 2>>,
}

/// The tape of a sequence and the recurrent weights.
#[derive(Clone, Debug)]
struct Saved<B: Backend> {
    tape: Vec<Tape<B>>,
    recurrent: Tensor<B, 2>,
}

#[derive(Debug)]
struct Sequence;

/// Runs a layer.
///
/// - `gates`: inputs times input weights plus bias, `[steps, batch, 4 units]`, in the order i, f, g, o;
/// - `recurrent`: `[units, 4 units]`;
/// - `keep`: for each step `None`, or `[batch, 1]` with 0 where the carried state is forgotten
///   before the step and 1 elsewhere;
/// - `hidden`, `cell`: the carried state, `[batch, units]`.
pub fn run<B: Backend>(
    gates: Tensor<Autodiff<B>, 3>,
    recurrent: Tensor<Autodiff<B>, 2>,
    keep: &[Option<Tensor<B, 2>>],
    hidden: Tensor<B, 2>,
    cell: Tensor<B, 2>,
) -> Layer<B> {
    let gates = gates.into_primitive().tensor();
    let recurrent = recurrent.into_primitive().tensor();
    let x = Tensor::<B, 3>::from_primitive(TensorPrimitive::Float(gates.primitive.clone()));
    let w = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(recurrent.primitive.clone()));
    let (outputs, hidden, cell, tape) = forward(x, &w, keep, hidden, cell);
    let outputs = outputs.into_primitive().tensor();
    let outputs = match Sequence
        .prepare::<NoCheckpointing>([gates.node, recurrent.node])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => prepared.finish(Saved { tape, recurrent: w }, outputs),
        OpsKind::UnTracked(prepared) => prepared.finish(outputs),
    };
    Layer {
        outputs: Tensor::from_primitive(TensorPrimitive::Float(outputs)),
        hidden,
        cell,
    }
}

type Forward<B> = (Tensor<B, 3>, Tensor<B, 2>, Tensor<B, 2>, Vec<Tape<B>>);

fn forward<B: Backend>(
    x: Tensor<B, 3>,
    w: &Tensor<B, 2>,
    keep: &[Option<Tensor<B, 2>>],
    mut hidden: Tensor<B, 2>,
    mut cell: Tensor<B, 2>,
) -> Forward<B> {
    let [steps, batch, width] = x.dims();
    let units = width / 4;
    let mut tape = Vec::with_capacity(steps);
    let mut outputs = Vec::with_capacity(steps);
    for t in 0..steps {
        let keep = keep.get(t).cloned().flatten();
        if let Some(keep) = &keep {
            hidden = hidden * keep.clone();
            cell = cell * keep.clone();
        }
        let z = x
            .clone()
            .slice([t..t + 1, 0..batch, 0..width])
            .reshape([batch, width])
            + hidden.clone().matmul(w.clone());
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
        tape.push(Tape {
            i,
            f,
            g,
            o,
            tanh_cell,
            hidden_before: hidden,
            cell_before: cell,
            keep,
        });
        outputs.push(output.clone());
        hidden = output;
        cell = next;
    }
    (Tensor::stack(outputs, 0), hidden, cell, tape)
}

impl<B: Backend> Backward<B, 2> for Sequence {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let upstream = Tensor::<B, 3>::from_primitive(TensorPrimitive::Float(upstream));
        let Saved { tape, recurrent } = ops.state;
        let [steps, batch, units] = upstream.dims();
        let transposed = recurrent.transpose();
        let mut through_hidden: Option<Tensor<B, 2>> = None;
        let mut through_cell: Option<Tensor<B, 2>> = None;
        let mut inputs = Vec::with_capacity(steps);
        let mut hiddens = Vec::with_capacity(steps);
        for (t, step) in tape.into_iter().enumerate().rev() {
            let mut dh = upstream
                .clone()
                .slice([t..t + 1, 0..batch, 0..units])
                .reshape([batch, units]);
            if let Some(later) = through_hidden {
                dh = dh + later;
            }
            let one_minus_square = |v: &Tensor<B, 2>| (v.clone() * v.clone()).neg().add_scalar(1.0);
            let slope = |v: &Tensor<B, 2>| v.clone() * v.clone().neg().add_scalar(1.0);
            let mut dc = dh.clone() * step.o.clone() * one_minus_square(&step.tanh_cell);
            if let Some(later) = through_cell {
                dc = dc + later;
            }
            let dz = Tensor::cat(
                vec![
                    dc.clone() * step.g.clone() * slope(&step.i),
                    dc.clone() * step.cell_before * slope(&step.f),
                    dc.clone() * step.i * one_minus_square(&step.g),
                    dh * step.tanh_cell * slope(&step.o),
                ],
                1,
            );
            let mut to_hidden = dz.clone().matmul(transposed.clone());
            let mut to_cell = dc * step.f;
            if let Some(keep) = step.keep {
                to_hidden = to_hidden * keep.clone();
                to_cell = to_cell * keep;
            }
            through_hidden = Some(to_hidden);
            through_cell = Some(to_cell);
            inputs.push(dz);
            hiddens.push(step.hidden_before);
        }
        inputs.reverse();
        hiddens.reverse();
        let [gates, recurrent] = ops.parents;
        if let Some(node) = recurrent {
            // One product for all steps: the sum over steps of hidden^T x dz.
            let hiddens: Tensor<B, 2> = Tensor::cat(hiddens, 0);
            let flat: Tensor<B, 2> = Tensor::cat(inputs.clone(), 0);
            let gradient = hiddens.transpose().matmul(flat);
            grads.register::<B>(node.id, gradient.into_primitive().tensor());
        }
        if let Some(node) = gates {
            let gradient: Tensor<B, 3> = Tensor::stack(inputs, 0);
            grads.register::<B>(node.id, gradient.into_primitive().tensor());
        }
    }
}
