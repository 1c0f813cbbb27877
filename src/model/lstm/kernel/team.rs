//! Threads that work on one piece of arithmetic together. They are started once, spin for a moment
//! after each piece of work (the next one of a training step follows within microseconds) and sleep
//! between steps. Nothing here allocates or locks after the start, unless work panics.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The most looks of a waiting thread before it offers the processor to others: up to a tenth of a millisecond, longer
/// than a step of a layer takes.
const SPINS: usize = 2000;
/// The fewest: some microseconds.
const FEWEST: usize = 32;
/// Times that a thread without work offers the processor before it sleeps.
const YIELDS: usize = 20;
/// If the processor was away for longer after being offered, somebody else had use for it.
const AWAY: Duration = Duration::from_micros(20);

/// What the members do, given their number.
type Work<'a> = dyn Fn(usize) + Sync + 'a;

struct State {
    /// Counts pieces of work; a member waits for it to move.
    round: AtomicUsize,
    /// The work of this round. Written by the caller while no member looks at it.
    work: UnsafeCell<Option<*const Work<'static>>>,
    /// Members that have not finished this round.
    unfinished: AtomicUsize,
    /// A caller is using the team.
    busy: AtomicBool,
    stop: AtomicBool,
    asleep: Box<[AtomicBool]>,
    patience: Box<[Patience]>,
    /// The first panic of a round.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    meetings: Box<[Meeting]>,
}

// SAFETY: `work` is the only part that is not shareable by itself. It is written before `round` moves
// (release) and read after (acquire), and not written again before `unfinished` is zero.
unsafe impl Send for State {}
// SAFETY: as above.
unsafe impl Sync for State {}

/// The threads of an engine. The thread that calls is member 0.
pub(super) struct Team {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

impl Team {
    /// Starts `members - 1` threads; fewer where the system refuses them.
    pub(super) fn new(members: usize) -> Self {
        let state = Arc::new(State {
            round: AtomicUsize::new(0),
            work: UnsafeCell::new(None),
            unfinished: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            asleep: (0..members).map(|_| AtomicBool::new(false)).collect(),
            patience: (0..members).map(|_| Patience::default()).collect(),
            panic: Mutex::new(None),
            meetings: (0..members).map(|_| Meeting::default()).collect(),
        });
        let threads = (1..members)
            .map_while(|number| {
                let state = state.clone();
                std::thread::Builder::new()
                    .name(format!("lstm {number}"))
                    .spawn(move || member(&state, number))
                    .ok()
            })
            .collect();
        Self { state, threads }
    }

    /// Members, the caller among them.
    pub(super) fn members(&self) -> usize {
        self.threads.len() + 1
    }

    /// Runs `work(number)` on every member at the same time and comes back when all are done.
    /// False, with nothing done, while another caller (or the work itself, from inside) uses the team.
    ///
    /// # Panics
    /// With the first panic of the work, after all members are done.
    pub(super) fn together(&self, work: &Work<'_>) -> bool {
        let state = &*self.state;
        if state.busy.swap(true, Ordering::Acquire) {
            return false;
        }
        state.meetings.iter().for_each(Meeting::reset);
        // SAFETY: the lifetime is forgotten, but no member touches the work after this function has
        // seen `unfinished` at zero, which it waits for on every path.
        let erased = unsafe { std::mem::transmute::<&Work<'_>, &'static Work<'static>>(work) };
        // SAFETY: `busy` keeps other callers out, and all members have finished the last round.
        unsafe { *state.work.get() = Some(erased) };
        state
            .unfinished
            .store(self.threads.len(), Ordering::Relaxed);
        state.round.fetch_add(1, Ordering::Release);
        self.wake();
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        let done = || state.unfinished.load(Ordering::Acquire) == 0;
        state.patience[0].wait(usize::MAX, done);
        let other = state.panic.lock().map_or(None, |mut p| p.take());
        state.busy.store(false, Ordering::Release);
        if let Some(payload) = own.err().or(other) {
            resume_unwind(payload);
        }
        true
    }

    /// Where members of group `group` wait for each other; for use inside [`Team::together`] only.
    pub(super) fn meeting(&self, group: usize) -> &Meeting {
        &self.state.meetings[group]
    }

    fn wake(&self) {
        // With the fence in `member`: either the member sees the new round, or this sees it asleep.
        fence(Ordering::SeqCst);
        for (thread, asleep) in self.threads.iter().zip(&self.state.asleep[1..]) {
            if asleep.load(Ordering::Relaxed) {
                thread.thread().unpark();
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        self.state.round.fetch_add(1, Ordering::Release);
        self.wake();
        for thread in self.threads.drain(..) {
            // A member catches the panics of its work, so there is nothing to report.
            let _ = thread.join();
        }
    }
}

/// How long a thread looks before it offers the processor to others. It learns: where the one it waits for needs this
/// very processor, or a third one does, looking on only keeps everybody waiting.
#[repr(align(128))]
struct Patience(AtomicUsize);

impl Default for Patience {
    fn default() -> Self {
        Self(AtomicUsize::new(SPINS))
    }
}

impl Patience {
    /// Waits until `done`, or until the processor was offered `yields` times in vain (then false).
    fn wait(&self, yields: usize, done: impl Fn() -> bool) -> bool {
        let spins = self.0.load(Ordering::Relaxed);
        let longer = (2 * spins).min(SPINS);
        for _ in 0..spins {
            if done() {
                self.0.store(longer, Ordering::Relaxed);
                return true;
            }
            std::hint::spin_loop();
        }
        for _ in 0..yields {
            let offered = Instant::now();
            std::thread::yield_now();
            let away = offered.elapsed() > AWAY;
            if away {
                self.0.store(FEWEST, Ordering::Relaxed);
            }
            if done() {
                if !away {
                    self.0.store(longer, Ordering::Relaxed);
                }
                return true;
            }
        }
        done()
    }
}

/// The life of a thread of the team.
fn member(state: &State, number: usize) {
    let mut seen = 0;
    loop {
        let called = || state.round.load(Ordering::Acquire) != seen;
        while !state.patience[number].wait(YIELDS, called) {
            state.asleep[number].store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            if !called() {
                std::thread::park();
            }
            state.asleep[number].store(false, Ordering::Relaxed);
        }
        seen = seen.wrapping_add(1);
        if state.stop.load(Ordering::Relaxed) {
            return;
        }
        // SAFETY: written before the round moved; the caller keeps the work alive and unchanged until
        // every member has counted down.
        let work = unsafe { (*state.work.get()).map(|w| &*w) };
        if let Some(work) = work
            && let Err(payload) = catch_unwind(AssertUnwindSafe(|| work(number)))
            && let Ok(mut first) = state.panic.lock()
        {
            first.get_or_insert(payload);
        }
        state.unfinished.fetch_sub(1, Ordering::Release);
    }
}

/// Where some members wait for each other, time and again, on cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Meeting {
    arrived: AtomicUsize,
    round: AtomicUsize,
    broken: AtomicBool,
    patience: Patience,
}

impl Meeting {
    /// Before the members that will meet are let loose.
    fn reset(&self) {
        self.arrived.store(0, Ordering::Relaxed);
        self.broken.store(false, Ordering::Relaxed);
    }

    /// Waits until `members` have come. False if one of them has panicked: go home, the team reports it.
    pub(super) fn wait(&self, members: usize) -> bool {
        if members <= 1 {
            return true;
        }
        let round = self.round.load(Ordering::Relaxed);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == members {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return true;
        }
        let met = || self.round.load(Ordering::Acquire) != round;
        self.patience
            .wait(usize::MAX, || met() || self.broken.load(Ordering::Relaxed));
        met()
    }

    /// To be held by a member that takes part: breaks the meeting if the member panics.
    pub(super) fn presence(&self) -> Presence<'_> {
        Presence(self)
    }
}

/// See [`Meeting::presence`].
pub(super) struct Presence<'a>(&'a Meeting);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
        }
    }
}
