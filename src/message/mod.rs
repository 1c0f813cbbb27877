//! Plain data that travels between the rooms: what one says and another hears.
//! No behaviour beyond trivial accessors, no io.

mod controls;
mod engine;
mod offer;
mod output;
mod scan;
mod step;
mod train;

pub use controls::{Controls, NO_STYLE};
pub use engine::{
    COLUMNS_A_STEP, EngineStatus, FrameTimes, PlaySource, Realtime, SpectrogramColumn,
};
pub use offer::{HangUp, Offer};
pub use output::{
    LinkView, MOST_DELAY_MS, MOST_LATENCY_MS, OutputSetup, OutputSpec, OutputState, OutputView,
    PortInfo, RECEIVE_PORT, RTP_PORT, Remote, Token,
};
pub use scan::{FileStatus, ScanEvent, ScanRow, ScanSummary};
pub use step::{Cell, LANES, PlayedStep, Step, hits};
pub use train::{
    DeviceChoice, EndReason, Excerpt, Representation, TrainCommand, TrainConfig, TrainEvent,
    TrainProgress,
};
