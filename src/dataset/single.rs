//! One file by itself: its bytes, and the drum map it was made for.

pub use super::facts::{Refusal, read};
use super::info::Info;
use crate::beat::kit::DrumMap;
use std::path::Path;

/// How far above a file its dataset's `info.csv` is looked for: Groove's is two folders up.
const FOLDERS: usize = 4;

/// The drum map of a file by where it lies: TD-11's inside the Groove MIDI Dataset, General MIDI's elsewhere.
#[must_use]
pub fn usual_map(path: &Path) -> DrumMap {
    let whole = path.canonicalize();
    let path = whole.as_deref().unwrap_or(path);
    let mut above = path.ancestors().skip(1).take(FOLDERS);
    if above.any(|dir| Info::read(dir).is_groove) {
        DrumMap::td11()
    } else {
        DrumMap::gm()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_groove_has_the_map_of_its_drums() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("drummer1/session1");
        std::fs::create_dir_all(&deep).unwrap();
        let file = deep.join("1.mid");
        std::fs::write(&file, "").unwrap();
        assert_eq!(usual_map(&file), DrumMap::gm());
        let columns = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,split\n";
        std::fs::write(dir.path().join("info.csv"), columns).unwrap();
        assert_eq!(usual_map(&file), DrumMap::td11());
        assert_eq!(usual_map(Path::new("/nowhere/x.mid")), DrumMap::gm());
    }
}
