//! Promise: the built-in kit renders faster than 200 times real time on one core, and `render` of a 3-minute file
//! takes less than a second.
//!
//! The densest Groove files (most hits a second, of those longer than 30 s) are read, rendered at 44,100 Hz and turned into
//! the bytes of WAV files on one thread; each file counts with the best of five turns. Then the one that comes nearest to
//! three minutes is done once more with writing. The folder is Groove where it is there (`BEATGEN_GROOVE` or
//! `../shared/data/groove`), else the examples.

use beatgen_tui::audio::drummer::Drummer;
use beatgen_tui::audio::render::Renderer;
use beatgen_tui::audio::wav::{push_pcm16, wav_header};
use beatgen_tui::base::atomic_file;
use beatgen_tui::beat::kit::DrumMap;
use beatgen_tui::beat::smf;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

const RATE: u32 = 44_100;
const FILES: usize = 12;
const TURNS: usize = 5;
const PROMISE: f64 = 200.0;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let groove = std::env::var_os("BEATGEN_GROOVE")
        .map_or_else(|| root.join("../shared/data/groove"), PathBuf::from);
    let (dir, map) = match groove.join("info.csv").is_file() {
        true => (groove, DrumMap::td11()),
        false => (root.join("examples/beats"), DrumMap::gm()),
    };
    let mut files = Vec::new();
    walk(&dir, &mut files)?;
    let mut facts = Vec::new();
    for file in files {
        let smf = smf::parse(&std::fs::read(&file)?)?;
        let end = smf.notes.last().map_or(0, |note| note.tick);
        let seconds = f64::from(smf.tempo_map().at(end, 1_000) as u32) / 1e3;
        facts.push((smf.notes.len() as f64 / seconds.max(0.1), seconds, file));
    }
    let three_minutes = facts
        .iter()
        .min_by(|a, b| (a.1 - 180.0).abs().total_cmp(&(b.1 - 180.0).abs()))
        .map(|row| row.2.clone())
        .ok_or("no MIDI file there")?;
    if facts.iter().filter(|row| row.1 > 30.0).count() >= FILES {
        facts.retain(|row| row.1 > 30.0);
    }
    facts.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("hits/s  seconds      ms  x real time  file");
    let (mut all, mut took) = (0.0, 0.0);
    for (density, _, file) in facts.iter().take(FILES) {
        let mut best = f64::INFINITY;
        let mut seconds = 0.0;
        for _ in 0..TURNS {
            let start = Instant::now();
            seconds = render(file, &map, &mut std::io::sink())?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!(
            "{density:6.1} {seconds:8.1} {:7.1} {:12.0}  {name}",
            best * 1e3,
            seconds / best
        );
        (all, took) = (all + seconds, took + best);
    }
    println!(
        "all    {all:8.1} {:7.1} {:12.0}  promised: at least {PROMISE}, {}",
        took * 1e3,
        all / took,
        if all / took >= PROMISE {
            "kept"
        } else {
            "BROKEN"
        }
    );
    let scratch = tempfile::tempdir()?;
    let start = Instant::now();
    let mut seconds = 0.0;
    atomic_file::write_new_with(&scratch.path().join("out.wav"), |file| {
        seconds = render(&three_minutes, &map, file)?;
        Ok::<(), Box<dyn Error>>(())
    })?;
    let took = start.elapsed().as_secs_f64();
    println!("{seconds:.1} s of sound, read, rendered, written and synced: {took:.2} s");
    Ok(())
}

/// How many seconds it became.
fn render(file: &Path, map: &DrumMap, out: &mut impl Write) -> Result<f64, Box<dyn Error>> {
    let smf = smf::parse(&std::fs::read(file)?)?;
    let tempo = smf.tempo_map();
    let strokes = smf.notes.iter().filter(|note| note.channel == 9);
    let strokes = strokes.map(|note| (tempo.at(note.tick, RATE), note.pitch, note.velocity));
    let drummer = Drummer::kit(RATE, map);
    let mut renderer = Renderer::at_frames(drummer, strokes.collect(), 0, 8.0).ringing_out();
    let mut piece = vec![0.0; 1 << 15];
    let mut bytes = wav_header(0, RATE).to_vec();
    let mut frames = 0;
    loop {
        let count = renderer.next_piece(&mut piece);
        if count == 0 {
            return Ok(frames as f64 / f64::from(RATE));
        }
        frames += count;
        push_pcm16(piece.get(..2 * count).unwrap_or_default(), &mut bytes);
        out.write_all(&bytes)?;
        bytes.clear();
    }
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "mid") {
            found.push(path);
        }
    }
    Ok(())
}
