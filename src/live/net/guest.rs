//! [`Guest`]: one connection to a receiver as a state machine: bytes and times in, bytes out. Pure:
//! no sockets. What all connections share is in `house`.

use super::decoder::Decoder;
use super::frame::{Frame, FrameError, Nonce, Refusal, VERSION};
use super::house::{Health, House};
use super::offset::Exchange;
use super::secret::Role;
use super::stage::Bucket;
use std::collections::VecDeque;

const MS: u64 = 1_000_000;

/// How long a handshake may take, in nanoseconds.
pub const HANDSHAKE_NS: u64 = 3_000 * MS;
/// After this long without a word a connection is dead, in nanoseconds.
pub const DEAD_NS: u64 = 3_000 * MS;
/// Pings, and the nanoseconds from each to the next, until the clocks are well compared: a burst
/// of a third of a second, then five seconds, then for good.
const PINGS: [(u32, u64); 3] = [(16, 20 * MS), (136, 40 * MS), (u32::MAX, 100 * MS)];
/// Pings without an answer that are remembered.
const OPEN_PINGS: usize = 64;
/// Between two reports, in nanoseconds.
const REPORT_NS: u64 = 500 * MS;
/// Frames that are no events, at once and a second.
const TALK: (f64, f64) = (400.0, 100.0);

/// Why a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The player said so.
    Bye,
    /// The line is cut.
    Cut,
    /// The receiver ends it, with a word for people.
    Refused(Refusal, String),
}

impl End {
    pub(super) fn refused(why: Refusal) -> Self {
        let text = match why {
            Refusal::Version => "another version of beatgen-tui",
            Refusal::Token => "a wrong token",
            Refusal::Busy => "another beatgen-tui is playing here",
            Refusal::Crowded => "too many connections at once",
            Refusal::Flood => "too many messages a second",
            Refusal::Nonsense => "what comes in makes no sense",
            Refusal::Ended => "the receiver ends",
            Refusal::Replaced => "the same player has joined again",
            Refusal::Silent => "nothing was heard for 3 seconds",
            Refusal::Other(_) => "it is refused",
        };
        Self::Refused(why, text.into())
    }

    fn nonsense(what: impl std::fmt::Display) -> Self {
        Self::Refused(Refusal::Nonsense, what.to_string())
    }
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Version(theirs) => Self::Refused(
                Refusal::Version,
                format!(
                    "the receiver speaks version {VERSION} of its protocol, the player {theirs}"
                ),
            ),
            other => Self::nonsense(other),
        }
    }
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Waits for its first word.
    New,
    /// Was asked for a proof.
    Asked {
        player: u64,
        nonce: Nonce,
        asked_ns: u64,
    },
    /// Plays.
    Joined,
}

/// One connection.
pub struct Guest {
    number: u64,
    decoder: Decoder,
    step: Step,
    nonce: Nonce,
    out: Vec<u8>,
    born_ns: u64,
    heard_ns: u64,
    talk: Bucket,
    next_seq: u32,
    /// Pings without an answer, and when each was said.
    pings: VecDeque<(u32, u64)>,
    pinged: u32,
    next_ping_ns: u64,
    next_report_ns: u64,
    told: Health,
}

impl Guest {
    /// A connection made at `now_ns`; `nonce` must be its own and random.
    #[must_use]
    pub fn new(house: &mut House, nonce: Nonce, now_ns: u64) -> Self {
        Self {
            number: house.number(),
            decoder: Decoder::default(),
            step: Step::New,
            nonce,
            out: Vec::new(),
            born_ns: now_ns,
            heard_ns: now_ns,
            talk: Bucket::new(TALK.0, TALK.1, now_ns),
            next_seq: 0,
            pings: VecDeque::new(),
            pinged: 0,
            next_ping_ns: now_ns,
            next_report_ns: now_ns,
            told: Health::default(),
        }
    }

    /// Whether it has proven the token and plays.
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.step == Step::Joined
    }

    /// What is to be sent.
    pub fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Takes bytes that came at `now_ns`.
    ///
    /// # Errors
    /// The connection ends; [`Guest::leave`] is to be called.
    pub fn hear(&mut self, mut bytes: &[u8], house: &mut House, now_ns: u64) -> Result<(), End> {
        self.heard_ns = now_ns;
        if self.is_joined() && !house.hear(self.number, now_ns) {
            return Err(End::refused(Refusal::Replaced));
        }
        while let Some(frame) = self.decoder.next(&mut bytes)? {
            self.heed(frame, house, now_ns)?;
        }
        Ok(())
    }

    /// Does what time brings: pings, reports, ends.
    ///
    /// # Errors
    /// The connection ends; [`Guest::leave`] is to be called.
    pub fn turn(&mut self, house: &mut House, now_ns: u64) -> Result<(), End> {
        if !self.is_joined() {
            let over = now_ns.saturating_sub(self.born_ns) >= HANDSHAKE_NS;
            return match over {
                true => Err(End::refused(Refusal::Silent)),
                false => Ok(()),
            };
        }
        if !house.is_held_by(self.number) {
            return Err(End::refused(Refusal::Replaced));
        }
        if now_ns.saturating_sub(self.heard_ns) >= DEAD_NS {
            return Err(End::refused(Refusal::Silent));
        }
        house.stage.turn(now_ns);
        if now_ns >= self.next_ping_ns {
            self.ping(now_ns);
        }
        if now_ns >= self.next_report_ns {
            self.next_report_ns = now_ns.saturating_add(REPORT_NS);
            Frame::Report(house.report()).encode(&mut self.out);
        }
        if self.told.output != house.health.output {
            Frame::Output(house.health.output.clone()).encode(&mut self.out);
        }
        if self.told.trouble != house.health.trouble {
            Frame::Trouble(house.health.trouble.clone()).encode(&mut self.out);
        }
        if self.told != house.health {
            self.told.clone_from(&house.health);
        }
        Ok(())
    }

    /// Ends the connection: what it played is silenced, and it is told why.
    pub fn leave(&mut self, end: &End, house: &mut House, now_ns: u64) {
        if house.is_held_by(self.number) {
            house.vacate(now_ns);
        }
        if let End::Refused(why, text) = end {
            let (why, text) = (*why, text.clone());
            Frame::Refuse { why, text }.encode(&mut self.out);
        }
    }

    fn heed(&mut self, frame: Frame, house: &mut House, now_ns: u64) -> Result<(), End> {
        match (self.step, frame) {
            (Step::New, Frame::Hello { player, nonce }) => {
                let asked_ns = now_ns;
                self.step = Step::Asked {
                    player,
                    nonce,
                    asked_ns,
                };
                Frame::Challenge { nonce: self.nonce }.encode(&mut self.out);
                Ok(())
            }
            (
                Step::Asked {
                    player,
                    nonce,
                    asked_ns,
                },
                Frame::Proof {
                    proof,
                    heard_ns,
                    said_ns,
                },
            ) => {
                let role = Role::Player(player);
                if !house.key().is_proof(role, &nonce, &self.nonce, &proof) {
                    return Err(End::refused(Refusal::Token));
                }
                if !house.admit(self.number, player, now_ns) {
                    return Err(End::refused(Refusal::Busy));
                }
                house.stage.compare(&Exchange {
                    said_ns: asked_ns,
                    far_heard_ns: heard_ns,
                    far_said_ns: said_ns,
                    heard_ns: now_ns,
                });
                self.join(&nonce, house, now_ns);
                Ok(())
            }
            (Step::Joined, Frame::Event { seq, at_ns, midi }) => {
                if seq != self.next_seq {
                    return Err(End::nonsense("an event is missing"));
                }
                self.next_seq = seq.wrapping_add(1);
                let taken = house.stage.event(at_ns, midi, now_ns);
                taken.map_err(|flood| End::Refused(Refusal::Flood, flood.to_string()))
            }
            (Step::Joined, frame) if self.talk.take(now_ns) => self.talk(&frame, house, now_ns),
            (Step::Joined, _) => Err(End::refused(Refusal::Flood)),
            _ => Err(End::nonsense("a word out of turn")),
        }
    }

    fn join(&mut self, nonce: &Nonce, house: &House, now_ns: u64) {
        self.step = Step::Joined;
        self.next_ping_ns = now_ns;
        Frame::Welcome {
            proof: house.key().prove(Role::Receiver, nonce, &self.nonce),
            delay_ms: house.stage.delay_ms(),
            output: house.health.output.clone(),
        }
        .encode(&mut self.out);
        // The welcome may cut a long name.
        self.told.output = String::new();
    }

    /// Frames of a player that has joined, but for events.
    fn talk(&mut self, frame: &Frame, house: &mut House, now_ns: u64) -> Result<(), End> {
        match *frame {
            Frame::Pong {
                id,
                heard_ns,
                said_ns,
            } => {
                // Answers come in the order of the pings; one left out is not waited for.
                let place = self.pings.iter().position(|(ping, _)| *ping == id);
                let said = place.and_then(|place| self.pings.drain(..=place).next_back());
                let Some((_, ping_ns)) = said else {
                    return Err(End::nonsense("an answer to no question"));
                };
                house.stage.compare(&Exchange {
                    said_ns: ping_ns,
                    far_heard_ns: heard_ns,
                    far_said_ns: said_ns,
                    heard_ns: now_ns,
                });
                Ok(())
            }
            Frame::SetDelay { ms } => {
                house.stage.set_delay(ms);
                // The screen over there shows it at once.
                self.next_report_ns = now_ns;
                Ok(())
            }
            Frame::Silence => {
                house.stage.silence(now_ns);
                Ok(())
            }
            Frame::Bye => Err(End::Bye),
            _ => Err(End::nonsense("a word out of turn")),
        }
    }

    fn ping(&mut self, now_ns: u64) {
        let pace = PINGS.iter().find(|(until, _)| self.pinged < *until);
        let between = pace.map_or(MS, |(_, ns)| *ns);
        self.next_ping_ns = now_ns.saturating_add(between);
        if self.pings.len() == OPEN_PINGS {
            self.pings.pop_front();
        }
        let id = self.pinged;
        self.pinged = self.pinged.wrapping_add(1);
        self.pings.push_back((id, now_ns));
        Frame::Ping { id }.encode(&mut self.out);
    }
}

#[cfg(test)]
mod tests;
