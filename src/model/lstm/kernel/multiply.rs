//! Whole products from tiles: blocks of c are dealt out to the threads, k is cut into chunks whose panels stay in
//! the near caches. Every element of c is the sum of its chunks in order, whoever takes it.
#![allow(unsafe_code)]

use super::lanes::{Job, Lanes, dispatch};
use super::memory::Shared;
use super::panels::{Order, Packed, copy};
use super::tile::{Finish, Tile};
use super::{Engine, Then, View};
use std::mem::MaybeUninit;

/// Terms summed in registers before c is touched.
const CHUNK: usize = 256;
/// Rows of a block of c; a multiple of every panel.
const BLOCK: usize = 128;
/// Panels of a block of c.
const GROUP: usize = 4;
/// Panels of a block of c where a has to be packed first.
const WIDE: usize = 16;

/// The left operand, in panels.
#[derive(Clone, Copy)]
pub(in super::super) enum Left<'a> {
    /// Itself: k runs along its columns.
    Along(&'a Packed),
    /// Transposed: k runs down its rows.
    Across(&'a Packed),
}

/// Where a product goes.
pub(in super::super) enum Target<'a> {
    /// Into panels, in the order of b's columns.
    Panels(&'a mut Packed),
    /// Into a row-major matrix, each column where b's order says it came from.
    Rows(&'a mut [f32]),
}

/// A source of tiles of a.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// Panels: first number, distance of panels, whether their rows are k.
    Panels(Shared, usize, bool),
    /// Anything else: packed block by block.
    View(View<'a>),
}

/// Everything the blocks share.
#[derive(Clone, Copy)]
struct Plan<'a> {
    a: Source<'a>,
    b: &'a Packed,
    m: usize,
    k: usize,
    c: Shared,
    /// Between panels of c, if it is in panels.
    c_panel: Option<usize>,
    then: Then<'a>,
    sums: Option<Shared>,
    group: usize,
}

/// `c = a b`, or as `then` says. `sums`: takes the sums of b's columns in passing (set, not added),
/// in the order of b's source.
pub(in super::super) fn multiply(
    engine: &Engine,
    left: Left<'_>,
    b: &Packed,
    target: Target<'_>,
    then: Then<'_>,
    sums: Option<&mut [f32]>,
) {
    let (packed, across) = match left {
        Left::Along(a) => (a, false),
        Left::Across(a) => (a, true),
    };
    let along = packed.order.vectors(packed.width, packed.columns) * packed.width;
    let (m, k) = match (across, packed.order) {
        (true, _) => (packed.columns, packed.rows),
        (false, Order::Plain) => (packed.rows, packed.columns),
        (false, Order::Gates(_)) => (packed.rows, along),
    };
    assert!(
        !across || packed.order == Order::Plain,
        "a transposed keeps its order"
    );
    assert_eq!(packed.width, b.width, "operands of one engine");
    let data = packed.data.all().as_ptr().cast_mut();
    let a = Source::Panels(Shared(data), packed.stride, across);
    run(engine, (a, m, k), b, target, then, sums);
}

/// The same with a wherever it lies.
pub(super) fn multiply_view(
    engine: &Engine,
    a: View<'_>,
    b: &Packed,
    c: &mut [f32],
    then: Then<'_>,
) {
    a.check();
    let source = (Source::View(a), a.rows, a.columns);
    run(engine, source, b, Target::Rows(c), then, None);
}

fn run(
    engine: &Engine,
    (a, m, k): (Source<'_>, usize, usize),
    b: &Packed,
    target: Target<'_>,
    then: Then<'_>,
    sums: Option<&mut [f32]>,
) {
    assert_eq!(k, b.rows, "a's columns are b's rows");
    assert_eq!(b.width, engine.isa().width(), "packed for this engine");
    if let Then::SetWithBias(bias) = then {
        assert_eq!(bias.len(), b.columns, "a bias for each column");
    }
    let (c, c_panel) = match target {
        Target::Panels(c) => {
            let same = (c.rows, c.columns, c.order, c.width) == (m, b.columns, b.order, b.width);
            assert!(same, "c has the shape of the product");
            (Shared(c.data.all_mut().as_mut_ptr()), Some(c.stride))
        }
        Target::Rows(c) => {
            assert_eq!(c.len(), m * b.columns, "c has the shape of the product");
            (Shared(c.as_mut_ptr()), None)
        }
    };
    let sums = sums.map(|sums| {
        assert_eq!(sums.len(), b.columns, "a sum for each column");
        Shared(sums.as_mut_ptr())
    });
    let group = match a {
        Source::Panels(..) => GROUP,
        Source::View(_) => WIDE,
    };
    let plan = Plan {
        a,
        b,
        m,
        k,
        c,
        c_panel,
        then,
        sums,
        group,
    };
    let groups = b.panels().div_ceil(group);
    engine.each(m.div_ceil(BLOCK) * groups, &|part| {
        let (block, group) = (part / groups, part % groups);
        dispatch(
            engine.isa(),
            Block {
                plan: &plan,
                block,
                group,
            },
        );
    });
}

/// Room for a block of a: its chunk in panels, a little apart.
const ROOM: usize = CHUNK * BLOCK + 64 * CHUNK / 8;

struct Block<'a> {
    plan: &'a Plan<'a>,
    block: usize,
    group: usize,
}

impl Job for Block<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        match self.plan.a {
            Source::Panels(data, stride, across) => {
                for start in (0..self.plan.k.max(1)).step_by(CHUNK) {
                    // SAFETY: `multiply` found the operands to fit; a's rows from the block on, its k from `start` on.
                    unsafe {
                        if across {
                            let a =
                                data.at(start * S::PANEL + self.block * BLOCK / S::PANEL * stride);
                            self.chunk::<S, true>(s, start, a, stride);
                        } else {
                            let a =
                                data.at(start / S::PANEL * stride + self.block * BLOCK * S::PANEL);
                            self.chunk::<S, false>(s, start, a, stride);
                        }
                    }
                }
            }
            Source::View(view) => {
                let mut room = MaybeUninit::<[[f32; 16]; ROOM / 16]>::uninit();
                let data = room.as_mut_ptr().cast::<f32>();
                let rows = BLOCK.min(view.rows - self.block * BLOCK);
                let across = view.row_stride == 1 && view.column_stride != 1;
                for start in (0..view.columns.max(1)).step_by(CHUNK) {
                    let count = CHUNK.min(view.columns - start);
                    let stride = if across { CHUNK } else { BLOCK } * S::PANEL + 64;
                    let lines = if across {
                        (self.block * BLOCK, rows)
                    } else {
                        (start, count)
                    };
                    // SAFETY: `multiply_view` checked the view; the room holds BLOCK x CHUNK numbers in panels that
                    // are 64 numbers apart: at most CHUNK / 16 or BLOCK / 16 of them.
                    unsafe {
                        for p in 0..lines.1.div_ceil(S::PANEL) {
                            for half in 0..2 {
                                let first = (p * S::PANEL + half * S::WIDTH).min(lines.1);
                                let columns = (lines.0 + first, S::WIDTH.min(lines.1 - first));
                                let to = data.add(p * stride + half * S::WIDTH);
                                let shape = (S::PANEL, S::WIDTH);
                                if across {
                                    copy(view.transposed(), (start, count), columns, to, shape);
                                } else {
                                    copy(view, (self.block * BLOCK, rows), columns, to, shape);
                                }
                            }
                        }
                        if across {
                            self.chunk::<S, true>(s, start, data, stride);
                        } else {
                            self.chunk::<S, false>(s, start, data, stride);
                        }
                    }
                }
            }
        }
    }
}

impl Block<'_> {
    /// Adds the terms from `start` on: `a` points at the block's first row and at k = `start`.
    ///
    /// # Safety
    /// `a` must hold the block's rows and the chunk's k.
    #[inline(always)]
    unsafe fn chunk<S: Lanes, const ACROSS: bool>(
        &self,
        s: S,
        start: usize,
        a: *const f32,
        a_panel: usize,
    ) {
        let plan = self.plan;
        let first_row = self.block * BLOCK;
        let rows = BLOCK.min(plan.m - first_row);
        let k = CHUNK.min(plan.k - start);
        let panels = self.group * plan.group..((self.group + 1) * plan.group).min(plan.b.panels());
        // Rows of a transposed matrix lie in panels, which a tile does not cross.
        let span = if ACROSS { S::PANEL } else { rows };
        for panel in panels {
            let b = plan.b.data.all().as_ptr();
            // SAFETY (to the end): b has been packed with these panels, c has been found to have the product's shape,
            // and no other block has these rows and panels.
            let b = unsafe { b.add(panel * plan.b.stride + start * S::PANEL) };
            let lanes: [(usize, usize); 2] = std::array::from_fn(|half| {
                plan.b
                    .order
                    .vector(S::WIDTH, plan.b.columns, 2 * panel + half)
            });
            if self.block == 0
                && let Some(sums) = plan.sums
            {
                // SAFETY: as above; `run` found a sum for each column.
                unsafe { column_sums(s, b, k, start == 0, sums, lanes) };
            }
            let mut bias = [0.0f32; 32];
            let finish = match plan.then {
                _ if start > 0 => Finish::Add,
                Then::Set => Finish::Set,
                Then::Add => Finish::Add,
                Then::SetWithBias(from) => {
                    for (half, (first, count)) in lanes.into_iter().enumerate() {
                        bias[half * S::WIDTH..][..count]
                            .copy_from_slice(&from[first..first + count]);
                    }
                    Finish::Bias(bias.as_ptr())
                }
            };
            let whole = lanes.iter().all(|l| l.1 == S::WIDTH);
            for outer in (0..rows).step_by(span.max(1)) {
                let inner = span.min(rows - outer);
                let tiles = inner.div_ceil(S::TILE);
                let mut row = outer;
                for tile in 0..tiles {
                    let count = inner / tiles + usize::from(tile < inner % tiles);
                    // SAFETY: as above.
                    unsafe {
                        let a = if ACROSS {
                            a.add(row / S::PANEL * a_panel + row % S::PANEL)
                        } else {
                            a.add(row * S::PANEL)
                        };
                        let mut spare = [0.0f32; 14 * 32];
                        let (c, c_row) = match plan.c_panel {
                            Some(c_panel) => {
                                let c = plan.c.at(panel * c_panel + (first_row + row) * S::PANEL);
                                ([c, c.add(S::WIDTH)], S::PANEL)
                            }
                            None if whole => {
                                let c = plan.c.at((first_row + row) * plan.b.columns);
                                ([c.add(lanes[0].0), c.add(lanes[1].0)], plan.b.columns)
                            }
                            None => {
                                let c = spare.as_mut_ptr();
                                ([c, c.add(S::WIDTH)], S::PANEL)
                            }
                        };
                        let aside = plan.c_panel.is_none() && !whole;
                        let finish_now = if aside { Finish::Set } else { finish };
                        let t = Tile {
                            rows: count,
                            k,
                            a,
                            a_panel,
                            b,
                            c,
                            c_row,
                            finish: finish_now,
                        };
                        t.run::<S, ACROSS>(s);
                        if aside {
                            let c = plan.c.at((first_row + row) * plan.b.columns);
                            merge::<S>(&spare, c, plan.b.columns, count, lanes, finish);
                        }
                    }
                    row += count;
                }
            }
        }
    }
}

/// Moves a tile with columns that c does not have to where c has the others.
///
/// # Safety
/// `c` must have these rows and columns.
unsafe fn merge<S: Lanes>(
    spare: &[f32],
    c: *mut f32,
    c_row: usize,
    rows: usize,
    lanes: [(usize, usize); 2],
    finish: Finish,
) {
    for r in 0..rows {
        for (half, (first, count)) in lanes.into_iter().enumerate() {
            for lane in 0..count {
                let sum = spare[r * S::PANEL + half * S::WIDTH + lane];
                // SAFETY: the caller's promise; a bias is a panel long.
                unsafe {
                    let c = c.add(r * c_row + first + lane);
                    *c = match finish {
                        Finish::Set => sum,
                        Finish::Add => *c + sum,
                        Finish::Bias(bias) => *bias.add(half * S::WIDTH + lane) + sum,
                    };
                }
            }
        }
    }
}

/// Adds up the columns of a chunk of a panel.
///
/// # Safety
/// `b` must have `k` rows and `sums` these columns.
#[inline(always)]
unsafe fn column_sums<S: Lanes>(
    s: S,
    b: *const f32,
    k: usize,
    first: bool,
    sums: Shared,
    lanes: [(usize, usize); 2],
) {
    for (half, (column, count)) in lanes.into_iter().enumerate() {
        // Four sums, so that an addition need not wait for the last.
        let mut four = [s.splat(0.0); 4];
        // SAFETY: the caller's promise.
        unsafe {
            let b = b.add(half * S::WIDTH);
            for row in 0..k / 4 {
                for (i, sum) in four.iter_mut().enumerate() {
                    *sum = s.add(*sum, s.load(b.add((4 * row + i) * S::PANEL)));
                }
            }
            for row in k / 4 * 4..k {
                four[0] = s.add(four[0], s.load(b.add(row * S::PANEL)));
            }
            let mut sum = s.add(s.add(four[0], four[1]), s.add(four[2], four[3]));
            let to = sums.at(column);
            if !first {
                sum = s.add(s.load_part(to, count), sum);
            }
            s.store_part(to, sum, count);
        }
    }
}
