//! [`Stage`]: what a receiver does with events: when each is due here, in which order, what is too
//! much, and when all is silenced. Knows no sockets and no clock; commands go out by a ring to the
//! scheduler.

use super::midi::Midi;
use super::offset::{Exchange, Offset};
use crate::live::wires::{Command, Raw};
use crate::message::MOST_DELAY_MS;
use std::collections::VecDeque;

const MS: u64 = 1_000_000;

/// Events a second that are taken for long, and at once after a pause.
pub const MOST_EVENTS: f64 = 2_000.0;
const BURST: f64 = 4_000.0;
/// Events that wait for their time at most: fewer than the scheduler takes, so that a
/// silence never waits behind them.
const WAITING: usize = 3_500;
/// After this long without a word, or the delay if that is longer, notes that sound are closed; in
/// nanoseconds.
pub const STALL_NS: u64 = 400 * MS;
/// No event waits longer than the delay and this, in nanoseconds, whatever its time says.
const AHEAD_NS: u64 = 500 * MS;
/// Nothing has played for this long, in nanoseconds: the offset may step.
const IDLE_NS: u64 = 1_000 * MS;
/// Room above the worst way of an event in the delay that is wanted, in nanoseconds.
const ROOM_NS: i64 = 5_000_000;
/// For how many seconds the worst way is remembered.
const MEMORY_S: u64 = 10;

/// More comes in than anybody plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_EVENTS} messages a second come in")]
pub struct Flood;

/// A right to do something so often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    level: f64,
    most: f64,
    a_second: f64,
    at_ns: u64,
}

impl Bucket {
    /// Full at `now_ns`.
    pub(super) const fn new(most: f64, a_second: f64, now_ns: u64) -> Self {
        Self {
            level: most,
            most,
            a_second,
            at_ns: now_ns,
        }
    }

    /// Whether it may be done once more.
    pub(super) fn take(&mut self, now_ns: u64) -> bool {
        let passed = now_ns.saturating_sub(self.at_ns) as f64 / 1e9;
        self.at_ns = self.at_ns.max(now_ns);
        self.level = (self.level + passed * self.a_second).min(self.most);
        let may = self.level >= 1.0;
        if may {
            self.level -= 1.0;
        }
        may
    }
}

/// What is played, and how it goes.
pub struct Stage {
    /// Gone once the receiver ends.
    commands: Option<rtrb::Producer<Command>>,
    offset: Offset,
    delay_ms: u16,
    bucket: Bucket,
    /// When the last event is due.
    last_ns: u64,
    /// When the events under way are due.
    waiting: VecDeque<u64>,
    /// Keys that sound, or will, by channel.
    sounding: [u128; 16],
    /// A machine that follows the clock runs; the time is when it has been stopped, if it will be.
    running: Option<u64>,
    /// The ring was full when all was to be silenced.
    owes_silence: bool,
    heard_ns: u64,
    event_ns: u64,
    stalled: bool,
    /// Notes due before this came in when their time was long over.
    stale_ns: u64,
    played: u64,
    late: u64,
    /// The worst way of each of the last seconds, in nanoseconds.
    worst: VecDeque<(u64, i64)>,
}

impl Stage {
    /// Plays into `commands`, everything `delay_ms` after its time.
    #[must_use]
    pub fn new(commands: rtrb::Producer<Command>, delay_ms: u16) -> Self {
        Self {
            commands: Some(commands),
            offset: Offset::default(),
            delay_ms: delay_ms.min(MOST_DELAY_MS),
            bucket: Bucket::new(BURST, MOST_EVENTS, 0),
            last_ns: 0,
            waiting: VecDeque::with_capacity(WAITING),
            sounding: [0; 16],
            running: None,
            owes_silence: false,
            heard_ns: 0,
            event_ns: 0,
            stalled: false,
            stale_ns: 0,
            played: 0,
            late: 0,
            worst: VecDeque::new(),
        }
    }

    /// A player has joined.
    pub fn begin(&mut self, now_ns: u64) {
        self.silence(now_ns);
        self.bucket = Bucket::new(BURST, MOST_EVENTS, now_ns);
        (self.played, self.late) = (0, 0);
        self.worst.clear();
        (self.heard_ns, self.stalled, self.stale_ns) = (now_ns, false, 0);
    }

    /// Something came from the player, whatever it is.
    pub fn heard(&mut self, now_ns: u64) {
        self.heard_ns = now_ns;
        if std::mem::take(&mut self.stalled) {
            self.stale_ns = now_ns;
        }
    }

    /// Both clocks were compared.
    pub fn compare(&mut self, exchange: &Exchange) {
        self.offset.add(exchange);
    }

    /// Plays a message that is due at `at_ns` on the player's clock.
    ///
    /// # Errors
    /// There are too many.
    pub fn event(&mut self, at_ns: u64, midi: Midi, now_ns: u64) -> Result<(), Flood> {
        self.forget_past(now_ns);
        if !self.bucket.take(now_ns) || self.waiting.len() >= WAITING {
            return Err(Flood);
        }
        if !self.pay_silence() {
            return Ok(());
        }
        self.event_ns = now_ns;
        let due_ns = self.due(at_ns, now_ns);
        if due_ns < now_ns {
            self.late += 1;
        }
        if midi.begins().is_some() && due_ns < self.stale_ns {
            // A line that stood still lets go of everything at once; nobody wants to hear that.
            return Ok(());
        }
        let at_ns = due_ns.max(now_ns).max(self.last_ns);
        let (bytes, len) = midi.parts();
        if !self.push(Command::Raw(Raw { at_ns, bytes, len })) {
            self.silence(now_ns);
            return Ok(());
        }
        self.last_ns = at_ns;
        self.waiting.push_back(at_ns);
        self.played += 1;
        self.follow(midi, at_ns);
        Ok(())
    }

    /// Closes everything and drops what waits; a machine that follows the clock is stopped.
    pub fn silence(&mut self, now_ns: u64) {
        let runs = self.running.take().is_some_and(|stops| stops > now_ns);
        self.close_all(now_ns);
        if runs {
            let bytes = [0xfc, 0, 0];
            let at_ns = now_ns;
            self.push(Command::Raw(Raw {
                at_ns,
                bytes,
                len: 1,
            }));
        }
    }

    /// Looks after what time brings: a line that stands still, a silence that is owed.
    pub fn turn(&mut self, now_ns: u64) {
        self.forget_past(now_ns);
        self.pay_silence();
        let quiet = self.waiting.is_empty() && self.sounding == [0; 16];
        // With a long delay what has come already lasts for longer.
        let patience = STALL_NS.max(u64::from(self.delay_ms) * MS + 50 * MS);
        if now_ns.saturating_sub(self.heard_ns) >= patience {
            self.stalled = true;
            if !quiet {
                // The clock is not stopped: its ticks are only late, and none may be missing.
                self.close_all(now_ns);
            }
        }
        if quiet && now_ns.saturating_sub(self.event_ns) >= IDLE_NS {
            self.offset.settle();
        }
    }

    /// Silences and takes nothing more.
    pub fn close(&mut self, now_ns: u64) {
        self.silence(now_ns);
        self.commands = None;
    }

    /// Sets the fixed delay, at most [`MOST_DELAY_MS`].
    pub fn set_delay(&mut self, ms: u16) {
        self.delay_ms = ms.min(MOST_DELAY_MS);
    }

    /// The fixed delay in milliseconds.
    #[must_use]
    pub const fn delay_ms(&self) -> u16 {
        self.delay_ms
    }

    /// Events taken and, of them, those that came after their time, since the player joined.
    #[must_use]
    pub const fn counts(&self) -> (u64, u64) {
        (self.played, self.late)
    }

    /// The delay that would have been enough lately, in milliseconds; 0 while unknown.
    #[must_use]
    pub fn wanted_ms(&self) -> u16 {
        let worst = self.worst.iter().map(|(_, way)| *way).max();
        let wanted = worst.map_or(0, |way| (way + ROOM_NS).max(ROOM_NS));
        u16::try_from((wanted as u64).div_ceil(MS)).unwrap_or(u16::MAX)
    }

    /// The median round trip in microseconds; 0 while unknown.
    #[must_use]
    pub fn rtt_us(&self) -> u32 {
        self.offset.rtt_us()
    }

    /// When an event of `at_ns` on the player's clock is due here; notes how long it was on the way.
    fn due(&mut self, at_ns: u64, now_ns: u64) -> u64 {
        let delay_ns = u64::from(self.delay_ms) * MS;
        let Some(offset) = self.offset.ns(now_ns) else {
            return now_ns.saturating_add(delay_ns);
        };
        let here = at_ns.wrapping_add_signed(offset);
        // Also right where the sum went round, in either direction.
        let way = now_ns.wrapping_sub(here) as i64;
        let way = way.clamp(-(AHEAD_NS as i64), i64::MAX / 2);
        let second = now_ns / (1_000 * MS);
        match self.worst.back_mut() {
            Some((last, worst)) if *last == second => *worst = way.max(*worst),
            _ => self.worst.push_back((second, way)),
        }
        (self.worst).retain(|(at, _)| second.saturating_sub(*at) < MEMORY_S);
        now_ns
            .saturating_add_signed(way.saturating_neg())
            .saturating_add(delay_ns)
    }

    fn follow(&mut self, midi: Midi, at_ns: u64) {
        if let Some((channel, key)) = midi.begins()
            && let Some(keys) = self.sounding.get_mut(usize::from(channel))
        {
            *keys |= 1 << (key & 127);
        }
        if let Some((channel, key)) = midi.ends()
            && let Some(keys) = self.sounding.get_mut(usize::from(channel))
        {
            *keys &= !(1 << (key & 127));
        }
        if midi.starts() {
            self.running = Some(u64::MAX);
        }
        if midi.stops() && self.running.is_some() {
            self.running = Some(at_ns);
        }
    }

    fn close_all(&mut self, now_ns: u64) {
        self.waiting.clear();
        self.sounding = [0; 16];
        self.last_ns = now_ns;
        self.owes_silence = true;
        self.pay_silence();
    }

    /// Whether none is owed any more.
    fn pay_silence(&mut self) -> bool {
        if self.owes_silence && self.push(Command::Silence) {
            self.owes_silence = false;
        }
        !self.owes_silence
    }

    fn forget_past(&mut self, now_ns: u64) {
        while self.waiting.front().is_some_and(|due| *due <= now_ns) {
            self.waiting.pop_front();
        }
    }

    fn push(&mut self, command: Command) -> bool {
        (self.commands.as_mut()).is_none_or(|commands| commands.push(command).is_ok())
    }
}

#[cfg(test)]
mod tests;
