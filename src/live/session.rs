//! The session journal: [`Record`], one thing that happened, and [`Journal`], everything that was
//! played, which `song` makes a MIDI file of. Reading and writing files is in `session_file`.

use crate::base::text::sanitize;
use crate::beat::grid::Step;
use crate::message::{Controls, LANES};
use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of the journal's lines.
pub const FORMAT: u32 = 1;

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
            hits: hits
                .map(|(lane, cell)| (lane, cell.velocity, cell.offset))
                .collect(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) id: u64,
    pub(super) step: u64,
    pub(super) lane: u8,
    pub(super) velocity: u8,
    pub(super) at_ns: u64,
    pub(super) off_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tempo {
    pub(super) step: u64,
    pub(super) at_ns: u64,
    pub(super) milli_bpm: u32,
}

/// Playing from a start to its stop.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Take {
    pub(super) first_id: u64,
    pub(super) tempi: Vec<Tempo>,
    pub(super) bars: Vec<(u64, (u8, u8))>,
    pub(super) notes: Vec<Sent>,
}

/// Everything that was played in a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    pub(super) model: String,
    pub(super) takes: Vec<Take>,
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
            Record::Tempo {
                step,
                at_ns,
                milli_bpm,
            } => {
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
            &Record::Note {
                id,
                step,
                lane,
                velocity,
                at_ns,
                off_ns,
                ..
            } => {
                self.unsaved += 1;
                // The last notes of a take may be told of after the next one began.
                if let Some(take) = self.takes.iter_mut().rev().find(|take| take.first_id <= id) {
                    take.notes.push(Sent {
                        id,
                        step,
                        lane,
                        velocity,
                        at_ns,
                        off_ns,
                    });
                }
            }
            Record::Cut { id, at_ns } => {
                let mut latest = self
                    .takes
                    .iter_mut()
                    .rev()
                    .flat_map(|t| t.notes.iter_mut().rev());
                if let Some(note) = latest.by_ref().take(8 * LANES).find(|note| note.id == *id) {
                    note.off_ns = *at_ns;
                }
            }
            Record::Saved { .. } => self.unsaved = 0,
            Record::Model { .. }
            | Record::Controls(_)
            | Record::Step { .. }
            | Record::Save { .. } => {}
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
