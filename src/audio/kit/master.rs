//! What all voices pass together: a small room, then a limiter that never lets a sample
//! reach full scale.

use super::dsp::decay;

/// Delays of the room's four lines, in seconds; no two have a common measure.
const LINES: [f32; 4] = [0.0113, 0.0167, 0.0211, 0.0277];

/// How much of a line comes back: sound falls by 60 dB in about a third of a second.
const FEEDBACK: f32 = 0.70;

/// Gain of what is heard of the room.
const LEVEL: f32 = 0.5;

/// Below this is silence; it also keeps denormal numbers away.
const FAINT: f32 = 1e-8;

/// A feedback delay network of four lines, mixed by a Hadamard matrix (Jot and Chaigne, "Digital
/// delay networks for designing artificial reverberators", AES 1991).
#[derive(Clone, Debug)]
pub struct Room {
    lines: [Vec<f32>; 4],
    place: [usize; 4],
    dull: [f32; 4],
    dulling: f32,
    energy: f32,
    hush: f32,
    hushing: f32,
}

impl Room {
    /// An empty room at a sample rate in Hz.
    pub fn new(rate: f32) -> Self {
        Self {
            lines: LINES.map(|s| vec![0.0; (s * rate) as usize + 1]),
            place: [0; 4],
            dull: [0.0; 4],
            dulling: 1.0 - decay(1.0 / (std::f32::consts::TAU * 4200.0), rate),
            energy: 0.0,
            hush: 1.0,
            hushing: 1.0,
        }
    }

    /// Whether nothing is heard of it and nothing comes in.
    pub fn is_silent(&self) -> bool {
        self.energy < 1e-6
    }

    /// Lets it fall silent quickly.
    pub fn hush(&mut self, seconds: f32, rate: f32) {
        self.hushing = decay(seconds, rate);
    }

    /// Takes one sample in and gives the left and right answer.
    #[inline]
    pub fn next(&mut self, input: f32) -> (f32, f32) {
        let mut out = [0.0; 4];
        for (i, out) in out.iter_mut().enumerate() {
            let heard = self.lines[i].get(self.place[i]).copied().unwrap_or(0.0);
            let dull = self.dull[i] + self.dulling * (heard - self.dull[i]);
            self.dull[i] = if dull.abs() < FAINT { 0.0 } else { dull };
            *out = self.dull[i];
        }
        let (a, b) = (out[0] + out[1], out[0] - out[1]);
        let (c, d) = (out[2] + out[3], out[2] - out[3]);
        let gain = 0.5 * FEEDBACK * self.hush;
        let back = [a + c, b + d, a - c, b - d];
        for (i, back) in back.into_iter().enumerate() {
            let x = input + gain * back;
            let line = &mut self.lines[i];
            if let Some(slot) = line.get_mut(self.place[i]) {
                *slot = if x.abs() < FAINT { 0.0 } else { x };
            }
            self.place[i] = if self.place[i] + 1 < line.len() {
                self.place[i] + 1
            } else {
                0
            };
        }
        let level = out.iter().map(|x| x.abs()).sum::<f32>() + input.abs();
        self.energy = level.max(self.energy * 0.9995);
        self.hush *= self.hushing;
        let gain = LEVEL * self.hush;
        ((out[0] + out[2]) * gain, (out[1] + out[3]) * gain)
    }

    /// Once hushed to silence, empties it and opens it again; called at fixed places in time.
    pub fn tidy(&mut self) {
        if self.hush < 1e-4 {
            for line in &mut self.lines {
                line.fill(0.0);
            }
            self.dull = [0.0; 4];
            self.energy = 0.0;
            self.hush = 1.0;
            self.hushing = 1.0;
        }
    }
}

/// Where the limiter begins to bend.
const KNEE: f32 = 0.80;

/// What it never exceeds.
pub const CEILING: f32 = 0.97;

/// A peak limiter: it follows the loudest sample at once, lets go slowly, and bends what is
/// above the knee towards the ceiling.
#[derive(Clone, Debug)]
pub struct Limiter {
    peak: f32,
    release: f32,
}

impl Limiter {
    /// A limiter at a sample rate in Hz.
    pub fn new(rate: f32) -> Self {
        Self {
            peak: 0.0,
            release: decay(0.080, rate),
        }
    }

    /// One stereo sample; both channels are turned down alike, so that the image stays.
    #[inline]
    pub fn next(&mut self, left: f32, right: f32) -> (f32, f32) {
        let now = left.abs().max(right.abs());
        self.peak = now.max(self.peak * self.release);
        if self.peak <= KNEE {
            if self.peak < FAINT {
                self.peak = 0.0;
            }
            return (left, right);
        }
        // KNEE + span * x / (1 + x) rises with slope 1 at the knee and never reaches the ceiling.
        let span = CEILING - KNEE;
        let over = (self.peak - KNEE) / span;
        let gain = (KNEE + span * over / (1.0 + over)) / self.peak;
        (left * gain, right * gain)
    }
}
