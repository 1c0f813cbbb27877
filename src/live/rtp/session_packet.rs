//! [`SessionPacket`]: the packets that open, time and close an AppleMIDI session, to and from
//! bytes. What they mean to a session is in `session`; the packets that carry notes in `payload`.
//!
//! All of them begin with `ff ff` and two letters; numbers are big-endian. The format is the one of
//! Apple's "MIDI Network Driver Protocol".

use crate::base::text::sanitize;

/// The longest packet that is looked at, in bytes: one Ethernet frame.
pub const MAX_PACKET: usize = 1_500;

/// The longest name that is kept of a peer, in characters.
pub const MAX_NAME: usize = 64;

/// The version of the protocol.
const VERSION: u32 = 2;

const MARK: [u8; 2] = [0xff, 0xff];

/// A packet about the session itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionPacket {
    /// `IN`: asks the other side into a session; once for each of the two ports.
    Invite(Exchange),
    /// `OK`: takes an invitation.
    Accept(Exchange),
    /// `NO`: refuses it.
    Refuse(Exchange),
    /// `BY`: leaves.
    Bye(Exchange),
    /// `CK`: one of the three messages that compare the clocks.
    Clock {
        /// Who sends it.
        ssrc: u32,
        /// Which of the three: 0, 1 or 2.
        count: u8,
        /// When each was sent, in units of 100 microseconds on its sender's clock.
        times: [u64; 3],
    },
    /// `RS`: everything up to this packet has been heard.
    Feedback {
        /// Who sends it.
        ssrc: u32,
        /// The highest sequence number received.
        seq: u16,
    },
}

/// What invitations and their answers hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Random, chosen by who invites, repeated in every answer.
    pub token: u32,
    /// Who sends it.
    pub ssrc: u32,
    /// What the sender calls itself; sanitised, at most [`MAX_NAME`] characters, empty if not given.
    pub name: String,
}

/// Why bytes are no session packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// It does not begin as one.
    #[error("no session packet")]
    Foreign,
    /// It ends too early.
    #[error("a session packet that ends too early")]
    Short,
    /// It is longer than any sender needs.
    #[error("a session packet that is too long")]
    Long,
    /// Two letters that mean nothing here.
    #[error("a session packet of unknown kind")]
    Kind,
    /// Another version of the protocol.
    #[error("session protocol version {0}")]
    Version(u32),
    /// A clock message that is none of the three.
    #[error("clock message {0} of 3")]
    Count(u8),
}

impl SessionPacket {
    /// Whether bytes from a data port are about the session, not notes.
    #[must_use]
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(&MARK)
    }

    /// The packet as it is sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(40);
        out.extend(MARK);
        match self {
            Self::Invite(exchange) => exchange.put(&mut out, *b"IN"),
            Self::Accept(exchange) => exchange.put(&mut out, *b"OK"),
            Self::Refuse(exchange) => exchange.put(&mut out, *b"NO"),
            Self::Bye(exchange) => exchange.put(&mut out, *b"BY"),
            Self::Clock { ssrc, count, times } => {
                out.extend(b"CK");
                out.extend(ssrc.to_be_bytes());
                out.extend([*count, 0, 0, 0]);
                times.iter().for_each(|time| out.extend(time.to_be_bytes()));
            }
            Self::Feedback { ssrc, seq } => {
                out.extend(b"RS");
                out.extend(ssrc.to_be_bytes());
                out.extend(seq.to_be_bytes());
                out.extend([0, 0]);
            }
        }
        out
    }

    /// Reads a packet. Bytes after its end are ignored, as other implementations pad differently.
    ///
    /// # Errors
    /// If the bytes are no session packet.
    pub fn decode(bytes: &[u8]) -> Result<Self, PacketError> {
        if bytes.len() > MAX_PACKET {
            return Err(PacketError::Long);
        }
        let rest = bytes.strip_prefix(&MARK).ok_or(PacketError::Foreign)?;
        let (kind, mut rest) = rest.split_first_chunk::<2>().ok_or(PacketError::Short)?;
        let rest = &mut rest;
        Ok(match kind {
            b"IN" => Self::Invite(Exchange::take(rest)?),
            b"OK" => Self::Accept(Exchange::take(rest)?),
            b"NO" => Self::Refuse(Exchange::take(rest)?),
            b"BY" => Self::Bye(Exchange::take(rest)?),
            b"CK" => {
                let ssrc = u32::from_be_bytes(take(rest)?);
                let [count, ..] = take::<4>(rest)?;
                if count > 2 {
                    return Err(PacketError::Count(count));
                }
                let mut times = [0; 3];
                for time in &mut times {
                    *time = u64::from_be_bytes(take(rest)?);
                }
                Self::Clock { ssrc, count, times }
            }
            b"RS" => Self::Feedback {
                ssrc: u32::from_be_bytes(take(rest)?),
                seq: u16::from_be_bytes(take(rest)?),
            },
            _ => return Err(PacketError::Kind),
        })
    }
}

impl Exchange {
    fn put(&self, out: &mut Vec<u8>, kind: [u8; 2]) {
        out.extend(kind);
        out.extend(VERSION.to_be_bytes());
        out.extend(self.token.to_be_bytes());
        out.extend(self.ssrc.to_be_bytes());
        if !self.name.is_empty() {
            out.extend(clean(&self.name).bytes());
            out.push(0);
        }
    }

    fn take(rest: &mut &[u8]) -> Result<Self, PacketError> {
        let version = u32::from_be_bytes(take(rest)?);
        if version != VERSION {
            return Err(PacketError::Version(version));
        }
        let token = u32::from_be_bytes(take(rest)?);
        let ssrc = u32::from_be_bytes(take(rest)?);
        let name = rest.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(Self {
            token,
            ssrc,
            name: clean(&String::from_utf8_lossy(name)),
        })
    }
}

fn clean(name: &str) -> String {
    sanitize(name).chars().take(MAX_NAME).collect()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], PacketError> {
    let (taken, left) = rest.split_first_chunk().ok_or(PacketError::Short)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_packet() -> impl Strategy<Value = SessionPacket> {
        let exchange = (any::<u32>(), any::<u32>(), "[a-zA-Z0-9 ü]{0,40}")
            .prop_map(|(token, ssrc, name)| Exchange { token, ssrc, name });
        (exchange, 0..6u8, any::<[u64; 3]>(), 0..3u8, any::<u16>()).prop_map(
            |(exchange, kind, times, count, seq)| match kind {
                0 => SessionPacket::Invite(exchange),
                1 => SessionPacket::Accept(exchange),
                2 => SessionPacket::Refuse(exchange),
                3 => SessionPacket::Bye(exchange),
                4 => SessionPacket::Clock {
                    ssrc: exchange.ssrc,
                    count,
                    times,
                },
                _ => SessionPacket::Feedback {
                    ssrc: exchange.ssrc,
                    seq,
                },
            },
        )
    }

    #[test]
    fn the_bytes_are_those_of_the_protocol() {
        let invite = SessionPacket::Invite(Exchange {
            token: 0x0102_0304,
            ssrc: 0xa0b0_c0d0,
            name: "beat".into(),
        });
        let bytes = b"\xff\xffIN\0\0\0\x02\x01\x02\x03\x04\xa0\xb0\xc0\xd0beat\0";
        assert_eq!(invite.encode(), bytes);
        let feedback = SessionPacket::Feedback {
            ssrc: 1,
            seq: 0x1234,
        };
        assert_eq!(feedback.encode(), b"\xff\xffRS\0\0\0\x01\x12\x34\0\0");
        let clock = SessionPacket::Clock {
            ssrc: 1,
            count: 2,
            times: [3, 4, 5],
        };
        let bytes = clock.encode();
        assert_eq!(bytes.len(), 36);
        assert_eq!((bytes[8], bytes[19], bytes[27], bytes[35]), (2, 3, 4, 5));
    }

    #[test]
    fn outside_text_is_sanitized() {
        let mut bytes = b"\xff\xffOK\0\0\0\x02\x01\x02\x03\x04\xa0\xb0\xc0\xd0".to_vec();
        bytes.extend(b"Stu\x1b[2Jdio\xff");
        bytes.extend(vec![b'x'; 900]);
        let Ok(SessionPacket::Accept(exchange)) = SessionPacket::decode(&bytes) else {
            panic!("not read")
        };
        assert!(exchange.name.starts_with("Stu\u{fffd}[2Jdio\u{fffd}x"));
        assert_eq!(exchange.name.chars().count(), MAX_NAME);
    }

    proptest! {
        #[test]
        fn a_packet_is_read_back(packet in any_packet()) {
            prop_assert_eq!(SessionPacket::decode(&packet.encode()), Ok(packet));
        }

        #[test]
        fn no_bytes_are_more_than_an_error(bytes in prop::collection::vec(any::<u8>(), 0..1_600)) {
            let _ = SessionPacket::decode(&bytes);
            let marked: Vec<u8> = MARK.into_iter().chain(bytes).collect();
            let _ = SessionPacket::decode(&marked);
        }

        #[test]
        fn a_damaged_packet_is_an_error_or_another_packet(
            packet in any_packet(), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = packet.encode();
            let at = at.index(bytes.len());
            bytes[at] = to;
            let _ = SessionPacket::decode(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            if let Ok(read) = SessionPacket::decode(&bytes) {
                prop_assert_eq!(SessionPacket::decode(&read.encode()), Ok(read));
            }
        }
    }
}
