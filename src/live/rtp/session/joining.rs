//! How a peer comes into a session and leaves it: invitations, their answers, and who is let in.

use super::super::session_packet::{Exchange, SessionPacket};
use super::super::sync::Sync;
use super::{Event, NAME, Outbox, Outgoing, Port, Session, State, Why};
use std::net::SocketAddr;

/// A peer that took our control port has this long to come to the data port.
const WELCOME_NS: u64 = 5_000_000_000;

/// A joined peer that was silent this long gives way to another that invites us. The other side
/// compares the clocks every 10 s.
const MAKE_WAY_NS: u64 = 25_000_000_000;

/// The other side.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) control: SocketAddr,
    pub(super) data: SocketAddr,
    /// The sender it gives on each port; most peers give one, not all.
    pub(super) ssrc: u32,
    pub(super) data_ssrc: u32,
    pub(super) token: u32,
    pub(super) name: String,
}

impl Session {
    pub(super) fn invited(
        &mut self,
        port: Port,
        from: SocketAddr,
        exchange: Exchange,
        now_ns: u64,
        out: &mut Outbox,
    ) {
        let answer = ours(exchange.token, self.ssrc);
        let mut reply = |packet| {
            out.packets.push(Outgoing {
                port,
                to: from,
                packet,
            })
        };
        match port {
            Port::Control => {
                let free = match &self.state {
                    State::Waiting => true,
                    // Its packet or our answer was lost.
                    State::Welcoming { peer, .. } | State::Joined { peer, .. }
                        if peer.is(from, &exchange) =>
                    {
                        return reply(SessionPacket::Accept(answer));
                    }
                    // The same program begins anew, or another comes after one that died.
                    State::Joined { peer, heard_ns, .. } => {
                        self.host
                            && (peer.control == from && peer.ssrc == exchange.ssrc
                                || now_ns.saturating_sub(*heard_ns) >= MAKE_WAY_NS)
                    }
                    _ => false,
                };
                if !free {
                    let answer = Exchange {
                        name: String::new(),
                        ..answer
                    };
                    return reply(SessionPacket::Refuse(answer));
                }
                reply(SessionPacket::Accept(answer));
                if self.joined().is_some() {
                    self.leave(Why::Silent, out);
                }
                let peer = Peer {
                    control: from,
                    // Set when it comes.
                    data: from,
                    ssrc: exchange.ssrc,
                    data_ssrc: exchange.ssrc,
                    token: exchange.token,
                    name: exchange.name,
                };
                self.state = State::Welcoming {
                    peer,
                    until_ns: now_ns + WELCOME_NS,
                };
            }
            Port::Data => match &mut self.state {
                State::Welcoming { peer, .. }
                    if peer.control.ip() == from.ip() && peer.token == exchange.token =>
                {
                    reply(SessionPacket::Accept(answer));
                    peer.data = from;
                    peer.data_ssrc = exchange.ssrc;
                    let peer = peer.clone();
                    self.join(peer, Sync::default(), now_ns, out);
                }
                State::Joined { peer, .. } if peer.data == from && peer.token == exchange.token => {
                    reply(SessionPacket::Accept(answer));
                }
                _ => reply(SessionPacket::Refuse(Exchange {
                    name: String::new(),
                    ..answer
                })),
            },
        }
    }

    pub(super) fn accepted(
        &mut self,
        port: Port,
        from: SocketAddr,
        exchange: Exchange,
        now_ns: u64,
        out: &mut Outbox,
    ) {
        let State::Inviting {
            peer,
            port: asked,
            again_ns,
        } = &mut self.state
        else {
            return;
        };
        if *asked != port || peer.at(port) != from || peer.token != exchange.token {
            return;
        }
        match port {
            Port::Control => {
                peer.ssrc = exchange.ssrc;
                peer.name = exchange.name;
                *asked = Port::Data;
                *again_ns = now_ns;
            }
            Port::Data => {
                peer.data_ssrc = exchange.ssrc;
                let peer = peer.clone();
                self.join(peer, Sync::asking(now_ns), now_ns, out);
            }
        }
    }

    fn join(&mut self, peer: Peer, sync: Sync, now_ns: u64, out: &mut Outbox) {
        self.refused = 0;
        self.to_confirm = None;
        self.state = State::Joined {
            peer,
            sync,
            heard_ns: now_ns,
        };
        out.events.push(Event::Joined);
    }

    pub(super) fn leave(&mut self, why: Why, out: &mut Outbox) {
        self.state = if self.host {
            State::Waiting
        } else {
            State::Over
        };
        out.events.push(Event::Left(why));
    }
}

impl Peer {
    pub(super) const fn at(&self, port: Port) -> SocketAddr {
        match port {
            Port::Control => self.control,
            Port::Data => self.data,
        }
    }

    /// Whether an invitation is the one that this peer came with.
    fn is(&self, from: SocketAddr, exchange: &Exchange) -> bool {
        self.control == from && self.ssrc == exchange.ssrc && self.token == exchange.token
    }
}

pub(super) fn ours(token: u32, ssrc: u32) -> Exchange {
    Exchange {
        token,
        ssrc,
        name: NAME.into(),
    }
}
