//! What the LSTM hears at each step, schema 2. L is the steps of a bar.
//!
//! | columns | input |
//! |---|---|
//! | 9 | hits of the last step |
//! | 9 | its velocities, 0 to 1 |
//! | 9 | its micro-timing, in halves of a step (-1 to 1) |
//! | 8 x 9 | hits of L/2, L-1, L, L+1, 2L, 3L, 4L and 8L steps before |
//! | 3 x 18 | velocities and micro-timing of L/2, L and 2L steps before |
//! | 18 | velocity and micro-timing that each lane was last heard with, within eight bars |
//! | 3 x 9 | this place in the eight bars before: share of hits, their mean velocity, their mean micro-timing; each bar further back counts 0.7 times as much |
//! | 24 | position in the bar, one-hot; longer bars share the last |
//! | 3 | bar counter modulo 2, 4, 8, as bits |
//! | 1 | the first step of the piece |
//! | 1 | bar length, in 4/4 bars |
//! | 2 | tempo: (bpm - 110) / 40, within -2.5 to 4; whether it is unknown |
//! | 3 | a beat, a fill, or unknown |
//! | 2 | density wanted: (share of steps with a hit - 0.75) x 4; whether there is none |
//! | 1 + styles | style, one-hot; the first column is "any style" |
//!
//! What is unknown was kept back at random while learning ([`super::batches`]), so that each may be left out when playing.

use crate::beat::grid::{BeatGrid, Cell, LANES, Meter, Step};
use crate::message::hits;

/// Columns before the styles.
const FIXED: usize = (3 + BACK + 2 * TOUCHES + 2 + 3) * LANES + POSITIONS + 3 + 2 + 2 + 3 + 2;
const POSITIONS: usize = 24;
/// How many steps further back than the last are heard.
const BACK: usize = 8;
/// How many of them with velocity and micro-timing.
const TOUCHES: usize = 3;
/// Bars that are heard back.
pub const BARS: usize = 8;
/// The bar before counts for so much, each bar further back for the rest of what is left.
const LATELY: f32 = 0.3;

/// How many columns an input has, with so many styles.
#[must_use]
pub const fn width(styles: usize) -> usize {
    FIXED + 1 + styles
}

/// Where a step stands and what is wanted: everything the model is told that is not drumming.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The step inside its bar, from 0.
    pub step_in_bar: u16,
    /// 16th steps a bar.
    pub steps_per_bar: u16,
    /// The bar, from 0.
    pub bar: u64,
    /// Quarter notes per minute, if known.
    pub bpm: Option<f32>,
    /// Index of the style, or any.
    pub style: Option<usize>,
    /// Whether this is a fill, if known.
    pub fill: Option<bool>,
    /// Share of steps with a hit that is wanted, 0 to 1, or whatever comes.
    pub density: Option<f32>,
}

/// The drumming a step is predicted from; rests before the start.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// The step before.
    pub last: Step,
    /// Half a bar before.
    pub half: Step,
    /// One step less than a bar before, and one more, as bits.
    pub beside: [u16; 2],
    /// One to [`BARS`] bars before.
    pub bars: [Step; BARS],
    /// What each lane was last heard with, within [`BARS`] bars.
    pub heard: Step,
    /// Whether nothing was played before this step.
    pub first: bool,
}

impl Past {
    /// The past of a step in bars of so many steps: `ago` gives the step so many steps before.
    pub fn new(bar: usize, heard: Step, first: bool, ago: impl Fn(usize) -> Step) -> Self {
        // What would not be past is a rest.
        let ago = |n: usize| if n == 0 { Step::default() } else { ago(n) };
        Self {
            last: ago(1),
            half: ago(bar / 2),
            beside: [bar.saturating_sub(1), bar + 1].map(|n| hits(&ago(n))),
            bars: std::array::from_fn(|i| ago((i + 1) * bar)),
            heard,
            first,
        }
    }
}

/// Velocity and micro-timing of the lanes that have any.
fn expression(step: &Step, out: &mut [f32]) {
    for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
        out[lane] = f32::from(cell.velocity) / 127.0;
        out[LANES + lane] = cell.offset * 2.0;
    }
}

/// What this place was like in the bars before: share of hits, mean velocity, mean micro-timing.
fn lately(bars: &[Step; BARS], out: &mut [f32]) {
    let mut weight = LATELY;
    for step in bars {
        for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
            out[lane] += weight;
            out[LANES + lane] += weight * f32::from(cell.velocity) / 127.0;
            out[2 * LANES + lane] += weight * cell.offset * 2.0;
        }
        weight *= 1.0 - LATELY;
    }
    for lane in 0..LANES {
        let share = out[lane].max(1e-6);
        out[LANES + lane] /= share;
        out[2 * LANES + lane] /= share;
    }
}

/// Writes the input of one step into `out`, [`width`] long.
pub fn encode(place: &Place, past: &Past, out: &mut [f32]) {
    out.fill(0.0);
    let mut set = |first: usize, bits: u16| {
        for lane in (0..LANES).filter(|lane| bits >> lane & 1 == 1) {
            out[first + lane] = 1.0;
        }
    };
    set(0, hits(&past.last));
    let [less, more] = past.beside;
    let ago = |bars: usize| hits(&past.bars[bars - 1]);
    let back = [
        hits(&past.half),
        less,
        ago(1),
        more,
        ago(2),
        ago(3),
        ago(4),
        ago(BARS),
    ];
    for (i, bits) in back.into_iter().enumerate() {
        set((3 + i) * LANES, bits);
    }
    expression(&past.last, &mut out[LANES..]);
    let mut at = (3 + BACK) * LANES;
    for step in [&past.half, &past.bars[0], &past.bars[1], &past.heard] {
        expression(step, &mut out[at..]);
        at += 2 * LANES;
    }
    lately(&past.bars, &mut out[at..at + 3 * LANES]);
    at += 3 * LANES;
    out[at + usize::from(place.step_in_bar).min(POSITIONS - 1)] = 1.0;
    at += POSITIONS;
    for bit in 0..3 {
        out[at + bit] = (place.bar >> bit & 1) as f32;
    }
    at += 3;
    out[at] = f32::from(u8::from(past.first));
    out[at + 1] = f32::from(place.steps_per_bar) / 16.0;
    at += 2;
    match place.bpm {
        Some(bpm) => out[at] = ((bpm - 110.0) / 40.0).clamp(-2.5, 4.0),
        None => out[at + 1] = 1.0,
    }
    at += 2;
    out[at + place.fill.map_or(2, usize::from)] = 1.0;
    at += 3;
    match place.density {
        Some(share) => out[at] = (share - 0.75) * 4.0,
        None => out[at + 1] = 1.0,
    }
    at += 2;
    let styles = out.len() - at - 1;
    let style = place.style.filter(|&s| s < styles).map_or(0, |s| s + 1);
    out[at + style] = 1.0;
}

/// Writes the input of step `at` of a grid into `out`: what was played before it in the
/// grid is its past.
pub fn encode_grid(grid: &BeatGrid, at: usize, style: Option<usize>, fill: bool, out: &mut [f32]) {
    let place = Place {
        fill: Some(fill),
        ..place_in(grid, at, style)
    };
    encode_step(&grid.steps, at, &place, out);
}

/// Writes the input of `steps[at]`, which stands at `place`, into `out`. What is before it in
/// `steps` is its past: all of its piece, or at least the last [`BARS`] bars.
pub fn encode_step(steps: &[Step], at: usize, place: &Place, out: &mut [f32]) {
    let mut heard = Heard::default();
    let first = at.saturating_sub(BARS * usize::from(place.steps_per_bar));
    for (i, step) in steps.iter().enumerate().take(at).skip(first) {
        heard.take(i, step);
    }
    encode_after(steps, at, place, &heard, out);
}

/// [`encode_step`] for whoever goes through the steps in turn: `heard` has taken those before `at`.
pub fn encode_after(steps: &[Step], at: usize, place: &Place, heard: &Heard, out: &mut [f32]) {
    let bar = usize::from(place.steps_per_bar);
    let ago = |n: usize| at.checked_sub(n).map_or(Step::default(), |i| steps[i]);
    let past = Past::new(bar, heard.within(steps, at, BARS * bar), at == 0, ago);
    encode(place, &past, out);
}

/// Where each lane was last hit: one past its step, 0 for nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard([usize; LANES]);

impl Heard {
    /// Hears step number `at`.
    pub fn take(&mut self, at: usize, step: &Step) {
        for (last, cell) in self.0.iter_mut().zip(step) {
            if cell.velocity > 0 {
                *last = at + 1;
            }
        }
    }

    /// What each lane was last hit with, within so many steps before `at`.
    fn within(&self, steps: &[Step], at: usize, far: usize) -> Step {
        std::array::from_fn(|lane| match self.0[lane] {
            last if last > 0 && at < last + far => steps[last - 1][lane],
            _ => Cell::default(),
        })
    }
}

/// Where step `at` of a grid stands.
#[must_use]
pub fn place_in(grid: &BeatGrid, at: usize, style: Option<usize>) -> Place {
    place_at(grid.meter, grid.tempo, at, style)
}

/// Where step `at` of a piece in this time signature and tempo stands; a beat unless said otherwise.
#[must_use]
pub fn place_at(meter: Meter, tempo: f64, at: usize, style: Option<usize>) -> Place {
    let bar = meter.steps();
    Place {
        step_in_bar: (at % bar) as u16,
        steps_per_bar: bar as u16,
        bar: (at / bar) as u64,
        bpm: Some(tempo as f32),
        style,
        fill: Some(false),
        density: None,
    }
}

/// A micro-timing on the unit interval.
#[must_use]
pub fn offset_unit(offset: f32) -> f32 {
    offset + 0.5
}

/// The micro-timing at a point of the unit interval, -0.5 to 0.499 of a step.
#[must_use]
pub fn offset_at(unit: f32) -> f32 {
    (unit - 0.5).clamp(-0.5, 0.499)
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
            (1, 1.0),            // snare just before
            (10, 1.0),           // at full velocity
            (19, -0.5),          // a quarter step early
            (45, 1.0),           // kick a bar ago
            (63 + 8, 1.0),       // ride two bars ago
            (117, 64.0 / 127.0), // the kick's velocity a bar ago
            (143, 64.0 / 127.0), // the ride's two bars ago
            (153, 64.0 / 127.0), // the kick as it was last heard
            (154, 1.0),          // the snare
            (161, 64.0 / 127.0), // the ride
            (163, -0.5),         // the snare's micro-timing
            (171, 0.3),          // the kick lately
            (179, 0.21),         // the ride
            (180, 64.0 / 127.0), // the kick's velocity
            (188, 64.0 / 127.0), // the ride's
            (198 + 3, 1.0),      // fourth step of the bar
            (222 + 1, 1.0),      // third bar: counter 010
            (226, 1.0),          // sixteen steps a bar
            (227, 1.0),          // (150 - 110) / 40
            (229, 1.0),          // a beat
            (233, 1.0),          // no density wanted
            (234 + 2, 1.0),      // second style
        ];
        assert_eq!(lit.len(), expected.len());
        for (lit, expected) in lit.iter().zip(expected) {
            assert_eq!(lit.0, expected.0);
            assert!((lit.1 - expected.1).abs() < 1e-6, "{lit:?} {expected:?}");
        }
        assert_eq!(width(2), 237);
    }

    #[test]
    fn what_is_unknown_is_said_to_be() {
        let grid = BeatGrid {
            meter: Meter::COMMON,
            tempo: 100.0,
            steps: vec![Step::default(); 4],
        };
        let mut x = vec![0.0; width(1)];
        let place = Place {
            bpm: None,
            fill: None,
            density: Some(1.0),
            ..place_in(&grid, 2, None)
        };
        encode_step(&grid.steps, 2, &place, &mut x);
        let told: Vec<f32> = x[227..].to_vec();
        assert_eq!(told, [0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn short_bars_look_back_at_steps_that_were_played() {
        let meter = Meter::new(1, 16).unwrap();
        let mut grid = BeatGrid {
            meter,
            tempo: 100.0,
            steps: vec![Step::default(); 8],
        };
        grid.steps[6][0].velocity = 9;
        let mut x = vec![0.0; width(0)];
        // Half of a single step, and one less than it, are no step of the past.
        encode_grid(&grid, 7, None, true, &mut x);
        assert_eq!((x[0], x[27], x[36], x[45]), (1.0, 0.0, 0.0, 1.0));
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
