//! Watches which MIDI ports exist: tells of every change, and when asked.

use super::Teller;
use crate::app::Msg;
use crate::base::text::sanitize;
use crate::live::midi_out::PortWatch;
use crate::message::PortInfo;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use std::time::Duration;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(2);

/// Starts the watch; a message on the channel makes it tell at once, dropping it ends it.
pub fn watch(tell: &Teller) -> Sender<()> {
    let (ask, asked) = bounded(1);
    let told = tell.clone();
    tell.spawn("ports", move || {
        let mut watch = PortWatch::default();
        let mut before = None;
        loop {
            let wanted = match asked.recv_timeout(LOOK) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            // A machine without MIDI has no ports; `doctor` says why.
            let names = watch.names().unwrap_or_default();
            if wanted || before.as_ref() != Some(&names) {
                let ports = names.iter().map(|name| PortInfo {
                    name: sanitize(name),
                });
                told.tell(Msg::Ports(ports.collect()));
                before = Some(names);
            }
        }
    });
    ask
}
