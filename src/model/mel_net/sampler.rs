//! [`MelSampler`]: frames one at a time, played or heard. Neither allocates nor locks.
//!
//! Temperature acts on the distribution of [`super::head`]: the components' weights become `w^(1/T)`, made to add up to 1, and
//! the scales `T s`. At 1 frames are drawn as the data has them; at 0 the next frame is the mean frame of the
//! likeliest component (not of the whole mixture: between a stroke and no stroke lies no sound).

use super::batch::{fill_held, fill_inputs};
use super::head::{Said, softmax};
use super::logistic::draw;
use super::place::{MOST_ECHO, Place};
use super::weights::{MelModel, Scratch};
use crate::base::rng::{Purpose, Stream};
use std::sync::Arc;

/// Everything the next frame depends on, besides temperature and draws. `clone_from` reuses the buffers.
#[derive(Debug, PartialEq)]
pub struct MelState {
    hidden: Vec<f32>,
    cell: Vec<f32>,
    /// The last [`MOST_ECHO`] frames; frame k is at `k % MOST_ECHO`.
    memory: Vec<u8>,
    frames: u64,
}

impl Clone for MelState {
    fn clone(&self) -> Self {
        Self {
            hidden: self.hidden.clone(),
            cell: self.cell.clone(),
            memory: self.memory.clone(),
            frames: self.frames,
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.hidden.clone_from(&source.hidden);
        self.cell.clone_from(&source.cell);
        self.memory.clone_from(&source.memory);
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
    weights: Vec<f32>,
    said: Said,
}

impl MelSampler {
    /// A sampler for a model.
    #[must_use]
    pub fn new(model: Arc<MelModel>) -> Self {
        let sizes = model.sizes();
        Self {
            scratch: model.scratch(),
            inputs: vec![0.0; model.config().inputs()],
            held: vec![0.0; sizes.bands],
            weights: vec![0.0; sizes.components],
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
        softmax(logits, temperature, &mut self.weights);
        let k = choose(&self.weights, draws.uniform());
        let at = k * sizes.bands..(k + 1) * sizes.bands;
        let rows = means[at.clone()].iter().zip(scales);
        let own = own.scale[at.clone()].iter().zip(&own.hold[at]);
        let bands = frame.iter_mut().zip(&self.held);
        for (((mean, scale), (own_scale, hold)), (level, held)) in rows.zip(own).zip(bands) {
            // In the middle of its 2^-24th, so that neither end is drawn.
            let uniform = draws.uniform() + 0.5 / (1u32 << 24) as f32;
            *level = draw(mean + hold * held, scale + own_scale, temperature, uniform);
        }
        state.keep(frame);
    }
}

/// The component that a uniform number falls into; the last where rounding leaves none.
fn choose(weights: &[f32], uniform: f32) -> usize {
    let mut below = 0.0;
    let fits = |weight: &f32| {
        below += weight;
        uniform < below
    };
    let last = weights.len().saturating_sub(1);
    weights.iter().position(fits).unwrap_or(last)
}
