//! [`Stream`]: the numbered packets to one peer. Decides which messages share a packet and when an
//! empty one repeats the journal; the bytes are those of `payload` and `journal`.

use super::journal::History;
use super::payload::{self, Header, Message, TICK_NS};
use std::collections::VecDeque;

/// Room for messages in a packet. With the journal's it stays under the 1,024 bytes that some
/// peers read at most, and far under an Ethernet frame.
const LIST_ROOM: usize = 500;

/// Room for the recovery journal.
const JOURNAL_ROOM: usize = 480;

/// The most that one message takes: a delta time and three bytes.
const MOST_MESSAGE: usize = 7;

/// A message may be meant for at most this long after it is sent; a time beyond that is an error
/// of someone's and would hold up all that follow.
const MOST_AHEAD_TICKS: u64 = 10_000;

/// When the journal is repeated after the last note, in nanoseconds after the packet before: if the
/// last packet is lost, nothing else tells the peer (RFC 6295, section 4.1, "guard packets").
const GUARDS_NS: [u64; 5] = [
    10_000_000,
    40_000_000,
    150_000_000,
    500_000_000,
    1_500_000_000,
];

/// The packets of one session.
#[derive(Debug)]
pub struct Stream {
    ssrc: u32,
    /// The number of the last packet, counted without wrapping.
    seq: u64,
    /// The time of the last message, which none goes behind.
    last_at: u64,
    history: History,
    /// The next guard and when it is due.
    guard: Option<(usize, u64)>,
}

impl Stream {
    /// A stream whose first packet has the number after `start`.
    #[must_use]
    pub fn new(ssrc: u32, start: u16) -> Self {
        // A whole turn ahead, so that counting back never goes below 0.
        let seq = 0x1_0000 + u64::from(start);
        Self {
            ssrc,
            seq,
            last_at: 0,
            history: History::new(seq + 1),
            guard: None,
        }
    }

    /// The next packet out of `waiting`, if anything waits there.
    pub fn next(&mut self, waiting: &mut VecDeque<Message>, now_ns: u64) -> Option<Vec<u8>> {
        let now = now_ns / TICK_NS;
        let seq = self.seq + 1;
        let mut list = Vec::with_capacity(LIST_ROOM);
        let mut first: Option<Message> = None;
        let mut before: Option<Message> = None;
        let mut taken = Vec::new();
        while list.len() + MOST_MESSAGE <= LIST_ROOM {
            let Some(mut message) = waiting.pop_front() else {
                break;
            };
            message.at = message.at.min(now + MOST_AHEAD_TICKS).max(self.last_at);
            self.last_at = message.at;
            payload::put_message(&mut list, before.as_ref(), &message);
            first = first.or(Some(message));
            before = Some(message);
            taken.push(message);
            // Some peers read no further after one.
            if message.is_system() {
                break;
            }
        }
        let packet = self.packet(first?.at, now, &list);
        for message in taken.iter().filter(|message| !message.is_system()) {
            self.history.note(seq, message);
            self.guard = GUARDS_NS.first().map(|wait| (0, now_ns + wait));
        }
        Some(packet)
    }

    /// A packet that only repeats the journal, if one is due.
    pub fn guard(&mut self, now_ns: u64) -> Option<Vec<u8>> {
        let (n, _) = self.guard.filter(|(_, due)| *due <= now_ns)?;
        let next = GUARDS_NS.get(n + 1);
        self.guard = next.map(|wait| (n + 1, now_ns + wait));
        self.repeat(now_ns)
    }

    /// A packet that only repeats the journal, if there is anything in it.
    pub fn repeat(&mut self, now_ns: u64) -> Option<Vec<u8>> {
        if self.history.is_empty() {
            self.guard = None;
            return None;
        }
        let now = now_ns / TICK_NS;
        self.last_at = self.last_at.max(now);
        Some(self.packet(self.last_at, now, &[]))
    }

    /// The peer has heard everything up to the packet of this number.
    pub fn heard(&mut self, seq: u16) {
        self.history.trust(seq, self.seq);
    }

    fn packet(&mut self, at: u64, now: u64, list: &[u8]) -> Vec<u8> {
        self.seq += 1;
        let journal = self.history.encode(self.seq, now, JOURNAL_ROOM);
        let header = Header {
            seq: self.seq as u16,
            ticks: at as u32,
            ssrc: self.ssrc,
        };
        payload::encode(&header, list, &journal)
    }
}
