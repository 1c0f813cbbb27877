//! The recurrence forward: a thread's share of all steps.
#![allow(unsafe_code)]

use super::*;

pub(super) struct Forward<'a>(pub(super) Member<'a>);

impl Job for Forward<'_> {
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
        let hidden = |vector: usize, slot: usize| {
            p.hidden
                .at(vector / 2 * p.hidden_panel + slot * S::PANEL + vector % 2 * S::WIDTH)
        };
        let cells =
            |vector: usize, slot: usize| p.cells.at(vector * p.cells_vector + slot * S::WIDTH);
        if steps == 0 {
            return;
        }
        member.each_state::<S>(|vector, row, index, count| {
            // SAFETY: see `Member`.
            unsafe {
                let keep = p.keep(0, row);
                let mut h = s.load_part(p.states[0].at(index), count);
                if !keep.is_null() {
                    h = s.mul(h, s.splat(*keep));
                }
                s.store(hidden(vector, row), h);
                s.store(
                    cells(vector, row),
                    s.load_part(p.states[1].at(index), count),
                );
            }
        });
        let weights = p.weights.data.all().as_ptr();
        let vectors = p.vectors::<S>(&member.panels);
        for step in 0..steps {
            if !member.meet() {
                return;
            }
            let slot = step * batch;
            for vector in vectors.clone() {
                let gates = [2 * vector, 2 * vector + 1]
                    .map(|panel| p.gates.at(panel * p.gates_panel + slot * S::PANEL));
                for (half, c) in gates.into_iter().enumerate() {
                    let next = 2 * vector + half + 1;
                    let next = if next < 2 * vectors.end {
                        next
                    } else {
                        2 * vectors.start
                    };
                    let next = weights.wrapping_add(next * p.weights.stride);
                    let parts = member.rows.len().div_ceil(S::TILE);
                    for (part, (row, count)) in member.tiles::<S>().enumerate() {
                        // SAFETY: see `Member`.
                        unsafe {
                            let c = c.add(row * S::PANEL);
                            let tile = Tile {
                                rows: count,
                                k: units,
                                a: hidden(0, slot + row),
                                a_panel: p.hidden_panel,
                                b: weights.add((2 * vector + half) * p.weights.stride),
                                c,
                                finish: Finish::Add,
                                ahead: Ahead::part(next, units * S::PANEL, part, parts),
                            };
                            tile.run::<S, false>(s);
                        }
                    }
                }
                let last = step + 1 == steps;
                // SAFETY: see `Member`. The next step's hidden values are another slot's than those that others read.
                unsafe {
                    let cell = cell::Forward {
                        rows: member.rows.len(),
                        count: p.count::<S>(vector),
                        gates: gates.map(|g| g.add(first_row * S::PANEL)),
                        cell_before: cells(vector, slot + first_row),
                        cell: cells(vector, slot + batch + first_row),
                        keep: p.keep(step, first_row),
                        keep_next: p.keep(step + 1, first_row),
                        hidden_next: if last {
                            std::ptr::null_mut()
                        } else {
                            hidden(vector, slot + batch + first_row)
                        },
                        outputs: p.outputs.at((slot + first_row) * units + vector * S::WIDTH),
                        output_row: units,
                    };
                    cell.run(s);
                }
            }
        }
        member.each_state::<S>(|vector, row, index, count| {
            let slot = (steps - 1) * batch;
            // SAFETY: see `Member`.
            unsafe {
                let h = s.load_part(p.outputs.at(slot * units + index), count);
                s.store_part(p.states[0].at(index), h, count);
                let c = s.load(cells(vector, slot + batch + row));
                s.store_part(p.states[1].at(index), c, count);
            }
        });
    }
}
