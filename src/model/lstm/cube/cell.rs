//! One step of the layer in one launch: all gates' point-wise work, forward and backward, and the walk
//! over the steps around it. The product with the recurrent weights is the backend's own matrix product, so
//! a step costs two launches. Serves widths whose weights are too large for [`super::sequence`].
//!
//! Shapes as in [`super::Taped`]; arrays are row-major and have no gaps.
#![allow(unsafe_code)]

use super::product::{Product, product};
use super::{Sizes, Taped, array, buffer, elements, step_of};
use burn_cubecl::CubeRuntime;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// `1 / (1 + exp(-x))`; infinite exponentials give the right limits.
#[cube]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0f32 / (1.0f32 + (-x).exp())
}

/// `output = keep * input` for a state `[batch, units]` at `to` in a larger array; `keep` is a row of `[steps, batch]`.
#[cube(launch_unchecked)]
fn carry(
    input: &Array<f32>,
    keep: &Array<f32>,
    output: &mut Array<f32>,
    to: usize,
    count: usize,
    #[comptime] units: usize,
    #[comptime] kept: bool,
) {
    let at = ABSOLUTE_POS;
    if at < count {
        let mut value = input[at];
        if kept {
            value *= keep[at / units];
        }
        output[to + at] = value;
    }
}

/// Step `t`: the gates from their parts, the new state, and the state that the next step starts from.
#[cube(launch_unchecked)]
fn forward_step(
    inputs: &Array<f32>,
    bias: &Array<f32>,
    product: &Array<f32>,
    keep: &Array<f32>,
    gates: &mut Array<f32>,
    hidden: &mut Array<f32>,
    cell: &mut Array<f32>,
    states: &mut Array<f32>,
    t: usize,
    steps: usize,
    batch: usize,
    #[comptime] units: usize,
    #[comptime] kept: bool,
) {
    let at = ABSOLUTE_POS;
    let count = batch * units;
    if at < count {
        let row = at / units;
        let unit = at % units;
        let here = row * (4 * units) + unit;
        let there = t * batch * (4 * units) + here;
        let i = sigmoid(inputs[there] + bias[unit] + product[here]);
        let f = sigmoid(inputs[there + units] + bias[unit + units] + product[here + units]);
        let g =
            (inputs[there + 2 * units] + bias[unit + 2 * units] + product[here + 2 * units]).tanh();
        let o =
            sigmoid(inputs[there + 3 * units] + bias[unit + 3 * units] + product[here + 3 * units]);
        let new_cell = f * cell[t * count + at] + i * g;
        let new_hidden = o * new_cell.tanh();
        gates[there] = i;
        gates[there + units] = f;
        gates[there + 2 * units] = g;
        gates[there + 3 * units] = o;
        states[t * count + at] = new_hidden;
        if t + 1 == steps {
            states[steps * count + at] = new_cell;
        } else {
            let mut stays = 1.0f32;
            if kept {
                stays = keep[(t + 1) * batch + row];
            }
            hidden[(t + 1) * count + at] = stays * new_hidden;
            cell[(t + 1) * count + at] = stays * new_cell;
        }
    }
}

/// Step `t` backward: gradients of the gates before their functions, and of the cell before the step.
/// `product` is the next step's gate gradients times the transposed weights; not read at the last step.
#[cube(launch_unchecked)]
fn backward_step(
    gates: &Array<f32>,
    cell: &Array<f32>,
    keep: &Array<f32>,
    d_states: &Array<f32>,
    product: &Array<f32>,
    d_cell: &mut Array<f32>,
    d_gates: &mut Array<f32>,
    t: usize,
    steps: usize,
    batch: usize,
    #[comptime] units: usize,
    #[comptime] kept: bool,
) {
    let at = ABSOLUTE_POS;
    let count = batch * units;
    if at < count {
        let row = at / units;
        let there = t * batch * (4 * units) + row * (4 * units) + at % units;
        let i = gates[there];
        let f = gates[there + units];
        let g = gates[there + 2 * units];
        let o = gates[there + 3 * units];
        let before = cell[t * count + at];
        let tanh_cell = (f * before + i * g).tanh();

        let mut dh = d_states[t * count + at];
        let mut later = d_states[steps * count + at];
        if t + 1 < steps {
            let mut stays = 1.0f32;
            if kept {
                stays = keep[(t + 1) * batch + row];
            }
            dh += stays * product[at];
            later = d_cell[at];
        }
        let dc = dh * o * (1.0f32 - tanh_cell * tanh_cell) + later;
        d_gates[there] = dc * g * i * (1.0f32 - i);
        d_gates[there + units] = dc * before * f * (1.0f32 - f);
        d_gates[there + 2 * units] = dc * i * (1.0f32 - g * g);
        d_gates[there + 3 * units] = dh * tanh_cell * o * (1.0f32 - o);
        let mut stays = 1.0f32;
        if kept {
            stays = keep[t * batch + row];
        }
        d_cell[at] = stays * dc * f;
    }
}

/// All steps forward; see [`super::Taped`].
pub(super) fn forward<R: CubeRuntime>(
    sizes: Sizes,
    inputs: &CubeTensor<R>,
    bias: &CubeTensor<R>,
    recurrent: &CubeTensor<R>,
    keep: Option<&CubeTensor<R>>,
    start: [&CubeTensor<R>; 2],
    how: Product,
) -> (CubeTensor<R>, Taped<R>) {
    let Sizes {
        steps,
        batch,
        units,
    } = sizes;
    let client = &inputs.client;
    let count = batch * units;
    let taped = Taped::empty(inputs, sizes);
    let states = buffer(inputs, [steps + 1, batch, units]);
    let (dim, cubes) = elements(client, count);
    let first = keep.map(|keep| step_of(keep, 0));
    for (from, to) in start.into_iter().zip([&taped.hidden, &taped.cell]) {
        // SAFETY: the kernel stays below `count`, which input and output hold; a row of `keep` has `batch` values.
        unsafe {
            carry::launch_unchecked(
                client,
                cubes.clone(),
                dim,
                array(from),
                array(first.as_ref().unwrap_or(from)),
                array(to),
                0,
                count,
                units,
                first.is_some(),
            );
        }
    }
    for t in 0..steps {
        let recurrence = product(step_of(&taped.hidden, t), recurrent.clone(), how);
        // SAFETY: every index is below its array's length: units times batch times steps (times four) as allocated,
        // and the optional `keep` is only read where it is there.
        unsafe {
            forward_step::launch_unchecked(
                client,
                cubes.clone(),
                dim,
                array(inputs),
                array(bias),
                array(&recurrence),
                array(keep.unwrap_or(bias)),
                array(&taped.gates),
                array(&taped.hidden),
                array(&taped.cell),
                array(&states),
                t,
                steps,
                batch,
                units,
                keep.is_some(),
            );
        }
    }
    (states, taped)
}

/// All steps backward: gradients of the gates `[steps, batch, 4 units]` and of the carried-in hidden and cell values.
pub(super) fn backward<R: CubeRuntime>(
    sizes: Sizes,
    taped: &Taped<R>,
    recurrent: &CubeTensor<R>,
    keep: Option<&CubeTensor<R>>,
    d_states: &CubeTensor<R>,
    how: Product,
) -> [CubeTensor<R>; 3] {
    let Sizes {
        steps,
        batch,
        units,
    } = sizes;
    let client = &d_states.client;
    let count = batch * units;
    let transposed = into_contiguous(permute(recurrent.clone(), &[1, 0]));
    let d_gates = buffer(d_states, [steps, batch, 4 * units]);
    let d_cell = buffer(d_states, [batch, units]);
    let d_hidden = buffer(d_states, [batch, units]);
    let (dim, cubes) = elements(client, count);
    let mut back: Option<CubeTensor<R>> = None;
    for t in (0..steps).rev() {
        // SAFETY: as in `forward`; without a later step `product` is not read.
        unsafe {
            backward_step::launch_unchecked(
                client,
                cubes.clone(),
                dim,
                array(&taped.gates),
                array(&taped.cell),
                array(keep.unwrap_or(d_states)),
                array(d_states),
                array(back.as_ref().unwrap_or(d_states)),
                array(&d_cell),
                array(&d_gates),
                t,
                steps,
                batch,
                units,
                keep.is_some(),
            );
        }
        back = Some(product(step_of(&d_gates, t), transposed.clone(), how));
    }
    if let Some(back) = back {
        let first = keep.map(|keep| step_of(keep, 0));
        // SAFETY: as above.
        unsafe {
            carry::launch_unchecked(
                client,
                cubes,
                dim,
                array(&back),
                array(first.as_ref().unwrap_or(&back)),
                array(&d_hidden),
                0,
                count,
                units,
                first.is_some(),
            );
        }
    }
    [d_gates, d_hidden, d_cell]
}
