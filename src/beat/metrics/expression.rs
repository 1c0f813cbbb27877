//! How loud a set of beats is played and how far from the grid, lane by lane and place by place, and how far two
//! sets differ in it.

use crate::beat::grid::{BeatGrid, LANES, Meter};

/// Places in a bar of 4/4.
pub const PLACES: usize = 16;

/// Bins of a distribution: half as many as the score has, because a single lane on a single place
/// has few hits.
const BINS: usize = 16;

/// The least hits that a lane must have on a place, in both sets, to be compared there.
const ENOUGH: u64 = 16;

/// What of a hit is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Velocity over 127, 0 to 1.
    Velocity,
    /// Micro-timing in steps, -0.5 to 0.5.
    Offset,
}

/// The hits of a set of beats by lane, place, and velocity or micro-timing. 4/4 only: elsewhere
/// the places of a bar mean something else.
#[derive(Clone, Debug)]
pub struct Expression {
    /// `[lane][place][bin]`
    velocity: Vec<u64>,
    offset: Vec<u64>,
}

impl Default for Expression {
    fn default() -> Self {
        let empty = vec![0; LANES * PLACES * BINS];
        Self {
            velocity: empty.clone(),
            offset: empty,
        }
    }
}

impl Expression {
    /// Counts a beat's hits; one that is not in 4/4 is passed over.
    pub fn add(&mut self, grid: &BeatGrid) {
        if grid.meter != Meter::COMMON {
            return;
        }
        for (at, step) in grid.steps.iter().enumerate() {
            for (lane, cell) in step.iter().enumerate().filter(|(_, c)| c.velocity > 0) {
                let here = (lane * PLACES + at % PLACES) * BINS;
                let velocity = f32::from(cell.velocity) / 127.0;
                for (counts, unit) in [
                    (&mut self.velocity, velocity),
                    (&mut self.offset, cell.offset + 0.5),
                ] {
                    let bin = (unit.max(0.0) * BINS as f32) as usize;
                    if let Some(count) = counts.get_mut(here + bin.min(BINS - 1)) {
                        *count += 1;
                    }
                }
            }
        }
    }

    /// Hits counted.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.velocity.iter().sum()
    }

    /// [`jensen_shannon_distance`] of one lane's hits on one place; `None` where either set has no
    /// hit there.
    #[must_use]
    pub fn distance(&self, other: &Self, kind: Kind, lane: usize, place: usize) -> Option<f64> {
        let (a, b) = (self.cell(kind, lane, place), other.cell(kind, lane, place));
        jensen_shannon_distance(a, b)
    }

    /// [`jensen_shannon_distance`] of all of a lane's hits, wherever in the bar.
    #[must_use]
    pub fn lane_distance(&self, other: &Self, kind: Kind, lane: usize) -> Option<f64> {
        jensen_shannon_distance(&self.lane(kind, lane), &other.lane(kind, lane))
    }

    /// The mean of [`Expression::distance`] over lanes and places, each counted by the hits that
    /// `reference` has there; those with too few hits in either set are left out. `None` where that leaves none.
    ///
    /// Few hits make two samples of one distribution differ too: compare with what as much real music
    /// has.
    #[must_use]
    pub fn mean_distance(&self, reference: &Self, kind: Kind) -> Option<f64> {
        let (mut sum, mut weight) = (0.0, 0.0);
        for lane in 0..LANES {
            for place in 0..PLACES {
                let count = |set: &Self| set.cell(kind, lane, place).iter().sum::<u64>();
                let hits = count(reference);
                if hits < ENOUGH || count(self) < ENOUGH {
                    continue;
                }
                if let Some(distance) = self.distance(reference, kind, lane, place) {
                    sum += hits as f64 * distance;
                    weight += hits as f64;
                }
            }
        }
        (weight > 0.0).then(|| sum / weight)
    }

    fn counts(&self, kind: Kind) -> &[u64] {
        match kind {
            Kind::Velocity => &self.velocity,
            Kind::Offset => &self.offset,
        }
    }

    fn cell(&self, kind: Kind, lane: usize, place: usize) -> &[u64] {
        let here = (lane * PLACES + place) * BINS;
        let cell = self.counts(kind).get(here..here + BINS);
        cell.unwrap_or_default()
    }

    fn lane(&self, kind: Kind, lane: usize) -> [u64; BINS] {
        let mut all = [0; BINS];
        for place in 0..PLACES {
            for (sum, count) in all.iter_mut().zip(self.cell(kind, lane, place)) {
                *sum += count;
            }
        }
        all
    }
}

/// Jensen-Shannon distance of two histograms of the same bins: the root of the divergence
/// `(KL(p | m) + KL(q | m)) / 2`, `m = (p + q) / 2`, logarithms to base 2 (Lin 1991; that its root is a
/// metric: Endres and Schindelin 2003). 0 for equal shapes, 1 for shapes without a common bin; `None`
/// where one is empty.
#[must_use]
pub fn jensen_shannon_distance(a: &[u64], b: &[u64]) -> Option<f64> {
    let (all_a, all_b) = (a.iter().sum::<u64>() as f64, b.iter().sum::<u64>() as f64);
    if all_a == 0.0 || all_b == 0.0 {
        return None;
    }
    let part = |p: f64, m: f64| if p > 0.0 { p * (p / m).log2() } else { 0.0 };
    let bits: f64 = a
        .iter()
        .zip(b)
        .map(|(&a, &b)| {
            let (p, q) = (a as f64 / all_a, b as f64 / all_b);
            let m = (p + q) / 2.0;
            (part(p, m) + part(q, m)) / 2.0
        })
        .sum();
    Some(bits.clamp(0.0, 1.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::grid::{Cell, Step};

    fn beat(lane: usize, place: usize, velocity: u8, offset: f32, bars: usize) -> BeatGrid {
        let mut steps = vec![Step::default(); bars * PLACES];
        for step in steps.iter_mut().skip(place).step_by(PLACES) {
            step[lane] = Cell { velocity, offset };
        }
        BeatGrid {
            meter: Meter::COMMON,
            tempo: 120.0,
            steps,
        }
    }

    fn counted(beats: &[BeatGrid]) -> Expression {
        let mut set = Expression::default();
        beats.iter().for_each(|beat| set.add(beat));
        set
    }

    #[test]
    fn the_distance_of_histograms_is_the_one_worked_out_by_hand() {
        assert_eq!(jensen_shannon_distance(&[2, 2], &[7, 7]), Some(0.0));
        assert_eq!(jensen_shannon_distance(&[5, 0], &[0, 1]), Some(1.0));
        assert_eq!(jensen_shannon_distance(&[0, 0], &[0, 1]), None);
        // p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4):
        // (log2(4/3) + log2(2/3) / 2 + log2(2) / 2) / 2 = 0.3113 bits.
        let found = jensen_shannon_distance(&[4, 0], &[3, 3]).unwrap();
        assert!((found * found - 0.311_278).abs() < 1e-6, "{found}");
    }

    #[test]
    fn lanes_and_places_are_kept_apart() {
        let soft = counted(&[beat(1, 4, 30, 0.0, 20), beat(2, 6, 90, 0.0, 20)]);
        let loud = counted(&[beat(1, 4, 120, 0.0, 20), beat(2, 6, 90, 0.4, 20)]);
        assert_eq!(soft.hits(), 40);
        let at = |kind, lane, place| soft.distance(&loud, kind, lane, place);
        assert_eq!(at(Kind::Velocity, 1, 4), Some(1.0));
        assert_eq!(at(Kind::Offset, 1, 4), Some(0.0));
        assert_eq!(at(Kind::Velocity, 2, 6), Some(0.0));
        assert_eq!(at(Kind::Offset, 2, 6), Some(1.0));
        assert_eq!(at(Kind::Velocity, 1, 5), None);
        assert_eq!(soft.lane_distance(&loud, Kind::Velocity, 1), Some(1.0));
        assert_eq!(soft.lane_distance(&loud, Kind::Velocity, 0), None);
        assert_eq!(soft.mean_distance(&loud, Kind::Velocity), Some(0.5));
    }

    #[test]
    fn too_few_hits_are_not_compared() {
        let few = counted(&[beat(0, 0, 100, 0.0, 15)]);
        let many = counted(&[beat(0, 0, 20, 0.0, 100)]);
        assert_eq!(few.mean_distance(&many, Kind::Velocity), None);
        assert_eq!(few.distance(&many, Kind::Velocity, 0, 0), Some(1.0));
        let mut waltz = beat(0, 0, 20, 0.0, 100);
        waltz.meter = Meter::new(3, 4).unwrap();
        assert_eq!(counted(&[waltz]).hits(), 0);
    }

    #[test]
    fn the_ends_of_the_ranges_are_counted() {
        let mut ends = beat(0, 0, 127, 0.5, 1);
        ends.steps[1][0] = Cell {
            velocity: 1,
            offset: -0.7,
        };
        assert_eq!(counted(&[ends]).hits(), 2);
    }
}
