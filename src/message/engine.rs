//! What the playing side tells the screen.

use super::{Controls, OutputView, Step};

/// What is being played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlaySource {
    /// Nothing.
    #[default]
    Stopped,
    /// The model.
    Generator,
    /// A file of the dataset, by its name.
    Preview(String),
}

/// Whether the scheduler runs ahead of everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Realtime {
    /// Not started yet.
    #[default]
    Unknown,
    /// Real-time priority granted.
    Granted,
    /// Refused, with the reason.
    Refused(String),
}

/// The engine as it is now; sent about 30 times a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineStatus {
    /// What plays.
    pub source: PlaySource,
    /// The step the playhead is on, counted from the start of playing.
    pub playhead: u64,
    /// The step inside its bar.
    pub step_in_bar: u16,
    /// The bar, from 0.
    pub bar: u64,
    /// Steps a bar (16 in 4/4).
    pub steps_per_bar: u16,
    /// The meter's numerator and denominator.
    pub meter: (u8, u8),
    /// First step of `window`.
    pub window_start: u64,
    /// Steps from the start of the bar before the playhead's to the end of the horizon.
    pub window: Vec<Step>,
    /// First step that may still change: later ones are revisable.
    pub revisable_from: u64,
    /// Whether the next step to be committed is one of a fill.
    pub filling: bool,
    /// The knobs in force at the last committed step.
    pub controls: Controls,
    /// Notes sent more than 5 ms after their time, since the start.
    pub late: u64,
    /// Notes sent since the start.
    pub sent: u64,
    /// 99th percentile of lateness, in microseconds, over the last notes.
    pub p99_late_us: u32,
    /// Whether the scheduler has real-time priority.
    pub realtime: Realtime,
    /// Bars in the session's journal.
    pub recorded_bars: u64,
    /// Whether what was played since the last save is not saved yet.
    pub unsaved: bool,
    /// The model in use, for people.
    pub model: String,
    /// For a model of spectrograms, when it hears its knobs; `None` for one of beats.
    pub frames: Option<FrameTimes>,
    /// Style names of the model in use, in index order.
    pub styles: Vec<String>,
    /// Outputs in slot order.
    pub outputs: Vec<OutputView>,
    /// Velocity (0 to 1) of the last hit of each lane, falling; the output meter.
    pub lane_levels: [f32; super::LANES],
}

/// When a model of spectrograms hears the temperature turned; the other knobs that shape beats it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameTimes {
    /// How far ahead of what is certain frames must be, in milliseconds.
    pub look_ahead_ms: u16,
    /// The longest from a turn of the knob to the first moment that may sound otherwise, in milliseconds.
    pub heard_ms: u16,
}

/// Columns that a 16th step has in the spectrograms of beats.
pub const COLUMNS_A_STEP: usize = 4;

/// One column of a mel spectrogram: values 0 to 1, lowest band first.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectrogramColumn {
    /// One value a band.
    pub bands: Vec<f32>,
}
