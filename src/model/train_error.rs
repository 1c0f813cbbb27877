//! Why a training run cannot begin or go on.

use super::weights::ModelError;
use crate::base::text::sanitize_path;
use std::path::Path;

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No piece to learn from.
    #[error("no drumming to learn from: none of the files is usable and in the training split")]
    Nothing,
    /// A loss or gradient that is not a finite number.
    #[error(
        "training went astray in epoch {epoch}, update {update}: the loss is not a finite number. The last good \
         checkpoint is kept; try a lower --learning-rate"
    )]
    NotFinite {
        /// From 1.
        epoch: usize,
        /// From 1.
        update: usize,
    },
    /// A device that failed, or several that cannot work together.
    #[error(
        "training cannot go on: {0}. The last checkpoint is kept: go on with --resume, or with fewer --devices"
    )]
    Device(String),
    /// An update that would not fit into memory.
    #[error(
        "--batch-size times --sequence-length makes updates of {slots} steps, more than {max}. Lower one of them",
        max = super::train::MAX_SLOTS
    )]
    TooLarge {
        /// 16th steps an update.
        slots: usize,
    },
    /// Flags that cannot serve: which, why, and what would.
    #[error("{0}")]
    Unfit(String),
    /// Told to stop before there was anything to save.
    #[error("stopped before it began")]
    Stopped,
    /// The checkpoint folder cannot be written.
    #[error("--checkpoint-dir {path}: cannot be written ({why}). Choose a folder of your own")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        why: std::io::Error,
    },
    /// Asked to resume where there is nothing.
    #[error("{0}: no last.safetensors to resume from. Leave out --resume to start a new run")]
    NothingToResume(String),
    /// Asked to resume with other settings.
    #[error(
        "{path}: that run was started with {theirs}, not {ours}. Give the same flags to resume it"
    )]
    OtherSettings {
        /// The checkpoint.
        path: String,
        /// Its settings.
        theirs: String,
        /// Those asked for.
        ours: String,
    },
    /// Asked to resume on other files.
    #[error(
        "{path}: the training files have changed since that run: files came, went or are read with another drum map. \
         Bring them back, or leave out --resume to start a new run"
    )]
    OtherData {
        /// The checkpoint.
        path: String,
    },
    /// A checkpoint that cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] ModelError),
    /// A checkpoint that cannot be written.
    #[error(
        "{path}: cannot write the checkpoint ({why}). Free some space or choose another --checkpoint-dir"
    )]
    Write {
        /// Where.
        path: String,
        /// Why.
        why: std::io::Error,
    },
}

pub(super) fn write_error(path: &Path, why: std::io::Error) -> TrainError {
    TrainError::Write {
        path: sanitize_path(path),
        why,
    }
}
