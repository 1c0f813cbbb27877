//! [`Receiver`]: the sockets and threads of the receiving side. What is said and played is decided
//! in `guest` and `stage`.
//!
//! ```text
//! acceptor ── accepts, at most four handshakes at once, looks after the house
//!    └─ a thread a connection: reads, stamps, Guest ─ House ─ rtrb: commands ─> scheduler
//! ```

use super::frame::{Refusal, Report};
use super::guest::{End, Guest};
use super::house::{Health, House};
use super::secret::{Key, nonce};
use super::stage::Stage;
use crate::live::clock::Clock;
use crate::live::wires::Command;
use crossbeam_channel::{Sender, TrySendError};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Connections at once that have not proven the token.
pub const HANDSHAKES: usize = 4;
/// How long a connection's thread waits for bytes before it looks after its pings.
const LISTEN: Duration = Duration::from_millis(10);
/// How long what is said may take to be taken by the system; its buffers hold minutes of it.
const SAY: Duration = Duration::from_millis(200);
/// What a wrong token costs, so that guessing is slow.
const PENALTY: Duration = Duration::from_millis(500);
/// How often the acceptor looks, in nanoseconds.
const LOOK_NS: u64 = 10_000_000;
/// How often it asks how the output is, in nanoseconds.
const HEALTH_NS: u64 = 250_000_000;
/// News that nobody has read yet at most.
const NEWS: usize = 64;

/// What happens at a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A player joined from there.
    Joined(SocketAddr),
    /// The player from there is gone.
    Left(SocketAddr, End),
    /// Somebody from there was not let in.
    Refused(SocketAddr, End),
}

/// How a receiver is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether a player is joined.
    pub joined: bool,
    /// How it goes.
    pub report: Report,
    /// How the output is.
    pub health: Health,
}

/// Listens for players and plays what one of them sends.
pub struct Receiver {
    shared: Arc<Shared>,
    address: SocketAddr,
    news: crossbeam_channel::Receiver<Notice>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    house: Mutex<House>,
    clock: Arc<dyn Clock>,
    ending: AtomicBool,
    handshakes: AtomicUsize,
    news: Sender<Notice>,
}

impl Shared {
    fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, notice: Notice) {
        match self.news.try_send(notice) {
            // Whoever reads them has enough to read, or is gone.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Receiver {
    /// Starts to listen. What players with the token of `key` send is put into `commands` for a
    /// scheduler on `clock`, everything `delay_ms` after its time. `health` is asked how the
    /// output is, a few times a second.
    ///
    /// # Errors
    /// The system has no threads left, or the listener is none.
    pub fn start(
        listener: TcpListener,
        key: Key,
        delay_ms: u16,
        commands: rtrb::Producer<Command>,
        clock: Arc<dyn Clock>,
        health: impl FnMut() -> Health + Send + 'static,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (to_news, news) = crossbeam_channel::bounded(NEWS);
        let shared = Arc::new(Shared {
            house: Mutex::new(House::new(Stage::new(commands, delay_ms), key)),
            clock,
            ending: AtomicBool::new(false),
            handshakes: AtomicUsize::new(0),
            news: to_news,
        });
        let accepting = Acceptor {
            listener,
            shared: Arc::clone(&shared),
            connections: Vec::new(),
        };
        let acceptor = (std::thread::Builder::new().name("receiver".into()))
            .spawn(move || accepting.run(health))?;
        Ok(Self {
            shared,
            address,
            news,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is now.
    #[must_use]
    pub fn status(&self) -> Status {
        let house = self.shared.house();
        Status {
            joined: house.is_taken(),
            report: house.report(),
            health: house.health.clone(),
        }
    }

    /// What happens from now on; at most a few that were not read are kept.
    #[must_use]
    pub const fn news(&self) -> &crossbeam_channel::Receiver<Notice> {
        &self.news
    }

    /// Sets the fixed delay, in milliseconds, at most [`crate::message::MOST_DELAY_MS`].
    pub fn set_delay(&self, ms: u16) {
        self.shared.house().stage.set_delay(ms);
    }

    /// Ends: tells the player, silences, and lets go of the command ring. Takes less than a second.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.ending.store(true, SeqCst);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let now_ns = self.shared.clock.now_ns();
        self.shared.house().stage.close(now_ns);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread that accepts.
struct Acceptor {
    listener: TcpListener,
    shared: Arc<Shared>,
    connections: Vec<JoinHandle<()>>,
}

impl Acceptor {
    fn run(mut self, mut health: impl FnMut() -> Health) {
        let clock = Arc::clone(&self.shared.clock);
        let mut ask_ns = 0;
        while !self.shared.ending.load(SeqCst) {
            let now_ns = clock.now_ns();
            if now_ns >= ask_ns {
                ask_ns = now_ns.saturating_add(HEALTH_NS);
                let health = health();
                self.shared.house().health = health;
            }
            while let Ok((stream, from)) = self.listener.accept() {
                self.take(stream, from);
                self.connections.retain(|thread| !thread.is_finished());
            }
            self.shared.house().stage.turn(clock.now_ns());
            std::thread::sleep(Duration::from_nanos(LOOK_NS));
        }
        for thread in self.connections.drain(..) {
            let _ = thread.join();
        }
    }

    /// Gives a connection a thread of its own, if there are not too many.
    fn take(&mut self, stream: TcpStream, from: SocketAddr) {
        if self.shared.handshakes.load(SeqCst) >= HANDSHAKES {
            let end = End::refused(Refusal::Crowded);
            self.shared.tell(Notice::Refused(from, end));
            return;
        }
        self.shared.handshakes.fetch_add(1, SeqCst);
        let connection = Connection {
            shared: Arc::clone(&self.shared),
            from,
            shakes: true,
        };
        let thread = std::thread::Builder::new().name("player".into());
        // Without a thread the connection is dropped, which closes it.
        if let Ok(thread) = thread.spawn(move || connection.run(stream)) {
            self.connections.push(thread);
        }
    }
}

/// The thread of one connection.
struct Connection {
    shared: Arc<Shared>,
    from: SocketAddr,
    /// Counts as a handshake.
    shakes: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.joined();
    }
}

impl Connection {
    fn joined(&mut self) {
        if std::mem::take(&mut self.shakes) {
            self.shared.handshakes.fetch_sub(1, SeqCst);
        }
    }

    fn run(mut self, stream: TcpStream) {
        let (Ok(nonce), Ok(())) = (nonce(), prepare(&stream)) else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let mut guest = Guest::new(&mut shared.house(), nonce, shared.clock.now_ns());
        let end = self.serve(&stream, &mut guest);
        let joined = guest.is_joined();
        let now_ns = shared.clock.now_ns();
        // Silenced before anything else is done.
        guest.leave(&end, &mut shared.house(), now_ns);
        if matches!(end, End::Refused(Refusal::Token, _)) {
            std::thread::sleep(PENALTY);
        }
        let _ = (&stream).write_all(&guest.take_out());
        farewell(&stream);
        shared.tell(if joined {
            Notice::Left(self.from, end)
        } else {
            Notice::Refused(self.from, end)
        });
    }

    /// Reads and answers until there is an end.
    fn serve(&mut self, mut stream: &TcpStream, guest: &mut Guest) -> End {
        let shared = Arc::clone(&self.shared);
        let mut buffer = [0; 4096];
        loop {
            if shared.ending.load(SeqCst) {
                return End::refused(Refusal::Ended);
            }
            let read = stream.read(&mut buffer);
            let now_ns = shared.clock.now_ns();
            let bytes = match read {
                Ok(0) => return End::Cut,
                Ok(n) => buffer.get(..n).unwrap_or_default(),
                Err(e) if is_pause(&e) => &[],
                Err(_) => return End::Cut,
            };
            let turned = {
                let mut house = shared.house();
                let heard = if bytes.is_empty() {
                    Ok(())
                } else {
                    guest.hear(bytes, &mut house, now_ns)
                };
                heard.and_then(|()| guest.turn(&mut house, shared.clock.now_ns()))
            };
            if let Err(end) = turned {
                return end;
            }
            if self.shakes && guest.is_joined() {
                self.joined();
                shared.tell(Notice::Joined(self.from));
            }
            let out = guest.take_out();
            if !out.is_empty() && stream.write_all(&out).is_err() {
                return End::Cut;
            }
        }
    }
}

/// Whether a read only had to wait.
pub(super) fn is_pause(error: &io::Error) -> bool {
    let kinds = [
        ErrorKind::WouldBlock,
        ErrorKind::TimedOut,
        ErrorKind::Interrupted,
    ];
    kinds.contains(&error.kind())
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    // Some systems hand the listener's setting on.
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LISTEN))?;
    stream.set_write_timeout(Some(SAY))
}

/// Closes so that the last word arrives: a socket closed with bytes unread takes it back.
fn farewell(mut stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let mut buffer = [0; 4096];
    for _ in 0..20 {
        match stream.read(&mut buffer) {
            Ok(1..) => {}
            Err(e) if is_pause(&e) => {}
            Ok(0) | Err(_) => return,
        }
    }
}
