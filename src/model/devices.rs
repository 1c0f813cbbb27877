//! One model in training on several devices of one machine: every device holds all weights, learns
//! some rows of each batch, and takes the optimiser's step with the gradient of the whole batch. So the weights are those
//! of one device that learns it all, up to rounding, and a run can go on with any other number of devices.
//!
//! Each device has a thread of its own here, which its learner never leaves. How gradients are added up is
//! [`super::collective`]'s.

use super::batch::Batch;
use super::burn_learner::BurnLearner;
use super::collective::Collective;
use super::config::ModelConfig;
use super::join::Part;
use super::learner::{Learner, Snapshot, Update};
use super::lstm::backend::LstmBackend;
use super::optimise::Optimise;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Whether a run on several devices is under way: the engine has one for each backend.
static BUSY: AtomicBool = AtomicBool::new(false);

/// What one device is asked to do.
type Job<B> = Box<dyn FnOnce(&mut BurnLearner<B>) + Send>;

/// One device's thread.
struct Worker<B: LstmBackend + Optimise> {
    /// `None` only while it ends.
    jobs: Option<Sender<Job<B>>>,
    thread: Option<JoinHandle<()>>,
}

/// A learner on several devices.
pub struct Devices<B: LstmBackend + Optimise> {
    workers: Vec<Worker<B>>,
    units: usize,
    /// Rows of the whole batch.
    streams: usize,
    /// Parts of batches, to be filled again.
    spare: Vec<Batch>,
    fault: Option<String>,
    /// Whether [`BUSY`] is this one's.
    entered: bool,
}

impl<B: LstmBackend + Optimise> Devices<B> {
    /// Starts from these weights, as [`BurnLearner::new`] does, on each of these devices.
    #[must_use]
    pub fn start(
        config: &ModelConfig,
        weights: &[Vec<f32>],
        decays: &[bool],
        devices: Vec<B::Device>,
    ) -> Self {
        let mut all = Self {
            workers: Vec::new(),
            units: config.units,
            streams: 0,
            spare: Vec::new(),
            fault: None,
            entered: !BUSY.swap(true, Ordering::AcqRel),
        };
        if !all.entered {
            all.fault = Some("another run on several devices is under way".into());
            return all;
        }
        for (i, device) in devices.iter().enumerate() {
            let (jobs, inbox) = unbounded();
            let (config, device) = (config.clone(), device.clone());
            let (weights, decays) = (weights.to_vec(), decays.to_vec());
            let thread = std::thread::Builder::new()
                .name(format!("device-{i}"))
                .spawn(move || {
                    work(
                        || BurnLearner::new(&config, &weights, &decays, device),
                        &inbox,
                    )
                });
            match thread {
                Ok(thread) => all.workers.push(Worker {
                    jobs: Some(jobs),
                    thread: Some(thread),
                }),
                Err(error) => {
                    all.fault = Some(format!("no thread for device {i}: {error}"));
                    return all;
                }
            }
        }
        // Only now, with every device ready: from here on they wait for one another.
        all.each(|_| |_: &mut BurnLearner<B>| ());
        if all.fault.is_some() {
            return all;
        }
        let of = devices.len();
        let entering = all.each(|i| {
            let device = devices.get(i).cloned();
            move |learner: &mut BurnLearner<B>| {
                let device = device.ok_or_else(|| "there is no such device".to_owned())?;
                learner.join(Box::new(Collective::<B>::enter(i, of, device)?));
                Ok::<(), String>(())
            }
        });
        for entered in entering {
            all.fault = all.fault.take().or(entered.and_then(Result::err));
        }
        all
    }

    /// Asks every device to do something, and waits for all. `None` from a device that has failed.
    fn each<T: Send + 'static, J: FnOnce(&mut BurnLearner<B>) -> T + Send + 'static>(
        &mut self,
        mut job: impl FnMut(usize) -> J,
    ) -> Vec<Option<T>> {
        let asked: Vec<Receiver<T>> = self
            .workers
            .iter()
            .enumerate()
            .map(|(i, worker)| worker.ask(job(i)))
            .collect();
        let answers: Vec<Option<T>> = asked.iter().map(|answer| answer.recv().ok()).collect();
        if let Some(failed) = answers.iter().position(Option::is_none) {
            let say = || format!("device {failed} has failed; the log says how");
            self.fault.get_or_insert_with(say);
        }
        answers
    }

    /// What the first device says; all have the same weights.
    fn first<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut BurnLearner<B>) -> T + Send + 'static,
    ) -> Option<T> {
        self.workers.first()?.ask(job).recv().ok()
    }

    /// Makes a device fail while it learns.
    #[cfg(test)]
    pub(super) fn fail(&self, device: usize) {
        if let Some(worker) = self.workers.get(device) {
            // Without panic's message in the tests' output.
            let failed = worker.ask::<()>(|_| std::panic::resume_unwind(Box::new("failed")));
            let _ = failed.recv();
        }
    }

    /// The rows of a device. Of fewer rows than devices the first device has one, so that its state is the
    /// beginning of the whole's.
    fn rows(&self, device: usize) -> Range<usize> {
        let at = |i: usize| (i * self.streams).div_ceil(self.workers.len().max(1));
        at(device)..at(device + 1)
    }

    fn begin_with(&mut self, streams: usize) {
        self.streams = streams;
        let rows: Vec<Range<usize>> = (0..self.workers.len()).map(|i| self.rows(i)).collect();
        self.each(|i| {
            // A device without a row has an empty one.
            let own = rows.get(i).map_or(1, |rows| rows.len().max(1));
            move |learner: &mut BurnLearner<B>| learner.begin(own)
        });
    }
}

impl<B: LstmBackend + Optimise> Worker<B> {
    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut BurnLearner<B>) -> T + Send + 'static,
    ) -> Receiver<T> {
        let (answer, receiver) = bounded(1);
        if let Some(jobs) = &self.jobs {
            // A thread that has ended drops the job, and with it the line the answer would take.
            let _ = jobs.send(Box::new(move |learner: &mut BurnLearner<B>| {
                let _ = answer.send(job(learner));
            }));
        }
        receiver
    }
}

/// A device's thread: does what is asked until nobody asks any more.
fn work<B: LstmBackend + Optimise>(
    start: impl FnOnce() -> BurnLearner<B>,
    jobs: &Receiver<Job<B>>,
) {
    let all = || {
        let mut learner = start();
        for job in jobs {
            job(&mut learner);
        }
    };
    if catch_unwind(AssertUnwindSafe(all)).is_err() {
        Collective::<B>::give_up();
    }
}

impl<B: LstmBackend + Optimise> Learner for Devices<B> {
    fn begin(&mut self, streams: usize) {
        self.begin_with(streams);
    }

    fn update(
        &mut self,
        batch: &Batch,
        learning_rate: f64,
        dropout: f64,
        seed: u64,
    ) -> Option<Update> {
        if self.fault.is_some() {
            return Some(Update::new([f32::NAN; 3]));
        }
        let total = batch.weights.iter().sum::<f32>().max(1.0);
        let mut parts: Vec<(Part, Batch)> = (0..self.workers.len())
            .map(|i| {
                let rows = self.rows(i);
                let mut own = self.spare.pop().unwrap_or_default();
                take_rows(batch, &rows, &mut own);
                let part = Part {
                    first: rows.start,
                    of: batch.streams,
                    share: own.weights.iter().sum::<f32>() / total,
                };
                (part, own)
            })
            .collect();
        parts.reverse();
        let answers = self.each(|_| {
            let own = parts.pop();
            move |learner: &mut BurnLearner<B>| {
                let (part, own) = own?;
                learner.take_part(part);
                let did = learner.update(&own, learning_rate, dropout, seed);
                Some((did, learner.fault(), own))
            }
        });
        let mut did = None;
        for (update, fault, part) in answers.into_iter().flatten().flatten() {
            // The figures are those of the whole, the same from every device.
            did = did.or(update);
            self.spare.push(part);
            self.fault = self.fault.take().or(fault);
        }
        match self.fault {
            None => did,
            Some(_) => Some(Update::new([f32::NAN; 3])),
        }
    }

    fn settle(&mut self) -> Option<Update> {
        let last = self.each(|_| |learner: &mut BurnLearner<B>| learner.settle());
        last.into_iter().flatten().flatten().next()
    }

    fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    fn weights(&self) -> Vec<Vec<f32>> {
        self.first(|learner| learner.weights()).unwrap_or_default()
    }

    fn snapshot(&self) -> Snapshot {
        let mut whole = Snapshot::default();
        for (i, worker) in self.workers.iter().enumerate() {
            let Ok(own) = worker.ask(|learner| learner.snapshot()).recv() else {
                continue;
            };
            if i == 0 {
                whole = own;
            } else if !self.rows(i).is_empty() {
                for (all, own) in whole.carried.iter_mut().zip(own.carried) {
                    all.0.extend(own.0);
                    all.1.extend(own.1);
                }
            }
        }
        whole
    }

    fn restore(&mut self, snapshot: &Snapshot) {
        let rows = |values: &[f32]| values.len() / self.units.max(1);
        let streams = snapshot.carried.first().map_or(0, |(h, _)| rows(h));
        self.begin_with(streams);
        let own: Vec<Snapshot> = (0..self.workers.len())
            .map(|i| {
                let (rows, units) = (self.rows(i), self.units);
                let cut = |values: &[f32]| {
                    let own = values.get(rows.start * units..rows.end * units);
                    match own {
                        Some(own) if !own.is_empty() => own.to_vec(),
                        _ => vec![0.0; units],
                    }
                };
                Snapshot {
                    carried: snapshot
                        .carried
                        .iter()
                        .map(|(h, c)| (cut(h), cut(c)))
                        .collect(),
                    ..snapshot.clone()
                }
            })
            .collect();
        let mut own = own.into_iter();
        self.each(|_| {
            let own = own.next();
            move |learner: &mut BurnLearner<B>| {
                if let Some(own) = own {
                    learner.restore(&own);
                }
            }
        });
    }
}

impl<B: LstmBackend + Optimise> Drop for Devices<B> {
    fn drop(&mut self) {
        // All are told before any is waited for.
        self.workers
            .iter_mut()
            .for_each(|worker| worker.jobs = None);
        for worker in &mut self.workers {
            if let Some(thread) = worker.thread.take() {
                let _ = thread.join();
            }
        }
        if self.entered {
            BUSY.store(false, Ordering::Release);
        }
    }
}

/// Some rows of a batch as a batch; where there are none, one without a real slot.
fn take_rows(batch: &Batch, rows: &Range<usize>, own: &mut Batch) {
    let slots = (batch.steps * batch.streams).max(1);
    own.reset(batch.steps, rows.len().max(1), batch.inputs.len() / slots);
    if rows.is_empty() {
        return;
    }
    let steps = batch.steps;
    cut(&batch.inputs, steps, batch.streams, rows, &mut own.inputs);
    cut(&batch.hits, steps, batch.streams, rows, &mut own.hits);
    cut(
        &batch.velocities,
        steps,
        batch.streams,
        rows,
        &mut own.velocities,
    );
    cut(&batch.offsets, steps, batch.streams, rows, &mut own.offsets);
    cut(&batch.weights, steps, batch.streams, rows, &mut own.weights);
    cut(&batch.keep, steps, batch.streams, rows, &mut own.keep);
}

/// Copies the columns of some rows out of `[steps, streams, columns]`.
fn cut<T: Copy>(all: &[T], steps: usize, streams: usize, rows: &Range<usize>, own: &mut [T]) {
    let columns = all.len() / (steps * streams).max(1);
    let (whole, part) = (streams * columns, rows.len() * columns);
    for (to, from) in own
        .chunks_exact_mut(part.max(1))
        .zip(all.chunks_exact(whole.max(1)))
    {
        to.copy_from_slice(&from[rows.start * columns..rows.end * columns]);
    }
}
