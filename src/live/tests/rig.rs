//! An engine and a scheduler on a clock that is moved by hand, with all that they send.

use crate::beat::kit::Kit;
use crate::beat::transport::Transport;
use crate::live::engine::{Engine, EngineCommand};
use crate::live::file_sink::{RingSink, SentMessage};
use crate::live::outputs::voices;
use crate::live::scheduler::{Change, Scheduler};
use crate::live::session::{Journal, Record};
use crate::live::sink::MidiSink;
use crate::message::{Controls, Step};
use crate::model::Playable;

/// When a rig's clock starts.
pub const START: u64 = 1_000_000_000;

/// A committed step as the journal told it.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    pub step: u64,
    pub version: u64,
    pub hits: Vec<(u8, u8, f32)>,
    pub commit_ns: u64,
    pub grid_ns: u64,
    pub step_ns: f64,
    pub take: usize,
}

/// A sent note as the journal told it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sent {
    pub id: u64,
    pub step: u64,
    pub lane: u8,
    pub velocity: u8,
    pub at_ns: u64,
    pub sent_ns: u64,
    pub take: usize,
}

pub struct Rig {
    pub engine: Engine,
    pub scheduler: Scheduler,
    pub changes: rtrb::Producer<Change>,
    pub left: rtrb::Consumer<Box<dyn MidiSink>>,
    records: crossbeam_channel::Receiver<Record>,
    pub journal: Journal,
    pub committed: Vec<Committed>,
    pub sent: Vec<Sent>,
    pub controls: Vec<Controls>,
    transport: Transport,
    takes: usize,
    pub now: u64,
    engine_ns: u64,
    /// Delays every tick of the engine by up to this much, by the draws of a small generator.
    pub jitter_ns: u64,
    jitter: u64,
}

impl Rig {
    pub fn new(model: impl Into<Playable>, seed: u64) -> Self {
        let (scheduler, wires) = Scheduler::new(voices(&Kit::gm()));
        let (to_journal, records) = crossbeam_channel::unbounded();
        let ends = (wires.commands, wires.played, wires.pulse);
        Self {
            engine: Engine::new(model.into(), seed, Controls::default(), ends, to_journal),
            scheduler,
            changes: wires.changes,
            left: wires.left,
            records,
            journal: Journal::default(),
            committed: Vec::new(),
            sent: Vec::new(),
            controls: Vec::new(),
            transport: Transport::new(0, 120_000),
            takes: 0,
            now: START,
            engine_ns: 0,
            jitter_ns: 0,
            jitter: 1,
        }
    }

    /// Puts a sink that keeps everything into a slot and gives its end.
    pub fn tap(&mut self, slot: usize) -> rtrb::Consumer<SentMessage> {
        let (sink, out) = RingSink::new("tap", 1 << 21);
        self.put(slot, Some(Box::new(sink)));
        out
    }

    pub fn put(&mut self, slot: usize, sink: Option<Box<dyn MidiSink>>) {
        assert!(self.changes.push(Change::Sink { slot, sink }).is_ok());
        self.scheduler.poll(self.now);
        while self.left.pop().is_ok() {}
    }

    pub fn tell(&mut self, command: EngineCommand) {
        self.engine.command(command, self.now);
        self.engine_ns = self.now;
    }

    pub fn turn(&mut self, turn: impl FnOnce(&mut Controls)) {
        let mut controls = self.engine.controls;
        controls.version += 1;
        turn(&mut controls);
        self.tell(EngineCommand::Controls(controls));
    }

    /// Lets `ns` pass: every tick and every poll at the time it was asked for.
    pub fn pass(&mut self, ns: u64) {
        let until = self.now + ns;
        loop {
            if self.engine_ns <= self.now {
                self.engine_ns = self.engine.tick(self.now);
                if self.jitter_ns > 0 {
                    self.jitter = self
                        .jitter
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(99);
                    self.engine_ns += (self.jitter >> 33) % self.jitter_ns;
                }
            }
            self.scheduler.poll(self.now);
            self.read();
            if self.engine_ns <= self.now {
                continue;
            }
            let event = self.scheduler.next_event_ns().unwrap_or(u64::MAX);
            let next = self.engine_ns.min(event).max(self.now);
            if next > until {
                break;
            }
            self.now = next;
        }
        self.now = until;
    }

    /// Lets `ns` pass after which nothing may sound or wait.
    pub fn finish(&mut self) {
        self.tell(EngineCommand::Stop);
        self.pass(200_000_000);
        assert_eq!(self.scheduler.sounding(), 0);
        assert_eq!(self.scheduler.next_event_ns(), None);
    }

    fn read(&mut self) {
        while let Ok(record) = self.records.try_recv() {
            self.journal.push(&record);
            match record {
                Record::Take { .. } => self.takes += 1,
                Record::Tempo {
                    step,
                    at_ns,
                    milli_bpm,
                } => {
                    self.transport = Transport {
                        anchor_ns: at_ns,
                        anchor_step: step,
                        milli_bpm,
                    };
                }
                Record::Controls(controls) => self.controls.push(controls),
                Record::Step {
                    step,
                    version,
                    hits,
                } => self.committed.push(Committed {
                    step,
                    version,
                    hits,
                    commit_ns: self.now,
                    grid_ns: self.transport.time_of(step),
                    step_ns: self.transport.step_ns(),
                    take: self.takes,
                }),
                Record::Note {
                    id,
                    step,
                    lane,
                    velocity,
                    at_ns,
                    sent_ns,
                    ..
                } => {
                    let take = self.takes;
                    self.sent.push(Sent {
                        id,
                        step,
                        lane,
                        velocity,
                        at_ns,
                        sent_ns,
                        take,
                    });
                }
                _ => {}
            }
        }
    }
}

/// The hits of a step as the journal writes them.
pub fn hits_of(step: &Step) -> Vec<(u8, u8, f32)> {
    let hits = (0u8..).zip(step).filter(|(_, cell)| cell.velocity > 0);
    hits.map(|(lane, cell)| (lane, cell.velocity, cell.offset))
        .collect()
}

pub fn drain(tap: &mut rtrb::Consumer<SentMessage>) -> Vec<SentMessage> {
    std::iter::from_fn(|| tap.pop().ok()).collect()
}

/// A tape of a sink that has left: sent in order, never early, every note-on closed before its
/// key sounds again and before the end. Gives (when due, when sent, key, velocity) of the note-ons.
pub fn check_tape(tape: &[SentMessage]) -> Vec<(u64, u64, u8, u8)> {
    let mut sounding = [[false; 128]; 16];
    let (mut last, mut last_due) = (0, 0);
    let mut notes = Vec::new();
    for message in tape {
        assert!(message.sent_ns >= last, "sent out of order");
        assert!(message.scheduled_ns <= message.sent_ns, "sent early");
        last = message.sent_ns;
        let &[status, key, velocity] = message.bytes() else {
            unreachable!("a message of three bytes");
        };
        let on = &mut sounding[usize::from(status & 15)][usize::from(key)];
        match status & 0xf0 {
            0x90 => {
                assert!(!*on, "a note began again before it ended");
                assert!((1..=127).contains(&velocity));
                assert!(message.scheduled_ns >= last_due, "notes out of order");
                last_due = message.scheduled_ns;
                *on = true;
                notes.push((message.scheduled_ns, message.sent_ns, key, velocity));
            }
            0x80 => {
                assert!(*on, "a note ended twice");
                *on = false;
            }
            _ => {}
        }
    }
    assert!(sounding.iter().flatten().all(|on| !on), "a note hangs");
    notes
}
