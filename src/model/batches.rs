//! Pieces of drumming turned into the numbers a learner takes.

use super::batch::Batch;
use super::config::{BINS, ModelConfig};
use super::encode::{self, encode_step, place_at};
use crate::base::rng::{Purpose, uniform};
use crate::beat::grid::LANES;
use crate::dataset::batch::{Length, Plan};
use crate::dataset::corpus::Corpus;
use std::sync::Arc;

/// How often a piece is learned without its style, so that the model can also play without one.
const STYLE_DROPPED: f32 = 0.1;

/// The pieces of a training set. Steps stay packed until a batch shows them.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    corpus: Arc<Corpus>,
    /// Which of the corpus they are: those that are not empty.
    which: Vec<usize>,
    lengths: Vec<Length>,
    /// The corpus's styles in the model's list.
    styles: Vec<Option<usize>>,
}

/// What the data say before anything is learned: where the last biases start.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Share of steps with a hit, a lane.
    pub hit_rate: [f64; LANES],
    /// Share of each velocity bin among a lane's hits, `LANES * BINS`.
    pub velocity: Vec<f64>,
    /// Share of each micro-timing bin.
    pub offset: Vec<f64>,
}

impl Pieces {
    /// Takes the pieces, in order.
    #[must_use]
    pub fn new(corpus: &Arc<Corpus>, config: &ModelConfig) -> Self {
        let all = corpus.pieces().iter().enumerate();
        let (which, lengths) = all
            .filter(|(_, piece)| piece.steps > 0)
            .map(|(i, piece)| {
                let (steps, bar) = (piece.steps, piece.meter.steps());
                (i, Length { steps, bar })
            })
            .unzip();
        Self {
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

    /// Counts hits, velocities and micro-timings, with a little of everything added.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let mut steps = 1.0f64;
        let mut hits = [0.5f64; LANES];
        let mut velocity = vec![0.1; LANES * BINS];
        let mut offset = vec![0.1; LANES * BINS];
        let mut read = Vec::new();
        for piece in self.corpus.pieces() {
            self.corpus.read(piece, 0..piece.steps, &mut read);
            for step in &read {
                steps += 1.0;
                for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
                    hits[lane] += 1.0;
                    velocity[lane * BINS + encode::velocity_bin(cell.velocity)] += 1.0;
                    offset[lane * BINS + encode::offset_bin(cell.offset)] += 1.0;
                }
            }
        }
        let share = |counts: &mut Vec<f64>| {
            for lane in counts.chunks_mut(BINS) {
                let total: f64 = lane.iter().sum();
                lane.iter_mut().for_each(|c| *c /= total);
            }
        };
        share(&mut velocity);
        share(&mut offset);
        Statistics {
            hit_rate: hits.map(|h| (h / steps).clamp(1e-4, 1.0 - 1e-4)),
            velocity,
            offset,
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
            let draw = uniform(seed, epoch as u64, run.piece as u64, Purpose::Shuffle);
            let style = piece
                .style
                .and_then(|s| self.styles.get(s as usize).copied()?);
            let style = style.filter(|_| draw >= STYLE_DROPPED);
            // The two bars before are what the model is told of the past.
            let from = run.step.saturating_sub(2 * piece.meter.steps());
            self.corpus
                .read(piece, from..run.step + run.steps, &mut read);
            for (at, t) in (run.step - from..read.len()).zip(run.at..) {
                let slot = t * batch.streams + run.row;
                let place = place_at(piece.meter, piece.tempo, from + at, style);
                let x = batch.put(slot, &read[at]);
                encode_step(&read, at, &place, piece.fill, x);
            }
            if run.begins {
                batch.keep[run.at * batch.streams + run.row] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::Meter;
    use crate::beat::kit::DrumMap;
    use crate::dataset::load::Example;
    use crate::model::encode::encode_grid;
    use crate::model::tests::groove;

    /// The batch straight from the grids.
    fn plain(examples: &[Example], config: &ModelConfig, plan: &Plan, update: usize) -> Batch {
        let styles = config.styles.len();
        let mut batch = Batch::default();
        batch.reset(plan.length(), plan.streams(), encode::width(styles));
        for run in plan.runs(update) {
            let example = &examples[run.piece];
            let draw = uniform(3, 2, run.piece as u64, Purpose::Shuffle);
            let style = example
                .style
                .as_deref()
                .and_then(|s| config.style_index(s))
                .filter(|_| draw >= STYLE_DROPPED);
            for i in 0..run.steps {
                let (slot, at) = ((run.at + i) * plan.streams() + run.row, run.step + i);
                let x = batch.put(slot, &example.grid.steps[at]);
                encode_grid(&example.grid, at, style, example.fill, x);
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
