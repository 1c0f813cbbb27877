//! Folders of MIDI files turned into examples: found, read, judged, split, cut into batches.
//! No tensors and no screen; what a file's bytes mean is in `beat::smf`.

pub mod batch;
pub mod corpus;
pub mod drummers;
pub mod facts;
pub mod index;
mod info;
pub mod load;
pub mod scan;
pub mod single;
pub mod split;
pub mod strokes;
mod walk;
