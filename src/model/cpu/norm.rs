//! What stands between two layers: layer normalisation and dropout, forward and backward, row by row.

use super::super::lstm::kernel::{Engine, Loop, Rows, WIDE};
use super::super::slices::NORM_EPSILON;
use super::stack::Between;
use super::sums::{Vector, add, sum, wide, wide_mut};
use super::{part_rows, sized};
use crate::base::rng::Stream;

/// Which share of a layer's output is dropped, and by which draws.
#[derive(Clone, Debug)]
pub struct Dropout {
    draws: Stream,
    /// Draws below it drop, in parts of 2^24.
    below: u64,
    /// What a kept value is multiplied by.
    factor: f32,
}

impl Dropout {
    /// Drops `share` of the values by these draws, in order; nothing where the share is not above 0.
    #[must_use]
    pub fn new(draws: Stream, share: f64) -> Option<Self> {
        (share > 0.0).then(|| Self {
            draws,
            // A uniform draw is k / 2^24: it is below `share` exactly where k is below this.
            below: (share * f64::from(1 << 24)).ceil() as u64,
            factor: (1.0 / (1.0 - share)) as f32,
        })
    }

    /// What a kept value is multiplied by.
    #[must_use]
    pub const fn factor(&self) -> f32 {
        self.factor
    }

    /// Drops some of `y`, as many draws as there are values; `kept` notes which stay.
    #[inline(always)]
    pub fn drop_some(&mut self, kept: &mut [u8], y: &mut [f32]) {
        for (kept, y) in kept.iter_mut().zip(y) {
            *kept = u8::from(self.draws.next_bits() >> 40 >= self.below);
            *y *= f32::from(*kept) * self.factor;
        }
    }

    /// The same, from the `n`-th value on.
    #[must_use]
    pub fn from(&self, n: u64) -> Self {
        let mut draws = self.draws.clone();
        draws.skip(n);
        Self { draws, ..*self }
    }
}

/// One layer's normalisation: what its backward pass needs, kept from call to call.
#[derive(Debug, Default)]
pub struct Norm {
    /// Mean of each row, and one over its deviation.
    scales: Vec<[f32; 2]>,
    /// 1 where a value was kept.
    kept: Vec<u8>,
    /// What a kept value was multiplied by; `None`: nothing was dropped.
    factor: Option<f32>,
    partial: Vec<f32>,
}

impl Between for Norm {
    fn forward(
        &mut self,
        engine: &Engine,
        x: &[f32],
        y: &mut [f32],
        [gain, shift]: [&[f32]; 2],
        _real: &[f32],
        dropout: Option<&Dropout>,
    ) {
        let units = gain.len();
        let rows = x.len() / units;
        self.factor = dropout.map(|d| d.factor);
        let scales = sized(&mut self.scales, rows);
        let kept = sized(&mut self.kept, dropout.map_or(0, |_| rows * units));
        let each = part_rows(rows, units);
        engine.share(
            rows.div_ceil(each),
            (
                Rows::new(y, each * units),
                Rows::new(scales, each),
                Rows::new(kept, each * units),
            ),
            |i, (y, scales, kept)| {
                engine.run(Forward {
                    x: &x[i * each * units..],
                    y,
                    scales,
                    kept,
                    gain,
                    shift,
                    dropout: dropout.map(|d| d.from((i * each * units) as u64)),
                });
            },
        );
    }

    fn backward(
        &mut self,
        engine: &Engine,
        x: &[f32],
        d: &mut [f32],
        gain: &[f32],
        _real: &[f32],
        [d_gain, d_shift]: [&mut [f32]; 2],
    ) {
        let units = gain.len();
        let rows = d.len() / units;
        let each = part_rows(rows, units);
        let parts = rows.div_ceil(each);
        let partial = sized(&mut self.partial, parts * 2 * units);
        let (scales, kept, factor) = (&self.scales, &self.kept, self.factor);
        engine.share(
            parts,
            (Rows::new(d, each * units), Rows::new(partial, 2 * units)),
            |i, (d, partial)| {
                let at = i * each * units;
                let end = at + d.len();
                engine.run(Backward {
                    x: &x[at..end],
                    scales: &scales[i * each..],
                    kept: factor.map(|factor| (&kept[at..end], factor)),
                    gain,
                    d,
                    partial,
                });
            },
        );
        d_gain.fill(0.0);
        d_shift.fill(0.0);
        for part in self.partial.chunks_exact(2 * units) {
            add(d_gain, &part[..units]);
            add(d_shift, &part[units..]);
        }
    }
}

struct Forward<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    scales: &'a mut [[f32; 2]],
    kept: &'a mut [u8],
    gain: &'a [f32],
    shift: &'a [f32],
    /// The draws from this part on.
    dropout: Option<Dropout>,
}

impl Loop for Forward<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let units = self.gain.len();
        let n = units as f32;
        let mut dropout = self.dropout;
        let mut kept = self.kept.chunks_exact_mut(units);
        for ((x, y), scale) in self
            .x
            .chunks_exact(units)
            .zip(self.y.chunks_exact_mut(units))
            .zip(self.scales)
        {
            let mean = sum(x, |v| v) / n;
            let variance = sum(x, |v| {
                let off = v - Vector::all(mean);
                off * off
            }) / n;
            let narrow = 1.0 / (variance + NORM_EPSILON).sqrt();
            *scale = [mean, narrow];
            for (((v, o), g), s) in x.iter().zip(&mut *y).zip(self.gain).zip(self.shift) {
                *o = (v - mean) * narrow * g + s;
            }
            if let (Some(dropout), Some(kept)) = (&mut dropout, kept.next()) {
                dropout.drop_some(kept, y);
            }
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    scales: &'a [[f32; 2]],
    kept: Option<(&'a [u8], f32)>,
    gain: &'a [f32],
    d: &'a mut [f32],
    partial: &'a mut [f32],
}

impl Loop for Backward<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let units = self.gain.len();
        let n = units as f32;
        let mut kept = self.kept.map(|(kept, by)| (kept.chunks_exact(units), by));
        self.partial.fill(0.0);
        let (d_gain, d_shift) = self.partial.split_at_mut(units);
        for ((d, x), [mean, narrow]) in self
            .d
            .chunks_exact_mut(units)
            .zip(self.x.chunks_exact(units))
            .zip(self.scales)
        {
            if let Some((kept, factor)) = &mut kept
                && let Some(kept) = kept.next()
            {
                for (d, kept) in d.iter_mut().zip(kept) {
                    *d *= f32::from(*kept) * *factor;
                }
            }
            let normal = |x: Vector| (x - Vector::all(*mean)) * Vector::all(*narrow);
            let (mut through, mut along) = (Vector::ZERO, Vector::ZERO);
            for ((((d, x), gain), d_gain), d_shift) in wide_mut(d)
                .iter_mut()
                .zip(wide(x))
                .zip(wide(self.gain))
                .zip(wide_mut(d_gain))
                .zip(wide_mut(d_shift))
            {
                let (dy, x) = (Vector(*d), normal(Vector(*x)));
                let back = dy * Vector(*gain);
                *d_gain = (Vector(*d_gain) + dy * x).0;
                *d_shift = (Vector(*d_shift) + dy).0;
                *d = back.0;
                through = through + back;
                along = along + back * x;
            }
            let (mut through, mut along) = (through.total(), along.total());
            for u in units - units % WIDE..units {
                let (dy, x) = (d[u], (x[u] - mean) * narrow);
                d_gain[u] += dy * x;
                d_shift[u] += dy;
                d[u] *= self.gain[u];
                through += d[u];
                along += d[u] * x;
            }
            let (through, along) = (through / n, along / n);
            for (d, x) in d.iter_mut().zip(x) {
                *d = narrow * (*d - through - (x - mean) * narrow * along);
            }
        }
    }
}
