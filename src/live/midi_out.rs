//! MIDI ports of the system. The only file that names midir; without the feature `midi` it has the
//! same shape and says that it was left out.

use super::sink::{MidiSink, OpenError, SinkError};
use crate::message::PortInfo;

/// The port that `wanted` means: the one of that very name, else the first whose name contains
/// it, case ignored. ALSA numbers a device anew each time it is plugged in and writes the numbers
/// (`24:0`) behind its name; they are the last thing to look at.
#[must_use]
pub fn find<'n>(names: &'n [String], wanted: &str) -> Option<&'n String> {
    let wanted_lower = wanted.to_lowercase();
    (names.iter().find(|name| *name == wanted))
        .or_else(|| {
            names
                .iter()
                .find(|name| name.to_lowercase() == wanted_lower)
        })
        .or_else(|| {
            (names.iter()).find(|name| {
                !wanted_lower.is_empty() && name.to_lowercase().contains(&wanted_lower)
            })
        })
        .or_else(|| {
            let device = unnumbered(wanted)?;
            names.iter().find(|name| unnumbered(name) == Some(device))
        })
}

/// A port's name without the numbers that ALSA writes behind it; `None` if there are none.
fn unnumbered(name: &str) -> Option<&str> {
    let (device, numbers) = name.rsplit_once(' ')?;
    let (client, port) = numbers.split_once(':')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(client) && digits(port) && !device.is_empty()).then_some(device)
}

/// The ports that exist now.
///
/// # Errors
/// If the system has no MIDI, with the reason.
pub fn list() -> Result<Vec<PortInfo>, OpenError> {
    let names = PortWatch::default().names()?;
    let clean = |name: String| crate::base::text::sanitize(&name);
    Ok(names
        .into_iter()
        .map(|name| PortInfo { name: clean(name) })
        .collect())
}

#[cfg(feature = "midi")]
mod with_midir {
    use super::{MidiSink, OpenError, SinkError, find};
    use crate::base::text::sanitize;
    use crate::live::quiet::silenced;
    use midir::{MidiOutput, MidiOutputConnection, SendError};

    /// What other programs see.
    const CLIENT: &str = "beatgen";

    fn client() -> Result<MidiOutput, OpenError> {
        silenced(|| MidiOutput::new(CLIENT)).map_err(|e| {
            OpenError::new(
                &format!("no MIDI on this machine ({e})"),
                "on Linux, load the sequencer with `modprobe snd-seq`, or play with --midi-out file:PATH",
            )
        })
    }

    fn names_of(client: &MidiOutput) -> Vec<String> {
        let ports = client.ports();
        ports
            .iter()
            .map(|port| client.port_name(port).unwrap_or_default())
            .collect()
    }

    /// Looks at the list of ports again and again through one connection to the system.
    #[derive(Default)]
    pub struct PortWatch {
        client: Option<MidiOutput>,
    }

    impl PortWatch {
        /// Names of the ports that exist now, as the system gives them.
        ///
        /// # Errors
        /// If the system has no MIDI.
        pub fn names(&mut self) -> Result<Vec<String>, OpenError> {
            let client = match self.client.take() {
                Some(client) => client,
                None => client()?,
            };
            let names = silenced(|| names_of(&client));
            self.client = Some(client);
            Ok(names)
        }
    }

    /// A connection to a port.
    pub struct MidiOut {
        connection: MidiOutputConnection,
        name: String,
        port: String,
        channels: u16,
    }

    impl MidiOut {
        /// Connects to the port that `wanted` means; see [`find`].
        ///
        /// # Errors
        /// If the system has no MIDI, no such port, or refuses it.
        pub fn open(wanted: &str) -> Result<Self, OpenError> {
            let client = client()?;
            let names = silenced(|| names_of(&client));
            let Some(port) = find(&names, wanted).cloned() else {
                let there = match names.len() {
                    0 => "there is none now; connect the machine, it will be found".to_owned(),
                    _ => format!("the ports are: {}", names.join(", ")),
                };
                return Err(OpenError::new(
                    &format!("no MIDI port is called \"{wanted}\""),
                    &there,
                ));
            };
            let ports = client.ports();
            let found = ports
                .iter()
                .find(|p| client.port_name(p).is_ok_and(|name| name == port));
            let refuse = |reason: &str| {
                let hint = "is another program using it alone?";
                OpenError::new(
                    &format!("cannot open the MIDI port \"{port}\" ({reason})"),
                    hint,
                )
            };
            let found = found.cloned().ok_or_else(|| refuse("it is gone"))?;
            let connection = silenced(|| client.connect(&found, "drums"))
                .map_err(|e| refuse(&e.kind().to_string()))?;
            Ok(Self {
                connection,
                name: sanitize(&port),
                port,
                channels: 0,
            })
        }

        /// The port's name as the system gives it, to be looked for in the list.
        #[must_use]
        pub fn port(&self) -> &str {
            &self.port
        }
    }

    impl MidiSink for MidiOut {
        fn send(
            &mut self,
            _scheduled_ns: u64,
            _now_ns: u64,
            bytes: &[u8],
        ) -> Result<(), SinkError> {
            if let Some(status) = bytes.first().filter(|status| *status & 0xf0 == 0x90) {
                self.channels |= 1 << (status & 0x0f);
            }
            match self.connection.send(bytes) {
                // What is no MIDI message will never be one; trying again would be no use.
                Ok(()) | Err(SendError::InvalidData(_)) => Ok(()),
                Err(SendError::Other(_)) => Err(SinkError::Full),
            }
        }

        fn name(&self) -> &str {
            &self.name
        }
    }

    impl Drop for MidiOut {
        /// Every note is closed by now; the device is told so once more.
        fn drop(&mut self) {
            for channel in (0..16u8).filter(|channel| self.channels >> channel & 1 == 1) {
                let _ = self.connection.send(&[0xb0 | channel, 123, 0]);
            }
        }
    }
}

#[cfg(not(feature = "midi"))]
mod without_midir {
    use super::{MidiSink, OpenError, SinkError};

    fn left_out() -> OpenError {
        OpenError::new(
            "this program was built without MIDI ports",
            "build it with the feature `midi`, or play with --midi-out file:PATH",
        )
    }

    /// There are no ports.
    #[derive(Default)]
    pub struct PortWatch {
        _none: (),
    }

    impl PortWatch {
        /// No ports.
        ///
        /// # Errors
        /// Always.
        pub fn names(&mut self) -> Result<Vec<String>, OpenError> {
            Err(left_out())
        }
    }

    /// A port, of which there is none.
    pub enum MidiOut {}

    impl MidiOut {
        /// Cannot be.
        ///
        /// # Errors
        /// Always.
        pub fn open(_wanted: &str) -> Result<Self, OpenError> {
            Err(left_out())
        }

        /// Cannot be called.
        #[must_use]
        pub fn port(&self) -> &str {
            match *self {}
        }
    }

    impl MidiSink for MidiOut {
        fn send(&mut self, _: u64, _: u64, _: &[u8]) -> Result<(), SinkError> {
            match *self {}
        }

        fn name(&self) -> &str {
            match *self {}
        }
    }
}

#[cfg(feature = "midi")]
pub use with_midir::{MidiOut, PortWatch};
#[cfg(not(feature = "midi"))]
pub use without_midir::{MidiOut, PortWatch};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_found_by_name_and_by_fragment() {
        let names = [
            "Midi Through:Port-0 14:0",
            "TR-8S:CTRL 24:1",
            "TR-8S",
            "tr-8s 2",
        ];
        let names = names.map(str::to_owned);
        assert_eq!(find(&names, "TR-8S"), Some(&names[2]));
        assert_eq!(find(&names, "Tr-8s"), Some(&names[2]));
        assert_eq!(find(&names, "ctrl"), Some(&names[1]));
        assert_eq!(find(&names, "through"), Some(&names[0]));
        assert_eq!(find(&names, "nothing"), None);
        assert_eq!(find(&names, ""), None);
        // Plugged in again, the device has another number.
        assert_eq!(find(&names, "TR-8S:CTRL 32:1"), Some(&names[1]));
        assert_eq!(find(&names, "TR-6S:CTRL 24:1"), None);
    }

    #[test]
    fn a_machine_without_midi_gets_a_reason_and_a_hint() {
        // Where there is MIDI, a port of this name is not; where there is none, opening says so.
        let error = MidiOut::open("no port is called like this").err().unwrap();
        assert!(!error.reason.is_empty() && !error.hint.is_empty());
    }
}
