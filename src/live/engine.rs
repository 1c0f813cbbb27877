//! [`Engine`]: decides what is played and commits it, step by step, to the scheduler. Knows no
//! thread and no clock of its own: [`super::handle`] runs it, or a test.
//!
//! Step k is committed at its grid time minus half a step (micro-timing may play it that early)
//! minus a lead; every later step may still change. A turned knob draws those again, each from
//! the model's state before it and with the draws of its own number, so a change is heard within two
//! steps and moves no later draw. A model of spectrograms has frames as far as its look-ahead behind a committed step, which
//! do not change either; it hears the temperature so much later ([`Engine::frame_times`]).

use super::generator::Generator;
use super::lateness::Pulse;
use super::scheduler::{Command, Played};
use super::session::{Record, SessionError};
use super::take::{Preview, Take, clamped, padded};
use super::view::View;
use crate::beat::grid::{BeatGrid, Step};
use crate::message::{Controls, PlaySource};
use crate::model::Playable;
use crossbeam_channel::Sender;
use std::path::PathBuf;
use std::sync::Arc;

/// Steps drawn between two looks at what is due.
const DRAWS_A_TICK: usize = 4;

/// The longest time between two ticks.
const IDLE_NS: u64 = 10_000_000;

/// What the engine can be told.
pub enum EngineCommand {
    /// Start the generator; a preview ends.
    Play,
    /// Stop everything.
    Stop,
    /// Play the bar to its end, then stop.
    StopAtBar,
    /// Stop the generator if it plays, start it if not. A preview that is heard goes on when the
    /// generator under it stops.
    Toggle,
    /// Play this in a loop instead of what the generator plays.
    Preview {
        /// For people.
        name: String,
        /// What to play, at its own tempo until the tempo is turned.
        grid: BeatGrid,
    },
    /// End the preview; the generator, if it plays, is heard again, in time.
    StopPreview,
    /// The knobs.
    Controls(Controls),
    /// Continue from this, from the next bar line on.
    Prime(BeatGrid),
    /// Another model takes over at the next bar line.
    TakeOver(Playable),
    /// Close every note, and stop.
    Panic,
    /// Save everything played so far as a MIDI file.
    Save {
        /// Where; an existing file is not overwritten.
        path: PathBuf,
        /// Gets the name really used.
        reply: Sender<Result<PathBuf, SessionError>>,
    },
    /// Give the last whole bars that the generator has committed.
    Recent {
        /// How many at most.
        bars: usize,
        /// Gets them, or `None` before the first bar is whole.
        reply: Sender<Option<BeatGrid>>,
    },
    /// Stop and end.
    Shutdown,
}

/// What plays; see the module's text.
pub struct Engine {
    pub(super) controls: Controls,
    /// The knobs at the last committed step, with the tempo really played.
    pub(super) committed: Controls,
    pub(super) generator: Generator,
    pub(super) generating: bool,
    pub(super) preview: Option<Preview>,
    pub(super) take: Option<Take>,
    pub(super) view: View,
    pub(super) commands: rtrb::Producer<Command>,
    played: rtrb::Consumer<Played>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) journal: Sender<Record>,
    /// A silence for which the ring had no room yet.
    pub(super) hush: Option<Command>,
    pub(super) next_id: u64,
    /// Whether playing ends with the bar.
    ending: bool,
}

impl Engine {
    /// An engine that is stopped, with the engine's ends of the scheduler's rings and the
    /// journal's.
    #[must_use]
    pub fn new(
        model: Playable,
        seed: u64,
        controls: Controls,
        (commands, played, pulse): (rtrb::Producer<Command>, rtrb::Consumer<Played>, Arc<Pulse>),
        journal: Sender<Record>,
    ) -> Self {
        let controls = clamped(controls);
        let _ = journal.send(Record::Begin {
            format: super::session::FORMAT,
            seed,
            model: model.name().to_owned(),
            hash: model.hash().to_owned(),
        });
        let mut generator = Generator::new(model, seed);
        generator.lock(controls.locks, usize::from(controls.loop_bars));
        Self {
            controls,
            committed: controls,
            generator,
            generating: false,
            preview: None,
            take: None,
            view: View::default(),
            commands,
            played,
            pulse,
            journal,
            hush: None,
            next_id: 0,
            ending: false,
        }
    }

    /// What plays now.
    #[must_use]
    pub fn source(&self) -> PlaySource {
        match (&self.preview, self.generating) {
            (Some(preview), _) => PlaySource::Preview(preview.name.clone()),
            (None, true) => PlaySource::Generator,
            (None, false) => PlaySource::Stopped,
        }
    }

    /// Obeys a command.
    pub fn command(&mut self, command: EngineCommand, now_ns: u64) {
        match command {
            EngineCommand::Play => self.play(now_ns),
            EngineCommand::Stop | EngineCommand::Shutdown => self.stop(now_ns, Command::Silence),
            EngineCommand::StopAtBar => self.ending = self.take.is_some(),
            EngineCommand::Recent { bars, reply } => {
                // Whoever asked may have stopped waiting.
                let _ = reply.send(self.generator.recent(bars));
            }
            EngineCommand::Panic => self.stop(now_ns, Command::Panic),
            EngineCommand::Toggle if !self.generating => self.play(now_ns),
            EngineCommand::Toggle if self.preview.is_some() => self.generating = false,
            EngineCommand::Toggle => self.stop(now_ns, Command::Silence),
            EngineCommand::Preview { name, grid } => self.start_preview(name, grid, now_ns),
            EngineCommand::StopPreview => {
                if self.preview.take().is_some() && self.generating {
                    self.retune(now_ns);
                } else if !self.generating {
                    self.stop(now_ns, Command::Silence);
                }
            }
            EngineCommand::Controls(controls) => self.set_controls(clamped(controls), now_ns),
            EngineCommand::Prime(grid) => {
                if !grid.steps.is_empty() {
                    self.generator.prime(padded(grid), self.generating);
                }
            }
            EngineCommand::TakeOver(model) => {
                let _ = self.journal.send(Record::Model {
                    model: model.name().to_owned(),
                    hash: model.hash().to_owned(),
                });
                self.generator.take_over(model, self.generating);
            }
            EngineCommand::Save { path, reply } => {
                self.listen(now_ns);
                if let Err(e) = self.journal.send(Record::Save {
                    path,
                    reply: Some(reply),
                }) && let Record::Save {
                    path,
                    reply: Some(reply),
                } = e.into_inner()
                {
                    let _ = reply.send(Err(SessionError::new(
                        &path,
                        "the journal has ended",
                        "restart the program",
                    )));
                }
            }
        }
    }

    /// Does what is due and tells when it wants to be called again; `now_ns` itself if there is
    /// more to do at once.
    pub fn tick(&mut self, now_ns: u64) -> u64 {
        self.listen(now_ns);
        self.send_hush();
        self.catch_up(now_ns);
        if self.ending && self.bar_is_over(now_ns) {
            self.stop(now_ns, Command::Silence);
        }
        while self.commit_ns().is_some_and(|at| at <= now_ns) && !self.awaits_end() {
            self.commit();
        }
        if self.generating && self.generator.work(DRAWS_A_TICK, &self.settings()) {
            return now_ns;
        }
        let idle = now_ns.saturating_add(IDLE_NS);
        if self.awaits_end() {
            return idle;
        }
        self.commit_ns().map_or(idle, |at| at.min(idle))
    }

    /// Whether everything up to the bar line at which playing ends is committed.
    fn awaits_end(&self) -> bool {
        self.ending && self.next_in_bar() == Some(0)
    }

    fn bar_is_over(&self, now_ns: u64) -> bool {
        let end = (self.take.as_ref()).map_or(0, |take| take.transport.time_of(take.next));
        // An output that is behind the beat still has to play the end of the bar.
        self.awaits_end() && end.saturating_add(self.pulse.lag_ns()) <= now_ns
    }

    /// The place of the first uncommitted step in its bar.
    fn next_in_bar(&self) -> Option<u64> {
        let take = self.take.as_ref()?;
        Some(match &self.preview {
            Some(preview) => (take.next - preview.from) % preview.grid.meter.steps().max(1) as u64,
            None => self.generator.position() % self.generator.meter().steps() as u64,
        })
    }

    /// The last thing: stops, and waits for nothing.
    pub fn end(&mut self, now_ns: u64) {
        self.stop(now_ns, Command::Silence);
        self.listen(now_ns);
    }

    /// Hears what the scheduler has played, for the journal and the meters.
    pub fn listen(&mut self, now_ns: u64) {
        while let Ok(played) = self.played.pop() {
            let record = match played {
                Played::On { note, sent_ns } => {
                    self.view
                        .hear(usize::from(note.lane), note.velocity, sent_ns.min(now_ns));
                    Record::Note {
                        id: note.id,
                        step: note.step,
                        lane: note.lane,
                        velocity: note.velocity,
                        at_ns: note.at_ns,
                        sent_ns,
                        off_ns: note.off_ns,
                    }
                }
                Played::Cut { id, at_ns } => Record::Cut { id, at_ns },
            };
            let _ = self.journal.send(record);
        }
    }

    /// The step the playhead is on, the first uncommitted one, and whether anything plays.
    pub(super) fn playhead(&self, now_ns: u64) -> Option<(u64, u64)> {
        let take = self.take.as_ref()?;
        let last = take.next.checked_sub(1)?;
        Some((take.transport.step_at(now_ns).min(last), take.next))
    }

    /// The steps after the committed ones, as far as they are known.
    pub(super) fn steps_to_come(&self) -> Vec<Step> {
        match (&self.preview, &self.take) {
            (Some(preview), Some(take)) => {
                let at = (take.next - preview.from) as usize;
                let ahead = 2 * preview.grid.meter.steps();
                (preview.grid.steps.iter().cycle())
                    .skip(at % preview.grid.steps.len().max(1))
                    .take(ahead)
                    .copied()
                    .collect()
            }
            (None, Some(_)) => self.generator.ahead().copied().collect(),
            _ => Vec::new(),
        }
    }

    fn play(&mut self, now_ns: u64) {
        let was = self.preview.take().is_some();
        if !self.generating {
            self.generator.begin();
            self.generating = true;
        }
        if self.take.is_none() {
            self.begin(now_ns);
        } else if was {
            self.retune(now_ns);
        }
    }

    fn stop(&mut self, now_ns: u64, how: Command) {
        self.view.freeze(self.playhead(now_ns));
        self.preview = None;
        self.generating = false;
        self.ending = false;
        self.take = None;
        self.committed = self.controls;
        if self.hush != Some(Command::Panic) {
            self.hush = Some(how);
        }
        self.send_hush();
    }

    pub(super) fn milli_bpm(&self) -> u32 {
        (self.preview.as_ref()).map_or(self.controls.milli_bpm, |preview| preview.milli_bpm)
    }
}
