//! Starts the sequence kernels: packs the weights, sets up the buffers.
#![allow(unsafe_code)]

use super::plan::Plan;
use super::sequence::{EMPTY, pack};
use super::{Sizes, Taped, Weights, array, backward, buffer, elements, forward};
use burn::tensor::{DType, Shape, bf16};
use burn_cubecl::CubeRuntime;
use burn_cubecl::cubecl;
use burn_cubecl::ops::numeric::{empty_device_contiguous_dtype, full_client};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::{CubeCount, Float};

#[allow(clippy::too_many_arguments)]
/// All steps forward; as [`super::cell::forward`].
pub(super) fn forward<R: CubeRuntime>(
    sizes: Sizes,
    plan: Plan,
    inputs: &CubeTensor<R>,
    bias: &CubeTensor<R>,
    recurrent: &CubeTensor<R>,
    keep: Option<&CubeTensor<R>>,
    start: [&CubeTensor<R>; 2],
    weights: Weights,
) -> (CubeTensor<R>, Taped<R>) {
    match weights {
        Weights::F32 => forward_with::<R, f32>(
            sizes,
            plan,
            inputs,
            bias,
            recurrent,
            keep,
            start,
            DType::F32,
        ),
        Weights::Bf16 => forward_with::<R, bf16>(
            sizes,
            plan,
            inputs,
            bias,
            recurrent,
            keep,
            start,
            DType::BF16,
        ),
    }
}

#[allow(clippy::too_many_arguments)]
fn forward_with<R: CubeRuntime, W: Float>(
    sizes: Sizes,
    plan: Plan,
    inputs: &CubeTensor<R>,
    bias: &CubeTensor<R>,
    recurrent: &CubeTensor<R>,
    keep: Option<&CubeTensor<R>>,
    start: [&CubeTensor<R>; 2],
    dtype: DType,
) -> (CubeTensor<R>, Taped<R>) {
    let Sizes {
        steps,
        batch,
        units,
    } = sizes;
    let weights = packed::<R, W>(recurrent, plan, false, dtype);
    let taped = Taped::empty(inputs, sizes);
    let (states, handed) = results(inputs, [steps + 1, batch, units], plan);
    // SAFETY: rows are clamped to the batch, units to the layer and steps to the sequence wherever memory is read, and
    // checked where it is written; the buffers are as large as these sizes say, and `plan` covers all units. `keep` is
    // read only where it is there. A loop that waits ends, since the cubes of a team run at the same time: the plan has teams
    // only where the device starts clusters.
    unsafe {
        forward::forward::launch_unchecked::<W, R>(
            &inputs.client,
            CubeCount::Static(plan.cubes(batch), 1, 1),
            plan.dim(),
            array(inputs),
            array(bias),
            array(&weights),
            array(keep.unwrap_or(bias)),
            array(start[0]),
            array(start[1]),
            array(&taped.gates),
            array(&taped.hidden),
            array(&taped.cell),
            array(&states),
            array(&handed),
            steps,
            batch,
            plan,
            keep.is_some(),
        );
    }
    (
        chosen(states, handed, plan, [steps + 1, batch, units]),
        taped,
    )
}

/// All steps backward; as [`super::cell::backward`].
pub(super) fn backward<R: CubeRuntime>(
    sizes: Sizes,
    plan: Plan,
    taped: &Taped<R>,
    recurrent: &CubeTensor<R>,
    keep: Option<&CubeTensor<R>>,
    d_states: &CubeTensor<R>,
    weights: Weights,
) -> [CubeTensor<R>; 3] {
    match weights {
        Weights::F32 => {
            backward_with::<R, f32>(sizes, plan, taped, recurrent, keep, d_states, DType::F32)
        }
        Weights::Bf16 => {
            backward_with::<R, bf16>(sizes, plan, taped, recurrent, keep, d_states, DType::BF16)
        }
    }
}

fn backward_with<R: CubeRuntime, W: Float>(
    sizes: Sizes,
    plan: Plan,
    taped: &Taped<R>,
    recurrent: &CubeTensor<R>,
    keep: Option<&CubeTensor<R>>,
    d_states: &CubeTensor<R>,
    dtype: DType,
) -> [CubeTensor<R>; 3] {
    let Sizes {
        steps,
        batch,
        units,
    } = sizes;
    let weights = packed::<R, W>(recurrent, plan, true, dtype);
    let (d_gates, handed) = results(d_states, [steps, batch, 4 * units], plan);
    let d_hidden = buffer(d_states, [batch, units]);
    let d_cell = buffer(d_states, [batch, units]);
    // SAFETY: as in `forward_with`.
    unsafe {
        backward::backward::launch_unchecked::<W, R>(
            &d_states.client,
            CubeCount::Static(plan.cubes(batch), 1, 1),
            plan.dim(),
            array(&taped.gates),
            array(&taped.cell),
            array(&weights),
            array(keep.unwrap_or(d_states)),
            array(d_states),
            array(&d_gates),
            array(&handed),
            array(&d_hidden),
            array(&d_cell),
            steps,
            batch,
            plan,
            keep.is_some(),
        );
    }
    let d_gates = chosen(d_gates, handed, plan, [steps, batch, 4 * units]);
    [d_gates, d_hidden, d_cell]
}

/// The recurrent weights as the kernels read them.
fn packed<R: CubeRuntime, W: Float>(
    recurrent: &CubeTensor<R>,
    plan: Plan,
    across: bool,
    dtype: DType,
) -> CubeTensor<R> {
    let count = plan.splits * plan.chunk * plan.units;
    let output = empty_device_contiguous_dtype(
        recurrent.client.clone(),
        recurrent.device.clone(),
        Shape::from([4 * count]),
        dtype,
    );
    let (dim, cubes) = elements(&recurrent.client, count);
    // SAFETY: the output has `count` vectors of four; reads stay below `units` rows of `4 units`.
    unsafe {
        pack::launch_unchecked::<W, R>(
            &recurrent.client,
            cubes,
            dim,
            array(recurrent),
            array(&output),
            count,
            plan.units,
            across,
        );
    }
    output
}

/// Where a kernel writes what the next step reads: numbers for a cube alone, bits that start as "not there" for a
/// team. The other of the two is a stand-in.
fn results<R: CubeRuntime, const D: usize>(
    like: &CubeTensor<R>,
    shape: [usize; D],
    plan: Plan,
) -> (CubeTensor<R>, CubeTensor<R>) {
    let bits = |count: usize| {
        let shape = Shape::from([count]);
        full_client::<R, u32>(like.client.clone(), shape, like.device.clone(), EMPTY)
    };
    if plan.team > 1 {
        (buffer(like, [1]), bits(shape.iter().product()))
    } else {
        let stand_in = empty_device_contiguous_dtype(
            like.client.clone(),
            like.device.clone(),
            Shape::from([1]),
            DType::U32,
        );
        (buffer(like, shape), stand_in)
    }
}

/// What the kernel wrote, as numbers.
fn chosen<R: CubeRuntime, const D: usize>(
    numbers: CubeTensor<R>,
    bits: CubeTensor<R>,
    plan: Plan,
    shape: [usize; D],
) -> CubeTensor<R> {
    if plan.team == 1 {
        return numbers;
    }
    CubeTensor::new_contiguous(
        bits.client,
        bits.device,
        shape.into(),
        bits.handle,
        DType::F32,
    )
}
