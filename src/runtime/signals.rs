//! Signals become events for the main thread. The first one that asks for an end starts
//! an orderly one; a second, or an end that takes too long, leaves at once with the terminal
//! restored. Nothing is done inside a signal handler: a thread reads them from a pipe.

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// How long an orderly end may take before the process leaves anyway.
const PATIENCE: Duration = Duration::from_secs(5);

/// Another signal so soon after the first asks for the same end: a closed window sends two hang-ups,
/// an impatient hand presses Ctrl-C twice. Leaving at once would cost the session.
const SAME_WISH: Duration = Duration::from_secs(2);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SIGTERM, SIGHUP, SIGINT or SIGQUIT, by number: end now.
    End(i32),
    /// SIGTSTP: leave the screen and stop.
    Stop,
    /// SIGCONT: the process goes on.
    Continue,
}

/// The exit code of a process ended by signal `number`, as shells count.
#[must_use]
pub const fn exit_code(number: i32) -> u8 {
    (128 + number) as u8
}

/// Starts the thread that hears signals. `tell` is called for each; `restore` puts the
/// terminal right and must not block, and is called before the process leaves without the main thread.
///
/// # Errors
/// The system refuses the handlers or the thread.
pub fn watch(
    tell: impl Fn(Asked) + Send + 'static,
    restore: impl Fn() + Send + Sync + 'static,
) -> io::Result<()> {
    let mut signals =
        signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT])?;
    let restore = Arc::new(restore);
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            let mut ending: Option<Instant> = None;
            for number in signals.forever() {
                match number {
                    SIGTSTP => tell(Asked::Stop),
                    SIGCONT => tell(Asked::Continue),
                    _ if ending.is_some_and(|since| since.elapsed() < SAME_WISH) => {}
                    _ if ending.is_some() => leave(number, &*restore),
                    _ => {
                        ending = Some(Instant::now());
                        tell(Asked::End(number));
                        let restore = Arc::clone(&restore);
                        let late = move || {
                            std::thread::sleep(PATIENCE);
                            leave(number, &*restore);
                        };
                        // Without the watchdog a second signal still ends it.
                        let _ = std::thread::Builder::new()
                            .name("watchdog".into())
                            .spawn(late);
                    }
                }
            }
        })?;
    Ok(())
}

/// What a long job without a screen has heard.
#[derive(Clone, Debug, Default)]
pub struct Caught(Arc<AtomicI32>);

impl Caught {
    /// The first signal that asked for an end, if any.
    #[must_use]
    pub fn number(&self) -> Option<i32> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&n| n != 0)
    }
}

/// For a job that takes its own time to end, such as a training update on a slow machine: the
/// first signal is told, the second ends the process.
///
/// # Errors
/// The system refuses the handlers or the thread.
pub fn stop_on_first(tell: impl Fn() + Send + 'static) -> io::Result<Caught> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT])?;
    let caught = Caught::default();
    let first = caught.clone();
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for number in signals.forever() {
                if first.number().is_some() {
                    leave(number, &|| {});
                }
                first.0.store(number, Ordering::Relaxed);
                tell();
            }
        })?;
    Ok(caught)
}

fn leave(number: i32, restore: &dyn Fn()) -> ! {
    restore();
    signal_hook::low_level::exit(i32::from(exit_code(number)))
}

/// Stops this process until the shell continues it; returns then.
pub fn stop_here() {
    let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_reach_the_main_thread() {
        let (sender, receiver) = crossbeam_channel::unbounded();
        watch(move |asked| sender.send(asked).unwrap(), || {}).unwrap();
        // SIGCONT does nothing to a running process, so a test can raise it.
        signal_hook::low_level::raise(SIGCONT).unwrap();
        let asked = receiver.recv_timeout(Duration::from_secs(10));
        assert_eq!(asked, Ok(Asked::Continue));
        assert_eq!(exit_code(SIGINT), 130);
    }
}
