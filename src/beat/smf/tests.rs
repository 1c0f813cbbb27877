//! Files survive the way there and back, and no bytes bring the reader down.

use super::*;
use crate::beat::grid::{BeatGrid, Meter, Step};
use crate::beat::kit::{DrumMap, Kit};
use crate::beat::lane::Lane;
use proptest::prelude::*;

/// A file of format `format` from whole tracks, with a header that says `tracks` tracks.
fn file(format: u16, tracks: u16, division: u16, bodies: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06".to_vec();
    for word in [format, tracks, division] {
        bytes.extend(word.to_be_bytes());
    }
    for body in bodies {
        bytes.extend(b"MTrk");
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(*body);
    }
    bytes
}

const END: [u8; 4] = [0, 0xff, 0x2f, 0];

/// One track at 96 ticks a quarter note, end mark added.
fn one(events: &[u8]) -> Vec<u8> {
    file(0, 1, 96, &[&[events, &END].concat()])
}

fn drums(bytes: &[u8]) -> Drums {
    let smf = parse(bytes).unwrap();
    smf.drums(&DrumMap::gm(), &DrumPick::Channel10).unwrap()
}

#[test]
fn a_sound_file_is_read_without_repairs() {
    let events = [
        &[0, 0xff, 3, 4][..],
        b"d\x1b[m",
        &[0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20],
        &[0, 0xff, 0x58, 4, 3, 2, 24, 8],
        &[0, 0x99, 36, 100, 24, 36, 0, 0, 38, 90, 48, 0x89, 38, 0],
        &[0, 0x90, 60, 1, 0, 0xb9, 7, 100],
    ];
    let smf = parse(&one(&events.concat())).unwrap();
    assert!(smf.repairs.is_empty(), "{:?}", smf.repairs);
    assert_eq!(smf.tracks, ["d\u{fffd}[m"]);
    assert_eq!(smf.ticks_per_quarter, 96);
    assert_eq!(smf.tempo(), 120.0);
    let notes: Vec<_> = smf
        .notes
        .iter()
        .map(|n| (n.tick, n.channel, n.pitch, n.velocity))
        .collect();
    assert_eq!(notes, [(0, 9, 36, 100), (24, 9, 38, 90), (72, 0, 60, 1)]);
    let drums = smf.drums(&DrumMap::gm(), &DrumPick::Channel10).unwrap();
    assert_eq!(drums.grid.meter, Meter::new(3, 4).unwrap());
    assert_eq!((drums.drum_notes, drums.grid.bars()), (2, 1));
    assert_eq!(drums.grid.steps.len(), 12);
}

#[test]
fn halves_go_up_and_the_louder_note_stays() {
    // 96 ticks a quarter: a step is 24. Kick at 12 (exactly half), snares at 23 and 25.
    let d = drums(&one(&[12, 0x99, 36, 99, 11, 38, 50, 2, 40, 60]));
    let cell = |step: usize, lane: Lane| d.grid.steps[step][lane.index()];
    assert_eq!(cell(1, Lane::Kick).velocity, 99);
    assert_eq!(cell(1, Lane::Kick).offset, -0.5);
    assert_eq!(cell(1, Lane::Snare).velocity, 60);
    assert_eq!(cell(1, Lane::Snare).offset, 1.0 / 24.0);
    assert_eq!(d.lane_counts[..3], [1, 1, 0]);
    assert_eq!(d.drum_notes, 3);
}

#[test]
fn damage_is_repaired_and_told() {
    let kick = [0, 0x99, 36, 100];
    let cases: [(&str, Vec<u8>, usize, &str); 11] = [
        ("no end mark", file(0, 1, 96, &[&kick]), 1, "no end mark"),
        (
            "wrong count",
            file(1, 3, 96, &[&[&kick[..], &END].concat()]),
            1,
            "header says 3",
        ),
        (
            "system message",
            one(&[0, 0x99, 36, 100, 5, 0xf8, 5, 36, 90]),
            2,
            "system messages",
        ),
        (
            "song position",
            one(&[0, 0x99, 36, 100, 5, 0xf2, 1, 2, 5, 36, 90]),
            2,
            "system messages",
        ),
        (
            "running on",
            one(&[0, 0x99, 36, 100, 0, 0xff, 1, 1, 65, 24, 38, 90]),
            2,
            "running status",
        ),
        (
            "bad key",
            one(&[0, 0x99, 36, 100, 0, 0xff, 0x59, 0, 24, 38, 90]),
            2,
            "meta event",
        ),
        (
            "after end",
            file(0, 1, 96, &[&[&kick[..], &END, &kick].concat()]),
            1,
            "after a track's end",
        ),
        (
            "high data",
            one(&[0, 0x99, 36, 100, 0, 36, 0x99, 3]),
            1,
            "damaged event",
        ),
        (
            "long text",
            file(0, 1, 96, &[&[0, 0x99, 36, 100, 0, 0xff, 1, 90, 65]]),
            1,
            "longer than its track",
        ),
        (
            "stray bytes",
            [one(&kick), b"junkjunkjunk".to_vec()].concat(),
            1,
            "stray bytes",
        ),
        (
            "two tracks",
            file(0, 2, 96, &[&[&kick[..], &END].concat(), &END]),
            1,
            "more than one track",
        ),
    ];
    for (name, bytes, notes, told) in cases {
        let smf = parse(&bytes).unwrap();
        assert_eq!(smf.notes.len(), notes, "{name}: {:?}", smf.repairs);
        assert!(
            smf.repairs.iter().any(|r| r.contains(told)),
            "{name}: {:?}",
            smf.repairs
        );
    }
    let mut cut = one(&[0, 0x99, 36, 100, 24, 38, 90]);
    cut.truncate(cut.len() - 5);
    let smf = parse(&cut).unwrap();
    assert_eq!(smf.notes.len(), 1);
    assert!(smf.repairs[0].contains("cut off"));
    // The time of what is skipped still passes.
    let skipped = parse(&one(&[0, 0x99, 36, 100, 5, 0xf8, 5, 36, 90])).unwrap();
    assert_eq!(skipped.notes[1].tick, 10);
}

#[test]
fn what_cannot_be_used_is_refused_with_a_reason() {
    let track: &[u8] = &[0, 0x99, 36, 100, 0, 0xff, 0x2f, 0];
    let meter =
        |n, power| one(&[&[0, 0xff, 0x58, 4, n, power, 24, 8][..], &[0, 0x99, 36, 9]].concat());
    assert_eq!(parse(b""), Err(SmfError::NoBytes));
    assert_eq!(parse(b"MThx1234"), Err(SmfError::NotMidi));
    assert_eq!(parse(b"MThd\0\0\0\x06\0\0\0"), Err(SmfError::ShortHeader));
    assert_eq!(parse(&file(3, 1, 96, &[track])), Err(SmfError::Format(3)));
    for division in [0x8000, 0x8001, 0xe728, 0xffff] {
        assert_eq!(parse(&file(0, 1, division, &[track])), Err(SmfError::Smpte));
    }
    assert_eq!(parse(&file(0, 1, 0, &[track])), Err(SmfError::ZeroDivision));
    assert_eq!(parse(&file(0, 1, 96, &[])), Err(SmfError::NoTracks));
    let nothing = parse(&file(0, 1, 96, &[&[0, 36, 100]]));
    assert!(matches!(nothing, Err(SmfError::Nothing(_))), "{nothing:?}");
    let grid = |bytes: &[u8]| {
        let smf = parse(bytes).unwrap();
        smf.drums(&DrumMap::gm(), &DrumPick::Channel10)
    };
    assert_eq!(grid(&meter(1, 5)), Err(SmfError::Meter(1, 32)));
    assert_eq!(grid(&meter(4, 200)), Err(SmfError::Meter(4, 0)));
    assert_eq!(grid(&meter(0, 2)), Err(SmfError::Meter(0, 4)));
    assert!(grid(&meter(7, 3)).is_ok());
    let far = one(&[0xff, 0xff, 0xff, 0x7f, 0x99, 36, 100]);
    assert!(matches!(grid(&far), Err(SmfError::TooLong(_))));
    for error in [
        SmfError::Smpte,
        SmfError::Meter(1, 32),
        SmfError::TooLong(9),
    ] {
        assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    }
}

#[test]
fn riff_wrappers_and_foreign_chunks_are_read_through() {
    let mut inner = one(&[0, 0x99, 36, 100]);
    inner.splice(14..14, *b"XFIH\0\0\0\x02hi");
    let mut riff = b"RIFF\0\0\0\0RMIDdisp\x03\0\0\0abc\0data".to_vec();
    riff.extend((inner.len() as u32).to_le_bytes());
    riff.extend(&inner);
    for bytes in [&inner, &riff] {
        let smf = parse(bytes).unwrap();
        assert_eq!((smf.notes.len(), smf.repairs.len()), (1, 0));
    }
    assert_eq!(parse(b"RIFF\0\0\0\0WAVEdata"), Err(SmfError::NoRiffData));
}

#[test]
fn songs_of_format_2_follow_each_other() {
    let track = [&[24, 0x99, 36, 100][..], &END].concat();
    let smf = parse(&file(2, 2, 96, &[&track, &track])).unwrap();
    let ticks: Vec<u64> = smf.notes.iter().map(|n| n.tick).collect();
    assert_eq!(ticks, [24, 384 + 24]);
}

#[test]
fn drums_off_channel_10_are_offered_by_name() {
    let name = b"\0\xff\x03\x07Drumset";
    let melody = [&[0, 0x91, 36, 100][..], &END].concat();
    let drumset = [&name[..], &[0, 0x90, 36, 100, 24, 38, 100], &END].concat();
    let smf = parse(&file(1, 2, 96, &[&melody, &drumset])).unwrap();
    let map = DrumMap::gm();
    assert_eq!(smf.drums(&map, &DrumPick::Channel10).unwrap().drum_notes, 0);
    let offered = smf.drum_candidates();
    assert_eq!(
        (offered.len(), offered[0].track, offered[0].notes),
        (1, 1, 2)
    );
    assert_eq!(smf.drums(&map, &DrumPick::Track(1)).unwrap().drum_notes, 2);
    assert_eq!(
        smf.drums(&map, &DrumPick::Channel(1)).unwrap().drum_notes,
        1
    );
}

#[test]
fn tempo_is_the_one_at_the_first_drum_note() {
    let tempo = |delta, micros: u32| {
        let [_, a, b, c] = micros.to_be_bytes();
        vec![delta, 0xff, 0x51, 3, a, b, c]
    };
    let bytes = [
        tempo(0, 1_000_000),
        tempo(24, 600_000),
        vec![0, 0x99, 36, 100],
        tempo(24, 600_000),
        tempo(24, 500_000),
        tempo(0, 0),
    ];
    let d = drums(&one(&bytes.concat()));
    assert_eq!(d.grid.tempo, 100.0);
    assert_eq!(d.tempo_changes, 1);
    assert!(!d.meter_changes);
}

#[test]
fn every_note_on_has_its_note_off() {
    let note = |tick, length, note, velocity| SongNote {
        tick,
        length,
        channel: 9,
        note,
        velocity,
    };
    let song = Song {
        name: "x\u{1b}]0;y".to_owned(),
        notes: vec![
            note(0, 500, 36, 100),
            note(100, 5, 36, 90),
            note(100, 5, 36, 127),
            note(101, 0, 36, 80),
            note(u64::MAX, u64::MAX, 36, 80),
            note(3, 3, 200, 80),
            note(3, 3, 40, 0),
        ],
        tempi: vec![(7, 97_531), (960, 0), (1_000, u32::MAX)],
        markers: vec![(5, "verse".to_owned())],
        ..Song::default()
    };
    let bytes = write(&song);
    assert_eq!(bytes, write(&song));
    let smf = midly::Smf::parse(&bytes).unwrap();
    let mut sounding = 0i32;
    let mut ends = 0;
    for event in &smf.tracks[0] {
        match event.kind {
            midly::TrackEventKind::Midi { message, .. } => match message {
                midly::MidiMessage::NoteOn { .. } => sounding += 1,
                midly::MidiMessage::NoteOff { .. } => sounding -= 1,
                _ => {}
            },
            midly::TrackEventKind::Meta(midly::MetaMessage::EndOfTrack) => ends += 1,
            _ => {}
        }
        assert!(
            (0..=1).contains(&sounding),
            "one pitch, never twice at once"
        );
    }
    assert_eq!((sounding, ends), (0, 1));
    let read = parse(&bytes).unwrap();
    assert!(read.repairs.is_empty());
    assert_eq!(read.notes.len(), 4);
    assert!((read.tempo() - 97.531).abs() < 1e-4);
    assert!(!read.tracks[0].contains('\u{1b}'));
}

mod anything;
