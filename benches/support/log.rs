//! Reading the logs of `file:` outputs, and percentiles, for benches.

use std::error::Error;
use std::path::Path;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it was due, in nanoseconds of the system's monotonic clock.
    pub due_ns: u64,
    /// When it was sent.
    pub sent_ns: u64,
    /// The message, hexadecimal.
    pub bytes: String,
}

/// The messages of a log of `scheduled_ns sent_ns hexbytes` lines.
pub fn read(log: &Path) -> Result<Vec<Sent>, Box<dyn Error>> {
    let text = std::fs::read_to_string(log)?;
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut columns = line.split(' ');
        let (Some(due), Some(sent), Some(bytes)) = (columns.next(), columns.next(), columns.next())
        else {
            return Err(format!("not a line of a log: {line}").into());
        };
        lines.push(Sent {
            due_ns: due.parse()?,
            sent_ns: sent.parse()?,
            bytes: bytes.to_owned(),
        });
    }
    Ok(lines)
}

/// The value that a share (0 to 1) of them does not exceed, in milliseconds.
pub fn percentile_ms(values_ns: &mut [i64], share: f64) -> f64 {
    values_ns.sort_unstable();
    let place = values_ns.len().saturating_sub(1) as f64 * share;
    values_ns
        .get(place.ceil() as usize)
        .map_or(f64::NAN, |ns| *ns as f64 / 1e6)
}

/// The value of `--NAME N` among the arguments.
pub fn argument(name: &str) -> Option<f64> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == name)?;
    arguments.next()?.parse().ok()
}
