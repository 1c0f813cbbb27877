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
#[cfg(feature = "studio")]
mod commit;
#[cfg(feature = "studio")]
pub mod engine;
pub mod file_sink;
#[cfg(feature = "studio")]
mod generator;
#[cfg(feature = "studio")]
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
#[cfg(feature = "studio")]
pub mod session;
#[cfg(feature = "studio")]
pub mod session_file;
pub mod sink;
mod slot;
#[cfg(feature = "studio")]
pub mod song;
pub mod synth;
#[cfg(feature = "studio")]
mod take;
#[cfg(feature = "studio")]
mod view;
pub mod wires;

#[cfg(all(test, feature = "studio"))]
mod tests;

#[cfg(feature = "studio")]
pub use engine::{Engine, EngineCommand};
#[cfg(feature = "studio")]
pub use handle::{EngineHandle, EngineOptions};
pub use sink::{MidiSink, OpenError, SinkError};
