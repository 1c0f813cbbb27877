//! From the session journal to a MIDI song: [`to_song`].

use super::session::{Journal, Take};
use crate::beat::grid::Meter;
use crate::beat::kit::Kit;
use crate::beat::lane::Lane;
use crate::beat::smf::{Song, SongNote};
use crate::message::LANES;

/// Ticks a 16th step in saved files (480 a quarter note).
const STEP_TICKS: u64 = 120;

/// The last tick a MIDI file can have.
const LAST_TICK: u64 = (1 << 28) - 1;

/// What was played as a MIDI song: General MIDI notes on channel 10, each at the tick of its due
/// time under the tempi played, so micro-timing and swing are kept to half a tick. Takes follow one
/// another from bar line to bar line; the pauses between them are left out.
#[must_use]
pub fn to_song(journal: &Journal) -> Song {
    let mut song = Song {
        name: match journal.model.as_str() {
            "" => "beatgen".to_owned(),
            model => format!("beatgen: {model}"),
        },
        ticks_per_quarter: (4 * STEP_TICKS) as u16,
        ..Song::default()
    };
    let mut meter = None;
    let mut base = 0;
    for take in journal.takes.iter().filter(|take| !take.notes.is_empty()) {
        for &(step, (numerator, denominator)) in &take.bars {
            let Some(new) = Meter::new(numerator, denominator) else {
                continue;
            };
            match meter {
                None => song.meter = new,
                Some(old) if old != new => song.markers.push((base + ticks(step), new.to_string())),
                Some(_) => {}
            }
            meter = Some(new);
        }
        let end = base + ticks(take.end_step());
        take.write(base, end, &mut song);
        base = end.min(LAST_TICK);
    }
    song.end_tick = base;
    song
}

const fn ticks(steps: u64) -> u64 {
    let ticks = steps.saturating_mul(STEP_TICKS);
    if ticks < LAST_TICK { ticks } else { LAST_TICK }
}

impl Take {
    /// The bar line after the last note.
    fn end_step(&self) -> u64 {
        let last = self.notes.iter().map(|note| note.step).max().unwrap_or(0);
        let (from, steps) = (self.bars.iter().rev())
            .find(|(step, _)| *step <= last)
            .and_then(|(step, (n, d))| {
                Meter::new(*n, *d).map(|meter| (*step, meter.steps() as u64))
            })
            .unwrap_or((0, Meter::COMMON.steps() as u64));
        from.saturating_add((last - from + 1).div_ceil(steps).saturating_mul(steps))
    }

    fn write(&self, base: u64, end: u64, song: &mut Song) {
        for (i, tempo) in self.tempi.iter().enumerate() {
            let from = base + ticks(tempo.step);
            let to = self
                .tempi
                .get(i + 1)
                .map_or(end, |next| base + ticks(next.step));
            push_tempo(&mut song.tempi, from.min(end), to.min(end), tempo.milli_bpm);
        }
        let mut notes = self.notes.clone();
        notes.sort_by_key(|note| note.at_ns);
        // Two hits of a lane nearer than a tick stay two.
        let mut free = [base; LANES];
        for note in &notes {
            let lane = usize::from(note.lane);
            let (Some(free), Some(voice)) = (
                free.get_mut(lane),
                Lane::ALL.get(lane).and_then(|lane| Kit::gm().voice(*lane)),
            ) else {
                continue;
            };
            let tick = (base + self.tick(note.at_ns)).max(*free).min(LAST_TICK);
            *free = tick + 1;
            song.notes.push(SongNote {
                tick,
                length: (base + self.tick(note.off_ns)).saturating_sub(tick).max(1),
                channel: voice.channel,
                note: voice.note,
                velocity: note.velocity,
            });
        }
    }

    /// The tick of a time, counted from the start of the take: the tempo then in force, read
    /// backwards.
    fn tick(&self, at_ns: u64) -> u64 {
        let after = self.tempi.partition_point(|tempo| tempo.at_ns <= at_ns);
        let Some(tempo) = self.tempi.get(after.saturating_sub(1)) else {
            return 0;
        };
        // 15e12 / milli_bpm nanoseconds a step; rounded to the nearest tick.
        let since = u128::from(at_ns.saturating_sub(tempo.at_ns)) * u128::from(STEP_TICKS);
        let since = (since * u128::from(tempo.milli_bpm) + 7_500_000_000_000) / 15_000_000_000_000;
        let tick = ticks(tempo.step).saturating_add(u64::try_from(since).unwrap_or(LAST_TICK));
        let limit = self
            .tempi
            .get(after)
            .map_or(LAST_TICK, |next| ticks(next.step));
        tick.min(limit)
    }
}

/// How far a tempo's rounding to whole microseconds may add up before it is made good.
const DRIFT_US: f64 = 100.0;

/// Appends a tempo from one tick to another. A MIDI file counts whole microseconds a quarter note,
/// so in a long set the file would drift from what was played; a quarter note that is
/// [`DRIFT_US`] longer or shorter, now and then, keeps the two together.
fn push_tempo(tempi: &mut Vec<(u64, u32)>, from: u64, to: u64, milli_bpm: u32) {
    let milli_bpm = milli_bpm.clamp(1_000, 1_000_000);
    tempi.push((from, milli_bpm));
    let quarter = 4 * STEP_TICKS;
    let exact = 60e9 / f64::from(milli_bpm);
    let written = exact.round();
    let drift = exact - written;
    if drift.abs() * ((to.saturating_sub(from) / quarter) as f64) <= DRIFT_US {
        return;
    }
    let every = (DRIFT_US / drift.abs()).floor().max(1.0) as u64;
    let mut owed = 0.0;
    let mut at = from;
    while at.saturating_add((every + 1) * quarter) <= to {
        at += every * quarter;
        owed += drift * (every as f64 + 1.0);
        let mended = (60e9 / (written + owed)).round();
        owed -= (60e9 / mended).round() - written;
        tempi.push((at, mended as u32));
        at += quarter;
        tempi.push((at, milli_bpm));
    }
}
