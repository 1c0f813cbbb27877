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
}

impl Sparse {
    /// Takes over a row-major matrix of so many columns.
    pub fn read(&mut self, x: &[f32], columns: usize) {
        self.columns = columns;
        self.starts.clear();
        self.entries.clear();
        self.starts.push(0);
        for row in x.chunks_exact(columns.max(1)) {
            for (column, value) in (0..).zip(row) {
                // What is not a number is not 0 either.
                if *value != 0.0 {
                    self.entries.push((column, *value));
                }
            }
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
