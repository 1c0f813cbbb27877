//! [`Outputs`]: where notes are to go and how, and what there is to choose from. How the
//! outputs really are is in [`crate::message::EngineStatus::outputs`].

use super::watch::Watch;
use crate::base::text::{sanitize, sanitize_path};
use crate::message::{OutputSetup, OutputSpec, PortInfo, Remote, Token};

/// Outputs there may be at once.
pub const MOST_SLOTS: usize = 4;

/// Places on the network remembered while the program runs.
const MOST_PLACES: usize = 8;

/// Where notes are to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// What each slot is set to, in slot order; at least one, at most [`MOST_SLOTS`]. A slot keeps its
    /// clock switch where nothing takes clock; [`driven`] is what goes to the engine.
    pub wanted: Vec<OutputSetup>,
    /// MIDI ports that exist, names sanitised.
    pub ports: Vec<PortInfo>,
    /// The drum-machine map in force.
    pub kit: String,
    /// The drum-machine maps there are.
    pub kits: Vec<String>,
    /// Whether the synth can be chosen.
    pub has_synth: bool,
    /// Whether ports can be chosen.
    pub has_ports: bool,
    /// What each slot's output did lately.
    pub(super) watches: [Watch; MOST_SLOTS],
    /// Network outputs there were since the start, with their tokens: to go back to.
    places: Vec<OutputSpec>,
}

impl Outputs {
    /// What the next start should open, without secrets. A log is for the run that asked for it:
    /// kept, it would begin a new file at every start. Empty where nothing but a log was chosen.
    pub(super) fn kept(&self) -> Vec<OutputSetup> {
        let is_log = |setup: &OutputSetup| matches!(setup.spec, OutputSpec::File(_));
        let keep = |setup: &OutputSetup| {
            if is_log(setup) {
                OutputSetup::default()
            } else {
                let mut setup = setup.clone();
                if let Some(remote) = remote_mut(&mut setup.spec) {
                    remote.token = Token::default();
                }
                setup
            }
        };
        let kept: Vec<OutputSetup> = self.wanted.iter().map(keep).collect();
        let nothing = kept.iter().all(|setup| setup.spec == OutputSpec::None);
        if nothing && self.wanted.iter().any(is_log) {
            return Vec::new();
        }
        kept
    }

    pub(super) fn new(
        mut wanted: Vec<OutputSetup>,
        kit: String,
        kits: Vec<String>,
        has_synth: bool,
        has_ports: bool,
    ) -> Self {
        wanted.truncate(MOST_SLOTS);
        if wanted.is_empty() {
            wanted.push(OutputSetup::default());
        }
        let mut outputs = Self {
            wanted: Vec::new(),
            ports: Vec::new(),
            kit,
            kits,
            has_synth,
            has_ports,
            watches: Default::default(),
            places: Vec::new(),
        };
        for setup in &wanted {
            outputs.remember(&setup.spec);
        }
        outputs.wanted = wanted;
        outputs
    }

    /// Sends a slot somewhere, making it and those before it where they are new. The clock
    /// switch stays; an offset belongs to the place it was found for. The setup as it is now.
    pub(super) fn set(&mut self, slot: usize, mut spec: OutputSpec) -> OutputSetup {
        let slot = slot.min(MOST_SLOTS - 1);
        if self.wanted.len() <= slot {
            self.wanted.resize(slot + 1, OutputSetup::default());
        }
        self.with_token(&mut spec);
        self.remember(&spec);
        let Some(setup) = self.wanted.get_mut(slot) else {
            return OutputSetup::plain(spec);
        };
        if setup.spec != spec {
            setup.latency_ms = 0;
        }
        setup.spec = spec;
        setup.clone()
    }

    /// A place named without its token keeps the one given before.
    fn with_token(&self, spec: &mut OutputSpec) {
        let known = self.places.iter().find(|place| *place == spec);
        let token = known.and_then(remote).map(|remote| remote.token.clone());
        if let (Some(remote), Some(token)) = (remote_mut(spec), token)
            && remote.token.0.is_empty()
        {
            remote.token = token;
        }
    }

    fn remember(&mut self, spec: &OutputSpec) {
        if remote(spec).is_none() && !matches!(spec, OutputSpec::SoundFont(_)) {
            return;
        }
        self.places.retain(|place| place != spec);
        if self.places.len() >= MOST_PLACES {
            self.places.remove(0);
        }
        self.places.push(spec.clone());
    }

    /// Network outputs and SoundFonts a slot can go (back) to: those that no other slot uses.
    pub(super) fn places(&self, slot: usize) -> Vec<OutputSpec> {
        let others = |place: &OutputSpec| {
            let mut setups = self.wanted.iter().enumerate();
            setups.any(|(other, setup)| other != slot && setup.spec == *place)
        };
        let places = self.places.iter().filter(|place| !others(place));
        places.cloned().collect()
    }

    /// What a slot is set to.
    #[must_use]
    pub fn slot(&self, slot: usize) -> OutputSetup {
        self.wanted.get(slot).cloned().unwrap_or_default()
    }

    /// Whether notes go anywhere but to this slot.
    pub(super) fn others_sound(&self, slot: usize) -> bool {
        let mut setups = self.wanted.iter().enumerate();
        setups.any(|(other, setup)| other != slot && setup.spec != OutputSpec::None)
    }

    pub(super) fn set_ports(&mut self, ports: Vec<PortInfo>) {
        self.ports = ports
            .into_iter()
            .map(|port| PortInfo {
                name: sanitize(&port.name),
            })
            .collect();
    }
}

/// Whether MIDI clock makes sense there.
#[must_use]
pub const fn takes_clock(spec: &OutputSpec) -> bool {
    !matches!(spec, OutputSpec::None) && !spec.is_sound_card()
}

/// A setup as it is to be driven: no clock where nothing takes it.
#[must_use]
pub fn driven(setup: &OutputSetup) -> OutputSetup {
    OutputSetup {
        clock: setup.clock && takes_clock(&setup.spec),
        ..setup.clone()
    }
}

/// The place on the network, if it is one.
#[must_use]
pub const fn remote(spec: &OutputSpec) -> Option<&Remote> {
    match spec {
        OutputSpec::Tcp(remote) | OutputSpec::Rtp(remote) | OutputSpec::RtpListen(remote) => {
            Some(remote)
        }
        _ => None,
    }
}

/// As [`remote`], to be changed.
pub(super) const fn remote_mut(spec: &mut OutputSpec) -> Option<&mut Remote> {
    match spec {
        OutputSpec::Tcp(remote) | OutputSpec::Rtp(remote) | OutputSpec::RtpListen(remote) => {
            Some(remote)
        }
        _ => None,
    }
}

/// A short name for people, sanitised, without any token.
#[must_use]
pub fn output_name(spec: &OutputSpec) -> String {
    match spec {
        OutputSpec::File(path) => format!("file:{}", sanitize_path(path)),
        OutputSpec::SoundFont(path) => format!("synth:{}", sanitize_path(path)),
        spec => sanitize(&spec.to_string()),
    }
}
