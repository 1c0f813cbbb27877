//! Batches made ready in another thread while the learner is at the one before.
//!
//! What a batch holds is a function of the pieces, the seed and its place in the run, so who makes
//! it and when changes nothing. The thread waits where it is two batches ahead, and ends when
//! the [`Ahead`] is dropped. Where it cannot be started, batches are made on the spot.

use crate::dataset::batch::Plan;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::thread::JoinHandle;

/// Batches that wait, filled.
const DEPTH: usize = 2;

/// Everything the batches of a run are made from.
pub trait Course: Clone + Send + 'static {
    /// What an update learns.
    type Batch: Default + Send + 'static;

    /// The order of an epoch.
    fn plan(&self, epoch: usize) -> Plan;

    /// Fills a batch with what stands at `at`, in an epoch's order.
    fn fill(&self, batch: &mut Self::Batch, plan: &Plan, at: At);

    /// Epochs of the run.
    fn epochs(&self) -> usize;

    /// Steps of an epoch.
    fn steps(&self) -> usize;
}

/// Where a batch stands in a run: its epoch and its update in that, both from 0.
pub type At = (usize, usize);

/// The thread: fills what comes back and hands it on, until nobody listens.
fn prepare<C: Course>(
    course: &C,
    from: At,
    full: &Sender<(At, C::Batch)>,
    empty: &Receiver<C::Batch>,
) {
    let (mut epoch, mut update) = from;
    while epoch < course.epochs() {
        let plan = course.plan(epoch);
        while update < plan.updates() {
            let Ok(mut batch) = empty.recv() else { return };
            course.fill(&mut batch, &plan, (epoch, update));
            if full.send(((epoch, update), batch)).is_err() {
                return;
            }
            update += 1;
        }
        (epoch, update) = (epoch + 1, 0);
    }
}

/// Where ready batches come from.
type Filled<B> = Receiver<(At, B)>;
/// Both lines between the learner and the thread.
type Lines<B> = (Filled<B>, Sender<B>);

/// The batches of a run, in order, made ahead.
#[derive(Debug)]
pub struct Ahead<C: Course> {
    course: C,
    /// `None` only while it is dropped.
    lines: Option<Lines<C::Batch>>,
    thread: Option<JoinHandle<()>>,
}

impl<C: Course> Ahead<C> {
    /// Begins with the batch at `from`.
    #[must_use]
    pub fn start(course: C, from: At) -> Self {
        let (full, filled) = bounded(DEPTH);
        // One more than can wait: the one the learner is at.
        let (back, empty) = bounded(DEPTH + 2);
        for _ in 0..=DEPTH {
            let _ = back.send(C::Batch::default());
        }
        let theirs = course.clone();
        let thread = std::thread::Builder::new()
            .name("batches".into())
            .spawn(move || prepare(&theirs, from, &full, &empty))
            .ok();
        Self {
            course,
            lines: Some((filled, back)),
            thread,
        }
    }

    /// The batch at `at` of the epoch's `plan`. Waits where it is not ready yet.
    pub fn take(&mut self, plan: &Plan, at: At) -> C::Batch {
        let ready = self.lines.as_ref().and_then(|(full, _)| full.recv().ok());
        match ready {
            Some((theirs, batch)) if theirs == at => batch,
            // Nothing comes (the thread could not be started), or another was asked for.
            other => {
                let mut batch = other.map_or_else(C::Batch::default, |(_, batch)| batch);
                self.course.fill(&mut batch, plan, at);
                batch
            }
        }
    }

    /// Gives a batch back, to be filled again.
    pub fn give_back(&mut self, batch: C::Batch) {
        if let Some((_, empty)) = &self.lines {
            let _ = empty.try_send(batch);
        }
    }
}

impl<C: Course> Drop for Ahead<C> {
    fn drop(&mut self) {
        // With both lines gone the thread finds nobody, wherever it waits.
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::Meter;
    use crate::dataset::load::Example;
    use crate::message::TrainConfig;
    use crate::model::BeatModel;
    use crate::model::batch::Batch;
    use crate::model::batches::{BeatCourse, Pieces};
    use crate::model::tests::groove;
    use std::sync::Arc;

    fn course(epochs: usize) -> BeatCourse {
        let example = |bars, seed: u64| Example {
            name: seed.to_string(),
            tempo: 96.0,
            grid: groove(bars, Meter::COMMON, seed),
            style: None,
            fill: false,
            split: "train".into(),
        };
        let config = BeatModel::random(4, 1, 1).config().clone();
        let examples = [example(9, 1), example(4, 2), example(7, 3)];
        let pieces = Pieces::new(&Arc::new(examples.into_iter().collect()), &config);
        let flags = TrainConfig {
            batch_size: 3,
            sequence_length: 24,
            epochs,
            ..TrainConfig::default()
        };
        BeatCourse::new(Arc::new(pieces), config.styles.len(), &flags)
    }

    #[test]
    fn batches_made_ahead_are_those_made_on_the_spot() {
        let course = course(3);
        for from in [(0, 0), (1, 2)] {
            let mut ahead = Ahead::start(course.clone(), from);
            let (mut epoch, mut update) = from;
            while epoch < 3 {
                let plan = course.plan(epoch);
                assert!(plan.updates() > 3);
                while update < plan.updates() {
                    let batch = ahead.take(&plan, (epoch, update));
                    let mut here = Batch::default();
                    course.fill(&mut here, &plan, (epoch, update));
                    assert_eq!(batch, here);
                    ahead.give_back(batch);
                    update += 1;
                }
                (epoch, update) = (epoch + 1, 0);
            }
        }
    }

    #[test]
    fn it_ends_wherever_it_is_left_and_answers_out_of_turn() {
        let course = course(3);
        drop(Ahead::start(course.clone(), (0, 0)));
        let plan = course.plan(1);
        let mut ahead = Ahead::start(course.clone(), (0, 0));
        let out_of_turn = ahead.take(&plan, (1, 1));
        let mut here = Batch::default();
        course.fill(&mut here, &plan, (1, 1));
        assert_eq!(out_of_turn, here);
        drop(ahead);
        // Nothing is left to prepare: the thread has ended, batches still come.
        let mut ahead = Ahead::start(course, (3, 0));
        assert_eq!(ahead.take(&plan, (1, 1)), here);
    }
}
