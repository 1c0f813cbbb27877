//! [`App::run`]: what each command does.

use super::browser::Wanted;
use super::command::Command;
use super::effect::Effect;
use super::knobs::{FINE, SWING_STEP, clamped, next_style};
use super::msg::Level;
use super::overlay::{ChoiceKind, Confirmed, Overlay};
use super::state::{App, Screen};
use super::text_field::TextField;
use super::training::{AfterCheckpoint, RunState};
use crate::beat::grid::BeatGrid;
use crate::message::{Controls, LANES, TrainCommand};
use std::sync::Arc;

impl App {
    /// Does a command, as a key or the palette asks for it.
    pub(super) fn run(&mut self, command: Command, effects: &mut Vec<Effect>) {
        use Command as C;
        let page = isize::try_from(self.list_height()).unwrap_or(isize::MAX);
        match command {
            C::ScreenDataset => self.screen = Screen::Dataset,
            C::ScreenTraining => self.screen = Screen::Training,
            C::ScreenPlay => self.screen = Screen::Play,
            C::NextScreen => self.next_screen(1),
            C::PreviousScreen => self.next_screen(Screen::ALL.len() - 1),
            C::ToggleGenerator | C::PlayStop => self.toggle_generator(effects),
            C::StopPreview => {
                self.browser.wanted = None;
                if self.generation.playback.preview.is_some() {
                    self.stop_preview(effects);
                }
            }
            C::SaveSession => effects.push(Effect::SaveSession),
            C::Panic => {
                self.generation.playback.wish(false, None, self.now_ns);
                self.browser.wanted = None;
                effects.push(Effect::Panic);
                self.tell(Level::Warning, "silence: all notes are closed");
            }
            C::Outputs => {
                self.ports_due_ns = 0;
                self.choose(ChoiceKind::Output { slot: 0 });
            }
            C::Kits => self.choose(ChoiceKind::Kit),
            C::Themes => self.choose(ChoiceKind::Theme),
            C::Palette => self.overlays.push(Overlay::Palette {
                query: TextField::default(),
                selected: 0,
            }),
            C::Help => self.overlays.push(Overlay::Help { scroll: 0 }),
            C::Redraw => effects.push(Effect::Redraw),
            C::Suspend => self.suspend(effects),
            C::Quit => self.quit(effects),

            C::RowUp => self.move_row(-1),
            C::RowDown => self.move_row(1),
            C::RowPageUp => self.move_row(-page),
            C::RowPageDown => self.move_row(page),
            C::RowFirst => self.move_row(isize::MIN + 1),
            C::RowLast => self.move_row(isize::MAX),
            C::Open => self.open_selected(),
            C::BarPrevious => self.bar(false, effects),
            C::BarNext => self.bar(true, effects),
            C::HearFile => self.want_selected(Wanted::Hear, effects),
            C::Prime => self.want_selected(Wanted::Prime, effects),
            C::Exclude => self.toggle_excluded(),
            C::Remap => self.toggle_remap(effects),
            C::Find => self.overlays.push(Overlay::Find),
            C::Sort => {
                self.browser.sort = self.browser.sort.next();
                self.relisted();
            }
            C::Filter => self.choose(ChoiceKind::Filter),
            C::Rescan => self.scan(effects),
            C::ChangeFolder => self.ask_folder(),
            C::TrainForm => self.overlays.push(Overlay::TrainForm),

            C::PauseTraining => self.pause_training(effects),
            C::Checkpoint => {
                if self.training_runs() {
                    effects.push(Effect::Train(TrainCommand::Checkpoint));
                }
            }
            C::StopTraining => {
                if self.training_runs() {
                    self.overlays.push(Overlay::Confirm {
                        question: "End the training run? A checkpoint is written first".into(),
                        yes: Confirmed::StopTraining,
                    });
                }
            }
            C::TakeOver => self.want_checkpoint(AfterCheckpoint::TakeOver, effects),
            C::HearCheckpoint => self.want_checkpoint(AfterCheckpoint::Hear, effects),
            C::LogScale => self.training.log_scale = !self.training.log_scale,

            C::TemperatureDown => self.turn(effects, |c| c.temperature -= FINE),
            C::TemperatureUp => self.turn(effects, |c| c.temperature += FINE),
            C::ExpressionDown => self.turn(effects, |c| c.expression -= FINE),
            C::ExpressionUp => self.turn(effects, |c| c.expression += FINE),
            C::DensityDown => self.turn(effects, |c| c.density -= FINE),
            C::DensityUp => self.turn(effects, |c| c.density += FINE),
            C::SwingDown => self.turn(effects, |c| c.swing -= SWING_STEP),
            C::SwingUp => self.turn(effects, |c| c.swing += SWING_STEP),
            C::TempoDown => self.turn_tempo(effects, -1),
            C::TempoUp => self.turn_tempo(effects, 1),
            C::TempoDown5 => self.turn_tempo(effects, -5),
            C::TempoUp5 => self.turn_tempo(effects, 5),
            C::TempoDown10 => self.turn_tempo(effects, -10),
            C::TempoUp10 => self.turn_tempo(effects, 10),
            C::TapTempo => {
                self.generation.tapped_ns = Some(self.now_ns);
                if let Some(tempo) = self.generation.taps.tap(self.now_ns) {
                    self.turn(effects, |c| c.milli_bpm = tempo);
                }
            }
            C::LaneUp => self.generation.lane = self.generation.lane().above().index(),
            C::LaneDown => self.generation.lane = self.generation.lane().below().index(),
            C::Mute => {
                let bit = 1u16 << self.generation.lane.min(LANES - 1);
                self.turn(effects, |c| c.mutes ^= bit);
            }
            C::UnmuteAll => self.turn(effects, |c| c.mutes = 0),
            C::StyleNext | C::StylePrevious => {
                let styles = self.generation.engine.styles.len();
                let forward = command == C::StyleNext;
                self.turn(effects, |c| c.style = next_style(c.style, styles, forward));
            }
            C::ResetKnobs
            | C::KnobPage
            | C::Lock
            | C::UnlockAll
            | C::Fill
            | C::Mutate
            | C::LaneDensityDown
            | C::LaneDensityUp
            | C::LaneTemperatureDown
            | C::LaneTemperatureUp
            | C::FullnessDown
            | C::FullnessUp
            | C::MinPDown
            | C::MinPUp
            | C::GuidanceDown
            | C::GuidanceUp
            | C::BlendDown
            | C::BlendUp
            | C::OtherStyleNext
            | C::OtherStylePrevious
            | C::LoopBarsDown
            | C::LoopBarsUp
            | C::MutationDown
            | C::MutationUp => self.steer(command, effects),
        }
    }

    fn next_screen(&mut self, by: usize) {
        let at = Screen::ALL.iter().position(|s| *s == self.screen);
        let next = (at.unwrap_or(0) + by) % Screen::ALL.len();
        self.screen = Screen::ALL.get(next).copied().unwrap_or_default();
    }

    fn move_row(&mut self, by: isize) {
        let height = self.list_height();
        self.browser.step(by, height);
        self.moved();
    }

    /// Turns knobs: within their ranges, with a new version if anything changed.
    pub(super) fn turn(&mut self, effects: &mut Vec<Effect>, change: impl FnOnce(&mut Controls)) {
        let mut turned = self.controls;
        change(&mut turned);
        let turned = clamped(turned);
        if turned != self.controls {
            self.controls = turned;
            self.controls.version += 1;
            effects.push(Effect::SetControls(self.controls));
            self.settings_changed();
        }
    }

    fn turn_tempo(&mut self, effects: &mut Vec<Effect>, bpm: i32) {
        self.turn(effects, |c| {
            c.milli_bpm = c.milli_bpm.saturating_add_signed(bpm * 1000);
        });
    }

    /// The generator is heard, or, if it is, stops. A preview over it gives way.
    fn toggle_generator(&mut self, effects: &mut Vec<Effect>) {
        self.browser.wanted = None;
        let now = self.generation.playback.clone();
        if now.hears_generator() {
            effects.push(Effect::Stop);
            self.generation.playback.wish(false, None, self.now_ns);
            return;
        }
        if now.preview.is_some() {
            effects.push(Effect::StopPreview);
        }
        if !now.generator {
            effects.push(Effect::Play);
        }
        self.generation.playback.wish(true, None, self.now_ns);
    }

    pub(super) fn play_preview(
        &mut self,
        name: String,
        grid: Arc<BeatGrid>,
        effects: &mut Vec<Effect>,
    ) {
        let generator = self.generation.playback.generator;
        let preview = Some(name.clone());
        self.generation
            .playback
            .wish(generator, preview, self.now_ns);
        effects.push(Effect::PlayPreview { name, grid });
    }

    pub(super) fn stop_preview(&mut self, effects: &mut Vec<Effect>) {
        let generator = self.generation.playback.generator;
        self.generation.playback.wish(generator, None, self.now_ns);
        effects.push(Effect::StopPreview);
    }

    /// Starts the run the form describes: false, and the errors in the form, where it does not.
    pub(super) fn start_training(&mut self, effects: &mut Vec<Effect>) -> bool {
        if self.training.state.is_active() {
            self.tell(Level::Warning, "a training run is under way; stop it first");
            return false;
        }
        let Some(config) = self.training.form.submit() else {
            self.tell(Level::Warning, "the form is not in order yet");
            return false;
        };
        let inside = |paths: &std::collections::BTreeSet<std::path::PathBuf>| {
            let of_it = paths.iter().filter(|p| p.starts_with(&config.data_dir));
            of_it.cloned().collect()
        };
        effects.push(Effect::StartTraining {
            excluded: inside(&self.browser.excluded),
            remaps: inside(&self.browser.remaps),
            config: Box::new(config.clone()),
        });
        self.training.begin(&config);
        self.screen = Screen::Training;
        self.settings_changed();
        true
    }

    /// Whether a run is under way; says so where not.
    fn training_runs(&mut self) -> bool {
        let runs = self.training.state.is_active();
        if !runs {
            self.tell(Level::Info, "no model is training; t sets a run up");
        }
        runs
    }

    fn pause_training(&mut self, effects: &mut Vec<Effect>) {
        if !self.training_runs() {
            return;
        }
        if self.training.state == RunState::Stopping {
            self.tell(Level::Info, "the run is ending");
            return;
        }
        // Pressed twice before the run says that it holds: the second press still means "go on".
        let paused = self.training.state.is_paused();
        let hold = !self.training.hold_wish.unwrap_or(paused);
        self.training.hold_wish = Some(hold);
        effects.push(Effect::Train(if hold {
            TrainCommand::Pause
        } else {
            TrainCommand::Resume
        }));
    }

    pub(super) fn stop_training(&mut self, effects: &mut Vec<Effect>) {
        if self.training.state.is_active() {
            self.training.state = RunState::Stopping;
            self.training.say("ending after this update");
            effects.push(Effect::Train(TrainCommand::Stop));
        }
    }

    /// Uses the model as it is now: of a run under way, the checkpoint it is asked to
    /// write; of one that ended, its last; without any, the best in the form's folder.
    fn want_checkpoint(&mut self, purpose: AfterCheckpoint, effects: &mut Vec<Effect>) {
        if matches!(
            self.training.state,
            RunState::Starting | RunState::Running | RunState::Paused
        ) {
            // Asked twice before it is written: one checkpoint serves, the last wish counts.
            if self.training.after_checkpoint.is_none() {
                effects.push(Effect::Train(TrainCommand::Checkpoint));
            }
            self.training.after_checkpoint = Some(purpose);
        } else if self.training.state.is_active() {
            self.training.after_checkpoint = Some(purpose);
        } else {
            let last = self.training.last_checkpoint.clone().map(|(path, _)| path);
            let path = last.unwrap_or_else(|| self.training.form.kept().checkpoint_dir);
            self.use_checkpoint(purpose, path, effects);
        }
    }

    fn suspend(&mut self, effects: &mut Vec<Effect>) {
        let playback = self.generation.playback.clone();
        if playback.preview.is_some() {
            effects.push(Effect::StopPreview);
        }
        if playback.generator {
            effects.push(Effect::Stop);
        }
        self.generation.playback.wish(false, None, self.now_ns);
        effects.push(Effect::Suspend);
    }

    fn quit(&mut self, effects: &mut Vec<Effect>) {
        let asks = |o: &Overlay| {
            matches!(
                o,
                Overlay::Confirm {
                    yes: Confirmed::Quit,
                    ..
                }
            )
        };
        if self.training.state.is_active() && !self.overlays.iter().any(asks) {
            self.overlays.push(Overlay::Confirm {
                question: "A model is training. End it with a checkpoint and quit?".into(),
                yes: Confirmed::Quit,
            });
        } else {
            self.confirmed(Confirmed::Quit, effects);
        }
    }
}
