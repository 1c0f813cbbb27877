//! A predictor that only counts, scored by the protocol: how regular the drumming is for who knows nothing
//! but the place in the bar and what a lane did a little while ago. Real data beside a model's figures.
//!
//! | predicted | from |
//! |---|---|
//! | hits | lane, place in the bar, the lane's own hits 1, 2, 4, 16 and 32 steps before |
//! | velocity | lane and place, 32 bins |
//! | micro-timing | lane and place, 32 bins; its median |

use super::{Evaluation, FileScore, run};
use crate::beat::grid::{LANES, Meter, Step};
use crate::dataset::corpus::{Corpus, Piece};
use crate::model::config::BINS;
use crate::model::encode::{offset_bin, velocity_bin};
use crate::model::sample::Score;
use std::convert::Infallible;

/// Steps back at which a lane's own hits are looked up.
const BACK: [usize; 5] = [1, 2, 4, 16, 32];
const CONTEXTS: usize = 1 << BACK.len();
const PLACES: usize = 16;

/// How many hits' weight the coarser distribution has beside what was counted (additive smoothing towards
/// the backoff, MacKay and Peto 1995).
const WEIGHT: f64 = 4.0;

/// Counts of real drumming in 4/4.
#[derive(Clone, Debug)]
pub struct Counting {
    /// `[lane][place][context]`: (hits, steps).
    hits: Vec<[f64; 2]>,
    /// `[lane][place][bin]`
    velocity: Vec<f64>,
    offset: Vec<f64>,
    /// `[lane][place]`: medians of the micro-timing, steps.
    median: Vec<f32>,
    pieces: usize,
}

impl Counting {
    /// Counts the pieces in 4/4 of a corpus.
    #[must_use]
    pub fn of(corpus: &Corpus) -> Self {
        let cells = LANES * PLACES;
        let mut counts = Self {
            hits: vec![[0.0; 2]; cells * CONTEXTS],
            velocity: vec![0.0; cells * BINS],
            offset: vec![0.0; cells * BINS],
            median: vec![0.0; cells],
            pieces: 0,
        };
        let mut offsets: Vec<Vec<f32>> = vec![Vec::new(); cells];
        for piece in corpus.pieces().iter().filter(|p| p.meter == Meter::COMMON) {
            counts.pieces += 1;
            let steps = corpus.grid(piece).steps;
            for (at, step) in steps.iter().enumerate() {
                for (lane, cell) in step.iter().enumerate() {
                    let place = lane * PLACES + at % PLACES;
                    let [hits, all] =
                        &mut counts.hits[place * CONTEXTS + context(&steps, at, lane)];
                    *all += 1.0;
                    if cell.velocity > 0 {
                        *hits += 1.0;
                        counts.velocity[place * BINS + velocity_bin(cell.velocity)] += 1.0;
                        counts.offset[place * BINS + offset_bin(cell.offset)] += 1.0;
                        offsets[place].push(cell.offset);
                    }
                }
            }
        }
        for (median, offsets) in counts.median.iter_mut().zip(&mut offsets) {
            offsets.sort_by(f32::total_cmp);
            *median = offsets.get(offsets.len() / 2).copied().unwrap_or(0.0);
        }
        counts
    }

    /// Whether nothing was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pieces == 0
    }

    /// Scores pieces by the protocol, told who drums in the piece of a name.
    #[must_use]
    pub fn evaluate<'a>(
        &self,
        corpus: &Corpus,
        drummer: impl Fn(&str) -> Option<&'a str>,
    ) -> Evaluation {
        let scorer = |piece: &Piece| {
            let steps = corpus.grid(piece).steps;
            let mut sum = FileScore::default();
            for (at, step) in steps.iter().enumerate() {
                sum.tally.count(&self.score(&steps, at, piece.tempo), step);
            }
            sum
        };
        let no_dump = |_: &str, _: &[[f32; LANES]]| Ok::<(), Infallible>(());
        let Ok(evaluation) = run(corpus, scorer, drummer, no_dump);
        evaluation
    }

    /// What the counts make of step `at`.
    fn score(&self, steps: &[Step], at: usize, bpm: f64) -> Score {
        let mut score = Score::default();
        for lane in 0..LANES {
            score.probabilities[lane] = self.hit(lane, at % PLACES, context(steps, at, lane));
        }
        let cells = steps.get(at).into_iter().flatten().enumerate();
        for (lane, cell) in cells.filter(|(_, cell)| cell.velocity > 0) {
            let place = at % PLACES;
            score.hits += 1;
            score.velocity_bits[lane] =
                bits(&self.velocity, lane, place, velocity_bin(cell.velocity));
            score.offset_bits[lane] = bits(&self.offset, lane, place, offset_bin(cell.offset));
            let off = f64::from(cell.offset - self.median[lane * PLACES + place]).abs();
            // A 16th lasts a quarter of a quarter note.
            score.offset_error_ms[lane] = off * 15_000.0 / bpm;
        }
        score
    }

    fn hit(&self, lane: usize, place: usize, context: usize) -> f32 {
        let here = (lane * PLACES + place) * CONTEXTS;
        let [mut hits, mut all] = [0.5, 1.0];
        for [h, n] in &self.hits[here..here + CONTEXTS] {
            hits += h;
            all += n;
        }
        let [h, n] = self.hits[here + context];
        ((h + WEIGHT * hits / all) / (n + WEIGHT)) as f32
    }
}

/// Which of the lane's own earlier steps were hit, as bits.
fn context(steps: &[Step], at: usize, lane: usize) -> usize {
    BACK.iter().enumerate().fold(0, |bits, (i, &back)| {
        let hit = at
            .checked_sub(back)
            .and_then(|then| steps.get(then))
            .is_some_and(|step| step[lane].velocity > 0);
        bits | usize::from(hit) << i
    })
}

/// Bits of a bin given lane and place, backed off to the lane, that to equal bins.
fn bits(counts: &[f64], lane: usize, place: usize, bin: usize) -> f64 {
    let cell = |place: usize| &counts[(lane * PLACES + place) * BINS..][..BINS];
    let of_lane: f64 = (0..PLACES).map(|place| cell(place)[bin]).sum();
    let in_lane: f64 = (0..PLACES).flat_map(cell).sum();
    let coarse = (of_lane + WEIGHT / BINS as f64) / (in_lane + WEIGHT);
    let here: f64 = cell(place).iter().sum();
    -((cell(place)[bin] + WEIGHT * coarse) / (here + WEIGHT)).log2()
}
