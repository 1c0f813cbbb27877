//! Usable files as beats in memory, for training and measuring.

use super::corpus::Corpus;
use super::facts::read;
use super::scan::Scan;
use crate::beat::grid::BeatGrid;
use crate::beat::smf;
use crate::message::{FileStatus, ScanRow};
use rayon::prelude::*;

pub use super::facts::{FileFacts, inspect_file};

/// Files that are grids at the same time while a folder is read.
const PART: usize = 512;

/// One file's beat with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The file, relative to the folder scanned, with `/`.
    pub name: String,
    /// Its drums; the tempo is that of `tempo`.
    pub grid: BeatGrid,
    /// Its style, where known.
    pub style: Option<String>,
    /// Whether it is a fill, not a beat.
    pub fill: bool,
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Quarter notes per minute.
    pub tempo: f64,
}

/// Reads the usable files of a scan, those of one split or all, in the order of its rows. The second
/// list names the files that have become unreadable since, and why.
#[must_use]
pub fn load(scan: &Scan, split: Option<&str>) -> (Corpus, Vec<(String, String)>) {
    load_where(scan, |row| {
        row.status.usable() && split.is_none_or(|split| row.split == split)
    })
}

/// [`load`] with the duplicates: a measurement over a split counts every file of it, whether or
/// not the same drumming stands elsewhere in the folder too.
#[must_use]
pub fn load_all(scan: &Scan, split: Option<&str>) -> (Corpus, Vec<(String, String)>) {
    load_where(scan, |row| {
        let twice = row.status == FileStatus::Duplicate && row.lane_counts.iter().any(|&n| n > 0);
        (row.status.usable() || twice) && split.is_none_or(|split| row.split == split)
    })
}

fn load_where(scan: &Scan, wanted: impl Fn(&ScanRow) -> bool) -> (Corpus, Vec<(String, String)>) {
    let wanted: Vec<&ScanRow> = scan.rows.iter().filter(|row| wanted(row)).collect();
    let read = |part: &[&ScanRow]| -> Vec<Result<Example, (String, String)>> {
        part.par_iter()
            .map(|row| example(row, scan).map_err(|why| (row.name.clone(), why)))
            .collect()
    };
    let mut corpus = Corpus::default();
    let mut failures = Vec::new();
    let mut parts = wanted.chunks(PART);
    let mut ready = parts.next().map(read);
    while let Some(part) = ready {
        // The part before is packed while the next is read.
        let next = parts.next();
        let pack = || {
            for result in part {
                match result {
                    Ok(example) => corpus.push(&example),
                    Err(failure) => failures.push(failure),
                }
            }
        };
        ready = rayon::join(pack, || next.map(read)).1;
    }
    (corpus, failures)
}

/// Reads one usable row's beat, for example to play it.
///
/// # Errors
/// Why the file is not usable any more; a sanitised sentence.
pub fn example(row: &ScanRow, scan: &Scan) -> Result<Example, String> {
    let bytes = read(&row.path).map_err(|refusal| refusal.reason)?;
    let pick = scan.remaps.get(&row.name).copied().unwrap_or_default();
    let drums = smf::parse(&bytes)
        .and_then(|smf| smf.drums(&scan.drum_map, &pick))
        .map_err(|error| error.to_string())?;
    let mut grid = drums.grid;
    if grid.lane_counts().iter().all(|&hits| hits == 0) {
        return Err("it has no drums any more".to_owned());
    }
    grid.tempo = row.tempo.unwrap_or(grid.tempo);
    Ok(Example {
        name: row.name.clone(),
        tempo: grid.tempo,
        grid,
        style: row.style.clone(),
        fill: row.beat_type.as_deref() == Some("fill"),
        split: row.split.clone(),
    })
}
