//! The layers: LSTM, normalisation, dropout, one upon the other, forward and back.

use super::super::batch::Batch;
use super::super::lstm::kernel::{Engine, Sparse};
use super::super::lstm::sequence::{Gradients, Layer, Shape, Weights};
use super::layout::Layout;
use super::norm::{Dropout, Norm};
use super::sized;

/// Carried hidden and cell values of a layer, `[streams, units]` each.
pub type Carried = (Vec<f32>, Vec<f32>);

/// One layer's buffers.
#[derive(Debug)]
struct Story {
    lstm: Layer,
    norm: Norm,
    /// The LSTM's output.
    raw: Vec<f32>,
    /// What the layer above sees.
    output: Vec<f32>,
}

/// The layers' buffers, reused from update to update.
#[derive(Debug)]
pub struct Stack {
    stories: Vec<Story>,
    units: usize,
    /// Gradient of a layer's output, and of what it stands on.
    d: [Vec<f32>; 2],
    d_hidden: Vec<f32>,
    d_cell: Vec<f32>,
}

impl Stack {
    /// So many layers of so many units.
    #[must_use]
    pub fn new(layers: usize, units: usize) -> Self {
        let story = |_| Story {
            lstm: Layer::new(),
            norm: Norm::default(),
            raw: Vec::new(),
            output: Vec::new(),
        };
        Self {
            stories: (0..layers).map(story).collect(),
            units,
            d: Default::default(),
            d_hidden: Vec::new(),
            d_cell: Vec::new(),
        }
    }

    /// Runs the layers over a batch; `carried` becomes the state after it. `dropout` tells each layer's.
    pub fn forward(
        &mut self,
        engine: &Engine,
        layout: &Layout,
        params: &[f32],
        (batch, inputs): (&Batch, &Sparse),
        carried: &mut [Carried],
        dropout: impl Fn(usize) -> Option<Dropout>,
    ) {
        let (units, slots) = (self.units, batch.slots());
        for (layer, (hidden, cell)) in carried.iter_mut().enumerate() {
            let (below, here) = self.stories.split_at_mut(layer);
            let Some(here) = here.first_mut() else { return };
            let x = below.last().map(|b| &b.output);
            let shape = Shape {
                steps: batch.steps,
                batch: batch.streams,
                inputs: x.map_or(inputs.columns(), |_| units),
                units,
            };
            let at = |i: usize| &params[layout.layer(layer, i)];
            let weights = Weights {
                input: at(0),
                recurrent: at(1),
                bias: at(2),
            };
            here.lstm.load(engine, weights, shape.inputs, units);
            let raw = sized(&mut here.raw, slots * units);
            let (lstm, keep) = (&mut here.lstm, &batch.keep);
            match x {
                Some(x) => lstm.forward(engine, shape, x, keep, hidden, cell, raw, true),
                None => lstm.forward_sparse(engine, shape, inputs, keep, hidden, cell, raw, true),
            }
            let output = sized(&mut here.output, slots * units);
            let dropout = dropout(layer);
            here.norm
                .forward(engine, raw, output, [at(3), at(4)], dropout.as_ref());
        }
    }

    /// The top layer's output, `[slots, units]`, and where its gradient goes.
    pub fn top(&mut self) -> (&[f32], &mut [f32]) {
        let top = self.stories.last().map_or(&[][..], |s| &s.output);
        (top, sized(&mut self.d[0], top.len()))
    }

    /// After [`Self::forward`] and with the top's gradient in its place: the gradients of all
    /// layers' weights (set).
    pub fn backward(
        &mut self,
        engine: &Engine,
        layout: &Layout,
        params: &[f32],
        (batch, inputs): (&Batch, &Sparse),
        gradient: &mut [f32],
    ) {
        let units = self.units;
        let [d, d_below] = &mut self.d;
        let d_below = sized(d_below, d.len());
        let (mut d, mut d_below) = (&mut d[..], d_below);
        for layer in (0..self.stories.len()).rev() {
            let (below, here) = self.stories.split_at_mut(layer);
            let Some(here) = here.first_mut() else { return };
            let places = std::array::from_fn(|i| layout.layer(layer, i));
            let Ok([input, recurrent, bias, d_gain, d_shift]) = gradient.get_disjoint_mut(places)
            else {
                // Blocks do not overlap.
                return;
            };
            let gain = &params[layout.layer(layer, 3)];
            here.norm
                .backward(engine, &here.raw, d, gain, [d_gain, d_shift]);
            // Gradients stop at the carried state.
            let d_hidden = sized(&mut self.d_hidden, batch.streams * units);
            let d_cell = sized(&mut self.d_cell, batch.streams * units);
            d_hidden.fill(0.0);
            d_cell.fill(0.0);
            let weights = Gradients {
                input,
                recurrent,
                bias,
            };
            let lstm = &mut here.lstm;
            match below.last() {
                Some(b) => {
                    let below = Some(&mut *d_below);
                    lstm.backward(engine, &b.output, d, d_hidden, d_cell, below, weights);
                }
                None => lstm.backward_sparse(engine, inputs, d, d_hidden, d_cell, weights),
            }
            std::mem::swap(&mut d, &mut d_below);
        }
    }
}
