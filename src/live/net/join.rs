//! [`join`]: the player's side of a connection to a receiver, until it is welcome; and what to tell a
//! user if it is not. What is sent afterwards is in `tcp_out`.

use super::decoder::Decoder;
use super::frame::{Frame, FrameError, Refusal, VERSION};
use super::receiver::is_pause;
use super::secret::{Key, LEAST_SIGNS, Role, nonce};
use crate::base::text::sanitize;
use crate::live::clock::Clock;
use crate::live::sink::OpenError;
use crate::message::Remote;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long finding the machine and connecting may take, and how long the handshake.
const PATIENCE: Duration = Duration::from_secs(3);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// A connection that is welcome.
pub(super) struct Joined {
    pub(super) stream: TcpStream,
    pub(super) decoder: Decoder,
    /// What came behind the welcome, and when.
    pub(super) rest: Vec<u8>,
    pub(super) rest_ns: u64,
    pub(super) delay_ms: u16,
    /// What the receiver plays into, as it says.
    pub(super) output: String,
}

/// Why there is no connection.
enum Failure {
    /// Nobody knows the name.
    Unknown(String),
    /// The system could not connect.
    Connect(io::Error),
    /// The connection was closed before the receiver said anything.
    Closed,
    /// No answer in time.
    Silent,
    /// Something else answers.
    Stranger,
    /// It speaks another version.
    Version(String),
    /// No token, or too short a one.
    NoToken,
    /// The receiver could not prove that it knows the token.
    Impostor,
    /// The receiver refuses.
    Refused(Refusal, String),
    /// The system failed.
    System(io::Error),
}

/// Connects to the receiver at `remote`, whose token is to be in it, and joins.
pub(super) fn join(remote: &Remote, clock: &dyn Clock) -> Result<Joined, OpenError> {
    let stream = connect(remote).map_err(|failure| explain(&failure, remote))?;
    let joined = shake_hands(stream, remote, clock);
    joined.map_err(|failure| explain(&failure, remote))
}

fn connect(remote: &Remote) -> Result<TcpStream, Failure> {
    let start = Instant::now();
    let mut last = Failure::Unknown("it has no address".into());
    for address in resolve(remote)?.into_iter().take(ADDRESSES) {
        let left = PATIENCE.saturating_sub(start.elapsed());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Failure::Connect(error),
        }
    }
    Err(last)
}

/// Asks the system for the addresses on a thread of its own: it may take as long as it likes.
fn resolve(remote: &Remote) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = remote.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, remote.port)]);
    }
    let (answer, found) = crossbeam_channel::bounded(1);
    let place = (remote.host.clone(), remote.port);
    let thread = std::thread::Builder::new().name("resolve".into());
    let asked = thread.spawn(move || {
        let found = place.to_socket_addrs().map(Vec::from_iter);
        // Nobody may be waiting any more.
        let _ = answer.send(found);
    });
    asked.map_err(Failure::System)?;
    match found.recv_timeout(PATIENCE) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(Failure::Unknown(error.to_string())),
        Err(_) => Err(Failure::Unknown("the name server does not answer".into())),
    }
}

fn shake_hands(stream: TcpStream, remote: &Remote, clock: &dyn Clock) -> Result<Joined, Failure> {
    let mut talk = Talk {
        stream,
        decoder: Decoder::default(),
        rest: Vec::new(),
        rest_ns: 0,
        until: Instant::now() + PATIENCE,
        heard: false,
    };
    talk.stream.set_nodelay(true).map_err(Failure::System)?;
    let write = talk.stream.set_write_timeout(Some(PATIENCE));
    write.map_err(Failure::System)?;
    let mine = nonce().map_err(Failure::System)?;
    let player = process();
    talk.say(&Frame::Hello {
        player,
        nonce: mine,
    })?;
    let Frame::Challenge { nonce: theirs } = talk.hear(clock)? else {
        return Err(Failure::Stranger);
    };
    let heard_ns = talk.rest_ns;
    let key = Key::of(&remote.token).ok_or(Failure::NoToken)?;
    talk.say(&Frame::Proof {
        proof: key.prove(Role::Player(player), &mine, &theirs),
        heard_ns,
        said_ns: clock.now_ns(),
    })?;
    let Frame::Welcome {
        proof,
        delay_ms,
        output,
    } = talk.hear(clock)?
    else {
        return Err(Failure::Stranger);
    };
    if !key.is_proof(Role::Receiver, &mine, &theirs, &proof) {
        return Err(Failure::Impostor);
    }
    Ok(Joined {
        stream: talk.stream,
        decoder: talk.decoder,
        rest: talk.rest,
        rest_ns: talk.rest_ns,
        delay_ms,
        output: sanitize(&output),
    })
}

/// The handshake's side of a connection.
struct Talk {
    stream: TcpStream,
    decoder: Decoder,
    rest: Vec<u8>,
    rest_ns: u64,
    until: Instant,
    heard: bool,
}

impl Talk {
    fn say(&mut self, frame: &Frame) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.stream.write_all(&bytes).map_err(|e| self.broken(e))
    }

    /// The next frame; a refusal is a failure.
    fn hear(&mut self, clock: &dyn Clock) -> Result<Frame, Failure> {
        let mut buffer = [0; 1024];
        loop {
            let mut left = self.rest.as_slice();
            let next = self.decoder.next(&mut left).map_err(stranger)?;
            self.rest = left.to_vec();
            match next {
                Some(Frame::Refuse { why, text }) => return Err(Failure::Refused(why, text)),
                Some(frame) => return Ok(frame),
                None => {}
            }
            let wait = self.until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return Err(Failure::Silent);
            }
            let set = self.stream.set_read_timeout(Some(wait));
            set.map_err(Failure::System)?;
            let read = self.stream.read(&mut buffer);
            self.rest_ns = clock.now_ns();
            match read {
                Ok(0) => return Err(Failure::Closed),
                Ok(n) => {
                    self.heard = true;
                    self.rest = buffer.get(..n).unwrap_or_default().to_vec();
                }
                Err(e) if is_pause(&e) => {}
                Err(e) => return Err(self.broken(e)),
            }
        }
    }

    fn broken(&self, error: io::Error) -> Failure {
        let closed = [
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted,
            ErrorKind::BrokenPipe,
        ];
        if closed.contains(&error.kind()) && !self.heard {
            Failure::Closed
        } else {
            Failure::System(error)
        }
    }
}

fn stranger(error: FrameError) -> Failure {
    match error {
        FrameError::Version(theirs) => Failure::Version(format!(
            "the receiver speaks version {theirs} of the protocol, this program {VERSION}"
        )),
        _ => Failure::Stranger,
    }
}

/// A number by which a receiver knows this process again.
fn process() -> u64 {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    *PROCESS.get_or_init(|| getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id())))
}

/// What to do about a wrong token, or none.
pub(super) const WHERE_TOKENS_ARE: &str = "`beatgen-tui receive` prints it where it runs: give it as BEATGEN_TOKEN=... or tcp://TOKEN@HOST:PORT";

fn explain(failure: &Failure, remote: &Remote) -> OpenError {
    let port = remote.port;
    let loopback = remote.host == "localhost"
        || (remote.host.parse::<IpAddr>()).is_ok_and(|address| address.is_loopback());
    let start = if loopback {
        format!(
            "start `beatgen-tui receive` on the machine with the drum machine, and there `ssh -R {port}:127.0.0.1:{port}` to this one"
        )
    } else {
        format!("start `beatgen-tui receive` there, and is TCP port {port} open in its firewall?")
    };
    let (reason, hint) = match failure {
        Failure::Unknown(why) => (
            format!("cannot find the machine \"{}\": {why}", remote.host),
            "give its name on the network or its address, as in tcp://127.0.0.1:7373".into(),
        ),
        Failure::Connect(error) if error.kind() == ErrorKind::ConnectionRefused => {
            (format!("nothing listens at {remote}"), start)
        }
        Failure::Connect(error) => (format!("cannot reach {remote}: {}", plain(error)), start),
        Failure::Closed => (
            format!("{remote} takes the connection and closes it at once"),
            "that is a tunnel of ssh with nothing behind it: start `beatgen-tui receive` on the other machine"
                .into(),
        ),
        Failure::Silent => (
            format!("{remote} does not answer as a receiver"),
            format!("is it `beatgen-tui receive` that has port {port} there?"),
        ),
        Failure::Stranger => (
            format!("what answers at {remote} is not beatgen-tui"),
            format!("give the port of `beatgen-tui receive`; is {port} something else's?"),
        ),
        Failure::Version(versions) => (versions.clone(), same_version()),
        Failure::NoToken if remote.token.0.is_empty() => (
            format!("the receiver at {remote} wants its token"),
            WHERE_TOKENS_ARE.into(),
        ),
        Failure::NoToken => (
            format!("the token for {remote} is too short: it has {LEAST_SIGNS} signs at least"),
            WHERE_TOKENS_ARE.into(),
        ),
        Failure::Impostor => (
            format!("what answers at {remote} does not know the token"),
            "something between here and the receiver answers in its place: look at the tunnel".into(),
        ),
        Failure::Refused(why, text) => refused(*why, text, remote),
        Failure::System(error) => (
            format!("the line to {remote} failed: {}", plain(error)),
            "try again".into(),
        ),
    };
    OpenError::new(&reason, &hint)
}

fn refused(why: Refusal, text: &str, remote: &Remote) -> (String, String) {
    match why {
        Refusal::Token => (
            format!("the receiver at {remote} has another token"),
            WHERE_TOKENS_ARE.into(),
        ),
        Refusal::Busy => (
            format!("another player is joined at {remote}"),
            "end it there, or wait until it leaves".into(),
        ),
        Refusal::Version => (text.to_owned(), same_version()),
        _ => (
            format!("the receiver at {remote} refuses: {text}"),
            "try again".into(),
        ),
    }
}

fn same_version() -> String {
    "install the same version of beatgen-tui on both machines".into()
}

/// An error of the system without its number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "no answer".into(),
        _ => error.to_string(),
    }
}
