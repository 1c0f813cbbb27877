//! The differentiable model computes what the player's half does.

use super::groove;
use crate::beat::grid::Meter;
use crate::model::batch::Batch;
use crate::model::beat_net;
use crate::model::encode;
use crate::model::evaluate::hit_bits;
use crate::model::{BeatModel, Place, Sampler, params};
use burn::backend::Autodiff;
use burn::backend::flex::{Flex, FlexDevice};
use burn::tensor::Tensor;
use std::sync::Arc;

type Inner = Flex;
type Tracked = Autodiff<Flex>;

#[test]
fn training_and_playing_agree() {
    let model = BeatModel::random(16, 2, 5);
    let config = model.config().clone();
    let grid = groove(3, Meter::COMMON, 9);
    let (steps, inputs) = (grid.steps.len(), encode::width(config.styles.len()));
    let mut batch = Batch::default();
    batch.reset(steps, 1, inputs);
    for (at, step) in grid.steps.iter().enumerate() {
        let x = batch.put(at, step);
        encode::encode_grid(&grid, at, Some(2), true, x);
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
    let losses = beat_net::losses::<Inner>(
        &Default::default(),
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
        let place = Place {
            fill: Some(true),
            ..encode::place_in(&grid, at, Some(2))
        };
        let score = sampler.score(&mut state, &place, step);
        hits += hit_bits(&score.probabilities, step).iter().sum::<f64>();
        expression += score.velocity_bits.iter().sum::<f64>();
        expression += score.offset_bits.iter().sum::<f64>();
    }
    let close = |a: f64, b: f64| (a - b).abs() < 1e-4 * a.abs();
    let (a, b) = (trained(losses.hits), trained(losses.expression));
    assert!(close(a, hits), "hits: training {a} bits, playing {hits}");
    assert!(
        close(b, expression),
        "expression: training {b} bits, playing {expression}"
    );
}

/// Real drumming was measured with the built-in model: see the README's table. This is the same on bars made up here.
#[test]
fn half_precision_moves_the_figure_by_less_than_a_thousandth_of_a_bit() {
    let embedded = BeatModel::embedded().unwrap();
    // The built-in weights are in half precision themselves; these fall between its numbers.
    let between = |w: &Vec<f32>| w.iter().map(|w| w * 1.000_3).collect();
    let weights: Vec<Vec<f32>> = embedded.weights().iter().map(between).collect();
    let config = embedded.config();
    let halves = Arc::new(BeatModel::new(config.clone(), weights.clone()).unwrap());
    let whole = BeatModel::with(config.clone(), weights, |layer| layer).unwrap();
    let bits = |model: &Arc<BeatModel>| {
        let mut sampler = Sampler::new(Arc::clone(model));
        let mut total = (0.0, 0);
        for seed in 0..4 {
            let grid = groove(seed, Meter::COMMON, 16);
            let mut state = sampler.start();
            for (at, step) in grid.steps.iter().enumerate() {
                let place = encode::place_in(&grid, at, Some(16));
                let score = sampler.score(&mut state, &place, step);
                total.0 += hit_bits(&score.probabilities, step).iter().sum::<f64>();
                total.1 += 1;
            }
        }
        total.0 / f64::from(total.1)
    };
    let (halves, whole) = (bits(&halves), bits(&Arc::new(whole)));
    let apart = (halves - whole).abs();
    assert!(apart > 0.0 && apart < 1e-3, "{halves} against {whole}");
}
