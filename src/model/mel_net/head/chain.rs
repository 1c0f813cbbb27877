//! The chain along the groups of bands: how likely each component is given the one below, how likely a frame is in all, and which
//! components have made it. All in natural logarithms, which do not run out.

use super::super::logistic::ln;
use super::Sizes;
use crate::model::cpu::sums::exp_below_zero;

/// Room for one slot, and the results of the last.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    sizes: Option<Sizes>,
    /// `[G, K, K]`: `w[g,j,k]`; for the first group only `j = 0` counts.
    pub weights: Vec<f32>,
    /// `[G, K, K]`, the same for each pair of neighbours: the probability, given the frame, that it was made by them.
    pub pairs: Vec<f32>,
    /// `[G, K]`: of each component.
    pub shares: Vec<f32>,
    logs: Vec<f32>,
    forward: Vec<f32>,
    backward: Vec<f32>,
    scratch: Vec<f32>,
}

/// `ln` of the sum of `exp`.
#[inline(always)]
fn log_sum(x: &[f32]) -> f32 {
    let most = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = x.iter().map(|x| exp_below_zero(x - most)).sum();
    most + ln(sum)
}

impl Chain {
    /// Room for these sizes. Allocates only where they grow.
    pub fn begin(&mut self, sizes: Sizes) {
        self.sizes = Some(sizes);
        let k = sizes.components;
        for list in [&mut self.weights, &mut self.pairs, &mut self.logs] {
            list.resize(sizes.groups * k * k, 0.0);
        }
        for list in [&mut self.shares, &mut self.forward, &mut self.backward] {
            list.resize(sizes.groups * k, 0.0);
        }
        self.scratch.resize(k, 0.0);
    }

    /// Sets the weights from a row's logits, `[G, K]`, and the links.
    #[inline(always)]
    pub fn weigh(&mut self, logits: &[f32], link: &[f32]) {
        let Some(sizes) = self.sizes else { return };
        let k = sizes.components;
        let from = logits.chunks_exact(k).enumerate();
        let groups = (self.weights.chunks_exact_mut(k * k)).zip(self.logs.chunks_exact_mut(k * k));
        for ((g, logits), (weights, logs)) in from.zip(groups) {
            let below = if g == 0 { 1 } else { k };
            for j in 0..below {
                let (weights, logs) = (&mut weights[j * k..][..k], &mut logs[j * k..][..k]);
                logs.copy_from_slice(logits);
                if g > 0 {
                    let link = &link[((g - 1) * k + j) * k..][..k];
                    logs.iter_mut().zip(link).for_each(|(x, l)| *x += l);
                }
                let all = log_sum(logs);
                for (log, weight) in logs.iter_mut().zip(weights) {
                    *log -= all;
                    *weight = exp_below_zero(*log);
                }
            }
        }
    }

    /// `ln p` of a frame of which component `k` of group `g` says `says[g,k]`, by [`Chain::weigh`]'s weights; `shares` and
    /// `pairs` are set. (The forward and backward passes of a hidden Markov model.)
    #[inline(always)]
    pub fn walk(&mut self, says: &[f32]) -> f32 {
        let Some(sizes) = self.sizes else { return 0.0 };
        let (k, groups) = (sizes.components, sizes.groups);
        for (to, (log, says)) in self
            .forward
            .iter_mut()
            .zip(self.logs.iter().zip(says))
            .take(k)
        {
            *to = log + says;
        }
        for g in 1..groups {
            let (before, here) = self.forward.split_at_mut(g * k);
            let before = &before[(g - 1) * k..];
            let logs = &self.logs[g * k * k..][..k * k];
            for (i, to) in here[..k].iter_mut().enumerate() {
                for (j, x) in self.scratch.iter_mut().enumerate() {
                    *x = before[j] + logs[j * k + i];
                }
                *to = log_sum(&self.scratch) + says[g * k + i];
            }
        }
        let total = log_sum(&self.forward[(groups - 1) * k..]);
        self.backward[(groups - 1) * k..].fill(0.0);
        for g in (1..groups).rev() {
            let (before, here) = self.backward.split_at_mut(g * k);
            let logs = &self.logs[g * k * k..][..k * k];
            let pairs = &mut self.pairs[g * k * k..][..k * k];
            let forward = &self.forward[(g - 1) * k..][..k];
            for j in 0..k {
                for (i, x) in self.scratch.iter_mut().enumerate() {
                    *x = logs[j * k + i] + says[g * k + i] + here[i];
                }
                before[(g - 1) * k + j] = log_sum(&self.scratch);
                for (pair, x) in pairs[j * k..][..k].iter_mut().zip(&self.scratch) {
                    // Rounding may put it a hair above 0.
                    *pair = exp_below_zero((forward[j] + x - total).min(0.0));
                }
            }
        }
        let both = self.forward.iter().zip(&self.backward);
        for (share, (forward, backward)) in self.shares.iter_mut().zip(both) {
            *share = exp_below_zero((forward + backward - total).min(0.0));
        }
        total
    }

    /// How likely each component of each group is before the frame is known, into `to`, `[G, K]`.
    pub fn alone(&self, to: &mut [f32]) {
        let Some(sizes) = self.sizes else { return };
        let k = sizes.components;
        for (g, weights) in self.weights.chunks_exact(k * k).enumerate() {
            let (below, here) = to.split_at_mut(g * k);
            let here = &mut here[..k];
            if g == 0 {
                here.copy_from_slice(&weights[..k]);
                continue;
            }
            here.fill(0.0);
            for (p, weights) in below[(g - 1) * k..].iter().zip(weights.chunks_exact(k)) {
                here.iter_mut().zip(weights).for_each(|(x, w)| *x += p * w);
            }
        }
    }

    /// The weights of group `g`'s components where the group below is component `below`.
    #[must_use]
    pub fn given(&self, g: usize, below: usize) -> &[f32] {
        let k = self.sizes.map_or(0, |s| s.components);
        let below = if g == 0 { 0 } else { below };
        &self.weights[(g * k + below) * k..][..k]
    }
}
