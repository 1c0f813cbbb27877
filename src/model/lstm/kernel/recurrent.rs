//! The recurrence: what cannot be one product for all steps. Forward, each step adds hidden values times
//! recurrent weights to the gates and passes them through the cell; backward, each step takes the gradient of
//! the gates back through the recurrent weights.
//!
//! The threads share the rows of the batch where the recurrent weights fit into a core's own cache: then they
//! never wait for each other. Otherwise each takes some units, whose share of the weights fits, and they
//! meet once a step.
#![allow(unsafe_code)]

mod backward;
mod forward;

use super::Engine;
use super::cell;
use super::lanes::{Job, Lanes, dispatch};
use super::memory::{Buffer, Shared};
use super::panels::{Order, Packed};
use super::team::Meeting;
use super::tile::{Ahead, Finish, Tile};
use backward::Backward;
use forward::Forward;
use std::ops::Range;

/// Bytes of recurrent weights that a core keeps close beside what else it reads: most of the second-level
/// cache of a present-day core.
const CLOSE: usize = 640 * 1024;
/// Multiplications of a whole sequence below which waking others takes longer than working alone.
const SMALL: usize = 1 << 20;

/// Steps, rows of the batch, units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Extent {
    pub(in super::super) steps: usize,
    pub(in super::super) batch: usize,
    pub(in super::super) units: usize,
}

/// What the pass backward needs of the pass forward; all buffers are reused.
#[derive(Clone, Default)]
pub(in super::super) struct Tape {
    /// `[slots, 4 units]`: products, then gates, then their gradients.
    pub(in super::super) gates: Packed,
    /// `[slots, units]`: hidden values as the step sees them, that is those before it.
    pub(in super::super) hidden: Packed,
    /// Cell values: for each vector of units those carried in, then those after each slot.
    cells: Buffer,
    /// Between vectors of `cells`.
    cells_stride: usize,
    /// Gradient of the hidden values on the way back, `[batch, units]`.
    d_hidden: Packed,
    /// Gradient of the cell values on the way back: for each vector of units, each row.
    d_cells: Buffer,
}

impl Tape {
    /// Makes room.
    pub(in super::super) fn shape(&mut self, engine: &Engine, e: Extent) {
        let slots = e.steps * e.batch;
        let width = engine.isa().width();
        let vectors = Order::Plain.vectors(width, e.units);
        self.gates
            .shape(engine, slots, 4 * e.units, Order::Gates(e.units));
        self.hidden.shape(engine, slots, e.units, Order::Plain);
        self.d_hidden.shape(engine, e.batch, e.units, Order::Plain);
        // A line more than needed keeps vectors of units from meeting at the same place of a cache.
        self.cells_stride = (slots + e.batch) * width + 16;
        self.cells.grow(vectors * self.cells_stride);
        self.d_cells.grow(vectors * e.batch * width);
    }
}

/// Does some rows and some blocks of units, meeting those who do the rest, which are so many in all.
type Part<'a> = dyn Fn(Range<usize>, Range<usize>, Option<&Meeting>, usize) + Sync + 'a;

/// Who does what: groups of rows times groups of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Split {
    row_groups: usize,
    unit_groups: usize,
}

impl Split {
    fn new(engine: &Engine, e: Extent) -> Self {
        let panels = e.units.div_ceil(2 * engine.isa().width());
        let alone = e.steps * e.batch * e.units * e.units * 4 < SMALL;
        let threads = if alone { 1 } else { engine.threads() };
        let weights = e.units * e.units * 4 * size_of::<f32>();
        let unit_groups = weights.div_ceil(CLOSE).min(threads).min(panels).max(1);
        let row_groups = (threads / unit_groups).min(e.batch).max(1);
        Self {
            row_groups,
            unit_groups,
        }
    }

    /// Runs `part(rows, panels of units, meeting, members there)` for each share, at the same time.
    fn run(self, engine: &Engine, e: Extent, part: &Part<'_>) {
        let panels = e.units.div_ceil(2 * engine.isa().width());
        let done = engine.together(self.row_groups * self.unit_groups, &|number, team| {
            let (row, unit) = (number / self.unit_groups, number % self.unit_groups);
            let meeting = team.meeting(row);
            let _here = meeting.presence();
            part(
                share(e.batch, row, self.row_groups),
                share(panels, unit, self.unit_groups),
                Some(meeting),
                self.unit_groups,
            );
        });
        if !done {
            part(0..e.batch, 0..panels, None, 1);
        }
    }
}

/// Part `number` of `0..len` cut into `of` parts.
fn share(len: usize, number: usize, of: usize) -> Range<usize> {
    len * number / of..len * (number + 1) / of
}

/// Everything both directions point at.
#[derive(Clone, Copy)]
struct Pass<'a> {
    e: Extent,
    /// `[units, 4 units]` forward, its transpose backward.
    weights: &'a Packed,
    keep: &'a [f32],
    gates: Shared,
    gates_panel: usize,
    hidden: Shared,
    hidden_panel: usize,
    cells: Shared,
    cells_vector: usize,
    d_hidden: Shared,
    d_hidden_panel: usize,
    d_cells: Shared,
    /// `[slots, units]`: outputs, or their gradients (then only read).
    outputs: Shared,
    /// `[batch, units]`: states carried in and out, or their gradients.
    states: [Shared; 2],
}

impl<'a> Pass<'a> {
    fn new(
        tape: &'a mut Tape,
        e: Extent,
        weights: &'a Packed,
        keep: &'a [f32],
        outputs: Shared,
        states: [&mut [f32]; 2],
    ) -> Self {
        let slots = e.steps * e.batch;
        assert!(
            keep.is_empty() || keep.len() == slots,
            "a keep for each slot"
        );
        assert_eq!(
            (tape.gates.rows, tape.gates.columns),
            (slots, 4 * e.units),
            "gates of each slot"
        );
        assert!(
            states.iter().all(|s| s.len() == e.batch * e.units),
            "states of each row"
        );
        assert_eq!(tape.gates.width, weights.width, "packed for this engine");
        Self {
            e,
            weights,
            keep,
            gates_panel: tape.gates.stride,
            hidden_panel: tape.hidden.stride,
            cells_vector: tape.cells_stride,
            d_hidden_panel: tape.d_hidden.stride,
            gates: Shared(tape.gates.data.all_mut().as_mut_ptr()),
            hidden: Shared(tape.hidden.data.all_mut().as_mut_ptr()),
            cells: Shared(tape.cells.all_mut().as_mut_ptr()),
            d_hidden: Shared(tape.d_hidden.data.all_mut().as_mut_ptr()),
            d_cells: Shared(tape.d_cells.all_mut().as_mut_ptr()),
            outputs,
            states: states.map(|s| Shared(s.as_mut_ptr())),
        }
    }

    /// The keep of a step's first row, or null where everything is kept.
    #[inline(always)]
    fn keep(&self, step: usize, row: usize) -> *const f32 {
        if self.keep.is_empty() || step >= self.e.steps {
            return std::ptr::null();
        }
        self.keep[step * self.e.batch + row..].as_ptr()
    }

    /// Vectors of units in these panels that have any unit.
    fn vectors<S: Lanes>(&self, panels: &Range<usize>) -> Range<usize> {
        2 * panels.start..(2 * panels.end).min(self.e.units.div_ceil(S::WIDTH))
    }

    /// Units of a vector.
    #[inline(always)]
    fn count<S: Lanes>(&self, vector: usize) -> usize {
        S::WIDTH.min(self.e.units - vector * S::WIDTH)
    }
}

/// Adds `hidden x recurrent` to the gates (products of the inputs so far), step by step, and passes them through the cell.
/// `hidden` and `cell` are carried in and out; `recurrent` is packed with its columns in the order of gates.
pub(in super::super) fn forward(
    engine: &Engine,
    e: Extent,
    tape: &mut Tape,
    recurrent: &Packed,
    keep: &[f32],
    states: [&mut [f32]; 2],
    outputs: &mut [f32],
) {
    assert_eq!(
        outputs.len(),
        e.steps * e.batch * e.units,
        "an output for each slot"
    );
    assert_eq!(
        (recurrent.rows, recurrent.order),
        (e.units, Order::Gates(e.units))
    );
    let pass = Pass::new(
        tape,
        e,
        recurrent,
        keep,
        Shared(outputs.as_mut_ptr()),
        states,
    );
    Split::new(engine, e).run(engine, e, &|rows, panels, meeting, members| {
        dispatch(
            engine.isa(),
            Forward(Member {
                pass: &pass,
                rows,
                panels,
                meeting,
                members,
            }),
        );
    });
}

/// Turns the gates of the tape into the gradients of the gates before their non-linearities, last step first.
/// `states`: gradients of the states after the last step in, of those carried in out. `recurrent` is the transpose of the
/// recurrent weights, packed with its rows in the order of gates.
pub(in super::super) fn backward(
    engine: &Engine,
    e: Extent,
    tape: &mut Tape,
    recurrent: &Packed,
    keep: &[f32],
    states: [&mut [f32]; 2],
    d_outputs: &[f32],
) {
    assert_eq!(
        d_outputs.len(),
        e.steps * e.batch * e.units,
        "a gradient for each output"
    );
    assert_eq!(recurrent.rows, tape.gates.panels() * tape.gates.panel());
    assert_eq!(recurrent.columns, e.units);
    // Only read, see `Backward`.
    let outputs = Shared(d_outputs.as_ptr().cast_mut());
    let pass = Pass::new(tape, e, recurrent, keep, outputs, states);
    Split::new(engine, e).run(engine, e, &|rows, panels, meeting, members| {
        dispatch(
            engine.isa(),
            Backward(Member {
                pass: &pass,
                rows,
                panels,
                meeting,
                members,
            }),
        );
    });
}

/// A thread's share. SAFETY of everything it does: the shapes were checked by `Pass::new` and its callers; writes go to
/// own rows and own panels of units only, and what others write is read after a meeting.
struct Member<'a> {
    pass: &'a Pass<'a>,
    rows: Range<usize>,
    /// Of units.
    panels: Range<usize>,
    meeting: Option<&'a Meeting>,
    members: usize,
}

impl Member<'_> {
    /// Waits for those with the same rows. False: give up.
    fn meet(&self) -> bool {
        self.meeting.is_none_or(|m| m.wait(self.members))
    }

    /// Tiles of own rows: first row and number.
    #[inline(always)]
    fn tiles<S: Lanes>(&self) -> impl Iterator<Item = (usize, usize)> + use<S> {
        let (start, len) = (self.rows.start, self.rows.len());
        let tiles = len.div_ceil(S::TILE);
        let mut row = start;
        (0..tiles).map(move |tile| {
            let count = len / tiles + usize::from(tile < len % tiles);
            row += count;
            (row - count, count)
        })
    }

    /// Calls `f(index in states, in panels, units)` for own rows of own vectors of units.
    #[inline(always)]
    fn each_state<S: Lanes>(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        for vector in self.pass.vectors::<S>(&self.panels) {
            for row in self.rows.clone() {
                let index = row * self.pass.e.units + vector * S::WIDTH;
                f(vector, row, index, self.pass.count::<S>(vector));
            }
        }
    }
}
