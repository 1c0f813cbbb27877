//! Locks, fills, mutations and the knobs behind the first page.

use super::*;

#[test]
fn lanes_are_locked_under_the_cursor() {
    let mut app = app();
    press(&mut app, &["l", "k", "l"]);
    assert_eq!(app.controls.locks, 0b11);
    press(&mut app, &["l"]);
    assert_eq!(app.controls.locks, 0b01);
    let effects = press(&mut app, &["L"]);
    assert_eq!(app.controls.locks, 0);
    assert_eq!(effects, [Effect::SetControls(app.controls)]);
}

#[test]
fn no_lane_is_locked_at_the_start() {
    let mut setup = Setup::default();
    setup.settings.controls.locks = 5;
    setup.settings.controls.min_p = 0.1;
    let app = App::new(setup);
    assert_eq!((app.controls.locks, app.controls.min_p), (0, 0.1));
}

#[test]
fn each_press_asks_for_another_bar_of_fill() {
    let mut app = app();
    assert_eq!(press(&mut app, &["f"]), [], "nothing plays");
    assert_eq!(app.notices.list.len(), 1);
    press(&mut app, &["space", "f", "f"]);
    assert_eq!(app.controls.fills, 2);
}

#[test]
fn a_mutation_needs_a_locked_lane() {
    let mut app = app();
    assert_eq!(press(&mut app, &["x"]), []);
    assert_eq!((app.controls.mutations, app.notices.list.len()), (0, 1));
    press(&mut app, &["l", "x", "x", "U"]);
    assert_eq!((app.controls.mutations, app.controls.mutation), (2, 0.3));
}

#[test]
fn the_other_knobs_have_their_steps_and_ranges() {
    let mut app = app();
    press(
        &mut app,
        &["k", ">", ">", "<", "(", "N", "N", "n", "G", "B", "R"],
    );
    let c = app.controls;
    assert_eq!((c.lane_density[1], c.lane_temperature[1]), (0.05, 0.95));
    assert_eq!((c.lane_density[0], c.lane_temperature[0]), (0.0, 1.0));
    assert_eq!(
        (c.min_p, c.guidance, c.blend, c.loop_bars),
        (0.01, 1.1, 0.05, 3)
    );
    press(&mut app, &["R"; 9]);
    press(&mut app, &["G"; 40]);
    press(&mut app, &["n"; 9]);
    press(&mut app, &[")"; 40]);
    let c = app.controls;
    assert_eq!((c.loop_bars, c.guidance, c.min_p), (4, 3.0, 0.0));
    assert_eq!(c.lane_temperature[1], 2.0);
    press(&mut app, &["Y"]);
    assert_eq!(
        app.controls.fullness, 0.5,
        "from the style's own it starts at half"
    );
    press(&mut app, &["Y"; 40]);
    assert_eq!(app.controls.fullness, 1.0);
    press(&mut app, &["y"; 19]);
    assert_eq!(app.controls.fullness, 0.05);
    press(&mut app, &["y"]);
    assert_eq!(app.controls.fullness, 0.0, "the style's own again");
    press(&mut app, &["l", "0"]);
    let c = app.controls;
    assert_eq!(
        (c.guidance, c.blend, c.lane_temperature),
        (1.0, 0.0, [1.0; 9])
    );
    assert_eq!(
        (c.locks, c.other_style),
        (2, NO_STYLE),
        "what is locked stays"
    );
}

#[test]
fn pages_of_knobs_go_round() {
    let mut app = app();
    let labels = |app: &App| -> Vec<&str> { app.shown_knobs().iter().map(|k| k.label).collect() };
    assert_eq!(labels(&app).len(), 6);
    press(&mut app, &["e"]);
    assert_eq!(
        labels(&app),
        ["fullness", "guidance", "blend", "with style", "min-p"]
    );
    press(&mut app, &["e", ">"]);
    assert_eq!(
        labels(&app),
        ["lane temp", "lane density", "loop", "mutation"]
    );
    assert_eq!(app.shown_knobs()[1].value_text, "+0.05");
    assert_eq!(app.shown_knobs()[1].keys, ("<".to_owned(), ">".to_owned()));
    press(&mut app, &["k"]);
    assert_eq!(app.shown_knobs()[1].value_text, "+0.00", "another lane");
    press(&mut app, &["e"]);
    assert_eq!(app.generation.page, KnobPage::Main);
}
