//! The beat model as differentiable tensors: the loss of a batch.
//!
//! Must compute exactly what [`super::sample`] computes; the test
//! `training_and_playing_agree` compares the two.

use super::batch::Batch;
use super::config::{BINS, COMPONENTS, HEAD_WIDTH, MIX, ModelConfig};
use super::encode::{offset_bin, velocity_bin};
use super::lstm::backend::{LstmBackend, Operands};
use super::lstm::op;
use super::params::{Head, PER_LAYER};
use super::slices::NORM_EPSILON;
use crate::beat::grid::LANES;
use burn::backend::Autodiff;
use burn::tensor::activation::{log_sigmoid, log_softmax, relu};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// The mean losses of a batch, in nats a step.
pub struct Losses<B: Backend> {
    /// Hits.
    pub hits: Tensor<Autodiff<B>, 1>,
    /// Velocity and micro-timing of the hits.
    pub expression: Tensor<Autodiff<B>, 1>,
}

/// The carried state of one layer: hidden and cell, each `[streams, units]`.
pub type Carried<B> = (Tensor<B, 2>, Tensor<B, 2>);

/// Runs the model over a batch. `carried` is replaced by the state after it; `dropout` holds,
/// for each layer, factors `[slots, units]` for its output (none: nothing is dropped).
pub fn losses<B: LstmBackend>(
    workspace: &B::Workspace,
    config: &ModelConfig,
    params: &[Tensor<Autodiff<B>, 2>],
    batch: &Batch,
    carried: &mut [Carried<B>],
    dropout: Vec<Tensor<B, 2>>,
    device: &B::Device,
) -> Losses<B> {
    let (steps, streams) = (batch.steps, batch.streams);
    let slots = steps * streams;
    let constant = |values: &[f32], columns: usize| -> Tensor<Autodiff<B>, 2> {
        Tensor::from_inner(upload(values, columns, device))
    };
    let inputs = constant(&batch.inputs, batch.inputs.len() / slots.max(1));
    let true_hits = dense_hits(batch);
    let hits = constant(&true_hits, LANES);
    let weights = constant(&batch.weights, 1);

    let keep = batch
        .keep
        .contains(&0.0)
        .then(|| constant(&batch.keep, streams));
    let mut below = inputs.clone();
    let mut dropout = dropout.into_iter();
    for (layer, (hidden, cell)) in carried.iter_mut().enumerate() {
        let at = |i: usize| params[layer * PER_LAYER + i].clone();
        let width = below.dims()[1];
        let operands = Operands {
            x: below.reshape([steps, streams, width]),
            input: at(0),
            recurrent: at(1),
            bias: at(2),
            hidden: Tensor::from_inner(hidden.clone()),
            cell: Tensor::from_inner(cell.clone()),
            keep: keep.clone(),
        };
        let out = op::run(workspace, operands);
        // Gradients stop here: what is carried on is plain numbers.
        (*hidden, *cell) = (out.hidden.inner(), out.cell.inner());
        let y = normalise(out.outputs.reshape([slots, config.units]), at(3), at(4));
        below = match dropout.next() {
            Some(factors) => y * Tensor::from_inner(factors),
            None => y,
        };
    }

    let head = |h: Head| params[h.index(config.layers)].clone();
    let z = Tensor::cat(vec![below, inputs], 1);

    // The chain: lane j sees the true hits of the lanes before it.
    let mut before = vec![0.0; slots * LANES * LANES];
    for (slot, truth) in true_hits.chunks_exact(LANES).enumerate() {
        for lane in 0..LANES {
            let row = &mut before[(slot * LANES + lane) * LANES..][..lane];
            row.copy_from_slice(&truth[..lane]);
        }
    }
    let base = z.clone().matmul(head(Head::ChainIn)) + head(Head::ChainBias);
    let chain = constant(&before, LANES)
        .matmul(head(Head::ChainHits))
        .reshape([slots, LANES, HEAD_WIDTH])
        + base.reshape([slots, 1, HEAD_WIDTH]);
    let from_chain = (relu(chain) * head(Head::ChainOut).reshape([1, LANES, HEAD_WIDTH]))
        .sum_dim(2)
        .reshape([slots, LANES]);
    let earlier: Vec<f32> = (0..LANES * LANES)
        .map(|i| f32::from(u8::from(i / LANES < i % LANES)))
        .collect();
    let lane_to_lane = head(Head::LaneToLane) * constant(&earlier, LANES);
    let logits = from_chain
        + hits.clone().matmul(lane_to_lane)
        + z.clone().matmul(head(Head::Skip))
        + head(Head::HitBias);
    // -log p in the form that cannot overflow: max(x, 0) - x y + log(1 + exp(-|x|)).
    let hit_loss =
        relu(logits.clone()) - logits.clone() * hits.clone() + logits.abs().neg().exp().log1p();

    let base = z.matmul(head(Head::ExpressionIn))
        + hits.matmul(head(Head::ExpressionHits))
        + head(Head::ExpressionBias);
    // What each lane is told of the lanes before it, and for its micro-timing of its own velocity.
    let told = |values: &dyn Fn(usize) -> f32, own: bool, by: Head| {
        let mut rows = vec![0.0; slots * LANES * LANES];
        for place in 0..slots * LANES {
            let (slot, lane) = (place / LANES, place % LANES);
            for before in 0..lane + usize::from(own) {
                rows[place * LANES + before] = values(slot * LANES + before);
            }
        }
        let shape = [slots, LANES, HEAD_WIDTH];
        constant(&rows, LANES).matmul(head(by)).reshape(shape)
    };
    let velocity = |place: usize| f32::from(batch.velocities[place]) / 127.0;
    let offset = |place: usize| batch.offsets[place];
    let before =
        base.reshape([slots, 1, HEAD_WIDTH]) + told(&offset, false, Head::ExpressionOffset);
    let mask = constant(&true_hits, 1)
        .reshape([slots, LANES])
        .swap_dims(0, 1);
    let mixed = |own: bool, out: Head, bias: Head, bin: &dyn Fn(usize) -> usize| {
        let hidden = relu(before.clone() + told(&velocity, own, Head::ExpressionVelocity));
        let weights = head(out).reshape([HEAD_WIDTH, LANES, MIX]).swap_dims(0, 1);
        let bias = head(bias).reshape([LANES, 1, MIX]);
        let mixes = hidden.swap_dims(0, 1).matmul(weights) + bias;
        let from: Vec<f32> = (0..slots * LANES)
            .map(|place| bin(place) as f32 / BINS as f32)
            .collect();
        let from = constant(&from, LANES).swap_dims(0, 1);
        (mass(mixes, from.reshape([LANES, slots, 1])) * mask.clone())
            .sum()
            .neg()
    };
    let expression = mixed(false, Head::VelocityOut, Head::VelocityBias, &|place| {
        velocity_bin(batch.velocities[place])
    }) + mixed(true, Head::OffsetOut, Head::OffsetBias, &|place| {
        offset_bin(batch.offsets[place])
    });

    let count = batch.weights.iter().sum::<f32>().max(1.0);
    Losses {
        hits: (hit_loss * weights).sum().div_scalar(count),
        expression: expression.div_scalar(count),
    }
}

/// True hits as numbers, `[slots, LANES]`.
fn dense_hits(batch: &Batch) -> Vec<f32> {
    let lanes = |bits: &u16| {
        let bits = *bits;
        (0..LANES).map(move |lane| f32::from(bits >> lane & 1))
    };
    batch.hits.iter().flat_map(lanes).collect()
}

/// `log` of the mass of a bin of each mixture, `[LANES, slots]`; `from`, `[LANES, slots, 1]`, is where the bin begins. As
/// [`super::mixture::learn`].
fn mass<B: Backend>(
    mixes: Tensor<Autodiff<B>, 3>,
    from: Tensor<Autodiff<B>, 3>,
) -> Tensor<Autodiff<B>, 2> {
    let [lanes, slots, _] = mixes.dims();
    let part = |i: usize| mixes.clone().narrow(2, i * COMPONENTS, COMPONENTS);
    let weights = log_softmax(part(0), 2);
    let mean = part(1).add_scalar(0.5);
    let inverse = part(2).clamp(-6.0, 3.0).neg().exp();
    let between = |low: Tensor<Autodiff<B>, 3>, wide: Tensor<Autodiff<B>, 3>| {
        // 1 - exp(-w) without cancellation: 2 t / (1 + t), t = tanh(w / 2).
        let t = wide.clone().mul_scalar(0.5).tanh();
        let rest = t.clone().log() - t.add_scalar(1.0).log() + std::f32::consts::LN_2;
        rest + log_sigmoid(low.clone() + wide) + log_sigmoid(low.neg())
    };
    let inside = between(
        (from - mean.clone()) * inverse.clone(),
        inverse.clone().div_scalar(BINS as f32),
    );
    let whole = between(mean.neg() * inverse.clone(), inverse);
    let each = weights + inside - whole;
    let top = each.clone().detach().max_dim(2);
    let sum = (each - top.clone()).exp().sum_dim(2).log() + top;
    sum.reshape([lanes, slots])
}

/// Layer normalisation over the columns.
fn normalise<B: Backend>(
    x: Tensor<Autodiff<B>, 2>,
    gain: Tensor<Autodiff<B>, 2>,
    shift: Tensor<Autodiff<B>, 2>,
) -> Tensor<Autodiff<B>, 2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    centred / variance.add_scalar(NORM_EPSILON).sqrt() * gain + shift
}

/// Numbers as a tensor of so many columns.
pub(super) fn upload<B: Backend>(
    values: &[f32],
    columns: usize,
    device: &B::Device,
) -> Tensor<B, 2> {
    let rows = values.len() / columns.max(1);
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, columns]), device)
}
