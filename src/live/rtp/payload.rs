//! RTP packets of MIDI messages (RFC 6295, sections 2 and 3) to and from bytes. The recovery
//! journal that ends a packet is written by `journal`; which messages share a packet is decided in
//! `stream`.

use super::session_packet::MAX_PACKET;

/// The unit of time of AppleMIDI sessions, in nanoseconds.
pub const TICK_NS: u64 = 100_000;

/// AppleMIDI's payload type.
const PAYLOAD_TYPE: u8 = 97;

/// The largest delta time, 28 bits.
const MAX_DELTA: u64 = 0x0fff_ffff;

/// A whole MIDI message other than system exclusive, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// When, in units of [`TICK_NS`] on the session's clock.
    pub at: u64,
    bytes: [u8; 3],
    len: u8,
}

impl Message {
    /// A message of the session, if `bytes` are exactly one that can travel.
    #[must_use]
    pub fn new(at: u64, bytes: &[u8]) -> Option<Self> {
        let (status, data) = bytes.split_first()?;
        if bytes.len() != length(*status)? || data.iter().any(|byte| *byte > 127) {
            return None;
        }
        let mut message = Self {
            at,
            bytes: [0; 3],
            len: bytes.len() as u8,
        };
        (message.bytes.iter_mut().zip(bytes)).for_each(|(to, from)| *to = *from);
        Some(message)
    }

    /// Its bytes, status first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether it belongs to no channel.
    #[must_use]
    pub const fn is_system(&self) -> bool {
        self.bytes[0] >= 0xf0
    }
}

/// Bytes of a message by its status; none for what is no message or has no fixed length.
const fn length(status: u8) -> Option<usize> {
    match status {
        0x80..=0xbf | 0xe0..=0xef | 0xf2 => Some(3),
        0xc0..=0xdf | 0xf1 | 0xf3 => Some(2),
        0xf6 | 0xf8..=0xff => Some(1),
        _ => None,
    }
}

/// What stands at the front of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Counts packets.
    pub seq: u16,
    /// The time of the first message, the low 32 bits.
    pub ticks: u32,
    /// Who sends.
    pub ssrc: u32,
}

/// A packet as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'p> {
    /// Its front.
    pub header: Header,
    /// Its messages, system exclusive left out; times are of 32 bits plus what the deltas add.
    pub messages: Vec<Message>,
    /// The recovery journal, if it has one.
    pub journal: Option<&'p [u8]>,
}

/// Why bytes are no packet of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It is not RTP, or another payload.
    #[error("no RTP-MIDI packet")]
    Foreign,
    /// It ends too early.
    #[error("an RTP-MIDI packet that ends too early")]
    Short,
    /// It is longer than any sender needs.
    #[error("an RTP-MIDI packet that is too long")]
    Long,
    /// Bytes that are no MIDI.
    #[error("an RTP-MIDI packet with bytes that are no MIDI")]
    Midi,
}

/// A packet as it is sent. `list` comes from [`put_message`].
#[must_use]
pub fn encode(header: &Header, list: &[u8], journal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(14 + list.len() + journal.len());
    // The marker tells that there are messages.
    let marker = if list.is_empty() { 0 } else { 0x80 };
    out.extend([0x80, marker | PAYLOAD_TYPE]);
    out.extend(header.seq.to_be_bytes());
    out.extend(header.ticks.to_be_bytes());
    out.extend(header.ssrc.to_be_bytes());
    let journaled = if journal.is_empty() { 0 } else { 0x40 };
    let length = list.len().min(0xfff) as u16;
    if length <= 15 {
        out.push(journaled | length as u8);
    } else {
        out.extend((0x8000 | u16::from(journaled) << 8 | length).to_be_bytes());
    }
    out.extend(list.iter().take(usize::from(length)));
    out.extend(journal);
    out
}

/// Writes a message at the end of `list`, after `before`, the one before it there. Every message
/// keeps its status byte, for not every peer knows running status.
pub fn put_message(list: &mut Vec<u8>, before: Option<&Message>, message: &Message) {
    if let Some(before) = before {
        let delta = message.at.saturating_sub(before.at).min(MAX_DELTA);
        for shift in [21, 14, 7] {
            if delta >> shift > 0 {
                list.push(0x80 | (delta >> shift) as u8 & 0x7f);
            }
        }
        list.push(delta as u8 & 0x7f);
    }
    list.extend(message.bytes());
}

/// Reads a packet.
///
/// # Errors
/// If the bytes are no packet of MIDI messages.
pub fn decode(bytes: &[u8]) -> Result<Packet<'_>, PayloadError> {
    if bytes.len() > MAX_PACKET {
        return Err(PayloadError::Long);
    }
    let (front, mut rest) = (bytes.split_first_chunk::<12>()).ok_or(PayloadError::Short)?;
    let [flags, kind, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *front;
    if flags & 0xc0 != 0x80 || kind & 0x7f != PAYLOAD_TYPE {
        return Err(PayloadError::Foreign);
    }
    let header = Header {
        seq: u16::from_be_bytes([s0, s1]),
        ticks: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
    };
    // What RTP may put around a payload: padding behind, contributors and an extension before.
    if flags & 0x20 != 0 {
        let padding = usize::from(*rest.last().ok_or(PayloadError::Short)?);
        let kept = rest.len().checked_sub(padding);
        rest = kept
            .and_then(|n| rest.get(..n))
            .ok_or(PayloadError::Short)?;
    }
    let _ = take(&mut rest, 4 * usize::from(flags & 0x0f))?;
    if flags & 0x10 != 0 {
        let _ = take(&mut rest, 2)?;
        let words = number(take(&mut rest, 2)?);
        let _ = take(&mut rest, 4 * words)?;
    }
    let (first, mut rest) = rest.split_first().ok_or(PayloadError::Short)?;
    let mut length = usize::from(first & 0x0f);
    if first & 0x80 != 0 {
        length = length << 8 | number(take(&mut rest, 1)?);
    }
    let list = take(&mut rest, length)?;
    Ok(Packet {
        header,
        messages: read_list(list, first & 0x20 != 0, u64::from(header.ticks))?,
        journal: (first & 0x40 != 0).then_some(rest),
    })
}

/// Reads the messages. With `first_delta` the first one has a delta time too.
fn read_list(list: &[u8], first_delta: bool, ticks: u64) -> Result<Vec<Message>, PayloadError> {
    let mut messages = Vec::new();
    let mut rest = list;
    let mut running = None;
    let mut at = ticks;
    let mut delta_next = first_delta;
    while !rest.is_empty() {
        if delta_next {
            at += take_delta(&mut rest)?;
        }
        delta_next = true;
        // A list may end on a time without a message.
        let Some(&front) = rest.first() else { break };
        if front == 0xf0 || front == 0xf7 {
            // A piece of system exclusive ends in one of three ways.
            let end = (rest.iter().skip(1)).position(|byte| matches!(byte, 0xf0 | 0xf4 | 0xf7));
            let end = end.ok_or(PayloadError::Short)?;
            let piece = take(&mut rest, end + 2)?;
            if piece.iter().skip(1).take(end).any(|byte| *byte > 127) {
                return Err(PayloadError::Midi);
            }
            running = None;
            continue;
        }
        let status = if front < 0x80 {
            running.ok_or(PayloadError::Midi)?
        } else {
            let _ = take(&mut rest, 1)?;
            front
        };
        let length = length(status).ok_or(PayloadError::Midi)?;
        let data = take(&mut rest, length - 1)?;
        let mut whole = [status, 0, 0];
        (whole.iter_mut().skip(1).zip(data)).for_each(|(to, from)| *to = *from);
        let message = whole
            .get(..length)
            .and_then(|whole| Message::new(at, whole));
        messages.push(message.ok_or(PayloadError::Midi)?);
        match status {
            0..=0xef => running = Some(status),
            0xf0..=0xf7 => running = None,
            0xf8..=0xff => {}
        }
    }
    Ok(messages)
}

fn take_delta(rest: &mut &[u8]) -> Result<u64, PayloadError> {
    let mut delta = 0;
    for _ in 0..4 {
        let byte = number(take(rest, 1)?) as u64;
        delta = delta << 7 | byte & 0x7f;
        if byte & 0x80 == 0 {
            return Ok(delta);
        }
    }
    Err(PayloadError::Midi)
}

fn take<'p>(rest: &mut &'p [u8], n: usize) -> Result<&'p [u8], PayloadError> {
    let (taken, left) = rest.split_at_checked(n).ok_or(PayloadError::Short)?;
    *rest = left;
    Ok(taken)
}

/// A big-endian number of one or two bytes.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte))
}
