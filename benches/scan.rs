//! Promise: the second scan of an unchanged folder takes at most a tenth of the first, when the first
//! has to fetch the files from the disk.
//!
//! The same files are scanned 15 times in three ways, in turns: with an empty index and the files'
//! bytes on the disk, as when a folder is met for the first time (Linux only: elsewhere they
//! stay in memory); with an empty index and the bytes still in memory, as right after unpacking;
//! and with the index that the scan before has written. The folder is Groove where it is there
//! (`BEATGEN_GROOVE` or `../shared/data/groove`), else a made one.
//!
//! With `--files N` it makes a tenth of N files, then N, and prints a line for each: seconds of the first
//! scan, the second, and of loading all for training, with the most memory the program has held by then
//! (Linux only). Cost grows with the files and not faster; memory stays under 1 GB for 100,000.

use beatgen_tui::base::rng::{Purpose, uniform};
use beatgen_tui::beat::grid::{BeatGrid, Cell, Meter, Step};
use beatgen_tui::beat::kit::Kit;
use beatgen_tui::beat::smf::{song_from_grid, write};
use beatgen_tui::dataset::load::load;
use beatgen_tui::dataset::scan::{Scan, ScanOptions, scan};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const ROUNDS: usize = 15;
const PROMISE: f64 = 10.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip_while(|word| word != "--files");
    match words.nth(1) {
        Some(count) => growth(count.parse()?),
        None => promise(),
    }
}

/// A tenth of the files, then all.
fn growth(files: u64) -> Result<(), Box<dyn Error>> {
    println!("  files  first scan, s  second, s  load, s  16th steps  most memory, MB");
    for files in [files / 10, files] {
        let (dir, cache) = (tempfile::tempdir()?, tempfile::tempdir()?);
        make(dir.path(), files)?;
        let start = Instant::now();
        drop(scanned(dir.path(), cache.path())?);
        let first = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let scan = scanned(dir.path(), cache.path())?;
        let second = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let (corpus, _) = load(&scan, None);
        let loading = start.elapsed().as_secs_f64();
        let steps: usize = corpus.pieces().iter().map(|piece| piece.steps).sum();
        println!(
            "{files:7} {first:14.2} {second:10.2} {loading:8.2} {steps:11} {:>16}",
            most_memory().map_or("unknown".into(), |mb| mb.to_string())
        );
    }
    Ok(())
}

/// The most memory this program has held, in MB.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

fn scanned(dir: &Path, cache: &Path) -> Result<Scan, Box<dyn Error>> {
    let options = ScanOptions {
        cache_dir: Some(cache.to_owned()),
        ..ScanOptions::new(dir)
    };
    Ok(scan(&options, &|_, _| {}, &AtomicBool::new(false))?)
}

fn promise() -> Result<(), Box<dyn Error>> {
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
    let (mut disk, mut memory, mut second) = (Vec::new(), Vec::new(), Vec::new());
    let mut files = Vec::new();
    // The first round only finds out which files there are.
    for round in 0..=ROUNDS {
        let caches = (tempfile::tempdir()?, tempfile::tempdir()?);
        forget(&files);
        for (times, cache) in [
            (&mut disk, &caches.0),
            (&mut memory, &caches.1),
            (&mut second, &caches.1),
        ] {
            let start = Instant::now();
            let scanned = scanned(&dir, cache.path())?;
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
            files = scanned.rows.into_iter().map(|row| row.path).collect();
        }
    }
    let (disk, memory) = (median(&mut disk), median(&mut memory));
    let second = median(&mut second);
    println!("{} files, medians of {ROUNDS}", files.len());
    println!("scan     bytes       ms    x the second");
    println!(
        "first    on disk  {disk:6.1} {:9.1}        promised: at least {PROMISE}, {}",
        disk / second,
        if disk >= PROMISE * second {
            "kept"
        } else {
            "BROKEN"
        }
    );
    println!("first    in memory{memory:6.1} {:9.1}", memory / second);
    println!("second   not read {second:6.1} {:9.1}", 1.0);
    Ok(())
}

/// Asks the system to drop what it keeps of the files' bytes.
#[cfg(target_os = "linux")]
fn forget(files: &[PathBuf]) {
    use rustix::fs::{Advice, fadvise};
    for file in files {
        if let Ok(file) = std::fs::File::open(file) {
            let _ = fadvise(&file, 0, None, Advice::DontNeed);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn forget(_: &[PathBuf]) {}

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
                        offset: uniform(file, at, lane, Purpose::Offset) * 0.4 - 0.2,
                    };
                }
            }
        }
        let bytes = write(&song_from_grid(&grid, &Kit::gm(), "made"));
        std::fs::write(dir.join(format!("{file}.mid")), bytes)?;
    }
    Ok(())
}
