//! `render` from outside: a real file becomes sound, the same each time, and what cannot be is refused.

use crate::support::Home;
use std::path::Path;

/// A beat of the repository.
fn beat() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/release");
    dir.join("funk.mid").to_str().unwrap().to_owned()
}

/// A file of one track: kick, and a stick half a second later at a tempo that changes on the way.
fn two_tempi() -> Vec<u8> {
    let events: &[&[u8]] = &[
        &[0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20], // 120 a minute
        &[0, 0x99, 36, 100],
        &[48, 0xff, 0x51, 3, 0x03, 0xd0, 0x90], // 240
        &[96, 0x99, 37, 100],
        &[0, 0xff, 0x2f, 0],
    ];
    let track = events.concat();
    let head = [
        b"MThd".as_slice(),
        &[0, 0, 0, 6, 0, 0, 0, 1, 0, 96],
        b"MTrk",
    ]
    .concat();
    [head, (track.len() as u32).to_be_bytes().to_vec(), track].concat()
}

fn samples(wav: &[u8]) -> Vec<i16> {
    let data = wav[44..].chunks_exact(2);
    data.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

#[test]
fn the_same_file_twice_gives_the_same_samples_and_nothing_is_overwritten() {
    let home = Home::new();
    for _ in 0..2 {
        let outcome = home.run(&["render", &beat(), "deep/beat.wav"]);
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{outcome:?}");
        assert!(outcome.out.contains("44100 Hz"), "{outcome:?}");
    }
    let read = |name: &str| std::fs::read(home.path().join("deep").join(name)).unwrap();
    let (first, second) = (read("beat.wav"), read("beat.1.wav"));
    assert!(first == second, "the null test");
    assert_eq!(&first[..4], b"RIFF");
    assert_eq!(first[4..8], (first.len() as u32 - 8).to_le_bytes());
    assert_eq!(first[40..44], (first.len() as u32 - 44).to_le_bytes());
    let loudest = samples(&first).into_iter().map(i16::unsigned_abs).max();
    assert!((5_000..32_000).contains(&loudest.unwrap()), "{loudest:?}");
    let names = std::fs::read_dir(home.path().join("deep")).unwrap().count();
    assert_eq!(names, 2, "nothing else stays behind");
}

#[test]
fn notes_fall_on_the_samples_of_the_files_own_tempi() {
    let home = Home::new();
    std::fs::write(home.path().join("two.mid"), two_tempi()).unwrap();
    for rate in ["8000", "48000"] {
        let name = format!("{rate}.wav");
        let outcome = home.run(&["render", "two.mid", &name, "--sample-rate", rate]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let wav = std::fs::read(home.path().join(&name)).unwrap();
        assert_eq!(wav[24..28], rate.parse::<u32>().unwrap().to_le_bytes());
        // A quarter of a second at each tempo: the stick is on the sample of the half second. Its attack is far steeper than
        // what is left of the kick.
        let sound = samples(&wav);
        let at = rate.parse::<usize>().unwrap() / 2;
        let steps = |from: usize, to: usize| -> i32 {
            let part = sound[2 * from..2 * to].chunks_exact(2);
            let left: Vec<i32> = part.map(|f| f[0].into()).collect();
            left.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap()
        };
        assert!(
            steps(at, at + at / 50) > 8 * steps(at - at / 50, at),
            "{rate}"
        );
    }
}

#[test]
fn sound_can_be_sent_through_mel_frames() {
    let home = Home::new();
    std::fs::write(home.path().join("two.mid"), two_tempi()).unwrap();
    let render = |more: &[&str]| {
        let args = ["render", "two.mid", "o.wav", "--sample-rate", "8000"];
        let outcome = home.run(&[&args, more].concat());
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{outcome:?}");
        outcome.out
    };
    render(&[]);
    let said = render(&["--through-mel"]);
    assert!(said.contains("128 mel bands every 512 samples"), "{said}");
    render(&["--through-mel", "--n-mels", "20", "--hop-length", "256"]);
    let read = |name: &str| samples(&std::fs::read(home.path().join(name)).unwrap());
    let (plain, through, coarse) = (read("o.wav"), read("o.1.wav"), read("o.2.wav"));
    assert_eq!((plain.len(), plain.len()), (through.len(), coarse.len()));
    assert!(
        through.chunks_exact(2).all(|frame| frame[0] == frame[1]),
        "mono"
    );
    let power = |sound: &[i16]| sound.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    // As loud within 3 dB, and another sound.
    for sound in [&through, &coarse] {
        let ratio = power(sound) / power(&plain);
        assert!((0.5..2.0).contains(&ratio), "{ratio}");
    }
    assert!(through != plain && through != coarse);
}

#[test]
fn what_cannot_be_rendered_is_refused_with_a_hint() {
    let home = Home::new();
    std::fs::write(home.path().join("text.mid"), "no music").unwrap();
    std::fs::write(home.path().join("text.sf2"), "no drums").unwrap();
    let mut silent = two_tempi();
    silent
        .iter_mut()
        .filter(|byte| **byte == 0x99)
        .for_each(|byte| *byte = 0x90);
    std::fs::write(home.path().join("piano.mid"), silent).unwrap();
    let good = beat();
    let good = good.as_str();
    for (args, word) in [
        (vec!["not there.mid", "o.wav"], "no such file"),
        (vec!["text.mid", "o.wav"], "MThd"),
        (vec!["piano.mid", "o.wav"], "channel 10"),
        (vec![".", "o.wav"], "not a file"),
        (vec![good, "."], "not a file"),
        (vec![good, "o.mid"], "WAV"),
        (vec![good], "OUT.wav"),
        (vec![good, "o.wav", "--sample-rate", "1000"], "8000"),
        (vec![good, "o.wav", "--soundfont", "text.sf2"], "sfbk"),
        (vec![good, "o.wav", "--soundfont", "none.sf2"], "none.sf2"),
        (vec![good, "o.wav", "--drum-map", "none.toml"], "none.toml"),
        (vec![good, "o.wav", "--n-mels", "64"], "--through-mel"),
        (
            vec![good, "o.wav", "--through-mel", "--hop-length", "4096"],
            "1024",
        ),
    ] {
        let outcome = home.run(&[&["render"], args.as_slice()].concat());
        assert_eq!(outcome.code, 2, "{args:?}: {outcome:?}");
        assert!(outcome.err.contains(word), "{args:?}: {outcome:?}");
        assert_eq!(outcome.out, "");
    }
    let left = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left, 3, "no half-made file stays behind");
}
