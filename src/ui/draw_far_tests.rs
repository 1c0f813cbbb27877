//! Outputs on the network, as pictures.

use super::tests::{draw, picture, plain_look};
use crate::app::{App, Command, Level, Msg, Setup};
use crate::message::{Controls, LinkView, Offer, OutputState, PlaySource};
use crate::ui::fixture::{self, SECOND};
use crate::ui::fixture_far::{far, far_outputs};
use crate::ui::widgets::tests::text_of;
use std::sync::Arc;

fn refused() -> OutputState {
    OutputState::Lost("the receiver wants a token; it prints one when it starts".into())
}

/// The desk of a slot, opened.
fn desk(app: &mut App, slot: usize) {
    fixture::run(app, Command::Outputs);
    for _ in 0..slot {
        fixture::press(app, &["right"]);
    }
}

#[test]
fn the_play_screen_shows_how_far_outputs_are() {
    for (width, height) in [(80, 24), (200, 50)] {
        let size = format!("{width}x{height}");
        let well = far(width, height, 0, OutputState::Ok);
        insta::assert_snapshot!(format!("far_well_{size}"), picture(&well));
        let late = far(width, height, 12, OutputState::Opening);
        insta::assert_snapshot!(format!("far_late_{size}"), picture(&late));
        let mut lost = far(width, height, 0, refused());
        fixture::tick(&mut lost, 20 * SECOND);
        insta::assert_snapshot!(format!("far_lost_{size}"), picture(&lost));
    }
    let plain = far(80, 24, 12, OutputState::Opening);
    let drawn = text_of(&draw(&plain, &plain_look()));
    assert!(drawn.is_ascii());
    insta::assert_snapshot!("far_late_in_ascii", drawn);
}

#[test]
fn the_desk_shows_how_an_output_is_driven_and_how_it_is_there() {
    let mut app = far(80, 24, 12, refused());
    fixture::tick(&mut app, SECOND);
    desk(&mut app, 0);
    insta::assert_snapshot!("desk_late", picture(&app));
    fixture::press(&mut app, &["="]);
    insta::assert_snapshot!("desk_delay_asked_for", picture(&app));
    fixture::press(&mut app, &["right"]);
    insta::assert_snapshot!("desk_port", picture(&app));
    fixture::press(&mut app, &["right"]);
    insta::assert_snapshot!("desk_lost", picture(&app));
    fixture::press(&mut app, &["right"]);
    insta::assert_snapshot!("desk_new", picture(&app));
    let mut wide = far(200, 50, 0, OutputState::Ok);
    desk(&mut wide, 0);
    insta::assert_snapshot!("desk_at_200x50", picture(&wide));
    let mut small = far(60, 20, 12, OutputState::Opening);
    desk(&mut small, 0);
    insta::assert_snapshot!("desk_at_60x20", picture(&small));
}

#[test]
fn places_are_asked_for_with_a_word_of_help() {
    let mut app = fixture::playing(80, 24);
    desk(&mut app, 0);
    fixture::press(&mut app, &["end", "up", "up", "enter"]);
    insta::assert_snapshot!("prompt_machine", picture(&app));
    fixture::press(&mut app, &["ctrl-e", ":", "enter"]);
    insta::assert_snapshot!("prompt_machine_wrong", picture(&app));
}

#[test]
fn a_set_that_was_left_is_offered() {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut app = App::new(Setup {
            size: (width, height),
            offer: Some(Offer {
                question: "The terminal went away 4 minutes ago while bar 212 of a funk beat \
                           played. Go on with it?"
                    .into(),
                controls: Controls::default(),
            }),
            ..Setup::default()
        });
        app.update(Msg::Start);
        insta::assert_snapshot!(format!("offer_{width}x{height}"), picture(&app));
    }
}

#[test]
fn notices_are_read_whole_and_taken_away() {
    let mut app = fixture::playing(80, 24);
    fixture::tick(&mut app, SECOND);
    app.update(Msg::Notice {
        level: Level::Error,
        text: "tcp://127.0.0.1:7373: nobody answers there; is beatgen-tui receive running on \
               the other machine, and does ssh still carry port 7373? It is tried again"
            .into(),
    });
    app.update(Msg::Notice {
        level: Level::Info,
        text: "saved /home/me/sessions/one.mid".into(),
    });
    insta::assert_snapshot!("notices", picture(&app));
    fixture::press(&mut app, &["esc"]);
    let drawn = picture(&app);
    assert!(!drawn.contains("nobody answers") && drawn.contains("saved"));
}

#[test]
fn wide_screens_show_what_keymaps_call_a_command() {
    let mut app = fixture::playing(120, 40);
    fixture::run(&mut app, Command::Palette);
    insta::assert_snapshot!("palette_at_120x40", picture(&app));
    fixture::press(&mut app, &["esc", "?"]);
    insta::assert_snapshot!("help_at_120x40", picture(&app));
}

#[test]
fn no_state_of_an_output_is_told_by_colour_alone() {
    let look = plain_look();
    let base = far(80, 24, 0, OutputState::Ok);
    let with = |change: &dyn Fn(&mut LinkView, &mut OutputState)| {
        let mut app = base.clone();
        let mut status = (*app.generation.engine).clone();
        let output = &mut status.outputs[0];
        let mut link = output.link.clone().unwrap_or_default();
        change(&mut link, &mut output.state);
        output.link = Some(link);
        app.update(Msg::Engine(Arc::new(status)));
        text_of(&draw(&app, &look))
    };
    let mut silent = base.clone();
    let mut status = fixture::engine(586, PlaySource::Generator);
    status.outputs = far_outputs(0, OutputState::Ok);
    status.outputs[0].clock = false;
    silent.update(Msg::Engine(Arc::new(status)));
    let states = [
        with(&|_, _| ()),
        with(&|link, _| link.late = 1),
        with(&|link, _| link.rtt_us = 90_000),
        with(&|link, _| link.trouble = "no room there".into()),
        with(&|link, _| link.p99_late_us = 9_000),
        with(&|_, state| *state = OutputState::Muted),
        with(&|_, state| *state = OutputState::Opening),
        with(&|_, state| *state = OutputState::Lost("gone".into())),
        text_of(&draw(&silent, &look)),
    ];
    for (i, a) in states.iter().enumerate() {
        for b in &states[i + 1..] {
            assert_ne!(a, b);
        }
    }
}
