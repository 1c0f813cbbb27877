//! From bytes to [`Smf`]: wrapper, header, chunks. What is inside a track is in `track`.

use super::track::{self, TrackContent};
use super::{MAX_BYTES, Smf, SmfError};

/// At most so many remarks are kept of one file.
const MAX_REPAIRS: usize = 8;

/// Reads a Standard MIDI File of format 0, 1 or 2, also inside a RIFF (`.rmi`) wrapper. Damage
/// that leaves something to read is repaired and told in [`Smf::repairs`].
///
/// # Errors
/// Bytes of which nothing can be used, and files counted in SMPTE frames.
pub fn parse(bytes: &[u8]) -> Result<Smf, SmfError> {
    if bytes.len() > MAX_BYTES {
        return Err(SmfError::TooLarge(bytes.len() as u64));
    }
    let mut repairs = Repairs::default();
    let bytes = match bytes.get(..4) {
        Some(b"RIFF") => unwrap_riff(bytes, &mut repairs)?,
        Some(b"MThd") => bytes,
        _ if bytes.is_empty() => return Err(SmfError::NoBytes),
        _ => return Err(SmfError::NotMidi),
    };
    let mut chunks = Chunks { rest: bytes };
    let header = match chunks.next(&mut repairs) {
        Some((b"MThd", content)) => Header::read(content)?,
        _ => return Err(SmfError::ShortHeader),
    };
    let mut contents = Vec::new();
    while let Some((id, content)) = chunks.next(&mut repairs) {
        match id {
            b"MTrk" => contents.push(track::read(content, contents.len(), &mut repairs)),
            b"MThd" => repairs.note("a second header was skipped"),
            // Chunks of other kinds are allowed, and to be skipped.
            _ => {}
        }
    }
    if contents.is_empty() {
        return Err(SmfError::NoTracks);
    }
    if contents.len() != usize::from(header.tracks) {
        repairs.note(&format!(
            "the header says {} tracks, {} are there",
            header.tracks,
            contents.len()
        ));
    } else if header.format == 0 && contents.len() > 1 {
        repairs.note("a file of format 0 has more than one track");
    }
    let smf = join(contents, header, repairs.list);
    if smf.notes.is_empty()
        && let Some(first) = smf.repairs.first()
    {
        return Err(SmfError::Nothing(first.clone()));
    }
    Ok(smf)
}

/// What was found damaged, each thing once.
#[derive(Default)]
pub(super) struct Repairs {
    list: Vec<String>,
}

impl Repairs {
    pub(super) fn note(&mut self, what: &str) {
        if self.list.len() < MAX_REPAIRS && !self.list.iter().any(|known| known == what) {
            self.list.push(what.to_owned());
        }
    }
}

#[derive(Clone, Copy)]
struct Header {
    format: u16,
    tracks: u16,
    ticks_per_quarter: u16,
}

impl Header {
    fn read(content: &[u8]) -> Result<Self, SmfError> {
        let &[f0, f1, n0, n1, d0, d1, ..] = content else {
            return Err(SmfError::ShortHeader);
        };
        let header = Self {
            format: u16::from_be_bytes([f0, f1]),
            tracks: u16::from_be_bytes([n0, n1]),
            ticks_per_quarter: u16::from_be_bytes([d0, d1]),
        };
        match header {
            _ if header.format > 2 => Err(SmfError::Format(header.format)),
            _ if header.ticks_per_quarter >= 0x8000 => Err(SmfError::Smpte),
            _ if header.ticks_per_quarter == 0 => Err(SmfError::ZeroDivision),
            _ => Ok(header),
        }
    }
}

/// Walks chunks of a four-letter id, a big-endian length and content.
struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    fn next(&mut self, repairs: &mut Repairs) -> Option<(&'a [u8; 4], &'a [u8])> {
        let Some((id, after)) = self.rest.split_first_chunk::<4>() else {
            if self.rest.iter().any(|&byte| byte != 0) {
                repairs.note("stray bytes at the end of the file");
            }
            return None;
        };
        let Some((length, after)) = after.split_first_chunk::<4>() else {
            repairs.note("the file is cut off in a chunk header");
            return None;
        };
        let length = u32::from_be_bytes(*length) as usize;
        let (content, rest) = match after.split_at_checked(length) {
            Some(both) => both,
            None if id == b"MTrk" || id == b"MThd" => {
                repairs.note("the file is cut off");
                (after, [].as_slice())
            }
            // Zeros or garbage after the last track.
            None => {
                repairs.note("stray bytes at the end of the file");
                return None;
            }
        };
        self.rest = rest;
        Some((id, content))
    }
}

/// The `data` chunk of a RIFF file of form RMID; lengths there are little-endian, content is
/// padded to even length.
fn unwrap_riff<'a>(bytes: &'a [u8], repairs: &mut Repairs) -> Result<&'a [u8], SmfError> {
    if bytes.get(8..12) != Some(b"RMID") {
        return Err(SmfError::NoRiffData);
    }
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((id, after)) = rest.split_first_chunk::<4>() {
        let Some((length, after)) = after.split_first_chunk::<4>() else {
            break;
        };
        let length = u32::from_le_bytes(*length) as usize;
        let content = after.get(..length).unwrap_or_else(|| {
            repairs.note("the file is cut off");
            after
        });
        if id == b"data" {
            return match content.get(..4) {
                Some(b"MThd") => Ok(content),
                _ => Err(SmfError::NotMidi),
            };
        }
        rest = after.get(length + length % 2..).unwrap_or_default();
    }
    Err(SmfError::NoRiffData)
}

/// Puts the tracks into one time line. Tracks of format 2 are songs of their own: each begins at
/// the first whole note after the end of the one before.
fn join(contents: Vec<TrackContent>, header: Header, repairs: Vec<String>) -> Smf {
    let mut smf = Smf {
        ticks_per_quarter: header.ticks_per_quarter,
        repairs,
        ..Smf::default()
    };
    let whole_note = 4 * u64::from(header.ticks_per_quarter);
    let mut start = 0;
    for mut content in contents {
        for note in &mut content.notes {
            note.tick += start;
        }
        for tempo in &mut content.tempi {
            tempo.tick += start;
        }
        for meter in &mut content.meters {
            meter.tick += start;
        }
        if header.format == 2 {
            start += content.end.div_ceil(whole_note) * whole_note;
        }
        smf.notes.append(&mut content.notes);
        smf.tempi.append(&mut content.tempi);
        smf.meters.append(&mut content.meters);
        smf.tracks.push(content.name);
    }
    // Stable: what shares a tick keeps the file's order.
    smf.notes.sort_by_key(|note| note.tick);
    smf.tempi.sort_by_key(|tempo| tempo.tick);
    smf.meters.sort_by_key(|meter| meter.tick);
    smf
}
