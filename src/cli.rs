//! The command line as types: every flag once, for the parser, `--help`, the man page
//! and shell completions. What a subcommand does lives in `runtime/jobs`; how a value
//! is checked lives in [`values`].

pub mod evaluate;
pub mod receive;
#[cfg(feature = "studio")]
pub mod render;
pub mod transcribe;
pub mod values;

pub use evaluate::EvaluateArgs;
pub use receive::ReceiveArgs;
#[cfg(feature = "studio")]
pub use render::RenderArgs;
pub use transcribe::TranscribeArgs;

use crate::message::{DeviceChoice, OutputSpec, Representation, TrainConfig};
use clap::{Args, Parser, Subcommand, ValueHint};
use std::path::PathBuf;
use values::{device, fraction, output, positive, representation, whole};

#[cfg(feature = "studio")]
const EXAMPLES: &str = "\
Examples:
  beatgen-tui                                   open the dashboard and press space to hear it play
  beatgen-tui --data-dir ~/grooves              browse a folder of MIDI files
  beatgen-tui --midi-out TR-8S --kit tr-8s      play into a drum machine
  beatgen-tui --midi-out tcp://127.0.0.1:7373   play into the machine of a laptop that runs `beatgen-tui receive`
  beatgen-tui train --data-dir ~/grooves        learn from the folder, without the dashboard
  beatgen-tui generate --temperature 0.8 --bpm 96 --output-path beat.mid
  beatgen-tui transcribe loop.wav loop.mid      the drums of a recording as MIDI

Exit codes:
  0    done
  1    it went wrong on the way (a full disk, a device that failed)
  2    it cannot be done with what was given: a flag, a file, a folder, no terminal
  130  interrupted (128 + the number of the signal)

Files:
  Settings are in $XDG_CONFIG_HOME/beatgen-tui/config.toml (BEATGEN_CONFIG_DIR overrides the
  folder); the log and saved sessions are in $XDG_STATE_HOME/beatgen-tui (BEATGEN_STATE_DIR).";

#[cfg(feature = "studio")]
const ABOUT: &str = "Learns drumming from a folder of MIDI files and plays new beats live";
#[cfg(feature = "studio")]
const LONG_ABOUT: &str = "Learns drumming from a folder of MIDI files and plays new beats live into a \
    drum machine or the built-in kit. Without a subcommand it opens the dashboard; a model that \
    already knows how to drum is built in, so no data, GPU or sound card is needed to start.";

#[cfg(not(feature = "studio"))]
const EXAMPLES: &str = "\
Examples:
  beatgen-tui receive --midi-out TR-8S          play into a drum machine what another machine sends
  beatgen-tui ports --test TR-8S --kit tr-8s    strike each drum once, by its name

The dashboard, train, generate, evaluate, inspect and doctor are in the whole program, not in this build.

Exit codes:
  0    done
  1    it went wrong on the way
  2    it cannot be done with what was given
  130  interrupted (128 + the number of the signal)";
#[cfg(not(feature = "studio"))]
const ABOUT: &str = "Plays here the beats that a beatgen-tui on another machine sends";
#[cfg(not(feature = "studio"))]
const LONG_ABOUT: &str = "Plays here, into a drum machine or the built-in kit, the beats that a beatgen-tui \
    on another machine sends. This build is a receiver: dashboard, model and training are left out.";

/// Learns drumming from a folder of MIDI files and plays new beats live.
#[derive(Debug, Parser)]
#[command(
    name = "beatgen-tui",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; the dashboard if nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of the dashboard.
    #[cfg(feature = "studio")]
    #[command(flatten)]
    pub dashboard: DashboardArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn from a folder of MIDI files
    #[cfg(feature = "studio")]
    Train(TrainArgs),
    /// Write a new beat to a .mid file
    #[cfg(feature = "studio")]
    Generate(GenerateArgs),
    /// Turn the drums of a MIDI file into sound: a WAV file
    #[cfg(feature = "studio")]
    Render(RenderArgs),
    /// Say what is in MIDI files: notes, drums, bars, tempo, faults
    #[cfg(feature = "studio")]
    Inspect(InspectArgs),
    /// Measure how well a model predicts the beats of a folder
    #[cfg(feature = "studio")]
    Evaluate(EvaluateArgs),
    /// Write the drums of a recording (WAV) to a .mid file
    #[cfg(feature = "studio")]
    Transcribe(TranscribeArgs),
    /// Say what this machine offers: devices, MIDI ports, audio, terminal, paths
    #[cfg(feature = "studio")]
    Doctor,
    /// List the MIDI outputs that notes can be sent to, or try one out
    Ports(PortsArgs),
    /// Play here what a beatgen-tui on another machine sends
    Receive(ReceiveArgs),
    /// Print completions for a shell (bash, zsh, fish, elvish, powershell)
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (read it with: beatgen-tui man | man -l -)
    Man,
}

/// Flags of the dashboard.
#[derive(Args, Clone, Debug)]
pub struct DashboardArgs {
    /// Folder of MIDI files to browse and train on (the last one used, if left out)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
    /// Folder where trained models are kept
    #[arg(long, value_name = "DIR", default_value = "checkpoints", value_hint = ValueHint::DirPath)]
    pub checkpoint_dir: PathBuf,
    /// What computes while training
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = device())]
    pub device: DeviceChoice,
    /// Where notes go: part of a MIDI port's name (see `beatgen-tui ports`), `synth` for the
    /// built-in kit, `synth:FILE.sf2` for the drums of a SoundFont, `file:PATH` for a log of every message, `tcp://HOST:PORT` for a
    /// `beatgen-tui receive` on another machine, `rtp://HOST` for an RTP-MIDI session, `rtp-listen://ADDRESS` to
    /// wait for one, or `none`; up to four times [default: synth if there is a sound card]
    #[arg(long, value_name = "NAME|synth|synth:FILE.sf2|file:PATH|tcp://HOST:PORT|rtp://HOST|none", value_parser = output)]
    pub midi_out: Vec<OutputSpec>,
    /// Send MIDI clock to these outputs too, so that a machine follows the tempo
    #[arg(long, requires = "midi_out")]
    pub midi_clock: bool,
    /// Send everything to these outputs so many milliseconds late (negative: early), -250 to 250
    #[arg(long, value_name = "MS", requires = "midi_out", allow_negative_numbers = true, value_parser = clap::value_parser!(i16).range(-250..=250))]
    pub latency: Option<i16>,
    /// Which notes the drums are sent as: gm, tr-8, tr-8s, tr-08, tr-09, volca-beats, digitakt, digitakt-2,
    /// analog-rytm, or a TOML file of your own [default: gm]
    #[arg(long, value_name = "NAME|FILE", value_hint = ValueHint::AnyPath)]
    pub kit: Option<String>,
    /// Colours: the name of a theme
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Start the random draws here, so that a set can be played again
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Flags of `ports`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  beatgen-tui ports                                    what is connected
  beatgen-tui ports --test TR-8S --kit tr-8s           strike each drum once, by its name
  beatgen-tui ports --test tcp://127.0.0.1:7373        the machine behind a receiver")]
pub struct PortsArgs {
    /// Strike every drum of the kit once on this output, and name it: as --midi-out of the dashboard
    #[arg(long, value_name = "NAME|synth|synth:FILE.sf2|file:PATH|tcp://HOST:PORT|rtp://HOST", value_parser = output)]
    pub test: Option<OutputSpec>,
    /// Which notes the drums are sent as: the name of a machine, or a TOML file of your own [default: gm]
    #[arg(long, value_name = "NAME|FILE", requires = "test", value_hint = ValueHint::AnyPath)]
    pub kit: Option<String>,
}

/// Flags of `train`.
#[derive(Args, Clone, Debug)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  beatgen-tui train --data-dir ~/grooves --epochs 20
  beatgen-tui train --data-dir ~/grooves --resume      go on where the last run stopped

Press Ctrl-C to stop: a checkpoint is written first."
)]
pub struct TrainArgs {
    /// Folder of MIDI files to learn from (read with all its subfolders)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: PathBuf,
    /// Folder where the model is kept
    #[arg(long, value_name = "DIR", default_value = "checkpoints", value_hint = ValueHint::DirPath)]
    pub checkpoint_dir: PathBuf,
    /// How far back learning reaches in one update: 16th steps for beats, frames for spectrograms
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = whole(1, 4096))]
    pub sequence_length: usize,
    /// Width of each LSTM layer
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = whole(1, 4096))]
    pub units: usize,
    /// How many LSTM layers
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole(1, 16))]
    pub num_layers: usize,
    /// How large the learning steps are at their largest
    #[arg(long, value_name = "X", default_value_t = 0.001, value_parser = positive(1.0))]
    pub learning_rate: f64,
    /// How many pieces are learned side by side
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = whole(1, 4096))]
    pub batch_size: usize,
    /// How many times to go through the data
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole(1, 1_000_000))]
    pub epochs: usize,
    /// End after so many epochs without a better validation figure; 0 goes through all
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(0, 1_000_000))]
    pub patience: usize,
    /// Share of the activations dropped while learning, 0 to 0.9
    #[arg(long, value_name = "X", default_value_t = 0.2, value_parser = fraction(0.0, 0.9))]
    pub dropout: f64,
    /// How notes become drums: gm, td11, or a TOML file [default: td11 for the Groove dataset, gm elsewhere]
    #[arg(long, value_name = "gm|td11|FILE", value_hint = ValueHint::AnyPath)]
    pub drum_map: Option<String>,
    /// Learn nothing from this drummer, as `info.csv` names them: to be measured with `evaluate --drummer`
    #[arg(long, value_name = "NAME")]
    pub hold_out_drummer: Option<String>,
    /// Go on from the last checkpoint in the checkpoint folder
    #[arg(long)]
    pub resume: bool,
    /// Start of everything random; the same seed, data and flags give the same model on the CPU
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// What computes
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = device())]
    pub device: DeviceChoice,
    /// How many GPUs of this machine learn each batch together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1, 64))]
    pub devices: usize,
    /// What to learn from: beats (16th steps of nine drums) or mel spectrograms
    #[arg(long, value_name = "KIND", default_value = "beat", value_parser = representation())]
    pub representation: Representation,
    /// Spectrograms only: samples a second
    #[arg(long, value_name = "HZ", default_value_t = 44_100, value_parser = whole(8_000, 192_000))]
    pub sample_rate: usize,
    /// Spectrograms only: samples from one frame to the next
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = whole(16, 65_536))]
    pub hop_length: usize,
    /// Spectrograms only: mel bands a frame
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = whole(1, 1024))]
    pub n_mels: usize,
}

impl TrainArgs {
    /// The flags as the trainer takes them.
    #[must_use]
    pub fn config(&self) -> TrainConfig {
        TrainConfig {
            data_dir: self.data_dir.clone(),
            checkpoint_dir: self.checkpoint_dir.clone(),
            sequence_length: self.sequence_length,
            units: self.units,
            num_layers: self.num_layers,
            learning_rate: self.learning_rate,
            batch_size: self.batch_size,
            epochs: self.epochs,
            dropout: self.dropout,
            drum_map: self.drum_map.clone(),
            resume: self.resume,
            seed: self.seed,
            device: self.device,
            representation: self.representation,
            devices: self.devices,
            patience: self.patience,
            sample_rate: u32::try_from(self.sample_rate).unwrap_or(u32::MAX),
            hop_length: self.hop_length,
            n_mels: self.n_mels,
        }
    }
}

/// Flags of `generate`.
#[derive(Args, Clone, Debug)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  beatgen-tui generate --bpm 96 --style funk --seed 7
  beatgen-tui generate --seed-path verse.mid --temperature 0.7    go on from two bars of your own

An existing output file is kept: the new one is named output.1.mid, output.2.mid, ..."
)]
pub struct GenerateArgs {
    /// Folder of the model; without one in it the built-in model plays
    #[arg(long, value_name = "DIR", default_value = "checkpoints", value_hint = ValueHint::DirPath)]
    pub checkpoint_dir: PathBuf,
    /// The .mid file to write
    #[arg(long, value_name = "FILE", default_value = "generated/output.mid", value_hint = ValueHint::FilePath)]
    pub output_path: PathBuf,
    /// A MIDI file whose drums are continued
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub seed_path: Option<PathBuf>,
    /// How daring the beat is: 0 (always the most likely hit) to 2
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = fraction(0.0, 2.0))]
    pub temperature: f64,
    /// Fewer (-1) or more (1) hits; more only adds to what 0 would play
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = fraction(-1.0, 1.0))]
    pub density: f64,
    /// The share of steps with a hit that the model aims at, 0.05 to 1 [default: what is usual in the style]
    #[arg(long, value_name = "X", value_parser = fraction(0.05, 1.0))]
    pub fullness: Option<f64>,
    /// Leave out steps less likely than this share of the likeliest, 0 to 1
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = fraction(0.0, 1.0))]
    pub min_p: f64,
    /// How far the style is followed: 0 not at all, 1 as learned, up to 3
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = fraction(0.0, 3.0))]
    pub guidance: f64,
    /// A second style to blend in
    #[arg(long, value_name = "NAME", requires = "style")]
    pub blend_style: Option<String>,
    /// The second style's share, 0 to 1
    #[arg(long, value_name = "X", default_value_t = 0.5, value_parser = fraction(0.0, 1.0), requires = "blend_style")]
    pub blend: f64,
    /// Length in 16th steps (256 is 16 bars of 4/4)
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = whole(1, 1_000_000))]
    pub sequence_length: usize,
    /// Length in bars, instead of in 16th steps
    #[arg(long, value_name = "N", value_parser = whole(1, 10_000), conflicts_with = "sequence_length")]
    pub bars: Option<usize>,
    /// What the model learned from: beats, or mel spectrograms, which are played and transcribed
    #[arg(long, value_name = "KIND", default_value = "beat", value_parser = representation())]
    pub representation: Representation,
    /// Spectrograms only: also write the sound of the spectrogram itself (Griffin-Lim) as a WAV file
    #[arg(long, value_name = "OUT.wav", value_hint = ValueHint::FilePath)]
    pub audio: Option<PathBuf>,
    /// Tempo in quarter notes a minute
    #[arg(long, value_name = "X", default_value_t = 120.0, value_parser = fraction(20.0, 400.0))]
    pub bpm: f64,
    /// A style the model knows, for example funk
    #[arg(long, value_name = "NAME")]
    pub style: Option<String>,
    /// Start of the random draws; the same seed and flags give the same file [default: a new one each time, printed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Flags of `inspect`.
#[derive(Args, Clone, Debug)]
pub struct InspectArgs {
    /// MIDI files
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// One JSON object a file, one a line
    #[arg(long)]
    pub json: bool,
}
