//! What the kit promises of the sounds within its lanes.

use super::*;

#[test]
fn every_sound_of_general_midi_is_heard_and_ends() {
    for sound in Articulation::all() {
        let [soft, hard] = [40, 127].map(|velocity| alone(sound, velocity));
        assert!(power(&hard) > 2.0 * power(&soft), "{sound:?}");
        let peaks = (peak(&soft), peak(&hard));
        assert!(
            peaks.0 > 0.005 && (0.06..0.85).contains(&peaks.1),
            "{sound:?}: {peaks:?}"
        );
        let mut synth = Synth::new(RATE);
        synth.note_on(sound, 127);
        let mut piece = vec![0.0; RATE as usize];
        for _ in 0..20 {
            synth.render(&mut piece);
        }
        assert!(synth.is_silent(), "{sound:?} after 10 s");
    }
}

/// How long a sound lasts (seconds to a hundredth of its power) and its share of power in seven octaves.
fn fingerprint(sound: Articulation) -> [f32; 9] {
    let stereo = alone(sound, 100);
    let all = power(&stereo);
    let mut left = all;
    let lasts = stereo.chunks(2).position(|frame| {
        left -= power(frame);
        left < 0.01 * all
    });
    let mel = Mel::new(MelConfig {
        n_mels: 64,
        ..MelConfig::default()
    })
    .unwrap();
    let mut out = [0.0; 9];
    for frame in mel.frames(&mono(&stereo)).chunks_exact(64) {
        for (power, centre) in frame.iter().zip(mel.centres()) {
            let octave = (centre / 100.0).log2().clamp(0.0, 6.0) as usize;
            out[octave] += power;
        }
    }
    let sum: f32 = out.iter().sum();
    out.iter_mut().for_each(|share| *share /= sum);
    out[7] = (lasts.unwrap_or_default() as f32 / RATE as f32).ln();
    // Low drums are told by their pitch: how often the sound crosses zero in 0.2 s.
    let steady = mono(&stereo[2 * 4_410..2 * 13_230]);
    let crossings = steady.windows(2).filter(|w| (w[0] < 0.0) != (w[1] < 0.0));
    out[8] = (1.0 + crossings.count() as f32).ln();
    out
}

#[test]
fn sounds_within_a_lane_are_told_apart() {
    let prints: Vec<_> = Articulation::all().map(|a| (a, fingerprint(a))).collect();
    for (i, (one, a)) in prints.iter().enumerate() {
        for (other, b) in prints
            .iter()
            .skip(i + 1)
            .filter(|(o, _)| o.lane() == one.lane())
        {
            let apart: f32 = a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum();
            assert!(apart > 0.08, "{one:?} and {other:?}: {apart}");
        }
    }
}

#[test]
fn whatever_closes_the_hat_chokes_it() {
    use Articulation as A;
    let from = RATE as usize;
    for (open, closing) in [
        (A::OpenHat, A::ClosedHat),
        (A::OpenHat, A::PedalHat),
        (A::OpenHatEdge, A::ClosedHatEdge),
        (A::OpenTriangle, A::MuteTriangle),
        (A::OpenSurdo, A::MuteSurdo),
    ] {
        let later = 4_410;
        let ringing = power(&together(&[(0, open, 120), (later, A::Claves, 1)])[from / 2..]);
        let choked = power(&together(&[(0, open, 120), (later, closing, 1)])[from / 2..]);
        assert!(
            choked < 0.02 * ringing,
            "{open:?}, {closing:?}: {choked} of {ringing}"
        );
    }
}

#[test]
fn hands_clap_one_after_the_other_however_it_is_cut() {
    let strokes: Vec<_> = (0u64..)
        .zip([
            Articulation::Clap,
            Articulation::LongGuiro,
            Articulation::Vibraslap,
        ])
        .map(|(k, sound)| (k * 12_345 + 7, sound, 100))
        .collect();
    let whole = together(&strokes);
    for size in [1, 31, 33, 1000] {
        let mut renderer = Renderer::at_frames(Synth::new(RATE), strokes.clone(), 0, 2.0);
        let (mut pieces, mut piece) = (Vec::new(), vec![0.0; 2 * size]);
        loop {
            let frames = renderer.next_piece(&mut piece);
            if frames == 0 {
                break;
            }
            pieces.extend_from_slice(&piece[..2 * frames]);
        }
        assert!(pieces == whole, "in pieces of {size}");
    }
    // Four claps 10.5 ms apart: loud where each begins, less between.
    let clap = mono(&alone(Articulation::Clap, 110));
    let power = |ms: f32| -> f32 {
        let from = (ms * 44.1) as usize;
        clap[from..from + 132].iter().map(|x| x * x).sum()
    };
    for k in 0..4 {
        let begins = k as f32 * 10.5;
        assert!(power(begins) > 1.5 * power(begins + 7.0), "clap {k}");
    }
}
