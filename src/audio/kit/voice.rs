//! [`Voice`]: one stroke on one drum, from its patch, its velocity and its own draws.
//! Which voice plays when is [`super::Synth`]'s business.

use super::bank::{Envelopes, Filters, MODES, Modes, Shape};
use super::dsp::{Metal, Noise, Tone, decay, saturate};
use super::patch::patch;
use crate::base::rng::Stream;
use crate::beat::lane::Lane;

/// Filtered noises a voice may have.
const BANDS: usize = 4;

/// The longest piece rendered at once, in frames.
pub const BLOCK: usize = 32;

/// Below this amplitude (-68 dB) a voice has ended.
const SILENCE: f32 = 4e-4;

/// One stroke; silent once it has ended.
#[derive(Clone, Debug)]
pub struct Voice {
    lane: Lane,
    active: bool,
    age: u64,
    left: f32,
    right: f32,
    send: f32,
    fade: f32,
    fading: f32,
    tone: Tone,
    tone_envelope: Envelopes<1>,
    drive: f32,
    makeup: f32,
    modes: Modes,
    ringing: bool,
    noise: Noise,
    metal: Metal,
    metallic: bool,
    /// Shares of noise and metal a band.
    mix: [[f32; BANDS]; 2],
    envelopes: Envelopes<BANDS>,
    filters: Filters<BANDS>,
}

impl Voice {
    /// A silent voice.
    pub fn new() -> Self {
        Self {
            lane: Lane::Kick,
            active: false,
            age: 0,
            left: 0.0,
            right: 0.0,
            send: 0.0,
            fade: 0.0,
            fading: 1.0,
            tone: Tone::default(),
            tone_envelope: Envelopes::new(),
            drive: 0.0,
            makeup: 0.0,
            modes: Modes::new(),
            ringing: false,
            noise: Noise::new(1),
            metal: Metal::default(),
            metallic: false,
            mix: [[0.0; BANDS]; 2],
            envelopes: Envelopes::new(),
            filters: Filters::new(),
        }
    }

    /// Begins stroke number `age` on `lane`; `velocity` is above 0 and at most 1.
    pub fn strike(&mut self, lane: Lane, velocity: f32, age: u64, draws: &mut Stream, rate: f32) {
        let p = patch(lane);
        // About 34 dB from the softest stroke to the hardest.
        let force = (0.04 + 0.96 * velocity).powf(1.3);
        let gain = p.gain * force * (1.0 + 0.04 * (draws.uniform() - 0.5));
        let tune = 1.0 + 0.006 * (draws.uniform() - 0.5);
        let angle = (p.pan + 1.0) * std::f32::consts::FRAC_PI_4;
        *self = Self::new();
        self.lane = lane;
        self.active = true;
        self.age = age;
        self.left = gain * angle.cos() * std::f32::consts::SQRT_2;
        self.right = gain * angle.sin() * std::f32::consts::SQRT_2;
        self.send = gain * p.room;
        self.fade = 1.0;
        if let Some(t) = &p.tone {
            // A harder stroke stretches the head: the pitch starts higher.
            let stretch = 0.45 + 0.55 * velocity;
            self.tone = Tone::new(
                t.rest * tune,
                (t.sweep.0 * stretch, t.sweep.1),
                (t.click.0 * stretch, t.click.1),
                rate,
            );
            let shape = Shape {
                level: t.level,
                attack: t.attack,
                fast: t.fall,
                slow: t.fall,
                tail: 0.0,
            };
            self.tone_envelope.start(0, &shape, rate);
            self.drive = t.drive * (0.6 + 0.4 * velocity);
            self.makeup = 1.0 / saturate(self.drive);
        }
        for (i, &(hertz, level, fall)) in p.modes.iter().enumerate().take(MODES) {
            // Every stroke lands elsewhere on the head and excites the modes differently.
            let place = 0.75 + 0.5 * draws.uniform();
            let height = i as f32 / MODES as f32;
            let bright = force.powf(p.modes_bright * height);
            self.modes
                .set(i, hertz * tune, level * place * bright, fall, rate);
            self.ringing = true;
        }
        if lane == Lane::Ride {
            self.ring_the_bell(velocity, tune, rate);
        }
        self.noise = Noise::new(draws.next_bits() as u32);
        self.metallic = p.metal[0] > 0.0;
        if self.metallic {
            let phases = std::array::from_fn(|_| draws.next_bits() as u32);
            self.metal = Metal::new(&p.metal, tune, phases, rate);
        }
        for (i, b) in p.bands.iter().enumerate().take(BANDS) {
            let level = b.shape.level * force.powf(b.bright);
            let shape = Shape { level, ..b.shape };
            self.envelopes.start(i, &shape, rate);
            let hertz = b.hertz * (0.85 + 0.15 * velocity);
            self.filters.set(i, b.pass, hertz, b.q, rate);
            self.mix[0][i] = b.noise;
            self.mix[1][i] = b.metal;
        }
    }

    /// Strokes in the top fifth move from the bow towards the bell: its modes grow threefold.
    fn ring_the_bell(&mut self, velocity: f32, tune: f32, rate: f32) {
        let bell = ((velocity - 0.8) / 0.2).clamp(0.0, 1.0);
        if bell > 0.0 {
            for (i, &(hertz, level, fall)) in patch(Lane::Ride).modes.iter().enumerate().take(5) {
                let level = level * (1.0 + 2.0 * bell);
                self.modes.set(i, hertz * tune, level, fall, rate);
            }
        }
    }

    /// The drum it plays.
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// Whether it still sounds.
    pub const fn is_active(&self) -> bool {
        self.active
    }

    /// The number of its stroke.
    pub const fn age(&self) -> u64 {
        self.age
    }

    /// An upper bound of its amplitude, for choosing the one to give up.
    pub fn loudness(&self) -> f32 {
        let body = self.tone_envelope.level() + self.modes.level();
        (self.envelopes.level() + body) * self.fade * self.left.max(self.right)
    }

    /// Lets it fall silent within about five times `seconds`; never slower than it already does.
    pub fn damp(&mut self, seconds: f32, rate: f32) {
        self.fading = self.fading.min(decay(seconds, rate));
    }

    /// Adds its next samples to the left and right channel and to the room's input; the three have one
    /// length, at most [`BLOCK`].
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32], room: &mut [f32]) {
        // Part by part, so that each loop keeps its few numbers in registers.
        let mut mono = [0.0; BLOCK];
        let mono = &mut mono[..left.len().min(BLOCK)];
        if self.tone_envelope.level() > 0.0 {
            for y in mono.iter_mut() {
                let [level] = self.tone_envelope.next();
                let x = self.tone.next() * level;
                *y = saturate(x * self.drive) * self.makeup;
            }
        }
        if self.ringing {
            for y in mono.iter_mut() {
                *y += self.modes.next();
            }
        }
        self.render_bands(mono);
        for (((y, l), r), send) in mono.iter().zip(left).zip(right).zip(room) {
            self.fade *= self.fading;
            let y = y * self.fade;
            *l += y * self.left;
            *r += y * self.right;
            *send += y * self.send;
        }
    }

    /// Adds the noises.
    fn render_bands(&mut self, mono: &mut [f32]) {
        if self.envelopes.level() <= 0.0 {
            return;
        }
        let mut metal = [0.0; BLOCK];
        if self.metallic {
            for x in &mut metal[..mono.len()] {
                *x = self.metal.next();
            }
        }
        for (y, metal) in mono.iter_mut().zip(metal) {
            let noise = self.noise.next();
            let levels = self.envelopes.next();
            let x = std::array::from_fn(|i| {
                (noise * self.mix[0][i] + metal * self.mix[1][i]) * levels[i]
            });
            let [a, b, c, d] = self.filters.next(x);
            *y += (a + b) + (c + d);
        }
    }

    /// Ends what has become inaudible and keeps denormal numbers away; called at fixed places in time.
    pub fn tidy(&mut self) {
        self.tone.flush();
        self.tone_envelope.flush();
        if self.ringing {
            self.modes.flush();
        }
        self.envelopes.flush();
        self.filters.flush();
        self.active = self.loudness() > SILENCE;
    }
}
