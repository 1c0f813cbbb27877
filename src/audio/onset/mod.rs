//! Transcription: mel frames to drum strokes, as they come. A small network looks at each frame with its neighbours and says for each
//! lane whether a stroke begins there, how hard, and where between the frames; a peak of that is a stroke.
//!
//! | file | |
//! |---|---|
//! | `shape` | how wide the network is and how far it sees |
//! | `ear` | its numbers and its arithmetic ([`Ear`]) |
//! | `file` | an ear as bytes; the one inside the program, `ear.bin` (its card is `README.md`) |
//! | `listener` | frames in, strokes out ([`Listener`]) |
//! | `level` | how loud music is, beside what an ear was taught with ([`Level`]) |
//! | `grid` | strokes put on 16th steps |
//! | `score` | how much was found ([`Score`]) |
//! | `tempo` | the tempo of strokes |
//!
//! ```
//! use beatgen_tui::audio::onset::{Ear, transcribe};
//! use beatgen_tui::audio::render::{Stroke, mono, render_events};
//! use beatgen_tui::beat::lane::Lane;
//!
//! let ear = Ear::embedded()?;
//! let stroke = Stroke { time_ns: 500_000_000, lane: Lane::Snare, velocity: 100 };
//! let sound = mono(&render_events(&[stroke], ear.mel().sample_rate, 0.5));
//! let heard = transcribe(&ear, &sound)?;
//! assert_eq!(heard.len(), 1);
//! assert_eq!(heard[0].lane, Lane::Snare);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Training is in `model::ear`; which sound is heard is the caller's.

mod ear;
mod file;
mod grid;
mod level;
mod listener;
mod score;
mod shape;
mod tempo;
#[cfg(all(test, feature = "studio"))]
mod tests;

pub use ear::{Ear, FLOOR, Gate, Parts};
pub use file::EarError;
pub use grid::grid_of;
pub use level::Level;
pub use listener::{Listener, Peak};
pub use score::{Counts, FAINT, Score, TOLERANCE_NS};
pub use shape::{KERNEL, OUTPUTS, Shape};
pub use tempo::tempo_of;

use super::mel::{Mel, MelError, MelStream, Scale, db};
use super::render::Stroke;

/// The strokes of a whole mono signal at the ear's sample rate.
///
/// # Errors
/// [`MelError`], if the ear's frames cannot be made.
pub fn transcribe(ear: &Ear, mono: &[f32]) -> Result<Vec<Stroke>, MelError> {
    let mel = Mel::new(*ear.mel())?;
    let mut listener = Listener::new(ear);
    let mut strokes = Vec::new();
    let mut frame = vec![0.0; ear.mel().n_mels];
    let mut hear = |power: &[f32]| {
        for (d, p) in frame.iter_mut().zip(power) {
            *d = db(*p);
        }
        listener.push(&frame, |stroke| strokes.push(stroke));
    };
    let mut stream = MelStream::new(&mel);
    stream.push(mono, &mut hear);
    stream.finish(&mut hear);
    listener.finish(|stroke| strokes.push(stroke));
    strokes.sort_by_key(|s| (s.time_ns, s.lane));
    Ok(strokes)
}

/// The strokes in whole frames that are kept as levels of a scale, `[frames, bands]`. Bands the ear has not are passed over.
#[must_use]
pub fn transcribe_levels(ear: &Ear, scale: &Scale, levels: &[u8]) -> Vec<Stroke> {
    let bands = ear.mel().n_mels.max(1);
    let mut listener = Listener::new(ear);
    let mut strokes = Vec::new();
    let mut frame = vec![0.0; bands];
    for levels in levels.chunks_exact(bands) {
        for (db, level) in frame.iter_mut().zip(levels) {
            *db = scale.db(Scale::of_level(*level));
        }
        listener.push(&frame, |stroke| strokes.push(stroke));
    }
    listener.finish(|stroke| strokes.push(stroke));
    strokes.sort_by_key(|s| (s.time_ns, s.lane));
    strokes
}
