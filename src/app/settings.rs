//! [`Settings`]: what is kept from one start to the next, and [`Setup`]: what a start knows
//! besides. Reading and writing them is `runtime`'s.

use crate::message::{Controls, Offer, OutputSetup, TrainConfig};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What the user chose and expects to find again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The theme's name.
    pub theme: String,
    /// The drum-machine map's name.
    pub kit: String,
    /// Outputs in slot order.
    pub outputs: Vec<OutputSetup>,
    /// The folder of MIDI files last shown.
    pub data_dir: Option<PathBuf>,
    /// Files left out of training by hand.
    pub excluded: BTreeSet<PathBuf>,
    /// Files whose notes are read as drums, whatever their channel.
    pub remaps: BTreeSet<PathBuf>,
    /// The training form as last filled in.
    pub training: TrainConfig,
    /// The knobs as last turned.
    pub controls: Controls,
    /// Whether tmux was recommended already; once is enough.
    pub advised_tmux: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "night".into(),
            kit: "gm".into(),
            outputs: vec![OutputSetup::default()],
            data_dir: None,
            excluded: BTreeSet::new(),
            remaps: BTreeSet::new(),
            training: TrainConfig::default(),
            controls: Controls::default(),
            advised_tmux: false,
        }
    }
}

/// All that [`super::App::new`] is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// What was kept, with the command line's flags laid over it.
    pub settings: Settings,
    /// Drum-machine maps to choose from.
    pub kits: Vec<String>,
    /// Themes to choose from.
    pub themes: Vec<String>,
    /// The user's keymap: command id to keys, replacing that command's own.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// Whether the synth was built in (feature `audio`).
    pub has_synth: bool,
    /// Whether MIDI ports were built in (feature `midi`).
    pub has_ports: bool,
    /// The device that computes, and why this one; empty while unknown.
    pub device: String,
    /// A set that its terminal left, to go on with.
    pub offer: Option<Offer>,
}
