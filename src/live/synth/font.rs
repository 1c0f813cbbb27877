//! A SoundFont's file, read for playing. What is in one is `audio::soundfont`'s.

use crate::audio::soundfont::Font;
use crate::base::text::sanitize_path;
use crate::live::sink::OpenError;
use std::fmt::Display;
use std::io;
use std::path::Path;

/// The largest SoundFont read, in bytes.
const MOST_BYTES: u64 = 1 << 30;

/// Reads a SoundFont.
///
/// # Errors
/// With the path, the reason and a hint, if the file cannot be read, is too large, or is no SoundFont with drums.
pub fn read(path: &Path) -> Result<Font, OpenError> {
    let bytes = bytes(path).map_err(|e| refusal(path, &e, "give the path of an .sf2 file"))?;
    Font::read(&bytes).map_err(|e| refusal(path, &e, e.hint()))
}

/// What is said of a SoundFont that cannot serve.
pub fn refusal(path: &Path, what: &dyn Display, hint: &str) -> OpenError {
    OpenError::new(&format!("{}: {what}", sanitize_path(path)), hint)
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return Err(io::Error::other("it is no file of at most 1 GB"));
    }
    std::fs::read(path)
}
