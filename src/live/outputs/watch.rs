//! What the outputs thread looks after again and again: ports that vanish and return, lines that
//! are cut, closing notes that are owed, how far ahead and behind the outputs are.

use super::{Output, Outputs, SLOTS, offset_ns};
use crate::base::text::sanitize;
use crate::live::clock::{Clock, SystemClock};
use crate::live::midi_out::find;
use crate::live::owed::Debt;
use crate::live::scheduler::Change;
use crate::message::OutputSpec;

impl Outputs {
    /// Tells the engine how early the earliest output is, and how late the latest is heard.
    pub(super) fn note_span(&self) {
        let (mut lead, mut lag) = (0, 0);
        for output in self
            .outputs
            .iter()
            .filter(|o| o.setup.spec != OutputSpec::None)
        {
            let offset = offset_ns(&output.setup);
            let far = output.link.as_ref().map_or(0, |link| {
                let link = link.view();
                i64::from(link.delay_ms) * 1_000_000 + i64::from(link.rtt_us) * 500
            });
            lead = lead.max(-offset);
            lag = lag.max(offset + far);
        }
        self.pulse.set_span(lead.unsigned_abs(), lag.unsigned_abs());
    }

    /// Closes the notes that programs before this one owed, where their machines are there now.
    pub(super) fn pay(&mut self) {
        if self.owed.inherited().is_empty() {
            return;
        }
        let names = self.watch.names().unwrap_or_default();
        self.owed.pay(SystemClock.now_ns(), |spec| match spec {
            OutputSpec::Port(name) => find(&names, name).is_some(),
            _ => true,
        });
    }

    pub(super) fn note_debts(&mut self) {
        let open = self
            .outputs
            .iter()
            .enumerate()
            .filter_map(|(slot, output)| {
                let to = match &output.setup.spec {
                    OutputSpec::Port(_) if !output.name.is_empty() => {
                        OutputSpec::Port(output.name.clone())
                    }
                    spec => spec.clone(),
                };
                let keys = self.pulse.keys(slot).all();
                (Debt::is_for(&to) && !keys.is_empty()).then_some(Debt { to, keys })
            });
        let open: Vec<Debt> = open.collect();
        self.owed.note(&open);
    }

    /// Joins a line again that was cut, or that could not be joined.
    pub(super) fn watch_lines(&mut self) {
        for slot in 0..SLOTS {
            let Some(output) = self.outputs.get_mut(slot) else {
                continue;
            };
            if !output.is_remote() || output.opening.is_some() {
                continue;
            }
            let cut = output.lost.is_none() && self.pulse.is_lost(slot);
            if cut {
                output.lost = Some(output.why_lost());
                output.link = None;
                self.change(Change::Sink { slot, sink: None });
            }
            let again = self.outputs.get(slot).filter(|o| o.lost.is_some());
            if let Some(spec) = again.map(|output| output.setup.spec.clone()) {
                self.open_elsewhere(slot, spec);
            }
        }
    }

    /// Lets a machine join again that was unplugged from the receiver it hangs on.
    pub(super) fn watch_far_machines(&mut self) {
        for slot in 0..SLOTS {
            let Some(output) = self.outputs.get_mut(slot) else {
                continue;
            };
            let link = output.link.as_ref();
            let away = link.is_some_and(|link| !link.view().trouble.is_empty());
            let back = std::mem::replace(&mut output.far_away, away) && !away && link.is_some();
            if back {
                self.change(Change::Rejoin { slot });
            }
        }
    }

    /// Takes out a port that vanished, for sending to it would succeed in silence, and opens one
    /// that is back.
    pub(super) fn watch_ports(&mut self) {
        let is_port = |output: &Output| matches!(output.setup.spec, OutputSpec::Port(_));
        if !self.outputs.iter().any(is_port) && self.owed.inherited().is_empty() {
            return;
        }
        self.pay();
        let names = self.watch.names().unwrap_or_default();
        let clean: Vec<String> = names.iter().map(|name| sanitize(name)).collect();
        for slot in 0..SLOTS {
            let Some(output) = self.outputs.get_mut(slot) else {
                continue;
            };
            let OutputSpec::Port(wanted) = &output.setup.spec else {
                continue;
            };
            let wanted = wanted.clone();
            if output.lost.is_none() && !clean.contains(&output.name) {
                output.lost = Some(format!(
                    "{} is gone; it is opened again when it comes back",
                    output.name
                ));
                self.change(Change::Sink { slot, sink: None });
            } else if output.lost.is_some() && find(&names, &wanted).is_some() {
                self.open(slot);
            }
        }
    }
}
