//! Notes over a network to a drum machine on another machine. Other lines (RTP-MIDI) are not here.
//!
//! ```text
//! player:    scheduler ─ring─> TcpOut: writer ─┐            (join: how a connection begins)
//!                                     reader <─┤
//!                                              │ TCP: frames (frame, decoder, midi)
//! receiver:  Receiver: a thread a connection <─┘
//!              Guest (handshake: secret) ─> House: Stage (offset) ─ring─> Player: scheduler ─> MidiSink
//! ```
//!
//! `frame`, `decoder`, `midi`, `secret`, `offset`, `stage`, `house` and `guest` are pure: bytes and times in,
//! bytes and commands out. Events carry the time at which they are due on the player's clock; the
//! receiver knows how far that clock is from its own and plays everything a fixed time later.

pub mod decoder;
pub mod frame;
pub mod guest;
pub mod house;
mod join;
pub mod midi;
pub mod offset;
pub mod player;
pub mod receiver;
pub mod secret;
pub mod stage;
mod tcp_out;

#[cfg(test)]
mod tests;

pub use player::Player;
pub use receiver::Receiver;
pub use tcp_out::TcpOut;
