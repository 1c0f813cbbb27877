//! What a spectrogram model plays, heard by the transcriber, measured as beats are; and real music sent the same way, so that what
//! the model does can be told from what the transcriber does.

use super::portrait::Portrait;
use crate::audio::frames::MelTrack;
use crate::audio::mel::{Mel, MelError, Scale};
use crate::audio::onset::{Ear, grid_of, transcribe_levels};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, Meter, Step};
use crate::dataset::corpus::Corpus;
use crate::model::evaluate::against::Against;
use crate::model::evaluate::generated::{Composer, Generated, Measured, Request, measured};
use crate::model::evaluate::plan::StylePlan;
use crate::model::evaluate::real::{BARS, WARM_UP, sample};
use crate::model::mel_net::{MelModel, MelSampler, Place};
use rayon::prelude::*;
use serde::Serialize;
use std::sync::Arc;

/// What was drawn, its measures, and those of real music that went through the same ear.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MelGenerated {
    /// As of beats.
    #[serde(flatten)]
    pub generated: Generated,
    /// Real music rendered and heard again, as many pieces, measured as what was drawn is: what the ear leaves of it.
    pub round_trip: Against,
    /// Plain numbers.
    pub portraits: Portraits,
}

/// The same plain numbers of four sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Portraits {
    /// What was drawn.
    pub generated: Portrait,
    /// The real pieces below, after they were rendered and heard again.
    pub round_trip: Portrait,
    /// As many pieces of validation music (of training music where there is none) as they are written.
    pub real: Portrait,
    /// All training music.
    pub training: Portrait,
}

/// A model and an ear for its frames.
#[derive(Clone, Copy, Debug)]
pub struct MelComposer<'a> {
    /// What plays.
    pub model: &'a Arc<MelModel>,
    /// What hears it.
    pub ear: &'a Ear,
}

/// Draws pieces as [`super::super::generated::generated`] does, hears them, and measures them beside `train` and `validation`, and
/// real music of as many pieces that went through the same ear. `None` where neither corpus has a beat in 4/4.
///
/// # Errors
/// Settings that no filter bank can be made of.
pub fn generated_mel(
    player: MelComposer<'_>,
    train: &Corpus,
    validation: &Corpus,
    request: &Request,
) -> Result<Option<MelGenerated>, MelError> {
    let settings = &player.model.config().mel;
    let (bank, scale) = (Mel::new(settings.mel())?, settings.scale());
    let Some(found) = measured(&player, train, validation, request) else {
        return Ok(None);
    };
    let Measured {
        generated,
        grids,
        sets,
    } = found;
    let known = if sets.validation.is_empty() {
        &sets.train
    } else {
        &sets.validation
    };
    let mut draws = Stream::new(request.seed, 2, Purpose::Shuffle);
    let real = sample(known, grids.len(), &mut draws);
    let again = real.par_iter();
    let again = again.map(|grid| round_trip(&bank, &scale, player.ear, grid));
    let again: Vec<BeatGrid> = again.collect();
    Ok(Some(MelGenerated {
        round_trip: sets.compare(&again, request.seed),
        portraits: Portraits {
            generated: Portrait::of(&grids),
            round_trip: Portrait::of(&again),
            real: Portrait::of(&real),
            training: Portrait::of(&sets.train),
        },
        generated,
    }))
}

/// A grid rendered, heard and put on the grid again, with a bar of rest on either side so that its ends are heard too.
#[must_use]
pub fn round_trip(bank: &Mel, scale: &Scale, ear: &Ear, grid: &BeatGrid) -> BeatGrid {
    let bar = grid.meter.steps();
    let rest = || std::iter::repeat_n(Step::default(), bar);
    let steps = rest().chain(grid.steps.iter().copied()).chain(rest());
    let padded = BeatGrid {
        steps: steps.collect(),
        ..*grid
    };
    let track = MelTrack::of_grid(bank, scale, &padded);
    let strokes = transcribe_levels(ear, scale, &track.levels);
    let mut again = grid_of(&strokes, grid.meter, grid.tempo, padded.steps.len());
    again.steps.truncate(bar + grid.steps.len());
    again.steps.drain(..bar.min(again.steps.len()));
    again
}

impl Composer for MelComposer<'_> {
    fn piece(&self, plan: &StylePlan, temperature: f64, seed: u64) -> BeatGrid {
        let (mel, meter) = (self.model.config().mel, Meter::COMMON);
        let bar = meter.steps();
        let steps = (WARM_UP + BARS) * bar;
        // A 16th is a quarter of a quarter note. What the ear must see after the last step is played too.
        let seconds = (steps + 1) as f64 * 15.0 / plan.bpm;
        let frames = (seconds / mel.seconds()).ceil() as usize + self.ear.look_ahead();
        let mut sampler = MelSampler::new(Arc::clone(self.model));
        let mut state = sampler.start();
        let mut levels = vec![0; frames * mel.n_mels];
        for (at, frame) in (0u64..).zip(levels.chunks_exact_mut(mel.n_mels)) {
            let place = Place::of(&mel, meter, plan.bpm, at);
            sampler.draw(&mut state, &place, temperature as f32, seed, frame);
        }
        let strokes = transcribe_levels(self.ear, &mel.scale(), &levels);
        let mut grid = grid_of(&strokes, meter, plan.bpm, steps);
        grid.steps.drain(..WARM_UP * bar);
        grid
    }
}
