//! [`Training`]: the training screen: the form, the run and its curves. It only listens to
//! the run; what to do next is decided in `update.rs` and `run.rs`.

use super::chart::{Bucket, Series};
use super::form::TrainForm;
use super::notices::sentence;
use super::unit::Unit;
use crate::base::text::{sanitize, sanitize_path};
use crate::message::{EndReason, Excerpt, Representation, TrainConfig, TrainEvent, TrainProgress};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Log lines kept.
const MOST_LINES: usize = 200;

/// How the run is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RunState {
    /// None yet.
    #[default]
    Idle,
    /// Asked for, not begun.
    Starting,
    /// Learning.
    Running,
    /// Holding.
    Paused,
    /// Asked to end, not ended.
    Stopping,
    /// Ended well.
    Ended(EndReason),
    /// Ended badly: a sentence, sanitised.
    Failed(String),
}

impl RunState {
    /// Whether a run is under way, so that no other can start.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(
            self,
            Self::Starting | Self::Running | Self::Paused | Self::Stopping
        )
    }

    /// Whether it holds.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        matches!(self, Self::Paused)
    }

    /// A word for the status line.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Idle => "no model training",
            Self::Starting => "starting",
            Self::Running => "training",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Ended(EndReason::Finished) => "finished",
            Self::Ended(EndReason::Settled) => "no better",
            Self::Ended(EndReason::Stopped) => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

/// A run's loss curves over epochs (fractions of one included).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// Bits ([`Unit::bits`]) on the batches.
    pub train: Series,
    /// Bits on validation, an epoch a point.
    pub validation: Series,
}

/// What the next checkpoint is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCheckpoint {
    /// To play on with.
    TakeOver,
    /// To hear a few bars of.
    Hear,
}

/// The training screen.
#[derive(Clone, Debug, Default)]
pub struct Training {
    /// The form.
    pub form: TrainForm,
    /// How the run is.
    pub state: RunState,
    /// Runs begun since the program started; the one shown, from 1.
    pub run: usize,
    /// Its flags.
    pub config: Option<Box<TrainConfig>>,
    /// Files whose spectrograms are made, and of how many, until it begins.
    pub preparing: Option<(usize, usize)>,
    /// The device, and why this one, sanitised.
    pub device: String,
    /// Trained numbers.
    pub parameters: usize,
    /// Training files and bars.
    pub data: (usize, u64),
    /// The drum map in force, sanitised.
    pub drum_map: String,
    /// Where it is.
    pub progress: TrainProgress,
    /// Its curves.
    pub curves: Curves,
    /// The curves of the run before it.
    pub previous: Option<Curves>,
    /// 16th steps or frames a second, over updates.
    pub throughput: Series,
    /// Norm of the gradient, over updates.
    pub gradient: Series,
    /// The learning rate, over updates.
    pub learning_rate: Series,
    /// Epoch and bits of the best validation.
    pub best: Option<(usize, f32)>,
    /// The newest checkpoint on the disk and its epoch; that of the run before until this one has written one.
    pub last_checkpoint: Option<(PathBuf, usize)>,
    /// What it said, oldest first, sanitised.
    pub log: VecDeque<String>,
    /// Whether the loss is drawn on a logarithmic scale.
    pub log_scale: bool,
    /// A few bars as they are and as the model foresaw them at its last validation.
    pub excerpt: Option<Box<Excerpt>>,
    /// The name of the model taken over last, sanitised.
    pub taken_over: Option<String>,
    /// Whether it was last asked to hold or to go on, until it says so.
    pub(super) hold_wish: Option<bool>,
    pub(super) after_checkpoint: Option<AfterCheckpoint>,
}

/// The loss chart, ready to be drawn: x in epochs, y in bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Left and right end.
    pub x: (f64, f64),
    /// Lower and upper end; a little wider than the curves.
    pub y: (f64, f64),
    /// The training loss, at most a group a column.
    pub train: Vec<Bucket>,
    /// The validation loss.
    pub validation: Vec<(f64, f64)>,
    /// The best validation.
    pub best: Option<(f64, f64)>,
    /// Validation (or, without any, training) loss of the run before.
    pub previous: Vec<(f64, f64)>,
}

impl Default for TrainForm {
    fn default() -> Self {
        Self::new(&TrainConfig::default())
    }
}

impl Training {
    pub(super) fn new(config: &TrainConfig) -> Self {
        Self {
            form: TrainForm::new(config),
            ..Self::default()
        }
    }

    /// A line for the log.
    pub(super) fn say(&mut self, line: &str) {
        self.log.push_back(sentence(line));
        while self.log.len() > MOST_LINES {
            self.log.pop_front();
        }
    }

    fn representation(&self) -> Representation {
        let config = self.config.as_ref();
        config.map_or_else(Representation::default, |config| config.representation)
    }

    /// What the run's figures count.
    #[must_use]
    pub fn unit(&self) -> Unit {
        Unit::of(self.representation())
    }

    /// Makes room for a new run with these flags.
    pub(super) fn begin(&mut self, config: &TrainConfig) {
        let old = std::mem::take(&mut self.curves);
        if self.representation() != config.representation {
            // Bits of another kind have no place in the same chart.
            self.previous = None;
        } else if !old.train.is_empty() {
            self.previous = Some(old);
        }
        self.config = Some(Box::new(config.clone()));
        self.preparing = None;
        self.run += 1;
        self.state = RunState::Starting;
        self.progress = TrainProgress::default();
        self.throughput = Series::default();
        self.gradient = Series::default();
        self.learning_rate = Series::default();
        self.best = None;
        self.excerpt = None;
        self.after_checkpoint = None;
        self.hold_wish = None;
    }

    /// Takes in what the run tells.
    pub(super) fn observe(&mut self, event: TrainEvent) {
        // A run nobody here asked for (it was started with the program) is shown all the same.
        if !self.state.is_active()
            && let TrainEvent::Started { config, .. } = &event
        {
            self.begin(config);
        }
        if matches!(event, TrainEvent::Paused | TrainEvent::Resumed) {
            self.hold_wish = None;
        }
        match event {
            TrainEvent::Started {
                config,
                device,
                parameters,
                files,
                bars,
                drum_map,
                resumed_at,
                ..
            } => {
                self.device = sanitize(&device);
                self.drum_map = sanitize(&drum_map);
                self.parameters = parameters;
                self.data = (files, bars);
                self.say(&format!(
                    "run {} on {}: {parameters} parameters, {files} files, {bars} bars, map {}",
                    self.run, self.device, self.drum_map
                ));
                if resumed_at > 0 {
                    self.say(&format!("goes on after update {resumed_at}"));
                }
                self.progress.epochs = config.epochs;
                self.preparing = None;
                self.config = Some(config);
                if self.state == RunState::Starting {
                    self.state = RunState::Running;
                }
            }
            TrainEvent::Progress(progress) => self.progressed(progress),
            TrainEvent::Validation {
                epoch,
                bits_per_step,
                best,
            } => {
                self.curves
                    .validation
                    .push(epoch as f64, f64::from(bits_per_step));
                if best {
                    self.best = Some((epoch, bits_per_step));
                }
                let mark = if best { ", the best so far" } else { "" };
                let unit = self.unit().bits;
                self.say(&format!(
                    "epoch {epoch}: validation {bits_per_step:.3} {unit}{mark}"
                ));
            }
            TrainEvent::Excerpt(mut excerpt) => {
                excerpt.of = sanitize(&excerpt.of);
                self.excerpt = Some(excerpt);
            }
            TrainEvent::Checkpoint { path, epoch } => {
                self.say(&format!("checkpoint {}", sanitize_path(&path)));
                self.last_checkpoint = Some((path, epoch));
            }
            TrainEvent::Paused if self.state != RunState::Stopping => {
                self.state = RunState::Paused;
                self.say("paused");
            }
            TrainEvent::Resumed if self.state != RunState::Stopping => {
                self.state = RunState::Running;
                self.say("goes on");
            }
            TrainEvent::Teaching { share: 0.0 } => {
                self.say("a transcriber for these frames is taught first");
            }
            TrainEvent::Taught { f1 } => {
                self.say(&format!(
                    "transcriber taught: F1 {f1:.3} on recordings kept back"
                ));
            }
            TrainEvent::Preparing { done, files } => {
                self.preparing = Some((done, files));
                if done >= files {
                    self.say(&format!("spectrograms of {files} files are made"));
                }
            }
            TrainEvent::Teaching { .. } | TrainEvent::Paused | TrainEvent::Resumed => {}
            TrainEvent::Ended { reason, best } => {
                self.preparing = None;
                self.state = RunState::Ended(reason);
                self.after_checkpoint = None;
                let best = best.map_or_else(String::new, |b| format!(", best validation {b:.3}"));
                self.say(&format!("{}{best}", self.state.word()));
            }
            TrainEvent::Failed(why) => {
                self.preparing = None;
                self.after_checkpoint = None;
                self.say(&why);
                self.state = RunState::Failed(sentence(&why));
            }
        }
    }

    fn progressed(&mut self, p: TrainProgress) {
        let x =
            p.epoch.saturating_sub(1) as f64 + p.update as f64 / p.updates_per_epoch.max(1) as f64;
        let updates = p.total_updates as f64;
        self.curves.train.push(x, f64::from(p.train_bits));
        self.throughput.push(updates, f64::from(p.steps_per_second));
        self.gradient.push(updates, f64::from(p.grad_norm));
        self.learning_rate.push(updates, p.learning_rate);
        if self.state == RunState::Starting {
            self.state = RunState::Running;
        }
        self.progress = p;
    }

    /// How much of the run is done, 0 to 1.
    #[must_use]
    pub fn fraction(&self) -> f32 {
        let p = &self.progress;
        if p.epochs == 0 {
            return 0.0;
        }
        let within = p.update as f32 / p.updates_per_epoch.max(1) as f32;
        ((p.epoch.saturating_sub(1) as f32 + within) / p.epochs as f32).clamp(0.0, 1.0)
    }

    /// The loss chart for a pane that many columns wide; `None` while there is nothing to draw.
    #[must_use]
    pub fn chart(&self, width: usize) -> Option<Chart> {
        let series = [Some(&self.curves.train), Some(&self.curves.validation)];
        let old = self.previous.as_ref().map(|c| {
            if c.validation.is_empty() {
                &c.train
            } else {
                &c.validation
            }
        });
        let shown = || series.into_iter().chain([old]).flatten();
        let (low, high) = shown()
            .filter_map(Series::range)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let margin = ((high - low) * 0.05).max(0.01);
        let right = shown()
            .filter_map(|s| s.buckets().last().map(|b| b.x))
            .fold(1e-3, f64::max);
        let points = |s: &Series| s.buckets().iter().map(|b| (b.x, b.mean())).collect();
        let train = &self.curves.train;
        Some(Chart {
            x: (0.0, right),
            y: ((low - margin).max(0.0), high + margin),
            train: train
                .columns(0.0, right, width)
                .into_iter()
                .flatten()
                .collect(),
            validation: points(&self.curves.validation),
            best: self.best.map(|(e, bits)| (e as f64, f64::from(bits))),
            previous: old.map(points).unwrap_or_default(),
        })
    }
}
