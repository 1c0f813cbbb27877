//! How well a model predicts real drumming, in bits.
//!
//! The protocol: files in 4/4 only; every 16th step from the first, with no priming; hits
//! only; the model hears the true past. A step costs the sum over lanes of -log2 p for a hit
//! and -log2 (1 - p) for a rest, p given everything before the step and the true hits of the
//! lanes before it. Velocity and micro-timing are scored beside it, per hit, in 32 bins over
//! 0 to 1 and over -0.5 to 0.5 of a step.

use super::encode::place_at;
use super::sample::Sampler;
use super::weights::BeatModel;
use crate::beat::grid::{LANES, Meter, Step};
use crate::dataset::corpus::{Corpus, Piece};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sums of one file.
#[derive(Clone, Debug, Default)]
struct FileScore {
    steps: u64,
    hits: u64,
    lane_bits: [f64; LANES],
    velocity_bits: f64,
    offset_bits: f64,
    probabilities: Vec<[f32; LANES]>,
}

/// Bits per step of one style.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StyleScore {
    /// 16th steps scored.
    pub steps: u64,
    /// Bits per 16th step of the hits.
    pub bits_per_step: f64,
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// Bits per 16th step of the hits.
    pub bits_per_step: f64,
    /// The same, lane by lane; they add up.
    pub bits_per_lane: [f64; LANES],
    /// Bits of velocity a hit, 32 bins.
    pub velocity_bits_per_hit: f64,
    /// Bits of micro-timing a hit, 32 bins.
    pub offset_bits_per_hit: f64,
    /// 16th steps scored.
    pub steps: u64,
    /// Hits scored.
    pub hits: u64,
    /// Files scored.
    pub files: usize,
    /// Files passed over because they are not in 4/4.
    pub skipped: Vec<String>,
    /// Style by style.
    pub styles: BTreeMap<String, StyleScore>,
}

/// Bits of a step's hits under these probabilities, lane by lane. A probability is taken to
/// be at least 1e-7 away from certainty, so that one surprise costs at most 23 bits.
#[must_use]
pub fn hit_bits(probabilities: &[f32; LANES], step: &Step) -> [f64; LANES] {
    std::array::from_fn(|lane| {
        let p = f64::from(probabilities[lane]).clamp(1e-7, 1.0 - 1e-7);
        -(if step[lane].velocity > 0 { p } else { 1.0 - p }).log2()
    })
}

/// Files whose probabilities are held at the same time.
const PART: usize = 256;

/// Scores a model on pieces, in parallel, with the same result for any number of threads.
/// `dump` is given each file's name and probabilities, in order.
///
/// # Errors
/// Whatever `dump` answers.
pub fn evaluate<E>(
    model: &Arc<BeatModel>,
    corpus: &Corpus,
    mut dump: impl FnMut(&str, &[[f32; LANES]]) -> Result<(), E>,
) -> Result<Evaluation, E> {
    let common = |piece: &&Piece| piece.meter == Meter::COMMON;
    let scored: Vec<&Piece> = corpus.pieces().iter().filter(common).collect();

    let mut result = Evaluation {
        files: scored.len(),
        skipped: corpus
            .pieces()
            .iter()
            .filter(|piece| !common(piece))
            .map(|piece| piece.name.to_string())
            .collect(),
        ..Evaluation::default()
    };
    let (mut velocity, mut offset) = (0.0, 0.0);
    let mut styles: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    for part in scored.chunks(PART) {
        let scores: Vec<FileScore> = part
            .par_iter()
            .map(|piece| score(model, corpus, piece))
            .collect();
        for (piece, score) in part.iter().zip(&scores) {
            dump(&piece.name, &score.probabilities)?;
            result.steps += score.steps;
            result.hits += score.hits;
            velocity += score.velocity_bits;
            offset += score.offset_bits;
            for (total, bits) in result.bits_per_lane.iter_mut().zip(score.lane_bits) {
                *total += bits;
            }
            let style = corpus.style_of(piece).unwrap_or("-");
            let style = styles.entry(style.to_owned()).or_default();
            style.0 += score.steps;
            style.1 += score.lane_bits.iter().sum::<f64>();
        }
    }
    let steps = result.steps.max(1) as f64;
    let hits = result.hits.max(1) as f64;
    result.bits_per_lane.iter_mut().for_each(|b| *b /= steps);
    result.bits_per_step = result.bits_per_lane.iter().sum();
    result.velocity_bits_per_hit = velocity / hits;
    result.offset_bits_per_hit = offset / hits;
    result.styles = styles
        .into_iter()
        .map(|(name, (steps, bits))| {
            let bits_per_step = bits / steps.max(1) as f64;
            (
                name,
                StyleScore {
                    steps,
                    bits_per_step,
                },
            )
        })
        .collect();
    Ok(result)
}

fn score(model: &Arc<BeatModel>, corpus: &Corpus, piece: &Piece) -> FileScore {
    let style = corpus.style_of(piece);
    let style = style.and_then(|s| model.config().style_index(s));
    let mut sampler = Sampler::new(Arc::clone(model));
    let mut state = sampler.start();
    let mut sum = FileScore::default();
    for (at, step) in corpus.grid(piece).steps.iter().enumerate() {
        let place = place_at(piece.meter, piece.tempo, at, style);
        let one = sampler.score(&mut state, &place, step, piece.fill);
        for (total, bits) in sum
            .lane_bits
            .iter_mut()
            .zip(hit_bits(&one.probabilities, step))
        {
            *total += bits;
        }
        sum.steps += 1;
        sum.hits += u64::from(one.hits);
        sum.velocity_bits += one.velocity_bits;
        sum.offset_bits += one.offset_bits;
        sum.probabilities.push(one.probabilities);
    }
    sum
}
