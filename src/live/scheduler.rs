//! [`Scheduler`]: turns committed notes into MIDI at their time. It knows no clock: whoever runs
//! it says what time it is ([`super::real_time`], or a test).
//!
//! Its contract on the real-time thread: [`Scheduler::poll`] never allocates, frees, locks, logs or
//! waits. What it needs comes by rings, what it has done goes by rings and atomics, and sinks
//! are opened and dropped by others.

use super::lateness::Pulse;
use super::sink::MidiSink;
use super::slot::{Slot, Voices};
pub use super::wires::{Change, Command, Note, Played, Wires};
use crate::message::LANES;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// How many outputs play at once.
pub const SLOTS: usize = 4;

/// The longest time between two looks at the rings, in nanoseconds.
pub const NAP_NS: u64 = 1_000_000;

/// Commands, events and records under way at most; far more than two steps of nine lanes.
const WAITING: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Off { id: u64, lane: u8 },
    On(Note),
}

/// An event that waits for its time. The greatest is the next: the earliest, note-offs before
/// note-ons, then in the order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Event {
    at_ns: u64,
    order: u64,
    what: What,
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |e: &Self| (e.at_ns, matches!(e.what, What::On(_)), e.order);
        key(other).cmp(&key(self))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The player of committed notes.
pub struct Scheduler {
    commands: rtrb::Consumer<Command>,
    played: rtrb::Producer<Played>,
    changes: rtrb::Consumer<Change>,
    left: rtrb::Producer<Box<dyn MidiSink>>,
    pulse: Arc<Pulse>,
    queue: BinaryHeap<Event>,
    order: u64,
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
            queue: BinaryHeap::with_capacity(2 * WAITING),
            order: 0,
            slots: std::array::from_fn(|_| Slot::new(voices)),
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
        while let Some(event) = self.queue.peek().copied().filter(|e| e.at_ns <= now_ns) {
            self.queue.pop();
            match event.what {
                What::Off { id, lane } => self.note_off(id, lane, event.at_ns, now_ns),
                What::On(note) => self.note_on(note, now_ns),
            }
        }
        self.give_back(now_ns);
        let lost = (self.slots.iter().enumerate())
            .fold(0, |bits, (i, slot)| bits | (u8::from(slot.is_lost()) << i));
        self.pulse
            .publish(self.slots.iter().map(Slot::sounding).sum(), lost);
        let look = now_ns.saturating_add(NAP_NS);
        self.queue.peek().map_or(look, |next| next.at_ns.min(look))
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
        self.queue.peek().map(|event| event.at_ns)
    }

    /// Forgets what is to come and closes what sounds. A note-off that a full output refuses is
    /// tried again at each poll.
    pub fn silence(&mut self, now_ns: u64) {
        self.queue.clear();
        for lane in 0..LANES {
            self.cut(lane, now_ns);
        }
        for slot in &mut self.slots {
            slot.silence(now_ns);
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
        // Every note-on in the queue becomes at most one note-off, so this never grows the heap.
        while self.queue.len() < WAITING {
            match self.commands.pop() {
                Ok(Command::Note(note)) => self.queue_event(note.at_ns, What::On(note)),
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

    fn queue_event(&mut self, at_ns: u64, what: What) {
        if self.queue.len() < self.queue.capacity() {
            self.order += 1;
            self.queue.push(Event {
                at_ns,
                order: self.order,
                what,
            });
        }
    }

    fn note_on(&mut self, note: Note, now_ns: u64) {
        let lane = usize::from(note.lane);
        self.cut(lane, note.at_ns.min(now_ns));
        for slot in &mut self.slots {
            let key = (note.id, lane, note.velocity);
            if let Some(Err(_)) = slot.note_on(key, note.at_ns, now_ns) {
                self.pulse.note_refused();
            }
        }
        if let Some(entry) = self.sounding.get_mut(lane) {
            *entry = Some(note.id);
        }
        // A late note keeps its length, or a note-off in the past would swallow it.
        let off_ns = note
            .off_ns
            .saturating_add(now_ns.saturating_sub(note.at_ns));
        let lane = note.lane;
        self.queue_event(off_ns, What::Off { id: note.id, lane });
        self.pulse.note_sent(now_ns.saturating_sub(note.at_ns));
        self.record(Played::On {
            note,
            sent_ns: now_ns,
        });
    }

    fn note_off(&mut self, id: u64, lane: u8, at_ns: u64, now_ns: u64) {
        for slot in &mut self.slots {
            slot.note_off(id, usize::from(lane), at_ns, now_ns);
        }
        if let Some(entry) = self.sounding.get_mut(usize::from(lane))
            && *entry == Some(id)
        {
            *entry = None;
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
