//! Promises of single steps.

use super::super::step::Stepper;
use super::*;

#[test]
fn steps_are_the_sequence_one_by_one() {
    let mut draws = Draws(18);
    for isa in all_isas() {
        for (batch, inputs, units) in [
            (1, 9, 1),
            (1, 20, 16),
            (1, 5, 40),
            (2, 7, 33),
            (9, 30, 48),
            (33, 3, 20),
        ] {
            let mut single = Single::new(&mut draws, 5, batch, inputs, units);
            single.keep.fill(1.0);
            // Zeros, which a step of one row passes over.
            single.x.iter_mut().step_by(3).for_each(|x| *x = 0.0);
            let want = single.double().answer();
            let stepper = Stepper::new(isa, single.weights(), inputs, units);
            let mut scratch = vec![f32::NAN; stepper.scratch_len(batch)];
            let (mut hidden, mut cell) = (single.hidden.clone(), single.cell.clone());
            let mut outputs = Vec::new();
            for x in single.x.chunks_exact(batch * inputs) {
                stepper.step(&mut scratch, x, &mut hidden, &mut cell);
                outputs.extend_from_slice(&hidden);
            }
            assert!(
                distance(&outputs, &want.outputs) < 1e-5,
                "{isa:?} {batch} {inputs} {units}"
            );
            assert!(
                distance(&cell, &want.cell) < 1e-5,
                "{isa:?} {batch} {inputs} {units}"
            );
        }
    }
}

#[test]
fn a_row_steps_to_the_same_bits_alone_and_in_a_batch() {
    let mut draws = Draws(19);
    for isa in all_isas() {
        let single = Single::new(&mut draws, 1, 12, 14, 37);
        let whole = Stepper::new(isa, single.weights(), 14, 37);
        for stepper in [whole.clone(), whole.with_halves()] {
            let mut scratch = vec![0.0; stepper.scratch_len(12)];
            let (mut hidden, mut cell) = (single.hidden.clone(), single.cell.clone());
            stepper.step(&mut scratch, &single.x, &mut hidden, &mut cell);
            for row in 0..12 {
                let of = |v: &[f32]| v[row * 37..][..37].to_vec();
                let (mut h, mut c) = (of(&single.hidden), of(&single.cell));
                stepper.step(&mut scratch, &single.x[row * 14..][..14], &mut h, &mut c);
                assert_eq!((h, c), (of(&hidden), of(&cell)), "{isa:?} {row}");
            }
        }
    }
}

#[test]
fn weights_in_half_precision_change_little_and_something() {
    let mut draws = Draws(20);
    for isa in all_isas() {
        let mut single = Single::new(&mut draws, 1, 1, 30, 50);
        single.keep.fill(1.0);
        let want = single.double().answer();
        let stepper = Stepper::new(isa, single.weights(), 30, 50).with_halves();
        let mut scratch = vec![0.0; stepper.scratch_len(1)];
        let (mut hidden, mut cell) = (single.hidden.clone(), single.cell.clone());
        stepper.step(&mut scratch, &single.x, &mut hidden, &mut cell);
        let d = distance(&hidden, &want.hidden);
        assert!((1e-6..1e-3).contains(&d), "{isa:?} {d:e}");
    }
}
