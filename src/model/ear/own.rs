//! A transcriber for frames that the one inside the program cannot read: taught within bounds from the files that a
//! spectrogram model is about to learn from, and kept in its checkpoints.

use super::{EarConfig, EarNews, TeachError, train_ear};
use crate::audio::mel::MelConfig;
use crate::audio::onset::Ear;
use crate::audio::render::{Stroke, grid_strokes};
use crate::dataset::corpus::Corpus;
use std::ops::ControlFlow;

/// The most sound rendered, in seconds.
const SECONDS: f32 = 4_000.0;

/// The most values (bands of all frames) kept while learning, two bytes each: short hops and many bands get less sound.
const VALUES: f32 = 48e6;

/// Recordings, at least: few files are recorded several times, each at its own level and with its own noise.
const RECORDINGS: usize = 8;

/// The share of the work that rendering is.
const RENDERING: f32 = 0.4;

/// How far the teaching is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OwnNews {
    /// So much is done, 0 to 1.
    Share(f32),
    /// It can hear: micro F1 of recordings kept back.
    Taught(f32),
}

/// How an ear for such frames is taught: about two minutes on one core, some 150 MB.
#[must_use]
pub fn bounded(mel: MelConfig, seed: u64, threads: usize) -> EarConfig {
    let frames = mel.sample_rate as f32 / mel.hop_length.max(1) as f32;
    EarConfig {
        mel,
        seconds: SECONDS.min(VALUES / (frames * mel.n_mels.max(1) as f32)),
        longest: 20.0,
        epochs: 8,
        seed,
        threads,
        ..EarConfig::default()
    }
}

/// Teaches an ear from pieces as they are written. `tell` ends it by breaking.
///
/// # Errors
/// [`TeachError`]: mel settings that are none, no piece, being stopped.
pub fn own_ear(
    config: &EarConfig,
    corpus: &Corpus,
    tell: &mut dyn FnMut(OwnNews) -> ControlFlow<()>,
) -> Result<Ear, TeachError> {
    let pieces = corpus.pieces().iter();
    let each: Vec<Vec<Stroke>> = pieces.map(|p| grid_strokes(&corpus.grid(p))).collect();
    let enough = each.len().max(RECORDINGS);
    let pieces: Vec<Vec<Stroke>> = each.iter().cycle().take(enough).cloned().collect();
    let seconds: f32 = pieces.iter().map(|p| length(p).min(config.longest)).sum();
    let most = config.seconds.min(seconds).max(1.0);
    let epochs = config.epochs.max(1) as f32;
    if tell(OwnNews::Share(0.0)).is_break() {
        return Err(TeachError::Stopped);
    }
    train_ear(config, &pieces, &mut |news| {
        let news = match news {
            EarNews::Rendered(now, _) => OwnNews::Share(RENDERING * (now / most).min(1.0)),
            EarNews::Epoch(n, _) => {
                OwnNews::Share(RENDERING + (1.0 - RENDERING) * n as f32 / epochs)
            }
            EarNews::Tuned(score) => OwnNews::Taught(score.all().f1() as f32),
        };
        tell(news)
    })
}

/// Seconds to the last stroke.
fn length(strokes: &[Stroke]) -> f32 {
    let last = strokes.iter().map(|s| s.time_ns).max().unwrap_or(0);
    last as f32 / 1e9
}
