//! [`Drummer`]: the built-in kit or a SoundFont, struck by MIDI notes. It is what plays a file and what a sound card's
//! callback owns: after it is made nothing allocates, locks or waits.

use super::kit::Synth;
use super::render::Instrument;
use super::soundfont::FontSynth;
use crate::beat::articulation::Articulation;
use crate::beat::kit::DrumMap;

/// Who plays.
#[derive(Debug)]
pub enum Drummer {
    /// The built-in kit, and what each note is on it.
    Kit(Box<Synth>, Box<[Option<Articulation>; 128]>),
    /// The drums of a SoundFont.
    Font(Box<FontSynth>),
}

impl Drummer {
    /// The built-in kit at a sample rate in Hz; notes that the map has no lane for are silent.
    #[must_use]
    pub fn kit(sample_rate: u32, map: &DrumMap) -> Self {
        let sounds = std::array::from_fn(|pitch| Articulation::of(map, pitch as u8));
        Self::Kit(Box::new(Synth::new(sample_rate)), Box::new(sounds))
    }

    /// Whether a note is heard of it.
    #[must_use]
    pub fn knows(&self, pitch: u8) -> bool {
        match self {
            Self::Kit(_, sounds) => sounds.get(usize::from(pitch)).is_some_and(Option::is_some),
            Self::Font(font) => font.knows(pitch),
        }
    }

    /// Silences everything within 20 ms; strokes after it sound.
    pub fn all_off(&mut self) {
        match self {
            Self::Kit(synth, _) => synth.all_off(),
            Self::Font(font) => font.all_off(),
        }
    }
}

impl Instrument for Drummer {
    type Note = u8;

    fn sample_rate(&self) -> u32 {
        match self {
            Self::Kit(synth, _) => synth.sample_rate(),
            Self::Font(font) => font.sample_rate(),
        }
    }

    fn strike(&mut self, pitch: u8, velocity: u8) {
        match self {
            Self::Kit(synth, sounds) => {
                if let Some(Some(sound)) = sounds.get(usize::from(pitch)) {
                    synth.note_on(*sound, velocity);
                }
            }
            Self::Font(font) => font.strike(pitch, velocity),
        }
    }

    fn render(&mut self, out: &mut [f32]) {
        match self {
            Self::Kit(synth, _) => synth.render(out),
            Self::Font(font) => font.render(out),
        }
    }

    fn is_silent(&self) -> bool {
        match self {
            Self::Kit(synth, _) => synth.is_silent(),
            Self::Font(font) => font.is_silent(),
        }
    }
}
