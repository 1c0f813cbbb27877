//! Real music, cut as drawn pieces are, so that like is compared with like.

use crate::base::rng::Stream;
use crate::beat::grid::{BeatGrid, Meter};
use crate::dataset::corpus::{Corpus, Piece};

/// Bars of a piece that are measured.
pub const BARS: usize = 8;

/// Bars played before them, from silence: what a model plays first is not how it goes on. Real files
/// are cut alike.
pub const WARM_UP: usize = 2;

/// Real music, cut as drawn pieces are.
#[derive(Debug)]
pub struct Sets {
    pub(super) train: Vec<BeatGrid>,
    pub(super) validation: Vec<BeatGrid>,
    /// Whole pieces in 4/4, fills too, for copying.
    pub(super) train_whole: Vec<BeatGrid>,
    pub(super) validation_whole: Vec<BeatGrid>,
}

impl Sets {
    /// Cuts both.
    #[must_use]
    pub fn new(train: &Corpus, validation: &Corpus) -> Self {
        Self {
            train: cut(train, |_| true),
            validation: cut(validation, |_| true),
            train_whole: whole(train),
            validation_whole: whole(validation),
        }
    }
}

/// The pieces of a corpus that count here; where there are fills only, those.
pub(super) fn beats(real: &Corpus) -> impl Iterator<Item = &Piece> {
    let common = |piece: &&Piece| piece.meter == Meter::COMMON;
    let all = real.pieces().iter();
    let any = all.clone().filter(common).any(|piece| !piece.fill);
    all.filter(common).filter(move |piece| !(any && piece.fill))
}

/// The beats wanted, cut into pieces of [`BARS`] bars, the first [`WARM_UP`] bars left out as of drawn ones.
pub(super) fn cut(real: &Corpus, wanted: impl Fn(&Piece) -> bool) -> Vec<BeatGrid> {
    let pieces = beats(real).filter(|piece| wanted(piece));
    let pieces = pieces.flat_map(|piece| {
        let grid = real.grid(piece);
        let bar = grid.meter.steps();
        let after = grid.steps.get(WARM_UP * bar..).unwrap_or_default();
        let cuts = after.chunks_exact(BARS * bar).map(|steps| BeatGrid {
            meter: grid.meter,
            tempo: grid.tempo,
            steps: steps.to_vec(),
        });
        cuts.collect::<Vec<_>>()
    });
    pieces.collect()
}

fn whole(real: &Corpus) -> Vec<BeatGrid> {
    let common = |piece: &&Piece| piece.meter == Meter::COMMON;
    let pieces = real.pieces().iter().filter(common);
    pieces.map(|piece| real.grid(piece)).collect()
}

/// So many of a set at random, without putting back; all where there are no more.
pub(super) fn sample(grids: &[BeatGrid], count: usize, draws: &mut Stream) -> Vec<BeatGrid> {
    let mut order: Vec<usize> = (0..grids.len()).collect();
    draws.shuffle(&mut order);
    let chosen = order.into_iter().take(count);
    chosen.filter_map(|i| grids.get(i).cloned()).collect()
}
