//! The folder of MIDI files: scans it in the background and reads single files of it.

use super::Teller;
use crate::app::Msg;
use crate::beat::grid::BeatGrid;
use crate::beat::kit::DrumMap;
use crate::beat::smf::{self, DrumPick};
use crate::dataset::load::example;
use crate::dataset::scan::{Remaps, Scan, ScanError, ScanOptions, scan};
use crate::message::{ScanEvent, ScanRow, ScanSummary};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The scan under way and the last one finished.
pub struct Folder {
    cache: PathBuf,
    cancel: Arc<AtomicBool>,
    last: Arc<Mutex<Option<Arc<Scan>>>>,
}

impl Folder {
    /// No folder yet; the index of scans is kept in `cache`.
    pub fn new(cache: PathBuf) -> Self {
        Self {
            cache,
            cancel: Arc::default(),
            last: Arc::default(),
        }
    }

    /// Scans; a scan under way is given up. Tells progress and the rows.
    pub fn scan(&mut self, dir: PathBuf, remaps: &[PathBuf], tell: &Teller) {
        self.cancel();
        let cancel = Arc::new(AtomicBool::new(false));
        self.cancel = Arc::clone(&cancel);
        let options = ScanOptions {
            cache_dir: Some(self.cache.clone()),
            remaps: remaps_of(&dir, remaps),
            ..ScanOptions::new(dir)
        };
        let (last, told) = (Arc::clone(&self.last), tell.clone());
        tell.spawn("scan", move || {
            let progress = |done, total| {
                told.tell(Msg::Scan(ScanEvent::Progress { done, total }));
            };
            let event = match scan(&options, &progress, &cancel) {
                Ok(scan) => {
                    let (rows, summary) = (scan.rows.clone(), scan.summary.clone());
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(scan));
                    ScanEvent::Done { rows, summary }
                }
                Err(ScanError::Cancelled) => return,
                Err(error) => ScanEvent::Failed(error.to_string()),
            };
            // What was given up may not come back after what replaced it.
            if !cancel.load(Ordering::Relaxed) {
                told.tell(Msg::Scan(event));
            }
        });
    }

    /// Gives the scan under way up.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// What reads single files, on another thread.
    pub fn reader(&self) -> impl Fn(&Path, bool) -> Result<Arc<BeatGrid>, String> + Send + 'static {
        let last = Arc::clone(&self.last);
        move |path, remap| {
            let scan = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            read(scan.as_deref(), path, remap).map(Arc::new)
        }
    }
}

/// Reads one file as the scan read it, or with its drums looked for elsewhere.
fn read(scan: Option<&Scan>, path: &Path, remap: bool) -> Result<BeatGrid, String> {
    let row = scan.and_then(|scan| scan.rows.iter().find(|row| row.path == path));
    let row: &ScanRow = row.ok_or("it is not in the folder any more; scan again")?;
    let pick = if remap {
        find_drums(path)
    } else {
        DrumPick::default()
    };
    let alone = Scan {
        rows: Vec::new(),
        summary: ScanSummary::default(),
        drum_map: scan.map_or_else(DrumMap::gm, |scan| scan.drum_map.clone()),
        remaps: Remaps::from([(row.name.clone(), pick)]),
        unread: Vec::new(),
    };
    example(row, &alone).map(|example| example.grid)
}

/// Where the drums of these files are, by their names in a scan of `dir`.
pub fn remaps_of(dir: &Path, files: &[PathBuf]) -> Remaps {
    let names = files.iter().filter_map(|path| {
        let inside = path.strip_prefix(dir).ok()?;
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        Some((parts.join("/"), find_drums(path)))
    });
    names.collect()
}

/// Where the drums of a file without channel 10 must be: in the track that says so by its
/// name, else in the busiest channel.
fn find_drums(path: &Path) -> DrumPick {
    let small = std::fs::metadata(path).is_ok_and(|meta| meta.len() <= smf::MAX_BYTES as u64);
    let bytes = if small {
        std::fs::read(path)
    } else {
        Ok(Vec::new())
    };
    let Ok(file) = smf::parse(&bytes.unwrap_or_default()) else {
        return DrumPick::Channel10;
    };
    if let Some(track) = file.drum_candidates().first() {
        return DrumPick::Track(track.track);
    }
    let channels: BTreeSet<u8> = file.notes.iter().map(|note| note.channel).collect();
    let busiest = channels.into_iter().max_by_key(|channel| {
        let on = file.notes.iter().filter(|note| note.channel == *channel);
        on.count()
    });
    busiest.map_or(DrumPick::Channel10, DrumPick::Channel)
}
