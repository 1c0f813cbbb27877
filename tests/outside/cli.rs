//! The command line: exit codes, help, refusals.

use crate::support::{Home, Outcome};
use std::io::Read;
use std::process::Stdio;

fn run(args: &[&str]) -> Outcome {
    Home::new().run(args)
}

#[test]
fn without_a_terminal_there_is_one_line_and_exit_2() {
    let outcome = run(&[]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert_eq!(outcome.out, "", "nothing is written into a pipe");
    assert!(outcome.err.contains("terminal"), "{outcome:?}");
    assert!(!outcome.err.contains('\x1b'), "{outcome:?}");
    assert_eq!(outcome.err.trim_end().lines().count(), 1, "{outcome:?}");
}

#[test]
fn help_shows_every_subcommand_examples_and_exit_codes() {
    let outcome = run(&["--help"]);
    assert_eq!(outcome.code, 0);
    for word in [
        "train",
        "generate",
        "inspect",
        "render",
        "transcribe",
        "evaluate",
        "doctor",
        "ports",
        "completions",
        "man",
        "--midi-out",
        "--data-dir",
        "--kit",
        "Examples:",
        "Exit codes:",
        "130",
    ] {
        assert!(
            outcome.out.contains(word),
            "{word} is missing:\n{}",
            outcome.out
        );
    }
    for sub in ["train", "generate", "inspect", "transcribe", "evaluate"] {
        let outcome = run(&[sub, "--help"]);
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{sub}");
    }
    assert!(run(&["--version"]).out.starts_with("beatgen-tui "));
}

#[test]
fn bad_usage_is_refused_with_a_hint() {
    for (args, word) in [
        (vec!["generate", "--temperature", "3"], "from 0 to 2"),
        (vec!["--device", "abacus"], "cpu"),
        (vec!["trian"], "train"),
        (vec!["train"], "--data-dir"),
        (vec!["inspect"], "FILE"),
        (vec!["transcribe", "loop.wav"], "MID"),
        (vec!["transcribe", "no-such.wav", "a.mid"], "WAV"),
        (
            vec!["generate", "--representation", "mel", "--min-p", "0.1"],
            "--min-p",
        ),
        (
            vec![
                "evaluate",
                "--data-dir",
                ".",
                "--representation",
                "mel",
                "--dump-probs",
                "p.csv",
            ],
            "leave out --dump-probs",
        ),
        (
            vec![
                "evaluate",
                "--data-dir",
                ".",
                "--representation",
                "mel",
                "--checkpoint-dir",
                "no-such",
            ],
            "train --representation mel",
        ),
        (
            vec!["generate", "--audio", "beat.wav"],
            "--representation mel",
        ),
        (
            vec!["generate", "--representation", "mel", "--audio", "beat.mid"],
            "WAV",
        ),
        (vec!["ports", "--test", "synth:none.sf2"], "none.sf2"),
        (vec!["--midi-out", "synth:"], "SoundFont"),
    ] {
        let outcome = run(&args);
        assert_eq!(outcome.code, 2, "{args:?} {outcome:?}");
        assert!(outcome.err.contains(word), "{args:?} {outcome:?}");
        assert_eq!(outcome.out, "");
    }
}

#[test]
fn outside_text_is_sanitized_in_errors() {
    let outcome = run(&["--\x1b]0;owned\x07"]);
    assert_eq!(outcome.code, 2);
    assert!(!outcome.err.contains(['\x1b', '\x07']), "{outcome:?}");
    let outcome = run(&["inspect", "\x1b]0;owned\x07.mid"]);
    assert!(!outcome.err.contains(['\x1b', '\x07']), "{outcome:?}");
    assert!(!outcome.out.contains(['\x1b', '\x07']), "{outcome:?}");
}

#[test]
fn folders_without_drums_are_refused() {
    let home = Home::new();
    for job in ["train", "evaluate"] {
        let outcome = home.run(&[job, "--data-dir", "."]);
        assert_eq!(outcome.code, 2, "{job}: {outcome:?}");
        assert!(outcome.err.starts_with("error: "), "{job}: {outcome:?}");
        let outcome = home.run(&[job, "--data-dir", "not there"]);
        assert_eq!(outcome.code, 2, "{job}: {outcome:?}");
        assert!(outcome.err.contains("not there"), "{job}: {outcome:?}");
    }
}

#[test]
fn same_seed_same_bytes_and_nothing_is_overwritten() {
    let home = Home::new();
    let write = |seed: &str| {
        let args = [
            "generate",
            "--output-path",
            "g/o.mid",
            "--sequence-length",
            "64",
            "--seed",
            seed,
        ];
        let outcome = home.run(&args);
        assert_eq!(outcome.code, 0, "{outcome:?}");
    };
    for seed in ["7", "7", "8"] {
        write(seed);
    }
    let read = |name: &str| std::fs::read(home.path().join("g").join(name)).unwrap();
    assert_eq!(read("o.mid"), read("o.1.mid"));
    assert_ne!(read("o.mid"), read("o.2.mid"));
    assert!(read("o.mid").starts_with(b"MThd"));
}

#[test]
fn generate_turns_the_knobs_of_the_play_screen() {
    let home = Home::new();
    let hits = |more: &[&str]| -> u32 {
        let args = ["generate", "--seed", "7", "--style", "funk"];
        let outcome = home.run(&[&args[..], more].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let words: Vec<&str> = outcome.out.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "hits,").unwrap();
        words[at - 1].parse().unwrap()
    };
    let plain = hits(&[]);
    assert!(hits(&["--density", "-0.5"]) < plain && plain < hits(&["--density", "0.5"]));
    assert_ne!(hits(&["--min-p", "0.5"]), plain);
    assert_ne!(hits(&["--guidance", "2"]), plain);
    assert_ne!(hits(&["--blend-style", "jazz"]), plain);
    let outcome = home.run(&["generate", "--style", "funk", "--blend-style", "yodel"]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    assert!(outcome.err.contains("--blend-style yodel"), "{outcome:?}");
}

#[test]
fn what_a_model_plays_is_measured_beside_real_music() {
    let home = Home::new();
    let beats = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/beats");
    let run = |more: &[&str]| {
        let args = ["evaluate", "--data-dir", beats, "--split", "all"];
        home.run(&[&args[..], more].concat())
    };
    let drawn = [
        "--generate",
        "16",
        "--temperatures",
        "0.8,1.2",
        "--seed",
        "3",
    ];
    let json = [&drawn[..], &["--json"]].concat();
    let (first, again) = (run(&json), run(&json));
    assert_eq!((first.code, &first.out), (0, &again.out), "{first:?}");
    for key in [
        "offset_mae_ms",
        "\"counting\":{",
        "\"copying\":[",
        "share_of_ceiling",
        "bar_entropy_rises",
    ] {
        assert!(first.out.contains(key), "{key}: {first:?}");
    }
    let tables = run(&drawn);
    for word in [
        "closed-hat",
        "syncopation",
        "found in training",
        "styles within 15 %",
    ] {
        assert!(tables.out.contains(word), "{word}: {tables:?}");
    }
    let refused = run(&["--drummer", "nobody"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("info.csv"), "{refused:?}");
}

#[test]
fn a_spectrogram_model_of_other_frames_is_learned_played_and_measured() {
    let home = Home::new();
    let beats = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/beats");
    let run = |line: &str, more: &[&str]| {
        let words: Vec<&str> = line.split(' ').chain(more.iter().copied()).collect();
        let outcome = home.run(&words);
        assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
        outcome.out
    };
    let frames = "--sample-rate 8000 --hop-length 256 --n-mels 24";
    let size = "--units 8 --num-layers 1 --epochs 1 --sequence-length 256 --batch-size 8";
    let train = format!("train --representation mel {frames} {size} --data-dir");
    let told = run(&train, &[beats]);
    assert!(told.contains("transcriber taught: F1 0."), "{told}");
    let told = run("generate --representation mel --bars 2 --seed 3", &[]);
    assert!(told.contains("strokes heard"), "{told}");
    let measure = "evaluate --representation mel --split all --data-dir";
    let drawn = ["--generate", "8", "--temperatures", "0.5,1", "--seed", "3"];
    let table = run(measure, &[&[beats][..], &drawn].concat());
    let json = run(measure, &[beats, "--json"]);
    for word in [
        "bits a band and frame",
        "the frame before, held",
        "the transcriber's ceiling",
        "closed-hat",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(
        table.contains("real, heard") && table.contains("onsets a bar"),
        "{table}"
    );
    assert!(
        json.contains("\"least_cross_entropy\":") && json.contains("\"f1\":"),
        "{json}"
    );
    let refused = home.run(&["evaluate", "--data-dir", beats]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("give --representation mel"),
        "{refused:?}"
    );
}

#[test]
fn doctor_and_ports_answer_on_any_machine() {
    for (job, words) in [
        (
            "doctor",
            vec!["devices", "MIDI", "audio", "terminal", "paths"],
        ),
        ("ports", vec![]),
    ] {
        let outcome = run(&[job]);
        assert_eq!(outcome.code, 0, "{job}: {outcome:?}");
        assert!(
            !outcome.out.is_empty() && !outcome.err.contains("ALSA lib"),
            "{job}: {outcome:?}"
        );
        for word in words {
            assert!(outcome.out.contains(word), "{word}: {}", outcome.out);
        }
    }
}

#[test]
fn completions_and_the_manual_know_every_flag() {
    for shell in ["bash", "zsh", "fish"] {
        let outcome = run(&["completions", shell]);
        assert_eq!(outcome.code, 0);
        assert!(outcome.out.contains("sequence-length"), "{shell}");
    }
    let page = run(&["man"]);
    assert!(
        page.code == 0 && page.out.starts_with(".ie") | page.out.contains(".TH"),
        "{}",
        page.out
    );
    assert!(page.out.contains("seed\\-path") && page.out.contains("midi\\-out"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = Home::new()
        .command(&["man"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let status = child.wait().unwrap();
    let mut errors = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}
