//! Models to play: loaded from checkpoints, heard on trial, handed to the engine.

use crate::base::text::sanitize_path;
use crate::beat::grid::{BeatGrid, Meter};
use crate::message::{Controls, NO_STYLE};
use crate::model::{BeatModel, Knobs, Place, Playable, Player};
use std::path::Path;

/// The model of a checkpoint file or of a folder of them.
///
/// # Errors
/// A sentence why there is none, with a hint.
pub fn load(path: &Path) -> Result<Playable, String> {
    if !path.is_dir() {
        return Playable::load(path).map_err(|error| error.to_string());
    }
    match Playable::open(path) {
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
pub fn first(checkpoints: &Path) -> anyhow::Result<(Playable, Option<String>)> {
    let said = match Playable::open(checkpoints) {
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
    Ok((BeatModel::embedded()?.into(), said))
}

/// Some bars of 4/4 from a model with these knobs.
#[must_use]
pub fn sample(model: &Playable, bars: usize, controls: &Controls, seed: u64) -> BeatGrid {
    let mut player = Player::new(model.clone());
    let mut state = player.start();
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
        player.draw(&mut state, &place, &knobs, seed, step as u64)
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
    use crate::beat::kit::DrumMap;
    use crate::message::Representation;
    use crate::model::checkpoint;
    use crate::model::mel_net::config::SCHEMA;
    use crate::model::mel_net::{MelModel, MelNetConfig, MelSettings};

    #[test]
    fn same_seed_same_bars() {
        let model = BeatModel::random(16, 1, 3).into();
        let controls = Controls::default();
        let once = sample(&model, 2, &controls, 5);
        assert_eq!(once, sample(&model, 2, &controls, 5));
        assert_ne!(once, sample(&model, 2, &controls, 6));
        assert_eq!(once.bars(), 2);
    }

    #[test]
    fn checkpoints_of_either_kind_play_and_frames_nobody_hears_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = checkpoint::best_path(dir.path());
        let mut config = MelNetConfig {
            representation: Representation::Mel,
            schema: SCHEMA,
            units: 4,
            layers: 1,
            components: 2,
            groups: 2,
            ear: None,
            mel: MelSettings::default(),
            drum_map: DrumMap::gm(),
            name: "small".into(),
            bits_per_value: None,
            cross_entropy: None,
            epoch: 1,
        };
        let save = |config: &MelNetConfig| {
            checkpoint::save_model(&path, config, &MelModel::start(config, 1)).unwrap();
        };
        save(&config);
        let (model, said) = first(dir.path()).unwrap();
        assert!(said.unwrap().contains("playing small"));
        for place in [&*path, dir.path()] {
            assert_eq!(load(place).unwrap().hash(), model.hash());
        }
        let controls = Controls::default();
        let once = sample(&model, 1, &controls, 5);
        assert_eq!((once.bars(), once), (1, sample(&model, 1, &controls, 5)));

        config.mel.n_mels = 40;
        save(&config);
        let refusal = load(dir.path()).unwrap_err();
        assert!(refusal.contains("transcriber"), "{refusal}");
        let (model, said) = first(dir.path()).unwrap();
        assert!(said.unwrap().contains("the built-in model plays instead"));
        assert!(matches!(model, Playable::Beat(_)));
    }

    #[test]
    fn a_folder_without_a_checkpoint_says_so() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).unwrap_err().contains("train first"));
        assert!(load(&dir.path().join("none.safetensors")).is_err());
    }
}
