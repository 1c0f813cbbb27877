//! Promises of the spectrogram model: its gradients, its runs, its playing.

mod gradients;
mod playing;
mod runs;

use super::config::{MelNetConfig, MelSettings, SCHEMA};
use super::frames::{Frames, Track};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::Meter;
use crate::beat::kit::DrumMap;
use crate::message::Representation;

/// A small model of six bands.
fn config(units: usize, layers: usize, components: usize) -> MelNetConfig {
    MelNetConfig {
        representation: Representation::Mel,
        schema: SCHEMA,
        units,
        layers,
        components,
        groups: 3,
        mel: MelSettings {
            sample_rate: 8_000,
            n_fft: 256,
            hop_length: 200,
            n_mels: 6,
            ..MelSettings::default()
        },
        drum_map: DrumMap::gm(),
        name: "test".into(),
        bits_per_value: None,
        cross_entropy: None,
        epoch: 0,
        ear: None,
    }
}

/// Tracks of strokes that ring out, some bands at either end of their range.
fn frames(config: &MelNetConfig, lengths: &[usize]) -> Frames {
    let bands = config.mel.n_mels;
    let track = |(i, length): (usize, &usize)| {
        let mut draws = Stream::new(i as u64, 0, Purpose::Test);
        let mut levels = vec![0u8; length * bands];
        let mut now = vec![0.0f32; bands];
        for frame in levels.chunks_exact_mut(bands) {
            let strike = draws.uniform() < 0.2;
            for (b, (now, level)) in now.iter_mut().zip(frame).enumerate() {
                *now *= 0.8;
                if strike {
                    *now = 80.0 + 40.0 * b as f32 + 20.0 * draws.uniform();
                }
                *level = now.clamp(0.0, 255.0) as u8;
            }
        }
        Track {
            name: i.to_string().into(),
            meter: Meter::COMMON,
            tempo: 90.0 + 20.0 * i as f64,
            levels,
        }
    };
    Frames {
        mel: config.mel,
        tracks: lengths.iter().enumerate().map(track).collect(),
    }
}
