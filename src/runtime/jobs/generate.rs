//! `generate`: a new beat as a .mid file, or the continuation of one.

pub(super) mod mel;

use crate::base::atomic_file;
use crate::base::rng::{Purpose, bits};
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::grid::{BeatGrid, Meter, Step};
use crate::beat::kit::{DrumMap, Kit};
use crate::beat::smf;
use crate::cli::GenerateArgs;
use crate::message::Representation;
use crate::model::encode::place_in;
use crate::model::{BeatModel, Fullness, Knobs, Place, Sampler, checkpoint};
use crate::runtime::Refused;
use anyhow::Context;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A model and where it came from.
pub struct Opened {
    /// The model.
    pub model: Arc<BeatModel>,
    /// Whether it is the one inside the program.
    pub built_in: bool,
    /// One line for people.
    pub says: String,
}

/// The model of a checkpoint folder, or the built-in one where the folder holds none.
///
/// # Errors
/// [`Refused`] for a checkpoint that is there and cannot be used.
pub fn open_model(dir: &Path) -> anyhow::Result<Opened> {
    let refuse = |e| anyhow::Error::from(Refused::new(e, ""));
    if dir.exists() && !dir.is_dir() {
        return Err(Refused::new(
            format!(
                "--checkpoint-dir {}: it is not a folder",
                sanitize_path(dir)
            ),
            "name the folder that `beatgen-tui train` wrote",
        )
        .into());
    }
    let found = checkpoint::open(dir).map_err(refuse)?;
    let built_in = found.is_none();
    let model = match found {
        Some(model) => model,
        None => BeatModel::embedded().map_err(refuse)?,
    };
    let figure = model
        .config()
        .bits_per_step
        .map_or(String::new(), |b| format!(", {b:.3} bits/step"));
    let name = sanitize(model.name());
    let says = if built_in {
        format!(
            "no checkpoint in {}: the built-in model {name}{figure}",
            sanitize_path(dir)
        )
    } else {
        format!("model {name} from {}{figure}", sanitize_path(dir))
    };
    Ok(Opened {
        model,
        built_in,
        says,
    })
}

/// Runs `generate`.
///
/// # Errors
/// [`Refused`] for a checkpoint, style or seed file that cannot serve; a disk that fails.
pub fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    if args.representation == Representation::Mel {
        return mel::run(args);
    }
    if args.audio.is_some() {
        return Err(Refused::new(
            "--audio: a beat has no spectrogram whose sound could be written",
            "give --representation mel, or turn the .mid file into sound with `beatgen-tui render`",
        )
        .into());
    }
    not_a_file(&args.output_path)?;
    let opened = open_model(&args.checkpoint_dir)?;
    let model = opened.model;
    let style = args
        .style
        .as_deref()
        .map(|s| known_style("--style", &model, s))
        .transpose()?;
    let other_style = args
        .blend_style
        .as_deref()
        .map(|s| known_style("--blend-style", &model, s))
        .transpose()?;
    let primer = match &args.seed_path {
        Some(path) => {
            // A model trained on one's own files reads the seed as it read those.
            let map = if opened.built_in {
                DrumMap::gm()
            } else {
                model.config().drum_map.clone()
            };
            Some(read_seed(path, &map)?)
        }
        None => None,
    };
    let seed = args.seed.unwrap_or_else(fresh_seed);
    let knobs = Knobs {
        temperature: args.temperature as f32,
        // Cool beats are played evenly, at 0 without any chance; hot ones are not played wildly.
        expression: args.temperature.min(1.0) as f32,
        density: args.density as f32,
        fullness: (args.fullness).map_or(Fullness::Own, |share| Fullness::Share(share as f32)),
        min_p: args.min_p as f32,
        guidance: args.guidance as f32,
        other_style,
        blend: if other_style.is_some() {
            args.blend as f32
        } else {
            0.0
        },
        ..Knobs::default()
    };
    let meter = primer.as_ref().map_or(Meter::COMMON, |p| p.meter);
    let steps = args
        .bars
        .map_or(args.sequence_length, |bars| bars * meter.steps());
    let grid = compose(
        &model,
        primer.as_ref(),
        style,
        &knobs,
        args.bpm,
        steps,
        seed,
    );
    let song = smf::song_from_grid(&grid, &Kit::gm(), "beatgen-tui");
    let path = atomic_file::write_new(&args.output_path, &smf::write(&song))
        .with_context(|| format!("{}: cannot be written", sanitize_path(&args.output_path)))?;
    let hits: u32 = grid.lane_counts().iter().sum();
    writeln!(
        std::io::stdout(),
        "{}\n{} bars of {} at {} bpm, {hits} hits, temperature {}, seed {seed}\n{}",
        opened.says,
        grid.bars(),
        grid.meter,
        args.bpm,
        args.temperature,
        sanitize_path(&path)
    )
    .context("cannot write to standard output")
}

/// Refuses an output that is there and cannot be a file.
fn not_a_file(path: &Path) -> anyhow::Result<()> {
    if path.exists() && !path.is_file() {
        return Err(Refused::new(
            format!("--output-path {}: it is not a file", sanitize_path(path)),
            "name a file, for example beat.mid",
        )
        .into());
    }
    Ok(())
}

/// Draws `steps` steps; after a primer, as its continuation: its bars are played into the
/// LSTM first, and are not part of what is given back.
fn compose(
    model: &Arc<BeatModel>,
    primer: Option<&BeatGrid>,
    style: Option<usize>,
    knobs: &Knobs,
    bpm: f64,
    steps: usize,
    seed: u64,
) -> BeatGrid {
    let meter = primer.map_or(Meter::COMMON, |p| p.meter);
    let mut sampler = Sampler::new(Arc::clone(model));
    let mut state = sampler.start();
    let primed = primer.map_or(0, |p| p.steps.len());
    if let Some(primer) = primer {
        for (at, step) in primer.steps.iter().enumerate() {
            sampler.force(&mut state, &place_in(primer, at, style), step);
        }
    }
    let bar = meter.steps();
    let mut grid = BeatGrid {
        meter,
        tempo: bpm,
        steps: Vec::with_capacity(steps),
    };
    for k in 0..steps {
        let at = primed + k;
        let place = Place {
            step_in_bar: (at % bar) as u16,
            steps_per_bar: bar as u16,
            bar: (at / bar) as u64,
            bpm: Some(bpm as f32),
            style,
            fill: Some(false),
            density: None,
        };
        let step: Step = sampler.draw(&mut state, &place, knobs, seed, k as u64);
        grid.steps.push(step);
    }
    grid
}

fn read_seed(path: &Path, map: &DrumMap) -> anyhow::Result<BeatGrid> {
    let shown = sanitize_path(path);
    let refuse = |what: &dyn std::fmt::Display, hint: &str| {
        anyhow::Error::from(Refused::new(format!("--seed-path {shown}: {what}"), hint))
    };
    let bytes =
        std::fs::read(path).map_err(|e| refuse(&e, "give the path of a MIDI file with drums"))?;
    let drums = smf::parse(&bytes)
        .and_then(|smf| smf.drums(map, &smf::DrumPick::default()))
        .map_err(|e| refuse(&e, ""))?;
    if drums.lane_counts.iter().all(|&n| n == 0) {
        return Err(refuse(
            &"it has no drums on MIDI channel 10",
            "give a file with drums on channel 10",
        ));
    }
    Ok(drums.grid)
}

fn known_style(flag: &str, model: &BeatModel, name: &str) -> anyhow::Result<usize> {
    model.config().style_index(name).ok_or_else(|| {
        let known = if model.styles().is_empty() {
            format!("this model knows no styles: leave {flag} out")
        } else {
            format!("it knows {}", model.styles().join(", "))
        };
        Refused::new(
            format!("{flag} {}: the model does not know it", sanitize(name)),
            known,
        )
        .into()
    })
}

/// A seed nobody chose, short enough to type again.
fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |d| d.as_nanos() as u64);
    bits(now, u64::from(std::process::id()), 0, Purpose::Shuffle) % 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn primer(lane: usize) -> BeatGrid {
        let mut grid = BeatGrid {
            meter: Meter::COMMON,
            tempo: 100.0,
            steps: vec![Step::default(); 32],
        };
        (0..32)
            .step_by(4)
            .for_each(|s| grid.steps[s][lane].velocity = 100);
        grid
    }

    #[test]
    fn a_seed_file_is_really_continued() {
        let model = BeatModel::embedded().unwrap();
        let play = |p: Option<&BeatGrid>| compose(&model, p, None, &Knobs::default(), 120.0, 64, 7);
        assert_eq!(
            play(Some(&primer(0))),
            play(Some(&primer(0))),
            "the same seed gives the same beat"
        );
        assert_ne!(play(Some(&primer(0))), play(None));
        // A ride pattern goes on as a ride pattern.
        let rides = |g: &BeatGrid| g.lane_counts()[8];
        assert!(rides(&play(Some(&primer(8)))) > rides(&play(Some(&primer(2)))));
    }
}
