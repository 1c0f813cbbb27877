//! [`Engine`]: decides what is played and commits it, step by step, to the scheduler. Knows no
//! thread and no clock of its own: [`super::handle`] runs it, or a test.
//!
//! Step k is committed at its grid time minus half a step (micro-timing may play it that early)
//! minus a lead; every later step may still change. A turned knob draws those again, each from
//! the LSTM state before it and with the draws of its own number, so a change is heard within two
//! steps and moves no later draw.

use super::generator::{Generator, Settings};
use super::lateness::Pulse;
use super::scheduler::{Command, Note, Played};
use super::session::{Record, SessionError};
use super::view::{Shown, View};
use crate::beat::grid::{BeatGrid, Step};
use crate::beat::transport::{Transport, hit_time_in_bar_ns};
use crate::message::{Controls, LANES, NO_STYLE, PlaySource};
use crate::model::{BeatModel, Knobs};
use crossbeam_channel::Sender;
use std::path::PathBuf;
use std::sync::Arc;

/// The most a step is committed ahead of the earliest moment its notes may begin, in nanoseconds:
/// what an ordinary thread on a busy machine may oversleep.
pub const LEAD_NS: u64 = 40_000_000;

/// The lead is at most this share of a step, so that a knob is heard within two steps.
const LEAD_SHARE: f64 = 0.4;

/// Steps drawn between two looks at what is due.
const DRAWS_A_TICK: usize = 4;

/// The longest time between two ticks.
const IDLE_NS: u64 = 10_000_000;

/// A drum note is held for half a step, at most this long.
const LONGEST_NOTE_NS: u64 = 100_000_000;

/// When the program was held up for longer than this (and than two steps), playing goes on from
/// now instead of rushing through what was missed.
const HELD_UP_NS: u64 = 250_000_000;

/// What the engine can be told.
pub enum EngineCommand {
    /// Start the generator; a preview ends.
    Play,
    /// Stop everything.
    Stop,
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
    TakeOver(Arc<BeatModel>),
    /// Close every note, and stop.
    Panic,
    /// Save everything played so far as a MIDI file.
    Save {
        /// Where; an existing file is not overwritten.
        path: PathBuf,
        /// Gets the name really used.
        reply: Sender<Result<PathBuf, SessionError>>,
    },
    /// Stop and end.
    Shutdown,
}

struct Preview {
    name: String,
    grid: BeatGrid,
    /// The step it began on.
    from: u64,
    milli_bpm: u32,
}

/// Playing, from its start to its stop.
struct Take {
    transport: Transport,
    /// First uncommitted step.
    next: u64,
    /// No note begins before this: the moment of the last change of tempo or source.
    floor_ns: u64,
}

/// What plays; see the module's text.
pub struct Engine {
    pub(super) controls: Controls,
    /// The knobs at the last committed step, with the tempo really played.
    pub(super) committed: Controls,
    pub(super) generator: Generator,
    generating: bool,
    preview: Option<Preview>,
    take: Option<Take>,
    pub(super) view: View,
    commands: rtrb::Producer<Command>,
    played: rtrb::Consumer<Played>,
    pub(super) pulse: Arc<Pulse>,
    journal: Sender<Record>,
    /// A silence for which the ring had no room yet.
    hush: Option<Command>,
    next_id: u64,
}

impl Engine {
    /// An engine that is stopped, with the engine's ends of the scheduler's rings and the
    /// journal's.
    #[must_use]
    pub fn new(
        model: Arc<BeatModel>,
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
        Self {
            controls,
            committed: controls,
            generator: Generator::new(model, seed),
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
                if let Err(e) = self.journal.send(Record::Save { path, reply: Some(reply) })
                    && let Record::Save { path, reply: Some(reply) } = e.into_inner()
                {
                    let _ = reply.send(Err(SessionError::new(&path, "the journal has ended", "restart the program")));
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
        while self.commit_ns().is_some_and(|at| at <= now_ns) {
            self.commit();
        }
        if self.generating && self.generator.work(DRAWS_A_TICK, &self.settings()) {
            return now_ns;
        }
        let idle = now_ns.saturating_add(IDLE_NS);
        self.commit_ns().map_or(idle, |at| at.min(idle))
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
                    self.view.hear(usize::from(note.lane), note.velocity, sent_ns.min(now_ns));
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
        self.take = None;
        self.committed = self.controls;
        if self.hush != Some(Command::Panic) {
            self.hush = Some(how);
        }
        self.send_hush();
    }

    fn start_preview(&mut self, name: String, grid: BeatGrid, now_ns: u64) {
        if grid.steps.is_empty() {
            return;
        }
        let milli_bpm = (grid.tempo * 1_000.0).round();
        self.preview = Some(Preview {
            name,
            grid: padded(grid),
            from: self.take.as_ref().map_or(0, |take| take.next),
            // A tempo that is no number casts to 0 and counts as the slowest.
            milli_bpm: (milli_bpm as u32).clamp(20_000, 400_000),
        });
        match self.take {
            Some(_) => self.retune(now_ns),
            None => self.begin(now_ns),
        }
    }

    fn set_controls(&mut self, controls: Controls, now_ns: u64) {
        let old = std::mem::replace(&mut self.controls, controls);
        if self.take.is_none() {
            self.committed = controls;
        }
        if old.milli_bpm != controls.milli_bpm
            && let Some(preview) = &mut self.preview
        {
            preview.milli_bpm = controls.milli_bpm;
        }
        let drawn = |c: &Controls| (c.temperature, c.expression, c.density, c.style);
        if drawn(&old) != drawn(&controls) {
            self.generator.set_stale();
        }
        self.retune(now_ns);
    }

    fn milli_bpm(&self) -> u32 {
        (self.preview.as_ref()).map_or(self.controls.milli_bpm, |preview| preview.milli_bpm)
    }

    fn begin(&mut self, now_ns: u64) {
        let mut transport = Transport::new(now_ns, self.milli_bpm());
        transport.anchor_ns = now_ns.saturating_add(lead_ns(&transport));
        self.listen(now_ns);
        let first_id = self.next_id + 1;
        let _ = self.journal.send(Record::Take { first_id });
        self.note_tempo(&transport);
        self.view.begin();
        self.generator.set_stale();
        self.take = Some(Take {
            transport,
            next: 0,
            // A take begins on its first step, even if the model would play that one early.
            floor_ns: transport.anchor_ns,
        });
    }

    /// Puts the tempo in force on the first uncommitted step, which keeps its time.
    fn retune(&mut self, now_ns: u64) {
        let milli_bpm = self.milli_bpm();
        let Some(take) = &mut self.take else {
            return;
        };
        if take.transport.milli_bpm != milli_bpm {
            take.transport.set_tempo(milli_bpm, take.next);
            take.floor_ns = now_ns;
            let transport = take.transport;
            self.note_tempo(&transport);
            self.generator.set_stale();
        }
    }

    /// After the program was held up (a stopped process, a machine that slept), plays on from now.
    fn catch_up(&mut self, now_ns: u64) {
        let Some(take) = &mut self.take else {
            return;
        };
        let patience = HELD_UP_NS.max((2.0 * take.transport.step_ns()) as u64);
        if take.transport.time_of(take.next).saturating_add(patience) < now_ns {
            take.transport.anchor_ns = now_ns.saturating_add(lead_ns(&take.transport));
            take.transport.anchor_step = take.next;
            take.floor_ns = now_ns;
            let transport = take.transport;
            self.note_tempo(&transport);
        }
    }

    fn note_tempo(&self, transport: &Transport) {
        let _ = self.journal.send(Record::Tempo {
            step: transport.anchor_step,
            at_ns: transport.anchor_ns,
            milli_bpm: transport.milli_bpm,
        });
    }

    /// When the next step is to be committed.
    fn commit_ns(&self) -> Option<u64> {
        let take = self.take.as_ref()?;
        let early = (take.transport.step_ns() / 2.0).ceil() as u64 + lead_ns(&take.transport);
        Some(take.transport.time_of(take.next).saturating_sub(early))
    }

    fn settings(&self) -> Settings {
        let c = &self.controls;
        Settings {
            knobs: Knobs {
                temperature: c.temperature,
                expression: c.expression,
                density: c.density,
            },
            bpm: self.milli_bpm() as f32 / 1_000.0,
            style: (c.style != NO_STYLE).then_some(usize::from(c.style)),
        }
    }

    fn commit(&mut self) {
        let settings = self.settings();
        let Some((transport, n, floor_ns)) =
            (self.take.as_ref()).map(|take| (take.transport, take.next, take.floor_ns))
        else {
            return;
        };
        let generated = self.generating.then(|| self.generator.commit(&settings));
        let shown = match &self.preview {
            Some(preview) => {
                let at = n - preview.from;
                let length = preview.grid.steps.len().max(1) as u64;
                let step = preview.grid.steps.get((at % length) as usize);
                let step = step.copied().unwrap_or_default();
                Shown::new(step, at, at % length, preview.grid.meter)
            }
            None => {
                let at = self.generator.position().saturating_sub(1);
                Shown::new(generated.unwrap_or_default(), at, at, self.generator.meter())
            }
        };
        let controls = Controls {
            milli_bpm: transport.milli_bpm,
            ..self.controls
        };
        if controls != self.committed || n == 0 {
            let _ = self.journal.send(Record::Controls(controls));
        }
        self.committed = controls;
        if shown.step_in_bar == 0 || n == 0 {
            let _ = self.journal.send(Record::Bar {
                step: n,
                meter: (shown.meter.numerator(), shown.meter.denominator()),
            });
        }
        let _ = self.journal.send(Record::step(n, controls.version, &shown.step));
        let held = LONGEST_NOTE_NS.min((transport.step_ns() / 2.0) as u64);
        for (lane, cell) in shown.step.iter().enumerate() {
            if cell.velocity == 0 || controls.mutes >> lane & 1 == 1 {
                continue;
            }
            let in_bar = u64::from(shown.step_in_bar);
            let at_ns = hit_time_in_bar_ns(&transport, n, in_bar, cell.offset, controls.swing);
            let at_ns = at_ns.max(floor_ns);
            self.next_id += 1;
            self.send(Command::Note(Note {
                id: self.next_id,
                step: n,
                lane: lane as u8,
                velocity: cell.velocity,
                at_ns,
                off_ns: at_ns.saturating_add(held),
            }));
        }
        self.view.commit(shown);
        if let Some(take) = &mut self.take {
            take.next += 1;
        }
    }

    /// Sends a note, unless a silence still waits: a scheduler that hangs plays nothing anyway.
    fn send(&mut self, command: Command) {
        self.send_hush();
        if self.hush.is_none() {
            let _ = self.commands.push(command);
        }
    }

    fn send_hush(&mut self) {
        if let Some(command) = self.hush
            && self.commands.push(command).is_ok()
        {
            self.hush = None;
        }
    }
}

/// How long before the earliest moment of its notes a step is committed.
fn lead_ns(transport: &Transport) -> u64 {
    LEAD_NS.min((transport.step_ns() * LEAD_SHARE) as u64)
}

fn padded(mut grid: BeatGrid) -> BeatGrid {
    grid.pad_to_bar();
    grid
}

/// Knobs within their ranges; what is no number becomes the default.
fn clamped(c: Controls) -> Controls {
    let within = |value: f32, low: f32, high: f32, default: f32| {
        if value.is_nan() { default } else { value.clamp(low, high) }
    };
    Controls {
        temperature: within(c.temperature, 0.0, 2.0, 1.0),
        expression: within(c.expression, 0.0, 2.0, 1.0),
        density: within(c.density, -1.0, 1.0, 0.0),
        swing: within(c.swing, 0.5, 0.75, 0.5),
        milli_bpm: c.milli_bpm.clamp(20_000, 400_000),
        mutes: c.mutes & ((1 << LANES) - 1),
        ..c
    }
}
