//! The events of one track, read by midly one at a time. midly stops without a word where an
//! event is damaged; so each event's frame is looked at first, what can be skipped or mended is,
//! and every such case is told.

use super::read::Repairs;
use super::{MeterChange, Note, TempoChange};
use midly::{EventIter, MetaMessage, MidiMessage, TrackEventKind};

/// What one track holds.
#[derive(Debug, Default)]
pub(super) struct TrackContent {
    pub(super) notes: Vec<Note>,
    pub(super) tempi: Vec<TempoChange>,
    pub(super) meters: Vec<MeterChange>,
    pub(super) name: String,
    /// Ticks of its last event.
    pub(super) end: u64,
}

/// What comes next in a track.
enum Frame {
    /// A channel message with its own status.
    Channel,
    /// A channel message that leaves its status to the one before.
    Running,
    /// A meta or system-exclusive event of so many bytes, delta included.
    Sized(usize),
    /// A system message, which files may not have: so many bytes, delta included.
    System(usize),
    /// The track ends inside the event.
    Cut,
}

/// Reads a track's bytes, without the chunk header. `index` is the track's place in the file.
pub(super) fn read(bytes: &[u8], index: usize, repairs: &mut Repairs) -> TrackContent {
    let mut content = TrackContent::default();
    let mut events = EventIter::new(bytes);
    let mut last_status = None;
    let mut tick = 0u64;
    loop {
        let rest = events.unread();
        if rest.is_empty() {
            repairs.note("a track has no end mark");
            break;
        }
        let (delta, delta_length, whole) = variable_length(rest);
        if !whole {
            repairs.note("a time of more than 28 bits");
        }
        let frame = frame(rest, delta_length, repairs);
        match frame {
            Frame::Cut => {
                repairs.note("a track is cut off");
                break;
            }
            Frame::System(length) => {
                repairs.note("system messages inside a track were skipped");
                tick += u64::from(delta);
                skip(&mut events, length, last_status);
                continue;
            }
            Frame::Running if events.running_status().is_none() => {
                if last_status.is_none() {
                    repairs.note("a track begins without a status byte; its rest is lost");
                    break;
                }
                repairs.note("running status went on after a meta event");
                *events.running_status_mut() = last_status;
            }
            Frame::Channel | Frame::Running | Frame::Sized(_) => {}
        }
        let Some(Ok(event)) = events.next() else {
            if let Frame::Sized(length) = frame {
                repairs.note("a damaged meta event was skipped");
                tick += u64::from(delta);
                events = EventIter::new(rest);
                skip(&mut events, length, last_status);
                continue;
            }
            repairs.note("a damaged event; the rest of its track is lost");
            break;
        };
        if let TrackEventKind::Midi { .. } = event.kind {
            last_status = events.running_status();
        }
        tick += u64::from(event.delta.as_int());
        if !content.take(event.kind, tick, index, repairs) {
            if !events.unread().is_empty() {
                repairs.note("bytes after a track's end mark were left out");
            }
            break;
        }
    }
    content.end = tick;
    content
}

/// Goes on `length` bytes later.
fn skip(events: &mut EventIter<'_>, length: usize, status: Option<u8>) {
    let rest = events.unread().get(length..).unwrap_or_default();
    *events = EventIter::new(rest);
    *events.running_status_mut() = status;
}

/// A number of at most four bytes of seven bits: its value, its length in bytes, and whether it
/// ends as it should.
fn variable_length(bytes: &[u8]) -> (u32, usize, bool) {
    let mut value = 0;
    for (i, &byte) in bytes.iter().take(4).enumerate() {
        value = value << 7 | u32::from(byte & 0x7f);
        if byte < 0x80 {
            return (value, i + 1, true);
        }
    }
    (value, bytes.len().min(4), false)
}

fn frame(rest: &[u8], delta_length: usize, repairs: &mut Repairs) -> Frame {
    let Some(&status) = rest.get(delta_length) else {
        return Frame::Cut;
    };
    let sized = |at: usize, repairs: &mut Repairs| {
        let Some(after) = rest.get(at..).filter(|after| !after.is_empty()) else {
            return Frame::Cut;
        };
        let (length, bytes, whole) = variable_length(after);
        let end = at + bytes + length as usize;
        if !whole || end > rest.len() {
            repairs.note("an event is longer than its track");
        }
        Frame::Sized(end.min(rest.len()))
    };
    match status {
        0x00..=0x7f => Frame::Running,
        0x80..=0xef => Frame::Channel,
        0xf0 | 0xf7 => sized(delta_length + 1, repairs),
        0xff => sized(delta_length + 2, repairs),
        0xf2 => Frame::System(delta_length + 3),
        0xf1 | 0xf3 => Frame::System(delta_length + 2),
        _ => Frame::System(delta_length + 1),
    }
}

impl TrackContent {
    /// Keeps what matters of an event; false at the end mark.
    fn take(
        &mut self,
        kind: TrackEventKind<'_>,
        tick: u64,
        track: usize,
        repairs: &mut Repairs,
    ) -> bool {
        match kind {
            TrackEventKind::Midi {
                channel,
                message: MidiMessage::NoteOn { key, vel },
            } if vel.as_int() > 0 => self.notes.push(Note {
                tick,
                channel: channel.as_int(),
                pitch: key.as_int(),
                velocity: vel.as_int(),
                track,
            }),
            TrackEventKind::Meta(MetaMessage::Tempo(micros)) => match micros.as_int() {
                0 => repairs.note("a tempo of zero was left out"),
                micros => self.tempi.push(TempoChange { tick, micros }),
            },
            TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, _, _)) => {
                self.meters.push(MeterChange {
                    tick,
                    numerator,
                    denominator_power: power,
                });
            }
            TrackEventKind::Meta(MetaMessage::TrackName(name)) if self.name.is_empty() => {
                // Longer names are cut by `sanitize` anyway; no need to decode megabytes.
                let name = name.get(..1024).unwrap_or(name);
                self.name = crate::base::text::sanitize(&String::from_utf8_lossy(name));
            }
            TrackEventKind::Meta(MetaMessage::EndOfTrack) => return false,
            _ => {}
        }
        true
    }
}
