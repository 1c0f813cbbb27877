//! `train`: learns from a folder without the dashboard, with a progress bar on a terminal and
//! plain lines elsewhere.

use crate::base::text::{sanitize, sanitize_path};
use crate::beat::kit::DrumMap;
use crate::cli::TrainArgs;
use crate::dataset::drummers::Drummers;
use crate::dataset::load;
use crate::dataset::scan::{self, Scan, ScanOptions};
use crate::message::{
    DeviceChoice, EndReason, FileStatus, Representation, TrainCommand, TrainConfig, TrainEvent,
    TrainProgress,
};
use crate::model::device;
use crate::model::train::{TrainError, TrainingSet, train};
use crate::runtime::{Interrupted, Refused, signals};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Refused files named in full; the rest are counted.
const NAMED: usize = 20;

/// Runs `train`.
///
/// # Errors
/// [`Refused`] where folder, flags or device cannot serve; a disk that fails.
pub fn run(args: &TrainArgs) -> anyhow::Result<()> {
    let flags = args.config();
    let device = device::resolve(device_for(&flags))
        .and_then(|device| device::several(device, flags.devices))
        .map_err(|e| Refused::new(e, ""))?;
    let map = flags.drum_map.as_deref().map(drum_map).transpose()?;
    let mut scan = scan_folder(&flags.data_dir, map)?;
    if let Some(name) = &args.hold_out_drummer {
        let drummers = Drummers::read(&flags.data_dir);
        known_drummer("--hold-out-drummer", name, &drummers, &flags.data_dir)?;
        let files = drummers.hold_out(name, &mut scan.rows);
        say(&format!(
            "held out: {} by {}",
            counted(files, "file"),
            sanitize(name)
        ))?;
    }
    let set = training_set(&scan)?;
    say(&scan_line(&scan))?;
    // A run takes hours and needs nothing of the scan.
    drop(scan);

    let (tell, commands) = crossbeam_channel::unbounded();
    // The first signal ends the run with a checkpoint; the next ends the program.
    let caught = signals::stop_on_first(move || {
        let _ = tell.send(TrainCommand::Stop);
    })?;
    let mut report = Report::new();
    let outcome = train(&flags, &set, &device, &commands, &mut |event| {
        report.hear(event)
    });
    report.close();
    let outcome = outcome.map_err(|e| refuse(e, &flags))?;
    report.result?;
    if let Some(folder) = outcome.set_aside {
        say(&format!(
            "the earlier run's checkpoints are in {}",
            sanitize_path(&folder)
        ))?;
    }
    if outcome.reason == EndReason::Settled {
        say(&format!(
            "ended early: {} epochs without a better figure (--patience)",
            flags.patience
        ))?;
    }
    if let (EndReason::Stopped, Some(signal)) = (outcome.reason, caught.number()) {
        let dir = sanitize_path(&flags.checkpoint_dir);
        say(&if outcome.began {
            format!("stopped; go on with the same command and --resume ({dir})")
        } else {
            format!("stopped before it began; {dir} is as it was")
        })?;
        return Err(Interrupted(signal).into());
    }
    Ok(())
}

/// Spectrograms are learned on the processor: there `auto` takes it.
pub fn device_for(flags: &TrainConfig) -> DeviceChoice {
    match (flags.representation, flags.device) {
        (Representation::Mel, DeviceChoice::Auto) => DeviceChoice::Cpu,
        (_, device) => device,
    }
}

/// What the user can put right is exit code 2, what failed on the way is 1.
fn refuse(error: TrainError, flags: &TrainConfig) -> anyhow::Error {
    match error {
        TrainError::Nothing
        | TrainError::NothingToResume(_)
        | TrainError::TooLarge { .. }
        | TrainError::Unfit(_)
        | TrainError::Folder { .. }
        | TrainError::OtherSettings { .. }
        | TrainError::OtherData { .. }
        | TrainError::Stopped
        | TrainError::Checkpoint(_) => Refused::new(error, "").into(),
        TrainError::NotFinite { .. } | TrainError::Device(_) | TrainError::Write { .. } => {
            anyhow::Error::from(error)
                .context(format!("training on {}", sanitize_path(&flags.data_dir)))
        }
    }
}

/// That the folder's `info.csv` knows a drummer.
///
/// # Errors
/// [`Refused`] where it does not: the flag, the folder, and whom it knows.
pub fn known_drummer(
    flag: &str,
    name: &str,
    drummers: &Drummers,
    dir: &Path,
) -> anyhow::Result<()> {
    let names = drummers.names();
    if names.contains(&name) {
        return Ok(());
    }
    let hint = if names.is_empty() {
        "drummers are read from the column \"drummer\" of an info.csv in the folder".to_owned()
    } else {
        format!("it names {}", names.join(", "))
    };
    let dir = sanitize_path(&dir.join("info.csv"));
    let name = sanitize(name);
    Err(Refused::new(format!("{flag} {name}: {dir} names no such drummer"), hint).into())
}

/// A drum map by name or from a TOML file.
///
/// # Errors
/// [`Refused`] where it is neither.
pub fn drum_map(name: &str) -> anyhow::Result<DrumMap> {
    if let Some(map) = DrumMap::named(name) {
        return Ok(map);
    }
    let hint = "give gm, td11, or a TOML file such as: kick = [35, 36]";
    let text = std::fs::read_to_string(name)
        .map_err(|e| Refused::new(format!("--drum-map {name}: cannot be read ({e})"), hint))?;
    DrumMap::from_toml(name, &text)
        .map_err(|e| Refused::new(format!("--drum-map {name}: {e}"), hint).into())
}

/// Scans a folder with the index cache.
///
/// # Errors
/// [`Refused`] where the folder cannot serve.
pub fn scan_folder(dir: &Path, drum_map: Option<DrumMap>) -> anyhow::Result<Scan> {
    let options = ScanOptions {
        drum_map,
        ..ScanOptions::new(dir)
    };
    scan::scan(&options, &|_, _| {}, &AtomicBool::new(false))
        .map_err(|e| Refused::new(e, "").into())
}

/// Loads what a run learns from and is scored on.
///
/// # Errors
/// [`Refused`] where no file has drums: the reasons, file by file, and the remedy.
pub fn training_set(scan: &Scan) -> anyhow::Result<TrainingSet> {
    let (train, mut failures) = load::load(scan, Some("train"));
    let (validation, more) = load::load(scan, Some("validation"));
    failures.extend(more);
    if train.is_empty() {
        let mut reasons = String::new();
        let refused: Vec<(String, String)> = scan
            .rows
            .iter()
            .filter(|r| !r.status.usable())
            .map(|r| {
                (
                    r.name.clone(),
                    r.reason.clone().unwrap_or_else(|| r.status.word().into()),
                )
            })
            .chain(failures)
            .collect();
        for (name, reason) in refused.iter().take(NAMED) {
            reasons.push_str(&format!("  {}: {}\n", sanitize(name), reason));
        }
        if refused.len() > NAMED {
            reasons.push_str(&format!("  and {} more\n", refused.len() - NAMED));
        }
        let _ = std::io::stderr().write_all(reasons.as_bytes());
        return Err(Refused::new(
            "no file of the training split has drums",
            "drums are looked for on MIDI channel 10 with the map in force: try --drum-map, or open the folder in \
             the dashboard and remap a file with r",
        )
        .into());
    }
    Ok(TrainingSet {
        train: train.into(),
        validation: validation.into(),
        drum_map: scan.drum_map.clone(),
    })
}

/// The counts of a scan in one line, and the map in force.
fn scan_line(scan: &Scan) -> String {
    let s = &scan.summary;
    let counts: Vec<String> = FileStatus::ALL
        .iter()
        .zip(s.by_status)
        .filter(|(_, n)| *n > 0)
        .map(|(status, n)| format!("{n} {}", status.word()))
        .collect();
    format!(
        "{}: {}; {} bars, {:.1} h; drum map {}",
        counted(s.files, "file"),
        counts.join(", "),
        s.bars,
        s.seconds as f64 / 3600.0,
        s.drum_map
    )
}

/// `1 file`, `2 files`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}

/// How a run is shown.
struct Report {
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
    /// What the validation figure is in.
    unit: &'static str,
    /// What the speed is in.
    rate: &'static str,
    result: anyhow::Result<()>,
}

impl Report {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(1);
            if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:12} {pos}/{len} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            last_line: None,
            unit: "bits/step",
            rate: "steps/s",
            result: Ok(()),
        }
    }

    fn hear(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Started {
                config,
                device,
                parameters,
                updates_per_epoch,
                files,
                bars,
                drum_map,
                resumed_at,
            } => {
                if config.representation == Representation::Mel {
                    self.unit = "bits a band and frame";
                    self.rate = "frames/s";
                }
                self.line(&format!("device {device}"));
                self.line(&format!(
                    "learning {}x{} ({parameters} numbers) from {}, {bars} bars, drum map {drum_map}: {} of {}",
                    config.num_layers,
                    config.units,
                    counted(files, "file"),
                    counted(config.epochs, "epoch"),
                    counted(updates_per_epoch, "update"),
                ));
                if resumed_at > 0 {
                    self.line(&format!("resumed after {resumed_at} updates"));
                }
            }
            TrainEvent::Preparing { done, files } => self.preparing(done, files),
            TrainEvent::Teaching { share } => self.teaching(share),
            TrainEvent::Taught { f1 } => self.line(&format!(
                "transcriber taught: F1 {f1:.3} on recordings kept back"
            )),
            TrainEvent::Progress(p) => self.progress(&p),
            TrainEvent::Validation {
                epoch,
                bits_per_step,
                best,
            } => self.line(&format!(
                "epoch {epoch}: validation {bits_per_step:.3} {}{}",
                self.unit,
                if best { " (best, kept)" } else { "" }
            )),
            TrainEvent::Ended { best, .. } => {
                if let Some(best) = best {
                    self.line(&format!("best validation {best:.3} {}", self.unit));
                }
            }
            TrainEvent::Excerpt(_)
            | TrainEvent::Checkpoint { .. }
            | TrainEvent::Paused
            | TrainEvent::Resumed => {}
            TrainEvent::Failed(text) => self.line(&text),
        }
    }

    fn preparing(&mut self, done: usize, files: usize) {
        if let Some(bar) = &self.bar {
            bar.set_prefix("spectrograms");
            bar.set_length(files as u64);
            bar.set_position(done as u64);
        } else if done == files {
            self.line(&format!("spectrograms of {} made", counted(files, "file")));
        }
    }

    fn teaching(&mut self, share: f32) {
        if share == 0.0 {
            self.line("the built-in transcriber cannot read frames such as these: one is taught first, and kept in the checkpoint");
        }
        if let Some(bar) = &self.bar {
            bar.set_prefix("transcriber");
            bar.set_length(100);
            bar.set_position((100.0 * share) as u64);
        }
    }

    fn progress(&mut self, p: &TrainProgress) {
        let text = format!(
            "loss {:.3}, {:.0} {}, {} left",
            p.train_bits,
            p.steps_per_second,
            self.rate,
            clock(p.seconds_left)
        );
        if let Some(bar) = &self.bar {
            bar.set_prefix(format!("epoch {}/{}", p.epoch, p.epochs));
            bar.set_length(p.updates_per_epoch as u64);
            bar.set_position(p.update as u64);
            bar.set_message(text);
        } else if p.update == p.updates_per_epoch
            || self
                .last_line
                .is_none_or(|at| at.elapsed() > Duration::from_secs(5))
        {
            self.last_line = Some(Instant::now());
            self.line(&format!(
                "epoch {}/{} update {}/{}: {text}",
                p.epoch, p.epochs, p.update, p.updates_per_epoch
            ));
        }
    }

    fn line(&mut self, text: &str) {
        let write = || say(text);
        let result = match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        };
        if self.result.is_ok() {
            self.result = result;
        }
    }

    fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Seconds as `h:mm:ss`.
fn clock(seconds: f32) -> String {
    let s = seconds.clamp(0.0, 3.6e6) as u64;
    format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}
