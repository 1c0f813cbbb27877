//! [`Sync`]: the three clock messages of a session, as who asks and as who answers, and the round
//! trip they measure.

use super::payload::TICK_NS;
use super::session_packet::SessionPacket;

/// Times the initiator asks in quick succession after joining.
const QUICK: u32 = 6;

/// Between two of these, in nanoseconds.
const QUICK_NS: u64 = 250_000_000;

/// Between two questions after that.
const EVERY_NS: u64 = 10_000_000_000;

/// A question without an answer is asked again after this.
const AGAIN_NS: u64 = 1_000_000_000;

/// Round trips that the median is taken of.
const KEPT: usize = 9;

#[derive(Debug, Default)]
pub(super) struct Sync {
    /// When the next question is due; never, unless we are the initiator.
    due_ns: Option<u64>,
    asked: u32,
    /// The time written in the question, or in the answer, that waits for its echo, and when it was
    /// sent in nanoseconds.
    question: Option<(u64, u64)>,
    answer: Option<(u64, u64)>,
    trips_us: Vec<u32>,
    rtt_us: u32,
}

impl Sync {
    /// For the side that asks, from now on.
    pub(super) fn asking(now_ns: u64) -> Self {
        Self {
            due_ns: Some(now_ns),
            ..Self::default()
        }
    }

    /// Makes a question due now, whoever asks in this session.
    pub(super) const fn ask(&mut self, now_ns: u64) {
        self.due_ns = Some(now_ns);
    }

    /// Whether a question waits for its answer, or for its turn.
    pub(super) fn is_asked(&self, now_ns: u64) -> bool {
        self.question.is_some() || self.due_ns.is_some_and(|due| due <= now_ns)
    }

    /// A question, if one is due.
    pub(super) fn turn(&mut self, ssrc: u32, now_ns: u64) -> Option<SessionPacket> {
        self.due_ns.filter(|due| *due <= now_ns)?;
        self.asked = self.asked.saturating_add(1);
        self.due_ns = Some(
            now_ns
                + if self.asked < QUICK {
                    QUICK_NS
                } else {
                    AGAIN_NS
                },
        );
        let ticks = now_ns / TICK_NS;
        self.question = Some((ticks, now_ns));
        Some(SessionPacket::Clock {
            ssrc,
            count: 0,
            times: [ticks, 0, 0],
        })
    }

    /// What a clock message is answered with. Answers to nothing that was asked are ignored.
    pub(super) fn hear(
        &mut self,
        (count, times): (u8, [u64; 3]),
        ssrc: u32,
        now_ns: u64,
    ) -> Option<SessionPacket> {
        let ticks = now_ns / TICK_NS;
        let [first, second, _] = times;
        match count {
            0 => {
                self.answer = Some((ticks, now_ns));
                Some(SessionPacket::Clock {
                    ssrc,
                    count: 1,
                    times: [first, ticks, 0],
                })
            }
            1 => {
                let (_, sent_ns) = self.question.take_if(|(ticks, _)| *ticks == first)?;
                self.trip(now_ns.saturating_sub(sent_ns));
                if self.asked >= QUICK {
                    self.due_ns = self.due_ns.map(|_| now_ns + EVERY_NS);
                }
                Some(SessionPacket::Clock {
                    ssrc,
                    count: 2,
                    times: [first, second, ticks],
                })
            }
            _ => {
                let (_, sent_ns) = self.answer.take_if(|(ticks, _)| *ticks == second)?;
                self.trip(now_ns.saturating_sub(sent_ns));
                None
            }
        }
    }

    fn trip(&mut self, ns: u64) {
        if self.trips_us.len() >= KEPT {
            self.trips_us.remove(0);
        }
        let us = u32::try_from(ns / 1_000).unwrap_or(u32::MAX).max(1);
        self.trips_us.push(us);
        let mut sorted = self.trips_us.clone();
        sorted.sort_unstable();
        self.rtt_us = sorted.get(sorted.len() / 2).copied().unwrap_or(us);
    }

    /// The median of the last round trips in microseconds, 0 while there is none.
    pub(super) const fn rtt_us(&self) -> u32 {
        self.rtt_us
    }
}
