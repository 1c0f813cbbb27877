//! What is saved is what was played, whatever ended the program.

use super::knobs::random_grid;
use super::rig::{Rig, START, check_tape, drain};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::Meter;
use crate::beat::smf;
use crate::live::engine::EngineCommand;
use crate::live::session::Record;
use crate::live::session_file::{self, recover, sessions_unsaved};
use crate::live::song::to_song;
use crate::live::take::LEAD_NS;
use crate::message::Controls;
use crate::model::BeatModel;
use std::io::Write;

/// Seconds of each note of a file, by its own tempi, with its tick's length.
fn times(file: &smf::Smf) -> Vec<(f64, f64, u8, u8)> {
    let quarter = f64::from(file.ticks_per_quarter);
    let mut tempi = file.tempi.iter().peekable();
    let (mut micros, mut from, mut elapsed) = (500_000.0, 0u64, 0.0);
    let mut out = Vec::new();
    for note in &file.notes {
        while let Some(change) = tempi.next_if(|change| change.tick <= note.tick) {
            elapsed += (change.tick - from) as f64 * micros / quarter;
            from = change.tick;
            micros = f64::from(change.micros);
        }
        let at = elapsed + (note.tick - from) as f64 * micros / quarter;
        out.push((at / 1e6, micros / quarter / 1e6, note.pitch, note.velocity));
    }
    out
}

#[test]
fn a_saved_session_holds_what_the_sink_got_within_a_tick() {
    let mut draws = Stream::new(21, 0, Purpose::Test);
    for seed in 0..4 {
        let mut rig = Rig::new(BeatModel::random(16, 1, 7), seed);
        let mut tap = rig.tap(0);
        rig.turn(|c| c.density = -0.6);
        rig.tell(EngineCommand::Play);
        for i in 0..200 {
            rig.turn(|c| match draws.below(3) {
                0 => c.milli_bpm = 40_000 + draws.below(200_000) as u32,
                1 => c.swing = 0.5 + draws.uniform() / 4.0,
                _ => c.mutes = draws.below(512) as u16 & 0x1ef,
            });
            if i % 50 == 20 {
                let grid = random_grid(&mut draws, Meter::COMMON);
                rig.tell(EngineCommand::Preview {
                    name: "p".into(),
                    grid,
                });
            }
            if i % 50 == 30 {
                rig.tell(EngineCommand::StopPreview);
            }
            rig.pass(draws.below(1_500_000_000) as u64);
        }
        // The last of many minutes at one odd tempo: the file has not drifted away.
        rig.turn(|c| c.milli_bpm = 119_873);
        rig.pass(40 * 60_000_000_000);
        rig.finish();
        let sent = check_tape(&drain(&mut tap));
        let file = smf::parse(&smf::write(&to_song(&rig.journal))).unwrap();
        assert!(file.notes.iter().all(|note| note.channel == 9));
        let saved = times(&file);
        assert_eq!(saved.len(), sent.len());
        let zero = (START + LEAD_NS) as f64 / 1e9;
        let mut sorted: Vec<_> = sent
            .iter()
            .map(|s| (s.0 as f64 / 1e9 - zero, s.2, s.3))
            .collect();
        // Notes nearer to each other than a tick may change places; two of a lane that near
        // are kept a tick apart.
        let mut doubled = 0;
        for (at, tick, pitch, velocity) in &saved {
            let near = sorted
                .iter()
                .position(|(t, p, v)| p == pitch && v == velocity && (t - at).abs() <= 1.6 * tick);
            let Some(near) = near else {
                panic!("no note {pitch} of {velocity} at {at} s in what the sink got");
            };
            let ticks = (sorted.remove(near).0 - at).abs() / tick;
            doubled += u32::from(ticks > 0.7);
        }
        assert!(
            doubled < 10,
            "{doubled} of {} notes are further off",
            saved.len()
        );
    }
}

#[test]
fn takes_follow_one_another_on_bar_lines() {
    let mut rig = Rig::new(BeatModel::random(16, 1, 7), 1);
    rig.tell(EngineCommand::Play);
    rig.pass(2_600_000_000);
    rig.tell(EngineCommand::Stop);
    rig.pass(60_000_000_000);
    rig.tell(EngineCommand::Play);
    rig.pass(1_000_000_000);
    rig.finish();
    let song = to_song(&rig.journal);
    let first: Vec<_> = rig.sent.iter().filter(|n| n.take == 1).collect();
    assert_eq!(song.notes.len(), rig.sent.len());
    assert_eq!(song.end_tick, 3 * 1920);
    // Two bars for the first take, begun and not ended, then the second.
    assert!(song.notes[first.len()..].iter().all(|n| n.tick >= 2 * 1920));
    assert!(song.notes[first.len()].tick < 2 * 1920 + 480);
    assert!(song.notes[..first.len()].iter().all(|n| n.tick < 2 * 1920));
}

fn note(id: u64) -> Record {
    Record::Note {
        id,
        step: id,
        lane: (id % 9) as u8,
        velocity: 100,
        at_ns: id * 125_000_000,
        sent_ns: id * 125_000_000,
        off_ns: id * 125_000_000 + 60_000_000,
    }
}

fn begin() -> [Record; 4] {
    [
        Record::Begin {
            format: 1,
            seed: 3,
            model: "m".into(),
            hash: "h".into(),
        },
        Record::Take { first_id: 0 },
        Record::Tempo {
            step: 0,
            at_ns: 0,
            milli_bpm: 120_000,
        },
        Record::Controls(Controls::default()),
    ]
}

#[test]
fn an_unsaved_session_is_saved_at_the_end_and_a_saved_one_is_not_saved_twice() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = dir.path().join("state/sessions");
    let (link, writer) = session_file::spawn(sessions.clone()).unwrap();
    begin()
        .into_iter()
        .chain((0..100).map(note))
        .for_each(|r| link.records.send(r).unwrap());
    let save = |path: std::path::PathBuf| {
        let (reply, answer) = crossbeam_channel::bounded(1);
        link.records
            .send(Record::Save {
                path,
                reply: Some(reply),
            })
            .unwrap();
        answer.recv().unwrap()
    };
    let wanted = dir.path().join("beat.mid");
    assert_eq!(save(wanted.clone()).unwrap(), wanted);
    assert_eq!(save(wanted.clone()).unwrap(), dir.path().join("beat.1.mid"));
    assert!(!link.unsaved.load(std::sync::atomic::Ordering::Relaxed));
    let bad = save("/dev/null/beat.mid".into()).unwrap_err();
    assert!(bad.to_string().contains("/dev/null/beat.mid"), "{bad}");
    drop(link);
    assert_eq!(writer.join().unwrap(), Ok(None));
    assert_eq!(
        smf::parse(&std::fs::read(&wanted).unwrap())
            .unwrap()
            .notes
            .len(),
        100
    );
    assert_eq!(sessions_unsaved(&sessions), []);

    let (link, writer) = session_file::spawn(sessions.clone()).unwrap();
    begin()
        .into_iter()
        .chain((0..7).map(note))
        .for_each(|r| link.records.send(r).unwrap());
    drop(link);
    let saved = writer.join().unwrap().unwrap().unwrap();
    assert!(saved.starts_with(&sessions));
    assert_eq!(
        smf::parse(&std::fs::read(&saved).unwrap())
            .unwrap()
            .notes
            .len(),
        7
    );
    assert_eq!(sessions_unsaved(&sessions), []);

    // Nothing played leaves nothing.
    let before = std::fs::read_dir(&sessions).unwrap().count();
    let (link, writer) = session_file::spawn(sessions.clone()).unwrap();
    begin()
        .into_iter()
        .for_each(|r| link.records.send(r).unwrap());
    drop(link);
    assert_eq!(writer.join().unwrap(), Ok(None));
    assert_eq!(std::fs::read_dir(&sessions).unwrap().count(), before);
}

#[test]
fn a_killed_program_loses_no_line_that_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("20260101-000000-1.jsonl");
    let mut file = std::fs::File::create(&path).unwrap();
    for record in begin().into_iter().chain((0..50).map(note)) {
        writeln!(file, "{}", serde_json::to_string(&record).unwrap()).unwrap();
    }
    // What a kill leaves, and worse.
    file.write_all(b"\xff\xfe{\n{\"is\":\"note\",\"id\":50,\"st")
        .unwrap();
    let lock = std::fs::File::open(&path).unwrap();
    lock.lock().unwrap();
    assert_eq!(
        sessions_unsaved(dir.path()),
        [],
        "in use by a program that runs"
    );
    drop(lock);
    let found = sessions_unsaved(dir.path());
    assert_eq!((found.len(), found[0].notes), (1, 50));
    let saved = recover(&found[0].journal).unwrap();
    assert_eq!(
        smf::parse(&std::fs::read(saved).unwrap())
            .unwrap()
            .notes
            .len(),
        50
    );
    assert_eq!(sessions_unsaved(dir.path()), []);
    assert_eq!(session_file::read(&path).unwrap().unsaved(), 0);
}

#[test]
fn no_journal_kills_the_program() {
    // Numbers that no engine writes.
    let mut journal = crate::live::session::Journal::default();
    let mut draws = Stream::new(1, 0, Purpose::Test);
    for _ in 0..3_000 {
        let any = |draws: &mut Stream| draws.next_bits() >> draws.below(64);
        let record = match draws.below(5) {
            0 => Record::Take {
                first_id: any(&mut draws),
            },
            1 => Record::Tempo {
                step: any(&mut draws),
                at_ns: any(&mut draws),
                milli_bpm: any(&mut draws) as u32,
            },
            2 => Record::Bar {
                step: any(&mut draws),
                meter: (any(&mut draws) as u8, any(&mut draws) as u8),
            },
            3 => Record::Cut {
                id: any(&mut draws),
                at_ns: any(&mut draws),
            },
            _ => Record::Note {
                id: any(&mut draws),
                step: any(&mut draws),
                lane: any(&mut draws) as u8,
                velocity: any(&mut draws) as u8,
                at_ns: any(&mut draws),
                sent_ns: 0,
                off_ns: any(&mut draws),
            },
        };
        journal.push(&record);
    }
    assert!(!smf::write(&to_song(&journal)).is_empty());
}
