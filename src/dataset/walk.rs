//! Finding the MIDI files of a folder, each with the stamp that tells whether it has changed.

use super::scan::ScanError;
use std::collections::HashSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;
use walkdir::{DirEntry, WalkDir};

/// A file with a MIDI ending.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Relative to the folder, with `/`; what is not UTF-8 is replaced.
    pub(super) name: String,
    /// Its relative path as the system has it.
    pub(super) key: Vec<u8>,
    /// `None` where the system tells no size or time.
    pub(super) stamp: Option<Stamp>,
}

/// What changes when a file's content does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Bytes.
    pub(super) size: u64,
    /// Nanoseconds since 1970 of the last writing.
    pub(super) modified: u64,
    /// The same of the last change of any kind, where the system keeps it: catches a file replaced
    /// by another of the same size and time.
    pub(super) changed: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            size: metadata.len(),
            modified: u64::try_from(modified.as_nanos()).ok()?,
            changed: changed(metadata),
        })
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime() as u64)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(metadata.ctime_nsec() as u64)
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> u64 {
    0
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The MIDI files, sorted by `name`.
    pub(super) files: Vec<Found>,
    /// How many other files there are.
    pub(super) others: usize,
    /// Folders that could not be read, with the reason; sanitised.
    pub(super) unread: Vec<String>,
}

/// Walks a folder and what is under it. Links are followed, but no folder is entered twice, so
/// circles of links end.
pub(super) fn walk(dir: &Path, cancel: &AtomicBool) -> Result<Walk, ScanError> {
    let mut walk = Walk::default();
    let mut entered = HashSet::new();
    let entries = WalkDir::new(dir)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !entry.file_type().is_dir() || entered.insert(identity(entry)));
    for entry in entries {
        if cancel.load(Ordering::Relaxed) {
            return Err(ScanError::Cancelled);
        }
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if is_midi(entry.path()) => walk.files.extend(found(dir, entry)),
            Ok(_) => walk.others += 1,
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) if error.depth() == 0 => {
                return Err(ScanError::of_folder(dir, error.io_error()));
            }
            Err(error) => {
                let path = error.path().unwrap_or(dir);
                // A link that leads nowhere: a file only if its name says so.
                if is_midi(path) {
                    walk.files.push(Found::at(dir, path.to_path_buf(), None));
                } else if let Some(io) = error.io_error() {
                    let path = crate::base::text::sanitize_path(path);
                    walk.unread.push(format!("{path}: {io}"));
                }
            }
        }
    }
    walk.files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(walk)
}

fn found(dir: &Path, entry: DirEntry) -> Option<Found> {
    let stamp = entry.metadata().ok().and_then(|m| Stamp::of(&m));
    Some(Found::at(dir, entry.into_path(), stamp))
}

impl Found {
    fn at(dir: &Path, path: PathBuf, stamp: Option<Stamp>) -> Self {
        let relative = path.strip_prefix(dir).unwrap_or(&path);
        let key = relative.as_os_str().as_encoded_bytes().to_vec();
        let name = relative.to_string_lossy();
        let name = if std::path::MAIN_SEPARATOR == '/' {
            name.into_owned()
        } else {
            name.replace(std::path::MAIN_SEPARATOR, "/")
        };
        Self {
            path,
            name,
            key,
            stamp,
        }
    }
}

/// Whether a path ends as MIDI files do.
pub(super) fn is_midi(path: &Path) -> bool {
    path.extension().is_some_and(|ending| {
        ["mid", "midi", "smf"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// What tells one folder from another, whatever links lead to it.
#[cfg(unix)]
fn identity(entry: &DirEntry) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(entry.path());
    metadata.map_or((0, 0), |m| (m.dev(), m.ino()))
}

/// What tells one folder from another, whatever links lead to it.
#[cfg(not(unix))]
fn identity(entry: &DirEntry) -> PathBuf {
    std::fs::canonicalize(entry.path()).unwrap_or_else(|_| entry.path().to_path_buf())
}
