//! Sessions in both roles, on a clock and a network of the test's own.

use super::super::session::{Event, Outbox, Port, Session, Why};
use super::super::session_packet::{Exchange, SessionPacket};
use proptest::prelude::*;
use std::net::SocketAddr;

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

/// Someone at two ports.
struct Side {
    session: Session,
    base: u16,
    outbox: Outbox,
    told: Vec<Event>,
}

impl Side {
    fn host(ssrc: u32) -> Self {
        Self::new(Session::host(ssrc), 5004)
    }

    fn guest(base: u16) -> Self {
        let (ssrc, token) = (u32::from(base), u32::from(base) * 3);
        Self::new(Session::invite(address(5004), ssrc, token, 0, 3 * S), base)
    }

    fn new(session: Session, base: u16) -> Self {
        Self {
            session,
            base,
            outbox: Outbox::default(),
            told: Vec::new(),
        }
    }

    /// Its packets, each with its sender's address.
    fn turn(&mut self, now_ns: u64) -> Vec<(SocketAddr, SocketAddr, SessionPacket)> {
        self.session.turn(now_ns, &mut self.outbox);
        self.told.append(&mut self.outbox.events);
        let packets = std::mem::take(&mut self.outbox.packets);
        let from = |port| address(self.base + u16::from(port == Port::Data));
        let addressed = packets
            .into_iter()
            .map(|out| (from(out.port), out.to, out.packet));
        addressed.collect()
    }

    fn take(&mut self, from: SocketAddr, to: SocketAddr, packet: SessionPacket, now_ns: u64) {
        let port = if to.port() == self.base {
            Port::Control
        } else {
            Port::Data
        };
        self.session
            .receive(port, from, packet, now_ns, &mut self.outbox);
        self.told.append(&mut self.outbox.events);
    }

    fn is_joined(&self) -> bool {
        self.session.joined().is_some()
    }
}

/// Lets everyone talk from one time to another, 1 ms a round trip, without the packets for which
/// `lost` is true.
fn talk(sides: &mut [&mut Side], from_ms: u64, to_ms: u64, mut lost: impl FnMut() -> bool) {
    for half in 2 * from_ms..2 * to_ms {
        let now_ns = half * MS / 2;
        let packets: Vec<_> = sides
            .iter_mut()
            .flat_map(|side| side.turn(now_ns))
            .collect();
        for (from, to, packet) in packets {
            // Everything passes through bytes.
            let packet = SessionPacket::decode(&packet.encode()).unwrap();
            let at = |side: &&mut &mut Side| to.port() & !1 == side.base;
            if !lost()
                && let Some(side) = sides.iter_mut().find(at)
            {
                side.take(from, to, packet, now_ns + MS / 2);
            }
        }
    }
}

#[test]
fn two_sides_join_and_measure_the_way() {
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 2_000, || false);
    assert_eq!(guest.told, [Event::Joined]);
    assert_eq!(host.told, [Event::Joined]);
    assert_eq!(guest.session.joined(), Some(("beatgen", address(5005))));
    assert_eq!(host.session.joined(), Some(("beatgen", address(6001))));
    assert!(
        (1_000..1_600).contains(&guest.session.rtt_us()),
        "{}",
        guest.session.rtt_us()
    );
    assert!(
        (1_000..1_600).contains(&host.session.rtt_us()),
        "{}",
        host.session.rtt_us()
    );
    // They live on for long, as the clocks are compared every 10 s.
    talk(&mut [&mut guest, &mut host], 2_000, 100_000, || false);
    assert!(guest.is_joined() && host.is_joined());
    assert!(guest.session.silent_ns(100 * S) < 11 * S && host.session.silent_ns(100 * S) < 11 * S);
    // The guest leaves; the host waits for the next.
    guest.session.end(&mut guest.outbox);
    talk(&mut [&mut guest, &mut host], 100_000, 100_010, || false);
    assert_eq!(host.told, [Event::Joined, Event::Left(Why::Bye)]);
    let mut next = Side::guest(7000);
    talk(&mut [&mut next, &mut host], 0, 100, || false);
    assert!(next.is_joined() && host.is_joined());
    host.session.end(&mut host.outbox);
    talk(&mut [&mut next, &mut host], 100, 110, || false);
    assert_eq!(next.told.last(), Some(&Event::Left(Why::Bye)));
    assert!(!next.is_joined());
}

#[test]
fn a_second_guest_is_refused_until_the_first_has_died() {
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 3_000, || false);
    let mut second = Side::guest(7000);
    talk(&mut [&mut second, &mut guest, &mut host], 0, 100, || false);
    assert_eq!(second.told, [Event::Left(Why::Refused)]);
    assert!(guest.is_joined() && host.is_joined());
    // The first falls silent.
    host.turn(40 * S);
    let mut third = Side::new(Session::invite(address(5004), 8, 9, 40 * S, 43 * S), 8000);
    talk(&mut [&mut third, &mut host], 40_000, 40_100, || false);
    assert!(third.is_joined());
    let left = [Event::Joined, Event::Left(Why::Silent), Event::Joined];
    assert_eq!(host.told, left);
    assert_eq!(host.session.joined(), Some(("beatgen", address(8001))));
}

#[test]
fn a_guest_that_begins_anew_is_let_in_at_once() {
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 1_000, || false);
    // The same program at the same ports, with a new token.
    let again = Session::invite(address(5004), 6000, 1, S, 4 * S);
    let mut guest = Side::new(again, 6000);
    talk(&mut [&mut guest, &mut host], 1_000, 1_100, || false);
    assert!(guest.is_joined() && host.is_joined());
}

#[test]
fn what_comes_to_nothing_says_why() {
    let mut guest = Side::guest(6000);
    talk(&mut [&mut guest], 0, 2_999, || false);
    assert_eq!(guest.told, []);
    talk(&mut [&mut guest], 2_999, 3_001, || false);
    assert_eq!(guest.told, [Event::Left(Why::NoAnswer(Port::Control))]);
    // The control port answers, the data port does not.
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    for ms in 0..3_001 {
        for (from, to, packet) in guest.turn(ms * MS) {
            if to == address(5004) {
                host.take(from, to, packet, ms * MS);
            }
        }
        for (from, to, packet) in host.turn(ms * MS) {
            guest.take(from, to, packet, ms * MS);
        }
    }
    assert_eq!(guest.told, [Event::Left(Why::NoAnswer(Port::Data))]);
    // The host forgets the one that never came.
    host.turn(10 * S);
    let mut next = Side::new(Session::invite(address(5004), 8, 9, 10 * S, 13 * S), 8000);
    talk(&mut [&mut next, &mut host], 10_000, 10_100, || false);
    assert!(next.is_joined());
    // Nobody is at the port.
    let mut guest = Side::guest(6000);
    guest.session.unreachable(&mut guest.outbox);
    guest.turn(0);
    assert_eq!(guest.told, [Event::Left(Why::Nobody)]);
}

#[test]
fn a_peer_that_dies_is_missed() {
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 2_000, || false);
    talk(&mut [&mut guest], 2_000, 59_000, || false);
    assert!(guest.is_joined() && guest.session.silent_ns(59 * S) > 56 * S);
    talk(&mut [&mut guest], 59_000, 62_500, || false);
    assert_eq!(guest.told.last(), Some(&Event::Left(Why::Silent)));
    host.turn(62 * S);
    assert_eq!(host.told.last(), Some(&Event::Left(Why::Silent)));
    // Its machine lives and its program is gone: a single stray report is not enough.
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 1_000, || false);
    guest.session.unreachable(&mut guest.outbox);
    talk(&mut [&mut guest, &mut host], 1_000, 2_000, || false);
    for _ in 0..2 {
        guest.session.unreachable(&mut guest.outbox);
    }
    guest.turn(2 * S);
    assert!(guest.is_joined());
    guest.session.unreachable(&mut guest.outbox);
    guest.turn(2 * S);
    assert_eq!(guest.told.last(), Some(&Event::Left(Why::Nobody)));
}

#[test]
fn only_the_joined_peer_is_obeyed() {
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 2_000, || false);
    let exchange = |ssrc| Exchange {
        token: 18_000,
        ssrc,
        name: String::new(),
    };
    let now_ns = 2 * S;
    let strangers = [(address(6002), 6000), (address(6000), 6001)];
    for (from, ssrc) in strangers {
        for to in [5004, 5005].map(address) {
            for packet in [
                SessionPacket::Bye(exchange(ssrc)),
                SessionPacket::Refuse(exchange(ssrc)),
                SessionPacket::Accept(exchange(ssrc)),
                SessionPacket::Feedback { ssrc, seq: 1 },
                SessionPacket::Clock {
                    ssrc,
                    count: 0,
                    times: [1, 2, 3],
                },
            ] {
                host.take(from, to, packet, now_ns);
            }
        }
        host.session.receive_notes(from, ssrc, 5, now_ns);
    }
    assert_eq!(host.told, [Event::Joined]);
    assert_eq!(host.turn(now_ns), []);
    assert!(host.session.silent_ns(now_ns) > 0);
    // The same from the peer itself.
    let feedback = SessionPacket::Feedback { ssrc: 6000, seq: 1 };
    host.take(address(6000), address(5004), feedback, now_ns);
    assert_eq!(host.told, [Event::Joined, Event::Heard(1)]);
    host.take(
        address(6000),
        address(5004),
        SessionPacket::Bye(exchange(6000)),
        now_ns,
    );
    assert_eq!(host.told.last(), Some(&Event::Left(Why::Bye)));
    // A guest believes no acceptance but that of whom it invited, for what it asked.
    let mut guest = Side::guest(6000);
    guest.turn(0);
    guest.take(
        address(9004),
        address(6000),
        SessionPacket::Accept(exchange(1)),
        0,
    );
    guest.take(
        address(5005),
        address(6001),
        SessionPacket::Accept(exchange(1)),
        0,
    );
    let other = Exchange {
        token: 1,
        ..exchange(1)
    };
    guest.take(
        address(5004),
        address(6000),
        SessionPacket::Accept(other.clone()),
        0,
    );
    guest.take(
        address(5004),
        address(6000),
        SessionPacket::Refuse(other),
        0,
    );
    assert_eq!((guest.turn(1), guest.told), (vec![], vec![]));
}

#[test]
fn a_peers_notes_are_confirmed_once_a_second() {
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 3_000, || false);
    let mut confirmed = Vec::new();
    for ms in 3_000..5_500 {
        host.session
            .receive_notes(address(6001), 6000, ms as u16, ms * MS);
        for (_, to, packet) in host.turn(ms * MS) {
            if let SessionPacket::Feedback { seq, .. } = packet {
                assert_eq!(to, address(6000));
                confirmed.push(seq);
            }
        }
    }
    assert_eq!(confirmed, [3_000, 4_000, 5_000]);
}

#[test]
fn the_last_question_tells_when_all_is_heard() {
    let (mut guest, mut host) = (Side::guest(6000), Side::host(77));
    talk(&mut [&mut guest, &mut host], 0, 3_000, || false);
    for first in [true, false] {
        let now_ns = if first { 3 * S } else { 4 * S };
        let asks = if first { &mut guest } else { &mut host };
        assert!(!asks.session.is_asked(now_ns));
        asks.session.ask(now_ns);
        assert!(asks.session.is_asked(now_ns));
        let ms = now_ns / MS;
        talk(&mut [&mut guest, &mut host], ms, ms + 3, || false);
        let asks = if first { &guest } else { &host };
        assert!(!asks.session.is_asked(now_ns + 3 * MS));
    }
}

fn any_packet() -> impl Strategy<Value = SessionPacket> {
    let number = || prop::sample::select(vec![77, 6000, 18_000, 1]);
    (0..6u8, number(), number(), 0..3u8, any::<[u64; 3]>()).prop_map(
        |(kind, token, ssrc, count, times)| {
            let exchange = Exchange {
                token,
                ssrc,
                name: "x".into(),
            };
            match kind {
                0 => SessionPacket::Invite(exchange),
                1 => SessionPacket::Accept(exchange),
                2 => SessionPacket::Refuse(exchange),
                3 => SessionPacket::Bye(exchange),
                4 => SessionPacket::Clock { ssrc, count, times },
                _ => SessionPacket::Feedback {
                    ssrc,
                    seq: count.into(),
                },
            }
        },
    )
}

proptest! {
    #[test]
    fn a_tenth_of_the_packets_lost_does_not_keep_two_sides_apart(seed in any::<u64>()) {
        let mut state = seed | 1;
        let mut lost = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33).is_multiple_of(10)
        };
        let give_up = Session::invite(address(5004), 6000, 18_000, 0, 60 * S);
        let (mut guest, mut host) = (Side::new(give_up, 6000), Side::host(77));
        talk(&mut [&mut guest, &mut host], 0, 30_000, &mut lost);
        prop_assert!(guest.is_joined() && host.is_joined());
        prop_assert_eq!(guest.told, [Event::Joined]);
    }

    #[test]
    fn no_packet_is_answered_by_more_than_one(
        packets in prop::collection::vec((any_packet(), 0..4u16, any::<bool>(), 0..3_000u64), 0..60),
        guest in any::<bool>(),
    ) {
        let mut side = if guest { Side::guest(6000) } else { Side::host(77) };
        let mut now_ns = 0;
        for (packet, from, data, ms) in packets {
            now_ns += ms * MS;
            let to = address(side.base + u16::from(data));
            let from = address(if guest { 5004 } else { 6000 } + from);
            side.take(from, to, packet, now_ns);
            prop_assert!(side.outbox.packets.len() <= 1);
            prop_assert!(side.turn(now_ns).len() <= 3);
        }
    }
}
