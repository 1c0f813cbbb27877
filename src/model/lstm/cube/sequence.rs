//! A layer over all steps in one launch: what both directions are made of; [`super::forward`] and
//! [`super::backward`] put it together.
//!
//! A team of cubes owns a few rows of the batch and walks over the steps with them; teams never wait for one
//! another. A team of one needs no synchronisation at all; in a larger one, which the device starts together as
//! a cluster, each cube owns a share of the layer's units and reads the others' values as they appear ([`gather`]).
//!
//! The rows' values lie in shared memory, four rows side by side in a vector, so that a weight that was read once
//! serves them all. A unit of the cube multiplies them with the weights of one unit of the layer, or with a share of
//! these ([`Plan::splits`]). Weights stay where they are nearest for as long as there is room: in registers, then
//! in shared memory; the rest comes from the cache each step. Sums are f32 whatever the weights are stored as.
#![allow(unsafe_code)]

use super::plan::{BURST, Plan, ROWS};
use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// Four rows of the batch, or the four gates of a weight.
pub(super) type Quad = Vector<f32, Const<4>>;

/// Weights in the order in which the kernels read them: `output[a * units + b]` holds the four gates of
/// `recurrent[a, b]`, or of `recurrent[b, a]` where `across`; zeros behind the last `a`.
#[cube(launch_unchecked)]
pub(super) fn pack<W: Float>(
    recurrent: &Array<f32>,
    output: &mut Array<Vector<W, Const<4>>>,
    count: usize,
    #[comptime] units: usize,
    #[comptime] across: bool,
) {
    let at = ABSOLUTE_POS;
    if at < count {
        let a = at / units;
        let b = at % units;
        let mut from = a * (4 * units) + b;
        if across {
            from = b * (4 * units) + a;
        }
        let mut gates = Quad::new(0.0f32);
        if a < units {
            #[unroll]
            for gate in 0..4usize {
                gates[gate] = recurrent[from + gate * units];
            }
        }
        output[at] = Vector::cast_from(gates);
    }
}

/// Where a unit of a cube stands in the layer.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Place {
    /// Which of the cube's units of the layer, idle ones behind the last included.
    pub lane: usize,
    /// Which share of its weights.
    pub split: usize,
    /// The unit of the layer; behind the last that one again.
    pub unit: usize,
    /// Whether it is one of the cube's own.
    pub live: bool,
    /// The first row of the batch.
    pub first_row: usize,
}

#[cube]
pub(super) fn place(#[comptime] plan: Plan) -> Place {
    let lane = UNIT_POS_X as usize;
    let member = CUBE_POS % plan.team;
    let unit = member * plan.own + lane;
    Place {
        lane,
        split: UNIT_POS_Y as usize,
        unit: min(unit, plan.units - 1),
        live: lane < plan.own && unit < plan.units,
        first_row: CUBE_POS / plan.team * comptime!(ROWS * plan.groups),
    }
}

/// The row of the batch that is the `own`th of this unit's point-wise work, counted in the cube.
#[cube]
pub(super) fn own_row(place: &Place, own: usize, #[comptime] plan: Plan) -> usize {
    place.split + own * plan.splits
}

/// The part of the weights that stays on the chip, read by the unit that will use it: no barrier is needed.
#[cube]
pub(super) fn fetch<W: Float>(
    weights: &Array<Vector<W, Const<4>>>,
    registers: &mut Array<Vector<W, Const<4>>>,
    shared: &mut SharedMemory<Vector<W, Const<4>>>,
    place: &Place,
    #[comptime] plan: Plan,
) {
    let base = place.split * comptime!(plan.chunk * plan.units) + place.unit;
    #[unroll]
    for k in 0..plan.pinned {
        registers[k] = weights[base + k * plan.units];
    }
    for k in 0..plan.resident {
        shared[(place.split * plan.resident + k) * plan.lanes + place.lane] =
            weights[base + (plan.pinned + k) * plan.units];
    }
}

/// Adds one weight's share to the sums. Forward: `sums[gate, group] += w[gate] * state[k, group]`; backward the gates
/// are summed over: `sums[group] += w[gate] * state[k, gate, group]`.
#[cube]
fn add<W: Float>(
    w: Vector<W, Const<4>>,
    state: &SharedMemory<Quad>,
    sums: &mut Array<Quad>,
    k: usize,
    #[comptime] plan: Plan,
    #[comptime] forward: bool,
) {
    let w = Quad::cast_from(w);
    #[unroll]
    for group in 0..plan.groups {
        if comptime!(forward) {
            let rows = state[k * plan.groups + group];
            #[unroll]
            for gate in 0..4usize {
                let sum = sums[gate * plan.groups + group];
                sums[gate * plan.groups + group] = fma(Quad::new(w[gate]), rows, sum);
            }
        } else {
            #[unroll]
            for gate in 0..4usize {
                let rows = state[(k * 4 + gate) * plan.groups + group];
                let sum = sums[group];
                sums[group] = fma(Quad::new(w[gate]), rows, sum);
            }
        }
    }
}

/// This unit's sums over its share of the weights.
#[cube]
pub(super) fn multiply<W: Float>(
    weights: &Array<Vector<W, Const<4>>>,
    registers: &Array<Vector<W, Const<4>>>,
    shared: &SharedMemory<Vector<W, Const<4>>>,
    state: &SharedMemory<Quad>,
    sums: &mut Array<Quad>,
    place: &Place,
    #[comptime] plan: Plan,
    #[comptime] forward: bool,
) {
    #[unroll]
    for s in 0..comptime!(plan.sums(forward)) {
        sums[s] = Quad::new(0.0f32);
    }
    let first = place.split * plan.chunk;
    #[unroll]
    for k in 0..plan.pinned {
        add::<W>(registers[k], state, sums, first + k, plan, forward);
    }
    let base = place.split * comptime!(plan.resident * plan.lanes) + place.lane;
    for burst in 0..comptime!(plan.resident / BURST) {
        #[unroll]
        for b in 0..BURST {
            let k = burst * BURST + b;
            let w = shared[base + k * plan.lanes];
            add::<W>(w, state, sums, first + plan.pinned + k, plan, forward);
        }
    }
    // The reads of a burst are under way together before the first is used.
    let behind = first + comptime!(plan.pinned + plan.resident);
    let mut read = Array::<Vector<W, Const<4>>>::new(BURST);
    for burst in 0..comptime!(plan.streamed() / BURST) {
        let k = behind + burst * BURST;
        #[unroll]
        for b in 0..BURST {
            read[b] = weights[(k + b) * plan.units + place.unit];
        }
        #[unroll]
        for b in 0..BURST {
            add::<W>(read[b], state, sums, k + b, plan, forward);
        }
    }
}

/// Lays this unit's sums out for those that add them up, and waits for the others'.
#[cube]
pub(super) fn share(
    sums: &Array<Quad>,
    partial: &mut SharedMemory<f32>,
    place: &Place,
    #[comptime] plan: Plan,
    #[comptime] forward: bool,
) {
    if comptime!(plan.splits > 1) {
        let count = comptime!(plan.sums(forward));
        #[unroll]
        for s in 0..count {
            let sum = sums[s];
            #[unroll]
            for r in 0..ROWS {
                partial[((place.split * count + s) * ROWS + r) * plan.lanes + place.lane] = sum[r];
            }
        }
    }
    sync_cube();
}

/// The whole sum of a gate (backward: gate 0) for this unit's `own`th row, after [`share`].
#[cube]
pub(super) fn total(
    sums: &Array<Quad>,
    partial: &SharedMemory<f32>,
    place: &Place,
    #[comptime] gate: usize,
    #[comptime] own: usize,
    #[comptime] plan: Plan,
    #[comptime] forward: bool,
) -> f32 {
    let mut sum = 0.0f32;
    if comptime!(plan.splits > 1) {
        let row = own_row(place, own, plan);
        let at = comptime!(gate * plan.rows()) + row;
        #[unroll]
        for split in 0..plan.splits {
            sum += partial
                [(split * comptime!(plan.sums(forward) * ROWS) + at) * plan.lanes + place.lane];
        }
    } else {
        let quad = sums[comptime!(gate * plan.groups + own / ROWS)];
        sum = quad[comptime!(own % ROWS)];
    }
    sum
}

/// What a value that is not there yet reads as: the bits of a number that no computation here gives.
pub(super) const EMPTY: u32 = u32::MAX;

/// A not-a-number that is none of these.
const NO_NUMBER: u32 = 0x7fc0_0000;

/// Hands a value to the other cubes of the team. The value is its own flag, so no order between two
/// writes matters.
#[cube]
pub(super) fn hand_over(to: &Array<Atomic<u32>>, at: usize, value: f32) {
    let mut bits = u32::reinterpret(value);
    if bits == EMPTY {
        bits = u32::new(NO_NUMBER as i64);
    }
    to[at].store(bits);
}

/// Four rows of a column that other cubes are writing, at `offset` in a matrix of `stride` columns: waits until
/// all are there. The cubes of a team run at the same time, so each waits for one that is at work.
#[cube]
pub(super) fn gather(
    from: &Array<Atomic<u32>>,
    offset: usize,
    first: usize,
    batch: usize,
    #[comptime] stride: usize,
) -> Quad {
    let mut bits = Array::<u32>::new(ROWS);
    #[unroll]
    for r in 0..ROWS {
        bits[r] = from[offset + min(first + r, batch - 1) * stride].load();
    }
    let mut rows = Quad::empty();
    #[unroll]
    for r in 0..ROWS {
        while bits[r] == EMPTY {
            bits[r] = from[offset + min(first + r, batch - 1) * stride].load();
        }
        rows[r] = f32::reinterpret(bits[r]);
    }
    rows
}
