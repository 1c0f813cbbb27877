//! A whole session replays from its messages, and no message, however odd, ends the program.

use super::*;
use crate::base::rng::{Purpose, Stream};

/// Any message, keys most of all.
fn random_msg(draws: &mut Stream, now_ns: &mut u64) -> Msg {
    *now_ns += draws.below(200) as u64 * MS;
    let names = ["a.mid", "d1/b.mid", "d1/c.mid", "x/\u{1b}[31m.mid"];
    let name = names[draws.below(names.len())];
    let path = PathBuf::from("/beats").join(name);
    let fails = draws.below(4) == 0;
    let sentence = || "no\u{1b}]0;x\u{7} \u{202e}".to_owned();
    match draws.below(40) {
        0 => Msg::Start,
        1 => Msg::Paste("12\u{1b}[2J\n/some/where".into()),
        2 => Msg::Resize {
            width: draws.below(300) as u16,
            height: draws.below(100) as u16,
        },
        3..=6 => Msg::Tick { now_ns: *now_ns },
        7 => Msg::Scan(ScanEvent::Progress { done: 1, total: 2 }),
        8 => {
            let mut rows = rows();
            rows.push(row(
                "x/\u{1b}[31m.mid",
                FileStatus::Ok,
                1,
                f64::NAN,
                "\u{7}",
            ));
            rows.truncate(draws.below(7));
            let summary = ScanSummary::default();
            Msg::Scan(ScanEvent::Done { rows, summary })
        }
        9 => Msg::Scan(ScanEvent::Failed(sentence())),
        10 => Msg::Train(super::training::started()),
        11..=12 => Msg::Train(TrainEvent::Progress(TrainProgress {
            epoch: draws.below(5),
            epochs: 4,
            update: draws.below(9),
            train_bits: if fails { f32::NAN } else { draws.uniform() },
            ..TrainProgress::default()
        })),
        13 => Msg::Train(TrainEvent::Validation {
            epoch: draws.below(5),
            bits_per_step: draws.uniform(),
            best: fails,
        }),
        14 => Msg::Train(TrainEvent::Checkpoint { path, epoch: 1 }),
        15 => Msg::Train([TrainEvent::Paused, TrainEvent::Resumed][draws.below(2)].clone()),
        16 => Msg::Train(TrainEvent::Ended {
            reason: EndReason::Finished,
            best: fails.then_some(1.5),
        }),
        17 if fails => Msg::Train(TrainEvent::Excerpt(Box::new(Excerpt {
            of: sentence(),
            ..Excerpt::default()
        }))),
        17 => Msg::Train(TrainEvent::Failed(sentence())),
        18..=20 => {
            let source = [
                PlaySource::Stopped,
                PlaySource::Generator,
                PlaySource::Preview(name.into()),
            ];
            let bar = draws.below(9) as u64;
            let mut status = status(source[draws.below(3)].clone(), bar, Controls::default());
            status.styles.truncate(draws.below(3));
            status.window_start = draws.below(300) as u64;
            status.revisable_from = [0, 20, 140, u64::MAX][(bar % 4) as usize];
            status.model = sentence();
            status.outputs = (0..draws.below(6)).map(|_| random_output(draws)).collect();
            Msg::Engine(Arc::new(status))
        }
        21 => {
            let port = PortInfo { name: sentence() };
            Msg::Ports(vec![port; draws.below(3)])
        }
        22..=23 => Msg::Preview {
            path,
            result: if fails { Err(sentence()) } else { Ok(grid(2)) },
        },
        24 => Msg::Heard {
            path,
            result: if fails { Err(sentence()) } else { Ok(grid(2)) },
        },
        25 => {
            let first = draws.below(2) * 16;
            let what = match fails {
                true => SpectrogramOf::Played,
                false => SpectrogramOf::File { path, first },
            };
            let columns = vec![SpectrogramColumn { bands: vec![0.5] }; 60];
            Msg::Spectrogram { what, columns }
        }
        26 => Msg::SessionSaved(if fails { Err(sentence()) } else { Ok(path) }),
        27 => Msg::TakenOver(if fails {
            Err(sentence())
        } else {
            Ok(sentence())
        }),
        28 => Msg::Signal(Signal::Continue),
        _ => Msg::Key(random_key(draws), *now_ns),
    }
}

/// Any output, those on the network most of all.
fn random_output(draws: &mut Stream) -> OutputView {
    let words = [
        "tcp://box",
        "rtp://box",
        "rtp-listen://[::1]",
        "none",
        "synth",
        "x",
    ];
    let spec: OutputSpec = words[draws.below(words.len())].parse().unwrap();
    let states = [
        OutputState::Ok,
        OutputState::Muted,
        OutputState::Opening,
        OutputState::Lost("the token\u{1b} is wrong".into()),
    ];
    let link = LinkView {
        rtt_us: draws.below(100_000) as u32,
        delay_ms: draws.below(3_000) as u16,
        wanted_delay_ms: draws.below(90) as u16,
        late: draws.below(50) as u64,
        ..LinkView::default()
    };
    OutputView {
        state: states[draws.below(states.len())].clone(),
        link: (draws.below(3) > 0).then_some(link),
        ..OutputView::plain(spec, "x\u{1b}".into())
    }
}

/// Any key but those that quit.
fn random_key(draws: &mut Stream) -> Key {
    use KeyCode as K;
    const NAMED: [KeyCode; 14] = [
        K::Up,
        K::Down,
        K::Left,
        K::Right,
        K::Enter,
        K::Esc,
        K::Tab,
        K::BackTab,
        K::Backspace,
        K::Delete,
        K::Home,
        K::End,
        K::PageDown,
        K::F(5),
    ];
    loop {
        let code = match draws.below(3) {
            0 => NAMED[draws.below(NAMED.len())],
            1 => K::Char(char::from(32 + draws.below(95) as u8)),
            _ => K::Char(
                "1[]PoxtSf/jk :?ha=,.-<\u{1b}ü太"
                    .chars()
                    .nth(draws.below(24))
                    .unwrap_or('1'),
            ),
        };
        let key = Key {
            code,
            ctrl: draws.below(30) == 0,
            alt: draws.below(60) == 0,
            shift: draws.below(8) == 0,
        };
        if !matches!(code, K::Char('q' | 'c' | 'y')) {
            return key;
        }
    }
}

#[test]
fn update_is_pure() {
    let mut draws = Stream::new(5, 0, Purpose::Test);
    let mut now_ns = 0;
    let messages: Vec<Msg> = (0..40_000)
        .map(|_| random_msg(&mut draws, &mut now_ns))
        .collect();
    let mut kinds = std::collections::BTreeSet::new();
    let with_offer = || {
        let offer = Offer {
            question: "go on?\u{1b}".into(),
            controls: Controls::default(),
        };
        let mut setup = setup();
        setup.offer = Some(offer);
        setup.settings.outputs = vec![OutputSetup::plain("tcp://box".parse().unwrap())];
        App::new(setup)
    };
    let (mut one, mut two) = (with_offer(), with_offer());
    for (i, msg) in messages.iter().enumerate() {
        let first = format!("{:?}", one.update(msg.clone()));
        assert_eq!(
            first,
            format!("{:?}", two.update(msg.clone())),
            "message {i}"
        );
        kinds.extend(
            first
                .split([',', '['])
                .filter_map(|s| s.trim().split([' ', '(', ']']).next())
                .filter(|s| s.starts_with(char::is_uppercase))
                .map(str::to_owned),
        );
        // Everything the screens ask for can be read at any time.
        let _ = one.hints();
        let _ = one.knobs();
        let _ = one.training.chart(40);
        let window = one.browser.window(one.list_height());
        assert!(window.end <= one.browser.len());
        assert!(one.browser.is_empty() || window.contains(&one.browser.selected()));
        let _ = one.browser.visible(window.start, window.len());
        let _ = one.settings();
        for slot in 0..6 {
            let _ = (one.desk(slot), one.output_advice(slot));
        }
        let _ = one.notices_shown();
        if let Some(Overlay::Choose { kind, selected }) = one.overlay() {
            let count = one.choices(*kind).len();
            assert!(*selected < count.max(1), "{kind:?}");
        }
        // No overlay piles up without end.
        assert!(one.overlays.len() < 4, "{:?}", one.overlays);
        if one.quitting {
            // Asked for by name in the palette: another session begins.
            assert!(two.quitting);
            (one, two) = (with_offer(), with_offer());
        }
    }
    assert_eq!(format!("{one:?}"), format!("{two:?}"));
    for kind in [
        "StartTraining",
        "PlayPreview",
        "TakeOver",
        "SetControls",
        "Scan",
        "SetOutput",
        "SetDelay",
        "ForgetOffer",
        "ComputeSpectrogram",
        "PicturePlayed",
    ] {
        assert!(kinds.contains(kind), "{kind} never came up: {kinds:?}");
    }
}

#[test]
fn no_input_kills_the_program() {
    let mut draws = Stream::new(6, 0, Purpose::Test);
    let mut app = app();
    scan(&mut app, rows());
    engine(&mut app, PlaySource::Stopped, 0);
    let mut ends = 0;
    for i in 0..20_000u64 {
        // Every key there is, those that quit among them.
        let code = match draws.below(2) {
            0 => KeyCode::Char(char::from(32 + draws.below(95) as u8)),
            _ => random_key(&mut draws).code,
        };
        let key = Key {
            ctrl: draws.below(20) == 0,
            ..Key::plain(code)
        };
        app.update(Msg::Key(key, i * 50 * MS));
        if app.quitting {
            ends += 1;
            app = App::new(Setup {
                settings: app.settings(),
                ..setup()
            });
            scan(&mut app, rows());
        }
    }
    assert!(ends > 10, "{ends}");
}
