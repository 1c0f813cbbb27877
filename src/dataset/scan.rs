//! Scans a folder: every MIDI file in it, each with exactly one verdict. Files are read in
//! parallel, unchanged ones come from the index; the folder's own `info.csv` tells splits, styles and
//! tempi where it is there.

use super::facts::{FileFacts, inspect_picked};
use super::index::{self, Index};
use super::info::{Info, InfoRow};
use super::walk::{Found, walk};
use super::{split, walk};
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::kit::DrumMap;
use crate::beat::smf::DrumPick;
use crate::message::{FileStatus, ScanRow, ScanSummary};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the drums of single files are, by their [`ScanRow::name`], where a user has said so.
pub type Remaps = BTreeMap<String, DrumPick>;

/// What to scan, and how.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// The folder.
    pub dir: PathBuf,
    /// The drum map; `None` takes the folder's own: TD-11 where `info.csv` is Groove's, else GM.
    pub drum_map: Option<DrumMap>,
    /// Whether to use and write the index cache.
    pub cache: bool,
    /// Where the index is kept; `None` for the user's cache folder ([`index::cache_dir`]).
    pub cache_dir: Option<PathBuf>,
    /// Files whose drums are not on channel 10.
    pub remaps: Remaps,
}

impl ScanOptions {
    /// A folder with its own drum map, the user's index cache and no remaps.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            cache: true,
            ..Self::default()
        }
    }
}

/// A scanned folder.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Every file with a MIDI ending, sorted by name.
    pub rows: Vec<ScanRow>,
    /// The counts.
    pub summary: ScanSummary,
    /// The drum map in force.
    pub drum_map: DrumMap,
    /// The remaps in force.
    pub remaps: Remaps,
    /// Folders inside that could not be read, with the reason; sanitised.
    pub unread: Vec<String>,
}

/// Why a folder cannot be scanned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// There is none.
    #[error("{0}: there is no such folder (check the spelling of its path)")]
    Missing(String),
    /// It is a file.
    #[error("{0}: it is not a folder (name the folder that the files are in)")]
    NotAFolder(String),
    /// It may not be read.
    #[error("{0}: the folder cannot be read: {1} (check its permissions)")]
    Unreadable(String, String),
    /// No MIDI file is in it.
    #[error(
        "{0}: no MIDI file in it, {1} other files (files ending in .mid, .midi or .smf are read, in all subfolders)"
    )]
    NoMidi(String, usize),
    /// Told to stop.
    #[error("the scan was stopped")]
    Cancelled,
}

impl ScanError {
    pub(super) fn of_folder(dir: &Path, error: Option<&io::Error>) -> Self {
        let path = sanitize_path(dir);
        match error {
            Some(e) if e.kind() == io::ErrorKind::NotFound => Self::Missing(path),
            Some(e) => Self::Unreadable(path, sanitize(&e.to_string())),
            None => Self::Unreadable(path, "unknown reason".to_owned()),
        }
    }
}

/// Scans a folder. `progress` is told (files read, files found) about 200 times from several
/// threads; `cancel` ends the scan early.
///
/// # Errors
/// A folder that is missing, unreadable or without MIDI files; being cancelled.
pub fn scan(
    options: &ScanOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
    cancel: &AtomicBool,
) -> Result<Scan, ScanError> {
    let dir = &options.dir;
    let started = now();
    match std::fs::metadata(dir) {
        Ok(metadata) if !metadata.is_dir() => {
            return Err(ScanError::NotAFolder(sanitize_path(dir)));
        }
        Ok(_) => {}
        Err(error) => return Err(ScanError::of_folder(dir, Some(&error))),
    }
    // Side by side: neither needs the other, and together they are most of a scan that finds nothing new.
    let (walked, (info, drum_map, mut index)) =
        rayon::join(|| walk(dir, cancel), || known_before(options));
    let walked = walked?;
    if walked.files.is_empty() {
        return Err(ScanError::NoMidi(sanitize_path(dir), walked.others));
    }
    let pick_of = |found: &Found| options.remaps.get(&found.name).copied().unwrap_or_default();
    let known: Vec<Option<FileFacts>> = walked
        .files
        .iter()
        .map(|found| index.take(found, pick_of(found)))
        .collect();
    let cached = known.iter().flatten().count();
    let total = known.len();
    let facts = if cached == total {
        progress(total, total);
        known.into_iter().flatten().collect()
    } else {
        let read = |found: &Found| inspect_picked(&found.path, &drum_map, &pick_of(found));
        read_all(&walked.files, known, read, progress, cancel)?
    };
    if cached < total || index.left() > 0 {
        let picked = walked.files.iter().zip(&facts);
        // Clocks of file systems tick in steps of up to 10 ms.
        let settled = started.saturating_sub(10_000_000);
        index.save(
            picked.map(|(file, facts)| (file, pick_of(file), facts)),
            settled,
        );
    }
    let rows = rows(walked.files, facts, &info);
    let summary = summary(&rows, cached, drum_map.name());
    Ok(Scan {
        rows,
        summary,
        drum_map,
        remaps: options.remaps.clone(),
        unread: walked.unread,
    })
}

/// What is known of a folder without its files: its `info.csv`, the drum map in force, the index.
fn known_before(options: &ScanOptions) -> (Info, DrumMap, Index) {
    let info = Info::read(&options.dir);
    let drum_map = match &options.drum_map {
        Some(map) => map.clone(),
        None if info.is_groove => DrumMap::td11(),
        None => DrumMap::gm(),
    };
    let cache = match &options.cache_dir {
        _ if !options.cache => None,
        Some(dir) => Some(dir.clone()),
        None => index::cache_dir(),
    };
    let index = Index::open(cache.as_deref(), &options.dir, &drum_map);
    (info, drum_map, index)
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX))
}

/// Facts of all files in their order, reading those not known yet in parallel.
fn read_all(
    files: &[walk::Found],
    known: Vec<Option<FileFacts>>,
    read: impl Fn(&Found) -> FileFacts + Sync,
    progress: &(dyn Fn(usize, usize) + Sync),
    cancel: &AtomicBool,
) -> Result<Vec<FileFacts>, ScanError> {
    let total = files.len();
    let told_every = (total / 200).max(1);
    let done = AtomicUsize::new(0);
    files
        .par_iter()
        .zip(known)
        .map(|(found, known)| {
            if cancel.load(Ordering::Relaxed) {
                return Err(ScanError::Cancelled);
            }
            let facts = known.unwrap_or_else(|| read(found));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(told_every) || done == total {
                progress(done, total);
            }
            Ok(facts)
        })
        .collect()
}

/// One row a file: facts, then what only a look at all files tells.
fn rows(files: Vec<Found>, facts: Vec<FileFacts>, info: &Info) -> Vec<ScanRow> {
    let mut rows: Vec<ScanRow> = files
        .into_iter()
        .zip(facts)
        .map(|(found, facts)| row(found, facts, info))
        .collect();
    let mut first_of: HashMap<&str, usize> = HashMap::with_capacity(rows.len());
    let mut twice = Vec::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, r)| r.status.usable()) {
        match first_of.get(row.hash.as_str()) {
            None => {
                first_of.insert(&row.hash, at);
            }
            Some(&first) => twice.push((
                at,
                sanitize(&format!("the same content as {}", rows[first].name)),
            )),
        }
    }
    for (at, reason) in twice {
        let row = &mut rows[at];
        row.status = FileStatus::Duplicate;
        row.reason = Some(reason);
        row.hint = Some("nothing to do: the first one is used".to_owned());
    }
    split::balance_where(&mut rows, |row| {
        info.of(&row.name).is_none_or(|known| known.split.is_none())
    });
    rows
}

fn row(found: Found, facts: FileFacts, info: &Info) -> ScanRow {
    let none = InfoRow::default();
    let told = info.of(&found.name).unwrap_or(&none);
    let style = match &told.style {
        Some(style) => Some(style.clone()),
        // Without `info.csv`, folders are often named after styles.
        None if info.is_empty() => folder_of(&found.name),
        None => None,
    };
    ScanRow {
        path: found.path,
        name: found.name,
        status: facts.status,
        reason: facts.reason,
        hint: facts.hint,
        bars: facts.bars,
        steps: facts.steps,
        tempo: facts.tempo.map(|tempo| told.tempo.unwrap_or(tempo)),
        meter: facts.meter,
        style,
        beat_type: told.beat_type.clone(),
        split: told
            .split
            .unwrap_or_else(|| split::by_hash(&facts.hash))
            .to_owned(),
        notes: facts.notes,
        drum_notes: facts.drum_notes,
        lane_counts: facts.lane_counts,
        hash: facts.hash,
    }
}

/// The folder a file is in, unless that is the one scanned; sanitised.
fn folder_of(name: &str) -> Option<String> {
    let (folders, _) = name.rsplit_once('/')?;
    folders.rsplit('/').next().map(sanitize)
}

fn summary(rows: &[ScanRow], cached: usize, drum_map: &str) -> ScanSummary {
    let mut summary = ScanSummary {
        files: rows.len(),
        cached,
        drum_map: drum_map.to_owned(),
        ..ScanSummary::default()
    };
    let mut seconds = 0.0;
    for row in rows {
        for (count, status) in summary.by_status.iter_mut().zip(FileStatus::ALL) {
            *count += usize::from(row.status == status);
        }
        if row.status.usable() {
            summary.bars += u64::from(row.bars);
            seconds += row
                .tempo
                .map_or(0.0, |tempo| f64::from(row.steps) * 15.0 / tempo);
        }
    }
    summary.seconds = seconds.round() as u64;
    summary
}

#[cfg(test)]
mod tests;
