//! [`Line`]: a session and its stream on two UDP sockets. One call of `turn` does all that is due
//! and never waits; whoever calls it owns the thread.

use super::payload::{self, Message};
use super::session::{Event, Outbox, Outgoing, Port, Session, Why};
use super::session_packet::{MAX_PACKET, SessionPacket};
use super::stream::Stream;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Packets read from each socket in one turn, at most, so that a flood delays no note for long.
const READS: usize = 32;

/// Packets of notes sent in one turn, at most; each holds over a hundred messages.
const WRITES: usize = 2;

/// Messages that wait for their packet, at most.
const WAITING: usize = 16_384;

/// How often a free pair of ports is looked for.
const PAIR_TRIES: u32 = 32;

/// Two sockets on neighbouring ports, neither of which blocks. With port 0, any free pair whose first
/// is even: there are peers that tell the two apart by that.
///
/// # Errors
/// If the system has none, or the ports are in use.
pub fn bind_pair(ip: IpAddr, port: u16) -> io::Result<[UdpSocket; 2]> {
    let mut tries = if port == 0 { PAIR_TRIES } else { 1 };
    loop {
        let pair = (|| {
            let control = UdpSocket::bind((ip, port))?;
            let own = control.local_addr()?.port();
            if port == 0 && own % 2 == 1 {
                let before = UdpSocket::bind((ip, own - 1))?;
                return Ok([before, control]);
            }
            let next = (own.checked_add(1))
                .ok_or_else(|| io::Error::other("there is no port after 65535"))?;
            Ok([control, UdpSocket::bind((ip, next))?])
        })();
        tries -= 1;
        match pair {
            Ok(pair) => {
                pair.iter()
                    .try_for_each(|socket| socket.set_nonblocking(true))?;
                return Ok(pair);
            }
            Err(error) if tries == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

/// Both ends of a conversation with one peer at a time.
#[derive(Debug)]
pub struct Line {
    control: UdpSocket,
    data: UdpSocket,
    /// Whether the sockets know of one peer only.
    connected: bool,
    session: Session,
    stream: Option<Stream>,
    waiting: VecDeque<Message>,
    outbox: Outbox,
    buffer: Vec<u8>,
    /// Messages sent to the joined peer.
    sent: u64,
    /// Where the numbering of the next stream begins.
    start: u16,
}

impl Line {
    /// A session as host: whoever comes first is joined. `random` numbers its packets.
    #[must_use]
    pub fn host([control, data]: [UdpSocket; 2], random: u64) -> Self {
        Self::with(control, data, false, Session::host(random as u32), random)
    }

    /// A session with the peer at this control address; gives up at `give_up_ns`. `random` becomes
    /// its numbers.
    ///
    /// # Errors
    /// If the sockets cannot be bound to that address.
    pub fn invite(
        [control, data]: [UdpSocket; 2],
        peer: SocketAddr,
        random: u64,
        now_ns: u64,
        give_up_ns: u64,
    ) -> io::Result<Self> {
        // What others send to these ports stays outside, and a machine without such a program says so.
        control.connect(peer)?;
        data.connect(SocketAddr::new(peer.ip(), peer.port().saturating_add(1)))?;
        let ssrc = random as u32;
        let session = Session::invite(peer, ssrc, (random >> 32) as u32, now_ns, give_up_ns);
        Ok(Self::with(control, data, true, session, random))
    }

    fn with(
        control: UdpSocket,
        data: UdpSocket,
        connected: bool,
        session: Session,
        random: u64,
    ) -> Self {
        Self {
            control,
            data,
            connected,
            session,
            stream: None,
            waiting: VecDeque::new(),
            outbox: Outbox::default(),
            // A byte more than the longest, to tell one that is cut off.
            buffer: vec![0; MAX_PACKET + 1],
            sent: 0,
            start: (random >> 16) as u16,
        }
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Messages sent to the joined peer since it joined.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Room for messages.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.waiting.len() < WAITING
    }

    /// Takes a message to be sent in the next turn. Without a peer it is dropped, and so is what is
    /// no whole message.
    pub fn put(&mut self, scheduled_ns: u64, bytes: &[u8]) {
        if self.stream.is_some()
            && self.has_room()
            && let Some(message) = Message::new(scheduled_ns / payload::TICK_NS, bytes)
        {
            self.waiting.push_back(message);
        }
    }

    /// Hears what came, sends what is due, and tells what happened.
    pub fn turn(&mut self, now_ns: u64, mut tell: impl FnMut(Event)) {
        for port in [Port::Control, Port::Data] {
            for _ in 0..READS {
                if !self.read(port, now_ns) {
                    break;
                }
            }
        }
        self.session.turn(now_ns, &mut self.outbox);
        self.flush_session();
        for event in std::mem::take(&mut self.outbox.events) {
            match event {
                Event::Joined => {
                    self.start = self.start.wrapping_add(0x3a5d);
                    self.stream = Some(Stream::new(self.session.ssrc(), self.start));
                    self.waiting.clear();
                    self.sent = 0;
                }
                Event::Heard(seq) => {
                    if let Some(stream) = &mut self.stream {
                        stream.heard(seq);
                    }
                }
                Event::Left(_) => {
                    self.stream = None;
                    self.waiting.clear();
                }
            }
            tell(event);
        }
        self.write_notes(now_ns);
    }

    /// Whether messages wait for their packet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sends the journal twice more, should the last packet be lost, and asks the peer for a sign
    /// that it has read all this: see [`Session::is_asked`].
    pub fn finish(&mut self, now_ns: u64) {
        for _ in 0..2 {
            if let Some(packet) = (self.stream.as_mut()).and_then(|stream| stream.repeat(now_ns)) {
                self.send_notes(&packet);
            }
        }
        self.session.ask(now_ns);
    }

    /// Leaves at once. A goodbye goes to another port than notes and may overtake them.
    pub fn end(&mut self) {
        self.session.end(&mut self.outbox);
        self.flush_session();
    }

    fn write_notes(&mut self, now_ns: u64) {
        for _ in 0..WRITES {
            let Some(stream) = &mut self.stream else {
                return;
            };
            let before = self.waiting.len();
            let packet = match stream.next(&mut self.waiting, now_ns) {
                Some(packet) => packet,
                None => match stream.guard(now_ns) {
                    Some(packet) => packet,
                    None => return,
                },
            };
            self.sent += (before - self.waiting.len()) as u64;
            self.send_notes(&packet);
        }
    }

    fn send_notes(&mut self, packet: &[u8]) {
        if let Some((_, to)) = self.session.joined() {
            self.send(Port::Data, to, packet);
        }
    }

    fn flush_session(&mut self) {
        for Outgoing { port, to, packet } in std::mem::take(&mut self.outbox.packets) {
            self.send(port, to, &packet.encode());
        }
    }

    fn send(&mut self, port: Port, to: SocketAddr, bytes: &[u8]) {
        let socket = self.socket(port);
        let sent = if self.connected {
            socket.send(bytes)
        } else {
            socket.send_to(bytes, to)
        };
        // A packet that the system does not take is like one lost on the way.
        if let Err(error) = sent {
            self.blame(&error);
        }
    }

    const fn socket(&self, port: Port) -> &UdpSocket {
        match port {
            Port::Control => &self.control,
            Port::Data => &self.data,
        }
    }

    /// Reads one packet; false if there is none.
    fn read(&mut self, port: Port, now_ns: u64) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.socket(port).recv_from(&mut buffer);
        let more = match read {
            Ok((length, from)) => {
                if let Some(bytes) = buffer.get(..length) {
                    self.take(port, from, bytes, now_ns);
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => {
                self.blame(&error);
                true
            }
        };
        self.buffer = buffer;
        more
    }

    fn take(&mut self, port: Port, from: SocketAddr, bytes: &[u8], now_ns: u64) {
        if SessionPacket::is_one(bytes) {
            if let Ok(packet) = SessionPacket::decode(bytes) {
                self.session
                    .receive(port, from, packet, now_ns, &mut self.outbox);
            }
        } else if port == Port::Data
            && let Ok(packet) = payload::decode(bytes)
        {
            let header = packet.header;
            self.session
                .receive_notes(from, header.ssrc, header.seq, now_ns);
        }
    }

    fn blame(&mut self, error: &io::Error) {
        // The second is the name that Windows has for it.
        let refused = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];
        if self.connected && refused.contains(&error.kind()) {
            self.session.unreachable(&mut self.outbox);
        }
    }
}

/// Why a session has no peer, as a sentence's end.
pub(super) const fn tell(why: Why) -> &'static str {
    match why {
        Why::Refused => "it refuses the invitation",
        Why::NoAnswer(_) => "it does not answer",
        Why::Nobody => "no program takes RTP-MIDI there",
        Why::Bye => "it has left the session",
        Why::Silent => "it has not answered for a minute",
    }
}
