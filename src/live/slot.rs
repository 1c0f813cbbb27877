//! [`Slot`]: one place for an output in the scheduler, with the kit it plays, its offset from the
//! beat and its clock. All of it runs on the real-time thread: no allocation, no lock, no drop of a
//! sink.

use super::keys::Keys;
use super::line::{Line, Sounding};
use super::midi_clock::{BarMark, MidiClock};
use super::sink::{MidiSink, SinkError};
use super::wires::Raw;
use crate::beat::kit::Voice;
use crate::message::LANES;
use std::sync::Arc;

/// What plays each lane of an output.
pub type Voices = [Option<Voice>; LANES];

/// How long a sink that is taken out may go on refusing its last note-offs, in nanoseconds.
const FAREWELL_NS: u64 = 100_000_000;

/// One place for an output.
pub(super) struct Slot {
    line: Option<Line>,
    /// A sink that was taken out while it refused note-offs, and until when it may.
    leaving: Option<(Line, u64)>,
    voices: Voices,
    muted: bool,
    latency_ns: i64,
    clock: MidiClock,
    keys: Arc<Keys>,
}

impl Slot {
    pub(super) fn new(voices: Voices, keys: Arc<Keys>) -> Self {
        Self {
            line: None,
            leaving: None,
            voices,
            muted: false,
            latency_ns: 0,
            clock: MidiClock::default(),
            keys,
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

    pub(super) fn drive(&mut self, clock: bool, latency_ns: i64, now_ns: u64) {
        self.latency_ns = latency_ns;
        if clock != self.clock.is_on() {
            let last = self.clock.switch(clock);
            if let Some(line) = &mut self.line {
                line.say(&last, now_ns, now_ns);
            }
        }
    }

    /// The machine was away; it is told at the next bar line where the song is.
    pub(super) const fn rejoin(&mut self) {
        self.clock.forget();
    }

    /// When something that is due at `at_ns` is to leave here.
    pub(super) const fn time(&self, at_ns: u64) -> u64 {
        at_ns.saturating_add_signed(self.latency_ns)
    }

    /// Whether its offset moves it off the beat.
    pub(super) const fn is_offset(&self) -> bool {
        self.latency_ns != 0
    }

    pub(super) const fn takes_clock(&self) -> bool {
        self.clock.is_on() && self.line.is_some()
    }

    /// Puts a sink in (or none) and closes every note of the one that leaves, which
    /// [`Slot::take_left`] then gives out.
    pub(super) fn swap(&mut self, sink: Option<Box<dyn MidiSink>>, now_ns: u64) {
        let new = sink.map(|sink| Line::new(sink, Arc::clone(&self.keys)));
        if let Some(mut old) = std::mem::replace(&mut self.line, new) {
            old.say(&self.clock.stop(), now_ns, now_ns);
            old.close_all(now_ns, now_ns);
            self.leaving = Some((old, now_ns.saturating_add(FAREWELL_NS)));
        }
        self.clock.forget();
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
        if answer.is_ok()
            && let Some(entry) = line.sounding.get_mut(lane)
        {
            *entry = Some(Sounding {
                id,
                channel,
                note: voice.note & 0x7f,
                overdue: None,
            });
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

    /// Sends a message from elsewhere; `None` if there is nothing to send it to. While it is muted,
    /// only what ends something passes.
    pub(super) fn raw(
        &mut self,
        raw: &Raw,
        at_ns: u64,
        now_ns: u64,
    ) -> Option<Result<(), SinkError>> {
        let line = self.line.as_mut().filter(|line| !line.lost)?;
        if self.muted && raw.begins_note() {
            return None;
        }
        Some(line.raw(raw, at_ns, now_ns))
    }

    /// Tells a machine that follows the clock of a bar line.
    pub(super) fn mark(&mut self, mark: BarMark, at_ns: u64, now_ns: u64) {
        if let Some(line) = self.line.as_mut().filter(|line| !line.lost) {
            line.say(&self.clock.mark(mark), at_ns, now_ns);
        }
    }

    /// Sends a clock tick.
    pub(super) fn tick(&mut self, at_ns: u64, now_ns: u64) {
        if let Some(line) = self.line.as_mut().filter(|line| !line.lost)
            && self.clock.tick()
        {
            line.tick(at_ns, now_ns);
        }
    }

    /// Closes every note now; a machine that follows the clock is stopped.
    pub(super) fn silence(&mut self, now_ns: u64) {
        if let Some(line) = &mut self.line {
            line.close_all(now_ns, now_ns);
            line.say(&self.clock.stop(), now_ns, now_ns);
            line.sink.hush(now_ns);
        }
    }

    /// Closes every note and tells the device so once more.
    pub(super) fn panic(&mut self, now_ns: u64) {
        self.silence(now_ns);
        if let Some(line) = &mut self.line {
            line.all_off(now_ns);
        }
    }

    /// Tries again what a full sink refused.
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
