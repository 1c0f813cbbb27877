//! [`House`]: what all connections to a receiver share: the stage, the key of its token, who plays.

use super::frame::Report;
use super::guest::DEAD_NS;
use super::secret::Key;
use super::stage::Stage;

/// A player that joins again takes the place of its own connection if that was quiet for so
/// long, in nanoseconds: several pings. A connection that lives is heard more often.
const REJOIN_NS: u64 = 250_000_000;

/// What a receiver plays into, and how that is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The output's name, sanitised.
    pub output: String,
    /// What is wrong with it, with a hint, sanitised; empty if nothing is.
    pub trouble: String,
    /// 99th percentile of how late notes left lately, in microseconds.
    pub p99_late_us: u32,
}

/// The connection that plays.
#[derive(Clone, Copy, Debug)]
struct Holder {
    guest: u64,
    player: u64,
    heard_ns: u64,
}

/// What all connections share.
pub struct House {
    /// What is played.
    pub stage: Stage,
    /// How the output is.
    pub health: Health,
    key: Key,
    holder: Option<Holder>,
    guests: u64,
}

impl House {
    /// A house in which nobody plays yet.
    #[must_use]
    pub fn new(stage: Stage, key: Key) -> Self {
        Self {
            stage,
            health: Health::default(),
            key,
            holder: None,
            guests: 0,
        }
    }

    /// How it goes.
    #[must_use]
    pub fn report(&self) -> Report {
        let (played, late) = self.stage.counts();
        Report {
            rtt_us: self.stage.rtt_us(),
            delay_ms: self.stage.delay_ms(),
            wanted_ms: self.stage.wanted_ms(),
            played,
            late,
            p99_late_us: self.health.p99_late_us,
        }
    }

    /// Whether somebody plays.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        self.holder.is_some()
    }

    pub(super) const fn key(&self) -> &Key {
        &self.key
    }

    /// The number of the next connection.
    pub(super) const fn number(&mut self) -> u64 {
        self.guests += 1;
        self.guests
    }

    /// Whether that connection plays.
    pub(super) fn is_held_by(&self, guest: u64) -> bool {
        self.holder.is_some_and(|holder| holder.guest == guest)
    }

    /// Something came from a connection; false if it is another that plays.
    pub(super) fn hear(&mut self, guest: u64, now_ns: u64) -> bool {
        let holder = self.holder.as_mut().filter(|holder| holder.guest == guest);
        let Some(holder) = holder else { return false };
        holder.heard_ns = now_ns;
        self.stage.heard(now_ns);
        true
    }

    /// Nobody plays any more.
    pub(super) fn vacate(&mut self, now_ns: u64) {
        self.holder = None;
        self.stage.silence(now_ns);
    }

    /// Lets a guest that has proven the token play, if nobody else does.
    pub(super) fn admit(&mut self, guest: u64, player: u64, now_ns: u64) -> bool {
        if let Some(holder) = self.holder {
            let same = holder.player == player;
            let patience = if same { REJOIN_NS } else { DEAD_NS };
            if now_ns.saturating_sub(holder.heard_ns) < patience {
                return false;
            }
        }
        self.holder = Some(Holder {
            guest,
            player,
            heard_ns: now_ns,
        });
        self.stage.begin(now_ns);
        true
    }
}
