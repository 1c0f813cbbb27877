//! [`MidiSink`]: where MIDI bytes go, and how one is opened. The ports themselves live in
//! `midi_out`, the sound card in `synth`, the log in `file_sink`.

use super::link::LinkState;
use crate::message::OutputSpec;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

/// A place that takes MIDI bytes from the real-time thread.
///
/// A sink is opened elsewhere, handed to the scheduler by a ring, used there, handed back by
/// another ring and dropped elsewhere; so opening and dropping may take their time, sending may not.
pub trait MidiSink: Send {
    /// Sends one MIDI message of one to three bytes, which was due at `scheduled_ns` and goes out at
    /// `now_ns` (both on the scheduler's clock). Called on the real-time thread: must not allocate,
    /// lock, log or wait.
    ///
    /// # Errors
    /// [`SinkError::Full`] if the message may be tried again, [`SinkError::Lost`] if no later one will pass.
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError>;

    /// Playback has ended, its notes are closed: what an instrument of our own still lets ring
    /// fades now. Called on the real-time thread, under the same terms as `send`.
    fn hush(&mut self, _now_ns: u64) {}

    /// Its name as the device gives it, sanitised.
    fn name(&self) -> &str;

    /// How the line to it is, for an output on the network.
    fn link(&self) -> Option<Arc<LinkState>> {
        None
    }
}

/// Why a sink did not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// No room now; try again.
    #[error("the output is full")]
    Full,
    /// The device is gone; nothing will pass any more.
    #[error("the output is gone")]
    Lost,
}

/// Why an output cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {hint}")]
pub struct OpenError {
    /// What is in the way, with the name or path concerned; sanitised.
    pub reason: String,
    /// What a user can do about it.
    pub hint: String,
}

impl OpenError {
    /// Both sentences, sanitised.
    #[must_use]
    pub fn new(reason: &str, hint: &str) -> Self {
        Self {
            reason: crate::base::text::sanitize(reason),
            hint: crate::base::text::sanitize(hint),
        }
    }
}

/// Takes everything and keeps nothing: the output `none`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullSink;

impl MidiSink for NullSink {
    fn send(&mut self, _scheduled_ns: u64, _now_ns: u64, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn name(&self) -> &str {
        "none"
    }
}

/// Opens outputs and remembers which log files this run has begun, so that coming back to a
/// log goes on with it while a log of an earlier run is kept under another name.
#[derive(Debug, Default)]
pub struct Opener {
    begun: HashSet<PathBuf>,
}

impl Opener {
    /// Opens what `spec` names. May take its time: never on the real-time thread.
    ///
    /// # Errors
    /// With the reason and a hint, if the file, port or sound card is not to be had.
    pub fn open(&mut self, spec: &OutputSpec) -> Result<Box<dyn MidiSink>, OpenError> {
        match spec {
            OutputSpec::None => Ok(Box::new(NullSink)),
            OutputSpec::Port(name) => Ok(Box::new(super::midi_out::MidiOut::open(name)?)),
            OutputSpec::Synth => super::synth::open(),
            OutputSpec::SoundFont(path) => super::synth::open_font(path),
            OutputSpec::Tcp(remote) => Ok(Box::new(super::net::TcpOut::connect(remote)?)),
            OutputSpec::Rtp(remote) => Ok(Box::new(super::rtp::RtpOut::invite(remote)?)),
            OutputSpec::RtpListen(remote) => Ok(Box::new(super::rtp::RtpOut::listen(remote)?)),
            OutputSpec::File(path) => {
                let again = self.begun.contains(path);
                let sink = super::file_sink::FileSink::create(path, again)?;
                self.begun.insert(path.clone());
                Ok(Box::new(sink))
            }
        }
    }
}
