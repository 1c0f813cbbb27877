//! [`Line`]: a sink in use and what sounds on it: notes of the lanes, notes from elsewhere, clock
//! ticks it still has to be sent. All of it runs on the real-time thread: no allocation, no lock.

use super::keys::Keys;
use super::midi_clock::{Messages, TICK};
use super::sink::{MidiSink, SinkError};
use super::wires::Raw;
use crate::message::LANES;
use std::sync::Arc;

/// A note of a lane that has been sent and not yet closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sounding {
    pub(super) id: u64,
    pub(super) channel: u8,
    pub(super) note: u8,
    /// The note-off was due at this time and was refused.
    pub(super) overdue: Option<u64>,
}

/// A sink and what sounds on it.
pub(super) struct Line {
    pub(super) sink: Box<dyn MidiSink>,
    pub(super) sounding: [Option<Sounding>; LANES],
    /// Keys of messages from elsewhere that sound, by channel.
    raw: [u128; 16],
    /// Those whose note-off was refused.
    raw_overdue: [u128; 16],
    /// Ticks that a full sink refused: none may be lost, or the machine falls behind for good.
    owed_ticks: u32,
    channels: u16,
    keys: Arc<Keys>,
    pub(super) lost: bool,
}

impl Line {
    pub(super) fn new(sink: Box<dyn MidiSink>, keys: Arc<Keys>) -> Self {
        Self {
            sink,
            sounding: [None; LANES],
            raw: [0; 16],
            raw_overdue: [0; 16],
            owed_ticks: 0,
            channels: 0,
            keys,
            lost: false,
        }
    }

    pub(super) fn send(&mut self, at_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        let answer = if self.lost {
            Err(SinkError::Lost)
        } else {
            self.sink.send(at_ns, now_ns, bytes)
        };
        match (answer, bytes) {
            (Ok(()), &[status, note, 1..=127]) if status & 0xf0 == 0x90 => {
                self.channels |= 1 << (status & 15);
                self.keys.add(status & 15, note);
            }
            (Err(SinkError::Lost), _) => {
                // Nothing passes any more, so nothing is left to close here.
                self.lost = true;
                self.sounding = [None; LANES];
                self.raw = [0; 16];
                self.raw_overdue = [0; 16];
                self.owed_ticks = 0;
            }
            _ => {}
        }
        answer
    }

    /// Closes the note of a lane; one that is refused is tried again by [`Line::retry`].
    pub(super) fn close(&mut self, lane: usize, at_ns: u64, now_ns: u64) -> bool {
        let Some(Some(note)) = self.sounding.get(lane).copied() else {
            return true;
        };
        let due = note.overdue.unwrap_or(at_ns);
        let answer = self.send(due, now_ns, &[0x80 | note.channel, note.note, 0x40]);
        if let Some(entry) = self.sounding.get_mut(lane) {
            *entry = match answer {
                Err(SinkError::Full) => Some(Sounding {
                    overdue: Some(due),
                    ..note
                }),
                Ok(()) | Err(SinkError::Lost) => None,
            };
        }
        answer != Err(SinkError::Full)
    }

    /// Sends a message from elsewhere as it is, and remembers what sounds by it.
    pub(super) fn raw(&mut self, raw: &Raw, at_ns: u64, now_ns: u64) -> Result<(), SinkError> {
        let bytes = raw.bytes.get(..usize::from(raw.len)).unwrap_or_default();
        let &[status, data, ..] = bytes else {
            return match bytes {
                [TICK] => {
                    self.tick(at_ns, now_ns);
                    Ok(())
                }
                [_] => self.send(at_ns, now_ns, bytes),
                _ => Ok(()),
            };
        };
        let (channel, bit) = (status & 15, 1u128 << (data & 127));
        let ends = status & 0xf0 == 0x80 || (status & 0xf0 == 0x90 && raw.bytes[2] == 0);
        let begins = status & 0xf0 == 0x90 && !ends;
        if begins
            && has(&self.raw_overdue, channel, bit)
            && !self.close_key(channel, data, at_ns, now_ns)
        {
            return Err(SinkError::Full);
        }
        let answer = self.send(at_ns, now_ns, bytes);
        match answer {
            Ok(()) if begins => set(&mut self.raw, channel, bit, true),
            Ok(()) if ends => {
                set(&mut self.raw, channel, bit, false);
                set(&mut self.raw_overdue, channel, bit, false);
            }
            Err(SinkError::Full) if ends && has(&self.raw, channel, bit) => {
                set(&mut self.raw_overdue, channel, bit, true);
            }
            _ => {}
        }
        answer
    }

    fn close_key(&mut self, channel: u8, note: u8, at_ns: u64, now_ns: u64) -> bool {
        let bit = 1u128 << (note & 127);
        let answer = self.send(at_ns, now_ns, &[0x80 | channel, note & 127, 0x40]);
        let full = answer == Err(SinkError::Full);
        set(&mut self.raw, channel, bit, full);
        set(&mut self.raw_overdue, channel, bit, full);
        !full
    }

    /// Sends a clock tick, after those it still owes.
    pub(super) fn tick(&mut self, at_ns: u64, now_ns: u64) {
        self.owed_ticks = self.owed_ticks.saturating_add(1);
        self.pay_ticks(at_ns, now_ns);
    }

    fn pay_ticks(&mut self, at_ns: u64, now_ns: u64) {
        while self.owed_ticks > 0 && self.send(at_ns, now_ns, &[TICK]).is_ok() {
            self.owed_ticks = self.owed_ticks.saturating_sub(1);
        }
    }

    /// Sends what the clock says. What is refused is lost: the next bar line says it again only
    /// to a machine that waits, so ticks that came before are paid first.
    pub(super) fn say(&mut self, messages: &Messages, at_ns: u64, now_ns: u64) {
        for message in messages.iter() {
            let _ = self.send(at_ns, now_ns, message);
        }
    }

    pub(super) fn close_all(&mut self, at_ns: u64, now_ns: u64) {
        for lane in 0..LANES {
            self.close(lane, at_ns, now_ns);
        }
        for channel in 0..16u8 {
            let mut keys = self.raw.get(usize::from(channel)).copied().unwrap_or(0);
            while keys != 0 {
                self.close_key(channel, keys.trailing_zeros() as u8, at_ns, now_ns);
                keys &= keys - 1;
            }
        }
        self.owed_ticks = 0;
    }

    /// Tries again what a full sink refused: note-offs and ticks.
    pub(super) fn retry(&mut self, now_ns: u64) {
        for lane in 0..LANES {
            let overdue = self.sounding.get(lane).copied().flatten();
            if overdue.is_some_and(|note| note.overdue.is_some()) {
                self.close(lane, now_ns, now_ns);
            }
        }
        for channel in 0..16u8 {
            let place = usize::from(channel);
            let mut keys = self.raw_overdue.get(place).copied().unwrap_or(0);
            while keys != 0 && self.close_key(channel, keys.trailing_zeros() as u8, now_ns, now_ns)
            {
                keys &= keys - 1;
            }
        }
        self.pay_ticks(now_ns, now_ns);
    }

    /// Tells every channel that was played that all notes are off, by controller 123.
    pub(super) fn all_off(&mut self, now_ns: u64) {
        let used = self.channels;
        for channel in (0..16u8).filter(|channel| used >> channel & 1 == 1) {
            let _ = self.send(now_ns, now_ns, &[0xb0 | channel, 123, 0]);
        }
    }

    pub(super) fn sounding(&self) -> u32 {
        let raw: u32 = self.raw.iter().map(|keys| keys.count_ones()).sum();
        self.sounding.iter().flatten().count() as u32 + raw
    }
}

fn has(keys: &[u128; 16], channel: u8, bit: u128) -> bool {
    keys.get(usize::from(channel))
        .is_some_and(|keys| keys & bit != 0)
}

fn set(keys: &mut [u128; 16], channel: u8, bit: u128, on: bool) {
    if let Some(keys) = keys.get_mut(usize::from(channel)) {
        *keys = if on { *keys | bit } else { *keys & !bit };
    }
}
