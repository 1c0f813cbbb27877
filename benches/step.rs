//! Promise: drawing one 16th step takes less than a millisecond, so that two bars are sampled anew
//! within a step at 120 bpm, with the built-in model and with one of three layers of 256.
//!
//! Real draws, each after the last, on one core, without the engine around them.

use beatgen_tui::model::{BeatModel, Knobs, Place, Sampler};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const STEPS: u64 = 20_000;
/// A 16th at 120 bpm, in microseconds.
const SIXTEENTH_US: f64 = 125_000.0;
const PROMISE_US: f64 = 1_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    println!("one step, {STEPS} draws each");
    println!("model         weights   hits   median us   p99 us   x real time at 120 bpm");
    for (name, model) in [
        ("built-in", BeatModel::embedded()?),
        ("3x256", BeatModel::random(256, 3, 1)),
    ] {
        let (weights, (hits, mut times)) = (model.parameters(), draw(model));
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = times.len().saturating_sub(1);
            let place = (last as f64 * share) as usize;
            times.get(place).copied().unwrap_or(f64::NAN)
        };
        let (median, p99) = (at(0.5), at(0.99));
        println!(
            "{name:<10} {weights:>10} {hits:>6.2} {median:>11.1} {p99:>8.1} {:>8.0}    promised: p99 below {PROMISE_US} us, {}",
            SIXTEENTH_US / median,
            if p99 < PROMISE_US { "kept" } else { "BROKEN" }
        );
    }
    Ok(())
}

/// Hits a step, and the time of every draw in microseconds.
fn draw(model: Arc<BeatModel>) -> (f64, Vec<f64>) {
    let mut sampler = Sampler::new(model);
    let mut state = sampler.start();
    let (mut hits, mut times) = (0, Vec::new());
    for step in 0..STEPS {
        let place = Place {
            step_in_bar: (step % 16) as u16,
            steps_per_bar: 16,
            bar: step / 16,
            bpm: Some(120.0),
            style: None,
            fill: Some(false),
            density: None,
        };
        let start = Instant::now();
        let drawn = sampler.draw(&mut state, &place, &Knobs::default(), 1, step);
        times.push(start.elapsed().as_secs_f64() * 1e6);
        hits += drawn.iter().filter(|cell| cell.velocity > 0).count();
    }
    (hits as f64 / STEPS as f64, times)
}
