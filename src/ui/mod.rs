//! The screen: draws `&App` and decides nothing.
//!
//! | file | what lives there |
//! |---|---|
//! | [`draw`] | the one entry point, [`draw::draw`] |
//! | [`chrome`] | tabs, keys, status line |
//! | [`notices`] | sentences that pass |
//! | [`finish`] | the last pass: ASCII, nothing a terminal could trip over |
//! | [`layout`] | rectangles for every terminal size, no drawing |
//! | [`theme`] | TOML themes as values |
//! | [`look`] | a theme resolved for what the terminal can show |
//! | [`color`] | RGB, blending, and the way down to 256 and 16 colours |
//! | [`glyphs`] | the Unicode and the ASCII alphabet of the screen |
//! | [`text`] | fitting text and numbers into columns |
//! | [`outputs`] | outputs in words |
//! | [`keymap`] | terminal key events to the app's keys |
//! | [`widgets`] | parts that take plain data |
//! | [`screens`] | Dataset, Training, Play |
//! | [`overlays`] | help, palette, pickers, forms, cards |
//!
//! What is not here: state, key bindings' meaning (both in `app`), the terminal itself
//! (`runtime::terminal`).

pub mod chrome;
pub mod color;
pub mod draw;
pub mod finish;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod fixture_far;
pub mod glyphs;
pub mod keymap;
pub mod layout;
pub mod look;
pub mod notices;
pub mod outputs;
pub mod overlays;
pub mod screens;
pub mod text;
pub mod theme;
pub mod widgets;
