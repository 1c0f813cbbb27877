//! What measuring a spectrogram model promises: sums that add up, a transcriber's ceiling, the same figures again.

use super::drawn::{MelComposer, generated_mel, round_trip};
use super::portrait::Portrait;
use super::*;
use crate::beat::grid::{BeatGrid, Cell, Meter, Step};
use crate::beat::kit::DrumMap;
use crate::beat::lane::Lane;
use crate::dataset::load::Example;
use crate::message::Representation;
use crate::model::evaluate::generated::Request;
use crate::model::evaluate::real::BARS;
use crate::model::mel_net::{Frames, MelNetConfig, MelSettings, score};

/// A small model of the embedded ear's frames that has learned nothing.
fn model() -> Arc<MelModel> {
    let config = MelNetConfig {
        representation: Representation::Mel,
        schema: crate::model::mel_net::config::SCHEMA,
        units: 4,
        layers: 1,
        components: 2,
        groups: 2,
        mel: MelSettings::default(),
        drum_map: DrumMap::gm(),
        name: "untrained".into(),
        bits_per_value: None,
        cross_entropy: None,
        epoch: 0,
        ear: None,
    };
    let weights = MelModel::start(&config, 3);
    Arc::new(MelModel::new(config, weights).unwrap())
}

/// Kick, snare and hats, not quite on the grid.
fn beat(bars: usize, swung: f32) -> BeatGrid {
    let mut steps = vec![Step::default(); bars * 16];
    for (at, step) in steps.iter_mut().enumerate() {
        let mut strike = |lane: Lane, velocity, offset| {
            step[lane.index()] = Cell { velocity, offset };
        };
        match at % 16 {
            0 | 10 => strike(Lane::Kick, 110, -0.1),
            4 | 12 => strike(Lane::Snare, 100, 0.1),
            _ => {}
        }
        match at % 4 {
            0 => strike(Lane::ClosedHat, 90, 0.0),
            2 => strike(Lane::ClosedHat, 60, swung),
            _ => {}
        }
    }
    BeatGrid {
        meter: Meter::COMMON,
        tempo: 180.0,
        steps,
    }
}

fn music(bars: &[usize]) -> Corpus {
    let example = |(i, bars): (usize, &usize)| Example {
        name: i.to_string(),
        tempo: 180.0,
        grid: beat(*bars, 0.2),
        style: (i > 0).then(|| "rock".to_owned()),
        fill: false,
        split: "train".into(),
    };
    bars.iter().enumerate().map(example).collect()
}

#[test]
fn styles_and_drummers_add_up_and_the_ceiling_is_what_the_ear_hears() {
    let (model, ear, corpus) = (model(), Ear::embedded().unwrap(), music(&[2, 1, 1]));
    let drummer = |name: &str| (name == "2").then_some("ann");
    let mut told = Vec::new();
    let all_notes = |name: &str| {
        // One file has a flam that the grid cannot hold; the others' files are gone.
        let grid = corpus.pieces().iter().find(|p| &*p.name == name)?;
        let mut strokes = grid_strokes(&corpus.grid(grid));
        let first = strokes.first().copied().filter(|_| name == "1")?;
        strokes.push(Stroke {
            time_ns: first.time_ns + 40_000_000,
            ..first
        });
        Some(strokes)
    };
    let evaluate = |told: &mut Vec<(usize, usize)>| {
        let tell: &mut dyn FnMut(usize, usize) = &mut |done, of| told.push((done, of));
        evaluate_mel((&model, &ear), &corpus, all_notes, drummer, tell).unwrap()
    };
    let e = evaluate(&mut told);
    assert_eq!(told, [(3, 3)]);
    assert_eq!(e, evaluate(&mut told), "the same again");

    let frames = Frames::render(&corpus, model.config().mel, &mut |_| true).unwrap();
    let frames = frames.unwrap();
    let whole = score(&model, &frames);
    assert_eq!(e.all.foreseen, whole);
    let parts = |of: fn(&MelFigures) -> f64| -> f64 {
        e.styles
            .values()
            .map(|f| of(f) * f.foreseen.frames as f64)
            .sum::<f64>()
            / whole.frames as f64
    };
    assert!((parts(|f| f.foreseen.bits_per_value) - whole.bits_per_value).abs() < 1e-9);
    assert!((parts(|f| f.mean_error_db) - e.all.mean_error_db).abs() < 1e-9);
    assert_eq!(e.styles.keys().collect::<Vec<_>>(), ["-", "rock"]);
    assert_eq!(e.drummers.keys().collect::<Vec<_>>(), ["ann"]);
    // 80 dB are the levels from 0 to 1; frames that ring on are like the frames before.
    assert!((e.all.mean_error_db - 80.0 * whole.mean_error).abs() < 1e-9);
    assert!(whole.held_error > 0.0 && whole.held_error < whole.mean_error);
    assert!(whole.cross_entropy > whole.least_cross_entropy);

    let heard = &e.all.heard;
    // 12 a bar, and the flam.
    assert_eq!(heard.all.strokes, 4 * 12 + 1);
    assert!(heard.all.f1 > 0.9 && heard.timing_ms < 5.0, "{heard:?}");
    assert_eq!(heard.repeated_share, 1.0 / 49.0);
    assert_eq!(heard.lanes.iter().map(|l| l.share.strokes).sum::<u64>(), 49);
    assert!(e.all.again_error_db > 0.0 && e.all.again_error_db < 3.0);
}

#[test]
fn real_music_comes_back_through_the_ear_as_a_beat() {
    let ear = Ear::embedded().unwrap();
    let settings = MelSettings::default();
    let (bank, scale) = (Mel::new(settings.mel()).unwrap(), settings.scale());
    let straight = beat(2, 0.0);
    let again = round_trip(&bank, &scale, &ear, &straight);
    assert_eq!(again.steps.len(), 32);
    let cells = straight.steps.iter().zip(&again.steps);
    let cells = cells.flat_map(|(a, b)| a.iter().zip(b));
    let (mut same, mut there) = (0, 0);
    for (real, heard) in cells.filter(|(real, _)| real.velocity > 0) {
        there += 1;
        same += usize::from(heard.velocity > 0 && (real.offset - heard.offset).abs() < 0.1);
    }
    assert!(same + 1 >= there, "{same} of {there}");
    let swing = |grid: &BeatGrid| Portrait::of(std::slice::from_ref(grid)).swing.unwrap();
    assert!((swing(&again) - swing(&straight)).abs() < 0.03);
    let swung = beat(2, 0.3);
    let again = round_trip(&bank, &scale, &ear, &swung);
    assert!(swing(&swung) > 1.1 && (swing(&again) - swing(&swung)).abs() < 0.03);
}

#[test]
fn what_is_drawn_stands_beside_real_music_sent_through_the_same_ear() {
    let (model, ear) = (model(), Ear::embedded().unwrap());
    let player = MelComposer {
        model: &model,
        ear: &ear,
    };
    let request = Request {
        bars: 1,
        temperature: 1.0,
        temperatures: Vec::new(),
        seed: 5,
    };
    let (train, none) = (music(&[10, 10]), Corpus::default());
    let drawn = generated_mel(player, &train, &none, &request)
        .unwrap()
        .unwrap();
    // A piece of each of two styles.
    assert_eq!(drawn.generated.bars, 2 * BARS);
    assert_eq!(drawn.round_trip.pieces, 2);
    let p = &drawn.portraits;
    assert_eq!((p.real.bars, p.real.onsets_per_bar), (2 * BARS, 12.0));
    assert_eq!(p.real, p.training);
    let ratio = p.round_trip.onsets_per_bar / p.real.onsets_per_bar;
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
    assert!(p.round_trip.lanes_apart(&p.real) < 0.05);
    assert!((p.round_trip.swing.unwrap() - p.real.swing.unwrap()).abs() < 0.03);
    let again = generated_mel(player, &train, &none, &request).unwrap();
    assert_eq!(Some(drawn), again);
    assert_eq!(generated_mel(player, &none, &none, &request), Ok(None));
}
