//! [`Ear`]: one run of the LSTM for a step, and what the heads see of it.

use super::super::encode::{self, Past, Place};
use super::super::params::feature_width;
use super::super::slices::{layer_norm, normalise};
use super::super::weights::BeatModel;
use super::chain::Chain;
use super::knobs::Knobs;
use super::state::Layers;

/// What one run of the LSTM gives the heads.
#[derive(Debug)]
pub(super) struct Ear {
    /// Top output, then the input: what the heads see.
    pub(super) features: Vec<f32>,
    pub(super) chain: Chain,
}

impl Ear {
    pub(super) fn new(model: &BeatModel) -> Self {
        Self {
            features: vec![0.0; feature_width(model.config())],
            chain: Chain::new(),
        }
    }

    /// Writes the step's input.
    pub(super) fn take_in(&mut self, model: &BeatModel, place: &Place, past: &Past, knobs: &Knobs) {
        let input = &mut self.features[model.config().units..];
        encode::encode(place, past, input);
        blend(input, model.styles().len(), knobs);
    }

    /// Runs the LSTM stack over the input; the features then hold the top layer's output.
    pub(super) fn run(&mut self, model: &BeatModel, scratch: &mut [f32], layers: &mut Layers) {
        let units = model.config().units;
        for (layer, stepper) in model.steppers().iter().enumerate() {
            let [gain, shift] = layer_norm(model.weights(), layer);
            let hidden = &mut layers.hidden[layer * units..(layer + 1) * units];
            let cell = &mut layers.cell[layer * units..(layer + 1) * units];
            // The first layer reads the input, the others the normalised output below.
            let (below, x) = self.features.split_at(units);
            let x = if layer == 0 { x } else { below };
            stepper.step(scratch, x, hidden, cell);
            normalise(hidden, gain, shift, &mut self.features[..units]);
        }
    }
}

/// Blends two styles by shares of both in the input, rather than by mixing the log-odds of two
/// runs: one drummer then hears one past and answers with one mind, it costs nothing, and the
/// guidance works on the blend as on a style.
fn blend(input: &mut [f32], styles: usize, knobs: &Knobs) {
    if knobs.blend <= 0.0 {
        return;
    }
    let share = knobs.blend.min(1.0);
    // The styles are the last columns, "any" the first of them.
    let first = input.len() - styles - 1;
    let columns = &mut input[first..];
    columns.iter_mut().for_each(|column| *column *= 1.0 - share);
    let other = knobs.other_style.filter(|&style| style < styles);
    columns[other.map_or(0, |style| style + 1)] += share;
}
