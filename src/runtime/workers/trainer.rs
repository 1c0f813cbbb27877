//! A training run beside the dashboard: its own threads, at the lowest priority and one core
//! short, so that playing and drawing never wait for it.

use super::Teller;
use super::folder::remaps_of;
use crate::app::Msg;
use crate::base::text::sanitize;
use crate::dataset::scan::{ScanOptions, scan};
use crate::message::{TrainCommand, TrainConfig, TrainEvent};
use crate::model::device;
use crate::model::train::{TrainingSet, train};
use crate::runtime::jobs::train::{device_for, drum_map, training_set};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// The screen hears of updates at most this often.
const PROGRESS: Duration = Duration::from_millis(50);

/// A run under way, as its owner holds it.
pub struct Trainer {
    commands: Sender<TrainCommand>,
    ended: Receiver<()>,
}

/// What is to be learned, beside the flags.
pub struct Order {
    /// Every flag.
    pub config: TrainConfig,
    /// Files left out by hand.
    pub excluded: Vec<PathBuf>,
    /// Files whose drums are not on channel 10.
    pub remaps: Vec<PathBuf>,
    /// Where the index of scans is kept.
    pub cache: PathBuf,
}

impl Trainer {
    /// Starts a run; it tells everything else itself.
    pub fn start(order: Order, tell: &Teller) -> Self {
        let (commands, inbox) = unbounded();
        let (end, ended) = bounded::<()>(0);
        let told = tell.clone();
        tell.spawn("trainer", move || {
            // Dropped at the end, however it comes.
            let _end = end;
            let run = std::panic::AssertUnwindSafe(|| run(&order, &inbox, &told));
            let result = std::panic::catch_unwind(run).unwrap_or_else(|_| {
                Err(
                    "training ended by a fault; the log says which. The last checkpoint is kept"
                        .into(),
                )
            });
            if let Err(sentence) = result {
                told.tell(Msg::Train(TrainEvent::Failed(sanitize(&sentence))));
            }
        });
        Self { commands, ended }
    }

    /// Tells the run something.
    pub fn command(&self, command: TrainCommand) {
        // A run that has ended has nothing left to do.
        let _ = self.commands.send(command);
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.ended.try_recv() == Err(crossbeam_channel::TryRecvError::Disconnected)
    }

    /// Stops it with a checkpoint; whether that was done in time.
    pub fn stop(&self, patience: Duration) -> bool {
        self.command(TrainCommand::Stop);
        self.ended.recv_timeout(patience) != Err(crossbeam_channel::RecvTimeoutError::Timeout)
    }
}

fn run(order: &Order, commands: &Receiver<TrainCommand>, tell: &Teller) -> Result<(), String> {
    let threads = device::cores().saturating_sub(1).max(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|n| format!("trainer-{n}"))
        .start_handler(|_| lower_priority())
        .build()
        .map_err(|error| format!("no threads to train with: {error}"))?;
    pool.install(|| {
        let set = prepare(order).map_err(|error| error.to_string())?;
        let device =
            device::resolve(device_for(&order.config)).map_err(|error| error.to_string())?;
        let mut last = Instant::now();
        let mut pass_on = |event: TrainEvent| {
            let is_progress = match event {
                TrainEvent::Teaching { share } => share > 0.0,
                TrainEvent::Progress(_) => true,
                TrainEvent::Preparing { done, files } => done > 0 && done < files,
                _ => false,
            };
            if !is_progress || last.elapsed() >= PROGRESS {
                if is_progress {
                    last = Instant::now();
                }
                tell.tell(Msg::Train(event));
            }
        };
        train(&order.config, &set, &device, commands, &mut pass_on)
            .map(|_| ())
            .map_err(|error| error.to_string())
    })
}

/// Reads the folder's files, split as it says, without those left out by hand.
fn prepare(order: &Order) -> anyhow::Result<TrainingSet> {
    let config = &order.config;
    let options = ScanOptions {
        cache_dir: Some(order.cache.clone()),
        drum_map: config.drum_map.as_deref().map(drum_map).transpose()?,
        remaps: remaps_of(&config.data_dir, &order.remaps),
        ..ScanOptions::new(&config.data_dir)
    };
    let mut scan = scan(&options, &|_, _| {}, &AtomicBool::new(false))?;
    let excluded: HashSet<&Path> = order.excluded.iter().map(PathBuf::as_path).collect();
    scan.rows.retain(|row| !excluded.contains(&*row.path));
    training_set(&scan)
}

/// On Linux a thread has a niceness of its own, which the threads it starts inherit.
#[cfg(target_os = "linux")]
fn lower_priority() {
    let thread = Some(rustix::thread::gettid());
    let _ = rustix::process::setpriority_process(thread, 19);
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {
    use thread_priority::{ThreadPriority, set_current_thread_priority};
    let _ = set_current_thread_priority(ThreadPriority::Min);
}
