//! Pieces as the network learns them: rendered by the built-in kit at some level, with some noise, as frames in
//! decibels, with the places of their strokes between the frames.

use crate::audio::mel::{Mel, MelStream, db};
use crate::audio::onset::{FLOOR, Level};
use crate::audio::render::{Renderer, Stroke};
use crate::base::rng::Stream;

/// Steps a decibel is kept in: frames take two bytes a band.
const STEPS: f32 = 128.0;

/// What rings on after the last stroke, in seconds.
const TAIL: f32 = 0.6;

/// A stroke as a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Where, in frames from the start.
    pub place: f32,
    /// Index of its lane.
    pub lane: usize,
    /// How hard, above 0 to 1.
    pub velocity: f32,
}

/// One rendered piece.
#[derive(Debug)]
pub struct Recording {
    bands: usize,
    /// Frame after frame, in steps of a decibel.
    steps: Vec<i16>,
    /// By place.
    pub marks: Vec<Mark>,
    /// What was played, from the first frame on.
    pub strokes: Vec<Stroke>,
    /// Its level before gain and noise.
    pub level: Option<f32>,
}

/// How a piece is recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Take {
    /// Gain in decibels.
    pub gain: f32,
    /// Level of white noise in decibels of full scale, or none.
    pub noise: Option<f32>,
    /// Decibels below which frames are cut off.
    pub floor: f32,
}

impl Take {
    /// As the kit plays, with nothing added.
    pub const PLAIN: Self = Self {
        gain: 0.0,
        noise: None,
        floor: FLOOR,
    };

    /// One that differs a little from that, as sound from elsewhere does.
    pub fn draw(draws: &mut Stream) -> Self {
        let (gain, noisy, noise) = (draws.normal(), draws.uniform(), draws.uniform());
        let (cut, floor) = (draws.uniform(), draws.uniform());
        Self {
            gain: (1.5 * gain).clamp(-6.0, 6.0),
            noise: (noisy < 0.3).then_some(-90.0 + 35.0 * noise),
            floor: if cut < 0.3 {
                FLOOR + 20.0 * floor
            } else {
                FLOOR
            },
        }
    }
}

impl Recording {
    /// Records the strokes from `from_ns` on, at most `most_ns` of them.
    pub fn of(
        mel: &Mel,
        strokes: &[Stroke],
        (from_ns, most_ns): (u64, u64),
        take: Take,
        draws: &mut Stream,
    ) -> Self {
        let config = mel.config();
        let window = from_ns..from_ns.saturating_add(most_ns);
        let strokes: Vec<Stroke> = strokes
            .iter()
            .filter(|s| window.contains(&s.time_ns))
            .map(|s| Stroke {
                time_ns: s.time_ns - from_ns,
                ..*s
            })
            .collect();
        let rate = config.sample_rate;
        let mut renderer = Renderer::new(&strokes, 0, rate, TAIL);
        let mut steps = Vec::new();
        let mut keep = |power: &[f32]| {
            let values = power.iter().map(|p| db(*p).max(take.floor) * STEPS);
            steps.extend(values.map(|v| v.round() as i16));
        };
        let gain = 0.5 * 10f32.powf(take.gain / 20.0);
        // Uniform noise of variance 1 reaches to the root of 3 on both sides.
        let noise = take
            .noise
            .map(|db| 10f32.powf(db / 20.0) * 2.0 * 3f32.sqrt());
        let mut level = Level::new(rate);
        let mut stream = MelStream::new(mel);
        let (mut piece, mut mono) = ([0.0; 4096], [0.0; 2048]);
        loop {
            let got = renderer.next_piece(&mut piece);
            if got == 0 {
                break;
            }
            for (m, frame) in mono.iter_mut().zip(piece.chunks_exact(2)) {
                *m = gain * (frame[0] + frame[1]);
            }
            let mono = &mut mono[..got];
            level.push(mono);
            if let Some(noise) = noise {
                mono.iter_mut()
                    .for_each(|m| *m += noise * (draws.uniform() - 0.5));
            }
            stream.push(mono, &mut keep);
        }
        stream.finish(&mut keep);
        let frames = f64::from(rate) / config.hop_length as f64;
        let mut marks: Vec<Mark> = strokes
            .iter()
            .map(|s| Mark {
                place: (s.time_ns as f64 / 1e9 * frames) as f32,
                lane: s.lane.index(),
                velocity: f32::from(s.velocity) / 127.0,
            })
            .collect();
        marks.sort_by(|a, b| a.place.total_cmp(&b.place));
        Self {
            bands: config.n_mels,
            steps,
            marks,
            strokes,
            level: level.db().map(|db| db - take.gain),
        }
    }

    /// How many frames it has.
    pub fn frames(&self) -> usize {
        self.steps.len() / self.bands
    }

    /// A frame in decibels; silence before the first and after the last.
    pub fn frame(&self, at: isize, out: &mut [f32]) {
        let place = usize::try_from(at).ok().and_then(|at| {
            let from = at.checked_mul(self.bands)?;
            self.steps.get(from..from + self.bands)
        });
        match place {
            Some(steps) => out
                .iter_mut()
                .zip(steps)
                .for_each(|(o, s)| *o = f32::from(*s) / STEPS),
            None => out.fill(FLOOR),
        }
    }

    /// The marks from one frame up to another.
    pub fn marks(&self, from: f32, to: f32) -> &[Mark] {
        let first = self.marks.partition_point(|m| m.place < from);
        let last = self.marks.partition_point(|m| m.place < to);
        &self.marks[first..last.max(first)]
    }
}

/// Mean and one over the deviation of each band over all recordings.
pub fn statistics(recordings: &[Recording], bands: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut sums, mut squares) = (vec![0.0f64; bands], vec![0.0f64; bands]);
    let mut count = 0.0f64;
    for recording in recordings {
        for frame in recording.steps.chunks_exact(bands) {
            for ((sum, square), step) in sums.iter_mut().zip(&mut squares).zip(frame) {
                let x = f64::from(*step) / f64::from(STEPS);
                *sum += x;
                *square += x * x;
            }
            count += 1.0;
        }
    }
    let count = count.max(1.0);
    let means: Vec<f32> = sums.iter().map(|s| (s / count) as f32).collect();
    let scale = |(square, sum): (&f64, &f64)| {
        let variance = square / count - (sum / count).powi(2);
        // A band without any sound stays at 0 rather than be blown up.
        (1.0 / variance.max(1.0).sqrt()) as f32
    };
    let scales = squares.iter().zip(&sums).map(scale).collect();
    (means, scales)
}

/// How far a mark's onset target reaches, in frames.
pub const SMEAR: f32 = 1.8;

/// The onset target so many frames from a mark: a bell of deviation 0.6 frames.
pub fn bell(off: f32) -> f32 {
    (-0.5 * (off / 0.6) * (off / 0.6)).exp()
}
