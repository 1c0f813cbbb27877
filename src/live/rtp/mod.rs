//! RTP-MIDI (RFC 6295 within AppleMIDI sessions): what macOS, iOS and rtpMIDI on Windows take with
//! nothing installed. Other lines over the network are not here.
//!
//! ```text
//! scheduler ─ring─> RtpOut's thread: Line = two UDP sockets
//!                     ├ session: invitation, clock sync, feedback   (session_packet)
//!                     └ stream:  numbered packets of MIDI messages  (payload, journal)
//! ```
//!
//! `session`, `stream` and what they stand on are pure: packets and times in, packets and events
//! out. `line` has the sockets, `out` the thread.

pub mod journal;
pub mod line;
mod out;
pub mod payload;
pub mod session;
pub mod session_packet;
pub mod stream;
mod sync;

#[cfg(test)]
mod receiver;
#[cfg(test)]
mod tests;

pub use out::RtpOut;
