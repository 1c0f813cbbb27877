//! Density: a threshold for the same draws, as on Mutable Instruments' Grids, so that turning
//! it up only adds hits and turning it back takes the same ones away.
//!
//! Moving the log-odds inside the chain would not do: a hit gained on an early lane may cost a
//! later lane its own. So the step is drawn at density 0 first. Then each lane is looked at by
//! itself, given the others *of that base step*:
//!
//! - `f`, the log-odds of a hit on the lane given all other lanes of the base step, from the
//!   chain's joint probability with and without it;
//! - what is left of the lane's own uniform draw `u`, which decided against (or for) a hit of
//!   chance `p`: `v = (u - p) / (1 - p)` where it is a rest, `v = u / p` where it is a hit. Either is
//!   uniform again.
//!
//! With log-odds moved by `s`, a rest becomes a hit where `v < 1 - sigmoid(-f - s) / sigmoid(-f)`,
//! and a hit stays one where `v < sigmoid(f + s) / sigmoid(f)`: over all draws, a lane that had odds `f`
//! has odds `f + s`. Both bounds grow with `s`, and neither `f` nor `v` knows any density. So for
//! the same state and draws a lane's hit depends on no density but its own, and
//! is there for all densities above one threshold: hits at a lower density are hits at a higher
//! one, for the global knob, for each lane's, and for both at once. At 0 the step is the base step.
//!
//! The LSTM goes on from the base step, whatever was added or left out: so all this holds for
//! a whole piece, not only for its first step.

use super::chain::{ASIDE, Bent, Drawn};
use super::joint::log_sigmoid;
use super::knobs::Knobs;
use crate::beat::grid::{Cell, LANES, Step};

/// How far density 1 moves a lane's log-odds.
const DENSITY_LOGITS: f32 = 3.0;

/// The hits of the base step with the density turned.
pub(super) fn turned(
    chain: &mut Bent<'_>,
    base: &Drawn,
    draws: &[f32; LANES],
    knobs: &Knobs,
) -> u16 {
    let asked = |lane: usize| knobs.locked >> lane & 1 == 0 && knobs.density_of(lane) != 0.0;
    if !(0..LANES).any(asked) {
        return base.hits;
    }
    // What the chain says along the base step.
    let mut logits = [0.0; LANES];
    let mut row = 0;
    for (lane, logit) in logits.iter_mut().enumerate() {
        *logit = chain.logit(row, lane, below(base.hits, lane));
        if base.hits >> lane & 1 == 1 {
            chain.hit(row, row + 1, lane);
            row += 1;
        }
    }
    let mut hits = base.hits;
    for lane in (0..LANES).filter(|&lane| asked(lane)) {
        let odds = given_others(chain, base.hits, lane, &logits);
        let shift = f64::from(DENSITY_LOGITS * knobs.density_of(lane) / chain.temperature(lane));
        let (draw, chance) = (f64::from(draws[lane]), base.chances[lane]);
        let is = base.hits >> lane & 1 == 1;
        let stays = if is {
            draw / chance < (log_sigmoid(odds + shift) - log_sigmoid(odds)).exp()
        } else {
            let left = (draw - chance) / (1.0 - chance);
            left >= 1.0 - (log_sigmoid(-odds - shift) - log_sigmoid(-odds)).exp()
        };
        if !stays {
            hits ^= 1 << lane;
        }
    }
    hits
}

/// The hits before a lane.
const fn below(hits: u16, lane: usize) -> u16 {
    hits & ((1 << lane) - 1)
}

/// The log-odds of a hit on `lane` given all other lanes of the base step, whose rows stand
/// in the chain.
fn given_others(chain: &mut Bent<'_>, base: u16, lane: usize, logits: &[f32; LANES]) -> f64 {
    let toggled = base ^ 1 << lane;
    let mut row = below(base, lane).count_ones() as usize;
    let mut next = ASIDE;
    if toggled >> lane & 1 == 1 {
        chain.hit(row, next, lane);
        row = next;
        next += 1;
    }
    let mut gain = 0.0;
    for (later, along) in logits.iter().enumerate().skip(lane + 1) {
        let hit = base >> later & 1 == 1;
        let sign = if hit { 1.0 } else { -1.0 };
        let logit = chain.logit(row, later, below(toggled, later));
        gain += log_sigmoid(sign * f64::from(logit));
        gain -= log_sigmoid(sign * f64::from(*along));
        if hit {
            chain.hit(row, next, later);
            row = next;
            next += 1;
        }
    }
    // What the others gain by a hit on the lane, rather than by its change.
    let sign = if toggled >> lane & 1 == 1 { 1.0 } else { -1.0 };
    f64::from(logits[lane]) + sign * gain
}

/// Leaves of a step only these hits, as bits.
pub(super) fn keep(step: &mut Step, hits: u16) {
    for (lane, cell) in step.iter_mut().enumerate() {
        if hits >> lane & 1 == 0 {
            *cell = Cell::default();
        }
    }
}
