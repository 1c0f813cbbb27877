//! What one file is, found out by reading it: shared by folder scans and `inspect`.

use crate::base::text::sanitize;
use crate::beat::kit::DrumMap;
use crate::beat::lane::{LANES, Lane};
use crate::beat::smf::{self, DrumPick, Drums, MAX_BYTES, Smf, SmfError};
use crate::message::FileStatus;
use serde::{Serialize, Serializer};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What one file is. As JSON: `time_signature` is a text such as `4/4`, `lane_counts` an object
/// with the words of the lanes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileFacts {
    /// Usable or why not; never [`FileStatus::Duplicate`], which needs other files to compare with.
    pub status: FileStatus,
    /// Why, for every status but `Ok`; sanitised.
    pub reason: Option<String>,
    /// What a user can do about it.
    pub hint: Option<String>,
    /// Note-ons with a velocity above 0, all channels.
    pub notes: u32,
    /// Those that are drums: on channel 10, or where the user said.
    pub drum_notes: u32,
    /// Whole bars, counted to the end of the bar of the last drum note.
    pub bars: u32,
    /// 16th steps in them.
    #[serde(skip)]
    pub steps: u32,
    /// Tempo at the first drum note (else the first note), quarter notes per minute.
    pub tempo: Option<f64>,
    /// Numerator and denominator of the first time signature, 4/4 where there is none.
    #[serde(rename = "time_signature", serialize_with = "signature")]
    pub meter: Option<(u8, u8)>,
    /// Ticks a quarter note.
    pub ticks_per_quarter: Option<u16>,
    /// Hits a lane after quantisation.
    #[serde(serialize_with = "lanes")]
    pub lane_counts: [u32; LANES],
    /// The first 128 bits of the BLAKE3 hash of the content, hexadecimal; empty for a file that
    /// could not be read.
    #[serde(skip)]
    pub hash: String,
}

fn signature<S: Serializer>(meter: &Option<(u8, u8)>, s: S) -> Result<S::Ok, S::Error> {
    match meter {
        Some((numerator, denominator)) => s.collect_str(&format_args!("{numerator}/{denominator}")),
        None => s.serialize_none(),
    }
}

fn lanes<S: Serializer>(counts: &[u32; LANES], s: S) -> Result<S::Ok, S::Error> {
    s.collect_map(Lane::ALL.iter().map(|lane| lane.word()).zip(counts))
}

impl FileFacts {
    fn rejected(reason: &str, hint: &str) -> Self {
        Self {
            status: FileStatus::Rejected,
            reason: Some(sanitize(reason)),
            hint: Some(hint.to_owned()),
            notes: 0,
            drum_notes: 0,
            bars: 0,
            steps: 0,
            tempo: None,
            meter: None,
            ticks_per_quarter: None,
            lane_counts: [0; LANES],
            hash: String::new(),
        }
    }
}

/// Reads and judges a file, its drums on channel 10. Whatever is wrong with it is in the answer.
#[must_use]
pub fn inspect_file(path: &Path, map: &DrumMap) -> FileFacts {
    inspect_picked(path, map, &DrumPick::Channel10)
}

/// [`inspect_file`] with drums where the user says they are.
#[must_use]
pub fn inspect_picked(path: &Path, map: &DrumMap, pick: &DrumPick) -> FileFacts {
    match read(path) {
        Ok(bytes) => judge(&bytes, map, pick),
        Err(refusal) => FileFacts::rejected(&refusal.reason, refusal.hint),
    }
}

/// A file that could not be read, before a look at its content.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// What a user can do about it.
    pub hint: &'static str,
}

/// All bytes of a regular file of at most [`MAX_BYTES`].
///
/// # Errors
/// A file that is not there, is none, is too large or cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let refuse = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "check the spelling of its path",
            io::ErrorKind::PermissionDenied => "make it readable (chmod +r)",
            _ => "check the disk it lies on, or copy it again",
        };
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
            _ => format!("it cannot be read: {error}"),
        };
        Refusal { reason, hint }
    };
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(refuse)?;
    if !metadata.is_file() {
        return Err(Refusal {
            reason: "it is not a file".to_owned(),
            hint: "name a .mid file; to read a folder use `train --data-dir` or the dashboard",
        });
    }
    let too_large = |bytes| Refusal {
        reason: SmfError::TooLarge(bytes).to_string(),
        hint: SmfError::TooLarge(bytes).hint(),
    };
    if metadata.len() > MAX_BYTES as u64 {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    let mut file = File::open(path).map_err(refuse)?.take(MAX_BYTES as u64 + 1);
    file.read_to_end(&mut bytes).map_err(refuse)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Judges a file's bytes.
pub(super) fn judge(bytes: &[u8], map: &DrumMap, pick: &DrumPick) -> FileFacts {
    let mut facts = match smf::parse(bytes) {
        Ok(smf) => facts_of(&smf, map, pick),
        Err(error) => FileFacts::rejected(&error.to_string(), error.hint()),
    };
    let hash = blake3::hash(bytes).to_hex();
    facts.hash = hash.get(..32).unwrap_or_default().to_owned();
    facts
}

fn facts_of(smf: &Smf, map: &DrumMap, pick: &DrumPick) -> FileFacts {
    let damage = || (!smf.repairs.is_empty()).then(|| sanitize(&smf.repairs.join("; ")));
    let mut facts = FileFacts {
        notes: count(smf.notes.len()),
        ticks_per_quarter: Some(smf.ticks_per_quarter),
        tempo: Some(smf.tempo()),
        ..FileFacts::rejected("", "")
    };
    let drums = match smf.drums(map, pick) {
        Ok(drums) => drums,
        Err(error) => {
            facts.drum_notes = count(smf.notes.iter().filter(|note| note.channel == 9).count());
            facts.reason = Some(error.to_string());
            facts.hint = Some(error.hint().to_owned());
            return facts;
        }
    };
    let meter = drums.grid.meter;
    facts.meter = Some((meter.numerator(), meter.denominator()));
    facts.drum_notes = drums.drum_notes;
    if drums.drum_notes > 0 {
        facts.tempo = Some(drums.grid.tempo);
    }
    facts.bars = count(drums.grid.bars());
    facts.steps = count(drums.grid.steps.len());
    facts.lane_counts = drums.lane_counts;
    (facts.status, facts.reason, facts.hint) = if smf.notes.is_empty() {
        let hint = "export it with its notes, or leave it";
        (
            FileStatus::Empty,
            Some("no notes in it".to_owned()),
            Some(hint.to_owned()),
        )
    } else if facts.lane_counts.iter().all(|&hits| hits == 0) {
        let (reason, hint) = no_drums(smf, &drums, map);
        (FileStatus::NoDrums, Some(reason), Some(hint))
    } else if let Some(damage) = damage() {
        let hint = "listen to it: notes may be missing";
        (FileStatus::Repaired, Some(damage), Some(hint.to_owned()))
    } else {
        (FileStatus::Ok, None, None)
    };
    facts
}

/// Why a file with notes has no drums, and where they may be.
fn no_drums(smf: &Smf, drums: &Drums, map: &DrumMap) -> (String, String) {
    if drums.drum_notes > 0 {
        let reason = format!(
            "none of its {} drum notes is in the drum map {}",
            drums.drum_notes,
            map.name()
        );
        let hint = "use another drum map, for example a TOML file with the notes of your kit";
        return (reason, hint.to_owned());
    }
    let reason = "no notes on channel 10".to_owned();
    let offered: Vec<String> = smf
        .drum_candidates()
        .iter()
        .map(|c| format!("track {} \"{}\" ({} notes)", c.track + 1, c.name, c.notes))
        .collect();
    if offered.is_empty() {
        return (reason, "move its drums to channel 10".to_owned());
    }
    let hint = format!(
        "its drums may be {}; choose that track, or move it to channel 10",
        offered.join(" or ")
    );
    (reason, sanitize(&hint))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
