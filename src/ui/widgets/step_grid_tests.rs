//! The step grid as pictures, and at any size.

use super::*;
use crate::message::Cell;
use crate::ui::glyphs::GlyphSet;
use crate::ui::look::ColorDepth;
use crate::ui::theme::Theme;
use crate::ui::widgets::tests::picture;

fn steps() -> Vec<Step> {
    (0..20)
        .map(|n| {
            let mut step = Step::default();
            let hit = |velocity, offset| Cell { velocity, offset };
            step[Lane::ClosedHat.index()] = hit(if n % 2 == 0 { 90 } else { 20 }, 0.0);
            if n % 4 == 0 {
                step[Lane::Kick.index()] = hit(120, if n == 4 { 0.3 } else { 0.0 });
            }
            step
        })
        .collect()
}

fn grid<'a>(look: &'a Look, steps: &'a [Step]) -> StepGrid<'a> {
    StepGrid {
        look,
        beat: Beat {
            steps,
            first: 32,
            bar_origin: 0,
            steps_per_bar: 16,
            steps_per_beat: 4,
        },
        window: (32, 20),
        cell: 2,
        lane_rows: 1,
        playhead: Some(35),
        revisable_from: Some(38),
        locks: 0b1_0000_0010,
        mutes: 1 << Lane::Crash.index(),
        chosen: None,
        labels: Labels::Long,
        ruler: true,
        marks: true,
    }
}

#[test]
fn lanes_run_down_and_steps_across() {
    let look = Look::default();
    let steps = steps();
    insta::assert_snapshot!(picture(&grid(&look, &steps), 52, 12));
    let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
    let ascii = picture(&grid(&ascii, &steps), 52, 12);
    assert!(ascii.is_ascii());
    insta::assert_snapshot!(ascii);
}

#[test]
fn wide_cells_show_micro_timing() {
    let look = Look::default();
    let steps = steps();
    let wide = StepGrid {
        cell: 4,
        window: (32, 8),
        ..grid(&look, &steps)
    };
    let picture = picture(&wide, 44, 12);
    let kick = picture.lines().nth(9).unwrap();
    assert!(kick.contains("kick    ███"), "{kick}");
    assert!(
        kick.ends_with("·    ███·   ·   ·"),
        "a late hit lies right: {kick}"
    );
}

#[test]
fn any_area_and_any_window_can_be_drawn() {
    let look = Look::default();
    let steps = steps();
    for (width, height) in [(0, 0), (1, 1), (9, 3), (12, 40), (400, 2)] {
        for window in [(0, 0), (u64::MAX - 2, 9), (30, 4000)] {
            for steps_per_bar in [0, 1, 16] {
                let mut grid = grid(&look, &steps);
                grid.window = window;
                grid.beat.steps_per_bar = steps_per_bar;
                grid.playhead = Some(u64::MAX);
                grid.revisable_from = Some(0);
                picture(&grid, width, height);
            }
        }
    }
}
