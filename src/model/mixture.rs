//! Velocity and micro-timing of a hit: mixtures of logistics on the unit interval, each cut off at its ends and made whole again.
//! Mass of a bin, its gradient, median and draws; what the parameters follow from is the heads' matter.
//!
//! A component has a log weight (before the softmax), a place `m` (its mean is `0.5 + m`) and a log scale `s`, kept within
//! [`SCALES`]. With `x(v) = (v - mean) / scale` its mass between two points is `sigmoid(x(b)) - sigmoid(x(a))` over that from 0
//! to 1. As in "PixelCNN++" (Salimans et al. 2017), whose logistics stand on a line and not in an interval.

mod bin;

pub use bin::learn;

use super::config::{COMPONENTS, MIX};

/// Log scales below and above do not count: narrower than a bin's 12th, wider than 20 intervals.
const SCALES: (f32, f32) = (-6.0, 3.0);

/// The parameters of one mixture: log weights, places, log scales.
pub type Mix = [f32; MIX];

/// The parameters and what is needed of them over and over.
struct Component {
    mean: f32,
    /// One over the scale.
    inverse: f32,
}

fn component(mix: &Mix, k: usize) -> Component {
    let s = mix[2 * COMPONENTS + k];
    Component {
        mean: 0.5 + mix[COMPONENTS + k],
        inverse: (-s.clamp(SCALES.0, SCALES.1)).exp(),
    }
}

fn sigmoid(x: f32) -> f32 {
    let e = (-x.abs()).exp();
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// Log weights after the softmax.
fn log_weights(mix: &Mix) -> [f32; COMPONENTS] {
    let mut w = [0.0; COMPONENTS];
    w.copy_from_slice(&mix[..COMPONENTS]);
    let top = w.iter().fold(f32::MIN, |a, b| a.max(*b));
    let total = w.iter().map(|w| (w - top).exp()).sum::<f32>().ln() + top;
    w.map(|w| w - total)
}

/// Bits of a bin.
#[must_use]
pub fn bits(mix: &Mix, bin: usize) -> f64 {
    f64::from(learn(mix, bin).0) / std::f64::consts::LN_2
}

/// A component seen from the end its mean is farther from, where the logistic function is small and keeps its digits: whether
/// the interval is turned round for that, and the logistic of a point of it.
fn turned(mean: f32, inverse: f32) -> (bool, impl Fn(f32) -> f32) {
    let turn = mean < 0.5;
    let mean = if turn { 1.0 - mean } else { mean };
    (turn, move |v: f32| sigmoid((v - mean) * inverse))
}

/// Share of the mass below a point of the unit interval.
fn below(mix: &Mix, weights: &[f32; COMPONENTS], at: f32) -> f32 {
    let mut sum = 0.0;
    for (k, weight) in weights.iter().enumerate() {
        let c = component(mix, k);
        let (turn, x) = turned(c.mean, c.inverse);
        let whole = x(1.0) - x(0.0);
        let up_to = |at: f32| {
            if whole > 0.0 {
                (x(at) - x(0.0)) / whole
            } else {
                // So far outside that no digits are left: all of it stands at the nearer end.
                f32::from(u8::from(at >= 1.0))
            }
        };
        let share = if turn {
            1.0 - up_to(1.0 - at)
        } else {
            up_to(at)
        };
        sum += weight.exp() * share;
    }
    sum
}

/// The point with half of the mass below it: of all points the one with the least mean distance.
#[must_use]
pub fn median(mix: &Mix) -> f32 {
    let weights = log_weights(mix);
    let (mut low, mut high) = (0.0f32, 1.0f32);
    for _ in 0..18 {
        let middle = 0.5 * (low + high);
        if below(mix, &weights, middle) < 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// A point of the unit interval for a uniform draw of 0 to 1: the component by its share, the point in it by what is left of
/// the draw. Temperature sharpens or flattens the weights and scales the spread; at 0, the mean of the heaviest component.
#[must_use]
pub fn draw(mix: &Mix, temperature: f32, uniform: f32) -> f32 {
    let heaviest = (0..COMPONENTS).fold(0, |a, b| if mix[b] > mix[a] { b } else { a });
    if temperature <= 0.0 {
        return component(mix, heaviest).mean.clamp(0.0, 1.0);
    }
    let top = mix[heaviest];
    let share = |k: usize| ((mix[k] - top) / temperature).exp();
    let total: f32 = (0..COMPONENTS).map(share).sum();
    let mut left = uniform * total;
    let mut chosen = heaviest;
    let mut within = 0.5;
    for k in 0..COMPONENTS {
        let p = share(k);
        if left < p {
            (chosen, within) = (k, left / p);
            break;
        }
        left -= p;
    }
    let c = component(mix, chosen);
    let inverse = c.inverse / temperature;
    let (turn, x) = turned(c.mean, inverse);
    let within = if turn { 1.0 - within } else { within };
    let (from, to) = (x(0.0), x(1.0));
    let p = from + within * (to - from);
    let mean = if turn { 1.0 - c.mean } else { c.mean };
    let at = (mean + (p / (1.0 - p)).ln() / inverse).clamp(0.0, 1.0);
    // No digits left: the nearer end.
    let at = if at.is_nan() { 1.0 } else { at };
    if turn { 1.0 - at } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};
    use crate::model::config::BINS;

    fn some(draws: &mut Stream) -> Mix {
        std::array::from_fn(|i| match i / COMPONENTS {
            0 => draws.normal(),
            1 => 0.4 * draws.normal(),
            _ => -2.0 + draws.normal(),
        })
    }

    #[test]
    fn the_bins_make_one() {
        let mut draws = Stream::new(1, 0, Purpose::Test);
        for _ in 0..200 {
            let mix = some(&mut draws);
            let sum: f64 = (0..BINS)
                .map(|bin| (-f64::from(learn(&mix, bin).0)).exp())
                .sum();
            assert!((sum - 1.0).abs() < 2e-5, "{sum}");
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let mut draws = Stream::new(2, 0, Purpose::Test);
        for i in 0..200 {
            let mix = some(&mut draws);
            let bin = i % BINS;
            let (_, gradient) = learn(&mix, bin);
            for p in 0..MIX {
                let at = |by: f32| {
                    let mut moved = mix;
                    moved[p] += by;
                    f64::from(learn(&moved, bin).0)
                };
                let slope = (at(2e-3) - at(-2e-3)) / 4e-3;
                let g = f64::from(gradient[p]);
                assert!(
                    (slope - g).abs() < 1e-2 * (1.0 + g.abs()),
                    "{p}: {g} against {slope}"
                );
            }
        }
    }

    #[test]
    fn far_out_parameters_stay_numbers() {
        for m in [-900.0f32, -5.0, 0.0, 5.0, 900.0] {
            for s in [-90.0f32, -6.0, 3.0, 90.0] {
                let mut mix = [0.0; MIX];
                mix[COMPONENTS..2 * COMPONENTS].fill(m);
                mix[2 * COMPONENTS..].fill(s);
                for bin in [0, 31] {
                    let (nats, gradient) = learn(&mix, bin);
                    assert!(
                        nats.is_finite() && gradient.iter().all(|g| g.is_finite()),
                        "{m} {s}: {nats}"
                    );
                }
                for u in [0.0, 0.5, 0.999_999] {
                    assert!((0.0..=1.0).contains(&draw(&mix, 1.0, u)));
                }
                assert!((0.0..=1.0).contains(&median(&mix)));
            }
        }
    }

    #[test]
    fn draws_fall_into_the_bins_as_often_as_their_mass_says() {
        let mut draws = Stream::new(3, 0, Purpose::Test);
        for _ in 0..4 {
            let mix = some(&mut draws);
            let n = 40_000;
            let mut seen = [0.0; BINS];
            let mut under = 0.0;
            let median = median(&mix);
            for _ in 0..n {
                let v = draw(&mix, 1.0, draws.uniform());
                seen[((v * BINS as f32) as usize).min(BINS - 1)] += 1.0;
                under += f64::from(u8::from(v < median));
            }
            for (bin, seen) in seen.iter().enumerate() {
                let p = (-f64::from(learn(&mix, bin).0)).exp();
                let spread = (p * (1.0 - p) / f64::from(n)).sqrt();
                let share = seen / f64::from(n);
                assert!(
                    (share - p).abs() < 5.0 * spread + 1e-4,
                    "{bin}: {share} of {p}"
                );
            }
            assert!((under / f64::from(n) - 0.5).abs() < 0.02, "{under}");
        }
    }

    #[test]
    fn less_temperature_is_less_spread() {
        let mut draws = Stream::new(4, 0, Purpose::Test);
        let mix = some(&mut draws);
        let spread = |t: f32| {
            let all: Vec<f32> = (0..999).map(|i| draw(&mix, t, i as f32 / 999.0)).collect();
            let mean = all.iter().sum::<f32>() / 999.0;
            all.iter().map(|v| (v - mean).powi(2)).sum::<f32>()
        };
        assert!(spread(0.0) < spread(0.3) && spread(0.3) < spread(1.0));
    }
}
