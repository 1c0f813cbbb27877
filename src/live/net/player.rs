//! [`Player`]: the scheduler, the outputs thread and their rings for a program that plays what it is
//! told by [`Command`]s from elsewhere. What is played comes from a [`super::Receiver`].

use super::house::Health;
use crate::beat::kit::Kit;
use crate::live::clock::Clock;
use crate::live::lateness::{Histogram, Pulse, percentile_us};
use crate::live::outputs::{OutputCommand, Outputs, voices};
use crate::live::real_time;
use crate::live::scheduler::{Scheduler, Wires};
use crate::live::wires::Command;
use crate::message::{OutputSetup, OutputState, OutputView, Realtime};
use arc_swap::ArcSwap;
use crossbeam_channel::Sender;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// Looks at the histogram that are kept, to tell how it was lately.
const LOOKS: usize = 40;

/// The threads that play.
pub struct Player {
    /// How the output is.
    pub views: Arc<ArcSwap<Vec<OutputView>>>,
    /// What the scheduler counts.
    pub pulse: Arc<Pulse>,
    granted: Arc<OnceLock<Realtime>>,
    scheduler: Option<JoinHandle<Scheduler>>,
    to_outputs: Option<Sender<OutputCommand>>,
    outputs: Option<JoinHandle<()>>,
}

impl Player {
    /// Starts to play into `output`, and gives the ring of what to play. The player ends with the
    /// ring's producer. `debts` is the folder where closing notes are remembered that a killed
    /// program would owe.
    ///
    /// # Errors
    /// If the system has no threads left.
    pub fn start(
        output: OutputSetup,
        clock: Arc<dyn Clock>,
        debts: Option<PathBuf>,
    ) -> io::Result<(Self, rtrb::Producer<Command>)> {
        let kit = Kit::gm();
        let (scheduler, wires) = Scheduler::new(voices(&kit));
        let Wires {
            commands,
            changes,
            left,
            pulse,
            ..
        } = wires;
        let granted = Arc::new(OnceLock::new());
        let views = Arc::new(ArcSwap::from_pointee(Vec::new()));
        let (to_outputs, inbox) = crossbeam_channel::unbounded();
        let mut player = Self {
            views: Arc::clone(&views),
            pulse: Arc::clone(&pulse),
            granted: Arc::clone(&granted),
            scheduler: None,
            to_outputs: Some(to_outputs),
            outputs: None,
        };
        player.scheduler = Some(real_time::spawn(scheduler, clock, granted, true)?);
        let outputs = Outputs::new(changes, left, pulse, kit, views, debts);
        let thread = std::thread::Builder::new().name("outputs".into());
        player.outputs = Some(thread.spawn(move || outputs.run(&inbox))?);
        player.put_in(output);
        Ok((player, commands))
    }

    /// Whether the system granted real-time priority; `None` before it was asked.
    #[must_use]
    pub fn realtime(&self) -> Option<&Realtime> {
        self.granted.get()
    }

    /// Something that tells, when asked a few times a second, how the output is.
    pub fn health(&self) -> impl FnMut() -> Health + Send + 'static {
        let (views, pulse) = (Arc::clone(&self.views), Arc::clone(&self.pulse));
        let mut looks: VecDeque<Histogram> = VecDeque::from([pulse.histogram()]);
        move || {
            let now = pulse.histogram();
            if looks.len() == LOOKS {
                looks.pop_front();
            }
            let p99_late_us = looks
                .front()
                .map_or(0, |before| percentile_us(before, &now, 0.99));
            looks.push_back(now);
            let views = views.load();
            let Some(view) = views.first() else {
                return Health::default();
            };
            Health {
                output: view.name.clone(),
                trouble: match &view.state {
                    OutputState::Lost(reason) => reason.clone(),
                    OutputState::Ok | OutputState::Muted | OutputState::Opening => String::new(),
                },
                p99_late_us,
            }
        }
    }

    /// Waits until every note is closed and the output too. The producer of the ring is to be
    /// dropped before.
    pub fn shutdown(mut self) {
        self.end();
    }

    fn put_in(&self, setup: OutputSetup) {
        if let Some(outputs) = &self.to_outputs {
            let _ = outputs.send(OutputCommand::Set { slot: 0, setup });
        }
    }

    fn end(&mut self) {
        if let Some(scheduler) = self.scheduler.take() {
            // Gives the scheduler back with its sinks, which are dropped here.
            drop(scheduler.join());
        }
        self.to_outputs = None;
        if let Some(outputs) = self.outputs.take() {
            let _ = outputs.join();
        }
    }
}
