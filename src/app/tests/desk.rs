//! The output desk: what is chosen, how it is driven, what is said about it.

use super::*;

/// The receiver of these tests, and the engine's word on it.
fn receiver(late: u64, delay_ms: u16, wanted_delay_ms: u16) -> OutputView {
    let spec: OutputSpec = "tcp://box:7373".parse().unwrap();
    OutputView {
        link: Some(LinkView {
            rtt_us: 42_000,
            delay_ms,
            wanted_delay_ms,
            late,
            ..LinkView::default()
        }),
        ..OutputView::plain(spec, "tcp://box:7373".into())
    }
}

fn port(name: &str) -> OutputView {
    OutputView::plain(OutputSpec::Port(name.into()), name.into())
}

/// An app whose slots are set to these outputs and that has seen them.
fn desk_app(views: &[OutputView]) -> App {
    let mut setup = setup();
    let specs = views.iter().map(|view| view.spec.clone());
    setup.settings.outputs = specs.map(OutputSetup::plain).collect();
    let mut app = App::new(setup);
    tick(&mut app, 1_000);
    see(&mut app, views);
    app
}

fn see(app: &mut App, views: &[OutputView]) {
    let mut status = status(PlaySource::Stopped, 0, app.controls);
    status.outputs = views.to_vec();
    app.update(Msg::Engine(Arc::new(status)));
}

/// Opens the entry of a label.
fn choose(app: &mut App, slot: usize, label: &str) -> Vec<Effect> {
    let choices = app.choices(ChoiceKind::Output { slot });
    let at = choices.iter().position(|c| c.label == label);
    let at = at.unwrap_or_else(|| panic!("{label}: {choices:?}"));
    let mut keys = vec!["home"];
    keys.extend(std::iter::repeat_n("down", at));
    keys.push("enter");
    press(app, &keys)
}

fn set(effects: &[Effect]) -> Vec<(usize, bool, i16)> {
    let setups = effects.iter().map(|effect| match effect {
        Effect::SetOutput { slot, setup } => (*slot, setup.clock, setup.latency_ms),
        other => panic!("{other:?}"),
    });
    setups.collect()
}

#[test]
fn outputs_are_chosen_from_what_is_there() {
    let mut app = app();
    press(&mut app, &["o"]);
    assert_eq!(tick(&mut app, 10), [Effect::RefreshPorts]);
    assert_eq!(tick(&mut app, 10), []);
    let port = |name: &str| PortInfo { name: name.into() };
    app.update(Msg::Ports(vec![port("TR-8S")]));
    // none, synth, TR-8S, ...
    press(&mut app, &["down", "down"]);
    app.update(Msg::Ports(vec![port("Midi Through"), port("TR-8S")]));
    let spec = OutputSpec::Port("TR-8S".into());
    let effects = press(&mut app, &["enter"]);
    assert_eq!(
        effects,
        [Effect::SetOutput {
            slot: 0,
            setup: OutputSetup::plain(spec.clone())
        }],
        "the cursor stays on its port when another comes"
    );
    assert!(app.overlay().is_none());

    // A second slot, to a file.
    press(&mut app, &["o", "right", "end", "enter"]);
    assert!(matches!(app.overlay(), Some(Overlay::Prompt { .. })));
    press(&mut app, &["enter"]);
    assert!(matches!(
        app.overlay(),
        Some(Overlay::Prompt { error: Some(_), .. })
    ));
    type_text(&mut app, "/tmp/log.txt");
    let effects = press(&mut app, &["enter"]);
    let file = OutputSpec::File("/tmp/log.txt".into());
    assert_eq!(
        effects,
        [Effect::SetOutput {
            slot: 1,
            setup: OutputSetup::plain(file.clone())
        }]
    );
    assert_eq!(app.outputs.wanted, [spec, file].map(OutputSetup::plain));
    // A port that is gone stays in its slot's list.
    app.update(Msg::Ports(Vec::new()));
    let choices = app.choices(ChoiceKind::Output { slot: 0 });
    let active: Vec<_> = choices.iter().filter(|c| c.active).collect();
    assert_eq!((active.len(), active[0].label.as_str()), (1, "TR-8S"));
}

#[test]
fn keys_of_the_desk_act_at_once() {
    let mut app = desk_app(&[port("TR-8S")]);
    press(&mut app, &["o"]);
    assert_eq!(set(&press(&mut app, &["c"])), [(0, true, 0)]);
    let effects = press(&mut app, &[",", ",", "<", "."]);
    let offsets: Vec<i16> = set(&effects).iter().map(|(.., ms)| *ms).collect();
    assert_eq!(offsets, [-1, -2, -12, -11]);
    press(&mut app, &["<"; 40]);
    assert_eq!(app.outputs.wanted[0].latency_ms, -MOST_LATENCY_MS);
    assert_eq!(press(&mut app, &["<"]), [], "at the end nothing changes");
    assert_eq!(press(&mut app, &["=", "-"]), [], "a port has no delay");
    assert!(app.overlay().is_some(), "the desk stays open");
    assert_eq!(app.controls.density, 0.0, "and no knob turned");
    let kept = app.settings().outputs;
    assert_eq!((kept[0].clock, kept[0].latency_ms), (true, -250));
}

#[test]
fn another_output_keeps_the_clock_and_forgets_the_offset() {
    let mut app = desk_app(&[port("TR-8S")]);
    press(&mut app, &["o", "c", ">"]);
    assert_eq!(set(&choose(&mut app, 0, "synth")), [(0, false, 0)]);
    press(&mut app, &["o"]);
    assert_eq!(press(&mut app, &["c"]), [], "the synth takes no clock");
    app.update(Msg::Ports(vec![PortInfo {
        name: "TR-8S".into(),
    }]));
    assert_eq!(set(&choose(&mut app, 0, "TR-8S")), [(0, true, 0)]);
    let effects = app.update(Msg::Start);
    assert!(effects.contains(&Effect::SetOutput {
        slot: 0,
        setup: app.outputs.wanted[0].clone()
    }));
}

#[test]
fn a_receiver_is_typed_and_its_token_is_never_shown_or_kept() {
    let mut app = app();
    press(&mut app, &["o"]);
    choose(&mut app, 0, "another machine…");
    let Some(Overlay::Prompt { field, .. }) = app.overlay() else {
        panic!("{:?}", app.overlay())
    };
    assert_eq!((field.text(), field.cursor()), ("127.0.0.1:7373", 0));
    type_text(&mut app, "s3cret@");
    let effects = press(&mut app, &["enter"]);
    let [Effect::SetOutput { slot: 0, setup }] = &effects[..] else {
        panic!("{effects:?}")
    };
    let OutputSpec::Tcp(remote) = &setup.spec else {
        panic!("{setup:?}")
    };
    assert_eq!((remote.token.0.as_str(), remote.port), ("s3cret", 7373));
    assert!(
        matches!(
            app.overlay(),
            Some(Overlay::Choose {
                kind: ChoiceKind::Output { slot: 0 },
                ..
            })
        ),
        "the desk shows how it goes on"
    );
    let shown = format!(
        "{:?}",
        (app.choices(ChoiceKind::Output { slot: 0 }), app.desk(0))
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    let kept = app.settings().outputs;
    let OutputSpec::Tcp(remote) = &kept[0].spec else {
        panic!("{kept:?}")
    };
    assert_eq!(remote.token.0, "");
    // Changed settings and the way back take the token along.
    let token = |effects: &[Effect]| match &effects[0] {
        Effect::SetOutput { setup, .. } => outputs::remote(&setup.spec).unwrap().token.0.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(token(&press(&mut app, &["c"])), "s3cret");
    choose(&mut app, 0, "synth");
    press(&mut app, &["o"]);
    assert_eq!(
        token(&choose(&mut app, 0, "tcp://127.0.0.1:7373")),
        "s3cret"
    );
}

#[test]
fn a_place_that_is_none_is_refused_in_the_prompt() {
    let mut app = app();
    let error = |app: &App| match app.overlay() {
        Some(Overlay::Prompt { error, .. }) => error.clone(),
        other => panic!("{other:?}"),
    };
    press(&mut app, &["o"]);
    choose(&mut app, 0, "RTP-MIDI…");
    for bad in ["", "a b", "host:0", "udp://host"] {
        press(&mut app, &["ctrl-e", "ctrl-u"]);
        type_text(&mut app, bad);
        assert_eq!(press(&mut app, &["enter"]), [], "{bad}");
        assert!(error(&app).is_some(), "{bad}");
    }
    press(&mut app, &["ctrl-u"]);
    assert_eq!(error(&app), None, "until it is changed");
    // Pasted whole, a place replaces what stands there.
    type_text(&mut app, "studio");
    app.update(Msg::Paste("rtp-listen://127.0.0.1:6000\n".into()));
    let effects = press(&mut app, &["enter"]);
    assert!(
        matches!(&effects[..], [Effect::SetOutput { setup, .. }]
            if setup.spec.to_string() == "rtp-listen://127.0.0.1:6000"),
        "{effects:?}"
    );
    // In use in one slot, it is not offered to another.
    let other = app.choices(ChoiceKind::Output { slot: 1 });
    assert!(other.iter().all(|c| !c.label.starts_with("rtp-listen")));
}

#[test]
fn late_events_are_answered_with_what_to_press() {
    let mut app = desk_app(&[receiver(0, 40, 0)]);
    assert_eq!(app.output_advice(0), None);
    see(&mut app, &[receiver(12, 40, 70)]);
    let advice = app.output_advice(0).unwrap();
    assert_eq!(
        (advice.level, advice.text.as_str()),
        (
            Level::Warning,
            "12 events came late: raise the delay to 70 ms: press ="
        )
    );
    press(&mut app, &["o"]);
    // Pressed faster than the receiver answers.
    let effects = press(&mut app, &["="; 6]);
    let asked: Vec<u16> = effects
        .iter()
        .map(|effect| match effect {
            Effect::SetDelay { slot: 0, delay_ms } => *delay_ms,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(asked, [45, 50, 55, 60, 65, 70]);
    assert_eq!(app.output_advice(0), None, "that is enough");
    see(&mut app, &[receiver(12, 70, 70)]);
    assert_eq!(app.desk(0).delay_ms, Some((70, false)));
    press(&mut app, &["-"; 20]);
    assert_eq!(app.desk(0).delay_ms, Some((0, true)));
    assert_eq!(press(&mut app, &["-"]), []);
    // Long after the last late one nothing is said any more.
    see(&mut app, &[receiver(13, 40, 70)]);
    assert!(app.output_advice(0).is_some());
    tick(&mut app, 11_000);
    assert_eq!(app.output_advice(0), None);
}

#[test]
fn the_desk_says_how_two_machines_sound_together() {
    let mut app = desk_app(&[receiver(0, 40, 0), port("TR-8S")]);
    let hint = app.desk(0).hint;
    assert!(hint.starts_with("-40 ms here cancels"), "{hint}");
    press(&mut app, &["o", "<", "<", "<", "<"]);
    assert!(app.desk(0).hint.contains("both machines sound together"));
    assert!(!app.desk(0).hint.starts_with('-'));
    assert_eq!(app.desk(1).hint, "", "the port has no delay");
    let alone = desk_app(&[receiver(0, 40, 0)]);
    assert_eq!(alone.desk(0).hint, "");
}

#[test]
fn what_is_lost_says_why_and_what_to_type() {
    let mut view = receiver(0, 0, 0);
    view.link = None;
    view.state = OutputState::Opening;
    let mut app = desk_app(std::slice::from_ref(&view));
    assert_eq!(app.output_advice(0).unwrap().text, "connecting…");
    view.state = OutputState::Lost("the receiver wants a token".into());
    see(&mut app, std::slice::from_ref(&view));
    let advice = app.output_advice(0).unwrap();
    assert!(advice.text.ends_with("an @ before box:7373"), "{advice:?}");
    assert_eq!(app.notices.list.len(), 1);
    // Tried again and again, it is told once; that it is there, too.
    for state in [
        OutputState::Opening,
        view.state.clone(),
        OutputState::Opening,
    ] {
        tick(&mut app, 20_000);
        view.state = state;
        see(&mut app, std::slice::from_ref(&view));
    }
    assert!(app.notices.list.is_empty());
    see(&mut app, &[receiver(0, 40, 0)]);
    let back = app.notices.newest().map(|n| n.text.clone());
    assert_eq!(back.as_deref(), Some("tcp://box:7373 is back"));
    let mut trouble = receiver(0, 40, 0);
    if let Some(link) = &mut trouble.link {
        link.trouble = "TR-8S is unplugged there; plug it in".into();
    }
    see(&mut app, &[trouble]);
    assert!(
        app.output_advice(0)
            .unwrap()
            .text
            .contains("unplugged there")
    );
}
