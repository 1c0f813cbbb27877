//! What can lie over a screen: [`Overlay`]. `state.rs` keeps them as a stack; Esc takes the top
//! one away. Their keys are handled in `overlay_keys.rs`.

use super::text_field::TextField;

/// One thing over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// All keys, by scope; `scroll` is the first line shown.
    Help {
        /// Lines scrolled past.
        scroll: usize,
    },
    /// Commands by name.
    Palette {
        /// What is typed.
        query: TextField,
        /// Which of [`super::command::search`]'s rows is chosen.
        selected: usize,
    },
    /// A list to choose one entry from; its entries are [`super::App::choices`].
    Choose {
        /// What is chosen.
        kind: ChoiceKind,
        /// Which entry is under the cursor.
        selected: usize,
    },
    /// The training form, which is [`super::training::Training::form`].
    TrainForm,
    /// The incremental find of the dataset screen; its text is
    /// [`super::browser::Browser::query`], so it is drawn on the list itself.
    Find,
    /// A question with yes and no.
    Confirm {
        /// What is asked.
        question: String,
        /// What a yes does.
        yes: Confirmed,
    },
    /// A line of text is wanted.
    Prompt {
        /// What for.
        title: String,
        /// What is typed.
        field: TextField,
        /// What it is used for.
        purpose: PromptFor,
        /// What was wrong with the last answer.
        error: Option<String>,
    },
    /// Something to read at leisure.
    Message {
        /// Its heading.
        title: String,
        /// Its lines, each sanitised.
        text: String,
    },
}

/// What a list chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceKind {
    /// Where the notes of a slot go.
    Output {
        /// Which slot; left and right change it.
        slot: usize,
    },
    /// The drum-machine map.
    Kit,
    /// The theme.
    Theme,
    /// Which files the list shows.
    Filter,
}

/// What a yes does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// Ends the training run and the program.
    Quit,
    /// Ends the training run.
    StopTraining,
    /// Goes on with the set that was offered; a no forgets it.
    GoOn,
}

/// What a line of text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptFor {
    /// The folder to open.
    Folder,
    /// The file that notes are logged to, or the SoundFont that plays them, for an output slot.
    OutputFile {
        /// Which slot.
        slot: usize,
    },
    /// The receiver on another machine, for an output slot.
    OutputMachine {
        /// Which slot.
        slot: usize,
    },
    /// The RTP-MIDI peer, for an output slot.
    OutputRtp {
        /// Which slot.
        slot: usize,
    },
}

impl PromptFor {
    /// What an answer looks like, a sentence or two; may be empty.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Folder => "",
            Self::OutputFile { .. } => {
                "A log of all notes is written there; the drums of a SoundFont (.sf2) are played on the sound card instead"
            }
            Self::OutputMachine { .. } => {
                "HOST:PORT of a \"beatgen-tui receive\"; where it wants a token, TOKEN@HOST:PORT. \
                 With ssh -R 7373:localhost:7373 the host is 127.0.0.1"
            }
            Self::OutputRtp { .. } => {
                "HOST:PORT of a peer to invite, or rtp-listen://0.0.0.0:5004, where a peer may \
                 invite this machine"
            }
        }
    }

    /// Whether it takes a place on the network.
    pub(super) const fn network(self) -> bool {
        matches!(self, Self::OutputMachine { .. } | Self::OutputRtp { .. })
    }
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name, sanitised.
    pub label: String,
    /// What is said beside it; may be empty.
    pub detail: String,
    /// Whether it is the one in force.
    pub active: bool,
}

impl ChoiceKind {
    /// The heading of the list.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Output { slot } => format!("output {}", slot + 1),
            Self::Kit => "drum map".into(),
            Self::Theme => "theme".into(),
            Self::Filter => "show".into(),
        }
    }
}
