//! What is to be drawn from a model to be measured: how many pieces of each style, at which tempo.

use super::real::{BARS, beats};
use crate::dataset::corpus::{Corpus, Piece};
use serde::Serialize;
use std::collections::BTreeMap;

/// The pieces of one style.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StylePlan {
    /// Its name, where the music has one.
    pub style: Option<String>,
    /// Pieces to draw.
    pub pieces: usize,
    /// The median tempo of its real pieces, quarter notes a minute.
    pub bpm: f64,
    /// Share of steps with a hit in its real pieces.
    pub real_density: f64,
    /// Bars of its real pieces.
    pub real_bars: usize,
}

/// The styles of real music, training and validation, so that none is missed; beats in 4/4 only: fills are
/// a bar long and of another density.
#[must_use]
pub fn styles(real: &[&Corpus]) -> Vec<StylePlan> {
    let mut of_style: BTreeMap<Option<&str>, Vec<(&Corpus, &Piece)>> = BTreeMap::new();
    for &corpus in real {
        for piece in beats(corpus) {
            let style = of_style.entry(corpus.style_of(piece)).or_default();
            style.push((corpus, piece));
        }
    }
    let plan = |(style, pieces): (Option<&str>, Vec<(&Corpus, &Piece)>)| {
        let mut tempi: Vec<f64> = pieces.iter().map(|(_, piece)| piece.tempo).collect();
        tempi.sort_by(f64::total_cmp);
        let (mut active, mut steps) = (0, 0);
        for (corpus, piece) in &pieces {
            let grid = corpus.grid(piece);
            let hit = |step| usize::from(crate::beat::grid::hits(step) != 0);
            active += grid.steps.iter().map(hit).sum::<usize>();
            steps += grid.steps.len();
        }
        StylePlan {
            style: style.map(str::to_owned),
            pieces: 0,
            bpm: tempi.get(tempi.len() / 2).copied().unwrap_or(120.0),
            real_density: active as f64 / steps.max(1) as f64,
            real_bars: pieces.iter().map(|(_, piece)| piece.bars()).sum(),
        }
    };
    of_style.into_iter().map(plan).collect()
}

/// Pieces for at least `bars` bars, shared out as the real bars are (largest remainder, Hamilton's
/// rule), at least one a style. So a set is compared with real music of the same mixture, and the
/// mixture itself is not what is measured.
#[must_use]
pub fn in_proportion(styles: &[StylePlan], bars: usize) -> Vec<StylePlan> {
    let pieces = bars.div_ceil(BARS).max(styles.len());
    let all: usize = styles.iter().map(|style| style.real_bars).sum();
    let all = all.max(1) as f64;
    // Every style has one; the others are dealt out where most is missing.
    let share = |style: &StylePlan| style.real_bars as f64 / all * pieces as f64;
    let mut plan: Vec<StylePlan> = styles
        .iter()
        .map(|style| StylePlan {
            pieces: 1,
            ..style.clone()
        })
        .collect();
    for _ in plan.len()..pieces {
        let missing = |style: &StylePlan| share(style) - style.pieces as f64;
        let most = plan
            .iter_mut()
            .max_by(|a, b| missing(a).total_cmp(&missing(b)));
        if let Some(style) = most {
            style.pieces += 1;
        }
    }
    plan
}

/// Pieces for at least `bars` bars, as many of each style: what is said of every style then rests on
/// the same number of bars.
#[must_use]
pub fn evenly(styles: &[StylePlan], bars: usize) -> Vec<StylePlan> {
    let pieces = bars.div_ceil(BARS).div_ceil(styles.len().max(1));
    styles
        .iter()
        .map(|style| StylePlan {
            pieces: pieces.max(1),
            ..style.clone()
        })
        .collect()
}
