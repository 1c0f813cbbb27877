//! [`App::update`]: what each message does.

use super::command::Command;
use super::effect::Effect;
use super::key::{Key, KeyCode};
use super::msg::{Level, Msg, Signal, SpectrogramOf};
use super::notices::Notice;
use super::outputs::{driven, output_name};
use super::overlay::{ChoiceKind, Overlay};
use super::playback::Playback;
use super::state::{App, Size};
use super::training::AfterCheckpoint;
use super::watch::News;
use crate::base::text::{sanitize, sanitize_path};
use crate::message::{EngineStatus, NO_STYLE, PlaySource, TrainCommand, TrainEvent};
use std::sync::Arc;

/// How long changed settings wait for further changes before they are written.
const SETTLE_NS: u64 = 2_000_000_000;
/// How often ports are listed while they are being chosen from.
const PORTS_NS: u64 = 1_000_000_000;

impl App {
    /// Takes one message in and says what is to be done, in order. Nothing else changes an
    /// `App`; the same messages give the same states and the same effects.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.quitting {
            return effects;
        }
        match msg {
            Msg::Start => self.start(&mut effects),
            Msg::Key(key, at_ns) => {
                self.now_ns = self.now_ns.max(at_ns);
                self.key(key.normalised(), &mut effects);
            }
            Msg::Paste(text) => self.paste(&text),
            Msg::Resize { width, height } => self.size = Size { width, height },
            Msg::Tick { now_ns } => self.tick(now_ns, &mut effects),
            Msg::Scan(event) => self.keeping_choice(|app| app.scanned(event)),
            Msg::Train(event) => self.trained(event, &mut effects),
            Msg::Engine(status) => self.engine(status, &mut effects),
            Msg::Ports(ports) => self.keeping_choice(|app| app.outputs.set_ports(ports)),
            Msg::Preview { path, result } => self.preview_read(path, result, &mut effects),
            Msg::Heard { path, result } => match result {
                Ok(grid) => {
                    let name = format!("model {}", sanitize_path(&path));
                    self.play_preview(name, grid, &mut effects);
                }
                Err(sentence) => self.tell(Level::Error, &sentence),
            },
            Msg::Spectrogram { what, columns } => match what {
                SpectrogramOf::File { path, first } => {
                    self.browser.sound.take(path, first, columns);
                }
                SpectrogramOf::Played => self.generation.add_columns(columns),
            },
            Msg::SessionSaved(Ok(path)) => {
                let name = sanitize_path(&path);
                self.tell(Level::Info, &format!("saved {name}"));
                self.saved_to = Some(name);
            }
            Msg::TakenOver(Ok(model)) => {
                let model = sanitize(&model);
                self.tell(Level::Info, &format!("{model} plays from the next bar on"));
                self.training.taken_over = Some(model);
            }
            Msg::SessionSaved(Err(sentence)) | Msg::TakenOver(Err(sentence)) => {
                self.tell(Level::Error, &sentence);
            }
            Msg::Device(device) => self.device = sanitize(&device),
            Msg::Notice { level, text } => self.tell(level, &text),
            Msg::Focus(focused) => self.focused = focused,
            Msg::Signal(Signal::End) => self.end(&mut effects),
            Msg::Signal(Signal::Continue) => effects.push(Effect::Redraw),
        }
        effects
    }

    fn start(&mut self, effects: &mut Vec<Effect>) {
        effects.push(Effect::SetTheme(self.theme.clone()));
        effects.push(Effect::SetKit(self.outputs.kit.clone()));
        effects.push(Effect::SetControls(self.controls));
        let outputs = self.outputs.wanted.iter().cloned().enumerate();
        effects.extend(outputs.map(|(slot, setup)| Effect::SetOutput {
            slot,
            setup: driven(&setup),
        }));
        effects.push(Effect::RefreshPorts);
        if self.browser.dir.is_some() {
            if let Some(dir) = self.browser.dir.clone() {
                self.training.form.set_data_dir(&dir);
            }
            self.scan(effects);
        }
        self.ask_offer();
    }

    fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        if !self.overlays.is_empty() {
            self.overlay_key(key, effects);
            return;
        }
        let command = self.keymap.command(key, self.screen);
        if key.code == KeyCode::Esc
            && matches!(command, None | Some(Command::StopPreview))
            && self.esc_takes_notices()
        {
            let oldest = self.notices_shown().len();
            self.notices.dismiss(oldest);
        } else if let Some(command) = command {
            self.run(command, effects);
        }
    }

    /// Whether Esc has nothing else to end, so that it takes the oldest notice in sight away.
    #[must_use]
    pub fn esc_takes_notices(&self) -> bool {
        self.overlays.is_empty()
            && self.generation.playback.preview.is_none()
            && self.browser.wanted.is_none()
            && !self.notices.list.is_empty()
    }

    /// The notices in sight, oldest first.
    #[must_use]
    pub fn notices_shown(&self) -> &[Notice] {
        let most = if self.size.height < 32 { 2 } else { 4 };
        let first = self.notices.list.len().saturating_sub(most);
        self.notices.list.get(first..).unwrap_or_default()
    }

    fn tick(&mut self, now_ns: u64, effects: &mut Vec<Effect>) {
        self.now_ns = self.now_ns.max(now_ns);
        self.notices.expire(self.now_ns);
        if self.offer.is_some() {
            self.offered_ns.get_or_insert(self.now_ns);
        }
        self.rested(effects);
        if self.settings_due_ns.is_some_and(|due| due <= self.now_ns) {
            self.settings_due_ns = None;
            effects.push(Effect::WriteSettings(Box::new(self.settings())));
        }
        let choosing = matches!(
            self.overlay(),
            Some(Overlay::Choose {
                kind: ChoiceKind::Output { .. },
                ..
            })
        );
        if choosing && self.ports_due_ns <= self.now_ns {
            self.ports_due_ns = self.now_ns.saturating_add(PORTS_NS);
            effects.push(Effect::RefreshPorts);
        }
    }

    /// Changes what lists are made of; an open one keeps its cursor on the same entry.
    pub(super) fn keeping_choice(&mut self, change: impl FnOnce(&mut Self)) {
        let open = match self.overlay() {
            Some(Overlay::Choose { kind, selected }) => Some((*kind, *selected)),
            _ => None,
        };
        let was = open.and_then(|(kind, at)| self.choices(kind).into_iter().nth(at));
        change(self);
        if let Some((kind, at)) = open {
            let now = self.choices(kind);
            let label = was.map(|choice| choice.label);
            let place = now.iter().position(|c| Some(&c.label) == label.as_ref());
            if let Some(Overlay::Choose { selected, .. }) = self.overlays.last_mut() {
                *selected = place.unwrap_or(at).min(now.len().saturating_sub(1));
            }
        }
    }

    fn engine(&mut self, status: Arc<EngineStatus>, effects: &mut Vec<Effect>) {
        self.keep_style(&status, effects);
        let news = self.generation.observe(status, self.now_ns);
        effects.extend(news.map(Effect::PicturePlayed));
        self.follow_preview(effects);
        self.tell_of_outputs();
    }

    /// An output that is lost is told with the reason, once; that it is back, too.
    fn tell_of_outputs(&mut self) {
        let status = Arc::clone(&self.generation.engine);
        for (view, slot) in status.outputs.iter().zip(0..) {
            let now_ns = self.now_ns;
            let watch = self.outputs.watches.get_mut(slot);
            let name = output_name(&view.spec);
            match watch.and_then(|watch| watch.observe(view, now_ns)) {
                Some(News::Lost(reason)) => self.tell(Level::Error, &format!("{name}: {reason}")),
                Some(News::Back) => {
                    // What was said of its loss is over.
                    self.notices.forget(&format!("{name}: "));
                    self.tell(Level::Info, &format!("{name} is back"));
                }
                None => {}
            }
        }
    }

    /// Another model may number its styles otherwise: the chosen ones keep their names.
    fn keep_style(&mut self, status: &EngineStatus, effects: &mut Vec<Effect>) {
        let old = &self.generation.engine.styles;
        if *old == status.styles || status.styles.is_empty() {
            return;
        }
        let renumbered = |style: u8| {
            if style == NO_STYLE {
                return NO_STYLE;
            }
            // At the start no model is known: the kept number stands if it fits.
            let style = if old.is_empty() {
                Some(usize::from(style)).filter(|s| *s < status.styles.len())
            } else {
                let name = old.get(usize::from(style));
                name.and_then(|name| status.styles.iter().position(|s| sanitize(s) == *name))
            };
            style.and_then(|s| u8::try_from(s).ok()).unwrap_or(NO_STYLE)
        };
        let style = renumbered(self.controls.style);
        let other_style = renumbered(self.controls.other_style);
        self.turn(effects, |controls| {
            controls.style = style;
            controls.other_style = other_style;
        });
    }

    fn trained(&mut self, event: TrainEvent, effects: &mut Vec<Effect>) {
        match &event {
            TrainEvent::Failed(sentence) => self.tell(Level::Error, sentence),
            TrainEvent::Ended { .. } => self.tell(Level::Info, "the training run has ended"),
            TrainEvent::Started { device, .. } => self.device = sanitize(device),
            _ => {}
        }
        let ready = matches!(
            event,
            TrainEvent::Checkpoint { .. } | TrainEvent::Ended { .. }
        );
        let wish = self.training.after_checkpoint.take_if(|_| ready);
        self.training.observe(event);
        if let (Some(purpose), Some((path, _))) = (wish, self.training.last_checkpoint.clone()) {
            self.use_checkpoint(purpose, path, effects);
        }
    }

    pub(super) fn use_checkpoint(
        &mut self,
        purpose: AfterCheckpoint,
        path: std::path::PathBuf,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(match purpose {
            AfterCheckpoint::TakeOver => Effect::TakeOver { path },
            AfterCheckpoint::Hear => Effect::HearCheckpoint {
                path,
                bars: 4,
                controls: self.controls,
            },
        });
    }

    /// Shows a sentence for a while.
    pub(super) fn tell(&mut self, level: Level, text: &str) {
        self.notices.add(level, text, self.now_ns);
    }

    /// Settings changed: they are written when they have settled.
    pub(super) fn settings_changed(&mut self) {
        self.settings_due_ns = Some(self.now_ns.saturating_add(SETTLE_NS));
    }

    /// Ends the program, asking nothing; a run under way ends with a checkpoint.
    pub(super) fn end(&mut self, effects: &mut Vec<Effect>) {
        if self.training.state.is_active() {
            effects.push(Effect::Train(TrainCommand::Stop));
        }
        effects.push(Effect::WriteSettings(Box::new(self.settings())));
        effects.push(Effect::Quit);
        self.generation.playback = Playback::default();
        self.quitting = true;
    }

    /// What is heard, as the user wished or the engine says.
    #[must_use]
    pub fn source(&self) -> PlaySource {
        let playback = &self.generation.playback;
        match (&playback.preview, playback.generator) {
            (Some(name), _) => PlaySource::Preview(name.clone()),
            (None, true) => PlaySource::Generator,
            (None, false) => PlaySource::Stopped,
        }
    }
}
