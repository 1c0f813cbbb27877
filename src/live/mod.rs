//! Playing now: the engine that samples ahead, the real-time scheduler, the outputs and the
//! session journal. Nothing here knows the screen.
//!
//! ```text
//! EngineHandle ─EngineCommand─> engine thread: horizon (committed | revisable)
//!                                 │  rtrb: notes          ▲ rtrb: what was sent
//!                                 ▼                       │
//!                               scheduler (real-time) ─> MidiSink, up to four
//!                                 ▲ rtrb: opened sinks    │ rtrb: sinks to drop
//!                               outputs thread: opens, watches, drops
//! engine thread ─Record─> session writer: journal, save, autosave
//! ```

pub mod clock;
mod commit;
pub mod engine;
pub mod file_sink;
mod generator;
pub mod handle;
pub mod keys;
pub mod lateness;
mod line;
pub mod link;
pub mod midi_clock;
pub mod midi_out;
pub mod net;
pub mod outputs;
pub mod owed;
mod queue;
pub mod quiet;
pub mod real_time;
pub mod rtp;
pub mod scheduler;
pub mod session;
pub mod session_file;
pub mod sink;
mod slot;
pub mod song;
pub mod synth;
mod take;
mod view;
pub mod wires;

#[cfg(test)]
mod alloc_probe;
#[cfg(test)]
mod tests;

pub use engine::{Engine, EngineCommand};
pub use handle::{EngineHandle, EngineOptions};
pub use sink::{MidiSink, OpenError, SinkError};
