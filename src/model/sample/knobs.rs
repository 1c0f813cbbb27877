//! [`Knobs`]: what a performer turns, as the sampler sees it.

use super::super::config::ModelConfig;
use super::super::encode::Place;
use crate::beat::grid::{Cell, LANES, Step, hits};
use crate::message::{Controls, NO_STYLE};

/// What the model is told of the share of steps that have a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Fullness {
    /// What the place says.
    Untold,
    /// What is usual in the style, if the place says nothing else.
    #[default]
    Own,
    /// This share, 0 to 1.
    Share(f32),
}

/// What steers one step. Plain data: it may be another at every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// Of the hits: 0 (most likely) to 2.
    pub temperature: f32,
    /// Of velocity and micro-timing: 0 to 2.
    pub expression: f32,
    /// -1 to 1: fewer or more hits than the model would play; see [`super`].
    pub density: f32,
    /// How full the model is told to play.
    pub fullness: Fullness,
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
            fullness: Fullness::Own,
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
            fullness: if c.fullness > 0.0 {
                Fullness::Share(c.fullness)
            } else {
                Fullness::Own
            },
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
    /// The place with what these knobs say of it to a model.
    pub(super) fn told(&self, place: &Place, model: &ModelConfig) -> Place {
        let own = || model.fullness_of(place.style, self.other_style, self.blend);
        Place {
            fill: if self.fill { Some(true) } else { place.fill },
            density: match self.fullness {
                Fullness::Untold => place.density,
                // How full a style is, is counted in its beats.
                Fullness::Own if self.fill => place.density,
                Fullness::Own => place.density.or_else(own),
                Fullness::Share(share) => Some(share),
            },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::Meter;
    use crate::model::encode::place_at;
    use crate::model::{BeatModel, Sampler};
    use std::sync::Arc;

    #[test]
    fn a_style_is_played_as_full_as_it_is() {
        let config = ModelConfig {
            styles: vec!["rock".into(), "jazz".into()],
            fullness: vec![0.5, 0.9],
            ..BeatModel::embedded().unwrap().config().clone()
        };
        let told = |style, knobs: &Knobs| {
            let place = place_at(Meter::COMMON, 120.0, 0, style);
            knobs.told(&place, &config).density
        };
        let own = Knobs::default();
        assert_eq!(told(Some(1), &own), Some(0.9));
        assert_eq!(told(None, &own), None, "nobody knows");
        let blended = Knobs {
            other_style: Some(0),
            blend: 0.25,
            ..own
        };
        assert!((told(Some(1), &blended).unwrap() - 0.8).abs() < 1e-6);
        let filling = Knobs { fill: true, ..own };
        assert_eq!(told(Some(1), &filling), None, "beats say nothing of fills");
        let asked = Knobs {
            fullness: Fullness::Share(0.3),
            ..own
        };
        assert_eq!(told(None, &asked), Some(0.3));
        let untold = Knobs {
            fullness: Fullness::Untold,
            ..own
        };
        assert_eq!(told(Some(1), &untold), None);
    }

    #[test]
    fn a_model_told_to_play_fuller_does() {
        let model = BeatModel::embedded().unwrap();
        let played = |share| {
            let knobs = Knobs {
                fullness: Fullness::Share(share),
                ..Knobs::default()
            };
            let mut sampler = Sampler::new(Arc::clone(&model));
            let mut state = sampler.start();
            let steps = (0..256).map(|at| {
                let place = place_at(Meter::COMMON, 120.0, at, None);
                hits(&sampler.draw(&mut state, &place, &knobs, 5, at as u64))
            });
            steps.filter(|hits| *hits != 0).count()
        };
        let (sparse, full) = (played(0.4), played(0.95));
        assert!(sparse + 32 < full, "{sparse} and {full} of 256");
    }
}
