//! What travels on the scheduler's rings, and the ends of them that others hold.

use super::lateness::Pulse;
use super::sink::MidiSink;
use super::slot::Voices;
use crate::beat::transport::Transport;
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

/// One step of MIDI clock: six ticks, reckoned from the tempo's line, and before a bar's first
/// one what tells a machine where the song stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// The step, counted from the start of playing.
    pub step: u64,
    /// Its place in its bar; machines join where this is 0.
    pub in_bar: u16,
    /// Steps of that bar.
    pub bar_steps: u16,
    /// The tempo's line.
    pub transport: Transport,
}

/// A MIDI message from elsewhere, to be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw {
    /// When it is due, in nanoseconds. Messages must come in the order of their times.
    pub at_ns: u64,
    /// The message; unused bytes are 0.
    pub bytes: [u8; 3],
    /// How many bytes it has, 1 to 3.
    pub len: u8,
}

impl Raw {
    /// Stop, due at once.
    pub(super) const STOP: Self = Self {
        at_ns: 0,
        bytes: [super::midi_clock::STOP, 0, 0],
        len: 1,
    };

    /// Whether it is a note-on that lets something sound.
    #[must_use]
    pub const fn begins_note(&self) -> bool {
        self.bytes[0] & 0xf0 == 0x90 && self.bytes[2] > 0
    }
}

/// What the engine tells the scheduler, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Play this at its time.
    Note(Note),
    /// Send the clock of this step to the outputs that take clock.
    Clock(ClockStep),
    /// Send this at its time to every output.
    Raw(Raw),
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
    /// How an output is driven; what is under way keeps its time.
    Drive {
        /// Which output.
        slot: usize,
        /// Whether MIDI clock goes there.
        clock: bool,
        /// How much later than due it is sent everything, in nanoseconds; negative: earlier.
        latency_ns: i64,
    },
    /// The machine behind an output was away and is back, though its sink was there all the time: one
    /// that follows the clock joins again at the next bar line.
    Rejoin {
        /// Which output.
        slot: usize,
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
