//! The terminal as a resource: taken, drawn to, given back on every way out. A thread of
//! its own writes, with a mailbox for one frame, so that a reader that stopped (a frozen
//! link) delays nothing but the next frame. What is drawn is decided in `ui`.

mod abilities;
mod canvas;
mod writer;

pub use abilities::{Abilities, refusal};
use canvas::Canvas;
pub use canvas::Room;

use crate::runtime::logging::Log;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{Command, cursor};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Rect, Size};
use rustix::fd::OwnedFd;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use writer::Writer;

/// How long a stopped reader is waited for before what it has not read is thrown away.
const PATIENCE: Duration = Duration::from_millis(300);

/// A frame that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its bytes.
    pub bytes: usize,
    /// Whether more is to be drawn than there was room for.
    pub waits: bool,
}

/// The screen; dropping it gives the terminal back.
pub struct Screen {
    terminal: Terminal<Canvas>,
    hold: Arc<Hold>,
}

impl Screen {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, focus reports;
    /// standard error goes to the log meanwhile, as C libraries print there. `written` is called,
    /// on the writer's thread, whenever a frame is out (`true`) or the terminal is gone (`false`).
    ///
    /// # Errors
    /// Standard input or output is no terminal, or it refuses raw mode.
    pub fn enter(log: &Log, written: impl Fn(bool) + Send + 'static) -> io::Result<Self> {
        let terminal = Terminal::new(Canvas::new(Canvas::default().size()?))?;
        let hold = Arc::new(Hold {
            writer: Writer::start(rustix::io::dup(rustix::stdio::stdout())?, written)?,
            taken: AtomicBool::new(false),
            errors: Mutex::new(None),
        });
        hold.take(log)?;
        Ok(Self { terminal, hold })
    }

    /// What other threads need to give the terminal back.
    #[must_use]
    pub fn hold(&self) -> Arc<Hold> {
        Arc::clone(&self.hold)
    }

    /// Columns and rows, 80 by 24 where the terminal does not tell.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        match self.terminal.size() {
            Ok(Size { width, height }) if width > 0 && height > 0 => (width, height),
            _ => (80, 24),
        }
    }

    /// Draws a frame and hands as much of it to the writer as there is room for. Unless the last one is still on
    /// its way or the terminal is given back: then nothing is done, the answer is `None`; draw again later.
    ///
    /// # Errors
    /// The size of the terminal cannot be found out.
    pub fn draw(
        &mut self,
        room: Room,
        render: impl FnOnce(&mut ratatui::Frame),
    ) -> io::Result<Option<Drawn>> {
        if self.hold.writer.busy() || !self.hold.taken.load(Ordering::Acquire) {
            return Ok(None);
        }
        self.terminal.draw(render)?;
        let (frame, waits) = self.terminal.backend_mut().frame(room);
        let mut bytes = 0;
        if !frame.is_empty() {
            let mut whole = ansi(&[&BeginSynchronizedUpdate]);
            whole.extend_from_slice(&frame);
            whole.extend(ansi(&[&EndSynchronizedUpdate]));
            bytes = whole.len();
            self.hold.writer.send(whole);
        }
        Ok(Some(Drawn { bytes, waits }))
    }

    /// Gives the terminal back for good: what C libraries print goes to the log still.
    pub fn let_go(&self, log: &Log) {
        self.hold.give_back();
        if let Some(file) = log.clone_file() {
            let _ = rustix::stdio::dup2_stderr(&file);
        }
    }

    /// Makes the next frame a whole one.
    pub fn forget(&mut self) {
        let (width, height) = self.size();
        // Not `clear`, which asks the terminal where its cursor is: the answer would go to the
        // thread that reads keys. The clearing lands in the frame's bytes, which take everything.
        let _ = self.terminal.resize(Rect::new(0, 0, width, height));
    }

    /// Takes the terminal again after [`Hold::give_back`] or after the process was stopped.
    ///
    /// # Errors
    /// The terminal refuses raw mode.
    pub fn retake(&mut self, log: &Log) -> io::Result<()> {
        // Whoever had the terminal meanwhile may have changed its modes.
        let _ = disable_raw_mode();
        self.hold.take(log)?;
        self.forget();
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.hold.give_back();
    }
}

/// The terminal as other threads hold it: they can only give it back.
pub struct Hold {
    writer: Writer,
    taken: AtomicBool,
    /// Standard error as it was, while it goes to the log.
    errors: Mutex<Option<OwnedFd>>,
}

impl Hold {
    fn take(&self, log: &Log) -> io::Result<()> {
        enable_raw_mode()?;
        if self.taken.swap(true, Ordering::AcqRel) {
            self.writer.send(enter_bytes());
            return Ok(());
        }
        if let (Some(file), Ok(saved)) =
            (log.clone_file(), rustix::io::dup(rustix::stdio::stderr()))
            && rustix::stdio::dup2_stderr(&file).is_ok()
        {
            *self.errors.lock().unwrap_or_else(PoisonError::into_inner) = Some(saved);
        }
        self.writer.send(enter_bytes());
        Ok(())
    }

    /// Gives the terminal back as it was; a second call does nothing. Waits at most twice
    /// [`PATIENCE`] for a reader that stopped, throwing away what it has not read after the first.
    pub fn give_back(&self) {
        if !self.taken.swap(false, Ordering::AcqRel) {
            return;
        }
        self.write_patiently(leave_bytes());
        let _ = disable_raw_mode();
        let saved = self
            .errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(saved) = saved {
            let _ = rustix::stdio::dup2_stderr(&saved);
        }
    }

    /// Prints lines on the terminal after it was given back, never waiting long.
    pub fn say(&self, text: &str) {
        self.write_patiently(format!("{text}\n").into_bytes());
    }

    fn write_patiently(&self, bytes: Vec<u8>) {
        let done = self.writer.send(bytes);
        if done.recv_timeout(PATIENCE).is_err() {
            let output = rustix::stdio::stdout();
            let _ = rustix::termios::tcflush(output, rustix::termios::QueueSelector::OFlush);
            let _ = done.recv_timeout(PATIENCE);
        }
    }
}

fn enter_bytes() -> Vec<u8> {
    ansi(&[
        &EnterAlternateScreen,
        &EnableBracketedPaste,
        &EnableFocusChange,
        &cursor::Hide,
        &Clear(ClearType::All),
    ])
}

fn leave_bytes() -> Vec<u8> {
    ansi(&[
        &EndSynchronizedUpdate,
        &DisableFocusChange,
        &DisableBracketedPaste,
        &ResetColor,
        &LeaveAlternateScreen,
        &cursor::Show,
    ])
}

/// Object-safe side of crossterm's commands.
trait Ansi {
    fn put(&self, text: &mut String);
}

impl<C: Command> Ansi for C {
    fn put(&self, text: &mut String) {
        // A string takes everything.
        let _ = self.write_ansi(text);
    }
}

fn ansi(commands: &[&dyn Ansi]) -> Vec<u8> {
    let mut text = String::new();
    for command in commands {
        command.put(&mut text);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_undoes_entering() {
        let mut parser = vt100::Parser::new(24, 80, 0);
        parser.process(b"before");
        parser.process(&enter_bytes());
        assert!(parser.screen().alternate_screen() && parser.screen().hide_cursor());
        assert!(parser.screen().bracketed_paste());
        parser.process(&leave_bytes());
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.contents().trim(), "before");
    }
}
