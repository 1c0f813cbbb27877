//! `whole`: the program's own training beside the bare layers; `epoch`: a run of the program.

use crate::cost::peak_mb;
use crate::ours::{Case, Stack, engine, timed};
use crate::{Flags, Outcome, data_dir, median, word};
use beatgen_tui::dataset::load::load;
use beatgen_tui::dataset::scan::{ScanOptions, scan};
use beatgen_tui::message::{DeviceChoice, TrainConfig, TrainEvent};
use beatgen_tui::model::train::{TrainingSet, train};
use beatgen_tui::model::{device, encode};
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Of the bare layers' speed.
const PROMISED: f64 = 0.85;
/// Updates between two looks at the bare layers.
const EVERY: usize = 8;

/// Trains an epoch from files to optimiser; between updates, in turns, the bare layers of the same shape run.
pub fn bench(flags: &Flags) -> Outcome {
    let dir = data_dir(flags)?;
    let home = tempfile::tempdir()?;
    let choice = TrainConfig {
        data_dir: dir.clone(),
        checkpoint_dir: home.path().join("checkpoints"),
        epochs: 1,
        device: DeviceChoice::Cpu,
        ..TrainConfig::default()
    };
    let device = device::resolve(choice.device)?;
    let threads = device::threads();

    let began = Instant::now();
    let options = ScanOptions {
        cache_dir: Some(home.path().join("cache")),
        ..ScanOptions::new(&dir)
    };
    let scanned = scan(&options, &|_, _| {}, &AtomicBool::new(false))?;
    let set = TrainingSet {
        train: load(&scanned, Some("train")).0.into(),
        validation: Arc::default(),
        drum_map: scanned.drum_map.clone(),
    };
    let loading = began.elapsed().as_secs_f64();
    let steps: usize = set.train.pieces().iter().map(|p| p.steps).sum();
    let case = Case {
        layers: choice.num_layers,
        units: choice.units,
        inputs: encode::width(set.train.styles().len()),
        steps: choice.sequence_length,
        batch: choice.batch_size,
    };

    let engine = engine(threads);
    let mut stack = Stack::new(case);
    let mut loss = stack.train(&engine);
    let mut bare = Vec::new();
    let mut each = Vec::new();
    let (mut elsewhere, mut learned, mut updates) = (0.0, 0.0, 0);
    let began = Instant::now();
    let (_keep, commands) = crossbeam_channel::unbounded();
    train(&choice, &set, &device, &commands, &mut |event| {
        let TrainEvent::Progress(progress) = event else {
            return;
        };
        updates = progress.update;
        let before = std::mem::replace(&mut learned, began.elapsed().as_secs_f64() - elsewhere);
        each.push((learned - before) * 1e3);
        if progress.update % EVERY == 0 {
            elsewhere += timed(|| {
                loss += stack.train(&engine);
                bare.extend((0..2).map(|_| timed(|| loss += stack.train(&engine))));
            }) / 1e3;
        }
    })?;
    if !loss.is_finite() {
        return Err("the loss is not a number".into());
    }
    let program = steps as f64 / (loading + learned);
    let slots = (case.steps * case.batch) as f64;
    // Both by their whole time: on a shared machine either side has its slow moments.
    let mean = bare.iter().sum::<f64>() / bare.len().max(1) as f64;
    let layers = slots / mean * 1e3;
    println!(
        "training from {}, {case:?}, {threads} threads",
        dir.display()
    );
    println!(
        "files to optimiser: {steps} steps in {updates} updates ({:.0} % of the slots), {loading:.2} s to scan and load, {learned:.2} s to learn: {program:.0} steps/s",
        100.0 * steps as f64 / (updates as f64 * slots)
    );
    println!(
        "the bare layers, in turns: {mean:.1} ms a batch, {layers:.0} steps/s; medians: {:.1} ms an update, {:.1} ms the bare layers, ratio {:.2}",
        median(&each),
        median(&bare),
        median(&bare) / median(&each)
    );
    println!(
        "ratio {:.2} (of the learning alone {:.2}, of its updates {:.2})    promised: at least {PROMISED}, {}",
        program / layers,
        steps as f64 / learned / layers,
        updates as f64 * slots / learned / layers,
        word(program / layers >= PROMISED)
    );
    Ok(())
}

/// Runs `beatgen-tui train` over the data once, for each seed: time, memory, validation figure.
pub fn epochs(flags: &Flags) -> Outcome {
    let dir = data_dir(flags)?;
    println!(
        "one epoch of {}, 2 x 256, 64 steps, batch 32, as `beatgen-tui train` runs it",
        dir.display()
    );
    println!("seed   seconds   peak MB   validation bits/step");
    for seed in 1..=flags.seeds {
        let home = tempfile::tempdir()?;
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_beatgen-tui"))
            .args(["train", "--device", "cpu", "--epochs", "1"])
            .args(["--num-layers", "2", "--units", "256"])
            .args(["--sequence-length", "64", "--batch-size", "32"])
            .args(["--seed", &seed.to_string(), "--data-dir"])
            .arg(&dir)
            .arg("--checkpoint-dir")
            .arg(home.path().join("checkpoints"))
            .env("BEATGEN_CACHE_DIR", home.path().join("cache"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut output = child.stdout.take().ok_or("no output")?;
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).map(|_| text)
        });
        // The system forgets a process with its end: what it says is asked for until then.
        let mut peak = 0.0f64;
        let status = loop {
            peak = peak.max(peak_mb(child.id()));
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let seconds = began.elapsed().as_secs_f64();
        let text = reader.join().map_err(|_| "the reader ended early")??;
        if !status.success() {
            return Err(format!("the run ended with {status}:\n{text}").into());
        }
        let figure = text
            .lines()
            .find_map(|line| line.strip_prefix("best validation "));
        println!(
            "{seed:>4} {seconds:>9.1} {peak:>9.0}   {}",
            figure.unwrap_or("none")
        );
    }
    Ok(())
}
