//! The cell itself, forward and backward, for one vector of units and some rows.
//!
//! Forward (Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000):
//! `c = f c' + i g`, `h = o tanh c`, with `c'` the cell value before the step, zero where the state is forgotten. The gates
//! before their non-linearities are overwritten by the gates, and going back those by their gradients
//! before the non-linearities: one buffer is product, tape and gradient in turn.
#![allow(unsafe_code)]

use super::lanes::Lanes;
use super::maths::{gates, tanh};

/// One step of one vector of units; all pointers at the first row.
#[derive(Clone, Copy)]
pub(super) struct Forward {
    pub(super) rows: usize,
    /// Units of the vector that exist.
    pub(super) count: usize,
    /// i and f, and g and o: rows of a panel.
    pub(super) gates: [*mut f32; 2],
    /// Cell values of the last step, rows of a vector.
    pub(super) cell_before: *const f32,
    /// Cell values of this step.
    pub(super) cell: *mut f32,
    /// A number a row, or null: the state before this step counts this much.
    pub(super) keep: *const f32,
    /// The same for the next step.
    pub(super) keep_next: *const f32,
    /// Hidden values as the next step sees them, rows of a panel, or null after the last.
    pub(super) hidden_next: *mut f32,
    /// Hidden values, rows of `output_row`.
    pub(super) outputs: *mut f32,
    pub(super) output_row: usize,
}

impl Forward {
    /// # Safety
    /// The pointers must cover the rows, and no other thread may be near them.
    #[inline(always)]
    pub(super) unsafe fn run<S: Lanes>(self, s: S) {
        // Twice over the rows: the chain from gates to hidden value is too long for the processor to
        // overlap with that of the next row.
        for row in 0..self.rows {
            // SAFETY: the caller's promise.
            unsafe {
                let [first, second] = self.gates.map(|g| g.add(row * S::PANEL));
                let sums = [first, first.add(S::WIDTH), second, second.add(S::WIDTH)];
                let [i, f, g, o] = sums;
                let [i, f, g, o] = gates(s, [s.load(i), s.load(f), s.load(g), s.load(o)]);
                let before = kept(
                    s,
                    s.load(self.cell_before.add(row * S::WIDTH)),
                    self.keep,
                    row,
                );
                s.store(first, i);
                s.store(first.add(S::WIDTH), f);
                s.store(second, g);
                s.store(second.add(S::WIDTH), o);
                s.store(
                    self.cell.add(row * S::WIDTH),
                    s.mul_add(f, before, s.mul(i, g)),
                );
            }
        }
        let mut row = 0;
        while row + 4 <= self.rows {
            // SAFETY: the caller's promise.
            unsafe { self.hidden::<S, 4>(s, row) };
            row += 4;
        }
        for row in row..self.rows {
            // SAFETY: the caller's promise.
            unsafe { self.hidden::<S, 1>(s, row) };
        }
    }

    /// Hidden values of `N` rows, whose gates and cell values are there.
    ///
    /// # Safety
    /// As for [`Forward::run`].
    #[inline(always)]
    unsafe fn hidden<S: Lanes, const N: usize>(&self, s: S, first: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut c = [s.splat(0.0); N];
            for (r, c) in c.iter_mut().enumerate() {
                *c = s.load(self.cell.add((first + r) * S::WIDTH));
            }
            for (r, tanh_c) in tanh(s, c).into_iter().enumerate() {
                let row = first + r;
                let o = s.load(self.gates[1].add(row * S::PANEL + S::WIDTH));
                let h = s.mul(o, tanh_c);
                let output = self.outputs.add(row * self.output_row);
                if self.count == S::WIDTH {
                    s.store(output, h);
                } else {
                    s.store_part(output, h, self.count);
                }
                if !self.hidden_next.is_null() {
                    s.store(
                        self.hidden_next.add(row * S::PANEL),
                        kept(s, h, self.keep_next, row),
                    );
                }
            }
        }
    }
}

/// The cell without a tape: gates before their non-linearities and the cell value before the step in, cell and hidden value out.
#[inline(always)]
pub(super) fn play<S: Lanes>(s: S, sums: [S::V; 4], before: S::V) -> (S::V, S::V) {
    let [i, f, g, o] = gates(s, sums);
    let c = s.mul_add(f, before, s.mul(i, g));
    let [tanh_c] = tanh(s, [c]);
    (c, s.mul(o, tanh_c))
}

/// `x`, or `x` times the row's factor.
///
/// # Safety
/// `keep` must be null or have the row.
#[inline(always)]
unsafe fn kept<S: Lanes>(s: S, x: S::V, keep: *const f32, row: usize) -> S::V {
    if keep.is_null() {
        return x;
    }
    // SAFETY: the caller's promise.
    s.mul(x, s.splat(unsafe { *keep.add(row) }))
}

/// One step back of one vector of units; all pointers at the first row.
#[derive(Clone, Copy)]
pub(super) struct Backward {
    pub(super) rows: usize,
    /// Units of the vector that exist.
    pub(super) count: usize,
    /// Gates in, their gradients before the non-linearities out; rows of a panel.
    pub(super) gates: [*mut f32; 2],
    /// Cell values of the last step and of this, rows of a vector.
    pub(super) cell_before: *const f32,
    pub(super) cell: *const f32,
    /// A number a row, or null: the state before this step counted this much.
    pub(super) keep: *const f32,
    /// The same for the next step.
    pub(super) keep_next: *const f32,
    /// Gradient of what the next step saw of the hidden values, rows of a panel.
    pub(super) d_hidden: *const f32,
    /// Gradient of the outputs, rows of `output_row`.
    pub(super) d_outputs: *const f32,
    pub(super) output_row: usize,
    /// Gradient of the cell values after this step in, of those before it out; rows of a vector.
    pub(super) d_cell: *mut f32,
}

impl Backward {
    /// # Safety
    /// The pointers must cover the rows, and no other thread may be near them.
    #[inline(always)]
    pub(super) unsafe fn run<S: Lanes>(self, s: S) {
        let one = s.splat(1.0);
        for row in 0..self.rows {
            // SAFETY: the caller's promise.
            unsafe {
                let [first, second] = self.gates.map(|g| g.add(row * S::PANEL));
                let (i, f) = (s.load(first), s.load(first.add(S::WIDTH)));
                let (g, o) = (s.load(second), s.load(second.add(S::WIDTH)));
                let before = kept(
                    s,
                    s.load(self.cell_before.add(row * S::WIDTH)),
                    self.keep,
                    row,
                );
                let [tanh_c] = tanh(s, [s.load(self.cell.add(row * S::WIDTH))]);

                let output = self.d_outputs.add(row * self.output_row);
                let d_output = if self.count == S::WIDTH {
                    s.load(output)
                } else {
                    s.load_part(output, self.count)
                };
                let d_next = s.load(self.d_hidden.add(row * S::PANEL));
                let d_h = s.add(d_output, kept(s, d_next, self.keep_next, row));
                let d_cell = self.d_cell.add(row * S::WIDTH);
                let slope = s.neg_mul_add(tanh_c, tanh_c, one);
                let d_c = s.mul_add(s.mul(d_h, o), slope, s.load(d_cell));

                let logistic = |y| s.mul(y, s.sub(one, y));
                let d_i = s.mul(s.mul(d_c, g), logistic(i));
                let d_f = s.mul(s.mul(d_c, before), logistic(f));
                let d_g = s.mul(s.mul(d_c, i), s.neg_mul_add(g, g, one));
                let d_o = s.mul(s.mul(d_h, tanh_c), logistic(o));
                s.store(first, d_i);
                s.store(first.add(S::WIDTH), d_f);
                s.store(second, d_g);
                s.store(second.add(S::WIDTH), d_o);
                s.store(d_cell, kept(s, s.mul(d_c, f), self.keep, row));
            }
        }
    }
}
