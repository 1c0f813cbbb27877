//! The map of the house.
//!
//! beatgen-tui learns drumming from a folder of MIDI files and plays new beats
//! live. One crate, one binary, one library; each room below has one job and may
//! only use the rooms under it:
//!
//! ```text
//! base, message <- beat <- audio <- dataset <- model <- live <- runtime
//!                  beat <- app <- ui <- runtime
//! ```
//!
//! An arrow is transitive (`live` may use `dataset`), never the other way;
//! `tests/outside/layering.rs` reads every `use` in `src` and keeps it so.
//!
//! | room | what lives there | what does not |
//! |---|---|---|
//! | [`base`] | sanitised text, atomic files, counter-based draws | anything musical |
//! | [`message`] | plain data that travels between the rooms | behaviour, io |
//! | [`beat`] | music as values: lanes, grids, MIDI bytes, measures, time | files, threads, clocks |
//! | [`audio`] | sound as values: drum voices, rendering, mel frames, transcription | sound cards |
//! | [`dataset`] | folders of `.mid` turned into examples | tensors |
//! | [`model`] | the LSTM: training on burn, sampling from plain slices | playing |
//! | [`live`] | engine, real-time scheduler, outputs, lines to other machines (`net`, `rtp`), the session journal | the screen |
//! | [`app`] | the state machine: `update(msg) -> effects` | io, drawing |
//! | [`ui`] | draws `&App` | deciding anything |
//! | [`cli`] | the command line as types: every flag once | what a subcommand does |
//! | [`runtime`] | wires all of it: subcommands, event loop, workers, signals | - |
//!
//! A new subcommand is a file in `runtime/jobs`; a new key is a row in
//! `app/command.rs`; a new output is a `MidiSink` in `live`; a new screen is a file in
//! `app` and one in `ui/screens`.
//!
//! Without the feature `studio` the program is a receiver: what plays or learns here ([`app`],
//! [`ui`], [`dataset`], [`model`], the engine and the journal in [`live`]) is left out.
//!
//! # Invariants (each has a test of the same name)
//!
//! 1. `update_is_pure`: a whole session replays from a list of messages.
//! 2. `real_time_thread_never_allocates`: the scheduler reads a lock-free ring and
//!    atomics, and never locks, logs, opens files or waits on another thread.
//! 3. `steps_fall_on_exact_nanoseconds`: step k is at `t0 + floor(k * 15e12 / milli_bpm)`.
//! 4. `every_note_on_has_its_note_off`, whatever ends playback.
//! 5. `no_input_kills_the_program`: refusals carry a path, a reason and a hint.
//! 6. `nothing_made_is_lost`: files are written aside, synced and renamed.
//! 7. `outside_text_is_sanitized` before any terminal, log or error message.
//! 8. `same_seed_same_bytes`: every draw is a function of (seed, step, lane, purpose).
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "studio")]
pub mod app;
pub mod audio;
pub mod base;
pub mod beat;
pub mod cli;
#[cfg(feature = "studio")]
pub mod dataset;
pub mod live;
pub mod message;
#[cfg(feature = "studio")]
pub mod model;
pub mod runtime;
#[cfg(feature = "studio")]
pub mod ui;
