//! [`Knobs`]: what a performer turns, as the sampler sees it.

use super::super::encode::Place;
use crate::beat::grid::{Cell, LANES, Step, hits};
use crate::message::{Controls, NO_STYLE};

/// What steers one step. Plain data: it may be another at every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// Of the hits: 0 (most likely) to 2.
    pub temperature: f32,
    /// Of velocity and micro-timing: 0 to 2.
    pub expression: f32,
    /// -1 to 1: fewer or more hits than the model would play; see [`super`].
    pub density: f32,
    /// Multiplies the temperature of each lane's hits.
    pub lane_temperature: [f32; LANES],
    /// Added to the density, lane by lane: -1 to 1.
    pub lane_density: [f32; LANES],
    /// Steps less likely than this share of the likeliest are not drawn: 0 (all are) to 1 (only
    /// the likeliest is).
    pub min_p: f32,
    /// How far the style is followed: 0 not at all, 1 as learned, above 1 more than learned.
    pub guidance: f32,
    /// The style to blend with that of the place; `None` is any style.
    pub other_style: Option<usize>,
    /// The share of the other style, 0 to 1.
    pub blend: f32,
    /// Whether this is a step of a fill.
    pub fill: bool,
    /// Lanes as bits, lane 0 lowest, that play what `given` says; the others are drawn given
    /// these.
    pub locked: u16,
    /// What the locked lanes play.
    pub given: Step,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            expression: 1.0,
            density: 0.0,
            lane_temperature: [1.0; LANES],
            lane_density: [0.0; LANES],
            min_p: 0.0,
            guidance: 1.0,
            other_style: None,
            blend: 0.0,
            fill: false,
            locked: 0,
            given: [Cell {
                velocity: 0,
                offset: 0.0,
            }; LANES],
        }
    }
}

impl From<&Controls> for Knobs {
    /// The knobs a performer turned. Locks and fills are no part of them: what a lane is locked
    /// to, and which steps a fill takes, only whoever plays knows.
    fn from(c: &Controls) -> Self {
        Self {
            temperature: c.temperature,
            expression: c.expression,
            density: c.density,
            lane_temperature: c.lane_temperature,
            lane_density: c.lane_density,
            min_p: c.min_p,
            guidance: c.guidance,
            other_style: (c.other_style != NO_STYLE).then_some(usize::from(c.other_style)),
            blend: c.blend,
            ..Self::default()
        }
    }
}

impl Knobs {
    /// The place with what these knobs say of it.
    pub(super) fn told(&self, place: &Place) -> Place {
        Place {
            fill: if self.fill { Some(true) } else { place.fill },
            ..*place
        }
    }

    /// The temperature of a lane's hits.
    pub(super) fn temperature_of(&self, lane: usize) -> f32 {
        self.temperature * self.lane_temperature[lane]
    }

    /// The density of a lane.
    pub(super) fn density_of(&self, lane: usize) -> f32 {
        self.density + self.lane_density[lane]
    }

    /// Whether guidance has anything to do: it is turned, and there is a style to go towards.
    pub(super) fn guides(&self, style: Option<usize>, styles: usize) -> bool {
        let known = |style: Option<usize>| style.is_some_and(|style| style < styles);
        let styled =
            (self.blend < 1.0 && known(style)) || (self.blend > 0.0 && known(self.other_style));
        styled && self.guidance != 1.0
    }

    /// Hits of the locked lanes, as bits.
    pub(super) fn given_hits(&self) -> u16 {
        hits(&self.given) & self.locked
    }
}
