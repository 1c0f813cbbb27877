//! What outputs get besides the lanes' notes: MIDI clock, their own offset from the beat, messages
//! from elsewhere; and endings on a bar line.

use super::knobs::random_grid;
use super::rig::{Rig, START, check_tape, drain};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::Meter;
use crate::live::engine::EngineCommand;
use crate::live::file_sink::{RingSink, SentMessage};
use crate::live::midi_clock::{CONTINUE, MARK_NS, POSITION, START as BEGIN, STOP, TICK};
use crate::live::scheduler::{Change, Command, Raw, Scheduler};
use crate::live::sink::{MidiSink, SinkError};
use crate::live::take::LEAD_NS;
use crate::message::PlaySource;
use crate::model::BeatModel;

const MINUTE: u64 = 60_000_000_000;

fn rig() -> Rig {
    Rig::new(BeatModel::random(16, 1, 7), 3)
}

fn drive(rig: &mut Rig, slot: usize, clock: bool, latency_ns: i64) {
    let change = Change::Drive {
        slot,
        clock,
        latency_ns,
    };
    assert!(rig.changes.push(change).is_ok());
    rig.scheduler.poll(rig.now);
}

/// The clock's messages of a tape, and the notes'.
fn parted(tape: &[SentMessage]) -> (Vec<SentMessage>, Vec<SentMessage>) {
    tape.iter().partition(|message| {
        message
            .bytes()
            .first()
            .is_some_and(|status| *status >= 0xf0)
    })
}

/// What a machine that follows the clock believes: it runs or not, and where.
#[derive(Default)]
struct Follower {
    runs: bool,
    /// Ticks since the top.
    ticks: u64,
    last: Vec<u64>,
}

impl Follower {
    fn hear(&mut self, message: &SentMessage) {
        match *message.bytes() {
            [TICK] => {
                if self.runs {
                    self.ticks += 1;
                }
                self.last.push(message.sent_ns);
                if self.last.len() > 25 {
                    self.last.remove(0);
                }
            }
            [BEGIN] => (self.runs, self.ticks) = (true, 0),
            [CONTINUE] => self.runs = true,
            [STOP] => self.runs = false,
            [POSITION, low, high] => {
                assert!(!self.runs, "a running machine takes no position");
                self.ticks = 6 * (u64::from(low) | u64::from(high) << 7);
            }
            _ => {}
        }
    }

    /// The tempo over the last quarter note, in quarter notes a minute.
    fn bpm(&self) -> f64 {
        let (first, last) = (self.last[0], self.last[24]);
        60e9 / (last - first) as f64
    }
}

#[test]
fn clock_does_not_drift_in_four_hours_and_follows_the_tempo_within_a_beat() {
    let mut rig = rig();
    let mut tap = rig.tap(0);
    drive(&mut rig, 0, true, 0);
    rig.turn(|c| c.milli_bpm = 133_337);
    rig.tell(EngineCommand::Play);
    let t0 = START + LEAD_NS;
    let (mut ticks, mut follower) = (0u64, Follower::default());
    for minute in 0..240 {
        rig.pass(MINUTE);
        for message in parted(&drain(&mut tap)).0 {
            if message.bytes() == [TICK] {
                let exact = u128::from(ticks) * 2_500_000_000_000 / 133_337;
                assert_eq!(message.scheduled_ns, t0 + exact as u64, "minute {minute}");
                assert_eq!(message.sent_ns, message.scheduled_ns);
                ticks += 1;
            } else {
                assert_eq!((minute, message.bytes()), (0, &[BEGIN][..]));
                assert_eq!(message.sent_ns, t0 - MARK_NS);
            }
            follower.hear(&message);
        }
    }
    assert!(ticks >= 4 * 60 * 133_337 * 24 / 1_000 - 12);
    assert_eq!(follower.ticks, ticks);
    // The knob is turned in mid-beat; two steps and a beat of ticks later the machine has it.
    rig.turn(|c| c.milli_bpm = 90_000);
    rig.pass(2 * 113_000_000 + MINUTE / 90);
    for message in parted(&drain(&mut tap)).0 {
        follower.hear(&message);
    }
    assert!((follower.bpm() - 90.0).abs() < 0.001, "{}", follower.bpm());
    rig.finish();
    let last: Vec<SentMessage> = drain(&mut tap);
    last.iter().for_each(|message| follower.hear(message));
    assert!(!follower.runs);
}

#[test]
fn a_machine_that_returns_joins_at_the_next_bar_in_phase() {
    let mut rig = rig();
    let mut tap = rig.tap(1);
    drive(&mut rig, 1, true, 0);
    rig.tell(EngineCommand::Play);
    // Bars of two seconds; it is unplugged in the middle of the second and back in the fifth.
    rig.pass(3_000_000_000);
    rig.put(1, None);
    let before = drain(&mut tap);
    check_tape(&parted(&before).1);
    rig.pass(6_100_000_000);
    let mut tap = rig.tap(1);
    rig.pass(4_000_000_000);
    let (clock, notes) = parted(&drain(&mut tap));
    assert!(!notes.is_empty());
    let marks: Vec<&SentMessage> = clock.iter().filter(|m| m.bytes() != [TICK]).collect();
    let bytes: Vec<&[u8]> = marks.iter().map(|m| m.bytes()).collect();
    assert_eq!(bytes, [&[STOP][..], &[POSITION, 80, 0], &[CONTINUE]]);
    // Bar 6 begins after 5 * 16 steps of 125 ms.
    let bar = START + LEAD_NS + 80 * 125_000_000;
    assert!(marks.iter().all(|m| m.scheduled_ns == bar - MARK_NS));
    // It hears ticks before that, so that it knows the tempo.
    assert!(clock[0].scheduled_ns < bar - 500_000_000);
    rig.finish();
}

#[test]
fn every_output_keeps_its_own_offset_early_or_late() {
    let mut rig = rig();
    let mut taps: Vec<_> = (0..3).map(|slot| rig.tap(slot)).collect();
    // The beat itself, 80 ms early, 40 ms late. The engine hears of it as the outputs thread tells.
    rig.engine.pulse.set_span(80_000_000, 40_000_000);
    drive(&mut rig, 1, true, -80_000_000);
    drive(&mut rig, 2, true, 40_000_000);
    for milli_bpm in [120_000, 400_000, 61_000] {
        rig.turn(|c| c.milli_bpm = milli_bpm);
        rig.tell(EngineCommand::Play);
        rig.pass(20_000_000_000);
        rig.tell(EngineCommand::StopAtBar);
        rig.pass(6_000_000_000);
        assert_eq!(rig.engine.source(), PlaySource::Stopped);
        let tapes: Vec<_> = taps
            .iter_mut()
            .map(|tap| check_tape(&parted(&drain(tap)).1))
            .collect();
        assert!(tapes[0].len() > 50);
        for (tape, offset) in [(&tapes[1], -80_000_000i64), (&tapes[2], 40_000_000)] {
            assert_eq!(tape.len(), tapes[0].len());
            for (moved, note) in tape.iter().zip(&tapes[0]) {
                assert_eq!(moved.0 as i64, note.0 as i64 + offset);
                assert_eq!((moved.2, moved.3), (note.2, note.3));
                assert_eq!(moved.1, moved.0, "sent on its time, {milli_bpm}");
            }
        }
    }
    assert_eq!(rig.engine.pulse.late(), 0);
    rig.finish();
}

#[test]
fn a_bar_is_finished_before_the_end() {
    let mut rig = rig();
    let mut tap = rig.tap(0);
    rig.tell(EngineCommand::Play);
    // Into the third bar, and 5.3 steps of it.
    rig.pass(LEAD_NS + 2 * 2_000_000_000 + 662_500_000);
    rig.tell(EngineCommand::StopAtBar);
    rig.pass(1_200_000_000);
    assert_eq!(rig.engine.source(), PlaySource::Generator, "it plays on");
    rig.pass(200_000_000);
    assert_eq!(rig.engine.source(), PlaySource::Stopped);
    assert_eq!(rig.committed.last().unwrap().step, 47);
    let notes = check_tape(&drain(&mut tap));
    let end = START + LEAD_NS + 3 * 2_000_000_000;
    assert!(notes.iter().all(|note| note.0 < end));
    assert_eq!(notes.len(), rig.sent.len());
    // The bars can be gone on from, and playing can begin again.
    let recent = rig.engine.generator.recent(2).unwrap();
    assert_eq!(recent.bars(), 2);
    let hits: Vec<_> = recent.steps.iter().map(super::rig::hits_of).collect();
    let committed: Vec<_> = rig.committed[16..].iter().map(|c| c.hits.clone()).collect();
    assert_eq!(hits, committed);
    rig.tell(EngineCommand::Play);
    rig.pass(2_500_000_000);
    assert_eq!(rig.engine.generator.recent(9).unwrap().bars(), 4);
    // A preview ends with its own bar, in its own meter.
    let grid = random_grid(
        &mut Stream::new(8, 0, Purpose::Test),
        Meter::new(3, 4).unwrap(),
    );
    rig.tell(EngineCommand::Preview {
        name: "p".into(),
        grid,
    });
    rig.pass(900_000_000);
    rig.tell(EngineCommand::StopAtBar);
    rig.pass(8_000_000_000);
    assert_eq!(rig.engine.source(), PlaySource::Stopped);
    rig.finish();
}

/// Refuses everything while it is told to.
struct Moody {
    sink: RingSink,
    full: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl MidiSink for Moody {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        if self.full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(SinkError::Full);
        }
        self.sink.send(scheduled_ns, now_ns, bytes)
    }

    fn name(&self) -> &str {
        "moody"
    }
}

#[test]
fn messages_from_elsewhere_pass_in_order_and_never_hang() {
    let voices = crate::live::outputs::voices(&crate::beat::kit::Kit::gm());
    let (mut scheduler, mut wires) = Scheduler::new(voices);
    let (sink, mut tap) = RingSink::new("tap", 1 << 12);
    let full = std::sync::Arc::<std::sync::atomic::AtomicBool>::default();
    let moody = Moody {
        sink,
        full: full.clone(),
    };
    let sink: Option<Box<dyn MidiSink>> = Some(Box::new(moody));
    assert!(wires.changes.push(Change::Sink { slot: 2, sink }).is_ok());
    let mut raw = |at_ns, bytes: &[u8]| {
        let mut three = [0; 3];
        three
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        let len = bytes.len() as u8;
        let raw = Raw {
            at_ns,
            bytes: three,
            len,
        };
        assert!(wires.commands.push(Command::Raw(raw)).is_ok());
    };
    for (at, bytes) in [
        (10u64, &[0xb3u8, 44, 90][..]),
        (10, &[0x93, 42, 90]),
        (10, &[0x90, 7, 1]),
        (20, &[0xf8]),
        (30, &[0x83, 42, 0]),
        (40, &[0x93, 42, 91]),
        (50, &[0x93, 42, 0]),
        (60, &[0x9f, 127, 127]),
        (65, &[0xfa]),
    ] {
        raw(at, bytes);
    }
    let mut heard = Vec::new();
    let mut listen = |tap: &mut rtrb::Consumer<SentMessage>| {
        heard.extend(drain(tap).iter().map(|m| m.bytes().to_vec()));
    };
    scheduler.poll(25);
    listen(&mut tap);
    assert_eq!(scheduler.sounding(), 2);
    // A full port: the note-off is owed and sent before the key sounds again.
    full.store(true, std::sync::atomic::Ordering::Relaxed);
    scheduler.poll(35);
    assert_eq!(scheduler.sounding(), 2);
    full.store(false, std::sync::atomic::Ordering::Relaxed);
    scheduler.poll(70);
    listen(&mut tap);
    assert_eq!(scheduler.sounding(), 2);
    let keys = wires.pulse.keys(2).all();
    assert_eq!(keys, [(0, 7), (3, 42), (15, 127)]);
    // Told to stop and silenced twice before it was: it is stopped all the same.
    for command in [
        Command::Silence,
        Command::Raw(Raw {
            at_ns: 80,
            bytes: [STOP, 0, 0],
            len: 1,
        }),
        Command::Silence,
    ] {
        assert!(wires.commands.push(command).is_ok());
    }
    scheduler.poll(80);
    listen(&mut tap);
    assert_eq!(scheduler.sounding(), 0);
    let expected: [&[u8]; 12] = [
        &[0xb3, 44, 90],
        &[0x93, 42, 90],
        &[0x90, 7, 1],
        &[0xf8],
        &[0x83, 42, 0x40],
        &[0x93, 42, 91],
        &[0x93, 42, 0],
        &[0x9f, 127, 127],
        &[0xfa],
        &[0x80, 7, 0x40],
        &[0x8f, 127, 0x40],
        &[STOP],
    ];
    assert_eq!(heard, expected);
}
