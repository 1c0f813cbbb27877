//! The LSTM: one layer over a whole sequence, forward and backward through time, and one step of it.
//!
//! | file | what lives there |
//! |---|---|
//! | `kernel` | products, cells and loops for AVX-512, AVX2, NEON and plain processors; the thread team |
//! | `sequence` | a layer over a sequence on plain slices, with its tape and gradients |
//! | `step` | one step for playing, without allocation or lock |
//! | `backend`, `op` | the layer as one node of burn's graph, whatever the backend |
//! | `host`, `cube` | how burn's processor backends and GPUs run it |
//! | `general` | the same on burn's tensor operations: the yardstick of the others |
//!
//! Gates stand side by side in the order i, f, g, o; sequences are time first; all numbers are f32.

pub mod backend;
#[cfg(any(feature = "cuda", feature = "gpu-check"))]
pub mod cube;
pub mod general;
mod host;
pub mod kernel;
pub mod op;
#[cfg(test)]
mod reference;
pub mod sequence;
#[cfg(test)]
mod sequence_tests;
mod shape;
pub mod step;
#[cfg(test)]
mod tests;
