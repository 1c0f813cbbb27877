//! The lists to choose from: what stands in them and what a choice does.

use super::effect::Effect;
use super::outputs::{MOST_SLOTS, output_name};
use super::overlay::{Choice, ChoiceKind, Overlay, PromptFor};
use super::state::App;
use super::text_field::TextField;
use crate::base::text::{sanitize, sanitize_path};
use crate::message::{OutputSpec, OutputState};
use std::path::PathBuf;

impl App {
    /// The entries of a list, in order.
    #[must_use]
    pub fn choices(&self, kind: ChoiceKind) -> Vec<Choice> {
        let named = |names: &[String], now: &str| {
            let entry = |name: &String| Choice {
                label: sanitize(name),
                detail: String::new(),
                active: name == now,
            };
            names.iter().map(entry).collect()
        };
        match kind {
            ChoiceKind::Kit => named(&self.outputs.kits, &self.outputs.kit),
            ChoiceKind::Theme => named(&self.themes, &self.theme),
            ChoiceKind::Filter => {
                let shows = self.browser.shows().into_iter();
                shows
                    .map(|(show, count)| Choice {
                        label: show.word().to_owned(),
                        detail: count.to_string(),
                        active: show == self.browser.show,
                    })
                    .collect()
            }
            ChoiceKind::Output { slot } => {
                let specs = self.output_specs(slot).into_iter();
                specs.map(|spec| self.output_choice(slot, &spec)).collect()
            }
        }
    }

    /// What a slot can be set to; the last entry asks for a file.
    fn output_specs(&self, slot: usize) -> Vec<OutputSpec> {
        let mut specs = vec![OutputSpec::None];
        if self.outputs.has_synth {
            specs.push(OutputSpec::Synth);
        }
        let ports = self
            .outputs
            .ports
            .iter()
            .map(|p| OutputSpec::Port(p.name.clone()));
        specs.extend(ports);
        let now = self.outputs.slot(slot);
        // A port that is not there now, or the part of a name it was asked for by.
        if matches!(now, OutputSpec::Port(_)) && !specs.contains(now) {
            specs.push(now.clone());
        }
        if matches!(now, OutputSpec::File(_)) {
            specs.push(now.clone());
        }
        // Another log.
        specs.push(OutputSpec::File(PathBuf::new()));
        specs
    }

    fn output_choice(&self, slot: usize, spec: &OutputSpec) -> Choice {
        let now = self.outputs.slot(slot);
        let active = spec == now;
        let view = self.generation.engine.outputs.get(slot);
        let detail = match (active.then_some(view).flatten(), spec) {
            (Some(view), _) => match &view.state {
                OutputState::Ok => "ok".to_owned(),
                OutputState::Muted => "muted".to_owned(),
                OutputState::Lost(reason) => reason.clone(),
            },
            (None, OutputSpec::None) => "the screen still shows the beat".into(),
            (None, OutputSpec::Synth) => "the built-in drums on the sound card".into(),
            (None, OutputSpec::Port(_)) => "MIDI port".into(),
            (None, OutputSpec::File(_)) => "a log of all notes".into(),
        };
        let label = match spec {
            OutputSpec::File(path) if path.as_os_str().is_empty() => "file…".into(),
            other => output_name(other),
        };
        Choice {
            label,
            detail,
            active,
        }
    }

    /// Opens a list with the cursor on the entry in force.
    pub(super) fn choose(&mut self, kind: ChoiceKind) {
        let active = self.choices(kind).iter().position(|c| c.active);
        self.overlays.push(Overlay::Choose {
            kind,
            selected: active.unwrap_or(0),
        });
    }

    /// Moves the output list to another slot; one new slot is offered after those in use.
    pub(super) fn other_slot(&mut self, slot: usize, forward: bool) {
        let slots = (self.outputs.wanted.len() + 1).min(MOST_SLOTS);
        let slot = (slot + if forward { 1 } else { slots - 1 }) % slots;
        self.overlays.pop();
        self.choose(ChoiceKind::Output { slot });
    }

    /// Takes an entry; the list is closed already.
    pub(super) fn take(&mut self, kind: ChoiceKind, entry: usize, effects: &mut Vec<Effect>) {
        match kind {
            ChoiceKind::Kit => {
                if let Some(kit) = self.outputs.kits.get(entry).cloned() {
                    self.outputs.kit.clone_from(&kit);
                    effects.push(Effect::SetKit(kit));
                }
            }
            ChoiceKind::Theme => {
                if let Some(theme) = self.themes.get(entry).cloned() {
                    self.theme.clone_from(&theme);
                    effects.push(Effect::SetTheme(theme));
                }
            }
            ChoiceKind::Filter => {
                if let Some((show, _)) = self.browser.shows().into_iter().nth(entry) {
                    self.browser.show = show;
                    self.relisted();
                }
                return;
            }
            ChoiceKind::Output { slot } => {
                let specs = self.output_specs(slot);
                let Some(spec) = specs.get(entry) else {
                    return;
                };
                if let OutputSpec::File(path) = spec {
                    self.overlays.push(Overlay::Prompt {
                        title: "file to log all notes to".into(),
                        field: TextField::new(&sanitize_path(path)),
                        purpose: PromptFor::OutputFile { slot },
                        error: None,
                    });
                    return;
                }
                self.set_output(slot, spec.clone(), effects);
            }
        }
        self.settings_changed();
    }

    pub(super) fn set_output(&mut self, slot: usize, spec: OutputSpec, effects: &mut Vec<Effect>) {
        self.outputs.set(slot, spec.clone());
        effects.push(Effect::SetOutput { slot, spec });
        self.settings_changed();
    }

    /// Takes a prompt's answer: what is wrong with it, if something is.
    pub(super) fn answer(
        &mut self,
        purpose: PromptFor,
        text: &str,
        effects: &mut Vec<Effect>,
    ) -> Option<String> {
        if text.is_empty() {
            return Some("a name is needed; esc leaves it".into());
        }
        match purpose {
            PromptFor::Folder => {
                let shown = self.browser.dir.as_deref().map(sanitize_path);
                // The folder in force need not be text: its own name, unchanged, means itself.
                let same = self
                    .browser
                    .dir
                    .clone()
                    .filter(|_| shown.as_deref() == Some(text));
                self.open_folder(same.unwrap_or_else(|| PathBuf::from(text)), effects);
            }
            PromptFor::OutputFile { slot } => {
                self.set_output(slot, OutputSpec::File(PathBuf::from(text)), effects);
            }
        }
        None
    }
}
