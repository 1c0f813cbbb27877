//! Where things are kept: settings, log, sessions, caches. Only names are made here;
//! nothing is created.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folders of one user, as the environment names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml` and the user's own `themes/` and `kits/`.
    pub config: PathBuf,
    /// The log, remembered settings, `sessions/`.
    pub state: PathBuf,
    /// What can be computed again: the index of scanned folders.
    pub cache: PathBuf,
}

impl Paths {
    /// The folders by the XDG base directory rules; `BEATGEN_CONFIG_DIR`, `BEATGEN_STATE_DIR`
    /// and `BEATGEN_CACHE_DIR` name them outright.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from(|name| std::env::var_os(name))
    }

    fn from(env: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| {
            env(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let folder = |own: &str, xdg: &str, below_home: &str| {
            set(own).unwrap_or_else(|| {
                // The rules: a relative path in an XDG variable is to be ignored.
                let base = set(xdg).filter(|path| path.is_absolute());
                let base = base.or_else(|| set("HOME").map(|home| home.join(below_home)));
                base.unwrap_or_else(std::env::temp_dir).join("beatgen-tui")
            })
        };
        Self {
            config: folder("BEATGEN_CONFIG_DIR", "XDG_CONFIG_HOME", ".config"),
            state: folder("BEATGEN_STATE_DIR", "XDG_STATE_HOME", ".local/state"),
            cache: folder("BEATGEN_CACHE_DIR", "XDG_CACHE_HOME", ".cache"),
        }
    }

    /// The settings a user writes by hand.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// What the program remembers from one start to the next.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.state.join("settings.json")
    }

    /// Where sessions are saved.
    #[must_use]
    pub fn sessions(&self) -> PathBuf {
        self.state.join("sessions")
    }

    /// The set that was left when its terminal went away.
    #[must_use]
    pub fn left_file(&self) -> PathBuf {
        self.state.join("left.json")
    }

    /// Locked by a process that plays without a screen.
    #[must_use]
    pub fn playing_lock(&self) -> PathBuf {
        self.state.join("playing.lock")
    }

    /// Closing notes that a killed program still owes.
    #[must_use]
    pub fn owed(&self) -> PathBuf {
        self.state.join("owed")
    }

    /// The log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.state.join("beatgen-tui.log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(variables: &[(&str, &str)]) -> Paths {
        Paths::from(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn own_variables_win_over_xdg_over_home() {
        let found = paths(&[
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/x"),
            ("XDG_CACHE_HOME", "relative"),
            ("BEATGEN_STATE_DIR", "/s"),
        ]);
        assert_eq!(
            found.config_file(),
            PathBuf::from("/x/beatgen-tui/config.toml")
        );
        assert_eq!(found.sessions(), PathBuf::from("/s/sessions"));
        assert_eq!(found.cache, PathBuf::from("/h/.cache/beatgen-tui"));
    }

    #[test]
    fn a_missing_home_is_no_reason_to_fail() {
        assert!(
            paths(&[])
                .log_file()
                .ends_with("beatgen-tui/beatgen-tui.log")
        );
    }
}
