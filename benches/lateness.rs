//! Promise: no note is late (sent more than 5 ms after its time), and 99 of 100 are sent within a
//! millisecond, also while every core is busy.
//!
//! The whole playing side runs for 20 seconds of real time, its notes going to a log, while a knob
//! is turned ten times a second; first on the idle machine, then beside one endless loop a core. The figures are read from the log. Real-time
//! priority is used where the system grants it, which the table says.

use beatgen_tui::beat::kit::Kit;
use beatgen_tui::live::lateness::LATE_NS;
use beatgen_tui::live::{EngineHandle, EngineOptions};
use beatgen_tui::message::{Controls, OutputSetup, OutputSpec, Realtime};
use beatgen_tui::model::BeatModel;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "support/log.rs"]
mod log;

const SECONDS: u32 = 20;
const BPM: u32 = 180;
const TURN: Duration = Duration::from_millis(100);
const PROMISE_MS: f64 = 1.0;

fn main() -> Result<(), Box<dyn Error>> {
    let cores = std::thread::available_parallelism()?.get();
    println!("{SECONDS} s at {BPM} bpm each, {cores} cores");
    println!("machine      notes   p50 ms   p99 ms   max ms   late   real-time priority");
    for (name, loops) in [("idle", 0), ("all busy", cores)] {
        let done = AtomicBool::new(false);
        let played = std::thread::scope(|scope| {
            for _ in 0..loops {
                scope.spawn(|| {
                    let mut x = 1u64;
                    while !done.load(Ordering::Relaxed) {
                        x = std::hint::black_box(x.wrapping_mul(3));
                    }
                });
            }
            let played = play();
            done.store(true, Ordering::Relaxed);
            played
        });
        let (mut late_ns, granted) = played?;
        late_ns.sort_unstable();
        let at = |share: f64| {
            let place = late_ns.len().saturating_sub(1) as f64 * share;
            let ns = late_ns.get(place as usize).copied();
            ns.map_or(f64::NAN, |ns| ns as f64 / 1e6)
        };
        let late = late_ns.iter().filter(|ns| **ns > LATE_NS).count();
        println!(
            "{name:<12} {:>5} {:>8.3} {:>8.3} {:>8.3} {late:>6}   {granted:<10} promised: p99 below {PROMISE_MS} ms, none late, {}",
            late_ns.len(),
            at(0.5),
            at(0.99),
            at(1.0),
            if late == 0 && at(0.99) < PROMISE_MS {
                "kept"
            } else {
                "BROKEN"
            }
        );
    }
    Ok(())
}

/// Plays; the lateness of every note-on in nanoseconds, and whether the priority was granted.
fn play() -> Result<(Vec<u64>, &'static str), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let log = home.path().join("notes.log");
    let mut controls = Controls {
        milli_bpm: BPM * 1_000,
        density: 0.3,
        ..Controls::default()
    };
    let engine = EngineHandle::start(EngineOptions {
        model: BeatModel::embedded()?.into(),
        seed: 1,
        controls,
        kit: Kit::gm(),
        outputs: vec![OutputSetup::plain(OutputSpec::File(log.clone()))],
        sessions: home.path().join("sessions"),
        debts: home.path().join("owed"),
        realtime: true,
    })?;
    std::thread::sleep(TURN);
    engine.play();
    for turn in 0..SECONDS * 10 {
        std::thread::sleep(TURN);
        controls.version += 1;
        controls.temperature = 0.5 + (turn % 20) as f32 * 0.05;
        engine.set_controls(controls);
    }
    let granted = match engine.status().realtime {
        Realtime::Granted => "granted",
        Realtime::Refused(_) | Realtime::Unknown => "refused",
    };
    engine.shutdown()?;
    Ok((lateness(&log)?, granted))
}

/// Of the note-ons in a log.
fn lateness(path: &Path) -> Result<Vec<u64>, Box<dyn Error>> {
    let sent = log::read(path)?;
    let ons = sent.iter().filter(|message| message.bytes.starts_with('9'));
    Ok(ons.map(|on| on.sent_ns.saturating_sub(on.due_ns)).collect())
}
