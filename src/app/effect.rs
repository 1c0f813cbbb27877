//! [`Effect`]: what the state machine wants done, as plain data. `runtime` does it.

use super::heard::News;
use super::settings::Settings;
use crate::beat::grid::BeatGrid;
use crate::message::{Controls, OutputSetup, TrainCommand, TrainConfig};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// One thing to be done, in the order given. None of them blocks the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Scan a folder; a running scan is given up. Answers: [`super::Msg::Scan`].
    Scan {
        /// The folder.
        dir: PathBuf,
        /// Files without drums whose notes are to be read as drums, whatever their channel.
        remaps: Vec<PathBuf>,
    },
    /// Give up the running scan.
    CancelScan,
    /// Read one file into a grid; of several, only the last asked for matters. Answer: [`super::Msg::Preview`].
    LoadPreview {
        /// The file.
        path: PathBuf,
        /// Whether its notes are read as drums, whatever their channel.
        remap: bool,
    },
    /// Play this beat instead of whatever plays; the generator waits beneath it.
    PlayPreview {
        /// Its name, which comes back in [`crate::message::PlaySource::Preview`].
        name: String,
        /// The beat.
        grid: Arc<BeatGrid>,
    },
    /// End the preview; the generator, if it was playing, is heard again.
    StopPreview,
    /// Play the generator.
    Play,
    /// Stop the generator.
    Stop,
    /// Knobs were turned; of several, only the last matters.
    SetControls(Controls),
    /// Let the generator go on from this beat: its bars prime the LSTM state.
    Prime {
        /// Its name.
        name: String,
        /// The beat.
        grid: Arc<BeatGrid>,
    },
    /// Start a training run. Answers: [`super::Msg::Train`].
    StartTraining {
        /// Every flag.
        config: Box<TrainConfig>,
        /// Files left out by hand.
        excluded: Vec<PathBuf>,
        /// Files whose notes are read as drums, whatever their channel.
        remaps: Vec<PathBuf>,
    },
    /// Tell the training run something.
    Train(TrainCommand),
    /// Load a checkpoint into the engine, in force from the next bar line. Answer: [`super::Msg::TakenOver`].
    TakeOver {
        /// A checkpoint, or a folder of them (then its best).
        path: PathBuf,
    },
    /// Sample a few bars from a checkpoint, to be heard once. Answer: [`super::Msg::Heard`].
    HearCheckpoint {
        /// A checkpoint, or a folder of them (then its best).
        path: PathBuf,
        /// How many bars.
        bars: usize,
        /// With these knobs.
        controls: Controls,
    },
    /// Send notes of a slot somewhere else, or otherwise: where only clock or offset differ, what
    /// is open stays open. The slot is made if it is new.
    SetOutput {
        /// Which output, from 0.
        slot: usize,
        /// Where to, and how.
        setup: OutputSetup,
    },
    /// Ask the receiver of a slot to play everything this much after its time; of several, only
    /// the last matters.
    SetDelay {
        /// Which output, from 0.
        slot: usize,
        /// In milliseconds, at most [`crate::message::MOST_DELAY_MS`].
        delay_ms: u16,
    },
    /// Go on with the set that was offered: play from where it was left, with the knobs of the
    /// [`Effect::SetControls`] before this.
    GoOn,
    /// The set that was offered is not wanted any more.
    ForgetOffer,
    /// Use this drum-machine map.
    SetKit(String),
    /// List the MIDI ports. Answer: [`super::Msg::Ports`].
    RefreshPorts,
    /// Write everything played to a new `.mid`. Answer: [`super::Msg::SessionSaved`].
    SaveSession,
    /// Render a stretch of a file's beat with the built-in kit and take its mel spectrogram; of several, only
    /// the last asked for matters. Answer: [`super::Msg::Spectrogram`].
    ComputeSpectrogram {
        /// The file; comes back with the answer.
        path: PathBuf,
        /// Its beat.
        grid: Arc<BeatGrid>,
        /// Which of its steps.
        steps: Range<usize>,
    },
    /// Continue the spectrogram of what is played with steps that have begun to sound. Answer:
    /// [`super::Msg::Spectrogram`].
    PicturePlayed(News),
    /// Draw with this theme.
    SetTheme(String),
    /// Silence: close every note on every output and stop playing.
    Panic,
    /// Clear the terminal and draw everything again.
    Redraw,
    /// Leave the screen and stop the process until the shell continues it.
    Suspend,
    /// Keep the settings for next time.
    WriteSettings(Box<Settings>),
    /// End: silence, save what was played, restore the terminal, exit.
    Quit,
}
