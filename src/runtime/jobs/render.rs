//! `render`: the drums of a MIDI file as a WAV file of 16-bit stereo, each note on the sample where the file's own ticks
//! and tempo changes put it. Written piece by piece, so that its length takes no memory.

use crate::audio::drummer::Drummer;
use crate::audio::render::{Instrument, Renderer};
use crate::audio::soundfont::{Font, FontSynth};
use crate::audio::wav::{HEADER, MOST_FRAMES, push_pcm16, wav_header};
use crate::base::atomic_file;
use crate::base::text::sanitize_path;
use crate::beat::smf::{self, Note, Smf};
use crate::cli::RenderArgs;
use crate::dataset::single;
use crate::runtime::{Interrupted, Refused, signals};
use anyhow::Context;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// The longest that the last notes may ring on, in seconds.
const TAIL_SECONDS: f32 = 8.0;

/// Frames rendered and written at once.
const PIECE: usize = 16_384;

/// The largest SoundFont read, in bytes.
const MOST_FONT_BYTES: u64 = 1 << 30;

/// Runs `render`.
///
/// # Errors
/// [`Refused`] for a file without drums, a SoundFont that cannot serve, a WAV that would be too long; a disk that fails.
pub fn run(args: &RenderArgs) -> anyhow::Result<()> {
    check_output(&args.output)?;
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
        frames = write(file, &mut renderer, rate, &stopped)?;
        anyhow::Ok(())
    })
    .with_context(|| format!("{}: cannot be written", sanitize_path(&args.output)))?;
    let mut text = format!("{shown}: {hits} hits{from}, {by}\n");
    if left_out > 0 {
        text.push_str(&format!(
            "{left_out} notes have no drum there and were left out\n"
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

fn check_output(path: &Path) -> anyhow::Result<()> {
    let shown = sanitize_path(path);
    let refuse = |what: &str| {
        let what = format!("{shown}: {what}");
        Err(Refused::new(what, "name a file to write, for example beat.wav").into())
    };
    if path.exists() && !path.is_file() {
        return refuse("it is not a file");
    }
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if ending == "mid" || ending == "midi" {
        return refuse("that is the name of a MIDI file, and what is written is a WAV file");
    }
    Ok(())
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
    let shown = sanitize_path(path);
    let refuse = |what: &dyn std::fmt::Display, hint: &str| {
        anyhow::Error::from(Refused::new(format!("--soundfont {shown}: {what}"), hint))
    };
    let read = || -> std::io::Result<Vec<u8>> {
        // Looked at before it is opened: opening a pipe would wait for a writer.
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() || metadata.len() > MOST_FONT_BYTES {
            return Err(std::io::Error::other("it is no file of at most 1 GB"));
        }
        std::fs::read(path)
    };
    let bytes = read().map_err(|e| refuse(&e, "give the path of an .sf2 file"))?;
    let font = Font::read(&bytes).map_err(|e| refuse(&e, e.hint()))?;
    let synth = FontSynth::new(&font, rate).map_err(|e| refuse(&e, e.hint()))?;
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
    let mut bytes = Vec::with_capacity(4 * PIECE + HEADER);
    let mut frames = 0;
    // The header comes again once the length is known.
    bytes.extend_from_slice(&wav_header(0, rate));
    loop {
        let count = renderer.next_piece(&mut piece);
        push_pcm16(piece.get(..2 * count).unwrap_or_default(), &mut bytes);
        file.write_all(&bytes)?;
        bytes.clear();
        frames += count as u64;
        if count == 0 {
            break;
        }
        if let Some(interrupted) = stopped() {
            return Err(interrupted.into());
        }
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&wav_header(frames, rate))?;
    Ok(frames)
}
