//! Where notes go and how it is there: outputs as a user names them, as they are set up, and as
//! they are.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The port of `beatgen-tui receive`.
pub const RECEIVE_PORT: u16 = 7373;

/// The control port of an RTP-MIDI session; its data port is the next one.
pub const RTP_PORT: u16 = 5004;

/// The most an output may be ahead (negative) or behind, in milliseconds.
pub const MOST_LATENCY_MS: i16 = 250;

/// The longest fixed delay of a receiver, in milliseconds.
pub const MOST_DELAY_MS: u16 = 2_000;

/// Where notes go, as a user names it. Its word (`Display`) is read back by `FromStr`, but for the
/// token, which no word shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputSpec {
    /// Nowhere; the screen still shows the beat.
    None,
    /// A MIDI port whose name contains this text.
    Port(String),
    /// A log of `scheduled_ns sent_ns hexbytes` lines.
    File(PathBuf),
    /// The built-in drum voices on the sound card.
    Synth,
    /// The drums of a SoundFont (.sf2) on the sound card.
    SoundFont(PathBuf),
    /// A `beatgen-tui receive` on another machine.
    Tcp(Remote),
    /// An RTP-MIDI peer, which is invited.
    Rtp(Remote),
    /// RTP-MIDI again, at an address of this machine where a peer may invite us.
    RtpListen(Remote),
}

/// A place on the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// A name or an address (IPv6 without brackets).
    pub host: String,
    /// The port.
    pub port: u16,
    /// What proves to a receiver that we may play; empty if none was given here.
    #[serde(skip)]
    pub token: Token,
}

/// A secret word. Never printed, never written with the settings, and no part of what makes two
/// outputs the same.
#[derive(Clone, Default)]
pub struct Token(pub String);

impl PartialEq for Token {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "no token"
        } else {
            "a token"
        })
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl Remote {
    /// Reads `[TOKEN@]HOST[:PORT]`; IPv6 addresses stand in brackets.
    fn parse(text: &str, port: u16, example: &str) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("{what}; give for example {example}"));
        let (token, place) = match text.rsplit_once('@') {
            Some((token, place)) => (token, place),
            None => ("", text),
        };
        let (host, port_text) = match place.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, rest)) => match rest.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None => return wrong("after the bracket comes a colon and the port"),
                },
                None => return wrong("a bracket is not closed"),
            },
            None => match place.split_once(':') {
                Some((_, rest)) if rest.contains(':') => {
                    return wrong("an IPv6 address stands in brackets");
                }
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
        if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
            return wrong("that is no host name or address");
        }
        let port = match port_text.map(str::parse::<u16>) {
            None => port,
            Some(Ok(port)) if port > 0 => port,
            Some(_) => return wrong("a port is a whole number from 1 to 65535"),
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            token: Token(token.to_owned()),
        })
    }
}

impl OutputSpec {
    /// Whether it sounds on this machine's sound card: General MIDI, without a clock.
    #[must_use]
    pub const fn is_sound_card(&self) -> bool {
        matches!(self, Self::Synth | Self::SoundFont(_))
    }
}

impl fmt::Display for OutputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Synth => f.write_str("synth"),
            Self::SoundFont(path) => write!(f, "synth:{}", path.display()),
            Self::Port(name) => f.write_str(name),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Tcp(remote) => write!(f, "tcp://{remote}"),
            Self::Rtp(remote) => write!(f, "rtp://{remote}"),
            Self::RtpListen(remote) => write!(f, "rtp-listen://{remote}"),
        }
    }
}

impl FromStr for OutputSpec {
    type Err = String;

    /// Reads `none`, `synth`, `synth:FILE.sf2`, `file:PATH`, `tcp://[TOKEN@]HOST[:PORT]`,
    /// `rtp://HOST[:PORT]`, `rtp-listen://ADDRESS[:PORT]`, or part of a port's name.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(place) = text.strip_prefix("tcp://") {
            let example = "tcp://127.0.0.1:7373";
            return Ok(Self::Tcp(Remote::parse(place, RECEIVE_PORT, example)?));
        }
        if let Some(place) = text.strip_prefix("rtp://") {
            let example = "rtp://192.168.1.20:5004";
            return Ok(Self::Rtp(Remote::parse(place, RTP_PORT, example)?));
        }
        if let Some(place) = text.strip_prefix("rtp-listen://") {
            let example = "rtp-listen://127.0.0.1:5004";
            return Ok(Self::RtpListen(Remote::parse(place, RTP_PORT, example)?));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!(
                "{}:// is no kind of output; there are tcp://, rtp:// and rtp-listen://",
                crate::base::text::sanitize(scheme)
            ));
        }
        match text {
            "none" => Ok(Self::None),
            "synth" => Ok(Self::Synth),
            "" => Err(
                "give part of a port's name, synth, synth:FILE.sf2, file:PATH, tcp://HOST:PORT, rtp://HOST or none"
                    .into(),
            ),
            "synth:" => Err(
                "give a SoundFont after synth:, for example synth:jazz.sf2, or synth alone for the built-in drums"
                    .into(),
            ),
            "file:" => Err("give a path after file:, for example file:notes.log".into()),
            _ => Ok(
                if let Some(path) = text.strip_prefix("file:") {
                    Self::File(PathBuf::from(path))
                } else if let Some(path) = text.strip_prefix("synth:") {
                    Self::SoundFont(PathBuf::from(path))
                } else {
                    Self::Port(text.to_owned())
                },
            ),
        }
    }
}

/// An output and how it is driven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct OutputSetup {
    /// Where notes go.
    pub spec: OutputSpec,
    /// Whether MIDI clock goes there too.
    pub clock: bool,
    /// How much later (negative: earlier) than the beat everything is sent there, in
    /// milliseconds, within [`MOST_LATENCY_MS`].
    pub latency_ms: i16,
}

impl OutputSetup {
    /// An output without clock and offset.
    #[must_use]
    pub const fn plain(spec: OutputSpec) -> Self {
        Self {
            spec,
            clock: false,
            latency_ms: 0,
        }
    }
}

impl Default for OutputSetup {
    fn default() -> Self {
        Self::plain(OutputSpec::None)
    }
}

/// As settings hold it: whole, or, as earlier ones did, only where notes go.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole {
        spec: OutputSpec,
        #[serde(default)]
        clock: bool,
        #[serde(default)]
        latency_ms: i16,
    },
    Spec(OutputSpec),
}

impl From<Written> for OutputSetup {
    fn from(written: Written) -> Self {
        match written {
            Written::Spec(spec) => Self::plain(spec),
            Written::Whole {
                spec,
                clock,
                latency_ms,
            } => Self {
                spec,
                clock,
                latency_ms: latency_ms.clamp(-MOST_LATENCY_MS, MOST_LATENCY_MS),
            },
        }
    }
}

/// How an output is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputState {
    /// Open and taking notes.
    Ok,
    /// Open, but told to be silent.
    Muted,
    /// On its way: a connection is being made.
    Opening,
    /// Not there any more, or not to be opened; the reason and a hint.
    Lost(String),
}

/// One output on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputView {
    /// What it is.
    pub spec: OutputSpec,
    /// Its name as the device gives it, sanitised.
    pub name: String,
    /// How it is.
    pub state: OutputState,
    /// Loudest velocity lately, 0 to 1, falling.
    pub level: f32,
    /// Whether MIDI clock goes there.
    pub clock: bool,
    /// Its offset in milliseconds, negative when it is sent early.
    pub latency_ms: i16,
    /// How the line to it is, if it is on the network and joined.
    pub link: Option<LinkView>,
}

impl OutputView {
    /// An output that is open, with nothing more to tell.
    #[must_use]
    pub const fn plain(spec: OutputSpec, name: String) -> Self {
        Self {
            spec,
            name,
            state: OutputState::Ok,
            level: 0.0,
            clock: false,
            latency_ms: 0,
            link: None,
        }
    }
}

/// The line to an output on the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkView {
    /// Round trip in microseconds, the median of the last ones; 0 while unknown.
    pub rtt_us: u32,
    /// The receiver plays everything this much after its time, in milliseconds; 0 where the
    /// peer does not say.
    pub delay_ms: u16,
    /// The delay that would have let the latest of the last events arrive in time, in
    /// milliseconds, with some room; 0 while unknown.
    pub wanted_delay_ms: u16,
    /// Events played there since it was joined.
    pub played: u64,
    /// Events that arrived there after their time, since it was joined.
    pub late: u64,
    /// 99th percentile of how late events left the receiver, in microseconds.
    pub p99_late_us: u32,
    /// What it plays into, sanitised; empty while unknown.
    pub far: String,
    /// What is wrong over there, with a hint, sanitised; empty if nothing is.
    pub trouble: String,
}

/// A MIDI output port that exists now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortInfo {
    /// Its name, sanitised.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_read_back_from_its_word() {
        for word in [
            "none",
            "synth",
            "synth:/home/me/kits/jazz kit.sf2",
            "TR-8S",
            "file:/tmp/a log",
            "tcp://127.0.0.1:7373",
            "tcp://[::1]:99",
            "rtp://studio.local:5004",
            "rtp-listen://0.0.0.0:6000",
        ] {
            let spec: OutputSpec = word.parse().unwrap();
            assert_eq!(spec.to_string(), word);
        }
        let spec: OutputSpec = "tcp://se-cret@box".parse().unwrap();
        let OutputSpec::Tcp(remote) = &spec else {
            panic!("{spec}")
        };
        assert_eq!(remote.token.0, "se-cret");
        assert_eq!(spec.to_string(), "tcp://box:7373");
        assert!(!format!("{spec:?}").contains("cret"));
        assert!(!serde_json::to_string(&spec).unwrap().contains("cret"));
        for bad in [
            "udp://x",
            "",
            "synth:",
            "file:",
            "tcp://",
            "tcp://a b",
            "tcp://h:0",
            "rtp://h:70000",
            "tcp://::1",
            "tcp://[::1",
            "tcp://x\x1b",
        ] {
            assert!(bad.parse::<OutputSpec>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn settings_of_before_are_still_read() {
        let old = r#"["Synth", {"Port": "TR-8S"}, {"spec": {"Port": "x"}, "clock": true, "latency_ms": -900}]"#;
        let read: Vec<OutputSetup> = serde_json::from_str(old).unwrap();
        assert_eq!(read[0], OutputSetup::plain(OutputSpec::Synth));
        assert_eq!(read[1].spec, OutputSpec::Port("TR-8S".into()));
        assert_eq!((read[2].clock, read[2].latency_ms), (true, -250));
        let again: Vec<OutputSetup> =
            serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }
}
