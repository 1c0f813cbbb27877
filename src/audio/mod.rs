//! Sound as values: the built-in drum voices, rendering, mel frames, transcription. Pure: numbers in,
//! numbers out. Sound cards are in `live`.

pub mod drummer;
pub mod frames;
pub mod griffin_lim;
pub mod kit;
pub mod live_picture;
pub mod mel;
pub mod onset;
pub mod render;
pub mod resample;
pub mod soundfont;
pub mod spectrogram;
pub mod wav;
