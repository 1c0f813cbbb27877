//! [`BeatGrid`]: hits, velocity and micro-timing on 16th steps.

pub use crate::message::{Cell, LANES, Step, hits};

/// A time signature whose bar is a whole number of 16ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Meter {
    numerator: u8,
    denominator: u8,
}

impl Meter {
    /// Four quarters: 16 steps.
    pub const COMMON: Self = Self {
        numerator: 4,
        denominator: 4,
    };

    /// The longest bar, in steps.
    pub const MAX_STEPS: usize = 64;

    /// `numerator/denominator`, if its bar is a whole number of 16ths, 1 to [`Meter::MAX_STEPS`].
    #[must_use]
    pub const fn new(numerator: u8, denominator: u8) -> Option<Self> {
        if numerator == 0 || !matches!(denominator, 1 | 2 | 4 | 8 | 16 | 32) {
            return None;
        }
        let sixteenths = numerator as usize * 16;
        if !sixteenths.is_multiple_of(denominator as usize)
            || sixteenths / denominator as usize > Self::MAX_STEPS
        {
            return None;
        }
        Some(Self {
            numerator,
            denominator,
        })
    }

    /// 16th steps a bar.
    #[must_use]
    pub const fn steps(self) -> usize {
        self.numerator as usize * 16 / self.denominator as usize
    }

    /// Beats a bar.
    #[must_use]
    pub const fn numerator(self) -> u8 {
        self.numerator
    }

    /// The note that is a beat: 4 is a quarter.
    #[must_use]
    pub const fn denominator(self) -> u8 {
        self.denominator
    }

    /// 16th steps a beat (at least 1).
    #[must_use]
    pub const fn steps_per_beat(self) -> usize {
        let steps = 16 / self.denominator as usize;
        if steps == 0 { 1 } else { steps }
    }
}

impl std::fmt::Display for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// A piece of drumming: whole bars of 16th steps.
#[derive(Clone, Debug, PartialEq)]
pub struct BeatGrid {
    /// The one time signature.
    pub meter: Meter,
    /// Quarter notes per minute.
    pub tempo: f64,
    /// The steps; a multiple of `meter.steps()` unless cut on purpose.
    pub steps: Vec<Step>,
}

impl BeatGrid {
    /// Whole bars.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.steps.len().div_ceil(self.meter.steps())
    }

    /// Hits a lane.
    #[must_use]
    pub fn lane_counts(&self) -> [u32; LANES] {
        let mut counts = [0; LANES];
        for step in &self.steps {
            for (count, cell) in counts.iter_mut().zip(step) {
                *count += u32::from(cell.velocity > 0);
            }
        }
        counts
    }

    /// Appends rests up to the end of the bar.
    pub fn pad_to_bar(&mut self) {
        let bar = self.meter.steps();
        self.steps
            .resize(self.steps.len().div_ceil(bar) * bar, Step::default());
    }
}
