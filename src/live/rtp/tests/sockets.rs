//! Real UDP on this machine. Nobody sleeps but the sink's own thread.

use super::super::line::{Line, bind_pair};
use super::super::out::RtpOut;
use super::super::payload;
use super::super::receiver::Receiver;
use super::super::session::{Event, Outbox, Port, Session, Why};
use super::super::session_packet::SessionPacket;
use crate::live::clock::{Clock, SystemClock};
use crate::live::sink::{MidiSink, SinkError};
use crate::message::Remote;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const MS: u64 = 1_000_000;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Note `n` of a row in which each can be told from the others.
const fn note(n: usize) -> [u8; 3] {
    [0x99, (n % 128) as u8, (1 + n / 128) as u8]
}

/// A peer in the hands of the test: a session on sockets of its own, that listens.
struct Ear {
    session: Session,
    sockets: [UdpSocket; 2],
    outbox: Outbox,
    receiver: Receiver,
    told: Vec<Event>,
}

impl Ear {
    fn host() -> (Self, SocketAddr) {
        let sockets = bind_pair(HERE, 0).unwrap();
        let address = sockets[0].local_addr().unwrap();
        (Self::with(sockets, Session::host(77)), address)
    }

    fn guest(of: SocketAddr, now_ns: u64) -> Self {
        let sockets = bind_pair(HERE, 0).unwrap();
        assert_eq!(sockets[0].local_addr().unwrap().port() % 2, 0);
        Self::with(sockets, Session::invite(of, 88, 99, now_ns, u64::MAX))
    }

    fn with(sockets: [UdpSocket; 2], session: Session) -> Self {
        Self {
            session,
            sockets,
            outbox: Outbox::default(),
            receiver: Receiver::default(),
            told: Vec::new(),
        }
    }

    fn turn(&mut self, now_ns: u64) {
        let mut buffer = [0; 1_500];
        // Notes first, as they were sent before any goodbye.
        for (n, port) in [(1, Port::Data), (0, Port::Control)] {
            while let Ok((length, from)) = self.sockets[n].recv_from(&mut buffer) {
                let bytes = &buffer[..length];
                if let Ok(packet) = SessionPacket::decode(bytes) {
                    self.session
                        .receive(port, from, packet, now_ns, &mut self.outbox);
                } else if self.session.joined().is_some_and(|(_, data)| data == from) {
                    let seq = self.receiver.take(bytes);
                    self.session
                        .receive_notes(from, self.ssrc(bytes), seq, now_ns);
                }
            }
        }
        self.session.turn(now_ns, &mut self.outbox);
        self.told.append(&mut self.outbox.events);
        for out in std::mem::take(&mut self.outbox.packets) {
            let socket = &self.sockets[usize::from(out.port == Port::Data)];
            let _ = socket.send_to(&out.packet.encode(), out.to);
        }
    }

    fn leave(&mut self) {
        self.session.end(&mut self.outbox);
        self.turn(0);
    }

    fn ssrc(&self, bytes: &[u8]) -> u32 {
        payload::decode(bytes).unwrap().header.ssrc
    }

    fn notes(&self) -> Vec<&Vec<u8>> {
        self.receiver
            .heard
            .iter()
            .filter(|bytes| bytes[0] == 0x99)
            .collect()
    }
}

/// Repeats until it is true; the machine may be slow, not dead.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::yield_now();
    }
}

/// Joins a line and an ear, sends a thousand notes on a clock of the test's own, and leaves.
fn play(line: &mut Line, ear: &mut Ear) {
    let mut now_ns = 0;
    let mut joined = false;
    while !joined || ear.told.is_empty() {
        now_ns += MS;
        line.turn(now_ns, |event| joined |= event == Event::Joined);
        ear.turn(now_ns);
        assert!(now_ns < 20_000 * MS);
    }
    for n in 0..1_000 {
        now_ns += MS;
        line.put(now_ns, &note(n));
        line.put(now_ns, &[0x89, note(n)[1], 64]);
        line.turn(now_ns, |_| {});
        ear.turn(now_ns);
    }
    line.finish(now_ns);
    while line.session().is_asked(now_ns) {
        now_ns += MS;
        line.turn(now_ns, |_| {});
        ear.turn(now_ns);
        assert!(now_ns < 40_000 * MS);
    }
    line.end();
    ear.turn(now_ns);
    let all: Vec<Vec<u8>> = (0..1_000).map(|n| note(n).to_vec()).collect();
    assert_eq!(ear.notes(), all.iter().collect::<Vec<_>>());
    assert!(ear.receiver.sounding.is_empty() && ear.receiver.recovered.is_empty());
    assert_eq!(line.sent(), 2_000);
    assert_eq!(ear.told, [Event::Joined, Event::Left(Why::Bye)]);
}

#[test]
fn a_thousand_notes_arrive_in_order_from_either_side() {
    let (mut ear, address) = Ear::host();
    let pair = bind_pair(HERE, 0).unwrap();
    play(
        &mut Line::invite(pair, address, 5, 0, u64::MAX).unwrap(),
        &mut ear,
    );
    let pair = bind_pair(HERE, 0).unwrap();
    let mut ear = Ear::guest(pair[0].local_addr().unwrap(), 0);
    play(&mut Line::host(pair, 6), &mut ear);
}

#[test]
fn a_flood_of_nonsense_is_read_a_little_at_a_time_and_answered_by_nothing() {
    let pair = bind_pair(HERE, 0).unwrap();
    let address = pair[0].local_addr().unwrap();
    let control = pair[0].try_clone().unwrap();
    let mut line = Line::host(pair, 6);
    let stranger = UdpSocket::bind((HERE, 0)).unwrap();
    stranger.set_nonblocking(true).unwrap();
    for n in 0..100u8 {
        let _ = stranger.send_to(&[n | 1; 1_400], address);
        let _ = stranger.send_to(&[0xff; 3_000], address);
    }
    line.turn(MS, |_| {});
    let mut buffer = [0; 1_500];
    assert!(control.peek_from(&mut buffer).is_ok(), "not all at once");
    // A peer is let in all the same, once there is room for it.
    let mut guest = Ear::guest(address, 0);
    for ms in 2..20_000 {
        guest.turn(ms * MS);
        line.turn(ms * MS, |_| {});
        if !guest.told.is_empty() {
            break;
        }
    }
    assert_eq!(guest.told, [Event::Joined]);
    assert!(stranger.recv_from(&mut buffer).is_err());
}

/// A place of this machine where two ports are free now.
fn free() -> Remote {
    let pair = bind_pair(HERE, 0).unwrap();
    Remote {
        host: HERE.to_string(),
        port: pair[0].local_addr().unwrap().port(),
        token: Default::default(),
    }
}

#[test]
fn the_listening_sink_waits_plays_and_waits_again() {
    let remote = free();
    let mut sink = RtpOut::listen(&remote).unwrap();
    let link = sink.link().unwrap();
    assert!(
        link.view()
            .trouble
            .starts_with("waits to be invited at 127.0.0.1:"),
        "{:?}",
        link.view()
    );
    assert!(RtpOut::listen(&remote).unwrap_err().hint.contains("in use"));
    // Nobody hears this.
    sink.send(0, 0, &note(0)).unwrap();
    let address = SocketAddr::new(HERE, remote.port);
    let clock = SystemClock;
    for round in 0..2 {
        let mut guest = Ear::guest(address, clock.now_ns());
        until("the guest is joined", || {
            guest.turn(clock.now_ns());
            !guest.told.is_empty() && link.view().far == "beatgen"
        });
        assert_eq!(link.view().trouble, "");
        for n in 0..1_000 {
            for bytes in [note(n), [0x89, note(n)[1], 64]] {
                let now_ns = clock.now_ns();
                until("the ring has room", || {
                    guest.turn(clock.now_ns());
                    sink.send(now_ns, now_ns, &bytes) != Err(SinkError::Full)
                });
            }
        }
        until("all has come", || {
            guest.turn(clock.now_ns());
            guest.receiver.heard.len() >= 2_000
        });
        let all: Vec<Vec<u8>> = (0..1_000).map(|n| note(n).to_vec()).collect();
        assert_eq!(guest.notes(), all.iter().collect::<Vec<_>>());
        assert!(guest.receiver.sounding.is_empty());
        if round == 0 {
            guest.leave();
            until("the sink notices", || link.view().far.is_empty());
            assert!(
                link.view()
                    .trouble
                    .contains("has left the session; waits to be invited")
            );
            continue;
        }
        // The sink is closed: what was sent last is heard, then it says goodbye.
        for bytes in [&note(7)[..], &[0x89, 7, 0], &[0xfa], &[0xf2, 1, 2]] {
            sink.send(clock.now_ns(), clock.now_ns(), bytes).unwrap();
        }
        let closing = std::thread::spawn(move || drop(sink));
        until("goodbye", || {
            guest.turn(clock.now_ns());
            guest.told.last() == Some(&Event::Left(Why::Bye))
        });
        closing.join().unwrap();
        let last = &guest.receiver.heard[2_000..];
        assert_eq!(last, [&note(7)[..], &[0x89, 7, 0], &[0xfa], &[0xf2, 1, 2]]);
        return;
    }
}

#[test]
fn the_inviting_sink_is_lost_when_its_peer_leaves() {
    let (mut host, address) = Ear::host();
    let remote = Remote {
        host: HERE.to_string(),
        port: address.port(),
        token: Default::default(),
    };
    let clock = SystemClock;
    let inviting = std::thread::spawn({
        let remote = remote.clone();
        move || RtpOut::invite(&remote)
    });
    until("a guest comes", || {
        host.turn(clock.now_ns());
        inviting.is_finished()
    });
    let mut sink = inviting.join().unwrap().unwrap();
    assert_eq!(sink.name(), format!("beatgen at {remote}"));
    // A second guest is refused while the first is there.
    let inviting = std::thread::spawn({
        let remote = remote.clone();
        move || RtpOut::invite(&remote).err()
    });
    until("the second is answered", || {
        host.turn(clock.now_ns());
        inviting.is_finished()
    });
    let error = inviting.join().unwrap().unwrap();
    assert!(error.reason.contains("refuses the invitation"), "{error}");
    let now_ns = clock.now_ns();
    sink.send(now_ns, now_ns, &note(1)).unwrap();
    until("a note comes, and the way is measured", || {
        host.turn(clock.now_ns());
        !host.receiver.heard.is_empty() && sink.link().unwrap().view().rtt_us > 0
    });
    assert_eq!(sink.link().unwrap().view().played, 1);
    host.leave();
    until("the sink is lost", || {
        sink.send(0, 0, &note(2)) == Err(SinkError::Lost)
    });
    assert_eq!(
        sink.link().unwrap().view().trouble,
        "it has left the session"
    );
    // And nobody is there now.
    drop(host);
    let error = RtpOut::invite(&remote).unwrap_err();
    assert!(error.hint.contains("Audio MIDI Setup"), "{error}");
}

#[test]
fn a_place_that_cannot_be_says_so() {
    let remote = |host: &str, port| Remote {
        host: host.into(),
        port,
        token: Default::default(),
    };
    for error in [
        RtpOut::invite(&remote("127.0.0.1", u16::MAX)).unwrap_err(),
        RtpOut::listen(&remote("127.0.0.1", u16::MAX)).unwrap_err(),
        RtpOut::listen(&remote("192.0.2.1", 5004)).unwrap_err(),
        RtpOut::invite(&remote("999.1.1.1.1", 5004)).unwrap_err(),
    ] {
        assert!(
            !error.reason.is_empty() && !error.hint.is_empty(),
            "{error}"
        );
    }
}
