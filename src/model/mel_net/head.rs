//! The head: what the top layer says becomes a mixture of whole frames, its loss and that loss's gradient.
//!
//! `K` components, `M` bands. From the top layer's output `h` comes, by one matrix and a bias, a row of
//! `K M` means, `M` scales and `K` weights. Then, for component `k` and band `b`,
//!
//! ```text
//! mean      m[k,b] = sigmoid(row[k,b] + hold[k,b] L(before[b]))     L(x) = ln((x + e) / (1 - x + e)), e = 1/255
//! scale     s[k,b] = exp(row[scale b] + scale[k,b])
//! weight    w[k]   = softmax of row[weights]
//! p(frame)  = sum over k of w[k] * product over b of logistic(frame[b]; m[k,b], s[k,b])
//! ```
//!
//! with the logistic over 256 levels of [`super::logistic`]. All bands of a frame share a component, so an onset is one
//! decision, not 128. (Mixture density networks: Bishop 1994; `hold` lets a sound ring on without the layers having to
//! carry all its bands.) The loss is `-ln p(frame)` and a small share of every component's own, so that
//! none is forgotten that has not won yet; both a band.

use super::batch::MelBatch;
use super::layout::{Layout, Part};
use super::logistic::{likelihood, sigmoid};
use crate::model::cpu::sums::{add, sum};
use crate::model::cpu::{part_rows, sized};
use crate::model::lstm::kernel::{Engine, Loop, Packed, Rows, Then, View};

/// Weight in the loss of what all components say, beside what the mixture says.
const ALL: f32 = 0.01;

/// `L` of a level: its log-odds, a level's width away from the ends.
#[must_use]
pub fn held(level: u8) -> f32 {
    let x = f32::from(level) / 255.0;
    ((x + 1.0 / 255.0) / (1.0 - x + 1.0 / 255.0)).ln()
}

/// The sizes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// `K`.
    pub components: usize,
    /// `M`.
    pub bands: usize,
}

impl Sizes {
    /// Numbers of all means.
    #[must_use]
    pub const fn frames(self) -> usize {
        self.components * self.bands
    }

    /// Numbers of a row.
    #[must_use]
    pub const fn row(self) -> usize {
        self.frames() + self.bands + self.components
    }
}

/// The weights of the head that are not the matrix's.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// `[K, M]`.
    pub scale: &'a [f32],
    /// `[K, M]`.
    pub hold: &'a [f32],
}

/// `to = softmax(x / temperature)`; at temperature 0 all on the largest.
pub fn softmax(x: &[f32], temperature: f32, to: &mut [f32]) {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for (to, x) in to.iter_mut().zip(x) {
        // No number divided by 0: those below the largest are at minus infinity, the largest at 0.
        let off = x - largest;
        *to = if off < 0.0 {
            (off / temperature).exp()
        } else {
            1.0
        };
        total += *to;
    }
    for to in to.iter_mut() {
        *to /= total;
    }
}

/// What some slots add to the loss and to the gradients of the small weights, and room for one slot.
#[derive(Clone, Debug, Default)]
struct Partial {
    /// `-ln p`, summed.
    nats: f64,
    bias: Vec<f32>,
    scale: Vec<f32>,
    hold: Vec<f32>,
    /// Slopes of each component's likelihood in means and scales, and the likelihoods band by band.
    slopes: [Vec<f32>; 2],
    logs: Vec<f32>,
    target: Vec<f32>,
    /// Each component's weight, its logarithm, what it says of the frame, its share of having made it.
    weights: Vec<f32>,
    says: Vec<f32>,
    shares: Vec<f32>,
}

impl Partial {
    fn begin(&mut self, sizes: Sizes) {
        self.nats = 0.0;
        for (list, len) in [
            (&mut self.bias, sizes.row()),
            (&mut self.scale, sizes.frames()),
            (&mut self.hold, sizes.frames()),
        ] {
            sized(list, len).fill(0.0);
        }
        let [means, scales] = &mut self.slopes;
        sized(means, sizes.frames());
        sized(scales, sizes.frames());
        sized(&mut self.logs, sizes.bands);
        sized(&mut self.target, sizes.bands);
        for list in [&mut self.weights, &mut self.says, &mut self.shares] {
            sized(list, sizes.components);
        }
    }
}

/// The head's buffers.
#[derive(Debug, Default)]
pub struct Heads {
    rows: Vec<f32>,
    partials: Vec<Partial>,
    packed: Packed,
}

impl Heads {
    /// The mean of `-ln p(frame)` in nats a band, given the top layer's output `top`, `[slots, units]`; the gradients of all head
    /// weights (set, in `gradient`) and of `top`.
    pub fn learn(
        &mut self,
        engine: &Engine,
        layout: &Layout,
        params: &[f32],
        batch: &MelBatch,
        top: &[f32],
        (gradient, d_top): (&mut [f32], &mut [f32]),
    ) -> f32 {
        let sizes = layout.sizes();
        let (slots, width) = (batch.slots(), sizes.row());
        let units = top.len() / slots.max(1);
        let count = batch.real.iter().sum::<f32>().max(1.0);
        let of = |part: Part| &params[layout.part(part)];
        let matrix = View::new(of(Part::Out), units, width);
        let top = View::new(top, slots, units);
        let rows = sized(&mut self.rows, slots * width);
        let bias = Then::SetWithBias(of(Part::Bias));
        engine.product_of(top, matrix, rows, bias, &mut self.packed);
        let each = part_rows(slots, width);
        let parts = slots.div_ceil(each);
        self.partials.resize_with(parts, Partial::default);
        let own = Own {
            scale: of(Part::Scale),
            hold: of(Part::Hold),
        };
        let share = 1.0 / (count * sizes.bands as f32);
        engine.share(
            parts,
            (
                Rows::new(rows, each * width),
                Rows::new(&mut self.partials, 1),
            ),
            |i, (rows, partial)| {
                if let Some(partial) = partial.first_mut() {
                    partial.begin(sizes);
                    let from = i * each;
                    engine.run(Learn {
                        sizes,
                        rows,
                        targets: &batch.targets[from * sizes.bands..],
                        held: &batch.held[from * sizes.bands..],
                        real: &batch.real[from..],
                        own,
                        share,
                        partial,
                    });
                }
            },
        );
        let mut set = |part: Part, of: fn(&Partial) -> &[f32]| {
            let total = &mut gradient[layout.part(part)];
            total.fill(0.0);
            for partial in &self.partials {
                add(total, of(partial));
            }
        };
        set(Part::Bias, |p| &p.bias);
        set(Part::Scale, |p| &p.scale);
        set(Part::Hold, |p| &p.hold);
        let d_rows = View::new(&self.rows, slots, width);
        let to = &mut gradient[layout.part(Part::Out)];
        engine.product_of(top.transposed(), d_rows, to, Then::Set, &mut self.packed);
        engine.product_of(
            d_rows,
            matrix.transposed(),
            d_top,
            Then::Set,
            &mut self.packed,
        );
        let nats: f64 = self.partials.iter().map(|p| p.nats).sum();
        (nats * f64::from(share)) as f32
    }
}

/// Some slots: their rows become the gradients of the loss.
struct Learn<'a> {
    sizes: Sizes,
    rows: &'a mut [f32],
    targets: &'a [u8],
    held: &'a [f32],
    real: &'a [f32],
    own: Own<'a>,
    /// What a slot counts in the loss.
    share: f32,
    partial: &'a mut Partial,
}

impl Loop for Learn<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Sizes { components, bands } = self.sizes;
        let frames = self.sizes.frames();
        let p = self.partial;
        let [in_means, in_scales] = &mut p.slopes;
        let slots = self.rows.chunks_exact_mut(self.sizes.row());
        let truth = self
            .targets
            .chunks_exact(bands)
            .zip(self.held.chunks_exact(bands));
        for ((row, real), (target, held)) in slots.zip(self.real).zip(truth) {
            if *real == 0.0 {
                row.fill(0.0);
                continue;
            }
            for (to, level) in p.target.iter_mut().zip(target) {
                *to = f32::from(*level);
            }
            let (means, rest) = row.split_at_mut(frames);
            let (scales, logits) = rest.split_at_mut(bands);
            softmax(logits, 1.0, &mut p.weights);
            let mut best = f32::NEG_INFINITY;
            for k in 0..components {
                let at = k * bands..(k + 1) * bands;
                let ours = self.own.scale[at.clone()]
                    .iter()
                    .zip(&self.own.hold[at.clone()]);
                let rows = means[at.clone()].iter().zip(&*scales).zip(ours);
                let truth = p.target.iter().zip(held);
                let slopes = in_means[at.clone()].iter_mut().zip(&mut in_scales[at]);
                for (
                    (((mean, scale), (own_scale, hold)), (level, held)),
                    (log, (in_mean, in_scale)),
                ) in rows.zip(truth).zip(p.logs.iter_mut().zip(slopes))
                {
                    [*log, *in_mean, *in_scale] =
                        likelihood(mean + hold * held, scale + own_scale, *level);
                }
                p.says[k] = sum(&p.logs, |v| v) + p.weights[k].max(1e-30).ln();
                best = best.max(p.says[k]);
            }
            let mut total = 0.0;
            for (share, says) in p.shares.iter_mut().zip(&p.says) {
                *share = (says - best).exp();
                total += *share;
            }
            p.nats -= f64::from(best + total.ln());
            scales.fill(0.0);
            for (k, logit) in logits.iter_mut().enumerate() {
                let made = p.shares[k] / total;
                *logit = (p.weights[k] - made) * self.share;
                let by = -(made + ALL / components as f32) * self.share;
                let at = k * bands..(k + 1) * bands;
                let slopes = in_means[at.clone()].iter().zip(&in_scales[at.clone()]);
                let rows = means[at.clone()].iter_mut().zip(&mut *scales).zip(held);
                let sums = p.scale[at.clone()].iter_mut().zip(&mut p.hold[at]);
                for (((in_mean, in_scale), ((mean, scale), held)), (sum_scale, sum_hold)) in
                    slopes.zip(rows).zip(sums)
                {
                    let (d_mean, d_scale) = (by * in_mean, by * in_scale);
                    *mean = d_mean;
                    *scale += d_scale;
                    *sum_scale += d_scale;
                    *sum_hold += d_mean * held;
                }
            }
            add(&mut p.bias, row);
        }
    }
}

/// What a row says of a true frame, and of the frame to come.
#[derive(Clone, Debug)]
pub struct Said {
    sizes: Sizes,
    weights: Vec<f32>,
    mean: Vec<f32>,
}

impl Said {
    /// Room for rows of these sizes.
    #[must_use]
    pub fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            weights: vec![0.0; sizes.components],
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
        let Sizes { bands, .. } = self.sizes;
        let (means, rest) = row.split_at(self.sizes.frames());
        let (scales, logits) = rest.split_at(bands);
        softmax(logits, 1.0, &mut self.weights);
        self.mean.fill(0.0);
        let (mut best, mut total) = (f64::NEG_INFINITY, 0.0);
        let parts = means.chunks_exact(bands).zip(&self.weights);
        let ours = own
            .scale
            .chunks_exact(bands)
            .zip(own.hold.chunks_exact(bands));
        for ((means, weight), (own_scale, hold)) in parts.zip(ours) {
            let mut says = f64::from(weight.max(1e-30)).ln();
            let rows = means.iter().zip(scales).zip(own_scale.iter().zip(hold));
            let truth = frame.iter().zip(held).zip(&mut self.mean);
            for (((mean, scale), (own_scale, hold)), ((level, held), sum)) in rows.zip(truth) {
                let raw = mean + hold * held;
                let [log, ..] = likelihood(raw, scale + own_scale, f32::from(*level));
                says += f64::from(log);
                *sum += weight * sigmoid(raw);
            }
            let largest = best.max(says);
            total = total * (best - largest).exp() + (says - largest).exp();
            best = largest;
        }
        let cross = self.mean.iter().zip(frame).map(|(mean, level)| {
            let (m, x) = (
                f64::from(*mean).clamp(1e-7, 1.0 - 1e-7),
                f64::from(*level) / 255.0,
            );
            -(x * m.ln() + (1.0 - x) * (1.0 - m).ln())
        });
        [-(best + total.ln()), cross.sum()]
    }
}
