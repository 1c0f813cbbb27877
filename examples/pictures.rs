//! Takes the pictures of the README: runs the program in a terminal of 100 x 30, types, waits for
//! what is to be seen, and writes the screen as an SVG.
//!
//! ```sh
//! cargo build --release && cargo run --release --example pictures -- --data-dir ../shared/data/groove
//! ```
//!
//! Without a folder it takes `examples/beats`, which is too small for the picture of the training
//! screen: an epoch must last for some seconds.

#[path = "pictures/glyphs.rs"]
mod glyphs;
#[path = "pictures/svg.rs"]
mod svg;
#[path = "pictures/terminal.rs"]
mod terminal;

use anyhow::{Context, Result, ensure};
use beatgen_tui::base::atomic_file;
use clap::Parser;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use terminal::Terminal;

/// Takes the pictures of the README.
#[derive(Parser)]
struct Args {
    /// The program
    #[arg(long, default_value = "target/release/beatgen-tui")]
    program: PathBuf,
    /// The folder of MIDI files that is shown and learned from
    #[arg(long, default_value = "examples/beats")]
    data_dir: PathBuf,
    /// Where the pictures go
    #[arg(long, default_value = "examples/pictures")]
    out: PathBuf,
    /// Start of the random draws of what is played
    #[arg(long, default_value = "8")]
    seed: String,
    /// Only this one: play, dataset or training
    #[arg(long)]
    only: Option<String>,
    /// Also write the text of each screen to the terminal
    #[arg(long)]
    text: bool,
}

/// What a picture needs: the program, a folder to run in, the name of the data in it, a seed.
struct Stage<'a> {
    program: &'a Path,
    home: &'a Path,
    data: &'a str,
    seed: &'a str,
}

impl Stage<'_> {
    fn open(&self, args: &[&str]) -> Result<Terminal> {
        let mut all = vec!["--data-dir", self.data, "--seed", self.seed];
        all.extend(["--midi-out", "file:notes.log"]);
        all.extend(args);
        Terminal::start(self.program, self.home, &all)
    }
}

/// Takes one picture.
type Scene = fn(&Stage) -> Result<vt100::Screen>;

const SCENES: [(&str, &str, Scene); 3] = [
    (
        "play",
        "The play screen: the beat as it is played, knobs, outputs and spectrogram",
        play,
    ),
    (
        "dataset",
        "The dataset screen: files, and the selected one as a grid and a spectrogram",
        dataset,
    ),
    (
        "training",
        "The training screen: loss on training and validation data, speed and figures of the run",
        training,
    ),
];

const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const HOME: &str = "\x1b[H";
const ESCAPE: &str = "\x1b";
const F5: &str = "\x1b[15~";
const CLEAR_FIELD: &str = "\x15";

fn main() -> Result<()> {
    let args = Args::parse();
    let program = fs::canonicalize(&args.program)
        .with_context(|| format!("{}: build it first", args.program.display()))?;
    let data = fs::canonicalize(&args.data_dir)
        .with_context(|| format!("{} is not there", args.data_dir.display()))?;
    for (name, about, scene) in SCENES {
        if args.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let home = tempfile::tempdir()?;
        let data = shown_as(&data, home.path())?;
        let stage = Stage {
            program: &program,
            home: home.path(),
            data: &data,
            seed: &args.seed,
        };
        let screen = scene(&stage).with_context(|| format!("{name}.svg"))?;
        if args.text {
            println!("{}", screen.contents());
        }
        let picture = svg::draw(&screen, "beatgen-tui", about);
        let path = args.out.join(format!("{name}.svg"));
        fs::create_dir_all(&args.out)?;
        atomic_file::write(&path, picture.as_bytes())?;
        println!("{}: {} kB", path.display(), picture.len() / 1000);
        ensure!(
            picture.len() < 150_000,
            "{name}.svg is too large for a README"
        );
    }
    Ok(())
}

/// A link to the data in the folder the program runs in, so that the picture shows the data's name
/// and no path of this machine.
fn shown_as(data: &Path, home: &Path) -> Result<String> {
    let name = data.file_name().context("a folder with a name")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(data, home.join(name))?;
    #[cfg(not(unix))]
    let name = data;
    Ok(Path::new(name).to_string_lossy().into_owned())
}

/// The generator in its tenth bar: a style chosen, tempo and temperature turned.
fn play(stage: &Stage) -> Result<vt100::Screen> {
    let mut terminal = stage.open(&[])?;
    terminal.wait_for_text("temperature")?;
    terminal.press_until("v", "the style", |screen| screen.contains("funk"))?;
    terminal.press_until(DOWN, "the tempo", |screen| screen.contains("104.0"))?;
    terminal.type_keys(" ")?;
    terminal.wait_for_text("bar 3")?;
    terminal.press_until("]", "the temperature", |screen| screen.contains("1.15"))?;
    terminal.wait_for_text("bar 7")?;
    terminal.press_until("=", "the density", |screen| screen.contains("+0.10"))?;
    terminal.wait_for_text("bar 9 · beat 4")
}

/// A file of the folder, its third bar as a grid.
fn dataset(stage: &Stage) -> Result<vt100::Screen> {
    let mut terminal = stage.open(&[])?;
    terminal.wait_for_text("temperature")?;
    terminal.type_keys("1")?;
    terminal.wait_for_text(" in · ")?;
    terminal.type_keys("S")?;
    terminal.wait_for_text("by bars")?;
    terminal.type_keys(&format!("{HOME}{DOWN}"))?;
    terminal.wait_for_text("bar 1 of")?;
    terminal.press_until(RIGHT, "the third bar", |screen| screen.contains("bar 3 of"))?;
    terminal.wait_for_text("10k ▀")
}

/// A small network in its eighth epoch, one of its beats heard, the generator playing on.
fn training(stage: &Stage) -> Result<vt100::Screen> {
    let mut terminal = stage.open(&["--device", "cpu"])?;
    terminal.wait_for_text("temperature")?;
    terminal.type_keys("2t")?;
    terminal.wait_for_text("num-layers")?;
    let mut field = 0;
    for (place, value) in [(3, "64"), (4, "1"), (5, "0.004"), (7, "12")] {
        while field < place {
            terminal.type_keys(DOWN)?;
            field += 1;
        }
        terminal.type_keys(&format!("{CLEAR_FIELD}{value}"))?;
    }
    terminal.type_keys(F5)?;
    terminal.type_keys("P")?;
    let patience = Duration::from_secs(900);
    terminal.wait_for("the seventh epoch", patience, |screen| {
        screen.contains(" 7/12")
    })?;
    terminal.type_keys("h")?;
    terminal.wait_for_text("preview")?;
    terminal.wait_for_text("10k ▀")?;
    terminal.type_keys(ESCAPE)?;
    terminal.wait_for_text("playing ·")?;
    terminal.type_keys("l")?;
    terminal.wait_for("the eighth epoch", patience, |screen| {
        screen.contains(" 8/12") && [" 60%", " 61%", " 62%"].iter().any(|p| screen.contains(p))
    })
}
