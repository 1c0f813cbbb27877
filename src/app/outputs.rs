//! [`Outputs`]: where notes are to go, and what there is to choose from. How the outputs
//! really are is in [`crate::message::EngineStatus::outputs`].

use crate::base::text::{sanitize, sanitize_path};
use crate::message::{OutputSpec, PortInfo};

/// Outputs there may be at once.
pub const MOST_SLOTS: usize = 4;

/// Where notes are to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// What each slot is set to, in slot order; at least one, at most [`MOST_SLOTS`].
    pub wanted: Vec<OutputSpec>,
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
}

impl Outputs {
    /// What the next start should open. A log is for the run that asked for it: kept, it would begin a
    /// new file at every start. Empty where nothing but a log was chosen.
    pub(super) fn kept(&self) -> Vec<OutputSpec> {
        let is_log = |spec: &OutputSpec| matches!(spec, OutputSpec::File(_));
        let keep = |spec: &OutputSpec| {
            if is_log(spec) {
                OutputSpec::None
            } else {
                spec.clone()
            }
        };
        let kept: Vec<OutputSpec> = self.wanted.iter().map(keep).collect();
        let nothing = kept.iter().all(|spec| *spec == OutputSpec::None);
        if nothing && self.wanted.iter().any(is_log) {
            return Vec::new();
        }
        kept
    }

    pub(super) fn new(
        mut wanted: Vec<OutputSpec>,
        kit: String,
        kits: Vec<String>,
        has_synth: bool,
        has_ports: bool,
    ) -> Self {
        wanted.truncate(MOST_SLOTS);
        if wanted.is_empty() {
            wanted.push(OutputSpec::None);
        }
        Self {
            wanted,
            ports: Vec::new(),
            kit,
            kits,
            has_synth,
            has_ports,
        }
    }

    /// Sets a slot, making it and those before it where they are new.
    pub(super) fn set(&mut self, slot: usize, spec: OutputSpec) {
        let slot = slot.min(MOST_SLOTS - 1);
        if self.wanted.len() <= slot {
            self.wanted.resize(slot + 1, OutputSpec::None);
        }
        if let Some(place) = self.wanted.get_mut(slot) {
            *place = spec;
        }
    }

    /// What a slot is set to.
    #[must_use]
    pub fn slot(&self, slot: usize) -> &OutputSpec {
        self.wanted.get(slot).unwrap_or(&OutputSpec::None)
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

/// A short name for people, sanitised.
#[must_use]
pub fn output_name(spec: &OutputSpec) -> String {
    match spec {
        OutputSpec::None => "none".into(),
        OutputSpec::Synth => "synth".into(),
        OutputSpec::Port(name) => sanitize(name),
        OutputSpec::File(path) => format!("file:{}", sanitize_path(path)),
    }
}
