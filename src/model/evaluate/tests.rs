//! Figures worked out by hand, and sets of beats whose comparison is known beforehand.

use super::counting::Counting;
use super::figures::Tally;
use super::generated::{Request, generated, play};
use super::plan::{self, StylePlan};
use super::real::{BARS, Sets, WARM_UP};
use super::*;
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, Cell};
use crate::beat::metrics::Feature;
use crate::dataset::load::Example;
use std::convert::Infallible;

fn example(name: &str, style: &str, grid: BeatGrid) -> Example {
    Example {
        name: name.to_owned(),
        tempo: grid.tempo,
        grid,
        style: Some(style.to_owned()),
        fill: false,
        split: "train".into(),
    }
}

/// A hat on the 8ths and a kick on the quarters, some of them left out by chance.
fn beat(bars: usize, seed: u64) -> BeatGrid {
    let mut draws = Stream::new(seed, 0, Purpose::Test);
    let kept = 0.5 + draws.uniform() / 2.0;
    let mut steps = vec![Step::default(); bars * 16];
    for (at, step) in steps.iter_mut().enumerate() {
        for (lane, every) in [(0, 4), (2, 2)] {
            if at % every == 0 && draws.uniform() < kept {
                step[lane] = Cell {
                    velocity: 60 + draws.below(60) as u8,
                    offset: draws.uniform() * 0.4 - 0.2,
                };
            }
        }
    }
    BeatGrid {
        meter: Meter::COMMON,
        tempo: 100.0 + seed as f64,
        steps,
    }
}

fn music(pieces: u64, from: u64) -> Corpus {
    let of_style = |seed: u64| {
        if seed.is_multiple_of(4) {
            "funk"
        } else {
            "rock"
        }
    };
    (from..from + pieces)
        .map(|seed| example(&seed.to_string(), of_style(seed), beat(34, seed)))
        .collect()
}

fn no_dump(_: &str, _: &[[f32; LANES]]) -> Result<(), Infallible> {
    Ok(())
}

#[test]
fn figures_are_sums_over_steps_and_hits() {
    let mut score = Score {
        probabilities: [0.5; LANES],
        hits: 1,
        ..Score::default()
    };
    score.probabilities[2] = 0.25;
    (
        score.velocity_bits[2],
        score.offset_bits[2],
        score.offset_error_ms[2],
    ) = (3.0, 4.0, 12.0);
    let mut hit = Step::default();
    hit[2].velocity = 90;
    let mut tally = Tally::default();
    tally.count(&score, &hit);
    tally.count(&score, &Step::default());
    let mut twice = tally.clone();
    twice.add(&tally);
    for figures in [tally.figures(), twice.figures()] {
        // Eight lanes of one bit each; the third 2 bits for the hit, log2(4/3) for the rest.
        let wanted = 8.0 + (2.0 + (4.0f64 / 3.0).log2()) / 2.0;
        assert!((figures.bits_per_step - wanted).abs() < 1e-6);
        assert!((figures.bits_per_hit - 2.0 * wanted).abs() < 1e-6);
        assert_eq!(figures.velocity_bits_per_hit, 3.0);
        assert_eq!(figures.offset_bits_per_hit, 4.0);
        assert_eq!(figures.offset_mae_ms, 12.0);
    }
    let lanes = twice.lanes();
    assert_eq!((lanes[2].lane, lanes[2].figures.hits), ("closed-hat", 2));
    assert_eq!(lanes[2].figures.offset_mae_ms, 12.0);
    assert_eq!(
        (lanes[0].figures.bits_per_step, lanes[0].figures.hits),
        (1.0, 0)
    );
    assert_eq!(Tally::default().figures(), Figures::default());
}

#[test]
fn lanes_styles_and_drummers_add_up_to_the_whole() {
    let model = BeatModel::random(12, 1, 3);
    let corpus = music(6, 0);
    let drummer = |name: &str| match name {
        "0" | "1" => Some("ann"),
        "5" => None,
        _ => Some("bob"),
    };
    let Ok(e) = evaluate_by(&model, &corpus, drummer, no_dump);
    let lanes: f64 = e.lanes.iter().map(|lane| lane.figures.bits_per_step).sum();
    assert!((lanes - e.bits_per_step).abs() < 1e-9);
    assert_eq!(e.bits_per_lane[3], e.lanes[3].figures.bits_per_step);
    let parts = |groups: &BTreeMap<String, Figures>, of: fn(&Figures) -> f64| -> f64 {
        groups.values().map(of).sum()
    };
    let bits = |f: &Figures| f.bits_per_step * f.steps as f64;
    let late = |f: &Figures| f.offset_mae_ms * f.hits as f64;
    assert!((parts(&e.styles, bits) / bits(&e.all) - 1.0).abs() < 1e-9);
    assert!((parts(&e.styles, late) / late(&e.all) - 1.0).abs() < 1e-9);
    let steps: Vec<(&str, u64)> = e.drummers.iter().map(|(d, f)| (&**d, f.steps)).collect();
    assert_eq!(steps, [("ann", 2 * 34 * 16), ("bob", 3 * 34 * 16)]);
    assert!(e.offset_mae_ms > 0.0 && e.offset_mae_ms < 150.0);
    let Ok(plain) = evaluate(&model, &corpus, no_dump);
    assert_eq!((plain.all, plain.drummers.len()), (e.all, 0));
}

#[test]
fn counting_backs_off_to_lane_and_place() {
    let mut grid = beat(4, 1);
    for (at, step) in grid.steps.iter_mut().enumerate() {
        *step = Step::default();
        if at % 16 == 0 {
            step[0] = Cell {
                velocity: 100,
                offset: 0.25,
            };
        }
    }
    let corpus: Corpus = [example("a", "rock", grid)].into_iter().collect();
    let e = Counting::of(&corpus).evaluate(&corpus, |_| None);
    // Four hits of four steps on the place: 4.5 of 5. The kick's own past: nothing in the first bar, one bar back
    // in the second, one and two bars back in the others: 1, 1 and 2 steps of each, all hit.
    let p = |n: f64| (n + 4.0 * 0.9) / (n + 4.0);
    let kick = -(2.0 * p(1.0).log2() + 2.0 * p(2.0).log2());
    // Elsewhere nothing is ever hit: half a hit of five for the place, and each place has one past only, of
    // four steps without a hit.
    let rest = -(1.0f64 - 4.0 * (0.5 / 5.0) / (4.0 + 4.0)).log2();
    let found = e.bits_per_lane[0] * 64.0;
    assert!((found - kick - 15.0 * 4.0 * rest).abs() < 1e-4, "{found}");
    let others = e.bits_per_lane[1..].iter().sum::<f64>() * 64.0;
    assert!((others - 8.0 * 64.0 * rest).abs() < 1e-4, "{others}");
    assert_eq!(e.offset_mae_ms, 0.0);
    assert!(Counting::of(&Corpus::default()).is_empty());
}

#[test]
fn counting_knows_its_own_music_better_than_chance() {
    let e = Counting::of(&music(20, 0)).evaluate(&music(4, 100), |_| Some("ann"));
    assert!(e.bits_per_step < 3.0, "{}", e.bits_per_step);
    assert!(e.velocity_bits_per_hit < 5.0 && e.offset_bits_per_hit < 5.0);
    assert_eq!(e.drummers["ann"], e.all);
}

#[test]
fn plans_share_bars_out_and_leave_no_style_out() {
    let styles = plan::styles(&[&music(12, 0)]);
    let names: Vec<_> = styles.iter().map(|s| s.style.as_deref()).collect();
    assert_eq!(names, [Some("funk"), Some("rock")]);
    assert_eq!((styles[0].real_bars, styles[1].real_bars), (3 * 34, 9 * 34));
    // The tempi of pieces 0, 4 and 8.
    assert_eq!(styles[0].bpm, 104.0);
    assert!((0.2..0.5).contains(&styles[0].real_density));
    let pieces = |plan: Vec<StylePlan>| plan.iter().map(|s| s.pieces).collect::<Vec<_>>();
    assert_eq!(pieces(plan::in_proportion(&styles, 16 * BARS)), [4, 12]);
    assert_eq!(pieces(plan::in_proportion(&styles, 1)), [1, 1]);
    assert_eq!(pieces(plan::evenly(&styles, 5 * BARS + 1)), [3, 3]);
    assert!(plan::styles(&[]).is_empty());
}

#[test]
fn pieces_are_drawn_alike_for_the_same_seed() {
    let model = BeatModel::random(12, 1, 3);
    let plan = plan::evenly(&plan::styles(&[&music(4, 0), &music(4, 4)]), 4 * BARS);
    let drawn = play(&model, &plan, 1.0, 7);
    assert_eq!(drawn.len(), 4);
    assert!(drawn.iter().all(|grid| grid.bars() == BARS));
    assert_eq!(drawn, play(&model, &plan, 1.0, 7));
    assert_ne!(drawn, play(&model, &plan, 1.0, 8));
    assert_ne!(drawn[0], drawn[1], "each piece has draws of its own");
}

#[test]
fn real_music_reaches_the_ceiling_and_silence_does_not() {
    let (train, validation) = (music(40, 0), music(20, 500));
    let sets = Sets::new(&train, &validation);
    // Four cuts of eight bars after two in each piece.
    assert_eq!((sets.train.len(), sets.validation.len()), (160, 80));
    assert_eq!(WARM_UP + 4 * BARS, 34);
    let like = Sets::new(&music(10, 900), &validation).train;
    let found = sets.compare(&like, 3);
    assert_eq!(found, sets.compare(&like, 3));
    assert_eq!((found.pieces, found.validation_pieces), (40, 40));
    for f in &found.features {
        let share = f.share_of_ceiling.unwrap();
        assert!((0.8..1.25).contains(&share), "{:?}: {share}", f.feature);
    }
    assert!(found.velocity.distance.unwrap() < 0.3);

    let copies = sets.compare(&sets.train[..20], 3);
    for c in &copies.copying {
        assert_eq!((c.share, c.nearest), (1.0, 0.0));
        assert!(c.real_share < 1.0 && c.real_nearest > 0.0);
    }
    let mut silence = like.clone();
    for step in silence.iter_mut().flat_map(|grid| &mut grid.steps).skip(1) {
        *step = Step::default();
    }
    let silent = sets.compare(&silence, 3);
    let density = &silent.features[0];
    assert_eq!(density.feature, Feature::Density);
    assert!(density.share_of_ceiling.unwrap() < 0.5);
    assert_eq!(silent.velocity.distance, None);
}

#[test]
fn a_folder_without_beats_is_no_measure() {
    let model = BeatModel::random(12, 1, 3);
    let request = Request {
        bars: 20,
        temperature: 1.0,
        temperatures: vec![1.2, 0.8, 0.8],
        seed: 1,
    };
    let none = Corpus::default();
    assert!(generated(&model, &none, &none, &request).is_none());
    // Validation may be missing: there is no ceiling then, and no share of it.
    let drawn = generated(&model, &music(4, 0), &none, &request).unwrap();
    assert_eq!(drawn.bars, 3 * BARS);
    let density = &drawn.against.features[0];
    assert!(density.overlap.is_some() && density.ceiling.is_none());
    assert_eq!(density.share_of_ceiling, None);
    let control = drawn.control.unwrap();
    let at: Vec<f64> = control.rows.iter().map(|r| r.control.temperature).collect();
    assert_eq!(at, [0.8, 1.2]);
    assert!(control.rows.iter().all(|r| r.style_ratios.len() == 2));
    assert_eq!(control.bars_per_style, 2 * BARS);
    // These styles differ so little from piece to piece that chance keeps few samples away.
    assert!(
        (1.0..=2.0).contains(&control.real_styles_near),
        "{}",
        control.real_styles_near
    );
}
