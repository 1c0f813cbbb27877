//! A set that is left, and one that is gone on with: keeps what the next start needs, on a thread
//! of its own, as it asks the engine and writes files.

use super::Workers;
use super::desk::Desk;
use crate::app::msg::Level;
use crate::live::EngineHandle;
use crate::message::{EngineStatus, HangUp, OutputSpec, OutputState, PlaySource};
use crate::runtime::left::{self, BARS, How, Left, Playing};
use crate::runtime::logging::{Log, now_seconds};
use crate::runtime::offer;
use crate::runtime::paths::Paths;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a set that is gone on with waits for its outputs on the network.
const OUTPUTS: Duration = Duration::from_secs(3);

/// How often it looks for them.
const LOOK: Duration = Duration::from_millis(20);

fn outputs_are_there(status: &EngineStatus) -> bool {
    status.outputs.iter().all(|output| {
        let far = matches!(output.spec, OutputSpec::Tcp(_) | OutputSpec::Rtp(_));
        !far || matches!(output.state, OutputState::Ok | OutputState::Muted)
    })
}

/// The near side of the thread.
pub struct Leaving {
    desk: Desk<(How, Arc<EngineStatus>)>,
    kept: Arc<Mutex<Kept>>,
    paths: Paths,
}

#[derive(Default)]
struct Kept {
    left: Option<Left>,
    /// Held while the set plays without a screen, until everything of it is on the disk.
    lock: Option<Playing>,
}

impl Leaving {
    /// Starts the thread; the terminal went away now.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(
        engine: EngineHandle,
        seed: u64,
        paths: &Paths,
        log: Arc<Log>,
    ) -> io::Result<Self> {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (shared, folders, at) = (Arc::clone(&kept), paths.clone(), now_seconds());
        let work = move |(how, status): (How, Arc<EngineStatus>)| {
            let mut left = Left::of(how, at, seed, &status);
            let bars = engine.recent(BARS);
            let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
            match (bars, kept.left.take()) {
                (Some(grid), _) => left.set_bars(grid),
                (None, Some(before)) => left.steps = before.steps,
                (None, None) => {}
            }
            if let Err(error) = left.write(&folders) {
                log.line(&format!("the set that was left is not kept: {error}"));
            }
            // In this order: whoever finds the lock held finds this process's number in both files.
            if how == How::PlaysOn && kept.lock.is_none() {
                kept.lock = Playing::take(&folders.playing_lock()).unwrap_or_else(|error| {
                    log.line(&format!("nobody can take this set over: {error}"));
                    None
                });
            }
            kept.left = Some(left);
        };
        Ok(Self {
            desk: Desk::start("leaving", |_, _| true, work)?,
            kept,
            paths: paths.clone(),
        })
    }

    /// Keeps the set as it stands.
    pub fn note(&self, how: How, status: Arc<EngineStatus>) {
        self.desk.order((how, status));
    }

    /// The last bars are kept before the engine is gone.
    pub fn close(&mut self) {
        self.desk.finish();
    }

    /// The last thing: the set has ended and is saved there, if it had to be.
    ///
    /// # Errors
    /// The file system's.
    pub fn end(&mut self, saved: Option<PathBuf>) -> io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut left) = kept.left.take() else {
            return Ok(());
        };
        if left.how == How::PlaysOn {
            (left.how, left.at) = (How::EndedAlone, now_seconds());
        }
        left.saved = saved;
        let written = left.write(&self.paths);
        kept.lock = None;
        written
    }
}

impl Workers {
    /// Goes on with the set that was found; one that still plays is ended first.
    pub(super) fn go_on(&mut self) {
        let Some(found) = self.found.take() else {
            return;
        };
        let (paths, engine, told) = (self.paths.clone(), self.engine.clone(), self.tell.clone());
        self.tell
            .spawn("go-on", move || match found.take_over(&paths) {
                Ok(left) => {
                    if let Some(grid) = left.grid() {
                        engine.prime(grid);
                    }
                    // What was taken over had the receiver; a machine there is to hear the first bar.
                    let until = Instant::now() + OUTPUTS;
                    while Instant::now() < until && !outputs_are_there(&engine.status()) {
                        std::thread::sleep(LOOK);
                    }
                    engine.play();
                    left::forget(&paths);
                    told.notice(Level::Info, offer::said(&left, &engine.status().model));
                }
                Err(why) => told.notice(Level::Error, why),
            });
    }

    /// The bar that plays is the last.
    pub fn finish_bar(&self) {
        self.engine.stop_at_bar();
    }

    /// What was found is not wanted; what still plays goes on playing.
    pub(super) fn forget_offer(&mut self) {
        if self.found.take().is_some_and(|found| !found.plays) {
            left::forget(&self.paths);
        }
    }

    /// The terminal went away: what is to be done with what plays is begun, and what the next start
    /// needs to go on is kept.
    pub fn leave(&mut self, how: HangUp) {
        let status = self.engine.status();
        if how == HangUp::FinishBar {
            self.engine.stop_at_bar();
        }
        if status.source == PlaySource::Stopped {
            return;
        }
        let (engine, log) = (self.engine.clone(), Arc::clone(&self.tell.log));
        match Leaving::start(engine, self.seed, &self.paths, log) {
            Ok(leaving) => {
                self.leaving = Some(leaving);
                self.note_left(how, status);
            }
            Err(error) => self
                .tell
                .log
                .line(&format!("no thread to leave with: {error}")),
        }
    }

    /// Keeps the set that was left as it stands now.
    pub fn note_left(&self, how: HangUp, status: Arc<EngineStatus>) {
        if let Some(leaving) = &self.leaving {
            let plays_on = how == HangUp::PlayOn;
            leaving.note(if plays_on { How::PlaysOn } else { How::Ended }, status);
        }
    }
}
