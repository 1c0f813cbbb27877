//! The estimate on simulated links: jitter, drift, clocks that jump.

use super::*;
use crate::base::rng::{Purpose, Stream};

/// Two clocks and the line between them.
struct World {
    draws: Stream,
    /// The player's clock is behind by this at time 0, and runs slower by `drift`.
    behind_ns: f64,
    drift: f64,
    least_ms: f64,
    spread_ms: f64,
}

impl World {
    fn new(seed: u64, drift_ppm: f64) -> Self {
        Self {
            draws: Stream::new(seed, 0, Purpose::Test),
            behind_ns: 9.5e15,
            drift: drift_ppm * PPM,
            least_ms: 10.0,
            spread_ms: 20.0,
        }
    }

    /// What is to be added to the player's time at `ns` of the receiver's.
    fn truth(&self, ns: f64) -> f64 {
        self.behind_ns + self.drift * ns
    }

    fn far(&self, ns: f64) -> u64 {
        (ns + 1e16 - self.truth(ns)) as u64
    }

    /// One way: 10 to 30 ms, one in a hundred held back by another 30.
    fn way(&mut self) -> f64 {
        let held = if self.draws.below(100) == 0 {
            30.0
        } else {
            0.0
        };
        (self.least_ms + self.spread_ms * f64::from(self.draws.uniform()) + held) * MS
    }

    fn exchange(&mut self, at_ns: f64) -> Exchange {
        let there = at_ns + self.way();
        let said = there + 0.5 * MS * f64::from(self.draws.uniform());
        let back = said + self.way();
        Exchange {
            said_ns: at_ns as u64,
            far_heard_ns: self.far(there),
            far_said_ns: self.far(said),
            heard_ns: back as u64,
        }
    }
}

fn error_ms(world: &World, offset: &mut Offset, at_ns: f64) -> f64 {
    let ns = offset.ns(at_ns as u64).unwrap() as f64;
    (ns + 1e16 - world.truth(at_ns)) / MS
}

/// Errors of what is in force, every 10 ms from `from_s` to `to_s`; and the fastest change.
fn run(world: &mut World, offset: &mut Offset, from_s: f64, to_s: f64) -> (Vec<f64>, f64) {
    let (mut errors, mut fastest, mut last) = (Vec::new(), 0.0f64, None);
    let mut on_the_way: VecDeque<Exchange> = VecDeque::new();
    let mut at_ms = from_s * 1e3;
    while at_ms < to_s * 1e3 {
        let since_ms = at_ms - from_s * 1e3;
        let every = if since_ms < 400.0 { 20.0 } else { 100.0 };
        if since_ms % every < 1e-6 {
            on_the_way.push_back(world.exchange(at_ms * MS));
        }
        let now_ns = (at_ms * MS) as u64;
        while let Some(next) = on_the_way.front().filter(|e| e.heard_ns <= now_ns) {
            offset.add(next);
            on_the_way.pop_front();
        }
        if offset.ns(now_ns).is_some() {
            let error = error_ms(world, offset, at_ms * MS);
            if since_ms > 1_000.0 {
                if let Some(last) = last {
                    let change: f64 = error - last;
                    fastest = fastest.max(change.abs() / 10.0);
                }
                errors.push(error.abs());
            }
            last = Some(error);
        }
        at_ms += 10.0;
    }
    (errors, fastest)
}

fn percentile(errors: &[f64], share: f64) -> f64 {
    let mut sorted = errors.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

#[test]
fn a_bad_line_is_seen_through_whatever_the_drift() {
    for (seed, drift) in [(1, 0.0), (2, 100.0), (3, -100.0), (4, 37.0), (5, -12.0)] {
        let mut world = World::new(seed, drift);
        let mut offset = Offset::default();
        let (early, slew) = run(&mut world, &mut offset, 0.0, 30.0);
        let (late, slew_later) = run(&mut world, &mut offset, 30.0, 630.0);
        let figures = format!(
            "drift {drift} ppm: the first half minute p50 {:.3} p99 {:.3} ms, later p50 {:.3} p99 {:.3} max {:.3} ms; \
             slew {:.0} and {:.0} ppm; drift reckoned {:.1} ppm",
            percentile(&early, 0.5),
            percentile(&early, 0.99),
            percentile(&late, 0.5),
            percentile(&late, 0.99),
            percentile(&late, 1.0),
            slew * 1e6,
            slew_later * 1e6,
            offset.drift_ppm()
        );
        println!("{figures}");
        assert!(percentile(&early, 0.99) < 3.0, "{figures}");
        assert!(percentile(&late, 0.99) < 0.5, "{figures}");
        assert!(percentile(&late, 1.0) < 0.8, "{figures}");
        assert!(slew.max(slew_later) < 750e-6, "{figures}");
        assert!((offset.drift_ppm() - drift).abs() < 6.0, "{figures}");
        assert!((30_000..60_000).contains(&offset.rtt_us()), "{figures}");
    }
}

#[test]
fn the_first_lock_takes_a_few_hundred_milliseconds() {
    for seed in 0..50 {
        let mut world = World::new(seed, 50.0);
        let mut offset = Offset::default();
        run(&mut world, &mut offset, 0.0, 0.5);
        let error = error_ms(&world, &mut offset, 500.0 * MS).abs();
        assert!(error < 6.0, "seed {seed}: {error} ms");
    }
}

#[test]
fn a_good_line_is_exact_at_once() {
    let mut world = World::new(7, 20.0);
    (world.least_ms, world.spread_ms) = (0.1, 0.2);
    let mut offset = Offset::default();
    let (errors, _) = run(&mut world, &mut offset, 0.0, 60.0);
    assert!(
        percentile(&errors, 1.0) < 0.15,
        "{}",
        percentile(&errors, 1.0)
    );
}

#[test]
fn a_jump_of_a_clock_is_followed_at_once_a_small_one_slowly() {
    let mut world = World::new(8, 0.0);
    let mut offset = Offset::default();
    run(&mut world, &mut offset, 0.0, 60.0);
    // The player's machine slept.
    world.behind_ns += 5e9;
    run(&mut world, &mut offset, 60.0, 61.0);
    assert!(error_ms(&world, &mut offset, 61_000.0 * MS).abs() < 6.0);
    run(&mut world, &mut offset, 61.0, 120.0);
    (world.least_ms, world.spread_ms) = (0.1, 0.2);
    run(&mut world, &mut offset, 120.0, 160.0);
    world.behind_ns += 10.0 * MS;
    let (errors, fastest) = run(&mut world, &mut offset, 160.0, 200.0);
    assert!(fastest < 750e-6, "{fastest}");
    assert!(errors.last().unwrap() < &0.5, "{errors:?}");
}

#[test]
fn a_player_that_comes_back_is_known_by_its_clock() {
    let mut world = World::new(9, 60.0);
    let mut offset = Offset::default();
    run(&mut world, &mut offset, 0.0, 120.0);
    let (errors, _) = run(&mut world, &mut offset, 135.0, 150.0);
    assert!(percentile(&errors, 1.0) < 0.8, "no lock is lost by a cut");
    // Another machine, with another clock.
    let mut other = World::new(10, -30.0);
    other.behind_ns = 1e12;
    run(&mut other, &mut offset, 151.0, 152.0);
    assert!(error_ms(&other, &mut offset, 152_000.0 * MS).abs() < 6.0);
}

#[test]
fn nonsense_is_passed_over() {
    let mut offset = Offset::default();
    let extremes = [0, 1, 1 << 40, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    for said_ns in extremes {
        for far_heard_ns in extremes {
            for far_said_ns in extremes {
                for heard_ns in extremes {
                    offset.add(&Exchange {
                        said_ns,
                        far_heard_ns,
                        far_said_ns,
                        heard_ns,
                    });
                    offset.settle();
                    let _ = (offset.ns(heard_ns), offset.rtt_us());
                }
            }
        }
    }
    assert!(offset.drift_ppm().abs() <= 200.0);
}
