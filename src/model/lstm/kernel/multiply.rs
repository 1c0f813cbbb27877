//! Whole products from tiles: blocks of c are dealt out to the threads, k is cut into chunks whose panels stay in
//! the near caches. Every element of c is the sum of its chunks in order, whoever takes it.
#![allow(unsafe_code)]

mod block;

use super::lanes::{Job, Lanes, dispatch};
use super::memory::Shared;
use super::panels::{Order, Packed, copy};
use super::tile::{Ahead, Finish, Tile};
use super::{Engine, Then, View};
use block::Block;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Terms summed in registers before c is touched.
const CHUNK: usize = 256;
/// Rows of a block of c; a multiple of every panel.
const BLOCK: usize = 128;
/// Panels of a block of c.
const GROUP: usize = 8;

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
    k: usize,
    c: Shared,
    /// Between panels of c, if it is in panels.
    c_panel: Option<usize>,
    then: Then<'a>,
    sums: Option<Shared>,
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
    let plan = Plan {
        a,
        b,
        k,
        c,
        c_panel,
        then,
        sums,
    };
    let groups = b.panels().div_ceil(GROUP);
    engine.each(m.div_ceil(BLOCK) * groups, &|part| {
        let (block, group) = (part / groups, part % groups);
        let rows = block * BLOCK..m.min((block + 1) * BLOCK);
        let panels = group * GROUP..b.panels().min((group + 1) * GROUP);
        dispatch(
            engine.isa(),
            Block {
                plan: &plan,
                rows,
                panels,
            },
        );
    });
}
