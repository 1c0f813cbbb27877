//! Copying matrices into panels, by whole vectors on both sides.
#![allow(unsafe_code)]

use super::super::View;
use super::super::lanes::{Job, Lanes};
use super::super::memory::Shared;
use super::Order;
use std::ops::Range;

/// Rows that a thread packs at a time; a multiple of every width.
pub(super) const ROWS: usize = 32;

/// A matrix to be packed and how.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) b: View<'a>,
    pub(super) columns: Order,
    pub(super) rows: Order,
    pub(super) packed_rows: usize,
    pub(super) panels: usize,
    pub(super) to: Shared,
    pub(super) stride: usize,
}

/// Packs some rows or a panel. SAFETY of everything here: `Packed::shape` has made room for all rows of all panels, no other
/// part has these, and `View::check` holds.
pub(super) struct Pack<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) part: usize,
}

impl Job for Pack<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        let plan = self.plan;
        if plan.b.column_stride == 1 {
            let rows = self.part * ROWS..plan.packed_rows.min((self.part + 1) * ROWS);
            match plan.rows {
                Order::Plain => {
                    plan.run(s, rows.start, (rows.start, rows.len()), 0..2 * plan.panels)
                }
                Order::Gates(_) => {
                    for vector in rows.start / S::WIDTH..rows.end / S::WIDTH {
                        plan.vector(s, vector, 0..2 * plan.panels);
                    }
                }
            }
        } else {
            let vectors = 2 * self.part..2 * self.part + 2;
            match plan.rows {
                Order::Plain => plan.run(s, 0, (0, plan.b.rows), vectors),
                Order::Gates(_) => {
                    // Gate by gate, as they follow each other in b.
                    for gate in 0..4 {
                        for vector in (gate..plan.packed_rows / S::WIDTH).step_by(4) {
                            plan.vector(s, vector, vectors.clone());
                        }
                    }
                }
            }
        }
    }
}

impl Plan<'_> {
    /// Packs the rows of a vector of rows.
    #[inline(always)]
    fn vector<S: Lanes>(&self, s: S, vector: usize, columns: Range<usize>) {
        let rows = self.rows.vector(S::WIDTH, self.b.rows, vector);
        let first = vector * S::WIDTH;
        self.run(s, first, rows, columns.clone());
        for row in first + rows.1..first + S::WIDTH {
            for column in columns.clone() {
                // SAFETY: see `Pack`.
                unsafe { s.store(self.at::<S>(row, column), s.splat(0.0)) };
            }
        }
    }

    /// Packs rows (first, count) of b from row `to` on.
    #[inline(always)]
    fn run<S: Lanes>(&self, s: S, to: usize, rows: (usize, usize), vectors: Range<usize>) {
        for vector in vectors {
            let columns = self.columns.vector(S::WIDTH, self.b.columns, vector);
            // SAFETY: see `Pack`.
            unsafe { copy(s, self.b, rows, columns, self.at::<S>(to, vector)) };
        }
    }

    #[inline(always)]
    fn at<S: Lanes>(&self, row: usize, vector: usize) -> *mut f32 {
        self.to
            .at(vector / 2 * self.stride + row * S::PANEL + vector % 2 * S::WIDTH)
    }
}

/// Copies rows and columns (first, count) of `b` to one vector of a panel; fills the vector up with zeros.
///
/// # Safety
/// `to` must have room for these rows; `b` must be in its bounds.
#[inline(always)]
pub(in super::super) unsafe fn copy<S: Lanes>(
    s: S,
    b: View<'_>,
    (row, rows): (usize, usize),
    (column, columns): (usize, usize),
    to: *mut f32,
) {
    let first = row * b.row_stride + column * b.column_stride;
    let from = b.data.as_ptr().wrapping_add(first);
    // SAFETY: `View::check` holds for `b`, and the caller vouches for `to`.
    unsafe {
        if b.column_stride == 1 && columns == S::WIDTH {
            for r in 0..rows {
                s.store(to.add(r * S::PANEL), s.load(from.add(r * b.row_stride)));
            }
        } else if b.column_stride == 1 {
            for r in 0..rows {
                let some = s.load_part(from.wrapping_add(r * b.row_stride), columns);
                s.store(to.add(r * S::PANEL), some);
            }
        } else {
            // Squares where b is a transposed matrix, so that both sides are met in whole vectors.
            let squares = if b.row_stride == 1 && columns == S::WIDTH {
                rows / S::WIDTH * S::WIDTH
            } else {
                0
            };
            for r in (0..squares).step_by(S::WIDTH) {
                s.transpose(from.add(r), b.column_stride, to.add(r * S::PANEL));
            }
            for r in squares..rows {
                for c in 0..columns {
                    let from = from.add(r * b.row_stride + c * b.column_stride);
                    *to.add(r * S::PANEL + c) = *from;
                }
                for c in columns..S::WIDTH {
                    *to.add(r * S::PANEL + c) = 0.0;
                }
            }
        }
    }
}
