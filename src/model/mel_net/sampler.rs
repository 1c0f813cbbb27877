//! [`MelSampler`]: frames one at a time, played or heard. Neither allocates nor locks.
//!
//! Temperature `T` acts on the distribution of [`super::head`], group after group: a component is the one of the largest
//!
//! ```text
//! ln w[k] + T g[k] + max(0, 1 - T) OWED d[k]
//! ```
//!
//! with `g` standard Gumbel draws, which chooses by `w^(1/T)` made to add up to 1; and the scales become `T s`. Components whose weight
//! is below LEAST (above temperature 1, LEAST^T) of the largest are left out: a mixture insures itself by small weights, and of seven hundred draws
//! a second enough would find them to be heard as strokes that nobody plays. At 1 what is left is drawn as the data
//! has it; at 0 nothing is drawn and a group is the mean of its likeliest component (not of all: between a stroke and
//! no stroke lies no sound). `d[k]` is what `k` is owed: the sum of its weights less the times it was chosen, fading.
//! Without it a cool drummer falls silent: people strike a little early or late, so in no single frame is a
//! stroke more likely than none, and by powers of `w` alone it would never come. Owed, it comes where it is likeliest, and as often
//! as it should; a stroke that is rare anyway has faded before its turn comes.

use super::batch::{fill_held, fill_inputs};
use super::head::Said;
use super::head::chain::Chain;
use super::logistic::draw;
use super::place::{MOST_ECHO, Place};
use super::weights::{MelModel, Scratch};
use crate::base::rng::{Purpose, Stream};
use std::sync::Arc;

/// How many nats a whole missed stroke is worth at temperature 0.
const OWED: f32 = 4.0;
/// What stays of a debt from one frame to the next: half of it after 0.8 seconds at the usual frames.
const FADES: f32 = 0.99;

/// The share of the largest weight that a component must have to be drawn.
const LEAST: f32 = 0.025;

/// Everything the next frame depends on, besides temperature and draws. `clone_from` reuses the buffers.
#[derive(Debug, PartialEq)]
pub struct MelState {
    hidden: Vec<f32>,
    cell: Vec<f32>,
    /// The last [`MOST_ECHO`] frames; frame k is at `k % MOST_ECHO`.
    memory: Vec<u8>,
    /// What each component of each group is owed.
    owed: Vec<f32>,
    frames: u64,
}

impl Clone for MelState {
    fn clone(&self) -> Self {
        Self {
            hidden: self.hidden.clone(),
            cell: self.cell.clone(),
            memory: self.memory.clone(),
            owed: self.owed.clone(),
            frames: self.frames,
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.hidden.clone_from(&source.hidden);
        self.cell.clone_from(&source.cell);
        self.memory.clone_from(&source.memory);
        self.owed.clone_from(&source.owed);
        self.frames = source.frames;
    }
}

impl MelState {
    /// Frames played or heard so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// The frame so many frames ago, if there was one.
    fn ago(&self, frames: usize, bands: usize) -> Option<&[u8]> {
        let at = self.frames.checked_sub(frames as u64)?;
        let at = (at % MOST_ECHO as u64) as usize * bands;
        self.memory
            .get(at..at + bands)
            .filter(|_| (1..=MOST_ECHO).contains(&frames))
    }

    fn keep(&mut self, frame: &[u8]) {
        let at = (self.frames % MOST_ECHO as u64) as usize * frame.len();
        if let Some(to) = self.memory.get_mut(at..at + frame.len()) {
            to.copy_from_slice(frame);
        }
        self.frames += 1;
    }
}

/// Plays a model. The state is the caller's, so that what was not heard yet can be drawn again from before.
#[derive(Debug)]
pub struct MelSampler {
    model: Arc<MelModel>,
    scratch: Scratch,
    inputs: Vec<f32>,
    held: Vec<f32>,
    chain: Chain,
    said: Said,
}

impl MelSampler {
    /// A sampler for a model.
    #[must_use]
    pub fn new(model: Arc<MelModel>) -> Self {
        let sizes = model.sizes();
        let mut chain = Chain::default();
        chain.begin(sizes);
        Self {
            scratch: model.scratch(),
            inputs: vec![0.0; model.config().inputs()],
            held: vec![0.0; sizes.bands],
            chain,
            said: Said::new(sizes),
            model,
        }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &MelModel {
        &self.model
    }

    /// The state before anything was played.
    #[must_use]
    pub fn start(&self) -> MelState {
        let config = self.model.config();
        let zeros = || vec![0.0; config.layers * config.units];
        MelState {
            hidden: zeros(),
            cell: zeros(),
            memory: vec![0; MOST_ECHO * config.mel.n_mels],
            owed: vec![0.0; config.sizes().logits()],
            frames: 0,
        }
    }

    /// Runs the layers up to what they say of the frame at `place`.
    fn foresee(&mut self, state: &mut MelState, place: &Place) {
        let config = self.model.config();
        let bands = config.mel.n_mels;
        let before = state.ago(1, bands);
        let echo = place
            .echo(&config.mel)
            .and_then(|far| state.ago(far, bands));
        fill_inputs(&mut self.inputs, before, echo, place);
        fill_held(&mut self.held, before);
        let (hidden, cell) = (&mut state.hidden, &mut state.cell);
        self.model
            .step(&mut self.scratch, &self.inputs, hidden, cell);
    }

    /// Hears a frame, as if it had been played: `frame` is levels, lowest band first.
    ///
    /// # Panics
    /// If it does not have the model's bands.
    pub fn hear(&mut self, state: &mut MelState, place: &Place, frame: &[u8]) {
        assert_eq!(frame.len(), self.held.len(), "a level for each band");
        self.foresee(state, place);
        state.keep(frame);
    }

    /// Hears a frame and tells how well it was foreseen: `-ln p` of it and the binary cross-entropy of the mean frame
    /// foreseen, in nats, summed over the bands.
    ///
    /// # Panics
    /// If it does not have the model's bands.
    pub fn score(&mut self, state: &mut MelState, place: &Place, frame: &[u8]) -> [f64; 2] {
        self.hear(state, place, frame);
        let row = &self.scratch.row;
        self.said.of(row, self.model.own(), &self.held, frame)
    }

    /// The mean frame that [`MelSampler::score`] has scored, 0 to 1 a band.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        self.said.mean()
    }

    /// Draws the frame at `place` into `frame`, by draws of (`seed`, frame number) alone.
    ///
    /// # Panics
    /// If `frame` does not have the model's bands.
    pub fn draw(
        &mut self,
        state: &mut MelState,
        place: &Place,
        temperature: f32,
        seed: u64,
        frame: &mut [u8],
    ) {
        assert_eq!(frame.len(), self.held.len(), "a level for each band");
        self.foresee(state, place);
        let sizes = self.model.sizes();
        let own = self.model.own();
        let mut draws = Stream::new(seed, state.frames, Purpose::Frame);
        let (means, rest) = self.scratch.row.split_at(sizes.frames());
        let (scales, logits) = rest.split_at(sizes.bands);
        self.chain.weigh(logits, own.link);
        let mut below = 0;
        let all_owed = state.owed.chunks_exact_mut(sizes.components);
        for (g, owed) in all_owed.enumerate() {
            let k = choose(self.chain.given(g, below), owed, temperature, &mut draws);
            below = k;
            let here = sizes.group(g);
            let at = k * sizes.bands + here.start..k * sizes.bands + here.end;
            let rows = means[at.clone()].iter().zip(&scales[here.clone()]);
            let own = own.scale[at.clone()].iter().zip(&own.hold[at]);
            let bands = frame[here.clone()].iter_mut().zip(&self.held[here]);
            for (((mean, scale), (own_scale, hold)), (level, held)) in rows.zip(own).zip(bands) {
                let uniform = inside(&mut draws);
                *level = draw(mean + hold * held, scale + own_scale, temperature, uniform);
            }
        }
        state.keep(frame);
    }
}

/// A uniform number in the middle of its 2^-24th, so that neither end is drawn.
fn inside(draws: &mut Stream) -> f32 {
    draws.uniform() + 0.5 / (1u32 << 24) as f32
}

/// The component of a group, by the formula above; what the components are owed is brought up to date.
fn choose(weights: &[f32], owed: &mut [f32], temperature: f32, draws: &mut Stream) -> usize {
    let pays = OWED * (1.0 - temperature).max(0.0);
    // By `w^(1/T)` above 1: what is hot draws what is rare.
    let least = LEAST.powf(temperature.max(1.0)) * weights.iter().copied().fold(0.0, f32::max);
    let (mut best, mut chosen) = (f32::NEG_INFINITY, 0);
    for (k, (weight, owed)) in weights.iter().zip(&*owed).enumerate() {
        // Drawn for those left out too: each component has its own draw at every temperature.
        let gumbel = -(-inside(draws).ln()).ln();
        if *weight < least {
            continue;
        }
        let says = weight.max(1e-30).ln() + temperature * gumbel + pays * owed;
        if says > best {
            (best, chosen) = (says, k);
        }
    }
    for (k, (weight, owed)) in weights.iter().zip(owed).enumerate() {
        *owed = FADES * *owed + weight - f32::from(u8::from(k == chosen));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hardly_likely_is_drawn_by_the_hot_alone() {
        // Just below and just above the least share of the largest.
        let weights = [0.93, 0.02, 0.05];
        let times = |temperature| {
            let mut draws = Stream::new(5, 0, Purpose::Test);
            let mut times = [0; 3];
            for _ in 0..10_000 {
                times[choose(&weights, &mut [0.0; 3], temperature, &mut draws)] += 1;
            }
            times
        };
        let [_, rare, seldom] = times(1.0);
        assert_eq!(rare, 0);
        // 0.05 of the 0.98 that are left: 510 of 10,000, deviation 22.
        assert!((400..620).contains(&seldom), "{seldom}");
        let [_, rare, seldom] = times(1.8);
        assert!(rare > 500 && seldom > rare, "{rare} {seldom}");
    }
}
