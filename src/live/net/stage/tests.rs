//! What arrives becomes commands in time, in order, and never hangs.

use super::*;

struct Rig {
    stage: Stage,
    out: rtrb::Consumer<Command>,
}

/// A stage whose player's clock is one hour behind, 10 ms away.
fn rig(delay_ms: u16, capacity: usize) -> Rig {
    let (commands, mut out) = rtrb::RingBuffer::new(capacity);
    let mut stage = Stage::new(commands, delay_ms);
    stage.begin(NOW);
    stage.compare(&Exchange {
        said_ns: NOW - 20 * MS,
        far_heard_ns: NOW - 10 * MS - HOUR,
        far_said_ns: NOW - 10 * MS - HOUR,
        heard_ns: NOW,
    });
    assert_eq!(out.pop(), Ok(Command::Silence), "of the one before");
    Rig { stage, out }
}

const HOUR: u64 = 3_600_000 * MS;
const NOW: u64 = 2 * HOUR;

fn midi(bytes: &[u8]) -> Midi {
    Midi::new(bytes).unwrap()
}

impl Rig {
    fn event(&mut self, at_ns: u64, bytes: &[u8], now_ns: u64) {
        self.stage.heard(now_ns);
        self.stage.event(at_ns - HOUR, midi(bytes), now_ns).unwrap();
    }

    fn next(&mut self) -> Option<(u64, u8)> {
        match self.out.pop() {
            Ok(Command::Raw(raw)) => Some((raw.at_ns, raw.bytes[0])),
            Ok(Command::Silence) => Some((0, 0)),
            Ok(other) => panic!("{other:?}"),
            Err(_) => None,
        }
    }
}

#[test]
fn events_play_a_fixed_time_after_theirs_and_in_order() {
    let mut rig = rig(40, 64);
    rig.event(NOW, &[0x99, 36, 100], NOW + 11 * MS);
    rig.event(NOW + 5 * MS, &[0x89, 36, 0], NOW + 30 * MS);
    assert_eq!(rig.next(), Some((NOW + 40 * MS, 0x99)));
    assert_eq!(rig.next(), Some((NOW + 45 * MS, 0x89)));
    // A smaller delay does not turn events around; one that comes late plays at once.
    rig.stage.set_delay(10);
    rig.event(NOW + 8 * MS, &[0x99, 38, 100], NOW + 31 * MS);
    assert_eq!(rig.next(), Some((NOW + 45 * MS, 0x99)));
    rig.event(NOW + 60 * MS, &[0x89, 38, 0], NOW + 77 * MS);
    assert_eq!(rig.next(), Some((NOW + 77 * MS, 0x89)));
    assert_eq!(rig.stage.counts(), (4, 2));
    assert_eq!(rig.stage.wanted_ms(), 25 + 5);
    assert_eq!(rig.stage.rtt_us(), 20_000);
}

#[test]
fn no_time_makes_an_event_wait_for_long() {
    let mut rig = rig(40, 64);
    let mut last = 0;
    for at_ns in [0, 1, NOW, NOW + HOUR, u64::MAX / 2, u64::MAX] {
        let on = midi(&[0x99, 36, 1]);
        rig.stage.event(at_ns, on, NOW).unwrap();
        let (at_ns, _) = rig.next().unwrap();
        assert!((NOW..=NOW + 540 * MS).contains(&at_ns) && at_ns >= last);
        last = at_ns;
    }
}

#[test]
fn a_line_that_stands_still_is_silenced_and_its_late_notes_dropped() {
    let mut rig = rig(40, 64);
    rig.event(NOW, &[0xfa], NOW + 10 * MS);
    rig.event(NOW, &[0x99, 36, 100], NOW + 10 * MS);
    rig.next();
    rig.next();
    rig.stage.turn(NOW + 409 * MS);
    assert_eq!(rig.next(), None);
    rig.stage.turn(NOW + 411 * MS);
    assert_eq!(rig.next(), Some((0, 0)), "and the clock is not stopped");
    rig.stage.turn(NOW + 900 * MS);
    assert_eq!(rig.next(), None, "once is enough");
    let now = NOW + 1_000 * MS;
    rig.event(NOW + 500 * MS, &[0xf8], now);
    rig.event(NOW + 500 * MS, &[0x99, 38, 100], now);
    rig.event(NOW + 600 * MS, &[0x89, 38, 0], now);
    rig.event(NOW + 990 * MS, &[0x99, 40, 100], now);
    assert_eq!(rig.next(), Some((now, 0xf8)), "no tick is lost");
    assert_eq!(rig.next(), Some((now, 0x89)));
    assert_eq!(rig.next(), Some((NOW + 1_030 * MS, 0x99)));
    assert_eq!(rig.next(), None);
}

#[test]
fn silence_drops_what_waits_and_stops_a_machine_that_follows() {
    let mut rig = rig(40, 64);
    rig.event(NOW, &[0xfb], NOW + 10 * MS);
    rig.event(NOW, &[0x99, 36, 100], NOW + 10 * MS);
    // Its stop is dropped with the rest, so it is said again.
    rig.event(NOW, &[0xfc], NOW + 10 * MS);
    rig.stage.silence(NOW + 12 * MS);
    let got: Vec<_> = std::iter::from_fn(|| rig.next()).collect();
    assert_eq!(got[3..], [(0, 0), (NOW + 12 * MS, 0xfc)]);
    rig.stage.silence(NOW + 13 * MS);
    assert_eq!(rig.next(), Some((0, 0)));
    assert_eq!(rig.next(), None);
}

#[test]
fn a_flood_is_an_error_and_a_full_ring_ends_in_silence() {
    let mut flooded = rig(2_000, 16_384);
    let on = midi(&[0x99, 36, 1]);
    let taken = (0..10_000).take_while(|_| flooded.stage.event(NOW, on, NOW).is_ok());
    assert_eq!(taken.count(), WAITING);
    let mut fast = rig(0, 16_384);
    let taken = (0..10_000).take_while(|_| fast.stage.event(0, on, NOW).is_ok());
    assert_eq!(taken.count() as f64, BURST);
    fast.stage.event(0, on, NOW + MS).unwrap();
    fast.stage.event(0, on, NOW + MS).unwrap();
    assert_eq!(fast.stage.event(0, on, NOW + MS), Err(Flood));

    let mut full = rig(40, 2);
    full.event(NOW, &[0x99, 36, 1], NOW);
    full.event(NOW, &[0x99, 37, 1], NOW);
    full.event(NOW, &[0x99, 38, 1], NOW);
    full.event(NOW, &[0x99, 39, 1], NOW);
    full.next();
    full.next();
    full.stage.turn(NOW + MS);
    assert_eq!(full.next(), Some((0, 0)), "what was lost is closed");
    full.event(NOW, &[0x99, 38, 1], NOW);
    assert_eq!(full.next(), Some((NOW + 40 * MS, 0x99)));
}
