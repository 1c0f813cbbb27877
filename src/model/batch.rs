//! One update's worth of data, as small as it can be told: what the learners read and what
//! [`super::batches`] fills. Made once and filled again and again.

use crate::beat::grid::{LANES, Step, hits};

/// One update's worth of data, time first: slot `t * streams + row`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Steps of BPTT.
    pub steps: usize,
    /// Parallel rows.
    pub streams: usize,
    /// Model inputs, `[slots, inputs]`.
    pub inputs: Vec<f32>,
    /// True hits of each slot as bits, lane 0 lowest.
    pub hits: Vec<u16>,
    /// True velocity of each hit, 1 to 127, `[slots, LANES]`; 0 at rests.
    pub velocities: Vec<u8>,
    /// True micro-timing of each hit in steps, likewise.
    pub offsets: Vec<f32>,
    /// 1 for a real slot, 0 behind the end of a row.
    pub weights: Vec<f32>,
    /// 0 where the carried state is forgotten before the slot, else 1.
    pub keep: Vec<f32>,
}

impl Batch {
    /// Gives it a shape, with nothing in it: no slot is real, no state is forgotten. Allocates
    /// only where it grows.
    pub fn reset(&mut self, steps: usize, streams: usize, inputs: usize) {
        let slots = steps * streams;
        (self.steps, self.streams) = (steps, streams);
        blank(&mut self.inputs, slots * inputs, 0.0);
        blank(&mut self.hits, slots, 0);
        blank(&mut self.velocities, slots * LANES, 0);
        blank(&mut self.offsets, slots * LANES, 0.0);
        blank(&mut self.weights, slots, 0.0);
        blank(&mut self.keep, slots, 1.0);
    }

    /// How many slots it has.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.steps * self.streams
    }

    /// Makes a slot real, with `step` as its truth, and gives the place of its inputs.
    pub fn put(&mut self, slot: usize, step: &Step) -> &mut [f32] {
        let inputs = self.inputs.len() / self.slots().max(1);
        self.weights[slot] = 1.0;
        self.hits[slot] = hits(step);
        for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            self.velocities[slot * LANES + lane] = cell.velocity;
            self.offsets[slot * LANES + lane] = cell.offset;
        }
        &mut self.inputs[slot * inputs..(slot + 1) * inputs]
    }
}

/// So many of one value, in the same memory.
fn blank<T: Clone>(list: &mut Vec<T>, len: usize, value: T) {
    list.clear();
    list.resize(len, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::Cell;

    #[test]
    fn a_batch_filled_again_holds_nothing_of_before() {
        let mut step = Step::default();
        step[3] = Cell {
            velocity: 127,
            offset: 0.25,
        };
        let mut batch = Batch::default();
        batch.reset(4, 2, 5);
        batch.put(6, &step).fill(7.0);
        batch.keep[6] = 0.0;
        assert_eq!((batch.hits[6], batch.velocities[6 * LANES + 3]), (8, 127));
        assert_eq!(batch.offsets[6 * LANES + 3], 0.25);
        assert_eq!(batch.inputs[30..35], [7.0; 5]);
        let memory = batch.inputs.as_ptr();
        batch.reset(3, 2, 5);
        let mut fresh = Batch::default();
        fresh.reset(3, 2, 5);
        assert_eq!(batch, fresh);
        assert_eq!(batch.inputs.as_ptr(), memory, "the memory is the same");
    }
}
