//! [`EngineHandle`]: starts the threads of the playing side, talks to them, and ends them in
//! silence with the session saved.

use super::clock::{Clock, SystemClock};
use super::engine::{Engine, EngineCommand};
use super::outputs::{OutputCommand, Outputs, voices};
use super::real_time;
use super::scheduler::{Scheduler, Wires};
use super::session::SessionError;
use super::session_file::{self, Ending, SessionLink};
use crate::beat::grid::BeatGrid;
use crate::beat::kit::Kit;
use crate::message::{
    Controls, EngineStatus, OutputSetup, OutputSpec, OutputState, OutputView, PlaySource, Realtime,
};
use crate::model::Playable;
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two states shown, in nanoseconds: about 30 a second.
const FRAME_NS: u64 = 33_000_000;

/// How long saving may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an engine starts with.
pub struct EngineOptions {
    /// What generates.
    pub model: Playable,
    /// Of every draw.
    pub seed: u64,
    /// The knobs.
    pub controls: Controls,
    /// The drum machines' kit.
    pub kit: Kit,
    /// Outputs in slot order, at most four.
    pub outputs: Vec<OutputSetup>,
    /// The folder of session journals.
    pub sessions: PathBuf,
    /// The folder where closing notes are remembered that a killed program would owe.
    pub debts: PathBuf,
    /// Whether to ask the system for real-time priority.
    pub realtime: bool,
}

/// The playing side, for the rest of the program. Clones talk to the same one; when the last is
/// dropped, it ends as by [`EngineHandle::shutdown`].
#[derive(Clone)]
pub struct EngineHandle {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Sender<EngineCommand>,
    outputs: Mutex<Option<Sender<OutputCommand>>>,
    status: Arc<ArcSwap<EngineStatus>>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    engine: JoinHandle<()>,
    scheduler: JoinHandle<Scheduler>,
    outputs: JoinHandle<()>,
    session: JoinHandle<Ending>,
}

impl EngineHandle {
    /// Starts the engine, the scheduler, the outputs and the journal. Nothing plays yet.
    ///
    /// # Errors
    /// If the system has no threads left.
    pub fn start(options: EngineOptions) -> io::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (scheduler, wires) = Scheduler::new(voices(&options.kit));
        let Wires {
            commands,
            played,
            changes,
            left,
            pulse,
        } = wires;
        let granted = Arc::new(OnceLock::new());
        let views = Arc::new(ArcSwap::from_pointee(Vec::new()));
        let status = Arc::new(ArcSwap::from_pointee(EngineStatus::default()));
        let (to_outputs, outputs_inbox) = crossbeam_channel::unbounded();
        let (to_engine, engine_inbox) = crossbeam_channel::unbounded();

        let (link, session) = session_file::spawn(options.sessions)?;
        let engine = Engine::new(
            options.model,
            options.seed,
            options.controls,
            (commands, played, Arc::clone(&pulse)),
            link.records.clone(),
        );
        let run = EngineThread {
            engine,
            clock: Arc::clone(&clock),
            inbox: engine_inbox,
            status: Arc::clone(&status),
            views: Arc::clone(&views),
            granted: Arc::clone(&granted),
            link,
        };
        let scheduler = real_time::spawn(scheduler, clock, granted, options.realtime)?;
        let outputs = Outputs::new(
            changes,
            left,
            pulse,
            options.kit,
            views,
            Some(options.debts),
        );
        let outputs = (std::thread::Builder::new().name("outputs".into()))
            .spawn(move || outputs.run(&outputs_inbox))?;
        let engine =
            (std::thread::Builder::new().name("engine".into())).spawn(move || run.run())?;
        let handle = Self {
            inner: Arc::new(Inner {
                engine: to_engine,
                outputs: Mutex::new(Some(to_outputs)),
                status,
                threads: Mutex::new(Some(Threads {
                    engine,
                    scheduler,
                    outputs,
                    session,
                })),
            }),
        };
        for (slot, setup) in options.outputs.into_iter().enumerate() {
            handle.set_output(slot, setup);
        }
        Ok(handle)
    }

    /// The engine as it was at most a thirtieth of a second ago.
    #[must_use]
    pub fn status(&self) -> Arc<EngineStatus> {
        self.inner.status.load_full()
    }

    /// Tells the engine something.
    pub fn send(&self, command: EngineCommand) {
        // An engine that has ended hears nothing, which is all that is left to do.
        let _ = self.inner.engine.send(command);
    }

    /// Starts the generator; a preview ends.
    pub fn play(&self) {
        self.send(EngineCommand::Play);
    }

    /// Stops everything.
    pub fn stop(&self) {
        self.send(EngineCommand::Stop);
    }

    /// Starts or stops the generator.
    pub fn toggle(&self) {
        self.send(EngineCommand::Toggle);
    }

    /// Plays a grid in a loop instead of what the generator plays, until
    /// [`EngineHandle::stop_preview`].
    pub fn preview(&self, name: &str, grid: BeatGrid) {
        let name = crate::base::text::sanitize(name);
        self.send(EngineCommand::Preview { name, grid });
    }

    /// Ends the preview; the generator, if it plays, is heard again, in time.
    pub fn stop_preview(&self) {
        self.send(EngineCommand::StopPreview);
    }

    /// Turns the knobs. Heard within two steps.
    pub fn set_controls(&self, controls: Controls) {
        self.send(EngineCommand::Controls(controls));
    }

    /// The generator continues from this grid, from the next bar line on.
    pub fn prime(&self, grid: BeatGrid) {
        self.send(EngineCommand::Prime(grid));
    }

    /// Another model takes over at the next bar line.
    pub fn take_over(&self, model: impl Into<Playable>) {
        self.send(EngineCommand::TakeOver(model.into()));
    }

    /// Closes every note, tells every device so, and stops.
    pub fn panic(&self) {
        self.send(EngineCommand::Panic);
    }

    /// Plays the bar to its end, then stops.
    pub fn stop_at_bar(&self) {
        self.send(EngineCommand::StopAtBar);
    }

    /// The last whole bars that the generator has committed, at most `bars`; `None` before the
    /// first is whole. Waits a moment for the engine.
    #[must_use]
    pub fn recent(&self, bars: usize) -> Option<BeatGrid> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.send(EngineCommand::Recent { bars, reply });
        answer.recv_timeout(Duration::from_millis(300)).ok()?
    }

    /// Puts an output in a slot, 0 to 3, while it plays, or changes how it is driven.
    pub fn set_output(&self, slot: usize, setup: OutputSetup) {
        self.tell_outputs(OutputCommand::Set { slot, setup });
    }

    /// Asks the receiver behind an output for another fixed delay, in milliseconds.
    pub fn set_delay(&self, slot: usize, ms: u16) {
        self.tell_outputs(OutputCommand::Delay { slot, ms });
    }

    /// Silences the output in a slot, or not.
    pub fn mute_output(&self, slot: usize, muted: bool) {
        self.tell_outputs(OutputCommand::Mute { slot, muted });
    }

    /// Changes the drum machines' kit while it plays.
    pub fn set_kit(&self, kit: Kit) {
        self.tell_outputs(OutputCommand::Kit(kit));
    }

    /// Saves everything played so far as a MIDI file and gives the name really used: an existing
    /// file is not overwritten. Waits for the disk; not for the thread that draws.
    ///
    /// # Errors
    /// If nothing was played, or the file cannot be written.
    pub fn save_session(&self, path: PathBuf) -> Result<PathBuf, SessionError> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let late = SessionError::new(
            &path,
            "the journal does not answer",
            "is the disk full or gone?",
        );
        self.send(EngineCommand::Save { path, reply });
        answer.recv_timeout(PATIENCE).unwrap_or(Err(late))
    }

    /// Ends in silence: stops, closes every note and every output, saves an unsaved session and
    /// tells where. A second call does nothing.
    ///
    /// # Errors
    /// If an unsaved session could not be saved; its journal is then still there.
    pub fn shutdown(&self) -> Ending {
        self.inner.shutdown()
    }

    fn tell_outputs(&self, command: OutputCommand) {
        let outputs = self
            .inner
            .outputs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(outputs) = outputs.as_ref() {
            let _ = outputs.send(command);
        }
    }
}

impl Inner {
    fn shutdown(&self) -> Ending {
        let threads = self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(threads) = threads else {
            return Ok(None);
        };
        let _ = self.engine.send(EngineCommand::Shutdown);
        // A thread that panicked has dropped its ends of the rings and channels, which ends the
        // others as an orderly end does; so each is joined whatever became of the one before.
        let _ = threads.engine.join();
        let scheduler = threads.scheduler.join();
        drop(scheduler);
        self.outputs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let _ = threads.outputs.join();
        threads.session.join().unwrap_or(Ok(None))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.shutdown();
    }
}

struct EngineThread {
    engine: Engine,
    clock: Arc<dyn Clock>,
    inbox: Receiver<EngineCommand>,
    status: Arc<ArcSwap<EngineStatus>>,
    views: Arc<ArcSwap<Vec<OutputView>>>,
    granted: Arc<OnceLock<Realtime>>,
    link: SessionLink,
}

impl EngineThread {
    fn run(mut self) {
        let mut frame_ns = 0;
        loop {
            let now = self.clock.now_ns();
            let next = self.engine.tick(now);
            if now >= frame_ns {
                self.publish(now);
                frame_ns = now.saturating_add(FRAME_NS);
            }
            let wait = next.min(frame_ns).saturating_sub(self.clock.now_ns());
            let command = match self.inbox.recv_timeout(Duration::from_nanos(wait)) {
                Ok(command) => Some(command),
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => None,
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
            };
            for command in command.into_iter().chain(self.inbox.try_iter()) {
                if matches!(command, EngineCommand::Shutdown) {
                    self.end();
                    return;
                }
                self.engine.command(command, self.clock.now_ns());
                // The next look at the screen's state shows what the command did.
                frame_ns = 0;
            }
        }
        self.end();
    }

    /// Stops and waits, for a moment, until the scheduler has closed everything, so that the
    /// journal hears of it.
    fn end(&mut self) {
        let pulse = Arc::clone(&self.engine.pulse);
        let before = pulse.silences();
        self.engine.end(self.clock.now_ns());
        let until = self.clock.now_ns().saturating_add(100_000_000);
        while (pulse.silences() == before || pulse.sounding() > 0) && self.clock.now_ns() < until {
            let now = self.clock.now_ns();
            self.engine.tick(now);
            self.clock.sleep_until(now.saturating_add(1_000_000));
        }
        let now = self.clock.now_ns();
        self.engine.tick(now);
        self.publish(now);
    }

    fn publish(&mut self, now_ns: u64) {
        let mut status = self.engine.status(now_ns);
        status.realtime = self.granted.get().cloned().unwrap_or_default();
        status.unsaved = self.link.unsaved.load(std::sync::atomic::Ordering::Relaxed);
        let loudest = status.lane_levels.iter().copied().fold(0.0, f32::max);
        status.outputs = (self.views.load().iter())
            .map(|view| OutputView {
                level: match view.state {
                    OutputState::Ok if view.spec != OutputSpec::None => loudest,
                    _ => 0.0,
                },
                ..view.clone()
            })
            .collect();
        if status.source == PlaySource::Stopped && **self.status.load() == status {
            return;
        }
        self.status.store(Arc::new(status));
    }
}
