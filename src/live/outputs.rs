//! The outputs thread: opens sinks and hands them to the scheduler, drops those that come back,
//! watches the MIDI ports and reconnects one that returns. None of this may touch the real-time
//! thread.

mod watch;

use super::lateness::Pulse;
use super::link::LinkState;
use super::midi_out::PortWatch;
use super::owed::Owed;
use super::scheduler::{Change, SLOTS};
use super::sink::{MidiSink, OpenError, Opener};
use super::slot::Voices;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::kit::Kit;
use crate::beat::lane::Lane;
use crate::message::{
    MOST_DELAY_MS, MOST_LATENCY_MS, OutputSetup, OutputSpec, OutputState, OutputView,
};
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often returned sinks are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// The port list is read, and a lost line joined again, once in this many looks.
const LOOKS_A_WATCH: u32 = 10;

/// What the outputs thread can be told.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputCommand {
    /// Puts an output in a slot, 0 to 3, or changes how it is driven.
    Set {
        /// Which.
        slot: usize,
        /// What, and how.
        setup: OutputSetup,
    },
    /// Asks the receiver behind an output for another fixed delay.
    Delay {
        /// Which.
        slot: usize,
        /// In milliseconds, at most [`MOST_DELAY_MS`].
        ms: u16,
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
    setup: OutputSetup,
    /// The open sink's name; empty if none is open.
    name: String,
    lost: Option<String>,
    muted: bool,
    link: Option<Arc<LinkState>>,
    /// The receiver said that its own output is not there.
    far_away: bool,
    /// A connection is being made; its answer carries this number.
    opening: Option<u64>,
}

impl Output {
    const fn none() -> Self {
        Self {
            setup: OutputSetup::plain(OutputSpec::None),
            name: String::new(),
            lost: None,
            muted: false,
            link: None,
            far_away: false,
            opening: None,
        }
    }

    /// What is said of a sink that takes nothing any more.
    fn why_lost(&self) -> String {
        match self.setup.spec {
            OutputSpec::File(_) => "the log takes no more; is the disk full?".into(),
            _ if self.is_remote() => format!(
                "the line to {} is cut; it is joined again as soon as it can be",
                self.name
            ),
            _ => "it takes no more notes; choose it again".into(),
        }
    }

    const fn is_remote(&self) -> bool {
        is_remote(&self.setup.spec)
    }
}

/// What is opened on a thread of its own, for it may take seconds: a SoundFont may be hundreds of megabytes.
const fn takes_long(spec: &OutputSpec) -> bool {
    is_remote(spec) || matches!(spec, OutputSpec::SoundFont(_))
}

/// What is reached over a line that may be cut, and is joined again.
const fn is_remote(spec: &OutputSpec) -> bool {
    matches!(
        spec,
        OutputSpec::Tcp(_) | OutputSpec::Rtp(_) | OutputSpec::RtpListen(_)
    )
}

fn offset_ns(setup: &OutputSetup) -> i64 {
    i64::from(setup.latency_ms.clamp(-MOST_LATENCY_MS, MOST_LATENCY_MS)) * 1_000_000
}

/// The answer of a thread that opened something.
struct Opened {
    slot: usize,
    turn: u64,
    result: Result<Box<dyn MidiSink>, OpenError>,
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
    owed: Owed,
    to_opened: Sender<Opened>,
    opened: Receiver<Opened>,
    turn: u64,
}

impl Outputs {
    /// `debts` is the folder of [`Owed`], if closing notes are to be remembered.
    pub(super) fn new(
        changes: rtrb::Producer<Change>,
        left: rtrb::Consumer<Box<dyn MidiSink>>,
        pulse: Arc<Pulse>,
        kit: Kit,
        views: Arc<ArcSwap<Vec<OutputView>>>,
        debts: Option<PathBuf>,
    ) -> Self {
        let (to_opened, opened) = crossbeam_channel::unbounded();
        Self {
            changes,
            left,
            pulse,
            opener: Opener::default(),
            watch: PortWatch::default(),
            kit,
            outputs: std::array::from_fn(|_| Output::none()),
            views,
            owed: Owed::start(debts),
            to_opened,
            opened,
            turn: 0,
        }
    }

    /// Works until the sender of commands is dropped and the scheduler has given its sinks back.
    pub(super) fn run(mut self, inbox: &Receiver<OutputCommand>) {
        let mut looks = 0;
        self.publish();
        self.pay();
        loop {
            match inbox.recv_timeout(LOOK) {
                Ok(command) => self.command(command),
                Err(RecvTimeoutError::Timeout) => {
                    looks += 1;
                    if looks % LOOKS_A_WATCH == 0 {
                        self.watch_ports();
                        self.watch_lines();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Ok(opened) = self.opened.try_recv() {
                self.take_opened(opened);
            }
            self.drop_left();
            self.note_span();
            self.watch_far_machines();
            self.note_debts();
            self.publish();
        }
        self.drop_left();
        // Everything is closed by now.
        self.owed.note(&[]);
    }

    fn command(&mut self, command: OutputCommand) {
        match command {
            OutputCommand::Set { slot, setup } => self.set(slot, setup),
            OutputCommand::Delay { slot, ms } => {
                let output = self.outputs.get(slot);
                if let Some(link) = output.and_then(|output| output.link.as_ref()) {
                    link.wish_delay(ms.min(MOST_DELAY_MS));
                }
            }
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

    fn set(&mut self, slot: usize, setup: OutputSetup) {
        let Some(output) = self.outputs.get_mut(slot) else {
            return;
        };
        let is_open = output.setup.spec == setup.spec
            && output.lost.is_none()
            && output.opening.is_none()
            && !self.pulse.is_lost(slot);
        output.setup = setup;
        self.drive(slot);
        if !is_open {
            self.open(slot);
        }
    }

    /// Tells the scheduler how a slot is driven.
    fn drive(&mut self, slot: usize) {
        self.note_span();
        if let Some(setup) = self.outputs.get(slot).map(|output| output.setup.clone()) {
            // The sound card follows no clock.
            let clock = setup.clock && !setup.spec.is_sound_card();
            let latency_ns = offset_ns(&setup);
            self.change(Change::Drive {
                slot,
                clock,
                latency_ns,
            });
        }
    }

    /// Opens what a slot names and puts it in; the one before is closed by the scheduler first.
    fn open(&mut self, slot: usize) {
        let Some(output) = self.outputs.get_mut(slot) else {
            return;
        };
        let spec = output.setup.spec.clone();
        output.name.clear();
        output.link = None;
        output.opening = None;
        if takes_long(&spec) {
            output.lost = None;
            self.change(Change::Sink { slot, sink: None });
            self.open_elsewhere(slot, spec);
            return;
        }
        let result = match spec {
            OutputSpec::None => Ok(None),
            spec => self.opener.open(&spec).map(Some),
        };
        self.put_in(slot, result);
    }

    /// Opens on a thread of its own, whose answer [`Outputs::take_opened`] hears.
    fn open_elsewhere(&mut self, slot: usize, spec: OutputSpec) {
        self.turn += 1;
        let turn = self.turn;
        let answer = self.to_opened.clone();
        let thread = std::thread::Builder::new().name("connect".into());
        let started = thread.spawn(move || {
            let result = Opener::default().open(&spec);
            // A program that has ended meanwhile takes no answer; the sink closes itself.
            let _ = answer.send(Opened { slot, turn, result });
        });
        if let Some(output) = self.outputs.get_mut(slot) {
            output.opening = started.is_ok().then_some(turn);
        }
    }

    fn take_opened(&mut self, opened: Opened) {
        let slot = opened.slot;
        let output = self.outputs.get_mut(slot);
        let Some(output) = output.filter(|output| output.opening == Some(opened.turn)) else {
            // Something else was chosen meanwhile; what was opened is closed here.
            return;
        };
        output.opening = None;
        self.put_in(slot, opened.result.map(Some));
    }

    fn put_in(&mut self, slot: usize, result: Result<Option<Box<dyn MidiSink>>, OpenError>) {
        let (sink, lost) = match result {
            Ok(sink) => (sink, None),
            Err(error) => (None, Some(reason(&error))),
        };
        if let Some(output) = self.outputs.get_mut(slot) {
            output.name = sink.as_ref().map_or("", |sink| sink.name()).to_owned();
            output.link = sink.as_ref().and_then(|sink| sink.link());
            output.lost = lost;
        }
        self.send_voices(slot);
        self.pulse.keys(slot).clear();
        self.change(Change::Sink { slot, sink });
    }

    fn send_voices(&mut self, slot: usize) {
        let kit = match self.outputs.get(slot).map(|output| &output.setup.spec) {
            Some(spec) if spec.is_sound_card() => Kit::gm(),
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

    fn publish(&self) {
        let views = self.outputs.iter().enumerate().map(|(slot, output)| {
            let state = if let Some(reason) = &output.lost {
                OutputState::Lost(reason.clone())
            } else if output.opening.is_some() {
                OutputState::Opening
            } else if self.pulse.is_lost(slot) {
                OutputState::Lost(output.why_lost())
            } else if output.muted {
                OutputState::Muted
            } else {
                OutputState::Ok
            };
            let name = match &output.setup.spec {
                _ if !output.name.is_empty() => output.name.clone(),
                OutputSpec::File(path) => format!("file:{}", sanitize_path(path)),
                OutputSpec::SoundFont(path) => format!("synth:{}", sanitize_path(path)),
                spec => sanitize(&spec.to_string()),
            };
            OutputView {
                spec: output.setup.spec.clone(),
                name,
                state,
                level: 0.0,
                clock: output.setup.clock,
                latency_ms: output.setup.latency_ms,
                link: output.link.as_ref().map(|link| link.view()),
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
