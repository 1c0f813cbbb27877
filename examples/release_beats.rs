//! Remakes `examples/release`: six beats of the model inside the program, each as a .mid and as a .wav from the built-in kit.
//!
//! ```sh
//! cargo run --release --example release_beats -- examples/release
//! ```

use anyhow::{Context, anyhow};
use beatgen_tui::audio::render::render_grid;
use beatgen_tui::audio::wav::wav_bytes;
use beatgen_tui::beat::grid::{BeatGrid, Meter};
use beatgen_tui::beat::kit::Kit;
use beatgen_tui::beat::smf::{song_from_grid, write};
use beatgen_tui::model::{BeatModel, Knobs, Place, Sampler};
use std::path::PathBuf;
use std::sync::Arc;

/// Bars heard first, so that a beat is under way when it is kept.
const BEFORE: usize = 2;
/// Bars kept.
const BARS: usize = 4;
/// Enough for a kit's cymbals at half the size of a CD's.
const SAMPLE_RATE: u32 = 22_050;

struct Beat {
    style: &'static str,
    bpm: f32,
    temperature: f32,
    seed: u64,
    /// Whether the last bar is a fill.
    fill: bool,
}

const fn beat(style: &'static str, bpm: f32, temperature: f32, seed: u64, fill: bool) -> Beat {
    Beat {
        style,
        bpm,
        temperature,
        seed,
        fill,
    }
}

const BEATS: [Beat; 6] = [
    beat("funk", 98.0, 0.9, 3, false),
    beat("hiphop", 88.0, 0.8, 5, false),
    beat("rock", 118.0, 0.9, 7, true),
    beat("afrobeat", 112.0, 0.9, 2, false),
    beat("jazz", 150.0, 1.0, 4, false),
    beat("latin", 104.0, 0.9, 6, true),
];

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| anyhow!("usage: release_beats FOLDER"))?;
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let model = BeatModel::embedded()?;
    let kit = Kit::gm();
    for beat in &BEATS {
        let grid = play(&model, beat)?;
        for (ending, bytes) in [
            ("mid", write(&song_from_grid(&grid, &kit, beat.style))),
            (
                "wav",
                wav_bytes(&render_grid(&grid, SAMPLE_RATE, 0.5), SAMPLE_RATE),
            ),
        ] {
            let path = folder.join(format!("{}.{ending}", beat.style));
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
            println!("{}", path.display());
        }
    }
    Ok(())
}

fn play(model: &Arc<BeatModel>, beat: &Beat) -> anyhow::Result<BeatGrid> {
    let style = model.config().style_index(beat.style);
    let style = style.ok_or_else(|| anyhow!("the model has no style {}", beat.style))?;
    let mut sampler = Sampler::new(Arc::clone(model));
    let mut state = sampler.start();
    let bar = Meter::COMMON.steps();
    let mut steps: Vec<_> = (0..(BEFORE + BARS) * bar)
        .map(|at| {
            let knobs = Knobs {
                temperature: beat.temperature,
                fill: beat.fill && at / bar + 1 == BEFORE + BARS,
                ..Knobs::default()
            };
            let place = Place {
                step_in_bar: (at % bar) as u16,
                steps_per_bar: bar as u16,
                bar: (at / bar) as u64,
                bpm: Some(beat.bpm),
                style: Some(style),
                fill: Some(false),
                density: None,
            };
            sampler.draw(&mut state, &place, &knobs, beat.seed, at as u64)
        })
        .collect();
    Ok(BeatGrid {
        meter: Meter::COMMON,
        tempo: f64::from(beat.bpm),
        steps: steps.split_off(BEFORE * bar),
    })
}
