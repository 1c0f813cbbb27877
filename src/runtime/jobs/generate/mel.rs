//! `generate --representation mel`: a spectrogram is played, frame by frame, and what is heard in it becomes a .mid file.

use super::{fresh_seed, not_a_file, read_seed};
use crate::audio::frames::MelTrack;
use crate::audio::mel::Mel;
use crate::audio::onset::{Ear, Listener};
use crate::audio::render::Stroke;
use crate::base::atomic_file;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::grid::{BeatGrid, Meter};
use crate::beat::smf;
use crate::cli::GenerateArgs;
use crate::model::mel_net::{self, MelModel, MelSampler, Place};
use crate::runtime::Refused;
use crate::runtime::jobs::transcribe::song;
use anyhow::{Context, anyhow};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Runs it.
///
/// # Errors
/// [`Refused`] for a checkpoint, flag or seed file that cannot serve; a disk that fails.
pub fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    not_a_file(&args.output_path)?;
    only_what_applies(args)?;
    let model = open(&args.checkpoint_dir)?;
    let ear = Ear::embedded().map_err(|e| anyhow!(e))?;
    if *ear.mel() != model.config().mel.mel() {
        return Err(Refused::new(
            format!(
                "{}: its frames are not those that the transcriber inside the program can read",
                sanitize_path(&args.checkpoint_dir)
            ),
            "train without --sample-rate, --hop-length and --n-mels to play what was learned",
        )
        .into());
    }
    let primer = match &args.seed_path {
        Some(path) => Some(read_seed(path, &model.config().drum_map)?),
        None => None,
    };
    let meter = primer.as_ref().map_or(Meter::COMMON, |p| p.meter);
    let steps = args
        .bars
        .map_or(args.sequence_length, |bars| bars * meter.steps());
    let seed = args.seed.unwrap_or_else(fresh_seed);
    let wish = Wish {
        meter,
        bpm: args.bpm,
        steps,
        temperature: args.temperature as f32,
        seed,
    };
    let strokes = play(&model, &ear, primer.as_ref(), &wish)?;
    let song = song("beatgen-tui", &strokes, args.bpm);
    let path = atomic_file::write_new(&args.output_path, &smf::write(&song))
        .with_context(|| format!("{}: cannot be written", sanitize_path(&args.output_path)))?;
    let figure = model.config().bits_per_value;
    let figure = figure.map_or(String::new(), |b| format!(", {b:.3} bits a band and frame"));
    writeln!(
        std::io::stdout(),
        "model {} from {}{figure}\n{} steps of {meter} at {} bpm, {} strokes heard, temperature {}, seed {seed}\n{}",
        sanitize(&model.config().name),
        sanitize_path(&args.checkpoint_dir),
        steps,
        args.bpm,
        strokes.len(),
        args.temperature,
        sanitize_path(&path)
    )
    .context("cannot write to standard output")
}

/// Flags that steer beats have nothing to act on here.
fn only_what_applies(args: &GenerateArgs) -> anyhow::Result<()> {
    let flags = [
        ("--style", args.style.is_some()),
        ("--blend-style", args.blend_style.is_some()),
        ("--density", args.density != 0.0),
        ("--fullness", args.fullness.is_some()),
        ("--min-p", args.min_p != 0.0),
        ("--guidance", args.guidance != 1.0),
    ];
    match flags.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Refused::new(
            format!("{flag}: a model of spectrograms cannot be steered so"),
            format!("leave out {flag}, or --representation mel"),
        )
        .into()),
        None => Ok(()),
    }
}

fn open(dir: &Path) -> anyhow::Result<Arc<MelModel>> {
    let found = mel_net::open(dir).map_err(|e| Refused::new(e, ""))?;
    found.ok_or_else(|| {
        Refused::new(
            format!("{}: there is no spectrogram model in it", sanitize_path(dir)),
            "`beatgen-tui train --representation mel` makes one; the model inside the program is of beats",
        )
        .into()
    })
}

/// What is to be played.
struct Wish {
    meter: Meter,
    bpm: f64,
    steps: usize,
    temperature: f32,
    seed: u64,
}

/// Plays, after hearing the primer if there is one, and transcribes. Time 0 is where the playing begins.
fn play(
    model: &Arc<MelModel>,
    ear: &Ear,
    primer: Option<&BeatGrid>,
    wish: &Wish,
) -> anyhow::Result<Vec<Stroke>> {
    let mel = model.config().mel;
    let mut sampler = MelSampler::new(Arc::clone(model));
    let mut state = sampler.start();
    if let Some(primer) = primer {
        let track = MelTrack::of_grid(&Mel::new(mel.mel())?, &mel.scale(), primer);
        for (at, frame) in (0u64..).zip(track.levels.chunks_exact(mel.n_mels)) {
            let place = Place::of(&mel, primer.meter, primer.tempo, at);
            sampler.hear(&mut state, &place, frame);
        }
    }
    let seconds = wish.steps as f64 * 15.0 / wish.bpm;
    let frames = (seconds / mel.seconds()).ceil() as u64;
    let scale = mel.scale();
    let mut listener = Listener::new(ear);
    let (mut frame, mut decibels) = (vec![0; mel.n_mels], vec![0.0; mel.n_mels]);
    let mut strokes = Vec::new();
    for at in 0..frames {
        let place = Place::of(&mel, wish.meter, wish.bpm, at);
        sampler.draw(&mut state, &place, wish.temperature, wish.seed, &mut frame);
        for (db, level) in decibels.iter_mut().zip(&frame) {
            *db = scale.db(f32::from(*level) / 255.0);
        }
        listener.push(&decibels, |stroke| strokes.push(stroke));
    }
    listener.finish(|stroke| strokes.push(stroke));
    strokes.retain(|s| (s.time_ns as f64) < seconds * 1e9);
    strokes.sort_by_key(|s| (s.time_ns, s.lane));
    Ok(strokes)
}
