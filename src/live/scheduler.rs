//! [`Scheduler`]: turns committed notes into MIDI at their time. It knows no clock: whoever runs
//! it says what time it is ([`super::real_time`], or a test).
//!
//! Its contract on the real-time thread: [`Scheduler::poll`] never allocates, frees, locks, logs or
//! waits. What it needs comes by rings, what it has done goes by rings and atomics, and sinks
//! are opened and dropped by others.

use super::lateness::Pulse;
use super::midi_clock::{BarMark, MARK_NS};
use super::queue::{For, Queue, What};
use super::sink::MidiSink;
use super::slot::{Slot, Voices};
pub use super::wires::{Change, ClockStep, Command, Note, Played, Raw, Wires};
use crate::beat::transport::TICKS_A_STEP;
use crate::message::LANES;
use std::sync::Arc;

/// How many outputs play at once.
pub const SLOTS: usize = 4;

/// The longest time between two looks at the rings, in nanoseconds.
pub const NAP_NS: u64 = 1_000_000;

/// Commands and records under way at most; far more than two steps of nine lanes.
const WAITING: usize = 4_096;

/// Events under way at most.
const EVENTS: usize = 8 * WAITING;

/// The most events that a command becomes: clock for every output.
const EVENTS_A_COMMAND: usize = SLOTS * (TICKS_A_STEP as usize + 1);

/// The player of committed notes.
pub struct Scheduler {
    commands: rtrb::Consumer<Command>,
    played: rtrb::Producer<Played>,
    changes: rtrb::Consumer<Change>,
    left: rtrb::Producer<Box<dyn MidiSink>>,
    pulse: Arc<Pulse>,
    queue: Queue,
    slots: [Slot; SLOTS],
    /// The note of each lane that sounds, whatever the outputs make of it.
    sounding: [Option<u64>; LANES],
}

impl Scheduler {
    /// A scheduler without outputs, all slots on one kit, and the ends of its rings.
    #[must_use]
    pub fn new(voices: Voices) -> (Self, Wires) {
        let (to_commands, commands) = rtrb::RingBuffer::new(WAITING);
        let (played, from_played) = rtrb::RingBuffer::new(WAITING);
        let (to_changes, changes) = rtrb::RingBuffer::new(4 * SLOTS);
        let (left, from_left) = rtrb::RingBuffer::new(4 * SLOTS);
        let pulse = Arc::new(Pulse::default());
        let scheduler = Self {
            commands,
            played,
            changes,
            left,
            pulse: Arc::clone(&pulse),
            queue: Queue::new(EVENTS),
            slots: std::array::from_fn(|slot| Slot::new(voices, pulse.keys(slot))),
            sounding: [None; LANES],
        };
        let wires = Wires {
            commands: to_commands,
            played: from_played,
            changes: to_changes,
            left: from_left,
            pulse,
        };
        (scheduler, wires)
    }

    /// Does everything that is due at `now_ns` and tells when it wants to be called again, at
    /// most [`NAP_NS`] later.
    pub fn poll(&mut self, now_ns: u64) -> u64 {
        for slot in &mut self.slots {
            slot.retry(now_ns);
        }
        self.take_changes(now_ns);
        self.take_commands(now_ns);
        while let Some(event) = self.queue.pop_due(now_ns) {
            match event.whom {
                For::Record => self.record_event(event.what, now_ns),
                For::Slot(slot) => self.slot_event(slot, event.what, event.at_ns, now_ns),
            }
        }
        self.give_back(now_ns);
        let lost = (self.slots.iter().enumerate())
            .fold(0, |bits, (i, slot)| bits | (u8::from(slot.is_lost()) << i));
        self.pulse
            .publish(self.slots.iter().map(Slot::sounding).sum(), lost);
        let look = now_ns.saturating_add(NAP_NS);
        self.queue.next_ns().map_or(look, |next| next.min(look))
    }

    /// Whether the engine is gone and has left nothing to play.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.commands.is_abandoned() && self.commands.is_empty()
    }

    /// Notes that sound now, over all outputs.
    #[must_use]
    pub fn sounding(&self) -> u32 {
        self.slots.iter().map(Slot::sounding).sum()
    }

    /// When the next event is due, however far away.
    #[cfg(test)]
    pub(super) fn next_event_ns(&self) -> Option<u64> {
        self.queue.next_ns()
    }

    /// Forgets what is to come and closes what sounds. A note-off that a full output refuses is
    /// tried again at each poll.
    pub fn silence(&mut self, now_ns: u64) {
        // What would have stopped a machine is the one thing that must not be forgotten.
        let mut stops = [false; SLOTS];
        for (number, stop) in (0u8..).zip(&mut stops) {
            *stop = self.queue.stops(number);
        }
        self.queue.clear();
        for lane in 0..LANES {
            self.cut(lane, now_ns);
        }
        for (slot, stop) in self.slots.iter_mut().zip(stops) {
            slot.silence(now_ns);
            if stop {
                let _ = slot.raw(&Raw::STOP, now_ns, now_ns);
            }
        }
        self.pulse.silenced();
    }

    fn take_changes(&mut self, now_ns: u64) {
        loop {
            // A sink may only go in once the one before it is out, and that needs room to leave.
            match self.changes.peek() {
                Ok(Change::Sink { slot, .. })
                    if self.left.is_full()
                        || self.slots.get(*slot).is_some_and(Slot::is_leaving) => {}
                Ok(_) => {
                    if let Ok(change) = self.changes.pop() {
                        self.change(change, now_ns);
                    }
                    self.give_back(now_ns);
                    continue;
                }
                Err(_) => {}
            }
            return;
        }
    }

    fn change(&mut self, change: Change, now_ns: u64) {
        match change {
            Change::Sink { slot, sink } => match self.slots.get_mut(slot) {
                Some(slot) => slot.swap(sink, now_ns),
                None => {
                    if let Some(sink) = sink {
                        // There is room: looked at before this change was taken.
                        let _ = self.left.push(sink);
                    }
                }
            },
            Change::Voices { slot, voices } => {
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.set_voices(voices);
                }
            }
            Change::Drive {
                slot,
                clock,
                latency_ns,
            } => {
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.drive(clock, latency_ns, now_ns);
                }
            }
            Change::Rejoin { slot } => {
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.rejoin();
                }
            }
            Change::Muted { slot, muted } => {
                if let Some(slot) = self.slots.get_mut(slot) {
                    slot.set_muted(muted);
                }
            }
        }
    }

    /// Hands sinks whose notes are closed to the outputs thread, to be dropped there.
    fn give_back(&mut self, now_ns: u64) {
        for slot in &mut self.slots {
            if self.left.is_full() {
                return;
            }
            if let Some(sink) = slot.take_left(now_ns) {
                let _ = self.left.push(sink);
            }
        }
    }

    fn take_commands(&mut self, now_ns: u64) {
        // Every note-on in the queue becomes at most one note-off, so half the room is theirs.
        while self.queue.room() > EVENTS / 2 + EVENTS_A_COMMAND {
            match self.commands.pop() {
                Ok(Command::Note(note)) => {
                    self.queue.push(note.at_ns, For::Record, What::On(note));
                    for (number, slot) in (0u8..).zip(&self.slots) {
                        let at_ns = slot.time(note.at_ns);
                        self.queue.push(at_ns, For::Slot(number), What::On(note));
                    }
                }
                Ok(Command::Clock(step)) => self.queue_clock(&step),
                Ok(Command::Raw(raw)) => {
                    for (number, slot) in (0u8..).zip(&self.slots) {
                        let at_ns = slot.time(raw.at_ns);
                        self.queue.push(at_ns, For::Slot(number), What::Raw(raw));
                    }
                }
                Ok(Command::Silence) => self.silence(now_ns),
                Ok(Command::Panic) => {
                    self.silence(now_ns);
                    for slot in &mut self.slots {
                        slot.panic(now_ns);
                    }
                }
                Err(_) => return,
            }
        }
    }

    fn queue_clock(&mut self, step: &ClockStep) {
        for (number, slot) in (0u8..).zip(&self.slots) {
            if !slot.takes_clock() {
                continue;
            }
            let whom = For::Slot(number);
            if let Some(mark) = BarMark::of(step) {
                let at_ns = step.transport.tick_time(step.step, 0);
                let at_ns = slot.time(at_ns.saturating_sub(MARK_NS));
                self.queue.push(at_ns, whom, What::Mark(mark));
            }
            for tick in 0..TICKS_A_STEP {
                let at_ns = slot.time(step.transport.tick_time(step.step, tick));
                self.queue.push(at_ns, whom, What::Tick);
            }
        }
    }

    /// What was played is recorded on the beat, whatever the outputs make of it.
    fn record_event(&mut self, what: What, now_ns: u64) {
        match what {
            What::On(note) => {
                let lane = usize::from(note.lane);
                self.cut(lane, note.at_ns.min(now_ns));
                if let Some(entry) = self.sounding.get_mut(lane) {
                    *entry = Some(note.id);
                }
                let (id, lane) = (note.id, note.lane);
                let off = What::Off { id, lane };
                self.queue.push(end_of(&note, 0, now_ns), For::Record, off);
                self.pulse.note_sent(now_ns.saturating_sub(note.at_ns));
                self.record(Played::On {
                    note,
                    sent_ns: now_ns,
                });
            }
            What::Off { id, lane } => {
                if let Some(entry) = self.sounding.get_mut(usize::from(lane))
                    && *entry == Some(id)
                {
                    *entry = None;
                }
            }
            What::Mark(_) | What::Tick | What::Raw(_) => {}
        }
    }

    fn slot_event(&mut self, number: u8, what: What, at_ns: u64, now_ns: u64) {
        let Some(slot) = self.slots.get_mut(usize::from(number)) else {
            return;
        };
        match what {
            What::On(note) => {
                let key = (note.id, usize::from(note.lane), note.velocity);
                match slot.note_on(key, at_ns, now_ns) {
                    Some(Ok(())) => {
                        let (id, lane) = (note.id, note.lane);
                        let moved = at_ns as i64 - note.at_ns as i64;
                        let off_ns = end_of(&note, moved, now_ns);
                        let off = What::Off { id, lane };
                        self.queue.push(off_ns, For::Slot(number), off);
                        if slot.is_offset() {
                            self.pulse.offset_note_sent(now_ns.saturating_sub(at_ns));
                        }
                    }
                    Some(Err(_)) => self.pulse.note_refused(),
                    None => {}
                }
            }
            What::Off { id, lane } => slot.note_off(id, usize::from(lane), at_ns, now_ns),
            What::Mark(mark) => slot.mark(mark, at_ns, now_ns),
            What::Tick => slot.tick(at_ns, now_ns),
            What::Raw(raw) => match slot.raw(&raw, at_ns, now_ns) {
                Some(Ok(())) if raw.begins_note() => {
                    self.pulse.note_sent(now_ns.saturating_sub(at_ns));
                }
                Some(Err(_)) => self.pulse.note_refused(),
                Some(Ok(())) | None => {}
            },
        }
    }

    /// Notes that a lane's sounding note ends before its time.
    fn cut(&mut self, lane: usize, at_ns: u64) {
        if let Some(id) = self.sounding.get_mut(lane).and_then(Option::take) {
            self.record(Played::Cut { id, at_ns });
        }
    }

    fn record(&mut self, played: Played) {
        if self.played.push(played).is_err() {
            self.pulse.note_unrecorded();
        }
    }
}

/// When a note that was due `moved_ns` after its time on the beat ends. A late note keeps its
/// length, or a note-off in the past would swallow it.
const fn end_of(note: &Note, moved_ns: i64, now_ns: u64) -> u64 {
    let at_ns = note.at_ns.saturating_add_signed(moved_ns);
    note.off_ns
        .saturating_add_signed(moved_ns)
        .saturating_add(now_ns.saturating_sub(at_ns))
}
