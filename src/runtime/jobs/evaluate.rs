//! `evaluate`: how many bits a model needs a 16th step for the beats of a folder.

use super::generate::open_model;
use super::train::scan_folder;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::grid::LANES;
use crate::cli::EvaluateArgs;
use crate::dataset::load;
use crate::message::FileStatus;
use crate::model::evaluate::{Evaluation, evaluate};
use crate::runtime::Refused;
use anyhow::Context;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// What `--json` prints.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    split: &'a str,
    drum_map: &'a str,
    model: &'a str,
    model_hash: &'a str,
    /// Files without drums that can be scored, and why.
    unreadable: &'a [(String, String)],
}

/// Runs `evaluate`.
///
/// # Errors
/// [`Refused`] for a folder, checkpoint or split that cannot serve; a disk that fails.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let opened = open_model(&args.checkpoint_dir)?;
    // A trained model reads files as it was taught to; the built-in one takes the folder's own map.
    let map = (!opened.built_in).then(|| opened.model.config().drum_map.clone());
    let scan = scan_folder(&args.data_dir, map)?;
    let split = (args.split != "all").then_some(args.split.as_str());
    let (examples, mut unreadable) = load::load_all(&scan, split);
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
    if !args.data_dir.is_dir() {
        let dir = sanitize_path(&args.data_dir);
        return Err(Refused::new(
            format!("{dir}: there is no such folder"),
            "give a folder with MIDI files in it",
        )
        .into());
    }
    if examples.is_empty() {
        return Err(Refused::new(
            format!(
                "{}: no usable file in the split \"{}\"",
                sanitize_path(&args.data_dir),
                args.split
            ),
            match unreadable.first() {
                Some((name, reason)) => format!(
                    "{} without drums, for example {name}: {reason}",
                    unreadable.len()
                ),
                None => "try --split all".into(),
            },
        )
        .into());
    }
    let mut dump = args.dump_probs.as_deref().map(Dump::create).transpose()?;
    let evaluation = evaluate(&opened.model, &examples, |name, probabilities| {
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
    let line = Line {
        evaluation: &evaluation,
        split: &args.split,
        drum_map: scan.drum_map.name(),
        model: opened.model.name(),
        model_hash: opened.model.hash(),
        unreadable: &unreadable,
    };
    let mut out = std::io::stdout().lock();
    let text = if args.json {
        serde_json::to_string(&line)? + "\n"
    } else {
        sentences(&line, &opened.says)
    };
    out.write_all(text.as_bytes())
        .context("cannot write to standard output")
}

fn sentences(line: &Line<'_>, model: &str) -> String {
    let e = line.evaluation;
    let mut text = format!(
        "{model}\n{:.4} bits/step for the hits of {} files, {} steps (split {}, drum map {})\n\
         velocity {:.3} bits a hit, micro-timing {:.3} bits a hit (32 bins), {} hits\n",
        e.bits_per_step,
        e.files,
        e.steps,
        line.split,
        line.drum_map,
        e.velocity_bits_per_hit,
        e.offset_bits_per_hit,
        e.hits
    );
    for (style, score) in &e.styles {
        text += &format!(
            "  {:<16} {:.3} bits/step, {} steps\n",
            style, score.bits_per_step, score.steps
        );
    }
    if !e.skipped.is_empty() {
        text += &format!("skipped, not in 4/4: {}\n", e.skipped.join(", "));
    }
    for (name, reason) in line.unreadable {
        text += &format!("skipped, {}: {reason}\n", sanitize(name));
    }
    text
}

/// The CSV of `--dump-probs`, whole or absent.
struct Dump<'a> {
    path: &'a Path,
    rows: csv::Writer<Vec<u8>>,
}

impl<'a> Dump<'a> {
    fn create(path: &'a Path) -> anyhow::Result<Self> {
        let mut rows = csv::Writer::from_writer(Vec::new());
        let lanes = (0..LANES).map(|lane| format!("p{lane}"));
        rows.write_record(
            ["file".to_string(), "step".to_string()]
                .into_iter()
                .chain(lanes),
        )?;
        Ok(Self { path, rows })
    }

    fn file(&mut self, name: &str, probabilities: &[[f32; LANES]]) -> anyhow::Result<()> {
        for (step, lanes) in probabilities.iter().enumerate() {
            let head = [name.to_string(), step.to_string()];
            // Nine significant digits give back the very same f32.
            let lanes = lanes.iter().map(|p| format!("{p:.9e}"));
            self.rows.write_record(head.into_iter().chain(lanes))?;
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        let bytes = self
            .rows
            .into_inner()
            .map_err(|e| anyhow::anyhow!("{}", e.error()))?;
        crate::base::atomic_file::write(self.path, &bytes)
            .with_context(|| format!("{}: cannot be written", sanitize_path(self.path)))
    }
}
