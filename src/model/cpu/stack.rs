//! The layers: LSTM, normalisation, dropout, one upon the other, forward and back. Which normalisation it is, what the
//! inputs are and where the weights lie is the model's.

use super::super::lstm::kernel::{Engine, Sparse};
use super::super::lstm::sequence::{Gradients, Layer, Shape, Weights};
use super::dropout::Dropout;
use super::norm::Norm;
use super::sized;
use std::ops::Range;

/// Where a layer's weights lie in a learner's one long list: input, recurrent, bias, gain, shift.
pub trait Places {
    /// Weight `i` of a layer.
    fn layer(&self, layer: usize, i: usize) -> Range<usize>;
}

/// What stands between two layers: a normalisation with gain and shift, and dropout.
pub trait Between: Default {
    /// `y = dropout(gain * normalised x + shift)`, all `[slots, units]`. `real` is 1 for the slots that count.
    fn forward(
        &mut self,
        engine: &Engine,
        x: &[f32],
        y: &mut [f32],
        weights: [&[f32]; 2],
        real: &[f32],
        dropout: Option<&Dropout>,
    );

    /// `d` goes in as the gradient of `y` and comes out as that of `x`, the same as before; those of gain and shift are
    /// set.
    fn backward(
        &mut self,
        engine: &Engine,
        x: &[f32],
        d: &mut [f32],
        gain: &[f32],
        real: &[f32],
        d_weights: [&mut [f32]; 2],
    );
}

/// The shape of a batch, time first: slot `t * streams + row`.
#[derive(Clone, Copy, Debug)]
pub struct Slots<'a> {
    /// Steps of BPTT.
    pub steps: usize,
    /// Parallel rows.
    pub streams: usize,
    /// 0 where the carried state is forgotten before the slot, else 1.
    pub keep: &'a [f32],
    /// 1 for a real slot, 0 behind the end of a row.
    pub real: &'a [f32],
}

/// The inputs of the first layer.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Mostly zeros.
    Sparse(&'a Sparse),
    /// `[slots, inputs]`.
    Dense(&'a [f32]),
}

/// Carried hidden and cell values of a layer, `[streams, units]` each.
pub type Carried = (Vec<f32>, Vec<f32>);

/// One layer's buffers.
#[derive(Debug)]
struct Story<N> {
    lstm: Layer,
    norm: N,
    /// The LSTM's output.
    raw: Vec<f32>,
    /// What the layer above sees.
    output: Vec<f32>,
}

/// The layers' buffers, reused from update to update.
#[derive(Debug)]
pub struct Stack<N = Norm> {
    stories: Vec<Story<N>>,
    units: usize,
    /// Gradient of a layer's output, and of what it stands on.
    d: [Vec<f32>; 2],
    d_hidden: Vec<f32>,
    d_cell: Vec<f32>,
}

impl<N: Between> Stack<N> {
    /// So many layers of so many units.
    #[must_use]
    pub fn new(layers: usize, units: usize) -> Self {
        let story = |_| Story {
            lstm: Layer::new(),
            norm: N::default(),
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
        layout: &impl Places,
        params: &[f32],
        (batch, inputs): (Slots<'_>, Input<'_>),
        carried: &mut [Carried],
        dropout: impl Fn(usize) -> Option<Dropout>,
    ) {
        let (units, slots) = (self.units, batch.steps * batch.streams);
        let width = match inputs {
            Input::Sparse(x) => x.columns(),
            Input::Dense(x) => x.len() / slots.max(1),
        };
        for (layer, (hidden, cell)) in carried.iter_mut().enumerate() {
            let (below, here) = self.stories.split_at_mut(layer);
            let Some(here) = here.first_mut() else { return };
            let x = below.last().map(|b| &b.output);
            let shape = Shape {
                steps: batch.steps,
                batch: batch.streams,
                inputs: x.map_or(width, |_| units),
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
            let (lstm, keep) = (&mut here.lstm, batch.keep);
            match x.map_or(inputs, |x| Input::Dense(x)) {
                Input::Dense(x) => lstm.forward(engine, shape, x, keep, hidden, cell, raw, true),
                Input::Sparse(x) => {
                    lstm.forward_sparse(engine, shape, x, keep, hidden, cell, raw, true);
                }
            }
            let output = sized(&mut here.output, slots * units);
            let dropout = dropout(layer);
            here.norm.forward(
                engine,
                raw,
                output,
                [at(3), at(4)],
                batch.real,
                dropout.as_ref(),
            );
        }
    }

    /// Each layer's normalisation.
    pub fn norms(&self) -> impl Iterator<Item = &N> {
        self.stories.iter().map(|s| &s.norm)
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
        layout: &impl Places,
        params: &[f32],
        (batch, inputs): (Slots<'_>, Input<'_>),
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
                .backward(engine, &here.raw, d, gain, batch.real, [d_gain, d_shift]);
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
            match (below.last(), inputs) {
                (Some(b), _) => {
                    let below = Some(&mut *d_below);
                    lstm.backward(engine, &b.output, d, d_hidden, d_cell, below, weights);
                }
                (None, Input::Dense(x)) => {
                    lstm.backward(engine, x, d, d_hidden, d_cell, None, weights);
                }
                (None, Input::Sparse(x)) => {
                    lstm.backward_sparse(engine, x, d, d_hidden, d_cell, weights);
                }
            }
            std::mem::swap(&mut d, &mut d_below);
        }
    }
}
