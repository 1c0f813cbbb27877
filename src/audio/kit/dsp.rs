//! The small single parts drum voices are made of: noise, metal, a swept sine, a saturation. Each is a
//! recurrence of a few operations a sample, without allocation. Parts that come in numbers are in
//! [`super::bank`], which drum uses what in [`super::patch`].

use super::bank::Envelopes;

/// The longest piece that parts are asked for at once, in samples.
pub const BLOCK: usize = 32;

/// The multiplier a sample of an exponential that falls to 1/e in `seconds`.
pub fn decay(seconds: f32, rate: f32) -> f32 {
    (-1.0 / (seconds.max(1e-5) * rate)).exp()
}

/// What white noise begins with, from any number; xorshift never leaves 0, so 0 is replaced.
pub const fn noise(seed: u32) -> u32 {
    if seed == 0 { 0x9e37_79b9 } else { seed }
}

/// The next sample of white noise: as a signed number it is uniform (Marsaglia, "Xorshift RNGs", 2003).
#[inline(always)]
pub const fn xorshift(mut x: u32) -> u32 {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    x
}

/// What makes a signed number lie within -1 to 1.
pub const TO_UNIT: f32 = 1.0 / 2_147_483_648.0;

/// Eight square waves and the products of four pairs of them: the dense inharmonic
/// spectrum of struck metal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metal {
    phase: [u32; 8],
    step: [u32; 8],
}

impl Metal {
    /// Squares at `hertz` times `tune`, from given phases.
    pub fn new(hertz: &[f32; 8], tune: f32, phase: [u32; 8], rate: f32) -> Self {
        let step = hertz.map(|f| (f64::from(f * tune / rate) * 4_294_967_296.0) as u32);
        Self { phase, step }
    }

    /// Sets `out`, at most [`BLOCK`] samples, to the next ones, each within -1 to 1.
    #[inline(always)]
    pub fn fill(&mut self, out: &mut [f32]) {
        // Pair by pair, and along time rather than across the squares: so nothing is added up across a vector.
        let mut counts = [0u32; BLOCK];
        let (low, high) = self.phase.split_at_mut(4);
        let (low_step, high_step) = self.step.split_at(4);
        for (((a, b), da), db) in low.iter_mut().zip(high).zip(low_step).zip(high_step) {
            let (mut first, mut second) = (*a, *b);
            for (count, _) in counts.iter_mut().zip(out.iter()) {
                first = first.wrapping_add(*da);
                second = second.wrapping_add(*db);
                let (x, y) = (first >> 31, second >> 31);
                *count += x + y + 2 * (x ^ y);
            }
            (*a, *b) = (first, second);
        }
        for (y, count) in out.iter_mut().zip(counts) {
            *y = count as i32 as f32 * 0.125 - 1.0;
        }
    }
}

/// A sine whose pitch goes to its rest in two exponentials: the sweep of a drum head
/// and the click of its beater.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tone {
    phase: f32,
    rest: f32,
    sweep: f32,
    sweep_fall: f32,
    click: f32,
    click_fall: f32,
}

impl Tone {
    /// Ends at `rest` Hz; starts `sweep + click` Hz higher; falls in the given seconds.
    pub fn new(rest: f32, sweep: (f32, f32), click: (f32, f32), rate: f32) -> Self {
        Self {
            phase: 0.0,
            rest: rest / rate,
            sweep: sweep.0 / rate,
            sweep_fall: decay(sweep.1, rate),
            click: click.0 / rate,
            click_fall: decay(click.1, rate),
        }
    }

    /// Sets `out`, at most [`BLOCK`] samples, to the next ones, each within -1 to 1, and `levels` to those of an envelope.
    #[inline(always)]
    pub fn fill(
        &mut self,
        out: &mut [f32],
        envelope: &mut Envelopes<1>,
        levels: &mut [f32; BLOCK],
    ) {
        // In one loop, for neither's steps wait for the other's.
        let (mut tone, mut falling) = (*self, *envelope);
        for (turns, level) in out.iter_mut().zip(levels) {
            tone.sweep *= tone.sweep_fall;
            tone.click *= tone.click_fall;
            tone.phase += tone.rest + (tone.sweep + tone.click);
            *turns = tone.phase;
            [*level] = falling.next();
        }
        // Whole turns are left out here, where several samples can be at once, and taken away in `flush`: a block has
        // fewer than 32 of them.
        (*self, *envelope) = (tone, falling);
        for y in out {
            *y = sine(*y - (*y as i32) as f32);
        }
    }

    /// Takes whole turns away and sets sweeps too small to be heard to 0, before they become denormal; called at fixed
    /// places in time.
    #[inline(always)]
    pub fn flush(&mut self) {
        self.phase -= (self.phase as i32) as f32;
        for part in [&mut self.sweep, &mut self.click] {
            if part.abs() < 1e-9 {
                *part = 0.0;
            }
        }
    }
}

/// `sin(2 pi turns)` for turns in `[0, 1)`, within 0.0011: a parabola and its square, joined so that
/// both ends and the peak are met.
#[inline(always)]
fn sine(turns: f32) -> f32 {
    let x = 0.5 - turns;
    let y = x * (8.0 - 16.0 * x.abs());
    y * (0.775 + 0.225 * y.abs())
}

/// A saturation without a corner: x for small x, never beyond 1 (Pade's tanh, held).
#[inline(always)]
pub fn saturate(x: f32) -> f32 {
    let x = x.clamp(-3.0, 3.0);
    x * (27.0 + x * x) / (27.0 + 9.0 * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    #[test]
    fn the_sine_is_a_sine() {
        for i in 0..1000 {
            let turns = i as f32 / 1000.0;
            assert!((sine(turns) - (TAU * turns).sin()).abs() < 0.0012);
        }
    }
}
