//! [`Frame`]: what the two machines say to each other, and its bytes. Pure: no sockets, no time.
//!
//! A frame is one byte for the length of the rest (1 to 127), one byte for its kind, and its fields,
//! numbers with the low byte first; so none is longer than [`MOST`]. Whatever is not a frame is an error
//! that ends the connection, never more.
//!
//! ```text
//! player ──────── Hello ───────> receiver      magic, version, nonce
//!        <────── Challenge ─────               version, nonce
//!        ──────── Proof ───────>               that it knows the token, and its clock
//!        <─ Welcome or Refuse ──               that the receiver knows the token too
//!        ── Event, Silence ... >
//!        <────── Ping, Report ──               Pong answers Ping
//! ```
//!
//! `Hello`, `Challenge` and `Refuse` keep their form in all versions up to the version byte (and
//! `Refuse` whole), so that different versions can tell each other so.

use super::midi::Midi;

/// The most bytes of a frame.
pub const MOST: usize = 128;

/// The version of what is said here.
pub const VERSION: u8 = 1;

/// The longest text in a frame, in bytes; longer ones are cut.
pub const MOST_TEXT: usize = 120;

/// The longest name in a [`Frame::Welcome`], in bytes.
pub(super) const MOST_NAME: usize = 64;

pub(super) const MAGIC: [u8; 7] = *b"beatgen";

/// A number used once.
pub type Nonce = [u8; 16];

/// What only somebody with the token can say.
pub type Proof = [u8; 32];

/// Why a receiver ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It speaks another version.
    Version,
    /// The token is another.
    Token,
    /// Another player is joined.
    Busy,
    /// Too many connections are being made.
    Crowded,
    /// Too much comes in.
    Flood,
    /// What comes in makes no sense.
    Nonsense,
    /// It ends.
    Ended,
    /// The same player has joined again.
    Replaced,
    /// Nothing came in for too long.
    Silent,
    /// Something a later version knows.
    Other(u8),
}

impl Refusal {
    const ALL: [Self; 9] = [
        Self::Version,
        Self::Token,
        Self::Busy,
        Self::Crowded,
        Self::Flood,
        Self::Nonsense,
        Self::Ended,
        Self::Replaced,
        Self::Silent,
    ];

    pub(super) fn of(code: u8) -> Self {
        let known = usize::from(code).checked_sub(1);
        known
            .and_then(|at| Self::ALL.get(at).copied())
            .unwrap_or(Self::Other(code))
    }

    fn code(self) -> u8 {
        match self {
            Self::Other(code) => code,
            known => (1u8..)
                .zip(Self::ALL)
                .find(|(_, other)| *other == known)
                .map_or(0, |(code, _)| code),
        }
    }
}

/// What a receiver tells of itself again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Median round trip in microseconds.
    pub rtt_us: u32,
    /// The fixed delay in milliseconds.
    pub delay_ms: u16,
    /// The delay that would have been enough lately, in milliseconds; 0 while unknown.
    pub wanted_ms: u16,
    /// Events taken since the player joined.
    pub played: u64,
    /// Of them, those that came after their time.
    pub late: u64,
    /// 99th percentile of how late notes left the receiver, in microseconds.
    pub p99_late_us: u32,
}

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The player's first word.
    Hello {
        /// Its process, by a number of its own: a player that joins again is known by it.
        player: u64,
        /// Made for this connection.
        nonce: Nonce,
    },
    /// The receiver's answer.
    Challenge {
        /// Made for this connection.
        nonce: Nonce,
    },
    /// The player knows the token. The times are on its clock and compare it with the receiver's.
    Proof {
        /// See [`super::secret::Key`].
        proof: Proof,
        /// When it heard the challenge.
        heard_ns: u64,
        /// When it said this.
        said_ns: u64,
    },
    /// The receiver takes the player, and knows the token too.
    Welcome {
        /// See [`super::secret::Key`].
        proof: Proof,
        /// The fixed delay in milliseconds.
        delay_ms: u16,
        /// What it plays into.
        output: String,
    },
    /// The receiver ends the connection.
    Refuse {
        /// Why.
        why: Refusal,
        /// The same for people.
        text: String,
    },
    /// Play this.
    Event {
        /// One more than the last one's, around from the greatest to 0.
        seq: u32,
        /// When it is due, on the player's clock.
        at_ns: u64,
        /// What.
        midi: Midi,
    },
    /// What time is it there?
    Ping {
        /// Which ping.
        id: u32,
    },
    /// The answer to a ping.
    Pong {
        /// Which ping.
        id: u32,
        /// When it was heard, on the player's clock.
        heard_ns: u64,
        /// When this was said.
        said_ns: u64,
    },
    /// How the receiver is doing.
    Report(Report),
    /// What the receiver plays into has another name now.
    Output(String),
    /// What is wrong over there; empty if nothing is.
    Trouble(String),
    /// The player asks for another fixed delay.
    SetDelay {
        /// In milliseconds, at most [`crate::message::MOST_DELAY_MS`].
        ms: u16,
    },
    /// Close everything now, drop what waits.
    Silence,
    /// The player leaves.
    Bye,
}

/// What is wrong with bytes that should be frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No frame is that long, or that kind of frame is not.
    #[error("a frame of a wrong length")]
    Length,
    /// There is no such kind.
    #[error("an unknown kind of frame ({0})")]
    Kind(u8),
    /// It does not begin as beatgen-tui does.
    #[error("something that is not beatgen-tui")]
    Magic,
    /// It speaks another version.
    #[error("version {0} of the protocol")]
    Version(u8),
    /// The MIDI bytes are not one whole message.
    #[error("a malformed MIDI message")]
    Midi,
    /// A number that cannot be.
    #[error("a number out of range")]
    Range,
}

pub(super) mod kind {
    pub const HELLO: u8 = 1;
    pub const CHALLENGE: u8 = 2;
    pub const PROOF: u8 = 3;
    pub const WELCOME: u8 = 4;
    pub const REFUSE: u8 = 5;
    pub const EVENT: u8 = 6;
    pub const PING: u8 = 7;
    pub const PONG: u8 = 8;
    pub const REPORT: u8 = 9;
    pub const OUTPUT: u8 = 10;
    pub const TROUBLE: u8 = 11;
    pub const SET_DELAY: u8 = 12;
    pub const SILENCE: u8 = 13;
    pub const BYE: u8 = 14;
}

impl Frame {
    /// Puts its bytes, at most [`MOST`], behind those in `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        // The length is known at the end.
        out.push(0);
        self.fields(out);
        let len = out.len().saturating_sub(start + 1);
        debug_assert!((1..MOST).contains(&len), "{self:?}");
        if let (Some(place), Ok(len)) = (out.get_mut(start), u8::try_from(len)) {
            *place = len;
        }
    }

    fn fields(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { player, nonce } => {
                out.push(kind::HELLO);
                out.extend(MAGIC);
                out.push(VERSION);
                out.extend(player.to_le_bytes());
                out.extend(nonce);
            }
            Self::Challenge { nonce } => {
                out.extend([kind::CHALLENGE, VERSION]);
                out.extend(nonce);
            }
            Self::Proof {
                proof,
                heard_ns,
                said_ns,
            } => {
                out.push(kind::PROOF);
                out.extend(proof);
                out.extend(heard_ns.to_le_bytes());
                out.extend(said_ns.to_le_bytes());
            }
            Self::Welcome {
                proof,
                delay_ms,
                output,
            } => {
                out.push(kind::WELCOME);
                out.extend(proof);
                out.extend(delay_ms.to_le_bytes());
                out.extend(cut(output, MOST_NAME).as_bytes());
            }
            Self::Refuse { why, text } => {
                out.extend([kind::REFUSE, why.code()]);
                out.extend(cut(text, MOST_TEXT).as_bytes());
            }
            Self::Event { seq, at_ns, midi } => {
                out.push(kind::EVENT);
                out.extend(seq.to_le_bytes());
                out.extend(at_ns.to_le_bytes());
                out.extend(midi.bytes());
            }
            Self::Ping { id } => {
                out.push(kind::PING);
                out.extend(id.to_le_bytes());
            }
            Self::Pong {
                id,
                heard_ns,
                said_ns,
            } => {
                out.push(kind::PONG);
                out.extend(id.to_le_bytes());
                out.extend(heard_ns.to_le_bytes());
                out.extend(said_ns.to_le_bytes());
            }
            Self::Report(report) => {
                out.push(kind::REPORT);
                out.extend(report.rtt_us.to_le_bytes());
                out.extend(report.delay_ms.to_le_bytes());
                out.extend(report.wanted_ms.to_le_bytes());
                out.extend(report.played.to_le_bytes());
                out.extend(report.late.to_le_bytes());
                out.extend(report.p99_late_us.to_le_bytes());
            }
            Self::Output(text) => {
                out.push(kind::OUTPUT);
                out.extend(cut(text, MOST_TEXT).as_bytes());
            }
            Self::Trouble(text) => {
                out.push(kind::TROUBLE);
                out.extend(cut(text, MOST_TEXT).as_bytes());
            }
            Self::SetDelay { ms } => {
                out.push(kind::SET_DELAY);
                out.extend(ms.to_le_bytes());
            }
            Self::Silence => out.push(kind::SILENCE),
            Self::Bye => out.push(kind::BYE),
        }
    }
}

/// As much of a text as fits, in whole characters.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
