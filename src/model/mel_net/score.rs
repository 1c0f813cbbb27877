//! How well real frames are foreseen, with the statistics of the normalisation frozen, as when playing.

use super::frames::{Frames, Track};
use super::place::Place;
use super::sampler::MelSampler;
use super::weights::MelModel;
use rayon::prelude::*;
use std::sync::Arc;

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Frames scored.
    pub frames: usize,
    /// Bits a band and frame.
    pub bits_per_value: f64,
    /// Binary cross-entropy of the mean frame, nats a band and frame: the loss of the original program.
    pub cross_entropy: f64,
    /// What a mean frame equal to the true one would have: no model has less.
    pub least_cross_entropy: f64,
}

/// Scores every frame of every track, each track from its beginning.
#[must_use]
pub fn score(model: &Arc<MelModel>, frames: &Frames) -> Scored {
    let each: Vec<[f64; 4]> = frames
        .tracks
        .par_iter()
        .map(|track| of_track(model, track))
        .collect();
    // Added up in the order of the tracks, whoever scored them.
    let sums = each.iter().fold([0.0; 4], |mut sums, one| {
        sums.iter_mut().zip(one).for_each(|(s, x)| *s += x);
        sums
    });
    let values = (sums[0] * model.sizes().bands as f64).max(1.0);
    Scored {
        frames: sums[0] as usize,
        bits_per_value: sums[1] / values / std::f64::consts::LN_2,
        cross_entropy: sums[2] / values,
        least_cross_entropy: sums[3] / values,
    }
}

fn of_track(model: &Arc<MelModel>, track: &Track) -> [f64; 4] {
    let mel = &model.config().mel;
    let mut sampler = MelSampler::new(Arc::clone(model));
    let mut state = sampler.start();
    let mut sums = [0.0; 4];
    for (at, frame) in (0u64..).zip(track.levels.chunks_exact(mel.n_mels)) {
        let place = Place::of(mel, track.meter, track.tempo, at);
        let [nats, cross] = sampler.score(&mut state, &place, frame);
        let least: f64 = frame.iter().map(|level| entropy(*level)).sum();
        for (sum, x) in sums.iter_mut().zip([1.0, nats, cross, least]) {
            *sum += x;
        }
    }
    sums
}

/// Binary entropy of a level, in nats.
fn entropy(level: u8) -> f64 {
    let x = f64::from(level) / 255.0;
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    term(x) + term(1.0 - x)
}
