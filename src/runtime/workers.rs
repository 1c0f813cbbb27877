//! Does what the state machine wants done, each kind of work on a thread of its own, and
//! answers with messages. Nothing here blocks the caller but [`Workers::silence`] (shortly) and
//! [`Workers::finish`] (at the end).

mod desk;
mod folder;
mod models;
mod ports;
mod trainer;

use super::config::{self, Start};
use super::event_loop::Input;
use super::logging::{Log, now_seconds, utc};
use super::paths::Paths;
use crate::app::msg::{Level, SpectrogramOf};
use crate::app::{Effect, Msg, Settings};
use crate::audio::spectrogram::spectrogram_of_grid;
use crate::base::text::sanitize_path;
use crate::beat::grid::BeatGrid;
use crate::cli::DashboardArgs;
use crate::live::{EngineHandle, EngineOptions, session_file};
use crate::message::{Controls, EngineStatus, OutputSpec, OutputState, PlaySource};
use crate::model::device;
use crossbeam_channel::Sender;
use desk::Desk;
use folder::Folder;
use std::io;
use std::mem::discriminant;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trainer::{Order, Trainer};

/// How long silence may take before the screen is left without it.
const SILENCE: Duration = Duration::from_millis(200);

/// Pictures of a beat: columns a step, bands, and the most bars.
const PICTURE: (usize, usize, usize) = (2, 48, 8);

/// Sends messages to the main thread.
#[derive(Clone)]
pub struct Teller {
    inbox: Sender<Input>,
    log: Arc<Log>,
}

impl Teller {
    fn tell(&self, msg: Msg) {
        // The main thread hears until the process ends.
        let _ = self.inbox.send(Input::Msg(Box::new(msg)));
    }

    fn notice(&self, level: Level, text: String) {
        self.log.line(&text);
        self.tell(Msg::Notice { level, text });
    }

    /// Runs something on a thread of its own.
    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().name(name.into());
        if let Err(error) = thread.spawn(work) {
            self.notice(Level::Error, format!("no thread for {name}: {error}"));
        }
    }
}

/// A beat whose spectrogram is wanted.
type Picture = (SpectrogramOf, Arc<BeatGrid>);

/// What is to be done with a model.
enum ModelOrder {
    TakeOver(PathBuf),
    Hear(PathBuf, usize, Controls),
}

/// Everyone who works for the dashboard.
pub struct Workers {
    tell: Teller,
    engine: EngineHandle,
    folder: Folder,
    trainer: Option<Trainer>,
    ports: Sender<()>,
    previews: Desk<(PathBuf, bool)>,
    pictures: Desk<Picture>,
    models: Desk<ModelOrder>,
    sessions: Desk<PathBuf>,
    settings: Desk<Box<Settings>>,
    paths: Paths,
    /// The sound card is played only because nobody chose anything; if it is not there, nothing is.
    may_do_without_synth: bool,
}

impl Workers {
    /// Starts the engine and the threads; nothing plays yet.
    ///
    /// # Errors
    /// No threads left, or the built-in model cannot be read.
    pub fn start(
        paths: &Paths,
        start: &Start,
        args: &DashboardArgs,
        inbox: Sender<Input>,
        log: Arc<Log>,
    ) -> anyhow::Result<Self> {
        let tell = Teller { inbox, log };
        for problem in &start.problems {
            tell.notice(Level::Warning, problem.clone());
        }
        let (model, said) = models::first(&args.checkpoint_dir)?;
        if let Some(said) = said {
            tell.notice(Level::Info, said);
        }
        let seed = args.seed.unwrap_or_else(fresh_seed);
        tell.log
            .line(&format!("seed {seed}, model {}", model.name()));
        let engine = EngineHandle::start(EngineOptions {
            model,
            seed,
            controls: start.setup.settings.controls,
            kit: config::kit(&start.setup.settings.kit).unwrap_or_default(),
            // The state machine asks for its outputs when it starts.
            outputs: Vec::new(),
            sessions: paths.sessions(),
        })?;
        resolve_device(args, &tell);
        recover_sessions(paths.sessions(), &tell);

        let folder = Folder::new(paths.cache.clone());
        let (reader, told) = (folder.reader(), tell.clone());
        let previews = Desk::start(
            "preview",
            |_, _| true,
            move |(path, remap): (PathBuf, bool)| {
                let result =
                    reader(&path, remap).map_err(|why| format!("{}: {why}", sanitize_path(&path)));
                told.tell(Msg::Preview { path, result });
            },
        )?;
        Ok(Self {
            folder,
            trainer: None,
            ports: ports::watch(&tell),
            previews,
            pictures: pictures(tell.clone())?,
            models: models_desk(engine.clone(), seed, tell.clone())?,
            sessions: sessions_desk(engine.clone(), tell.clone())?,
            settings: settings_desk(paths.settings_file(), tell.clone())?,
            paths: paths.clone(),
            may_do_without_synth: !start.output_chosen,
            tell,
            engine,
        })
    }

    /// The engine as it is now.
    pub fn status(&mut self) -> Arc<EngineStatus> {
        let status = self.engine.status();
        if self.may_do_without_synth
            && let Some(output) = status.outputs.first()
            && output.spec == OutputSpec::Synth
            && let OutputState::Lost(reason) = &output.state
        {
            self.may_do_without_synth = false;
            self.engine.set_output(0, OutputSpec::None);
            let text = format!("nothing is heard until you choose an output with o: {reason}");
            self.tell.notice(Level::Warning, text);
        }
        status
    }

    /// Does one thing. Effects that are the event loop's own are passed over.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Scan { dir, remaps } => self.folder.scan(dir, &remaps, &self.tell),
            Effect::CancelScan => self.folder.cancel(),
            Effect::LoadPreview { path, remap } => self.previews.order((path, remap)),
            Effect::PlayPreview { name, grid } => {
                self.engine.preview(&name, Arc::unwrap_or_clone(grid));
            }
            Effect::StopPreview => self.engine.stop_preview(),
            Effect::Play => self.engine.play(),
            Effect::Stop => self.engine.stop(),
            Effect::SetControls(controls) => self.engine.set_controls(controls),
            Effect::Prime { name: _, grid } => self.engine.prime(Arc::unwrap_or_clone(grid)),
            Effect::StartTraining {
                config,
                excluded,
                remaps,
            } => self.train(Order {
                config: *config,
                excluded,
                remaps,
                cache: self.paths.cache.clone(),
            }),
            Effect::Train(command) => {
                if let Some(trainer) = &self.trainer {
                    trainer.command(command);
                }
            }
            Effect::TakeOver { path } => self.models.order(ModelOrder::TakeOver(path)),
            Effect::HearCheckpoint {
                path,
                bars,
                controls,
            } => self.models.order(ModelOrder::Hear(path, bars, controls)),
            Effect::SetOutput { slot, spec } => self.engine.set_output(slot, spec),
            Effect::SetKit(name) => match config::kit(&name) {
                Ok(kit) => self.engine.set_kit(kit),
                Err(reason) => self.tell.notice(Level::Error, format!("kit {reason}")),
            },
            Effect::RefreshPorts => {
                // One request waits already: that is enough.
                let _ = self.ports.try_send(());
            }
            Effect::SaveSession => {
                let time = utc(now_seconds()).replace([':', '-'], "").replace('T', "-");
                let name = format!("session-{}.mid", time.trim_end_matches('Z'));
                self.sessions.order(self.paths.sessions().join(name));
            }
            Effect::ComputeSpectrogram { what, grid } => self.pictures.order((what, grid)),
            Effect::Panic => self.engine.panic(),
            Effect::WriteSettings(settings) => self.settings.order(settings),
            Effect::SetTheme(_) | Effect::Redraw | Effect::Suspend | Effect::Quit => {}
        }
    }

    fn train(&mut self, order: Order) {
        if self
            .trainer
            .as_ref()
            .is_some_and(|trainer| !trainer.is_over())
        {
            let text = "a run is still under way; stop it first";
            self.tell.notice(Level::Warning, text.into());
            return;
        }
        self.trainer = Some(Trainer::start(order, &self.tell));
    }

    /// Stops playing and waits, for a moment, until nothing sounds.
    pub fn silence(&self) {
        self.engine.stop();
        let until = Instant::now() + SILENCE;
        while self.engine.status().source != PlaySource::Stopped && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        // The scheduler closes what sounds within a few of its turns.
        std::thread::sleep(Duration::from_millis(20));
    }

    /// Ends everything and keeps what was made; answers with what the user should read.
    pub fn finish(&mut self, patience: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        self.folder.cancel();
        // Told first, so that its checkpoint is written while the session is saved.
        if let Some(trainer) = &self.trainer {
            trainer.command(crate::message::TrainCommand::Stop);
        }
        self.sessions.finish();
        match self.engine.shutdown() {
            Ok(Some(path)) => lines.push(format!("what was played is in {}", path.display())),
            Ok(None) => {}
            Err(error) => lines.push(error.to_string()),
        }
        self.settings.finish();
        if let Some(trainer) = self.trainer.take()
            && !trainer.stop(patience)
        {
            lines.push("training was cut off; its last checkpoint is kept".into());
        }
        lines
    }
}

fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos() as u64)
}

/// Looking for a GPU loads libraries and may take a while.
fn resolve_device(args: &DashboardArgs, tell: &Teller) {
    let (choice, told) = (args.device, tell.clone());
    tell.spawn("device", move || match device::resolve(choice) {
        Ok(device) => told.tell(Msg::Device(device.to_string())),
        Err(error) => told.notice(Level::Error, error.to_string()),
    });
}

/// Sessions whose program was killed before it could save them.
fn recover_sessions(dir: PathBuf, tell: &Teller) {
    let told = tell.clone();
    tell.spawn("recovery", move || {
        for session in session_file::sessions_unsaved(&dir) {
            match session_file::recover(&session.journal) {
                Ok(path) => told.notice(
                    Level::Info,
                    format!("an earlier session is saved in {}", sanitize_path(&path)),
                ),
                Err(error) => told.notice(Level::Warning, error.to_string()),
            }
        }
    });
}

fn pictures(tell: Teller) -> io::Result<Desk<Picture>> {
    let same = |a: &Picture, b: &Picture| discriminant(&a.0) == discriminant(&b.0);
    let (columns, bands, bars) = PICTURE;
    Desk::start("spectrogram", same, move |(what, grid): Picture| {
        let mut grid = Arc::unwrap_or_clone(grid);
        grid.steps.truncate(bars * grid.meter.steps());
        let columns = spectrogram_of_grid(&grid, columns * grid.steps.len(), bands);
        tell.tell(Msg::Spectrogram { what, columns });
    })
}

fn models_desk(engine: EngineHandle, seed: u64, tell: Teller) -> io::Result<Desk<ModelOrder>> {
    let same = |a: &ModelOrder, b: &ModelOrder| discriminant(a) == discriminant(b);
    Desk::start("models", same, move |order| match order {
        ModelOrder::TakeOver(path) => tell.tell(Msg::TakenOver(models::load(&path).map(|model| {
            let name = model.name().to_owned();
            engine.take_over(model);
            name
        }))),
        ModelOrder::Hear(path, bars, controls) => {
            let model = models::load(&path);
            let result = model.map(|model| Arc::new(models::sample(&model, bars, &controls, seed)));
            tell.tell(Msg::Heard { path, result });
        }
    })
}

fn sessions_desk(engine: EngineHandle, tell: Teller) -> io::Result<Desk<PathBuf>> {
    Desk::start(
        "save",
        |_, _| true,
        move |path| {
            let saved = engine.save_session(path).map_err(|error| error.to_string());
            tell.tell(Msg::SessionSaved(saved));
        },
    )
}

fn settings_desk(path: PathBuf, tell: Teller) -> io::Result<Desk<Box<Settings>>> {
    Desk::start(
        "settings",
        |_, _| true,
        move |settings: Box<Settings>| {
            if let Err(error) = config::remember(&path, &settings) {
                let text = format!("{}: settings are not kept: {error}", sanitize_path(&path));
                tell.notice(Level::Warning, text);
            }
        },
    )
}
