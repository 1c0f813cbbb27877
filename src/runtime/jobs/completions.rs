//! `beatgen-tui completions`: a completion script for a shell, made from the command line's types.

use crate::cli::Cli;
use clap::CommandFactory;
use std::io::{self, Write};

/// Prints the script.
///
/// # Errors
/// Standard output takes no more.
pub fn run(shell: clap_complete::Shell) -> anyhow::Result<()> {
    // Gathered first: the generator panics where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "beatgen-tui", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
