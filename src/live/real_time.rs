//! The one real-time thread: runs the [`Scheduler`] on absolute deadlines, ahead of everything else
//! where the system grants it.

use super::clock::Clock;
use super::scheduler::Scheduler;
use crate::message::Realtime;
use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// How long the last notes may take to close, in nanoseconds.
const FAREWELL_NS: u64 = 150_000_000;

/// Starts the thread. It ends by itself when the engine's end of the command ring is dropped,
/// after every note is closed, and gives the scheduler back so that its sinks are dropped by
/// whoever joins it. `granted` is set before the first note; priority is asked for where `wanted`.
///
/// # Errors
/// If the system has no thread left.
pub fn spawn(
    mut scheduler: Scheduler,
    clock: Arc<dyn Clock>,
    granted: Arc<OnceLock<Realtime>>,
    wanted: bool,
) -> io::Result<JoinHandle<Scheduler>> {
    std::thread::Builder::new()
        .name("scheduler".into())
        .spawn(move || {
            let _ = granted.set(if wanted {
                raise_priority()
            } else {
                Realtime::Refused("not asked for".into())
            });
            run(&mut scheduler, &*clock);
            scheduler
        })
}

/// Whether the system would grant the priority, found out on a thread that ends at once.
#[must_use]
pub fn probe() -> Realtime {
    std::thread::spawn(raise_priority)
        .join()
        .unwrap_or_default()
}

/// Polls until the engine is gone and every note is closed.
fn run(scheduler: &mut Scheduler, clock: &dyn Clock) {
    while !scheduler.is_abandoned() {
        let next = scheduler.poll(clock.now_ns());
        clock.sleep_until(next);
    }
    let end = clock.now_ns().saturating_add(FAREWELL_NS);
    scheduler.silence(clock.now_ns());
    while scheduler.sounding() > 0 && clock.now_ns() < end {
        let next = scheduler.poll(clock.now_ns());
        clock.sleep_until(next);
    }
}

/// Asks for SCHED_FIFO for the calling thread, which runs before every ordinary thread; high first, then low, because
/// what is allowed depends on the user's limits.
#[cfg(unix)]
pub(super) fn raise_priority() -> Realtime {
    use thread_priority::unix::{
        RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    use thread_priority::{ThreadPriority, ThreadPriorityValue};
    let mut reason = String::from("no real-time priority here");
    for level in [70u8, 5] {
        let Ok(value) = ThreadPriorityValue::try_from(level) else {
            continue;
        };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        let priority = ThreadPriority::Crossplatform(value);
        match set_thread_priority_and_policy(thread_native_id(), priority, policy) {
            Ok(()) => return Realtime::Granted,
            Err(thread_priority::Error::OS(code)) => {
                let error = io::Error::from_raw_os_error(code);
                reason = format!(
                    "{error}; allow it with `ulimit -r 70` or the rtprio line of your audio group \
                     in /etc/security/limits.d"
                );
            }
            Err(error) => reason = format!("{error:?}"),
        }
    }
    Realtime::Refused(reason)
}

#[cfg(not(unix))]
pub(super) fn raise_priority() -> Realtime {
    use thread_priority::{ThreadPriority, set_current_thread_priority};
    match set_current_thread_priority(ThreadPriority::Max) {
        Ok(()) => Realtime::Granted,
        Err(error) => Realtime::Refused(format!("{error:?}")),
    }
}
