//! Settings from three places, the later over the earlier: what the program remembered
//! (`settings.json` in the state folder, written by it), what the user wrote (`config.toml`, never
//! written by it), and the command line. A broken file is reported, kept, and passed over.

use super::paths::Paths;
use crate::app::{Settings, Setup};
use crate::base::atomic_file;
use crate::base::text::{sanitize, sanitize_path};
use crate::beat::kit::Kit;
use crate::cli::DashboardArgs;
use crate::cli::values::output;
use crate::message::OutputSpec;
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
    midi_out: Option<Words>,
    data_dir: Option<PathBuf>,
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
        settings.outputs.push(if cfg!(feature = "audio") {
            OutputSpec::Synth
        } else {
            OutputSpec::None
        });
    }

    if let Some(words) = config.midi_out {
        let specs = words.into_vec().into_iter().map(|word| output(&word));
        match specs.collect::<Result<Vec<_>, _>>() {
            Ok(outputs) if !outputs.is_empty() => {
                (settings.outputs, output_chosen) = (outputs, true);
            }
            Ok(_) => {}
            Err(hint) => problems.push(format!("config.toml: midi_out: {hint}")),
        }
    }
    if let Some(spec) = &args.midi_out {
        (settings.outputs, output_chosen) = (vec![spec.clone()], true);
    }
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
        problems,
    }
}

/// The drum-machine map of that name, or of that TOML file.
///
/// # Errors
/// The name and why there is none.
pub fn kit(name: &str) -> Result<Kit, String> {
    if let Some(kit) = Kit::named(name) {
        return Ok(kit);
    }
    let text = fs::read_to_string(name).map_err(|error| format!("{}: {error}", sanitize(name)))?;
    Kit::from_toml(name, &text).map_err(|error| error.to_string())
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

fn read_config(path: &Path, problems: &mut Vec<String>) -> Config {
    let Some(text) = read(path, problems) else {
        return Config::default();
    };
    match toml::from_str::<Config>(&text) {
        Ok(config) => {
            let known = "theme, kit, midi_out, data_dir and the table [keys]";
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
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn start_with(config: &str, settings: &str, flags: &[&str]) -> (Start, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths {
            config: dir.path().join("config"),
            state: dir.path().join("state"),
            cache: dir.path().join("cache"),
        };
        for (path, text) in [
            (paths.config_file(), config),
            (paths.settings_file(), settings),
        ] {
            if !text.is_empty() {
                atomic_file::write(&path, text.as_bytes()).unwrap();
            }
        }
        let args = [&["beatgen-tui"], flags].concat();
        (start(&paths, &Cli::parse_from(args).dashboard), dir)
    }

    #[test]
    fn flags_win_over_the_users_file_over_what_was_remembered() {
        let remembered = Settings {
            kit: "digitakt".into(),
            theme: "day".into(),
            data_dir: Some("/old".into()),
            ..Settings::default()
        };
        let (start, _dir) = start_with(
            "theme = 'magma'\nmidi_out = ['none', 'TR']\n[keys]\nquit = 'ctrl-q'\nhelp = ['h', 'f1']",
            &serde_json::to_string(&remembered).unwrap(),
            &["--theme", "ansi", "--data-dir", "/new"],
        );
        assert_eq!(start.problems, Vec::<String>::new());
        let settings = start.setup.settings;
        assert_eq!(
            (settings.theme.as_str(), settings.kit.as_str()),
            ("ansi", "digitakt")
        );
        assert_eq!(settings.data_dir, Some("/new".into()));
        assert_eq!(
            settings.outputs,
            [OutputSpec::None, OutputSpec::Port("TR".into())]
        );
        assert_eq!(start.setup.keys["help"], ["h", "f1"]);
        assert!(start.output_chosen);
    }

    #[test]
    fn a_broken_file_is_reported_and_never_lost() {
        let (start, dir) = start_with("theme = = 'x\x1b'", "{\"theme\": 3", &[]);
        assert_eq!(start.problems.len(), 2, "{:?}", start.problems);
        assert!(start.problems.iter().all(|p| !p.contains(['\x1b', '\n'])));
        let kept = fs::read_to_string(dir.path().join("state/settings.broken.json"));
        assert_eq!(kept.unwrap(), "{\"theme\": 3");
        assert!(!start.output_chosen);
        assert!(start.setup.themes.contains(&start.setup.settings.theme));
    }

    #[test]
    fn a_setting_that_does_not_exist_is_named() {
        let (start, _dir) = start_with("colour = 'red'\nkit = 'tr-8'", "", &["--theme", "nope"]);
        assert_eq!(start.problems.len(), 2, "{:?}", start.problems);
        assert!(start.problems[0].contains("colour") && start.problems[1].contains("nope"));
        assert_eq!(start.setup.settings.kit, "tr-8");
    }

    #[test]
    fn settings_read_back_as_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/settings.json");
        let mut settings = Settings::default();
        settings.controls.temperature = 1.25;
        settings.excluded.insert("x.mid".into());
        remember(&path, &settings).unwrap();
        let mut problems = Vec::new();
        assert_eq!(read_settings(&path, &mut problems), Some(settings));
    }
}
