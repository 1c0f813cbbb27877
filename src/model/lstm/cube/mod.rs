//! The layer on a GPU: CubeCL kernels, the same for CUDA and for every other runtime of burn-cubecl.
//!
//! - [`cell`]: a step's point-wise work in one launch, the product is burn's;
//! - [`sequence`], [`forward`], [`backward`]: all steps in one launch, weights on chip; [`launch`] starts them;
//! - [`plan`]: which of the two, and how laid out;
//! - [`product`]: burn's matrix products with the precision said.

mod backward;
mod cell;
#[cfg(all(test, feature = "cuda"))]
mod emitted;
mod forward;
mod launch;
mod plan;
mod product;
mod sequence;
#[cfg(all(test, feature = "gpu-check"))]
mod tests;

pub use plan::Plan;
pub use product::Product;

use super::backend::{LstmBackend, OperandGradients, Operands, Wanted};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Shape, Tensor, TensorPrimitive};
use burn_cubecl::kernel::{into_contiguous, slice};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::ops::{permute, reshape};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl};
use cubecl::prelude::{ArrayArg, ComputeClient, CubeCount, CubeDim};
use plan::Limits;
use product::product;

/// Sizes of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Steps of the sequence.
    pub steps: usize,
    /// Rows of the batch.
    pub batch: usize,
    /// Width of the layer.
    pub units: usize,
}

/// What the forward pass leaves for the backward pass. The carried states lie as the step saw
/// them: after `keep`.
#[derive(Debug)]
pub struct Taped<R: CubeRuntime> {
    /// i, f, g, o after their functions, `[steps, batch, 4 units]`.
    gates: CubeTensor<R>,
    /// Hidden values before each step, `[steps, batch, units]`.
    hidden: CubeTensor<R>,
    /// Cell values before each step, likewise.
    cell: CubeTensor<R>,
}

impl<R: CubeRuntime> Clone for Taped<R> {
    fn clone(&self) -> Self {
        Self {
            gates: self.gates.clone(),
            hidden: self.hidden.clone(),
            cell: self.cell.clone(),
        }
    }
}

impl<R: CubeRuntime> Taped<R> {
    fn empty(like: &CubeTensor<R>, sizes: Sizes) -> Self {
        let Sizes {
            steps,
            batch,
            units,
        } = sizes;
        Self {
            gates: buffer(like, [steps, batch, 4 * units]),
            hidden: buffer(like, [steps, batch, units]),
            cell: buffer(like, [steps, batch, units]),
        }
    }
}

/// What the recurrent weights are kept as on chip. Everything else is f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// As they are.
    #[default]
    F32,
    /// Eight bits of mantissa; twice as many fit on the chip.
    Bf16,
}

/// Which kernels run a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// The cheaper of the two by the estimate of [`plan`].
    #[default]
    Estimated,
    /// A launch for the point-wise work of each step.
    StepWise,
    /// A launch for all steps.
    Sequence([Plan; 2]),
}

/// How a layer is run; the same for every layer of a model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Precision of the matrix products.
    pub product: Product,
    /// What the recurrent weights are kept as in the sequence kernels.
    pub weights: Weights,
    /// Which kernels.
    pub route: Route,
}

impl Settings {
    /// The sequence kernels' layout for a layer on this device, forward and backward; `None`: step by step.
    fn plans<R: CubeRuntime>(self, client: &ComputeClient<R>, sizes: Sizes) -> Option<[Plan; 2]> {
        let weight = match self.weights {
            Weights::F32 => 16,
            Weights::Bf16 => 8,
        };
        match self.route {
            Route::StepWise => None,
            Route::Sequence(plans) => Some(plans),
            Route::Estimated => {
                let clusters = client.features().cube_cluster;
                let limits = Limits::of(&client.properties().hardware, clusters, weight);
                plan::choose(sizes.units, sizes.batch, &limits)
            }
        }
    }
}

impl<R, F, I, BT> LstmBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
    Self: Backend<FloatTensorPrimitive = CubeTensor<R>>,
{
    type Workspace = Settings;
    type Tape = Taped<R>;

    fn forward(
        workspace: &Settings,
        operands: &Operands<Self>,
        keep_tape: bool,
    ) -> (Tensor<Self, 3>, Option<Taped<R>>) {
        let [steps, batch, inputs, units] = operands.dims();
        let sizes = Sizes {
            steps,
            batch,
            units,
        };
        let x = reshape(raw(&operands.x), [steps * batch, inputs].into());
        let gates = product(x, raw(&operands.input), workspace.product);
        let (bias, recurrent) = (raw(&operands.bias), raw(&operands.recurrent));
        let keep = operands.keep.as_ref().map(raw);
        let keep = keep.as_ref();
        let start = [&raw(&operands.hidden), &raw(&operands.cell)];
        let (states, taped) = match workspace.plans(&gates.client, sizes) {
            Some([plan, _]) => {
                let kind = workspace.weights;
                launch::forward(sizes, plan, &gates, &bias, &recurrent, keep, start, kind)
            }
            None => {
                let how = workspace.product;
                cell::forward(sizes, &gates, &bias, &recurrent, keep, start, how)
            }
        };
        (tensor(states), keep_tape.then_some(taped))
    }

    fn backward(
        workspace: &Settings,
        operands: Operands<Self>,
        tape: Taped<R>,
        d_states: Tensor<Self, 3>,
        wanted: Wanted,
    ) -> OperandGradients<Self> {
        let [steps, batch, inputs, units] = operands.dims();
        let sizes = Sizes {
            steps,
            batch,
            units,
        };
        let slots = steps * batch;
        let how = workspace.product;
        let keep = operands.keep.as_ref().map(raw);
        let keep = keep.as_ref();
        let recurrent = raw(&operands.recurrent);
        let d_states = raw(&d_states);
        let [d_gates, d_hidden, d_cell] = match workspace.plans(&d_states.client, sizes) {
            Some([_, plan]) => {
                let kind = workspace.weights;
                launch::backward(sizes, plan, &tape, &recurrent, keep, &d_states, kind)
            }
            None => cell::backward(sizes, &tape, &recurrent, keep, &d_states, how),
        };
        // From here one product each for all steps.
        let flat = reshape(d_gates, [slots, 4 * units].into());
        let transposed = |t: CubeTensor<R>| permute(t, &[1, 0]);
        let weights = wanted.weights.then(|| {
            let x = reshape(raw(&operands.x), [slots, inputs].into());
            let hidden = reshape(tape.hidden, [slots, units].into());
            [
                tensor(product(transposed(x), flat.clone(), how)),
                tensor(product(transposed(hidden), flat.clone(), how)),
                tensor::<Self, R, 2>(flat.clone()).sum_dim(0),
            ]
        });
        let x = wanted.x.then(|| {
            let d_x = product(flat, transposed(raw(&operands.input)), how);
            tensor(reshape(d_x, [steps, batch, inputs].into()))
        });
        OperandGradients {
            x,
            weights,
            hidden: tensor(d_hidden),
            cell: tensor(d_cell),
        }
    }
}

/// A tensor's storage as f32 without gaps; a copy only where it is not so already.
fn raw<B, R, const D: usize>(tensor: &Tensor<B, D>) -> CubeTensor<R>
where
    B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    R: CubeRuntime,
{
    let tensor = tensor.clone().into_primitive().tensor();
    let tensor = if tensor.dtype == DType::F32 {
        tensor
    } else {
        burn_cubecl::kernel::cast(tensor, DType::F32)
    };
    into_contiguous(tensor)
}

fn tensor<B, R, const D: usize>(raw: CubeTensor<R>) -> Tensor<B, D>
where
    B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    R: CubeRuntime,
{
    Tensor::from_primitive(TensorPrimitive::Float(raw))
}

/// Memory for f32 values on the same device, not set.
fn buffer<R: CubeRuntime, const D: usize>(
    like: &CubeTensor<R>,
    shape: [usize; D],
) -> CubeTensor<R> {
    empty_device_contiguous_dtype(
        like.client.clone(),
        like.device.clone(),
        Shape::from(shape),
        DType::F32,
    )
}

/// A tensor as a kernel's argument.
fn array<R: CubeRuntime>(tensor: &CubeTensor<R>) -> ArrayArg<R> {
    tensor.clone().into_array_arg()
}

/// Step `t` of `[steps, ..]` without the first dimension: a view where the device can address it.
fn step_of<R: CubeRuntime>(tensor: &CubeTensor<R>, t: usize) -> CubeTensor<R> {
    let mut ranges: Vec<_> = tensor.meta.shape().iter().map(|n| 0..*n).collect();
    ranges[0] = t..t + 1;
    let shape: Vec<usize> = tensor.meta.shape().iter().skip(1).copied().collect();
    into_contiguous(reshape(slice(tensor.clone(), &ranges), Shape::from(shape)))
}

/// Cube size and count for one unit an element.
fn elements<R: CubeRuntime>(client: &ComputeClient<R>, count: usize) -> (CubeDim, CubeCount) {
    let most = client.properties().hardware.max_units_per_cube;
    let dim = CubeDim::new_1d(most.min(256));
    let cubes = cubecl::calculate_cube_count_elemwise(client, count, dim);
    (dim, cubes)
}
