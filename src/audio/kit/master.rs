//! What all voices pass together: a small room, then a limiter that never lets a sample
//! reach full scale.

use super::dsp::{BLOCK, decay};

/// Delays of the room's four lines, in seconds; no two have a common measure.
const LINES: [f32; 4] = [0.0113, 0.0167, 0.0211, 0.0277];

/// How much of a line comes back: sound falls by 60 dB in about a third of a second.
const FEEDBACK: f32 = 0.70;

/// Gain of what is heard of the room.
const LEVEL: f32 = 0.5;

/// Below this is silence; it also keeps denormal numbers away.
const FAINT: f32 = 1e-8;

/// How the measure of the room's loudness falls over a block: 0.9995 a sample.
const FORGETTING: f32 = 0.984_12;

/// A feedback delay network of four lines, mixed by a Hadamard matrix (Jot and Chaigne, "Digital
/// delay networks for designing artificial reverberators", AES 1991).
#[derive(Clone, Debug)]
pub struct Room {
    lines: [Vec<f32>; 4],
    place: [usize; 4],
    dull: [Dull; 4],
    dulling: f32,
    energy: f32,
    /// The loudest since the last [`Room::tidy`].
    loudest: f32,
    hush: f32,
    hushing: f32,
}

impl Room {
    /// An empty room at a sample rate in Hz.
    pub fn new(rate: f32) -> Self {
        Self {
            lines: LINES.map(|s| vec![0.0; (s * rate) as usize + 1]),
            place: [0; 4],
            dull: [Dull::default(); 4],
            dulling: 1.0 - decay(1.0 / (std::f32::consts::TAU * 4200.0), rate),
            energy: 0.0,
            loudest: 0.0,
            hush: 1.0,
            hushing: 1.0,
        }
    }

    /// Whether nothing is heard of it and nothing comes in.
    pub fn is_silent(&self) -> bool {
        self.energy.max(self.loudest) < 1e-6
    }

    /// Lets it fall silent quickly.
    pub fn hush(&mut self, seconds: f32, rate: f32) {
        self.hushing = decay(seconds, rate);
    }

    /// Takes samples in, at most [`BLOCK`], and adds its answer to the left and right channel. Every line is longer than a
    /// block, so what a block hears of the lines was there before it.
    #[inline(always)]
    pub fn answer(&mut self, input: &[f32], left: &mut [f32], right: &mut [f32]) {
        let frames = input.len().min(BLOCK);
        let mut heard = [[0.0; BLOCK]; 4];
        for ((heard, line), place) in heard.iter_mut().zip(&self.lines).zip(self.place) {
            let (before, after) = line.split_at(place);
            let first = after.len().min(frames);
            heard[..first].copy_from_slice(&after[..first]);
            heard[first..frames].copy_from_slice(&before[..frames - first]);
        }
        for (dull, heard) in self.dull.iter_mut().zip(&mut heard) {
            dull.pass(self.dulling, heard, frames);
        }
        let mut hush = [self.hush; BLOCK + 1];
        if self.hushing < 1.0 {
            for n in 0..frames {
                hush[n + 1] = hush[n] * self.hushing;
            }
            self.hush = hush[frames];
        }
        let mut back = [[0.0; BLOCK]; 4];
        let [one, two, three, four] = &heard;
        let mut loudest = [self.loudest; BLOCK];
        for n in 0..frames {
            let (a, b) = (one[n] + two[n], one[n] - two[n]);
            let (c, d) = (three[n] + four[n], three[n] - four[n]);
            let gain = 0.5 * FEEDBACK * hush[n];
            for (back, mixed) in back.iter_mut().zip([a + c, b + d, a - c, b - d]) {
                let x = input[n] + gain * mixed;
                back[n] = if x.abs() < FAINT { 0.0 } else { x };
            }
            let level = one[n].abs() + two[n].abs() + three[n].abs() + four[n].abs();
            loudest[n] = loudest[n].max(level + input[n].abs());
        }
        self.loudest = loudest.into_iter().fold(self.loudest, f32::max);
        for (n, (left, right)) in left.iter_mut().zip(right).take(frames).enumerate() {
            let gain = LEVEL * hush[n + 1];
            *left += (one[n] + three[n]) * gain;
            *right += (two[n] + four[n]) * gain;
        }
        for ((back, line), place) in back.iter().zip(&mut self.lines).zip(&mut self.place) {
            let back = &back[..frames];
            let (before, after) = line.split_at_mut(*place);
            let first = after.len().min(frames);
            after[..first].copy_from_slice(&back[..first]);
            before[..frames - first].copy_from_slice(&back[first..]);
            *place += frames;
            if *place >= line.len() {
                *place -= line.len();
            }
        }
    }

    /// Forgets what is past, keeps denormal numbers away and, once hushed to silence, empties the room and opens it again;
    /// called at fixed places in time.
    #[inline(always)]
    pub fn tidy(&mut self) {
        self.energy = self.loudest.max(self.energy * FORGETTING);
        self.loudest = 0.0;
        if self.energy < FAINT {
            self.energy = 0.0;
        }
        if self.hush < 1e-4 {
            for line in &mut self.lines {
                line.fill(0.0);
            }
            self.dull = [Dull::default(); 4];
            self.energy = 0.0;
            self.hush = 1.0;
            self.hushing = 1.0;
        }
    }
}

/// Samples of a line made at once.
const LANES: usize = 8;

/// The low-pass at the end of a line, `y[n] = k y[n-1] + (1 - k) x[n]`. Written out eight steps back it is
/// `y[n] = k^8 y[n-8] + z[n]` with `z[n] = (1 - k) (x[n] + k x[n-1] + ... + k^7 x[n-7])`, and `z` is made of sums of twos, of
/// fours and of eights: nothing waits for the sample before.
#[derive(Clone, Copy, Debug, Default)]
struct Dull {
    /// The last `x` times `1 - k`.
    x: [f32; LANES],
    /// The last `y`.
    y: [f32; LANES],
}

impl Dull {
    /// Sends the first `frames` of `sound` through it; `dulling` is `1 - k`.
    #[inline(always)]
    fn pass(&mut self, dulling: f32, sound: &mut [f32; BLOCK], frames: usize) {
        let k = 1.0 - dulling;
        let (k2, k4, k8) = (k * k, k.powi(4), k.powi(8));
        let mut x = [0.0; LANES + BLOCK];
        x[..LANES].copy_from_slice(&self.x);
        for (x, sound) in x[LANES..].iter_mut().zip(sound.iter()) {
            *x = dulling * sound;
        }
        let mut twos = [0.0; LANES + BLOCK];
        for n in 1..LANES + BLOCK {
            twos[n] = x[n] + k * x[n - 1];
        }
        let mut fours = [0.0; LANES + BLOCK];
        for n in 3..LANES + BLOCK {
            fours[n] = twos[n] + k2 * twos[n - 2];
        }
        let mut y = [0.0; LANES + BLOCK];
        y[..LANES].copy_from_slice(&self.y);
        let mut last = self.y;
        for (j, piece) in y[LANES..].chunks_exact_mut(LANES).enumerate() {
            let mut next = [0.0; LANES];
            for i in 0..LANES {
                let n = LANES * (j + 1) + i;
                let y = (fours[n] + k4 * fours[n - 4]) + k8 * last[i];
                next[i] = if y.abs() < FAINT { 0.0 } else { y };
            }
            piece.copy_from_slice(&next);
            last = next;
        }
        sound.copy_from_slice(&y[LANES..]);
        self.x.copy_from_slice(&x[frames..frames + LANES]);
        self.y.copy_from_slice(&y[frames..frames + LANES]);
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

    /// Holds the channels below the ceiling; both are turned down alike, so that the image stays.
    #[inline(always)]
    pub fn hold(&mut self, left: &mut [f32], right: &mut [f32]) {
        let loudest = loudest(left).max(loudest(right));
        if self.peak.max(loudest) <= KNEE {
            // Nothing is bent, and how far below the knee the peak is makes no difference later.
            self.peak = loudest;
            return;
        }
        for (left, right) in left.iter_mut().zip(right) {
            let now = left.abs().max(right.abs());
            self.peak = now.max(self.peak * self.release);
            if self.peak > KNEE {
                // KNEE + span * x / (1 + x) rises with slope 1 at the knee and never reaches the ceiling.
                let span = CEILING - KNEE;
                let over = (self.peak - KNEE) / span;
                let gain = (KNEE + span * over / (1.0 + over)) / self.peak;
                *left *= gain;
                *right *= gain;
            }
        }
    }
}

/// The greatest absolute value.
#[inline(always)]
fn loudest(samples: &[f32]) -> f32 {
    let (vectors, rest) = samples.as_chunks::<LANES>();
    // Not `f32::max`, which minds what is no number and takes longer.
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut most = [0.0; LANES];
    for vector in vectors {
        for (most, x) in most.iter_mut().zip(vector) {
            *most = larger(x.abs(), *most);
        }
    }
    most.iter().chain(rest).fold(0.0, |m, x| larger(x.abs(), m))
}
