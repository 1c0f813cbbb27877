//! How well real frames are foreseen, with the statistics of the normalisation frozen, as when playing.

use super::frames::{Frames, Track};
use super::place::Place;
use super::sampler::MelSampler;
use super::weights::MelModel;
use rayon::prelude::*;
use serde::Serialize;
use std::sync::Arc;

/// What came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scored {
    /// Frames scored.
    pub frames: usize,
    /// Bits a band and frame.
    pub bits_per_value: f64,
    /// Binary cross-entropy of the mean frame, nats a band and frame: the loss of the original program.
    pub cross_entropy: f64,
    /// What a mean frame equal to the true one would have: no model has less.
    pub least_cross_entropy: f64,
    /// How far the mean frame foreseen lies from the true one, the mean over bands and frames, in levels of 0 to 1.
    pub mean_error: f64,
    /// The same of the frame before, taken for the next: what is foreseen without any model.
    pub held_error: f64,
}

/// Sums over scored frames; they add up, and the figures are made of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    frames: f64,
    /// Bands of all frames.
    values: f64,
    /// `-ln p`, cross-entropy, least cross-entropy, both errors.
    of: [f64; 5],
}

impl Sums {
    /// Takes in those of other frames.
    pub fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.values += other.values;
        for (sum, x) in self.of.iter_mut().zip(other.of) {
            *sum += x;
        }
    }

    /// The figures; all 0 without frames.
    #[must_use]
    pub fn figures(&self) -> Scored {
        let [nats, cross, least, mean, held] = self.of.map(|sum| sum / self.values.max(1.0));
        Scored {
            frames: self.frames as usize,
            bits_per_value: nats / std::f64::consts::LN_2,
            cross_entropy: cross,
            least_cross_entropy: least,
            mean_error: mean,
            held_error: held,
        }
    }
}

/// Scores every frame of every track, each track from its beginning.
#[must_use]
pub fn score(model: &Arc<MelModel>, frames: &Frames) -> Scored {
    let tracks = frames.tracks.par_iter();
    let each: Vec<Sums> = tracks.map(|track| of_track(model, track)).collect();
    // Added up in the order of the tracks, whoever scored them.
    let mut sums = Sums::default();
    each.iter().for_each(|one| sums.add(one));
    sums.figures()
}

/// The sums of one track, from its beginning; its frames must have the model's bands.
#[must_use]
pub fn of_track(model: &Arc<MelModel>, track: &Track) -> Sums {
    let mel = &model.config().mel;
    let mut sampler = MelSampler::new(Arc::clone(model));
    let mut state = sampler.start();
    let mut sums = Sums::default();
    let silence = vec![0u8; mel.n_mels];
    let mut before = silence.as_slice();
    for (at, frame) in (0u64..).zip(track.levels.chunks_exact(mel.n_mels)) {
        let place = Place::of(mel, track.meter, track.tempo, at);
        let [nats, cross] = sampler.score(&mut state, &place, frame);
        let least: f64 = frame.iter().map(|level| entropy(*level)).sum();
        let means = sampler.mean().iter().zip(frame);
        let off = means.map(|(mean, level)| (f64::from(*mean) - f64::from(*level) / 255.0).abs());
        let pairs = before.iter().zip(frame);
        let held: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        sums.frames += 1.0;
        sums.values += frame.len() as f64;
        let all = [nats, cross, least, off.sum(), held / 255.0];
        for (sum, x) in sums.of.iter_mut().zip(all) {
            *sum += x;
        }
        before = frame;
    }
    sums
}

/// Binary entropy of a level, in nats.
fn entropy(level: u8) -> f64 {
    let x = f64::from(level) / 255.0;
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    term(x) + term(1.0 - x)
}
