//! Finding the MIDI files of a folder, each with the stamp that tells whether it has changed.

use super::scan::ScanError;
use rayon::prelude::*;
use std::collections::HashSet;
use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

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
///
/// This is our own because it is most of a scan whose index is fresh: folders tell what is a folder and
/// what a file without a call for each, and the stamps are then taken in parallel.
pub(super) fn walk(dir: &Path, cancel: &AtomicBool) -> Result<Walk, ScanError> {
    let mut walk = Walk::default();
    let mut paths = Vec::new();
    let mut entered: HashSet<_> = identity(dir).into_iter().collect();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if cancel.load(Ordering::Relaxed) {
            return Err(ScanError::Cancelled);
        }
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == dir => return Err(ScanError::of_folder(dir, Some(&error))),
            Err(error) => {
                walk.refuse(&folder, &error);
                continue;
            }
        };
        let mut inside = Vec::new();
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) {
                Ok((kind, path)) => match kind_of(kind, &path) {
                    Ok(kind) if kind.is_dir() => inside.push(path),
                    Ok(_) if is_midi(&path) => paths.push(path),
                    Ok(_) => walk.others += 1,
                    // A link that leads nowhere: a file only if its name says so.
                    Err(_) if is_midi(&path) => paths.push(path),
                    Err(error) => walk.refuse(&path, &error),
                },
                Err(error) => walk.refuse(&folder, &error),
            }
        }
        // In order of their names, so that of two links to one folder always the same is followed.
        inside.sort_unstable_by(|a, b| b.cmp(a));
        folders.extend(
            inside
                .into_iter()
                .filter(|path| identity(path).is_none_or(|id| entered.insert(id))),
        );
    }
    walk.files = paths
        .into_par_iter()
        .with_min_len(64)
        .map(|path| {
            let stamp = std::fs::metadata(&path).ok().and_then(|m| Stamp::of(&m));
            Found::at(dir, path, stamp)
        })
        .collect();
    walk.files
        .sort_unstable_by(|a, b| a.name.cmp(&b.name).then_with(|| a.key.cmp(&b.key)));
    Ok(walk)
}

impl Walk {
    /// Notes what could not be read.
    fn refuse(&mut self, path: &Path, error: &std::io::Error) {
        let path = crate::base::text::sanitize_path(path);
        self.unread.push(format!("{path}: {error}"));
    }
}

/// What an entry is; of a link, what it leads to.
fn kind_of(kind: FileType, path: &Path) -> std::io::Result<FileType> {
    if kind.is_symlink() {
        Ok(std::fs::metadata(path)?.file_type())
    } else {
        Ok(kind)
    }
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
fn identity(folder: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(folder);
    metadata.ok().map(|m| (m.dev(), m.ino()))
}

/// What tells one folder from another, whatever links lead to it.
#[cfg(not(unix))]
fn identity(folder: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(folder).ok()
}
