//! Looks, at a start, for a set to go on with: one that was left when its terminal went away, one
//! that still plays without a screen, one whose process was killed. Also ends the one that still plays.

use super::left::{self, BARS, How, Left, Playing};
use super::paths::Paths;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::grid::{BeatGrid, Cell, Meter, Step};
use crate::live::session::Record;
use crate::message::{Controls, EngineStatus, Offer};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// How long a set that is told to end may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// What a start found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The set.
    pub left: Left,
    /// Whether its process still plays it.
    pub plays: bool,
}

/// Looks for a set to go on with.
///
/// # Errors
/// A sentence, where what was left cannot be read.
pub fn find(paths: &Paths) -> Result<Option<Found>, String> {
    let Some(left) = left::read(paths)? else {
        let Some(left) = broken_off(&paths.sessions()) else {
            return Ok(None);
        };
        // Its journal is saved as a song soon, and then tells no more that it broke off.
        let _ = left.write(paths);
        return Ok(Some(Found { left, plays: false }));
    };
    let holder = Playing::holder(&paths.playing_lock());
    let plays = left.how == How::PlaysOn && holder == Some(left.pid);
    Ok(Some(Found { left, plays }))
}

impl Found {
    /// What the user is asked; `now` in seconds since 1970.
    #[must_use]
    pub fn offer(&self, now: u64) -> Offer {
        let (bar, since) = (
            self.left.bar.saturating_add(1),
            length(now.saturating_sub(self.left.at)),
        );
        let question = match self.left.how {
            How::PlaysOn if self.plays => format!(
                "A set still plays without a screen (bar {bar}, for {since}). End it there and go on here?"
            ),
            How::Ended => format!(
                "A set ended {since} ago when its terminal went away, at bar {bar}. Go on from there?"
            ),
            How::EndedAlone => format!(
                "A set that played on without a screen ended {since} ago, at bar {bar}. Go on from there?"
            ),
            How::PlaysOn | How::BrokeOff => {
                format!("A set broke off {since} ago, at bar {bar}. Go on from there?")
            }
        };
        Offer {
            question,
            controls: self.left.controls,
        }
    }

    /// Ends the set if it still plays, and gives what is known of it then. Waits for its process:
    /// not for the main thread.
    ///
    /// # Errors
    /// A sentence, where it does not end.
    pub fn take_over(self, paths: &Paths) -> Result<Left, String> {
        let lock = paths.playing_lock();
        let until = Instant::now() + PATIENCE;
        let mut told = None;
        while self.plays && Playing::holder(&lock) == Some(self.left.pid) {
            // A second hang-up asks it to finish its bar; one that does not is ended at once.
            let wish = if Instant::now() + PATIENCE / 3 < until {
                Signal::HUP
            } else {
                Signal::TERM
            };
            if told != Some(wish) {
                told = Some(wish);
                let pid = i32::try_from(self.left.pid).ok().and_then(Pid::from_raw);
                let pid = pid.ok_or("the set that plays has no process number")?;
                kill_process(pid, wish)
                    .map_err(|error| format!("the set that plays cannot be ended: {error}"))?;
            }
            if Instant::now() >= until {
                return Err(format!(
                    "the set that plays (process {}) does not end; end it by hand and start again",
                    self.left.pid
                ));
            }
            std::thread::sleep(LOOK);
        }
        // It wrote once more at its end.
        Ok(left::read(paths).ok().flatten().unwrap_or(self.left))
    }
}

/// What is said when a set goes on: where the part before is saved, which model played it.
#[must_use]
pub fn said(left: &Left, model: &str) -> String {
    let mut text = format!("going on from bar {}", left.bar.saturating_add(1));
    if left.model != model {
        text.push_str(&format!(
            "; it was played by {}, now {} plays",
            sanitize(&left.model),
            sanitize(model)
        ));
    }
    if let Some(path) = &left.saved {
        text.push_str(&format!("; what came before is in {}", sanitize_path(path)));
    }
    text
}

/// `3 minutes`.
fn length(seconds: u64) -> String {
    let (n, unit) = match seconds {
        0..60 => return "less than a minute".into(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// The set of the newest journal, if its process was killed before it could save it.
fn broken_off(sessions: &Path) -> Option<Left> {
    let entries = fs::read_dir(sessions).ok()?.flatten();
    let journals = entries.map(|entry| entry.path());
    let newest: PathBuf = journals
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .max()?;
    if newest.with_extension("mid").exists() {
        return None;
    }
    let file = File::open(&newest).ok()?;
    if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        // Its program lives.
        return None;
    }
    let changed = file.metadata().ok()?.modified().ok()?;
    let at = changed.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let mut tail = Tail::default();
    for line in BufReader::new(file).split(b'\n') {
        if let Ok(record) = serde_json::from_slice::<Record>(&line.ok()?) {
            tail.push(record);
        }
    }
    tail.left(at)
}

/// The end of a journal, as far as going on needs it.
#[derive(Default)]
struct Tail {
    seed: u64,
    model: String,
    controls: Controls,
    milli_bpm: Option<u32>,
    unsaved: bool,
    bars: u64,
    /// The last bars: first step, meter, the steps committed.
    last: VecDeque<(u64, (u8, u8), Vec<Step>)>,
}

impl Tail {
    fn push(&mut self, record: Record) {
        match record {
            Record::Begin { seed, model, .. } => {
                self.seed = seed;
                self.model = sanitize(&model);
            }
            Record::Model { model, .. } => self.model = sanitize(&model),
            Record::Take { .. } => {
                self.bars = 0;
                self.last.clear();
            }
            Record::Tempo { milli_bpm, .. } => self.milli_bpm = Some(milli_bpm),
            Record::Bar { step, meter } => {
                self.bars += 1;
                self.last.push_back((step, meter, Vec::new()));
                if self.last.len() > BARS + 1 {
                    self.last.pop_front();
                }
            }
            Record::Controls(controls) => self.controls = controls,
            Record::Step { hits, .. } => {
                let mut cells = Step::default();
                for (lane, velocity, offset) in hits {
                    if let Some(cell) = cells.get_mut(usize::from(lane)) {
                        *cell = Cell { velocity, offset };
                    }
                }
                if let Some((_, _, steps)) = self.last.back_mut()
                    && steps.len() < Meter::MAX_STEPS
                {
                    steps.push(cells);
                }
            }
            Record::Note { .. } => self.unsaved = true,
            Record::Saved { .. } => self.unsaved = false,
            Record::Cut { .. } | Record::Save { .. } => {}
        }
    }

    fn left(self, at: u64) -> Option<Left> {
        if !self.unsaved {
            return None;
        }
        let meter = self.last.back().map_or((4, 4), |(_, meter, _)| *meter);
        let length = Meter::new(meter.0, meter.1)?;
        let whole = self
            .last
            .iter()
            .filter(|(_, of, steps)| *of == meter && steps.len() == length.steps());
        let bars: Vec<&Vec<Step>> = whole.map(|(_, _, steps)| steps).collect();
        let steps = bars.iter().skip(bars.len().saturating_sub(BARS));
        let status = EngineStatus {
            bar: self.bars.saturating_sub(1),
            meter,
            model: self.model,
            controls: self.controls,
            ..EngineStatus::default()
        };
        let mut left = Left::of(How::BrokeOff, at, self.seed, &status);
        let milli_bpm = self.milli_bpm.unwrap_or(self.controls.milli_bpm);
        left.set_bars(BeatGrid {
            meter: length,
            tempo: f64::from(milli_bpm) / 1000.0,
            steps: steps.flat_map(|steps| steps.iter().copied()).collect(),
        });
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::super::left::tests::{left, paths};
    use super::*;
    use std::io::Write;

    #[test]
    fn a_set_that_was_left_is_offered_until_it_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        assert_eq!(find(&paths), Ok(None));
        left(How::Ended, 1_000).write(&paths).unwrap();
        for _ in 0..2 {
            let found = find(&paths).unwrap().unwrap();
            assert_eq!(
                found.offer(1_000 + 180).question,
                "A set ended 3 minutes ago when its terminal went away, at bar 37. Go on from there?"
            );
        }
        let found = find(&paths).unwrap().unwrap();
        let taken = found.take_over(&paths).unwrap();
        assert_eq!(taken.bar, 36);
        left::forget(&paths);
        assert_eq!(find(&paths), Ok(None));
    }

    #[test]
    fn a_set_that_plays_is_told_from_one_that_broke_off() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        left(How::PlaysOn, 1_000).write(&paths).unwrap();
        let found = find(&paths).unwrap().unwrap();
        assert!(!found.plays);
        assert!(
            found
                .offer(1_030)
                .question
                .starts_with("A set broke off less than a minute ago")
        );

        let held = Playing::take(&paths.playing_lock()).unwrap().unwrap();
        let found = find(&paths).unwrap().unwrap();
        assert!(found.plays);
        assert_eq!(
            found.offer(1_000 + 7_300).question,
            "A set still plays without a screen (bar 37, for 2 hours). End it there and go on here?"
        );
        drop(held);
        // It ended by itself meanwhile: nobody is signalled.
        assert!(found.take_over(&paths).is_ok());

        // Another process holds the lock than the one that left the set.
        let mut other = left(How::PlaysOn, 1_000);
        other.pid = 1;
        other.write(&paths).unwrap();
        let _held = Playing::take(&paths.playing_lock()).unwrap().unwrap();
        assert!(!find(&paths).unwrap().unwrap().plays);
    }

    fn journal(sessions: &Path, name: &str, bars: u64, half: bool, saved: bool) {
        fs::create_dir_all(sessions).unwrap();
        let mut lines = vec![
            r#"{"is":"begin","format":1,"seed":9,"model":"m","hash":"h"}"#.to_owned(),
            r#"{"is":"take","first_id":0}"#.to_owned(),
            r#"{"is":"tempo","step":0,"at_ns":0,"milli_bpm":98000}"#.to_owned(),
        ];
        for bar in 0..bars {
            let step = 16 * bar;
            lines.push(format!(r#"{{"is":"bar","step":{step},"meter":[4,4]}}"#));
            let steps = if half && bar + 1 == bars { 8 } else { 16 };
            for step in step..step + steps {
                let velocity = 1 + bar;
                lines.push(format!(
                    r#"{{"is":"step","step":{step},"version":0,"hits":[[0,{velocity},0.1]]}}"#
                ));
            }
        }
        lines.push(r#"{"is":"note","id":0,"step":0,"lane":0,"velocity":1,"at_ns":0,"sent_ns":0,"off_ns":9}"#.into());
        if saved {
            lines.push(r#"{"is":"saved","path":"x.mid"}"#.into());
        }
        lines.push(r#"{"is":"ste"#.into());
        let mut file = File::create(sessions.join(name)).unwrap();
        file.write_all(lines.join("\n").as_bytes()).unwrap();
    }

    #[test]
    fn a_killed_program_is_gone_on_with_from_its_journal() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let sessions = paths.sessions();
        journal(&sessions, "20260101-000000-1.jsonl", 9, false, false);
        journal(&sessions, "20260102-000000-1.jsonl", 5, true, false);
        let found = find(&paths).unwrap().unwrap();
        assert!(!found.plays);
        let left = &found.left;
        assert_eq!((left.how, left.bar, left.seed), (How::BrokeOff, 4, 9));
        let grid = left.grid().unwrap();
        assert_eq!((grid.bars(), grid.tempo), (2, 98.0));
        assert_eq!(
            (grid.steps[0][0].velocity, grid.steps[16][0].velocity),
            (3, 4)
        );
        // Saving the song takes the sign away, but not the offer.
        fs::write(sessions.join("20260102-000000-1.mid"), "").unwrap();
        assert_eq!(find(&paths).unwrap().unwrap(), found);
        left::forget(&paths);
        assert_eq!(find(&paths), Ok(None));
    }

    #[test]
    fn a_saved_session_and_one_that_runs_are_not_offered() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        journal(&paths.sessions(), "a.jsonl", 5, false, true);
        assert_eq!(find(&paths), Ok(None));
        journal(&paths.sessions(), "b.jsonl", 5, false, false);
        let file = File::open(paths.sessions().join("b.jsonl")).unwrap();
        file.lock().unwrap();
        assert_eq!(find(&paths), Ok(None));
        drop(file);
        assert!(find(&paths).unwrap().is_some());
    }

    #[test]
    fn a_set_that_goes_on_says_what_changed() {
        let mut left = left(How::Ended, 0);
        assert_eq!(said(&left, "groove"), "going on from bar 37");
        left.saved = Some("/s/a\x1b.mid".into());
        assert_eq!(
            said(&left, "mine"),
            "going on from bar 37; it was played by groove, now mine plays; \
             what came before is in /s/a\u{fffd}.mid"
        );
    }
}
