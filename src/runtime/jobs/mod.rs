//! One file a subcommand; each takes its flags from `cli` and answers with an error that says
//! what went wrong ([`crate::runtime::Refused`] where the user can put it right).

pub mod completions;
#[cfg(feature = "studio")]
pub mod dashboard;
#[cfg(feature = "studio")]
pub mod doctor;
#[cfg(feature = "studio")]
pub mod evaluate;
#[cfg(feature = "studio")]
pub mod generate;
#[cfg(feature = "studio")]
pub mod inspect;
pub mod man;
pub mod ports;
pub mod receive;
#[cfg(feature = "studio")]
pub mod render;
#[cfg(feature = "studio")]
pub mod train;
#[cfg(feature = "studio")]
pub mod transcribe;
