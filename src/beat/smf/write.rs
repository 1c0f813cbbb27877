//! From notes to the bytes of a Standard MIDI File of format 0.

use crate::base::text::sanitize;
use crate::beat::grid::{BeatGrid, Meter};
use crate::beat::kit::Kit;
use crate::beat::lane::Lane;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};
use std::collections::HashMap;

/// The last tick a file can have here; later events are put on it. At 480 ticks a quarter note
/// and 400 quarter notes a minute that is 23 hours away.
const MAX_TICK: u64 = (1 << 28) - 1;

/// What goes into a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Song {
    /// The track's name; sanitised when written.
    pub name: String,
    /// Ticks a quarter note, 1 to 32,767.
    pub ticks_per_quarter: u16,
    /// The one time signature.
    pub meter: Meter,
    /// Tempo changes: tick, thousandths of a quarter note per minute. The first is written at tick
    /// 0 too, whatever its tick.
    pub tempi: Vec<(u64, u32)>,
    /// The notes, in any order.
    pub notes: Vec<SongNote>,
    /// Texts at ticks.
    pub markers: Vec<(u64, String)>,
    /// The song lasts at least up to this tick, so that rests at its end are kept.
    pub end_tick: u64,
}

impl Default for Song {
    fn default() -> Self {
        Self {
            name: String::new(),
            ticks_per_quarter: 480,
            meter: Meter::COMMON,
            tempi: Vec::new(),
            notes: Vec::new(),
            markers: Vec::new(),
            end_tick: 0,
        }
    }
}

/// A note of a [`Song`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SongNote {
    /// Ticks from the start.
    pub tick: u64,
    /// How long it is held, in ticks; 0 counts as 1. Cut where the same note begins again.
    pub length: u64,
    /// Channel counted from 0, 0 to 15.
    pub channel: u8,
    /// MIDI note, 0 to 127.
    pub note: u8,
    /// 1 to 127; a velocity of 0 is left out.
    pub velocity: u8,
}

/// The bytes of a song: name, tempo, time signature, every note-on with its note-off, end mark.
/// Two notes of the same pitch and tick become one, the louder. The same song gives the same
/// bytes.
#[must_use]
pub fn write(song: &Song) -> Vec<u8> {
    let name = sanitize(&song.name);
    let markers: Vec<(u64, String)> = song
        .markers
        .iter()
        .map(|(tick, text)| ((*tick).min(MAX_TICK), sanitize(text)))
        .collect();
    // (tick, rank among what shares the tick, event): note-offs come before note-ons.
    let mut events: Vec<(u64, u8, TrackEventKind<'_>)> = Vec::new();
    let mut meta = |tick, rank, message| events.push((tick, rank, TrackEventKind::Meta(message)));
    meta(0, 0, MetaMessage::TrackName(name.as_bytes()));
    let power = song.meter.denominator().trailing_zeros() as u8;
    let signature = MetaMessage::TimeSignature(song.meter.numerator(), power, 24, 8);
    meta(0, 0, signature);
    for (i, &(tick, milli_bpm)) in song.tempi.iter().enumerate() {
        let tick = if i == 0 { 0 } else { tick.min(MAX_TICK) };
        meta(tick, 0, MetaMessage::Tempo(tempo_micros(milli_bpm)));
    }
    for (tick, text) in &markers {
        meta(*tick, 0, MetaMessage::Marker(text.as_bytes()));
    }
    for note in held_notes(&song.notes) {
        let channel = u4::from(note.channel & 0x0f);
        let key = u7::from(note.note);
        let on = MidiMessage::NoteOn {
            key,
            vel: u7::from(note.velocity.min(127)),
        };
        let off = MidiMessage::NoteOff {
            key,
            vel: u7::from(0),
        };
        let midi = |message| TrackEventKind::Midi { channel, message };
        events.push((note.tick, 2, midi(on)));
        events.push((note.tick + note.length, 1, midi(off)));
    }
    events.sort_by_key(|&(tick, rank, _)| (tick, rank));
    let last = events.last().map_or(0, |&(tick, ..)| tick);
    let end = song.end_tick.min(MAX_TICK).max(last);
    events.push((end, 3, TrackEventKind::Meta(MetaMessage::EndOfTrack)));

    let mut now = 0;
    let track: Vec<TrackEvent<'_>> = events
        .into_iter()
        .map(|(tick, _, kind)| {
            let delta = u28::from((tick - now).min(MAX_TICK) as u32);
            now = tick;
            TrackEvent { delta, kind }
        })
        .collect();
    let timing = Timing::Metrical(u15::from(song.ticks_per_quarter.clamp(1, 0x7fff)));
    let header = Header::new(Format::SingleTrack, timing);
    let mut bytes = Vec::new();
    // A vector takes all bytes, and midly refuses only tracks of 4 GiB and texts of 256 MiB,
    // which sanitised texts and ticks below 2^28 keep out.
    let _ = midly::write(&header, [&track], &mut bytes);
    bytes
}

/// Microseconds a quarter note, 1 to 2^24 - 1.
fn tempo_micros(milli_bpm: u32) -> u24 {
    let milli_bpm = u64::from(milli_bpm.max(1));
    let micros = (60_000_000_000 + milli_bpm / 2) / milli_bpm;
    u24::from(micros.clamp(1, 0x00ff_ffff) as u32)
}

/// Sorts notes by tick, joins those of one pitch and tick, and cuts each where its pitch begins
/// again.
fn held_notes(notes: &[SongNote]) -> Vec<SongNote> {
    let mut sorted: Vec<SongNote> = notes
        .iter()
        .filter(|note| note.velocity > 0 && note.note < 128)
        .map(|note| SongNote {
            tick: note.tick.min(MAX_TICK - 1),
            ..*note
        })
        .collect();
    sorted.sort_by_key(|n| (n.tick, n.channel, n.note, std::cmp::Reverse(n.velocity)));
    sorted.dedup_by_key(|n| (n.tick, n.channel, n.note));
    let mut next_start: HashMap<(u8, u8), u64> = HashMap::new();
    for note in sorted.iter_mut().rev() {
        let limit = next_start
            .insert((note.channel & 0x0f, note.note), note.tick)
            .unwrap_or(MAX_TICK);
        note.length = note.length.clamp(1, (limit - note.tick).max(1));
    }
    sorted
}

/// Ticks a quarter note of songs made from grids.
const TICKS_PER_QUARTER: u16 = 480;

/// Ticks a 16th of songs made from grids.
const TICKS_PER_STEP: i64 = TICKS_PER_QUARTER as i64 / 4;

/// Places a grid's hits in ticks, micro-timing kept to the nearest tick, each held for half a
/// step. A hit never leaves its step: reading the song gives the same cells again, and only a hit
/// before the very start moves to tick 0. Lanes the kit has no voice for are left out.
#[must_use]
pub fn song_from_grid(grid: &BeatGrid, kit: &Kit, name: &str) -> Song {
    let mut notes = Vec::new();
    for (step, cells) in (0i64..).zip(&grid.steps) {
        for (lane, cell) in Lane::ALL.into_iter().zip(cells) {
            let (Some(voice), true) = (kit.voice(lane), cell.velocity > 0) else {
                continue;
            };
            let offset = (cell.offset * TICKS_PER_STEP as f32).round() as i64;
            let offset = offset.clamp(-TICKS_PER_STEP / 2, TICKS_PER_STEP / 2 - 1);
            notes.push(SongNote {
                tick: u64::try_from(step * TICKS_PER_STEP + offset).unwrap_or(0),
                length: TICKS_PER_STEP as u64 / 2,
                channel: voice.channel,
                note: voice.note,
                velocity: cell.velocity.min(127),
            });
        }
    }
    // A tempo that is no number casts to 0, which is written as the slowest there is.
    let milli_bpm = (grid.tempo * 1000.0).round() as u32;
    Song {
        name: name.to_owned(),
        ticks_per_quarter: TICKS_PER_QUARTER,
        meter: grid.meter,
        tempi: vec![(0, milli_bpm)],
        notes,
        markers: Vec::new(),
        end_tick: grid.steps.len() as u64 * TICKS_PER_STEP as u64,
    }
}
