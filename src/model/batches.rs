//! Pieces of drumming turned into the numbers a learner takes.

use super::ahead::{At, Course};
use super::batch::Batch;
use super::config::ModelConfig;
use super::encode::{self, BARS, Heard, Place, encode_after, place_at};
use crate::base::rng::{Purpose, uniform};
use crate::beat::grid::{LANES, Step};
use crate::dataset::batch::{Length, Plan};
use crate::dataset::corpus::{Corpus, Piece};
use crate::message::TrainConfig;
use std::sync::Arc;

/// How often a piece is learned without its style, its tempo, and whether it is a fill, so that the model can also play without
/// knowing them.
const KEPT_BACK: f32 = 0.1;
/// How often a piece is told how dense it is.
const DENSITY_TOLD: f32 = 0.25;

/// The pieces of a training set. Steps stay packed until a batch shows them.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    corpus: Arc<Corpus>,
    /// Which of the corpus they are: those that are not empty.
    which: Vec<usize>,
    lengths: Vec<Length>,
    /// Share of steps with a hit, of each.
    densities: Vec<f32>,
    /// The corpus's styles in the model's list.
    styles: Vec<Option<usize>>,
}

/// What the data say before anything is learned: where the last biases start.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Share of steps with a hit, a lane.
    pub hit_rate: [f64; LANES],
}

impl Pieces {
    /// Takes the pieces, in order.
    #[must_use]
    pub fn new(corpus: &Arc<Corpus>, config: &ModelConfig) -> Self {
        let all = corpus.pieces().iter().enumerate();
        let (which, lengths): (Vec<usize>, _) = all
            .filter(|(_, piece)| piece.steps > 0)
            .map(|(i, piece)| {
                let (steps, bar) = (piece.steps, piece.meter.steps());
                (i, Length { steps, bar })
            })
            .unzip();
        let mut read = Vec::new();
        let mut density = |i: &usize| {
            let piece = &corpus.pieces()[*i];
            corpus.read(piece, 0..piece.steps, &mut read);
            density_of(&read)
        };
        Self {
            densities: which.iter().map(&mut density).collect(),
            which,
            lengths,
            styles: corpus
                .styles()
                .iter()
                .map(|style| config.style_index(style))
                .collect(),
            corpus: Arc::clone(corpus),
        }
    }

    /// Their lengths, for [`Plan::new`].
    #[must_use]
    pub fn lengths(&self) -> &[Length] {
        &self.lengths
    }

    /// Counts hits, with a little of everything added.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let mut steps = 1.0f64;
        let mut hits = [0.5f64; LANES];
        let mut read = Vec::new();
        for piece in self.corpus.pieces() {
            self.corpus.read(piece, 0..piece.steps, &mut read);
            for step in &read {
                steps += 1.0;
                for (lane, _) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
                    hits[lane] += 1.0;
                }
            }
        }
        Statistics {
            hit_rate: hits.map(|h| (h / steps).clamp(1e-4, 1.0 - 1e-4)),
        }
    }

    /// Fills `batch` with update `update` of an epoch's plan.
    pub fn fill(
        &self,
        batch: &mut Batch,
        plan: &Plan,
        update: usize,
        styles: usize,
        seed: u64,
        epoch: usize,
    ) {
        batch.reset(plan.length(), plan.streams(), encode::width(styles));
        let mut read = Vec::new();
        for run in plan.runs(update) {
            let which = self.which.get(run.piece).copied();
            let Some(piece) = which.and_then(|i| self.corpus.pieces().get(i)) else {
                continue;
            };
            let style = piece
                .style
                .and_then(|s| self.styles.get(s as usize).copied()?);
            let told = Told {
                style,
                density: self.densities[run.piece],
                draws: std::array::from_fn(|i| {
                    let which = (run.piece * 4 + i) as u64;
                    uniform(seed, epoch as u64, which, Purpose::Told)
                }),
            };
            // As far back as the model is told of the past.
            let from = run.step.saturating_sub(BARS * piece.meter.steps());
            self.corpus
                .read(piece, from..run.step + run.steps, &mut read);
            let mut heard = Heard::default();
            for (at, step) in read.iter().enumerate().take(run.step - from) {
                heard.take(at, step);
            }
            for (at, t) in (run.step - from..read.len()).zip(run.at..) {
                let slot = t * batch.streams + run.row;
                let place = told.place(piece, from + at);
                let x = batch.put(slot, &read[at]);
                encode_after(&read, at, &place, &heard, x);
                heard.take(at, &read[at]);
            }
            if run.begins {
                batch.keep[run.at * batch.streams + run.row] = 0.0;
            }
        }
    }
}

/// Everything the batches of a run are made from.
#[derive(Clone, Debug)]
pub struct BeatCourse {
    pieces: Arc<Pieces>,
    /// How many styles the model tells apart.
    styles: usize,
    streams: usize,
    length: usize,
    seed: u64,
    epochs: usize,
}

impl BeatCourse {
    /// The course of a run with these flags.
    #[must_use]
    pub const fn new(pieces: Arc<Pieces>, styles: usize, flags: &TrainConfig) -> Self {
        Self {
            pieces,
            styles,
            streams: flags.batch_size,
            length: flags.sequence_length,
            seed: flags.seed,
            epochs: flags.epochs,
        }
    }

    /// What it is made from.
    #[must_use]
    pub fn pieces(&self) -> &Pieces {
        &self.pieces
    }
}

impl Course for BeatCourse {
    type Batch = Batch;

    fn plan(&self, epoch: usize) -> Plan {
        Plan::new(
            self.pieces.lengths(),
            self.streams,
            self.length,
            self.seed,
            epoch,
        )
    }

    fn fill(&self, batch: &mut Batch, plan: &Plan, (epoch, update): At) {
        self.pieces
            .fill(batch, plan, update, self.styles, self.seed, epoch);
    }

    fn epochs(&self) -> usize {
        self.epochs
    }

    fn steps(&self) -> usize {
        self.pieces.lengths().iter().map(|l| l.steps).sum()
    }
}

/// Share of steps with a hit.
fn density_of(steps: &[Step]) -> f32 {
    let some = |step: &&Step| step.iter().any(|cell| cell.velocity > 0);
    steps.iter().filter(some).count() as f32 / steps.len().max(1) as f32
}

/// What there is to tell of a piece, and the epoch's draws of whether it is told.
struct Told {
    style: Option<usize>,
    density: f32,
    /// Style, tempo, beat or fill, density.
    draws: [f32; 4],
}

impl Told {
    /// The place of a step, without what is kept back.
    fn place(&self, piece: &Piece, at: usize) -> Place {
        let [style, tempo, fill, density] = self.draws;
        let all = place_at(piece.meter, piece.tempo, at, self.style);
        Place {
            style: all.style.filter(|_| style >= KEPT_BACK),
            bpm: all.bpm.filter(|_| tempo >= KEPT_BACK),
            fill: Some(piece.fill).filter(|_| fill >= KEPT_BACK),
            density: Some(self.density).filter(|_| density < DENSITY_TOLD),
            ..all
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::Meter;
    use crate::beat::kit::DrumMap;
    use crate::dataset::load::Example;
    use crate::model::encode::{encode_step, place_in};
    use crate::model::tests::groove;

    /// The batch straight from the grids.
    fn plain(examples: &[Example], config: &ModelConfig, plan: &Plan, update: usize) -> Batch {
        let styles = config.styles.len();
        let mut batch = Batch::default();
        batch.reset(plan.length(), plan.streams(), encode::width(styles));
        for run in plan.runs(update) {
            let example = &examples[run.piece];
            let draw = |i| uniform(3, 2, (run.piece * 4 + i) as u64, Purpose::Told);
            let style = example.style.as_deref();
            let style = style.and_then(|s| config.style_index(s));
            let steps = &example.grid.steps;
            for i in 0..run.steps {
                let (slot, at) = ((run.at + i) * plan.streams() + run.row, run.step + i);
                let mut place = place_in(&example.grid, at, style);
                if draw(0) < 0.1 {
                    place.style = None;
                }
                if draw(1) < 0.1 {
                    place.bpm = None;
                }
                place.fill = (draw(2) >= 0.1).then_some(example.fill);
                place.density = (draw(3) < 0.25).then(|| density_of(steps));
                let x = batch.put(slot, &steps[at]);
                encode_step(steps, at, &place, x);
                batch.keep[slot] = f32::from(u8::from(i > 0 || !run.begins));
            }
        }
        batch
    }

    fn config() -> ModelConfig {
        ModelConfig {
            schema: super::super::config::SCHEMA_VERSION,
            units: 4,
            layers: 1,
            styles: vec!["funk".into(), "rock".into()],
            fullness: Vec::new(),
            drum_map: DrumMap::gm(),
            name: "test".into(),
            bits_per_step: None,
            epoch: 0,
        }
    }

    fn example(name: u64, bars: usize, meter: Meter, style: Option<&str>) -> Example {
        let mut grid = groove(bars, meter, name);
        grid.tempo = 90.0 + name as f64;
        Example {
            name: name.to_string(),
            tempo: grid.tempo,
            grid,
            style: style.map(str::to_owned),
            fill: name.is_multiple_of(3),
            split: "train".into(),
        }
    }

    #[test]
    fn packed_pieces_give_the_batches_of_their_grids_bit_for_bit() {
        let config = config();
        let styles = [Some("rock"), None, Some("funk"), Some("unheard of")];
        let waltz = Meter::new(3, 4).unwrap();
        let examples: Vec<Example> = (0..24)
            .zip(styles.into_iter().cycle())
            .map(|(i, style)| {
                let meter = if i % 5 == 0 { waltz } else { Meter::COMMON };
                example(i, 1 + 7 * (i as usize % 4), meter, style)
            })
            .collect();
        let corpus = Arc::new(examples.iter().cloned().collect());
        let pieces = Pieces::new(&corpus, &config);
        let mut batch = Batch::default();
        let mut styled = 0;
        for (streams, length) in [(1, 64), (5, 24), (32, 64)] {
            let plan = Plan::new(pieces.lengths(), streams, length, 3, 2);
            for update in 0..plan.updates() {
                pieces.fill(&mut batch, &plan, update, config.styles.len(), 3, 2);
                assert_eq!(batch, plain(&examples, &config, &plan, update));
                let inputs = batch.inputs.chunks(encode::width(config.styles.len()));
                styled += inputs.filter(|x| x.last() == Some(&1.0)).count();
            }
        }
        assert!(styled > 100, "styles are told: {styled}");
    }

    #[test]
    fn pieces_without_steps_are_left_out() {
        let config = config();
        let examples =
            [(1, 0), (2, 2)].map(|(name, bars)| example(name, bars, Meter::COMMON, None));
        let corpus = Arc::new(examples.into_iter().collect());
        let pieces = Pieces::new(&corpus, &config);
        assert_eq!(pieces.lengths(), [Length { steps: 32, bar: 16 }]);
        let plan = Plan::new(pieces.lengths(), 1, 32, 1, 0);
        let mut batch = Batch::default();
        pieces.fill(&mut batch, &plan, 0, config.styles.len(), 1, 0);
        assert_eq!(batch.weights, [1.0; 32]);
    }
}
