//! What a run can be told before it begins, while its data is made ready: [`Before`].

use crate::message::{TrainCommand, TrainEvent};
use crossbeam_channel::Receiver;

/// Listens while there is nothing to learn and nothing to save yet.
pub(super) struct Before<'a> {
    commands: &'a Receiver<TrainCommand>,
    /// Whether a checkpoint was asked for; it is written when there is something to write.
    pub(super) wants_checkpoint: bool,
}

impl<'a> Before<'a> {
    pub(super) const fn new(commands: &'a Receiver<TrainCommand>) -> Self {
        Self {
            commands,
            wants_checkpoint: false,
        }
    }

    /// Hears what was said meanwhile: whether to go on. Holds as long as it is told to.
    pub(super) fn go_on(&mut self, tell: &mut dyn FnMut(TrainEvent)) -> bool {
        let mut paused = false;
        loop {
            let command = if paused {
                // Whoever could say "resume" is gone.
                self.commands.recv().unwrap_or(TrainCommand::Stop)
            } else {
                match self.commands.try_recv() {
                    Ok(command) => command,
                    Err(_) => return true,
                }
            };
            match command {
                TrainCommand::Pause if !paused => {
                    paused = true;
                    tell(TrainEvent::Paused);
                }
                TrainCommand::Resume if paused => {
                    paused = false;
                    tell(TrainEvent::Resumed);
                }
                TrainCommand::Checkpoint => self.wants_checkpoint = true,
                TrainCommand::Stop => return false,
                TrainCommand::Pause | TrainCommand::Resume => {}
            }
        }
    }
}
