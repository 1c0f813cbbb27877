//! The screens as pictures, at every size, in every alphabet.

use super::draw_into;
use crate::app::{App, Command, Level, Msg, Overlay, Screen};
use crate::message::{
    EngineStatus, FileStatus, FrameTimes, OutputState, PlaySource, Realtime, Representation,
    ScanEvent, ScanSummary, TrainConfig, TrainEvent,
};
use crate::ui::fixture::{self, SECOND};
use crate::ui::glyphs::GlyphSet;
use crate::ui::look::{ColorDepth, Look};
use crate::ui::theme::Theme;
use crate::ui::widgets::tests::text_of;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

pub(super) fn draw(app: &App, look: &Look) -> Buffer {
    let area = Rect::new(0, 0, app.size.width, app.size.height);
    let mut buf = Buffer::empty(area);
    draw_into(&mut buf, area, app, look);
    buf
}

pub(super) fn picture(app: &App) -> String {
    text_of(&draw(app, &Look::default()))
}

pub(super) fn plain_look() -> Look {
    Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii)
}

/// An app with everything filled in, on a screen.
fn full(screen: Screen, width: u16, height: u16) -> App {
    let mut app = fixture::playing(width, height);
    fixture::scanned(&mut app);
    fixture::training(&mut app);
    fixture::tick(&mut app, 30 * SECOND);
    app.update(Msg::Engine(Arc::new(fixture::engine(
        586,
        PlaySource::Generator,
    ))));
    app.screen = screen;
    app
}

macro_rules! screens {
    ($($name:ident: $screen:expr, $width:expr, $height:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(picture(&full($screen, $width, $height)));
        }
    )*};
}

screens! {
    play_at_80x24: Screen::Play, 80, 24;
    play_at_100x30: Screen::Play, 100, 30;
    play_at_200x50: Screen::Play, 200, 50;
    dataset_at_80x24: Screen::Dataset, 80, 24;
    dataset_at_100x30: Screen::Dataset, 100, 30;
    dataset_at_200x50: Screen::Dataset, 200, 50;
    training_at_80x24: Screen::Training, 80, 24;
    training_at_100x30: Screen::Training, 100, 30;
    training_at_200x50: Screen::Training, 200, 50;
}

#[test]
fn play_in_ascii_without_colours() {
    let app = full(Screen::Play, 80, 24);
    let drawn = text_of(&draw(&app, &plain_look()));
    assert!(drawn.is_ascii());
    insta::assert_snapshot!(drawn);
}

#[test]
fn training_in_ascii_without_colours() {
    let drawn = text_of(&draw(&full(Screen::Training, 80, 24), &plain_look()));
    assert!(drawn.is_ascii());
    insta::assert_snapshot!(drawn);
}

/// The selected file is heard: its playhead stands in the grid and in the sound under it, in the same column.
#[test]
fn a_file_that_is_heard_shows_where_it_is() {
    for (width, height) in [(80, 24), (100, 30), (200, 50)] {
        let mut app = full(Screen::Dataset, width, height);
        let name = app.browser.selected_row().unwrap().name.clone();
        let heard = |step| fixture::engine(step, PlaySource::Preview(name.clone()));
        let mut drawn = Vec::new();
        for step in [38, 39] {
            app.update(Msg::Engine(Arc::new(heard(step))));
            drawn.push(text_of(&draw(&app, &plain_look())));
        }
        assert_ne!(drawn[0], drawn[1], "it moves");
        assert!(drawn[0].contains("bar 3 of 24"), "{}", drawn[0]);
        insta::assert_snapshot!(format!("dataset_heard_{width}"), drawn[0]);
    }
}

/// While a model of spectrograms plays: how soon the temperature is heard, and which knobs it does not have.
#[test]
fn a_model_of_spectrograms_says_how_soon_it_hears() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut app = full(Screen::Play, width, height);
        let engine = EngineStatus {
            frames: Some(FrameTimes {
                look_ahead_ms: 58,
                heard_ms: 223,
            }),
            ..fixture::engine(586, PlaySource::Generator)
        };
        app.update(Msg::Engine(Arc::new(engine)));
        let drawn = picture(&app);
        assert!(drawn.contains("heard in 223 ms"), "{drawn}");
        assert_eq!(drawn.matches("unused").count(), 3, "{drawn}");
        insta::assert_snapshot!(format!("play_of_spectrograms_{width}"), drawn);
    }
}

/// Before spectrograms are learned they are made.
#[test]
fn training_on_spectrograms_says_what_it_prepares() {
    let mut app = fixture::fresh(80, 24);
    app.training.form = crate::app::form::TrainForm::new(&TrainConfig {
        data_dir: "/beats".into(),
        representation: Representation::Mel,
        ..TrainConfig::default()
    });
    app.screen = Screen::Training;
    fixture::press(&mut app, &["t", "f5"]);
    app.update(Msg::Train(TrainEvent::Preparing {
        done: 16,
        files: 807,
    }));
    let drawn = picture(&app);
    assert!(drawn.contains("loss, bits a band and frame"), "{drawn}");
    assert!(
        drawn.contains("spectrograms are made: 16 of 807 files"),
        "{drawn}"
    );
    assert!(drawn.contains("frames/s"), "{drawn}");
}

#[test]
fn temperature_and_save_are_among_the_keys_of_a_small_play_screen() {
    let drawn = picture(&full(Screen::Play, 80, 24));
    let keys = drawn.lines().nth(22).unwrap();
    for key in [
        "space stop",
        "[ cooler",
        "] hotter",
        "s save",
        "? help",
        "q quit",
    ] {
        assert!(keys.contains(key), "{keys}");
    }
}

#[test]
fn the_first_start_says_what_to_do() {
    let mut app = fixture::fresh(80, 24);
    insta::assert_snapshot!("first_play", picture(&app));
    app.screen = Screen::Dataset;
    insta::assert_snapshot!("first_dataset", picture(&app));
    app.screen = Screen::Training;
    insta::assert_snapshot!("first_training", picture(&app));
}

#[test]
fn overlays_lie_over_the_screen() {
    let mut app = full(Screen::Dataset, 80, 24);
    for (name, command) in [
        ("help", Command::Help),
        ("palette", Command::Palette),
        ("outputs", Command::Outputs),
        ("kits", Command::Kits),
        ("themes", Command::Themes),
        ("filter", Command::Filter),
        ("train_form", Command::TrainForm),
        ("folder_prompt", Command::ChangeFolder),
        ("find", Command::Find),
        ("quit_while_training", Command::Quit),
    ] {
        fixture::run(&mut app, command);
        insta::assert_snapshot!(format!("overlay_{name}"), picture(&app));
        app.overlays.clear();
    }
    app.overlays.push(Overlay::Message {
        title: "what went wrong".into(),
        text: "The port went away while it played.\n\nPlug it in again; o chooses another.".into(),
    });
    insta::assert_snapshot!("overlay_message", picture(&app));
}

#[test]
fn a_terminal_too_small_gets_a_card_that_says_so() {
    let drawn = picture(&full(Screen::Play, 40, 8));
    assert!(
        drawn.contains("60 x 20") && drawn.contains("40 x 8"),
        "{drawn}"
    );
    for (width, height) in [(0, 0), (1, 1), (2, 1), (1, 50), (59, 20), (60, 19)] {
        picture(&full(Screen::Play, width, height));
    }
}

#[test]
fn every_command_has_its_key_in_the_help() {
    let mut app = fixture::fresh(120, 200);
    fixture::run(&mut app, Command::Help);
    let drawn = picture(&app);
    for info in crate::app::COMMANDS {
        let help: String = info.help.chars().take(40).collect();
        assert!(drawn.contains(&help), "{}", info.id);
    }
}

#[test]
fn outside_text_is_sanitized() {
    let evil = "a\x1b]0;owned\x07\u{202e}\u{9b}31m";
    let mut app = fixture::playing(160, 40);
    let mut status = fixture::engine(40, PlaySource::Preview(evil.into()));
    status.model = evil.into();
    status.styles = vec![evil.into(); 5];
    status.realtime = Realtime::Refused(evil.into());
    for output in &mut status.outputs {
        output.name = evil.into();
        output.state = OutputState::Lost(evil.into());
    }
    // Past the app's own care: the drawing holds by itself.
    app.generation.engine = Arc::new(status);
    let mut rows = fixture::rows();
    for row in &mut rows {
        row.name = format!("{evil}/{evil}.mid");
        row.reason = Some(evil.into());
        row.hint = Some(evil.into());
        row.style = Some(evil.into());
        row.split = evil.into();
        row.status = FileStatus::Rejected;
    }
    app.update(Msg::Scan(ScanEvent::Done {
        rows: rows.clone(),
        summary: ScanSummary::default(),
    }));
    app.browser.rows = rows;
    app.device = evil.into();
    app.update(Msg::Notice {
        level: Level::Error,
        text: evil.into(),
    });
    app.training.log.push_back(evil.into());
    for screen in Screen::ALL {
        app.screen = screen;
        for look in [Look::default(), plain_look()] {
            for cell in &draw(&app, &look).content {
                let clean = |c: char| !c.is_control() && c != '\u{202e}';
                assert!(cell.symbol().chars().all(clean), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn no_state_is_told_by_colour_alone() {
    let look = plain_look();
    let text = |app: &App| text_of(&draw(app, &look));
    let play = full(Screen::Play, 80, 24);
    let changed = |change: &dyn Fn(&mut App)| {
        let mut app = play.clone();
        change(&mut app);
        text(&app)
    };
    let with_engine = |change: &dyn Fn(&mut crate::message::EngineStatus)| {
        changed(&|app: &mut App| {
            let mut status = (*app.generation.engine).clone();
            change(&mut status);
            app.generation.engine = Arc::new(status);
        })
    };
    let states = [
        text(&play),
        changed(&|app| app.controls.mutes = 1),
        changed(&|app| app.generation.lane = 3),
        changed(&|app| app.screen = Screen::Training),
        with_engine(&|s| s.revisable_from += 4),
        with_engine(&|s| s.playhead += 1),
        with_engine(&|s| s.late = 3),
        with_engine(&|s| s.unsaved = false),
        with_engine(&|s| s.outputs[0].state = OutputState::Muted),
        with_engine(&|s| s.outputs[0].state = OutputState::Lost("unplugged".into())),
        with_engine(&|s| s.realtime = Realtime::Refused("not allowed".into())),
    ];
    for (i, a) in states.iter().enumerate() {
        for b in &states[i + 1..] {
            assert_ne!(a, b);
        }
    }
    let dataset = full(Screen::Dataset, 80, 24);
    let mut out = dataset.clone();
    fixture::run(&mut out, Command::Exclude);
    assert_ne!(text(&dataset), text(&out));
}

#[test]
fn nothing_but_the_theme_changes_with_the_theme() {
    let app = full(Screen::Play, 80, 24);
    let mut pictures = Theme::built_in().into_iter().map(|theme| {
        let look = Look::new(theme, ColorDepth::Ansi256, GlyphSet::Unicode);
        text_of(&draw(&app, &look))
    });
    let first = pictures.next().unwrap();
    assert!(pictures.all(|p| p == first));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_size_brings_the_drawing_down(
        width in 0u16..400,
        height in 0u16..120,
        filled in any::<bool>(),
        ascii in any::<bool>(),
        playhead in prop_oneof![Just(0u64), 0u64..10_000, Just(u64::MAX - 40)],
        steps_per_bar in 0u16..80,
    ) {
        let mut app = if filled {
            full(Screen::Play, width, height)
        } else {
            fixture::fresh(width, height)
        };
        let mut status = fixture::engine(playhead.min(10_000), PlaySource::Generator);
        status.playhead = playhead;
        status.steps_per_bar = steps_per_bar;
        status.revisable_from = playhead.wrapping_add(3);
        app.generation.engine = Arc::new(status);
        let look = if ascii { plain_look() } else { Look::default() };
        for screen in Screen::ALL {
            app.screen = screen;
            draw(&app, &look);
        }
        for command in [Command::Help, Command::Palette, Command::TrainForm, Command::Outputs] {
            fixture::run(&mut app, command);
            draw(&app, &look);
        }
    }
}
