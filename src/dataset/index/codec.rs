//! The bytes of an index: a magic word, a version, the entries, a checksum. Numbers are
//! little-endian, texts have their length before them. Reading gives nothing rather than something
//! wrong.

use super::Entry;
use crate::beat::lane::LANES;
use crate::beat::smf::DrumPick;
use crate::dataset::facts::FileFacts;
use crate::dataset::walk::Stamp;
use crate::message::FileStatus;
use std::collections::HashMap;

/// Grows whenever the entries or the way files are judged change, so that older indexes are
/// forgotten.
pub(super) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"BGINDEX\0";
const CHECKSUM: usize = 16;

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    let hash = blake3::hash(bytes);
    for (to, from) in sum.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    sum
}

/// Writes entries down.
pub(super) fn encode<'a>(
    entries: impl Iterator<Item = (&'a [u8], Stamp, DrumPick, &'a FileFacts)>,
) -> Vec<u8> {
    let mut w = Writer(MAGIC.to_vec());
    w.number(u64::from(VERSION));
    for (key, stamp, pick, facts) in entries {
        w.bytes(key);
        for part in [stamp.size, stamp.modified, stamp.changed] {
            w.number(part);
        }
        let (kind, which) = match pick {
            DrumPick::Channel10 => (0, 0),
            DrumPick::Channel(channel) => (1, u64::from(channel)),
            DrumPick::Track(track) => (2, track as u64),
        };
        w.number(kind);
        w.number(which);
        w.facts(facts);
    }
    let sum = checksum(&w.0);
    w.0.extend(sum);
    w.0
}

/// Reads entries back; `None` for anything [`encode`] of this version did not write.
pub(super) fn decode(bytes: &[u8]) -> Option<HashMap<Vec<u8>, Entry>> {
    let (content, sum) = bytes.split_last_chunk::<CHECKSUM>()?;
    if checksum(content) != *sum {
        return None;
    }
    let mut r = Reader(content.strip_prefix(MAGIC)?);
    if r.number()? != u64::from(VERSION) {
        return None;
    }
    let mut entries = HashMap::new();
    while !r.0.is_empty() {
        let key = r.bytes()?.to_vec();
        let stamp = Stamp {
            size: r.number()?,
            modified: r.number()?,
            changed: r.number()?,
        };
        let pick = match (r.number()?, r.number()?) {
            (0, _) => DrumPick::Channel10,
            (1, channel) => DrumPick::Channel(u8::try_from(channel).ok()?),
            (2, track) => DrumPick::Track(usize::try_from(track).ok()?),
            _ => return None,
        };
        let facts = r.facts()?;
        entries.insert(key, Entry { stamp, pick, facts });
    }
    Some(entries)
}

struct Writer(Vec<u8>);

impl Writer {
    /// Seven bits a byte, lowest first: most numbers here are small.
    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn text(&mut self, text: Option<&str>) {
        // One more than the length; 0 is none.
        self.number(text.map_or(0, |t| t.len() as u64 + 1));
        self.0.extend(text.unwrap_or_default().as_bytes());
    }

    fn facts(&mut self, f: &FileFacts) {
        let status = FileStatus::ALL.iter().position(|s| *s == f.status);
        self.number(status.unwrap_or_default() as u64);
        self.text(f.reason.as_deref());
        self.text(f.hint.as_deref());
        for n in [f.notes, f.drum_notes, f.bars, f.steps] {
            self.number(u64::from(n));
        }
        self.number(f.tempo.map_or(u64::MAX, f64::to_bits));
        let (numerator, denominator) = f.meter.unwrap_or_default();
        self.number(u64::from(numerator));
        self.number(u64::from(denominator));
        self.number(u64::from(f.ticks_per_quarter.unwrap_or_default()));
        for n in f.lane_counts {
            self.number(u64::from(n));
        }
        self.bytes(f.hash.as_bytes());
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    fn raw(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.small()?;
        self.raw(length)
    }

    fn text(&mut self) -> Option<Option<String>> {
        let Some(length) = self.small::<usize>()?.checked_sub(1) else {
            return Some(None);
        };
        let text = std::str::from_utf8(self.raw(length)?).ok()?;
        Some(Some(text.to_owned()))
    }

    fn facts(&mut self) -> Option<FileFacts> {
        Some(FileFacts {
            status: *FileStatus::ALL.get(self.small::<usize>()?)?,
            reason: self.text()?,
            hint: self.text()?,
            notes: self.small()?,
            drum_notes: self.small()?,
            bars: self.small()?,
            steps: self.small()?,
            tempo: Some(self.number()?)
                .filter(|&bits| bits != u64::MAX)
                .map(f64::from_bits),
            meter: Some((self.small()?, self.small()?)).filter(|&(numerator, _)| numerator > 0),
            ticks_per_quarter: Some(self.small()?).filter(|&ticks| ticks > 0),
            lane_counts: {
                let mut counts = [0; LANES];
                for count in &mut counts {
                    *count = self.small()?;
                }
                counts
            },
            hash: String::from_utf8(self.bytes()?.to_vec()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::kit::DrumMap;
    use crate::dataset::facts::judge;

    #[test]
    fn a_damaged_index_is_ignored() {
        let song = crate::beat::smf::Song {
            notes: vec![crate::beat::smf::SongNote {
                tick: 7,
                length: 9,
                channel: 9,
                note: 36,
                velocity: 99,
            }],
            ..Default::default()
        };
        let stamp = Stamp {
            size: 1,
            modified: u64::MAX,
            changed: 300,
        };
        let picks = [
            DrumPick::Channel10,
            DrumPick::Channel(3),
            DrumPick::Track(70_000),
        ];
        let texts = [crate::beat::smf::write(&song), b"no".to_vec(), Vec::new()];
        let facts: Vec<FileFacts> = texts
            .iter()
            .map(|bytes| judge(bytes, &DrumMap::gm(), &DrumPick::Channel10))
            .collect();
        let rows = facts.iter().zip(picks).enumerate();
        let keys: Vec<String> = (0..3).map(|i| format!("file {i}")).collect();
        let bytes = encode(rows.map(|(i, (f, pick))| (keys[i].as_bytes(), stamp, pick, f)));
        let read = decode(&bytes).unwrap();
        assert_eq!(read.len(), 3);
        for ((key, facts), pick) in keys.iter().zip(&facts).zip(picks) {
            let entry = &read[key.as_bytes()];
            assert_eq!(
                (&entry.facts, entry.pick, entry.stamp),
                (facts, pick, stamp)
            );
        }
        for at in 0..bytes.len() {
            assert!(decode(&bytes[..at]).is_none());
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(decode(&flipped).is_none());
        }
    }
}
