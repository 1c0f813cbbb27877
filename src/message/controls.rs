//! What a performer can turn, as one small value.

use serde::{Deserialize, Serialize};

/// No style chosen: the model's null style.
pub const NO_STYLE: u8 = u8::MAX;

/// Every knob of the generator, with a version that grows at each turn. The journal notes
/// which version was in force when a step was committed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Controls {
    /// Grows by one at each change.
    pub version: u64,
    /// Of the hits: 0 (most likely) to 2.
    pub temperature: f32,
    /// Of velocity and micro-timing: 0 to 2.
    pub expression: f32,
    /// Fewer (-1) or more (+1) hits than the model would play.
    pub density: f32,
    /// Share of an 8th taken by its first 16th: 0.5 (straight) to 0.75.
    pub swing: f32,
    /// Tempo in thousandths of a quarter note per minute: 20,000 to 400,000.
    pub milli_bpm: u32,
    /// Index into the model's styles, or [`NO_STYLE`].
    pub style: u8,
    /// Muted lanes as bits, lane 0 lowest; they are generated but not sent.
    pub mutes: u16,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            version: 0,
            temperature: 1.0,
            expression: 1.0,
            density: 0.0,
            swing: 0.5,
            milli_bpm: 120_000,
            style: NO_STYLE,
            mutes: 0,
        }
    }
}
