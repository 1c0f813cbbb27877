//! [`Resampler`]: sound at another sample rate, as it comes, by a windowed sinc (Smith, "Digital audio resampling",
//! ccrma.stanford.edu/~jos/resample).

/// Zero crossings of the sinc on each side.
const CROSSINGS: usize = 16;
/// Places of the table between two crossings; between them it is interpolated.
const FINE: usize = 256;
/// Shape of Kaiser's window: 80 dB of attenuation.
const BETA: f64 = 8.0;
/// The corner as a share of the lower half rate, so that the slope ends at it.
const CORNER: f64 = 0.94;

/// A change of sample rate under way.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// Samples in for one out: `from / to`.
    from: u64,
    to: u64,
    /// Crossings a sample in: below 1 where the rate falls.
    corner: f64,
    /// The sinc's right half.
    table: Vec<f32>,
    /// Samples that are still needed.
    kept: Vec<f32>,
    /// The place of the next sample out, in samples from `kept`'s first, and `part / to` after it: whole numbers,
    /// so that nothing adds up rounding.
    next: usize,
    part: u64,
    /// Samples on each side of a place that count.
    reach: usize,
}

impl Resampler {
    /// From one rate in Hz to another; neither may be 0 (a 0 counts as 1).
    #[must_use]
    pub fn new(from: u32, to: u32) -> Self {
        let (from, to) = (u64::from(from.max(1)), u64::from(to.max(1)));
        let corner = CORNER * (to as f64 / from as f64).min(1.0);
        let reach = (CROSSINGS as f64 / corner).ceil() as usize;
        let table = (0..=CROSSINGS * FINE + 1).map(|i| {
            let x = i as f64 / FINE as f64;
            let inside = (1.0 - (x / CROSSINGS as f64).powi(2)).max(0.0).sqrt();
            let phase = std::f64::consts::PI * x;
            let sinc = if i == 0 { 1.0 } else { phase.sin() / phase };
            (sinc * bessel(BETA * inside) / bessel(BETA)) as f32
        });
        Self {
            from,
            to,
            corner,
            table: table.collect(),
            // Silence before the first sample.
            kept: vec![0.0; reach],
            next: reach,
            part: 0,
            reach,
        }
    }

    /// Takes samples in and hands out those that are ready.
    pub fn push(&mut self, samples: &[f32], mut each: impl FnMut(f32)) {
        self.kept.extend_from_slice(samples);
        while self.next + self.reach + 1 < self.kept.len() {
            each(self.now());
            self.part += self.from;
            self.next += (self.part / self.to) as usize;
            self.part %= self.to;
        }
        let past = self.next.saturating_sub(self.reach).min(self.kept.len());
        self.kept.drain(..past);
        self.next -= past;
    }

    /// Hands out what only awaited the silence after the last sample.
    pub fn finish(mut self, each: impl FnMut(f32)) {
        let silence = vec![0.0; self.reach + 1];
        self.push(&silence, each);
    }

    /// The next sample out.
    fn now(&self) -> f32 {
        let whole = self.next;
        let place = whole as f64 + self.part as f64 / self.to as f64;
        let first = (whole + 1).saturating_sub(self.reach);
        let near = self.kept.get(first..=whole + self.reach);
        let fine = self.corner * FINE as f64;
        let mut sum = 0.0;
        for (i, x) in (first..).zip(near.unwrap_or_default()) {
            let off = (i as f64 - place).abs() * fine;
            let (cell, part) = (off as usize, off.fract() as f32);
            if let Some(&[a, b]) = self.table.get(cell..cell + 2) {
                sum += x * (a + part * (b - a));
            }
        }
        sum * self.corner as f32
    }
}

/// The modified Bessel function of order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: u32, count: usize) -> Vec<f32> {
        let turn = std::f64::consts::TAU * hertz / f64::from(rate);
        (0..count).map(|n| (turn * n as f64).sin() as f32).collect()
    }

    fn resampled(samples: &[f32], from: u32, to: u32, piece: usize) -> Vec<f32> {
        let mut out = Vec::new();
        let mut resampler = Resampler::new(from, to);
        for piece in samples.chunks(piece) {
            resampler.push(piece, |x| out.push(x));
        }
        resampler.finish(|x| out.push(x));
        out
    }

    #[test]
    fn a_sine_stays_the_same_sine_at_any_rate() {
        for (from, to) in [(48_000, 44_100), (22_050, 44_100), (96_000, 44_100)] {
            let count = from as usize / 10;
            let out = resampled(&sine(3_000.0, from, count), from, to, 777);
            let wanted = sine(3_000.0, to, out.len());
            assert!(out.len().abs_diff(to as usize / 10) <= 1, "{}", out.len());
            let middle = 200..out.len() - 200;
            for (a, b) in out[middle.clone()].iter().zip(&wanted[middle]) {
                assert!((a - b).abs() < 2e-3, "{from} to {to}: {a} {b}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone_and_pieces_do_not_matter() {
        let high = sine(30_000.0, 96_000, 4_800);
        let out = resampled(&high, 96_000, 44_100, 100);
        let middle = &out[200..out.len() - 200];
        assert!(middle.iter().all(|x| x.abs() < 2e-3));
        let at_once = resampled(&high, 96_000, 44_100, 4_800);
        assert!(out == at_once, "pieces do not matter");
    }
}
