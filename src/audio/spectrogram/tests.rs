//! What pictures of beats promise.

use super::*;
use crate::beat::grid::{Cell, Meter, Step};

fn two_bars(velocity: u8) -> BeatGrid {
    let mut steps = vec![Step::default(); 32];
    let hit = Cell {
        velocity,
        offset: 0.0,
    };
    for k in (0..32).step_by(8) {
        steps[k][Lane::Kick.index()] = hit;
        steps[k + 4][Lane::ClosedHat.index()] = hit;
    }
    BeatGrid {
        meter: Meter::COMMON,
        tempo: 120.0,
        steps,
    }
}

fn loudest(picture: &[SpectrogramColumn]) -> f32 {
    let values = picture.iter().flat_map(|c| &c.bands);
    assert!(values.clone().all(|v| (0.0..=1.0).contains(v)));
    values.fold(0.0, |m, v| m.max(*v))
}

#[test]
fn a_picture_shows_kicks_low_and_hats_high_in_their_columns() {
    let pictures = Pictures::new(24).unwrap();
    for columns in [32, 64, 640] {
        let picture = pictures.of_grid(&two_bars(100), columns);
        assert_eq!(picture.len(), columns);
        let at = |step: usize| &picture[step * columns / 32 + columns / 128].bands;
        for step in (0..32).step_by(8) {
            assert!(at(step)[0] > 0.7, "kick at {step} of {columns}");
            let before = at(step + 3)[21];
            let (high, low) = (at(step + 4)[21], at(step + 4)[0]);
            assert!(
                high > before + 0.2 && low < at(step)[0] - 0.3,
                "hat at {step} of {columns}: {before} to {high}, {low}"
            );
        }
    }
}

#[test]
fn all_pictures_share_one_scale() {
    let pictures = Pictures::new(32).unwrap();
    let [soft, hard] = [40, 127].map(|v| loudest(&pictures.of_grid(&two_bars(v), 128)));
    assert!(hard > 0.9, "{hard}");
    assert!(soft < hard - 0.1, "{soft} {hard}");
}

#[test]
fn a_stretch_is_cut_from_the_picture_of_the_whole() {
    let pictures = Pictures::new(16).unwrap();
    let mut grid = two_bars(110);
    grid.steps[14][Lane::Crash.index()].velocity = 120;
    let whole = pictures.of_steps(&grid, 0..32, 4);
    let part = pictures.of_steps(&grid, 16..24, 4);
    assert_eq!((whole.len(), part.len()), (128, 32));
    // The frames behind the last step differ: there nothing follows.
    assert_eq!(
        part[..31],
        whole[64..95],
        "the crash of the bar before rings on"
    );
    assert_eq!(pictures.of_steps(&grid, 30..99, 4).len(), 8);
    assert!(pictures.of_steps(&grid, 40..44, 4).is_empty());
    assert!(pictures.of_steps(&grid, 0..4, 0).is_empty());
}

#[test]
fn no_size_breaks_a_picture() {
    let pictures = Pictures::new(0).unwrap();
    let empty = BeatGrid {
        steps: Vec::new(),
        ..two_bars(100)
    };
    assert!(pictures.of_grid(&empty, 80).is_empty());
    assert!(pictures.of_grid(&two_bars(100), 0).is_empty());
    assert_eq!(pictures.of_grid(&two_bars(100), usize::MAX).len(), 4096);
    assert_eq!(Pictures::new(usize::MAX).unwrap().bands(), 256);
}
