//! `beatgen-tui man`: the manual page, made from the command line's types; the flags of
//! every subcommand follow those of the dashboard.

use crate::cli::Cli;
use clap::CommandFactory;
use std::io::{self, Write};

/// Prints the page.
///
/// # Errors
/// Standard output takes no more.
pub fn run() -> anyhow::Result<()> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        writeln!(
            page,
            ".SH \"BEATGEN-TUI {}\"",
            sub.get_name().to_uppercase()
        )?;
        let man = clap_mangen::Man::new(sub.clone());
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    io::stdout().write_all(&page)?;
    Ok(())
}
