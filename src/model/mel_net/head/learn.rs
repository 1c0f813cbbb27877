//! The loss of a batch and its gradient.

use super::super::batch::MelBatch;
use super::super::layout::{Layout, Part};
use super::super::logistic::likelihood;
use super::chain::Chain;
use super::{Own, Sizes};
use crate::model::cpu::sums::{add, sum};
use crate::model::cpu::{part_rows, sized};
use crate::model::lstm::kernel::{Engine, Loop, Packed, Rows, Then, View};

/// Weight in the loss of what all components say, beside what the mixture says.
const ALL: f32 = 0.01;

/// What the gradient of the logits is multiplied by. A frame is over a hundred bands, most of them noise that nobody can
/// foresee, and a few decisions, which are the music: without it the layers learn what the noise is like long before they learn when a drum is
/// struck. The decisions' own best place is the same.
const DECISIONS: f32 = 8.0;

/// What some slots add to the loss and to the gradients of the small weights, and room for one slot.
#[derive(Clone, Debug, Default)]
struct Partial {
    /// `-ln p`, summed.
    nats: f64,
    bias: Vec<f32>,
    scale: Vec<f32>,
    hold: Vec<f32>,
    link: Vec<f32>,
    /// Slopes of each component's likelihood in means and scales, and the likelihoods band by band.
    slopes: [Vec<f32>; 2],
    logs: Vec<f32>,
    target: Vec<f32>,
    chain: Chain,
    /// What each component says of each group's bands, `[G, K]`.
    says: Vec<f32>,
}

impl Partial {
    fn begin(&mut self, sizes: Sizes) {
        self.nats = 0.0;
        for (list, len) in [
            (&mut self.bias, sizes.row()),
            (&mut self.scale, sizes.frames()),
            (&mut self.hold, sizes.frames()),
            (&mut self.link, sizes.links()),
        ] {
            sized(list, len).fill(0.0);
        }
        let [means, scales] = &mut self.slopes;
        sized(means, sizes.frames());
        sized(scales, sizes.frames());
        sized(&mut self.logs, sizes.bands);
        sized(&mut self.target, sizes.bands);
        sized(&mut self.says, sizes.logits());
        self.chain.begin(sizes);
    }
}

/// The head's buffers.
#[derive(Debug)]
pub struct Heads {
    rows: Vec<f32>,
    partials: Vec<Partial>,
    packed: Packed,
    /// [`DECISIONS`], but in the test of the gradients.
    pub decisions: f32,
}

impl Default for Heads {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            partials: Vec::new(),
            packed: Packed::default(),
            decisions: DECISIONS,
        }
    }
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
            link: of(Part::Link),
        };
        let share = 1.0 / (count * sizes.bands as f32);
        let decisions = self.decisions;
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
                        decisions,
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
        set(Part::Link, |p| &p.link);
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
    /// See [`DECISIONS`].
    decisions: f32,
    partial: &'a mut Partial,
}

impl Loop for Learn<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Sizes {
            components,
            bands,
            groups,
        } = self.sizes;
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
                for g in 0..groups {
                    p.says[g * components + k] = sum(&p.logs[self.sizes.group(g)], |v| v);
                }
            }
            p.chain.weigh(logits, self.own.link);
            p.nats -= f64::from(p.chain.walk(&p.says));
            scales.fill(0.0);
            for (g, (logits, shares)) in logits
                .chunks_exact_mut(components)
                .zip(p.chain.shares.chunks_exact(components))
                .enumerate()
            {
                let to_logits = self.decisions * self.share;
                if g == 0 {
                    let weights = p.chain.given(0, 0);
                    for (logit, (w, made)) in logits.iter_mut().zip(weights.iter().zip(shares)) {
                        *logit = (w - made) * to_logits;
                    }
                } else {
                    logits.fill(0.0);
                    let below = &p.chain.shares[(g - 1) * components..][..components];
                    let pairs =
                        p.chain.pairs[g * components * components..].chunks_exact(components);
                    let links =
                        p.link[(g - 1) * components * components..].chunks_exact_mut(components);
                    for ((j, below), (pairs, links)) in
                        below.iter().enumerate().zip(pairs.zip(links))
                    {
                        let weights = p.chain.given(g, j).iter().zip(pairs);
                        for ((logit, link), (w, pair)) in logits.iter_mut().zip(links).zip(weights)
                        {
                            let d = (w * below - pair) * to_logits;
                            *logit += d;
                            *link += d;
                        }
                    }
                }
                for (k, made) in shares.iter().enumerate() {
                    let by = -(made + ALL / components as f32) * self.share;
                    let here = self.sizes.group(g);
                    let at = k * bands + here.start..k * bands + here.end;
                    let slopes = in_means[at.clone()].iter().zip(&in_scales[at.clone()]);
                    let rows = means[at.clone()]
                        .iter_mut()
                        .zip(&mut scales[here.clone()])
                        .zip(&held[here]);
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
            }
            add(&mut p.bias, row);
        }
    }
}
