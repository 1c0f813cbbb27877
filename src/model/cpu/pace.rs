//! How many threads an update is given: as many as make it fastest.
//!
//! A small model gains nothing from a second core, and a core may be taken by something else for a while (the engine
//! that plays). Tried from the most threads down, halving while that is faster; looked at again now and then.
//! The numbers learned do not depend on it.

use std::time::Duration;

/// Updates a count is tried for; the fastest of them counts.
const TRIES: usize = 3;
/// Updates until the neighbours of the chosen count are tried again.
const AGAIN: usize = 300;
/// Another count has to be faster by this factor to be taken.
const CLEARLY: f64 = 0.95;
/// A count this much slower than the best at its first update is not tried again.
const HOPELESS: f64 = 1.3;

/// What is being found out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Caches and buffers are cold: the first update says nothing.
    Cold,
    /// Measures a count against the best so far.
    Trying,
    /// The choice stands.
    Settled,
}

/// The choice, from what updates took.
#[derive(Clone, Debug)]
pub struct Pace {
    most: usize,
    state: State,
    now: usize,
    /// Updates since the state began.
    since: usize,
    /// Seconds a slot: the fastest at `now`.
    fastest: f64,
    /// The best count and its figure, while others are tried.
    best: Option<(usize, f64)>,
    /// Whether the next look goes up.
    up: bool,
}

/// The most threads this program may use: `RAYON_NUM_THREADS` if set, else the cores.
pub fn most() -> usize {
    crate::model::device::threads()
}

impl Pace {
    /// Between one thread and `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            state: State::Cold,
            now: most.max(1),
            since: 0,
            fastest: f64::INFINITY,
            best: None,
            up: false,
        }
    }

    /// Always so many.
    #[cfg(test)]
    pub fn fixed(threads: usize) -> Self {
        let mut pace = Self::new(1);
        pace.now = threads;
        pace
    }

    /// Threads for the next update.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.now
    }

    /// Hears what an update of so many slots took.
    pub fn took(&mut self, time: Duration, slots: usize) {
        if self.most == 1 {
            return;
        }
        self.since += 1;
        self.fastest = self.fastest.min(time.as_secs_f64() / slots.max(1) as f64);
        match self.state {
            State::Cold => self.enter(State::Trying, self.now),
            State::Trying if self.since < TRIES && !self.is_hopeless() => {}
            State::Trying => {
                let (count, figure) = self.best.unwrap_or((self.now, f64::INFINITY));
                if self.fastest < figure * CLEARLY {
                    self.best = Some((self.now, self.fastest));
                    let next = if self.up { self.now * 2 } else { self.now / 2 };
                    self.enter(State::Trying, next.clamp(1, self.most));
                    if self.best.is_some_and(|(best, _)| best == self.now) {
                        self.enter(State::Settled, self.now);
                    }
                } else {
                    self.enter(State::Settled, count);
                }
            }
            State::Settled if self.since < AGAIN => {
                // Only the last few count as what the choice costs now.
                if self.since + TRIES <= AGAIN {
                    self.fastest = f64::INFINITY;
                }
            }
            State::Settled => {
                self.best = Some((self.now, self.fastest));
                self.up = !self.up;
                let next = if self.up { self.now * 2 } else { self.now / 2 };
                let next = next.clamp(1, self.most);
                let state = if next == self.now {
                    State::Settled
                } else {
                    State::Trying
                };
                self.enter(state, next);
            }
        }
    }

    fn is_hopeless(&self) -> bool {
        self.best
            .is_some_and(|(_, figure)| self.fastest > figure * HOPELESS)
    }

    fn enter(&mut self, state: State, threads: usize) {
        (self.state, self.now, self.since) = (state, threads, 0);
        self.fastest = f64::INFINITY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs so many updates that take `seconds(threads)`; the counts used.
    fn run(pace: &mut Pace, updates: usize, seconds: impl Fn(usize) -> f64) -> Vec<usize> {
        (0..updates)
            .map(|_| {
                let threads = pace.threads();
                pace.took(Duration::from_secs_f64(seconds(threads)), 10);
                threads
            })
            .collect()
    }

    #[test]
    fn the_fastest_count_is_found_and_kept() {
        for (most, fastest) in [(1, 1), (2, 1), (2, 2), (12, 12), (12, 3), (64, 8)] {
            let mut pace = Pace::new(most);
            let seconds = |n: usize| 1.0 + (n as f64 / fastest as f64).log2().abs();
            run(&mut pace, 40, seconds);
            let used = run(&mut pace, 3000, seconds);
            let best = used.iter().filter(|n| **n == fastest).count();
            assert!(best > 2900, "{fastest} of {most}: {best}");
            assert!(used.iter().all(|n| (1..=most).contains(n)));
        }
    }

    #[test]
    fn a_core_that_is_taken_and_comes_back_is_noticed() {
        let mut pace = Pace::new(2);
        let free = |n: usize| 1.0 / n as f64;
        let taken = |n: usize| n as f64;
        run(&mut pace, 100, free);
        assert_eq!(pace.threads(), 2);
        run(&mut pace, 1000, taken);
        assert_eq!(pace.threads(), 1);
        run(&mut pace, 1000, free);
        assert_eq!(pace.threads(), 2);
    }
}
