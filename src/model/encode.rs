//! What the LSTM hears at each step, schema 1.
//!
//! | columns | input |
//! |---|---|
//! | 9 | hits of the last step |
//! | 9 | its velocities, 0 to 1 |
//! | 9 | its micro-timing, in halves of a step (-1 to 1) |
//! | 9 | hits one bar before |
//! | 9 | hits two bars before |
//! | 24 | position in the bar, one-hot; longer bars share the last |
//! | 3 | bar counter modulo 2, 4, 8, as bits |
//! | 1 | the first step of the piece |
//! | 1 | tempo: (bpm - 110) / 40, within -2.5 to 4 |
//! | 1 | whether this is a fill |
//! | 1 | bar length, in 4/4 bars |
//! | 1 + styles | style, one-hot; the first column is "any style" |

use crate::beat::grid::{BeatGrid, LANES, Meter, Step};
use crate::message::hits;

/// Columns before the styles.
const FIXED: usize = 5 * LANES + POSITIONS + 3 + 4;
const POSITIONS: usize = 24;

/// How many columns an input has, with so many styles.
#[must_use]
pub const fn width(styles: usize) -> usize {
    FIXED + 1 + styles
}

/// Where a step stands: everything the model is told that is not drumming.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The step inside its bar, from 0.
    pub step_in_bar: u16,
    /// 16th steps a bar.
    pub steps_per_bar: u16,
    /// The bar, from 0.
    pub bar: u64,
    /// Quarter notes per minute.
    pub bpm: f32,
    /// Index of the style, or any.
    pub style: Option<usize>,
}

/// The drumming a step is predicted from.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// The step before; a rest at the start.
    pub last: &'a Step,
    /// Hits one bar before, as bits.
    pub bar_ago: u16,
    /// Hits two bars before, as bits.
    pub two_bars_ago: u16,
    /// Whether nothing was played before this step.
    pub first: bool,
    /// Whether this is a fill.
    pub fill: bool,
}

/// Writes the input of one step into `out`, [`width`] long.
pub fn encode(place: &Place, past: &Past<'_>, out: &mut [f32]) {
    out.fill(0.0);
    for (lane, cell) in past.last.iter().enumerate() {
        if cell.velocity > 0 {
            out[lane] = 1.0;
            out[LANES + lane] = f32::from(cell.velocity) / 127.0;
            out[2 * LANES + lane] = cell.offset * 2.0;
        }
        out[3 * LANES + lane] = f32::from(past.bar_ago >> lane & 1);
        out[4 * LANES + lane] = f32::from(past.two_bars_ago >> lane & 1);
    }
    let mut at = 5 * LANES;
    out[at + usize::from(place.step_in_bar).min(POSITIONS - 1)] = 1.0;
    at += POSITIONS;
    for bit in 0..3 {
        out[at + bit] = (place.bar >> bit & 1) as f32;
    }
    at += 3;
    out[at] = f32::from(u8::from(past.first));
    out[at + 1] = ((place.bpm - 110.0) / 40.0).clamp(-2.5, 4.0);
    out[at + 2] = f32::from(u8::from(past.fill));
    out[at + 3] = f32::from(place.steps_per_bar) / 16.0;
    at += 4;
    let styles = out.len() - at - 1;
    let style = place.style.filter(|&s| s < styles).map_or(0, |s| s + 1);
    out[at + style] = 1.0;
}

/// Writes the input of step `at` of a grid into `out`: what was played before it in the
/// grid is its past.
pub fn encode_grid(grid: &BeatGrid, at: usize, style: Option<usize>, fill: bool, out: &mut [f32]) {
    encode_step(&grid.steps, at, &place_in(grid, at, style), fill, out);
}

/// Writes the input of `steps[at]`, which stands at `place`, into `out`. What is before it in
/// `steps` is its past: all of its piece, or at least the last two bars.
pub fn encode_step(steps: &[Step], at: usize, place: &Place, fill: bool, out: &mut [f32]) {
    let bar = usize::from(place.steps_per_bar);
    let rest = Step::default();
    let ago = |n: usize| at.checked_sub(n).map_or(0, |i| hits(&steps[i]));
    let past = Past {
        last: at.checked_sub(1).map_or(&rest, |i| &steps[i]),
        bar_ago: ago(bar),
        two_bars_ago: ago(2 * bar),
        first: at == 0,
        fill,
    };
    encode(place, &past, out);
}

/// Where step `at` of a grid stands.
#[must_use]
pub fn place_in(grid: &BeatGrid, at: usize, style: Option<usize>) -> Place {
    place_at(grid.meter, grid.tempo, at, style)
}

/// Where step `at` of a piece in this time signature and tempo stands.
#[must_use]
pub fn place_at(meter: Meter, tempo: f64, at: usize, style: Option<usize>) -> Place {
    let bar = meter.steps();
    Place {
        step_in_bar: (at % bar) as u16,
        steps_per_bar: bar as u16,
        bar: (at / bar) as u64,
        bpm: tempo as f32,
        style,
    }
}

/// The bin of a velocity, 1 to 127: 32 equal bins over 0 to 1 of `velocity / 127`.
#[must_use]
pub fn velocity_bin(velocity: u8) -> usize {
    let bins = super::config::BINS;
    ((f32::from(velocity) / 127.0 * bins as f32) as usize).min(bins - 1)
}

/// The bin of a micro-timing, -0.5 to 0.5 of a step, in 32 equal bins.
#[must_use]
pub fn offset_bin(offset: f32) -> usize {
    let bins = super::config::BINS;
    (((offset + 0.5) * bins as f32).max(0.0) as usize).min(bins - 1)
}

/// The velocity at a point of the unit interval, 1 to 127.
#[must_use]
pub fn velocity_at(unit: f32) -> u8 {
    (unit * 127.0).round().clamp(1.0, 127.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::{Cell, Meter};

    #[test]
    fn an_input_says_where_it_is_and_what_came_before() {
        let mut grid = BeatGrid {
            meter: Meter::COMMON,
            tempo: 150.0,
            steps: vec![Step::default(); 64],
        };
        grid.steps[34][1] = Cell {
            velocity: 127,
            offset: -0.25,
        };
        grid.steps[19][0].velocity = 64;
        grid.steps[3][8].velocity = 64;
        let mut x = vec![9.0; width(2)];
        encode_grid(&grid, 35, Some(1), false, &mut x);
        let lit: Vec<(usize, f32)> = (0..x.len())
            .filter(|&i| x[i] != 0.0)
            .map(|i| (i, x[i]))
            .collect();
        let expected = [
            (1, 1.0),           // snare just before
            (10, 1.0),          // at full velocity
            (19, -0.5),         // a quarter step early
            (27, 1.0),          // kick a bar ago
            (36 + 8, 1.0),      // ride two bars ago
            (45 + 3, 1.0),      // fourth step of the bar
            (45 + 24 + 1, 1.0), // third bar: counter 010
            (73, 1.0),          // (150 - 110) / 40
            (75, 1.0),          // sixteen steps a bar
            (76 + 2, 1.0),      // second style
        ];
        assert_eq!(lit, expected);
        assert_eq!(width(2), 79);
    }

    #[test]
    fn bins_cover_their_range() {
        assert_eq!(velocity_bin(1), 0);
        assert_eq!(velocity_bin(127), 31);
        assert_eq!(offset_bin(-0.5), 0);
        assert_eq!(offset_bin(0.0), 16);
        assert_eq!(offset_bin(0.499), 31);
        assert_eq!(velocity_at(0.0), 1);
        assert_eq!(velocity_at(1.0), 127);
    }
}
