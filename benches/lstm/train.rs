//! `train`: a training step beside PyTorch's and beside the machine's matrix product.

use crate::ours::{Case, Product, Stack, engine, timed};
use crate::peer::Peer;
use crate::{Flags, Outcome, least, median, word};

/// At most so much of the peer's time for the usual shape ...
const PROMISED_RATIO: f64 = 0.70;
/// ... or at least so much of the machine's own matrix product.
const PROMISED_SHARE: f64 = 0.85;
/// Matrix products to find out what the machine can do: the shape of the input product, and a large one.
const PRODUCTS: [[usize; 3]; 2] = [[2048, 256, 1024], [2048, 2048, 2048]];

/// What a shape took, in milliseconds and GFLOP a second.
#[derive(Default)]
struct Taken {
    ours: Vec<f64>,
    theirs: Vec<f64>,
    peak: f64,
}

/// Prints the table.
pub fn bench(flags: &Flags) -> Outcome {
    let mut peer = match &flags.peer {
        Some(python) => Some(Peer::start(python, "torch_lstm.py", &[])?),
        None => None,
    };
    println!(
        "training step (forward, backward), {} rounds in turns, ms median (min); peak: best matrix product of either side",
        flags.rounds
    );
    println!(
        "layers x units, inputs, steps   batch threads            ours         PyTorch  ratio  GFLOP/s    peak  share"
    );
    let mut kept = true;
    for case in cases(flags.all) {
        for &threads in &flags.threads {
            let taken = measure(case, threads, flags.rounds, peer.as_mut())?;
            let (ours, theirs) = (median(&taken.ours), median(&taken.theirs));
            let (ratio, speed) = (ours / theirs, case.flop() / ours / 1e6);
            let share = speed / taken.peak;
            let verdict = if theirs.is_nan() {
                ""
            } else if case == Case::USUAL {
                let good = ratio <= PROMISED_RATIO || share >= PROMISED_SHARE;
                kept &= good;
                word(good)
            } else {
                kept &= ratio <= 1.0;
                word(ratio <= 1.0)
            };
            println!(
                "{:>2} x {:<4} {:>13} {:>7} {:>7} {:>7} {ours:>8.2} ({:>6.2}) {theirs:>7.1} ({:>5.1}) {ratio:>6.2} {speed:>8.0} {:>7.0} {share:>6.2}  {verdict}",
                case.layers,
                case.units,
                case.inputs,
                case.steps,
                case.batch,
                threads,
                least(&taken.ours),
                least(&taken.theirs),
                taken.peak,
            );
        }
    }
    if peer.is_some() {
        println!(
            "promised: for {:?} at most {PROMISED_RATIO} of PyTorch's time or {PROMISED_SHARE} of the peak, elsewhere never slower, {}",
            Case::USUAL,
            word(kept)
        );
    }
    Ok(())
}

fn cases(all: bool) -> Vec<Case> {
    let mut cases = vec![Case::USUAL];
    if all {
        for layers in [1, 3] {
            for units in [128, 256, 512] {
                for batch in [16, 32, 64, 128] {
                    let case = Case {
                        layers,
                        units,
                        batch,
                        ..Case::USUAL
                    };
                    if case != Case::USUAL {
                        cases.push(case);
                    }
                }
            }
        }
    }
    cases
}

fn measure(
    case: Case,
    threads: usize,
    rounds: usize,
    mut peer: Option<&mut Peer>,
) -> Outcome<Taken> {
    let engine = engine(threads);
    let mut stack = Stack::new(case);
    let mut products = PRODUCTS.map(|sizes| Product::new(&engine, sizes));
    let mut taken = Taken::default();
    let mut loss = stack.train(&engine);
    // About as long as the peer's rounds, so that a slow moment of the machine meets both.
    let runs = (200.0 / timed(|| loss += stack.train(&engine))).clamp(1.0, 8.0) as usize;
    for round in 0..rounds {
        // After the peer's turn caches and cores are warmed by a run that does not count.
        loss += stack.train(&engine);
        for _ in 0..runs {
            taken.ours.push(timed(|| loss += stack.train(&engine)));
        }
        if let Some(peer) = peer.as_deref_mut() {
            taken.theirs.extend(peer.run("train", case, threads, runs)?);
        }
        // The peak is the best that was seen: it needs fewer tries.
        if round % 3 == 0 {
            for product in &mut products {
                for _ in 0..3 {
                    taken.peak = taken.peak.max(product.gflops(&engine));
                }
            }
            if let Some(peer) = peer.as_deref_mut() {
                for sizes in PRODUCTS {
                    taken.peak = taken.peak.max(peer.gflops(sizes, threads)?);
                }
            }
        }
    }
    if !loss.is_finite() {
        return Err("the loss is not a number".into());
    }
    Ok(taken)
}
