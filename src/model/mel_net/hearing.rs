//! [`Hearing`]: what a spectrogram model hears before it plays: steps, played by the built-in kit, in parts small enough to be
//! done between other things.

use super::MelVoice;
use super::place::Place;
use super::sampler::{MelSampler, MelState};
use crate::audio::mel::{Mel, MelStream, to_db};
use crate::audio::render::{Renderer, grid_ns, grid_strokes};
use crate::beat::grid::{BeatGrid, Meter, Step};
use crate::model::encode::Place as StepPlace;

/// Samples rendered in one part.
const SAMPLES: usize = 2048;

/// Frames heard in one part.
const FRAMES: usize = 8;

/// Music to be heard.
#[derive(Debug)]
pub struct Hearing {
    meter: Meter,
    tempo: f64,
    renderer: Renderer,
    mono: Vec<f32>,
    levels: Vec<u8>,
    /// Frames heard.
    heard: u64,
    is_over: bool,
}

impl Hearing {
    /// A grid, from its beginning.
    #[must_use]
    pub fn of_grid(voice: &MelVoice, grid: &BeatGrid) -> Self {
        let rate = voice.bank().config().sample_rate;
        Self {
            meter: grid.meter,
            tempo: grid.tempo,
            renderer: Renderer::new(&grid_strokes(grid), grid_ns(grid), rate, 0.0),
            mono: Vec::new(),
            levels: Vec::new(),
            heard: 0,
            is_over: grid.steps.is_empty(),
        }
    }

    /// The last whole bars of what was played, at the tempo of its last step; no more than last `seconds`, or one.
    #[must_use]
    pub fn of_steps(
        voice: &MelVoice,
        steps: &[(StepPlace, Step)],
        meter: Meter,
        seconds: f64,
    ) -> Self {
        let bar = meter.steps();
        let tempo = steps.last().and_then(|(place, _)| place.bpm);
        let tempo = f64::from(tempo.unwrap_or(120.0)).clamp(20.0, 400.0);
        let bars = (seconds * tempo / 15.0 / bar as f64) as usize;
        // Back from the end as far as one step followed another.
        let unbroken = steps.iter().rev().zip(1..);
        let unbroken = unbroken.take_while(|((place, _), back)| {
            usize::from(place.step_in_bar) == (bar - back % bar) % bar
        });
        let whole = (unbroken.count() / bar).min(bars.max(1)) * bar;
        let last = steps.get(steps.len() - whole..).unwrap_or_default();
        let grid = BeatGrid {
            meter,
            tempo,
            steps: last.iter().map(|(_, step)| *step).collect(),
        };
        Self::of_grid(voice, &grid)
    }

    /// Whether all was heard.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Renders a part, or hears some frames; tells whether there is more.
    pub(super) fn work(
        &mut self,
        bank: &Mel,
        sampler: &mut MelSampler,
        state: &mut MelState,
    ) -> bool {
        if self.is_over {
            return false;
        }
        let mut piece = [0.0; 2 * SAMPLES];
        let got = self.renderer.next_piece(&mut piece);
        if got > 0 {
            let pairs = piece.as_chunks::<2>().0.iter().take(got);
            self.mono
                .extend(pairs.map(|[left, right]| 0.5 * (left + right)));
            return true;
        }
        if self.heard == 0 && self.levels.is_empty() {
            self.levels = levels(bank, sampler, &self.mono);
            self.mono = Vec::new();
            self.is_over = self.levels.is_empty();
            return !self.is_over;
        }
        let mel = sampler.model().config().mel;
        let from = self.heard as usize * mel.n_mels;
        let rest = self.levels.get(from..).unwrap_or_default();
        let mut left = rest.chunks_exact(mel.n_mels);
        for frame in left.by_ref().take(FRAMES) {
            let place = Place::of(&mel, self.meter, self.tempo, self.heard);
            sampler.hear(state, &place, frame);
            self.heard += 1;
        }
        self.is_over = left.len() == 0;
        !self.is_over
    }
}

/// The frames whose centres lie within the sound.
fn levels(bank: &Mel, sampler: &MelSampler, mono: &[f32]) -> Vec<u8> {
    let config = bank.config();
    let scale = sampler.model().config().mel.scale();
    let mut out = Vec::new();
    let mut decibels = vec![0.0; config.n_mels];
    let mut put = |frame: &[f32]| {
        decibels.copy_from_slice(frame);
        to_db(&mut decibels);
        out.extend(decibels.iter().map(|db| scale.level(*db)));
    };
    let mut stream = MelStream::new(bank);
    stream.push(mono, &mut put);
    stream.finish(&mut put);
    out.truncate(mono.len().div_ceil(config.hop_length) * config.n_mels);
    out
}
