//! What the tests share: running the real binary with folders of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_beatgen-tui");

/// A folder that goes away, and the environment that keeps the program inside it.
pub struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    /// A fresh one.
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where sessions are saved.
    pub fn sessions(&self) -> PathBuf {
        self.path().join("state/sessions")
    }

    /// The variables that keep the program inside.
    pub fn variables(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("HOME", self.path().into()),
            ("BEATGEN_CONFIG_DIR", self.path().join("config")),
            ("BEATGEN_STATE_DIR", self.path().join("state")),
            ("BEATGEN_CACHE_DIR", self.path().join("cache")),
        ]
    }

    /// The program, without a terminal, in this folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(args)
            .envs(self.variables())
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Outcome {
        Outcome::from(self.command(args).output().unwrap())
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 for a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
