//! The dashboard in a terminal: opens, is played, and gives the terminal back on every way out.

use crate::emulator::Emulator;
use crate::support::Home;
use rustix::process::Signal;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The dashboard writing its notes to `notes.log`, open and drawn.
fn open(home: &Home) -> Emulator {
    let emulator = Emulator::start(home, &["--midi-out", "file:notes.log", "--seed", "1"], &[]);
    emulator.wait_for_text("temperature");
    emulator
}

fn notes(home: &Home) -> String {
    fs::read_to_string(home.path().join("notes.log")).unwrap_or_default()
}

/// Presses P and waits for the first bar or so of notes.
fn play(emulator: &mut Emulator, home: &Home) {
    emulator.type_keys("P");
    emulator.wait_for("notes in the log", |_| notes(home).lines().count() >= 20);
}

/// Every note-on in the log has its note-off.
pub fn assert_notes_are_closed(log: &str) {
    let mut open: HashMap<(u8, u8), i32> = HashMap::new();
    let mut ons = 0;
    for line in log.lines() {
        let hex = line.split_whitespace().nth(2).expect("three columns");
        let byte = |i: usize| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex bytes");
        match byte(0) >> 4 {
            9 if byte(2) > 0 => {
                ons += 1;
                *open.entry((byte(0) & 15, byte(1))).or_default() += 1;
            }
            8 | 9 => *open.entry((byte(0) & 15, byte(1))).or_default() = 0,
            _ => {}
        }
    }
    assert!(ons > 0, "notes were played");
    open.retain(|_, count| *count > 0);
    assert!(open.is_empty(), "still sounding: {open:?}\n{log}");
}

/// One saved session, a MIDI file with notes in it.
pub fn assert_session_is_saved(folder: &Path) {
    let files: Vec<_> = fs::read_dir(folder)
        .expect("a sessions folder")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "mid"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let bytes = fs::read(&files[0]).unwrap();
    assert!(
        bytes.starts_with(b"MThd") && bytes.len() > 100,
        "{} bytes",
        bytes.len()
    );
}

#[test]
fn opens_draws_and_quits_with_the_terminal_restored() {
    let home = Home::new();
    let mut emulator = open(&home);
    emulator.wait_for("the alternate screen", |screen| screen.alternate_screen());
    for word in ["Dataset", "Training", "Play", "snare", "help"] {
        emulator.wait_for_text(word);
    }
    for (key, word) in [("1", "Dataset"), ("2", "Training"), ("3", "snare")] {
        emulator.type_keys(key);
        emulator.wait_for_text(word);
    }
    emulator.type_keys("q");
    assert_eq!(emulator.wait_for_end(), 0);
    emulator.wait_for_restored();
}

#[test]
fn signals_end_in_silence_with_terminal_and_session_kept() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let home = Home::new();
        let mut emulator = open(&home);
        play(&mut emulator, &home);
        emulator.signal(signal);
        assert_eq!(emulator.wait_for_end(), code, "{signal:?}");
        emulator.wait_for_restored();
        assert_notes_are_closed(&notes(&home));
        assert_session_is_saved(&home.sessions());
        emulator.wait_for_text(".mid");
    }
}

#[test]
fn quitting_unsaved_never_loses_what_was_played() {
    let home = Home::new();
    let mut emulator = open(&home);
    play(&mut emulator, &home);
    emulator.type_keys("\x03");
    emulator.type_keys("\x03");
    assert_eq!(emulator.wait_for_end(), 0);
    emulator.wait_for_restored();
    assert_notes_are_closed(&notes(&home));
    assert_session_is_saved(&home.sessions());
}

#[test]
fn keys_turn_the_temperature_from_any_screen() {
    let home = Home::new();
    let mut emulator = open(&home);
    emulator.wait_for_text("1.00");
    emulator.type_keys("]]");
    emulator.wait_for_text("1.10");
    emulator.type_keys("1[[[3");
    emulator.wait_for_text("0.95");
    emulator.type_keys("q");
    assert_eq!(emulator.wait_for_end(), 0);
}

#[test]
fn follows_the_terminals_size() {
    let home = Home::new();
    let mut emulator = open(&home);
    emulator.resize(200, 50);
    emulator.wait_for("a wide screen drawn to its edges", |screen| {
        let lines: Vec<String> = screen.rows(0, 200).collect();
        lines
            .iter()
            .any(|line| line.trim_end().chars().count() > 190)
            && lines.iter().skip(40).any(|line| !line.trim().is_empty())
    });
    emulator.resize(20, 5);
    emulator.wait_for("a card that says so", |screen| {
        screen.contents().contains("20 x 5")
    });
    emulator.resize(80, 24);
    emulator.wait_for_text("temperature");
    emulator.type_keys("q");
    assert_eq!(emulator.wait_for_end(), 0);
    emulator.wait_for_restored();
}

#[test]
fn a_reader_that_stopped_delays_neither_notes_nor_the_end() {
    let home = Home::new();
    let mut emulator = open(&home);
    play(&mut emulator, &home);
    emulator.read_on(false);
    let before = notes(&home).lines().count();
    emulator.wait_for("notes with a frozen screen", |_| {
        notes(&home).lines().count() > before + 60
    });
    emulator.signal(Signal::TERM);
    assert_eq!(emulator.wait_for_end(), 143);
    assert_notes_are_closed(&notes(&home));
    assert_session_is_saved(&home.sessions());
    emulator.read_on(true);
    emulator.wait_for_restored();
}

#[test]
fn a_second_signal_does_not_hang() {
    let home = Home::new();
    let mut emulator = open(&home);
    play(&mut emulator, &home);
    emulator.signal(Signal::TERM);
    emulator.signal(Signal::INT);
    let code = emulator.wait_for_end();
    assert!(matches!(code, 143 | 130), "{code}");
    emulator.wait_for_restored();
}

#[cfg(target_os = "linux")]
#[test]
fn control_z_gives_the_terminal_back_until_it_goes_on() {
    let home = Home::new();
    let mut emulator = open(&home);
    play(&mut emulator, &home);
    emulator.type_keys("\x1a");
    let stat = format!("/proc/{}/stat", emulator.pid());
    emulator.wait_for("a stopped process", |_| {
        let text = fs::read_to_string(&stat).unwrap_or_default();
        text.rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim().starts_with('T'))
    });
    emulator.wait_for_restored();
    assert_notes_are_closed(&notes(&home));
    emulator.signal(Signal::CONT);
    emulator.wait_for("the screen again", |screen| {
        screen.alternate_screen() && screen.contents().contains("temperature")
    });
    emulator.signal(Signal::TERM);
    assert_eq!(emulator.wait_for_end(), 143);
    emulator.wait_for_restored();
}

#[test]
fn draws_what_the_terminal_can_show() {
    let home = Home::new();
    let plain = [("NO_COLOR", "1"), ("LC_ALL", "C")];
    let mut emulator = Emulator::start(&home, &["--midi-out", "none"], &plain);
    emulator.wait_for_text("temperature");
    emulator.type_keys("q");
    assert_eq!(emulator.wait_for_end(), 0);
    let bytes = emulator.bytes();
    assert!(bytes.is_ascii(), "LC_ALL=C: ASCII only");
    let text = String::from_utf8_lossy(&bytes);
    for colour in ["\x1b[38;", "\x1b[48;", "\x1b[31m", "\x1b[32m"] {
        assert!(!text.contains(colour), "NO_COLOR: {colour:?} is written");
    }
}

#[test]
fn a_dumb_terminal_is_refused_without_escapes() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &[], &[("TERM", "dumb")]);
    assert_eq!(emulator.wait_for_end(), 2);
    emulator.wait_for_text("TERM=dumb");
    assert!(!emulator.bytes().contains(&0x1b));
    emulator.wait_for_restored();
}
