//! [`Synth`]: the built-in drum kit. Modelled drums, no sample files: who sounds, who gives way. What a
//! drum is made of is in `patch`, how a stroke sounds in `voice`, who silences whom in `touch`; when strokes come is
//! decided by [`super::render`] or by the sound card's callback.

mod bank;
mod dsp;
mod ensemble;
mod master;
mod modes;
mod patch;
#[cfg(test)]
mod tests;
mod touch;
mod voice;
mod wide;

use crate::base::rng::{Purpose, Stream};
use crate::beat::articulation::Articulation;
use dsp::BLOCK;
use master::{Limiter, Room};
use voice::Voice;

pub(super) use master::Limiter as SafetyLimiter;

/// Voices that can sound at once.
pub const POLYPHONY: usize = 32;

/// From this many on, the quietest is faded out so that a new stroke finds a free one.
const CROWDED: usize = POLYPHONY - 4;

/// Gain of the whole, so that a hard groove stays below the limiter.
const MASTER: f32 = 0.72;

/// Seeds the strokes' own draws: which modes a stroke excites, its noise, a little of its level.
const SEED: u64 = 0x6b69_7421;

/// A polyphonic drum machine. The same strokes at the same samples give the same sound, bit for bit, however
/// the rendering is cut into pieces.
///
/// After [`Synth::new`] nothing allocates, locks or waits, so that a sound card's callback may own it.
#[derive(Clone, Debug)]
pub struct Synth {
    sample_rate: u32,
    rate: f32,
    voices: Vec<Voice>,
    strokes: u64,
    position: u64,
    room: Room,
    limiter: Limiter,
    /// See [`wide`].
    wide: bool,
}

impl Synth {
    /// A silent kit at a sample rate in Hz; rates outside 8,000 to 384,000 are held at the nearest.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        let sample_rate = sample_rate.clamp(8_000, 384_000);
        let rate = sample_rate as f32;
        Self {
            sample_rate,
            rate,
            voices: vec![Voice::new(); POLYPHONY],
            strokes: 0,
            position: 0,
            room: Room::new(rate),
            limiter: Limiter::new(rate),
            wide: wide::available(),
        }
    }

    /// Its sample rate in Hz.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Strikes a drum at the next sample rendered: a lane's main sound, or any [`Articulation`]. `velocity` is 1 to 127; 0
    /// does nothing, more counts as 127.
    pub fn note_on(&mut self, sound: impl Into<Articulation>, velocity: u8) {
        if velocity == 0 {
            return;
        }
        let sound = sound.into();
        self.make_way(sound);
        let mut draws = Stream::new(SEED, self.strokes, Purpose::Voice);
        let velocity = f32::from(velocity.min(127)) / 127.0;
        let (strokes, place) = (self.strokes, (self.rate, self.in_block()));
        if let Some(voice) = self.free_voice() {
            voice.strike(sound, velocity, strokes, &mut draws, place);
        }
        self.strokes += 1;
    }

    /// Damps what the new stroke silences: older strokes on the same drum, and an open hat under a closed one.
    fn make_way(&mut self, sound: Articulation) {
        let (patch, rate) = (patch::patch(sound), self.rate);
        let (drum, silenced) = (touch::drum(sound), touch::silences(sound));
        // A voice rings on while fewer than `keep` newer ones are on its drum.
        let kept = (0..patch.keep).fold(u64::MAX, |limit, _| {
            let ages = self
                .voices
                .iter()
                .filter(|v| v.is_active() && v.drum() == drum);
            ages.map(Voice::age)
                .filter(|&a| a < limit)
                .max()
                .unwrap_or(0)
        });
        for voice in self.voices.iter_mut().filter(|v| v.is_active()) {
            if voice.drum() == drum && voice.age() < kept {
                voice.damp(patch.retrigger, rate);
            }
            if silenced == Some(voice.drum()) {
                voice.damp(touch::SILENCING, rate);
            }
        }
        if self.voices.iter().filter(|v| v.is_active()).count() >= CROWDED
            && let Some(voice) = quietest(&mut self.voices)
        {
            voice.damp(0.002, rate);
        }
    }

    /// A voice that does not sound or, where all do, the quietest.
    fn free_voice(&mut self) -> Option<&mut Voice> {
        match self.voices.iter().position(|v| !v.is_active()) {
            Some(i) => self.voices.get_mut(i),
            None => quietest(&mut self.voices),
        }
    }

    /// Silences everything within 20 ms, without a click; strokes after it sound.
    pub fn all_off(&mut self) {
        if self.is_silent() {
            return;
        }
        for voice in &mut self.voices {
            voice.damp(0.002, self.rate);
        }
        self.room.hush(0.002, self.rate);
    }

    /// Whether nothing sounds.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.room.is_silent() && !self.voices.iter().any(Voice::is_active)
    }

    /// How many voices sound.
    #[must_use]
    pub fn sounding(&self) -> usize {
        self.voices.iter().filter(|v| v.is_active()).count()
    }

    /// Writes the next frames, interleaved left and right, each sample within ±0.97. An odd last sample is set to 0.
    pub fn render(&mut self, out: &mut [f32]) {
        wide::render(self, out);
    }

    #[inline(always)]
    fn render_plain(&mut self, out: &mut [f32]) {
        let mut rest = out;
        while rest.len() >= 2 {
            // Cut at multiples of a block, counted from the beginning, so that the housekeeping
            // between blocks falls on the same samples however the caller cuts.
            let to_edge = BLOCK - self.in_block();
            let frames = to_edge.min(rest.len() / 2);
            let (piece, after) = rest.split_at_mut(2 * frames);
            self.render_piece(piece, frames);
            self.position += frames as u64;
            if self.position.is_multiple_of(BLOCK as u64) {
                self.tidy();
            }
            rest = after;
        }
        rest.fill(0.0);
    }

    /// Which sample of its block the next one is.
    #[inline(always)]
    const fn in_block(&self) -> usize {
        (self.position % BLOCK as u64) as usize
    }

    #[inline(always)]
    fn render_piece(&mut self, out: &mut [f32], frames: usize) {
        if self.is_silent() {
            out.fill(0.0);
            return;
        }
        let (mut left, mut right, mut send) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (left, right, send) = (
            &mut left[..frames],
            &mut right[..frames],
            &mut send[..frames],
        );
        let at = self.in_block();
        let sounding = self.voices.iter_mut().filter(|v| v.is_active());
        ensemble::render(sounding, at, left, right, send);
        self.room.answer(send, left, right);
        for side in [&mut *left, &mut *right] {
            for y in side {
                *y *= MASTER;
            }
        }
        self.limiter.hold(left, right);
        for ((frame, l), r) in out.chunks_exact_mut(2).zip(left).zip(right) {
            frame.copy_from_slice(&[*l, *r]);
        }
    }

    #[inline(always)]
    fn tidy(&mut self) {
        for voice in self.voices.iter_mut().filter(|v| v.is_active()) {
            voice.tidy();
        }
        self.room.tidy();
    }
}

/// The sounding voice that is heard least; of equals the oldest.
fn quietest(voices: &mut [Voice]) -> Option<&mut Voice> {
    voices.iter_mut().filter(|v| v.is_active()).min_by(|a, b| {
        a.loudness()
            .total_cmp(&b.loudness())
            .then(a.age().cmp(&b.age()))
    })
}
