//! The sound of what is played and of what is looked at: asked for step by step, and once.

use super::*;

/// The engine on a step, two more committed; every lane hits on every step.
fn at(source: PlaySource, playhead: u64, controls: Controls) -> EngineStatus {
    let mut step = Step::default();
    for cell in &mut step {
        cell.velocity = 90;
    }
    EngineStatus {
        source,
        playhead,
        step_in_bar: (playhead % 16) as u16,
        bar: playhead / 16,
        steps_per_bar: 16,
        meter: (4, 4),
        window_start: playhead.saturating_sub(16),
        window: vec![step; 40],
        revisable_from: playhead + 3,
        controls,
        ..EngineStatus::default()
    }
}

/// The steps that are to be pictured, and whether they are the first.
fn hear(app: &mut App, status: EngineStatus) -> (Vec<PlayedStep>, bool) {
    let effects = app.update(Msg::Engine(Arc::new(status)));
    let mut news = effects.into_iter().filter_map(|effect| match effect {
        Effect::PicturePlayed(news) => Some((news.steps, news.fresh)),
        _ => None,
    });
    let first = news.next().unwrap_or_default();
    assert!(news.next().is_none());
    first
}

#[test]
fn each_step_is_pictured_once_when_it_begins_to_sound() {
    let mut app = app();
    let knobs = Controls::default();
    let mut numbers = Vec::new();
    for playhead in [0, 0, 1, 1, 1, 3, 4, 20] {
        let (steps, fresh) = hear(&mut app, at(PlaySource::Generator, playhead, knobs));
        assert_eq!(fresh, numbers.is_empty());
        numbers.extend(steps.iter().map(|step| step.step_in_bar));
        if playhead == 0 {
            assert_eq!(numbers, [0]);
        }
        let (again, _) = hear(&mut app, at(PlaySource::Generator, playhead, knobs));
        assert!(again.is_empty());
    }
    // Steps that were passed over between two words are not lost.
    let expected: Vec<u16> = (0..=20).map(|k| k % 16).collect();
    assert_eq!(numbers, expected);
    hear(&mut app, at(PlaySource::Stopped, 20, knobs));
    let (steps, fresh) = hear(&mut app, at(PlaySource::Generator, 5, knobs));
    assert_eq!((steps.len(), fresh), (1, true), "it begins anew");
    let preview = PlaySource::Preview("a.mid".into());
    let (steps, fresh) = hear(&mut app, at(preview, 0, knobs));
    assert_eq!((steps.len(), fresh), (1, false), "what rang rings on");
}

#[test]
fn what_was_muted_when_it_was_committed_is_not_pictured() {
    let mut app = app();
    let free = Controls {
        milli_bpm: 100_000,
        ..Controls::default()
    };
    let muted = Controls {
        mutes: 0b101,
        milli_bpm: 140_000,
        swing: 0.6,
        ..free
    };
    let mut sounding = |playhead: u64, controls: Controls| {
        let (steps, _) = hear(&mut app, at(PlaySource::Generator, playhead, controls));
        let [step] = &steps[..] else {
            panic!("{steps:?}")
        };
        (hits(&step.step), step.milli_bpm, step.swing)
    };
    let all = 0b1_1111_1111;
    assert_eq!(sounding(0, free), (all, 100_000, 0.5));
    // Steps 1 and 2 were committed before the knob was turned: they were sent whole.
    assert_eq!(sounding(1, muted), (all, 100_000, 0.5));
    assert_eq!(sounding(2, muted), (all, 100_000, 0.5));
    assert_eq!(sounding(3, muted), (all & !0b101, 140_000, 0.6));
    assert_eq!(sounding(4, free), (all & !0b101, 140_000, 0.6));
    assert_eq!(sounding(5, free), (all & !0b101, 140_000, 0.6));
    assert_eq!(sounding(6, free), (all, 100_000, 0.5));
}

#[test]
fn the_picture_of_what_is_played_grows_and_stays_in_bounds() {
    let mut app = app();
    for n in 0..400u16 {
        let bands = vec![f32::from(n)];
        app.update(Msg::Spectrogram {
            what: SpectrogramOf::Played,
            columns: vec![SpectrogramColumn { bands }; COLUMNS_A_STEP],
        });
    }
    let picture = &app.generation.spectrogram;
    assert_eq!(picture.len(), generation::MOST_COLUMNS);
    assert_eq!(picture.back().unwrap().bands, [399.0]);
    app.update(Msg::Resize {
        width: 200,
        height: 50,
    });
    assert_eq!(app.generation.spectrogram.len(), generation::MOST_COLUMNS);
}

#[test]
fn the_bar_that_is_heard_is_shown_and_its_sound_is_there() {
    let mut app = app();
    scan(&mut app, rows());
    press(&mut app, &["1", "space"]);
    let path = PathBuf::from("/beats/a.mid");
    let effects = app.update(Msg::Preview {
        path: path.clone(),
        result: Ok(grid(30)),
    });
    let stretch = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::ComputeSpectrogram { steps, .. } => Some(steps.clone()),
            _ => None,
        })
    };
    let asked = stretch(&effects).unwrap();
    assert_eq!(asked, 0..192);
    let answer = |app: &mut App, steps: &std::ops::Range<usize>| {
        let columns = vec![SpectrogramColumn { bands: vec![] }; steps.len() * COLUMNS_A_STEP];
        let first = steps.start;
        let path = path.clone();
        let what = SpectrogramOf::File { path, first };
        app.update(Msg::Spectrogram { what, columns });
    };
    answer(&mut app, &asked);
    let source = || PlaySource::Preview("a.mid".into());
    for playhead in 0..1_000u64 {
        let status = at(source(), playhead, Controls::default());
        let effects = app.update(Msg::Engine(Arc::new(status)));
        let bar = playhead as usize / 16 % 30;
        assert_eq!(app.browser.bar, bar);
        // Whatever is in sight is there when it comes into sight, but where the file begins again.
        let sound = app.browser.selected_sound().unwrap();
        let known = sound.first()..sound.first() + sound.columns().len() / COLUMNS_A_STEP;
        if playhead < 480 {
            let last = (bar * 16 + 47).min(479);
            assert!(
                known.contains(&(bar * 16)) && known.contains(&last),
                "{bar}"
            );
        }
        if let Some(steps) = stretch(&effects) {
            answer(&mut app, &steps);
        }
    }
    // Another bar can be looked at until the next bar line.
    press(&mut app, &["left"]);
    let before = app.browser.bar;
    app.update(Msg::Engine(Arc::new(at(
        source(),
        1_000,
        Controls::default(),
    ))));
    assert_eq!(app.browser.bar, before);
    app.update(Msg::Engine(Arc::new(at(
        source(),
        1_008,
        Controls::default(),
    ))));
    assert_eq!(app.browser.bar, 63 % 30);
}
