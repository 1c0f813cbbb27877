//! [`MelPlayer`]: the spectrogram model as something that plays steps. Frames are drawn a little further than the step asked
//! for, the transcriber hears them, and the strokes it tells of become the step's hits with their velocity and
//! micro-timing.
//!
//! A step owns what is heard from half a step before its grid time to half a step after. To know all of that, frames
//! must be there as far as the transcriber's look-ahead behind it; they are part of the state, as is what was
//! heard in them of the step to come.

use super::config::MelSettings;
use super::hearing::Hearing;
use super::place::{Place, steps_per_frame};
use super::sampler::{MelSampler, MelState};
use super::weights::MelModel;
use crate::audio::mel::Mel;
use crate::audio::onset::{Ear, Listener};
use crate::audio::render::Stroke;
use crate::base::rng::{Purpose, bits};
use crate::beat::grid::{Cell, Step};
use crate::beat::lane::Lane;
use crate::model::encode::Place as StepPlace;
use crate::model::sample::Knobs;
use std::sync::Arc;

/// The largest micro-timing, just below half a step.
const LATEST: f32 = 0.499_999;

/// Room for strokes that no step owns yet; there are seldom more than a few.
const WAITING: usize = 64;

/// A model with what it takes to play steps: the transcriber of its frames, and the filter bank that makes frames of
/// what it is to hear. Shared between threads by `Arc`.
#[derive(Debug)]
pub struct MelVoice {
    model: Arc<MelModel>,
    ear: Arc<Ear>,
    bank: Mel,
}

impl MelVoice {
    /// A model with its transcriber.
    ///
    /// # Errors
    /// A sentence: frames that no transcriber here can read.
    pub fn new(model: Arc<MelModel>) -> Result<Arc<Self>, String> {
        let ear = model.ear().cloned().ok_or(
            "it keeps no transcriber, and the one inside the program cannot read its frames. \
             Train it anew: a transcriber is then taught and kept with it",
        )?;
        Self::with(model, ear)
    }

    /// A model with this transcriber.
    ///
    /// # Errors
    /// A sentence: a transcriber of other frames than the model's.
    pub fn with(model: Arc<MelModel>, ear: Arc<Ear>) -> Result<Arc<Self>, String> {
        let mel = model.config().mel.mel();
        if *ear.mel() != mel {
            return Err("its transcriber reads other frames than it plays".into());
        }
        let bank = Mel::new(mel).map_err(|e| e.to_string())?;
        Ok(Arc::new(Self { model, ear, bank }))
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> &Arc<MelModel> {
        &self.model
    }

    /// The transcriber.
    #[must_use]
    pub const fn ear(&self) -> &Arc<Ear> {
        &self.ear
    }

    /// What makes frames of sound.
    pub(super) const fn bank(&self) -> &Mel {
        &self.bank
    }
}

/// Which frame falls on which step: a line that begins anew where the tempo changes. Frames and steps are counted from
/// where playing began; both are whole numbers except at such a change, so nothing adds up.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    /// A frame, with its fraction, and the step it falls on.
    frame: f64,
    step: f64,
    /// Quarter notes a minute; 0 before the first step.
    bpm: f64,
    steps_a_frame: f64,
}

impl Line {
    /// Puts a tempo in force on a step, which stays where it is.
    fn turn(&mut self, mel: &MelSettings, step: u64, bpm: f64) {
        if self.bpm == bpm {
            return;
        }
        let step = step as f64;
        if self.bpm > 0.0 {
            self.frame = self.frame_of(step);
        }
        *self = Self {
            frame: self.frame,
            step,
            bpm,
            steps_a_frame: steps_per_frame(mel, bpm),
        };
    }

    fn step_of(&self, frame: f64) -> f64 {
        self.step + (frame - self.frame) * self.steps_a_frame
    }

    fn frame_of(&self, step: f64) -> f64 {
        self.frame + (step - self.step) / self.steps_a_frame
    }
}

/// A stroke that no step has yet.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Heard {
    /// Where it lies, in frames.
    frame: f64,
    lane: Lane,
    velocity: u8,
}

/// Everything the next step depends on, besides knobs and draws. `clone_from` reuses the buffers.
#[derive(Debug)]
pub struct MelPlaying {
    net: MelState,
    listener: Listener<Arc<Ear>>,
    heard: Vec<Heard>,
    line: Line,
    /// Steps played.
    steps: u64,
    /// Tells this playing's draws from those of another that began in the same state; 0 for the first.
    turn: u64,
}

impl Clone for MelPlaying {
    fn clone(&self) -> Self {
        let mut heard = Vec::with_capacity(WAITING.max(self.heard.len()));
        heard.extend_from_slice(&self.heard);
        Self {
            net: self.net.clone(),
            listener: self.listener.clone(),
            heard,
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.net.clone_from(&source.net);
        self.listener.clone_from(&source.listener);
        self.heard.clone_from(&source.heard);
        self.line = source.line;
        self.steps = source.steps;
        self.turn = source.turn;
    }
}

impl MelPlaying {
    /// Steps played so far.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Frames drawn so far, those of a primer not counted.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.listener.taken()
    }

    /// Playing begins again from here, with draws of its own where `turn` is not 0.
    pub const fn begin_again(&mut self, turn: u64) {
        self.turn = turn;
    }
}

/// Plays a model step by step. After construction nothing allocates but a primer.
#[derive(Debug)]
pub struct MelPlayer {
    voice: Arc<MelVoice>,
    sampler: MelSampler,
    levels: Vec<u8>,
    decibels: Vec<f32>,
}

impl MelPlayer {
    /// A player of this model.
    #[must_use]
    pub fn new(voice: Arc<MelVoice>) -> Self {
        let bands = voice.model.sizes().bands;
        Self {
            sampler: MelSampler::new(Arc::clone(&voice.model)),
            levels: vec![0; bands],
            decibels: vec![0.0; bands],
            voice,
        }
    }

    /// The model with its transcriber.
    #[must_use]
    pub const fn voice(&self) -> &Arc<MelVoice> {
        &self.voice
    }

    /// The frame drawn last: levels, lowest band first.
    #[must_use]
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// The state before anything was played.
    #[must_use]
    pub fn start(&self) -> MelPlaying {
        MelPlaying {
            net: self.sampler.start(),
            listener: Listener::new(Arc::clone(&self.voice.ear)),
            heard: Vec::with_capacity(WAITING),
            line: Line {
                frame: 0.0,
                step: 0.0,
                bpm: 0.0,
                steps_a_frame: 0.0,
            },
            steps: 0,
            turn: 0,
        }
    }

    /// Hears a part of a primer, before the first step; tells whether there is more of it.
    pub fn hear(&mut self, state: &mut MelPlaying, primer: &mut Hearing) -> bool {
        primer.work(self.voice.bank(), &mut self.sampler, &mut state.net)
    }

    /// Draws the frame at `place` and tells the strokes that are certain with it, at times from the first frame on.
    pub fn frame(
        &mut self,
        state: &mut MelPlaying,
        place: &Place,
        temperature: f32,
        seed: u64,
        each: impl FnMut(Stroke),
    ) {
        let net = &mut state.net;
        self.sampler
            .draw(net, place, temperature, seed, &mut self.levels);
        let scale = self.voice.model.config().mel.scale();
        for (db, level) in self.decibels.iter_mut().zip(&self.levels) {
            *db = scale.db(f32::from(*level) / 255.0);
        }
        state.listener.push(&self.decibels, each);
    }

    /// Tells the strokes that only awaited what comes after the last frame.
    pub fn finish(&self, state: &mut MelPlaying, each: impl FnMut(Stroke)) {
        state.listener.finish(each);
    }

    /// Draws the next step and advances the state. Temperature, which acts frame by frame, and locked lanes, which play
    /// what they are given over what is heard, are all of the knobs that this kind of model has. Of two strokes
    /// of a lane in a step the harder counts.
    pub fn draw(
        &mut self,
        state: &mut MelPlaying,
        place: &StepPlace,
        knobs: &Knobs,
        seed: u64,
    ) -> Step {
        let mel = self.voice.model.config().mel;
        state.line.turn(&mel, state.steps, whole_milli(place.bpm));
        let line = state.line;
        let bar = u64::from(place.steps_per_bar.max(1));
        // The place in the bar of the step from which steps are counted.
        let first = (u64::from(place.step_in_bar) + bar - state.steps % bar) % bar;
        let bar = bar as f64;
        let seed = match state.turn {
            0 => seed,
            turn => bits(seed, turn, 0, Purpose::Frame),
        };
        let end = state.steps as f64 + 0.5;
        // Every frame before the end must be judged.
        let frames = line.frame_of(end).ceil() + self.voice.ear.look_ahead() as f64;
        let mut heard = std::mem::take(&mut state.heard);
        while (state.frames() as f64) < frames {
            let at = line.step_of(state.frames() as f64) + first as f64;
            let place = Place {
                step: at.rem_euclid(bar) as f32,
                bar: bar as f32,
                bpm: line.bpm as f32,
            };
            self.frame(state, &place, knobs.temperature, seed, |stroke| {
                heard.push(Heard {
                    frame: stroke.time_ns as f64 / 1e9 / mel.seconds(),
                    lane: stroke.lane,
                    velocity: stroke.velocity,
                });
            });
        }
        let mut step = Step::default();
        heard.retain(|stroke| {
            let at = line.step_of(stroke.frame);
            if at >= end {
                return true;
            }
            if let Some(cell) = step.get_mut(stroke.lane.index())
                && stroke.velocity > cell.velocity
            {
                let offset = (at - state.steps as f64) as f32;
                *cell = Cell {
                    velocity: stroke.velocity,
                    offset: offset.clamp(-0.5, LATEST),
                };
            }
            false
        });
        for (lane, (cell, given)) in step.iter_mut().zip(&knobs.given).enumerate() {
            if knobs.locked >> lane & 1 == 1 {
                *cell = *given;
            }
        }
        state.heard = heard;
        state.steps += 1;
        step
    }
}

/// A tempo as the knob has it, in whole thousandths: what single precision made of it is undone.
fn whole_milli(bpm: Option<f32>) -> f64 {
    let milli = (f64::from(bpm.unwrap_or(120.0)) * 1000.0).round();
    // What is no number counts as 120.
    if milli.is_nan() {
        120.0
    } else {
        milli.clamp(20_000.0, 400_000.0) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Stream;

    #[test]
    fn turned_tempi_move_no_step_and_nothing_adds_up() {
        let mel = MelSettings::default();
        let mut draws = Stream::new(3, 0, Purpose::Test);
        let mut line = Line {
            frame: 0.0,
            step: 0.0,
            bpm: 0.0,
            steps_a_frame: 0.0,
        };
        // Seconds to each step, of the tempo in force before it.
        let (mut seconds, mut bpm) = (0.0, 120.0);
        line.turn(&mel, 0, bpm);
        for step in 1..40_000u64 {
            seconds += 15.0 / bpm;
            let frame = line.frame_of(step as f64);
            assert!((frame * mel.seconds() - seconds).abs() < 1e-6, "{step}");
            if draws.below(3) == 0 {
                bpm = (20_000 + draws.below(380_001)) as f64 / 1000.0;
                line.turn(&mel, step, bpm);
            }
            assert!(
                (line.frame_of(step as f64) - frame).abs() < 1e-6,
                "{step} moved"
            );
            assert!((line.step_of(frame) - step as f64).abs() < 1e-6);
        }
        // What single precision makes of a tempo is undone.
        assert_eq!(whole_milli(Some(93.7)), 93.7);
        assert_eq!(whole_milli(Some(f32::NAN)), 120.0);
        assert_eq!(whole_milli(None), 120.0);
    }
}
