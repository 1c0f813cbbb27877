//! Both sides over real sockets of this machine. Deadlines only bound how long a failure takes.

use super::frame::{Frame, Refusal};
use super::guest::End;
use super::house::Health;
use super::receiver::{HANDSHAKES, Notice, Receiver};
use super::secret::Key;
use super::{Player, TcpOut};
use crate::live::clock::{Clock, SystemClock};
use crate::live::sink::{MidiSink, OpenError, SinkError};
use crate::live::wires::Command;
use crate::message::{OutputSetup, OutputSpec, Remote, Token};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const TOKEN: &str = "a-token-for-tests";
const PATIENCE: Duration = Duration::from_secs(20);

fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

fn remote(address: SocketAddr, token: &str) -> Remote {
    Remote {
        host: address.ip().to_string(),
        port: address.port(),
        token: Token(token.into()),
    }
}

fn start(commands: rtrb::Producer<Command>, health: Health) -> Receiver {
    let key = Key::of(&Token(TOKEN.into())).unwrap();
    let clock = Arc::new(SystemClock);
    let health = move || health.clone();
    Receiver::start(listener(), key, 40, commands, clock, health).unwrap()
}

fn receiver() -> (Receiver, rtrb::Consumer<Command>) {
    let (commands, out) = rtrb::RingBuffer::new(4_096);
    (start(commands, Health::default()), out)
}

fn connect(receiver: &Receiver) -> Result<TcpOut, OpenError> {
    TcpOut::connect(&remote(receiver.address(), TOKEN))
}

fn now() -> u64 {
    SystemClock.now_ns()
}

/// Asks until there is an answer.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

fn news(receiver: &Receiver) -> Notice {
    receiver.news().recv_timeout(PATIENCE).unwrap()
}

/// What a sink answers once its line is at its end.
fn is_lost(sink: &mut TcpOut) -> bool {
    sink.send(now(), now(), &[0xf8]) == Err(SinkError::Lost)
}

/// Where something else answers, for one connection.
fn stranger(answer: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || answer(listener.accept().unwrap().0));
    (address, thread)
}

/// Carries bytes one way until either end is closed.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
}

#[test]
fn what_a_sink_is_sent_is_played_a_fixed_time_later_and_in_order() {
    let (receiver, mut out) = receiver();
    let mut sink = connect(&receiver).unwrap();
    assert!(matches!(news(&receiver), Notice::Joined(_)));
    let before = crate::base::alloc_probe::calls();
    let base = now();
    for n in 0..300u64 {
        let key = (n % 100) as u8;
        let bytes: &[u8] = if n % 2 == 0 {
            &[0x99, key, 100]
        } else {
            &[0xf8]
        };
        sink.send(base + n * 10_000, now(), bytes).unwrap();
    }
    // None of these may cross.
    sink.send(base, now(), &[0xff]).unwrap();
    sink.send(base, now(), &[]).unwrap();
    sink.hush(now());
    sink.send(base, now(), &[0xb9, 123, 0]).unwrap();
    let after = crate::base::alloc_probe::calls();
    assert_eq!(after, before, "sending allocates nothing");
    let mut got = Vec::new();
    until("all events", || {
        got.extend(std::iter::from_fn(|| out.pop().ok()));
        (got.len() >= 303).then_some(())
    });
    assert_eq!(got[0], Command::Silence, "of whoever was before");
    let mut last = 0;
    for (n, command) in got[1..301].iter().enumerate() {
        let Command::Raw(raw) = command else {
            panic!("{command:?}")
        };
        let first = if n % 2 == 0 { 0x99 } else { 0xf8 };
        assert_eq!(raw.bytes[0], first);
        let due = base + n as u64 * 10_000 + 40_000_000;
        assert!(raw.at_ns >= last && raw.at_ns.abs_diff(due) < 2_000_000_000);
        last = raw.at_ns;
    }
    assert_eq!(got[301], Command::Silence);
    assert!(matches!(got[302], Command::Raw(raw) if raw.bytes == [0xb9, 123, 0]));
    drop(sink);
    assert!(matches!(news(&receiver), Notice::Left(_, End::Bye)));
    assert_eq!(until("silence", || out.pop().ok()), Command::Silence);
}

#[test]
fn the_screen_hears_how_it_goes_and_can_change_the_delay() {
    let (commands, _out) = rtrb::RingBuffer::new(4_096);
    let health = Health {
        output: "TR-8S\x1b[2J".into(),
        trouble: "it is gone".into(),
        p99_late_us: 77,
    };
    let receiver = start(commands, health);
    until("health", || {
        (!receiver.status().health.output.is_empty()).then_some(())
    });
    let mut sink = connect(&receiver).unwrap();
    assert!(sink.name().contains("TR-8S") && !sink.name().contains('\x1b'));
    let link = sink.link().unwrap();
    assert_eq!(link.view().delay_ms, 40);
    sink.send(now(), now(), &[0xf8]).unwrap();
    let view = until("reports", || {
        let view = link.view();
        (view.rtt_us > 0 && view.played == 1 && !view.trouble.is_empty()).then_some(view)
    });
    assert_eq!(
        (view.p99_late_us, view.trouble.as_str()),
        (77, "it is gone")
    );
    assert!(view.wanted_delay_ms >= 5);
    link.wish_delay(65);
    until("the new delay", || {
        (link.delay_ms.load(Relaxed) == 65).then_some(())
    });
    assert_eq!(receiver.status().report.delay_ms, 65);
}

#[test]
fn what_stands_in_the_way_is_said_with_a_hint() {
    let (receiver, _out) = receiver();
    let says = |address, token: &str, words: &[&str]| {
        let error = TcpOut::connect(&remote(address, token)).err().unwrap();
        let text = error.to_string();
        for word in words {
            assert!(text.contains(word), "{text}");
        }
    };
    let here = receiver.address();
    says(
        here,
        "another-token-here",
        &["another token", "BEATGEN_TOKEN"],
    );
    says(here, "", &["wants its token", "BEATGEN_TOKEN"]);
    says(here, "short", &["too short"]);
    let refused = news(&receiver);
    assert!(matches!(
        refused,
        Notice::Refused(_, End::Refused(Refusal::Token, _))
    ));
    let _first = connect(&receiver).unwrap();
    says(here, TOKEN, &["another player is joined"]);

    let gone = listener().local_addr().unwrap();
    says(
        gone,
        TOKEN,
        &["nothing listens", "ssh -R", "beatgen-tui receive"],
    );
    let (tunnel, thread) = stranger(drop);
    says(tunnel, TOKEN, &["closes it at once", "beatgen-tui receive"]);
    thread.join().unwrap();
    let (daemon, thread) = stranger(|mut stream| {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
        let _ = stream.read(&mut [0; 64]);
    });
    says(daemon, TOKEN, &["is not beatgen-tui"]);
    thread.join().unwrap();
    let (newer, thread) = stranger(|mut stream| {
        let _ = stream.read(&mut [0; 64]);
        stream.write_all(&[18, 2, 9]).unwrap();
        stream.write_all(&[0; 16]).unwrap();
        let _ = stream.read(&mut [0; 64]);
    });
    says(newer, TOKEN, &["version 9", "same version"]);
    thread.join().unwrap();
    let (impostor, thread) = stranger(|mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let mut bytes = Vec::new();
        Frame::Challenge { nonce: [1; 16] }.encode(&mut bytes);
        stream.write_all(&bytes).unwrap();
        let _ = stream.read(&mut [0; 64]);
        let mut bytes = Vec::new();
        Frame::Welcome {
            proof: [0; 32],
            delay_ms: 40,
            output: "TR-8S".into(),
        }
        .encode(&mut bytes);
        stream.write_all(&bytes).unwrap();
    });
    says(impostor, TOKEN, &["does not know the token"]);
    thread.join().unwrap();
}

#[test]
fn strangers_neither_get_in_nor_in_the_way() {
    let (receiver, mut out) = receiver();
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 5_000], &[0]] {
        let mut stream = TcpStream::connect(receiver.address()).unwrap();
        let _ = stream.write_all(bytes);
        let refused = news(&receiver);
        let end = matches!(
            refused,
            Notice::Refused(_, End::Refused(Refusal::Nonsense, _))
        );
        assert!(end, "{refused:?}");
    }
    // Those that say nothing take all places, and one is turned away.
    let idle: Vec<TcpStream> = (0..=HANDSHAKES)
        .map(|_| TcpStream::connect(receiver.address()).unwrap())
        .collect();
    let refused = news(&receiver);
    assert!(matches!(
        refused,
        Notice::Refused(_, End::Refused(Refusal::Crowded, _))
    ));
    drop(idle);
    for _ in 0..HANDSHAKES {
        assert!(matches!(news(&receiver), Notice::Refused(_, End::Cut)));
    }
    assert!(out.is_empty(), "nobody has played");
    let mut sink = until("a place", || connect(&receiver).ok());
    sink.send(now(), now(), &[0x99, 36, 100]).unwrap();
    until("the note", || {
        matches!(out.pop(), Ok(Command::Raw(_))).then_some(())
    });
}

#[test]
fn a_line_that_is_cut_ends_in_silence_on_both_sides() {
    let (receiver, mut out) = receiver();
    let mut sink = connect(&receiver).unwrap();
    sink.send(now(), now(), &[0x99, 36, 100]).unwrap();
    until("the note", || {
        matches!(out.pop(), Ok(Command::Raw(_))).then_some(())
    });
    receiver.stop();
    assert_eq!(until("silence", || out.pop().ok()), Command::Silence);
    assert!(out.is_abandoned(), "the scheduler ends");
    until("the end", || is_lost(&mut sink).then_some(()));
    let trouble = sink.link().unwrap().view().trouble;
    assert!(trouble.contains("has ended"), "{trouble}");
}

#[test]
fn a_flood_is_cut_off() {
    let (receiver, mut out) = receiver();
    let mut sink = connect(&receiver).unwrap();
    assert!(matches!(news(&receiver), Notice::Joined(_)));
    let mut last = None;
    until("the end of it", || {
        for _ in 0..4_000 {
            let _ = sink.send(now(), now(), &[0x99, 36, 1]);
        }
        last = std::iter::from_fn(|| out.pop().ok()).last().or(last);
        is_lost(&mut sink).then_some(())
    });
    let left = news(&receiver);
    assert!(
        matches!(left, Notice::Left(_, End::Refused(Refusal::Flood, _))),
        "{left:?}"
    );
    last = std::iter::from_fn(|| out.pop().ok()).last().or(last);
    assert_eq!(last, Some(Command::Silence));
}

#[test]
fn every_note_on_has_its_note_off_when_the_player_vanishes() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("far.log");
    let output = OutputSetup::plain(OutputSpec::File(log.clone()));
    let (player, commands) = Player::start(output, Arc::new(SystemClock), None).unwrap();
    let key = Key::of(&Token(TOKEN.into())).unwrap();
    let clock = Arc::new(SystemClock);
    let receiver = Receiver::start(listener(), key, 5, commands, clock, player.health()).unwrap();
    // A line in between that can be cut.
    let far = receiver.address();
    let (give, ends) = crossbeam_channel::bounded(1);
    let (near, carrier) = stranger(move |near| {
        let far = TcpStream::connect(far).unwrap();
        let ends = [near.try_clone().unwrap(), far.try_clone().unwrap()];
        give.send(ends).unwrap();
        let (up_from, up_to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let up = std::thread::spawn(move || carry(up_from, up_to));
        carry(far, near);
        up.join().unwrap();
    });
    let mut sink = TcpOut::connect(&remote(near, TOKEN)).unwrap();
    // Note-ons only, so that many sound when the line is cut.
    for key in 0..100 {
        sink.send(now(), now(), &[0x99, key, 100]).unwrap();
    }
    until("notes", || (player.pulse.sounding() > 20).then_some(()));
    for end in ends.recv().unwrap() {
        let _ = end.shutdown(std::net::Shutdown::Both);
    }
    until("the sink to know", || is_lost(&mut sink).then_some(()));
    carrier.join().unwrap();
    drop(sink);
    until("the receiver to know", || {
        (!receiver.status().joined).then_some(())
    });
    until("silence", || (player.pulse.sounding() == 0).then_some(()));
    receiver.stop();
    player.shutdown();
    let text = std::fs::read_to_string(&log).unwrap();
    let mut sounding = std::collections::HashSet::new();
    let mut begun = 0;
    for line in text.lines() {
        let message = line.rsplit(' ').next().unwrap();
        match &message[..1] {
            "9" => begun += usize::from(sounding.insert(message[2..4].to_owned())),
            "8" => assert!(sounding.remove(&message[2..4]), "{message} closes nothing"),
            _ => {}
        }
    }
    assert!(begun > 20, "{begun} notes were played");
    assert!(sounding.is_empty(), "{sounding:?} hang");
}
