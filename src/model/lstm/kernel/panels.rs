//! The one layout in which matrices are multiplied: panels of `PANEL` columns, each row after row without a gap.
//!
//! The same buffer serves as b (k runs down the rows), as a (k runs along the columns) and as a
//! transposed (its columns are c's rows), so a tape is never copied from one role to another.
//! Gates may be interleaved: the panels of four vectors i, f, g, o of the same units lie side
//! by side, so that a finished product can pass through the cell at once.
#![allow(unsafe_code)]

mod pack;

use super::lanes::dispatch;
use super::memory::{Buffer, Shared};
use super::{Engine, View};
pub(super) use pack::copy;
use pack::{Pack, Plan, ROWS};

/// How a matrix's columns (or rows) are dealt out to vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Order {
    /// As they come.
    #[default]
    Plain,
    /// Four gates of this many units side by side: vectors take turns i, f, g, o.
    Gates(usize),
}

impl Order {
    /// Vectors of `width` that hold `len` columns. Always even, as panels are two vectors.
    pub(super) fn vectors(self, width: usize, len: usize) -> usize {
        match self {
            Self::Plain => len.div_ceil(2 * width) * 2,
            Self::Gates(units) => units.div_ceil(width) * 4,
        }
    }

    /// First column and number of columns of a vector.
    pub(super) fn vector(self, width: usize, len: usize, vector: usize) -> (usize, usize) {
        match self {
            Self::Plain => {
                let first = (vector * width).min(len);
                (first, (len - first).min(width))
            }
            Self::Gates(units) => {
                let (block, gate) = (vector / 4, vector % 4);
                let first = block * width;
                (gate * units + first, (units - first).min(width))
            }
        }
    }
}

/// A matrix in panels. The buffer is reused when another matrix is packed into it.
#[derive(Clone, Default)]
pub struct Packed {
    pub(super) data: Buffer,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) order: Order,
    /// Numbers in a vector.
    pub(super) width: usize,
    /// From one panel to the next.
    pub(super) stride: usize,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Packed({} x {}, {:?})",
            self.rows, self.columns, self.order
        )
    }
}

impl Packed {
    /// An empty matrix.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            data: Buffer::new(),
            rows: 0,
            columns: 0,
            order: Order::Plain,
            width: 0,
            stride: 0,
        }
    }

    /// Rows of the matrix (terms of a product's sums).
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of the matrix.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Numbers in a row of a panel.
    pub(super) fn panel(&self) -> usize {
        2 * self.width
    }

    /// Panels.
    pub(super) fn panels(&self) -> usize {
        if self.width == 0 {
            return 0;
        }
        self.order.vectors(self.width, self.columns) / 2
    }

    /// Takes over the elements of `b`.
    ///
    /// # Panics
    /// If `b` reaches outside its data.
    pub fn pack(&mut self, engine: &Engine, b: View<'_>) {
        self.pack_ordered(engine, b, Order::Plain, Order::Plain);
    }

    /// Takes over the elements of `b`, columns and rows dealt out in these orders. Rows and columns that only
    /// fill up a vector are zero.
    pub(in super::super) fn pack_ordered(
        &mut self,
        engine: &Engine,
        b: View<'_>,
        columns: Order,
        rows: Order,
    ) {
        b.check();
        let width = engine.isa().width();
        let packed_rows = match rows {
            Order::Plain => b.rows,
            Order::Gates(_) => rows.vectors(width, b.rows) * width,
        };
        self.shape(engine, packed_rows, b.columns, columns);
        let (stride, panels) = (self.stride, self.panels());
        let to = Shared(self.data.all_mut().as_mut_ptr());
        let plan = Plan {
            b,
            columns,
            rows,
            packed_rows,
            panels,
            to,
            stride,
        };
        // Along b's rows or along its columns, whichever lie together.
        let parts = if b.column_stride == 1 {
            packed_rows.div_ceil(ROWS)
        } else {
            panels
        };
        engine.each(parts, &|part| {
            dispatch(engine.isa(), Pack { plan: &plan, part })
        });
    }

    /// Writes the elements to a row-major matrix.
    ///
    /// # Panics
    /// If `to` does not have the matrix's size.
    pub(in super::super) fn unpack(&self, engine: &Engine, to: &mut [f32]) {
        assert_eq!(
            to.len(),
            self.rows * self.columns,
            "a place for each element"
        );
        let (width, panel) = (self.width, self.panel());
        let from = self.data.all();
        let to = Shared(to.as_mut_ptr());
        engine.each(self.panels() * 2, &|v| {
            let (first, count) = self.order.vector(width, self.columns, v);
            let from = &from[v / 2 * self.stride + v % 2 * width..];
            for row in 0..self.rows {
                let from = from[row * panel..][..count].as_ptr();
                // SAFETY: inside `to`, whose size was checked; no other part has these columns.
                unsafe { from.copy_to_nonoverlapping(to.at(row * self.columns + first), count) };
            }
        });
    }

    /// The first row in the order of the panels, without gaps.
    pub(in super::super) fn gather_row(&self, to: &mut Buffer) {
        let panel = self.panel();
        to.grow(self.panels() * panel);
        for (p, to) in to
            .all_mut()
            .chunks_exact_mut(panel.max(1))
            .take(self.panels())
            .enumerate()
        {
            to.copy_from_slice(&self.data.all()[p * self.stride..][..panel]);
        }
    }

    /// Becomes a matrix of this shape with unspecified contents, for a kernel to fill.
    pub(in super::super) fn shape(
        &mut self,
        engine: &Engine,
        rows: usize,
        columns: usize,
        order: Order,
    ) {
        self.width = engine.isa().width();
        (self.rows, self.columns, self.order) = (rows, columns, order);
        self.stride = stride(rows * self.panel());
        self.data.grow(self.panels() * self.stride);
    }
}

/// The distance of panels of `len` numbers. Long panels are kept from starting at the same place of a
/// cache's ways: one row of many panels would push itself out.
fn stride(len: usize) -> usize {
    const LINE: usize = 16;
    let lines = len.div_ceil(LINE);
    if lines < 64 {
        return lines * LINE;
    }
    // A cache way is a power of two of lines; 68 modulo 128 spreads consecutive panels evenly.
    let over = lines % 128;
    (lines - over + if over <= 68 { 68 } else { 196 }) * LINE
}
