//! Plain data that travels between the rooms: what one says and another hears.
//! No behaviour beyond trivial accessors, no io.

mod controls;
mod engine;
mod scan;
mod step;
mod train;

pub use controls::{Controls, NO_STYLE};
pub use engine::{
    EngineStatus, OutputSpec, OutputState, OutputView, PlaySource, PortInfo, Realtime,
    SpectrogramColumn,
};
pub use scan::{FileStatus, ScanEvent, ScanRow, ScanSummary};
pub use step::{Cell, LANES, Step, hits};
pub use train::{
    DeviceChoice, EndReason, Representation, TrainCommand, TrainConfig, TrainEvent, TrainProgress,
};
