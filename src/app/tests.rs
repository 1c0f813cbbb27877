//! The state machine as a whole: purity, and what the global commands promise. The screens'
//! promises are in the folder beside this file.

mod dataset;
mod desk;
mod offer;
mod pictures;
mod play;
mod purity;
mod steer;
mod training;
mod training_mel;

use super::command::search;
use super::*;
use crate::beat::grid::{BeatGrid, Meter};
use crate::message::*;
use std::path::PathBuf;
use std::sync::Arc;

const MS: u64 = 1_000_000;

fn setup() -> Setup {
    Setup {
        settings: Settings {
            data_dir: Some("/beats".into()),
            ..Settings::default()
        },
        kits: vec!["gm".into(), "tr-8s".into()],
        themes: vec!["midnight".into(), "paper".into()],
        size: (80, 24),
        has_synth: true,
        has_ports: true,
        ..Setup::default()
    }
}

fn app() -> App {
    App::new(setup())
}

/// Presses keys as keymaps spell them, 200 ms apart; gives all effects.
fn press(app: &mut App, keys: &[&str]) -> Vec<Effect> {
    let press_one = |key: &&str| {
        let at = app.now_ns + 200 * MS;
        app.update(Msg::Key(Key::parse(key).unwrap(), at))
    };
    keys.iter().flat_map(press_one).collect()
}

/// Types a text.
fn type_text(app: &mut App, text: &str) {
    for c in text.chars() {
        app.update(Msg::Key(Key::char(c), app.now_ns));
    }
}

fn tick(app: &mut App, ms: u64) -> Vec<Effect> {
    let now_ns = app.now_ns + ms * MS;
    app.update(Msg::Tick { now_ns })
}

fn row(name: &str, status: FileStatus, bars: u32, bpm: f64, style: &str) -> ScanRow {
    ScanRow {
        path: PathBuf::from("/beats").join(name),
        name: name.into(),
        status,
        reason: (status != FileStatus::Ok).then(|| "a reason".into()),
        hint: None,
        bars,
        steps: bars * 16,
        tempo: Some(bpm),
        meter: Some((4, 4)),
        style: (!style.is_empty()).then(|| style.into()),
        beat_type: None,
        split: "train".into(),
        notes: 10,
        drum_notes: 10,
        lane_counts: [1; LANES],
        hash: name.into(),
    }
}

fn rows() -> Vec<ScanRow> {
    use FileStatus as F;
    vec![
        row("a.mid", F::Ok, 4, 90.0, "funk"),
        row("d1/b.mid", F::Ok, 8, 120.0, "rock"),
        row("d1/c.mid", F::NoDrums, 0, 100.0, ""),
        row("d1/s2/d.mid", F::Repaired, 2, 80.0, "funk"),
        row("e.mid", F::Rejected, 0, 60.0, ""),
    ]
}

fn scan(app: &mut App, rows: Vec<ScanRow>) {
    let summary = ScanSummary::default();
    app.update(Msg::Scan(ScanEvent::Done { rows, summary }));
}

fn grid(bars: usize) -> Arc<BeatGrid> {
    let mut step = Step::default();
    step[0].velocity = 100;
    Arc::new(BeatGrid {
        meter: Meter::COMMON,
        tempo: 100.0,
        steps: vec![step; bars * 16],
    })
}

fn status(source: PlaySource, bar: u64, controls: Controls) -> EngineStatus {
    EngineStatus {
        source,
        playhead: bar * 16 + 3,
        step_in_bar: 3,
        bar,
        steps_per_bar: 16,
        meter: (4, 4),
        window_start: bar.saturating_sub(1) * 16,
        window: grid(3).steps.clone(),
        controls,
        styles: vec!["funk".into(), "rock".into()],
        recorded_bars: bar,
        ..EngineStatus::default()
    }
}

fn engine(app: &mut App, source: PlaySource, bar: u64) -> Vec<Effect> {
    let status = status(source, bar, app.controls);
    app.update(Msg::Engine(Arc::new(status)))
}

#[test]
fn outside_text_is_sanitized() {
    let mut app = app();
    let bad = "evil\u{1b}]0;x\u{7}\u{202e}";
    let clean = |app: &App| {
        let shown = format!("{app:?}");
        !shown.contains("\\u{1b}") && !shown.contains("\\u{202e}") && !shown.contains("\\u{7}")
    };
    let mut bad_row = row(bad, FileStatus::Rejected, 0, 1.0, bad);
    bad_row.path = "/beats/x".into();
    bad_row.hash = String::new();
    bad_row.reason = Some(bad.into());
    scan(&mut app, vec![bad_row]);
    app.update(Msg::Train(TrainEvent::Failed(bad.into())));
    app.update(Msg::Train(TrainEvent::Excerpt(Box::new(Excerpt {
        of: bad.into(),
        ..Excerpt::default()
    }))));
    app.update(Msg::Device(bad.into()));
    app.update(Msg::Ports(vec![PortInfo { name: bad.into() }]));
    app.update(Msg::SessionSaved(Err(bad.into())));
    app.update(Msg::TakenOver(Ok(bad.into())));
    app.update(Msg::Scan(ScanEvent::Failed(bad.into())));
    let mut engine = status(PlaySource::Stopped, 0, Controls::default());
    engine.model = bad.into();
    engine.styles = vec![bad.into()];
    engine.realtime = Realtime::Refused(bad.into());
    let place = Remote {
        host: bad.into(),
        port: 1,
        token: Token::default(),
    };
    engine.outputs = vec![
        OutputView {
            state: OutputState::Lost(bad.into()),
            ..OutputView::plain(OutputSpec::Port(bad.into()), bad.into())
        },
        OutputView {
            link: Some(LinkView {
                far: bad.into(),
                trouble: bad.into(),
                ..LinkView::default()
            }),
            ..OutputView::plain(OutputSpec::Tcp(place), bad.into())
        },
    ];
    app.update(Msg::Engine(Arc::new(engine)));
    press(&mut app, &["1", "O"]);
    app.update(Msg::Paste(bad.into()));
    assert!(clean(&app), "{app:?}");
}

#[test]
fn every_command_can_be_asked_for() {
    for info in COMMANDS {
        for screen in Screen::ALL {
            let mut app = app();
            scan(&mut app, rows());
            engine(&mut app, PlaySource::Generator, 1);
            app.screen = screen;
            // By its name in the palette, which lists it first for its own id.
            assert!(
                search(info.id).iter().any(|i| i.id == info.id),
                "{}",
                info.id
            );
            press(&mut app, &[":"]);
            app.update(Msg::Paste(info.id.into()));
            press(&mut app, &["enter"]);
            assert!(
                !matches!(app.overlay(), Some(Overlay::Palette { .. }) if info.id != "palette")
            );
        }
    }
}

#[test]
fn screens_are_reached_by_number_and_tab() {
    let mut app = app();
    press(&mut app, &["1"]);
    assert_eq!(app.screen, Screen::Dataset);
    press(&mut app, &["tab", "tab"]);
    assert_eq!(app.screen, Screen::Play);
    press(&mut app, &["tab", "backtab", "2"]);
    assert_eq!(app.screen, Screen::Training);
}

#[test]
fn the_temperature_turns_from_any_screen_and_stays_in_its_range() {
    let mut app = app();
    for screen in ["1", "2", "3"] {
        press(&mut app, &[screen]);
        let before = app.controls;
        let effects = press(&mut app, &["]"]);
        assert_eq!(effects, [Effect::SetControls(app.controls)]);
        assert_eq!(app.controls.version, before.version + 1);
        assert!((app.controls.temperature - before.temperature - 0.05).abs() < 1e-6);
    }
    press(&mut app, &["]"; 50]);
    assert_eq!(app.controls.temperature, 2.0);
    let version = app.controls.version;
    assert_eq!(press(&mut app, &["]"]), [], "at the end nothing changes");
    assert_eq!(app.controls.version, version);
    press(&mut app, &["["; 20]);
    assert_eq!(app.controls.temperature, 1.0, "no rounding adds up");
    press(&mut app, &["["; 50]);
    assert_eq!(app.controls.temperature, 0.0);
    press(&mut app, &["?", "]"]);
    assert_eq!(app.controls.temperature, 0.05, "and with the help open");
    press(&mut app, &["esc", ":", "]"]);
    assert_eq!(
        app.controls.temperature, 0.05,
        "but not where text is typed"
    );
}

#[test]
fn quitting_asks_once_while_a_model_trains() {
    let mut idle = app();
    let effects = press(&mut idle, &["q"]);
    assert!(matches!(
        effects[..],
        [Effect::WriteSettings(_), Effect::Quit]
    ));
    assert!(idle.quitting);
    assert_eq!(
        press(&mut idle, &["P"]),
        [],
        "nothing is taken in after the end"
    );

    for (first, second) in [("q", "y"), ("q", "q"), ("ctrl-c", "ctrl-c"), ("q", "enter")] {
        let mut busy = app();
        busy.update(Msg::Train(training::started()));
        assert_eq!(press(&mut busy, &[first]), []);
        assert!(matches!(busy.overlay(), Some(Overlay::Confirm { .. })));
        let effects = press(&mut busy, &[second]);
        assert_eq!(effects.first(), Some(&Effect::Train(TrainCommand::Stop)));
        assert_eq!(effects.last(), Some(&Effect::Quit));
    }
    let mut busy = app();
    busy.update(Msg::Train(training::started()));
    assert_eq!(press(&mut busy, &["q", "n"]), []);
    assert!(busy.overlay().is_none() && !busy.quitting);
    let effects = busy.update(Msg::Signal(Signal::End));
    assert_eq!(effects.last(), Some(&Effect::Quit), "a signal asks nothing");
}

#[test]
fn a_way_out_is_always_there() {
    for keys in [
        &["?"][..],
        &[":"],
        &["o"],
        &["1", "/"],
        &["1", "O"],
        &["1", "t"],
    ] {
        let mut app = app();
        press(&mut app, keys);
        assert!(app.overlay().is_some(), "{keys:?}");
        let mut other = app.clone();
        press(&mut app, &["esc"]);
        assert!(app.overlay().is_none(), "{keys:?}");
        let effects = press(&mut other, &["ctrl-c"]);
        assert_eq!(effects.last(), Some(&Effect::Quit), "{keys:?}");
    }
}

#[test]
fn what_was_set_is_kept() {
    let mut app = app();
    press(&mut app, &["T", "down", "enter", "K", "down", "enter", "]"]);
    assert_eq!(
        (app.theme.as_str(), app.outputs.kit.as_str()),
        ("paper", "tr-8s")
    );
    assert_eq!(tick(&mut app, 100), [], "not while things may still change");
    let effects = tick(&mut app, 3_000);
    let [Effect::WriteSettings(kept)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((kept.theme.as_str(), kept.kit.as_str()), ("paper", "tr-8s"));
    let again = App::new(Setup {
        settings: (**kept).clone(),
        ..setup()
    });
    assert_eq!(again.settings().controls.temperature, 1.05);
    let effects = again.clone().update(Msg::Start);
    assert!(effects.contains(&Effect::SetTheme("paper".into())));
    assert!(effects.iter().any(|e| matches!(e, Effect::Scan { .. })));
}

#[test]
fn notices_pass_and_do_not_pile_up() {
    let mut app = app();
    for i in 0..20 {
        let text = format!("n{}", i % 7);
        let level = Level::Info;
        app.update(Msg::Notice { level, text });
    }
    assert!(app.notices.list.len() <= 5);
    assert_eq!(app.notices.newest().map(|n| n.text.as_str()), Some("n5"));
    // Said before the first tick told the time, they show from then on.
    tick(&mut app, 5_000);
    assert_eq!(app.notices.list.len(), 5);
    tick(&mut app, 10_000);
    assert!(app.notices.newest().is_none());
}

#[test]
fn esc_takes_the_oldest_notice_away_when_nothing_else_is_open() {
    let mut app = app();
    tick(&mut app, 1_000);
    for text in ["one", "two", "three"] {
        let level = Level::Error;
        let text = text.into();
        app.update(Msg::Notice { level, text });
    }
    let texts = |app: &App| -> Vec<String> {
        let shown = app.notices_shown().iter();
        shown.map(|n| n.text.clone()).collect()
    };
    assert_eq!(texts(&app), ["two", "three"]);
    press(&mut app, &["?", "esc"]);
    assert_eq!(texts(&app), ["two", "three"], "the help was open");
    press(&mut app, &["esc"]);
    assert_eq!(texts(&app), ["one", "three"], "the oldest in sight");
    press(&mut app, &["esc", "esc", "esc"]);
    assert!(texts(&app).is_empty());
}

#[test]
fn a_small_terminal_is_known() {
    let mut app = app();
    assert!(!app.too_small());
    app.update(Msg::Resize {
        width: 59,
        height: 40,
    });
    assert!(app.too_small());
}
