//! The layer's sequence kernel, forward.
#![allow(unsafe_code)]

use super::cell::sigmoid;
use super::plan::{Plan, ROWS};
use super::sequence::{Quad, fetch, gather, hand_over, multiply, own_row, place, share, total};
use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// All steps forward. `inputs` without the bias, `[steps, batch, 4 units]`; outputs as in [`super::Taped`], states as in
/// [`crate::model::lstm::backend::LstmBackend`], which a team of more than one writes to `handed` in place of `states`.
#[cube(launch_unchecked, cluster_dim = plan.cluster())]
pub(super) fn forward<W: Float>(
    inputs: &Array<f32>,
    bias: &Array<f32>,
    weights: &Array<Vector<W, Const<4>>>,
    keep: &Array<f32>,
    hidden_start: &Array<f32>,
    cell_start: &Array<f32>,
    gates: &mut Array<f32>,
    hidden: &mut Array<f32>,
    cell: &mut Array<f32>,
    states: &mut Array<f32>,
    handed: &mut Array<Atomic<u32>>,
    steps: usize,
    batch: usize,
    #[comptime] plan: Plan,
    #[comptime] kept: bool,
) {
    let units = comptime!(plan.units);
    let groups = comptime!(plan.groups);
    let owned = comptime!(plan.owned());
    let at = place(plan);
    let count = batch * units;

    let mut registers = Array::<Vector<W, Const<4>>>::new(comptime!(plan.pinned.max(1)));
    let mut shared = SharedMemory::<Vector<W, Const<4>>>::new(comptime!(plan.shared_weights()));
    let mut state = SharedMemory::<Quad>::new(comptime!(plan.state(true)));
    let mut partial = SharedMemory::<f32>::new(comptime!(plan.partial(true)));
    let mut fresh = SharedMemory::<f32>::new(comptime!(plan.fresh(true)));
    let mut sums = Array::<Quad>::new(comptime!(plan.sums(true)));
    let mut cells = Array::<f32>::new(owned);
    let mut ahead = Array::<f32>::new(comptime!(4 * owned));
    let mut biases = Array::<f32>::new(4usize);
    fetch::<W>(weights, &mut registers, &mut shared, &at, plan);
    #[unroll]
    for gate in 0..4usize {
        biases[gate] = bias[at.unit + gate * units];
    }

    // The state carried in; zeros behind the last unit, where the weights are zero too.
    let me = at.split * plan.lanes + at.lane;
    let mut k = me;
    while k < comptime!(plan.state(true)) {
        let mut rows = Quad::new(0.0f32);
        if k / groups < units {
            #[unroll]
            for r in 0..ROWS {
                let row = min(at.first_row + k % groups * ROWS + r, batch - 1);
                let mut value = hidden_start[row * units + k / groups];
                if kept {
                    value *= keep[row];
                }
                rows[r] = value;
            }
        }
        state[k] = rows;
        k += comptime!(plan.lanes * plan.splits);
    }
    #[unroll]
    for own in 0..owned {
        let row = at.first_row + own_row(&at, own, plan);
        let source = min(row, batch - 1);
        let mut h = hidden_start[source * units + at.unit];
        let mut c = cell_start[source * units + at.unit];
        if kept {
            h *= keep[source];
            c *= keep[source];
        }
        cells[own] = c;
        if at.live && row < batch && own_row(&at, own, plan) < comptime!(plan.rows()) {
            hidden[row * units + at.unit] = h;
            cell[row * units + at.unit] = c;
        }
    }
    sync_cube();

    for t in 0..steps {
        let slot = t * batch;
        // Asked for before the product, needed after it.
        #[unroll]
        for own in 0..owned {
            let row = min(at.first_row + own_row(&at, own, plan), batch - 1);
            #[unroll]
            for gate in 0..4usize {
                ahead[own * 4 + gate] = inputs[(slot + row) * (4 * units) + at.unit + gate * units];
            }
        }
        multiply::<W>(
            weights, &registers, &shared, &state, &mut sums, &at, plan, true,
        );
        share(&sums, &mut partial, &at, plan, true);
        #[unroll]
        for own in 0..owned {
            let in_cube = own_row(&at, own, plan);
            let row = at.first_row + in_cube;
            if at.live && row < batch && in_cube < comptime!(plan.rows()) {
                let z = biases[0usize] + ahead[own * 4];
                let i = sigmoid(z + total(&sums, &partial, &at, 0usize, own, plan, true));
                let z = biases[1usize] + ahead[own * 4 + 1];
                let f = sigmoid(z + total(&sums, &partial, &at, 1usize, own, plan, true));
                let z = biases[2usize] + ahead[own * 4 + 2];
                let g = (z + total(&sums, &partial, &at, 2usize, own, plan, true)).tanh();
                let z = biases[3usize] + ahead[own * 4 + 3];
                let o = sigmoid(z + total(&sums, &partial, &at, 3usize, own, plan, true));
                let new_cell = f * cells[own] + i * g;
                let new_hidden = o * new_cell.tanh();

                let mut stays = 1.0f32;
                if kept {
                    stays = keep[min(t + 1, steps - 1) * batch + row];
                }
                let here = t * count + row * units + at.unit;
                if comptime!(plan.team > 1) {
                    hand_over(handed, here, new_hidden);
                } else {
                    fresh[at.unit * comptime!(plan.rows()) + in_cube] = stays * new_hidden;
                    states[here] = new_hidden;
                }
                cells[own] = stays * new_cell;
                let there = (slot + row) * (4 * units) + at.unit;
                gates[there] = i;
                gates[there + units] = f;
                gates[there + 2 * units] = g;
                gates[there + 3 * units] = o;
                if t + 1 < steps {
                    hidden[here + count] = stays * new_hidden;
                    cell[here + count] = stays * new_cell;
                } else if comptime!(plan.team > 1) {
                    hand_over(handed, here + count, new_cell);
                } else {
                    states[here + count] = new_cell;
                }
            }
        }
        // The next step's rows, four to a vector.
        if comptime!(plan.team == 1) {
            sync_cube();
        }
        let mut k = me;
        while k < comptime!(plan.units * plan.groups) {
            let unit = k / groups;
            let group = k % groups;
            let mut rows = Quad::empty();
            if comptime!(plan.team > 1) {
                let first = at.first_row + group * ROWS;
                rows = gather(handed, t * count + unit, first, batch, units);
                if kept {
                    #[unroll]
                    for r in 0..ROWS {
                        let next = min(t + 1, steps - 1) * batch + min(first + r, batch - 1);
                        rows[r] = rows[r] * keep[next];
                    }
                }
            } else {
                #[unroll]
                for r in 0..ROWS {
                    rows[r] = fresh[unit * comptime!(plan.rows()) + group * ROWS + r];
                }
            }
            state[k] = rows;
            k += comptime!(plan.lanes * plan.splits);
        }
        sync_cube();
    }
}
