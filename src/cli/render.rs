//! Flags of `render`.

use super::values::whole;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Flags of `render`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  beatgen-tui render beat.mid beat.wav
  beatgen-tui render beat.mid beat.wav --soundfont ~/kits/jazz.sf2
  beatgen-tui render beat.mid beat.wav --through-mel     as a model of spectrograms hears it

Every note sounds on the sample where the file's ticks and tempo changes put it. The WAV is 16-bit stereo. An
existing output file is kept: the new one is named beat.1.wav, beat.2.wav, ...")]
pub struct RenderArgs {
    /// The MIDI file whose drums are played
    #[arg(value_name = "IN.mid", value_hint = ValueHint::FilePath)]
    pub midi: PathBuf,
    /// The WAV file to write
    #[arg(value_name = "OUT.wav", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// Samples a second
    #[arg(long, value_name = "HZ", default_value_t = 44_100, value_parser = whole(8_000, 192_000))]
    pub sample_rate: usize,
    /// Play with the drum kit of this SoundFont instead of the built-in one
    #[arg(long, value_name = "FILE.sf2", value_hint = ValueHint::FilePath)]
    pub soundfont: Option<PathBuf>,
    /// Which notes are which drums of the built-in kit: gm, td11, or a TOML file [default: td11 for the Groove dataset, gm elsewhere]
    #[arg(long, value_name = "gm|td11|FILE", value_hint = ValueHint::AnyPath, conflicts_with = "soundfont")]
    pub drum_map: Option<String>,
    /// Turn the sound into mel frames, as a model of spectrograms is given them, and back into sound (Griffin-Lim), to hear
    /// what such a model can know; takes a few seconds for each minute
    #[arg(long)]
    pub through_mel: bool,
    /// With --through-mel: samples from one frame to the next
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = whole(16, 1024), requires = "through_mel")]
    pub hop_length: usize,
    /// With --through-mel: mel bands a frame
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = whole(1, 1024), requires = "through_mel")]
    pub n_mels: usize,
}
