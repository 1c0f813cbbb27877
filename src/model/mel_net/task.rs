//! What the training loop asks of the spectrogram model: data, starting weights, learner, score.

use super::batch::{MelBatch, MelCourse};
use super::config::{COMPONENTS, GROUPS, Head, MelNetConfig, MelSettings, SCHEMA};
use super::frames::Frames;
use super::learner::MelLearner;
use super::place::Place;
use super::sampler::MelSampler;
use super::score::score;
use super::weights::MelModel;
use crate::audio::onset::Ear;
use crate::dataset::corpus::Corpus;
use crate::message::{Excerpt, Representation, SpectrogramColumn, TrainConfig, TrainEvent};
use crate::model::before::Before;
use crate::model::config::Described;
use crate::model::device::{self, Backend, Device};
use crate::model::ear::TeachError;
use crate::model::ear::own::{OwnNews, bounded, own_ear};
use crate::model::learner::Learner;
use crate::model::recipe::{TrainingSet, name};
use crate::model::task::{Scored, Task, validation};
use crate::model::train_error::TrainError;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Seconds of the excerpt, and of what is heard before it.
const SHOWN: f64 = 3.0;

/// What the same component in the group below adds to a logit at the start.
const ALIKE: f32 = 1.0;

/// Learning spectrograms.
pub struct Mels<'a> {
    set: &'a TrainingSet,
    /// What is scored.
    validation: Option<Arc<Frames>>,
}

impl<'a> Mels<'a> {
    /// From these files.
    pub const fn new(set: &'a TrainingSet) -> Self {
        Self {
            set,
            validation: None,
        }
    }

    /// The same few seconds after each epoch, as they are and as the mean frames foreseen.
    fn excerpt(&self, model: &Arc<MelModel>, epoch: usize) -> Option<Box<Excerpt>> {
        let frames = self.validation.as_ref()?;
        let mel = &model.config().mel;
        let shown = (SHOWN / mel.seconds()) as usize;
        let long = |track: &&super::Track| frames.len_of(track) >= 2 * shown;
        let longest = || frames.tracks.iter().max_by_key(|t| t.levels.len());
        let track = frames.tracks.iter().find(long).or_else(longest)?;
        let end = frames.len_of(track).min(2 * shown);
        let mut sampler = MelSampler::new(Arc::clone(model));
        let mut state = sampler.start();
        let (mut data, mut foreseen) = (Vec::new(), Vec::new());
        for (at, frame) in track.levels.chunks_exact(mel.n_mels).take(end).enumerate() {
            let place = Place::of(mel, track.meter, track.tempo, at as u64);
            sampler.score(&mut state, &place, frame);
            if at + shown >= end {
                let levels = frame.iter().map(|level| f32::from(*level) / 255.0);
                data.push(SpectrogramColumn {
                    bands: levels.collect(),
                });
                foreseen.push(SpectrogramColumn {
                    bands: sampler.mean().to_vec(),
                });
            }
        }
        Some(Box::new(Excerpt {
            epoch,
            of: track.name.to_string(),
            data,
            model: foreseen,
            hz: (mel.fmin, mel.mel().top()),
        }))
    }
}

impl Task for Mels<'_> {
    type Config = MelNetConfig;
    type Course = MelCourse;

    fn set(&self) -> &TrainingSet {
        self.set
    }

    fn config(&self, flags: &TrainConfig) -> MelNetConfig {
        MelNetConfig {
            representation: Representation::Mel,
            schema: SCHEMA,
            units: flags.units,
            layers: flags.num_layers,
            components: COMPONENTS,
            groups: GROUPS.min(flags.n_mels),
            mel: MelSettings {
                sample_rate: flags.sample_rate,
                hop_length: flags.hop_length,
                n_mels: flags.n_mels,
                ..MelSettings::default()
            },
            drum_map: self.set.drum_map.clone(),
            name: format!("{} mel", name(flags)),
            bits_per_value: None,
            cross_entropy: None,
            epoch: 0,
            ear: None,
        }
    }

    /// Frames that the transcriber inside the program cannot read get one of their own.
    fn complete(
        &self,
        config: &mut MelNetConfig,
        flags: &TrainConfig,
        before: &mut Before<'_>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<(), TrainError> {
        config.check().map_err(TrainError::Unfit)?;
        let mel = config.mel.mel();
        let built_in = Ear::embedded().is_ok_and(|ear| *ear.mel() == mel);
        if built_in || config.ear.is_some() || self.set.train.is_empty() {
            return Ok(());
        }
        let lesson = bounded(mel, flags.seed, device::threads());
        let ear = own_ear(&lesson, &self.set.train, &mut |news| {
            tell(match news {
                OwnNews::Share(share) => TrainEvent::Teaching { share },
                OwnNews::Taught(f1) => TrainEvent::Taught { f1 },
            });
            if before.go_on(tell) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        let ear = ear.map_err(|error| match error {
            TeachError::Stopped => TrainError::Stopped,
            other => TrainError::Unfit(other.to_string()),
        })?;
        config.ear = Some(ear.to_bytes().into());
        Ok(())
    }

    fn course(
        &mut self,
        config: &MelNetConfig,
        flags: &TrainConfig,
        before: &mut Before<'_>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<MelCourse, TrainError> {
        config.check().map_err(TrainError::Unfit)?;
        let [learned, scored] = [&*self.set.train, validation(self.set)];
        let both = !std::ptr::eq(learned, scored);
        let files = learned.len() + if both { scored.len() } else { 0 };
        tell(TrainEvent::Preparing { done: 0, files });
        let mut render = |corpus: &Corpus, from: usize| {
            let mut told = |done| {
                tell(TrainEvent::Preparing {
                    done: from + done,
                    files,
                });
                before.go_on(tell)
            };
            let frames = Frames::render(corpus, config.mel, &mut told);
            let frames = frames.map_err(|e| TrainError::Unfit(e.to_string()))?;
            frames.map(Arc::new).ok_or(TrainError::Stopped)
        };
        let frames = render(learned, 0)?;
        self.validation = Some(if both {
            render(scored, learned.len())?
        } else {
            Arc::clone(&frames)
        });
        Ok(MelCourse::new(frames, config, flags))
    }

    fn first_weights(&self, config: &MelNetConfig, course: &MelCourse, seed: u64) -> Vec<Vec<f32>> {
        first_weights(config, course.frames(), seed)
    }

    fn learner(
        &self,
        device: &Device,
        _: usize,
        config: &MelNetConfig,
        weights: &[Vec<f32>],
        decays: &[bool],
    ) -> Result<Box<dyn Learner<MelBatch>>, TrainError> {
        if device.backend != Backend::Cpu {
            return Err(TrainError::Unfit(
                "--representation mel: spectrograms are learned on the processor. Give --device cpu".into(),
            ));
        }
        Ok(Box::new(MelLearner::new(config, weights, decays)))
    }

    fn score(
        &self,
        config: &mut MelNetConfig,
        epoch: usize,
        weights: &[Vec<f32>],
    ) -> Result<Scored, String> {
        config.epoch = epoch;
        let model = Arc::new(MelModel::new(config.clone(), weights.to_vec())?);
        let scored = self.validation.as_ref().map(|f| score(&model, f));
        let scored = scored.filter(|s| s.frames > 0);
        config.bits_per_value = scored.map(|s| s.bits_per_value as f32);
        config.cross_entropy = scored.map(|s| s.cross_entropy as f32);
        Ok((config.bits_per_value, self.excerpt(&model, epoch)))
    }
}

/// Random matrices. The first component holds on to the frame before, each later one less, the last not at all: they
/// begin as different sounds. What they do not hold they begin with at the data's mean. A group rather goes the way of the group below.
pub(super) fn first_weights(config: &MelNetConfig, frames: &Frames, seed: u64) -> Vec<Vec<f32>> {
    let mut weights = MelModel::start(config, seed);
    let (means, _) = frames.means();
    let bands = config.mel.n_mels;
    let last = config.components.saturating_sub(1).max(1) as f32;
    let hold = |k: usize| 1.0 - k as f32 / last;
    let at = |head: Head| head.index(config.layers);
    for (i, to) in weights[at(Head::Hold)].iter_mut().enumerate() {
        *to = hold(i / bands);
    }
    let log_odds = |p: f64| ((p + 1e-3) / (1.0 - p + 1e-3)).ln() as f32;
    let biases = (0..config.components).flat_map(|k| means.iter().map(move |p| (k, *p)));
    for (to, (k, p)) in weights[at(Head::Bias)].iter_mut().zip(biases) {
        *to = (1.0 - hold(k)) * log_odds(p);
    }
    for (i, to) in weights[at(Head::Link)].iter_mut().enumerate() {
        let (below, above) = (
            i / config.components % config.components,
            i % config.components,
        );
        *to = if below == above { ALIKE } else { 0.0 };
    }
    weights
}
