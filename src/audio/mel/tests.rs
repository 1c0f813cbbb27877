//! What mel frames promise: librosa's numbers, the same from a stream, checked settings.

use super::*;

const GOLDEN: &[u8] = include_bytes!("../../../tests/data/mel_golden.f32");
const MORE: &[u8] = include_bytes!("../../../tests/data/mel_golden_more.f32");

/// The signal of `tests/data/mel_golden.py`.
fn signal(rate: u32, count: usize) -> Vec<f32> {
    let tau = std::f64::consts::TAU;
    let mut state = 1u32;
    (0..count)
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            let sweep =
                0.6 * (-t / 0.08).exp() * (tau * (50.0 * t - 9.0 * (-t / 0.02).exp())).sin();
            let chord =
                0.1 * (-t / 0.2).exp() * ((tau * 1234.5 * t).sin() + (tau * 6789.0 * t).sin());
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state) / 2f64.powi(31) - 1.0;
            (sweep + chord + 0.05 * (-t / 0.03).exp() * noise) as f32
        })
        .collect()
}

fn configs() -> [(MelConfig, usize); 2] {
    let small = MelConfig {
        sample_rate: 22_050,
        n_fft: 1024,
        hop_length: 256,
        n_mels: 80,
        fmin: 30.0,
        fmax: Some(10_000.0),
    };
    [(MelConfig::default(), 11_025), (small, 5_512)]
}

/// The settings of the second file.
fn more() -> [(MelConfig, usize); 3] {
    let [_, (small, _)] = configs();
    let to_eleven = MelConfig {
        fmax: Some(11_000.0),
        ..small
    };
    let no_power_of_two = MelConfig {
        sample_rate: 48_000,
        n_fft: 1200,
        hop_length: 480,
        n_mels: 40,
        fmin: 20.0,
        fmax: Some(16_000.0),
    };
    let crowded = MelConfig {
        sample_rate: 16_000,
        n_fft: 256,
        hop_length: 160,
        ..MelConfig::default()
    };
    [(to_eleven, 4410), (no_power_of_two, 6000), (crowded, 2000)]
}

#[test]
fn frames_agree_with_librosa_within_a_thousandth_of_a_decibel() {
    for (bytes, configs) in [(GOLDEN, configs().to_vec()), (MORE, more().to_vec())] {
        let mut golden = bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        for (config, count) in configs {
            let mel = Mel::new(config).unwrap();
            let mut values = mel.frames(&signal(config.sample_rate, count));
            assert_eq!(
                values.len(),
                (1 + count / config.hop_length) * config.n_mels
            );
            power_to_db(&mut values);
            let mut worst = 0.0f32;
            for value in &values {
                worst = worst.max((value - golden.next().unwrap()).abs());
            }
            println!("{} Hz: {worst:e} dB at worst", config.sample_rate);
            assert!(worst < 1e-3, "{worst} dB");
        }
        assert_eq!(golden.next(), None);
    }
}

#[test]
fn a_stream_gives_the_frames_of_the_whole() {
    let mut configs = configs().map(|c| c.0).to_vec();
    let sparse = MelConfig {
        n_fft: 64,
        hop_length: 1000,
        n_mels: 8,
        ..configs[0]
    };
    configs.push(sparse);
    configs.extend(more().map(|c| c.0));
    let long = signal(44_100, 11_025);
    for config in configs {
        let mel = Mel::new(config).unwrap();
        for count in [1, 255, 1000, 3001, 11_025] {
            let samples = &long[..count];
            let mut frames = Vec::new();
            let mut stream = MelStream::new(&mel);
            let mut rest = samples;
            let mut size = 1;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(size.min(rest.len()));
                stream.push(now, |f| frames.extend_from_slice(f));
                rest = later;
                size = size * 5 % 997 + 1;
            }
            stream.finish(|f| frames.extend_from_slice(f));
            assert_eq!(frames.len(), mel.frame_count(count) * config.n_mels);
            assert_eq!(frames, mel.frames(samples));
        }
        assert!(mel.frames(&[]).is_empty());
    }
}

#[test]
fn a_frame_comes_out_when_its_last_sample_is_in() {
    let mel = Mel::new(MelConfig::default()).unwrap();
    let mut stream = MelStream::new(&mel);
    let mut frames = 0;
    stream.push(&[0.1; 1023], |_| frames += 1);
    assert_eq!(frames, 0);
    stream.push(&[0.1; 1], |_| frames += 1);
    assert_eq!(frames, 1);
    stream.push(&[0.1; 512], |_| frames += 1);
    assert_eq!(frames, 2);
}

#[test]
fn settings_are_checked() {
    let d = MelConfig::default();
    let refused = |config| Mel::new(config).err();
    assert_eq!(refused(d), None);
    assert_eq!(
        refused(MelConfig {
            sample_rate: 0,
            ..d
        }),
        Some(MelError::SampleRate(0))
    );
    for n_fft in [0, 2047, 1 << 20] {
        assert_eq!(
            refused(MelConfig { n_fft, ..d }),
            Some(MelError::Fft(n_fft))
        );
    }
    for hop_length in [0, usize::MAX] {
        assert_eq!(
            refused(MelConfig { hop_length, ..d }),
            Some(MelError::Hop(hop_length))
        );
    }
    assert_eq!(
        refused(MelConfig { n_mels: 0, ..d }),
        Some(MelError::Bands(0))
    );
    for (fmin, fmax) in [
        (-1.0, None),
        (f32::NAN, None),
        (30_000.0, None),
        (0.0, Some(22_051.0)),
        (500.0, Some(500.0)),
    ] {
        assert!(matches!(
            refused(MelConfig { fmin, fmax, ..d }),
            Some(MelError::Range(..))
        ));
    }
    // More bands than bins: some stay empty, none breaks.
    let narrow = Mel::new(MelConfig {
        n_fft: 32,
        n_mels: 1024,
        ..d
    })
    .unwrap();
    assert!(narrow.frames(&[0.5; 100]).iter().all(|v| v.is_finite()));
}

#[test]
fn the_mel_scale_is_slaneys() {
    assert!((hz_to_mel(60.0) - 0.9).abs() < 1e-12);
    assert!((hz_to_mel(1000.0) - 15.0).abs() < 1e-12);
    assert!((hz_to_mel(6400.0) - 42.0).abs() < 1e-12);
    for hz in [0.0, 440.0, 999.0, 1001.0, 22_050.0] {
        assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-8);
    }
}
