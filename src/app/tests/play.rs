//! What is heard, and the knobs.

use super::*;

#[test]
fn p_and_space_play_and_stop_the_generator() {
    let mut app = app();
    assert_eq!(press(&mut app, &["P"]), [Effect::Play]);
    // The engine has not caught up: the next press still does what it says.
    engine(&mut app, PlaySource::Stopped, 0);
    assert_eq!(press(&mut app, &["space"]), [Effect::Stop]);
    press(&mut app, &["1"]);
    assert_eq!(press(&mut app, &["P"]), [Effect::Play]);
    press(&mut app, &["2"]);
    assert_eq!(press(&mut app, &["space"]), [], "space is another screen's");
    assert_eq!(press(&mut app, &["P"]), [Effect::Stop]);
}

#[test]
fn a_preview_replaces_the_generator_until_it_stops() {
    let mut app = app();
    scan(&mut app, rows());
    press(&mut app, &["P", "1"]);
    engine(&mut app, PlaySource::Generator, 0);
    let effects = press(&mut app, &["space"]);
    let path = PathBuf::from("/beats/a.mid");
    assert_eq!(
        effects,
        [Effect::LoadPreview {
            path: path.clone(),
            remap: false
        }]
    );
    let result = Ok(grid(2));
    let effects = app.update(Msg::Preview { path, result });
    assert_eq!(
        effects[0],
        Effect::PlayPreview {
            name: "a.mid".into(),
            grid: grid(2)
        }
    );
    assert_eq!(app.source(), PlaySource::Preview("a.mid".into()));
    assert!(app.generation.playback.generator, "it waits beneath");
    engine(&mut app, PlaySource::Preview("a.mid".into()), 0);
    assert_eq!(press(&mut app, &["space"]), [Effect::StopPreview]);
    assert_eq!(app.source(), PlaySource::Generator);

    // A preview that ends by itself gives way to the generator, too.
    assert!(matches!(
        press(&mut app, &["space"])[..],
        [Effect::PlayPreview { .. }]
    ));
    engine(&mut app, PlaySource::Preview("a.mid".into()), 0);
    engine(&mut app, PlaySource::Generator, 3);
    assert_eq!(app.source(), PlaySource::Generator);

    // P over a preview: the generator is heard; pressed again, it stops.
    press(&mut app, &["space"]);
    assert_eq!(press(&mut app, &["P"]), [Effect::StopPreview]);
    assert_eq!(press(&mut app, &["P"]), [Effect::Stop]);
    press(&mut app, &["space"]);
    assert_eq!(press(&mut app, &["P"]), [Effect::StopPreview, Effect::Play]);
    press(&mut app, &["space", "3"]);
    assert_eq!(press(&mut app, &["esc"]), [Effect::StopPreview]);
}

#[test]
fn a_file_pressed_twice_before_it_is_read_is_not_heard() {
    let mut app = app();
    scan(&mut app, rows());
    press(&mut app, &["1", "space", "space"]);
    let path = PathBuf::from("/beats/a.mid");
    let result = Ok(grid(1));
    let effects = app.update(Msg::Preview { path, result });
    assert!(
        !effects
            .iter()
            .any(|e| matches!(e, Effect::PlayPreview { .. }))
    );
}

#[test]
fn silence_and_suspension_stop_everything() {
    let mut app = app();
    press(&mut app, &["P"]);
    assert_eq!(press(&mut app, &["!"]), [Effect::Panic]);
    assert_eq!(app.source(), PlaySource::Stopped);
    press(&mut app, &["P"]);
    assert_eq!(
        press(&mut app, &["ctrl-z"]),
        [Effect::Stop, Effect::Suspend]
    );
    assert_eq!(app.update(Msg::Signal(Signal::Continue)), [Effect::Redraw]);
}

#[test]
fn knobs_have_their_steps_and_ranges() {
    let mut app = app();
    press(
        &mut app,
        &[
            "}", "}", "{", "=", "-", "-", ".", "up", "shift-up", "pageup",
        ],
    );
    let c = app.controls;
    assert_eq!((c.expression, c.density, c.swing), (1.05, -0.05, 0.51));
    assert_eq!(c.milli_bpm, 136_000);
    press(&mut app, &["pageup"; 40]);
    press(&mut app, &["."; 40]);
    press(&mut app, &["-"; 40]);
    let c = app.controls;
    assert_eq!((c.milli_bpm, c.swing, c.density), (400_000, 0.75, -1.0));
    press(&mut app, &["0"]);
    let c = app.controls;
    assert_eq!(
        (c.temperature, c.expression, c.density, c.swing),
        (1.0, 1.0, 0.0, 0.5)
    );
    let knobs = app.knobs();
    assert_eq!(knobs[4].value_text, "400.0");
    assert_eq!(knobs[4].keys, ("down".to_owned(), "up".to_owned()));
    assert_eq!(knobs[2].value_text, "+0.00");
}

#[test]
fn a_turned_knob_is_marked_until_it_is_in_force() {
    let mut app = app();
    engine(&mut app, PlaySource::Generator, 0);
    press(&mut app, &["]"]);
    let pending = |app: &App| app.knobs().map(|k| k.pending);
    assert_eq!(pending(&app), [true, false, false, false, false, false]);
    engine(&mut app, PlaySource::Generator, 0);
    assert_eq!(pending(&app), [false; 6]);
}

#[test]
fn tapping_sets_the_tempo() {
    let mut app = app();
    for i in 0..5u64 {
        app.update(Msg::Key(Key::char('t'), (1_000 + i * 600) * MS));
    }
    assert_eq!(app.controls.milli_bpm, 100_000);
}

#[test]
fn lanes_are_muted_under_the_cursor() {
    let mut app = app();
    press(&mut app, &["k", "m"]);
    assert_eq!(app.controls.mutes, 0b10);
    press(&mut app, &["k"; 30]);
    press(&mut app, &["m"]);
    // The crash is drawn on top, above the ride.
    assert_eq!(app.controls.mutes, 0b1000_0010);
    press(&mut app, &["m", "M"]);
    assert_eq!(app.controls.mutes, 0);
}

#[test]
fn a_style_keeps_its_name_when_another_model_plays() {
    let mut app = app();
    engine(&mut app, PlaySource::Generator, 0);
    press(&mut app, &["v", "v"]);
    assert_eq!(
        (app.controls.style, app.knobs()[5].value_text.as_str()),
        (1, "rock")
    );
    let mut other = status(PlaySource::Generator, 0, app.controls);
    other.styles = vec!["rock".into(), "jazz".into()];
    let effects = app.update(Msg::Engine(Arc::new(other.clone())));
    assert_eq!(effects, [Effect::SetControls(app.controls)]);
    assert_eq!(app.controls.style, 0);
    other.styles = vec!["jazz".into()];
    app.update(Msg::Engine(Arc::new(other)));
    assert_eq!(app.controls.style, NO_STYLE);
    press(&mut app, &["V"]);
    assert_eq!(app.knobs()[5].value_text, "jazz");
}

#[test]
fn played_bars_are_remembered() {
    let mut app = app();
    press(&mut app, &["P"]);
    for bar in 0..600 {
        for _ in 0..3 {
            engine(&mut app, PlaySource::Generator, bar);
        }
    }
    let history = &app.generation.history;
    assert_eq!(history.len(), generation::MOST_BARS);
    let last = history.back().unwrap();
    assert_eq!(
        (last.bar, last.lane_hits[0], last.likeness),
        (598, 16, Some(1.0))
    );
}

#[test]
fn a_preview_is_shown_with_its_own_tempo() {
    let mut app = app();
    scan(&mut app, rows());
    press(&mut app, &["P", "1", "space"]);
    let path = PathBuf::from("/beats/a.mid");
    app.update(Msg::Preview {
        path,
        result: Ok(grid(2)),
    });
    assert_eq!(app.heard_milli_bpm(), 120_000, "until it is heard");
    let heard = Controls {
        milli_bpm: 100_000,
        ..app.controls
    };
    let preview = PlaySource::Preview("a.mid".into());
    app.update(Msg::Engine(Arc::new(status(preview, 0, heard))));
    assert_eq!(app.heard_milli_bpm(), 100_000);
    press(&mut app, &["space"]);
    assert_eq!(app.heard_milli_bpm(), 120_000);
}
