//! The scheduler's contract, and the real threads once.

use super::rig::{check_tape, drain};
use crate::base::alloc_probe;
use crate::beat::kit::{Kit, Voice};
use crate::beat::transport::Transport;
use crate::live::file_sink::RingSink;
use crate::live::handle::{EngineHandle, EngineOptions};
use crate::live::outputs::voices;
use crate::live::scheduler::{
    Change, ClockStep, Command, Note, Played, Raw, SLOTS, Scheduler, Wires,
};
use crate::live::session_file::sessions_unsaved;
use crate::live::sink::{MidiSink, SinkError};
use crate::message::{Controls, OutputSetup, OutputSpec, PlaySource};
use crate::model::BeatModel;

fn note(id: u64, lane: u8, at_ns: u64) -> Command {
    Command::Note(Note {
        id,
        step: id,
        lane,
        velocity: 1 + (id % 127) as u8,
        at_ns,
        off_ns: at_ns + 50_000_000,
    })
}

fn put(wires: &mut Wires, slot: usize, sink: Option<Box<dyn MidiSink>>) {
    assert!(wires.changes.push(Change::Sink { slot, sink }).is_ok());
}

#[test]
fn real_time_thread_never_allocates() {
    let (mut scheduler, mut wires) = Scheduler::new(voices(&Kit::gm()));
    let mut taps = Vec::new();
    let mut now = 0;
    let mut in_polls = 0;
    for id in 0..20_000u64 {
        now += 700_000;
        // What the other threads do.
        let _ = wires
            .commands
            .push(note(id, (id % 9) as u8, now + id * 7_919 % 40_000_000));
        if id % 501 == 0 {
            let _ = wires.commands.push(Command::Silence);
        }
        if id % 1_003 == 0 {
            let _ = wires.commands.push(Command::Panic);
        }
        if id % 37 == 0 {
            let (sink, tap) = RingSink::new("tap", 4_096);
            put(&mut wires, id as usize % SLOTS, Some(Box::new(sink)));
            taps.push(tap);
        }
        if id % 59 == 0 {
            let kit = Kit::named("digitakt").unwrap_or_default();
            let change = Change::Voices {
                slot: 1,
                voices: voices(&kit),
            };
            let _ = wires.changes.push(change);
        }
        if id % 61 == 0 {
            let _ = wires.changes.push(Change::Drive {
                slot: id as usize % SLOTS,
                clock: id % 2 == 0,
                latency_ns: (id as i64 % 5 - 2) * 10_000_000,
            });
        }
        if id % 150 == 0 {
            let _ = wires.commands.push(Command::Clock(ClockStep {
                step: id / 150,
                in_bar: (id / 150 % 16) as u16,
                bar_steps: 16,
                transport: Transport::new(0, 142_857),
            }));
        }
        if id % 11 == 0 {
            let _ = wires.commands.push(Command::Raw(Raw {
                at_ns: now,
                bytes: [0x90 | (id % 16) as u8, (id % 128) as u8, (id % 3) as u8],
                len: 3,
            }));
        }
        let before = alloc_probe::calls();
        scheduler.poll(now);
        in_polls += alloc_probe::calls() - before;
        while wires.left.pop().is_ok() {}
        while wires.played.pop().is_ok() {}
    }
    assert_eq!(in_polls, 0);
    assert!(alloc_probe::calls() > 500, "the probe counts");
    assert!(wires.pulse.sent() > 10_000);
}

#[test]
fn every_note_on_has_its_note_off() {
    // Whatever ends playback.
    for ending in 0..6 {
        let (mut scheduler, mut wires) = Scheduler::new(voices(&Kit::gm()));
        let (sink, mut tap) = RingSink::new("tap", 4_096);
        put(&mut wires, 0, Some(Box::new(sink)));
        for id in 0..300 {
            // Up to nine at once, some of a lane before its last one has ended.
            let _ = wires
                .commands
                .push(note(id, (id % 9) as u8, id / 9 * 30_000_000));
        }
        let mut now = 0;
        while now < 500_000_000 {
            now = scheduler.poll(now).max(now + 1);
        }
        let mut wires = Some(wires);
        match ending {
            0 => drop(wires.as_mut().unwrap().commands.push(Command::Silence)),
            1 => drop(wires.as_mut().unwrap().commands.push(Command::Panic)),
            2 => put(wires.as_mut().unwrap(), 0, None),
            3 => {
                wires = None;
                scheduler.poll(now);
                assert!(scheduler.is_abandoned());
                scheduler.silence(now);
            }
            4 => now += 3_000_000_000,
            _ => {
                let muted = true;
                let change = Change::Muted { slot: 0, muted };
                assert!(wires.as_mut().unwrap().changes.push(change).is_ok());
                now += 60_000_000;
            }
        }
        scheduler.poll(now);
        scheduler.poll(now + 100_000_000);
        assert_eq!(scheduler.sounding(), 0);
        assert!(check_tape(&drain(&mut tap)).len() > 50);
        drop(wires);
    }
}

#[test]
fn two_lanes_on_one_key_and_a_kit_that_changes_leave_no_note() {
    let same = [Some(Voice {
        note: 42,
        channel: 9,
        level_cc: None,
    }); 9];
    let (mut scheduler, mut wires) = Scheduler::new(same);
    let (sink, mut tap) = RingSink::new("tap", 4_096);
    put(&mut wires, 0, Some(Box::new(sink)));
    for id in 0..400 {
        let _ = wires
            .commands
            .push(note(id, (id % 9) as u8, id * 10_000_000));
    }
    let mut now = 0;
    while now < 5_000_000_000 {
        now = scheduler.poll(now).max(now + 1);
        if now / 100_000_000 % 3 == 0 && wires.changes.slots() > 4 {
            let kit = if now / 1_000_000 % 2 == 0 {
                voices(&Kit::gm())
            } else {
                same
            };
            let _ = wires.changes.push(Change::Voices {
                slot: 0,
                voices: kit,
            });
        }
    }
    assert_eq!(scheduler.sounding(), 0);
    assert_eq!(check_tape(&drain(&mut tap)).len(), 400);
}

#[test]
fn a_level_controller_goes_before_its_note() {
    let voice = Voice {
        note: 36,
        channel: 2,
        level_cc: Some(40),
    };
    let (mut scheduler, mut wires) = Scheduler::new([Some(voice); 9]);
    let (sink, mut tap) = RingSink::new("tap", 16);
    put(&mut wires, 0, Some(Box::new(sink)));
    let _ = wires.commands.push(note(99, 0, 5));
    scheduler.poll(5);
    let bytes: Vec<Vec<u8>> = drain(&mut tap).iter().map(|m| m.bytes().to_vec()).collect();
    assert_eq!(bytes, [[0xb2, 40, 100], [0x92, 36, 100]]);
}

/// A port that is full most of the time, or gone.
struct Moody {
    inner: RingSink,
    calls: u32,
    gone_after: u32,
}

impl MidiSink for Moody {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        self.calls += 1;
        match self.calls {
            n if n > self.gone_after => Err(SinkError::Lost),
            n if n % 3 > 0 => Err(SinkError::Full),
            _ => self.inner.send(scheduled_ns, now_ns, bytes),
        }
    }

    fn name(&self) -> &str {
        "moody"
    }
}

#[test]
fn a_note_off_that_a_full_port_refuses_is_tried_again() {
    let (mut scheduler, mut wires) = Scheduler::new(voices(&Kit::gm()));
    let (inner, mut tap) = RingSink::new("tap", 4_096);
    put(
        &mut wires,
        0,
        Some(Box::new(Moody {
            inner,
            calls: 0,
            gone_after: u32::MAX,
        })),
    );
    let (inner, _gone) = RingSink::new("gone", 4_096);
    put(
        &mut wires,
        1,
        Some(Box::new(Moody {
            inner,
            calls: 0,
            gone_after: 50,
        })),
    );
    for id in 0..900 {
        let _ = wires
            .commands
            .push(note(id, (id % 9) as u8, id / 9 * 60_000_000));
    }
    let mut now = 0;
    while now < 4_000_000_000 {
        now = scheduler.poll(now).max(now + 1);
    }
    assert!(wires.pulse.refused() > 0 && wires.pulse.is_lost(1) && !wires.pulse.is_lost(0));
    put(&mut wires, 0, None);
    let stop = now;
    let mut left = None;
    while left.is_none() {
        now = scheduler.poll(now).max(now + 1);
        left = wires.left.pop().ok();
    }
    assert!(
        now - stop < 100_000_000,
        "it leaves when its notes are closed"
    );
    let _ = wires.commands.push(Command::Silence);
    scheduler.poll(now);
    assert_eq!(scheduler.sounding(), 0);
    assert!(check_tape(&drain(&mut tap)).len() > 100);
    let played = std::iter::from_fn(|| wires.played.pop().ok());
    assert!(played.filter(|p| matches!(p, Played::On { .. })).count() > 500);
}

#[test]
fn the_real_threads_play_save_and_end_in_silence() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("beat.log");
    let handle = EngineHandle::start(EngineOptions {
        model: BeatModel::random(8, 1, 1).into(),
        seed: 4,
        controls: Controls {
            milli_bpm: 400_000,
            ..Controls::default()
        },
        kit: Kit::gm(),
        outputs: vec![OutputSetup::plain(OutputSpec::File(log.clone()))],
        sessions: dir.path().join("sessions"),
        debts: dir.path().join("owed"),
        realtime: true,
    })
    .unwrap();
    let started = std::time::Instant::now();
    let wait = |what: &dyn Fn() -> bool| {
        while !what() {
            assert!(started.elapsed().as_secs() < 30, "nothing is played");
            std::thread::yield_now();
        }
    };
    wait(&|| {
        handle
            .status()
            .outputs
            .first()
            .is_some_and(|o| o.name.contains("beat.log"))
    });
    assert!(
        handle
            .save_session(dir.path().join("too-early.mid"))
            .is_err()
    );
    handle.play();
    wait(&|| handle.status().sent > 40);
    let status = handle.status();
    assert_eq!(status.source, PlaySource::Generator);
    assert!(status.unsaved && status.window.len() > 16);
    let saved = handle.save_session(dir.path().join("beat.mid")).unwrap();
    let sent = handle.status().sent;
    wait(&|| handle.status().sent > sent);
    let autosaved = handle.shutdown().unwrap().unwrap();
    assert_eq!(handle.shutdown(), Ok(None));
    assert!(saved.exists() && autosaved.exists());
    assert_eq!(sessions_unsaved(&dir.path().join("sessions")), []);
    let text = std::fs::read_to_string(&log).unwrap();
    let count = |status: &str| {
        text.lines()
            .filter(|l| l.split(' ').nth(2).unwrap().starts_with(status))
            .count()
    };
    assert_eq!(count("99"), count("89"));
    let file = crate::beat::smf::parse(&std::fs::read(&autosaved).unwrap()).unwrap();
    assert_eq!(file.notes.len(), count("99"));
}
