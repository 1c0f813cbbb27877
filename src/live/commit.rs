//! Committing a step: from then on it will not change. Its notes go to the scheduler, all about it
//! into the journal.

use super::engine::Engine;
use super::scheduler::{ClockStep, Command, Note};
use super::session::Record;
use super::view::Shown;
use crate::beat::transport::hit_time_in_bar_ns;
use crate::message::Controls;

/// A drum note is held for half a step, at most this long.
const LONGEST_NOTE_NS: u64 = 100_000_000;

impl Engine {
    pub(super) fn commit(&mut self) {
        let settings = self.settings();
        let Some((transport, n, floor_ns)) =
            (self.take.as_ref()).map(|take| (take.transport, take.next, take.floor_ns))
        else {
            return;
        };
        let generated = self.generating.then(|| self.generator.commit(&settings));
        let shown = match &self.preview {
            Some(preview) => {
                let at = n - preview.from;
                let length = preview.grid.steps.len().max(1) as u64;
                let step = preview.grid.steps.get((at % length) as usize);
                let step = step.copied().unwrap_or_default();
                Shown::new(step, at, at % length, preview.grid.meter)
            }
            None => {
                let at = self.generator.position().saturating_sub(1);
                Shown::new(
                    generated.unwrap_or_default(),
                    at,
                    at,
                    self.generator.meter(),
                )
            }
        };
        let controls = Controls {
            milli_bpm: transport.milli_bpm,
            ..self.controls
        };
        if controls != self.committed || n == 0 {
            let _ = self.journal.send(Record::Controls(controls));
        }
        self.committed = controls;
        if shown.step_in_bar == 0 || n == 0 {
            let _ = self.journal.send(Record::Bar {
                step: n,
                meter: (shown.meter.numerator(), shown.meter.denominator()),
            });
        }
        let _ = self
            .journal
            .send(Record::step(n, controls.version, &shown.step));
        let held = LONGEST_NOTE_NS.min((transport.step_ns() / 2.0) as u64);
        for (lane, cell) in shown.step.iter().enumerate() {
            if cell.velocity == 0 || controls.mutes >> lane & 1 == 1 {
                continue;
            }
            let in_bar = u64::from(shown.step_in_bar);
            let at_ns = hit_time_in_bar_ns(&transport, n, in_bar, cell.offset, controls.swing);
            let at_ns = at_ns.max(floor_ns);
            self.next_id += 1;
            self.send(Command::Note(Note {
                id: self.next_id,
                step: n,
                lane: lane as u8,
                velocity: cell.velocity,
                at_ns,
                off_ns: at_ns.saturating_add(held),
            }));
        }
        self.send(Command::Clock(ClockStep {
            step: n,
            in_bar: shown.step_in_bar,
            bar_steps: shown.meter.steps() as u16,
            transport,
        }));
        self.view.commit(shown);
        if let Some(take) = &mut self.take {
            take.next += 1;
        }
    }

    /// Sends a note, unless a silence still waits: a scheduler that hangs plays nothing anyway.
    fn send(&mut self, command: Command) {
        self.send_hush();
        if self.hush.is_none() {
            let _ = self.commands.push(command);
        }
    }

    pub(super) fn send_hush(&mut self) {
        if let Some(command) = self.hush
            && self.commands.push(command).is_ok()
        {
            self.hush = None;
        }
    }
}
