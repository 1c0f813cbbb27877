//! The training loop: contiguous truncated BPTT with carried state, AdamW with warm-up and
//! cosine, validation and checkpoints each epoch; can be paused, stopped and resumed at any
//! update. On the CPU a resumed run equals an unbroken one bit for bit.

use super::ahead::{Ahead, Course};
use super::before::Before;
use super::checkpoint::{self, RunState};
use super::config::Described;
use super::device::Device;
use super::learner::{Learner, Update};
use super::recipe::{identity, is_settled, learning_rate, settings};
use super::task::{Beats, Task};
use super::train_error::write_error;

use super::mel_net::Mels;
pub use super::recipe::{Outcome, TrainingSet};
pub use super::train_error::TrainError;
use crate::base::text::sanitize_path;
use crate::dataset::batch::Plan;
use crate::message::{
    EndReason, Representation, TrainCommand, TrainConfig, TrainEvent, TrainProgress,
};
use crossbeam_channel::Receiver;
use std::path::PathBuf;
use std::time::Instant;

/// The most 16th steps an update may hold: about 2 GB beside the weights.
pub(super) const MAX_SLOTS: usize = 1 << 17;

/// Trains. Blocks until the run ends; `tell` hears everything, `commands` steer it.
///
/// # Errors
/// See [`TrainError`]. What was saved before stays.
pub fn train(
    flags: &TrainConfig,
    set: &TrainingSet,
    device: &Device,
    commands: &Receiver<TrainCommand>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Outcome, TrainError> {
    match flags.representation {
        Representation::Beat => run(Beats::new(set), flags, device, commands, tell),
        Representation::Mel => run(Mels::new(set), flags, device, commands, tell),
    }
}

fn run<T: Task>(
    task: T,
    flags: &TrainConfig,
    device: &Device,
    commands: &Receiver<TrainCommand>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Outcome, TrainError> {
    let mut before = Before::new(commands);
    let mut run = match Run::begin(task, flags, device, &mut before, tell) {
        Err(TrainError::Stopped) => {
            let reason = EndReason::Stopped;
            tell(TrainEvent::Ended { reason, best: None });
            return Ok(Outcome {
                reason,
                best: None,
                began: false,
                set_aside: None,
            });
        }
        begun => begun?,
    };
    tell(run.started(device));
    if before.wants_checkpoint {
        run.save(tell)?;
    }
    let reason = run.all_epochs(commands, tell)?;
    let best = run.state.best;
    tell(TrainEvent::Ended {
        reason,
        best: best.map(|(bits, _)| bits),
    });
    Ok(Outcome {
        reason,
        best,
        began: true,
        set_aside: run.set_aside,
    })
}

/// What a batch of a task is.
type BatchOf<T> = <<T as Task>::Course as Course>::Batch;

/// A run under way.
struct Run<'a, T: Task> {
    task: T,
    flags: &'a TrainConfig,
    config: T::Config,
    course: T::Course,
    learner: Box<dyn Learner<BatchOf<T>>>,
    state: RunState,
    done: usize,
    /// Seconds an update, smoothed.
    pace: Option<f32>,
    set_aside: Option<PathBuf>,
}

/// What a command asked for.
enum Asked {
    Nothing,
    Stop,
}

impl<'a, T: Task> Run<'a, T> {
    fn begin(
        mut task: T,
        flags: &'a TrainConfig,
        device: &Device,
        before: &mut Before<'_>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<Self, TrainError> {
        let mut config = task.config(flags);
        // Found out now, not after the first epoch.
        checkpoint::try_folder(&flags.checkpoint_dir).map_err(|why| TrainError::Folder {
            path: sanitize_path(&flags.checkpoint_dir),
            why,
        })?;
        let data = identity(&task.set().train);
        let last = checkpoint::last_path(&flags.checkpoint_dir);
        let resumed = if flags.resume {
            if !last.exists() {
                return Err(TrainError::NothingToResume(sanitize_path(
                    &flags.checkpoint_dir,
                )));
            }
            let (theirs, run, snapshot) = checkpoint::load_run::<T::Config>(&last)?;
            let (a, b) = (settings(&run.flags), settings(flags));
            if a != b {
                return Err(TrainError::OtherSettings {
                    path: sanitize_path(&last),
                    theirs: a,
                    ours: b,
                });
            }
            if run.data != data {
                return Err(TrainError::OtherData {
                    path: sanitize_path(&last),
                });
            }
            config = theirs;
            Some((run, snapshot))
        } else {
            None
        };
        task.complete(&mut config, flags, before, tell)?;
        let course = task.course(&config, flags, before, tell)?;
        if course.steps() == 0 {
            return Err(TrainError::Nothing);
        }
        let decays: Vec<bool> = config.specs().iter().map(|s| s.decays).collect();
        let weights = task.first_weights(&config, &course, flags.seed);
        let mut learner = task.learner(device, flags.devices, &config, &weights, &decays)?;
        let mut set_aside = None;
        let state = match resumed {
            Some((run, snapshot)) => {
                learner.restore(&snapshot);
                RunState {
                    flags: flags.clone(),
                    ..run
                }
            }
            None => {
                set_aside = checkpoint::set_aside(&flags.checkpoint_dir)
                    .map_err(|source| write_error(&flags.checkpoint_dir, source))?;
                RunState {
                    flags: flags.clone(),
                    epoch: 0,
                    update: 0,
                    streams: 0,
                    best: None,
                    data,
                }
            }
        };
        let mut run = Self {
            task,
            flags,
            config,
            course,
            learner,
            state,
            done: 0,
            pace: None,
            set_aside,
        };
        let plan = run.course.plan(run.state.epoch);
        let slots = plan.length() * plan.streams();
        if slots > MAX_SLOTS {
            return Err(TrainError::TooLarge { slots });
        }
        run.done = (0..run.state.epoch)
            .map(|e| run.course.plan(e).updates())
            .sum::<usize>()
            + run.state.update;
        Ok(run)
    }

    /// Steps learned in a mean update of an epoch.
    fn batch_steps(&self, plan: &Plan) -> f32 {
        self.course.steps() as f32 / plan.updates().max(1) as f32
    }

    fn started(&self, device: &Device) -> TrainEvent {
        let set = self.task.set();
        TrainEvent::Started {
            config: Box::new(self.flags.clone()),
            device: device.to_string(),
            parameters: self.config.specs().iter().map(|s| s.rows * s.columns).sum(),
            updates_per_epoch: self.course.plan(self.state.epoch).updates(),
            files: set.train.len(),
            bars: set.train.pieces().iter().map(|p| p.bars() as u64).sum(),
            drum_map: set.drum_map.name().to_string(),
            resumed_at: self.done,
        }
    }

    fn all_epochs(
        &mut self,
        commands: &Receiver<TrainCommand>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<EndReason, TrainError> {
        let from = (self.state.epoch, self.state.update);
        let mut ahead = Ahead::start(self.course.clone(), from);
        while self.state.epoch < self.flags.epochs {
            if self.state.update == 0 && is_settled(self.flags, &self.state) {
                return Ok(EndReason::Settled);
            }
            let plan = self.course.plan(self.state.epoch);
            if self.state.update == 0 {
                self.state.streams = plan.streams();
                self.learner.begin(plan.streams());
            }
            while self.state.update < plan.updates() {
                if let Asked::Stop = self.obey(commands, tell)? {
                    return Ok(EndReason::Stopped);
                }
                self.one_update(&plan, &mut ahead, tell)?;
            }
            self.finish_epoch(tell)?;
        }
        Ok(EndReason::Finished)
    }

    fn one_update(
        &mut self,
        plan: &Plan,
        ahead: &mut Ahead<T::Course>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<(), TrainError> {
        let began = Instant::now();
        let total = plan.updates() * self.flags.epochs;
        let learning_rate = learning_rate(self.flags.learning_rate, self.done, total);
        let batch = ahead.take(plan, (self.state.epoch, self.state.update));
        let did = self
            .learner
            .update(&batch, learning_rate, self.flags.dropout, self.flags.seed);
        ahead.give_back(batch);
        self.state.update += 1;
        self.done += 1;
        if let Some(why) = self.learner.fault() {
            return Err(TrainError::Device(why));
        }
        // A device that works behind tells of the update before; of the first there is nothing to tell yet.
        let Some(did) = did else { return Ok(()) };
        self.must_be_finite(did)?;
        let seconds = began.elapsed().as_secs_f32().max(1e-6);
        // Smoothed, so that what is shown can be read; the first update warms the caches and counts little.
        let seconds = self.pace.map_or(seconds, |pace| 0.9 * pace + 0.1 * seconds);
        self.pace = Some(seconds);
        let per_update = self.batch_steps(plan);
        tell(TrainEvent::Progress(TrainProgress {
            epoch: self.state.epoch + 1,
            epochs: self.flags.epochs,
            update: self.state.update,
            updates_per_epoch: plan.updates(),
            total_updates: self.done,
            train_bits: did.hit_bits,
            loss: did.hit_bits + did.expression_bits,
            grad_norm: did.grad_norm,
            learning_rate,
            steps_per_second: per_update / seconds,
            seconds_left: seconds * total.saturating_sub(self.done) as f32,
        }));
        Ok(())
    }

    /// A run ends where a loss is no number, with the last good checkpoint kept.
    fn must_be_finite(&self, did: Update) -> Result<(), TrainError> {
        if did.is_finite() {
            return Ok(());
        }
        Err(TrainError::NotFinite {
            epoch: self.state.epoch + 1,
            update: self.state.update,
        })
    }

    /// Waits until the device has done all updates; afterwards the weights are those of the last.
    fn settle(&mut self) -> Result<(), TrainError> {
        match self.learner.settle() {
            Some(did) => self.must_be_finite(did),
            None => Ok(()),
        }
    }

    fn finish_epoch(&mut self, tell: &mut dyn FnMut(TrainEvent)) -> Result<(), TrainError> {
        self.settle()?;
        self.state.epoch += 1;
        self.state.update = 0;
        let epoch = self.state.epoch;
        let weights = self.learner.weights();
        let not_finite = |_| TrainError::NotFinite { epoch, update: 0 };
        let scored = self.task.score(&mut self.config, epoch, &weights);
        let (bits, excerpt) = scored.map_err(not_finite)?;
        let best = match (bits, self.state.best) {
            (Some(new), Some((old, _))) => new < old,
            _ => true,
        };
        if best {
            self.state.best = bits.map(|b| (b, epoch));
            let path = checkpoint::best_path(&self.flags.checkpoint_dir);
            checkpoint::save_model(&path, &self.config, &weights)
                .map_err(|e| write_error(&path, e))?;
        }
        if let Some(bits_per_step) = bits {
            tell(TrainEvent::Validation {
                epoch,
                bits_per_step,
                best,
            });
        }
        if let Some(excerpt) = excerpt {
            tell(TrainEvent::Excerpt(excerpt));
        }
        self.save(tell)
    }

    fn save(&mut self, tell: &mut dyn FnMut(TrainEvent)) -> Result<(), TrainError> {
        self.settle()?;
        let path = checkpoint::last_path(&self.flags.checkpoint_dir);
        checkpoint::save_run(&path, &self.config, &self.state, &self.learner.snapshot())
            .map_err(|e| write_error(&path, e))?;
        tell(TrainEvent::Checkpoint {
            path,
            epoch: self.state.epoch,
        });
        Ok(())
    }

    /// Does what was asked between two updates; while paused, waits here.
    fn obey(
        &mut self,
        commands: &Receiver<TrainCommand>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<Asked, TrainError> {
        let mut paused = false;
        loop {
            let command = if paused {
                // Whoever could say "resume" is gone: stop and keep everything.
                commands.recv().unwrap_or(TrainCommand::Stop)
            } else {
                match commands.try_recv() {
                    Ok(command) => command,
                    Err(_) => return Ok(Asked::Nothing),
                }
            };
            match command {
                TrainCommand::Pause if !paused => {
                    paused = true;
                    tell(TrainEvent::Paused);
                }
                TrainCommand::Resume if paused => {
                    paused = false;
                    tell(TrainEvent::Resumed);
                }
                TrainCommand::Checkpoint => self.save(tell)?,
                TrainCommand::Stop => {
                    self.save(tell)?;
                    return Ok(Asked::Stop);
                }
                TrainCommand::Pause | TrainCommand::Resume => {}
            }
        }
    }
}
