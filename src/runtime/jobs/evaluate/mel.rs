//! `evaluate --representation mel`: how well a spectrogram model foresees the frames of a folder, how much of them the transcriber
//! hears, and with `--generate` how what is played compares with real beats, heard in the same way.

use super::{Material, nothing_to_compare, request, say_mel};
use crate::cli::EvaluateArgs;
use crate::dataset::scan::Scan;
use crate::dataset::split::{TRAIN, VALIDATION};
use crate::dataset::{load, strokes};
use crate::message::ScanRow;
use crate::model::evaluate::mel::drawn::{MelComposer, MelGenerated, generated_mel};
use crate::model::evaluate::mel::{MelEvaluation, evaluate_mel};
use crate::model::mel_net::MelModel;
use crate::runtime::Refused;
use crate::runtime::jobs::generate::mel::open;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{IsTerminal, Write};

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct MelLine<'a> {
    #[serde(flatten)]
    pub evaluation: &'a MelEvaluation,
    pub generated: Option<&'a MelGenerated>,
    pub split: &'a str,
    /// The one whose files were scored alone.
    pub drummer: Option<&'a str>,
    pub drum_map: &'a str,
    pub model: &'a str,
    pub model_hash: &'a str,
    /// Files without drums that can be scored, and why.
    pub unreadable: &'a [(String, String)],
}

/// Runs it.
///
/// # Errors
/// [`Refused`] for a folder, checkpoint, flag, drummer or split that cannot serve.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    if args.dump_probs.is_some() {
        return Err(Refused::new(
            "--dump-probs: a model of spectrograms gives no probability of hits, only of frames",
            "leave out --dump-probs, or --representation mel",
        )
        .into());
    }
    let voice = open(&args.checkpoint_dir)?;
    let (model, ear) = (voice.model(), voice.ear());
    // Files are read as the model was taught to.
    let Material {
        scan,
        others,
        drummers,
        examples,
        unreadable,
    } = Material::of(args, Some(model.config().drum_map.clone()))?;
    let rows: HashMap<&str, &ScanRow> = scan.rows.iter().map(|r| (r.name.as_str(), r)).collect();
    let all_notes = |name: &str| {
        let played = strokes::of_row(rows.get(name)?, &scan);
        played.ok().map(|played| played.strokes)
    };
    let bar = progress(examples.len() as u64);
    let evaluation = evaluate_mel(
        (model, ear),
        &examples,
        all_notes,
        |name| drummers.of(name),
        &mut |done, _| {
            if let Some(bar) = &bar {
                bar.set_position(done as u64);
            }
        },
    )?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let player = MelComposer { model, ear };
    let drawn = args
        .generate
        .map(|bars| draw(player, &scan, &others, bars, args))
        .transpose()?;
    let line = MelLine {
        evaluation: &evaluation,
        generated: drawn.as_ref(),
        split: &args.split,
        drummer: args.drummer.as_deref(),
        drum_map: scan.drum_map.name(),
        model: &model.config().name,
        model_hash: model.hash(),
        unreadable: &unreadable,
    };
    let text = if args.json {
        serde_json::to_string(&line)? + "\n"
    } else {
        say_mel::tables(&line, &says(model, args), &args.by)
    };
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")
}

/// The model in one line.
fn says(model: &MelModel, args: &EvaluateArgs) -> String {
    use crate::base::text::{sanitize, sanitize_path};
    format!(
        "model {} from {}, epoch {}",
        sanitize(&model.config().name),
        sanitize_path(&args.checkpoint_dir),
        model.config().epoch
    )
}

/// On a terminal, how far it is: a large model takes minutes.
fn progress(files: u64) -> Option<ProgressBar> {
    std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(files);
        if let Ok(style) = ProgressStyle::with_template("files {bar:12} {pos}/{len}, {eta} left") {
            bar.set_style(style);
        }
        bar
    })
}

/// Draws from the model and measures beside the folder's training and validation music. Who is scored alone is not
/// among what is compared with, as with beats.
fn draw(
    player: MelComposer<'_>,
    scan: &Scan,
    others: &Scan,
    bars: usize,
    args: &EvaluateArgs,
) -> anyhow::Result<MelGenerated> {
    let (train, _) = load::load(others, Some(TRAIN));
    let (validation, _) = load::load(scan, Some(VALIDATION));
    generated_mel(player, &train, &validation, &request(args, bars))?
        .ok_or_else(|| nothing_to_compare(args))
}
