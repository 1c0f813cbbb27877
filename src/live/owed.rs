//! [`Owed`]: the closing notes that are owed to machines, kept on the disk while they play, so that a
//! program that was killed leaves no note hanging for longer than until the next start.
//!
//! A file `owed-PID.json` in a folder that the caller names, locked while its program lives, lists
//! every open port with the keys it was ever sent. An orderly end removes it.

use super::sink::{MidiSink, OpenError, Opener};
use crate::message::OutputSpec;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file larger than this is none of ours.
const MOST_BYTES: u64 = 1 << 20;

/// What one machine is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// Where it hangs, as its port calls itself.
    pub to: OutputSpec,
    /// (channel, note) of every key that may sound, both from 0.
    pub keys: Vec<(u8, u8)>,
}

impl Debt {
    /// Whether an output of this kind is owed anything by a program that died: the sound card and a
    /// log end with the program, and a receiver closes its notes itself.
    #[must_use]
    pub const fn is_for(spec: &OutputSpec) -> bool {
        matches!(spec, OutputSpec::Port(_) | OutputSpec::Rtp(_))
    }

    /// Closes every key, then every channel by controller 123.
    pub fn pay(&self, sink: &mut dyn MidiSink, now_ns: u64) {
        let mut channels = 0u16;
        for &(channel, note) in &self.keys {
            let channel = channel & 15;
            channels |= 1 << channel;
            let _ = sink.send(now_ns, now_ns, &[0x80 | channel, note & 127, 0x40]);
        }
        for channel in (0..16u8).filter(|channel| channels >> channel & 1 == 1) {
            let _ = sink.send(now_ns, now_ns, &[0xb0 | channel, 123, 0]);
        }
    }
}

/// The debts of this program and those it inherited.
#[derive(Debug, Default)]
pub struct Owed {
    dir: Option<PathBuf>,
    file: Option<(PathBuf, File)>,
    /// What the file says now.
    written: Vec<Debt>,
    /// Of programs that died.
    inherited: Vec<Debt>,
}

impl Owed {
    /// Takes over what dead programs left in `dir`; with `None`, nothing is kept.
    #[must_use]
    pub fn start(dir: Option<PathBuf>) -> Self {
        let mut owed = Self {
            dir,
            ..Self::default()
        };
        let Some(dir) = owed.dir.clone() else {
            return owed;
        };
        let mut left = Vec::new();
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if let Some(debts) = read_left(&path) {
                for debt in debts {
                    owed.inherit(debt);
                }
                left.push(path);
            }
        }
        // Ours first: a crash between the two pays twice, never not at all.
        owed.write(&[]);
        if owed.inherited.is_empty() || owed.file.is_some() {
            for path in left {
                let _ = fs::remove_file(path);
            }
        }
        owed
    }

    fn inherit(&mut self, debt: Debt) {
        match self.inherited.iter_mut().find(|old| old.to == debt.to) {
            Some(old) => {
                old.keys.extend(debt.keys);
                old.keys.sort_unstable();
                old.keys.dedup();
            }
            None => self.inherited.push(debt),
        }
    }

    /// What dead programs left unpaid.
    #[must_use]
    pub fn inherited(&self) -> &[Debt] {
        &self.inherited
    }

    /// Pays what can be paid now: opens each machine for which `is_there` and closes its notes.
    pub fn pay(&mut self, now_ns: u64, is_there: impl Fn(&OutputSpec) -> bool) {
        let mut opener = Opener::default();
        let mut open =
            |spec: &OutputSpec| -> Result<Box<dyn MidiSink>, OpenError> { opener.open(spec) };
        let before = self.inherited.len();
        self.inherited.retain(|debt| {
            if !is_there(&debt.to) {
                return true;
            }
            match open(&debt.to) {
                Ok(mut sink) => {
                    debt.pay(&mut *sink, now_ns);
                    false
                }
                Err(_) => true,
            }
        });
        if self.inherited.len() != before {
            let now = std::mem::take(&mut self.written);
            let own: Vec<Debt> = now
                .into_iter()
                .filter(|debt| !debt.keys.is_empty())
                .collect();
            self.write(&own);
        }
    }

    /// Writes down what is owed now, if that changed.
    pub fn note(&mut self, own: &[Debt]) {
        if self.written != own {
            self.write(own);
        }
    }

    fn write(&mut self, own: &[Debt]) {
        self.written = own.to_vec();
        let Some(dir) = &self.dir else {
            return;
        };
        let all: Vec<&Debt> = self.inherited.iter().chain(own).collect();
        if all.is_empty() {
            if let Some((path, file)) = self.file.take() {
                let _ = fs::remove_file(path);
                drop(file);
            }
            return;
        }
        if self.file.is_none() {
            self.file = create(dir).ok();
        }
        if let (Some((_, file)), Ok(mut text)) = (&mut self.file, serde_json::to_vec(&all)) {
            text.push(b'\n');
            // In place, for the lock is the file's; one write of a few hundred bytes is whole or not
            // at all for a program that is killed.
            let _ = file.seek(SeekFrom::Start(0));
            if file.write_all(&text).is_ok() {
                let _ = file.set_len(text.len() as u64);
            }
        }
    }
}

fn create(dir: &Path) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(dir)?;
    for n in 0..1_000 {
        let path = dir.join(format!("owed-{}-{n}.json", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                let _ = file.try_lock();
                return Ok((path, file));
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// The debts in a file of a program that no longer runs; `None` for any other file. One that cannot
/// be understood counts as empty.
fn read_left(path: &Path) -> Option<Vec<Debt>> {
    let name = path.file_name()?.to_str()?;
    if !name.starts_with("owed-") || path.extension()? != "json" {
        return None;
    }
    let mut file = File::open(path).ok()?;
    if matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
        return None;
    }
    let mut text = Vec::new();
    (&mut file).take(MOST_BYTES).read_to_end(&mut text).ok()?;
    // What an earlier, longer list left behind the newest one does not count.
    let line = text.split(|byte| *byte == b'\n').next()?;
    let debts: Vec<Debt> = serde_json::from_slice(line).unwrap_or_default();
    let ours = debts.into_iter().filter(|debt| Debt::is_for(&debt.to));
    Some(ours.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::file_sink::RingSink;

    fn debt(port: &str, keys: &[(u8, u8)]) -> Debt {
        Debt {
            to: OutputSpec::Port(port.into()),
            keys: keys.to_vec(),
        }
    }

    #[test]
    fn what_a_killed_program_owed_is_inherited_once() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("owed");
        let start = || Owed::start(Some(folder.clone()));
        let mut first = start();
        assert!(first.inherited().is_empty());
        first.note(&[debt("TR-8S", &[(9, 36)])]);
        first.note(&[debt("TR-8S", &[(9, 36), (9, 38)])]);
        // While it lives nobody else takes its debts.
        assert!(start().inherited().is_empty());
        // Killed: nothing but the lock goes.
        drop(first);
        let second = start();
        assert_eq!(second.inherited(), [debt("TR-8S", &[(9, 36), (9, 38)])]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        drop(second);
        let mut third = start();
        assert_eq!(third.inherited().len(), 1, "not paid, so still owed");
        third.note(&[debt("other", &[(0, 1)])]);
        third.note(&[]);
        third.inherited.clear();
        third.write(&[]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::write(folder.join("owed-1-0.json"), b"{ not json").unwrap();
        fs::write(folder.join("other.txt"), b"x").unwrap();
        assert!(start().inherited().is_empty());
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "a stranger's file stays"
        );
    }

    #[test]
    fn every_key_and_every_channel_is_closed() {
        let (mut sink, mut out) = RingSink::new("test", 64);
        debt("x", &[(0, 3), (9, 36), (9, 42)]).pay(&mut sink, 5);
        let sent: Vec<Vec<u8>> =
            std::iter::from_fn(|| out.pop().ok().map(|m| m.bytes().to_vec())).collect();
        assert_eq!(
            sent,
            [
                [0x80, 3, 0x40],
                [0x89, 36, 0x40],
                [0x89, 42, 0x40],
                [0xb0, 123, 0],
                [0xb9, 123, 0]
            ]
        );
    }
}
