//! What travels on the scheduler's rings, and the ends of them that others hold.

use super::lateness::Pulse;
use super::sink::MidiSink;
use super::slot::Voices;
use std::sync::Arc;

/// A committed note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its own number.
    pub id: u64,
    /// The step it belongs to, counted from the start of playing.
    pub step: u64,
    /// The lane, 0 to 8.
    pub lane: u8,
    /// 1 to 127.
    pub velocity: u8,
    /// When it begins, in nanoseconds.
    pub at_ns: u64,
    /// When it ends.
    pub off_ns: u64,
}

/// What the engine tells the scheduler, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Play this at its time.
    Note(Note),
    /// Forget what is to come and close what sounds.
    Silence,
    /// As `Silence`, and tell every device so by controller.
    Panic,
}

/// What the outputs thread changes.
pub enum Change {
    /// Another sink, or none.
    Sink {
        /// Which output.
        slot: usize,
        /// The opened sink.
        sink: Option<Box<dyn MidiSink>>,
    },
    /// Another kit; notes that sound are still closed on the key they were sent on.
    Voices {
        /// Which output.
        slot: usize,
        /// What plays each lane.
        voices: Voices,
    },
    /// Whether an output is told to be silent.
    Muted {
        /// Which output.
        slot: usize,
        /// Silent or not.
        muted: bool,
    },
}

/// What the scheduler has played, for the journal and the screen; with or without outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// A note began.
    On {
        /// The note as it was committed.
        note: Note,
        /// When it was really sent.
        sent_ns: u64,
    },
    /// A note ended before its time.
    Cut {
        /// Its number.
        id: u64,
        /// When.
        at_ns: u64,
    },
}

/// The ends of the rings that others hold.
pub struct Wires {
    /// The engine's: what to play.
    pub commands: rtrb::Producer<Command>,
    /// The engine's: what was played.
    pub played: rtrb::Consumer<Played>,
    /// The outputs thread's: what to change.
    pub changes: rtrb::Producer<Change>,
    /// The outputs thread's: sinks to drop.
    pub left: rtrb::Consumer<Box<dyn MidiSink>>,
    /// Anyone's: what is counted.
    pub pulse: Arc<Pulse>,
}
