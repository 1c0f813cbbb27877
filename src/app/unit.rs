//! [`Unit`]: the words for what a training run counts.

use crate::message::Representation;

/// What a run's figures count: 16th steps of beats, or frames of spectrograms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// What the loss is in.
    pub bits: &'static str,
    /// What is learned one after the other, in the plural.
    pub steps: &'static str,
    /// The speed, in short.
    pub rate: &'static str,
}

impl Unit {
    /// The words for a kind of run.
    #[must_use]
    pub const fn of(representation: Representation) -> Self {
        match representation {
            Representation::Beat => Self {
                bits: "bits a step",
                steps: "steps",
                rate: "steps/s",
            },
            Representation::Mel => Self {
                bits: "bits a band and frame",
                steps: "frames",
                rate: "frames/s",
            },
        }
    }
}
