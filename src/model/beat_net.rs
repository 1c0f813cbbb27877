//! The beat model as differentiable tensors: the loss of a batch.
//!
//! Must compute exactly what [`super::sample`] computes; the test
//! `training_and_playing_agree` compares the two.

use super::batch::Batch;
use super::config::{BINS, HEAD_WIDTH, ModelConfig};
use super::lstm::backend::{LstmBackend, Operands};
use super::lstm::op;
use super::params::{Head, PER_LAYER};
use super::slices::NORM_EPSILON;
use crate::beat::grid::LANES;
use burn::backend::Autodiff;
use burn::tensor::activation::{log_softmax, relu};
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

    let hidden = relu(
        z.matmul(head(Head::ExpressionIn))
            + hits.matmul(head(Head::ExpressionHits))
            + head(Head::ExpressionBias),
    );
    let bins = |out: Head, bias: Head, truth: &[u8]| {
        let logits = (hidden.clone().matmul(head(out)) + head(bias)).reshape([slots, LANES, BINS]);
        let truth = one_hot(batch, truth);
        let truth = constant(&truth, LANES * BINS).reshape([slots, LANES, BINS]);
        (log_softmax(logits, 2) * truth).sum().neg()
    };
    let expression = bins(Head::VelocityOut, Head::VelocityBias, &batch.velocities)
        + bins(Head::OffsetOut, Head::OffsetBias, &batch.offsets);

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

/// The true bin of each hit, one-hot, `[slots, LANES * BINS]`; zero at rests.
fn one_hot(batch: &Batch, bins: &[u8]) -> Vec<f32> {
    let mut dense = vec![0.0; bins.len() * BINS];
    for (slot, bits) in batch.hits.iter().enumerate() {
        for lane in (0..LANES).filter(|lane| bits >> lane & 1 == 1) {
            let at = slot * LANES + lane;
            dense[at * BINS + usize::from(bins[at])] = 1.0;
        }
    }
    dense
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
