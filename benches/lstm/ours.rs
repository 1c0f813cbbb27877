//! Our side: a stack of layers on plain slices, the same work as the peers' scripts do.

use beatgen_tui::base::rng::{Purpose, Stream};
use beatgen_tui::model::lstm::kernel::{Engine, Packed, Then, View};
use beatgen_tui::model::lstm::sequence::{Gradients, Layer, Shape, Weights};
use beatgen_tui::model::lstm::step::Stepper;
use std::time::Instant;

/// A shape to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Layers.
    pub layers: usize,
    /// Units of each.
    pub units: usize,
    /// Inputs of the lowest.
    pub inputs: usize,
    /// Steps of a sequence.
    pub steps: usize,
    /// Rows.
    pub batch: usize,
}

impl Case {
    /// The shape that everything was measured with from the beginning.
    pub const USUAL: Self = Self {
        layers: 3,
        units: 256,
        inputs: 128,
        steps: 64,
        batch: 32,
    };

    /// Inputs of a layer.
    const fn below(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.units }
    }

    /// Floating-point operations of a training step in matrix products, two a multiplication. The gradient
    /// of the inputs is not asked for.
    pub fn flop(&self) -> f64 {
        let gates = 4 * self.units;
        let all: usize = (0..self.layers)
            .map(|layer| 3 * gates * (self.below(layer) + self.units))
            .sum();
        (all - gates * self.inputs) as f64 * 2.0 * (self.batch * self.steps) as f64
    }
}

/// As many threads as asked for.
pub fn engine(threads: usize) -> Engine {
    Engine::new(threads)
}

/// Milliseconds of one call.
pub fn timed(call: impl FnOnce()) -> f64 {
    let start = Instant::now();
    call();
    start.elapsed().as_secs_f64() * 1e3
}

/// One layer's numbers.
struct Part {
    layer: Layer,
    input: Vec<f32>,
    recurrent: Vec<f32>,
    bias: Vec<f32>,
    d_input: Vec<f32>,
    d_recurrent: Vec<f32>,
    d_bias: Vec<f32>,
    outputs: Vec<f32>,
    d_outputs: Vec<f32>,
}

/// A stack in training.
pub struct Stack {
    case: Case,
    parts: Vec<Part>,
    x: Vec<f32>,
    pull: Vec<f32>,
    hidden: Vec<f32>,
    cell: Vec<f32>,
}

/// Numbers from -1 to 1 times a scale.
fn drawn(draws: &mut Stream, scale: f32, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| (2.0 * draws.uniform() - 1.0) * scale)
        .collect()
}

impl Stack {
    /// Random weights and inputs.
    pub fn new(case: Case) -> Self {
        let mut draws = Stream::new(1, 0, Purpose::Test);
        let (slots, gates) = (case.steps * case.batch, 4 * case.units);
        let scale = 1.0 / (case.units as f32).sqrt();
        let parts = (0..case.layers)
            .map(|layer| {
                let below = case.below(layer);
                Part {
                    layer: Layer::new(),
                    input: drawn(&mut draws, scale, below * gates),
                    recurrent: drawn(&mut draws, scale, case.units * gates),
                    bias: drawn(&mut draws, scale, gates),
                    d_input: vec![0.0; below * gates],
                    d_recurrent: vec![0.0; case.units * gates],
                    d_bias: vec![0.0; gates],
                    outputs: vec![0.0; slots * case.units],
                    d_outputs: vec![0.0; slots * case.units],
                }
            })
            .collect();
        Self {
            case,
            parts,
            x: drawn(&mut draws, 1.0, slots * case.inputs),
            pull: drawn(&mut draws, 1.0, slots * case.units),
            hidden: vec![0.0; case.batch * case.units],
            cell: vec![0.0; case.batch * case.units],
        }
    }

    /// A training step without optimiser, from zero states; gives the loss, so that nothing can be left out.
    /// The weights are packed anew, as they must be after every update.
    pub fn train(&mut self, engine: &Engine) -> f32 {
        let Case {
            layers,
            units,
            steps,
            batch,
            ..
        } = self.case;
        let shape = |inputs| Shape {
            steps,
            batch,
            inputs,
            units,
        };
        for layer in 0..layers {
            let inputs = self.case.below(layer);
            let (done, rest) = self.parts.split_at_mut(layer);
            let Some(part) = rest.first_mut() else { break };
            let x = done.last().map_or(&self.x, |below| &below.outputs);
            let weights = Weights {
                input: &part.input,
                recurrent: &part.recurrent,
                bias: &part.bias,
            };
            part.layer.load(engine, weights, inputs, units);
            self.hidden.fill(0.0);
            self.cell.fill(0.0);
            part.layer.forward(
                engine,
                shape(inputs),
                x,
                &[],
                &mut self.hidden,
                &mut self.cell,
                &mut part.outputs,
                true,
            );
        }
        let Some(top) = self.parts.last_mut() else {
            return 0.0;
        };
        let loss = (top.outputs.iter().zip(&self.pull))
            .map(|(y, pull)| y * pull)
            .sum();
        top.d_outputs.copy_from_slice(&self.pull);
        for layer in (0..layers).rev() {
            let (done, rest) = self.parts.split_at_mut(layer);
            let Some(part) = rest.first_mut() else { break };
            let (x, d_x) = match done.last_mut() {
                Some(below) => (&below.outputs, Some(below.d_outputs.as_mut_slice())),
                None => (&self.x, None),
            };
            self.hidden.fill(0.0);
            self.cell.fill(0.0);
            part.layer.backward(
                engine,
                x,
                &part.d_outputs,
                &mut self.hidden,
                &mut self.cell,
                d_x,
                Gradients {
                    input: &mut part.d_input,
                    recurrent: &mut part.d_recurrent,
                    bias: &mut part.d_bias,
                },
            );
        }
        loss
    }
}

/// A stack that plays: one step at a time with carried state; weights in half precision, as the program plays.
pub struct Player {
    steppers: Vec<Stepper>,
    /// Hidden and cell values of each layer.
    states: Vec<(Vec<f32>, Vec<f32>)>,
    x: Vec<f32>,
    scratch: Vec<f32>,
}

impl Player {
    /// Random weights; `case.batch` rows.
    pub fn new(case: Case) -> Self {
        let mut draws = Stream::new(1, 0, Purpose::Test);
        let gates = 4 * case.units;
        let scale = 1.0 / (case.units as f32).sqrt();
        let isa = engine(1).isa();
        let steppers: Vec<Stepper> = (0..case.layers)
            .map(|layer| {
                let below = case.below(layer);
                let input = drawn(&mut draws, scale, below * gates);
                let recurrent = drawn(&mut draws, scale, case.units * gates);
                let bias = drawn(&mut draws, scale, gates);
                let weights = Weights {
                    input: &input,
                    recurrent: &recurrent,
                    bias: &bias,
                };
                Stepper::new(isa, weights, below, case.units).with_halves()
            })
            .collect();
        let scratch = (steppers
            .iter()
            .map(|stepper| stepper.scratch_len(case.batch)))
        .max()
        .unwrap_or(0);
        let zeros = || vec![0.0; case.batch * case.units];
        Self {
            states: steppers.iter().map(|_| (zeros(), zeros())).collect(),
            steppers,
            x: drawn(&mut draws, 1.0, case.batch * case.inputs),
            scratch: vec![0.0; scratch],
        }
    }

    /// One step of all layers.
    pub fn step(&mut self) {
        let mut below: &[f32] = &self.x;
        for (stepper, (hidden, cell)) in self.steppers.iter().zip(&mut self.states) {
            stepper.step(&mut self.scratch, below, hidden, cell);
            below = hidden;
        }
    }
}

/// A matrix product by the kernel.
pub struct Product {
    sizes: [usize; 3],
    a: Vec<f32>,
    b: Packed,
    c: Vec<f32>,
}

impl Product {
    /// `[m, k] x [k, n]`.
    pub fn new(engine: &Engine, [m, k, n]: [usize; 3]) -> Self {
        let mut draws = Stream::new(1, 0, Purpose::Test);
        let mut b = Packed::new();
        b.pack(engine, View::new(&drawn(&mut draws, 1.0, k * n), k, n));
        Self {
            sizes: [m, k, n],
            a: drawn(&mut draws, 1.0, m * k),
            b,
            c: vec![0.0; m * n],
        }
    }

    /// Multiplies once; GFLOP a second.
    pub fn gflops(&mut self, engine: &Engine) -> f64 {
        let [m, k, n] = self.sizes;
        let a = View::new(&self.a, m, k);
        let ms = timed(|| engine.product(a, &self.b, &mut self.c, Then::Set));
        2.0 * (m * k * n) as f64 / ms / 1e6
    }
}
