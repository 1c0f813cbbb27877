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
        let bins = room.bins.len() + 1;
        if let Some(power) = room.power.get_mut(..bins) {
            untangle(&room.bins, &self.turns, power);
        }
    }
}

/// The power of each bin of a frame whose even and odd samples went through one transform as real and
/// imaginary part; symmetry parts them: `X[k] = E[k] + e^(-2 pi i k / n) O[k]`, and `X[n/2 - k]` is the
/// conjugate of `E[k] - e^(-2 pi i k / n) O[k]`. `E[k]` is half of `Z[k]` plus the conjugate of `Z[n/2 - k]`; the half is in
/// the window already.
#[inline(always)]
fn untangle(bins: &[Complex<f32>], turns: &[Vec<f32>; 2], power: &mut [f32]) {
    let (Some((first, bins)), [dc, inner @ .., top]) = (bins.split_first(), power) else {
        return;
    };
    *dc = (2.0 * (first.re + first.im)).powi(2);
    *top = (2.0 * (first.re - first.im)).powi(2);
    let pairs = bins.len() / 2;
    // Where the number of bins is even, one stands alone in the middle.
    let alone = bins.len() - 2 * pairs;
    let (low, upper) = inner.split_at_mut(pairs);
    let (middle, high) = upper.split_at_mut(alone);
    let (a, upper) = bins.split_at(pairs);
    let (own, b) = upper.split_at(alone);
    for (power, bin) in middle.iter_mut().zip(own) {
        *power = 4.0 * (bin.re * bin.re + bin.im * bin.im);
    }
    let [turn_re, turn_im] = turns;
    // A vector of pairs at a time: the high bins run from the top.
    let (a, a_rest) = a.as_chunks::<WIDE>();
    let (turn_re, turn_re_rest) = turn_re.as_chunks::<WIDE>();
    let (turn_im, turn_im_rest) = turn_im.as_chunks::<WIDE>();
    let (low, low_rest) = low.as_chunks_mut::<WIDE>();
    let (b_rest, b) = b.as_rchunks::<WIDE>();
    let (high_rest, high) = high.as_rchunks_mut::<WIDE>();
    let turns = turn_re.iter().zip(turn_im);
    let powers = low.iter_mut().zip(high.iter_mut().rev());
    for ((low, high), ((a, b), turn)) in powers.zip(a.iter().zip(b.iter().rev()).zip(turns)) {
        let (mut up, mut down) = ([0.0; WIDE], [0.0; WIDE]);
        for i in 0..WIDE {
            [up[i], down[i]] = pair(a[i], b[WIDE - 1 - i], (turn.0[i], turn.1[i]));
        }
        *low = up;
        down.reverse();
        *high = down;
    }
    let turns = turn_re_rest.iter().zip(turn_im_rest);
    let powers = low_rest.iter_mut().zip(high_rest.iter_mut().rev());
    let bins = a_rest.iter().zip(b_rest.iter().rev());
    for ((low, high), ((a, b), turn)) in powers.zip(bins.zip(turns)) {
        [*low, *high] = pair(*a, *b, (*turn.0, *turn.1));
    }
}

/// The powers of a bin and of its mirror image.
#[inline(always)]
fn pair(a: Complex<f32>, b: Complex<f32>, turn: (f32, f32)) -> [f32; 2] {
    let (even_re, even_im) = (a.re + b.re, a.im - b.im);
    // a minus the conjugate of b, turned by -90 degrees.
    let (odd_re, odd_im) = (a.im + b.im, b.re - a.re);
    let turned_re = odd_re * turn.0 - odd_im * turn.1;
    let turned_im = odd_re * turn.1 + odd_im * turn.0;
    let (re, im) = (even_re + turned_re, even_im + turned_im);
    let (mirror_re, mirror_im) = (even_re - turned_re, even_im - turned_im);
    [
        re * re + im * im,
        mirror_re * mirror_re + mirror_im * mirror_im,
    ]
}
