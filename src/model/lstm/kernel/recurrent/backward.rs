//! The recurrence backward: a thread's share of all steps.
#![allow(unsafe_code)]

use super::*;

pub(super) struct Backward<'a>(pub(super) Member<'a>);

impl Job for Backward<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        let member = self.0;
        let p = member.pass;
        let Extent {
            steps,
            batch,
            units,
        } = p.e;
        let first_row = member.rows.start;
        let d_hidden = |vector: usize, row: usize| {
            p.d_hidden
                .at(vector / 2 * p.d_hidden_panel + row * S::PANEL + vector % 2 * S::WIDTH)
        };
        let d_cells = |vector: usize, row: usize| p.d_cells.at((vector * batch + row) * S::WIDTH);
        let cells =
            |vector: usize, slot: usize| p.cells.at(vector * p.cells_vector + slot * S::WIDTH);
        member.each_state::<S>(|vector, row, index, count| {
            // SAFETY: see `Member`.
            unsafe {
                s.store(
                    d_hidden(vector, row),
                    s.load_part(p.states[0].at(index), count),
                );
                s.store(
                    d_cells(vector, row),
                    s.load_part(p.states[1].at(index), count),
                );
            }
        });
        let weights = p.weights.data.all().as_ptr();
        for step in (0..=steps).rev() {
            // The gradient of the gates of `step`, through the weights, is that of the hidden values before it.
            if step < steps {
                if !member.meet() {
                    return;
                }
                for panel in member.panels.clone() {
                    let next = if panel + 1 < member.panels.end {
                        panel + 1
                    } else {
                        member.panels.start
                    };
                    let next = weights.wrapping_add(next * p.weights.stride);
                    let parts = member.rows.len().div_ceil(S::TILE);
                    for (part, (row, count)) in member.tiles::<S>().enumerate() {
                        // SAFETY: see `Member`.
                        unsafe {
                            let tile = Tile {
                                rows: count,
                                k: p.weights.rows,
                                a: p.gates.at((step * batch + row) * S::PANEL),
                                a_panel: p.gates_panel,
                                b: weights.add(panel * p.weights.stride),
                                c: d_hidden(2 * panel, row),
                                finish: Finish::Set,
                                ahead: Ahead::part(next, p.weights.rows * S::PANEL, part, parts),
                            };
                            tile.run::<S, false>(s);
                        }
                    }
                    if step > 0 {
                        // SAFETY: as below.
                        unsafe {
                            member.back::<S>(
                                s,
                                step - 1,
                                panel..panel + 1,
                                d_hidden,
                                d_cells,
                                cells,
                            )
                        };
                    }
                }
            } else if steps > 0 {
                // SAFETY: see `Member`; writes gates of own units at a step whose gates nobody else reads before the
                // next meeting.
                unsafe {
                    member.back::<S>(
                        s,
                        steps - 1,
                        member.panels.clone(),
                        d_hidden,
                        d_cells,
                        cells,
                    )
                };
            }
        }
        let _ = first_row;
        member.each_state::<S>(|vector, row, index, count| {
            // SAFETY: see `Member`.
            unsafe {
                let keep = p.keep(0, row);
                let mut h = s.load(d_hidden(vector, row));
                if !keep.is_null() {
                    h = s.mul(h, s.splat(*keep));
                }
                s.store_part(p.states[0].at(index), h, count);
                s.store_part(p.states[1].at(index), s.load(d_cells(vector, row)), count);
            }
        });
        let _ = units;
    }
}

impl Member<'_> {
    /// Takes own rows of these panels of units back through the cell of a step.
    ///
    /// # Safety
    /// See [`Member`]: no other thread reads these gates before the next meeting.
    #[inline(always)]
    unsafe fn back<S: Lanes>(
        &self,
        s: S,
        step: usize,
        panels: Range<usize>,
        d_hidden: impl Fn(usize, usize) -> *mut f32,
        d_cells: impl Fn(usize, usize) -> *mut f32,
        cells: impl Fn(usize, usize) -> *mut f32,
    ) {
        let p = self.pass;
        let Extent { batch, units, .. } = p.e;
        let first_row = self.rows.start;
        let slot = step * batch + first_row;
        for vector in p.vectors::<S>(&panels) {
            let cell = cell::Backward {
                rows: self.rows.len(),
                count: p.count::<S>(vector),
                gates: [2 * vector, 2 * vector + 1]
                    .map(|panel| p.gates.at(panel * p.gates_panel + slot * S::PANEL)),
                cell_before: cells(vector, slot),
                cell: cells(vector, slot + batch),
                keep: p.keep(step, first_row),
                keep_next: p.keep(step + 1, first_row),
                d_hidden: d_hidden(vector, first_row),
                d_outputs: p.outputs.at(slot * units + vector * S::WIDTH),
                output_row: units,
                d_cell: d_cells(vector, first_row),
            };
            // SAFETY: the caller's promise.
            unsafe { cell.run(s) };
        }
    }
}
