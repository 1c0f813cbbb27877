//! Measures against values worked out by hand and against real playing.

use super::*;
use crate::beat::grid::{Cell, Meter};
use crate::beat::kit::DrumMap;
use crate::beat::smf::{self, DrumPick};

/// Bars of 4/4 from texts of 16 characters, one lane: `x` is a hit.
fn grid(bars: &[&str]) -> BeatGrid {
    let steps = bars.iter().flat_map(|bar| bar.chars()).map(|c| {
        let mut step = Step::default();
        step[1].velocity = if c == 'x' { 100 } else { 0 };
        step
    });
    BeatGrid {
        meter: Meter::COMMON,
        tempo: 120.0,
        steps: steps.collect(),
    }
}

const ROCK: &str = "x...x...x...x...";
const OFF: &str = "..x...x...x...x.";
const REST: &str = "................";

#[test]
fn similarity_counts_differing_cells() {
    assert_eq!(adjacent_bar_similarity(&grid(&[ROCK])), 1.0);
    assert_eq!(adjacent_bar_similarity(&grid(&[ROCK, ROCK, ROCK])), 1.0);
    let one = adjacent_bar_similarity(&grid(&[ROCK, OFF]));
    assert!((one - (1.0 - 8.0 / 144.0)).abs() < 1e-12);
    // Of one row of onsets, all of the 8 hits of 16 places are elsewhere.
    assert_eq!(adjacent_onset_similarity(&grid(&[ROCK, OFF])), 0.5);
    assert_eq!(adjacent_onset_similarity(&grid(&[ROCK, ROCK, OFF])), 0.75);
    assert_eq!(adjacent_onset_similarity(&grid(&[ROCK])), 1.0);
    assert_eq!(exact_bar_repeats(&grid(&[ROCK, ROCK, OFF])), 0.5);
    assert_eq!(exact_bar_repeats(&grid(&[])), 0.0);
}

#[test]
fn density_and_hits_per_step_count_hits() {
    let mut beat = grid(&[ROCK]);
    assert_eq!(step_density(&beat), 0.25);
    assert_eq!(hits_per_active_step(&beat), 1.0);
    beat.steps[0][0].velocity = 1;
    assert_eq!(hits_per_active_step(&beat), 1.25);
    assert_eq!(hits_per_step(&beat), 5.0 / 16.0);
    assert_eq!(active_lanes(&beat), 2.0);
    assert_eq!(active_lanes(&grid(&[ROCK, REST])), 0.5);
    assert_eq!(
        (hits_per_step(&grid(&[])), active_lanes(&grid(&[]))),
        (0.0, 0.0)
    );
    assert_eq!(lane_histogram(&beat)[..2], [0.2, 0.8]);
    assert_eq!(step_density(&grid(&[REST])), 0.0);
    assert_eq!(hits_per_active_step(&grid(&[REST])), 0.0);
}

#[test]
fn syncopation_follows_longuet_higgins_and_lee() {
    let bar = |text| syncopation(&grid(&[text])).unwrap();
    assert_eq!(bar(ROCK), 0.0);
    assert_eq!(bar(REST), 0.0);
    // 8ths off the beat: 3 - 2, 4 - 2, 3 - 2, and nothing follows the last.
    assert_eq!(bar(OFF), 4.0);
    // Across the bar line the downbeat's rest counts: 5 - 2 more.
    assert_eq!(syncopation(&grid(&[OFF, REST])), Some(7.0 / 2.0));
    let mut waltz = grid(&[REST]);
    waltz.meter = Meter::new(3, 4).unwrap();
    assert_eq!(syncopation(&waltz), None);
}

#[test]
fn swing_is_the_ratio_of_two_eighths() {
    let mut beat = grid(&["x.x.x.x.x.x.x.x."]);
    assert_eq!(swing_ratio(&beat), Some(1.0));
    for step in beat.steps.iter_mut().skip(2).step_by(4) {
        step[1].offset = 0.4;
    }
    // First 8th 2.4 of 4 sixteenths, second 1.6.
    assert!((swing_ratio(&beat).unwrap() - 1.5).abs() < 1e-6);
    assert_eq!(swing_ratio(&grid(&[ROCK])), None);
}

#[test]
fn windows_tell_copies_from_new_bars() {
    let mut one = WindowSet::new(1);
    let mut two = WindowSet::new(2);
    for set in [&mut one, &mut two] {
        set.add(&grid(&[ROCK, ROCK, OFF]));
    }
    assert_eq!((one.len(), two.len()), (2, 2));
    let beat = grid(&[OFF, ROCK, ROCK, REST]);
    assert_eq!(one.copied_share(&beat), Some(0.75));
    assert_eq!(two.count(&beat), (1, 3));
    assert_eq!(one.novelty(&beat), Some(0.25));
    assert_eq!(one.nearest_distance(&beat), Some(1.0));
    assert_eq!(two.copied_share(&grid(&[ROCK])), None);
    assert_eq!(WindowSet::new(1).nearest_distance(&beat), None);
}

#[test]
fn overlap_is_whole_with_itself_and_none_far_away() {
    let a: Vec<f64> = (0..50).map(f64::from).collect();
    let far: Vec<f64> = a.iter().map(|v| v + 1000.0).collect();
    let half: Vec<f64> = a.iter().map(|v| v + 25.0).collect();
    assert!((overlap_area(&a, &a).unwrap() - 1.0).abs() < 1e-3);
    assert!(overlap_area(&a, &far).unwrap() < 1e-6);
    let middle = overlap_area(&a, &half).unwrap();
    assert!((0.4..0.7).contains(&middle), "{middle}");
    assert!((overlap_area(&[3.0], &[3.0]).unwrap() - 1.0).abs() < 1e-3);
    assert_eq!(overlap_area(&[], &a), None);
    assert_eq!(overlap_area(&[f64::NAN], &a), None);
    assert_eq!(intra_distances(&[1.0, 4.0, 2.0]), [3.0, 1.0, 2.0]);
    assert_eq!(inter_distances(&[1.0, 2.0], &[4.0]), [3.0, 2.0]);
}

#[test]
fn no_grid_brings_a_measure_down() {
    for steps in [0, 1, 15, 17] {
        let mut beat = grid(&[ROCK, OFF]);
        beat.steps.truncate(steps);
        beat.steps.resize(steps, [Cell::default(); LANES]);
        let _ = (adjacent_bar_similarity(&beat), exact_bar_repeats(&beat));
        let _ = (
            syncopation(&beat),
            swing_ratio(&beat),
            lane_histogram(&beat),
        );
        let mut set = WindowSet::new(3);
        set.add(&beat);
        assert!(set.is_empty());
    }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let centre = mean(values.iter().copied()).unwrap();
    let variance = mean(values.iter().map(|v| (v - centre).powi(2))).unwrap();
    (centre, variance.sqrt())
}

/// 4/4 grids of a split of the dataset.
fn groove(split: &str, beats_only: bool) -> Option<Vec<BeatGrid>> {
    let rows = crate::beat::groove::rows()?;
    let wanted = rows
        .iter()
        .filter(|row| row.split == split && (!beats_only || row.beat_type == "beat"));
    let grids = wanted.map(|row| {
        let smf = smf::parse(&std::fs::read(&row.path).unwrap()).unwrap();
        let drums = smf.drums(&DrumMap::td11(), &DrumPick::Channel10);
        drums.unwrap().grid
    });
    Some(grids.filter(|g| g.meter == Meter::COMMON).collect())
}

/// Every run of `count` bars.
fn runs(grids: &[BeatGrid], count: usize) -> Vec<BeatGrid> {
    let cut = |grid: &BeatGrid| -> Vec<BeatGrid> {
        let bars: Vec<&[Step]> = grid.steps.chunks(grid.meter.steps()).collect();
        bars.windows(count)
            .map(|run| BeatGrid {
                steps: run.concat(),
                ..grid.clone()
            })
            .collect()
    };
    grids.iter().flat_map(cut).collect()
}

#[test]
fn real_playing_has_the_reference_values() {
    let Some(beats) = groove("train", true) else {
        return;
    };
    let check = |name: &str, values: Vec<f64>, centre: f64, spread: Option<f64>| {
        let (m, s) = moments(&values);
        eprintln!("{name}: {m:.4} +- {s:.4} over {}", values.len());
        // To the last digit that the reference gives.
        assert!((m - centre).abs() < 0.006, "{name}: {m}");
        assert!(
            spread.is_none_or(|spread| (s - spread).abs() < 0.006),
            "{name}: {s}"
        );
    };
    let pairs = runs(&beats, 2);
    let bars = runs(&beats, 1);
    let of = |set: &[BeatGrid], f: fn(&BeatGrid) -> f64| set.iter().map(f).collect();
    let similarity = of(&pairs, adjacent_bar_similarity);
    check(
        "adjacent-bar similarity of pairs",
        similarity,
        0.920,
        Some(0.059),
    );
    check(
        "exact repeats of pairs",
        of(&pairs, exact_bar_repeats),
        0.041,
        None,
    );
    check(
        "step density of bars",
        of(&bars, step_density),
        0.747,
        Some(0.204),
    );
    check(
        "hits per active step of bars",
        of(&bars, hits_per_active_step),
        1.58,
        None,
    );
    let swing = beats.iter().filter_map(swing_ratio).collect();
    check("swing ratio of files", swing, 1.05, Some(0.19));
}

#[test]
fn real_playing_seldom_repeats_other_real_playing() {
    let (Some(train), Some(held_out)) = (groove("train", false), groove("validation", false))
    else {
        return;
    };
    for (bars, share) in [(1, 0.083), (2, 0.024)] {
        let mut known = WindowSet::new(bars);
        train.iter().for_each(|grid| known.add(grid));
        let counts = held_out.iter().map(|grid| known.count(grid));
        let (copied, all) = counts.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let found = copied as f64 / all as f64;
        eprintln!("{bars}-bar windows of validation found in training: {copied} of {all}");
        assert!((found - share).abs() < 0.001, "{found}");
    }
}
