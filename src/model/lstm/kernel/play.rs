//! One step of a layer for playing: inputs and hidden values side by side, times all weights at once, and through the cell.
//! A single row reads each weight once, which is all the time it takes; more rows go through the tiles.
//! A row has the same bits alone and in a batch.
#![allow(unsafe_code)]

use super::Isa;
use super::cell;
use super::half::Halves;
use super::lanes::{Job, Lanes, dispatch};
use super::panels::{Order, Packed};
use super::tile::{Ahead, Finish, Tile};

/// What a step works on.
pub(in super::super) struct Play<'a> {
    /// `[inputs + units, 4 units]`, columns in the order of gates.
    pub(in super::super) table: &'a Packed,
    /// The same weights in half precision, for single rows.
    pub(in super::super) halves: Option<&'a Halves>,
    /// Biases in the order of the table's panels.
    pub(in super::super) bias: &'a [f32],
    pub(in super::super) units: usize,
    /// `[batch, inputs]`
    pub(in super::super) x: &'a [f32],
    /// `[batch, units]`, in and out.
    pub(in super::super) hidden: &'a mut [f32],
    /// `[batch, units]`, in and out.
    pub(in super::super) cell: &'a mut [f32],
    /// [`scratch`] numbers.
    pub(in super::super) scratch: &'a mut [f32],
}

/// Numbers of scratch for so many rows.
pub(in super::super) fn scratch(table: &Packed, batch: usize) -> usize {
    // Inputs and hidden values in panels, and the gates of one vector of units.
    (table.rows.next_multiple_of(table.panel()) + 2 * table.panel()) * batch
}

/// Runs the step.
pub(in super::super) fn step(isa: Isa, play: Play<'_>) {
    let units = play.units;
    let batch = play.hidden.len() / units.max(1);
    assert_eq!(play.table.order, Order::Gates(units), "a table of gates");
    assert_eq!(
        play.table.width,
        isa.width(),
        "packed for these instructions"
    );
    assert_eq!(
        play.hidden.len(),
        batch * units,
        "a hidden value for each row and unit"
    );
    assert_eq!(
        play.cell.len(),
        batch * units,
        "a cell value for each row and unit"
    );
    assert_eq!(
        play.x.len(),
        batch * (play.table.rows - units),
        "an input for each row"
    );
    assert!(
        play.bias.len() >= play.table.panels() * play.table.panel(),
        "a bias for each gate"
    );
    assert!(
        play.scratch.len() >= scratch(play.table, batch),
        "enough scratch"
    );
    if batch > 0 {
        dispatch(isa, Step(play, batch));
    }
}

struct Step<'a>(Play<'a>, usize);

impl Job for Step<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        let Step(mut p, batch) = self;
        let k = p.table.rows;
        let inputs = k - p.units;
        let scratch = std::mem::take(&mut p.scratch);
        let (a, gates) = scratch.split_at_mut(k.next_multiple_of(S::PANEL) * batch);
        for row in 0..batch {
            let x = p.x[row * inputs..][..inputs].iter();
            let both = x.chain(&p.hidden[row * p.units..][..p.units]);
            for (i, value) in both.enumerate() {
                a[(i / S::PANEL * batch + row) * S::PANEL + i % S::PANEL] = *value;
            }
        }
        let table = p.table;
        match p.halves {
            // SAFETY: they are those of the table, panel for panel.
            Some(halves) if batch == 1 => unsafe { one(s, &mut p, &a[..k], halves.start()) },
            // SAFETY: the table's own.
            None if batch == 1 => unsafe { one(s, &mut p, &a[..k], table.data.all().as_ptr()) },
            _ => many(s, &mut p, batch, a, gates),
        }
    }
}

/// A weight as it is kept.
trait Weight: Copy {
    /// Reads a vector of weights.
    ///
    /// # Safety
    /// `at` must be readable for a vector.
    unsafe fn load<S: Lanes>(s: S, at: *const Self) -> S::V;
}

impl Weight for f32 {
    #[inline(always)]
    unsafe fn load<S: Lanes>(s: S, at: *const Self) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { s.load(at) }
    }
}

impl Weight for u16 {
    #[inline(always)]
    unsafe fn load<S: Lanes>(s: S, at: *const Self) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { s.load_half(at) }
    }
}

/// A single row, two vectors of units at a time.
///
/// # Safety
/// `weights` must be laid out as the table is.
#[inline(always)]
unsafe fn one<S: Lanes, W: Weight>(s: S, p: &mut Play<'_>, a: &[f32], weights: *const W) {
    let vectors = p.units.div_ceil(S::WIDTH);
    let stride = p.table.stride;
    for first in (0..vectors).step_by(2) {
        let mut sums = [[s.splat(0.0); 4]; 2];
        // Of an odd last one the second half is the first again.
        let second = (first + 1).min(vectors - 1);
        // SAFETY: the table has two panels for each vector of units, of as many rows as `a` has numbers.
        unsafe {
            let starts = [2 * first, 2 * first + 1, 2 * second, 2 * second + 1]
                .map(|panel| weights.add(panel * stride));
            for (row, value) in a.iter().enumerate() {
                // Inputs are mostly zeros, and so are dropped states.
                if *value == 0.0 {
                    continue;
                }
                let value = s.splat(*value);
                for (half, sums) in sums.iter_mut().enumerate() {
                    for (gate, sum) in sums.iter_mut().enumerate() {
                        let at =
                            starts[2 * half + gate / 2].add(row * S::PANEL + gate % 2 * S::WIDTH);
                        *sum = s.mul_add(value, W::load(s, at), *sum);
                    }
                }
            }
        }
        for (half, sums) in sums.into_iter().enumerate() {
            let vector = first + half;
            if vector < vectors {
                finish(s, p, 0, vector, sums);
            }
        }
    }
}

/// Some rows, one vector of units at a time.
#[inline(always)]
fn many<S: Lanes>(s: S, p: &mut Play<'_>, batch: usize, a: &[f32], gates: &mut [f32]) {
    let weights = p.table.data.all().as_ptr();
    for vector in 0..p.units.div_ceil(S::WIDTH) {
        for half in 0..2 {
            let tiles = batch.div_ceil(S::TILE);
            let mut row = 0;
            for tile in 0..tiles {
                let count = batch / tiles + usize::from(tile < batch % tiles);
                // SAFETY: the scratch was found to have these rows, the table has these panels.
                unsafe {
                    let c = gates.as_mut_ptr().add((half * batch + row) * S::PANEL);
                    let tile = Tile {
                        rows: count,
                        k: p.table.rows,
                        a: a.as_ptr().add(row * S::PANEL),
                        a_panel: batch * S::PANEL,
                        b: weights.add((2 * vector + half) * p.table.stride),
                        c,
                        finish: Finish::Set,
                        ahead: Ahead::NONE,
                    };
                    tile.run::<S, false>(s);
                }
                row += count;
            }
        }
        for row in 0..batch {
            let sums = std::array::from_fn(|gate| {
                let at = (gate / 2 * batch + row) * S::PANEL + gate % 2 * S::WIDTH;
                // SAFETY: as above.
                unsafe { s.load(gates[at..at + S::WIDTH].as_ptr()) }
            });
            finish(s, p, row, vector, sums);
        }
    }
}

/// Adds the biases and passes a row of a vector of units through the cell.
#[inline(always)]
fn finish<S: Lanes>(s: S, p: &mut Play<'_>, row: usize, vector: usize, sums: [S::V; 4]) {
    let first = vector * S::WIDTH;
    let units = first..p.units.min(first + S::WIDTH);
    let bias = &p.bias[4 * first..][..4 * S::WIDTH];
    let cell = &mut p.cell[row * p.units..][units.clone()];
    let hidden = &mut p.hidden[row * p.units..][units.clone()];
    // SAFETY: the slices are as long as what is read and written.
    unsafe {
        let gates =
            std::array::from_fn(|gate| s.add(s.load(bias[gate * S::WIDTH..].as_ptr()), sums[gate]));
        let (c, h) = cell::play(s, gates, s.load_part(cell.as_ptr(), units.len()));
        s.store_part(cell.as_mut_ptr(), c, units.len());
        s.store_part(hidden.as_mut_ptr(), h, units.len());
    }
}
