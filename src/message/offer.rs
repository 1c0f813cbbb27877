//! A set that its terminal left, and what is done when a terminal goes away.

use super::Controls;
use serde::{Deserialize, Serialize};

/// What happens to what plays when the terminal goes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HangUp {
    /// The bar is played to its end, the notes are closed, the session is saved.
    #[default]
    FinishBar,
    /// The notes are closed at once, the session is saved.
    Stop,
    /// It plays on without a screen until it is told to end or another start takes it over.
    PlayOn,
}

/// A start finds a set that was left when its terminal went away, and offers to go on with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// What is asked, as a sentence; sanitised.
    pub question: String,
    /// The knobs as they stood.
    pub controls: Controls,
}
