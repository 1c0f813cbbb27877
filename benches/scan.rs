//! Promise: the second scan of an unchanged folder takes at most a tenth of the first.
//!
//! Both scan the same files, in turns, 15 times: the first with an empty index, the second with
//! the one that the first has written. Their bytes are in the system's file cache both times. The folder is Groove where it is there
//! (`BEATGEN_GROOVE` or `../shared/data/groove`), else a made one.

use beatgen_tui::base::rng::{Purpose, uniform};
use beatgen_tui::beat::grid::{BeatGrid, Cell, Meter, Step};
use beatgen_tui::beat::kit::Kit;
use beatgen_tui::beat::smf::{song_from_grid, write};
use beatgen_tui::dataset::scan::{ScanOptions, scan};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const ROUNDS: usize = 15;
const PROMISE: f64 = 10.0;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let dir = match groove() {
        Some(dir) => dir,
        None => {
            println!("no Groove MIDI Dataset here; scanning made files instead");
            let dir = scratch.path().join("made");
            make(&dir, 1_000)?;
            dir
        }
    };
    let (mut first, mut second, mut files) = (Vec::new(), Vec::new(), 0);
    // One round more than is counted fills the system's file cache.
    for round in 0..=ROUNDS {
        let cache = tempfile::tempdir()?;
        let options = ScanOptions {
            cache_dir: Some(cache.path().to_owned()),
            ..ScanOptions::new(&dir)
        };
        for times in [&mut first, &mut second] {
            let start = Instant::now();
            let scanned = scan(&options, &|_, _| {}, &AtomicBool::new(false))?;
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
            files = scanned.rows.len();
        }
    }
    let (first, second) = (median(&mut first), median(&mut second));
    let ratio = first / second;
    println!("{files} files, medians of {ROUNDS}");
    println!("first scan   {first:8.1} ms");
    println!("second scan  {second:8.1} ms");
    println!(
        "ratio        {ratio:8.1}    promised: at least {PROMISE}, {}",
        if ratio >= PROMISE { "kept" } else { "BROKEN" }
    );
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn groove() -> Option<PathBuf> {
    let dir = std::env::var_os("BEATGEN_GROOVE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/groove"),
        PathBuf::from,
    );
    dir.join("info.csv").is_file().then_some(dir)
}

/// Writes files of 16 bars, each another.
fn make(dir: &Path, files: u64) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(dir)?;
    let meter = Meter::new(4, 4).ok_or("4/4 is a meter")?;
    for file in 0..files {
        let mut grid = BeatGrid {
            meter,
            tempo: 120.0,
            steps: vec![Step::default(); 16 * meter.steps()],
        };
        for (at, step) in (0..).zip(&mut grid.steps) {
            for (lane, cell) in (0..).zip(step) {
                if uniform(file, at, lane, Purpose::Hit) < 0.15 {
                    *cell = Cell {
                        velocity: 90,
                        offset: 0.0,
                    };
                }
            }
        }
        let bytes = write(&song_from_grid(&grid, &Kit::gm(), "made"));
        std::fs::write(dir.join(format!("{file}.mid")), bytes)?;
    }
    Ok(())
}
