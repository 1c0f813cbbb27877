//! The handshake, one guest at a time, and bytes of any kind.

use super::*;
use crate::live::net::midi::Midi;
use crate::live::net::secret::Key;
use crate::live::net::stage::Stage;
use crate::live::wires::Command;
use crate::message::Token;
use proptest::collection::vec;
use proptest::prelude::*;

const TOKEN: &str = "a-token-for-tests";
const NONCE: Nonce = [1; 16];
const MINE: Nonce = [2; 16];

fn key() -> Key {
    Key::of(&Token(TOKEN.into())).unwrap()
}

fn house() -> (House, rtrb::Consumer<Command>) {
    let (commands, out) = rtrb::RingBuffer::new(4096);
    (House::new(Stage::new(commands, 40), key()), out)
}

fn say(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames.iter().for_each(|frame| frame.encode(&mut bytes));
    bytes
}

fn said(guest: &mut Guest) -> Vec<Frame> {
    let (mut decoder, bytes) = (Decoder::default(), guest.take_out());
    let (mut left, mut frames) = (&bytes[..], Vec::new());
    while let Some(frame) = decoder.next(&mut left).unwrap() {
        frames.push(frame);
    }
    frames
}

fn hello(player: u64) -> Frame {
    let nonce = MINE;
    Frame::Hello { player, nonce }
}

fn proof(key: &Key, player: u64) -> Frame {
    Frame::Proof {
        proof: key.prove(Role::Player(player), &MINE, &NONCE),
        heard_ns: 5,
        said_ns: 5,
    }
}

fn join(house: &mut House, player: u64, now_ns: u64) -> Result<Guest, End> {
    let mut guest = Guest::new(house, NONCE, now_ns);
    guest.hear(&say(&[hello(player)]), house, now_ns)?;
    guest.hear(&say(&[proof(&key(), player)]), house, now_ns)?;
    Ok(guest)
}

fn refusal(end: &End) -> Option<Refusal> {
    match end {
        End::Refused(why, _) => Some(*why),
        _ => None,
    }
}

fn event(seq: u32, bytes: &[u8]) -> Frame {
    let midi = Midi::new(bytes).unwrap();
    let at_ns = 0;
    Frame::Event { seq, at_ns, midi }
}

#[test]
fn both_sides_prove_the_token_before_anything_plays() {
    let (mut house, out) = house();
    let mut guest = Guest::new(&mut house, NONCE, 0);
    guest.hear(&say(&[hello(7)]), &mut house, MS).unwrap();
    assert_eq!(said(&mut guest), [Frame::Challenge { nonce: NONCE }]);
    assert!(!house.is_taken() && out.is_empty());
    let answer = say(&[proof(&key(), 7)]);
    guest.hear(&answer, &mut house, 2 * MS).unwrap();
    let frames = said(&mut guest);
    let [
        Frame::Welcome {
            proof,
            delay_ms: 40,
            ..
        },
    ] = frames.as_slice()
    else {
        panic!("{frames:?}")
    };
    assert!(key().is_proof(Role::Receiver, &MINE, &NONCE, proof));
    let on = say(&[event(0, &[0x99, 36, 100]), event(1, &[0x89, 36, 0])]);
    guest.hear(&on, &mut house, 3 * MS).unwrap();
    assert_eq!(out.slots(), 3);

    let mut other = Guest::new(&mut house, NONCE, 0);
    other.hear(&say(&[hello(8)]), &mut house, MS).unwrap();
    let wrong = Key::of(&Token("another-token-here".into())).unwrap();
    let end = other.hear(&say(&[super::tests::proof(&wrong, 8)]), &mut house, 2 * MS);
    let end = end.unwrap_err();
    assert_eq!(refusal(&end), Some(Refusal::Token));
    other.leave(&end, &mut house, 2 * MS);
    assert!(house.is_taken(), "the first plays on");
    assert_eq!(out.slots(), 3);
}

#[test]
fn one_plays_at_a_time_and_comes_back_at_once() {
    let (mut house, _out) = house();
    let mut first = join(&mut house, 7, 0).unwrap();
    let refused = join(&mut house, 8, 2_000 * MS).map(|_| ()).unwrap_err();
    assert_eq!(refusal(&refused), Some(Refusal::Busy));
    first
        .hear(&say(&[event(0, &[0xf8])]), &mut house, 2_000 * MS)
        .unwrap();
    let refused = join(&mut house, 7, 2_100 * MS).map(|_| ()).unwrap_err();
    assert_eq!(refusal(&refused), Some(Refusal::Busy), "the same one twice");
    let mut again = join(&mut house, 7, 2_300 * MS).unwrap();
    let end = first.turn(&mut house, 2_301 * MS).unwrap_err();
    assert_eq!(refusal(&end), Some(Refusal::Replaced));
    first.leave(&end, &mut house, 2_301 * MS);
    assert!(house.is_taken());
    let end = again.turn(&mut house, 5_300 * MS).unwrap_err();
    assert_eq!(refusal(&end), Some(Refusal::Silent));
    let other = join(&mut house, 8, 5_300 * MS);
    assert!(other.is_ok(), "the first is dead");
}

#[test]
fn whatever_ends_a_connection_ends_in_silence() {
    let cut = |house: &mut House, guest: &mut Guest| {
        guest.leave(&End::Cut, house, MS);
        End::Cut
    };
    let bye = |house: &mut House, guest: &mut Guest| {
        let end = guest.hear(&say(&[Frame::Bye]), house, MS).unwrap_err();
        guest.leave(&end, house, MS);
        end
    };
    let nonsense = |house: &mut House, guest: &mut Guest| {
        let end = guest.hear(&[0], house, MS).unwrap_err();
        guest.leave(&end, house, MS);
        end
    };
    let gap = |house: &mut House, guest: &mut Guest| {
        let end = guest
            .hear(&say(&[event(9, &[0xf8])]), house, MS)
            .unwrap_err();
        guest.leave(&end, house, MS);
        end
    };
    let flood = |house: &mut House, guest: &mut Guest| {
        let much = say(&vec![Frame::Silence; 500]);
        let end = guest.hear(&much, house, MS).unwrap_err();
        guest.leave(&end, house, MS);
        end
    };
    type Way<'a> = &'a dyn Fn(&mut House, &mut Guest) -> End;
    let ways: [Way; 5] = [&cut, &bye, &nonsense, &gap, &flood];
    for (n, way) in ways.into_iter().enumerate() {
        let (mut house, mut out) = house();
        let mut guest = join(&mut house, 7, 0).unwrap();
        let on = say(&[event(0, &[0x99, 36, 100])]);
        guest.hear(&on, &mut house, 0).unwrap();
        let end = way(&mut house, &mut guest);
        assert!(!house.is_taken(), "way {n}: {end:?}");
        let last = std::iter::from_fn(|| out.pop().ok()).last();
        assert_eq!(last, Some(Command::Silence), "way {n}: {end:?}");
        let told = said(&mut guest);
        let refused = matches!(told.last(), Some(Frame::Refuse { .. }));
        assert_eq!(refused, n >= 2, "way {n}: {told:?}");
    }
}

#[test]
fn the_clocks_are_compared_at_once_and_then_again_and_again() {
    let (mut house, _out) = house();
    house.health.output = "TR-8S".into();
    let mut guest = join(&mut house, 7, 0).unwrap();
    said(&mut guest);
    let (mut pings, mut reports, mut names) = (0, 0, 0);
    for ms in 0..2_000 {
        guest.turn(&mut house, ms * MS).unwrap();
        for frame in said(&mut guest) {
            match frame {
                Frame::Ping { id } => {
                    pings += 1;
                    let (heard_ns, said_ns) = (ms * MS, ms * MS);
                    let pong = Frame::Pong {
                        id,
                        heard_ns,
                        said_ns,
                    };
                    guest
                        .hear(&say(&[pong]), &mut house, (ms + 8) * MS)
                        .unwrap();
                }
                Frame::Report(report) => {
                    reports += 1;
                    assert_eq!(report.delay_ms, 40);
                }
                Frame::Output(name) => {
                    names += 1;
                    assert_eq!(name, "TR-8S");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((pings, reports, names), (16 + 42, 4, 1));
    assert_eq!(house.report().rtt_us, 8_000);
    house.health.trouble = "TR-8S is gone".into();
    guest
        .hear(&say(&[Frame::SetDelay { ms: 60 }]), &mut house, 2_000 * MS)
        .unwrap();
    guest.turn(&mut house, 2_000 * MS).unwrap();
    let frames = said(&mut guest);
    assert!(
        frames.contains(&Frame::Trouble("TR-8S is gone".into())),
        "{frames:?}"
    );
    let told = |frame: &Frame| matches!(frame, Frame::Report(r) if r.delay_ms == 60);
    assert!(frames.iter().any(told), "{frames:?}");
    let pong = Frame::Pong {
        id: 999,
        heard_ns: 0,
        said_ns: 0,
    };
    let end = guest
        .hear(&say(&[pong]), &mut house, 2_001 * MS)
        .unwrap_err();
    assert_eq!(refusal(&end), Some(Refusal::Nonsense));
}

#[test]
fn a_handshake_takes_three_seconds_at_most() {
    let (mut house, _out) = house();
    let mut guest = Guest::new(&mut house, NONCE, 0);
    guest
        .hear(&say(&[hello(7)])[..9], &mut house, 2_999 * MS)
        .unwrap();
    guest.turn(&mut house, 2_999 * MS).unwrap();
    let end = guest.turn(&mut house, 3_000 * MS).unwrap_err();
    assert_eq!(refusal(&end), Some(Refusal::Silent));
    let mut wrong = Guest::new(&mut house, NONCE, 0);
    let end = wrong
        .hear(&say(&[event(0, &[0xf8])]), &mut house, 0)
        .unwrap_err();
    assert_eq!(refusal(&end), Some(Refusal::Nonsense));
    let mut old = Guest::new(&mut house, NONCE, 0);
    let mut bytes = say(&[hello(7)]);
    bytes[9] = 77;
    let end = old.hear(&bytes, &mut house, 0).unwrap_err();
    assert_eq!(refusal(&end), Some(Refusal::Version));
}

proptest! {
    #[test]
    fn no_input_kills_the_program(
        joined in any::<bool>(),
        pieces in vec((vec(any::<u8>(), 0..200), 0..2_000u64), 0..30),
    ) {
        let (mut house, mut out) = house();
        let mut guest = Guest::new(&mut house, NONCE, 0);
        if joined {
            guest.hear(&say(&[hello(7)]), &mut house, 0).unwrap();
            guest.hear(&say(&[proof(&key(), 7)]), &mut house, 0).unwrap();
        }
        play(&mut house, &mut guest, pieces, |bytes| bytes);
        prop_assert!(!house.is_taken());
        let last = std::iter::from_fn(|| out.pop().ok()).last();
        prop_assert!(!joined || last == Some(Command::Silence));
    }

    #[test]
    fn no_frames_in_any_order_kill_the_program(
        joined in any::<bool>(),
        pieces in vec(((0..8u8, any::<(u32, u64, u64)>()), 0..2_000u64), 0..60),
    ) {
        let (mut house, mut out) = house();
        let mut guest = Guest::new(&mut house, NONCE, 0);
        if joined {
            guest.hear(&say(&[hello(7)]), &mut house, 0).unwrap();
            guest.hear(&say(&[proof(&key(), 7)]), &mut house, 0).unwrap();
        }
        play(&mut house, &mut guest, pieces, |(kind, (id, a, b))| {
            say(&[match kind {
                0 => hello(a),
                1 => proof(&key(), a),
                2 => Frame::Pong { id: id % 40, heard_ns: a, said_ns: b },
                3 => Frame::SetDelay { ms: (a % 2_001) as u16 },
                4 => Frame::Silence,
                5 => Frame::Ping { id },
                n => {
                    let midi = Midi::new(&[0x90 + n, (a % 128) as u8, (b % 128) as u8]).unwrap();
                    Frame::Event { seq: id % 3, at_ns: a, midi }
                }
            }])
        });
        prop_assert!(!house.is_taken());
        let last = std::iter::from_fn(|| out.pop().ok()).last();
        prop_assert!(!joined || last == Some(Command::Silence));
    }
}

/// Feeds a guest until it ends, or cuts the line.
fn play<T>(
    house: &mut House,
    guest: &mut Guest,
    pieces: Vec<(T, u64)>,
    bytes: impl Fn(T) -> Vec<u8>,
) {
    let mut now_ns = 0;
    for (piece, ms) in pieces {
        now_ns += ms * MS;
        let heard = guest.hear(&bytes(piece), house, now_ns);
        if let Err(end) = heard.and_then(|()| guest.turn(house, now_ns)) {
            guest.leave(&end, house, now_ns);
            return;
        }
    }
    guest.leave(&End::Cut, house, now_ns);
}
