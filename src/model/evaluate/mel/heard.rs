//! The figures of a transcription, for reports.

use crate::audio::onset::{Counts, Score};
use crate::beat::lane::Lane;
use serde::Serialize;

/// What was heard of strokes, matched one to one within a lane and 50 ms.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Heard {
    /// Strokes there were, heard and matched, over all lanes, and the figures made of them: micro F1.
    #[serde(flatten)]
    pub all: Share,
    /// Mean distance of matched strokes in time, milliseconds.
    pub timing_ms: f64,
    /// Pearson's correlation of the velocities of matched strokes.
    pub velocity_correlation: f64,
    /// The share of strokes that follow one of the same lane within 50 ms.
    pub repeated_share: f64,
    /// The share of strokes of velocity 15 and less.
    pub faint_share: f64,
    /// Lane by lane.
    pub lanes: Vec<LaneHeard>,
}

/// How much was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// Strokes there were.
    pub strokes: u64,
    /// Strokes heard.
    pub heard: u64,
    /// The share of those heard that there were.
    pub precision: f64,
    /// The share of those there were that were heard.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaneHeard {
    /// [`Lane::word`]
    pub lane: &'static str,
    /// How much of it was found.
    #[serde(flatten)]
    pub share: Share,
}

impl Share {
    fn of(counts: Counts) -> Self {
        Self {
            strokes: counts.real,
            heard: counts.heard,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
        }
    }
}

impl Heard {
    /// The figures of a measurement.
    #[must_use]
    pub fn of(score: &Score) -> Self {
        let lane = |lane: Lane| LaneHeard {
            lane: lane.word(),
            share: Share::of(score.lane(lane)),
        };
        Self {
            all: Share::of(score.all()),
            timing_ms: score.timing_ms(),
            velocity_correlation: score.velocity_correlation(),
            repeated_share: score.repeated_share(),
            faint_share: score.faint_share(),
            lanes: Lane::ALL.into_iter().map(lane).collect(),
        }
    }
}
