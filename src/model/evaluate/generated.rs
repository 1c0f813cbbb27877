//! Beats drawn from a model and measured beside real ones.

use super::against::Against;
use super::plan::{self, StylePlan};
use super::real::{BARS, Sets, WARM_UP};
use super::temperatures::{Temperatures, temperatures};
use crate::base::rng::{Purpose, bits};
use crate::beat::grid::{BeatGrid, Meter};
use crate::dataset::corpus::Corpus;
use crate::model::encode::place_at;
use crate::model::sample::{Knobs, Sampler};
use crate::model::weights::BeatModel;
use rayon::prelude::*;
use serde::Serialize;
use std::sync::Arc;

/// What to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Bars, at least; whole pieces are drawn, of every style at least one.
    pub bars: usize,
    /// Of the hits, 0 to 2.
    pub temperature: f64,
    /// The temperatures at which the control of the model is measured; may be empty.
    pub temperatures: Vec<f64>,
    /// Of the draws.
    pub seed: u64,
}

/// What was drawn, and its measures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Generated {
    /// Bars drawn and measured.
    pub bars: usize,
    /// Bars of a piece.
    pub bars_per_piece: usize,
    /// Bars before them, from silence, that are not measured.
    pub warm_up_bars: usize,
    /// Of the hits.
    pub temperature: f64,
    /// Of the draws.
    pub seed: u64,
    /// Style by style.
    pub styles: Vec<StylePlan>,
    /// The set beside real music.
    #[serde(flatten)]
    pub against: Against,
    /// How the measures follow the temperature; absent where not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Temperatures>,
}

/// What plays pieces to be measured: a model of either kind.
pub trait Composer: Sync {
    /// [`BARS`] bars in 4/4 of a style at its tempo, those after the first [`WARM_UP`] from silence, by the draws of `seed`
    /// alone.
    fn piece(&self, plan: &StylePlan, temperature: f64, seed: u64) -> BeatGrid;
}

/// Draws beats in all styles of both corpora and measures them beside `train` and `validation`; the same for
/// any number of threads. `None` where neither has a beat in 4/4.
#[must_use]
pub fn generated(
    player: &impl Composer,
    train: &Corpus,
    validation: &Corpus,
    request: &Request,
) -> Option<Generated> {
    let found = measured(player, train, validation, request);
    found.map(|measured| measured.generated)
}

/// What was measured, and what it was made of.
pub(super) struct Measured {
    /// The measures.
    pub generated: Generated,
    /// The pieces drawn.
    pub grids: Vec<BeatGrid>,
    /// The real music beside them.
    pub sets: Sets,
}

/// [`generated`] with the pieces.
pub(super) fn measured(
    player: &impl Composer,
    train: &Corpus,
    validation: &Corpus,
    request: &Request,
) -> Option<Measured> {
    let real = [train, validation];
    let styles = plan::styles(&real);
    if styles.is_empty() {
        return None;
    }
    let plan = plan::in_proportion(&styles, request.bars);
    let grids = play(player, &plan, request.temperature, request.seed);
    let control = (!request.temperatures.is_empty()).then(|| {
        let plan = plan::evenly(&styles, request.bars);
        temperatures(player, &real, &plan, &request.temperatures, request.seed)
    });
    let sets = Sets::new(train, validation);
    let generated = Generated {
        bars: grids.iter().map(BeatGrid::bars).sum(),
        bars_per_piece: BARS,
        warm_up_bars: WARM_UP,
        temperature: request.temperature,
        seed: request.seed,
        styles: plan,
        against: sets.compare(&grids, request.seed),
        control,
    };
    Some(Measured {
        generated,
        grids,
        sets,
    })
}

/// Plays a plan's pieces, in its order. A piece's draws depend on the seed and its number alone, so that
/// the same piece at another temperature meets the same luck.
pub(super) fn play(
    player: &impl Composer,
    plan: &[StylePlan],
    temperature: f64,
    seed: u64,
) -> Vec<BeatGrid> {
    let pieces: Vec<&StylePlan> = plan
        .iter()
        .flat_map(|style| std::iter::repeat_n(style, style.pieces))
        .collect();
    pieces
        .par_iter()
        .enumerate()
        .map(|(number, style)| {
            let seed = bits(seed, number as u64, 0, Purpose::Shuffle);
            player.piece(style, temperature, seed)
        })
        .collect()
}

/// The knobs as `generate` sets them: cool beats are played evenly, hot ones not wildly.
fn knobs(temperature: f64) -> Knobs {
    Knobs {
        temperature: temperature as f32,
        expression: temperature.min(1.0) as f32,
        ..Knobs::default()
    }
}

impl Composer for Arc<BeatModel> {
    fn piece(&self, plan: &StylePlan, temperature: f64, seed: u64) -> BeatGrid {
        let style = plan.style.as_deref();
        let style = style.and_then(|style| self.config().style_index(style));
        let (meter, knobs) = (Meter::COMMON, knobs(temperature));
        let mut sampler = Sampler::new(Self::clone(self));
        let mut state = sampler.start();
        let mut steps = Vec::with_capacity((WARM_UP + BARS) * meter.steps());
        for at in 0..(WARM_UP + BARS) * meter.steps() {
            let place = place_at(meter, plan.bpm, at, style);
            steps.push(sampler.draw(&mut state, &place, &knobs, seed, at as u64));
        }
        steps.drain(..WARM_UP * meter.steps());
        BeatGrid {
            meter,
            tempo: plan.bpm,
            steps,
        }
    }
}
