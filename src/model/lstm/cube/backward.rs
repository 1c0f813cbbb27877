//! The layer's sequence kernel, backward.
#![allow(unsafe_code)]

use super::plan::{Plan, ROWS};
use super::sequence::{
    Place, Quad, fetch, gather, hand_over, multiply, own_row, place, share, total,
};
use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// What a step backward reads for each of a unit's rows: i, f, g, o, the cell before the step and the
/// gradient of the output.
const READS: usize = 6;

/// Reads them; they are needed a product later.
#[cube]
fn look_ahead(
    gates: &Array<f32>,
    cell: &Array<f32>,
    d_states: &Array<f32>,
    ahead: &mut Array<f32>,
    at: &Place,
    t: usize,
    batch: usize,
    #[comptime] plan: Plan,
) {
    let units = comptime!(plan.units);
    #[unroll]
    for own in 0..comptime!(plan.owned()) {
        let row = t * batch + min(at.first_row + own_row(at, own, plan), batch - 1);
        #[unroll]
        for gate in 0..4usize {
            ahead[own * READS + gate] = gates[row * (4 * units) + at.unit + gate * units];
        }
        ahead[own * READS + 4] = cell[row * units + at.unit];
        ahead[own * READS + 5] = d_states[row * units + at.unit];
    }
}

/// All steps backward: `d_gates [steps, batch, 4 units]`, and the gradients of the states carried in. The weights come
/// packed across. A team of more than one writes `d_gates` as bits to `handed`.
#[cube(launch_unchecked, cluster_dim = plan.cluster())]
pub(super) fn backward<W: Float>(
    gates: &Array<f32>,
    cell: &Array<f32>,
    weights: &Array<Vector<W, Const<4>>>,
    keep: &Array<f32>,
    d_states: &Array<f32>,
    d_gates: &mut Array<f32>,
    handed: &mut Array<Atomic<u32>>,
    d_hidden: &mut Array<f32>,
    d_cell: &mut Array<f32>,
    steps: usize,
    batch: usize,
    #[comptime] plan: Plan,
    #[comptime] kept: bool,
) {
    let units = comptime!(plan.units);
    let groups = comptime!(plan.groups);
    let owned = comptime!(plan.owned());
    let at = place(plan);

    let mut registers = Array::<Vector<W, Const<4>>>::new(comptime!(plan.pinned.max(1)));
    let mut shared = SharedMemory::<Vector<W, Const<4>>>::new(comptime!(plan.shared_weights()));
    let mut state = SharedMemory::<Quad>::new(comptime!(plan.state(false)));
    let mut partial = SharedMemory::<f32>::new(comptime!(plan.partial(false)));
    let mut fresh = SharedMemory::<f32>::new(comptime!(plan.fresh(false)));
    let mut sums = Array::<Quad>::new(comptime!(plan.sums(false)));
    let mut later_hidden = Array::<f32>::new(owned);
    let mut later_cell = Array::<f32>::new(owned);
    let mut stays = Array::<f32>::new(owned);
    let mut ahead = Array::<f32>::new(comptime!(READS * owned));
    fetch::<W>(weights, &mut registers, &mut shared, &at, plan);

    let me = at.split * plan.lanes + at.lane;
    let mut k = me;
    while k < comptime!(plan.state(false)) {
        state[k] = Quad::new(0.0f32);
        k += comptime!(plan.lanes * plan.splits);
    }
    #[unroll]
    for own in 0..owned {
        let row = min(at.first_row + own_row(&at, own, plan), batch - 1);
        later_hidden[own] = 0.0f32;
        later_cell[own] = d_states[(steps * batch + row) * units + at.unit];
    }
    look_ahead(
        gates,
        cell,
        d_states,
        &mut ahead,
        &at,
        steps - 1,
        batch,
        plan,
    );
    sync_cube();

    for back in 0..steps {
        let t = steps - 1 - back;
        let slot = t * batch;
        #[unroll]
        for own in 0..owned {
            let in_cube = own_row(&at, own, plan);
            let row = at.first_row + in_cube;
            stays[own] = 1.0f32;
            if at.live && row < batch && in_cube < comptime!(plan.rows()) {
                if kept {
                    stays[own] = keep[slot + row];
                }
                let i = ahead[own * READS];
                let f = ahead[own * READS + 1];
                let g = ahead[own * READS + 2];
                let o = ahead[own * READS + 3];
                let before = ahead[own * READS + 4];
                let tanh_cell = (f * before + i * g).tanh();
                let dh = ahead[own * READS + 5] + later_hidden[own];
                let dc = dh * o * (1.0f32 - tanh_cell * tanh_cell) + later_cell[own];
                let mut d = Array::<f32>::new(4usize);
                d[0usize] = dc * g * i * (1.0f32 - i);
                d[1usize] = dc * before * f * (1.0f32 - f);
                d[2usize] = dc * i * (1.0f32 - g * g);
                d[3usize] = dh * tanh_cell * o * (1.0f32 - o);
                later_cell[own] = stays[own] * dc * f;
                let there = (slot + row) * (4 * units) + at.unit;
                #[unroll]
                for gate in 0..4usize {
                    if comptime!(plan.team > 1) {
                        hand_over(handed, there + gate * units, d[gate]);
                    } else {
                        d_gates[there + gate * units] = d[gate];
                        fresh[(at.unit * 4 + gate) * comptime!(plan.rows()) + in_cube] = d[gate];
                    }
                }
            }
        }
        look_ahead(
            gates,
            cell,
            d_states,
            &mut ahead,
            &at,
            max(t, 1) - 1,
            batch,
            plan,
        );
        if comptime!(plan.team == 1) {
            sync_cube();
        }
        let mut k = me;
        while k < comptime!(4 * plan.units * plan.groups) {
            let column = k / groups;
            let group = k % groups;
            let mut rows = Quad::empty();
            if comptime!(plan.team > 1) {
                // Units count faster than gates here, so that neighbours read neighbours.
                let from = slot * (4 * units) + column;
                rows = gather(handed, from, at.first_row + group * ROWS, batch, 4 * units);
                state[(column % units * 4 + column / units) * groups + group] = rows;
            } else {
                #[unroll]
                for r in 0..ROWS {
                    rows[r] = fresh[column * comptime!(plan.rows()) + group * ROWS + r];
                }
                state[k] = rows;
            }
            k += comptime!(plan.lanes * plan.splits);
        }
        sync_cube();
        multiply::<W>(
            weights, &registers, &shared, &state, &mut sums, &at, plan, false,
        );
        share(&sums, &mut partial, &at, plan, false);
        #[unroll]
        for own in 0..owned {
            if own_row(&at, own, plan) < comptime!(plan.rows()) {
                later_hidden[own] =
                    stays[own] * total(&sums, &partial, &at, 0usize, own, plan, false);
            }
        }
    }
    #[unroll]
    for own in 0..owned {
        let in_cube = own_row(&at, own, plan);
        let row = at.first_row + in_cube;
        if at.live && row < batch && in_cube < comptime!(plan.rows()) {
            d_hidden[row * units + at.unit] = later_hidden[own];
            d_cell[row * units + at.unit] = later_cell[own];
        }
    }
}
