//! The dashboard, from taking the terminal to giving it back.

use crate::app::App;
use crate::base::text::sanitize;
use crate::beat::kit::Kit;
use crate::cli::DashboardArgs;
use crate::live::scheduler::SLOTS;
use crate::runtime::advice::Line;
use crate::runtime::event_loop::{EventLoop, Input, read_terminal};
use crate::runtime::logging::{Log, now_seconds};
use crate::runtime::pace::Pace;
use crate::runtime::paths::Paths;
use crate::runtime::terminal::{Abilities, Hold, Screen, refusal};
use crate::runtime::workers::Workers;
use crate::runtime::{Interrupted, Refused, config, kits, offer, panic_line, signals};
use crossbeam_channel::unbounded;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Opens the dashboard and stays until it is left.
///
/// # Errors
/// [`Refused`] where there is no terminal or a flag names what is not there; [`Interrupted`] where
/// a signal ended it; anything that breaks on the way.
pub fn run(args: &DashboardArgs) -> anyhow::Result<()> {
    if let Some((reason, hint)) = refusal() {
        return Err(Refused::new(format!("{reason}; {hint}"), "").into());
    }
    let paths = Paths::from_environment();
    let mut start = config::start(&paths, args);
    check_flags(args, &start)?;
    let log = Arc::new(Log::open(&paths.log_file()));
    log.line(&format!("start, version {}", env!("CARGO_PKG_VERSION")));

    let line = Line::from_environment();
    advise(line, &mut start);
    let found = offer::find(&paths).unwrap_or_else(|problem| {
        start.problems.push(problem);
        None
    });
    start.setup.offer = found.as_ref().map(|found| found.offer(now_seconds()));

    let (inbox, inputs) = unbounded();
    let workers = Workers::start(&paths, &start, found, args, inbox.clone(), Arc::clone(&log))?;
    let written = inbox.clone();
    let screen = Screen::enter(&log, move |ok| {
        let _ = written.send(Input::Written(ok));
    })?;
    let hold = screen.hold();
    start.setup.size = screen.size();
    guard_against_panics(Arc::clone(&hold), Arc::clone(&log));
    let asked = inbox.clone();
    let held = Arc::clone(&hold);
    let vigil = signals::watch(
        move |event| {
            let _ = asked.send(Input::Asked(event));
        },
        move || held.give_back(),
    )?;
    read_terminal(inbox)?;

    let mut event_loop = EventLoop {
        app: App::new(start.setup),
        screen,
        workers,
        inputs,
        themes: start.themes,
        abilities: Abilities::from_environment(),
        pace: Pace::new(start.frames_per_second, line.ssh),
        on_hang_up: start.on_hang_up,
        vigil,
        log: Arc::clone(&log),
    };
    let result = event_loop.run();
    // Silence first, then the terminal, then whatever takes time.
    event_loop.workers.silence();
    hold.give_back();
    // A signal's sender does not wait as long as the one who pressed q.
    let patience = Duration::from_secs(if matches!(result, Ok(None)) { 60 } else { 3 });
    for line in event_loop.workers.finish(patience) {
        log.line(&line);
        hold.say(&sanitize(&line));
    }
    log.line("end");
    match result? {
        Some(signal) => Err(Interrupted(signal).into()),
        None => Ok(()),
    }
}

/// Gives an advice once ever.
fn advise(line: Line, start: &mut config::Start) {
    let settings = &mut start.setup.settings;
    if let Some(advice) = line.advice(settings.advised_tmux) {
        settings.advised_tmux = true;
        start.advice.push(advice.into());
    }
}

/// Refuses what a flag names and nobody has; what only the settings name is a notice.
fn check_flags(args: &DashboardArgs, start: &config::Start) -> anyhow::Result<()> {
    if let Some(dir) = &args.data_dir
        && !dir.is_dir()
    {
        return Err(Refused::new(
            format!("--data-dir {}: there is no such folder", dir.display()),
            "give a folder with MIDI files in it",
        )
        .into());
    }
    if args.midi_out.len() > SLOTS {
        return Err(Refused::new(
            format!("--midi-out is given {} times", args.midi_out.len()),
            format!("there can be {SLOTS} outputs at once"),
        )
        .into());
    }
    if let Some(theme) = &args.theme
        && !start.setup.themes.contains(theme)
    {
        return Err(Refused::new(
            format!("--theme {theme}: there is no such theme"),
            format!("there are {}", start.setup.themes.join(", ")),
        )
        .into());
    }
    if let Some(kit) = &args.kit {
        kits::kit(kit).map_err(|reason| {
            let names = Kit::NAMES.join(", ");
            Refused::new(
                format!("--kit {reason}"),
                format!("give one of {names}, or a TOML file"),
            )
        })?;
    }
    Ok(())
}

/// A panic of this thread gives the terminal back before it is told; one of a worker goes to the
/// log, and the dashboard goes on.
fn guard_against_panics(hold: Arc<Hold>, log: Arc<Log>) {
    let main = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let line = panic_line(info);
        log.line(&line);
        if std::thread::current().id() == main {
            hold.give_back();
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }));
}
