//! Strokes put on 16th steps: what was heard becomes a beat that can be measured as written ones are.

use crate::audio::render::Stroke;
use crate::beat::grid::{BeatGrid, Cell, Meter, Step};

/// Strokes as a grid of `steps` steps, the first at time 0. As where files are read ([`crate::beat::smf::Smf::drums`]): a
/// stroke belongs to the nearest step, halves going up, what it is off stays as micro-timing, and of two in one cell
/// the louder stays. Strokes beyond the last step are left out. The inverse of [`crate::audio::render::grid_strokes`],
/// but for what micro-timing would have moved before time 0.
#[must_use]
pub fn grid_of(strokes: &[Stroke], meter: Meter, tempo: f64, steps: usize) -> BeatGrid {
    let mut grid = BeatGrid {
        meter,
        tempo,
        steps: vec![Step::default(); steps],
    };
    // A tempo that the clocks do not take is read as they read it.
    let bpm = if tempo.is_nan() {
        120.0
    } else {
        tempo.clamp(20.0, 400.0)
    };
    let step_ns = 15e9 / bpm;
    for stroke in strokes {
        let place = stroke.time_ns as f64 / step_ns;
        let step = (place + 0.5).floor();
        let cell = grid
            .steps
            .get_mut(step as usize)
            .and_then(|step| step.get_mut(stroke.lane.index()));
        if let Some(cell) = cell
            && stroke.velocity > cell.velocity
        {
            *cell = Cell {
                velocity: stroke.velocity,
                offset: (place - step) as f32,
            };
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::render::grid_strokes;
    use crate::beat::lane::Lane;

    #[test]
    fn a_grid_played_and_put_on_steps_is_the_same_grid() {
        let mut grid = BeatGrid {
            meter: Meter::COMMON,
            tempo: 97.3,
            steps: vec![Step::default(); 32],
        };
        for (k, lane, velocity, offset) in [
            (0, Lane::Kick, 127, 0.0),
            (5, Lane::Snare, 1, -0.49),
            (5, Lane::Ride, 60, 0.25),
            (31, Lane::Crash, 90, 0.4),
        ] {
            grid.steps[k][lane.index()] = Cell { velocity, offset };
        }
        let again = grid_of(&grid_strokes(&grid), grid.meter, grid.tempo, 32);
        for (step, other) in grid.steps.iter().zip(&again.steps) {
            for (cell, other) in step.iter().zip(other) {
                assert_eq!(cell.velocity, other.velocity);
                assert!((cell.offset - other.offset).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn the_louder_of_two_stays_and_what_is_beyond_is_left_out() {
        let stroke = |time_ns, velocity| Stroke {
            time_ns,
            lane: Lane::Snare,
            velocity,
        };
        // 125 ms a step: 62.5 ms is half of one, and goes up.
        let strokes = [
            stroke(62_500_000, 50),
            stroke(120_000_000, 80),
            stroke(150_000_000, 70),
            stroke(240_000_000, 9),
        ];
        let grid = grid_of(&strokes, Meter::COMMON, 120.0, 2);
        let lane = Lane::Snare.index();
        assert_eq!(grid.steps[0][lane].velocity, 0);
        assert_eq!(grid.steps[1][lane].velocity, 80);
        assert!((grid.steps[1][lane].offset + 0.04).abs() < 1e-6);
        let odd = grid_of(&strokes, Meter::COMMON, f64::NAN, 2);
        assert_eq!(odd.steps, grid.steps);
    }
}
