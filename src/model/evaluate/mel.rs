//! How well a spectrogram model predicts real drumming, and what of it the transcriber hears again.
//!
//! The protocol: every file of a split, from its first frame, with no priming; the model hears the true past. The frames
//! scored are those it learns from, the 16th grid with its micro-timing as the built-in kit plays it. What
//! the transcriber is measured by are all notes of a file at their own times: rendered, turned into the model's
//! frames, heard, and matched one to one within 50 ms. That is the ceiling of anything the model plays.
//!
//! | file | what lives there |
//! |---|---|
//! | `heard` | figures of a transcription |
//! | `drawn` | frames drawn from the model, transcribed, put on the grid and measured beside real beats |
//! | `portrait` | a set of beats in a few plain numbers |

pub mod drawn;
pub mod heard;
pub mod portrait;

use crate::audio::frames::{MelTrack, levels};
use crate::audio::mel::{Mel, MelError, Scale};
use crate::audio::onset::{Ear, Score, transcribe_levels};
use crate::audio::render::{Renderer, Stroke, grid_strokes};
use crate::dataset::corpus::{Corpus, Piece};
use crate::model::mel_net::score::{Sums, of_track};
use crate::model::mel_net::{MelModel, Scored, Track};
use heard::Heard;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files between two words of how far it is.
const PART: usize = 16;

/// What rings on after the last stroke, in seconds.
const TAIL: f32 = 0.6;

/// The figures of some files.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MelFigures {
    /// How well their frames are foreseen.
    #[serde(flatten)]
    pub foreseen: Scored,
    /// [`Scored::mean_error`] in decibels.
    pub mean_error_db: f64,
    /// [`Scored::held_error`] in decibels.
    pub held_error_db: f64,
    /// What the transcriber hears of their strokes.
    pub heard: Heard,
    /// How far frames of what was heard, rendered again, lie from the frames it was heard in: the mean over bands and
    /// frames, in levels of 0 to 1. What transcribing and rendering cost, whatever is transcribed.
    pub again_error: f64,
    /// The same in decibels.
    pub again_error_db: f64,
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MelEvaluation {
    /// The figures of all files.
    #[serde(flatten)]
    pub all: MelFigures,
    /// Files scored.
    pub files: usize,
    /// Style by style; `-` where none is known.
    pub styles: BTreeMap<String, MelFigures>,
    /// Drummer by drummer, where they are known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drummers: BTreeMap<String, MelFigures>,
}

/// The sums of some files.
#[derive(Clone, Debug, Default)]
struct Tally {
    sums: Sums,
    heard: Score,
    /// Differences of levels and how many.
    again: [u64; 2],
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.sums.add(&other.sums);
        self.heard.merge(&other.heard);
        for (sum, x) in self.again.iter_mut().zip(other.again) {
            *sum += x;
        }
    }

    fn figures(&self, scale: &Scale) -> MelFigures {
        let foreseen = self.sums.figures();
        let range = f64::from(scale.ceiling - scale.floor);
        let [off, values] = self.again.map(|n| n as f64);
        let again_error = off / 255.0 / values.max(1.0);
        MelFigures {
            mean_error_db: foreseen.mean_error * range,
            held_error_db: foreseen.held_error * range,
            foreseen,
            heard: Heard::of(&self.heard),
            again_error,
            again_error_db: again_error * range,
        }
    }
}

/// Scores a model and an ear for its frames on pieces, several at once, with the same result for any number of threads. `strokes`
/// gives all notes of the file of a name, where it still can; the piece's own stand in for them. `told` hears
/// how many files are done of how many. Besides the corpus, memory is the frames of the files under way.
///
/// # Errors
/// Settings that no filter bank can be made of.
pub fn evaluate_mel<'a>(
    (model, ear): (&Arc<MelModel>, &Ear),
    corpus: &Corpus,
    strokes: impl Fn(&str) -> Option<Vec<Stroke>> + Sync,
    drummer: impl Fn(&str) -> Option<&'a str>,
    told: &mut dyn FnMut(usize, usize),
) -> Result<MelEvaluation, MelError> {
    let settings = &model.config().mel;
    let desk = Desk {
        model,
        ear,
        bank: Mel::new(settings.mel())?,
        scale: settings.scale(),
    };
    let mut all = Tally::default();
    let (mut styles, mut drummers) = (BTreeMap::new(), BTreeMap::new());
    let mut files = 0;
    for part in corpus.pieces().chunks(PART) {
        let score = |piece| desk.score(corpus, piece, strokes(&piece.name));
        let tallies: Vec<Tally> = part.par_iter().map(score).collect();
        for (piece, tally) in part.iter().zip(&tallies) {
            all.add(tally);
            let style = corpus.style_of(piece).unwrap_or("-");
            let of_style: &mut Tally = styles.entry(style).or_default();
            of_style.add(tally);
            if let Some(drummer) = drummer(&piece.name) {
                let of_drummer: &mut Tally = drummers.entry(drummer).or_default();
                of_drummer.add(tally);
            }
        }
        files += part.len();
        told(files, corpus.len());
    }
    let by_name = |groups: BTreeMap<&str, Tally>| {
        let figures = |(name, tally): (&str, Tally)| (name.to_owned(), tally.figures(&desk.scale));
        groups.into_iter().map(figures).collect()
    };
    Ok(MelEvaluation {
        all: all.figures(&desk.scale),
        files,
        styles: by_name(styles),
        drummers: by_name(drummers),
    })
}

/// What every file is scored with.
struct Desk<'a> {
    model: &'a Arc<MelModel>,
    ear: &'a Ear,
    bank: Mel,
    scale: Scale,
}

impl Desk<'_> {
    fn score(&self, corpus: &Corpus, piece: &Piece, strokes: Option<Vec<Stroke>>) -> Tally {
        let mut tally = Tally::default();
        let grid = corpus.grid(piece);
        let strokes = strokes.unwrap_or_else(|| grid_strokes(&grid));
        let track = Track {
            name: piece.name.clone(),
            meter: piece.meter,
            tempo: piece.tempo,
            levels: MelTrack::of_grid(&self.bank, &self.scale, &grid).levels,
        };
        tally.sums = of_track(self.model, &track);
        drop(track);
        let end = strokes.iter().map(|s| s.time_ns).max().unwrap_or(0);
        let frames = self.frames(&strokes, end);
        let heard = transcribe_levels(self.ear, &self.scale, &frames);
        tally.heard.add(&strokes, &heard);
        let again = self.frames(&heard, end);
        let pairs = frames.iter().zip(&again);
        let off = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        tally.again = [off, frames.len().min(again.len()) as u64];
        tally
    }

    /// Strokes as the model's frames, until [`TAIL`] after `end`.
    fn frames(&self, strokes: &[Stroke], end: u64) -> Vec<u8> {
        let rate = self.bank.config().sample_rate;
        let mut renderer = Renderer::new(strokes, end, rate, TAIL);
        levels(&self.bank, &self.scale, &mut renderer)
    }
}

#[cfg(test)]
mod tests;
