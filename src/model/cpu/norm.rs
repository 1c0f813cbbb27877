//! What stands between two layers: layer normalisation and dropout, forward and backward, row by row.

use super::super::lstm::kernel::{Engine, Loop, Rows, WIDE};
use super::super::slices::NORM_EPSILON;
use super::dropout::{Dropout, Dropped, Kept};
use super::stack::Between;
use super::sums::{Vector, add, sum, wide, wide_mut};
use super::{part_rows, sized};

/// One layer's normalisation: what its backward pass needs, kept from call to call.
#[derive(Debug, Default)]
pub struct Norm {
    /// Mean of each row, and one over its deviation.
    scales: Vec<[f32; 2]>,
    dropped: Dropped,
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
        let scales = sized(&mut self.scales, rows);
        let kept = self.dropped.begin(dropout, rows * units);
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
        let (scales, dropped) = (&self.scales, &self.dropped);
        engine.share(
            parts,
            (Rows::new(d, each * units), Rows::new(partial, 2 * units)),
            |i, (d, partial)| {
                let at = i * each * units;
                let end = at + d.len();
                engine.run(Backward {
                    x: &x[at..end],
                    scales: &scales[i * each..],
                    kept: dropped.of(at..end),
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
    kept: Option<Kept<'a>>,
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
        let mut kept = self.kept;
        self.partial.fill(0.0);
        let (d_gain, d_shift) = self.partial.split_at_mut(units);
        for ((d, x), [mean, narrow]) in self
            .d
            .chunks_exact_mut(units)
            .zip(self.x.chunks_exact(units))
            .zip(self.scales)
        {
            if let Some(kept) = &mut kept {
                kept.back(d);
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
