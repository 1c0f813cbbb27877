//! [`Slot`]: one place for an output in the scheduler, with the kit it plays and what sounds on it.
//! All of it runs on the real-time thread: no allocation, no lock, no drop of a sink.

use super::sink::{MidiSink, SinkError};
use crate::beat::kit::Voice;
use crate::message::LANES;

/// What plays each lane of an output.
pub type Voices = [Option<Voice>; LANES];

/// How long a sink that is taken out may go on refusing its last note-offs, in nanoseconds.
const FAREWELL_NS: u64 = 100_000_000;

/// A note that has been sent and not yet closed.
#[derive(Clone, Copy, Debug)]
struct Sounding {
    id: u64,
    channel: u8,
    note: u8,
    /// The note-off was due at this time and was refused.
    overdue: Option<u64>,
}

/// A sink and what sounds on it.
struct Line {
    sink: Box<dyn MidiSink>,
    sounding: [Option<Sounding>; LANES],
    channels: u16,
    lost: bool,
}

impl Line {
    fn send(&mut self, at_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        let answer = if self.lost {
            Err(SinkError::Lost)
        } else {
            self.sink.send(at_ns, now_ns, bytes)
        };
        if answer == Err(SinkError::Lost) {
            // Nothing passes any more, so nothing is left to close here.
            self.lost = true;
            self.sounding = [None; LANES];
        }
        answer
    }

    /// Closes the note of a lane; one that is refused is tried again by [`Line::retry`].
    fn close(&mut self, lane: usize, at_ns: u64, now_ns: u64) -> bool {
        let Some(Some(note)) = self.sounding.get(lane).copied() else {
            return true;
        };
        let due = note.overdue.unwrap_or(at_ns);
        let bytes = [0x80 | note.channel, note.note, 0x40];
        let answer = self.send(due, now_ns, &bytes);
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

    fn close_all(&mut self, at_ns: u64, now_ns: u64) {
        for lane in 0..LANES {
            self.close(lane, at_ns, now_ns);
        }
    }

    fn retry(&mut self, now_ns: u64) {
        for lane in 0..LANES {
            if matches!(
                self.sounding.get(lane),
                Some(Some(Sounding {
                    overdue: Some(_),
                    ..
                }))
            ) {
                self.close(lane, now_ns, now_ns);
            }
        }
    }

    fn sounding(&self) -> u32 {
        self.sounding.iter().flatten().count() as u32
    }
}

/// One place for an output.
pub(super) struct Slot {
    line: Option<Line>,
    /// A sink that was taken out while it refused note-offs, and until when it may.
    leaving: Option<(Line, u64)>,
    voices: Voices,
    muted: bool,
}

impl Slot {
    pub(super) const fn new(voices: Voices) -> Self {
        Self {
            line: None,
            leaving: None,
            voices,
            muted: false,
        }
    }

    /// Whether a sink that was taken out still closes its notes; no other may be put in then.
    pub(super) const fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    pub(super) const fn set_voices(&mut self, voices: Voices) {
        self.voices = voices;
    }

    pub(super) const fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// Puts a sink in (or none) and closes every note of the one that leaves, which
    /// [`Slot::take_left`] then gives out.
    pub(super) fn swap(&mut self, sink: Option<Box<dyn MidiSink>>, now_ns: u64) {
        let new = sink.map(|sink| Line {
            sink,
            sounding: [None; LANES],
            channels: 0,
            lost: false,
        });
        if let Some(mut old) = std::mem::replace(&mut self.line, new) {
            old.close_all(now_ns, now_ns);
            self.leaving = Some((old, now_ns.saturating_add(FAREWELL_NS)));
        }
    }

    /// A sink that left and whose notes are closed, or that had its time.
    pub(super) fn take_left(&mut self, now_ns: u64) -> Option<Box<dyn MidiSink>> {
        let (line, until) = self.leaving.as_ref()?;
        if line.sounding() > 0 && now_ns < *until {
            return None;
        }
        self.leaving.take().map(|(line, _)| line.sink)
    }

    /// Sends a lane's note. A note that still sounds on the same key is closed first.
    /// `None` if there is nothing to send it to.
    pub(super) fn note_on(
        &mut self,
        (id, lane, velocity): (u64, usize, u8),
        at_ns: u64,
        now_ns: u64,
    ) -> Option<Result<(), SinkError>> {
        let voice = self.voices.get(lane).copied().flatten()?;
        let line = self
            .line
            .as_mut()
            .filter(|line| !line.lost && !self.muted)?;
        for other in 0..LANES {
            let same = line
                .sounding
                .get(other)
                .copied()
                .flatten()
                .is_some_and(|n| {
                    other == lane || (n.channel == voice.channel && n.note == voice.note)
                });
            if same && !line.close(other, at_ns, now_ns) {
                return Some(Err(SinkError::Full));
            }
        }
        let channel = voice.channel & 0x0f;
        let velocity = velocity.clamp(1, 127);
        if let Some(cc) = voice.level_cc {
            // The machine ignores velocity: its level goes before the note.
            let level = [0xb0 | channel, cc & 0x7f, velocity];
            if let Err(e) = line.send(at_ns, now_ns, &level) {
                return Some(Err(e));
            }
        }
        let answer = line.send(
            at_ns,
            now_ns,
            &[0x90 | channel, voice.note & 0x7f, velocity],
        );
        if answer.is_ok() {
            line.channels |= 1 << channel;
            if let Some(entry) = line.sounding.get_mut(lane) {
                *entry = Some(Sounding {
                    id,
                    channel,
                    note: voice.note & 0x7f,
                    overdue: None,
                });
            }
        }
        Some(answer)
    }

    /// Closes the note `id` of a lane, if it is the one that sounds.
    pub(super) fn note_off(&mut self, id: u64, lane: usize, at_ns: u64, now_ns: u64) {
        if let Some(line) = &mut self.line
            && matches!(line.sounding.get(lane), Some(Some(note)) if note.id == id)
        {
            line.close(lane, at_ns, now_ns);
        }
    }

    /// Closes every note now.
    pub(super) fn silence(&mut self, now_ns: u64) {
        if let Some(line) = &mut self.line {
            line.close_all(now_ns, now_ns);
            line.sink.hush(now_ns);
        }
    }

    /// Closes every note and tells the device so once more, by controller 123 (all notes off).
    pub(super) fn panic(&mut self, now_ns: u64) {
        self.silence(now_ns);
        if let Some(line) = &mut self.line {
            let used = line.channels;
            for channel in (0..16u8).filter(|channel| used >> channel & 1 == 1) {
                let _ = line.send(now_ns, now_ns, &[0xb0 | channel, 123, 0]);
            }
        }
    }

    /// Tries refused note-offs again.
    pub(super) fn retry(&mut self, now_ns: u64) {
        if let Some(line) = &mut self.line {
            line.retry(now_ns);
        }
        if let Some((line, _)) = &mut self.leaving {
            line.retry(now_ns);
        }
    }

    /// Notes that sound.
    pub(super) fn sounding(&self) -> u32 {
        self.line.as_ref().map_or(0, Line::sounding)
            + self.leaving.as_ref().map_or(0, |(line, _)| line.sounding())
    }

    /// Whether its sink told that it is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.lost)
    }
}
