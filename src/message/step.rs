//! One 16th step of nine lanes, the smallest thing the model plays.

use serde::{Deserialize, Serialize};

/// How many drum lanes there are; their names and order are in [`crate::beat::lane`].
pub const LANES: usize = 9;

/// One lane in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// MIDI velocity, 1 to 127; 0 is a rest.
    pub velocity: u8,
    /// Micro-timing: how far after its grid time the hit lies, in steps, at least -0.5 and
    /// below 0.5; 0 for a rest.
    pub offset: f32,
}

/// All lanes in one step.
pub type Step = [Cell; LANES];

/// The hits of a step as bits, lane 0 lowest.
#[must_use]
pub fn hits(step: &Step) -> u16 {
    step.iter().enumerate().fold(0, |bits, (lane, cell)| {
        bits | (u16::from(cell.velocity > 0) << lane)
    })
}

/// A step as it sounded: with the knobs that were in force when it was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayedStep {
    /// Its hits, without those of muted lanes.
    pub step: Step,
    /// Its place in its bar.
    pub step_in_bar: u16,
    /// The tempo, in thousandths of a quarter note per minute.
    pub milli_bpm: u32,
    /// The swing, 0.5 (none) to 0.75.
    pub swing: f32,
}
