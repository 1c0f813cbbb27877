//! What a performer can turn, as one small value.

use super::LANES;
use serde::{Deserialize, Serialize};

/// No style chosen: the model's null style.
pub const NO_STYLE: u8 = u8::MAX;

/// Every knob of the generator, with a version that grows at each turn. The journal notes
/// which version was in force when a step was committed. What an older journal or settings file
/// does not name is at rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Controls {
    /// Grows by one at each change.
    pub version: u64,
    /// Of the hits: 0 (most likely) to 2.
    pub temperature: f32,
    /// Of velocity and micro-timing: 0 to 2.
    pub expression: f32,
    /// Fewer (-1) or more (+1) hits than the model would play.
    pub density: f32,
    /// The share of steps with a hit that the model is told to play, 0.05 to 1; 0: what is usual in the style.
    pub fullness: f32,
    /// Share of an 8th taken by its first 16th: 0.5 (straight) to 0.75.
    pub swing: f32,
    /// Tempo in thousandths of a quarter note per minute: 20,000 to 400,000.
    pub milli_bpm: u32,
    /// Index into the model's styles, or [`NO_STYLE`].
    pub style: u8,
    /// Muted lanes as bits, lane 0 lowest; they are generated but not sent.
    pub mutes: u16,
    /// Multiplies the temperature of each lane: 0 to 2.
    pub lane_temperature: [f32; LANES],
    /// Added to the density of each lane: -1 to 1.
    pub lane_density: [f32; LANES],
    /// Steps less likely than this share of the likeliest are not played: 0 to 1.
    pub min_p: f32,
    /// How far the style is followed: 0 (not at all), 1 (as learned) to 3.
    pub guidance: f32,
    /// A second style, as [`Controls::style`].
    pub other_style: u8,
    /// The share of the second style: 0 to 1.
    pub blend: f32,
    /// Locked lanes as bits: each repeats the last whole bars it played, the others are drawn
    /// around it.
    pub locks: u16,
    /// How many bars a locked lane repeats: 1 to 4.
    pub loop_bars: u8,
    /// The share of a loop that a mutation draws again: 0 to 1.
    pub mutation: f32,
    /// How often a fill was asked for: each asks for the rest of the bar, or, while one is
    /// played, for the bar after it too.
    pub fills: u32,
    /// How often a mutation was asked for.
    pub mutations: u32,
}

impl Controls {
    /// The same without what belongs to a moment: no lane locked.
    #[must_use]
    pub const fn at_rest(self) -> Self {
        Self { locks: 0, ..self }
    }
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            version: 0,
            temperature: 1.0,
            expression: 1.0,
            density: 0.0,
            fullness: 0.0,
            swing: 0.5,
            milli_bpm: 120_000,
            style: NO_STYLE,
            mutes: 0,
            lane_temperature: [1.0; LANES],
            lane_density: [0.0; LANES],
            min_p: 0.0,
            guidance: 1.0,
            other_style: NO_STYLE,
            blend: 0.0,
            locks: 0,
            loop_bars: 2,
            mutation: 0.25,
            fills: 0,
            mutations: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_journal_does_not_name_is_at_rest() {
        let old = r#"{"version":7,"temperature":0.5,"expression":1.0,"density":0.25,"swing":0.5,
            "milli_bpm":104000,"style":2,"mutes":1}"#;
        let expected = Controls {
            version: 7,
            temperature: 0.5,
            density: 0.25,
            milli_bpm: 104_000,
            style: 2,
            mutes: 1,
            ..Controls::default()
        };
        assert_eq!(serde_json::from_str::<Controls>(old).unwrap(), expected);
        let new = serde_json::to_string(&expected).unwrap();
        assert_eq!(serde_json::from_str::<Controls>(&new).unwrap(), expected);
    }
}
