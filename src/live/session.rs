//! The session journal: [`Record`], one thing that happened, and [`Journal`], everything that was
//! played, which becomes a MIDI file. Reading and writing files is in `session_file`.

use crate::base::text::sanitize;
use crate::beat::grid::{Meter, Step};
use crate::beat::kit::Kit;
use crate::beat::lane::Lane;
use crate::beat::smf::{Song, SongNote};
use crate::message::{Controls, LANES};
use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of the journal's lines.
pub const FORMAT: u32 = 1;

/// Ticks a 16th step in saved files (480 a quarter note).
const STEP_TICKS: u64 = 120;

/// The last tick a MIDI file can have.
const LAST_TICK: u64 = (1 << 28) - 1;

/// Why a session cannot be saved or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}; {hint}")]
pub struct SessionError {
    /// The file, sanitised.
    pub path: String,
    /// What is in the way, sanitised.
    pub reason: String,
    /// What a user can do about it.
    pub hint: &'static str,
}

impl SessionError {
    pub(super) fn new(path: &Path, reason: &str, hint: &'static str) -> Self {
        Self {
            path: crate::base::text::sanitize_path(path),
            reason: sanitize(reason),
            hint,
        }
    }
}

/// One line of the journal. Times are nanoseconds of the engine's clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Record {
    /// The session begins.
    Begin {
        /// [`FORMAT`].
        format: u32,
        /// Of every draw.
        seed: u64,
        /// The model's name.
        model: String,
        /// The model's hash.
        hash: String,
    },
    /// Another model was told to take over at the next bar line.
    Model {
        /// Its name.
        model: String,
        /// Its hash.
        hash: String,
    },
    /// Playing begins; steps are counted from 0 again.
    Take {
        /// Notes from this number on belong to it.
        first_id: u64,
    },
    /// From this step on, a tempo.
    Tempo {
        /// The step.
        step: u64,
        /// Its grid time.
        at_ns: u64,
        /// Thousandths of a quarter note per minute.
        milli_bpm: u32,
    },
    /// A bar begins.
    Bar {
        /// Its first step.
        step: u64,
        /// Numerator and denominator.
        meter: (u8, u8),
    },
    /// The knobs from the next committed step on, with the tempo really played.
    Controls(Controls),
    /// A step was committed.
    Step {
        /// Which.
        step: u64,
        /// The version of the controls in force.
        version: u64,
        /// Lane, velocity and micro-timing of each hit, muted lanes too.
        hits: Vec<(u8, u8, f32)>,
    },
    /// A note was sent.
    Note {
        /// Its number.
        id: u64,
        /// The step it belongs to.
        step: u64,
        /// Its lane.
        lane: u8,
        /// 1 to 127.
        velocity: u8,
        /// When it was due: grid time, swing and micro-timing.
        at_ns: u64,
        /// When it was sent.
        sent_ns: u64,
        /// When it was to end.
        off_ns: u64,
    },
    /// A note ended before its time.
    Cut {
        /// Its number.
        id: u64,
        /// When.
        at_ns: u64,
    },
    /// To be saved; never a line, but a message to the writer.
    #[serde(skip)]
    Save {
        /// Where.
        path: PathBuf,
        /// Gets the name really used.
        reply: Option<Sender<Result<PathBuf, SessionError>>>,
    },
    /// Everything before this was saved.
    Saved {
        /// Where.
        path: PathBuf,
    },
}

impl Record {
    pub(super) fn step(step: u64, version: u64, cells: &Step) -> Self {
        let hits = (0u8..).zip(cells).filter(|(_, cell)| cell.velocity > 0);
        Self::Step {
            step,
            version,
            hits: hits.map(|(lane, cell)| (lane, cell.velocity, cell.offset)).collect(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sent {
    id: u64,
    step: u64,
    lane: u8,
    velocity: u8,
    at_ns: u64,
    off_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Tempo {
    step: u64,
    at_ns: u64,
    milli_bpm: u32,
}

/// Playing from a start to its stop.
#[derive(Clone, Debug, Default, PartialEq)]
struct Take {
    first_id: u64,
    tempi: Vec<Tempo>,
    bars: Vec<(u64, (u8, u8))>,
    notes: Vec<Sent>,
}

/// Everything that was played in a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    model: String,
    takes: Vec<Take>,
    unsaved: u64,
}

impl Journal {
    /// Takes a record in.
    pub fn push(&mut self, record: &Record) {
        match record {
            Record::Begin { model, .. } => self.model = sanitize(model),
            Record::Take { first_id } => self.takes.push(Take {
                first_id: *first_id,
                ..Take::default()
            }),
            Record::Tempo { step, at_ns, milli_bpm } => {
                if let Some(take) = self.takes.last_mut() {
                    take.tempi.push(Tempo {
                        step: *step,
                        at_ns: *at_ns,
                        milli_bpm: *milli_bpm,
                    });
                }
            }
            Record::Bar { step, meter } => {
                if let Some(take) = self.takes.last_mut()
                    && take.bars.last().is_none_or(|(_, last)| last != meter)
                {
                    take.bars.push((*step, *meter));
                }
            }
            &Record::Note { id, step, lane, velocity, at_ns, off_ns, .. } => {
                self.unsaved += 1;
                // The last notes of a take may be told of after the next one began.
                if let Some(take) = self.takes.iter_mut().rev().find(|take| take.first_id <= id) {
                    take.notes.push(Sent { id, step, lane, velocity, at_ns, off_ns });
                }
            }
            Record::Cut { id, at_ns } => {
                let mut latest = self.takes.iter_mut().rev().flat_map(|t| t.notes.iter_mut().rev());
                if let Some(note) = latest.by_ref().take(8 * LANES).find(|note| note.id == *id) {
                    note.off_ns = *at_ns;
                }
            }
            Record::Saved { .. } => self.unsaved = 0,
            Record::Model { .. } | Record::Controls(_) | Record::Step { .. } | Record::Save { .. } => {}
        }
    }

    /// How many notes were sent.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.takes.iter().map(|take| take.notes.len()).sum()
    }

    /// Notes sent since the last save.
    #[must_use]
    pub const fn unsaved(&self) -> u64 {
        self.unsaved
    }
}

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
            .and_then(|(step, (n, d))| Meter::new(*n, *d).map(|meter| (*step, meter.steps() as u64)))
            .unwrap_or((0, Meter::COMMON.steps() as u64));
        from.saturating_add((last - from + 1).div_ceil(steps).saturating_mul(steps))
    }

    fn write(&self, base: u64, end: u64, song: &mut Song) {
        for (i, tempo) in self.tempi.iter().enumerate() {
            let from = base + ticks(tempo.step);
            let to = self.tempi.get(i + 1).map_or(end, |next| base + ticks(next.step));
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
        let limit = self.tempi.get(after).map_or(LAST_TICK, |next| ticks(next.step));
        tick.min(limit)
    }
}

/// How far a tempo's rounding to whole microseconds may add up before it is made good.
const DRIFT_US: f64 = 200.0;

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
