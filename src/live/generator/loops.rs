//! [`Loops`]: what locked lanes repeat.

use crate::base::rng::{Purpose, uniform};
use crate::beat::grid::{Cell, LANES, Meter, Step};

/// The most bars a lane repeats.
const MOST_BARS: usize = 4;

/// What a lane plays in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Repeat {
    /// It is free.
    No,
    /// This.
    Cell(Cell),
    /// What is drawn for it; from then on, that. It comes round every `length` steps.
    Again { length: usize },
}

#[derive(Debug)]
struct Lane {
    cells: Vec<Cell>,
    /// Which of them are to be drawn again.
    again: Vec<bool>,
    /// A step on which the first of them is played.
    from: u64,
}

impl Lane {
    fn index(&self, step: u64) -> Option<usize> {
        let length = self.cells.len() as u64;
        step.checked_sub(self.from)?
            .checked_rem(length)
            .map(|i| i as usize)
    }
}

/// The bars that locked lanes repeat.
#[derive(Debug)]
pub(super) struct Loops {
    /// Locked lanes as bits; one without cells waits for a whole bar.
    locked: u16,
    bars: usize,
    lanes: [Lane; LANES],
}

impl Loops {
    pub(super) fn new() -> Self {
        let room = MOST_BARS * Meter::MAX_STEPS;
        Self {
            locked: 0,
            bars: 1,
            lanes: std::array::from_fn(|_| Lane {
                cells: Vec::with_capacity(room),
                again: Vec::with_capacity(room),
                from: 0,
            }),
        }
    }

    /// How many bars the next lane to be locked repeats.
    pub(super) const fn bars(&self) -> usize {
        self.bars
    }

    pub(super) fn lock(&mut self, lanes: u16, bars: usize) {
        self.locked = lanes;
        self.bars = bars.clamp(1, MOST_BARS);
        for (i, lane) in self.lanes.iter_mut().enumerate() {
            if lanes >> i & 1 == 0 {
                lane.cells.clear();
            }
        }
    }

    /// Whether a locked lane has nothing to repeat yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.locked().any(|lane| lane.cells.is_empty())
    }

    fn locked(&self) -> impl Iterator<Item = &Lane> {
        let lanes = self.lanes.iter().enumerate();
        lanes.filter_map(|(i, lane)| (self.locked >> i & 1 == 1).then_some(lane))
    }

    /// Gives the waiting lanes what was played; step `from` plays the first of it again.
    pub(super) fn fill<'a>(&mut self, steps: impl Iterator<Item = &'a Step> + Clone, from: u64) {
        for (i, lane) in self.lanes.iter_mut().enumerate() {
            if self.locked >> i & 1 == 1 && lane.cells.is_empty() {
                lane.cells.extend(steps.clone().map(|step| step[i]));
                lane.again.clear();
                lane.again.resize(lane.cells.len(), false);
                lane.from = from;
            }
        }
    }

    /// All loops begin on this step, a bar line.
    pub(super) fn start_at(&mut self, step: u64) {
        self.lanes.iter_mut().for_each(|lane| lane.from = step);
    }

    /// The locked lanes wait for a whole bar.
    pub(super) fn forget(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.cells.clear());
    }

    pub(super) fn at(&self, lane: usize, step: u64) -> Repeat {
        let lane = &self.lanes[lane];
        match lane.index(step) {
            None => Repeat::No,
            Some(i) if lane.again[i] => Repeat::Again {
                length: lane.cells.len(),
            },
            Some(i) => Repeat::Cell(lane.cells[i]),
        }
    }

    /// Chooses steps to be drawn again, the same ones on all lanes, by a draw each.
    pub(super) fn mutate(&mut self, share: f32, seed: u64, number: u32) {
        for lane in &mut self.lanes {
            for (i, again) in lane.again.iter_mut().enumerate() {
                let draw = uniform(seed, i as u64, u64::from(number), Purpose::Mutation);
                *again |= draw < share;
            }
        }
    }

    /// What was played is repeated from now on.
    pub(super) fn commit(&mut self, number: u64, step: &Step) {
        for (lane, cell) in self.lanes.iter_mut().zip(step) {
            if let Some(i) = lane.index(number) {
                lane.cells[i] = *cell;
                lane.again[i] = false;
            }
        }
    }
}
