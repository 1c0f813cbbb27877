//! `beatgen-tui ports`: the MIDI outputs that notes can be sent to.

use crate::live::midi_out;
use std::io::{self, Write};

/// Lists the ports, or says why there are none.
///
/// # Errors
/// Standard output takes no more.
pub fn run() -> anyhow::Result<()> {
    let mut text = String::new();
    for line in lines() {
        text.push_str(&line);
        text.push('\n');
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn lines() -> Vec<String> {
    match midi_out::list() {
        Ok(ports) if ports.is_empty() => vec![
            "no MIDI output is connected".into(),
            "  connect a device and look again; without one, --midi-out synth plays the built-in kit \
             and --midi-out file:notes.log writes a log"
                .into(),
        ],
        Ok(ports) => ports.into_iter().map(|port| port.name).collect(),
        Err(error) => vec![format!("MIDI is not to be had here: {error}")],
    }
}
