//! Many beats in little memory, each read back exactly as it was put in.
//!
//! A step is one byte, two where its last two lanes play, and a hit two more: about 3.5 bytes a
//! step of real drumming where a [`Step`] takes 72. What a piece's bytes are is known here alone.
//! Any stretch of a piece can be read at about the same cost, wherever it begins.

use super::load::Example;
use crate::beat::grid::{BeatGrid, Cell, LANES, Meter, Step};
use std::collections::HashMap;
use std::ops::Range;

/// Steps between two places where reading can begin.
const MARK: usize = 256;

/// What is known of a piece beside its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The file, as [`Example::name`].
    pub name: Box<str>,
    /// Index into [`Corpus::styles`], where the style is known.
    pub style: Option<u32>,
    /// Whether it is a fill.
    pub fill: bool,
    /// Its time signature.
    pub meter: Meter,
    /// Quarter notes per minute.
    pub tempo: f64,
    /// 16th steps.
    pub steps: usize,
    /// Its first place in [`Corpus::marks`].
    mark: usize,
}

impl Piece {
    /// Whole bars.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.steps.div_ceil(self.meter.steps())
    }
}

/// Pieces in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corpus {
    pieces: Vec<Piece>,
    styles: Vec<String>,
    bytes: Vec<u8>,
    /// Where in `bytes` each [`MARK`]th step of each piece begins.
    marks: Vec<usize>,
    /// Every micro-timing there is, by the number that stands for it: files have few, because
    /// their ticks are coarse.
    offsets: Vec<f32>,
    /// The way back, by the bits of the micro-timing.
    numbers: HashMap<u32, usize>,
    style_numbers: HashMap<String, u32>,
}

impl Corpus {
    /// Appends a beat.
    pub fn push(&mut self, example: &Example) {
        let style = example.style.as_ref().map(|style| self.style(style));
        self.pieces.push(Piece {
            name: example.name.as_str().into(),
            style,
            fill: example.fill,
            meter: example.grid.meter,
            tempo: example.grid.tempo,
            steps: example.grid.steps.len(),
            mark: self.marks.len(),
        });
        for (at, step) in example.grid.steps.iter().enumerate() {
            if at.is_multiple_of(MARK) {
                self.marks.push(self.bytes.len());
            }
            self.put(step);
        }
    }

    /// How many pieces there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What is known of the pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The styles in order of their first piece.
    #[must_use]
    pub fn styles(&self) -> &[String] {
        &self.styles
    }

    /// The style of a piece, where known.
    #[must_use]
    pub fn style_of(&self, piece: &Piece) -> Option<&str> {
        let style = self.styles.get(piece.style? as usize)?;
        Some(style)
    }

    /// Reads a stretch of a piece into `out`, replacing what is in it. What lies beyond the
    /// piece's end is left out.
    pub fn read(&self, piece: &Piece, stretch: Range<usize>, out: &mut Vec<Step>) {
        out.clear();
        let end = stretch.end.min(piece.steps);
        if stretch.start >= end {
            return;
        }
        let (before, skipped) = (stretch.start / MARK, stretch.start % MARK);
        let start = self.marks.get(piece.mark + before).copied();
        let mut rest = start
            .and_then(|at| self.bytes.get(at..))
            .unwrap_or_default();
        for _ in 0..skipped {
            self.take(&mut rest);
        }
        out.extend((stretch.start..end).map(|_| self.take(&mut rest)));
    }

    /// A whole piece.
    #[must_use]
    pub fn grid(&self, piece: &Piece) -> BeatGrid {
        let mut steps = Vec::with_capacity(piece.steps);
        self.read(piece, 0..piece.steps, &mut steps);
        BeatGrid {
            meter: piece.meter,
            tempo: piece.tempo,
            steps,
        }
    }

    fn style(&mut self, style: &str) -> u32 {
        if let Some(&number) = self.style_numbers.get(style) {
            return number;
        }
        let number = self.styles.len() as u32;
        self.styles.push(style.to_owned());
        self.style_numbers.insert(style.to_owned(), number);
        number
    }

    /// Writes a step: which lanes play, then velocity and number of the micro-timing of each.
    fn put(&mut self, step: &Step) {
        write(crate::beat::grid::hits(step).into(), &mut self.bytes);
        for cell in step.iter().filter(|cell| cell.velocity > 0) {
            let next = self.offsets.len();
            let number = *self
                .numbers
                .entry(cell.offset.to_bits())
                .or_insert_with(|| {
                    self.offsets.push(cell.offset);
                    next
                });
            self.bytes.push(cell.velocity);
            write(number, &mut self.bytes);
        }
    }

    /// Reads what [`Corpus::put`] wrote.
    fn take(&self, rest: &mut &[u8]) -> Step {
        let mut step = Step::default();
        let mut lanes = number(rest);
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            let velocity = byte(rest);
            let offset = self.offsets.get(number(rest)).copied().unwrap_or_default();
            if let Some(cell) = step.get_mut(lane) {
                *cell = Cell { velocity, offset };
            }
        }
        step
    }
}

const _: () = assert!(LANES <= 14, "the lanes of a step fit into two bytes");

impl FromIterator<Example> for Corpus {
    fn from_iter<I: IntoIterator<Item = Example>>(examples: I) -> Self {
        let mut corpus = Self::default();
        examples.into_iter().for_each(|e| corpus.push(&e));
        corpus
    }
}

/// Seven bits a byte, lowest first: most numbers here are small.
fn write(mut n: usize, to: &mut Vec<u8>) {
    while n >= 0x80 {
        to.push(n as u8 | 0x80);
        n >>= 7;
    }
    to.push(n as u8);
}

fn number(rest: &mut &[u8]) -> usize {
    let mut n = 0;
    let mut shift = 0;
    loop {
        let byte = byte(rest);
        n |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return n;
        }
        shift += 7;
    }
}

fn byte(rest: &mut &[u8]) -> u8 {
    let Some((&first, after)) = rest.split_first() else {
        return 0;
    };
    *rest = after;
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};

    fn example(draws: &mut Stream, steps: usize, style: Option<&str>) -> Example {
        let mut grid = BeatGrid {
            meter: Meter::COMMON,
            tempo: 60.0 + f64::from(draws.uniform()),
            steps: vec![Step::default(); steps],
        };
        for cell in grid.steps.iter_mut().flatten() {
            if draws.uniform() < 0.2 {
                *cell = Cell {
                    velocity: 1 + draws.below(127) as u8,
                    // Coarse ticks and any at all: more than one byte can number.
                    offset: match draws.below(2) {
                        0 => draws.below(120) as f32 / 120.0 - 0.5,
                        _ => draws.uniform() - 0.5,
                    },
                };
            }
        }
        Example {
            name: format!("{steps}.mid"),
            tempo: grid.tempo,
            grid,
            style: style.map(str::to_owned),
            fill: steps.is_multiple_of(3),
            split: "train".into(),
        }
    }

    #[test]
    fn pieces_come_back_as_they_went_in_whole_and_in_part() {
        let mut draws = Stream::new(5, 0, Purpose::Test);
        let styles = [Some("rock"), None, Some("funk"), Some("rock")];
        let sizes = [16, 1, 0, 256, 257, 2_000, 48];
        let examples: Vec<Example> = sizes
            .iter()
            .zip(styles.iter().cycle())
            .map(|(&steps, style)| example(&mut draws, steps, *style))
            .collect();
        let corpus: Corpus = examples.iter().cloned().collect();
        assert_eq!(corpus.len(), examples.len());
        assert_eq!(corpus.styles(), ["rock", "funk"]);
        let mut out = Vec::new();
        for (example, piece) in examples.iter().zip(corpus.pieces()) {
            assert_eq!(corpus.grid(piece), example.grid);
            assert_eq!(corpus.style_of(piece), example.style.as_deref());
            assert_eq!((&*piece.name, piece.fill), (&*example.name, example.fill));
            assert_eq!(piece.bars(), example.grid.bars());
            for _ in 0..50 {
                let from = draws.below(piece.steps + 2);
                let to = from + draws.below(600);
                corpus.read(piece, from..to, &mut out);
                let wanted = from.min(piece.steps)..to.min(piece.steps);
                assert_eq!(out, example.grid.steps[wanted]);
            }
        }
    }

    #[test]
    fn real_drumming_takes_a_tenth_of_its_steps_at_most() {
        let mut draws = Stream::new(6, 0, Purpose::Test);
        let mut example = example(&mut draws, 4_096, None);
        // As files have it: 120 ticks a step, a hit or two.
        for cell in example.grid.steps.iter_mut().flatten() {
            cell.offset = (cell.offset * 120.0).round() / 120.0;
        }
        let corpus: Corpus = [example].into_iter().collect();
        let bytes = corpus.bytes.len() + 8 * corpus.marks.len() + 4 * corpus.offsets.len();
        assert!(bytes * 10 < 4_096 * size_of::<Step>(), "{bytes}");
    }
}
