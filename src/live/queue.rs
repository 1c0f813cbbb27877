//! [`Queue`]: what the scheduler has still to do, in the order of its times. Its room is made once;
//! nothing here allocates afterwards.

use super::midi_clock::{BarMark, STOP};
use super::wires::{Note, Raw};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Who an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// The record of what was played, on the beat, whatever the outputs do.
    Record,
    /// An output, at its own offset from the beat.
    Slot(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Off { id: u64, lane: u8 },
    Mark(BarMark),
    Tick,
    On(Note),
    Raw(Raw),
}

/// An event that waits for its time. The greatest is the next: the earliest, note-offs before
/// clock before note-ons, then in the order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at_ns: u64,
    order: u64,
    pub(super) whom: For,
    pub(super) what: What,
}

impl Event {
    const fn key(&self) -> (u64, u8, u64) {
        let class = match self.what {
            What::Off { .. } => 0,
            What::Mark(_) => 1,
            What::Tick => 2,
            // Messages from elsewhere are in order as they are.
            What::On(_) | What::Raw(_) => 3,
        };
        (self.at_ns, class, self.order)
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub(super) struct Queue {
    events: BinaryHeap<Event>,
    order: u64,
}

impl Queue {
    /// A queue with room for `capacity` events.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            events: BinaryHeap::with_capacity(capacity),
            order: 0,
        }
    }

    /// How many more events it takes.
    pub(super) fn room(&self) -> usize {
        self.events.capacity() - self.events.len()
    }

    /// Puts an event in; one for which there is no room is dropped, which `room` prevents.
    pub(super) fn push(&mut self, at_ns: u64, whom: For, what: What) {
        if self.room() > 0 {
            self.order += 1;
            self.events.push(Event {
                at_ns,
                order: self.order,
                whom,
                what,
            });
        }
    }

    /// Takes the next event that is due.
    pub(super) fn pop_due(&mut self, now_ns: u64) -> Option<Event> {
        if self.next_ns()? > now_ns {
            return None;
        }
        self.events.pop()
    }

    /// When the next event is due.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.events.peek().map(|event| event.at_ns)
    }

    /// Whether a machine was to be stopped (MIDI Stop from elsewhere) through this output.
    pub(super) fn stops(&self, slot: u8) -> bool {
        self.events.iter().any(|event| {
            event.whom == For::Slot(slot)
                && matches!(event.what, What::Raw(raw) if raw.bytes[0] == STOP)
        })
    }

    pub(super) fn clear(&mut self) {
        self.events.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_comes_before_what_begins_and_messages_keep_their_order() {
        let mut queue = Queue::new(8);
        let raw = |byte| {
            What::Raw(Raw {
                at_ns: 5,
                bytes: [byte, 0, 0],
                len: 1,
            })
        };
        let off = What::Off { id: 1, lane: 0 };
        queue.push(5, For::Slot(0), raw(1));
        queue.push(5, For::Slot(0), What::Tick);
        queue.push(5, For::Slot(0), raw(2));
        queue.push(5, For::Slot(0), off);
        queue.push(4, For::Slot(0), raw(0));
        assert!(queue.pop_due(3).is_none());
        let got: Vec<What> =
            std::iter::from_fn(|| queue.pop_due(5).map(|event| event.what)).collect();
        assert_eq!(got, [raw(0), off, What::Tick, raw(1), raw(2)]);
        for _ in 0..100 {
            queue.push(1, For::Record, What::Tick);
        }
        assert_eq!(queue.room(), 0, "it never grows");
    }
}
