//! Settings from three places, the later over the earlier: what the program remembered
//! (`settings.json` in the state folder, written by it), what the user wrote (`config.toml`, never
//! written by it), and the command line. A broken file is reported, kept, and passed over.

mod outputs;

use super::paths::Paths;
use crate::app::{Settings, Setup};
use crate::base::atomic_file;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::kit::Kit;
use crate::cli::DashboardArgs;
use crate::message::{HangUp, OutputSetup, OutputSpec};
use crate::ui::theme::Theme;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `config.toml`, as a user writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    theme: Option<String>,
    kit: Option<String>,
    midi_out: Option<toml::Value>,
    data_dir: Option<PathBuf>,
    on_hang_up: Option<toml::Value>,
    frames_per_second: Option<toml::Value>,
    keys: BTreeMap<String, Words>,
    #[serde(flatten)]
    unknown: BTreeMap<String, toml::Value>,
}

/// One word, or several in a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(word) => vec![word],
            Self::Many(words) => words,
        }
    }
}

/// All that a start of the dashboard needs to know.
pub struct Start {
    /// For [`crate::app::App::new`]; its size is still to be filled in.
    pub setup: Setup,
    /// The themes by name, the user's among them.
    pub themes: Vec<Theme>,
    /// Whether somebody chose where notes go; if nobody did, failing to open it is no fault.
    pub output_chosen: bool,
    /// What is done when the terminal goes away.
    pub on_hang_up: HangUp,
    /// The most frames a second, where the user's file says.
    pub frames_per_second: Option<u8>,
    /// What the user may like to know.
    pub advice: Vec<String>,
    /// What could not be used, in sentences for the user.
    pub problems: Vec<String>,
}

/// Gathers the settings for a start of the dashboard.
#[must_use]
pub fn start(paths: &Paths, args: &DashboardArgs) -> Start {
    let mut problems = Vec::new();
    let (themes, errors) = themes(paths);
    problems.extend(errors);
    let config = read_config(&paths.config_file(), &mut problems);
    let remembered = read_settings(&paths.settings_file(), &mut problems);
    let mut output_chosen = false;
    let mut settings = remembered.unwrap_or_else(|| Settings {
        outputs: Vec::new(),
        ..Settings::default()
    });
    if settings.outputs.is_empty() {
        settings
            .outputs
            .push(OutputSetup::plain(if cfg!(feature = "audio") {
                OutputSpec::Synth
            } else {
                OutputSpec::None
            }));
    }

    if let Some(value) = &config.midi_out {
        match outputs::read(value) {
            Ok(outputs) if !outputs.is_empty() => {
                (settings.outputs, output_chosen) = (outputs, true);
            }
            Ok(_) => {}
            Err(hint) => problems.push(format!("config.toml: midi_out: {hint}")),
        }
    }
    if !args.midi_out.is_empty() {
        // An output named again is driven as it was before.
        let known = std::mem::take(&mut settings.outputs);
        let named = args.midi_out.iter().cloned().map(|spec| {
            let before = known.iter().find(|setup| setup.spec == spec);
            OutputSetup {
                spec,
                ..before.cloned().unwrap_or_default()
            }
        });
        (settings.outputs, output_chosen) = (named.collect(), true);
    }
    // Said without an output, they are meant for those that are in force.
    for setup in &mut settings.outputs {
        setup.clock |= args.midi_clock;
        setup.latency_ms = args.latency.unwrap_or(setup.latency_ms);
    }
    let (on_hang_up, frames_per_second) = line_of(&config, &mut problems);
    if let Some(kit) = args.kit.clone().or(config.kit) {
        settings.kit = kit;
    }
    if let Some(dir) = args.data_dir.clone().or(config.data_dir) {
        // Remembered for a start from another folder.
        settings.data_dir = Some(std::path::absolute(&dir).unwrap_or(dir));
    }
    if let Some(theme) = args.theme.clone().or(config.theme) {
        settings.theme = theme;
    }
    if !themes.iter().any(|theme| theme.name == settings.theme) {
        // A theme nobody asked for by name may be missing without a word.
        if settings.theme != Settings::default().theme {
            let names: Vec<&str> = themes.iter().map(|theme| theme.name.as_str()).collect();
            problems.push(format!(
                "there is no theme \"{}\"; there are {}",
                sanitize(&settings.theme),
                names.join(", ")
            ));
        }
        settings.theme = themes.first().map_or_else(String::new, |t| t.name.clone());
    }
    settings.training.device = args.device;
    settings
        .training
        .checkpoint_dir
        .clone_from(&args.checkpoint_dir);
    if let Some(dir) = &settings.data_dir {
        settings.training.data_dir.clone_from(dir);
    }

    let mut kits: Vec<String> = Kit::NAMES.map(String::from).to_vec();
    if !kits.contains(&settings.kit) {
        kits.push(settings.kit.clone());
    }
    let keys = config
        .keys
        .into_iter()
        .map(|(id, words)| (id, words.into_vec()));
    Start {
        setup: Setup {
            settings,
            kits,
            themes: themes.iter().map(|theme| theme.name.clone()).collect(),
            keys: keys.collect(),
            has_synth: cfg!(feature = "audio"),
            has_ports: cfg!(feature = "midi"),
            ..Setup::default()
        },
        themes,
        output_chosen,
        on_hang_up,
        frames_per_second,
        advice: Vec::new(),
        problems,
    }
}

/// Keeps the settings for next time.
///
/// # Errors
/// The file system's, or a path in them that is not Unicode.
pub fn remember(path: &Path, settings: &Settings) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(settings)?;
    text.push(b'\n');
    atomic_file::write(path, &text)
}

/// What the user's file says of the line to the terminal: what is done when it breaks, the most
/// frames a second; and what is wrong in that file.
#[must_use]
pub fn line_settings(paths: &Paths) -> (HangUp, Option<u8>, Vec<String>) {
    let mut problems = Vec::new();
    let config = read_config(&paths.config_file(), &mut problems);
    let (on_hang_up, frames) = line_of(&config, &mut problems);
    (on_hang_up, frames, problems)
}

fn line_of(config: &Config, problems: &mut Vec<String>) -> (HangUp, Option<u8>) {
    let mut wrong = |key: &str, hint: String| problems.push(format!("config.toml: {key}: {hint}"));
    let on_hang_up = match config.on_hang_up.as_ref().map(hang_up) {
        Some(Ok(how)) => how,
        Some(Err(hint)) => {
            wrong("on_hang_up", hint);
            HangUp::default()
        }
        None => HangUp::default(),
    };
    let frames = match config.frames_per_second.as_ref().map(frames) {
        Some(Ok(frames)) => Some(frames),
        Some(Err(hint)) => {
            wrong("frames_per_second", hint);
            None
        }
        None => None,
    };
    (on_hang_up, frames)
}

/// The word for a hang-up wish in `config.toml`.
#[must_use]
pub const fn hang_up_word(how: HangUp) -> &'static str {
    match how {
        HangUp::FinishBar => "finish-bar",
        HangUp::Stop => "stop",
        HangUp::PlayOn => "play-on",
    }
}

fn hang_up(value: &toml::Value) -> Result<HangUp, String> {
    let words = [HangUp::FinishBar, HangUp::Stop, HangUp::PlayOn];
    let found = words
        .into_iter()
        .find(|how| value.as_str() == Some(hang_up_word(*how)));
    found.ok_or_else(|| "give \"finish-bar\", \"stop\" or \"play-on\"".into())
}

fn frames(value: &toml::Value) -> Result<u8, String> {
    let number = value.as_integer().filter(|n| (5..=60).contains(n));
    let number = number.and_then(|n| u8::try_from(n).ok());
    number.ok_or_else(|| "give a whole number from 5 to 60".into())
}

fn read_config(path: &Path, problems: &mut Vec<String>) -> Config {
    let Some(text) = read(path, problems) else {
        return Config::default();
    };
    match toml::from_str::<Config>(&text) {
        Ok(config) => {
            let known = "theme, kit, midi_out, data_dir, on_hang_up, frames_per_second and the table [keys]";
            problems.extend(config.unknown.keys().map(|key| {
                format!(
                    "{}: \"{}\" is no setting; there are {known}",
                    sanitize_path(path),
                    sanitize(key)
                )
            }));
            config
        }
        Err(error) => {
            problems.push(format!(
                "{} is passed over: {}; correct it and start again",
                sanitize_path(path),
                sanitize(error.to_string().trim())
            ));
            Config::default()
        }
    }
}

fn read_settings(path: &Path, problems: &mut Vec<String>) -> Option<Settings> {
    let text = read(path, problems)?;
    match serde_json::from_str::<Settings>(&text) {
        Ok(mut settings) => {
            let knobs = &mut settings.controls;
            knobs.temperature = knobs.temperature.clamp(0.0, 2.0);
            knobs.expression = knobs.expression.clamp(0.0, 2.0);
            knobs.density = knobs.density.clamp(-1.0, 1.0);
            knobs.swing = knobs.swing.clamp(0.5, 0.75);
            knobs.milli_bpm = knobs.milli_bpm.clamp(20_000, 400_000);
            Some(settings)
        }
        Err(error) => {
            let kept = atomic_file::write_new(&path.with_extension("broken.json"), text.as_bytes());
            let kept = kept.map_or_else(|e| format!("not kept: {e}"), |p| sanitize_path(&p));
            problems.push(format!(
                "{} cannot be read ({}); starting with the defaults, the old file is in {kept}",
                sanitize_path(path),
                sanitize(&error.to_string())
            ));
            None
        }
    }
}

/// A file's text; a missing file is no problem.
fn read(path: &Path, problems: &mut Vec<String>) -> Option<String> {
    match fs::read(path) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            problems.push(format!("{} cannot be read: {error}", sanitize_path(path)));
            None
        }
    }
}

/// The built-in themes and the user's own in `themes/*.toml` of the config folder.
fn themes(paths: &Paths) -> (Vec<Theme>, Vec<String>) {
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    let folder = fs::read_dir(paths.config.join("themes"));
    let mut files: Vec<PathBuf> = folder
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    for path in files {
        if let (Some(name), Some(text)) = (path.file_stem(), read(&path, &mut problems)) {
            texts.push((name.to_string_lossy().into_owned(), text));
        }
    }
    let (themes, errors) = Theme::all(texts.iter().map(|(n, t)| (n.as_str(), t.as_str())));
    problems.extend(errors.iter().map(ToString::to_string));
    (themes, problems)
}

#[cfg(test)]
mod tests;
