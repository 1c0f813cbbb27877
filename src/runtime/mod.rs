//! Wires all other rooms: subcommands, the event loop, workers, signals, the terminal.
//! Nothing musical is decided here.

#[cfg(feature = "studio")]
pub mod advice;
#[cfg(feature = "studio")]
pub mod config;
#[cfg(feature = "studio")]
pub mod event_loop;
#[cfg(feature = "studio")]
pub mod hangup;
pub mod jobs;
pub mod kits;
#[cfg(feature = "studio")]
pub mod left;
#[cfg(feature = "studio")]
pub mod logging;
#[cfg(feature = "studio")]
pub mod offer;
#[cfg(feature = "studio")]
pub mod pace;
pub mod paths;
pub mod signals;
#[cfg(feature = "studio")]
pub mod terminal;
pub mod tokens;
#[cfg(feature = "studio")]
pub mod wav_file;
#[cfg(feature = "studio")]
pub mod workers;

use crate::base::text::sanitize;
use crate::cli::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// What was asked for cannot be done with what was given: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Refused {
    what: String,
    hint: String,
}

impl Refused {
    /// A refusal: what and why, and what to do about it (empty where `what` says it already).
    pub fn new(what: impl Display, hint: impl Display) -> Self {
        Self {
            what: what.to_string(),
            hint: hint.to_string(),
        }
    }
}

/// Ended by a signal, in good order: exit code 128 and its number.
#[derive(Debug, thiserror::Error)]
#[error("ended by signal {0}")]
pub struct Interrupted(pub i32);

/// Runs the program: reads the command line, does what it says, says what went wrong, and
/// answers with the exit code (0 done, 1 failed, 2 refused, 128 + n ended by signal n).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let _ = writeln!(io::stderr(), "{}", panic_line(info));
    }));
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => dispatch(cli),
        Err(error) => return usage(&error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        #[cfg(feature = "studio")]
        None => jobs::dashboard::run(&cli.dashboard),
        #[cfg(not(feature = "studio"))]
        None => Err(Refused::new(
            "this build of beatgen-tui is a receiver: it has no dashboard",
            "beatgen-tui receive plays here what another machine sends; --help tells the rest",
        )
        .into()),
        #[cfg(feature = "studio")]
        Some(Command::Train(args)) => jobs::train::run(&args),
        #[cfg(feature = "studio")]
        Some(Command::Generate(args)) => jobs::generate::run(&args),
        #[cfg(feature = "studio")]
        Some(Command::Inspect(args)) => {
            jobs::inspect::run(&args.files, args.json, None).map(|_| ())
        }
        #[cfg(feature = "studio")]
        Some(Command::Evaluate(args)) => jobs::evaluate::run(&args),
        #[cfg(feature = "studio")]
        Some(Command::Transcribe(args)) => jobs::transcribe::run(&args),
        #[cfg(feature = "studio")]
        Some(Command::Render(args)) => jobs::render::run(&args),
        #[cfg(feature = "studio")]
        Some(Command::Doctor) => jobs::doctor::run(),
        Some(Command::Ports(args)) => jobs::ports::run(&args),
        Some(Command::Receive(args)) => jobs::receive::run(&args),
        Some(Command::Completions { shell }) => jobs::completions::run(shell),
        Some(Command::Man) => jobs::man::run(),
    }
}

/// What an error is answered with; also said on standard error.
fn report(error: &anyhow::Error) -> ExitCode {
    if broken_pipe(error) {
        // Whoever read our output has seen enough.
        return ExitCode::SUCCESS;
    }
    if let Some(Interrupted(number)) = error.downcast_ref() {
        return ExitCode::from(signals::exit_code(*number));
    }
    let causes: Vec<String> = error
        .chain()
        .map(|cause| sanitize(&cause.to_string()))
        .collect();
    let mut text = format!("error: {}\n", causes.join(": "));
    let refused = error.downcast_ref::<Refused>();
    if let Some(hint) = refused.map(|r| &r.hint).filter(|hint| !hint.is_empty()) {
        text.push_str(&format!("  hint: {}\n", sanitize(hint)));
    }
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(if refused.is_some() { 2 } else { 1 })
}

fn broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Help and version go out as they are; what clap says about arguments quotes them, so it is sanitised.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
        }
        _ => {
            let mut errors = io::stderr().lock();
            for line in error.render().to_string().lines() {
                let _ = writeln!(errors, "{}", sanitize(line));
            }
        }
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A panic as one sanitised line.
fn panic_line(info: &std::panic::PanicHookInfo<'_>) -> String {
    let text = info.payload_as_str().unwrap_or("no text");
    let place = info
        .location()
        .map_or_else(String::new, |at| format!(" at {at}"));
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    sanitize(&format!(
        "a fault in beatgen-tui{place} (thread {thread}): {text}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    fn code(error: anyhow::Error) -> String {
        format!("{:?}", report(&error))
    }

    #[test]
    fn exit_codes_are_the_documented_ones() {
        let is = |n: u8| format!("{:?}", ExitCode::from(n));
        let refused = || anyhow::Error::from(Refused::new("x.mid: no drums", "give another"));
        assert_eq!(code(refused()), is(2));
        assert_eq!(code(refused().context("while training")), is(2));
        assert_eq!(code(anyhow::anyhow!("disk full")), is(1));
        assert_eq!(code(Interrupted(2).into()), is(130));
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        let wrapped = Err::<(), _>(pipe).context("writing").unwrap_err();
        assert_eq!(code(wrapped), is(0));
    }
}
