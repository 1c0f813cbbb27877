//! The layer on burn's processor backends: tensors are read in place and run through the kernels.

use super::backend::{LstmBackend, OperandGradients, Operands, Wanted};
use super::kernel::Engine;
use super::sequence::{Gradients, Layer, Shape, Weights};
use burn::backend::flex::Flex;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_flex::FlexTensor;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// A thread team and the layers that are not in use, with their buffers.
#[derive(Clone)]
pub struct Workspace(Arc<Shared>);

struct Shared {
    engine: Engine,
    free: Mutex<Vec<Layer>>,
}

impl Default for Workspace {
    fn default() -> Self {
        Self(Arc::new(Shared {
            engine: Engine::new(crate::model::device::threads()),
            free: Mutex::default(),
        }))
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Workspace")
            .field(&self.0.engine.isa())
            .finish()
    }
}

impl Workspace {
    fn take(&self) -> Layer {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_default()
    }

    fn give_back(&self, layer: Layer) {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(layer);
    }
}

/// The layer between its two passes. Shared, because burn may clone what a node keeps.
#[derive(Clone)]
pub struct Tape(Arc<Mutex<Option<Layer>>>);

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tape")
    }
}

/// A tensor's numbers, row by row, kept alive while they are read.
pub enum Held {
    /// burn-flex's own storage.
    Flex(FlexTensor),
    /// burn-ndarray's own storage.
    #[cfg(feature = "ndarray")]
    NdArray(burn_ndarray::NdArrayTensor),
    /// A copy, where the tensor does not lie row by row.
    #[cfg(feature = "ndarray")]
    Copied(Vec<f32>),
}

impl Deref for Held {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Flex(tensor) => tensor.storage::<f32>(),
            #[cfg(feature = "ndarray")]
            Self::NdArray(burn_ndarray::NdArrayTensor::F32(storage)) => {
                storage.view().to_slice().unwrap_or_default()
            }
            // `hold` keeps nothing else.
            #[cfg(feature = "ndarray")]
            Self::NdArray(_) => &[],
            #[cfg(feature = "ndarray")]
            Self::Copied(values) => values,
        }
    }
}

/// A backend whose tensors lie in this program's memory.
trait OnHost: Backend {
    /// The tensor's numbers.
    fn hold<const D: usize>(tensor: Tensor<Self, D>) -> Held;
}

impl OnHost for Flex {
    fn hold<const D: usize>(tensor: Tensor<Self, D>) -> Held {
        Held::Flex(tensor.into_primitive().tensor().to_contiguous())
    }
}

#[cfg(feature = "ndarray")]
impl OnHost for burn::backend::NdArray {
    fn hold<const D: usize>(tensor: Tensor<Self, D>) -> Held {
        let held = tensor.clone().into_primitive().tensor();
        match &held {
            burn_ndarray::NdArrayTensor::F32(storage) if storage.view().as_slice().is_some() => {
                Held::NdArray(held)
            }
            _ => Held::Copied(tensor.into_data().iter::<f32>().collect()),
        }
    }
}

fn tensor<B: Backend, const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &B::Device,
) -> Tensor<B, D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn forward<B: OnHost>(
    workspace: &Workspace,
    operands: &Operands<B>,
    keep_tape: bool,
) -> (Tensor<B, 3>, Option<Tape>) {
    let [steps, batch, inputs, units] = operands.dims();
    let shape = Shape {
        steps,
        batch,
        inputs,
        units,
    };
    let engine = &workspace.0.engine;
    let mut layer = workspace.take();
    let (input, recurrent, bias) = (
        B::hold(operands.input.clone()),
        B::hold(operands.recurrent.clone()),
        B::hold(operands.bias.clone()),
    );
    let weights = Weights {
        input: &input,
        recurrent: &recurrent,
        bias: &bias,
    };
    layer.load(engine, weights, inputs, units);
    let x = B::hold(operands.x.clone());
    let keep = operands.keep.clone().map(B::hold);
    let state = batch * units;
    let mut hidden = B::hold(operands.hidden.clone()).to_vec();
    let mut states = vec![0.0; (steps + 1) * state];
    let (outputs, cell) = states.split_at_mut(steps * state);
    cell.copy_from_slice(&B::hold(operands.cell.clone()));
    let keep = keep.as_deref().unwrap_or_default();
    layer.forward(
        engine,
        shape,
        &x,
        keep,
        &mut hidden,
        cell,
        outputs,
        keep_tape,
    );
    let tape = if keep_tape {
        Some(Tape(Arc::new(Mutex::new(Some(layer)))))
    } else {
        workspace.give_back(layer);
        None
    };
    let device = operands.x.device();
    (tensor(states, [steps + 1, batch, units], &device), tape)
}

fn backward<B: OnHost>(
    workspace: &Workspace,
    operands: Operands<B>,
    tape: &Tape,
    d_states: Tensor<B, 3>,
    wanted: Wanted,
) -> OperandGradients<B> {
    let [steps, batch, inputs, units] = operands.dims();
    let device = operands.x.device();
    let engine = &workspace.0.engine;
    let taken = tape.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    // A graph is walked back once; a second walk has nothing left to walk on and gives zeros.
    let mut layer = taken.unwrap_or_default();
    let d_states = B::hold(d_states);
    let (d_outputs, d_last) = d_states.split_at(steps * batch * units);
    let mut d_hidden = vec![0.0; batch * units];
    let mut d_cell = d_last.to_vec();
    let mut d_x = vec![0.0; if wanted.x { steps * batch * inputs } else { 0 }];
    let mut d_input = vec![0.0; inputs * 4 * units];
    let mut d_recurrent = vec![0.0; units * 4 * units];
    let mut d_bias = vec![0.0; 4 * units];
    let x = B::hold(operands.x);
    layer.backward(
        engine,
        &x,
        d_outputs,
        &mut d_hidden,
        &mut d_cell,
        wanted.x.then_some(d_x.as_mut_slice()),
        Gradients {
            input: &mut d_input,
            recurrent: &mut d_recurrent,
            bias: &mut d_bias,
        },
    );
    workspace.give_back(layer);
    OperandGradients {
        x: wanted
            .x
            .then(|| tensor(d_x, [steps, batch, inputs], &device)),
        weights: wanted.weights.then(|| {
            [
                tensor(d_input, [inputs, 4 * units], &device),
                tensor(d_recurrent, [units, 4 * units], &device),
                tensor(d_bias, [1, 4 * units], &device),
            ]
        }),
        hidden: tensor(d_hidden, [batch, units], &device),
        cell: tensor(d_cell, [batch, units], &device),
    }
}

/// Both processor backends run the same functions.
macro_rules! on_host {
    ($backend:ty) => {
        impl LstmBackend for $backend {
            type Workspace = Workspace;
            type Tape = Tape;

            fn forward(
                workspace: &Workspace,
                operands: &Operands<Self>,
                keep_tape: bool,
            ) -> (Tensor<Self, 3>, Option<Tape>) {
                forward(workspace, operands, keep_tape)
            }

            fn backward(
                workspace: &Workspace,
                operands: Operands<Self>,
                tape: Tape,
                d_states: Tensor<Self, 3>,
                wanted: Wanted,
            ) -> OperandGradients<Self> {
                backward(workspace, operands, &tape, d_states, wanted)
            }
        }
    };
}

on_host!(Flex);
#[cfg(feature = "ndarray")]
on_host!(burn::backend::NdArray);
