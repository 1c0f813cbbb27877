//! The flags of `evaluate`; what it does is in `runtime/jobs/evaluate.rs`.

use super::values::{fraction, representation, whole};
use crate::message::Representation;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Flags of `evaluate`.
#[derive(Args, Clone, Debug)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  beatgen-tui evaluate --data-dir ~/grooves                        bits per 16th step, per lane, per style
  beatgen-tui evaluate --data-dir ~/grooves --generate 500         and what the model plays, beside real music
  beatgen-tui evaluate --data-dir ~/grooves --generate 500 --temperatures 0.6,0.8,1,1.2,1.4
  beatgen-tui evaluate --data-dir ~/grooves --representation mel   a model of spectrograms, and what its transcriber hears

How well a model does on a drummer it never heard:
  beatgen-tui train --data-dir ~/grooves --hold-out-drummer drummer7 --checkpoint-dir without7
  beatgen-tui evaluate --data-dir ~/grooves --checkpoint-dir without7 --drummer drummer7 --split all"
)]
pub struct EvaluateArgs {
    /// Folder of MIDI files
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: PathBuf,
    /// Folder of the model; without one in it the built-in model is measured
    #[arg(long, value_name = "DIR", default_value = "checkpoints", value_hint = ValueHint::DirPath)]
    pub checkpoint_dir: PathBuf,
    /// Which files: train, validation, test or all
    #[arg(long, value_name = "SPLIT", default_value = "validation",
          value_parser = ["train", "validation", "test", "all"])]
    pub split: String,
    /// One JSON object instead of tables
    #[arg(long)]
    pub json: bool,
    /// Which tables: lane, style, drummer (as `info.csv` names them)
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "lane,style",
          value_parser = ["lane", "style", "drummer"])]
    pub by: Vec<String>,
    /// Only the files of this drummer, as `info.csv` names them
    #[arg(long, value_name = "NAME")]
    pub drummer: Option<String>,
    /// Also play so many bars over all styles and measure them beside real music
    #[arg(long, value_name = "N", value_parser = whole(1, 1_000_000))]
    pub generate: Option<usize>,
    /// How daring the bars played are: 0 to 2
    #[arg(long, value_name = "X", requires = "generate", default_value_t = 1.0, value_parser = fraction(0.0, 2.0))]
    pub temperature: f64,
    /// Also play as many bars at each of these temperatures, and show what follows them
    #[arg(long, value_name = "LIST", requires = "generate", value_delimiter = ',', value_parser = fraction(0.0, 2.0))]
    pub temperatures: Vec<f64>,
    /// Start of the random draws of the bars played
    #[arg(long, value_name = "N", requires = "generate", default_value_t = 42)]
    pub seed: u64,
    /// What the model learned from: beats, or mel spectrograms, which are foreseen frame by frame and transcribed
    #[arg(long, value_name = "KIND", default_value = "beat", value_parser = representation())]
    pub representation: Representation,
    /// Write the probability of every hit as CSV: file,step,p0,...,p8 (beats only)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub dump_probs: Option<PathBuf>,
}
