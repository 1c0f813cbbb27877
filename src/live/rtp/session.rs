//! [`Session`]: the state of one AppleMIDI session in either role: who invited whom, who is
//! joined, when to ask again and when to give up. Pure; the sockets are in `line`.

use super::session_packet::{Exchange, SessionPacket};
use super::sync::Sync;
use joining::{Peer, ours};
use std::net::SocketAddr;

mod joining;

/// What we are called in a session.
pub const NAME: &str = "beatgen";

/// An invitation is repeated this often, in nanoseconds.
const INVITE_AGAIN_NS: u64 = 500_000_000;

/// A peer that was silent this long is gone.
const GONE_NS: u64 = 60_000_000_000;

/// Between two receiver feedbacks.
const FEEDBACK_NS: u64 = 1_000_000_000;

/// Packets in a row that the peer's machine sent back as undeliverable, after which the peer is gone.
const MOST_REFUSED: u32 = 3;

/// The two ports of a session; the number of the second is that of the first plus 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Invitations, farewells and feedback.
    Control,
    /// Notes and clock messages, and the second invitation.
    Data,
}

/// A session packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// From which of our ports.
    pub port: Port,
    /// Whereto.
    pub to: SocketAddr,
    /// What.
    pub packet: SessionPacket,
}

/// What happened in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer is joined; notes may flow.
    Joined,
    /// It has heard everything up to this packet.
    Heard(u16),
    /// It is not joined any more, or never was.
    Left(Why),
}

/// Why there is no peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It said no.
    Refused,
    /// It did not answer at this port.
    NoAnswer(Port),
    /// Its machine has no program at that port.
    Nobody,
    /// It left.
    Bye,
    /// It fell silent.
    Silent,
}

/// What a session has to send and to tell, oldest first.
#[derive(Debug, Default)]
pub struct Outbox {
    /// To be sent.
    pub packets: Vec<Outgoing>,
    /// To be told.
    pub events: Vec<Event>,
}

#[derive(Debug)]
enum State {
    /// Waits to be invited.
    Waiting,
    /// Has invited a peer at one of its ports.
    Inviting {
        peer: Peer,
        port: Port,
        again_ns: u64,
    },
    /// Has taken an invitation at the control port.
    Welcoming { peer: Peer, until_ns: u64 },
    /// Has a peer.
    Joined {
        peer: Peer,
        sync: Sync,
        heard_ns: u64,
    },
    /// Ended for good.
    Over,
}

/// One side of a session with one peer at a time.
#[derive(Debug)]
pub struct Session {
    ssrc: u32,
    state: State,
    /// Whether it waits for the next peer when one leaves.
    host: bool,
    give_up_ns: u64,
    refused: u32,
    /// The last packet of notes from the peer that it was not told about.
    to_confirm: Option<u16>,
    confirmed_ns: u64,
}

impl Session {
    /// Invites the peer at this control address; gives up at `give_up_ns`. `ssrc` and `token` are
    /// random numbers.
    #[must_use]
    pub fn invite(
        control: SocketAddr,
        ssrc: u32,
        token: u32,
        now_ns: u64,
        give_up_ns: u64,
    ) -> Self {
        let mut data = control;
        data.set_port(control.port().saturating_add(1));
        let peer = Peer {
            control,
            data,
            ssrc: 0,
            data_ssrc: 0,
            token,
            name: String::new(),
        };
        let state = State::Inviting {
            peer,
            port: Port::Control,
            again_ns: now_ns,
        };
        Self {
            give_up_ns,
            ..Self::with(ssrc, state, false)
        }
    }

    /// Waits to be invited, again and again. `ssrc` is a random number.
    #[must_use]
    pub const fn host(ssrc: u32) -> Self {
        Self::with(ssrc, State::Waiting, true)
    }

    const fn with(ssrc: u32, state: State, host: bool) -> Self {
        Self {
            ssrc,
            state,
            host,
            give_up_ns: u64::MAX,
            refused: 0,
            to_confirm: None,
            confirmed_ns: 0,
        }
    }

    /// Our own number in it.
    #[must_use]
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The joined peer's name and data address.
    #[must_use]
    pub fn joined(&self) -> Option<(&str, SocketAddr)> {
        match &self.state {
            State::Joined { peer, .. } => Some((&peer.name, peer.data)),
            _ => None,
        }
    }

    /// The median of the last round trips to the joined peer in microseconds; 0 while unknown.
    #[must_use]
    pub fn rtt_us(&self) -> u32 {
        match &self.state {
            State::Joined { sync, .. } => sync.rtt_us(),
            _ => 0,
        }
    }

    /// How long the joined peer has said nothing, in nanoseconds.
    #[must_use]
    pub const fn silent_ns(&self, now_ns: u64) -> u64 {
        match &self.state {
            State::Joined { heard_ns, .. } => now_ns.saturating_sub(*heard_ns),
            _ => 0,
        }
    }

    /// Takes a session packet that came to one of our ports. Of all but invitations, only those of
    /// the peer are obeyed.
    pub fn receive(
        &mut self,
        port: Port,
        from: SocketAddr,
        packet: SessionPacket,
        now_ns: u64,
        out: &mut Outbox,
    ) {
        match packet {
            SessionPacket::Invite(exchange) => self.invited(port, from, exchange, now_ns, out),
            SessionPacket::Accept(exchange) => self.accepted(port, from, exchange, now_ns, out),
            SessionPacket::Refuse(exchange) => {
                let State::Inviting {
                    peer, port: asked, ..
                } = &self.state
                else {
                    return;
                };
                if *asked == port && peer.at(port) == from && peer.token == exchange.token {
                    self.leave(Why::Refused, out);
                }
            }
            SessionPacket::Bye(exchange) => {
                if self.hear(port, from, exchange.ssrc, now_ns) {
                    self.leave(Why::Bye, out);
                }
            }
            SessionPacket::Clock { ssrc, count, times } => {
                if port != Port::Data || !self.hear(port, from, ssrc, now_ns) {
                    return;
                }
                let own = self.ssrc;
                if let State::Joined { sync, .. } = &mut self.state
                    && let Some(packet) = sync.hear((count, times), own, now_ns)
                {
                    out.packets.push(Outgoing {
                        port,
                        to: from,
                        packet,
                    });
                }
            }
            SessionPacket::Feedback { ssrc, seq } => {
                if self.hear(port, from, ssrc, now_ns) {
                    out.events.push(Event::Heard(seq));
                }
            }
        }
    }

    /// A packet of notes came to our data port. They are not for us, but a peer keeps what was
    /// not confirmed.
    pub fn receive_notes(&mut self, from: SocketAddr, ssrc: u32, seq: u16, now_ns: u64) {
        if self.hear(Port::Data, from, ssrc, now_ns) {
            self.to_confirm = Some(seq);
        }
    }

    /// The peer's machine says that nobody is there.
    pub fn unreachable(&mut self, out: &mut Outbox) {
        self.refused += 1;
        match self.state {
            State::Inviting { .. } => self.leave(Why::Nobody, out),
            State::Joined { .. } if self.refused >= MOST_REFUSED => self.leave(Why::Nobody, out),
            _ => {}
        }
    }

    /// Does what is due.
    pub fn turn(&mut self, now_ns: u64, out: &mut Outbox) {
        match &mut self.state {
            State::Inviting { port, .. } if now_ns >= self.give_up_ns => {
                let why = Why::NoAnswer(*port);
                self.leave(why, out);
            }
            State::Inviting {
                peer,
                port,
                again_ns,
            } if now_ns >= *again_ns => {
                *again_ns = now_ns + INVITE_AGAIN_NS;
                let packet = SessionPacket::Invite(ours(peer.token, self.ssrc));
                out.packets.push(Outgoing {
                    port: *port,
                    to: peer.at(*port),
                    packet,
                });
            }
            State::Welcoming { until_ns, .. } if now_ns >= *until_ns => self.state = State::Waiting,
            State::Joined { heard_ns, .. } if now_ns.saturating_sub(*heard_ns) >= GONE_NS => {
                self.leave(Why::Silent, out);
            }
            State::Joined { peer, sync, .. } => {
                if let Some(packet) = sync.turn(self.ssrc, now_ns) {
                    out.packets.push(Outgoing {
                        port: Port::Data,
                        to: peer.data,
                        packet,
                    });
                }
                if now_ns.saturating_sub(self.confirmed_ns) >= FEEDBACK_NS
                    && let Some(seq) = self.to_confirm.take()
                {
                    self.confirmed_ns = now_ns;
                    let packet = SessionPacket::Feedback {
                        ssrc: self.ssrc,
                        seq,
                    };
                    out.packets.push(Outgoing {
                        port: Port::Control,
                        to: peer.control,
                        packet,
                    });
                }
            }
            _ => {}
        }
    }

    /// Asks the joined peer for its clock now. Its answer, from the port where notes arrive, shows that
    /// it has read those sent before.
    pub const fn ask(&mut self, now_ns: u64) {
        if let State::Joined { sync, .. } = &mut self.state {
            sync.ask(now_ns);
        }
    }

    /// Whether a joined peer has not answered yet.
    #[must_use]
    pub fn is_asked(&self, now_ns: u64) -> bool {
        matches!(&self.state, State::Joined { sync, .. } if sync.is_asked(now_ns))
    }

    /// Leaves for good, and says so to whoever is there.
    pub fn end(&mut self, out: &mut Outbox) {
        if let State::Joined { peer, .. }
        | State::Inviting { peer, .. }
        | State::Welcoming { peer, .. } = &self.state
        {
            out.packets.push(Outgoing {
                port: Port::Control,
                to: peer.control,
                packet: SessionPacket::Bye(Exchange {
                    name: String::new(),
                    ..ours(peer.token, self.ssrc)
                }),
            });
        }
        self.state = State::Over;
    }

    /// Whether this is from the joined peer; if so, it lives.
    fn hear(&mut self, port: Port, from: SocketAddr, ssrc: u32, now_ns: u64) -> bool {
        let State::Joined { peer, heard_ns, .. } = &mut self.state else {
            return false;
        };
        let known = match port {
            Port::Control => from == peer.control && (ssrc == peer.ssrc || ssrc == peer.data_ssrc),
            Port::Data => from == peer.data && (ssrc == peer.data_ssrc || ssrc == peer.ssrc),
        };
        if known {
            *heard_ns = now_ns;
            self.refused = 0;
        }
        known
    }
}
