//! The state machine of the dashboard: [`App::update`] takes a [`Msg`], changes the
//! [`App`] and says in [`Effect`]s what is to be done. Pure: no files, threads, clocks or terminal, so
//! a whole session replays from its messages. `ui` draws an `&App`, `runtime` does the effects.
//!
//! | file | what |
//! |---|---|
//! | `msg` `effect` `settings` | what goes in, what comes out, what is kept |
//! | `state` `update` `run` | the whole, what messages and commands do to it |
//! | `key` `command` `keymap` | keys, verbs, which is which |
//! | `overlay` `overlay_keys` `choices` `text_field` | what lies over a screen |
//! | `browser` `browser_view` `file_sound` `listing` `dataset_update` | the dataset screen |
//! | `training` `form` `chart` `unit` | the training screen |
//! | `generation` `heard` `knobs` `steer` `playback` | the play screen |
//! | `outputs` `output_list` `desk` `watch` | where notes go, how, and how well |
//! | `notices` `offer` | sentences that pass; the question of the start |

pub mod browser;
mod browser_view;
pub mod chart;
mod choices;
pub mod command;
mod dataset_update;
pub mod desk;
pub mod effect;
pub mod file_sound;
pub mod form;
pub mod generation;
pub mod heard;
pub mod key;
pub mod keymap;
pub mod knobs;
pub mod listing;
pub mod msg;
pub mod notices;
mod offer;
mod output_list;
pub mod outputs;
pub mod overlay;
mod overlay_keys;
pub mod playback;
mod run;
pub mod settings;
pub mod state;
mod steer;
pub mod text_field;
pub mod training;
pub mod unit;
mod update;
mod watch;

#[cfg(test)]
mod tests;

pub use command::{COMMANDS, Command, CommandInfo, Scope};
pub use desk::{Advice, Desk};
pub use effect::Effect;
pub use key::{Key, KeyCode};
pub use knobs::{Knob, KnobPage};
pub use msg::{Level, Msg, Signal, SpectrogramOf};
pub use overlay::{Choice, ChoiceKind, Overlay};
pub use settings::{Settings, Setup};
pub use state::{App, Hint, Screen, Size};
