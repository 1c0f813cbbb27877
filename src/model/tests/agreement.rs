//! The differentiable model computes what it says: against plain autodiff, and against the
//! player's half.

use super::groove;
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{LANES, Meter};
use crate::model::beat_net::{self, Batch};
use crate::model::encode;
use crate::model::evaluate::hit_bits;
use crate::model::{BeatModel, Sampler, lstm, params};
use burn::backend::Autodiff;
use burn::backend::flex::{Flex, FlexDevice};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Tensor, TensorData};
use std::sync::Arc;

type Inner = Flex;
type Tracked = Autodiff<Flex>;

#[test]
fn training_and_playing_agree() {
    let model = BeatModel::random(16, 2, 5);
    let config = model.config().clone();
    let grid = groove(3, Meter::COMMON, 9);
    let (steps, inputs) = (grid.steps.len(), encode::width(config.styles.len()));
    let mut batch = Batch {
        steps,
        streams: 1,
        inputs: vec![0.0; steps * inputs],
        hits: vec![0.0; steps * LANES],
        velocities: vec![0.0; steps * LANES * 32],
        offsets: vec![0.0; steps * LANES * 32],
        weights: vec![1.0; steps],
        keep: vec![1.0; steps],
    };
    for (at, step) in grid.steps.iter().enumerate() {
        let x = &mut batch.inputs[at * inputs..(at + 1) * inputs];
        encode::encode_grid(&grid, at, Some(2), true, x);
        for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            let slot = at * LANES + lane;
            batch.hits[slot] = 1.0;
            batch.velocities[slot * 32 + encode::velocity_bin(cell.velocity)] = 1.0;
            batch.offsets[slot * 32 + encode::offset_bin(cell.offset)] = 1.0;
        }
    }
    let columns = params::specs(&config);
    let params: Vec<Tensor<Tracked, 2>> = model
        .weights()
        .iter()
        .zip(&columns)
        .map(|(w, s)| Tensor::from_inner(beat_net::upload::<Inner>(w, s.columns, &FlexDevice)))
        .collect();
    let zeros = || Tensor::<Inner, 2>::zeros([1, 16], &FlexDevice);
    let mut carried = vec![(zeros(), zeros()), (zeros(), zeros())];
    let losses = beat_net::losses(
        &config,
        &params,
        &batch,
        &mut carried,
        Vec::new(),
        &FlexDevice,
    );
    let trained = |t: Tensor<Tracked, 1>| {
        f64::from(t.inner().into_data().to_vec::<f32>().unwrap()[0]) / std::f64::consts::LN_2
            * steps as f64
    };

    let mut sampler = Sampler::new(Arc::clone(&model));
    let mut state = sampler.start();
    let (mut hits, mut expression) = (0.0, 0.0);
    for (at, step) in grid.steps.iter().enumerate() {
        let score = sampler.score(
            &mut state,
            &encode::place_in(&grid, at, Some(2)),
            step,
            true,
        );
        hits += hit_bits(&score.probabilities, step).iter().sum::<f64>();
        expression += score.velocity_bits + score.offset_bits;
    }
    let close = |a: f64, b: f64| (a - b).abs() < 1e-4 * a.abs();
    let (a, b) = (trained(losses.hits), trained(losses.expression));
    assert!(close(a, hits), "hits: training {a} bits, playing {hits}");
    assert!(
        close(b, expression),
        "expression: training {b} bits, playing {expression}"
    );
}

#[test]
fn the_lstm_layer_has_the_gradients_of_plain_autodiff() {
    let (steps, batch, units) = (7, 3, 5);
    let mut draws = Stream::new(1, 0, Purpose::Test);
    let mut random = |n: usize| -> Vec<f32> { (0..n).map(|_| draws.normal() * 0.7).collect() };
    let gates = random(steps * batch * 4 * units);
    let recurrent = random(units * 4 * units);
    let (hidden, cell, pull) = (
        random(batch * units),
        random(batch * units),
        random(steps * batch * units),
    );
    let keep_values = [1.0, 0.0, 1.0];
    let inner = |v: &[f32], columns: usize| beat_net::upload::<Inner>(v, columns, &FlexDevice);
    let keep: Vec<Option<Tensor<Inner, 2>>> = (0..steps)
        .map(|t| (t == 3).then(|| inner(&keep_values, 1)))
        .collect();
    let leaf_gates = || {
        let data = TensorData::new(gates.clone(), [steps, batch, 4 * units]);
        Tensor::<Tracked, 3>::from_data(data, &FlexDevice).require_grad()
    };
    let leaf_weights =
        || Tensor::<Tracked, 2>::from_inner(inner(&recurrent, 4 * units)).require_grad();
    let pull: Tensor<Tracked, 3> =
        Tensor::from_data(TensorData::new(pull, [steps, batch, units]), &FlexDevice);

    let (x, w) = (leaf_gates(), leaf_weights());
    let out = lstm::run(
        x.clone(),
        w.clone(),
        &keep,
        inner(&hidden, units),
        inner(&cell, units),
    );
    let grads = (out.outputs.clone() * pull.clone()).sum().backward();
    let ours = [
        flat(x.grad(&grads).unwrap()),
        flat(w.grad(&grads).unwrap()),
        flat(out.outputs.inner()),
    ];

    let (x, w) = (leaf_gates(), leaf_weights());
    let mut h: Tensor<Tracked, 2> = Tensor::from_inner(inner(&hidden, units));
    let mut c: Tensor<Tracked, 2> = Tensor::from_inner(inner(&cell, units));
    let mut outputs = Vec::new();
    for t in 0..steps {
        if t == 3 {
            let keep: Tensor<Tracked, 2> = Tensor::from_inner(inner(&keep_values, 1));
            h = h * keep.clone();
            c = c * keep;
        }
        let z = x
            .clone()
            .slice([t..t + 1, 0..batch, 0..4 * units])
            .reshape([batch, 4 * units])
            + h.matmul(w.clone());
        let gate = |k: usize| z.clone().slice([0..batch, k * units..(k + 1) * units]);
        c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * gate(2).tanh();
        h = sigmoid(gate(3)) * c.clone().tanh();
        outputs.push(h.clone());
    }
    let outputs: Tensor<Tracked, 3> = Tensor::stack(outputs, 0);
    let grads = (outputs.clone() * pull).sum().backward();
    let theirs = [
        flat(x.grad(&grads).unwrap()),
        flat(w.grad(&grads).unwrap()),
        flat(outputs.inner()),
    ];
    for (name, (a, b)) in ["input gradient", "weight gradient", "output"]
        .iter()
        .zip(ours.iter().zip(&theirs))
    {
        let difference: f32 = a
            .iter()
            .zip(b)
            .map(|(x, y)| (x - y).powi(2))
            .sum::<f32>()
            .sqrt();
        let size: f32 = b.iter().map(|y| y * y).sum::<f32>().sqrt();
        assert!(
            size > 0.1 && difference / size < 1e-5,
            "{name}: off by {}",
            difference / size
        );
    }
}

fn flat<const D: usize>(t: Tensor<Inner, D>) -> Vec<f32> {
    t.into_data().to_vec().unwrap()
}
