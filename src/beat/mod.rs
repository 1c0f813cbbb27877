//! Music as values: lanes, grids, MIDI bytes, measures, musical time. Pure: no files,
//! threads, clocks, tensors or screen.

pub mod articulation;
pub mod grid;
#[cfg(test)]
pub(crate) mod groove;
pub mod kit;
pub mod lane;
pub mod metrics;
pub mod smf;
pub mod transport;
