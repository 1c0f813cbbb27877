//! Products of a matrix of which most numbers are 0, as the inputs of a first layer are: rows of weights are added
//! where a number is not 0, the others are passed over.
#![allow(unsafe_code)]

use super::Engine;
use super::lanes::{Job, Lanes, dispatch};
use super::memory::Shared;
use super::panels::Packed;

/// The numbers of a matrix that are not 0, row by row. Read again and again into the same memory.
#[derive(Clone, Debug, Default)]
pub struct Sparse {
    /// Where each row begins in `entries`, and the end.
    starts: Vec<usize>,
    /// Column and number.
    entries: Vec<(u32, f32)>,
    columns: usize,
    /// Room for a row's entries, as many as there are columns.
    row: Vec<(u32, f32)>,
}

impl Sparse {
    /// Takes over a row-major matrix of so many columns.
    pub fn read(&mut self, x: &[f32], columns: usize) {
        self.columns = columns;
        self.starts.clear();
        self.entries.clear();
        self.starts.push(0);
        self.row.resize(columns, (0, 0.0));
        for row in x.chunks_exact(columns.max(1)) {
            // Every number is put down and stays if it is not 0: which ones are cannot be foreseen, so a branch would
            // often be taken wrongly.
            let mut count = 0;
            for (column, value) in (0..).zip(row) {
                if let Some(to) = self.row.get_mut(count) {
                    *to = (column, *value);
                }
                // What is not a number is not 0 either.
                count += usize::from(*value != 0.0);
            }
            self.entries.extend_from_slice(&self.row[..count]);
            self.starts.push(self.entries.len());
        }
    }

    /// Rows of the matrix.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Columns of the matrix.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row: columns, each with its number.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }
}

/// `target = x weights + bias`, in the order that the weights' columns have.
///
/// # Panics
/// If the shapes do not fit.
pub(in super::super) fn multiply(
    engine: &Engine,
    x: &Sparse,
    weights: &Packed,
    bias: &[f32],
    target: &mut Packed,
) {
    assert_eq!(
        x.columns(),
        weights.rows(),
        "a row of weights for each column"
    );
    assert_eq!(bias.len(), weights.columns(), "a bias for each column");
    target.shape(engine, x.rows(), weights.columns(), weights.order);
    let (width, panel, stride) = (weights.width, weights.panel(), target.stride);
    assert_eq!(width, engine.isa().width(), "packed for these instructions");
    let to = Shared(target.data.all_mut().as_mut_ptr());
    engine.each(weights.panels(), &|p| {
        let mut biases = [0.0; 32];
        for half in 0..2 {
            let (first, count) = weights.order.vector(width, bias.len(), 2 * p + half);
            biases[half * width..][..count].copy_from_slice(&bias[first..first + count]);
        }
        let weights = &weights.data.all()[p * weights.stride..][..weights.rows * panel];
        // SAFETY: panel `p` is this part's alone, and `shape` has made room for a panel's row for each row of x.
        let to = unsafe { std::slice::from_raw_parts_mut(to.at(p * stride), x.rows() * panel) };
        dispatch(
            engine.isa(),
            Forward {
                x,
                weights,
                biases: &biases,
                to,
            },
        );
    });
}

struct Forward<'a> {
    x: &'a Sparse,
    weights: &'a [f32],
    biases: &'a [f32; 32],
    to: &'a mut [f32],
}

impl Job for Forward<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        // SAFETY: `biases` has two vectors of any instructions.
        let biases = unsafe {
            [
                s.load(self.biases.as_ptr()),
                s.load(self.biases.as_ptr().add(S::WIDTH)),
            ]
        };
        for (row, to) in self.to.chunks_exact_mut(S::PANEL).enumerate() {
            let [mut a, mut b] = biases;
            for &(column, value) in self.x.row(row) {
                let weights = &self.weights[column as usize * S::PANEL..][..S::PANEL];
                let value = s.splat(value);
                // SAFETY: `weights` are two vectors.
                let (u, v) = unsafe {
                    (
                        s.load(weights.as_ptr()),
                        s.load(weights.as_ptr().add(S::WIDTH)),
                    )
                };
                a = s.mul_add(value, u, a);
                b = s.mul_add(value, v, b);
            }
            // SAFETY: `to` is two vectors.
            unsafe {
                s.store(to.as_mut_ptr(), a);
                s.store(to.as_mut_ptr().add(S::WIDTH), b);
            }
        }
    }
}

/// `d = x^T y`, row-major; `sums` is scratch.
///
/// # Panics
/// If the shapes do not fit.
pub(in super::super) fn multiply_across(
    engine: &Engine,
    x: &Sparse,
    y: &Packed,
    d: &mut [f32],
    sums: &mut Packed,
) {
    assert_eq!(x.rows(), y.rows(), "rows of one length");
    assert_eq!(
        y.width,
        engine.isa().width(),
        "packed for these instructions"
    );
    sums.shape(engine, x.columns(), y.columns(), y.order);
    let (panel, stride, len) = (y.panel(), sums.stride, x.columns() * y.panel());
    let to = Shared(sums.data.all_mut().as_mut_ptr());
    engine.each(y.panels(), &|p| {
        let y = &y.data.all()[p * y.stride..][..y.rows * panel];
        // SAFETY: panel `p` is this part's alone, and `shape` has made room for `len` numbers in it.
        let sums = unsafe { std::slice::from_raw_parts_mut(to.at(p * stride), len) };
        dispatch(engine.isa(), Across { x, y, sums });
    });
    sums.unpack(engine, d);
}

impl Engine {
    /// `d = x^T y`, row-major, `[x.columns(), y.columns()]`; `sums` is scratch.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn product_across(&self, x: &Sparse, y: &Packed, d: &mut [f32], sums: &mut Packed) {
        multiply_across(self, x, y, d, sums);
    }
}

struct Across<'a> {
    x: &'a Sparse,
    y: &'a [f32],
    sums: &'a mut [f32],
}

impl Job for Across<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        self.sums.fill(0.0);
        for (row, y) in self.y.chunks_exact(S::PANEL).enumerate() {
            // SAFETY: `y` is two vectors.
            let (u, v) = unsafe { (s.load(y.as_ptr()), s.load(y.as_ptr().add(S::WIDTH))) };
            for &(column, value) in self.x.row(row) {
                let sums = &mut self.sums[column as usize * S::PANEL..][..S::PANEL];
                let value = s.splat(value);
                // SAFETY: `sums` are two vectors.
                unsafe {
                    let (a, b) = (sums.as_mut_ptr(), sums.as_mut_ptr().add(S::WIDTH));
                    s.store(a, s.mul_add(value, u, s.load(a)));
                    s.store(b, s.mul_add(value, v, s.load(b)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::panels::Order;
    use super::super::{Isa, View};
    use super::*;

    /// Numbers of a simple generator, three in four of them 0.
    fn mostly_zeros(n: usize) -> Vec<f32> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        (0..n)
            .map(|_| match next() % 4 {
                0 => next() as f32 / 8_388_608.0 - 1.0,
                _ => 0.0,
            })
            .collect()
    }

    #[test]
    fn products_with_few_numbers_are_those_with_all() {
        for isa in [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Portable] {
            let Some(engine) = Engine::with(isa, 2) else {
                continue;
            };
            for (rows, inputs, units) in [(1, 1, 1), (9, 5, 7), (40, 83, 37), (3, 20, 48)] {
                let columns = 4 * units;
                let x = mostly_zeros(rows * inputs);
                let weights = mostly_zeros(inputs * columns + 1).split_off(1);
                let bias = mostly_zeros(columns);
                let mut sparse = Sparse::default();
                sparse.read(&x, inputs);
                assert_eq!((sparse.rows(), sparse.columns()), (rows, inputs));
                for order in [Order::Plain, Order::Gates(units)] {
                    let (mut packed, mut panels) = (Packed::new(), Packed::new());
                    let view = View::new(&weights, inputs, columns);
                    packed.pack_ordered(&engine, view, order, Order::Plain);
                    multiply(&engine, &sparse, &packed, &bias, &mut panels);
                    let mut y = vec![0.0; rows * columns];
                    panels.unpack(&engine, &mut y);
                    let right = |r: usize, c: usize| -> f64 {
                        let terms = (0..inputs).map(|k| {
                            f64::from(x[r * inputs + k]) * f64::from(weights[k * columns + c])
                        });
                        f64::from(bias[c]) + terms.sum::<f64>()
                    };
                    for (i, y) in y.iter().enumerate() {
                        let right = right(i / columns, i % columns);
                        assert!((f64::from(*y) - right).abs() < 1e-5, "{isa:?} {order:?}");
                    }
                    let mut d = vec![9.0; inputs * columns];
                    engine.product_across(&sparse, &panels, &mut d, &mut packed);
                    for (i, d) in d.iter().enumerate() {
                        let (k, c) = (i / columns, i % columns);
                        let terms = (0..rows)
                            .map(|r| f64::from(x[r * inputs + k]) * f64::from(y[r * columns + c]));
                        let right = terms.sum::<f64>();
                        assert!((f64::from(*d) - right).abs() < 1e-5, "{isa:?} {order:?}");
                    }
                }
            }
        }
    }
}
