//! What a scan of a folder says, file by file.

use super::LANES;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What became of a file; each ends in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileStatus {
    /// Read whole, has drums.
    Ok,
    /// Damaged; what could be read has drums and is used.
    Repaired,
    /// Has notes, none of them drums.
    NoDrums,
    /// Has no notes.
    Empty,
    /// The same content as a file already seen.
    Duplicate,
    /// Not usable; the reason says why.
    Rejected,
}

impl FileStatus {
    /// All, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::Repaired,
        Self::NoDrums,
        Self::Empty,
        Self::Duplicate,
        Self::Rejected,
    ];

    /// The word used in reports and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Repaired => "repaired",
            Self::NoDrums => "no-drums",
            Self::Empty => "empty",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
        }
    }

    /// Whether files like this are trained on.
    #[must_use]
    pub const fn usable(self) -> bool {
        matches!(self, Self::Ok | Self::Repaired)
    }
}

/// One file of a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanRow {
    /// Where it is.
    pub path: PathBuf,
    /// Relative to the folder scanned, with `/`.
    pub name: String,
    /// What became of it.
    pub status: FileStatus,
    /// Why, for every status but `Ok`; sanitised.
    pub reason: Option<String>,
    /// What a user can do about it.
    pub hint: Option<String>,
    /// Whole bars.
    pub bars: u32,
    /// 16th steps, padded to whole bars.
    pub steps: u32,
    /// Tempo at the first note, quarter notes per minute.
    pub tempo: Option<f64>,
    /// Numerator and denominator of the first time signature.
    pub meter: Option<(u8, u8)>,
    /// Style, where the folder's `info.csv` or folder names tell.
    pub style: Option<String>,
    /// `beat` or `fill`, where `info.csv` tells.
    pub beat_type: Option<String>,
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Note-ons with velocity above 0, all channels.
    pub notes: u32,
    /// Those on channel 10.
    pub drum_notes: u32,
    /// Hits a lane after quantisation.
    pub lane_counts: [u32; LANES],
    /// Content hash, hexadecimal.
    pub hash: String,
}

/// The counts of a finished scan; they add up to `files`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanSummary {
    /// All files with a MIDI ending.
    pub files: usize,
    /// How many of each status, in the order of [`FileStatus::ALL`].
    pub by_status: [usize; 6],
    /// Bars in usable files.
    pub bars: u64,
    /// Seconds of music in usable files.
    pub seconds: u64,
    /// Files whose facts came from the index cache.
    pub cached: usize,
    /// The drum map in force: `gm`, `td11` or a file.
    pub drum_map: String,
}

/// What a running scan tells.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanEvent {
    /// So many of so many files are read.
    Progress {
        /// Files read.
        done: usize,
        /// Files found.
        total: usize,
    },
    /// All rows, sorted by name, and their counts.
    Done {
        /// Every file.
        rows: Vec<ScanRow>,
        /// The counts.
        summary: ScanSummary,
    },
    /// The folder itself cannot be read; a sentence with path, reason and hint.
    Failed(String),
}
