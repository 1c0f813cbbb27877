//! `render`: the drums of a MIDI file as a WAV file of 16-bit stereo, each note on the sample where the file's own ticks
//! and tempo changes put it. Written piece by piece, so that its length takes no memory.

mod through_mel;

use crate::audio::drummer::Drummer;
use crate::audio::mel::{Mel, MelConfig};
use crate::audio::render::{Instrument, Renderer};
use crate::audio::soundfont::FontSynth;
use crate::audio::wav::MOST_FRAMES;
use crate::base::atomic_file;
use crate::base::text::sanitize_path;
use crate::beat::smf::{self, Note, Smf};
use crate::cli::RenderArgs;
use crate::dataset::single;
use crate::live::synth::read_font;
use crate::runtime::wav_file::{self, WavFile};
use crate::runtime::{Interrupted, Refused, signals};
use anyhow::Context;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The longest that the last notes may ring on, in seconds.
const TAIL_SECONDS: f32 = 8.0;

/// Frames rendered and written at once.
const PIECE: usize = 16_384;

/// Runs `render`.
///
/// # Errors
/// [`Refused`] for a file without drums, a SoundFont that cannot serve, a WAV that would be too long; a disk that fails.
pub fn run(args: &RenderArgs) -> anyhow::Result<()> {
    wav_file::check(&args.output, "")?;
    let mel = through(args)?;
    let shown = sanitize_path(&args.midi);
    let refuse = |what: &dyn std::fmt::Display, hint: &str| {
        anyhow::Error::from(Refused::new(format!("{shown}: {what}"), hint))
    };
    let bytes = single::read(&args.midi).map_err(|e| refuse(&e.reason, e.hint))?;
    let smf = smf::parse(&bytes).map_err(|e| refuse(&e, e.hint()))?;
    drop(bytes);
    let map = match &args.drum_map {
        Some(name) => super::train::drum_map(name)?,
        None => single::usual_map(&args.midi),
    };
    let rate = args.sample_rate as u32;
    let (drummer, by) = match &args.soundfont {
        Some(path) => font(path, rate)?,
        None => (
            Drummer::kit(rate, &map),
            format!("the built-in kit, drum map {}", map.name()),
        ),
    };
    let (drums, from) = drums_of(&smf);
    if drums.is_empty() {
        let what = "it has no drums on MIDI channel 10, and no track that is called so";
        return Err(refuse(&what, "give a file with drums on channel 10"));
    }
    let picked = drums.len();
    let tempo = smf.tempo_map();
    let strokes: Vec<(u64, u8, u8)> = drums
        .into_iter()
        .filter(|note| drummer.knows(note.pitch))
        .map(|note| (tempo.at(note.tick, rate), note.pitch, note.velocity))
        .collect();
    if strokes.is_empty() {
        let what = format!("none of its {picked} drum notes is known to {by}");
        return Err(refuse(
            &what,
            "name the drum map it was made for with --drum-map",
        ));
    }
    let (hits, left_out) = (strokes.len(), picked - strokes.len());
    let mut renderer = Renderer::at_frames(drummer, strokes, 0, TAIL_SECONDS).ringing_out();
    if renderer.frames() > MOST_FRAMES {
        let hours = |frames: u64| frames as f64 / f64::from(rate) / 3600.0;
        let what = format!(
            "its last drum note is at {:.1} hours, and a WAV of {rate} Hz holds {:.1}",
            hours(renderer.frames()),
            hours(MOST_FRAMES)
        );
        return Err(refuse(
            &what,
            "cut it into shorter files, or give a lower --sample-rate",
        ));
    }
    let caught = signals::stop_on_first(|| {}).context("signals cannot be heard")?;
    let mut frames = 0;
    let stopped = || caught.number().map(Interrupted);
    let path = atomic_file::write_new_with(&args.output, |file| {
        frames = match &mel {
            Some(mel) => through_mel::write(file, &mut renderer, mel, &stopped)?,
            None => write(file, &mut renderer, rate, &stopped)?,
        };
        anyhow::Ok(())
    })
    .with_context(|| format!("{}: cannot be written", sanitize_path(&args.output)))?;
    let mut text = format!("{shown}: {hits} hits{from}, {by}\n");
    if left_out > 0 {
        text.push_str(&format!(
            "{left_out} notes have no drum there and were left out\n"
        ));
    }
    if let Some(mel) = &mel {
        let config = mel.config();
        text.push_str(&format!(
            "heard through {} mel bands every {} samples\n",
            config.n_mels, config.hop_length
        ));
    }
    for repair in &smf.repairs {
        text.push_str(&format!("repaired: {repair}\n"));
    }
    writeln!(
        std::io::stdout(),
        "{text}{:.1} s of 16-bit stereo at {rate} Hz\n{}",
        frames as f64 / f64::from(rate),
        sanitize_path(&path)
    )
    .context("cannot write to standard output")
}

/// The mel frames that the sound is sent through, if it is.
fn through(args: &RenderArgs) -> anyhow::Result<Option<Mel>> {
    if !args.through_mel {
        return Ok(None);
    }
    let mel = Mel::new(MelConfig {
        sample_rate: args.sample_rate as u32,
        hop_length: args.hop_length,
        n_mels: args.n_mels,
        ..MelConfig::default()
    });
    let mel = mel.map_err(|e| Refused::new(e, "leave out --hop-length and --n-mels"))?;
    Ok(Some(mel))
}

/// The drums on channel 10; where there are none, those of all tracks that call themselves drums, and a word on it.
fn drums_of(smf: &Smf) -> (Vec<Note>, String) {
    let take = |wanted: &dyn Fn(&Note) -> bool| -> Vec<Note> {
        smf.notes
            .iter()
            .filter(|note| wanted(note))
            .copied()
            .collect()
    };
    let drums = take(&|note| note.channel == 9);
    if !drums.is_empty() {
        return (drums, String::new());
    }
    let tracks = smf.drum_candidates();
    let names: Vec<&str> = tracks.iter().map(|track| track.name.as_str()).collect();
    let drums = take(&|note| tracks.iter().any(|track| track.track == note.track));
    (drums, format!(" of the track {}", names.join(" and ")))
}

fn font(path: &Path, rate: u32) -> anyhow::Result<(Drummer, String)> {
    let font =
        read_font(path).map_err(|e| Refused::new(format!("--soundfont {}", e.reason), e.hint))?;
    let synth = FontSynth::new(&font, rate).map_err(|e| {
        let what = format!("--soundfont {}: {e}", sanitize_path(path));
        Refused::new(what, e.hint())
    })?;
    let by = format!("the drums of the SoundFont {}", font.name());
    Ok((Drummer::Font(Box::new(synth)), by))
}

/// Writes all that a renderer gives, and how much it was.
fn write<I: Instrument>(
    file: &mut File,
    renderer: &mut Renderer<I>,
    rate: u32,
    stopped: &dyn Fn() -> Option<Interrupted>,
) -> anyhow::Result<u64> {
    let mut piece = vec![0.0; 2 * PIECE];
    let mut wav = WavFile::new(file, rate);
    loop {
        let count = renderer.next_piece(&mut piece);
        if count == 0 {
            return Ok(wav.finish()?);
        }
        wav.push_stereo(piece.get(..2 * count).unwrap_or_default())?;
        if let Some(interrupted) = stopped() {
            return Err(interrupted.into());
        }
    }
}
