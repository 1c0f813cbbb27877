//! Does what the state machine wants done, each kind of work on a thread of its own, and
//! answers with messages. Nothing here blocks the caller but [`Workers::silence`] (shortly) and
//! [`Workers::finish`] (at the end).

mod desk;
mod desks;
mod folder;
mod leaving;
mod models;
mod outputs;
mod pictures;
mod ports;
mod trainer;

use super::config::Start;
use super::event_loop::Input;
use super::kits;
use super::logging::{Log, now_seconds, utc};
use super::offer::Found;
use super::paths::Paths;
use crate::app::heard::News;
use crate::app::msg::Level;
use crate::app::{Effect, Msg, Settings};
use crate::base::text::sanitize_path;
use crate::cli::DashboardArgs;
use crate::live::{EngineHandle, EngineOptions};
use crate::message::{Controls, EngineStatus, OutputSetup, OutputSpec, OutputState, PlaySource};
use crossbeam_channel::Sender;
use desk::Desk;
use desks::{models_desk, recover_sessions, resolve_device, sessions_desk, settings_desk};
use folder::Folder;
use leaving::Leaving;
use outputs::outputs_desk;
use pictures::Stretch;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trainer::{Order, Trainer};

/// How long silence may take before the screen is left without it.
const SILENCE: Duration = Duration::from_millis(200);

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
    pictures: Desk<Stretch>,
    played: Sender<News>,
    models: Desk<ModelOrder>,
    outputs: Desk<(usize, OutputSetup)>,
    sessions: Desk<PathBuf>,
    settings: Desk<Box<Settings>>,
    paths: Paths,
    seed: u64,
    /// A set that was left, until the user says what becomes of it.
    found: Option<Found>,
    /// What is kept of this one once its terminal went away.
    leaving: Option<Leaving>,
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
        found: Option<Found>,
        args: &DashboardArgs,
        inbox: Sender<Input>,
        log: Arc<Log>,
    ) -> anyhow::Result<Self> {
        let tell = Teller { inbox, log };
        for problem in &start.problems {
            tell.notice(Level::Warning, problem.clone());
        }
        for advice in &start.advice {
            tell.notice(Level::Info, advice.clone());
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
            kit: kits::kit(&start.setup.settings.kit).unwrap_or_default(),
            // The state machine asks for its outputs when it starts.
            outputs: Vec::new(),
            sessions: paths.sessions(),
            debts: paths.owed(),
            realtime: true,
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
            pictures: pictures::files(tell.clone())?,
            played: pictures::played(&tell),
            models: models_desk(engine.clone(), seed, tell.clone())?,
            outputs: outputs_desk(engine.clone(), paths.clone(), tell.clone())?,
            sessions: sessions_desk(engine.clone(), tell.clone())?,
            settings: settings_desk(paths.settings_file(), tell.clone())?,
            paths: paths.clone(),
            seed,
            found,
            leaving: None,
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
            self.outputs.order((0, OutputSetup::default()));
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
            Effect::SetOutput { slot, setup } => self.outputs.order((slot, setup)),
            Effect::SetDelay { slot, delay_ms } => self.engine.set_delay(slot, delay_ms),
            Effect::GoOn => self.go_on(),
            Effect::ForgetOffer => self.forget_offer(),
            Effect::SetKit(name) => match kits::kit(&name) {
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
            Effect::ComputeSpectrogram { path, grid, steps } => {
                self.pictures.order(Stretch { path, grid, steps });
            }
            Effect::PicturePlayed(news) => {
                // The thread ends only with this one, or by a fault that the log tells of.
                let _ = self.played.send(news);
            }
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
        if let Some(leaving) = &mut self.leaving {
            leaving.close();
        }
        let mut saved = None;
        match self.engine.shutdown() {
            Ok(Some(path)) => {
                lines.push(format!("what was played is in {}", path.display()));
                saved = Some(path);
            }
            Ok(None) => {}
            Err(error) => lines.push(error.to_string()),
        }
        if let Some(leaving) = &mut self.leaving
            && let Err(error) = leaving.end(saved)
        {
            lines.push(format!("the set that was left is not kept: {error}"));
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
