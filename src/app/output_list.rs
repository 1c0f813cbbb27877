//! The desk's list: what a slot can be set to, and the places that are typed. A list like the others
//! of `choices.rs`, [`ChoiceKind::Output`].

use super::effect::Effect;
use super::key::{Key, KeyCode};
use super::outputs::{MOST_SLOTS, driven, output_name, remote};
use super::overlay::{Choice, ChoiceKind, Overlay, PromptFor};
use super::state::App;
use super::text_field::TextField;
use crate::base::text::sanitize_path;
use crate::message::{OutputSpec, OutputState, RECEIVE_PORT};

/// What an entry of the list does.
enum Entry {
    /// Goes there.
    Go(OutputSpec),
    /// Asks for a receiver.
    AskMachine,
    /// Asks for an RTP-MIDI peer.
    AskRtp,
    /// Asks for a file.
    AskFile,
}

impl App {
    /// What a slot can be set to.
    fn entries(&self, slot: usize) -> Vec<Entry> {
        let mut specs = vec![OutputSpec::None];
        if self.outputs.has_synth {
            specs.push(OutputSpec::Synth);
        }
        let ports = self.outputs.ports.iter();
        specs.extend(ports.map(|p| OutputSpec::Port(p.name.clone())));
        specs.extend(self.outputs.places(slot));
        let now = self.outputs.slot(slot).spec;
        // A port that is not there now, or the part of a name it was asked for by; a log.
        if !specs.contains(&now) && now != OutputSpec::Synth {
            specs.push(now);
        }
        let mut entries: Vec<Entry> = specs.into_iter().map(Entry::Go).collect();
        entries.extend([Entry::AskMachine, Entry::AskRtp, Entry::AskFile]);
        entries
    }

    /// The desk's list for a slot.
    pub(super) fn output_choices(&self, slot: usize) -> Vec<Choice> {
        let ask = |label: &str, detail: &str| Choice {
            label: label.into(),
            detail: detail.into(),
            active: false,
        };
        let entries = self.entries(slot).into_iter();
        let choice = |entry| match entry {
            Entry::Go(spec) => self.output_choice(slot, &spec),
            Entry::AskMachine => ask("another machine…", "beatgen-tui receive, over the network"),
            Entry::AskRtp => ask("RTP-MIDI…", "macOS, iOS, rtpMIDI, rtpmidid"),
            Entry::AskFile => ask("file…", "a log of all notes"),
        };
        entries.map(choice).collect()
    }

    fn output_choice(&self, slot: usize, spec: &OutputSpec) -> Choice {
        let active = *spec == self.outputs.slot(slot).spec;
        let view = active.then(|| self.output_view(slot)).flatten();
        let detail = match (view.map(|view| &view.state), spec) {
            (_, OutputSpec::None) => "the screen still shows the beat",
            (Some(OutputState::Ok), _) => "ok",
            (Some(OutputState::Muted), _) => "muted",
            (Some(OutputState::Opening), _) => "connecting…",
            (Some(OutputState::Lost(_)), _) => "LOST",
            (None, OutputSpec::Synth) => "the built-in drums on the sound card",
            (None, OutputSpec::SoundFont(_)) => "a SoundFont's drums on the sound card",
            (None, OutputSpec::Port(_)) => "MIDI port",
            (None, OutputSpec::File(_)) => "a log of all notes",
            (None, OutputSpec::Tcp(_)) => "another machine",
            (None, OutputSpec::Rtp(_) | OutputSpec::RtpListen(_)) => "RTP-MIDI",
        };
        Choice {
            label: output_name(spec),
            detail: detail.into(),
            active,
        }
    }

    /// Moves the desk to another slot; one new slot is offered after those in use.
    pub(super) fn other_slot(&mut self, slot: usize, forward: bool) {
        let slots = self.slots();
        let slot = (slot + if forward { 1 } else { slots - 1 }) % slots;
        self.overlays.pop();
        self.choose(ChoiceKind::Output { slot });
    }

    /// Slots the desk goes through: those in use and a new one, if there may be one.
    #[must_use]
    pub fn slots(&self) -> usize {
        (self.outputs.wanted.len() + 1).min(MOST_SLOTS)
    }

    /// Takes an entry of a slot's list; the list is closed already.
    pub(super) fn take_output(&mut self, slot: usize, entry: usize, effects: &mut Vec<Effect>) {
        let now = self.outputs.slot(slot).spec;
        match self.entries(slot).into_iter().nth(entry) {
            Some(Entry::Go(OutputSpec::File(path))) => {
                self.ask_output(PromptFor::OutputFile { slot }, &sanitize_path(&path));
            }
            Some(Entry::Go(spec)) => self.set_output(slot, spec, effects),
            Some(Entry::AskFile) => self.ask_output(PromptFor::OutputFile { slot }, ""),
            Some(Entry::AskMachine) => {
                // What ssh -R makes of a receiver is on this machine.
                let text = match &now {
                    OutputSpec::Tcp(remote) => remote.to_string(),
                    _ => format!("127.0.0.1:{}", RECEIVE_PORT),
                };
                self.ask_output(PromptFor::OutputMachine { slot }, &text);
            }
            Some(Entry::AskRtp) => {
                let text = match &now {
                    OutputSpec::Rtp(remote) => remote.to_string(),
                    OutputSpec::RtpListen(_) => now.to_string(),
                    _ => String::new(),
                };
                self.ask_output(PromptFor::OutputRtp { slot }, &text);
            }
            None => {}
        }
    }

    fn ask_output(&mut self, purpose: PromptFor, text: &str) {
        let title = match purpose {
            PromptFor::OutputMachine { .. } => "another machine",
            PromptFor::OutputRtp { .. } => "RTP-MIDI",
            _ => "file to log all notes to",
        };
        let mut field = TextField::new(text);
        if matches!(purpose, PromptFor::OutputMachine { .. }) {
            // A token is typed before the place.
            field.key(Key::plain(KeyCode::Home));
        }
        self.overlays.push(Overlay::Prompt {
            title: title.into(),
            field,
            purpose,
            error: None,
        });
    }

    /// Takes a place on the network that was typed, and shows on the desk how it goes on there:
    /// what is wrong with it, if something is.
    pub(super) fn take_place(
        &mut self,
        purpose: PromptFor,
        text: &str,
        effects: &mut Vec<Effect>,
    ) -> Option<String> {
        let (slot, scheme) = match purpose {
            PromptFor::OutputRtp { slot } => (slot, "rtp://"),
            PromptFor::OutputMachine { slot } => (slot, "tcp://"),
            _ => return None,
        };
        let parsed = if text.contains("://") {
            text.parse::<OutputSpec>()
        } else {
            format!("{scheme}{text}").parse::<OutputSpec>()
        };
        match parsed {
            Ok(spec) if remote(&spec).is_some() => {
                self.set_output(slot, spec, effects);
                self.choose(ChoiceKind::Output { slot });
                None
            }
            Ok(_) => Some("that is none of tcp://, rtp:// and rtp-listen://".into()),
            Err(error) => Some(error),
        }
    }

    pub(super) fn set_output(&mut self, slot: usize, spec: OutputSpec, effects: &mut Vec<Effect>) {
        let setup = driven(&self.outputs.set(slot, spec));
        effects.push(Effect::SetOutput { slot, setup });
        self.settings_changed();
    }
}
