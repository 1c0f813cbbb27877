//! The program in a pseudo-terminal, its screen kept by vt100. Waits on what the screen shows,
//! never for a guessed time.

use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The size that the pictures are taken at: rows and columns.
const SIZE: (u16, u16) = (30, 100);

/// What the program writes after each frame; the screen is kept as of the last one, so that no
/// picture shows half of another.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// The screen and a bell that rings when it changes.
type Seen = Arc<(Mutex<vt100::Parser>, Condvar)>;

/// A running program and its terminal. The program is ended when this is dropped.
pub struct Terminal {
    seen: Seen,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _pair: PtyPair,
}

impl Terminal {
    /// Starts the program in `home`, where everything it writes goes too.
    pub fn start(program: &Path, home: &Path, args: &[&str]) -> Result<Self> {
        let (rows, cols) = SIZE;
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(home);
        command.env_remove("NO_COLOR");
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LC_ALL", "C.UTF-8");
        command.env("HOME", home);
        for (name, folder) in [("CONFIG", "config"), ("STATE", "state"), ("CACHE", "cache")] {
            command.env(format!("BEATGEN_{name}_DIR"), home.join(folder));
        }
        let child = pair
            .slave
            .spawn_command(command)
            .with_context(|| format!("cannot start {}", program.display()))?;
        let seen: Seen = Arc::new((
            Mutex::new(vt100::Parser::new(rows, cols, 0)),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader()?;
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            let mut waiting: Vec<u8> = Vec::new();
            let show = |bytes: &[u8]| {
                let mut parser = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                parser.process(bytes);
                shared.1.notify_all();
            };
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                waiting.extend(buffer.iter().take(n));
                let mut windows = waiting.windows(FRAME_END.len());
                if let Some(at) = windows.rposition(|bytes| bytes == FRAME_END) {
                    let rest = waiting.split_off(at + FRAME_END.len());
                    show(&std::mem::replace(&mut waiting, rest));
                }
            }
            show(&waiting);
        });
        Ok(Self {
            seen,
            keys: pair.master.take_writer()?,
            child,
            _pair: pair,
        })
    }

    /// Types.
    pub fn type_keys(&mut self, keys: &str) -> Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits until the screen satisfies `condition`; the screen as it then was.
    pub fn wait_for(
        &mut self,
        what: &str,
        patience: Duration,
        condition: impl Fn(&str) -> bool,
    ) -> Result<vt100::Screen> {
        let start = Instant::now();
        let (lock, changed) = &*self.seen;
        let mut parser = lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let text = parser.screen().contents();
            if condition(&text) {
                return Ok(parser.screen().clone());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{what}: the program ended ({status:?}); its screen:\n{text}");
            }
            if start.elapsed() > patience {
                bail!("{what}: not seen within {patience:?}; the screen:\n{text}");
            }
            let wait = changed.wait_timeout(parser, Duration::from_millis(100));
            parser = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the screen shows a text.
    pub fn wait_for_text(&mut self, text: &str) -> Result<vt100::Screen> {
        self.wait_for(text, Duration::from_secs(60), |screen| {
            screen.contains(text)
        })
    }

    /// Presses a key again and again until the screen satisfies `condition`.
    pub fn press_until(
        &mut self,
        key: &str,
        what: &str,
        condition: impl Fn(&str) -> bool,
    ) -> Result<()> {
        for _ in 0..200 {
            self.type_keys(key)?;
            if self
                .wait_for(what, Duration::from_millis(400), &condition)
                .is_ok()
            {
                return Ok(());
            }
        }
        bail!("{what}: not reached by pressing {key:?}")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.type_keys("\x03\x03");
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
    }
}
