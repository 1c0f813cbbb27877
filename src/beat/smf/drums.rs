//! From [`Smf`] to a [`BeatGrid`]: which notes are drums, and on which step each falls.

use super::{MAX_STEPS, Note, Smf, SmfError};
use crate::beat::grid::{BeatGrid, Cell, LANES, Meter, Step};
use crate::beat::kit::DrumMap;
use serde::{Deserialize, Serialize};

/// Which notes of a file are its drums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrumPick {
    /// Those on channel 10, as General MIDI has it.
    #[default]
    Channel10,
    /// Those on a channel counted from 0.
    Channel(u8),
    /// Those of a track, an index into [`Smf::tracks`].
    Track(usize),
}

impl DrumPick {
    fn takes(self, note: &Note) -> bool {
        match self {
            Self::Channel10 => note.channel == 9,
            Self::Channel(channel) => note.channel == channel,
            Self::Track(track) => note.track == track,
        }
    }
}

/// A track off channel 10 whose name says that it holds drums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrumCandidate {
    /// Index into [`Smf::tracks`].
    pub track: usize,
    /// Its name, sanitised.
    pub name: String,
    /// Notes it has.
    pub notes: u32,
}

/// The drums of a file on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Drums {
    /// Whole bars of 16ths.
    pub grid: BeatGrid,
    /// Hits a lane in the grid.
    pub lane_counts: [u32; LANES],
    /// Notes picked.
    pub drum_notes: u32,
    /// Picked notes whose pitch has no lane.
    pub unmapped: u32,
    /// Whether the time signature changes on the way; the first one is used throughout.
    pub meter_changes: bool,
    /// Tempo changes after the first drum note; the tempo there is used throughout.
    pub tempo_changes: u32,
}

impl Smf {
    /// Puts the drums on 16th steps. A note belongs to step `floor(ticks / (ppq / 4) + 0.5)`; what
    /// it is off the step stays as micro-timing; of two notes in one cell the louder stays; the last
    /// bar is filled up with rests. The first time signature counts, 4/4 where there is none, and
    /// the tempo at the first drum note.
    ///
    /// # Errors
    /// A bar that is not a whole number of 16ths, a grid beyond [`MAX_STEPS`].
    pub fn drums(&self, map: &DrumMap, pick: &DrumPick) -> Result<Drums, SmfError> {
        let meter = self.meter()?;
        let picked = self.notes.iter().filter(|note| pick.takes(note));
        let first_tick = picked.clone().next().map_or(0, |note| note.tick);
        let mut drums = Drums {
            grid: BeatGrid {
                meter,
                tempo: self.tempo_at(first_tick),
                steps: Vec::new(),
            },
            lane_counts: [0; LANES],
            drum_notes: 0,
            unmapped: 0,
            meter_changes: self.meter_changes(),
            tempo_changes: self.tempo_changes_after(first_tick),
        };
        for note in picked {
            drums.drum_notes = drums.drum_notes.saturating_add(1);
            let Some(lane) = map.lane_of(note.pitch) else {
                drums.unmapped = drums.unmapped.saturating_add(1);
                continue;
            };
            let (step, offset) = self.step_of(note.tick);
            if step >= MAX_STEPS {
                return Err(SmfError::TooLong(step));
            }
            let step = step as usize;
            if drums.grid.steps.len() <= step {
                drums.grid.steps.resize(step + 1, Step::default());
            }
            let cell = drums
                .grid
                .steps
                .get_mut(step)
                .and_then(|s| s.get_mut(lane.index()));
            if let Some(cell) = cell
                && note.velocity > cell.velocity
            {
                *cell = Cell {
                    velocity: note.velocity,
                    offset,
                };
            }
        }
        drums.grid.pad_to_bar();
        drums.lane_counts = drums.grid.lane_counts();
        Ok(drums)
    }

    /// The step nearest to a tick and how far after it the tick lies, in steps, -0.5 up to but not
    /// 0.5. In whole numbers, so that halves always go up.
    fn step_of(&self, tick: u64) -> (u64, f32) {
        let ppq = i128::from(self.ticks_per_quarter.max(1));
        let quarters = 4 * i128::from(tick);
        let step = (2 * quarters + ppq) / (2 * ppq);
        let offset = (quarters - step * ppq) as f64 / ppq as f64;
        (u64::try_from(step).unwrap_or(u64::MAX), offset as f32)
    }

    /// The first time signature.
    fn meter(&self) -> Result<Meter, SmfError> {
        let Some(first) = self.meters.first() else {
            return Ok(Meter::COMMON);
        };
        let denominator = 1u64
            .checked_shl(first.denominator_power.into())
            .unwrap_or(0);
        u8::try_from(denominator)
            .ok()
            .and_then(|d| Meter::new(first.numerator, d))
            .ok_or(SmfError::Meter(first.numerator, denominator))
    }

    fn meter_changes(&self) -> bool {
        let signature = |m: &super::MeterChange| (m.numerator, m.denominator_power);
        let mut all = self.meters.iter().map(signature);
        let first = all.next();
        all.any(|other| Some(other) != first)
    }

    fn tempo_changes_after(&self, tick: u64) -> u32 {
        let mut last = self.tempo_at(tick);
        let mut changes = 0u32;
        for change in self.tempi.iter().filter(|change| change.tick > tick) {
            let now = 60e6 / f64::from(change.micros);
            changes = changes.saturating_add(u32::from(now != last));
            last = now;
        }
        changes
    }

    /// Tracks with notes off channel 10 whose names say drums: what to offer where
    /// [`DrumPick::Channel10`] finds nothing.
    #[must_use]
    pub fn drum_candidates(&self) -> Vec<DrumCandidate> {
        let mut notes = vec![0u32; self.tracks.len()];
        for note in self.notes.iter().filter(|note| note.channel != 9) {
            if let Some(count) = notes.get_mut(note.track) {
                *count = count.saturating_add(1);
            }
        }
        let says_drums = |name: &str| {
            let name = name.to_lowercase();
            ["drum", "perc", "kit", "beat"]
                .iter()
                .any(|word| name.contains(word))
        };
        self.tracks
            .iter()
            .zip(notes)
            .enumerate()
            .filter(|(_, (name, notes))| *notes > 0 && says_drums(name))
            .map(|(track, (name, notes))| DrumCandidate {
                track,
                name: name.clone(),
                notes,
            })
            .collect()
    }
}
