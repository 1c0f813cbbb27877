//! The index cache: what was found out about a folder's files, kept so that an unchanged file is not
//! read again. One small binary file for each folder and drum map in the user's cache folder.
//!
//! It is only ever a shortcut: a missing, damaged, older or unwritable index costs time, nothing
//! else.

mod codec;

use super::facts::FileFacts;
use super::walk::{Found, Stamp};
use crate::base::atomic_file;
use crate::beat::kit::DrumMap;
use crate::beat::smf::DrumPick;
use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};

/// What one file was when it was last read.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    stamp: Stamp,
    pick: DrumPick,
    facts: FileFacts,
}

/// The index of one folder under one drum map.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Where it is kept; `None` keeps it nowhere.
    path: Option<PathBuf>,
    entries: HashMap<Vec<u8>, Entry>,
}

impl Index {
    /// Reads the index of a folder from a cache folder. Where there is none it is empty.
    pub(super) fn open(cache: Option<&Path>, dir: &Path, map: &DrumMap) -> Self {
        let Some(cache) = cache else {
            return Self::default();
        };
        let path = cache.join(file_name(dir, map));
        let entries = std::fs::read(&path)
            .ok()
            .and_then(|bytes| codec::decode(&bytes))
            .unwrap_or_default();
        Self {
            path: Some(path),
            entries,
        }
    }

    /// Takes out what is known of a file, if the file has not changed since.
    pub(super) fn take(&mut self, found: &Found, pick: DrumPick) -> Option<FileFacts> {
        let entry = self.entries.remove(&found.key)?;
        let same = Some(entry.stamp) == found.stamp && entry.pick == pick;
        same.then_some(entry.facts)
    }

    /// How many entries are left; after a scan those of files that are gone.
    pub(super) fn left(&self) -> usize {
        self.entries.len()
    }

    /// Writes a new index in place of the old. `written_before` is a time in nanoseconds since 1970:
    /// files written later may change again without a new time, and are left out, as are files that
    /// could not be read.
    pub(super) fn save<'a>(
        &self,
        files: impl Iterator<Item = (&'a Found, DrumPick, &'a FileFacts)>,
        written_before: u64,
    ) {
        let Some(path) = &self.path else {
            return;
        };
        let kept = files.filter_map(|(found, pick, facts)| {
            let stamp = found.stamp?;
            let settled = stamp.modified.max(stamp.changed) < written_before;
            (settled && !facts.hash.is_empty()).then_some((
                found.key.as_slice(),
                stamp,
                pick,
                facts,
            ))
        });
        // A cache that cannot be written is no fault worth telling.
        let _ = atomic_file::write(path, &codec::encode(kept));
    }
}

/// A name for each folder, drum map and way of reading.
fn file_name(dir: &Path, map: &DrumMap) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&codec::VERSION.to_le_bytes());
    hasher.update(dir.as_os_str().as_encoded_bytes());
    for lane in crate::beat::lane::Lane::ALL {
        hasher.update(&[0xff]);
        hasher.update(&map.pitches(lane));
    }
    hasher.update(map.name().as_bytes());
    let hash = hasher.finalize().to_hex();
    format!("{}.index", hash.get(..32).unwrap_or("folder"))
}

/// The user's cache folder: `BEATGEN_CACHE_DIR`; else `~/Library/Caches/beatgen-tui` on macOS, and
/// `$XDG_CACHE_HOME/beatgen-tui` or `~/.cache/beatgen-tui` elsewhere. `None` without a home.
#[must_use]
pub fn cache_dir() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    if let Some(own) = env::var_os("BEATGEN_CACHE_DIR").filter(|own| !own.is_empty()) {
        return Some(PathBuf::from(own));
    }
    let home = absolute("HOME");
    let caches = if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Caches"))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(".cache")))
    };
    caches.map(|caches| caches.join("beatgen-tui"))
}
