//! What stands between two layers of the spectrogram model: batch normalisation (Ioffe and Szegedy 2015) and dropout,
//! forward and backward. Each unit is brought to mean 0 and variance 1 over the real slots of the batch; what mean and
//! variance were is kept for whoever follows them.

use super::super::lstm::kernel::{Engine, Loop, Rows};
use super::dropout::{Dropout, Dropped, Kept};
use super::stack::Between;
use super::{part_rows, sized};

/// Added to variances before the root is taken, as in the original. A unit that hardly moves is not blown up.
pub const EPSILON: f32 = 1e-3;

/// One layer's normalisation: what its backward pass and its followers need, kept from call to call.
#[derive(Debug, Default)]
pub struct BatchNorm {
    /// Of each unit, over the last batch.
    pub mean: Vec<f32>,
    /// Likewise.
    pub variance: Vec<f32>,
    /// One over the deviation.
    narrow: Vec<f32>,
    dropped: Dropped,
    partial: Vec<f32>,
    sums: Vec<f64>,
    /// Mean gradient, and mean of gradient times normalised value.
    means: [Vec<f32>; 2],
}

impl BatchNorm {
    /// Mean over the real slots of `f(row, partial)`'s sums, in the order of the parts: `width` numbers a unit.
    fn add_up(&mut self, units: usize, share: f64) -> &[f64] {
        let sums = sized(&mut self.sums, units);
        sums.fill(0.0);
        for part in self.partial.chunks_exact(units) {
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum += f64::from(*part);
            }
        }
        for sum in sums.iter_mut() {
            *sum *= share;
        }
        sums
    }
}

/// One over the number of real slots.
fn share_of(real: &[f32]) -> f64 {
    let count: f64 = real.iter().map(|r| f64::from(*r)).sum();
    1.0 / count.max(1.0)
}

impl Between for BatchNorm {
    fn forward(
        &mut self,
        engine: &Engine,
        x: &[f32],
        y: &mut [f32],
        [gain, shift]: [&[f32]; 2],
        real: &[f32],
        dropout: Option<&Dropout>,
    ) {
        let units = gain.len();
        let rows = x.len() / units.max(1);
        let each = part_rows(rows, units);
        let parts = rows.div_ceil(each);
        let share = share_of(real);
        sized(&mut self.mean, units).fill(0.0);
        for second in [false, true] {
            let partial = sized(&mut self.partial, parts * units);
            let mean = &self.mean;
            engine.share(parts, Rows::new(partial, units), |i, partial| {
                engine.run(Moments {
                    x: &x[i * each * units..],
                    real: &real[i * each..rows.min((i + 1) * each)],
                    mean,
                    second,
                    partial,
                });
            });
            self.add_up(units, share);
            let to = if second {
                &mut self.variance
            } else {
                &mut self.mean
            };
            for (to, sum) in sized(to, units).iter_mut().zip(&self.sums) {
                *to = *sum as f32;
            }
        }
        for (narrow, variance) in sized(&mut self.narrow, units)
            .iter_mut()
            .zip(&self.variance)
        {
            *narrow = 1.0 / (variance + EPSILON).sqrt();
        }
        let kept = self.dropped.begin(dropout, rows * units);
        let (mean, narrow) = (&self.mean, &self.narrow);
        engine.share(
            parts,
            (Rows::new(y, each * units), Rows::new(kept, each * units)),
            |i, (y, kept)| {
                let from = i * each * units;
                engine.run(Forward {
                    x: &x[from..from + y.len()],
                    kept,
                    mean,
                    narrow,
                    gain,
                    shift,
                    dropout: dropout.map(|d| d.from(from as u64)),
                    y,
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
        real: &[f32],
        [d_gain, d_shift]: [&mut [f32]; 2],
    ) {
        let units = gain.len();
        let rows = d.len() / units.max(1);
        let each = part_rows(rows, units);
        let parts = rows.div_ceil(each);
        let share = share_of(real);
        let partial = sized(&mut self.partial, parts * 2 * units);
        let (mean, narrow) = (&self.mean, &self.narrow);
        let dropped = &self.dropped;
        engine.share(
            parts,
            (
                Rows::new(&mut *d, each * units),
                Rows::new(partial, 2 * units),
            ),
            |i, (d, partial)| {
                let from = i * each * units;
                let end = from + d.len();
                engine.run(Gather {
                    x: &x[from..end],
                    kept: dropped.of(from..end),
                    mean,
                    narrow,
                    d,
                    partial,
                });
            },
        );
        self.add_up(2 * units, 1.0);
        let (along, through) = self.sums.split_at(units);
        for (to, sum) in [(&mut *d_gain, along), (&mut *d_shift, through)] {
            for (to, sum) in to.iter_mut().zip(sum) {
                *to = *sum as f32;
            }
        }
        for (to, sum) in self.means.iter_mut().zip([through, along]) {
            for (to, sum) in sized(to, units).iter_mut().zip(sum) {
                *to = (sum * share) as f32;
            }
        }
        let (mean, narrow) = (&self.mean, &self.narrow);
        let [through, along] = &self.means;
        engine.share(parts, Rows::new(d, each * units), |i, d| {
            let from = i * each * units;
            engine.run(Backward {
                x: &x[from..from + d.len()],
                real: &real[i * each..],
                mean,
                narrow,
                gain,
                through,
                along,
                d,
            });
        });
    }
}

/// Sums over real rows: of x, or of the squares of its distance from the mean.
struct Moments<'a> {
    x: &'a [f32],
    real: &'a [f32],
    mean: &'a [f32],
    second: bool,
    partial: &'a mut [f32],
}

impl Loop for Moments<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let units = self.mean.len();
        self.partial.fill(0.0);
        for (x, real) in self.x.chunks_exact(units).zip(self.real) {
            let all = self.partial.iter_mut().zip(x).zip(self.mean);
            if self.second {
                for ((sum, x), mean) in all {
                    *sum += real * (x - mean) * (x - mean);
                }
            } else {
                for ((sum, x), _) in all {
                    *sum += real * x;
                }
            }
        }
    }
}

struct Forward<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    kept: &'a mut [u8],
    mean: &'a [f32],
    narrow: &'a [f32],
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
        let mut dropout = self.dropout;
        let mut kept = self.kept.chunks_exact_mut(units);
        for (x, y) in self
            .x
            .chunks_exact(units)
            .zip(self.y.chunks_exact_mut(units))
        {
            let scales = self.mean.iter().zip(self.narrow);
            let weights = self.gain.iter().zip(self.shift);
            for (((x, y), (mean, narrow)), (gain, shift)) in
                x.iter().zip(&mut *y).zip(scales).zip(weights)
            {
                *y = (x - mean) * narrow * gain + shift;
            }
            if let (Some(dropout), Some(kept)) = (&mut dropout, kept.next()) {
                dropout.drop_some(kept, y);
            }
        }
    }
}

/// Takes the gradient back through dropout; sums of it times the normalised values, then of itself.
struct Gather<'a> {
    x: &'a [f32],
    kept: Option<Kept<'a>>,
    mean: &'a [f32],
    narrow: &'a [f32],
    d: &'a mut [f32],
    partial: &'a mut [f32],
}

impl Loop for Gather<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let units = self.mean.len();
        let mut kept = self.kept;
        self.partial.fill(0.0);
        let (along, through) = self.partial.split_at_mut(units);
        for (d, x) in self
            .d
            .chunks_exact_mut(units)
            .zip(self.x.chunks_exact(units))
        {
            if let Some(kept) = &mut kept {
                kept.back(d);
            }
            let scales = self.mean.iter().zip(self.narrow);
            let sums = along.iter_mut().zip(&mut *through);
            for (((d, x), (mean, narrow)), (along, through)) in
                d.iter().zip(x).zip(scales).zip(sums)
            {
                *along += d * (x - mean) * narrow;
                *through += d;
            }
        }
    }
}

/// `gain narrow (d - mean d - x mean(d x))` for normalised `x`; nothing where a slot is not real.
struct Backward<'a> {
    x: &'a [f32],
    real: &'a [f32],
    mean: &'a [f32],
    narrow: &'a [f32],
    gain: &'a [f32],
    through: &'a [f32],
    along: &'a [f32],
    d: &'a mut [f32],
}

impl Loop for Backward<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let units = self.mean.len();
        let rows = self
            .d
            .chunks_exact_mut(units)
            .zip(self.x.chunks_exact(units));
        for ((d, x), real) in rows.zip(self.real) {
            let scales = self.mean.iter().zip(self.narrow).zip(self.gain);
            let means = self.through.iter().zip(self.along);
            for (((d, x), ((mean, narrow), gain)), (through, along)) in
                d.iter_mut().zip(x).zip(scales).zip(means)
            {
                let normal = (x - mean) * narrow;
                *d = real * gain * narrow * (*d - through - normal * along);
            }
        }
    }
}
