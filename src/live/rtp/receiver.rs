//! A listener that does what RFC 6295 asks of one: plays the messages, and after a gap repairs its
//! notes from the journal. For tests alone, since the program itself receives no notes.

use super::payload::{self, Message};
use std::collections::BTreeMap;

/// One channel of a recovery journal.
#[derive(Debug, PartialEq, Eq)]
pub struct ChannelLog {
    pub channel: u8,
    /// Key, velocity and whether to play it still.
    pub on: Vec<(u8, u8, bool)>,
    pub off: Vec<u8>,
    /// The channel's S bit and those of its logs: clear where the packet before is meant.
    pub old: bool,
    pub old_logs: Vec<bool>,
    /// The B bit: clear if the packet before ended a note.
    pub old_offs: bool,
}

/// Reads a journal of channels with chapter N alone; panics on anything else, and on any byte too
/// many or too few.
pub fn read_journal(bytes: &[u8]) -> (u16, Vec<ChannelLog>) {
    let [flags, high, low] = *bytes.first_chunk().expect("a journal header");
    assert_eq!(flags & 0xd0, 0, "neither S, Y nor H");
    let mut channels = Vec::new();
    let mut rest = &bytes[3..];
    let count = if flags & 0x20 == 0 {
        0
    } else {
        1 + usize::from(flags & 15)
    };
    for _ in 0..count {
        let length = usize::from(rest[0] & 3) << 8 | usize::from(rest[1]);
        let (own, after) = rest.split_at(length);
        rest = after;
        assert_eq!((own[0] & 4, own[2]), (0, 0x08), "chapter N alone");
        let (low, high) = (own[4] >> 4, own[4] & 15);
        let mut logs = usize::from(own[3] & 127);
        if logs == 127 && (low, high) == (15, 0) {
            logs = 128;
        }
        let (on, off) = own[5..].split_at(2 * logs);
        assert_eq!(
            off.len(),
            if low <= high {
                usize::from(high - low) + 1
            } else {
                0
            }
        );
        let bits = off.iter().enumerate().flat_map(|(n, bits)| {
            let first = 8 * (low + n as u8);
            (0..8)
                .filter(move |bit| bits << bit & 0x80 != 0)
                .map(move |bit| first + bit)
        });
        let off: Vec<u8> = bits.collect();
        channels.push(ChannelLog {
            channel: own[0] >> 3 & 15,
            on: on
                .chunks(2)
                .map(|log| (log[0] & 127, log[1] & 127, log[1] & 128 != 0))
                .collect(),
            off,
            old: own[0] & 128 != 0,
            old_logs: on.chunks(2).map(|log| log[0] & 128 != 0).collect(),
            old_offs: own[3] & 128 != 0,
        });
    }
    assert!(rest.is_empty(), "bytes after the journal");
    (u16::from_be_bytes([high, low]), channels)
}

/// The listener.
#[derive(Debug, Default)]
pub struct Receiver {
    last: Option<u16>,
    /// Channel and key of what sounds, with its velocity.
    pub sounding: BTreeMap<(u8, u8), u8>,
    /// Every message heard, in order, those from journals left out.
    pub heard: Vec<Vec<u8>>,
    /// Notes that a journal began.
    pub recovered: Vec<(u8, u8)>,
}

impl Receiver {
    /// Takes a packet; the number of the highest heard.
    pub fn take(&mut self, bytes: &[u8]) -> u16 {
        let packet = payload::decode(bytes).expect("a packet");
        let seq = packet.header.seq;
        let ahead = self.last.map_or(2, |last| seq.wrapping_sub(last));
        if ahead == 0 || ahead >= 0x8000 {
            // Late or twice: what it said was repaired.
            return self.last.unwrap_or(seq);
        }
        let (checkpoint, channels) = read_journal(packet.journal.expect("a journal"));
        if ahead > 1 {
            if let Some(last) = self.last {
                let covered = last.wrapping_add(1).wrapping_sub(checkpoint);
                assert!(
                    covered < 0x8000,
                    "the journal does not reach back to what was heard"
                );
            }
            for log in channels {
                for key in log.off {
                    self.sounding.remove(&(log.channel, key));
                }
                for (key, velocity, play) in log.on {
                    if self.sounding.insert((log.channel, key), velocity).is_none() && play {
                        self.recovered.push((key, velocity));
                    }
                }
            }
        }
        self.last = Some(seq);
        for message in &packet.messages {
            self.play(message);
        }
        seq
    }

    fn play(&mut self, message: &Message) {
        apply(&mut self.sounding, message);
        self.heard.push(message.bytes().to_vec());
    }
}

/// What a message does to what sounds.
pub fn apply(sounding: &mut BTreeMap<(u8, u8), u8>, message: &Message) {
    match *message.bytes() {
        [status @ 0x90..=0x9f, key, velocity] if velocity > 0 => {
            sounding.insert((status & 15, key), velocity);
        }
        [status @ 0x80..=0x9f, key, _] => {
            sounding.remove(&(status & 15, key));
        }
        [status @ 0xb0..=0xbf, 120 | 123..=127, _] => {
            sounding.retain(|(channel, _), _| *channel != status & 15);
        }
        _ => {}
    }
}
