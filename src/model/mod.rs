//! The drummer: an autoregressive LSTM over 16th steps of nine lanes. The only room that
//! names burn.
//!
//! Two halves share one list of weights ([`params`]) and one encoding ([`encode`]):
//!
//! - training ([`train`]) hands batches to a learner on the device that [`device`] chose: `cpu` does a whole update on
//!   plain slices over the kernels of [`lstm`]; `burn_learner` does it on burn's tensors (`beat_net`), on CUDA
//!   and ndarray, and is the measure of the other;
//! - playing ([`sample`]) runs on plain slices on the CPU, one step at a time, with neither allocation nor lock, also
//!   when a GPU trains; [`Player`] is the door to it for either kind of model.
//!
//! Beside the drummer: [`mel_net`], the model of spectrograms, goes through the same loop, layers and checkpoints (`task` says what
//! of a run the two do not share); [`ear`] teaches the transcriber of `audio::onset`.
//!
//! Tests hold all of them to the same probabilities and gradients.

mod ahead;
mod batch;
mod batches;
mod beat_net;
mod before;
mod burn_learner;
pub mod checkpoint;
#[cfg(all(feature = "devices", any(feature = "cuda", test)))]
mod collective;
pub mod config;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda_probe;
pub mod device;
#[cfg(all(feature = "devices", any(feature = "cuda", test)))]
mod devices;
pub mod ear;
pub mod encode;
pub mod evaluate;
mod excerpt;
mod join;
mod learner;
pub mod lstm;
pub mod mel_net;
pub mod mixture;
mod optimise;
pub mod params;
mod player;
mod recipe;
pub mod sample;
mod slices;
mod task;
#[cfg(test)]
mod tests;
pub mod train;
mod train_error;
mod weights;

pub use config::{ModelConfig, SCHEMA_VERSION};
pub use encode::Place;
pub use player::{Playable, Player, PlayerState, Primer};
pub use sample::{Fullness, Knobs, Sampler, SamplerState};
pub use weights::{BeatModel, ModelError};
