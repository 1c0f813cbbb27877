//! The lists to choose from: what stands in them and what a choice does. The list of outputs is
//! in `desk.rs`.

use super::effect::Effect;
use super::overlay::{Choice, ChoiceKind, Overlay, PromptFor};
use super::state::App;
use crate::base::text::{sanitize, sanitize_path};
use crate::message::OutputSpec;
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
            ChoiceKind::Output { slot } => self.output_choices(slot),
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
            ChoiceKind::Output { slot } => return self.take_output(slot, entry, effects),
        }
        self.settings_changed();
    }

    /// Takes a prompt's answer: what is wrong with it, if something is.
    pub(super) fn answer(
        &mut self,
        purpose: PromptFor,
        text: &str,
        effects: &mut Vec<Effect>,
    ) -> Option<String> {
        if text.is_empty() && !purpose.network() {
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
                let path = PathBuf::from(text);
                // Nobody wants notes logged into a SoundFont.
                let is_font = (path.extension()).is_some_and(|end| end.eq_ignore_ascii_case("sf2"));
                let spec = if is_font {
                    OutputSpec::SoundFont(path)
                } else {
                    OutputSpec::File(path)
                };
                self.set_output(slot, spec, effects);
            }
            PromptFor::OutputMachine { .. } | PromptFor::OutputRtp { .. } => {
                return self.take_place(purpose, text, effects);
            }
        }
        None
    }
}
