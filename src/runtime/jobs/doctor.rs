//! `beatgen-tui doctor`: what this machine offers, part by part, and what would bring the
//! missing parts. Looks only; changes nothing.

use crate::base::text::sanitize_path;
use crate::live::{midi_out, real_time, synth};
use crate::message::{DeviceChoice, HangUp, Realtime};
use crate::model::device;
use crate::runtime::advice::Line;
use crate::runtime::config;
use crate::runtime::pace::Pace;
use crate::runtime::paths::Paths;
use crate::runtime::terminal::{Abilities, refusal};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

/// Prints the report.
///
/// # Errors
/// Standard output takes no more.
pub fn run() -> anyhow::Result<()> {
    let mut text = format!(
        "beatgen-tui {} on {} {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    section(&mut text, "devices", &devices());
    section(&mut text, "MIDI", &midi());
    section(&mut text, "audio", &audio());
    section(&mut text, "terminal", &terminal());
    section(&mut text, "line", &line(&Paths::from_environment()));
    section(&mut text, "paths", &paths(&Paths::from_environment()));
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// A row: whether it is there, its name, what is known of it.
type Row = (bool, &'static str, String);

fn section(text: &mut String, title: &str, rows: &[Row]) {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "\n{title}");
    for (found, name, about) in rows {
        let mark = if *found { "+" } else { "-" };
        let _ = writeln!(text, "  {mark} {name:<14} {about}");
    }
}

fn row<T>(name: &'static str, result: Result<T, String>, about: impl Fn(T) -> String) -> Row {
    match result {
        Ok(value) => (true, name, about(value)),
        Err(reason) => (false, name, reason),
    }
}

fn devices() -> Vec<Row> {
    let mut rows = vec![(
        true,
        "CPU",
        format!("{} cores; {}", device::cores(), features()),
    )];
    rows.extend(cuda());
    let auto = device::resolve(DeviceChoice::Auto);
    rows.push(row(
        "in use",
        auto.map_err(|error| error.to_string()),
        |device| format!("--device auto takes {device}"),
    ));
    rows
}

#[cfg(feature = "cuda")]
fn cuda() -> Vec<Row> {
    let parts = device::probe_cuda();
    vec![
        row("NVIDIA driver", parts.driver, |n| format!("{n} device(s)")),
        row("NVRTC", parts.nvrtc, |name| name),
        row("CUDA headers", parts.headers, |path| sanitize_path(&path)),
    ]
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Vec<Row> {
    let how = "not in this build; build with --features cuda";
    vec![(false, "CUDA", how.into())]
}

#[cfg(target_arch = "x86_64")]
fn features() -> String {
    let known = [
        ("AVX2", std::arch::is_x86_feature_detected!("avx2")),
        ("FMA", std::arch::is_x86_feature_detected!("fma")),
        ("AVX-512", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    let found: Vec<&str> = known
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    if found.is_empty() {
        "no vector extensions beyond SSE2".into()
    } else {
        found.join(", ")
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> String {
    std::env::consts::ARCH.into()
}

fn midi() -> Vec<Row> {
    let ports = midi_out::list().map_err(|error| error.to_string());
    vec![
        row("outputs", ports, |ports| match ports.len() {
            0 => "none connected".into(),
            _ => {
                let names: Vec<String> = ports.into_iter().map(|port| port.name).collect();
                names.join(", ")
            }
        }),
        match real_time::probe() {
            Realtime::Granted => (true, "priority", "real-time, granted".into()),
            Realtime::Refused(reason) => (false, "priority", reason),
            Realtime::Unknown => (false, "priority", "not known".into()),
        },
    ]
}

fn audio() -> Vec<Row> {
    let opened = synth::open().map_err(|error| error.to_string());
    vec![row("sound card", opened, |sink| sink.name().to_owned())]
}

fn terminal() -> Vec<Row> {
    let abilities = Abilities::from_environment();
    let screen = match refusal() {
        None => (true, "screen", "the dashboard can open here".into()),
        Some((reason, hint)) => (false, "screen", format!("{reason}; {hint}")),
    };
    let drawn = format!(
        "{:?} colours, {:?} glyphs",
        abilities.depth, abilities.glyphs
    );
    let size = match crossterm::terminal::size() {
        Ok((columns, rows)) => (true, "size", format!("{columns} by {rows}")),
        Err(_) => (false, "size", "not known".into()),
    };
    vec![screen, (true, "drawn with", drawn), size]
}

/// How the terminal is reached, and what is done when it goes away.
fn line(paths: &Paths) -> Vec<Row> {
    let line = Line::from_environment();
    let ssh = match line.ssh {
        true => "the terminal is at the other end of an ssh session",
        false => "no ssh session",
    };
    let keeps = match (line.multiplexer, line.ssh) {
        (Some(name), _) => format!("{name}: the screen survives a dropped line"),
        (None, true) => {
            "none; run this inside tmux, so that the screen survives a dropped line".into()
        }
        (None, false) => "none".into(),
    };
    let (how, fps, problems) = config::line_settings(paths);
    let what = match how {
        HangUp::FinishBar => "finish the bar, close the notes, save",
        HangUp::Stop => "close the notes at once, save",
        HangUp::PlayOn => "play on without a screen",
    };
    let pace = Pace::new(fps, line.ssh).frame().as_secs_f64();
    let mut rows = vec![
        (line.ssh, "ssh", ssh.into()),
        (line.multiplexer.is_some(), "multiplexer", keeps),
        (
            true,
            "on_hang_up",
            format!("{}: {what}", config::hang_up_word(how)),
        ),
        (
            true,
            "frames",
            format!("at most {:.0} a second", 1.0 / pace),
        ),
    ];
    rows.extend(
        problems
            .into_iter()
            .map(|problem| (false, "wrong", problem)),
    );
    rows
}

fn paths(paths: &Paths) -> Vec<Row> {
    let there = |path: &Path| path.exists();
    [
        ("settings", paths.config_file()),
        ("remembered", paths.settings_file()),
        ("sessions", paths.sessions()),
        ("log", paths.log_file()),
        ("index cache", paths.cache.clone()),
    ]
    .into_iter()
    .map(|(name, path)| (there(&path), name, sanitize_path(&path)))
    .collect()
}
