//! Promise: the LSTM layer and its gradients are PyTorch's, within 1e-5 of each tensor's norm, for every
//! instruction set of this machine and any number of threads.
//!
//! `tests/data/lstm_golden.py` says what the file holds and how inputs are drawn.

use super::off;
use crate::model::lstm::kernel::{Engine, Isa};
use crate::model::lstm::sequence::{Gradients, Layer, Shape, Weights};
use safetensors::SafeTensors;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/lstm_golden.safetensors"
);
/// Norm of the difference over norm, per tensor.
const TOLERANCE: f64 = 1e-5;

/// A case's shape and where its numbers come from.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    shape: Shape,
    seed: u64,
    keeps: bool,
}

impl Case {
    fn new(name: &str, line: &str) -> Self {
        let numbers: Vec<u64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
        let [steps, batch, inputs, units, seed, keeps] = numbers[..] else {
            panic!("{name}: {line}");
        };
        Self {
            name: name.into(),
            shape: Shape {
                steps: steps as usize,
                batch: batch as usize,
                inputs: inputs as usize,
                units: units as usize,
            },
            seed,
            keeps: keeps == 1,
        }
    }

    /// The numbers of a stream: the script's formula.
    fn draw(&self, stream: u64, scale: f32, count: usize) -> Vec<f32> {
        let first = ((self.seed * 64 + stream) << 32).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = |k: u64| {
            let mut z = first.wrapping_add(k);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            ((z >> 40) as f32 / (1 << 24) as f32 - 0.5) * scale
        };
        (0..count as u64).map(value).collect()
    }

    /// What our layer finds, in the file's names.
    fn run(&self, engine: &Engine, layer: &mut Layer) -> Vec<(&'static str, Vec<f32>)> {
        let shape = || Shape { ..self.shape };
        let Shape {
            steps,
            batch,
            inputs,
            units,
        } = shape();
        let (slots, gates, state) = (steps * batch, 4 * units, batch * units);
        let x = self.draw(0, 2.0, slots * inputs);
        let input = self.draw(1, 1.0, inputs * gates);
        let recurrent = self.draw(2, 1.0, units * gates);
        let bias = self.draw(3, 1.0, gates);
        let mut hidden = self.draw(4, 2.0, state);
        let mut cell = self.draw(5, 2.0, state);
        let pull = self.draw(6, 2.0, slots * units);
        let mut d_hidden = self.draw(7, 2.0, state);
        let mut d_cell = self.draw(8, 2.0, state);
        let keep: Vec<f32> = match self.keeps {
            true => self
                .draw(9, 1.0, slots)
                .iter()
                .map(|k| f32::from(u8::from(*k >= -0.3)))
                .collect(),
            false => Vec::new(),
        };
        let weights = Weights {
            input: &input,
            recurrent: &recurrent,
            bias: &bias,
        };
        layer.load(engine, weights, inputs, units);
        // Whatever the buffers held before must not matter.
        let mut outputs = vec![f32::NAN; slots * units];
        layer.forward(
            engine,
            shape(),
            &x,
            &keep,
            &mut hidden,
            &mut cell,
            &mut outputs,
            true,
        );
        let mut d_x = vec![f32::NAN; slots * inputs];
        let mut d_input = vec![f32::NAN; inputs * gates];
        let mut d_recurrent = vec![f32::NAN; units * gates];
        let mut d_bias = vec![f32::NAN; gates];
        layer.backward(
            engine,
            &x,
            &pull,
            &mut d_hidden,
            &mut d_cell,
            Some(&mut d_x),
            Gradients {
                input: &mut d_input,
                recurrent: &mut d_recurrent,
                bias: &mut d_bias,
            },
        );
        vec![
            ("outputs", outputs),
            ("hidden", hidden),
            ("cell", cell),
            ("d_x", d_x),
            ("d_hidden", d_hidden),
            ("d_cell", d_cell),
            ("d_input", d_input),
            ("d_recurrent", d_recurrent),
            ("d_bias", d_bias),
        ]
    }
}

#[test]
fn layer_and_gradients_are_pytorchs() {
    let bytes = std::fs::read(FILE).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut cases: Vec<Case> = header
        .metadata()
        .iter()
        .flatten()
        .filter(|(name, _)| name.as_str() != "torch")
        .map(|(name, line)| Case::new(name, line))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(cases.len() >= 50);
    let mut machines = 0;
    for isa in [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Portable] {
        for threads in [1, 3] {
            let Some(engine) = Engine::with(isa, threads) else {
                continue;
            };
            machines += 1;
            // One layer for all shapes: its buffers grow and shrink in use.
            let mut layer = Layer::new();
            for case in &cases {
                for (name, got) in case.run(&engine, &mut layer) {
                    let name = format!("{}.{name}", case.name);
                    let wanted: Vec<f32> = file
                        .tensor(&name)
                        .unwrap()
                        .data()
                        .chunks_exact(4)
                        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                        .collect();
                    assert_eq!(got.len(), wanted.len(), "{name}");
                    let off = off(&got, &wanted);
                    // Where nothing is wanted but NaN came, the distance is NaN: not below either.
                    assert!(
                        off <= TOLERANCE,
                        "{name}, {threads} threads: off by {off:e} of its norm, {case:?}"
                    );
                }
            }
        }
    }
    assert!(machines >= 2, "at least the portable kernel runs anywhere");
}
