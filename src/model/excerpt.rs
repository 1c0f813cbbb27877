//! [`Excerpts`]: the same two bars after each epoch, as they are in the data and as the model foresees them,
//! both as the built-in kit plays them.
//!
//! A chance is shown by loudness: a hit foreseen with probability p is played with `100^(p - 1)` of the velocity
//! foreseen for it. The kit's loudness in decibels goes about with the logarithm of the velocity, so on the
//! picture's scale a chance of a half is about half as bright as a certainty, and what is unlikely is dark.

use super::encode::{Place, place_at};
use super::sample::Sampler;
use super::weights::BeatModel;
use crate::audio::spectrogram::Pictures;
use crate::beat::grid::{BeatGrid, Meter, Step};
use crate::dataset::corpus::{Corpus, Piece};
use crate::message::{COLUMNS_A_STEP, Excerpt, SpectrogramColumn};
use std::ops::Range;
use std::sync::Arc;

/// Bands of the pictures.
const BANDS: usize = 48;

/// How many steps are shown, and how many are heard before them: two bars of 4/4 each.
const SHOWN: usize = 32;
const HEARD: usize = 32;

/// What is less likely is not played: the softest stroke of the kit is not soft enough for it.
const LEAST: f32 = 0.1;

/// The part of the data that is shown, chosen once.
pub(super) struct Excerpts {
    pictures: Pictures,
    of: String,
    style: Option<String>,
    fill: bool,
    /// From the piece's first step to the last one shown.
    grid: BeatGrid,
    shown: Range<usize>,
    data: Vec<SpectrogramColumn>,
}

impl Excerpts {
    /// The excerpt of a corpus: the third and fourth bar of its first beat of four bars or more, else the last
    /// bars of its longest piece. None where there is no piece in 4/4.
    pub(super) fn new(corpus: &Corpus) -> Option<Self> {
        let common = || {
            let pieces = corpus.pieces().iter();
            pieces.filter(|piece| piece.meter == Meter::COMMON && piece.steps > 0)
        };
        let long = |piece: &&Piece| !piece.fill && piece.steps >= HEARD + SHOWN;
        let piece = common()
            .find(long)
            .or_else(|| common().max_by_key(|piece| piece.steps))?;
        let end = piece.steps.min(HEARD + SHOWN);
        let mut steps = Vec::new();
        corpus.read(piece, 0..end, &mut steps);
        let grid = BeatGrid {
            meter: piece.meter,
            tempo: piece.tempo,
            steps,
        };
        let shown = end.saturating_sub(SHOWN)..end;
        let pictures = Pictures::new(BANDS)?;
        Some(Self {
            data: pictures.of_steps(&grid, shown.clone(), COLUMNS_A_STEP),
            pictures,
            of: piece.name.to_string(),
            style: corpus.style_of(piece).map(str::to_owned),
            fill: piece.fill,
            grid,
            shown,
        })
    }

    /// The excerpt as a model foresees it after an epoch.
    pub(super) fn at(&self, model: &Arc<BeatModel>, epoch: usize) -> Box<Excerpt> {
        let style = self.style.as_deref();
        let style = style.and_then(|style| model.config().style_index(style));
        let mut sampler = Sampler::new(Arc::clone(model));
        let mut state = sampler.start();
        let mut foreseen = self.grid.clone();
        for (at, (step, out)) in self.grid.steps.iter().zip(&mut foreseen.steps).enumerate() {
            let place = Place {
                fill: Some(self.fill),
                ..place_at(self.grid.meter, self.grid.tempo, at, style)
            };
            let seen = sampler.foresee(&mut state, &place, step);
            if self.shown.contains(&at) {
                *out = as_loud_as_likely(&seen.probabilities, &seen.hits);
            }
        }
        let model = self
            .pictures
            .of_steps(&foreseen, self.shown.clone(), COLUMNS_A_STEP);
        Box::new(Excerpt {
            epoch,
            of: self.of.clone(),
            data: self.data.clone(),
            model,
            hz: Pictures::hz(),
        })
    }
}

/// A step's foreseen hits, each as loud as it is likely.
fn as_loud_as_likely(probabilities: &[f32], hits: &Step) -> Step {
    let mut step = *hits;
    for (cell, p) in step.iter_mut().zip(probabilities) {
        // What is no number is a rest, too.
        let share = if *p >= LEAST {
            100.0f32.powf(p.min(1.0) - 1.0)
        } else {
            0.0
        };
        cell.velocity = (f32::from(cell.velocity) * share).round() as u8;
        if cell.velocity == 0 {
            cell.offset = 0.0;
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::Cell;
    use crate::dataset::load::Example;

    fn example(name: &str, bars: usize, fill: bool) -> Example {
        let mut step = Step::default();
        step[0] = Cell {
            velocity: 100,
            offset: 0.0,
        };
        let grid = BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps: vec![step; bars * 16],
        };
        Example {
            name: name.into(),
            tempo: grid.tempo,
            grid,
            style: Some("rock".into()),
            fill,
            split: "validation".into(),
        }
    }

    #[test]
    fn the_same_bars_are_shown_after_each_epoch() {
        let corpus: Corpus = [
            example("fill.mid", 6, true),
            example("short.mid", 2, false),
            example("long.mid", 5, false),
        ]
        .into_iter()
        .collect();
        let excerpts = Excerpts::new(&corpus).unwrap();
        let [one, two] = [(1, 7), (2, 8)].map(|(epoch, seed)| {
            let model = BeatModel::random(8, 1, seed);
            excerpts.at(&model, epoch)
        });
        assert_eq!((one.of.as_str(), one.epoch, two.epoch), ("long.mid", 1, 2));
        assert_eq!(one.data, two.data);
        assert_ne!(one.model, two.model);
        for excerpt in [&one, &two] {
            assert_eq!(excerpt.data.len(), SHOWN * COLUMNS_A_STEP);
            assert_eq!(excerpt.model.len(), excerpt.data.len());
        }
        let short: Corpus = [example("short.mid", 1, false)].into_iter().collect();
        let excerpt = Excerpts::new(&short).unwrap();
        let excerpt = excerpt.at(&BeatModel::random(8, 1, 1), 1);
        assert_eq!(excerpt.model.len(), 16 * COLUMNS_A_STEP);
        assert!(Excerpts::new(&Corpus::default()).is_none());
    }

    #[test]
    fn what_is_likelier_is_louder() {
        let mut hits = Step::default();
        for cell in &mut hits {
            cell.velocity = 100;
        }
        let p = [1.0, 0.9, 0.5, 0.1, 0.0, f32::NAN, 1.0, 1.0, 1.0];
        let step = as_loud_as_likely(&p, &hits);
        let velocities: Vec<u8> = step.iter().take(6).map(|cell| cell.velocity).collect();
        assert_eq!(velocities, [100, 63, 10, 2, 0, 0]);
    }
}
