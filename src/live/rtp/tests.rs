//! What RTP-MIDI promises: `bytes` on the formats, `recovery` on lost packets, `roles` on
//! sessions, `sockets` on real ones. The receiving side is `receiver`.

mod bytes;
mod recovery;
mod roles;
mod sockets;
