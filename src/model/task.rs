//! [`Task`]: what the training loop does not know of what is learned; and [`Beats`], the task of the beat model. The
//! other is [`super::mel_net`].

use super::ahead::Course;
use super::batch::Batch;
use super::batches::{BeatCourse, Pieces};
use super::before::Before;
use super::config::{Described, ModelConfig};
use super::device::{self, Device};
use super::evaluate::evaluate;
use super::excerpt::Excerpts;
use super::learner::Learner;
use super::recipe::{TrainingSet, first_config, first_weights};
use super::train_error::TrainError;
use super::weights::BeatModel;
use crate::beat::grid::LANES;
use crate::dataset::corpus::Corpus;
use crate::message::{Excerpt, TrainConfig, TrainEvent};
use std::sync::Arc;

/// The validation figure, where there is one, and what the model makes of a few bars.
pub(super) type Scored = (Option<f32>, Option<Box<Excerpt>>);

/// What is learned: everything of a run that beats and spectrograms do not share.
pub(super) trait Task {
    /// What its checkpoints say.
    type Config: Described;
    /// Where its batches come from.
    type Course: Course;

    /// The files.
    fn set(&self) -> &TrainingSet;

    /// The configuration of a new run.
    fn config(&self, flags: &TrainConfig) -> Self::Config;

    /// Gives a configuration what it needs before anything is learned, where it has not got it from the run that is gone on
    /// with. Where that takes long, `before` is heard meanwhile.
    ///
    /// # Errors
    /// Settings that cannot serve, or [`TrainError::Stopped`].
    fn complete(
        &self,
        _config: &mut Self::Config,
        _flags: &TrainConfig,
        _before: &mut Before<'_>,
        _tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<(), TrainError> {
        Ok(())
    }

    /// Makes the data ready; where that takes long, `before` is heard meanwhile.
    ///
    /// # Errors
    /// Settings that cannot serve, or [`TrainError::Stopped`].
    fn course(
        &mut self,
        config: &Self::Config,
        flags: &TrainConfig,
        before: &mut Before<'_>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<Self::Course, TrainError>;

    /// Where the weights start.
    fn first_weights(
        &self,
        config: &Self::Config,
        course: &Self::Course,
        seed: u64,
    ) -> Vec<Vec<f32>>;

    /// A learner on the device, or on so many of its kind.
    ///
    /// # Errors
    /// A device that does not serve this task.
    fn learner(
        &self,
        device: &Device,
        devices: usize,
        config: &Self::Config,
        weights: &[Vec<f32>],
        decays: &[bool],
    ) -> Result<Box<dyn Learner<<Self::Course as Course>::Batch>>, TrainError>;

    /// Scores the weights after an epoch and notes figure and epoch in the configuration.
    ///
    /// # Errors
    /// Weights that are no model.
    fn score(
        &self,
        config: &mut Self::Config,
        epoch: usize,
        weights: &[Vec<f32>],
    ) -> Result<Scored, String>;
}

/// Learning beats.
pub(super) struct Beats<'a> {
    set: &'a TrainingSet,
    excerpts: Option<Excerpts>,
}

impl<'a> Beats<'a> {
    /// From these files.
    pub(super) fn new(set: &'a TrainingSet) -> Self {
        Self {
            excerpts: Excerpts::new(validation(set)),
            set,
        }
    }
}

/// What is scored: the validation pieces, or where there are none those learned from.
pub(super) fn validation(set: &TrainingSet) -> &Corpus {
    if set.validation.is_empty() {
        &set.train
    } else {
        &set.validation
    }
}

impl Task for Beats<'_> {
    type Config = ModelConfig;
    type Course = BeatCourse;

    fn set(&self) -> &TrainingSet {
        self.set
    }

    fn config(&self, flags: &TrainConfig) -> ModelConfig {
        first_config(flags, self.set)
    }

    fn course(
        &mut self,
        config: &ModelConfig,
        flags: &TrainConfig,
        _: &mut Before<'_>,
        _: &mut dyn FnMut(TrainEvent),
    ) -> Result<BeatCourse, TrainError> {
        let pieces = Arc::new(Pieces::new(&self.set.train, config));
        Ok(BeatCourse::new(pieces, config.styles.len(), flags))
    }

    fn first_weights(&self, config: &ModelConfig, course: &BeatCourse, seed: u64) -> Vec<Vec<f32>> {
        first_weights(config, course.pieces(), seed)
    }

    fn learner(
        &self,
        device: &Device,
        devices: usize,
        config: &ModelConfig,
        weights: &[Vec<f32>],
        decays: &[bool],
    ) -> Result<Box<dyn Learner<Batch>>, TrainError> {
        Ok(device::learner(device, devices, config, weights, decays))
    }

    fn score(
        &self,
        config: &mut ModelConfig,
        epoch: usize,
        weights: &[Vec<f32>],
    ) -> Result<Scored, String> {
        config.epoch = epoch;
        let model = Arc::new(BeatModel::new(config.clone(), weights.to_vec())?);
        let never = |_: &str, _: &[[f32; LANES]]| Ok::<(), std::convert::Infallible>(());
        let Ok(scored) = evaluate(&model, validation(self.set), never);
        // Where nothing is in 4/4 there is no figure: the latest weights count as the best.
        let bits = (scored.steps > 0).then_some(scored.bits_per_step as f32);
        config.bits_per_step = bits;
        let excerpt = self.excerpts.as_ref().map(|e| e.at(&model, epoch));
        Ok((bits, excerpt))
    }
}
