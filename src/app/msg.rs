//! [`Msg`]: everything the state machine can be told. A session is a list of these.

use super::Key;
use crate::beat::grid::BeatGrid;
use crate::message::{EngineStatus, PortInfo, ScanEvent, SpectrogramColumn, TrainEvent};
use std::path::PathBuf;
use std::sync::Arc;

/// One thing that happened. Times are nanoseconds of one monotonic clock.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// The program begins; sent once, first. Answered by the effects that put the settings in force.
    Start,
    /// A key went down (or repeats), at a time.
    Key(Key, u64),
    /// Text pasted in one piece.
    Paste(String),
    /// The terminal has a new size, in cells.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// Time passes; about 30 times a second.
    Tick {
        /// Now.
        now_ns: u64,
    },
    /// A scan tells something.
    Scan(ScanEvent),
    /// The training run tells something.
    Train(TrainEvent),
    /// The engine as it is now.
    Engine(Arc<EngineStatus>),
    /// MIDI ports that exist now.
    Ports(Vec<PortInfo>),
    /// A file asked for by [`super::Effect::LoadPreview`] is read, or a sentence why not.
    Preview {
        /// The file asked for.
        path: PathBuf,
        /// Its beat.
        result: Result<Arc<BeatGrid>, String>,
    },
    /// Bars sampled for [`super::Effect::HearCheckpoint`], or a sentence why not.
    Heard {
        /// The checkpoint asked for.
        path: PathBuf,
        /// What it plays.
        result: Result<Arc<BeatGrid>, String>,
    },
    /// A spectrogram asked for by [`super::Effect::ComputeSpectrogram`] or [`super::Effect::PicturePlayed`]
    /// is ready: [`crate::message::COLUMNS_A_STEP`] columns a step.
    Spectrogram {
        /// Of what.
        what: SpectrogramOf,
        /// Its columns, oldest first.
        columns: Vec<SpectrogramColumn>,
    },
    /// The session was written to this file, or a sentence why not.
    SessionSaved(Result<PathBuf, String>),
    /// A model asked for by [`super::Effect::TakeOver`] plays from the next bar on: its
    /// name; or a sentence why not.
    TakenOver(Result<String, String>),
    /// The device that computes, and why this one.
    Device(String),
    /// Something the user should read.
    Notice {
        /// How bad it is.
        level: Level,
        /// A sentence.
        text: String,
    },
    /// The terminal gained (true) or lost the focus.
    Focus(bool),
    /// The system wants something.
    Signal(Signal),
}

/// What a spectrogram is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpectrogramOf {
    /// A stretch of a file of the dataset.
    File {
        /// The file.
        path: PathBuf,
        /// Its step that the first column is of.
        first: usize,
    },
    /// What is being played, after what was there before.
    Played,
}

/// How bad a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Done, for information.
    Info,
    /// Works, but not as asked.
    Warning,
    /// Does not work.
    Error,
}

/// A signal, as far as the state machine cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, SIGHUP, SIGINT or SIGQUIT: end now, asking nothing.
    End,
    /// SIGCONT: back on the screen after a stop.
    Continue,
}
