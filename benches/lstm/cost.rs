//! `scaling`: what ten times the batch, ten times the sequence and four times the width cost.

use crate::ours::{Case, Stack, engine, timed};
use crate::{Outcome, median, word};
use std::process::Command;

/// Time may grow by so much more than the work: a larger working set leaves the nearer caches.
const SLACK: f64 = 1.5;
const THREADS: usize = 1;
const BASE: Case = Case {
    layers: 2,
    units: 128,
    inputs: 128,
    steps: 32,
    batch: 16,
};

/// Prints the table.
pub fn scaling() -> Outcome {
    println!(
        "training step, {} layers, {} inputs, {THREADS} thread; memory: all of the process beyond an empty one's",
        BASE.layers, BASE.inputs
    );
    println!(
        "                units  steps  batch     ms    MB   x work   x time   x memory   time for the work"
    );
    let mut first = None;
    for (name, case) in [
        ("base", BASE),
        (
            "10 x batch",
            Case {
                batch: 10 * BASE.batch,
                ..BASE
            },
        ),
        (
            "10 x sequence",
            Case {
                steps: 10 * BASE.steps,
                ..BASE
            },
        ),
        (
            "4 x width",
            Case {
                units: 4 * BASE.units,
                ..BASE
            },
        ),
    ] {
        let (ms, mb) = measure(case)?;
        let (base_ms, base_mb, base_flop) = *first.get_or_insert((ms, mb, case.flop()));
        let (work, time) = (case.flop() / base_flop, ms / base_ms);
        println!(
            "{name:<14} {:>6} {:>6} {:>6} {ms:>6.1} {mb:>5.0} {work:>8.1} {time:>8.1} {:>10.1}   at most {SLACK} x: {:.2}, {}",
            case.units,
            case.steps,
            case.batch,
            mb / base_mb,
            time / work,
            word(time <= SLACK * work)
        );
    }
    println!("ten times the files: `cargo bench --bench scan`");
    Ok(())
}

/// Milliseconds and megabytes of a shape, in a process of its own: memory that was freed would be counted otherwise.
fn measure(case: Case) -> Outcome<(f64, f64)> {
    let numbers =
        [case.layers, case.units, case.inputs, case.steps, case.batch].map(|n| n.to_string());
    let output = Command::new(std::env::current_exe()?)
        .args(["--alone", &numbers.join(",")])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut found = text.split_whitespace().map(str::parse::<f64>);
    match (found.next(), found.next()) {
        (Some(Ok(ms)), Some(Ok(mb))) => Ok((ms, mb)),
        _ => Err(format!("no measurement of {case:?}: {text}").into()),
    }
}

/// Measures one shape and prints milliseconds and megabytes.
pub fn alone(numbers: &[usize]) -> Outcome {
    let &[layers, units, inputs, steps, batch] = numbers else {
        return Err("--alone LAYERS,UNITS,INPUTS,STEPS,BATCH".into());
    };
    let engine = engine(THREADS);
    let before = peak_mb(std::process::id());
    let mut stack = Stack::new(Case {
        layers,
        units,
        inputs,
        steps,
        batch,
    });
    let mut loss = stack.train(&engine);
    let times: Vec<f64> = (0..15)
        .map(|_| timed(|| loss += stack.train(&engine)))
        .collect();
    println!(
        "{} {} {loss}",
        median(&times),
        peak_mb(std::process::id()) - before
    );
    Ok(())
}

/// The most memory a process has had, in megabytes; not a number where the system does not tell.
pub fn peak_mb(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kb.map_or(f64::NAN, |kb| kb / 1024.0)
}
