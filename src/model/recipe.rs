//! What a training run decides before and beside its updates: the learning rate's course,
//! the starting weights, the styles, and what two runs must share to be one.

use super::batches::Pieces;
use super::checkpoint::RunState;
use super::config::{MAX_STYLES, ModelConfig, SCHEMA_VERSION};
use super::params::{self, Head};
use crate::base::text::sanitize;
use crate::beat::grid::hits;
use crate::beat::kit::DrumMap;
use crate::dataset::corpus::Corpus;
use crate::message::{EndReason, Representation, TrainConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Updates of linear warm-up, at most a tenth of the run.
const WARM_UP: usize = 50;
/// The cosine ends at this share of the peak learning rate.
const FLOOR: f64 = 0.02;

/// What is learned.
#[derive(Clone, Debug)]
pub struct TrainingSet {
    /// Pieces to learn from.
    pub train: Arc<Corpus>,
    /// Pieces to score on; where empty, the training pieces are scored.
    pub validation: Arc<Corpus>,
    /// How the files' notes were read.
    pub drum_map: DrumMap,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why.
    pub reason: EndReason,
    /// Best validation figure and its epoch, from 1.
    pub best: Option<(f32, usize)>,
    /// Whether it began: it can be told to stop before, and then nothing was written.
    pub began: bool,
    /// Where an earlier run's checkpoints were moved to.
    pub set_aside: Option<PathBuf>,
}

/// Linear warm-up to `peak`, then a cosine down to [`FLOOR`] of it over `total` updates
/// (Loshchilov and Hutter 2017, without restarts).
pub(super) fn learning_rate(peak: f64, done: usize, total: usize) -> f64 {
    let warm_up = WARM_UP.min(total / 10).max(1);
    if done < warm_up {
        return peak * (done + 1) as f64 / warm_up as f64;
    }
    let along = (done - warm_up) as f64 / (total.saturating_sub(warm_up)).max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * along.min(1.0)).cos());
    peak * (FLOOR + (1.0 - FLOOR) * cosine)
}

/// What a run with these flags learns, as far as it is known before.
pub(super) fn first_config(flags: &TrainConfig, set: &TrainingSet) -> ModelConfig {
    let styles = styles(&set.train);
    ModelConfig {
        schema: SCHEMA_VERSION,
        units: flags.units,
        layers: flags.num_layers,
        fullness: fullness(&set.train, &styles),
        styles,
        drum_map: set.drum_map.clone(),
        name: name(flags),
        bits_per_step: None,
        epoch: 0,
    }
}

/// The starting weights: random matrices, and output biases at the log-odds of the data.
pub(super) fn first_weights(config: &ModelConfig, pieces: &Pieces, seed: u64) -> Vec<Vec<f32>> {
    let mut weights: Vec<Vec<f32>> = params::specs(config)
        .iter()
        .enumerate()
        .map(|(i, spec)| params::start(spec, i, seed))
        .collect();
    let data = pieces.statistics();
    let log_odds = |p: &f64| (p / (1.0 - p)).ln() as f32;
    weights[Head::HitBias.index(config.layers)] = data.hit_rate.iter().map(log_odds).collect();
    weights
}

/// The styles of a training set by name; of more than [`MAX_STYLES`], those with most steps.
fn styles(corpus: &Corpus) -> Vec<String> {
    let mut steps: BTreeMap<String, usize> = BTreeMap::new();
    for piece in corpus.pieces() {
        if let Some(style) = corpus.style_of(piece) {
            *steps.entry(sanitize(style)).or_default() += piece.steps;
        }
    }
    let mut list: Vec<(String, usize)> = steps.into_iter().collect();
    list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    list.truncate(MAX_STYLES);
    let mut names: Vec<String> = list.into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

/// Of each style, the share of steps with a hit: in its beats, or, if it has none, in its fills.
fn fullness(corpus: &Corpus, styles: &[String]) -> Vec<f32> {
    let mut counts = vec![[[0usize; 2]; 2]; styles.len()];
    let mut steps = Vec::new();
    for piece in corpus.pieces() {
        let style = corpus.style_of(piece).map(sanitize);
        let style = style.and_then(|s| styles.iter().position(|known| *known == s));
        if let Some(count) = style.and_then(|s| counts.get_mut(s)) {
            corpus.read(piece, 0..piece.steps, &mut steps);
            let [hit, all] = &mut count[usize::from(piece.fill)];
            *hit += steps.iter().filter(|step| hits(step) != 0).count();
            *all += steps.len();
        }
    }
    let share = |[hit, all]: [usize; 2]| hit as f32 / all.max(1) as f32;
    let of = |[beats, fills]: [[usize; 2]; 2]| share(if beats[1] > 0 { beats } else { fills });
    counts.into_iter().map(of).collect()
}

/// A digest of the training pieces and their order: a run goes on only with the same.
pub(super) fn identity(corpus: &Corpus) -> String {
    let mut hasher = blake3::Hasher::new();
    let (mut steps, mut velocities) = (Vec::new(), Vec::new());
    for piece in corpus.pieces() {
        hasher.update(piece.name.as_bytes());
        hasher.update(&(piece.steps as u64).to_le_bytes());
        corpus.read(piece, 0..piece.steps, &mut steps);
        velocities.clear();
        velocities.extend(steps.iter().flatten().map(|cell| cell.velocity));
        hasher.update(&velocities);
    }
    hasher.finalize().to_hex()[..16].to_string()
}

/// The flags that must be the same for a run to go on. `--epochs` may change: a run can be made
/// longer, and its learning rate then falls anew from where the longer course is.
pub(super) fn settings(flags: &TrainConfig) -> String {
    let frames = match flags.representation {
        Representation::Beat => String::new(),
        Representation::Mel => format!(
            " --representation mel --sample-rate {} --hop-length {} --n-mels {}",
            flags.sample_rate, flags.hop_length, flags.n_mels
        ),
    };
    format!(
        "--units {} --num-layers {} --sequence-length {} --batch-size {} --learning-rate {} --dropout {} \
         --seed {}{frames}",
        flags.units,
        flags.num_layers,
        flags.sequence_length,
        flags.batch_size,
        flags.learning_rate,
        flags.dropout,
        flags.seed
    )
}

/// Whether the best figure is so many epochs old that the run's patience is over.
pub(super) fn is_settled(flags: &TrainConfig, state: &RunState) -> bool {
    let old = |(_, best): (f32, usize)| state.epoch.saturating_sub(best) >= flags.patience;
    flags.patience > 0 && state.best.is_some_and(old)
}

/// The name of a folder, for people.
fn folder(path: &Path) -> String {
    let name = path
        .canonicalize()
        .ok()
        .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()));
    sanitize(&name.unwrap_or_else(|| "untitled".into()))
}

/// A model's name, for people.
pub(super) fn name(flags: &TrainConfig) -> String {
    let folder = folder(&flags.data_dir);
    format!("{folder} {}x{}", flags.num_layers, flags.units)
}
