//! `info.csv` beside the files of a dataset: splits, styles, tempi, in the columns of the Groove
//! MIDI Dataset.

use crate::base::text::sanitize;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

/// What `info.csv` says of the files it names.
#[derive(Debug, Default)]
pub(super) struct Info {
    by_name: HashMap<String, InfoRow>,
    /// Whether it has all of Groove's columns, so that its files are of a Roland TD-11.
    pub(super) is_groove: bool,
}

/// What it says of one file.
#[derive(Debug, Default)]
pub(super) struct InfoRow {
    /// Who drums, sanitised.
    pub(super) drummer: Option<String>,
    /// The style before the `/`, sanitised.
    pub(super) style: Option<String>,
    /// `beat` or `fill`.
    pub(super) beat_type: Option<String>,
    /// Quarter notes per minute.
    pub(super) tempo: Option<f64>,
    /// `train`, `validation` or `test`.
    pub(super) split: Option<&'static str>,
}

/// A row as it is in the file.
#[derive(Deserialize)]
struct Raw<'a> {
    midi_filename: &'a str,
    #[serde(default)]
    drummer: &'a str,
    #[serde(default)]
    style: &'a str,
    #[serde(default)]
    bpm: &'a str,
    #[serde(default)]
    beat_type: &'a str,
    #[serde(default)]
    split: &'a str,
}

const GROOVE_COLUMNS: [&str; 9] = [
    "drummer",
    "session",
    "id",
    "style",
    "bpm",
    "beat_type",
    "time_signature",
    "midi_filename",
    "split",
];

/// More rows than any folder read here has files.
const MAX_BYTES: u64 = 64 << 20;

impl Info {
    /// Reads the folder's `info.csv`; says nothing where there is none or it is of another kind.
    pub(super) fn read(dir: &Path) -> Self {
        let path = dir.join("info.csv");
        let readable = std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= MAX_BYTES);
        if !readable {
            return Self::default();
        }
        std::fs::read(&path).map_or_else(|_| Self::default(), |bytes| Self::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let Ok(headers) = reader.headers().cloned() else {
            return Self::default();
        };
        let has = |column: &str| headers.iter().any(|header| header == column);
        let mut info = Self {
            is_groove: GROOVE_COLUMNS.iter().all(|column| has(column)),
            by_name: HashMap::new(),
        };
        let mut record = csv::StringRecord::new();
        while let Ok(more) = reader.read_record(&mut record) {
            if !more {
                break;
            }
            if let Ok(raw) = record.deserialize::<Raw<'_>>(Some(&headers)) {
                let name = raw.midi_filename.replace('\\', "/");
                info.by_name.insert(name, InfoRow::from(raw));
            }
        }
        info
    }

    /// What it says of a file, named relative to the folder with `/`.
    pub(super) fn of(&self, name: &str) -> Option<&InfoRow> {
        self.by_name.get(name)
    }

    /// Each file whose drummer it tells, with the drummer.
    pub(super) fn drummers(self) -> impl Iterator<Item = (String, String)> {
        let rows = self.by_name.into_iter();
        rows.filter_map(|(name, row)| Some((name, row.drummer?)))
    }

    /// Whether it says anything of any file.
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

impl From<Raw<'_>> for InfoRow {
    fn from(raw: Raw<'_>) -> Self {
        let primary = raw.style.split('/').next().unwrap_or_default().trim();
        let tempo = raw.bpm.trim().parse::<f64>().ok();
        let drummer = raw.drummer.trim();
        Self {
            drummer: (!drummer.is_empty()).then(|| sanitize(drummer)),
            style: (!primary.is_empty()).then(|| sanitize(primary)),
            beat_type: match raw.beat_type.trim() {
                kind @ ("beat" | "fill") => Some(kind.to_owned()),
                _ => None,
            },
            tempo: tempo.filter(|bpm| (4.0..=1000.0).contains(bpm)),
            split: match raw.split.trim() {
                "train" => Some(super::split::TRAIN),
                "validation" | "valid" | "val" | "dev" => Some(super::split::VALIDATION),
                "test" => Some(super::split::TEST),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groove_columns_are_told_from_others() {
        let groove = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n\
            drummer1,s,i,jazz/funk,116,fill,4-4,drummer1/a.mid,,1.8,validation\n\
            broken\n\
            drummer1,s,i,,fast,groove,4-4,b.mid,,1.8,holdout\n";
        let info = Info::parse(groove.as_bytes());
        assert!(info.is_groove && !info.is_empty());
        let row = info.of("drummer1/a.mid").unwrap();
        assert_eq!(row.style.as_deref(), Some("jazz"));
        assert_eq!(row.beat_type.as_deref(), Some("fill"));
        assert_eq!((row.tempo, row.split), (Some(116.0), Some("validation")));
        assert_eq!(row.drummer.as_deref(), Some("drummer1"));
        let row = info.of("b.mid").unwrap();
        assert!(row.style.is_none() && row.beat_type.is_none());
        assert!(row.tempo.is_none() && row.split.is_none());
        let own = Info::parse(b"\xef\xbb\xbfmidi_filename,split\nx.mid,test\n");
        assert!(!own.is_groove);
        assert_eq!(own.of("x.mid").unwrap().split, Some("test"));
        assert!(Info::parse(b"name,colour\na,red\n").is_empty());
        assert!(Info::parse(b"\xff\xfe\x00,\"").is_empty());
    }
}
