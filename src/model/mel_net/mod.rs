//! The spectrogram model: stacked LSTM layers with batch normalisation and dropout over mel frames, and a head that says what
//! frame comes next, not as one frame but as a distribution ([`head`]). The frame's place in its bar is an
//! input, so what is played has a known tempo.
//!
//! | file | |
//! |---|---|
//! | `config` | shape, settings of the frames, the list of weights |
//! | `place` | tempo and place in the bar, as inputs |
//! | `frames`, `batch` | rendered files, and batches of them |
//! | `head`, `logistic` | the distribution of the next frame: formulas, likelihood, gradient, draws |
//! | `layout`, `learner` | a training update on the processor |
//! | `task` | what the training loop asks for ([`super::train`]) |
//! | `weights` | [`MelModel`], ready to play |
//! | `sampler` | [`MelSampler`], one frame at a time |
//! | `player`, `hearing` | [`MelPlayer`], frames transcribed into steps; what it hears before |
//! | `score` | bits, cross-entropy and error of real frames |

pub mod batch;
pub mod config;
pub mod frames;
pub mod head;
mod hearing;
mod layout;
mod learner;
pub mod logistic;
pub mod place;
mod player;
mod sampler;
pub mod score;
mod task;
#[cfg(test)]
mod tests;
mod weights;

pub use config::{MelNetConfig, MelSettings};
pub use frames::{Frames, Track};
pub use hearing::Hearing;
pub use place::Place;
pub use player::{MelPlayer, MelPlaying, MelVoice};
pub use sampler::{MelSampler, MelState};
pub use score::{Scored, Sums, score};
pub(super) use task::Mels;
pub use weights::{MelModel, open};
