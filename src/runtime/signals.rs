//! Signals become events for the main thread. The first one that asks for an end starts
//! an orderly one; a second, or an end that takes too long, leaves at once with the terminal
//! restored. A hang-up is milder: what it asks for is the main thread's to say, and another signal still
//! asks for the end. Nothing is done inside a signal handler: a thread reads them from a pipe.

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an orderly end may take before the process leaves anyway.
const PATIENCE: Duration = Duration::from_secs(5);

/// Another signal so soon after the first asks for the same end: a closed window sends two hang-ups,
/// an impatient hand presses Ctrl-C twice. Leaving at once would cost the session.
pub const SAME_WISH: Duration = Duration::from_secs(2);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SIGTERM, SIGINT or SIGQUIT, by number, or a second SIGHUP: end now.
    End(i32),
    /// SIGHUP: the terminal went away.
    HangUp,
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

/// What was asked for so far, and until when it must be done.
#[derive(Debug, Default)]
struct State {
    /// The last signal that asked for something, and when.
    last: Option<(i32, Instant)>,
    /// Whether that was an end, not a mere hang-up.
    ends: bool,
    /// When the process leaves whatever the main thread does.
    deadline: Option<Instant>,
}

/// What a signal means after what was asked for before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Tell(Asked),
    Same,
    Leave,
}

impl State {
    fn hear(&mut self, number: i32, now: Instant) -> Meaning {
        let meaning = match self.last {
            None if number == SIGHUP => Meaning::Tell(Asked::HangUp),
            None => Meaning::Tell(Asked::End(number)),
            Some((_, at)) if now < at + SAME_WISH && (self.ends || number == SIGHUP) => {
                Meaning::Same
            }
            Some(_) if self.ends => Meaning::Leave,
            Some(_) => Meaning::Tell(Asked::End(number)),
        };
        if let Meaning::Tell(asked) = meaning {
            self.ends = matches!(asked, Asked::End(_));
            self.last = Some((number, now));
            self.deadline = Some(now + PATIENCE);
        }
        meaning
    }
}

/// Sees to it that an end comes to an end; the main thread tells it what takes longer.
#[derive(Clone, Debug, Default)]
pub struct Vigil(Arc<(Mutex<State>, Condvar)>);

impl Vigil {
    /// What is under way may take this long, and an orderly end after it.
    pub fn grant(&self, time: Duration) {
        self.set(Some(Instant::now() + time + PATIENCE));
    }

    /// Nothing is to end just now.
    pub fn call_off(&self) {
        self.set(None);
    }

    fn set(&self, deadline: Option<Instant>) {
        self.lock().deadline = deadline;
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, number: i32) -> Meaning {
        let meaning = self.lock().hear(number, Instant::now());
        self.0.1.notify_all();
        meaning
    }

    /// Returns when the deadline in force has passed.
    fn watch(&self) {
        let mut state = self.lock();
        loop {
            let left = state
                .deadline
                .map(|at| at.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => return,
                Some(left) => {
                    let woken = self.0.1.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// The number to leave with.
    fn number(&self) -> i32 {
        self.lock().last.map_or(SIGHUP, |(number, _)| number)
    }
}

/// Starts the threads that hear signals and watch over the end. `tell` is called for each; `restore`
/// puts the terminal right and must not block, and is called before the process leaves without the main thread.
///
/// # Errors
/// The system refuses the handlers or the threads.
pub fn watch(
    tell: impl Fn(Asked) + Send + 'static,
    restore: impl Fn() + Send + Sync + 'static,
) -> io::Result<Vigil> {
    let mut signals =
        signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT])?;
    let vigil = Vigil::default();
    let restore = Arc::new(restore);
    let (watched, last) = (vigil.clone(), Arc::clone(&restore));
    std::thread::Builder::new()
        .name("watchdog".into())
        .spawn(move || {
            watched.watch();
            leave(watched.number(), &*last);
        })?;
    let heard = vigil.clone();
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for number in signals.forever() {
                match number {
                    SIGTSTP => tell(Asked::Stop),
                    SIGCONT => tell(Asked::Continue),
                    _ => match heard.hear(number) {
                        Meaning::Tell(asked) => tell(asked),
                        Meaning::Same => {}
                        Meaning::Leave => leave(number, &*restore),
                    },
                }
            }
        })?;
    Ok(vigil)
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

    #[test]
    fn a_hang_up_leaves_room_for_an_end() {
        let now = Instant::now();
        let at = |ms: u64| now + Duration::from_millis(ms);
        let mut state = State::default();
        assert_eq!(state.hear(SIGHUP, at(0)), Meaning::Tell(Asked::HangUp));
        assert_eq!(
            state.hear(SIGHUP, at(100)),
            Meaning::Same,
            "a closed window"
        );
        assert_eq!(state.deadline, Some(at(5000)));
        assert_eq!(
            state.hear(SIGTERM, at(200)),
            Meaning::Tell(Asked::End(SIGTERM)),
            "SIGTERM ends at once"
        );
        assert_eq!(state.hear(SIGTERM, at(300)), Meaning::Same);
        assert_eq!(state.hear(SIGINT, at(2500)), Meaning::Leave);

        let mut state = State::default();
        state.hear(SIGHUP, at(0));
        let second = state.hear(SIGHUP, at(2001));
        assert_eq!(second, Meaning::Tell(Asked::End(SIGHUP)));
        assert_eq!(state.hear(SIGHUP, at(2100)), Meaning::Same);
        assert_eq!(state.hear(SIGHUP, at(4200)), Meaning::Leave);

        let mut state = State::default();
        assert_eq!(state.hear(SIGINT, at(0)), Meaning::Tell(Asked::End(SIGINT)));
        assert_eq!(state.hear(SIGHUP, at(1000)), Meaning::Same);
    }

    #[test]
    fn the_watch_waits_as_long_as_it_is_told_to() {
        let vigil = Vigil::default();
        vigil.grant(Duration::from_secs(3600));
        let (sender, over) = crossbeam_channel::bounded(1);
        let watched = vigil.clone();
        std::thread::spawn(move || {
            watched.watch();
            sender.send(()).unwrap();
        });
        vigil.call_off();
        assert!(over.try_recv().is_err());
        vigil.set(Some(Instant::now()));
        over.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(
            vigil.number(),
            SIGHUP,
            "nobody signalled: the terminal went"
        );
    }
}
