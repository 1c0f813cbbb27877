//! [`Voice`]: one stroke on one drum, from its patch, its velocity and its own draws.
//! Which voice plays when is [`super::Synth`]'s business; several are rendered together in [`super::ensemble`].

use super::bank::{Envelopes, Filters, Shape};
use super::dsp::{BLOCK, Metal, Tone, decay, noise, saturate};
use super::modes::{MODES, Modes};
use super::patch::{Patch, patch};
use crate::base::rng::Stream;
use crate::beat::articulation::Articulation;

/// Filtered noises a voice may have.
pub const BANDS: usize = 4;

/// Below this amplitude (-68 dB) a voice has ended.
const SILENCE: f32 = 4e-4;

/// Below this amplitude (-160 dB) a part of a voice has: far below, so that parts do not move the end of the whole.
const FAINT: f32 = 1e-8;

/// One stroke; silent once it has ended.
#[derive(Clone, Debug)]
pub struct Voice {
    drum: Articulation,
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
    /// See [`super::dsp::xorshift`].
    pub(super) noise: u32,
    pub(super) metal: Metal,
    pub(super) metallic: bool,
    /// Shares of noise and metal a band.
    pub(super) mix: [[f32; BANDS]; 2],
    pub(super) envelopes: Envelopes<BANDS>,
    noisy: bool,
    pub(super) filters: Filters<BANDS>,
    again: Again,
}

/// How the first noise is struck again and again, as hands clap and scrapers scrape.
#[derive(Clone, Copy, Debug)]
struct Again {
    shape: Shape,
    times: u8,
    /// In frames.
    gap: u32,
    wait: u32,
    fall: f32,
    rate: f32,
}

impl Again {
    const NEVER: Self = Self {
        shape: Shape {
            level: 0.0,
            attack: 0.0,
            fast: 0.0,
            slow: 0.0,
            tail: 0.0,
        },
        times: 0,
        gap: 0,
        wait: 0,
        fall: 0.0,
        rate: 0.0,
    };
}

impl Voice {
    /// A silent voice.
    pub fn new() -> Self {
        Self {
            drum: Articulation::Kick,
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
            noise: noise(0),
            metal: Metal::default(),
            metallic: false,
            mix: [[0.0; BANDS]; 2],
            envelopes: Envelopes::new(),
            noisy: false,
            filters: Filters::new(),
            again: Again::NEVER,
        }
    }

    /// Begins stroke number `age`, as sample `at` of a block; `velocity` is above 0 and at most 1.
    pub fn strike(
        &mut self,
        articulation: Articulation,
        velocity: f32,
        age: u64,
        draws: &mut Stream,
        (rate, at): (f32, usize),
    ) {
        let p = patch(articulation);
        // About 34 dB from the softest stroke to the hardest.
        let force = (0.04 + 0.96 * velocity).powf(1.3);
        let gain = p.gain * force * (1.0 + 0.04 * (draws.uniform() - 0.5));
        let tune = 1.0 + 0.006 * (draws.uniform() - 0.5);
        let angle = (p.pan + 1.0) * std::f32::consts::FRAC_PI_4;
        *self = Self::new();
        self.drum = super::touch::drum(articulation);
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
            let level = level * place * bright;
            self.modes.set(i, hertz * tune, level, fall, rate, at);
        }
        if articulation == Articulation::Ride {
            self.ring_the_bell(p, velocity, tune, (rate, at));
        }
        self.noise = noise(draws.next_bits() as u32);
        self.metallic = p.metal[0] > 0.0;
        if self.metallic {
            let phases = std::array::from_fn(|_| draws.next_bits() as u32);
            self.metal = Metal::new(&p.metal, tune, phases, rate);
        }
        for (i, b) in p.bands.iter().enumerate().take(BANDS) {
            self.noisy = true;
            let level = b.shape.level * force.powf(b.bright);
            let shape = Shape { level, ..b.shape };
            self.envelopes.start(i, &shape, rate);
            let hertz = b.hertz * (0.85 + 0.15 * velocity);
            self.filters.set(i, b.pass, hertz, b.q, rate);
            self.mix[0][i] = b.noise;
            self.mix[1][i] = b.metal;
            if i == 0 && p.again.times > 0 {
                let gap = (p.again.gap * rate) as u32;
                self.again = Again {
                    shape,
                    times: p.again.times,
                    gap,
                    wait: gap,
                    fall: p.again.fall,
                    rate,
                };
            }
        }
    }

    /// Strokes in the top fifth move from the bow towards the bell: its modes grow threefold.
    fn ring_the_bell(&mut self, p: &Patch, velocity: f32, tune: f32, (rate, at): (f32, usize)) {
        let bell = ((velocity - 0.8) / 0.2).clamp(0.0, 1.0);
        if bell > 0.0 {
            for (i, &(hertz, level, fall)) in p.modes.iter().enumerate().take(5) {
                let level = level * (1.0 + 2.0 * bell);
                self.modes.set(i, hertz * tune, level, fall, rate, at);
            }
        }
    }

    /// The drum it is on, by the name of one of its sounds.
    pub const fn drum(&self) -> Articulation {
        self.drum
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
    #[inline(always)]
    pub fn loudness(&self) -> f32 {
        let body = self.tone_envelope.level() + self.modes.level();
        (self.envelopes.level() + body) * self.fade * self.left.max(self.right)
    }

    /// Lets it fall silent within about five times `seconds`; never slower than it already does.
    pub fn damp(&mut self, seconds: f32, rate: f32) {
        self.fading = self.fading.min(decay(seconds, rate));
    }

    /// Whether its noises are heard.
    pub const fn is_noisy(&self) -> bool {
        self.noisy
    }

    /// Sets `mono`, at most [`BLOCK`] samples of which the first is number `at` of its block, to what its head and its
    /// modes give.
    #[inline(always)]
    pub fn body(&mut self, mono: &mut [f32], at: usize) {
        mono.fill(0.0);
        if self.tone_envelope.level() > FAINT {
            let mut levels = [0.0; BLOCK];
            self.tone.fill(mono, &mut self.tone_envelope, &mut levels);
            let (drive, makeup) = (self.drive, self.makeup);
            for (y, level) in mono.iter_mut().zip(levels) {
                *y = saturate(*y * level * drive) * makeup;
            }
        }
        self.modes.add_to(mono, at);
    }

    /// In how many samples its first noise is struck again, if it is.
    #[inline(always)]
    pub fn until_again(&self) -> Option<usize> {
        (self.again.times > 0).then_some(self.again.wait as usize)
    }

    /// Lets so many samples pass, at most those of [`Voice::until_again`]. Whether the first noise is struck again then: its
    /// envelope begins anew.
    #[inline(always)]
    pub fn go_on(&mut self, samples: usize) -> bool {
        let again = &mut self.again;
        if again.times == 0 {
            return false;
        }
        again.wait = again.wait.saturating_sub(samples as u32);
        if again.wait > 0 {
            return false;
        }
        again.times -= 1;
        again.wait = again.gap.max(1);
        again.shape.level *= again.fall;
        self.envelopes.start(0, &again.shape, again.rate);
        true
    }

    /// Adds `mono` to the left and right channel and to the room's input, all of one length.
    #[inline(always)]
    pub fn place(&mut self, mono: &[f32], left: &mut [f32], right: &mut [f32], room: &mut [f32]) {
        let mut faded = [0.0; BLOCK];
        let faded = &mut faded[..mono.len().min(BLOCK)];
        if self.fading < 1.0 {
            for (y, x) in faded.iter_mut().zip(mono) {
                self.fade *= self.fading;
                *y = x * self.fade;
            }
        } else {
            for (y, x) in faded.iter_mut().zip(mono) {
                *y = x * self.fade;
            }
        }
        for (out, gain) in [(left, self.left), (right, self.right), (room, self.send)] {
            for (out, y) in out.iter_mut().zip(faded.iter()) {
                *out += y * gain;
            }
        }
    }

    /// Ends what has become inaudible and keeps denormal numbers away; called at fixed places in time.
    #[inline(always)]
    pub fn tidy(&mut self) {
        self.tone.flush();
        self.tone_envelope.flush();
        self.modes.tidy();
        self.envelopes.flush();
        self.filters.flush();
        let again = self.again.times > 0;
        self.noisy = self.envelopes.level() > FAINT || again;
        self.active = self.loudness() > SILENCE || again;
    }
}
