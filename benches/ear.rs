//! Promise: the built-in transcriber finds the strokes of rendered drumming. Validation files of Groove (`BEATGEN_GROOVE`
//! or `../shared/data/groove`; with neither the examples of this repository) are rendered by the built-in kit as they are, every note of
//! them, and transcribed; strokes are matched one to one within 50 ms. Also how long that takes.
//!
//! `--files N` takes the first N files only; `--ear FILE` another transcriber than the built-in one.

use beatgen_tui::audio::onset::{Ear, Score, transcribe};
use beatgen_tui::audio::render::{mono, render_events};
use beatgen_tui::beat::kit::DrumMap;
use beatgen_tui::beat::lane::Lane;
use beatgen_tui::dataset::scan::{ScanOptions, scan};
use beatgen_tui::dataset::strokes::{self, Played};
use std::error::Error;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let word = |flag: &str| {
        let mut words = std::env::args().skip_while(|word| word != flag);
        words.nth(1)
    };
    let ear = match word("--ear") {
        Some(path) => Ear::from_bytes(&std::fs::read(path)?)?,
        None => Ear::embedded()?,
    };
    let mut files = files()?;
    if let Some(most) = word("--files") {
        files.truncate(most.parse()?);
    }
    let rate = ear.mel().sample_rate;
    let (mut score, mut seconds) = (Score::default(), 0.0);
    let (mut rendering, mut hearing) = (Duration::ZERO, Duration::ZERO);
    for file in &files {
        let start = Instant::now();
        let sound = mono(&render_events(&file.strokes, rate, 0.6));
        rendering += start.elapsed();
        seconds += sound.len() as f64 / f64::from(rate);
        let start = Instant::now();
        score.add(&file.strokes, &transcribe(&ear, &sound)?);
        hearing += start.elapsed();
    }
    println!(
        "{} files, {:.0} s; rendered {:.0} times, mel and transcribed {:.0} times as fast as it plays",
        files.len(),
        seconds,
        seconds / rendering.as_secs_f64().max(1e-9),
        seconds / hearing.as_secs_f64().max(1e-9)
    );
    println!(
        "{:.1} % of the strokes repeat their lane within 50 ms, {:.1} % have velocity 15 or less, {:.1} % either",
        100.0 * score.repeated_share(),
        100.0 * score.faint_share(),
        100.0 * score.hard_share()
    );
    println!("lane         strokes  precision  recall    F1");
    for lane in Lane::ALL {
        let counts = score.lane(lane);
        println!(
            "{:<12} {:>7} {:>10.3} {:>7.3} {:>5.3}",
            lane.word(),
            counts.real,
            counts.precision(),
            counts.recall(),
            counts.f1()
        );
    }
    let all = score.all();
    println!(
        "{:<12} {:>7} {:>10.3} {:>7.3} {:>5.3}",
        "all",
        all.real,
        all.precision(),
        all.recall(),
        all.f1()
    );
    let of = |lane: Lane| score.lane(lane).f1();
    for (what, value, promise, above) in [
        ("micro F1", all.f1(), 0.93, true),
        ("kick F1", of(Lane::Kick), 0.96, true),
        ("snare F1", of(Lane::Snare), 0.96, true),
        ("closed hat F1", of(Lane::ClosedHat), 0.93, true),
        ("strokes found", all.recall(), 0.92, true),
        ("timing, ms off", score.timing_ms(), 5.0, false),
        (
            "velocity correlation",
            score.velocity_correlation(),
            0.8,
            true,
        ),
    ] {
        let kept = if above {
            value >= promise
        } else {
            value <= promise
        };
        println!(
            "{what:<21} {value:>6.3}    promised: {} {promise}, {}",
            if above { "at least" } else { "at most" },
            if kept { "kept" } else { "BROKEN" }
        );
    }
    Ok(())
}

/// The validation files, or the examples.
fn files() -> Result<Vec<Played>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let groove = std::env::var_os("BEATGEN_GROOVE")
        .map_or_else(|| root.join("../shared/data/groove"), Into::into);
    let (dir, split) = if groove.join("info.csv").is_file() {
        (groove, Some("validation"))
    } else {
        println!("no Groove MIDI Dataset here; transcribing the examples instead");
        (root.join("examples/beats"), None)
    };
    let map = split.is_none().then(DrumMap::gm);
    let options = ScanOptions {
        cache: false,
        drum_map: map,
        ..ScanOptions::new(dir)
    };
    let scan = scan(&options, &|_, _| {}, &AtomicBool::new(false))?;
    Ok(strokes::load(&scan, split).0)
}
