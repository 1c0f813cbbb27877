//! The terminal goes away while it plays: what sounds, what is kept, and how the next start goes on.

use crate::emulator::Emulator;
use crate::pty::{assert_notes_are_closed, assert_session_is_saved};
use crate::support::Home;
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;

/// Steps a bar of 4/4.
const BAR: u64 = 16;

/// A home whose user wrote this `config.toml`.
fn home(config: &str) -> Home {
    let home = Home::new();
    let folder = home.path().join("config");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), config).unwrap();
    home
}

fn set_tempo(home: &Home, milli_bpm: u32) {
    let folder = home.path().join("state");
    fs::create_dir_all(&folder).unwrap();
    let text = format!(
        r#"{{"controls":{{"version":0,"temperature":1.0,"expression":1.0,"density":0.0,"swing":0.5,
            "milli_bpm":{milli_bpm},"style":255,"mutes":0}}}}"#
    );
    fs::write(folder.join("settings.json"), text).unwrap();
}

fn open(home: &Home, log: &str) -> Emulator {
    let output = format!("file:{log}");
    let emulator = Emulator::start(home, &["--midi-out", &output, "--seed", "1"], &[]);
    emulator.wait_for_text("temperature");
    emulator
}

fn notes(home: &Home, log: &str) -> String {
    fs::read_to_string(home.path().join(log)).unwrap_or_default()
}

/// Waits for so many more lines in a log.
fn wait_for_notes(emulator: &Emulator, home: &Home, log: &str, more: usize) {
    let before = notes(home, log).lines().count();
    emulator.wait_for("notes in the log", |_| {
        notes(home, log).lines().count() >= before + more
    });
}

fn left_file(home: &Home) -> PathBuf {
    home.path().join("state/left.json")
}

fn left(home: &Home) -> serde_json::Value {
    let text = fs::read_to_string(left_file(home)).expect("what was left");
    serde_json::from_str(&text).expect("JSON")
}

/// Records of one kind in the only journal.
fn records(home: &Home, kind: &str) -> Vec<serde_json::Value> {
    let entries = fs::read_dir(home.sessions()).expect("a sessions folder");
    let mut journals = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"));
    let journal = journals.next().expect("a journal");
    assert_eq!(journals.next(), None);
    let text = fs::read_to_string(journal).unwrap();
    let all = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    all.filter(|record: &serde_json::Value| record["is"] == kind)
        .collect()
}

fn note_ons(log: &str) -> usize {
    let ons = log
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2));
    ons.filter(|hex| hex.starts_with('9') && !hex.ends_with("00"))
        .count()
}

#[test]
fn a_hang_up_finishes_the_bar_and_the_next_start_goes_on() {
    let home = home("");
    let mut emulator = open(&home, "one.log");
    emulator.type_keys("P");
    wait_for_notes(&emulator, &home, "one.log", 30);
    emulator.hang_up();
    assert_eq!(emulator.wait_for_end(), 129);

    let log = notes(&home, "one.log");
    assert_notes_are_closed(&log);
    assert_session_is_saved(&home.sessions());
    let steps = records(&home, "step");
    assert_eq!(steps.len() as u64 % BAR, 0, "whole bars");
    assert_eq!(
        note_ons(&log),
        records(&home, "note").len(),
        "all of them are heard"
    );
    let left_then = left(&home);
    assert_eq!(left_then["how"], "ended");
    let bars = steps.len() as u64 / BAR;
    let kept = left_then["steps"].as_array().unwrap().len() as u64;
    assert_eq!(
        kept,
        bars.min(2) * BAR,
        "the bar that was finished is among them"
    );
    let saved = PathBuf::from(left_then["saved"].as_str().unwrap());
    assert!(saved.exists());

    let mut emulator = open(&home, "two.log");
    emulator.wait_for_text("Go on from there?");
    emulator.type_keys("y");
    wait_for_notes(&emulator, &home, "two.log", 10);
    emulator.wait_for("nothing left to offer", |_| !left_file(&home).exists());
    emulator.signal(Signal::TERM);
    assert_eq!(emulator.wait_for_end(), 143);
    assert_notes_are_closed(&notes(&home, "two.log"));
}

#[test]
fn a_bar_longer_than_an_end_may_take_is_still_finished() {
    let home = home("");
    // A bar of six seconds.
    set_tempo(&home, 40_000);
    let mut emulator = open(&home, "notes.log");
    emulator.type_keys("P");
    wait_for_notes(&emulator, &home, "notes.log", 2);
    emulator.signal(Signal::HUP);
    assert_eq!(emulator.wait_for_end(), 129);
    emulator.wait_for_restored();
    assert_notes_are_closed(&notes(&home, "notes.log"));
    assert_eq!(records(&home, "step").len() as u64 % BAR, 0, "whole bars");
}

#[test]
fn a_signal_that_asks_for_the_end_does_not_wait_for_the_bar() {
    let home = home("");
    // A bar of twelve seconds.
    set_tempo(&home, 20_000);
    let mut emulator = open(&home, "notes.log");
    emulator.type_keys("P");
    wait_for_notes(&emulator, &home, "notes.log", 10);
    emulator.signal(Signal::HUP);
    emulator.wait_for("what is kept at a hang-up", |_| left_file(&home).exists());
    emulator.signal(Signal::TERM);
    assert_eq!(emulator.wait_for_end(), 143);
    assert_notes_are_closed(&notes(&home, "notes.log"));
    assert_session_is_saved(&home.sessions());
    assert_ne!(
        records(&home, "step").len() as u64 % BAR,
        0,
        "cut off in the bar"
    );
}

#[test]
fn a_hang_up_may_stop_at_once() {
    let home = home("on_hang_up = 'stop'");
    set_tempo(&home, 20_000);
    let mut emulator = open(&home, "notes.log");
    emulator.type_keys("P");
    wait_for_notes(&emulator, &home, "notes.log", 2);
    emulator.hang_up();
    assert_eq!(emulator.wait_for_end(), 129);
    assert_notes_are_closed(&notes(&home, "notes.log"));
    assert_ne!(
        records(&home, "step").len() as u64 % BAR,
        0,
        "cut off in the bar"
    );
    assert_eq!(left(&home)["how"], "ended");
}

#[test]
fn a_set_that_plays_on_is_ended_by_a_signal_or_by_the_start_that_takes_it_over() {
    let home = home("on_hang_up = 'play-on'");
    let mut first = open(&home, "one.log");
    first.type_keys("P");
    wait_for_notes(&first, &home, "one.log", 10);
    first.hang_up();
    // Two bars and more, each kept.
    wait_for_notes(&first, &home, "one.log", 100);
    first.wait_for("bars that are kept", |_| {
        left_file(&home).exists() && left(&home)["bar"].as_u64() >= Some(2)
    });
    assert_eq!(left(&home)["how"], "plays-on");
    #[cfg(target_os = "linux")]
    first.wait_for("nobody reads a terminal that is gone", |_| {
        let threads = fs::read_dir(format!("/proc/{}/task", first.pid())).unwrap();
        let mut names = threads
            .flatten()
            .map(|thread| fs::read_to_string(thread.path().join("comm")).unwrap_or_default());
        names.all(|name| name.trim() != "keys")
    });

    let mut second = open(&home, "two.log");
    second.wait_for_text("still plays without a screen");
    second.type_keys("n");
    second.wait_for("no question", |screen| {
        !screen.contents().contains("without a screen")
    });
    second.type_keys("q");
    assert_eq!(second.wait_for_end(), 0);
    wait_for_notes(&first, &home, "one.log", 20);

    let mut third = open(&home, "three.log");
    third.wait_for_text("still plays without a screen");
    third.type_keys("y");
    // Hung up a second time: it has finished its bar.
    assert_eq!(first.wait_for_end(), 129);
    assert_notes_are_closed(&notes(&home, "one.log"));
    assert_session_is_saved(&home.sessions());
    wait_for_notes(&third, &home, "three.log", 10);
    third.wait_for("nothing left to offer", |_| !left_file(&home).exists());

    third.hang_up();
    wait_for_notes(&third, &home, "three.log", 30);
    third.signal(Signal::TERM);
    assert_eq!(third.wait_for_end(), 143);
    assert_notes_are_closed(&notes(&home, "three.log"));
    assert_eq!(left(&home)["how"], "ended-alone");
}

#[test]
fn a_killed_program_is_gone_on_with() {
    let home = home("");
    let mut emulator = open(&home, "one.log");
    emulator.type_keys("P");
    emulator.wait_for("a whole bar in the journal", |_| {
        let written = fs::read_dir(home.sessions())
            .into_iter()
            .flatten()
            .flatten();
        let mut texts = written.map(|entry| fs::read_to_string(entry.path()).unwrap_or_default());
        texts.any(|text| text.matches(r#""is":"bar""#).count() >= 3)
    });
    emulator.signal(Signal::KILL);
    emulator.wait_for_end();
    let mut emulator = open(&home, "two.log");
    emulator.wait_for_text("A set broke off");
    emulator.type_keys("n");
    emulator.wait_for("nothing left to offer", |_| !left_file(&home).exists());
    emulator.type_keys("q");
    assert_eq!(emulator.wait_for_end(), 0);
}
