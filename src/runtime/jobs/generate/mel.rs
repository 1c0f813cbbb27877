//! `generate --representation mel`: a spectrogram is played, frame by frame, and what is heard in it becomes a .mid file.

use super::{fresh_seed, not_a_file, read_seed};
use crate::audio::griffin_lim::{GriffinLim, Long};
use crate::audio::mel::{Mel, Scale};
use crate::audio::render::Stroke;
use crate::base::atomic_file;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::grid::{BeatGrid, Meter};
use crate::beat::smf;
use crate::cli::GenerateArgs;
use crate::model::mel_net::{self, Hearing, MelModel, MelPlayer, MelVoice, Place};
use crate::runtime::Refused;
use crate::runtime::jobs::transcribe::song;
use crate::runtime::wav_file::{self, WavFile};
use anyhow::Context;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs it.
///
/// # Errors
/// [`Refused`] for a checkpoint, flag or seed file that cannot serve; a disk that fails.
pub fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    not_a_file(&args.output_path)?;
    only_what_applies(args)?;
    if let Some(audio) = &args.audio {
        wav_file::check(audio, "--audio ")?;
    }
    let voice = open(&args.checkpoint_dir)?;
    let model = voice.model();
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
    let mut frames = Vec::new();
    let mut keep = |frame: &[u8]| {
        if args.audio.is_some() {
            frames.extend_from_slice(frame);
        }
    };
    let strokes = play(&voice, primer.as_ref(), &wish, &mut keep);
    let song = song("beatgen-tui", &strokes, args.bpm);
    let path = atomic_file::write_new(&args.output_path, &smf::write(&song))
        .with_context(|| format!("{}: cannot be written", sanitize_path(&args.output_path)))?;
    let audio = match &args.audio {
        Some(audio) => format!("\n{}", sanitize_path(&write_sound(model, &frames, audio)?)),
        None => String::new(),
    };
    let figure = model.config().bits_per_value;
    let figure = figure.map_or(String::new(), |b| format!(", {b:.3} bits a band and frame"));
    writeln!(
        std::io::stdout(),
        "model {} from {}{figure}\n{} steps of {meter} at {} bpm, {} strokes heard, temperature {}, seed {seed}\n{}{audio}",
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

/// The spectrogram model of a checkpoint folder, with its transcriber.
///
/// # Errors
/// [`Refused`] where there is none, or one that cannot be used.
pub fn open(dir: &Path) -> anyhow::Result<Arc<MelVoice>> {
    let found = mel_net::open(dir).map_err(|e| Refused::new(e, ""))?;
    let model = found.ok_or_else(|| {
        Refused::new(
            format!("{}: there is no spectrogram model in it", sanitize_path(dir)),
            "`beatgen-tui train --representation mel` makes one; the model inside the program is of beats",
        )
    })?;
    let refuse = |why| Refused::new(format!("{}: {why}", sanitize_path(dir)), "");
    Ok(MelVoice::new(model).map_err(refuse)?)
}

/// What is to be played.
struct Wish {
    meter: Meter,
    bpm: f64,
    steps: usize,
    temperature: f32,
    seed: u64,
}

/// Plays, after hearing the primer if there is one, and transcribes; `keep` is shown each frame. Time 0 is where the playing
/// begins.
fn play(
    voice: &Arc<MelVoice>,
    primer: Option<&BeatGrid>,
    wish: &Wish,
    keep: &mut dyn FnMut(&[u8]),
) -> Vec<Stroke> {
    let mel = voice.model().config().mel;
    let mut player = MelPlayer::new(Arc::clone(voice));
    let mut state = player.start();
    if let Some(primer) = primer {
        let mut hearing = Hearing::of_grid(voice, primer);
        while player.hear(&mut state, &mut hearing) {}
    }
    let seconds = wish.steps as f64 * 15.0 / wish.bpm;
    let frames = (seconds / mel.seconds()).ceil() as u64;
    let mut strokes = Vec::new();
    for at in 0..frames {
        let place = Place::of(&mel, wish.meter, wish.bpm, at);
        let heard = |stroke| strokes.push(stroke);
        player.frame(&mut state, &place, wish.temperature, wish.seed, heard);
        keep(player.levels());
    }
    player.finish(&mut state, |stroke| strokes.push(stroke));
    strokes.retain(|s| (s.time_ns as f64) < seconds * 1e9);
    strokes.sort_by_key(|s| (s.time_ns, s.lane));
    strokes
}

/// Writes the sound of frames, levels lowest band first; where it is.
fn write_sound(model: &MelModel, frames: &[u8], path: &Path) -> anyhow::Result<PathBuf> {
    let settings = model.config().mel;
    let (mel, scale) = (Mel::new(settings.mel())?, settings.scale());
    atomic_file::write_new_with(path, |file| {
        let mut wav = WavFile::new(file, settings.sample_rate);
        let mut long = Long::new(&mel, &GriffinLim::default());
        let (mut powers, mut ready) = (vec![0.0; settings.n_mels], Vec::new());
        for frame in frames.chunks_exact(settings.n_mels) {
            for (power, level) in powers.iter_mut().zip(frame) {
                *power = scale.power(Scale::of_level(*level));
            }
            long.push(&powers, |sound| ready.extend_from_slice(sound));
            wav.push_mono(&ready)?;
            ready.clear();
        }
        long.finish(|sound| ready.extend_from_slice(sound));
        wav.push_mono(&ready)?;
        wav.finish()?;
        anyhow::Ok(())
    })
    .with_context(|| format!("{}: cannot be written", sanitize_path(path)))
}
