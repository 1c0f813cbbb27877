//! The playing side as a whole, on a clock of the tests' own.

mod knobs;
mod mel;
mod outward;
mod rig;
mod saved;
mod set;
mod steer;
mod threads;
