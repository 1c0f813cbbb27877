//! The drums of a SoundFont 2 file, through rustysynth, which is named nowhere else. Files are opened elsewhere; what
//! they hold is looked through in `check` before that crate sees it.
//!
//! rustysynth begins notes at the start of its own blocks, which are of 16 samples here: a stroke is heard at most 0.4 ms
//! late at 44,100 Hz. The built-in kit has no such grid.

mod check;
#[cfg(test)]
mod tests;

use super::kit::SafetyLimiter;
use super::render::Instrument;
use crate::base::text::sanitize;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use std::sync::Arc;

/// General MIDI's drum channel, counted from 0.
const DRUMS: i32 = 9;

/// The bank of drum kits.
const DRUM_BANK: i32 = 128;

/// Frames that rustysynth makes at once, and between two of which a note may begin.
const BLOCK: usize = 16;

/// The sample rates that rustysynth takes, in Hz.
pub const RATES: std::ops::RangeInclusive<u32> = 16_000..=192_000;

/// Gain of the whole; what rises above the limiter's knee is bent.
const GAIN: f32 = 0.7;

/// How long a key is held: drums are files' shortest notes, and a cymbal is not to be cut by them.
const HELD_SECONDS: u64 = 1;

/// Below this amplitude, for so long, nothing sounds.
const FAINT: f32 = 2e-5;
const QUIET_SECONDS: f32 = 0.25;

/// Why a SoundFont cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FontError {
    /// Another kind of file.
    #[error("not a SoundFont: it does not begin with RIFF and sfbk")]
    NotAFont,
    /// SoundFont 3.
    #[error("its samples are compressed (SoundFont 3)")]
    Compressed,
    /// A part is missing or points outside of another.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Only melodic instruments.
    #[error("it has no drum kit (nothing in bank 128)")]
    NoDrums,
    /// See [`RATES`].
    #[error("SoundFonts are played at 16,000 to 192,000 Hz, not at {0}")]
    Rate(u32),
}

impl FontError {
    /// What a user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotAFont => "give a file that ends in .sf2",
            Self::Compressed => "unpack it to .sf2, for example with `sf3convert -z`",
            Self::Damaged(_) => "copy or download the file again",
            Self::NoDrums => "give a SoundFont with a drum kit, for example a General MIDI one",
            Self::Rate(_) => "give another sample rate, for example 44100",
        }
    }
}

/// A SoundFont in memory, to be shared by those that play it.
#[derive(Clone, Debug)]
pub struct Font {
    font: Arc<SoundFont>,
    /// The number of its first drum kit.
    kit: i32,
    name: String,
    known: [bool; 128],
}

impl Font {
    /// Reads the bytes of an `.sf2` file.
    ///
    /// # Errors
    /// [`FontError`], for what is none, is damaged or has no drums.
    pub fn read(mut bytes: &[u8]) -> Result<Self, FontError> {
        check::check(bytes)?;
        let font = SoundFont::new(&mut bytes)
            .map_err(|error| FontError::Damaged(sanitize(&error.to_string())))?;
        let presets = font.get_presets().iter();
        let kits = presets.filter(|preset| preset.get_bank_number() == DRUM_BANK);
        let Some(kit) = kits.min_by_key(|preset| preset.get_patch_number()) else {
            return Err(FontError::NoDrums);
        };
        let known = std::array::from_fn(|pitch| {
            kit.get_regions().iter().any(|region| {
                let keys = region.get_key_range_start()..=region.get_key_range_end();
                keys.contains(&(pitch as i32))
            })
        });
        Ok(Self {
            kit: kit.get_patch_number(),
            name: sanitize(font.get_info().get_bank_name()),
            known,
            font: Arc::new(font),
        })
    }

    /// The name it gives itself, sanitised.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Plays the drums of a [`Font`]. After it is made nothing allocates, locks or waits.
#[derive(Debug)]
pub struct FontSynth {
    synth: Synthesizer,
    limiter: SafetyLimiter,
    rate: u32,
    known: [bool; 128],
    position: u64,
    /// When each key is let go; the last number for keys that are up.
    ends: [u64; 128],
    next_end: u64,
    /// Frames of silence so far.
    quiet: u64,
}

impl FontSynth {
    /// A silent kit.
    ///
    /// # Errors
    /// [`FontError::Rate`].
    pub fn new(font: &Font, sample_rate: u32) -> Result<Self, FontError> {
        let refused = FontError::Rate(sample_rate);
        if !RATES.contains(&sample_rate) {
            return Err(refused);
        }
        let mut settings = SynthesizerSettings::new(sample_rate as i32);
        settings.block_size = BLOCK;
        let mut synth = Synthesizer::new(&font.font, &settings).map_err(|_| refused)?;
        synth.set_master_volume(GAIN);
        synth.process_midi_message(DRUMS, 0xc0, font.kit, 0);
        Ok(Self {
            synth,
            limiter: SafetyLimiter::new(sample_rate as f32),
            rate: sample_rate,
            known: font.known,
            position: 0,
            ends: [u64::MAX; 128],
            next_end: u64::MAX,
            quiet: u64::MAX,
        })
    }

    /// Whether the kit has a sound for a note.
    #[must_use]
    pub fn knows(&self, pitch: u8) -> bool {
        self.known
            .get(usize::from(pitch))
            .is_some_and(|known| *known)
    }

    /// Lets all keys go and stops what sounds, but for the room.
    pub fn all_off(&mut self) {
        self.synth.note_off_all(true);
        self.ends = [u64::MAX; 128];
        self.next_end = u64::MAX;
    }

    /// Lets go the keys whose time has come.
    fn let_go(&mut self) {
        for (key, end) in (0..).zip(&mut self.ends) {
            if *end <= self.position {
                *end = u64::MAX;
                self.synth.note_off(DRUMS, key);
            }
        }
        self.next_end = self.ends.iter().copied().min().unwrap_or(u64::MAX);
    }
}

impl Instrument for FontSynth {
    type Note = u8;

    fn sample_rate(&self) -> u32 {
        self.rate
    }

    fn strike(&mut self, pitch: u8, velocity: u8) {
        if velocity == 0 || !self.knows(pitch) {
            return;
        }
        let velocity = i32::from(velocity.min(127));
        self.synth.note_on(DRUMS, pitch.into(), velocity);
        let end = self.position + HELD_SECONDS * u64::from(self.rate);
        if let Some(slot) = self.ends.get_mut(usize::from(pitch)) {
            *slot = end;
        }
        self.next_end = self.next_end.min(end);
        self.quiet = 0;
    }

    fn render(&mut self, out: &mut [f32]) {
        let mut frames = out.chunks_exact_mut(2);
        while frames.len() > 0 {
            // Cut where rustysynth begins a block, so that keys are let go at the same samples however the caller cuts.
            let edge = BLOCK - (self.position % BLOCK as u64) as usize;
            let count = edge.min(frames.len());
            if self.next_end <= self.position {
                self.let_go();
            }
            let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
            let (left, right) = (&mut left[..count], &mut right[..count]);
            self.synth.render(left, right);
            for y in left.iter_mut().chain(right.iter_mut()) {
                if !y.is_finite() {
                    *y = 0.0;
                }
            }
            self.limiter.hold(left, right);
            for ((frame, l), r) in frames.by_ref().take(count).zip(left).zip(right) {
                self.quiet = match l.abs().max(r.abs()) < FAINT {
                    true => self.quiet.saturating_add(1),
                    false => 0,
                };
                frame.copy_from_slice(&[*l, *r]);
            }
            self.position += count as u64;
        }
        frames.into_remainder().fill(0.0);
    }

    fn is_silent(&self) -> bool {
        self.quiet as f32 > QUIET_SECONDS * self.rate as f32
    }
}
