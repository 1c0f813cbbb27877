//! The question of the start.

use super::*;

fn offered() -> App {
    let controls = Controls {
        version: 41,
        temperature: 1.3,
        milli_bpm: 93_000,
        ..Controls::default()
    };
    let mut app = App::new(Setup {
        offer: Some(Offer {
            question: "Go on with it?".into(),
            controls,
        }),
        ..setup()
    });
    let effects = app.update(Msg::Start);
    let asks = |e: &Effect| matches!(e, Effect::GoOn | Effect::ForgetOffer | Effect::Play);
    assert!(!effects.iter().any(asks));
    app
}

#[test]
fn a_yes_goes_on_with_the_knobs_of_the_set() {
    for yes in ["y", "enter"] {
        let mut app = offered();
        tick(&mut app, 1_000);
        tick(&mut app, 1_000);
        let effects = press(&mut app, &[yes]);
        assert_eq!(effects, [Effect::SetControls(app.controls), Effect::GoOn]);
        let c = app.controls;
        assert_eq!((c.version, c.temperature, c.milli_bpm), (42, 1.3, 93_000));
        assert_eq!(
            (app.screen, app.source()),
            (Screen::Play, PlaySource::Generator)
        );
        assert!(app.overlay().is_none());
        app.update(Msg::Start);
        assert!(app.overlay().is_none(), "asked once");
        assert_eq!(
            press(&mut app, &["P"]),
            [Effect::Stop],
            "as if it had been played by a key"
        );
    }
}

#[test]
fn a_no_forgets_it() {
    for no in ["n", "esc"] {
        let mut app = offered();
        tick(&mut app, 1_000);
        tick(&mut app, 1_000);
        assert_eq!(press(&mut app, &[no]), [Effect::ForgetOffer]);
        assert!(app.overlay().is_none());
        assert_eq!(
            (app.controls.milli_bpm, app.source()),
            (120_000, PlaySource::Stopped)
        );
    }
}

#[test]
fn what_was_typed_before_it_was_in_sight_is_no_answer() {
    let mut app = offered();
    assert_eq!(
        press(&mut app, &["enter", "esc", "space", "P", "1", "]"]),
        []
    );
    tick(&mut app, 10);
    assert_eq!(press(&mut app, &["enter"]), []);
    assert!(matches!(app.overlay(), Some(Overlay::Confirm { .. })));
    assert_eq!(
        (app.screen, app.source()),
        (Screen::Play, PlaySource::Stopped)
    );
    let mut other = app.clone();
    let effects = press(&mut other, &["q"]);
    assert_eq!(effects.last(), Some(&Effect::Quit));
    assert!(
        !effects.contains(&Effect::ForgetOffer),
        "asked again at the next start"
    );
    assert!(press(&mut app, &["y"]).contains(&Effect::GoOn));
}
