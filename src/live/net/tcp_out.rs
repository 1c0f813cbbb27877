//! [`TcpOut`], the output `tcp://HOST:PORT`: sends every message with its time to a `beatgen-tui
//! receive`. The real-time thread fills a ring; a writer empties it into the socket, a reader answers
//! the receiver's pings and hears its reports. How a connection begins is in `join`.

use super::decoder::Decoder;
use super::frame::{Frame, Refusal};
use super::join::{Joined, join};
use super::midi::Midi;
use super::receiver::is_pause;
use crate::live::clock::{Clock, SystemClock};
use crate::live::file_sink::{RingSink, SentMessage};
use crate::live::link::LinkState;
use crate::live::sink::{MidiSink, OpenError, SinkError};
use crate::message::Remote;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
};
use std::thread::JoinHandle;
use std::time::Duration;

/// Messages that wait for the writer at most: seconds of the busiest drumming.
const RING: usize = 4_096;
/// Messages in one write at most.
const BATCH: usize = 512;
/// How often the writer looks, in nanoseconds.
const TURN_NS: u64 = 1_000_000;
/// A receiver that says nothing for so long is gone, in nanoseconds; it pings all the time.
const DEAD_NS: u64 = 3_000_000_000;
/// How often the reader looks up while nothing comes.
const LISTEN: Duration = Duration::from_millis(50);
/// How long the system may refuse to take what is written.
const SAY: Duration = Duration::from_millis(500);
/// How long the receiver may take to hear the farewell, in nanoseconds.
const FAREWELL_NS: u64 = 300_000_000;
/// Pings that wait for the writer to be answered at most.
const PINGS: usize = 64;

/// A receiver on another machine.
pub struct TcpOut {
    // Dropped first, which tells the writer to finish.
    ring: Option<RingSink>,
    name: String,
    link: Arc<LinkState>,
    line: Arc<Line>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads of a line share.
struct Line {
    stream: TcpStream,
    clock: Arc<dyn Clock>,
    link: Arc<LinkState>,
    /// Nothing passes any more.
    gone: AtomicBool,
    /// The ring was full when all was to be silenced.
    silence: AtomicBool,
    /// The farewell is said.
    leaving: AtomicBool,
}

impl TcpOut {
    /// Joins the receiver at `remote`, whose token is to be in it. Takes seconds at most; never
    /// on the real-time thread.
    ///
    /// # Errors
    /// With the reason and a hint, if nothing listens there, it is something else, the token is
    /// wrong, or another player is joined.
    pub fn connect(remote: &Remote) -> Result<Self, OpenError> {
        Self::connect_on(remote, Arc::new(SystemClock))
    }

    /// As [`TcpOut::connect`], with the clock of the times that [`MidiSink::send`] is given.
    ///
    /// # Errors
    /// As there.
    pub fn connect_on(remote: &Remote, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let joined = join(remote, &*clock)?;
        let name = if joined.output.is_empty() {
            format!("tcp://{remote}")
        } else {
            format!("{} at {remote}", joined.output)
        };
        let link = LinkState::new();
        link.delay_ms.store(joined.delay_ms, Relaxed);
        link.set_far(&joined.output);
        Self::start(joined, &name, link, clock).map_err(|error| {
            let reason = format!("the line to {remote} failed: {error}");
            OpenError::new(&reason, "try again")
        })
    }

    fn start(
        joined: Joined,
        name: &str,
        link: Arc<LinkState>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        joined.stream.set_read_timeout(Some(LISTEN))?;
        joined.stream.set_write_timeout(Some(SAY))?;
        let line = Arc::new(Line {
            stream: joined.stream,
            clock,
            link: Arc::clone(&link),
            gone: AtomicBool::new(false),
            silence: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
        });
        let (ring, out) = RingSink::new(name, RING);
        let (to_pings, pings) = rtrb::RingBuffer::new(PINGS);
        let mut sink = Self {
            name: ring.name().to_owned(),
            ring: Some(ring),
            link,
            line: Arc::clone(&line),
            threads: Vec::new(),
        };
        let reader = Reader {
            line: Arc::clone(&line),
            decoder: joined.decoder,
            pings: to_pings,
        };
        let (rest, rest_ns) = (joined.rest, joined.rest_ns);
        sink.threads.push(
            (std::thread::Builder::new().name("line-in".into()))
                .spawn(move || reader.run(&rest, rest_ns))?,
        );
        let writer = Writer {
            line,
            ring: out,
            pings,
            seq: 0,
        };
        sink.threads.push(
            (std::thread::Builder::new().name("line-out".into())).spawn(move || writer.run())?,
        );
        Ok(sink)
    }
}

impl MidiSink for TcpOut {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        if self.line.gone.load(Relaxed) {
            return Err(SinkError::Lost);
        }
        match &mut self.ring {
            // No message is a silence.
            Some(_) if bytes.is_empty() => Ok(()),
            Some(ring) => ring.send(scheduled_ns, now_ns, bytes),
            None => Err(SinkError::Lost),
        }
    }

    fn hush(&mut self, now_ns: u64) {
        let pushed = self
            .ring
            .as_mut()
            .map(|ring| ring.send(now_ns, now_ns, &[]));
        if pushed == Some(Err(SinkError::Full)) {
            self.line.silence.store(true, Relaxed);
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn link(&self) -> Option<Arc<LinkState>> {
        Some(Arc::clone(&self.link))
    }
}

impl Drop for TcpOut {
    /// Lets what was sent go out and says goodbye, for a moment at most.
    fn drop(&mut self) {
        self.ring = None;
        if self.threads.len() < 2 {
            // There was no writer to end the line.
            self.line.end();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Line {
    fn end(&self) {
        self.gone.store(true, SeqCst);
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// The thread that sends.
struct Writer {
    line: Arc<Line>,
    ring: rtrb::Consumer<SentMessage>,
    pings: rtrb::Consumer<(u32, u64)>,
    seq: u32,
}

impl Writer {
    fn run(mut self) {
        let line = Arc::clone(&self.line);
        let mut bytes = Vec::new();
        while !line.gone.load(SeqCst) {
            // Asked before reading: what was sent before the end is read below.
            let last = self.ring.is_abandoned();
            let turn_ns = line.clock.now_ns();
            bytes.clear();
            let more = self.gather(&mut bytes);
            if last && !more {
                Frame::Bye.encode(&mut bytes);
            }
            if !bytes.is_empty() && (&line.stream).write_all(&bytes).is_err() {
                line.end();
                return;
            }
            if last && !more {
                line.leaving.store(true, SeqCst);
                let _ = line.stream.shutdown(Shutdown::Write);
                return;
            }
            if !more {
                line.clock.sleep_until(turn_ns.saturating_add(TURN_NS));
            }
        }
    }

    /// Puts what waits into `bytes`; tells whether there is more.
    fn gather(&mut self, bytes: &mut Vec<u8>) -> bool {
        let mut taken = 0;
        while taken < BATCH
            && let Ok(message) = self.ring.pop()
        {
            taken += 1;
            self.put(&message, bytes);
        }
        let more = taken == BATCH;
        if !more && self.line.silence.swap(false, Relaxed) {
            Frame::Silence.encode(bytes);
        }
        if let Some(ms) = self.line.link.take_wish() {
            Frame::SetDelay { ms }.encode(bytes);
        }
        // As many as there is room for, not as many as come meanwhile.
        for (id, heard_ns) in (0..PINGS).map_while(|_| self.pings.pop().ok()) {
            let said_ns = self.line.clock.now_ns();
            Frame::Pong {
                id,
                heard_ns,
                said_ns,
            }
            .encode(bytes);
        }
        more
    }

    fn put(&mut self, message: &SentMessage, bytes: &mut Vec<u8>) {
        if message.bytes().is_empty() {
            Frame::Silence.encode(bytes);
            return;
        }
        // A receiver takes nothing else, and nothing else is a note or its end.
        if let Some(midi) = Midi::new(message.bytes()) {
            Frame::Event {
                seq: self.seq,
                at_ns: message.scheduled_ns,
                midi,
            }
            .encode(bytes);
            self.seq = self.seq.wrapping_add(1);
        }
    }
}

/// The thread that listens.
struct Reader {
    line: Arc<Line>,
    decoder: Decoder,
    pings: rtrb::Producer<(u32, u64)>,
}

impl Reader {
    /// `rest` came with the welcome at `rest_ns`.
    fn run(mut self, rest: &[u8], rest_ns: u64) {
        let line = Arc::clone(&self.line);
        let (mut heard_ns, mut leaving_ns) = (rest_ns, None);
        let mut buffer = [0; 1024];
        if !self.hear(rest, rest_ns) {
            return line.end();
        }
        loop {
            let read = (&line.stream).read(&mut buffer);
            let now_ns = line.clock.now_ns();
            let goes_on = match read {
                Ok(0) => false,
                Ok(n) => {
                    heard_ns = now_ns;
                    self.hear(buffer.get(..n).unwrap_or_default(), now_ns)
                }
                Err(e) => is_pause(&e),
            };
            if line.leaving.load(SeqCst) && leaving_ns.is_none() {
                leaving_ns = Some(now_ns);
            }
            let late = leaving_ns.is_some_and(|ns| now_ns.saturating_sub(ns) > FAREWELL_NS);
            let dead = now_ns.saturating_sub(heard_ns) >= DEAD_NS;
            if !goes_on || late || dead || line.gone.load(SeqCst) {
                return line.end();
            }
        }
    }

    /// Takes bytes in; false if the line is at its end.
    fn hear(&mut self, mut bytes: &[u8], now_ns: u64) -> bool {
        loop {
            let goes_on = match self.decoder.next(&mut bytes) {
                Ok(Some(frame)) => self.heed(frame, now_ns),
                Ok(None) => return true,
                Err(_) => false,
            };
            if !goes_on {
                return false;
            }
        }
    }

    fn heed(&mut self, frame: Frame, now_ns: u64) -> bool {
        let link = &self.line.link;
        match frame {
            Frame::Ping { id } => {
                // One that finds no room is not answered, and nobody waits for it.
                let _ = self.pings.push((id, now_ns));
                true
            }
            Frame::Report(report) => {
                link.rtt_us.store(report.rtt_us, Relaxed);
                link.delay_ms.store(report.delay_ms, Relaxed);
                link.wanted_delay_ms.store(report.wanted_ms, Relaxed);
                link.played.store(report.played, Relaxed);
                link.late.store(report.late, Relaxed);
                link.p99_late_us.store(report.p99_late_us, Relaxed);
                true
            }
            Frame::Output(name) => {
                link.set_far(&name);
                true
            }
            Frame::Trouble(text) => {
                link.set_trouble(&text);
                true
            }
            Frame::Refuse { why, text } => {
                link.set_trouble(match why {
                    Refusal::Ended => "the receiver has ended",
                    _ => &text,
                });
                false
            }
            // Only a receiver that is none says anything else.
            _ => false,
        }
    }
}
