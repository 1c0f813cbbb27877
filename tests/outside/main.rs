//! The program from outside: its command line, its terminal, its layers, its MIDI. One
//! binary for all, so that it is linked once.

mod cli;
mod emulator;
mod hangup;
mod layering;
mod live_rig;
mod network;
mod pty;
mod render;
mod support;
