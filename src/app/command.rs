//! Every verb once: [`Command`] and the table [`COMMANDS`] that help, palette, hints and
//! keymap are made of. A new key is a row here and an arm in `run.rs`.

/// Something the user can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(
    missing_docs,
    reason = "the table below says what each does, for people"
)]
pub enum Command {
    ScreenDataset,
    ScreenTraining,
    ScreenPlay,
    NextScreen,
    PreviousScreen,
    TemperatureDown,
    TemperatureUp,
    ToggleGenerator,
    StopPreview,
    SaveSession,
    Panic,
    Outputs,
    Kits,
    Themes,
    Palette,
    Help,
    Redraw,
    Suspend,
    Quit,
    RowUp,
    RowDown,
    RowPageUp,
    RowPageDown,
    RowFirst,
    RowLast,
    Open,
    BarPrevious,
    BarNext,
    HearFile,
    Exclude,
    Remap,
    Prime,
    Find,
    Sort,
    Filter,
    Rescan,
    ChangeFolder,
    TrainForm,
    PauseTraining,
    Checkpoint,
    StopTraining,
    TakeOver,
    HearCheckpoint,
    LogScale,
    PlayStop,
    ExpressionDown,
    ExpressionUp,
    DensityDown,
    DensityUp,
    SwingDown,
    SwingUp,
    TempoDown,
    TempoUp,
    TempoDown5,
    TempoUp5,
    TempoDown10,
    TempoUp10,
    TapTempo,
    LaneUp,
    LaneDown,
    Mute,
    UnmuteAll,
    StyleNext,
    StylePrevious,
    ResetKnobs,
    KnobPage,
    Lock,
    UnlockAll,
    Fill,
    Mutate,
    LaneDensityDown,
    LaneDensityUp,
    LaneTemperatureDown,
    LaneTemperatureUp,
    FullnessDown,
    FullnessUp,
    MinPDown,
    MinPUp,
    GuidanceDown,
    GuidanceUp,
    BlendDown,
    BlendUp,
    OtherStyleNext,
    OtherStylePrevious,
    LoopBarsDown,
    LoopBarsUp,
    MutationDown,
    MutationUp,
}

/// Where a command's keys work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// On every screen.
    Global,
    /// On the dataset screen.
    Dataset,
    /// On the training screen.
    Training,
    /// On the play screen.
    Play,
    /// On the dataset and the training screen.
    Learning,
}

impl Scope {
    /// Whether the same key could mean two things in both.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Global, _)
                | (_, Self::Global)
                | (Self::Learning, Self::Dataset | Self::Training)
                | (Self::Dataset | Self::Training, Self::Learning)
        ) || self as u8 == other as u8
    }

    /// The heading in the help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Dataset => "Dataset",
            Self::Training => "Training",
            Self::Play => "Play",
            Self::Learning => "Dataset and Training",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandInfo {
    /// The verb.
    pub command: Command,
    /// Its name in keymaps: `temperature-up`.
    pub id: &'static str,
    /// Its name for people, a word or two, as hints show it.
    pub title: &'static str,
    /// What it does, a sentence without its full stop.
    pub help: &'static str,
    /// Its keys, as [`super::Key::parse`] reads them; the first is the one shown.
    pub keys: &'static [&'static str],
    /// Where the keys work.
    pub scope: Scope,
    /// Its place among the hints of its screen, from 1; 0 is not among them.
    pub hint: u8,
}

const fn row(
    command: Command,
    id: &'static str,
    keys: &'static [&'static str],
    scope: Scope,
    hint: u8,
    title: &'static str,
    help: &'static str,
) -> CommandInfo {
    CommandInfo {
        command,
        id,
        title,
        help,
        keys,
        scope,
        hint,
    }
}

use Command as C;
use Scope::{Dataset as D, Global as G, Learning as L, Play as P, Training as T};

/// All commands, in the order of the help.
#[rustfmt::skip]
pub static COMMANDS: &[CommandInfo] = &[
    row(C::ScreenDataset, "screen-dataset", &["1"], G, 0, "dataset", "Show the folder of MIDI files"),
    row(C::ScreenTraining, "screen-training", &["2"], G, 0, "training", "Show how a model learns"),
    row(C::ScreenPlay, "screen-play", &["3"], G, 0, "play", "Show the beat as it is played"),
    row(C::NextScreen, "next-screen", &["tab"], G, 0, "next screen", "Go to the next screen"),
    row(C::PreviousScreen, "previous-screen", &["backtab"], G, 0, "previous screen", "Go to the screen before"),
    row(C::TemperatureDown, "temperature-down", &["["], G, 52, "cooler", "Turn the temperature down by 0.05: safer, more of the same"),
    row(C::TemperatureUp, "temperature-up", &["]"], G, 53, "hotter", "Turn the temperature up by 0.05: wilder, more surprises"),
    row(C::ToggleGenerator, "toggle-generator", &["P"], G, 0, "play/stop", "Play or stop the generator, whichever screen is open"),
    row(C::StopPreview, "stop-preview", &["esc"], G, 51, "end preview", "End the preview, back to the generator; without one, take the oldest notice away"),
    row(C::SaveSession, "save-session", &["s"], G, 60, "save", "Save everything played so far as a new .mid file"),
    row(C::Panic, "panic", &["!"], G, 0, "panic", "Silence at once: close every note on every output"),
    row(C::Outputs, "outputs", &["o"], G, 61, "output", "Choose where the notes go, and see how they get there"),
    row(C::Kits, "kits", &["K"], G, 0, "drum map", "Choose which notes your drum machine is sent"),
    row(C::Themes, "themes", &["T"], G, 0, "theme", "Choose the colours"),
    row(C::Palette, "palette", &[":"], G, 70, "palette", "Find a command by its name"),
    row(C::Help, "help", &["?", "f1"], G, 71, "help", "Show all keys"),
    row(C::Redraw, "redraw", &["ctrl-l"], G, 0, "redraw", "Draw the whole screen again"),
    row(C::Suspend, "suspend", &["ctrl-z"], G, 0, "suspend", "Stop playing and go back to the shell; fg comes back"),
    row(C::Quit, "quit", &["q", "ctrl-c"], G, 72, "quit", "End the program; what was played is kept"),

    row(C::RowUp, "row-up", &["up", "k"], D, 0, "up", "Go up a row"),
    row(C::RowDown, "row-down", &["down", "j"], D, 0, "down", "Go down a row"),
    row(C::RowPageUp, "row-page-up", &["pageup"], D, 0, "page up", "Go up a page"),
    row(C::RowPageDown, "row-page-down", &["pagedown"], D, 0, "page down", "Go down a page"),
    row(C::RowFirst, "row-first", &["home"], D, 0, "first", "Go to the first row"),
    row(C::RowLast, "row-last", &["end", "G"], D, 0, "last", "Go to the last row"),
    row(C::HearFile, "hear-file", &["space"], D, 1, "hear", "Play the selected file instead of the generator, or stop it"),
    row(C::Open, "open", &["enter"], D, 2, "open", "Open or fold the selected folder; of a file, tell all that is known"),
    row(C::BarPrevious, "bar-previous", &["left"], D, 0, "bar before", "Show the bar before of the selected file; fold a folder"),
    row(C::BarNext, "bar-next", &["right"], D, 0, "next bar", "Show the next bar of the selected file; open a folder"),
    row(C::Exclude, "exclude", &["x"], D, 3, "in/out", "Leave the selected file or folder out of training, or take it in again"),
    row(C::Remap, "remap", &["r"], D, 4, "remap", "Read the notes of a file without drums as drums, or stop doing so"),
    row(C::Prime, "prime", &["g"], D, 5, "prime", "Let the generator go on from the selected file"),
    row(C::Find, "find", &["/"], D, 7, "find", "Show only files whose name or style contains a text"),
    row(C::Sort, "sort", &["S"], D, 8, "sort", "Sort by the next of name, bars, tempo, style, status"),
    row(C::Filter, "filter", &["f"], D, 9, "filter", "Show only files of one status or style"),
    row(C::Rescan, "rescan", &["R"], D, 0, "rescan", "Read the folder again"),
    row(C::ChangeFolder, "change-folder", &["O"], D, 10, "folder", "Open another folder of MIDI files"),
    row(C::TrainForm, "train-form", &["t"], L, 6, "train…", "Set up a training run and start it"),

    row(C::PauseTraining, "pause-training", &["space", "p"], T, 1, "pause", "Hold the training run, or let it go on"),
    row(C::Checkpoint, "checkpoint", &["c"], T, 2, "checkpoint", "Write a checkpoint now and go on"),
    row(C::HearCheckpoint, "hear-checkpoint", &["h"], T, 3, "hear", "Hear four bars of the model as it is now"),
    row(C::TakeOver, "take-over", &["a"], T, 4, "take over", "Let the generator play the trained model from the next bar line on"),
    row(C::StopTraining, "stop-training", &["x"], T, 5, "stop", "Write a checkpoint and end the training run"),
    row(C::LogScale, "log-scale", &["l"], T, 7, "scale", "Draw the loss on a logarithmic or a linear scale"),

    row(C::PlayStop, "play-stop", &["space"], P, 1, "play/stop", "Play or stop the generator"),
    row(C::ExpressionDown, "expression-down", &["{"], P, 0, "flatter", "Turn the expression down by 0.05: velocities and timing closer to the likeliest"),
    row(C::ExpressionUp, "expression-up", &["}"], P, 0, "livelier", "Turn the expression up by 0.05: velocities and timing freer"),
    row(C::DensityDown, "density-down", &["-"], P, 0, "sparser", "Turn the density down by 0.05: fewer hits"),
    row(C::DensityUp, "density-up", &["=", "+"], P, 0, "denser", "Turn the density up by 0.05: more hits"),
    row(C::SwingDown, "swing-down", &[","], P, 0, "straighter", "Turn the swing down by 1 %"),
    row(C::SwingUp, "swing-up", &["."], P, 0, "more swing", "Turn the swing up by 1 %"),
    row(C::TempoDown, "tempo-down", &["down"], P, 0, "slower", "Turn the tempo down by 1 bpm"),
    row(C::TempoUp, "tempo-up", &["up"], P, 0, "faster", "Turn the tempo up by 1 bpm"),
    row(C::TempoDown5, "tempo-down-5", &["shift-down"], P, 0, "slower by 5", "Turn the tempo down by 5 bpm"),
    row(C::TempoUp5, "tempo-up-5", &["shift-up"], P, 0, "faster by 5", "Turn the tempo up by 5 bpm"),
    row(C::TempoDown10, "tempo-down-10", &["pagedown"], P, 0, "slower by 10", "Turn the tempo down by 10 bpm"),
    row(C::TempoUp10, "tempo-up-10", &["pageup"], P, 0, "faster by 10", "Turn the tempo up by 10 bpm"),
    row(C::TapTempo, "tap-tempo", &["t"], P, 63, "tap", "Tap the beat; two taps or more set the tempo"),
    row(C::LaneUp, "lane-up", &["k", "right"], P, 0, "lane up", "Move the lane cursor up"),
    row(C::LaneDown, "lane-down", &["j", "left"], P, 0, "lane down", "Move the lane cursor down"),
    row(C::Mute, "mute", &["m"], P, 2, "mute", "Mute the lane under the cursor, or let it sound again"),
    row(C::UnmuteAll, "unmute-all", &["M"], P, 0, "unmute all", "Let all lanes sound"),
    row(C::StyleNext, "style-next", &["v"], P, 62, "style", "Play in the model's next style"),
    row(C::StylePrevious, "style-previous", &["V"], P, 0, "style before", "Play in the model's style before"),
    row(C::ResetKnobs, "reset-knobs", &["0"], P, 0, "reset", "Turn all knobs but tempo and styles back to where they start"),
    row(C::KnobPage, "knob-page", &["e"], P, 64, "more knobs", "Show the next page of knobs: the main ones, those of the style, those of the lane under the cursor"),
    row(C::Lock, "lock", &["l"], P, 3, "lock", "Let the lane under the cursor repeat the last bars it played, the others play around it; or set it free"),
    row(C::UnlockAll, "unlock-all", &["L"], P, 0, "unlock all", "Set all lanes free"),
    row(C::Fill, "fill", &["f"], P, 4, "fill", "Play a fill to the end of the bar; pressed again, through the next bar too"),
    row(C::Mutate, "mutate", &["x"], P, 0, "mutate", "Draw a share of what locked lanes repeat again"),
    row(C::LaneDensityDown, "lane-density-down", &["<"], P, 0, "sparser lane", "Turn the density of the lane under the cursor down by 0.05"),
    row(C::LaneDensityUp, "lane-density-up", &[">"], P, 0, "denser lane", "Turn the density of the lane under the cursor up by 0.05"),
    row(C::LaneTemperatureDown, "lane-temperature-down", &["("], P, 0, "cooler lane", "Turn the temperature of the lane under the cursor down by 0.05, as a share of the temperature"),
    row(C::LaneTemperatureUp, "lane-temperature-up", &[")"], P, 0, "hotter lane", "Turn the temperature of the lane under the cursor up by 0.05, as a share of the temperature"),
    row(C::FullnessDown, "fullness-down", &["y"], P, 0, "emptier", "Let the model play hits on 5 % of the steps less; below 5 % as many as the style has"),
    row(C::FullnessUp, "fullness-up", &["Y"], P, 0, "fuller", "Let the model play hits on 5 % of the steps more"),
    row(C::MinPDown, "min-p-down", &["n"], P, 0, "looser", "Turn min-p down by 0.01: also unlikely steps are played"),
    row(C::MinPUp, "min-p-up", &["N"], P, 0, "stricter", "Turn min-p up by 0.01: no step is played that is less likely than this share of the likeliest"),
    row(C::GuidanceDown, "guidance-down", &["g"], P, 0, "less style", "Turn the guidance down by 0.1: less of the style, at 0 none"),
    row(C::GuidanceUp, "guidance-up", &["G"], P, 0, "more style", "Turn the guidance up by 0.1: more of the style than was learned"),
    row(C::BlendDown, "blend-down", &["b"], P, 0, "less blend", "Turn the share of the second style down by 0.05"),
    row(C::BlendUp, "blend-up", &["B"], P, 0, "more blend", "Turn the share of the second style up by 0.05"),
    row(C::OtherStyleNext, "second-style-next", &["w"], P, 0, "second style", "Blend with the model's next style"),
    row(C::OtherStylePrevious, "second-style-previous", &["W"], P, 0, "second style before", "Blend with the model's style before"),
    row(C::LoopBarsDown, "loop-bars-down", &["r"], P, 0, "shorter loop", "Let the next lane that is locked repeat a bar less"),
    row(C::LoopBarsUp, "loop-bars-up", &["R"], P, 0, "longer loop", "Let the next lane that is locked repeat a bar more, up to four"),
    row(C::MutationDown, "mutation-down", &["u"], P, 0, "smaller mutation", "Turn the share of the steps that a mutation draws again down by 0.05"),
    row(C::MutationUp, "mutation-up", &["U"], P, 0, "bigger mutation", "Turn the share of the steps that a mutation draws again up by 0.05"),
];

impl Command {
    /// Its row of the table.
    #[must_use]
    pub fn info(self) -> &'static CommandInfo {
        COMMANDS
            .iter()
            .find(|info| info.command == self)
            .unwrap_or(&COMMANDS[0])
    }

    /// The command of an id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        COMMANDS.iter().find(|i| i.id == id).map(|i| i.command)
    }
}

/// Rows matching a query as the palette lists them, best first: all words' letters must
/// occur in order in the title, the id or the help; an unbroken find near the start is best.
#[must_use]
pub fn search(query: &str) -> Vec<&'static CommandInfo> {
    let query = query.trim().to_lowercase();
    if query.is_empty() {
        return COMMANDS.iter().collect();
    }
    let mut found: Vec<(u32, &CommandInfo)> = COMMANDS
        .iter()
        .filter_map(|info| {
            let title = score(&query, &info.title.to_lowercase());
            let id = score(&query, info.id).map(|s| s + 5);
            let help = info
                .help
                .to_lowercase()
                .find(&query)
                .map(|at| 2_000 + at as u32);
            [title, id, help]
                .into_iter()
                .flatten()
                .min()
                .map(|s| (s, info))
        })
        .collect();
    found.sort_by_key(|(score, _)| *score);
    found.into_iter().map(|(_, info)| info).collect()
}

/// How badly `query` fits `text`: where it is found whole, else 1,000 and the letters skipped.
fn score(query: &str, text: &str) -> Option<u32> {
    if let Some(at) = text.find(query) {
        return Some(at as u32);
    }
    let mut skipped = 1_000;
    let mut rest = text.chars();
    for wanted in query.chars().filter(|c| *c != ' ') {
        loop {
            match rest.next() {
                Some(c) if c == wanted => break,
                Some(_) => skipped += 1,
                None => return None,
            }
        }
    }
    Some(skipped)
}
