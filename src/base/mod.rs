//! What every room may use: sanitised text, atomic files, counter-based draws.
//! Nothing here knows about music.

#[cfg(all(test, feature = "studio"))]
pub mod alloc_probe;
pub mod atomic_file;
pub mod rng;
pub mod text;
