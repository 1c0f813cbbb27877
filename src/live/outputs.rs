//! The outputs thread: opens sinks and hands them to the scheduler, drops those that come back,
//! watches the MIDI ports and reconnects one that returns. None of this may touch the real-time
//! thread.

use super::lateness::Pulse;
use super::midi_out::{PortWatch, find};
use super::scheduler::{Change, SLOTS};
use super::sink::{MidiSink, OpenError, Opener};
use super::slot::Voices;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::kit::Kit;
use crate::beat::lane::Lane;
use crate::message::{OutputSpec, OutputState, OutputView};
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::sync::Arc;
use std::time::Duration;

/// How often returned sinks are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// The port list is read once in this many looks.
const LOOKS_A_WATCH: u32 = 10;

/// What the outputs thread can be told.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputCommand {
    /// Puts an output in a slot, 0 to 3.
    Set {
        /// Which.
        slot: usize,
        /// What.
        spec: OutputSpec,
    },
    /// Silences an output, or not.
    Mute {
        /// Which.
        slot: usize,
        /// Silent or not.
        muted: bool,
    },
    /// The kit of the drum machines. The synth always plays General MIDI.
    Kit(Kit),
}

/// What plays each lane of a kit.
#[must_use]
pub fn voices(kit: &Kit) -> Voices {
    Lane::ALL.map(|lane| kit.voice(lane))
}

struct Output {
    spec: OutputSpec,
    /// The open sink's name; empty if none is open.
    name: String,
    lost: Option<String>,
    muted: bool,
}

pub(super) struct Outputs {
    changes: rtrb::Producer<Change>,
    left: rtrb::Consumer<Box<dyn MidiSink>>,
    pulse: Arc<Pulse>,
    opener: Opener,
    watch: PortWatch,
    kit: Kit,
    outputs: [Output; SLOTS],
    views: Arc<ArcSwap<Vec<OutputView>>>,
}

impl Outputs {
    pub(super) fn new(
        changes: rtrb::Producer<Change>,
        left: rtrb::Consumer<Box<dyn MidiSink>>,
        pulse: Arc<Pulse>,
        kit: Kit,
        views: Arc<ArcSwap<Vec<OutputView>>>,
    ) -> Self {
        let none = || Output {
            spec: OutputSpec::None,
            name: String::new(),
            lost: None,
            muted: false,
        };
        Self {
            changes,
            left,
            pulse,
            opener: Opener::default(),
            watch: PortWatch::default(),
            kit,
            outputs: std::array::from_fn(|_| none()),
            views,
        }
    }

    /// Works until the sender of commands is dropped and the scheduler has given its sinks back.
    pub(super) fn run(mut self, inbox: &Receiver<OutputCommand>) {
        let mut looks = 0;
        self.publish();
        loop {
            match inbox.recv_timeout(LOOK) {
                Ok(command) => self.command(command),
                Err(RecvTimeoutError::Timeout) => {
                    looks += 1;
                    if looks % LOOKS_A_WATCH == 0 {
                        self.watch_ports();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.drop_left();
            self.publish();
        }
        self.drop_left();
    }

    fn command(&mut self, command: OutputCommand) {
        match command {
            OutputCommand::Set { slot, spec } => self.set(slot, spec),
            OutputCommand::Mute { slot, muted } => {
                if let Some(output) = self.outputs.get_mut(slot) {
                    output.muted = muted;
                    self.change(Change::Muted { slot, muted });
                }
            }
            OutputCommand::Kit(kit) => {
                self.kit = kit;
                for slot in 0..SLOTS {
                    self.send_voices(slot);
                }
            }
        }
    }

    fn set(&mut self, slot: usize, spec: OutputSpec) {
        let Some(output) = self.outputs.get_mut(slot) else {
            return;
        };
        if output.spec == spec && output.lost.is_none() && !self.pulse.is_lost(slot) {
            return;
        }
        output.spec = spec;
        self.open(slot);
    }

    /// Opens what a slot names and puts it in; the one before is closed by the scheduler first.
    fn open(&mut self, slot: usize) {
        let Some(spec) = self.outputs.get(slot).map(|output| output.spec.clone()) else {
            return;
        };
        let (sink, name, lost) = match spec {
            OutputSpec::None => (None, String::new(), None),
            _ => match self.opener.open(&spec) {
                Ok(sink) => {
                    let name = sink.name().to_owned();
                    (Some(sink), name, None)
                }
                Err(error) => (None, String::new(), Some(reason(&error))),
            },
        };
        if let Some(output) = self.outputs.get_mut(slot) {
            output.name = name;
            output.lost = lost;
        }
        self.send_voices(slot);
        self.change(Change::Sink { slot, sink });
    }

    fn send_voices(&mut self, slot: usize) {
        let kit = match self.outputs.get(slot).map(|output| &output.spec) {
            Some(OutputSpec::Synth) => Kit::gm(),
            _ => self.kit.clone(),
        };
        self.change(Change::Voices {
            slot,
            voices: voices(&kit),
        });
    }

    /// Hands a change over. The scheduler takes them within a millisecond; if it hangs, the
    /// change is given up after a while, so that this thread can still end.
    fn change(&mut self, change: Change) {
        let mut waiting = Some(change);
        for _ in 0..200 {
            let Some(change) = waiting.take() else {
                return;
            };
            if let Err(rtrb::PushError::Full(back)) = self.changes.push(change) {
                waiting = Some(back);
                self.drop_left();
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    fn drop_left(&mut self) {
        while let Ok(sink) = self.left.pop() {
            drop(sink);
        }
    }

    /// Takes out a port that vanished, for sending to it would succeed in silence, and opens one
    /// that is back.
    fn watch_ports(&mut self) {
        let is_port = |output: &Output| matches!(output.spec, OutputSpec::Port(_));
        if !self.outputs.iter().any(is_port) {
            return;
        }
        let names = self.watch.names().unwrap_or_default();
        let clean: Vec<String> = names.iter().map(|name| sanitize(name)).collect();
        for slot in 0..SLOTS {
            let Some(output) = self.outputs.get_mut(slot) else {
                continue;
            };
            let OutputSpec::Port(wanted) = &output.spec else {
                continue;
            };
            let wanted = wanted.clone();
            if output.lost.is_none() && !clean.contains(&output.name) {
                output.lost = Some(format!(
                    "{} is gone; it is opened again when it comes back",
                    output.name
                ));
                self.change(Change::Sink { slot, sink: None });
            } else if output.lost.is_some() && find(&names, &wanted).is_some() {
                self.open(slot);
            }
        }
    }

    fn publish(&self) {
        let views = self.outputs.iter().enumerate().map(|(slot, output)| {
            let state = if let Some(reason) = &output.lost {
                OutputState::Lost(reason.clone())
            } else if self.pulse.is_lost(slot) {
                OutputState::Lost("it takes no more notes; choose it again".into())
            } else if output.muted {
                OutputState::Muted
            } else {
                OutputState::Ok
            };
            let name = match &output.spec {
                _ if !output.name.is_empty() => output.name.clone(),
                OutputSpec::None => "none".into(),
                OutputSpec::Port(name) => sanitize(name),
                OutputSpec::File(path) => format!("file:{}", sanitize_path(path)),
                OutputSpec::Synth => "synth".into(),
            };
            OutputView {
                spec: output.spec.clone(),
                name,
                state,
                level: 0.0,
            }
        });
        // Empty slots at the end are of no interest.
        let mut views: Vec<OutputView> = views.collect();
        let used =
            (views.iter().rposition(|view| view.spec != OutputSpec::None)).map_or(1, |i| i + 1);
        views.truncate(used);
        if **self.views.load() != views {
            self.views.store(Arc::new(views));
        }
    }
}

fn reason(error: &OpenError) -> String {
    format!("{}; {}", error.reason, error.hint)
}
