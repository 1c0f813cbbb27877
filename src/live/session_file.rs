//! The journal on the disk: a thread that writes it as it grows, saves it as `.mid`, and sees to it
//! that nothing played is lost when the program ends or is killed.
//!
//! A journal is a file of JSON lines in a folder that the caller names, written out every second
//! and synced at the end. It is locked while its program lives.

use super::session::{Journal, Record, SessionError};
use super::song::to_song;
use crate::base::atomic_file;
use crate::beat::smf;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The most a killed program loses.
const EVERY: Duration = Duration::from_millis(900);

/// The engine's end of the writer.
#[derive(Clone, Debug)]
pub struct SessionLink {
    /// Takes records; unbounded, so a slow disk costs memory and never a note.
    pub records: Sender<Record>,
    /// Whether something was played since the last save.
    pub unsaved: Arc<AtomicBool>,
}

/// What the writer gives when it ends: where an unsaved session was saved, if there was one.
pub type Ending = Result<Option<PathBuf>, SessionError>;

/// Starts the writer of a journal in `dir`, which is made when it is needed. It ends when every clone of the link's sender is dropped, after it has
/// saved what was not saved.
///
/// # Errors
/// If the system has no thread left.
pub fn spawn(dir: PathBuf) -> io::Result<(SessionLink, JoinHandle<Ending>)> {
    let (records, inbox) = crossbeam_channel::unbounded();
    let unsaved = Arc::new(AtomicBool::new(false));
    let writer = Writer {
        dir,
        file: None,
        text: Vec::new(),
        journal: Journal::default(),
        unsaved: Arc::clone(&unsaved),
    };
    let thread = std::thread::Builder::new()
        .name("session".into())
        .spawn(move || writer.run(&inbox))?;
    Ok((SessionLink { records, unsaved }, thread))
}

struct Writer {
    dir: PathBuf,
    /// Made at the first note, so that a program that plays nothing leaves nothing.
    file: Option<(PathBuf, File)>,
    /// Lines not yet written.
    text: Vec<u8>,
    journal: Journal,
    unsaved: Arc<AtomicBool>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Record>) -> Ending {
        let mut due = Instant::now() + EVERY;
        loop {
            match inbox.recv_deadline(due) {
                Ok(Record::Save { path, reply }) => {
                    let answer = self.save(&path);
                    if let Some(reply) = reply {
                        let _ = reply.send(answer);
                    }
                }
                Ok(record) => self.push(&record),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
            if Instant::now() >= due {
                self.flush();
                due = Instant::now() + EVERY;
            }
        }
    }

    fn push(&mut self, record: &Record) {
        self.journal.push(record);
        self.unsaved
            .store(self.journal.unsaved() > 0, Ordering::Relaxed);
        if serde_json::to_writer(&mut self.text, record).is_ok() {
            self.text.push(b'\n');
        }
    }

    /// Writes what waits. A disk that refuses is tried again with the next lines; the journal in
    /// memory stays whole.
    fn flush(&mut self) {
        if self.journal.notes() == 0 {
            return;
        }
        if self.file.is_none() {
            self.file = create(&self.dir).ok();
        }
        if let Some((_, file)) = &mut self.file {
            // What is written is taken off at once, so that no line is ever written twice.
            while let Ok(n @ 1..) = file.write(&self.text) {
                self.text.drain(..n);
            }
        }
    }

    fn save(&mut self, path: &Path) -> Result<PathBuf, SessionError> {
        if self.journal.notes() == 0 {
            let hint = "start playing first";
            return Err(SessionError::new(path, "nothing was played yet", hint));
        }
        let saved = write_song(&self.journal, path)?;
        self.push(&Record::Saved {
            path: saved.clone(),
        });
        self.flush();
        Ok(saved)
    }

    /// Saves what was not saved, beside the journal or, where that is impossible, in the
    /// system's folder for temporary files.
    fn end(mut self) -> Ending {
        self.flush();
        let mut ending = Ok(None);
        if self.journal.unsaved() > 0 {
            let name = match &self.file {
                Some((path, _)) => path.with_extension("mid"),
                None => self.dir.join(format!("{}.mid", stem())),
            };
            let saved = self.save(&name).or_else(|error| {
                let elsewhere = std::env::temp_dir().join(name.file_name().unwrap_or_default());
                self.save(&elsewhere).map_err(|_| error)
            });
            ending = saved.map(Some);
        }
        self.sync();
        ending
    }

    fn sync(&self) {
        if let Some((_, file)) = &self.file {
            let _ = file.sync_all();
        }
    }
}

fn write_song(journal: &Journal, path: &Path) -> Result<PathBuf, SessionError> {
    atomic_file::write_new(path, &smf::write(&to_song(journal))).map_err(|e| {
        let hint = "choose a folder that you can write to";
        SessionError::new(path, &format!("cannot be saved ({e})"), hint)
    })
}

/// A new journal, locked.
fn create(dir: &Path) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(dir)?;
    let stem = stem();
    for n in 0..1_000 {
        let path = dir.join(match n {
            0 => format!("{stem}.jsonl"),
            n => format!("{stem}-{n}.jsonl"),
        });
        match OpenOptions::new().append(true).create_new(true).open(&path) {
            Ok(file) => {
                // A file system without locks only loses the sign that the journal is in use.
                let _ = file.try_lock();
                return Ok((path, file));
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// `20260131-235959-1234`: the time (UTC) and the process.
fn stem() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let (days, second) = (now.as_secs() / 86_400, now.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}{month:02}{day:02}-{:02}{:02}{:02}-{}",
        second / 3_600,
        second / 60 % 60,
        second % 60,
        std::process::id()
    )
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar: 400 years
/// have 146,097 days, and a year that begins in March has its leap day last.
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year + (month <= 2) as u64, month, day)
}

/// A session whose program ended without saving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaved {
    /// Its journal.
    pub journal: PathBuf,
    /// Notes played since it was last saved.
    pub notes: u64,
}

/// The sessions in `dir` that were never saved and whose program no longer runs, by name.
#[must_use]
pub fn sessions_unsaved(dir: &Path) -> Vec<Unsaved> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<Unsaved> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .filter(|path| !path.with_extension("mid").exists() && !in_use(path))
        .filter_map(|journal| {
            let notes = read(&journal).ok()?.unsaved();
            (notes > 0).then_some(Unsaved { journal, notes })
        })
        .collect();
    found.sort_by(|a, b| a.journal.cmp(&b.journal));
    found
}

fn in_use(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return true;
    };
    matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
}

/// Saves a session found by [`sessions_unsaved`] as `.mid` beside its journal; gives the name.
///
/// # Errors
/// If the journal cannot be read or the file cannot be written.
pub fn recover(journal: &Path) -> Result<PathBuf, SessionError> {
    let played = read(journal).map_err(|e| {
        let hint = "look at it with a text editor: each line is one record";
        SessionError::new(journal, &format!("cannot be read ({e})"), hint)
    })?;
    let saved = write_song(&played, &journal.with_extension("mid"))?;
    let line = serde_json::to_vec(&Record::Saved {
        path: saved.clone(),
    });
    if let (Ok(line), Ok(mut file)) = (line, OpenOptions::new().append(true).open(journal)) {
        let _ = file.write_all(&[b"\n", line.as_slice(), b"\n"].concat());
    }
    Ok(saved)
}

/// Reads a journal. A line cut off by the end of its program, or damaged, is passed over.
///
/// # Errors
/// Whatever the file system answers.
pub fn read(path: &Path) -> io::Result<Journal> {
    let mut journal = Journal::default();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        if let Ok(record) = serde_json::from_slice::<Record>(&line?) {
            journal.push(&record);
        }
    }
    Ok(journal)
}
