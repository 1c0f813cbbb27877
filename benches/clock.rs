//! Promise: MIDI clock leaves on time, also while a training run loads every core.
//!
//! The whole playing side runs at 120 bpm with clock to a log, first with real-time priority, then
//! without, while `beatgen-tui train` and one endless loop a core keep the machine busy. Lateness is
//! read from the log. `cargo bench --bench clock -- --minutes 10 --load 2` (one minute of each load by
//! default).

use beatgen_tui::beat::kit::Kit;
use beatgen_tui::live::{EngineHandle, EngineOptions};
use beatgen_tui::message::{Controls, OutputSetup, OutputSpec, Realtime};
use beatgen_tui::model::BeatModel;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[path = "support/log.rs"]
mod log;
use log::{argument, percentile_ms, read};

fn main() -> Result<(), Box<dyn Error>> {
    let minutes = argument("--minutes").unwrap_or(1.0);
    let cores = std::thread::available_parallelism()?.get();
    println!("{minutes} min at 120 bpm each, 24 ticks a quarter note, {cores} cores");
    println!("load                     priority    ticks   p50 ms   p99 ms   max ms");
    let loads = [
        ("none", false, 0),
        ("training", true, 0),
        ("training, a loop a core", true, cores),
    ];
    let only = argument("--load").map(|load| load as usize);
    for (number, (name, training, loops)) in loads.into_iter().enumerate() {
        if only.is_some_and(|only| only != number) {
            continue;
        }
        for realtime in [true, false] {
            let home = tempfile::tempdir()?;
            let mut trainer = training.then(|| train(home.path())).transpose()?;
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
                let played = play(
                    home.path(),
                    realtime,
                    Duration::from_secs_f64(60.0 * minutes),
                );
                done.store(true, Ordering::Relaxed);
                played
            });
            if let Some(trainer) = &mut trainer {
                let ended = trainer.try_wait()?;
                trainer.kill()?;
                trainer.wait()?;
                if ended.is_some() {
                    return Err("the training run ended before the measurement did".into());
                }
            }
            let granted = played?;
            let sent = read(&home.path().join("clock.log"))?;
            let mut late: Vec<i64> = (sent.iter())
                .filter(|message| message.bytes == "f8")
                .map(|message| message.sent_ns as i64 - message.due_ns as i64)
                .collect();
            println!(
                "{name:<24} {granted:<10} {:>6} {:>8.3} {:>8.3} {:>8.3}",
                late.len(),
                percentile_ms(&mut late, 0.5),
                percentile_ms(&mut late, 0.99),
                percentile_ms(&mut late, 1.0),
            );
        }
    }
    Ok(())
}

/// A training run that outlasts the measurement.
fn train(home: &Path) -> Result<Child, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places: [PathBuf; 2] = [
        root.join("../shared/data/groove"),
        root.join("examples/beats"),
    ];
    let data = places.iter().find(|place| place.is_dir());
    let data = data.ok_or("no folder of MIDI files to train on")?;
    let child = Command::new(env!("CARGO_BIN_EXE_beatgen-tui"))
        .args([
            "train",
            "--device",
            "cpu",
            "--epochs",
            "100000",
            "--data-dir",
        ])
        .arg(data)
        .arg("--checkpoint-dir")
        .arg(home.join("checkpoints"))
        .env("BEATGEN_CACHE_DIR", home.join("cache"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Reading the files is over, learning is under way.
    std::thread::sleep(Duration::from_secs(5));
    Ok(child)
}

/// Plays with clock to a log; whether the priority was granted.
fn play(home: &Path, realtime: bool, length: Duration) -> Result<&'static str, Box<dyn Error>> {
    let mut output = OutputSetup::plain(OutputSpec::File(home.join("clock.log")));
    output.clock = true;
    let engine = EngineHandle::start(EngineOptions {
        model: BeatModel::embedded()?.into(),
        seed: 1,
        controls: Controls::default(),
        kit: Kit::gm(),
        outputs: vec![output],
        sessions: home.join("sessions"),
        debts: home.join("owed"),
        realtime,
    })?;
    std::thread::sleep(Duration::from_millis(200));
    engine.play();
    std::thread::sleep(length);
    let granted = match engine.status().realtime {
        Realtime::Granted => "granted",
        Realtime::Refused(_) | Realtime::Unknown => "without",
    };
    engine.shutdown()?;
    Ok(granted)
}
