//! Models to play: loaded from checkpoints, heard on trial, handed to the engine.

use crate::base::text::sanitize_path;
use crate::beat::grid::{BeatGrid, Meter};
use crate::message::{Controls, NO_STYLE};
use crate::model::{BeatModel, Knobs, Place, Sampler, checkpoint};
use std::path::Path;
use std::sync::Arc;

/// The model of a checkpoint file or of a folder of them.
///
/// # Errors
/// A sentence why there is none, with a hint.
pub fn load(path: &Path) -> Result<Arc<BeatModel>, String> {
    if !path.is_dir() {
        return BeatModel::load(path).map_err(|error| error.to_string());
    }
    match checkpoint::open(path) {
        Ok(Some(model)) => Ok(model),
        Ok(None) => Err(format!(
            "{}: no checkpoint in it; train first",
            sanitize_path(path)
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// The model a start of the dashboard plays: the folder's, else the embedded one; and what
/// is to be said about it.
///
/// # Errors
/// The embedded model cannot be read: the program itself is damaged.
pub fn first(checkpoints: &Path) -> anyhow::Result<(Arc<BeatModel>, Option<String>)> {
    let said = match checkpoint::open(checkpoints) {
        Ok(Some(model)) => {
            let said = format!(
                "playing {} from {}",
                model.name(),
                sanitize_path(checkpoints)
            );
            return Ok((model, Some(said)));
        }
        Ok(None) => None,
        Err(error) => Some(format!("{error}; the built-in model plays instead")),
    };
    Ok((BeatModel::embedded()?, said))
}

/// Some bars of 4/4 from a model with these knobs.
#[must_use]
pub fn sample(model: &Arc<BeatModel>, bars: usize, controls: &Controls, seed: u64) -> BeatGrid {
    let mut sampler = Sampler::new(Arc::clone(model));
    let mut state = sampler.start();
    let meter = Meter::COMMON;
    let bpm = controls.milli_bpm as f32 / 1000.0;
    let knobs = Knobs::from(controls);
    let style = usize::from(controls.style);
    let style = (controls.style != NO_STYLE && style < model.styles().len()).then_some(style);
    let steps = (0..bars.clamp(1, 64) * meter.steps()).map(|step| {
        let place = Place {
            step_in_bar: (step % meter.steps()) as u16,
            steps_per_bar: meter.steps() as u16,
            bar: (step / meter.steps()) as u64,
            bpm: Some(bpm),
            style,
            fill: Some(false),
            density: None,
        };
        sampler.draw(&mut state, &place, &knobs, seed, step as u64)
    });
    BeatGrid {
        meter,
        tempo: f64::from(bpm),
        steps: steps.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_bars() {
        let model = BeatModel::random(16, 1, 3);
        let controls = Controls::default();
        let once = sample(&model, 2, &controls, 5);
        assert_eq!(once, sample(&model, 2, &controls, 5));
        assert_ne!(once, sample(&model, 2, &controls, 6));
        assert_eq!(once.bars(), 2);
    }

    #[test]
    fn a_folder_without_a_checkpoint_says_so() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).unwrap_err().contains("train first"));
        assert!(load(&dir.path().join("none.safetensors")).is_err());
    }
}
