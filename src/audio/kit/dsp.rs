//! The small single parts drum voices are made of: noise, metal, a swept sine, a saturation. Each is a
//! recurrence of a few operations a sample, without allocation. Parts that come in numbers are in
//! [`super::bank`], which drum uses what in [`super::patch`].

/// The multiplier a sample of an exponential that falls to 1/e in `seconds`.
pub fn decay(seconds: f32, rate: f32) -> f32 {
    (-1.0 / (seconds.max(1e-5) * rate)).exp()
}

/// White noise, uniform in `[-1, 1)` (Marsaglia, "Xorshift RNGs", 2003).
#[derive(Clone, Copy, Debug)]
pub struct Noise(u32);

impl Noise {
    /// Noise from a seed; 0 is replaced, for xorshift never leaves it.
    pub const fn new(seed: u32) -> Self {
        Self(if seed == 0 { 0x9e37_79b9 } else { seed })
    }

    /// The next sample.
    #[inline]
    pub fn next(&mut self) -> f32 {
        let mut x = self.0;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.0 = x;
        x as i32 as f32 * (1.0 / 2_147_483_648.0)
    }
}

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

    /// The next sample, within -1 to 1.
    #[inline]
    pub fn next(&mut self) -> f32 {
        let mut up = [0u32; 8];
        for ((phase, step), up) in self.phase.iter_mut().zip(&self.step).zip(&mut up) {
            *phase = phase.wrapping_add(*step);
            *up = *phase >> 31;
        }
        let (a, b) = up.split_at(4);
        let sum: u32 = a.iter().zip(b).map(|(a, b)| a + b + 2 * (a ^ b)).sum();
        sum as f32 * 0.125 - 1.0
    }
}

/// A sine whose pitch falls to its rest in two exponentials: the sweep of a drum head
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

    /// The next sample, within -1 to 1.
    #[inline]
    pub fn next(&mut self) -> f32 {
        self.sweep *= self.sweep_fall;
        self.click *= self.click_fall;
        self.phase += self.rest + self.sweep + self.click;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
        }
        sine(self.phase)
    }

    /// Sets sweeps too small to be heard to 0, before they become denormal.
    pub fn flush(&mut self) {
        for part in [&mut self.sweep, &mut self.click] {
            if *part < 1e-9 {
                *part = 0.0;
            }
        }
    }
}

/// `sin(2 pi turns)` for turns in `[0, 1)`, within 0.0011: a parabola and its square, joined so that
/// both ends and the peak are met.
#[inline]
fn sine(turns: f32) -> f32 {
    let x = 0.5 - turns;
    let y = x * (8.0 - 16.0 * x.abs());
    y * (0.775 + 0.225 * y.abs())
}

/// A saturation without a corner: x for small x, never beyond 1 (Pade's tanh, held).
#[inline]
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
