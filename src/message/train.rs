//! What a training run is asked to do and what it tells.

use super::SpectrogramColumn;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which device computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// CUDA where driver, NVRTC and headers are there, else the CPU.
    #[default]
    Auto,
    /// An NVIDIA GPU, or an error.
    Cuda,
    /// The CPU, burn's flex backend.
    Cpu,
    /// The CPU, burn's ndarray backend.
    CpuNdarray,
}

/// What the model learns from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Representation {
    /// 16th steps of nine lanes.
    #[default]
    Beat,
    /// Mel spectrogram frames.
    Mel,
}

/// Every flag of `train`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// The folder of MIDI files.
    pub data_dir: PathBuf,
    /// Where checkpoints go.
    pub checkpoint_dir: PathBuf,
    /// BPTT length, in 16th steps.
    pub sequence_length: usize,
    /// LSTM width.
    pub units: usize,
    /// LSTM layers.
    pub num_layers: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Parallel streams.
    pub batch_size: usize,
    /// Passes over the data.
    pub epochs: usize,
    /// Share of activations dropped between layers.
    pub dropout: f64,
    /// `gm`, `td11`, a TOML file, or `None` for the folder's own.
    pub drum_map: Option<String>,
    /// Go on from the last checkpoint.
    pub resume: bool,
    /// Of everything random.
    pub seed: u64,
    /// Which device computes.
    pub device: DeviceChoice,
    /// Beats or spectrograms.
    pub representation: Representation,
    /// How many devices of this kind learn each batch together.
    #[serde(default = "one")]
    pub devices: usize,
    /// Ends the run after so many epochs in which the validation figure got no better; 0 never does.
    #[serde(default)]
    pub patience: usize,
    /// Spectrograms only: samples a second.
    #[serde(default = "sample_rate")]
    pub sample_rate: u32,
    /// Spectrograms only: samples from one frame to the next.
    #[serde(default = "hop_length")]
    pub hop_length: usize,
    /// Spectrograms only: mel bands a frame.
    #[serde(default = "n_mels")]
    pub n_mels: usize,
}

const fn sample_rate() -> u32 {
    44_100
}

const fn hop_length() -> usize {
    512
}

const fn n_mels() -> usize {
    128
}

/// As runs were before there was a choice.
const fn one() -> usize {
    1
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::new(),
            checkpoint_dir: PathBuf::from("checkpoints"),
            sequence_length: 64,
            units: 256,
            num_layers: 3,
            learning_rate: 0.001,
            batch_size: 32,
            epochs: 100,
            dropout: 0.2,
            drum_map: None,
            resume: false,
            seed: 42,
            device: DeviceChoice::Auto,
            representation: Representation::Beat,
            devices: 1,
            patience: 10,
            sample_rate: sample_rate(),
            hop_length: hop_length(),
            n_mels: n_mels(),
        }
    }
}

/// What a running training can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainCommand {
    /// Hold after the current update.
    Pause,
    /// Go on.
    Resume,
    /// Write a checkpoint and end.
    Stop,
    /// Write a checkpoint and go on.
    Checkpoint,
}

/// Where a training run is, after an update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainProgress {
    /// The epoch under way, from 1.
    pub epoch: usize,
    /// Of how many.
    pub epochs: usize,
    /// Updates done in this epoch.
    pub update: usize,
    /// Updates an epoch.
    pub updates_per_epoch: usize,
    /// Updates done since the run began.
    pub total_updates: usize,
    /// Bits per 16th step of the hits, or bits a band and frame, on the last batch.
    pub train_bits: f32,
    /// The whole loss (hits, velocity, micro-timing), in bits a step.
    pub loss: f32,
    /// Norm of the gradient before clipping.
    pub grad_norm: f32,
    /// The learning rate in force.
    pub learning_rate: f64,
    /// 16th steps learned a second.
    pub steps_per_second: f32,
    /// Seconds to the end at this rate.
    pub seconds_left: f32,
}

/// Why a training run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// All epochs done.
    Finished,
    /// The validation figure got no better for as many epochs as patience lasted.
    Settled,
    /// Told to stop.
    Stopped,
}

/// The same few bars as they are in the data and as the model foresees them, step by step (beats) or
/// frame by frame (spectrograms), from what the data has before each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Excerpt {
    /// After which epoch, from 1.
    pub epoch: usize,
    /// The file they are from.
    pub of: String,
    /// Their sound, oldest first.
    pub data: Vec<SpectrogramColumn>,
    /// The sound foreseen: as many columns, on the same scale.
    pub model: Vec<SpectrogramColumn>,
    /// Lower edge of the lowest and upper edge of the highest band, in hertz; bands are even in mel.
    pub hz: (f32, f32),
}

/// What a training run tells.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainEvent {
    /// Before it begins, a transcriber is taught for frames that the built-in one cannot read.
    Teaching {
        /// How much is done, 0 to 1.
        share: f32,
    },
    /// It can hear.
    Taught {
        /// Micro F1 of recordings kept back.
        f1: f32,
    },
    /// Before it begins, spectrograms are made of the files.
    Preparing {
        /// Files done.
        done: usize,
        /// Of how many.
        files: usize,
    },
    /// It begins.
    Started {
        /// The flags in force.
        config: Box<TrainConfig>,
        /// The device, and why this one.
        device: String,
        /// Trained numbers.
        parameters: usize,
        /// Updates an epoch.
        updates_per_epoch: usize,
        /// Training files.
        files: usize,
        /// Training bars.
        bars: u64,
        /// The drum map in force.
        drum_map: String,
        /// Updates already done, when resumed.
        resumed_at: usize,
    },
    /// An update is done.
    Progress(TrainProgress),
    /// An epoch's validation is done.
    Validation {
        /// The epoch, from 1.
        epoch: usize,
        /// Bits per 16th step of the hits, or bits a band and frame.
        bits_per_step: f32,
        /// Whether it is the best so far.
        best: bool,
    },
    /// What the model makes of a few bars after this epoch; follows the epoch's validation.
    Excerpt(Box<Excerpt>),
    /// A checkpoint is on the disk.
    Checkpoint {
        /// Where.
        path: PathBuf,
        /// After which epoch (0: within the first).
        epoch: usize,
    },
    /// It holds.
    Paused,
    /// It goes on.
    Resumed,
    /// It ended well.
    Ended {
        /// Why.
        reason: EndReason,
        /// Best validation figure, if any.
        best: Option<f32>,
    },
    /// It ended badly: a sentence with reason and hint.
    Failed(String),
}
