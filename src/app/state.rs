//! [`App`]: everything the dashboard knows, in parts, and what can be read off it. What
//! changes it is in `update.rs` and `run.rs`.

use super::browser::Browser;
use super::command::{COMMANDS, Command, Scope};
use super::generation::Generation;
use super::keymap::Keymap;
use super::knobs::{self, Knob, KnobPage};
use super::msg::Level;
use super::notices::Notices;
use super::outputs::Outputs;
use super::overlay::Overlay;
use super::settings::{Settings, Setup};
use super::training::Training;
use crate::base::text::sanitize;
use crate::message::{Controls, Offer, PlaySource};

/// The three screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Screen {
    /// The folder of MIDI files.
    Dataset,
    /// How a model learns.
    Training,
    /// The beat as it is played.
    #[default]
    Play,
}

impl Screen {
    /// All, in the order of their keys.
    pub const ALL: [Self; 3] = [Self::Dataset, Self::Training, Self::Play];

    /// Its name.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Dataset => "Dataset",
            Self::Training => "Training",
            Self::Play => "Play",
        }
    }

    /// The scope of its own commands.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Dataset => Scope::Dataset,
            Self::Training => Scope::Training,
            Self::Play => Scope::Play,
        }
    }
}

/// The terminal's size in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Size {
    /// The smallest size in which screens are drawn; below it a card says so.
    pub const LEAST: Self = Self {
        width: 60,
        height: 20,
    };
}

/// A key and what it does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key's name.
    pub key: String,
    /// What it does, a word or two.
    pub title: &'static str,
}

/// Everything the dashboard knows.
#[derive(Clone, Debug)]
pub struct App {
    /// Which screen is open.
    pub screen: Screen,
    /// What lies over it, the top one last.
    pub overlays: Vec<Overlay>,
    /// The terminal's size.
    pub size: Size,
    /// Whether the terminal has the focus (true where it never says).
    pub focused: bool,
    /// The latest time heard of, in nanoseconds of the messages' clock.
    pub now_ns: u64,
    /// The device that computes, and why this one, sanitised; empty while unknown.
    pub device: String,
    /// The knobs as they are turned now; [`Generation::engine`] knows which are in force.
    pub controls: Controls,
    /// The dataset screen.
    pub browser: Browser,
    /// The training screen.
    pub training: Training,
    /// The play screen, and what is heard.
    pub generation: Generation,
    /// Where notes go.
    pub outputs: Outputs,
    /// The theme in force.
    pub theme: String,
    /// The themes there are.
    pub themes: Vec<String>,
    /// Sentences that pass.
    pub notices: Notices,
    /// Which key does what.
    pub keymap: Keymap,
    /// The last file the session was saved to, sanitised.
    pub saved_to: Option<String>,
    /// A set that was left and can be gone on with, until that is answered.
    pub offer: Option<Offer>,
    /// Whether the end was asked for; nothing else is taken in then.
    pub quitting: bool,
    /// When settings not written yet are to be written.
    pub(super) settings_due_ns: Option<u64>,
    /// When ports are to be listed again while they are being chosen from.
    pub(super) ports_due_ns: u64,
    /// When the offer's question was first in sight.
    pub(super) offered_ns: Option<u64>,
    /// Kept with the settings.
    advised_tmux: bool,
}

impl App {
    /// The dashboard before its first message.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let Setup {
            settings,
            kits,
            themes,
            keys,
            size,
            has_synth,
            has_ports,
            device,
            offer,
        } = setup;
        let (keymap, problems) = Keymap::new(&keys);
        let mut notices = Notices::default();
        for problem in problems {
            notices.add(Level::Warning, &problem, 0);
        }
        Self {
            screen: Screen::Play,
            overlays: Vec::new(),
            size: Size {
                width: size.0,
                height: size.1,
            },
            focused: true,
            now_ns: 0,
            device: sanitize(&device),
            controls: knobs::clamped(Controls {
                version: 0,
                ..settings.controls.at_rest()
            }),
            browser: Browser::new(settings.data_dir, settings.excluded, settings.remaps),
            training: Training::new(&settings.training),
            generation: Generation::default(),
            outputs: Outputs::new(settings.outputs, settings.kit, kits, has_synth, has_ports),
            theme: settings.theme,
            themes,
            notices,
            keymap,
            saved_to: None,
            offer,
            quitting: false,
            settings_due_ns: None,
            ports_due_ns: 0,
            offered_ns: None,
            advised_tmux: settings.advised_tmux,
        }
    }

    /// What is to be kept for next time, as it is now.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            theme: self.theme.clone(),
            kit: self.outputs.kit.clone(),
            outputs: self.outputs.kept(),
            data_dir: self.browser.dir.clone(),
            excluded: self.browser.excluded.clone(),
            remaps: self.browser.remaps.clone(),
            training: self.training.form.kept(),
            controls: self.controls,
            advised_tmux: self.advised_tmux,
        }
    }

    /// Whether the terminal is too small for the screens.
    #[must_use]
    pub const fn too_small(&self) -> bool {
        self.size.width < Size::LEAST.width || self.size.height < Size::LEAST.height
    }

    /// What lies on top, if anything.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlays.last()
    }

    /// The knobs of the page that is open on the play screen.
    #[must_use]
    pub fn shown_knobs(&self) -> Vec<Knob> {
        let generation = &self.generation;
        match generation.page {
            KnobPage::Main => self.knobs().into(),
            page => knobs::more(page, &self.controls, generation, &self.keymap),
        }
    }

    /// The six main knobs of the play screen.
    #[must_use]
    pub fn knobs(&self) -> [Knob; 6] {
        knobs::knobs(&self.controls, &self.generation.engine, &self.keymap)
    }

    /// The tempo of what is heard, in thousandths of a beat per minute: a preview has its own.
    #[must_use]
    pub fn heard_milli_bpm(&self) -> u32 {
        let engine = &self.generation.engine;
        let preview = self.generation.playback.preview.is_some();
        match engine.source {
            PlaySource::Preview(_) if preview => engine.controls.milli_bpm,
            _ => self.controls.milli_bpm,
        }
    }

    /// Rows a list on the dataset screen has room for, about; only pages are measured by it.
    #[must_use]
    pub fn list_height(&self) -> usize {
        usize::from(self.size.height).saturating_sub(8).max(1)
    }

    /// What can be done now, the most useful first: the keys of the top overlay or of the screen.
    #[must_use]
    pub fn hints(&self) -> Vec<Hint> {
        let fixed = |pairs: &[(&str, &'static str)]| {
            let hint = |&(key, title): &(&str, &'static str)| Hint {
                key: key.into(),
                title,
            };
            pairs.iter().map(hint).collect()
        };
        match self.overlay() {
            None => self.screen_hints(),
            Some(Overlay::Help { .. }) => fixed(&[("↑ ↓", "scroll"), ("esc", "close")]),
            Some(Overlay::Palette { .. }) => {
                fixed(&[("↑ ↓", "choose"), ("enter", "do it"), ("esc", "close")])
            }
            Some(Overlay::Choose {
                kind: super::ChoiceKind::Output { slot },
                ..
            }) => {
                let desk = self.desk(*slot);
                let mut pairs = vec![("↑ ↓", "choose"), ("← →", "slot"), ("enter", "take it")];
                pairs.extend(desk.takes_clock.then_some(("c", "clock")));
                pairs.extend(desk.takes_offset.then_some((", .", "offset")));
                pairs.extend(desk.delay_ms.map(|_| ("- =", "delay")));
                pairs.push(("esc", "close"));
                fixed(&pairs)
            }
            Some(Overlay::Choose { .. }) => {
                fixed(&[("↑ ↓", "choose"), ("enter", "take it"), ("esc", "close")])
            }
            Some(Overlay::TrainForm) => fixed(&[
                ("↑ ↓", "field"),
                ("← →", "change"),
                ("f5", "start"),
                ("esc", "close"),
            ]),
            Some(Overlay::Find) => fixed(&[("enter", "keep"), ("esc", "show all")]),
            Some(Overlay::Confirm { .. }) => fixed(&[("y", "yes"), ("n", "no")]),
            Some(Overlay::Prompt { .. }) => fixed(&[("enter", "take it"), ("esc", "leave it")]),
            Some(Overlay::Message { .. }) => fixed(&[("esc", "close")]),
        }
    }

    fn screen_hints(&self) -> Vec<Hint> {
        let here = self.screen.scope();
        let mut rows: Vec<_> = COMMANDS
            .iter()
            .filter(|i| i.hint > 0 && here.overlaps(i.scope) && self.can(i.command))
            .collect();
        rows.sort_by_key(|info| info.hint);
        rows.into_iter()
            .map(|info| Hint {
                key: self.keymap.shown(info.command),
                title: self.title_now(info.command).unwrap_or(info.title),
            })
            .filter(|hint| !hint.key.is_empty())
            .collect()
    }

    /// Whether a command would do something now; hints leave out those that would not.
    #[must_use]
    pub fn can(&self, command: Command) -> bool {
        use Command as C;
        match command {
            C::PauseTraining | C::StopTraining | C::Checkpoint => self.training.state.is_active(),
            C::HearFile | C::Prime => self
                .browser
                .selected_row()
                .is_some_and(|row| self.browser.playable(row)),
            C::StopPreview => self.generation.playback.preview.is_some(),
            C::Exclude => self.browser.selected_item().is_some(),
            C::Open => self.browser.selected_item().is_some(),
            C::Remap => self
                .browser
                .selected_row()
                .is_some_and(|row| self.browser.can_remap(row)),
            C::SaveSession => self.generation.engine.recorded_bars > 0,
            _ => true,
        }
    }

    /// A title that says what a toggle would do now.
    fn title_now(&self, command: Command) -> Option<&'static str> {
        use Command as C;
        let playback = &self.generation.playback;
        match command {
            C::PlayStop if playback.hears_generator() => Some("stop"),
            C::PlayStop => Some("play"),
            C::PauseTraining if self.training.state.is_paused() => Some("resume"),
            C::HearFile => {
                let selected = self.browser.selected_row().map(|r| r.name.as_str());
                let heard = playback.preview.as_deref();
                (selected.is_some() && selected == heard).then_some("stop")
            }
            _ => None,
        }
    }
}
