//! How a layer is laid out on the device: which kernels, how many rows and cubes a team, which weights stay on chip.
//!
//! The rule: every layout that fits is given an estimate in clock cycles a step from what must pass
//! through the arithmetic units, the caches and the shared memory of one multiprocessor, and the cheapest is taken. Layers
//! for which stepwise launches are cheaper still (their weights are read from memory once for the whole batch) use
//! [`super::cell`]. On an H100 and in f32 that leaves teams for widths up to about 512, and the cell above.
//! The figures behind it are the H100's data sheet's and rounded; only their ratios matter.

use burn_cubecl::cubecl;
use cubecl::ir::HardwareProperties;
use cubecl::prelude::CubeDim;

/// Rows of the batch in a vector.
pub(super) const ROWS: usize = 4;

/// Weights that are read together.
pub(super) const BURST: usize = 8;

/// Units of a plane on every device with tensor cores.
const PLANE: usize = 32;

/// Threads a cube aims at: few, so that each may hold many weights.
const THREADS: usize = 256;

/// Weights (of four gates) that a unit can hold in registers beside its sums, in words of four bytes.
const REGISTER_WORDS: usize = 128;

/// Bytes of shared memory left to the runtime.
const MARGIN: usize = 1024;

/// The layout of the sequence kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Width of the layer.
    pub(super) units: usize,
    /// Cubes that share a slice of the batch.
    pub(super) team: usize,
    /// Units of the layer a cube owns.
    pub(super) own: usize,
    /// `own` up to whole planes: the cube's first dimension.
    pub(super) lanes: usize,
    /// Units of a cube that share a unit of the layer: its second dimension.
    pub(super) splits: usize,
    /// Rows a team in vectors of [`ROWS`].
    pub(super) groups: usize,
    /// Weights a split reads for each unit of the layer, a multiple of [`BURST`].
    pub(super) chunk: usize,
    /// How many of them stay in registers.
    pub(super) pinned: usize,
    /// How many of them stay in shared memory after these; what is left is a multiple of [`BURST`], as this is.
    pub(super) resident: usize,
}

impl Plan {
    /// Rows a team.
    pub(super) const fn rows(&self) -> usize {
        self.groups * ROWS
    }

    /// Rows whose point-wise work one unit does.
    pub(super) const fn owned(&self) -> usize {
        self.rows().div_ceil(self.splits)
    }

    /// Vectors a unit sums up.
    pub(super) const fn sums(&self, forward: bool) -> usize {
        self.groups * if forward { 4 } else { 1 }
    }

    /// Vectors of values that meet the weights.
    pub(super) const fn state(&self, forward: bool) -> usize {
        self.splits * self.chunk * self.groups * if forward { 1 } else { 4 }
    }

    /// Numbers by which splits exchange their sums.
    pub(super) const fn partial(&self, forward: bool) -> usize {
        if self.splits > 1 {
            self.splits * self.sums(forward) * ROWS * self.lanes
        } else {
            1
        }
    }

    /// Numbers by which point-wise results are exchanged in a cube.
    pub(super) const fn fresh(&self, forward: bool) -> usize {
        if self.team > 1 {
            1
        } else {
            self.units * self.rows() * if forward { 1 } else { 4 }
        }
    }

    /// Weights in shared memory.
    pub(super) const fn shared_weights(&self) -> usize {
        let count = self.splits * self.resident * self.lanes;
        if count > 0 { count } else { 1 }
    }

    /// Weights that each unit reads again each step.
    pub(super) const fn streamed(&self) -> usize {
        self.chunk - self.pinned - self.resident
    }

    /// The cubes that the device must start together.
    pub(super) const fn cluster(&self) -> CubeDim {
        CubeDim::new_3d(self.team as u32, 1, 1)
    }

    /// A cube's dimensions.
    pub(super) const fn dim(&self) -> CubeDim {
        CubeDim::new_2d(self.lanes as u32, self.splits as u32)
    }

    /// Cubes for a batch.
    pub(super) const fn cubes(&self, batch: usize) -> u32 {
        (batch.div_ceil(self.rows()) * self.team) as u32
    }

    /// Bytes of shared memory; a weight (of four gates) has `weight` bytes.
    pub(super) const fn bytes(&self, weight: usize, forward: bool) -> usize {
        16 * self.state(forward)
            + 4 * (self.partial(forward) + self.fresh(forward))
            + weight * self.shared_weights()
    }

    /// A layout without weights on chip; `None` where it does not fit.
    fn bare(
        units: usize,
        team: usize,
        groups: usize,
        limits: &Limits,
        forward: bool,
    ) -> Option<Self> {
        let own = units.div_ceil(team);
        let lanes = own.next_multiple_of(PLANE);
        if units == 0 || lanes > limits.units || own * (team - 1) >= units {
            return None;
        }
        let mut splits = 1;
        while lanes * splits * 2 <= limits.units.min(THREADS) && units.div_ceil(splits * 2) >= BURST
        {
            splits *= 2;
        }
        loop {
            let plan = Self {
                units,
                team,
                own,
                lanes,
                splits,
                groups,
                chunk: units.div_ceil(splits).next_multiple_of(BURST),
                pinned: 0,
                resident: 0,
            };
            if plan.bytes(limits.weight, forward) <= limits.shared {
                return Some(plan);
            }
            if splits == 1 {
                return None;
            }
            splits /= 2;
        }
    }

    /// The same with as many weights on chip as fit.
    fn filled(mut self, limits: &Limits, forward: bool) -> Self {
        let whole = |n: usize| n / BURST * BURST;
        let threads = self.lanes * self.splits;
        // The sums need registers, too; a cube of more units has fewer for each; narrow weights need some on their way.
        let words = (limits.registers + 16).saturating_sub(4 * self.sums(forward));
        let words = words.min(limits.registers) * THREADS / threads.max(THREADS);
        let words = if limits.weight < 16 {
            words * 3 / 4
        } else {
            words
        };
        self.pinned = self.chunk.min(whole(words * 4 / limits.weight));
        let room = limits.shared - self.bytes(limits.weight, forward);
        self.resident = (self.chunk - self.pinned).min(whole(room / (threads * limits.weight)));
        self
    }

    /// A layout with so many weights on chip where they fit: what the tests vary.
    #[cfg(all(test, feature = "gpu-check"))]
    pub(super) fn laid_out(
        units: usize,
        team: usize,
        groups: usize,
        weights: [usize; 2],
        limits: &Limits,
        forward: bool,
    ) -> Option<Self> {
        let mut plan = Self::bare(units, team, groups, limits, forward)?;
        plan.pinned = weights[0].min(plan.chunk);
        plan.resident = weights[1].min(plan.chunk - plan.pinned);
        (plan.bytes(limits.weight, forward) <= limits.shared).then_some(plan)
    }

    /// Estimated clock cycles a step for the whole batch.
    fn cycles(&self, batch: usize, limits: &Limits, forward: bool) -> usize {
        let units = self.lanes * self.splits;
        let cubes = self.cubes(batch) as usize;
        let active = cubes.min(limits.cubes / self.team * self.team).max(1);
        let products = units * self.chunk * 4 * self.rows() / 128;
        let from_shared = units * self.resident * limits.weight / 128
            + units / PLANE * self.chunk * self.groups * if forward { 1 } else { 4 };
        let streamed = units * self.streamed() * limits.weight;
        let from_cache = (streamed / 64).max(streamed * active / 3000);
        let point_wise = self.rows() * self.lanes * 3 / 2;
        let waiting = if self.team > 1 { 2500 } else { 500 };
        let step = products.max(from_shared).max(from_cache) + point_wise + waiting;
        step * cubes.div_ceil(active)
    }
}

/// What the device offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Bytes of shared memory a cube.
    pub shared: usize,
    /// Units a cube.
    pub units: usize,
    /// Multiprocessors, each with room for one cube.
    pub cubes: usize,
    /// Words a unit has for weights in registers.
    pub registers: usize,
    /// Cubes that can be started together.
    pub team: usize,
    /// Bytes of a weight of four gates.
    pub weight: usize,
}

impl Limits {
    pub(super) fn of(hardware: &HardwareProperties, clusters: bool, weight: usize) -> Self {
        // Only CUDA tells; elsewhere the size of the register file is unknown, too.
        let known = hardware.num_streaming_multiprocessors;
        Self {
            shared: hardware.max_shared_memory_size.saturating_sub(MARGIN),
            units: hardware.max_units_per_cube.min(hardware.max_cube_dim.0) as usize,
            cubes: known.unwrap_or(16) as usize,
            registers: if known.is_some() { REGISTER_WORDS } else { 0 },
            team: if clusters { 8 } else { 1 },
            weight,
        }
    }
}

/// The cheapest layout for both directions, or `None` where launches step by step are cheaper.
pub(super) fn choose(units: usize, batch: usize, limits: &Limits) -> Option<[Plan; 2]> {
    let step_wise = 2 * 8500 + batch * units * units * 4 / (limits.cubes * 128 / 3).max(1);
    let best = |forward: bool| {
        let mut found: Option<(usize, Plan)> = None;
        for team in [1, 2, 4, 8] {
            for groups in [1, 2, 4] {
                if team > limits.team {
                    continue;
                }
                let Some(plan) = Plan::bare(units, team, groups, limits, forward) else {
                    continue;
                };
                let plan = plan.filled(limits, forward);
                let cycles = plan.cycles(batch, limits, forward);
                if found.is_none_or(|(least, _)| cycles < least) {
                    found = Some((cycles, plan));
                }
            }
        }
        found
    };
    let (forward, backward) = (best(true)?, best(false)?);
    (forward.0 + backward.0 <= 2 * step_wise).then_some([forward.1, backward.1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const H100: Limits = Limits {
        shared: 232_448 - MARGIN,
        units: 1024,
        cubes: 132,
        registers: REGISTER_WORDS,
        team: 8,
        weight: 16,
    };

    #[test]
    fn layouts_hold_the_layer_and_fit_the_device() {
        let small = Limits {
            shared: 31 * 1024,
            registers: 0,
            team: 1,
            cubes: 16,
            ..H100
        };
        for limits in [H100, small, Limits { weight: 8, ..H100 }] {
            for units in (1..70).chain([96, 100, 128, 200, 256, 384, 512, 1000]) {
                for batch in [1, 5, 32, 128, 512] {
                    let Some(plans) = choose(units, batch, &limits) else {
                        continue;
                    };
                    for (plan, forward) in plans.into_iter().zip([true, false]) {
                        assert!(
                            plan.bytes(limits.weight, forward) <= limits.shared,
                            "{plan:?}"
                        );
                        assert!(plan.lanes * plan.splits <= limits.units, "{plan:?}");
                        assert!(plan.own * plan.team >= units && plan.lanes >= plan.own);
                        assert!(plan.splits * plan.chunk >= units, "{plan:?}");
                        assert!(plan.cubes(batch) as usize * plan.rows() >= batch * plan.team);
                        for part in [plan.resident, plan.streamed()] {
                            assert_eq!(part % BURST, 0, "{plan:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_layer_of_the_usual_width_is_one_launch_and_nearly_all_its_weights_stay_on_chip() {
        for units in [128, 256] {
            for batch in [16, 32, 128, 512] {
                let [forward, backward] = choose(units, batch, &H100).unwrap();
                let streamed = forward.streamed() + backward.streamed();
                let most = if units == 128 { 0 } else { forward.chunk / 4 };
                assert!(streamed <= most, "{forward:?} {backward:?}");
            }
        }
        assert_eq!(choose(2048, 512, &H100), None);
    }
}
