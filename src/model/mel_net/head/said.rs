//! What a row of the head says of a frame.

use super::super::logistic::{likelihood, sigmoid};
use super::chain::Chain;
use super::{Own, Sizes};

/// What a row says of a true frame, and of the frame to come.
#[derive(Clone, Debug)]
pub struct Said {
    sizes: Sizes,
    chain: Chain,
    weights: Vec<f32>,
    says: Vec<f32>,
    mean: Vec<f32>,
}

impl Said {
    /// Room for rows of these sizes.
    #[must_use]
    pub fn new(sizes: Sizes) -> Self {
        let mut chain = Chain::default();
        chain.begin(sizes);
        Self {
            sizes,
            chain,
            weights: vec![0.0; sizes.logits()],
            says: vec![0.0; sizes.logits()],
            mean: vec![0.0; sizes.bands],
        }
    }

    /// The mixture's mean frame, 0 to 1 a band, of the last call of [`Said::of`].
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// `-ln p(frame)`, and the binary cross-entropy of the mixture's mean frame with the true one, both in nats, summed over the bands.
    pub fn of(&mut self, row: &[f32], own: Own<'_>, held: &[f32], frame: &[u8]) -> [f64; 2] {
        let Sizes {
            components,
            bands,
            groups,
        } = self.sizes;
        let (means, rest) = row.split_at(self.sizes.frames());
        let (scales, logits) = rest.split_at(bands);
        self.chain.weigh(logits, own.link);
        self.chain.alone(&mut self.weights);
        self.mean.fill(0.0);
        for g in 0..groups {
            let here = self.sizes.group(g);
            for k in 0..components {
                let at = k * bands + here.start..k * bands + here.end;
                let weight = self.weights[g * components + k];
                let ours = own.scale[at.clone()].iter().zip(&own.hold[at.clone()]);
                let rows = means[at].iter().zip(&scales[here.clone()]).zip(ours);
                let truth = frame[here.clone()].iter().zip(&held[here.clone()]);
                let mut says = 0.0;
                for (((mean, scale), (own_scale, hold)), ((level, held), sum)) in
                    rows.zip(truth.zip(&mut self.mean[here.clone()]))
                {
                    let raw = mean + hold * held;
                    let [log, ..] = likelihood(raw, scale + own_scale, f32::from(*level));
                    says += log;
                    *sum += weight * sigmoid(raw);
                }
                self.says[g * components + k] = says;
            }
        }
        let total = self.chain.walk(&self.says);
        let cross = self.mean.iter().zip(frame).map(|(mean, level)| {
            let (m, x) = (
                f64::from(*mean).clamp(1e-7, 1.0 - 1e-7),
                f64::from(*level) / 255.0,
            );
            -(x * m.ln() + (1.0 - x) * (1.0 - m).ln())
        });
        [-f64::from(total), cross.sum()]
    }
}
