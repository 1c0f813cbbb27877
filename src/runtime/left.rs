//! What is kept of a set whose terminal went away, so that the next start can go on with it:
//! `left.json` in the state folder, and the lock that says a set still plays. What is asked of the
//! user about it is in `offer`.

use super::paths::Paths;
use crate::base::atomic_file;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::grid::{BeatGrid, Meter, Step};
use crate::message::{Controls, EngineStatus};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The version of the file.
const VERSION: u32 = 1;

/// Bars that are kept to go on from.
pub const BARS: usize = 2;

/// How a set was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Its terminal went away, and it ended.
    Ended,
    /// Its terminal went away, and it plays on; if its process is gone, it broke off.
    PlaysOn,
    /// It played on for a while, and was told to end.
    EndedAlone,
    /// Its process was killed.
    BrokeOff,
}

/// A set that was left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// [`VERSION`].
    pub version: u32,
    /// How it was left.
    pub how: How,
    /// When it was left, in seconds since 1970.
    pub at: u64,
    /// The process that played it.
    pub pid: u32,
    /// The knobs as they stood.
    pub controls: Controls,
    /// Of every draw.
    pub seed: u64,
    /// The model's name.
    pub model: String,
    /// The bar it was in, from 0.
    pub bar: u64,
    /// Numerator and denominator.
    pub meter: (u8, u8),
    /// Quarter notes a minute.
    pub tempo: f64,
    /// The last whole bars; empty where none was whole.
    pub steps: Vec<Step>,
    /// Where what was played is saved, once it is.
    pub saved: Option<PathBuf>,
}

impl Left {
    /// What is known of a set that plays now, without its bars.
    #[must_use]
    pub fn of(how: How, at: u64, seed: u64, status: &EngineStatus) -> Self {
        Self {
            version: VERSION,
            how,
            at,
            pid: std::process::id(),
            controls: status.controls,
            seed,
            model: status.model.clone(),
            bar: status.bar,
            meter: status.meter,
            tempo: f64::from(status.controls.milli_bpm) / 1000.0,
            steps: Vec::new(),
            saved: None,
        }
    }

    /// Takes in the last whole bars.
    pub fn set_bars(&mut self, grid: BeatGrid) {
        self.meter = (grid.meter.numerator(), grid.meter.denominator());
        self.tempo = grid.tempo;
        self.steps = grid.steps;
    }

    /// The bars to go on from; `None` where there are none.
    #[must_use]
    pub fn grid(&self) -> Option<BeatGrid> {
        let meter = Meter::new(self.meter.0, self.meter.1)?;
        let mut grid = BeatGrid {
            meter,
            tempo: self.tempo,
            steps: self.steps.clone(),
        };
        grid.pad_to_bar();
        (!grid.steps.is_empty()).then_some(grid)
    }

    /// Writes it for the next start.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, paths: &Paths) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        atomic_file::write(&paths.left_file(), &text)
    }

    /// Whether its numbers are such as this program writes; the file may have been edited.
    fn is_sound(&self) -> bool {
        let knobs = &self.controls;
        let cells = || self.steps.iter().flatten();
        self.version == VERSION
            && Meter::new(self.meter.0, self.meter.1)
                .is_some_and(|meter| self.steps.len() <= BARS * meter.steps())
            && (20.0..=400.0).contains(&self.tempo)
            && (20_000..=400_000).contains(&knobs.milli_bpm)
            && (0.0..=2.0).contains(&knobs.temperature)
            && (0.0..=2.0).contains(&knobs.expression)
            && (-1.0..=1.0).contains(&knobs.density)
            && (0.5..=0.75).contains(&knobs.swing)
            && cells().all(|cell| cell.velocity <= 127 && (-0.5..0.5).contains(&cell.offset))
    }
}

/// Reads what was left, if anything was.
///
/// # Errors
/// A sentence, where the file cannot be read; it is then kept under another name.
pub fn read(paths: &Paths) -> Result<Option<Left>, String> {
    let path = paths.left_file();
    let said = |why: &str| format!("{}: {}", sanitize_path(&path), sanitize(why));
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(said(&error.to_string())),
    };
    let why = match serde_json::from_slice::<Left>(&bytes) {
        Ok(left) if left.is_sound() => return Ok(Some(left)),
        Ok(left) if left.version != VERSION => "another version of the program wrote it".into(),
        Ok(_) => "a number in it is out of range".into(),
        Err(error) => error.to_string(),
    };
    let kept = atomic_file::write_new(&path.with_extension("broken.json"), &bytes);
    let kept = match kept {
        Ok(kept) => {
            forget(paths);
            format!("it is kept as {}", sanitize_path(&kept))
        }
        Err(error) => format!("it stays where it is ({error})"),
    };
    Err(said(&format!(
        "cannot be read ({why}), so the set that was left is not offered; {kept}"
    )))
}

/// Removes what was left.
pub fn forget(paths: &Paths) {
    // What cannot be removed is offered once more, which does no harm.
    let _ = fs::remove_file(paths.left_file());
}

/// The sign that this process plays without a screen; gone when it is dropped or the process ends.
#[derive(Debug)]
pub struct Playing(File);

impl Playing {
    /// Takes the lock and writes this process's number into it; `None` where another has it.
    ///
    /// # Errors
    /// The file system's, one without locks among them.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(std::process::id().to_string().as_bytes())?;
        Ok(Some(Self(file)))
    }

    /// The process that holds the lock, if one does.
    #[must_use]
    pub fn holder(path: &Path) -> Option<u32> {
        let mut file = File::open(path).ok()?;
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        text.trim().parse().ok()
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        // A number that nobody can take for a living process's.
        let _ = self.0.set_len(0);
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::message::Cell;

    /// Folders of a user who starts for the first time.
    pub fn paths(dir: &tempfile::TempDir) -> Paths {
        Paths {
            config: dir.path().join("config"),
            state: dir.path().join("state"),
            cache: dir.path().join("cache"),
        }
    }

    /// A set that ended in bar 37.
    pub fn left(how: How, at: u64) -> Left {
        let status = EngineStatus {
            bar: 36,
            meter: (4, 4),
            model: "groove".into(),
            ..EngineStatus::default()
        };
        let mut left = Left::of(how, at, 7, &status);
        let mut steps = vec![Step::default(); 32];
        steps[0][0] = Cell {
            velocity: 100,
            offset: 0.25,
        };
        left.set_bars(BeatGrid {
            meter: Meter::COMMON,
            tempo: 118.5,
            steps,
        });
        left
    }

    #[test]
    fn what_was_left_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        assert_eq!(read(&paths), Ok(None));
        let left = left(How::Ended, 99);
        left.write(&paths).unwrap();
        assert_eq!(read(&paths), Ok(Some(left.clone())));
        let grid = left.grid().unwrap();
        assert_eq!((grid.bars(), grid.tempo), (2, 118.5));
        assert_eq!(grid.steps[0][0].velocity, 100);
        forget(&paths);
        assert_eq!(read(&paths), Ok(None));
    }

    #[test]
    fn a_broken_file_is_reported_and_kept_aside() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let mut wild = left(How::Ended, 1);
        wild.controls.milli_bpm = 1;
        let mut long = left(How::Ended, 1);
        long.steps.resize(33, Step::default());
        let mut loud = left(How::Ended, 1);
        loud.steps[3][2].velocity = 200;
        let mut newer = left(How::Ended, 1);
        newer.version = 2;
        let mut texts: Vec<Vec<u8>> = vec![b"{\"version\": 1\x1b".to_vec(), vec![0xff; 9]];
        texts.extend([wild, long, loud, newer].map(|left| serde_json::to_vec(&left).unwrap()));
        for (n, text) in texts.iter().enumerate() {
            fs::create_dir_all(&paths.state).unwrap();
            fs::write(paths.left_file(), text).unwrap();
            let why = read(&paths).unwrap_err();
            assert!(why.contains("broken") && !why.contains('\x1b'), "{why}");
            assert_eq!(read(&paths), Ok(None), "reported once");
            let kept = fs::read_dir(&paths.state).unwrap().count();
            assert_eq!(kept, n + 1, "each is kept");
        }
    }

    #[test]
    fn one_process_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/playing.lock");
        assert_eq!(Playing::holder(&path), None);
        let held = Playing::take(&path).unwrap().unwrap();
        assert_eq!(Playing::holder(&path), Some(std::process::id()));
        assert!(Playing::take(&path).unwrap().is_none());
        drop(held);
        assert_eq!(Playing::holder(&path), None);
        // A process that was killed leaves its number, but not the lock.
        fs::write(&path, "1").unwrap();
        assert_eq!(Playing::holder(&path), None);
        assert!(Playing::take(&path).unwrap().is_some());
    }
}
