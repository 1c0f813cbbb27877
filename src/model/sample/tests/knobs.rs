//! Density and temperature; knobs that change from step to step.

use super::{Knobs, LANES, Sampler, Step, Stream, hits, model, place, played, uniform};
use crate::base::alloc_probe;
use crate::base::rng::Purpose;

/// A random value from a few steps of a range, both ends among them.
fn pick(draws: &mut Stream, low: f32, high: f32) -> f32 {
    low + (high - low) * draws.below(9) as f32 / 8.0
}

#[test]
fn turning_density_up_only_adds_hits() {
    let mut sampler = Sampler::new(model(7));
    let mut draws = Stream::new(1, 0, Purpose::Test);
    let (mut added, mut kept) = (0, 0);
    for round in 0..2_000u64 {
        let state = played(&mut sampler, round % 7, round);
        let mut low = Knobs {
            temperature: pick(&mut draws, 0.0, 2.0),
            min_p: pick(&mut draws, -0.4, 0.4).max(0.0),
            guidance: [1.0, 2.0][draws.below(2)],
            density: pick(&mut draws, -1.0, 1.0),
            ..Knobs::default()
        };
        if draws.below(3) == 0 {
            low.locked = draws.below(512) as u16;
            low.given = super::step_of(draws.below(512) as u16);
        }
        for lane in 0..LANES {
            low.lane_density[lane] = pick(&mut draws, -1.0, 1.0);
            low.lane_temperature[lane] = pick(&mut draws, 0.0, 2.0);
        }
        let mut high = low;
        high.density = low.density + pick(&mut draws, 0.0, 1.0);
        for lane in &mut high.lane_density {
            *lane += pick(&mut draws, 0.0, 1.0) * draws.below(2) as f32;
        }
        let mut draw = |knobs: &Knobs| {
            let mut after = state.clone();
            let step = sampler.draw(&mut after, &place(round), knobs, round, round);
            (step, after)
        };
        let ((sparse, after_sparse), (dense, after_dense)) = (draw(&low), draw(&high));
        assert_eq!(
            hits(&sparse) & !hits(&dense),
            0,
            "{low:?} and {high:?} lost a hit"
        );
        // The base step is heard, so that the next one starts from the same.
        assert_eq!(after_sparse, after_dense);
        added += (hits(&dense) & !hits(&sparse)).count_ones();
        kept += hits(&sparse).count_ones();
    }
    assert!(added > 1_000 && kept > 1_000, "{added} added, {kept} kept");
}

#[test]
fn a_whole_piece_only_gains_hits_and_gives_them_back() {
    let mut sampler = Sampler::new(model(8));
    let mut play = |density: f32| -> Vec<Step> {
        let mut state = sampler.start();
        let knobs = Knobs {
            density,
            ..Knobs::default()
        };
        (0..128)
            .map(|step| sampler.draw(&mut state, &place(step), &knobs, 3, step))
            .collect()
    };
    let pieces: Vec<Vec<Step>> = (-4..=4).map(|d| play(d as f32 / 4.0)).collect();
    let count = |piece: &[Step]| piece.iter().map(|s| hits(s).count_ones()).sum::<u32>();
    for pair in pieces.windows(2) {
        for (sparse, dense) in pair[0].iter().zip(&pair[1]) {
            assert_eq!(hits(sparse) & !hits(dense), 0);
        }
        assert!(count(&pair[0]) < count(&pair[1]));
    }
    // The hits of the base step sound the same whatever was added.
    for (base, dense) in pieces[4].iter().zip(&pieces[8]) {
        let pairs = base.iter().zip(dense).filter(|(b, _)| b.velocity > 0);
        assert!(pairs.into_iter().all(|(b, d)| b == d));
    }
    assert_eq!(pieces[4], play(0.0));
}

#[test]
fn a_lanes_density_and_temperature_are_its_own() {
    let mut sampler = Sampler::new(model(9));
    let state = played(&mut sampler, 9, 2);
    for seed in 0..200 {
        let mut draw =
            |knobs: &Knobs| hits(&sampler.draw(&mut state.clone(), &place(9), knobs, seed, 9));
        let plain = draw(&Knobs::default());
        for lane in 0..LANES {
            let mut knobs = Knobs::default();
            knobs.lane_density[lane] = 1.0;
            assert_eq!((draw(&knobs) ^ plain) & !(1 << lane), 0);
            // No lane before it hears of its temperature.
            let mut knobs = Knobs::default();
            knobs.lane_temperature[lane] = 0.0;
            assert_eq!((draw(&knobs) ^ plain) & ((1 << lane) - 1), 0);
        }
    }
}

#[test]
fn nothing_is_left_to_chance_at_temperature_0() {
    let mut sampler = Sampler::new(model(10));
    let state = played(&mut sampler, 12, 2);
    for (density, min_p, locked) in [(0.0, 0.0, 0), (0.5, 0.0, 0), (-0.5, 0.2, 0), (0.0, 0.0, 5)] {
        let knobs = Knobs {
            temperature: 0.0,
            expression: 0.0,
            density,
            min_p,
            locked,
            ..Knobs::default()
        };
        let mut draw = |seed| sampler.draw(&mut state.clone(), &place(12), &knobs, seed, 12);
        let first = draw(0);
        assert!((1..50).all(|seed| draw(seed) == first));
    }
}

/// Knobs that change from step to step: the same journey is the same piece, and a state that was
/// copied goes on like the one it was copied from.
#[test]
fn same_knobs_same_steps_from_any_copy() {
    let mut sampler = Sampler::new(model(14));
    let knobs_at = |step: u64| {
        let at = |what: u64| uniform(77, step, what, Purpose::Test);
        Knobs {
            temperature: 2.0 * at(0),
            density: 2.0 * at(1) - 1.0,
            min_p: (at(2) - 0.5).max(0.0),
            guidance: if at(3) < 0.4 { 1.0 } else { 3.0 * at(4) },
            blend: at(5),
            other_style: Some(0),
            locked: if at(6) < 0.3 { 0b10_0100 } else { 0 },
            fill: at(7) < 0.2,
            ..Knobs::default()
        }
    };
    let mut state = sampler.start();
    let mut copies = vec![state.clone()];
    let mut piece = Vec::new();
    for step in 0..96 {
        piece.push(sampler.draw(&mut state, &place(step), &knobs_at(step), 6, step));
        copies.push(state.clone());
    }
    let mut reused = sampler.start();
    for from in [0usize, 31, 32, 33, 70] {
        reused.clone_from(&copies[from]);
        for (step, drawn) in piece.iter().enumerate().skip(from) {
            let again = sampler.draw(
                &mut reused,
                &place(step as u64),
                &knobs_at(step as u64),
                6,
                step as u64,
            );
            assert_eq!(again, *drawn, "step {step} from {from}");
            assert_eq!(reused, copies[step + 1]);
        }
    }
}

#[test]
fn drawing_never_allocates() {
    let mut sampler = Sampler::new(model(15));
    let mut state = sampler.start();
    let start = state.clone();
    let before = alloc_probe::calls();
    for step in 0..64u64 {
        let knobs = Knobs {
            density: 0.5,
            min_p: [0.0, 0.05][(step % 2) as usize],
            guidance: [1.0, 2.0][(step / 2 % 2) as usize],
            locked: [0, 0b1001][(step / 4 % 2) as usize],
            ..Knobs::default()
        };
        sampler.draw(&mut state, &place(step), &knobs, 6, step);
        if step % 20 == 0 {
            state.clone_from(&start);
        }
    }
    assert_eq!(alloc_probe::calls(), before);
}
