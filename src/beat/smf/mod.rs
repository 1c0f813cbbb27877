//! Standard MIDI File bytes to events to [`super::grid::BeatGrid`] and back. Files themselves are
//! opened elsewhere; here are only bytes.
//!
//! Nothing a file says sizes anything: chunk lengths, track counts and ticks are compared with
//! what is there, never allocated.

mod drums;
mod read;
mod time;
mod track;
mod write;

pub use drums::{DrumCandidate, DrumPick, Drums};
pub use read::parse;
pub use time::TempoMap;
pub use write::{Song, SongNote, song_from_grid, write};

/// The largest file read, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// The longest grid made of a file, in 16th steps: four hours at 400 quarter notes a minute fit.
pub const MAX_STEPS: u64 = 400_000;

/// Tempo where a file says none, in microseconds a quarter note (the standard's 120 a minute).
pub const DEFAULT_TEMPO_US: u32 = 500_000;

/// What a file holds, as far as beats are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Smf {
    /// Ticks a quarter note, 1 to 32,767.
    pub ticks_per_quarter: u16,
    /// Note-ons with a velocity above 0, by tick; those of one tick in file order.
    pub notes: Vec<Note>,
    /// Tempo changes, by tick.
    pub tempi: Vec<TempoChange>,
    /// Time signatures, by tick.
    pub meters: Vec<MeterChange>,
    /// The name of each track, sanitised; empty where it has none.
    pub tracks: Vec<String>,
    /// What was damaged and how it was read; empty for a sound file.
    pub repairs: Vec<String>,
}

/// A note-on with a velocity above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Ticks from the start.
    pub tick: u64,
    /// Channel counted from 0: channel 10 is 9.
    pub channel: u8,
    /// MIDI pitch, 0 to 127.
    pub pitch: u8,
    /// 1 to 127.
    pub velocity: u8,
    /// Index into [`Smf::tracks`].
    pub track: usize,
}

/// A tempo from a tick on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TempoChange {
    /// Ticks from the start.
    pub tick: u64,
    /// Microseconds a quarter note, never 0.
    pub micros: u32,
}

/// A time signature from a tick on, as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterChange {
    /// Ticks from the start.
    pub tick: u64,
    /// Beats a bar.
    pub numerator: u8,
    /// The note that is a beat, as a power of two: 2 is a quarter.
    pub denominator_power: u8,
}

impl Smf {
    /// Quarter notes per minute in force at a tick.
    #[must_use]
    pub fn tempo_at(&self, tick: u64) -> f64 {
        let before = self.tempi.iter().take_while(|t| t.tick <= tick).last();
        60e6 / f64::from(before.map_or(DEFAULT_TEMPO_US, |t| t.micros))
    }

    /// The tempo at the first note, quarter notes per minute.
    #[must_use]
    pub fn tempo(&self) -> f64 {
        self.tempo_at(self.notes.first().map_or(0, |note| note.tick))
    }
}

/// Why bytes are no beat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmfError {
    /// Larger than [`MAX_BYTES`].
    #[error("{0} bytes are too many")]
    TooLarge(u64),
    /// Nothing in it.
    #[error("the file is empty")]
    NoBytes,
    /// No `MThd` and no RIFF wrapper.
    #[error("not a MIDI file: it does not begin with MThd")]
    NotMidi,
    /// A RIFF file without MIDI in it.
    #[error("a RIFF file without MIDI data")]
    NoRiffData,
    /// The header ends too early.
    #[error("the MIDI header is cut off")]
    ShortHeader,
    /// A format other than 0, 1 and 2.
    #[error("unknown MIDI file format {0}")]
    Format(u16),
    /// Ticks are frames of film, not parts of a quarter note.
    #[error("its time is counted in SMPTE frames, which have no beats")]
    Smpte,
    /// Zero ticks a quarter note.
    #[error("its header says zero ticks a quarter note")]
    ZeroDivision,
    /// A header and nothing else.
    #[error("no track in it")]
    NoTracks,
    /// Damaged from the first note on.
    #[error("damaged, and no note could be read: {0}")]
    Nothing(String),
    /// The bar is not a whole number of 16ths, or too long.
    #[error("a bar of {0}/{1} is not 1 to 64 16ths")]
    Meter(u8, u64),
    /// The last drum note lies beyond [`MAX_STEPS`].
    #[error("its last drum note is at 16th {0}, beyond {MAX_STEPS}")]
    TooLong(u64),
}

impl SmfError {
    /// What a user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "a MIDI file of more than 64 MiB is not a beat; split it",
            Self::NoBytes | Self::NoTracks | Self::ShortHeader | Self::Nothing(_) => {
                "copy or download the file again"
            }
            Self::NotMidi | Self::NoRiffData => "rename it, or export it as a Standard MIDI File",
            Self::Format(_) => "export it as a Standard MIDI File of format 0 or 1",
            Self::Smpte | Self::ZeroDivision => {
                "export it with ticks per quarter note (PPQ), for example 480"
            }
            Self::Meter(..) => "set a time signature such as 4/4, 3/4 or 7/8 and export it again",
            Self::TooLong(_) => "remove the stray notes at its end, or cut it into shorter files",
        }
    }
}

#[cfg(test)]
mod tests;
