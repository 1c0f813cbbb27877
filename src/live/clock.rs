//! [`Clock`]: the one source of time for everything live, so that a test can put its own in.

use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that never runs backwards, in nanoseconds from a start of its own.
pub trait Clock: Send + Sync {
    /// Now. Neither allocates nor locks.
    fn now_ns(&self) -> u64;

    /// Returns at `ns` or later, at once if that is past. Neither allocates nor locks.
    fn sleep_until(&self, ns: u64);
}

/// The system's monotonic clock; on Linux `CLOCK_MONOTONIC`, slept on with absolute deadlines,
/// which no number of short sleeps can make drift.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(unix)]
impl Clock for SystemClock {
    fn now_ns(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn sleep_until(&self, ns: u64) {
        use rustix::time::{ClockId, Timespec};
        let deadline = Timespec {
            tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (ns % 1_000_000_000) as _,
        };
        // A signal ends the sleep early; the deadline is absolute, so it is simply taken up again.
        while rustix::thread::clock_nanosleep_absolute(ClockId::Monotonic, &deadline)
            == Err(rustix::io::Errno::INTR)
        {}
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn sleep_until(&self, ns: u64) {
        sleep_rest(self, ns);
    }
}

#[cfg(not(unix))]
impl Clock for SystemClock {
    fn now_ns(&self) -> u64 {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        let start = START.get_or_init(std::time::Instant::now);
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn sleep_until(&self, ns: u64) {
        sleep_rest(self, ns);
    }
}

/// Sleeps what is left, reckoned anew from the clock each time.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sleep_rest(clock: &SystemClock, ns: u64) {
    while let Some(left) = ns.checked_sub(clock.now_ns()).filter(|&left| left > 0) {
        std::thread::sleep(std::time::Duration::from_nanos(left));
    }
}

/// A clock that stands still until it is moved; sleeping moves it. For tests and for running
/// the engine faster than time.
#[derive(Debug, Default)]
pub struct ManualClock {
    ns: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `ns`.
    #[must_use]
    pub const fn new(ns: u64) -> Self {
        Self {
            ns: AtomicU64::new(ns),
        }
    }

    /// Moves it forward by `ns`.
    pub fn advance(&self, ns: u64) {
        self.ns.fetch_add(ns, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ns(&self) -> u64 {
        self.ns.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, ns: u64) {
        self.ns.fetch_max(ns, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_backwards() {
        let clock = ManualClock::new(5);
        clock.sleep_until(3);
        assert_eq!(clock.now_ns(), 5);
        clock.sleep_until(9);
        clock.advance(1);
        assert_eq!(clock.now_ns(), 10);
        let system = SystemClock;
        let before = system.now_ns();
        system.sleep_until(before + 50_000);
        assert!(system.now_ns() >= before + 50_000);
        system.sleep_until(before);
    }
}
