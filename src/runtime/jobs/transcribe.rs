//! `transcribe`: a recorded drum loop as a .mid file. What hears is `audio::onset`; here are files, levels and tempo.

use crate::audio::mel::{Mel, MelStream, db};
use crate::audio::onset::{Ear, Level, Listener, tempo_of};
use crate::audio::render::Stroke;
use crate::audio::resample::Resampler;
use crate::audio::wav::Wav;
use crate::base::atomic_file;
use crate::base::text::sanitize_path;
use crate::beat::kit::Kit;
use crate::beat::smf::{self, Song, SongNote};
use crate::cli::TranscribeArgs;
use crate::runtime::Refused;
use anyhow::{Context, anyhow};
use std::io::Write;
use std::path::Path;

/// The largest file read, in bytes: an hour and a half of stereo at 48 kHz and 32 bits.
const MOST_BYTES: u64 = 2 << 30;

/// Differences from the level the ear was taught with that are left as they are, in decibels: they are the music's own.
const LEVEL_LEFT: f32 = 5.0;

/// The most that quiet sound is raised, in decibels.
const MOST_GAIN: f32 = 40.0;

/// Tempo where none was given and none can be found.
const USUAL_BPM: f64 = 120.0;

/// Samples handled at once.
const PIECE: usize = 4096;

/// Ticks a quarter note.
const TICKS: u16 = 480;

/// Runs `transcribe`.
///
/// # Errors
/// [`Refused`] for a file that is no sound or has no drums in it; a disk that fails.
pub fn run(args: &TranscribeArgs) -> anyhow::Result<()> {
    let shown = sanitize_path(&args.input);
    if args.output.exists() && !args.output.is_file() {
        return Err(Refused::new(
            format!("{}: it is not a file", sanitize_path(&args.output)),
            "name a file to write, for example beat.mid",
        )
        .into());
    }
    let bytes = read(&args.input)?;
    let wav = Wav::parse(&bytes).map_err(|e| Refused::new(format!("{shown}: {e}"), e.hint()))?;
    let ear = Ear::embedded().map_err(|e| anyhow!(e))?;
    let (strokes, gain) = hear(&ear, &wav)?;
    if strokes.is_empty() {
        return Err(Refused::new(
            format!("{shown}: no drum stroke was heard in it"),
            "give a recording of drums alone",
        )
        .into());
    }
    let (bpm, told) = match args.bpm {
        Some(bpm) => (bpm, "as given"),
        None => match tempo_of(&strokes) {
            Some(bpm) => (bpm, "estimated; --bpm names another"),
            None => (USUAL_BPM, "nothing to tell it from; --bpm names it"),
        },
    };
    let song = song("beatgen-tui transcribe", &strokes, bpm);
    let path = atomic_file::write_new(&args.output, &smf::write(&song))
        .with_context(|| format!("{}: cannot be written", sanitize_path(&args.output)))?;
    let seconds = wav.frames() as f64 / f64::from(wav.sample_rate());
    let level = if gain == 0.0 {
        String::new()
    } else {
        format!(", level changed by {gain:+.1} dB first")
    };
    writeln!(
        std::io::stdout(),
        "{shown}: {seconds:.1} s, {} Hz, {} strokes{level}\n{bpm:.1} bpm ({told})\n{}",
        wav.sample_rate(),
        strokes.len(),
        sanitize_path(&path)
    )
    .context("cannot write to standard output")
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = sanitize_path(path);
    let refuse = |what: &dyn std::fmt::Display, hint: &str| {
        anyhow::Error::from(Refused::new(format!("{shown}: {what}"), hint))
    };
    const HINT: &str = "give the path of a WAV file";
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(|e| refuse(&e, HINT))?;
    if !metadata.is_file() {
        return Err(refuse(&"it is not a file", HINT));
    }
    if metadata.len() > MOST_BYTES {
        return Err(refuse(
            &"it is larger than 2 GiB",
            "cut it into shorter files",
        ));
    }
    std::fs::read(path).map_err(|e| refuse(&e, HINT))
}

/// The strokes of a recording by time, and by how many decibels it was raised (or lowered) first.
///
/// # Errors
/// An ear whose frames cannot be made, which the one inside is not.
fn hear(ear: &Ear, wav: &Wav<'_>) -> anyhow::Result<(Vec<Stroke>, f32)> {
    let mut level = Level::new(wav.sample_rate());
    pieces(wav, |piece| level.push(piece));
    // How much softer than what the ear knows; silence stays silence.
    let softer = level.db().map_or(0.0, |db| ear.level() - db);
    let gain_db = if softer.abs() <= LEVEL_LEFT {
        0.0
    } else {
        softer.min(MOST_GAIN)
    };
    let gain = 10f32.powf(gain_db / 20.0);
    let config = *ear.mel();
    let mel = Mel::new(config)?;
    let mut stream = MelStream::new(&mel);
    let mut listener = Listener::new(ear);
    let mut frame = vec![0.0; config.n_mels];
    let mut strokes = Vec::new();
    let mut hear = |power: &[f32]| {
        for (d, p) in frame.iter_mut().zip(power) {
            *d = db(*p);
        }
        listener.push(&frame, |stroke| strokes.push(stroke));
    };
    let mut at_rate = Vec::with_capacity(PIECE);
    if wav.sample_rate() == config.sample_rate {
        pieces(wav, |piece| {
            at_rate.clear();
            at_rate.extend(piece.iter().map(|x| x * gain));
            stream.push(&at_rate, &mut hear);
        });
    } else {
        let mut resampler = Resampler::new(wav.sample_rate(), config.sample_rate);
        pieces(wav, |piece| {
            at_rate.clear();
            resampler.push(piece, |x| at_rate.push(x * gain));
            stream.push(&at_rate, &mut hear);
        });
        at_rate.clear();
        resampler.finish(|x| at_rate.push(x * gain));
        stream.push(&at_rate, &mut hear);
    }
    stream.finish(&mut hear);
    listener.finish(|stroke| strokes.push(stroke));
    strokes.sort_by_key(|s| (s.time_ns, s.lane));
    Ok((strokes, gain_db))
}

/// A recording in mono, piece by piece.
fn pieces(wav: &Wav<'_>, mut each: impl FnMut(&[f32])) {
    let mut samples = wav.mono();
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        piece.extend(samples.by_ref().take(PIECE));
        if piece.is_empty() {
            return;
        }
        each(&piece);
    }
}

/// Strokes as a song in General MIDI, each held for a 32nd; time 0 is the recording's first sample.
pub(super) fn song(name: &str, strokes: &[Stroke], bpm: f64) -> Song {
    let milli_bpm = (bpm * 1000.0).round() as u32;
    let ticks_a_second = f64::from(TICKS) * f64::from(milli_bpm) / 60_000.0;
    let kit = Kit::gm();
    let notes = strokes.iter().filter_map(|s| {
        let voice = kit.voice(s.lane)?;
        Some(SongNote {
            tick: (s.time_ns as f64 / 1e9 * ticks_a_second).round() as u64,
            length: u64::from(TICKS) / 8,
            channel: voice.channel,
            note: voice.note,
            velocity: s.velocity,
        })
    });
    Song {
        name: name.to_owned(),
        ticks_per_quarter: TICKS,
        tempi: vec![(0, milli_bpm)],
        notes: notes.collect(),
        ..Song::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::onset::Score;
    use crate::audio::render::render_events;
    use crate::audio::wav::wav_bytes;
    use crate::beat::kit::DrumMap;
    use crate::beat::lane::Lane;
    use crate::beat::smf::{DrumPick, parse};

    /// Two bars of rock at 110 bpm.
    fn rock() -> Vec<Stroke> {
        let eighth = 60_000_000_000 / 110 / 2;
        let mut strokes = Vec::new();
        for k in 0..16u64 {
            let mut strike = |lane, velocity| {
                strokes.push(Stroke {
                    time_ns: 200_000_000 + k * eighth,
                    lane,
                    velocity,
                });
            };
            strike(Lane::ClosedHat, if k % 2 == 0 { 85 } else { 60 });
            match k % 8 {
                0 | 5 => strike(Lane::Kick, 110),
                2 | 6 => strike(Lane::Snare, 105),
                _ => {}
            }
        }
        strokes
    }

    fn job(dir: &Path, rate: u32, gain: f32, bpm: Option<f64>) -> smf::Smf {
        let mut sound = render_events(&rock(), rate, 0.5);
        sound.iter_mut().for_each(|x| *x *= gain);
        let input = dir.join("loop.wav");
        std::fs::write(&input, wav_bytes(&sound, rate)).unwrap();
        let output = dir.join(format!("loop-{rate}-{}.mid", bpm.is_some()));
        run(&TranscribeArgs {
            input,
            output: output.clone(),
            bpm,
        })
        .unwrap();
        parse(&std::fs::read(output).unwrap()).unwrap()
    }

    #[test]
    fn a_rendered_loop_comes_back_at_any_rate_and_level() {
        let dir = tempfile::tempdir().unwrap();
        for (rate, gain, bpm) in [(44_100, 1.0, None), (48_000, 0.1, Some(96.0))] {
            let smf = job(dir.path(), rate, gain, bpm);
            assert!(
                (smf.tempo() - bpm.unwrap_or(110.0)).abs() < 1.0,
                "{}",
                smf.tempo()
            );
            let drums = smf.notes.iter().map(|n| Stroke {
                time_ns: (n.tick as f64 * 60e9 / smf.tempo() / 480.0) as u64,
                lane: DrumMap::gm().lane_of(n.pitch).unwrap(),
                velocity: n.velocity,
            });
            let mut score = Score::default();
            score.add(&rock(), &drums.collect::<Vec<_>>());
            assert!(score.all().f1() > 0.95, "{rate}: {:?}", score.all());
            assert!(score.timing_ms() < 5.0);
            assert_eq!(
                smf.drums(&DrumMap::gm(), &DrumPick::Channel10)
                    .unwrap()
                    .unmapped,
                0
            );
        }
    }

    #[test]
    fn what_is_no_drum_loop_is_refused_with_path_reason_and_hint() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let silent = wav_bytes(&[0.0; 8_000], 8_000);
        for (input, word) in [
            (dir.path().join("none.wav"), "none.wav"),
            (dir.path().to_owned(), "not a file"),
            (file("song.ogg", b"OggS, not a wave"), "not a WAV file"),
            (file("still.wav", &silent), "no drum stroke"),
        ] {
            let args = TranscribeArgs {
                input,
                output: dir.path().join("out.mid"),
                bpm: None,
            };
            let error = run(&args).unwrap_err();
            assert!(error.downcast_ref::<Refused>().is_some());
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(!dir.path().join("out.mid").exists());
    }
}
