//! `original`: the generator that this program succeeds, and Notochord, beside ours.
//!
//! TensorFlow trains the spectrogram model of the original (three layers, normalisation, dropout, dense) by `model.fit`
//! and asks it for a step by `model.predict`; ours are the bare layers of the same shape. Notochord draws an event
//! by feed and query; ours is a whole 16th step of a model of the same depth as the original. No promise hangs on
//! these: they tell a reader what the difference is like.

use crate::ours::{Case, Player, Stack, engine, timed};
use crate::peer::Peer;
use crate::{Flags, Outcome, least, median};
use beatgen_tui::model::{BeatModel, Knobs, Place, Sampler};

/// Prints the table of whatever is there.
pub fn bench(flags: &Flags) -> Outcome {
    if flags.tensorflow.is_none() && flags.notochord.is_none() {
        return Err("original: give --tensorflow PYTHON, --notochord PYTHON or both".into());
    }
    println!(
        "{} rounds in turns, ms median (min)                threads         ours       theirs  theirs / ours",
        flags.rounds
    );
    if let Some(python) = &flags.tensorflow {
        for &threads in &flags.threads {
            let number = threads.to_string();
            let mut peer = Peer::start(python, "tensorflow_lstm.py", &["--threads", &number])?;
            let engine = engine(threads);
            let mut stack = Stack::new(Case::USUAL);
            let mut loss = 0.0;
            let mut update = || loss += stack.train(&engine);
            for (name, what) in [("model.fit, one batch", "fit"), ("train_on_batch", "call")] {
                let theirs = &mut |runs| peer.run(what, Case::USUAL, threads, runs);
                compare(name, threads, flags.rounds, 3, &mut update, theirs)?;
            }
            let one = Case {
                batch: 1,
                ..Case::USUAL
            };
            let mut player = Player::new(one);
            for (name, what) in [
                ("model.predict, one step", "predict"),
                ("tf.function, one step", "step"),
            ] {
                let theirs = &mut |runs| peer.run(what, one, threads, runs);
                let rounds = flags.rounds;
                compare(name, threads, rounds, 10, &mut || player.step(), theirs)?;
            }
        }
    }
    if let Some(python) = &flags.notochord {
        let mut peer = Peer::start(python, "notochord_step.py", &[])?;
        let mut sampler = Sampler::new(BeatModel::random(Case::USUAL.units, Case::USUAL.layers, 1));
        let mut state = sampler.start();
        let mut step = 0;
        let mut ours = || {
            let place = Place {
                step_in_bar: (step % 16) as u16,
                steps_per_bar: 16,
                bar: step / 16,
                bpm: Some(120.0),
                style: None,
                fill: Some(false),
                density: None,
            };
            sampler.draw(&mut state, &place, &Knobs::default(), 1, step);
            step += 1;
        };
        let theirs = &mut |runs| peer.run("event", Case::USUAL, 1, runs);
        compare(
            "Notochord, one event",
            1,
            flags.rounds,
            50,
            &mut ours,
            theirs,
        )?;
    }
    Ok(())
}

/// Takes both in turns and prints a line.
fn compare(
    name: &str,
    threads: usize,
    rounds: usize,
    runs: usize,
    ours: &mut dyn FnMut(),
    theirs: &mut dyn FnMut(usize) -> Outcome<Vec<f64>>,
) -> Outcome {
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours();
        own.extend((0..runs).map(|_| timed(&mut *ours)));
        other.extend(theirs(runs)?);
    }
    println!(
        "{name:<50} {threads:>7} {:>7.2} ({:>6.2}) {:>7.2} ({:>6.2}) {:>8.1}",
        median(&own),
        least(&own),
        median(&other),
        least(&other),
        median(&other) / median(&own)
    );
    Ok(())
}
