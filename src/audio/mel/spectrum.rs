//! The power spectrum of one frame of real samples: window, transform, power of each bin.

use super::wide::WIDE;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Frames of one length turned into power. Immutable, to be shared by threads.
pub(super) struct Spectrum {
    /// A periodic Hann window, halved: see [`untangle`].
    window: Vec<f32>,
    fft: Arc<dyn Fft<f32>>,
    /// `e^(-2 pi i k / n)` for k from 1 up to a quarter: real parts and imaginary parts.
    turns: [Vec<f32>; 2],
}

/// Room for one frame's numbers, so that frames allocate nothing.
#[derive(Debug)]
pub(super) struct Room {
    packed: Vec<Complex<f32>>,
    bins: Vec<Complex<f32>>,
    /// The bins' real and imaginary parts.
    re: Vec<f32>,
    im: Vec<f32>,
    inner: Vec<Complex<f32>>,
    /// `n / 2 + 1` powers, zeros behind them up to a whole number of vectors and one more.
    pub power: Vec<f32>,
}

impl Spectrum {
    /// Frames of `n` samples, an even number.
    pub fn new(n: usize) -> Self {
        let turn = std::f64::consts::TAU / n as f64;
        let angles = || (1..n.div_ceil(4)).map(|k| turn * k as f64);
        Self {
            window: (0..n)
                .map(|i| (0.25 - 0.25 * (turn * i as f64).cos()) as f32)
                .collect(),
            // A frame of n real numbers is transformed as n/2 complex ones.
            fft: FftPlanner::new().plan_fft_forward(n / 2),
            turns: [
                angles().map(|a| a.cos() as f32).collect(),
                angles().map(|a| -a.sin() as f32).collect(),
            ],
        }
    }

    pub fn room(&self) -> Room {
        let half = self.window.len() / 2;
        Room {
            packed: vec![Complex::default(); half],
            bins: vec![Complex::default(); half],
            re: vec![0.0; half],
            im: vec![0.0; half],
            inner: vec![Complex::default(); self.fft.get_outofplace_scratch_len()],
            power: vec![0.0; (half + 1).next_multiple_of(WIDE) + WIDE],
        }
    }

    /// The power of each bin of a frame, into `room.power`.
    #[inline(always)]
    pub fn power(&self, samples: &[f32], room: &mut Room) {
        let (x, _) = samples.as_chunks::<2>();
        let (w, _) = self.window.as_chunks::<2>();
        for (z, (x, w)) in room.packed.iter_mut().zip(x.iter().zip(w)) {
            *z = Complex::new(x[0] * w[0], x[1] * w[1]);
        }
        self.fft
            .process_outofplace_with_scratch(&mut room.packed, &mut room.bins, &mut room.inner);
        let parts = room.re.iter_mut().zip(&mut room.im);
        for ((re, im), bin) in parts.zip(&room.bins) {
            (*re, *im) = (bin.re, bin.im);
        }
        let bins = room.bins.len() + 1;
        if let Some(power) = room.power.get_mut(..bins) {
            untangle(&room.re, &room.im, &self.turns, power);
        }
    }
}

/// The power of each bin of a frame whose even and odd samples went through one transform as real and
/// imaginary part; symmetry parts them: `X[k] = E[k] + e^(-2 pi i k / n) O[k]`, and `X[n/2 - k]` is the
/// conjugate of `E[k] - e^(-2 pi i k / n) O[k]`. `E[k]` is half of `Z[k]` plus the conjugate of `Z[n/2 - k]`; the half is in
/// the window already. Low and high bins have loops of their own, which compilers turn into vectors.
#[inline(always)]
fn untangle(re: &[f32], im: &[f32], turns: &[Vec<f32>; 2], power: &mut [f32]) {
    let (Some((first_re, re)), Some((first_im, im))) = (re.split_first(), im.split_first()) else {
        return;
    };
    let [dc, inner @ .., top] = power else {
        return;
    };
    *dc = (2.0 * (first_re + first_im)).powi(2);
    *top = (2.0 * (first_re - first_im)).powi(2);
    let pairs = re.len() / 2;
    // Where the number of bins is even, one stands alone in the middle.
    let alone = re.len() - 2 * pairs;
    let (low, upper) = inner.split_at_mut(pairs);
    let (middle, high) = upper.split_at_mut(alone);
    let (a_re, upper_re) = re.split_at(pairs);
    let (a_im, upper_im) = im.split_at(pairs);
    let (own_re, b_re) = upper_re.split_at(alone);
    let (own_im, b_im) = upper_im.split_at(alone);
    for (power, (re, im)) in middle.iter_mut().zip(own_re.iter().zip(own_im)) {
        *power = 4.0 * (re * re + im * im);
    }
    let [turn_re, turn_im] = turns;
    // The high bins run from the top.
    let a = || a_re.iter().zip(a_im);
    let b = || b_re.iter().rev().zip(b_im.iter().rev());
    let turns = || turn_re.iter().zip(turn_im);
    for (power, ((a, b), turn)) in low.iter_mut().zip(a().zip(b()).zip(turns())) {
        let [even_re, even_im, turned_re, turned_im] = halves(a, b, turn);
        let (re, im) = (even_re + turned_re, even_im + turned_im);
        *power = re * re + im * im;
    }
    for (power, ((a, b), turn)) in high.iter_mut().rev().zip(a().zip(b()).zip(turns())) {
        let [even_re, even_im, turned_re, turned_im] = halves(a, b, turn);
        let (re, im) = (even_re - turned_re, even_im - turned_im);
        *power = re * re + im * im;
    }
}

/// `E` and the turned `O` of a bin and of its mirror image, real and imaginary parts.
#[inline(always)]
fn halves(a: (&f32, &f32), b: (&f32, &f32), turn: (&f32, &f32)) -> [f32; 4] {
    // a minus the conjugate of b, turned by -90 degrees.
    let (odd_re, odd_im) = (a.1 + b.1, b.0 - a.0);
    [
        a.0 + b.0,
        a.1 - b.1,
        odd_re * turn.0 - odd_im * turn.1,
        odd_re * turn.1 + odd_im * turn.0,
    ]
}
