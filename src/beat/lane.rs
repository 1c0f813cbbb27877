//! The nine drum classes, in the order shared by drums_rnn, MusicVAE and GrooVAE
//! (Roberts et al. 2018; Gillick et al. 2019).

pub use crate::message::LANES;
use serde::{Deserialize, Serialize};

/// A drum class; its number is its index everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Lane {
    /// Bass drum.
    Kick,
    /// Snare, side stick, clap.
    Snare,
    /// Closed and pedal hi-hat.
    ClosedHat,
    /// Open hi-hat.
    OpenHat,
    /// Floor tom.
    LowTom,
    /// Middle tom.
    MidTom,
    /// High tom.
    HighTom,
    /// Crash and china.
    Crash,
    /// Ride and its bell.
    Ride,
}

impl Lane {
    /// All nine, in order.
    pub const ALL: [Self; LANES] = [
        Self::Kick,
        Self::Snare,
        Self::ClosedHat,
        Self::OpenHat,
        Self::LowTom,
        Self::MidTom,
        Self::HighTom,
        Self::Crash,
        Self::Ride,
    ];

    /// From top to bottom as drummers write them: cymbals above, kick below.
    pub const TOP_DOWN: [Self; LANES] = [
        Self::Crash,
        Self::Ride,
        Self::HighTom,
        Self::MidTom,
        Self::LowTom,
        Self::OpenHat,
        Self::ClosedHat,
        Self::Snare,
        Self::Kick,
    ];

    /// The lane drawn above this one; the top one stays.
    #[must_use]
    pub fn above(self) -> Self {
        let at = Self::TOP_DOWN
            .iter()
            .position(|&lane| lane == self)
            .unwrap_or(0);
        Self::TOP_DOWN[at.saturating_sub(1)]
    }

    /// The lane drawn below this one; the lowest stays.
    #[must_use]
    pub fn below(self) -> Self {
        let at = Self::TOP_DOWN
            .iter()
            .position(|&lane| lane == self)
            .unwrap_or(0);
        Self::TOP_DOWN[(at + 1).min(LANES - 1)]
    }

    /// Its index, 0 to 8.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word used in files: `kick`, `closed-hat`, ...
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kick => "kick",
            Self::Snare => "snare",
            Self::ClosedHat => "closed-hat",
            Self::OpenHat => "open-hat",
            Self::LowTom => "low-tom",
            Self::MidTom => "mid-tom",
            Self::HighTom => "high-tom",
            Self::Crash => "crash",
            Self::Ride => "ride",
        }
    }

    /// A label of at most seven columns for screens.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Kick => "kick",
            Self::Snare => "snare",
            Self::ClosedHat => "clsd hh",
            Self::OpenHat => "open hh",
            Self::LowTom => "lo tom",
            Self::MidTom => "mid tom",
            Self::HighTom => "hi tom",
            Self::Crash => "crash",
            Self::Ride => "ride",
        }
    }

    /// A label of two columns.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Kick => "bd",
            Self::Snare => "sn",
            Self::ClosedHat => "ch",
            Self::OpenHat => "oh",
            Self::LowTom => "lt",
            Self::MidTom => "mt",
            Self::HighTom => "ht",
            Self::Crash => "cr",
            Self::Ride => "rd",
        }
    }

    /// The lane of a word as in [`Lane::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.word() == word)
    }
}
