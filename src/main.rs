//! The program: the library's [`beatgen_tui::runtime`] under a name.

use std::process::ExitCode;

fn main() -> ExitCode {
    beatgen_tui::runtime::run(std::env::args_os())
}
