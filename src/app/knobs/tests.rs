//! What the knobs say and keep to.

use super::*;

#[test]
fn styles_go_round_through_none() {
    let mut style = NO_STYLE;
    let mut seen = Vec::new();
    for _ in 0..4 {
        style = next_style(style, 3, true);
        seen.push(style);
    }
    assert_eq!(seen, [0, 1, 2, NO_STYLE]);
    assert_eq!(next_style(NO_STYLE, 3, false), 2);
    assert_eq!(next_style(0, 3, false), NO_STYLE);
    assert_eq!(
        next_style(77, 3, true),
        0,
        "a style the model does not have"
    );
    assert_eq!(next_style(NO_STYLE, 0, true), NO_STYLE);
}

#[test]
fn a_model_of_spectrograms_says_which_knobs_it_has() {
    let (keymap, _) = Keymap::new(&std::collections::BTreeMap::new());
    let mut generation = Generation::default();
    let all = |generation: &Generation| {
        let now = Controls {
            density: 0.5,
            min_p: 0.1,
            ..Controls::default()
        };
        let mut all = knobs(&now, &generation.engine, &keymap).to_vec();
        for page in [KnobPage::Style, KnobPage::Lane] {
            all.extend(more(page, &now, generation, &keymap));
        }
        all
    };
    assert!(all(&generation).iter().all(|k| k.value_text != "unused"));
    generation.engine = std::sync::Arc::new(EngineStatus {
        frames: Some(crate::message::FrameTimes::default()),
        ..EngineStatus::default()
    });
    let (idle, left): (Vec<Knob>, Vec<Knob>) =
        (all(&generation).into_iter()).partition(|knob| knob.value_text == "unused");
    let names: Vec<&str> = left.iter().map(|knob| knob.label).collect();
    assert_eq!(names, ["temperature", "swing", "tempo", "loop", "mutation"]);
    assert_eq!(idle.len(), OF_BEATS.len());
    for knob in idle {
        let rest = if knob.two_sided { 0.5 } else { 0.0 };
        assert_eq!(
            (knob.fraction, knob.pending),
            (rest, false),
            "{}",
            knob.label
        );
    }
}

#[test]
fn controls_stay_in_their_ranges() {
    let wild = Controls {
        temperature: 9.0,
        expression: f32::NAN,
        density: -7.0,
        swing: f32::INFINITY,
        milli_bpm: 1,
        mutes: u16::MAX,
        ..Controls::default()
    };
    let fit = clamped(wild);
    assert_eq!((fit.temperature, fit.expression), (2.0, 1.0));
    assert_eq!((fit.density, fit.swing), (-1.0, 0.5));
    assert_eq!((fit.milli_bpm, fit.mutes), (20_000, 511));
}
