//! [`RtpOut`], the outputs `rtp://HOST` and `rtp-listen://ADDRESS`: a sink that fills a ring, and
//! the thread that takes it to the network.

use super::line::{Line, bind_pair, tell};
use super::session::{Event, Port, Why};
use crate::live::clock::{Clock, SystemClock};
use crate::live::file_sink::{RingSink, SentMessage};
use crate::live::link::LinkState;
use crate::live::sink::{MidiSink, OpenError, SinkError};
use crate::message::Remote;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;

/// How long a peer is invited, over all its addresses, in nanoseconds.
const INVITE_NS: u64 = 3_000_000_000;

/// Addresses of a name that are tried.
const ADDRESSES: usize = 2;

/// Between two turns of the thread: what is due waits no longer for its packet.
const TURN_NS: u64 = 500_000;

/// Between two turns while nobody is joined.
const IDLE_NS: u64 = 10_000_000;

/// At the end a peer has this long to read the last notes before it hears goodbye, in nanoseconds.
const FAREWELL_NS: u64 = 500_000_000;

/// Messages in the ring, at most.
const RING: usize = 4_096;

/// A peer that was silent this long gets a word on the screen. It is asked every 10 s.
const SILENT_NS: u64 = 13_000_000_000;

/// A session with an RTP-MIDI peer. Dropping it sends what waits and says goodbye, which takes a few
/// milliseconds, and half a second if the peer is slow.
#[derive(Debug)]
pub struct RtpOut {
    // Dropped first, which tells the thread to finish.
    ring: Option<RingSink>,
    name: String,
    link: Arc<LinkState>,
    thread: Option<JoinHandle<()>>,
}

impl RtpOut {
    /// Invites the peer at `remote` and waits up to 3 s for it. When it leaves or dies later, the
    /// sink is lost.
    ///
    /// # Errors
    /// If the machine is not found, does not answer or refuses.
    pub fn invite(remote: &Remote) -> Result<Self, OpenError> {
        let mut addresses: Vec<SocketAddr> = resolve(remote)?;
        // Sessions are most often at home in IPv4.
        addresses.sort_by_key(SocketAddr::is_ipv6);
        addresses.truncate(ADDRESSES);
        let share = INVITE_NS / addresses.len().max(1) as u64;
        let mut last = None;
        for address in addresses {
            match join(address, share) {
                Ok(line) => {
                    let far = line
                        .session()
                        .joined()
                        .map_or("", |(far, _)| far)
                        .to_owned();
                    let name = if far.is_empty() {
                        format!("rtp://{remote}")
                    } else {
                        format!("{far} at {remote}")
                    };
                    let link = LinkState::new();
                    link.set_far(&far);
                    return Self::spawn(line, name, link, None);
                }
                Err(why) => last = Some(why),
            }
        }
        Err(last.map_or_else(
            || unknown(remote, "it has no address"),
            |failure| failure.explain(remote),
        ))
    }

    /// Waits at the address `remote` of this machine until a peer invites us, and for the next one
    /// when it leaves. Notes sent while nobody is joined are dropped.
    ///
    /// # Errors
    /// If the address is not ours or its ports are in use.
    pub fn listen(remote: &Remote) -> Result<Self, OpenError> {
        let refuse = |error: io::Error| {
            let reason = format!("cannot wait for an RTP-MIDI peer at {remote}: {error}");
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    "the ports are in use, on a Mac by its own network session; give another, as in rtp-listen://127.0.0.1:5006"
                }
                _ => "give an address of this machine, as in rtp-listen://127.0.0.1:5004",
            };
            OpenError::new(&reason, hint)
        };
        let address = resolve(remote)?.into_iter().next();
        let address = address.ok_or_else(|| unknown(remote, "it has no address"))?;
        let pair = bind_pair(address.ip(), address.port()).map_err(refuse)?;
        let waits = pair[0].local_addr().map_err(refuse)?;
        let line = Line::host(pair, random().map_err(refuse)?);
        let link = LinkState::new();
        let waits = format!(
            "waits to be invited at {waits}; on a Mac: Audio MIDI Setup > MIDI Studio > Network, add that address and connect"
        );
        link.set_trouble(&waits);
        Self::spawn(line, format!("rtp-listen://{remote}"), link, Some(waits))
    }

    fn spawn(
        line: Line,
        name: String,
        link: Arc<LinkState>,
        waits: Option<String>,
    ) -> Result<Self, OpenError> {
        let (ring, out) = RingSink::new(&name, RING);
        let worker = Worker {
            line,
            link: Arc::clone(&link),
            waits,
            noted: false,
        };
        let thread = std::thread::Builder::new()
            .name("rtp-midi".into())
            .spawn(move || worker.run(out))
            .map_err(|e| {
                OpenError::new(
                    &format!("cannot start a thread: {e}"),
                    "close other programs",
                )
            })?;
        Ok(Self {
            name: ring.name().to_owned(),
            ring: Some(ring),
            link,
            thread: Some(thread),
        })
    }
}

impl MidiSink for RtpOut {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        match &mut self.ring {
            Some(ring) => ring.send(scheduled_ns, now_ns, bytes),
            None => Err(SinkError::Lost),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn link(&self) -> Option<Arc<LinkState>> {
        Some(Arc::clone(&self.link))
    }
}

impl Drop for RtpOut {
    fn drop(&mut self) {
        self.ring = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's side.
struct Worker {
    line: Line,
    link: Arc<LinkState>,
    /// In the listening role, what to do for a peer.
    waits: Option<String>,
    /// Whether the screen knows that the peer is silent.
    noted: bool,
}

impl Worker {
    /// Works until the sink is dropped, or, in the inviting role, the peer is gone.
    fn run(mut self, mut ring: rtrb::Consumer<SentMessage>) {
        let clock = SystemClock;
        // Packets go out when their messages are due, so this thread is as urgent as the scheduler;
        // where the system refuses, they are as late as the machine is busy.
        let _ = crate::live::real_time::raise_priority();
        loop {
            // Asked before reading: what was sent before the end is read below.
            let last = ring.is_abandoned();
            while self.line.has_room()
                && let Ok(message) = ring.pop()
            {
                self.line.put(message.scheduled_ns, message.bytes());
            }
            let now_ns = clock.now_ns();
            let mut happened = Vec::new();
            self.line.turn(now_ns, |event| happened.push(event));
            for event in happened {
                if !self.heed(event) {
                    return;
                }
            }
            self.publish(now_ns);
            if last {
                return self.finish(&clock);
            }
            let joined = self.line.session().joined().is_some();
            clock.sleep_until(now_ns + if joined { TURN_NS } else { IDLE_NS });
        }
    }

    /// Sends what is left, waits a little until it is heard, and leaves.
    fn finish(&mut self, clock: &SystemClock) {
        let mut now_ns = clock.now_ns();
        let end = now_ns.saturating_add(FAREWELL_NS);
        let mut asked = false;
        while now_ns < end && (!asked || self.line.session().is_asked(now_ns)) {
            if !asked && !self.line.is_busy() {
                self.line.finish(now_ns);
                asked = true;
            }
            self.line.turn(now_ns, |_| {});
            clock.sleep_until(now_ns + TURN_NS);
            now_ns = clock.now_ns();
        }
        self.line.end();
    }

    /// False when all is over.
    fn heed(&mut self, event: Event) -> bool {
        match event {
            Event::Joined => {
                let far = self.line.session().joined().map_or("", |(far, _)| far);
                self.link.set_trouble("");
                self.link.set_far(if far.is_empty() {
                    "an RTP-MIDI peer"
                } else {
                    far
                });
                true
            }
            Event::Heard(_) => true,
            Event::Left(why) => {
                self.noted = false;
                self.link.rtt_us.store(0, Relaxed);
                match &self.waits {
                    Some(waits) => self.link.set_trouble(&format!("{}; {waits}", tell(why))),
                    None => self.link.set_trouble(tell(why)),
                }
                self.link.set_far("");
                self.waits.is_some()
            }
        }
    }

    fn publish(&mut self, now_ns: u64) {
        let session = self.line.session();
        if session.joined().is_none() {
            return;
        }
        self.link.rtt_us.store(session.rtt_us(), Relaxed);
        self.link.played.store(self.line.sent(), Relaxed);
        let silent = session.silent_ns(now_ns) >= SILENT_NS;
        if silent != self.noted {
            self.noted = silent;
            self.link.set_trouble(if silent {
                "it does not answer any more; is its network up?"
            } else {
                ""
            });
        }
    }
}

/// Why an invitation came to nothing.
enum Failure {
    System(io::Error),
    Peer(Why),
}

impl Failure {
    fn explain(&self, remote: &Remote) -> OpenError {
        let next = remote.port.saturating_add(1);
        match self {
            Self::System(error) => OpenError::new(
                &format!("cannot reach {remote}: {error}"),
                "is this machine on the network?",
            ),
            Self::Peer(Why::Refused) => OpenError::new(
                &format!("{remote} refuses the invitation"),
                "let anyone connect there (on a Mac: Audio MIDI Setup > MIDI Studio > Network), or end the session it is in",
            ),
            Self::Peer(Why::NoAnswer(Port::Data)) => OpenError::new(
                &format!("{remote} answers, but not at its data port {next}"),
                &format!("open UDP port {next} in its firewall too"),
            ),
            Self::Peer(why) => OpenError::new(
                &format!("no RTP-MIDI session at {remote}: {}", tell(*why)),
                &format!(
                    "is the session enabled there (on a Mac: Audio MIDI Setup > MIDI Studio > Network), and are UDP ports {} and {next} open?",
                    remote.port
                ),
            ),
        }
    }
}

/// Invites one address and waits for what comes of it.
fn join(address: SocketAddr, patience_ns: u64) -> Result<Line, Failure> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let clock = SystemClock;
    let start = clock.now_ns();
    let give_up = start + patience_ns;
    let numbers = random().map_err(Failure::System)?;
    let pair = bind_pair(any, 0).map_err(Failure::System)?;
    let mut line = Line::invite(pair, address, numbers, start, give_up).map_err(Failure::System)?;
    loop {
        let now_ns = clock.now_ns();
        let mut outcome = None;
        line.turn(now_ns, |event| match event {
            Event::Joined => outcome = Some(Ok(())),
            Event::Left(why) => outcome = Some(Err(why)),
            Event::Heard(_) => {}
        });
        match outcome {
            Some(Ok(())) => return Ok(line),
            Some(Err(why)) => return Err(Failure::Peer(why)),
            None => clock.sleep_until(now_ns + TURN_NS),
        }
    }
}

fn resolve(remote: &Remote) -> Result<Vec<SocketAddr>, OpenError> {
    if remote.port == u16::MAX {
        let hint = "the data port is the next one; give a port up to 65534";
        return Err(OpenError::new(
            "RTP-MIDI takes two ports, and there is none after 65535",
            hint,
        ));
    }
    let found = (remote.host.as_str(), remote.port).to_socket_addrs();
    Ok(found
        .map_err(|e| unknown(remote, &e.to_string()))?
        .collect())
}

fn unknown(remote: &Remote, why: &str) -> OpenError {
    OpenError::new(
        &format!("cannot find the machine \"{}\": {why}", remote.host),
        "give its name on the network or its address, as in rtp://192.168.1.20",
    )
}

/// Numbers that nobody can guess, so that nobody can talk in a peer's name without hearing it.
fn random() -> io::Result<u64> {
    getrandom::u64().map_err(|e| io::Error::other(e.to_string()))
}
