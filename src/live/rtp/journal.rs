//! [`History`]: which notes the last packets began and ended, from which every packet carries a
//! recovery journal (RFC 6295, section 5 and appendices A.1 and A.6: chapter N), so that a peer that
//! lost packets closes the notes it should and knows those that sound. Chapters for anything but
//! notes are not written; a drum machine is sent little else.

use super::payload::Message;
use std::collections::VecDeque;

/// A note that began longer ago is not worth playing any more, in ticks of the session clock.
const STALE_TICKS: u64 = 1_000;

/// A packet is remembered until this many others have followed it, at most: with 16-bit numbers,
/// one that is older could be taken for one that is to come.
const MOST_PACKETS: u64 = 16_384;

/// Bytes before a channel's note logs: its header and that of chapter N.
const CHANNEL_HEAD: usize = 5;

/// The last that happened to a note.
#[derive(Clone, Copy, Debug)]
struct Entry {
    channel: u8,
    note: u8,
    /// 0 if it ended.
    velocity: u8,
    /// The packet that said so.
    seq: u64,
    at: u64,
}

/// What packets said of notes since the checkpoint, the packet after the last that the peer is
/// known to have heard. Holds one entry a note, so it cannot outgrow 16 channels of 128.
#[derive(Debug)]
pub struct History {
    /// Oldest first.
    entries: VecDeque<Entry>,
    /// A bit for each note that sounds.
    sounding: [u128; 16],
    checkpoint: u64,
}

impl History {
    /// Nothing yet; `first` is the number of the first packet, counted without wrapping.
    #[must_use]
    pub const fn new(first: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            sounding: [0; 16],
            checkpoint: first,
        }
    }

    /// Whether there is nothing to repeat.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes down that packet `seq` carries `message`.
    pub fn note(&mut self, seq: u64, message: &Message) {
        let (channel, note, velocity) = match *message.bytes() {
            [status @ 0x90..=0x9f, note, velocity] => (status & 15, note, velocity),
            [status @ 0x80..=0x8f, note, _] => (status & 15, note, 0),
            // All sound off, all notes off and the four modes that imply it.
            [status @ 0xb0..=0xbf, 120 | 123..=127, _] => {
                let channel = status & 15;
                let sounding = self.sounding.get(usize::from(channel)).copied();
                for note in (0..128).filter(|note| sounding.unwrap_or(0) >> note & 1 == 1) {
                    self.put(Entry {
                        channel,
                        note,
                        velocity: 0,
                        seq,
                        at: message.at,
                    });
                }
                return;
            }
            _ => return,
        };
        self.put(Entry {
            channel,
            note,
            velocity,
            seq,
            at: message.at,
        });
    }

    fn put(&mut self, entry: Entry) {
        if let Some(sounding) = self.sounding.get_mut(usize::from(entry.channel)) {
            let bit = 1 << (entry.note & 127);
            *sounding = if entry.velocity > 0 {
                *sounding | bit
            } else {
                *sounding & !bit
            };
        }
        let key = (entry.channel, entry.note);
        self.entries.retain(|old| (old.channel, old.note) != key);
        self.entries.push_back(entry);
    }

    /// The peer has heard everything up to `seq`, of which the low 16 bits came back; `sent` is
    /// the last packet sent. Nonsense is ignored.
    pub fn trust(&mut self, seq: u16, sent: u64) {
        let back = u64::from((sent as u16).wrapping_sub(seq));
        let heard = sent.saturating_sub(back);
        if back < MOST_PACKETS && heard >= self.checkpoint {
            self.forget_up_to(heard);
        }
    }

    fn forget_up_to(&mut self, seq: u64) {
        self.checkpoint = self.checkpoint.max(seq + 1);
        while self.entries.front().is_some_and(|entry| entry.seq <= seq) {
            self.entries.pop_front();
        }
    }

    /// The journal of packet `seq`, sent at tick `now`: at most `room` bytes. What does not fit is
    /// forgotten, oldest first.
    pub fn encode(&mut self, seq: u64, now: u64, room: usize) -> Vec<u8> {
        if let Some(old) = seq.checked_sub(MOST_PACKETS) {
            self.forget_up_to(old);
        }
        let mut out = self.write(seq, now);
        while out.len() > room {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.checkpoint = self.checkpoint.max(oldest.seq + 1);
            out = self.write(seq, now);
        }
        out
    }

    fn write(&self, seq: u64, now: u64) -> Vec<u8> {
        let mut out = vec![0; 3];
        let mut channels = 0u8;
        for channel in 0..16 {
            let of = |entry: &&Entry| entry.channel == channel;
            let entries: Vec<&Entry> = self.entries.iter().filter(of).collect();
            if !entries.is_empty() {
                channels += 1;
                write_channel(&mut out, channel, &entries, seq.wrapping_sub(1), now);
            }
        }
        // The header's own S bit stays 0, "look inside": at least one peer takes it for the flag of
        // the system journal when there is none. A set bit would only save others a glance.
        let flags = if channels > 0 {
            0x20 | (channels - 1)
        } else {
            0
        };
        // Before anything was lost or heard, the packet before this one.
        let checkpoint = self.checkpoint.min(seq.saturating_sub(1)) as u16;
        let [high, low] = checkpoint.to_be_bytes();
        (out.iter_mut().zip([flags, high, low])).for_each(|(to, byte)| *to = byte);
        out
    }
}

/// One channel's journal, with chapter N alone. `before` is the packet before this one: what it
/// carried has an S bit of 0.
fn write_channel(out: &mut Vec<u8>, channel: u8, entries: &[&Entry], before: u64, now: u64) {
    let mut off_bits = [0u8; 16];
    let mut logs = Vec::new();
    // All of a channel's 128 notes may sound, which the count of 7 bits says in a way of its own.
    let mut count = 0usize;
    for entry in entries {
        if entry.velocity == 0 {
            if let Some(bits) = off_bits.get_mut(usize::from(entry.note / 8)) {
                *bits |= 0x80 >> (entry.note % 8);
            }
            continue;
        }
        count += 1;
        let s = u8::from(entry.seq != before) << 7;
        let play = u8::from(now.saturating_sub(entry.at) <= STALE_TICKS) << 7;
        logs.extend([s | entry.note, play | entry.velocity]);
    }
    let used = |bits: &u8| *bits != 0;
    let (low, high) = match (
        off_bits.iter().position(used),
        off_bits.iter().rposition(used),
    ) {
        (Some(low), Some(high)) => (low, high),
        _ if count > 127 => (15, 0),
        _ => (15, 1),
    };
    let offs = off_bits.get(low..=high).unwrap_or_default();
    let length = CHANNEL_HEAD + logs.len() + offs.len();
    let ended_before = (entries.iter()).any(|entry| entry.velocity == 0 && entry.seq == before);
    let s = entries.iter().all(|entry| entry.seq != before);
    out.extend([
        u8::from(s) << 7 | channel << 3 | (length >> 8) as u8 & 3,
        length as u8,
        // Chapter N alone.
        0x08,
        u8::from(!ended_before) << 7 | count.min(127) as u8,
        (low as u8) << 4 | high as u8,
    ]);
    out.extend(logs);
    out.extend(offs);
}
