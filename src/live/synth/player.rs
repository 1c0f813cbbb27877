//! [`Player`]: strokes out of a ring into samples, each at its own. It runs in the sound
//! card's callback: nothing in it allocates, locks, logs or waits. Cards are not named here.
// Without a card nothing but the tests uses it.
#![cfg_attr(not(feature = "audio"), allow(dead_code))]

use super::timing::Timeline;
use crate::audio::drummer::Drummer;
use crate::audio::render::Instrument;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Frames rendered at once; the ring and the clock are looked at between two blocks.
const BLOCK: usize = 16;

/// Strokes waiting for their sample, at most; more than nine lanes of a whole bar.
const WAITING: usize = 256;

/// How late a note may be handed over and still be played in time, at first. In nanoseconds.
const FIRST_MARGIN_NS: u64 = 3_000_000;

/// What it may grow to.
const LAST_MARGIN_NS: u64 = 8_000_000;

/// It grows by a thousandth of the time that passes: half a millisecond between two beats, which nobody hears.
const GROWTH: u64 = 1_000;

/// What the real-time thread hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A stroke.
    Stroke {
        /// When it was due.
        scheduled_ns: u64,
        /// When it was handed over.
        sent_ns: u64,
        /// Which drum, as a MIDI note.
        pitch: u8,
        /// How hard, 1 to 127.
        velocity: u8,
    },
    /// Silence everything, and forget what waits.
    AllOff,
}

/// What other threads may see and say, without a lock.
#[derive(Debug, Default)]
pub struct Shared {
    /// Bits of the loudest sample since it was last taken; of positive numbers the larger has the larger bits.
    peak: AtomicU32,
    late: AtomicU32,
    dropouts: AtomicU32,
    played_ns: AtomicU64,
    trusted: AtomicBool,
    muted: AtomicBool,
    lost: AtomicBool,
    closing: AtomicBool,
    silent: AtomicBool,
}

impl Shared {
    /// The loudest sample since the last call, 0 to 1.
    #[must_use]
    pub fn take_peak(&self) -> f32 {
        f32::from_bits(self.peak.swap(0, Relaxed))
    }

    /// Strokes that came too late for their sample and were played as soon as possible.
    #[must_use]
    pub fn late(&self) -> u32 {
        self.late.load(Relaxed)
    }

    /// Times the card ran out of samples.
    #[must_use]
    pub fn dropouts(&self) -> u32 {
        self.dropouts.load(Relaxed)
    }

    /// How much sound the card has asked for.
    #[must_use]
    pub fn played(&self) -> Duration {
        Duration::from_nanos(self.played_ns.load(Relaxed))
    }

    /// The card ran out of samples.
    pub(super) fn count_dropout(&self) {
        self.dropouts.fetch_add(1, Relaxed);
    }

    /// The card keeps time.
    pub(super) fn trust(&self) {
        self.trusted.store(true, Relaxed);
    }

    /// Whether the card has been seen to keep time.
    pub(super) fn is_trusted(&self) -> bool {
        self.trusted.load(Relaxed)
    }

    /// Turns the sound off or on again, smoothly; strokes go on being played unheard.
    pub fn set_muted(&self, muted: bool) {
        self.muted.store(muted, Relaxed);
    }

    /// Whether the sound is off.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.muted.load(Relaxed)
    }

    /// The device is gone.
    pub(super) fn lose(&self) {
        self.lost.store(true, Relaxed);
    }

    /// Whether the device is gone.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Relaxed)
    }

    /// Asks for the last sound to fade.
    pub(super) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Whether it has faded.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Relaxed)
    }
}

/// A stroke that knows its sample.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    frame: u64,
    pitch: u8,
    velocity: u8,
}

/// An endless run of samples, asked for one by one.
pub struct Player<C> {
    drummer: Drummer,
    clock: C,
    ring: rtrb::Consumer<Event>,
    shared: Arc<Shared>,
    timeline: Timeline,
    margin_ns: u64,
    wanted_margin_ns: u64,
    last_ns: u64,
    /// In order of frames, latest first.
    waiting: Vec<Waiting>,
    frame: u64,
    gain: f32,
    glide: f32,
    block: [f32; 2 * BLOCK],
    /// Samples of `block` in use: two a frame, or one for a card with one channel.
    filled: usize,
    given: usize,
    mono: bool,
}

impl<C: FnMut() -> u64> Player<C> {
    /// Lets `drummer` play what comes out of `ring`, interleaved stereo or, for a card with one channel, mono.
    /// `clock` is the one that the ring's times are of.
    pub fn new(
        drummer: Drummer,
        mono: bool,
        clock: C,
        ring: rtrb::Consumer<Event>,
        shared: Arc<Shared>,
    ) -> Self {
        let rate = drummer.sample_rate();
        Self {
            timeline: Timeline::new(rate),
            glide: 1.0 - (-1.0 / (0.004 * rate as f32)).exp(),
            drummer,
            clock,
            ring,
            shared,
            margin_ns: FIRST_MARGIN_NS,
            wanted_margin_ns: FIRST_MARGIN_NS,
            last_ns: u64::MAX,
            waiting: Vec::with_capacity(WAITING),
            frame: 0,
            gain: 1.0,
            block: [0.0; 2 * BLOCK],
            filled: 0,
            given: 0,
            mono,
        }
    }

    /// The next sample.
    #[inline]
    pub fn next_sample(&mut self) -> f32 {
        if self.given == self.filled {
            self.next_block();
        }
        let sample = self.block.get(self.given).copied().unwrap_or(0.0);
        self.given += 1;
        sample
    }

    fn next_block(&mut self) {
        let now = (self.clock)();
        self.timeline.observe(now, self.frame);
        let grown = self.margin_ns + now.saturating_sub(self.last_ns) / GROWTH;
        self.margin_ns = grown.min(self.wanted_margin_ns);
        self.last_ns = now;
        while let Ok(event) = self.ring.pop() {
            self.take(event);
        }
        if self.shared.closing.load(Relaxed) {
            self.hush();
            self.shared.silent.store(self.drummer.is_silent(), Relaxed);
        }
        let mut done = 0;
        while done < BLOCK {
            let here = self.frame + done as u64;
            while let Some(w) = self.waiting.pop_if(|w| w.frame <= here) {
                self.drummer.strike(w.pitch, w.velocity);
            }
            let next = self.waiting.last().map_or(u64::MAX, |w| w.frame - here);
            let frames = next.min((BLOCK - done) as u64) as usize;
            if let Some(piece) = self.block.get_mut(2 * done..2 * (done + frames)) {
                self.drummer.render(piece);
            }
            done += frames;
        }
        self.frame += BLOCK as u64;
        let played =
            u128::from(self.frame) * 1_000_000_000 / u128::from(self.drummer.sample_rate());
        self.shared.played_ns.store(played as u64, Relaxed);
        self.finish_block();
    }

    /// Turns up or down, measures, and folds to mono where needed.
    fn finish_block(&mut self) {
        let target = if self.shared.is_muted() { 0.0 } else { 1.0 };
        if (self.gain - target).abs() < 1e-4 {
            self.gain = target;
        }
        let mut peak = 0.0f32;
        for frame in self.block.chunks_exact_mut(2) {
            self.gain += self.glide * (target - self.gain);
            for sample in frame {
                *sample *= self.gain;
                peak = peak.max(sample.abs());
            }
        }
        self.shared.peak.fetch_max(peak.to_bits(), Relaxed);
        self.given = 0;
        self.filled = self.block.len();
        if self.mono {
            for i in 0..BLOCK {
                self.block[i] = 0.5 * (self.block[2 * i] + self.block[2 * i + 1]);
            }
            self.filled = BLOCK;
        }
    }

    fn hush(&mut self) {
        self.waiting.clear();
        self.drummer.all_off();
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::AllOff => self.hush(),
            Event::Stroke {
                scheduled_ns,
                sent_ns,
                pitch,
                velocity,
            } => {
                // Where the scheduler is held up for longer, all notes come to wait longer: latency that
                // stays is not heard, jitter is.
                let held_up = sent_ns.saturating_sub(scheduled_ns).saturating_add(500_000);
                let wanted = self.wanted_margin_ns.max(held_up);
                self.wanted_margin_ns = wanted.min(LAST_MARGIN_NS);
                let at = scheduled_ns.saturating_add(self.margin_ns);
                let frame = self.timeline.frame_at(at).unwrap_or(0).max(0) as u64;
                if frame < self.frame {
                    self.shared.late.fetch_add(1, Relaxed);
                }
                let stroke = Waiting {
                    frame: frame.max(self.frame),
                    pitch,
                    velocity,
                };
                if self.waiting.len() < WAITING {
                    // After those of the same frame that came before it.
                    let place = self.waiting.partition_point(|w| w.frame > stroke.frame);
                    self.waiting.insert(place, stroke);
                } else {
                    self.drummer.strike(pitch, velocity);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
