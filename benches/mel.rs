//! Promise: mel frames and their decibels take at most a fifth of librosa's time, one thread each, for 30 s of
//! sound at 44.1 kHz with 128 bands.
//!
//! `cargo bench --bench mel -- [--peer PYTHON] [--rounds N]`. `--peer` names a Python with librosa (see
//! `benches/peers/librosa_mel.py`): both sides are measured in turns. Medians, of the time on the wall and of the time on
//! the processor; the latter counts where other programs share the machine. Without a peer ours stand alone.

use beatgen_tui::audio::mel::{Mel, MelConfig, power_to_db};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

const SECONDS: usize = 30;
const PROMISE: f64 = 5.0;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let (mut peer, mut rounds) = (None, 41);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} what?"));
        match argument.as_str() {
            // cargo says it to every bench.
            "--bench" => {}
            "--peer" => peer = Some(Peer::start(Path::new(&value()?))?),
            "--rounds" => rounds = value()?.parse::<usize>()?.max(1),
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    let config = MelConfig::default();
    let mono = signal(config.sample_rate);
    let case = json!({
        "sample_rate": config.sample_rate, "seconds": SECONDS, "n_fft": config.n_fft,
        "hop_length": config.hop_length, "n_mels": config.n_mels, "runs": 1,
    });
    // The first of each side warms caches up and is not counted.
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let mut means = (0.0, None);
    for round in 0..=rounds {
        let ([wall, cpu], mean) = once(&config, &mono)?;
        means.0 = mean;
        let answer = peer.as_mut().map(|peer| peer.ask(&case)).transpose()?;
        if round > 0 {
            ours.add(wall, cpu);
        }
        if let Some(answer) = answer {
            let first = |key: &str| {
                answer
                    .get(key)
                    .and_then(|v| v.get(0))
                    .and_then(Value::as_f64)
            };
            let (wall, cpu) = (first("wall_ms"), first("cpu_ms"));
            let (wall, cpu) = wall.zip(cpu).ok_or("the peer gives no times")?;
            if round > 0 {
                theirs.add(wall, cpu);
            }
            means.1 = answer.get("mean_db").and_then(Value::as_f64);
        }
    }
    println!(
        "{SECONDS} s at 44.1 kHz, frames of 2048, hop 512, 128 bands, decibels; {rounds} rounds, one thread"
    );
    println!("           wall ms  processor ms");
    let row = |name: &str, [wall, cpu]: [f64; 2]| println!("{name:<9} {wall:>8.2} {cpu:>13.2}");
    let ours = ours.medians();
    row("ours", ours);
    if let Some(mean) = means.1 {
        let theirs = theirs.medians();
        row("librosa", theirs);
        let ratio = [theirs[0] / ours[0], theirs[1] / ours[1]];
        row("ratio", ratio);
        let word = if ratio[1] >= PROMISE {
            "kept"
        } else {
            "BROKEN"
        };
        println!("promised: at least {PROMISE} on the processor, {word}");
        println!(
            "mean of all values: ours {:.5} dB, librosa {mean:.5} dB",
            means.0
        );
    }
    Ok(())
}

/// Half-second strokes: a sweep that falls and dies away. The same as the peer's.
fn signal(rate: u32) -> Vec<f32> {
    let tau = std::f64::consts::TAU;
    (0..rate as usize * SECONDS)
        .map(|n| {
            let t = (n as f64 / f64::from(rate)) % 0.5;
            let turns = 60.0 * t - 9.0 * (-t / 0.02).exp();
            (0.8 * (-t / 0.1).exp() * (tau * turns).sin()) as f32
        })
        .collect()
}

/// Milliseconds on the wall and on the processor, and the mean of all values in decibels. The filter bank is made
/// anew, as librosa makes its own in each call.
fn once(config: &MelConfig, mono: &[f32]) -> Outcome<([f64; 2], f64)> {
    let (start, busy) = (Instant::now(), processor_ms());
    let mut frames = Mel::new(*config)?.frames(mono);
    power_to_db(&mut frames);
    let times = [start.elapsed().as_secs_f64() * 1e3, processor_ms() - busy];
    let sum: f64 = frames.iter().map(|v| f64::from(*v)).sum();
    Ok((times, sum / frames.len() as f64))
}

/// What this thread has had of the processor, in milliseconds.
#[cfg(unix)]
fn processor_ms() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

#[cfg(not(unix))]
fn processor_ms() -> f64 {
    f64::NAN
}

#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Times {
    fn add(&mut self, wall: f64, cpu: f64) {
        self.wall.push(wall);
        self.cpu.push(cpu);
    }

    fn medians(mut self) -> [f64; 2] {
        [&mut self.wall, &mut self.cpu].map(|times| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
        })
    }
}

/// The script under way. It ends when its input does.
struct Peer {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(python: &Path) -> Outcome<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/librosa_mel.py");
        let mut child = Command::new(python)
            .arg(&script)
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", python.display()))?;
        let from = child.stdout.take().ok_or("no output of the peer")?;
        let mut peer = Self {
            to: child.stdin.take(),
            from: BufReader::new(from),
            child,
        };
        println!("peer {}", peer.line()?);
        Ok(peer)
    }

    fn line(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        if self.from.read_line(&mut line)? == 0 {
            return Err("the peer has ended".into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    fn ask(&mut self, case: &Value) -> Outcome<Value> {
        let to = self.to.as_mut().ok_or("the peer has ended")?;
        writeln!(to, "{case}")?;
        to.flush()?;
        self.line()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}
