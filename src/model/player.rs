//! [`Player`]: either kind of model behind one door, as what plays live wants it: a step at a time, from a state that is
//! the caller's, so that a step can be drawn again from before.
//!
//! | | beats | spectrograms |
//! |---|---|---|
//! | knobs | all | temperature; locked lanes repeat over what is heard |
//! | hears what was played | step by step, up to the bar line it comes in at | whole bars before the bar it is told in |
//! | a step costs | one run of the layers | one a frame, 11 at 120 bpm |

use super::checkpoint;
use super::encode::Place;
use super::mel_net::{Hearing, MelModel, MelPlayer, MelPlaying, MelVoice};
use super::sample::{Knobs, Sampler, SamplerState};
use super::weights::{self, BeatModel, ModelError};
use crate::beat::grid::{Meter, Step};
use crate::message::Representation;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// How much of what was played a model of spectrograms hears, in seconds: its LSTM has forgotten what lies further back, and
/// hearing is a third as dear as playing.
const HEARD_SECONDS: f64 = 8.0;

/// What a step of spectrograms costs beside one of beats, roughly.
const DEAR: usize = 4;

/// A model that can play, of either kind. Clones share it.
#[derive(Clone, Debug)]
pub enum Playable {
    /// Of beats.
    Beat(Arc<BeatModel>),
    /// Of spectrograms.
    Mel(Arc<MelVoice>),
}

impl From<Arc<BeatModel>> for Playable {
    fn from(model: Arc<BeatModel>) -> Self {
        Self::Beat(model)
    }
}

impl From<Arc<MelVoice>> for Playable {
    fn from(voice: Arc<MelVoice>) -> Self {
        Self::Mel(voice)
    }
}

impl Playable {
    /// Reads a checkpoint file of either kind.
    ///
    /// # Errors
    /// A file that cannot be read, is no checkpoint, or plays frames that cannot be transcribed.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        weights::load(path, |bytes| match weights::representation(bytes)? {
            Representation::Beat => Ok(Self::Beat(Arc::new(BeatModel::from_bytes(bytes)?))),
            Representation::Mel => {
                let model = Arc::new(MelModel::from_bytes(bytes)?);
                Ok(Self::Mel(MelVoice::new(model)?))
            }
        })
    }

    /// The model of a checkpoint folder: the best, else the last; `None` where there is neither.
    ///
    /// # Errors
    /// A checkpoint that is there and cannot be used.
    pub fn open(dir: &Path) -> Result<Option<Self>, ModelError> {
        checkpoint::open_with(dir, Self::load)
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Beat(model) => model.name(),
            Self::Mel(voice) => &voice.model().config().name,
        }
    }

    /// 16 hexadecimal digits that change with any weight.
    #[must_use]
    pub fn hash(&self) -> &str {
        match self {
            Self::Beat(model) => model.hash(),
            Self::Mel(voice) => voice.model().hash(),
        }
    }

    /// Style names in index order; a model of spectrograms knows none.
    #[must_use]
    pub fn styles(&self) -> &[String] {
        match self {
            Self::Beat(model) => model.styles(),
            Self::Mel(_) => &[],
        }
    }

    /// How many frames must lie behind what is certain, and how long a frame is, in seconds; `None` for a model of beats,
    /// which has none.
    #[must_use]
    pub fn look_ahead(&self) -> Option<(usize, f64)> {
        match self {
            Self::Beat(_) => None,
            Self::Mel(voice) => Some((
                voice.ear().look_ahead(),
                voice.model().config().mel.seconds(),
            )),
        }
    }
}

/// Everything the next step depends on, besides knobs and draws. `clone_from` from a state of the same model reuses the
/// buffers.
#[derive(Debug)]
pub enum PlayerState {
    /// Of a model of beats.
    Beat(Box<SamplerState>),
    /// Of a model of spectrograms.
    Mel(Box<MelPlaying>),
}

impl Clone for PlayerState {
    fn clone(&self) -> Self {
        match self {
            Self::Beat(state) => Self::Beat(state.clone()),
            Self::Mel(state) => Self::Mel(state.clone()),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        match (self, source) {
            (Self::Beat(state), Self::Beat(source)) => state.clone_from(source),
            (Self::Mel(state), Self::Mel(source)) => state.clone_from(source),
            (state, source) => *state = source.clone(),
        }
    }
}

/// What a model is to hear before it plays.
#[derive(Debug)]
pub enum Primer {
    /// Steps, one by one.
    Steps(VecDeque<(Place, Step)>),
    /// Their sound.
    Sound(Box<Hearing>),
}

impl Primer {
    /// Whether all was heard.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Steps(steps) => steps.is_empty(),
            Self::Sound(hearing) => hearing.is_over(),
        }
    }

    /// Adds a step that was played meanwhile; sound takes no more.
    pub fn add(&mut self, place: Place, step: Step) {
        if let Self::Steps(steps) = self {
            steps.push_back((place, step));
        }
    }
}

/// Plays a model of either kind.
#[derive(Debug)]
pub enum Player {
    /// Of beats.
    Beat(Box<Sampler>),
    /// Of spectrograms.
    Mel(Box<MelPlayer>),
}

impl Player {
    /// A player of this model.
    #[must_use]
    pub fn new(model: Playable) -> Self {
        match model {
            Playable::Beat(model) => Self::Beat(Box::new(Sampler::new(model))),
            Playable::Mel(voice) => Self::Mel(Box::new(MelPlayer::new(voice))),
        }
    }

    /// The model it plays.
    #[must_use]
    pub fn model(&self) -> Playable {
        match self {
            Self::Beat(sampler) => Playable::Beat(Arc::clone(sampler.model())),
            Self::Mel(player) => Playable::Mel(Arc::clone(player.voice())),
        }
    }

    /// The state before anything was played.
    #[must_use]
    pub fn start(&self) -> PlayerState {
        match self {
            Self::Beat(sampler) => PlayerState::Beat(Box::new(sampler.start())),
            Self::Mel(player) => PlayerState::Mel(Box::new(player.start())),
        }
    }

    /// What a step costs, in steps of beats.
    #[must_use]
    pub const fn cost(&self) -> usize {
        match self {
            Self::Beat(_) => 1,
            Self::Mel(_) => DEAR,
        }
    }

    /// Whether it can hear single steps ([`Player::force`]), and so follow what is played until it comes in.
    #[must_use]
    pub const fn follows(&self) -> bool {
        matches!(self, Self::Beat(_))
    }

    /// What it hears of steps that were played, oldest first.
    #[must_use]
    pub fn primer(&self, steps: impl Iterator<Item = (Place, Step)>, meter: Meter) -> Primer {
        match self {
            Self::Beat(_) => Primer::Steps(steps.collect()),
            Self::Mel(player) => {
                let steps: Vec<(Place, Step)> = steps.collect();
                let voice = player.voice();
                let hearing = Hearing::of_steps(voice, &steps, meter, HEARD_SECONDS);
                Primer::Sound(Box::new(hearing))
            }
        }
    }

    /// Hears at most so many parts of a primer; tells how many.
    pub fn hear(&mut self, state: &mut PlayerState, primer: &mut Primer, parts: usize) -> usize {
        let mut heard = 0;
        while heard < parts && !primer.is_over() {
            heard += 1;
            match (&mut *self, &mut *state, &mut *primer) {
                (Self::Beat(_), _, Primer::Steps(steps)) => {
                    if let Some((place, step)) = steps.pop_front() {
                        self.force(state, &place, &step);
                    }
                }
                (Self::Mel(player), PlayerState::Mel(state), Primer::Sound(hearing)) => {
                    player.hear(state, hearing);
                }
                // Of another kind of model: nothing it could hear.
                _ => *primer = Primer::Steps(VecDeque::new()),
            }
        }
        heard
    }

    /// Advances the state as if `step` had been drawn. A model of spectrograms hears sound, not steps, and stays as
    /// it is ([`Player::follows`]).
    pub fn force(&mut self, state: &mut PlayerState, place: &Place, step: &Step) {
        if let (Self::Beat(sampler), PlayerState::Beat(state)) = (self, state) {
            sampler.force(state, place, step);
        }
    }

    /// Playing begins again in a state it was in before, at step `number` over all: with other draws than then.
    pub fn begin_again(&self, state: &mut PlayerState, number: u64) {
        // The draws of beats are told apart by the number of the step.
        if let PlayerState::Mel(state) = state {
            state.begin_again(number);
        }
    }

    /// Draws the next step and advances the state. A state of another kind of model is begun anew.
    pub fn draw(
        &mut self,
        state: &mut PlayerState,
        place: &Place,
        knobs: &Knobs,
        seed: u64,
        step: u64,
    ) -> Step {
        match (&mut *self, &mut *state) {
            (Self::Beat(sampler), PlayerState::Beat(state)) => {
                sampler.draw(state, place, knobs, seed, step)
            }
            (Self::Mel(player), PlayerState::Mel(state)) => player.draw(state, place, knobs, seed),
            _ => {
                *state = self.start();
                self.draw(state, place, knobs, seed, step)
            }
        }
    }
}
