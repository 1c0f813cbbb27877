//! How well a model predicts real drumming, in bits.
//!
//! The protocol: files in 4/4 only; every 16th step from the first, with no priming; hits
//! only; the model hears the true past. A step costs the sum over lanes of -log2 p for a hit
//! and -log2 (1 - p) for a rest, p given everything before the step and the true hits of the
//! lanes before it. Velocity and micro-timing are scored beside it, per hit, in 32 bins over
//! 0 to 1 and over -0.5 to 0.5 of a step; so is how far, in milliseconds, the median of the
//! micro-timing lies from the true one.
//!
//! | file | what lives there |
//! |---|---|
//! | `figures` | sums over steps and the figures made of them |
//! | `counting` | the same figures of a predictor that only counts: what a model is held against |
//! | `plan`, `generated` | beats drawn from the model, to be measured beside real ones |
//! | `real`, `against` | real music cut into pieces; a set of beats beside it |
//! | `temperatures` | how the measures follow the temperature |
//! | `mel` | the spectrogram model: frames foreseen, what the transcriber hears, what is played |

pub mod against;
pub mod counting;
pub mod figures;
pub mod generated;
pub mod mel;
pub mod plan;
pub mod real;
pub mod temperatures;

use super::encode::{Place, place_at};
use super::sample::{Sampler, Score};
use super::weights::BeatModel;
use crate::beat::grid::{LANES, Meter, Step};
use crate::dataset::corpus::{Corpus, Piece};
use figures::{Figures, LaneFigures, Tally};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sums of one file.
#[derive(Clone, Debug, Default)]
struct FileScore {
    tally: Tally,
    probabilities: Vec<[f32; LANES]>,
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// The figures of all files.
    #[serde(flatten)]
    pub all: Figures,
    /// Bits per 16th step of the hits, lane by lane; they add up.
    pub bits_per_lane: [f64; LANES],
    /// The figures lane by lane.
    pub lanes: Vec<LaneFigures>,
    /// Files scored.
    pub files: usize,
    /// Files passed over because they are not in 4/4.
    pub skipped: Vec<String>,
    /// Style by style; `-` where none is known.
    pub styles: BTreeMap<String, Figures>,
    /// Drummer by drummer, where they are known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drummers: BTreeMap<String, Figures>,
}

impl std::ops::Deref for Evaluation {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.all
    }
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
    dump: impl FnMut(&str, &[[f32; LANES]]) -> Result<(), E>,
) -> Result<Evaluation, E> {
    evaluate_by(model, corpus, |_| None, dump)
}

/// [`evaluate`], told who drums in the piece of a name.
///
/// # Errors
/// Whatever `dump` answers.
pub fn evaluate_by<'a, E>(
    model: &Arc<BeatModel>,
    corpus: &Corpus,
    drummer: impl Fn(&str) -> Option<&'a str>,
    dump: impl FnMut(&str, &[[f32; LANES]]) -> Result<(), E>,
) -> Result<Evaluation, E> {
    let scorer = |piece: &Piece| score(model, corpus, piece);
    run(corpus, scorer, drummer, dump)
}

/// The protocol, whatever predicts.
fn run<'a, E>(
    corpus: &Corpus,
    scorer: impl Fn(&Piece) -> FileScore + Sync,
    drummer: impl Fn(&str) -> Option<&'a str>,
    mut dump: impl FnMut(&str, &[[f32; LANES]]) -> Result<(), E>,
) -> Result<Evaluation, E> {
    let common = |piece: &&Piece| piece.meter == Meter::COMMON;
    let scored: Vec<&Piece> = corpus.pieces().iter().filter(common).collect();
    let mut all = Tally::default();
    let mut styles: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut drummers: BTreeMap<&str, Tally> = BTreeMap::new();
    for part in scored.chunks(PART) {
        let scores: Vec<FileScore> = part.par_iter().map(|piece| scorer(piece)).collect();
        for (piece, score) in part.iter().zip(&scores) {
            dump(&piece.name, &score.probabilities)?;
            all.add(&score.tally);
            let style = corpus.style_of(piece).unwrap_or("-");
            styles.entry(style).or_default().add(&score.tally);
            if let Some(drummer) = drummer(&piece.name) {
                drummers.entry(drummer).or_default().add(&score.tally);
            }
        }
    }
    let by_name = |groups: BTreeMap<&str, Tally>| {
        let figures = groups
            .into_iter()
            .map(|(name, tally)| (name.to_owned(), tally.figures()));
        figures.collect()
    };
    Ok(Evaluation {
        all: all.figures(),
        bits_per_lane: all.bits_per_lane(),
        lanes: all.lanes(),
        files: scored.len(),
        skipped: corpus
            .pieces()
            .iter()
            .filter(|piece| !common(piece))
            .map(|piece| piece.name.to_string())
            .collect(),
        styles: by_name(styles),
        drummers: by_name(drummers),
    })
}

fn score(model: &Arc<BeatModel>, corpus: &Corpus, piece: &Piece) -> FileScore {
    let style = corpus.style_of(piece);
    let style = style.and_then(|s| model.config().style_index(s));
    let mut sampler = Sampler::new(Arc::clone(model));
    let mut state = sampler.start();
    let mut sum = FileScore::default();
    for (at, step) in corpus.grid(piece).steps.iter().enumerate() {
        let place = Place {
            fill: Some(piece.fill),
            ..place_at(piece.meter, piece.tempo, at, style)
        };
        let one: Score = sampler.score(&mut state, &place, step);
        sum.tally.count(&one, step);
        sum.probabilities.push(one.probabilities);
    }
    sum
}

#[cfg(test)]
mod tests;
