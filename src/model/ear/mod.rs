//! How a transcriber ([`crate::audio::onset`]) is made: drum parts are rendered by the built-in kit, so every frame's strokes are
//! known, and a small network learns to tell them. No files and no devices; a few minutes on one core.
//!
//! | file | |
//! |---|---|
//! | `recordings` | strokes to frames and targets |
//! | `lesson` | batches, and the loss |
//! | `net` | forward and backward |
//! | `tune` | thresholds, on pieces kept back |
//! | `own` | an ear that a checkpoint keeps for its own frames |

mod lesson;
mod net;
pub mod own;
mod recordings;
#[cfg(test)]
mod tests;
mod tune;

use super::lstm::kernel::Engine;
use super::recipe::learning_rate;
use crate::audio::mel::{Mel, MelConfig, MelError};
use crate::audio::onset::{Ear, Gate, Parts, Score, Shape};
use crate::audio::render::Stroke;
use crate::base::rng::{Purpose, Stream};
use crate::beat::lane::LANES;
use lesson::Lesson;
use net::Net;
use recordings::{Recording, Take};
use std::ops::ControlFlow;

/// How an ear is taught.
#[derive(Clone, Debug, PartialEq)]
pub struct EarConfig {
    /// The frames it is to hear.
    pub mel: MelConfig,
    /// Sound rendered to learn from, in seconds; the pieces kept back come on top.
    pub seconds: f32,
    /// The longest stretch taken of one piece, in seconds.
    pub longest: f32,
    /// Times that all of it is learned.
    pub epochs: usize,
    /// AdamW's highest rate.
    pub learning_rate: f64,
    /// Start of all draws.
    pub seed: u64,
    /// Threads of the arithmetic; the result has the same bits for any number.
    pub threads: usize,
}

impl Default for EarConfig {
    fn default() -> Self {
        Self {
            mel: MelConfig::default(),
            seconds: 10_000.0,
            longest: 30.0,
            epochs: 10,
            learning_rate: 0.003,
            seed: 42,
            threads: 1,
        }
    }
}

/// How far the teaching is.
#[derive(Clone, Debug, PartialEq)]
pub enum EarNews {
    /// So many seconds of sound are rendered, of so many.
    Rendered(f32, f32),
    /// An epoch, from 1, is done, with its loss in nats a frame.
    Epoch(usize, f64),
    /// Thresholds are found; the score of the pieces kept back.
    Tuned(Box<Score>),
}

/// Why no ear was made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TeachError {
    /// Frames that cannot be made.
    #[error(transparent)]
    Mel(#[from] MelError),
    /// Not enough drumming.
    #[error("{0} drum parts are too few to teach a transcriber; it takes at least {LEAST}")]
    TooFew(usize),
    /// Told to stop.
    #[error("teaching the transcriber was stopped")]
    Stopped,
    /// Numbers that went astray.
    #[error("the transcriber learned nothing: its numbers are not finite")]
    Astray,
}

/// The fewest pieces.
const LEAST: usize = 4;

/// One piece in so many is kept back for the thresholds.
const KEPT_BACK: usize = 10;

/// Teaches an ear from drum parts. `tell` hears how far it is, and ends it by breaking.
///
/// # Errors
/// [`TeachError`]: mel settings that are none, too few pieces, being stopped.
pub fn train_ear(
    config: &EarConfig,
    pieces: &[Vec<Stroke>],
    tell: &mut dyn FnMut(EarNews) -> ControlFlow<()>,
) -> Result<Ear, TeachError> {
    let mel = Mel::new(config.mel)?;
    if pieces.len() < LEAST {
        return Err(TeachError::TooFew(pieces.len()));
    }
    let (learned, kept) = record(config, &mel, pieces, tell)?;
    let shape = Shape::for_mel(&config.mel);
    let bands = config.mel.n_mels;
    let (means, scales) = recordings::statistics(&learned, bands);
    let mut net = Net::new(shape, Engine::new(config.threads), config.seed);
    let mut lesson = Lesson::default();
    let each = lesson::batches(&lesson::plan(&learned, config.seed, 0)).len();
    let total = each * config.epochs;
    let mut done = 0;
    for epoch in 0..config.epochs {
        let starts = lesson::plan(&learned, config.seed, epoch);
        let batches = lesson::batches(&starts);
        let (mut loss, count) = (0.0, batches.len());
        for batch in batches {
            lesson.fill(&shape, &learned, batch, (&means, &scales));
            loss += lesson.mark_out(net.forward(&lesson.frames));
            let rate = learning_rate(config.learning_rate, done, total);
            net.learn(&lesson.frames, &lesson.wrong, rate);
            done += 1;
        }
        let news = EarNews::Epoch(epoch + 1, loss / count.max(1) as f64);
        if tell(news).is_break() {
            return Err(TeachError::Stopped);
        }
    }
    let levels: Vec<f32> = learned.iter().filter_map(|r| r.level).collect();
    let ear = Ear::new(Parts {
        mel: config.mel,
        shape,
        means,
        scales,
        level: median(levels),
        gates: [Gate {
            threshold: 0.6,
            gap: 3,
        }; LANES],
        weights: net.weights().to_vec(),
    });
    // Rounded as it will be kept, so that the thresholds are those of what is used.
    let ear = ear
        .and_then(|ear| Ear::from_bytes(&ear.to_bytes()).ok())
        .ok_or(TeachError::Astray)?;
    let (gates, score) = tune::tune(&ear, &kept);
    let _ = tell(EarNews::Tuned(Box::new(score)));
    Ok(ear.with_gates(gates))
}

/// Renders the pieces in a drawn order until there is enough sound: those to learn from, those kept back.
fn record(
    config: &EarConfig,
    mel: &Mel,
    pieces: &[Vec<Stroke>],
    tell: &mut dyn FnMut(EarNews) -> ControlFlow<()>,
) -> Result<(Vec<Recording>, Vec<Recording>), TeachError> {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    Stream::new(config.seed, 0, Purpose::Told).shuffle(&mut order);
    let most_ns = (f64::from(config.longest.max(1.0)) * 1e9) as u64;
    let (mut learned, mut kept) = (Vec::new(), Vec::new());
    let mut seconds = 0.0;
    for (n, &which) in order.iter().enumerate() {
        let mut draws = Stream::new(config.seed, 1 + which as u64, Purpose::Told);
        let strokes = &pieces[which];
        let last = strokes.iter().map(|s| s.time_ns).max().unwrap_or(0);
        let spare = last.saturating_sub(most_ns);
        let from = (f64::from(draws.uniform()) * spare as f64) as u64;
        let back = n % KEPT_BACK == KEPT_BACK - 1;
        // The first are needed on both sides, however few there are.
        let back = back || (pieces.len() < KEPT_BACK && n == 1);
        let take = if back {
            Take::PLAIN
        } else {
            Take::draw(&mut draws)
        };
        let recording = Recording::of(mel, strokes, (from, most_ns), take, &mut draws);
        if back {
            kept.push(recording);
            continue;
        }
        seconds += recording.frames() as f32 * config.mel.hop_length as f32
            / config.mel.sample_rate as f32;
        learned.push(recording);
        if tell(EarNews::Rendered(seconds, config.seconds)).is_break() {
            return Err(TeachError::Stopped);
        }
        if seconds >= config.seconds && !kept.is_empty() {
            break;
        }
    }
    Ok((learned, kept))
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(-20.0)
}
