//! The list of a model's weights: names, shapes, starting values. Training, sampling and
//! checkpoints all read this one list.
//!
//! Every weight is a matrix `[rows, columns]`, applied as `input [1, rows] x matrix`; a bias
//! has one row. LSTM gates stand side by side in the order i, f, g, o.

use super::config::{COMPONENTS, HEAD_WIDTH, MIX, ModelConfig};
use super::encode;
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::LANES;

/// How a weight starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal with standard deviation `gain / sqrt(rows)`.
    Normal(f32),
    /// All the same value.
    Constant(f32),
    /// An LSTM bias: 1 for the forget gate, 0 elsewhere (Gers, Schmidhuber, Cummins 2000).
    Forget,
    /// Mixtures of equal weights, their places spread evenly over so much to either side, their scale a tenth.
    Spread(f32),
    /// Set from the training data before the first update.
    Data,
}

/// One weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Its name in a checkpoint.
    pub name: String,
    /// Inputs (1 for a bias).
    pub rows: usize,
    /// Outputs.
    pub columns: usize,
    /// How it starts.
    pub init: Init,
    /// Whether weight decay applies: matrices yes, biases and gains no.
    pub decays: bool,
}

/// Weights a layer: input, recurrent, bias, normalisation gain and shift.
pub const PER_LAYER: usize = 5;

/// Index of each head weight behind the layers, in list order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// `[z, HEAD_WIDTH]`: features to the chain's hidden layer.
    ChainIn,
    /// `[LANES, HEAD_WIDTH]`: lanes already decided, to the chain's hidden layer.
    ChainHits,
    /// Bias of the chain's hidden layer.
    ChainBias,
    /// `[LANES, HEAD_WIDTH]`: hidden layer to each lane's logit.
    ChainOut,
    /// `[LANES, LANES]`: lanes already decided to each later lane's logit.
    LaneToLane,
    /// `[z, LANES]`: features straight to the logits.
    Skip,
    /// Bias of the logits.
    HitBias,
    /// `[z, HEAD_WIDTH]`: features to the expression head.
    ExpressionIn,
    /// `[LANES, HEAD_WIDTH]`: the step's hits to the expression head.
    ExpressionHits,
    /// Bias of the expression head.
    ExpressionBias,
    /// `[LANES, HEAD_WIDTH]`: velocities already drawn (0 to 1), to the expression head.
    ExpressionVelocity,
    /// `[LANES, HEAD_WIDTH]`: micro-timings already drawn (in steps), to the expression head.
    ExpressionOffset,
    /// `[HEAD_WIDTH, LANES * MIX]`: each lane's mixture of velocities.
    VelocityOut,
    /// Their bias.
    VelocityBias,
    /// `[HEAD_WIDTH, LANES * MIX]`: each lane's mixture of micro-timings.
    OffsetOut,
    /// Their bias.
    OffsetBias,
}

/// How many head weights there are.
pub const HEADS: usize = Head::OffsetBias as usize + 1;

impl Head {
    /// Index in the list of a model with so many layers.
    #[must_use]
    pub const fn index(self, layers: usize) -> usize {
        layers * PER_LAYER + self as usize
    }
}

/// Width of the features the heads see: the top layer's output and the input itself.
#[must_use]
pub fn feature_width(config: &ModelConfig) -> usize {
    config.units + encode::width(config.styles.len())
}

/// All weights of a model, in order.
#[must_use]
pub fn specs(config: &ModelConfig) -> Vec<Spec> {
    let mut list = Vec::with_capacity(config.layers * PER_LAYER + HEADS);
    let mut add = |name: String, rows, columns, init| {
        let decays = rows > 1;
        list.push(Spec {
            name,
            rows,
            columns,
            init,
            decays,
        });
    };
    let units = config.units;
    for layer in 0..config.layers {
        let inputs = if layer == 0 {
            encode::width(config.styles.len())
        } else {
            units
        };
        add(
            format!("lstm.{layer}.input"),
            inputs,
            4 * units,
            Init::Normal(1.0),
        );
        add(
            format!("lstm.{layer}.recurrent"),
            units,
            4 * units,
            Init::Normal(1.0),
        );
        add(format!("lstm.{layer}.bias"), 1, 4 * units, Init::Forget);
        add(format!("norm.{layer}.gain"), 1, units, Init::Constant(1.0));
        add(format!("norm.{layer}.shift"), 1, units, Init::Constant(0.0));
    }
    let z = feature_width(config);
    let wide = LANES * MIX;
    add("hits.chain.in".into(), z, HEAD_WIDTH, Init::Normal(1.0));
    add(
        "hits.chain.hits".into(),
        LANES,
        HEAD_WIDTH,
        Init::Normal(0.5),
    );
    add("hits.chain.bias".into(), 1, HEAD_WIDTH, Init::Constant(0.0));
    add(
        "hits.chain.out".into(),
        LANES,
        HEAD_WIDTH,
        Init::Normal(0.1),
    );
    add(
        "hits.lane_to_lane".into(),
        LANES,
        LANES,
        Init::Constant(0.0),
    );
    add("hits.skip".into(), z, LANES, Init::Constant(0.0));
    add("hits.bias".into(), 1, LANES, Init::Data);
    add("expression.in".into(), z, HEAD_WIDTH, Init::Normal(1.0));
    add(
        "expression.hits".into(),
        LANES,
        HEAD_WIDTH,
        Init::Normal(1.0),
    );
    add("expression.bias".into(), 1, HEAD_WIDTH, Init::Constant(0.0));
    for drawn in ["expression.velocity", "expression.offset"] {
        add(drawn.into(), LANES, HEAD_WIDTH, Init::Normal(0.3));
    }
    add("velocity.out".into(), HEAD_WIDTH, wide, Init::Normal(0.1));
    add("velocity.bias".into(), 1, wide, Init::Spread(0.35));
    add("offset.out".into(), HEAD_WIDTH, wide, Init::Normal(0.1));
    add("offset.bias".into(), 1, wide, Init::Spread(0.21));
    list
}

/// The starting values of weight number `index`, row by row; [`Init::Data`] starts at 0.
#[must_use]
pub fn start(spec: &Spec, index: usize, seed: u64) -> Vec<f32> {
    let n = spec.rows * spec.columns;
    match spec.init {
        Init::Normal(gain) => {
            let mut draws = Stream::new(seed, index as u64, Purpose::Weight);
            let deviation = gain / (spec.rows as f32).sqrt();
            (0..n).map(|_| draws.normal() * deviation).collect()
        }
        Init::Constant(value) => vec![value; n],
        Init::Forget => {
            let units = spec.columns / 4;
            (0..n)
                .map(|i| f32::from(u8::from(i / units == 1)))
                .collect()
        }
        Init::Spread(reach) => (0..n)
            .map(|i| match (i % MIX / COMPONENTS, i % COMPONENTS) {
                (0, _) => 0.0,
                (1, k) => reach * (2.0 * k as f32 / (COMPONENTS - 1) as f32 - 1.0),
                _ => 0.1f32.ln(),
            })
            .collect(),
        Init::Data => vec![0.0; n],
    }
}
