//! Promises of the LSTM: how fast it learns and steps beside PyTorch, and what it costs.
//!
//! `cargo bench --bench lstm -- [SECTION ...] [--all] [--peer PYTHON] [--data-dir DIR] [--rounds N]
//! [--threads 1,2]`, sections:
//!
//! - `train`: a training step (forward and backward of the stack) at 1 and 2 threads; at most 0.70 of PyTorch's
//!   time or at least 85 % of what this machine reaches in a matrix product; `--all`: a grid of shapes, none slower
//!   than PyTorch;
//! - `step`: one step for 1, 8 and 64 rows; for one row at most 0.2 of PyTorch's time, and below a
//!   millisecond at the 99th percentile while a training run loads the other core;
//! - `whole`: the program's own training from files to optimiser, at least 0.85 of the bare layers' speed;
//! - `scaling`: time and memory for ten times the batch and the sequence and four times the width;
//! - `epoch`: `beatgen-tui train` over the data once: time, memory, validation figure (`--seeds N`: of N runs);
//! - `original`: TensorFlow as the original generator used it (`--tensorflow PYTHON`), and Notochord
//!   (`--notochord PYTHON`).
//!
//! `train` and `step` are the default. `--peer` names a Python with PyTorch (see `benches/peers/torch_lstm.py`): its times
//! are taken in turns with ours; without it ours stand alone. Medians; each line says its threads.

mod cost;
mod original;
mod ours;
mod peer;
mod step;
mod train;
mod whole;

use std::error::Error;
use std::path::{Path, PathBuf};

/// What a bench may fail with.
pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The command line.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The whole grid.
    pub all: bool,
    /// A Python with PyTorch.
    pub peer: Option<PathBuf>,
    /// A Python with TensorFlow.
    pub tensorflow: Option<PathBuf>,
    /// A Python with Notochord.
    pub notochord: Option<PathBuf>,
    /// MIDI files to train on.
    pub data_dir: Option<PathBuf>,
    /// How often each measurement is taken in turn with the other side's.
    pub rounds: usize,
    /// Threads to measure with.
    pub threads: Vec<usize>,
    /// Training runs of `epoch`, each with a seed of its own.
    pub seeds: u64,
}

fn main() -> Outcome {
    let mut flags = Flags {
        rounds: 9,
        threads: vec![1, 2],
        seeds: 1,
        ..Flags::default()
    };
    let mut sections = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} what?"));
        match argument.as_str() {
            // cargo says it to every bench.
            "--bench" => {}
            "--all" => flags.all = true,
            "--peer" => flags.peer = Some(value()?.into()),
            "--tensorflow" => flags.tensorflow = Some(value()?.into()),
            "--notochord" => flags.notochord = Some(value()?.into()),
            "--data-dir" => flags.data_dir = Some(value()?.into()),
            "--rounds" => flags.rounds = value()?.parse::<usize>()?.max(1),
            "--seeds" => flags.seeds = value()?.parse()?,
            "--threads" => flags.threads = numbers(&value()?)?,
            // `scaling` starts itself with it: one measurement in a process of its own.
            "--alone" => return cost::alone(&numbers(&value()?)?),
            section @ ("train" | "step" | "whole" | "scaling" | "epoch" | "original") => {
                sections.push(section.to_owned());
            }
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    if sections.is_empty() {
        sections = vec!["train".into(), "step".into()];
    }
    machine();
    for section in &sections {
        println!();
        match section.as_str() {
            "train" => train::bench(&flags)?,
            "step" => step::bench(&flags)?,
            "whole" => whole::bench(&flags)?,
            "scaling" => cost::scaling()?,
            "original" => original::bench(&flags)?,
            _ => whole::epochs(&flags)?,
        }
    }
    Ok(())
}

fn numbers(text: &str) -> Outcome<Vec<usize>> {
    Ok(text
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<usize>, _>>()?)
}

/// What runs here, and what else does.
fn machine() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let of = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split(':').nth(1))
            .map_or("unknown".into(), |value| value.trim().to_owned())
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(2).collect();
    println!(
        "{}, {cores} cores, instruction set {:?}; load of the last 1 and 5 minutes: {}",
        of("/proc/cpuinfo", "model name"),
        ours::engine(1).isa(),
        load.join(", ")
    );
}

/// Where the MIDI files are: what was named, or Groove, or the project's own beats.
pub fn data_dir(flags: &Flags) -> Outcome<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    flags
        .data_dir
        .clone()
        .into_iter()
        .chain([
            root.join("../shared/data/groove"),
            root.join("examples/beats"),
        ])
        .find(|dir| dir.is_dir())
        .ok_or_else(|| "no folder of MIDI files to train on: give --data-dir".into())
}

/// The value in the middle.
pub fn median(times: &[f64]) -> f64 {
    share(times, 0.5)
}

/// The smallest value.
pub fn least(times: &[f64]) -> f64 {
    share(times, 0.0)
}

/// The value that a share (0 to 1) of them does not exceed.
pub fn share(times: &[f64], share: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = sorted.len().saturating_sub(1) as f64 * share;
    sorted
        .get(place.round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

/// How a promise went.
pub const fn word(kept: bool) -> &'static str {
    if kept { "kept" } else { "BROKEN" }
}
