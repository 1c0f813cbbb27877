//! Who drums in which file, as the folder's `info.csv` tells: to score drummer by drummer, and to train without one.

use super::info::Info;
use super::split::{TEST, balance};
use crate::message::ScanRow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The drummers of a folder's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drummers {
    by_name: BTreeMap<String, String>,
}

impl Drummers {
    /// Reads them; there are none where the folder's `info.csv` names none, or is not there.
    #[must_use]
    pub fn read(dir: &Path) -> Self {
        let info = Info::read(dir);
        Self {
            by_name: info.drummers().collect(),
        }
    }

    /// Who drums in a file, named as [`ScanRow::name`].
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// All of them, in alphabetical order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self.by_name.values().map(String::as_str).collect();
        names.into_iter().collect()
    }

    /// Takes a drummer's files out of training and validation: they become test files, so that a
    /// model learned from the others can be measured on someone it never heard. Where that takes all of
    /// validation, a file of the others moves there ([`balance`]). Returns how many files moved.
    pub fn hold_out(&self, drummer: &str, rows: &mut [ScanRow]) -> usize {
        let mut moved = 0;
        for row in rows.iter_mut() {
            if self.of(&row.name) == Some(drummer) && row.split != TEST {
                TEST.clone_into(&mut row.split);
                moved += 1;
            }
        }
        if moved > 0 {
            balance(rows);
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::scan::{ScanOptions, scan};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_drummer_held_out_is_neither_learned_from_nor_validated_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut text = String::from("drummer,midi_filename,split\n");
        for (file, drummer, split) in [
            ("a.mid", "ann", "train"),
            ("b.mid", "bob", "train"),
            ("c.mid", "bob", "validation"),
            ("d.mid", "ann", "train"),
        ] {
            text += &format!("{drummer},{file},{split}\n");
            // No two files alike, or the second would be set aside.
            let note = 36 + file.as_bytes()[0] % 8;
            let track = [0, 0x99, note, 90, 60, 0x89, note, 0, 0, 0xff, 0x2f, 0];
            let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0".to_vec();
            bytes.push(track.len() as u8);
            bytes.extend(track);
            std::fs::write(dir.path().join(file), bytes).unwrap();
        }
        std::fs::write(dir.path().join("info.csv"), text).unwrap();
        let drummers = Drummers::read(dir.path());
        assert_eq!(drummers.names(), ["ann", "bob"]);
        assert_eq!(
            (drummers.of("c.mid"), drummers.of("x")),
            (Some("bob"), None)
        );

        let options = ScanOptions {
            cache: false,
            ..ScanOptions::new(dir.path())
        };
        let mut rows = scan(&options, &|_, _| {}, &AtomicBool::new(false))
            .unwrap()
            .rows;
        assert!(rows.iter().all(|row| row.status.usable()), "{rows:?}");
        assert_eq!(drummers.hold_out("nobody", &mut rows), 0);
        assert_eq!(drummers.hold_out("bob", &mut rows), 2);
        let split = |name: &str| {
            let row = rows.iter().find(|row| row.name == name);
            row.unwrap().split.as_str()
        };
        assert_eq!((split("b.mid"), split("c.mid")), ("test", "test"));
        // Of what is left, one validates.
        let mut left = [split("a.mid"), split("d.mid")];
        left.sort_unstable();
        assert_eq!(left, ["train", "validation"]);
        assert_eq!(Drummers::read(Path::new("not there")), Drummers::default());
    }
}
