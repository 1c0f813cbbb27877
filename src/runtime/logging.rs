//! The log file: one line an event, sanitised, with the time. Not for what a user must
//! read; that goes to the screen. A log that cannot be written is no reason to stop.

use crate::base::text::sanitize;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A log longer than this is moved aside (to `.old`) when it is opened.
const ROTATE_AT: u64 = 1 << 20;

/// An open log; lines from several threads do not mix.
#[derive(Debug, Default)]
pub struct Log {
    file: Mutex<Option<File>>,
}

impl Log {
    /// Opens the log for appending, creating its folder; where that fails, a log that
    /// keeps nothing.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let file = (|| {
            fs::create_dir_all(path.parent()?).ok()?;
            if fs::metadata(path).is_ok_and(|meta| meta.len() > ROTATE_AT) {
                let _ = fs::rename(path, path.with_extension("log.old"));
            }
            OpenOptions::new().create(true).append(true).open(path).ok()
        })();
        Self {
            file: Mutex::new(file),
        }
    }

    /// Appends one line.
    pub fn line(&self, text: &str) {
        // A thread that panicked while logging must not silence the others.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = file.as_mut() {
            let line = format!("{} {}\n", utc(now_seconds()), sanitize(text));
            let _ = file.write_all(line.as_bytes());
        }
    }

    /// The same file once more, for what C libraries print on standard error.
    #[must_use]
    pub fn clone_file(&self) -> Option<File> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.as_ref().and_then(|file| file.try_clone().ok())
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// `2024-02-29T12:34:56Z` of seconds since 1970 (civil_from_days of Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
#[must_use]
pub fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(utc(1_735_689_599), "2024-12-31T23:59:59Z");
    }

    #[test]
    fn outside_text_is_sanitized() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/x.log");
        let log = Log::open(&path);
        log.line("a\x1b]0;owned\x07\nb");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\x1b') && text.ends_with("b\n"), "{text:?}");
    }

    #[test]
    fn a_log_that_cannot_be_opened_takes_lines_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let log = Log::open(&file.join("x.log"));
        log.line("nothing");
        assert!(log.clone_file().is_none());
    }

    #[test]
    fn a_long_log_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        fs::write(&path, vec![b'x'; ROTATE_AT as usize + 1]).unwrap();
        Log::open(&path).line("fresh");
        assert!(fs::metadata(&path).unwrap().len() < 100);
        assert!(dir.path().join("x.log.old").exists());
    }
}
