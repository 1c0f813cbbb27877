//! Drum-machine maps by name or by file.

use crate::base::text::sanitize;
use crate::beat::kit::Kit;
use std::fs;

/// The drum-machine map of that name, or of that TOML file.
///
/// # Errors
/// The name and why there is none.
pub fn kit(name: &str) -> Result<Kit, String> {
    if let Some(kit) = Kit::named(name) {
        return Ok(kit);
    }
    let text = fs::read_to_string(name).map_err(|error| format!("{}: {error}", sanitize(name)))?;
    Kit::from_toml(name, &text).map_err(|error| error.to_string())
}
