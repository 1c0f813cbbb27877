//! The layer as one node of burn's graph, whatever the backend.
//!
//! burn's own layer records about thirty operations a step; here the graph sees one node for all steps.

use super::backend::{LstmBackend, Operands, Wanted};
use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorPrimitive};

/// What a layer gives back; everything is differentiable. To truncate gradients between two
/// sequences, carry `hidden.inner()` and `cell.inner()`.
pub struct Layer<B: Backend> {
    /// Hidden values of every step, `[steps, batch, units]`.
    pub outputs: Tensor<Autodiff<B>, 3>,
    /// Hidden values after the last step, `[batch, units]`.
    pub hidden: Tensor<Autodiff<B>, 2>,
    /// Cell values after the last step, `[batch, units]`.
    pub cell: Tensor<Autodiff<B>, 2>,
}

/// Runs a layer. `keep` has no gradient.
pub fn run<B: LstmBackend>(workspace: &B::Workspace, operands: Operands<Autodiff<B>>) -> Layer<B> {
    let [steps, batch, _, units] = operands.dims();
    let inner = Operands {
        x: operands.x.clone().inner(),
        input: operands.input.clone().inner(),
        recurrent: operands.recurrent.clone().inner(),
        bias: operands.bias.clone().inner(),
        hidden: operands.hidden.clone().inner(),
        cell: operands.cell.clone().inner(),
        keep: operands.keep.map(Tensor::inner),
    };
    let node = |tensor: Tensor<Autodiff<B>, 2>| tensor.into_primitive().tensor().node;
    let nodes = [
        operands.x.into_primitive().tensor().node,
        node(operands.input),
        node(operands.recurrent),
        node(operands.bias),
        node(operands.hidden),
        node(operands.cell),
    ];
    let states = match Sequence::<B>::new()
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => {
            let (states, tape) = B::forward(workspace, &inner, true);
            let saved = Saved {
                workspace: workspace.clone(),
                operands: inner,
                tape,
            };
            prepared.finish(saved, states.into_primitive().tensor())
        }
        OpsKind::UnTracked(prepared) => {
            let (states, _) = B::forward(workspace, &inner, false);
            prepared.finish(states.into_primitive().tensor())
        }
    };
    let states: Tensor<Autodiff<B>, 3> = Tensor::from_primitive(TensorPrimitive::Float(states));
    let at = |step: usize| {
        states
            .clone()
            .slice([step..step + 1, 0..batch, 0..units])
            .reshape([batch, units])
    };
    Layer {
        outputs: states.clone().slice([0..steps, 0..batch, 0..units]),
        hidden: at(steps.saturating_sub(1)),
        cell: at(steps),
    }
}

/// The graph's node.
#[derive(Debug)]
struct Sequence<B>(std::marker::PhantomData<fn() -> B>);

impl<B> Sequence<B> {
    const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// What the node keeps until the backward pass.
#[derive(Clone, Debug)]
struct Saved<B: LstmBackend> {
    workspace: B::Workspace,
    operands: Operands<B>,
    tape: Option<B::Tape>,
}

impl<B: LstmBackend> Backward<B, 6> for Sequence<B> {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Self::State, 6>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_states = grads.consume::<B>(&ops.node);
        let d_states = Tensor::<B, 3>::from_primitive(TensorPrimitive::Float(d_states));
        let [x, input, recurrent, bias, hidden, cell] =
            ops.parents.map(|parent| parent.map(|node| node.id));
        let Saved {
            workspace,
            operands,
            tape,
        } = ops.state;
        // A node that is tracked was given a tape.
        let Some(tape) = tape else { return };
        let wanted = Wanted {
            x: x.is_some(),
            weights: input.is_some() || recurrent.is_some() || bias.is_some(),
        };
        let found = B::backward(&workspace, operands, tape, d_states, wanted);
        let mut register = |parent: Option<NodeId>, gradient: Tensor<B, 2>| {
            if let Some(id) = parent {
                grads.register::<B>(id, gradient.into_primitive().tensor());
            }
        };
        register(hidden, found.hidden);
        register(cell, found.cell);
        if let Some([d_input, d_recurrent, d_bias]) = found.weights {
            register(input, d_input);
            register(recurrent, d_recurrent);
            register(bias, d_bias);
        }
        if let (Some(id), Some(gradient)) = (x, found.x) {
            grads.register::<B>(id, gradient.into_primitive().tensor());
        }
    }
}
