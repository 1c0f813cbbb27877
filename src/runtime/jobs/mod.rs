//! One file a subcommand; each takes its flags from `cli` and answers with an error that says
//! what went wrong ([`crate::runtime::Refused`] where the user can put it right).

pub mod completions;
pub mod dashboard;
pub mod doctor;
pub mod evaluate;
pub mod generate;
pub mod inspect;
pub mod man;
pub mod ports;
pub mod receive;
pub mod train;
