//! The flags of `transcribe`; what it does is in `runtime/jobs/transcribe.rs`.

use super::values::fraction;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Flags of `transcribe`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  beatgen-tui transcribe loop.wav loop.mid             tempo estimated
  beatgen-tui transcribe loop.wav loop.mid --bpm 96    tempo as given

The recording should be of drums alone. An existing .mid file is kept: the new one is named loop.1.mid, loop.2.mid, ...")]
pub struct TranscribeArgs {
    /// The recording: a WAV file, any sample rate, mono or stereo, whole numbers or floats
    #[arg(value_name = "WAV", value_hint = ValueHint::FilePath)]
    pub input: PathBuf,
    /// The .mid file to write
    #[arg(value_name = "MID", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// Tempo in quarter notes a minute [default: estimated from what is heard]
    #[arg(long, value_name = "X", value_parser = fraction(20.0, 400.0))]
    pub bpm: Option<f64>,
}
