//! `evaluate`: how many bits a model needs a 16th step for the beats of a folder, and with `--generate` how what it
//! plays compares with them. `mel` does the same for models of spectrograms.

mod dump;
mod mel;
mod say;
mod say_mel;

use super::generate::open_model;
use super::train::{known_drummer, scan_folder};
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::kit::DrumMap;
use crate::cli::EvaluateArgs;
use crate::dataset::corpus::Corpus;
use crate::dataset::drummers::Drummers;
use crate::dataset::load;
use crate::dataset::scan::Scan;
use crate::dataset::split::{TRAIN, VALIDATION};
use crate::message::{FileStatus, Representation, ScanRow};
use crate::model::BeatModel;
use crate::model::evaluate::counting::Counting;
use crate::model::evaluate::generated::{Generated, Request, generated};
use crate::model::evaluate::{Evaluation, evaluate_by};
use crate::runtime::Refused;
use anyhow::Context;
use dump::Dump;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;

/// What `--json` prints.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    /// The same figures of a predictor that only counts in the training split; absent without one.
    counting: Option<&'a Evaluation>,
    generated: Option<&'a Generated>,
    split: &'a str,
    /// The one whose files were scored alone.
    drummer: Option<&'a str>,
    drum_map: &'a str,
    model: &'a str,
    model_hash: &'a str,
    /// Files without drums that can be scored, and why.
    unreadable: &'a [(String, String)],
}

/// Runs `evaluate`.
///
/// # Errors
/// [`Refused`] for a folder, checkpoint, drummer or split that cannot serve; a disk that fails.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    if args.representation == Representation::Mel {
        return mel::run(args);
    }
    let opened = open_model(&args.checkpoint_dir)?;
    // A trained model reads files as it was taught to; the built-in one takes the folder's own map.
    let map = (!opened.built_in).then(|| opened.model.config().drum_map.clone());
    let Material {
        scan,
        others,
        drummers,
        examples,
        unreadable,
    } = Material::of(args, map)?;
    let (train, _) = load::load(&others, Some(TRAIN));
    let counting = Counting::of(&train);

    let mut dump = args.dump_probs.as_deref().map(Dump::create).transpose()?;
    let drummer = |name: &str| drummers.of(name);
    let evaluation = evaluate_by(&opened.model, &examples, drummer, |name, probabilities| {
        dump.as_mut()
            .map_or(Ok(()), |d| d.file(name, probabilities))
    })?;
    if let Some(dump) = dump {
        dump.finish()?;
    }
    if evaluation.steps == 0 {
        return Err(Refused::new(
            "none of these files is in 4/4, and only 4/4 counts",
            "try --split all",
        )
        .into());
    }
    let counted = (!counting.is_empty()).then(|| counting.evaluate(&examples, drummer));
    let drawn = args
        .generate
        .map(|bars| draw(&opened.model, &scan, &train, bars, args))
        .transpose()?;
    let line = Line {
        evaluation: &evaluation,
        counting: counted.as_ref(),
        generated: drawn.as_ref(),
        split: &args.split,
        drummer: args.drummer.as_deref(),
        drum_map: scan.drum_map.name(),
        model: opened.model.name(),
        model_hash: opened.model.hash(),
        unreadable: &unreadable,
    };
    let mut out = std::io::stdout().lock();
    let text = if args.json {
        serde_json::to_string(&line)? + "\n"
    } else {
        say::tables(&line, &opened.says, &args.by)
    };
    out.write_all(text.as_bytes())
        .context("cannot write to standard output")
}

/// What is scored, and what it is compared with.
struct Material {
    /// The whole folder.
    scan: Scan,
    /// The folder without whoever is scored alone: one's drumming is not compared with one's own, so as little is known of it
    /// as by a model that never heard it.
    others: Scan,
    drummers: Drummers,
    /// The files to score.
    examples: Corpus,
    /// Those that cannot be, with the reason.
    unreadable: Vec<(String, String)>,
}

impl Material {
    /// Reads the folder; `map`: as which drums its notes are read, if not as the folder itself says.
    fn of(args: &EvaluateArgs, map: Option<DrumMap>) -> anyhow::Result<Self> {
        let scan = scan_folder(&args.data_dir, map)?;
        let drummers = Drummers::read(&args.data_dir);
        let alone = args.drummer.as_deref();
        if let Some(name) = alone {
            known_drummer("--drummer", name, &drummers, &args.data_dir)?;
        }
        let split = (args.split != "all").then_some(args.split.as_str());
        let wanted = |row: &ScanRow| alone.is_none_or(|name| drummers.of(&row.name) == Some(name));
        let (examples, unreadable) = scored(&part(&scan, wanted), split);
        if examples.is_empty() {
            return Err(nothing(args, &unreadable));
        }
        Ok(Self {
            others: part(&scan, |row| alone.is_none() || !wanted(row)),
            scan,
            drummers,
            examples,
            unreadable,
        })
    }
}

/// The scan with some of its files.
fn part(scan: &Scan, wanted: impl Fn(&ScanRow) -> bool) -> Scan {
    let mut part = scan.clone();
    part.rows.retain(wanted);
    part
}

/// The files to score, and those that cannot be, with the reason.
fn scored(scan: &Scan, split: Option<&str>) -> (Corpus, Vec<(String, String)>) {
    let (examples, mut unreadable) = load::load_all(scan, split);
    let refused = scan.rows.iter().filter(|row| {
        let counts = row.status.usable() || row.status == FileStatus::Duplicate;
        !counts && split.is_none_or(|split| row.split == split)
    });
    unreadable.extend(refused.map(|row| {
        let reason = row.reason.clone();
        (
            row.name.clone(),
            reason.unwrap_or_else(|| row.status.word().into()),
        )
    }));
    (examples, unreadable)
}

fn nothing(args: &EvaluateArgs, unreadable: &[(String, String)]) -> anyhow::Error {
    let dir = sanitize_path(&args.data_dir);
    if !args.data_dir.is_dir() {
        let hint = "give a folder with MIDI files in it";
        return Refused::new(format!("{dir}: there is no such folder"), hint).into();
    }
    let whose = match &args.drummer {
        Some(name) => format!(" by {}", sanitize(name)),
        None => String::new(),
    };
    let hint = match unreadable.first() {
        Some((name, reason)) => format!(
            "{} without drums, for example {name}: {reason}",
            unreadable.len()
        ),
        None => "try --split all".into(),
    };
    Refused::new(
        format!(
            "{dir}: no usable file{whose} in the split \"{}\"",
            args.split
        ),
        hint,
    )
    .into()
}

/// Draws from the model and measures beside the folder's training and validation music.
fn draw(
    model: &Arc<BeatModel>,
    scan: &Scan,
    train: &Corpus,
    bars: usize,
    args: &EvaluateArgs,
) -> anyhow::Result<Generated> {
    let (validation, _) = load::load(scan, Some(VALIDATION));
    generated(model, train, &validation, &request(args, bars))
        .ok_or_else(|| nothing_to_compare(args))
}

/// What the flags ask to be drawn.
fn request(args: &EvaluateArgs, bars: usize) -> Request {
    Request {
        bars,
        temperature: args.temperature,
        temperatures: args.temperatures.clone(),
        seed: args.seed,
    }
}

fn nothing_to_compare(args: &EvaluateArgs) -> anyhow::Error {
    Refused::new(
        format!(
            "--generate: {} has no beat in 4/4 in training or validation to compare with",
            sanitize_path(&args.data_dir)
        ),
        "give a folder such as the one the model learned from",
    )
    .into()
}
