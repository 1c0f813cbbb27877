//! The layer against the reference: values, gradients, the same bits however the work is split.

mod steps;

use super::kernel::tests::{Draws, all_isas, distance};
use super::kernel::{Engine, Isa};
use super::reference::{Answer, Case};
use super::sequence::{Gradients, Layer, Shape, Weights};

/// A case in single precision.
struct Single {
    shape: Shape,
    input: Vec<f32>,
    recurrent: Vec<f32>,
    bias: Vec<f32>,
    x: Vec<f32>,
    keep: Vec<f32>,
    hidden: Vec<f32>,
    cell: Vec<f32>,
    d_outputs: Vec<f32>,
    d_hidden: Vec<f32>,
    d_cell: Vec<f32>,
}

/// Everything that comes out, in the order of [`Answer`].
#[derive(Clone, Debug, PartialEq)]
struct Got(Vec<Vec<f32>>);

const NAMES: [&str; 9] = [
    "outputs",
    "hidden",
    "cell",
    "d x",
    "d input",
    "d recurrent",
    "d bias",
    "d hidden",
    "d cell",
];

impl Single {
    fn new(draws: &mut Draws, steps: usize, batch: usize, inputs: usize, units: usize) -> Self {
        let slots = steps * batch;
        let mut scaled =
            |n: usize, by: f32| -> Vec<f32> { draws.numbers(n).iter().map(|v| v * by).collect() };
        let spread = 1.5 / (units as f32).sqrt();
        Self {
            shape: Shape {
                steps,
                batch,
                inputs,
                units,
            },
            input: scaled(inputs * 4 * units, 1.0 / (inputs as f32).sqrt()),
            recurrent: scaled(units * 4 * units, spread),
            bias: scaled(4 * units, 0.5),
            x: scaled(slots * inputs, 2.0),
            hidden: scaled(batch * units, 1.0),
            cell: scaled(batch * units, 2.0),
            d_outputs: scaled(slots * units, 1.0),
            d_hidden: scaled(batch * units, 1.0),
            d_cell: scaled(batch * units, 1.0),
            keep: scaled(slots, 1.0)
                .iter()
                .map(|v| f32::from(u8::from(*v > -0.7)))
                .collect(),
        }
    }

    fn random(draws: &mut Draws) -> Self {
        let (steps, batch) = (draws.size(1, 9), draws.size(1, 20));
        let (inputs, units) = (draws.size(1, 45), draws.size(1, 75));
        Self::new(draws, steps, batch, inputs, units)
    }

    fn double(&self) -> Case {
        let wide = |v: &[f32]| v.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let Shape {
            steps,
            batch,
            inputs,
            units,
        } = self.shape;
        Case {
            shape: [steps, batch, inputs, units],
            input: wide(&self.input),
            recurrent: wide(&self.recurrent),
            bias: wide(&self.bias),
            x: wide(&self.x),
            keep: wide(&self.keep),
            hidden: wide(&self.hidden),
            cell: wide(&self.cell),
            d_outputs: wide(&self.d_outputs),
            d_hidden: wide(&self.d_hidden),
            d_cell: wide(&self.d_cell),
        }
    }

    fn weights(&self) -> Weights<'_> {
        Weights {
            input: &self.input,
            recurrent: &self.recurrent,
            bias: &self.bias,
        }
    }

    fn run(&self, engine: &Engine, layer: &mut Layer, keep: &[f32]) -> Got {
        let Shape { inputs, units, .. } = self.shape;
        let mut outputs = vec![f32::NAN; self.shape.slots() * units];
        let (mut hidden, mut cell) = (self.hidden.clone(), self.cell.clone());
        layer.load(engine, self.weights(), inputs, units);
        layer.forward(
            engine,
            self.shape,
            &self.x,
            keep,
            &mut hidden,
            &mut cell,
            &mut outputs,
            true,
        );
        let (mut d_hidden, mut d_cell) = (self.d_hidden.clone(), self.d_cell.clone());
        let mut d_x = vec![f32::NAN; self.x.len()];
        let mut d: [Vec<f32>; 3] =
            [&self.input, &self.recurrent, &self.bias].map(|w| vec![f32::NAN; w.len()]);
        let [input, recurrent, bias] = &mut d;
        let gradients = Gradients {
            input,
            recurrent,
            bias,
        };
        layer.backward(
            engine,
            &self.x,
            &self.d_outputs,
            &mut d_hidden,
            &mut d_cell,
            Some(&mut d_x),
            gradients,
        );
        let [input, recurrent, bias] = d;
        Got(vec![
            outputs, hidden, cell, d_x, input, recurrent, bias, d_hidden, d_cell,
        ])
    }
}

fn compare(got: &Got, want: &Answer, what: &str) {
    let first = [&want.outputs, &want.hidden, &want.cell];
    for (n, want) in first.into_iter().chain(&want.gradients).enumerate() {
        let d = distance(&got.0[n], want);
        assert!(d < 1e-5, "{what}: {} is off by {d:e}", NAMES[n]);
    }
}

#[test]
fn values_and_gradients_agree_with_the_reference_at_sixty_random_shapes() {
    let mut draws = Draws(10);
    let engines: Vec<Engine> = all_isas().flat_map(|isa| Engine::with(isa, 2)).collect();
    // One layer for all: buffers of other shapes must not shine through.
    let mut layers: Vec<Layer> = engines.iter().map(|_| Layer::new()).collect();
    for case in 0..60 {
        let single = match case {
            0 => Single::new(&mut draws, 1, 1, 1, 1),
            1 => Single::new(&mut draws, 1, 33, 32, 64),
            2 => Single::new(&mut draws, 40, 1, 3, 17),
            3 => Single::new(&mut draws, 3, 32, 40, 200),
            _ => Single::random(&mut draws),
        };
        let want = single.double().answer();
        for (engine, layer) in engines.iter().zip(&mut layers) {
            let got = single.run(engine, layer, &single.keep);
            compare(&got, &want, &format!("{engine:?} {:?}", single.shape));
        }
    }
}

#[test]
fn no_keep_means_that_everything_is_kept() {
    let mut draws = Draws(11);
    for isa in all_isas() {
        let engine = Engine::with(isa, 1).unwrap();
        let mut single = Single::random(&mut draws);
        single.keep.fill(1.0);
        let mut layer = Layer::new();
        let got = single.run(&engine, &mut layer, &[]);
        compare(&got, &single.double().answer(), "kept");
        assert_eq!(got, single.run(&engine, &mut layer, &single.keep));
    }
}

#[test]
fn the_reference_has_the_gradients_of_its_loss() {
    let mut draws = Draws(12);
    for _ in 0..4 {
        let (steps, batch) = (draws.size(1, 4), draws.size(1, 3));
        let (inputs, units) = (draws.size(1, 4), draws.size(1, 4));
        let case = Single::new(&mut draws, steps, batch, inputs, units).double();
        let gradients = case.answer().gradients;
        type Pick = fn(&mut Case) -> &mut Vec<f64>;
        let picks: [Pick; 6] = [
            |c| &mut c.x,
            |c| &mut c.input,
            |c| &mut c.recurrent,
            |c| &mut c.bias,
            |c| &mut c.hidden,
            |c| &mut c.cell,
        ];
        for (pick, gradient) in picks.iter().zip(&gradients) {
            for (i, want) in gradient.iter().enumerate() {
                let at = |step: f64| {
                    let mut moved = case.clone();
                    pick(&mut moved)[i] += step;
                    moved.loss()
                };
                let got = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (got - want).abs() < 1e-7 * (1.0 + want.abs()),
                    "{got} {want}"
                );
            }
        }
    }
}

#[test]
fn bits_are_the_same_for_any_number_of_threads() {
    let mut draws = Draws(13);
    // The last is split by units (and by rows too, from four threads on), the others by rows.
    for (steps, batch, inputs, units) in [(6, 37, 20, 70), (9, 32, 64, 96), (5, 30, 10, 250)] {
        let single = Single::new(&mut draws, steps, batch, inputs, units);
        for isa in all_isas() {
            let run = |threads| {
                let engine = Engine::with(isa, threads).unwrap();
                single.run(&engine, &mut Layer::new(), &single.keep)
            };
            let one = run(1);
            for threads in [2, 3, 5] {
                assert_eq!(one, run(threads), "{isa:?} {threads} threads");
            }
        }
    }
}

#[test]
fn instruction_sets_agree() {
    let mut draws = Draws(14);
    let single = Single::new(&mut draws, 12, 21, 33, 100);
    let run = |isa| {
        let engine = Engine::with(isa, 1).unwrap();
        single.run(&engine, &mut Layer::new(), &single.keep)
    };
    let plain = run(Isa::Portable);
    for isa in all_isas() {
        for (n, (a, b)) in run(isa).0.iter().zip(&plain.0).enumerate() {
            let b: Vec<f64> = b.iter().map(|b| f64::from(*b)).collect();
            assert!(distance(a, &b) < 1e-5, "{isa:?} {}", NAMES[n]);
        }
    }
}

#[test]
fn two_halves_with_carried_state_are_the_whole() {
    let mut draws = Draws(15);
    for isa in all_isas() {
        let engine = Engine::with(isa, 2).unwrap();
        let single = Single::new(&mut draws, 8, 5, 11, 21);
        let Shape {
            batch,
            inputs,
            units,
            ..
        } = single.shape;
        let whole = single.run(&engine, &mut Layer::new(), &single.keep);
        let mut layer = Layer::new();
        layer.load(&engine, single.weights(), inputs, units);
        let (mut hidden, mut cell) = (single.hidden.clone(), single.cell.clone());
        let mut outputs = vec![0.0; single.shape.slots() * units];
        let shape = Shape {
            steps: 4,
            ..single.shape
        };
        for half in 0..2 {
            let slots = half * 4 * batch..(half + 1) * 4 * batch;
            let x = &single.x[slots.start * inputs..slots.end * inputs];
            let out = &mut outputs[slots.start * units..slots.end * units];
            layer.forward(
                &engine,
                shape,
                x,
                &single.keep[slots],
                &mut hidden,
                &mut cell,
                out,
                false,
            );
        }
        assert_eq!([outputs, hidden, cell], whole.0[..3], "{isa:?}");
    }
}

#[test]
fn gates_from_outside_give_the_same_as_inputs() {
    let mut draws = Draws(16);
    for isa in all_isas() {
        let engine = Engine::with(isa, 2).unwrap();
        let single = Single::random(&mut draws);
        let Shape { inputs, units, .. } = single.shape;
        let slots = single.shape.slots();
        let want = single.double().answer();
        let mut gates = vec![0.0; slots * 4 * units];
        for (slot, gates) in gates.chunks_exact_mut(4 * units).enumerate() {
            for (j, gate) in gates.iter_mut().enumerate() {
                let term = |k: usize| single.x[slot * inputs + k] * single.input[k * 4 * units + j];
                *gate = single.bias[j] + (0..inputs).map(term).sum::<f32>();
            }
        }
        let mut layer = Layer::new();
        layer.load_recurrent(&engine, &single.recurrent, units);
        let mut outputs = vec![0.0; slots * units];
        let (mut hidden, mut cell) = (single.hidden.clone(), single.cell.clone());
        layer.forward_gates(
            &engine,
            single.shape,
            &gates,
            &single.keep,
            &mut hidden,
            &mut cell,
            &mut outputs,
            true,
        );
        let (mut d_hidden, mut d_cell) = (single.d_hidden.clone(), single.d_cell.clone());
        let mut d_recurrent = vec![0.0; single.recurrent.len()];
        layer.backward_gates(
            &engine,
            &single.d_outputs,
            &mut d_hidden,
            &mut d_cell,
            &mut gates,
            &mut d_recurrent,
        );
        let [_, _, d_r, _, d_h, d_c] = &want.gradients;
        let pairs = [
            (&outputs, &want.outputs),
            (&hidden, &want.hidden),
            (&cell, &want.cell),
            (&gates, &want.d_gates),
            (&d_recurrent, d_r),
            (&d_hidden, d_h),
            (&d_cell, d_c),
        ];
        for (n, (got, want)) in pairs.into_iter().enumerate() {
            let d = distance(got, want);
            assert!(d < 1e-5, "{isa:?} {n}: {d:e}");
        }
    }
}

#[test]
#[should_panic(expected = "a tape from a pass forward")]
fn backward_without_a_tape_is_refused() {
    let mut draws = Draws(17);
    let single = Single::random(&mut draws);
    let engine = Engine::new(1);
    let mut layer = Layer::new();
    single.run(&engine, &mut layer, &single.keep);
    let (mut d_hidden, mut d_cell) = (single.d_hidden.clone(), single.d_cell.clone());
    let mut d = vec![0.0; single.recurrent.len()];
    let mut gates = vec![0.0; single.shape.slots() * 4 * single.shape.units];
    layer.backward_gates(
        &engine,
        &single.d_outputs,
        &mut d_hidden,
        &mut d_cell,
        &mut gates,
        &mut d,
    );
}
