//! The transcriber's network in training: forward and backward over a stretch of frames, as whole products. A window over frames
//! is a matrix whose rows overlap, so convolutions copy nothing.

use super::super::cpu::optimise::{Numbers, norm};
use super::super::lstm::kernel::{Engine, Packed, Then, View};
use crate::audio::onset::{KERNEL, OUTPUTS, Shape};
use crate::base::rng::{Purpose, Stream};
use crate::beat::lane::LANES;
use std::ops::Range;

/// Log-odds of an onset before anything is learned: about one frame in fifty.
const RARE: f32 = -4.0;

/// Values of one pass over a stretch, kept for the way back.
#[derive(Debug, Default)]
struct Tape {
    features: Vec<f32>,
    hidden: Vec<f32>,
    second: Vec<f32>,
    out: Vec<f32>,
}

/// The network, its optimiser and its buffers.
#[derive(Debug)]
pub struct Net {
    shape: Shape,
    engine: Engine,
    numbers: Numbers,
    gradient: Vec<f32>,
    squares: Vec<f64>,
    updates: u64,
    packed: Packed,
    tape: Tape,
    back: Tape,
    windows: Vec<f32>,
}

impl Net {
    /// A network of random weights, drawn from `seed`.
    pub fn new(shape: Shape, engine: Engine, seed: u64) -> Self {
        let mut params = vec![0.0; shape.weights()];
        for (i, (rows, columns)) in shape.layers().into_iter().enumerate() {
            let mut draws = Stream::new(seed, i as u64, Purpose::Weight);
            // He et al. 2015; the last layer starts near the mean.
            let gain = if i + 1 < shape.layers().len() {
                2.0
            } else {
                0.1
            };
            let deviation = (gain / rows as f32).sqrt();
            for w in &mut params[matrix(&shape, i)] {
                *w = draws.normal() * deviation;
            }
            if i + 1 == shape.layers().len() {
                let bias = &mut params[bias(&shape, i)];
                bias[..LANES].fill(RARE);
                bias[LANES..2 * LANES].fill(0.5);
            }
            debug_assert_eq!(columns, bias(&shape, i).len());
        }
        let zeros = vec![0.0; params.len()];
        Self {
            shape,
            engine,
            gradient: zeros.clone(),
            numbers: Numbers {
                average: params.clone(),
                params,
                first: zeros.clone(),
                second: zeros,
            },
            squares: Vec::new(),
            updates: 0,
            packed: Packed::new(),
            tape: Tape::default(),
            back: Tape::default(),
            windows: Vec::new(),
        }
    }

    /// The averaged weights, in the order of an ear's.
    pub fn weights(&self) -> &[f32] {
        &self.numbers.average
    }

    /// What the network says of normalised frames `[n, bands]`: `[n - reach + 1, OUTPUTS]`, row `r` of frame `r + before`.
    pub fn forward(&mut self, frames: &[f32]) -> &[f32] {
        let Self {
            shape,
            engine,
            numbers,
            packed,
            tape,
            ..
        } = self;
        let n = frames.len() / shape.bands;
        let (coded, decided) = (n + 1 - KERNEL, n + 1 - shape.reach());
        let mut layer = |i: usize, x: View<'_>, out: &mut Vec<f32>, rectify: bool| {
            let (rows, columns) = shape.layers()[i];
            out.resize(x.rows * columns, 0.0);
            let w = View::new(&numbers.params[matrix(shape, i)], rows, columns);
            let then = Then::SetWithBias(&numbers.params[bias(shape, i)]);
            engine.product_of(x, w, out, then, packed);
            if rectify {
                out.iter_mut().for_each(|x| *x = x.max(0.0));
            }
        };
        let over = |data, rows, width, each| View {
            data,
            rows,
            columns: width * each,
            row_stride: each,
            column_stride: 1,
        };
        let x = over(frames, coded, KERNEL, shape.bands);
        layer(0, x, &mut tape.features, true);
        let x = over(&tape.features, decided, shape.window, shape.features);
        layer(1, x, &mut tape.hidden, true);
        layer(
            2,
            View::new(&tape.hidden, decided, shape.hidden),
            &mut tape.second,
            true,
        );
        layer(
            3,
            View::new(&tape.second, decided, shape.second),
            &mut tape.out,
            false,
        );
        &tape.out
    }

    /// One update from the frames last given to [`Net::forward`] and the loss's gradient in what it said.
    pub fn learn(&mut self, frames: &[f32], wrong: &[f32], learning_rate: f64) {
        let Self {
            shape,
            engine,
            numbers,
            gradient,
            packed,
            tape,
            back,
            windows,
            ..
        } = self;
        let n = frames.len() / shape.bands;
        let (coded, decided) = (n + 1 - KERNEL, n + 1 - shape.reach());
        let params = &numbers.params;
        // Gradients of a layer's matrix and biases from its input and the gradient of its output.
        let mut weights = |i: usize, x: View<'_>, d: &[f32], packed: &mut Packed| {
            let columns = shape.layers()[i].1;
            let d = View::new(d, x.rows, columns);
            let to = &mut gradient[matrix(shape, i)];
            engine.product_of(x.transposed(), d, to, Then::Set, packed);
            let sums = &mut gradient[bias(shape, i)];
            sums.fill(0.0);
            for row in d.data.chunks_exact(columns) {
                sums.iter_mut().zip(row).for_each(|(s, d)| *s += d);
            }
        };
        // The gradient of a layer's input.
        let inputs = |i: usize, d: &[f32], out: &mut Vec<f32>, packed: &mut Packed| {
            let (rows, columns) = shape.layers()[i];
            let d = View::new(d, d.len() / columns, columns);
            out.resize(d.rows * rows, 0.0);
            let w = View::new(&params[matrix(shape, i)], rows, columns).transposed();
            engine.product_of(d, w, out, Then::Set, packed);
        };
        let over = |data, rows, width, each| View {
            data,
            rows,
            columns: width * each,
            row_stride: each,
            column_stride: 1,
        };
        weights(
            3,
            View::new(&tape.second, decided, shape.second),
            wrong,
            packed,
        );
        inputs(3, wrong, &mut back.second, packed);
        pass(&tape.second, &mut back.second);
        weights(
            2,
            View::new(&tape.hidden, decided, shape.hidden),
            &back.second,
            packed,
        );
        inputs(2, &back.second, &mut back.hidden, packed);
        pass(&tape.hidden, &mut back.hidden);
        let x = over(&tape.features, decided, shape.window, shape.features);
        weights(1, x, &back.hidden, packed);
        inputs(1, &back.hidden, windows, packed);
        back.features.clear();
        back.features.resize(coded * shape.features, 0.0);
        let wide = shape.window * shape.features;
        for (r, window) in windows.chunks_exact(wide).enumerate() {
            let at = r * shape.features;
            let to = &mut back.features[at..at + wide];
            to.iter_mut().zip(window).for_each(|(t, w)| *t += w);
        }
        pass(&tape.features, &mut back.features);
        weights(
            0,
            over(frames, coded, KERNEL, shape.bands),
            &back.features,
            packed,
        );
        let size = norm(engine, gradient, &mut self.squares);
        if size.is_finite() {
            self.updates += 1;
            let step = (size, learning_rate, self.updates);
            numbers.step(engine, gradient, shape.matrices(), step);
        }
    }

    /// The gradient of the last update, before it was clipped.
    #[cfg(test)]
    pub fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    /// The weights in training.
    #[cfg(test)]
    pub fn params_mut(&mut self) -> &mut [f32] {
        &mut self.numbers.params
    }
}

/// Lets a gradient through where the rectifier let its value through.
fn pass(values: &[f32], gradient: &mut [f32]) {
    for (g, v) in gradient.iter_mut().zip(values) {
        *g = if *v > 0.0 { *g } else { 0.0 };
    }
}

fn matrix(shape: &Shape, layer: usize) -> Range<usize> {
    let sizes = shape.layers().map(|(r, c)| r * c);
    let at = sizes[..layer].iter().sum::<usize>();
    at..at + sizes[layer]
}

fn bias(shape: &Shape, layer: usize) -> Range<usize> {
    let sizes = shape.layers().map(|(_, c)| c);
    let at = shape.matrices() + sizes[..layer].iter().sum::<usize>();
    at..at + sizes[layer]
}

/// What [`OUTPUTS`] are by place: onsets, then velocities, then offsets.
pub const PARTS: [Range<usize>; 3] = [0..LANES, LANES..2 * LANES, 2 * LANES..OUTPUTS];
