//! Settings from several places, broken ones among them.

use super::*;
use crate::cli::Cli;
use clap::Parser;

fn start_with(config: &str, settings: &str, flags: &[&str]) -> (Start, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths {
        config: dir.path().join("config"),
        state: dir.path().join("state"),
        cache: dir.path().join("cache"),
    };
    for (path, text) in [
        (paths.config_file(), config),
        (paths.settings_file(), settings),
    ] {
        if !text.is_empty() {
            atomic_file::write(&path, text.as_bytes()).unwrap();
        }
    }
    let args = [&["beatgen-tui"], flags].concat();
    (start(&paths, &Cli::parse_from(args).dashboard), dir)
}

#[test]
fn flags_win_over_the_users_file_over_what_was_remembered() {
    let remembered = Settings {
        kit: "digitakt".into(),
        theme: "day".into(),
        data_dir: Some("/old".into()),
        ..Settings::default()
    };
    let (start, _dir) = start_with(
        "theme = 'magma'\nmidi_out = ['none', 'TR']\n[keys]\nquit = 'ctrl-q'\nhelp = ['h', 'f1']",
        &serde_json::to_string(&remembered).unwrap(),
        &["--theme", "ansi", "--data-dir", "/new"],
    );
    assert_eq!(start.problems, Vec::<String>::new());
    let settings = start.setup.settings;
    assert_eq!(
        (settings.theme.as_str(), settings.kit.as_str()),
        ("ansi", "digitakt")
    );
    assert_eq!(settings.data_dir, Some("/new".into()));
    assert_eq!(
        settings.outputs,
        [OutputSpec::None, OutputSpec::Port("TR".into())].map(OutputSetup::plain)
    );
    assert_eq!(start.setup.keys["help"], ["h", "f1"]);
    assert!(start.output_chosen);
}

#[test]
fn a_broken_file_is_reported_and_never_lost() {
    let (start, dir) = start_with("theme = = 'x\x1b'", "{\"theme\": 3", &[]);
    assert_eq!(start.problems.len(), 2, "{:?}", start.problems);
    assert!(start.problems.iter().all(|p| !p.contains(['\x1b', '\n'])));
    let kept = fs::read_to_string(dir.path().join("state/settings.broken.json"));
    assert_eq!(kept.unwrap(), "{\"theme\": 3");
    assert!(!start.output_chosen);
    assert!(start.setup.themes.contains(&start.setup.settings.theme));
}

#[test]
fn a_setting_that_does_not_exist_is_named() {
    let (start, _dir) = start_with("colour = 'red'\nkit = 'tr-8'", "", &["--theme", "nope"]);
    assert_eq!(start.problems.len(), 2, "{:?}", start.problems);
    assert!(start.problems[0].contains("colour") && start.problems[1].contains("nope"));
    assert_eq!(start.setup.settings.kit, "tr-8");
}

#[test]
fn settings_read_back_as_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/settings.json");
    let mut settings = Settings::default();
    settings.controls.temperature = 1.25;
    settings.excluded.insert("x.mid".into());
    remember(&path, &settings).unwrap();
    let mut problems = Vec::new();
    assert_eq!(read_settings(&path, &mut problems), Some(settings));
}

#[test]
fn the_line_to_the_terminal_is_set_up_in_the_users_file() {
    let (start, _dir) = start_with("on_hang_up = 'play-on'\nframes_per_second = 20", "", &[]);
    assert_eq!(start.problems, Vec::<String>::new());
    assert_eq!(
        (start.on_hang_up, start.frames_per_second),
        (HangUp::PlayOn, Some(20))
    );
    let (start, dir) = start_with(
        "on_hang_up = 'never'\nframes_per_second = 4\nkit = 'tr-8'",
        "",
        &[],
    );
    assert_eq!(
        (start.on_hang_up, start.frames_per_second),
        (HangUp::FinishBar, None)
    );
    assert_eq!(start.problems.len(), 2, "{:?}", start.problems);
    assert!(start.problems[0].contains("on_hang_up") && start.problems[0].contains("play-on"));
    assert!(start.problems[1].contains("frames_per_second") && start.problems[1].contains("60"));
    assert_eq!(
        start.setup.settings.kit, "tr-8",
        "the rest of the file counts"
    );
    drop(dir);
}

#[test]
fn outputs_are_driven_as_flags_or_the_file_say() {
    let file = "midi_out = ['none', { to = 'TR', clock = true, latency_ms = -12 }]";
    let (start, _dir) = start_with(file, "", &[]);
    let outputs = start.setup.settings.outputs;
    assert_eq!(outputs[0], OutputSetup::plain(OutputSpec::None));
    assert_eq!((outputs[1].clock, outputs[1].latency_ms), (true, -12));
    let flags = [
        "--midi-out",
        "A",
        "--midi-out",
        "B",
        "--midi-clock",
        "--latency=-5",
    ];
    let (start, _dir) = start_with(file, "", &flags);
    let driven = |name: &str| OutputSetup {
        spec: OutputSpec::Port(name.into()),
        clock: true,
        latency_ms: -5,
    };
    assert_eq!(start.setup.settings.outputs, [driven("A"), driven("B")]);
    let (start, _dir) = start_with("midi_out = { to = 'A', clock = 'yes' }", "", &[]);
    assert!(start.problems[0].starts_with("config.toml: midi_out: clock"));
}
