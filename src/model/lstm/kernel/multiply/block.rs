//! A block of a product: some rows and panels of c, all of k, by one thread.
#![allow(unsafe_code)]

use super::*;

/// Room for a block of a: a chunk of its k in panels that are a little apart.
const ROOM: usize = CHUNK * BLOCK + GAP * CHUNK / 16;
/// Numbers between those panels.
const GAP: usize = 64;

/// Numbers on the stack, lines whole, contents unspecified.
#[repr(align(64))]
struct Room<const N: usize>(MaybeUninit<[f32; N]>);

impl<const N: usize> Room<N> {
    #[inline(always)]
    fn start(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

/// Some rows and panels of c. SAFETY of everything here: `run` and its callers have found that the operands are as large as
/// each other and the plan say, and no two blocks have rows and panels in common.
pub(super) struct Block<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) rows: Range<usize>,
    pub(super) panels: Range<usize>,
}

impl Job for Block<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        let plan = self.plan;
        // A row-major c is written once, at the end: its rows may be far apart and meet at the same place of a cache.
        let mut aside = Room::<{ BLOCK * GROUP * 32 }>(MaybeUninit::uninit());
        let (c, c_panel) = match plan.c_panel {
            Some(c_panel) => {
                let first = self.panels.start * c_panel + self.rows.start * S::PANEL;
                (plan.c.at(first), c_panel)
            }
            None => (aside.start(), BLOCK * S::PANEL),
        };
        // The last chunk of no terms at all still sets c.
        let starts = (0..plan.k.max(1)).step_by(CHUNK);
        match plan.a {
            Source::Panels(data, stride, true) => {
                let a = data.at(self.rows.start / S::PANEL * stride);
                for start in starts {
                    // SAFETY: see `Block`.
                    unsafe {
                        self.chunk::<S, true>(s, start, a.add(start * S::PANEL), stride, c, c_panel)
                    };
                }
            }
            Source::Panels(data, stride, false) => {
                let a = data.at(self.rows.start * S::PANEL);
                for start in starts {
                    // SAFETY: see `Block`.
                    unsafe {
                        let a = a.add(start / S::PANEL * stride);
                        self.chunk::<S, false>(s, start, a, stride, c, c_panel);
                    }
                }
            }
            Source::View(view) => {
                let mut room = Room::<ROOM>(MaybeUninit::uninit());
                let a = room.start();
                let across = view.row_stride == 1 && view.column_stride != 1;
                for start in starts {
                    let terms = (start, CHUNK.min(view.columns - start));
                    let rows = (self.rows.start, self.rows.len());
                    // SAFETY: see `Block`; the room holds BLOCK x CHUNK numbers in panels.
                    unsafe {
                        if across {
                            let stride = CHUNK * S::PANEL + GAP;
                            pack(s, view.transposed(), terms, rows, a, stride);
                            self.chunk::<S, true>(s, start, a, stride, c, c_panel);
                        } else {
                            let stride = BLOCK * S::PANEL + GAP;
                            pack(s, view, rows, terms, a, stride);
                            self.chunk::<S, false>(s, start, a, stride, c, c_panel);
                        }
                    }
                }
            }
        }
        if plan.c_panel.is_none() {
            // SAFETY: see `Block`.
            unsafe { self.write_out(s, c) };
        }
    }
}

/// Copies rows and columns (first, count) to panels `stride` apart.
///
/// # Safety
/// As for [`copy`].
#[inline(always)]
unsafe fn pack<S: Lanes>(
    s: S,
    view: View<'_>,
    rows: (usize, usize),
    (column, columns): (usize, usize),
    to: *mut f32,
    stride: usize,
) {
    for vector in 0..columns.div_ceil(S::WIDTH) {
        let first = vector * S::WIDTH;
        let some = (column + first, S::WIDTH.min(columns - first));
        // SAFETY: the caller's promise.
        unsafe {
            let to = to.add(vector / 2 * stride + vector % 2 * S::WIDTH);
            copy(s, view, rows, some, to);
        }
    }
}

impl Block<'_> {
    /// Where the two vectors of a panel come from in b's source: first column, columns.
    #[inline(always)]
    fn lanes<S: Lanes>(&self, panel: usize) -> [(usize, usize); 2] {
        let b = self.plan.b;
        [2 * panel, 2 * panel + 1].map(|vector| b.order.vector(S::WIDTH, b.columns, vector))
    }

    /// Adds the terms from `start` on to panels of c: `a` points at the block's first row and at k = `start`.
    ///
    /// # Safety
    /// See [`Block`].
    #[inline(always)]
    unsafe fn chunk<S: Lanes, const ACROSS: bool>(
        &self,
        s: S,
        start: usize,
        a: *const f32,
        a_panel: usize,
        c: *mut f32,
        c_panel: usize,
    ) {
        let plan = self.plan;
        let rows = self.rows.len();
        let k = CHUNK.min(plan.k - start);
        // Rows of a transposed matrix lie in panels, which a tile does not cross.
        let span = if ACROSS { S::PANEL } else { BLOCK };
        let all_tiles = rows.div_ceil(span) * span.min(rows).div_ceil(S::TILE);
        let b = plan.b.data.all().as_ptr();
        for panel in self.panels.clone() {
            // SAFETY: see `Block`.
            let b = unsafe { b.add(panel * plan.b.stride + start * S::PANEL) };
            if self.rows.start == 0
                && let Some(sums) = plan.sums
            {
                // SAFETY: see `Block`; `run` found a sum for each column.
                unsafe { column_sums(s, b, k, start == 0, sums, self.lanes::<S>(panel)) };
            }
            let next = if panel + 1 < self.panels.end {
                b.wrapping_add(plan.b.stride)
            } else {
                let first = self.panels.start * plan.b.stride;
                plan.b
                    .data
                    .all()
                    .as_ptr()
                    .wrapping_add(first + (start + CHUNK) * S::PANEL)
            };
            let mut bias = [0.0f32; 32];
            let finish = match plan.then {
                _ if start > 0 => Finish::Add,
                // Added to c when it is written out.
                _ if plan.c_panel.is_none() => Finish::Set,
                Then::Set => Finish::Set,
                Then::Add => Finish::Add,
                Then::SetWithBias(from) => {
                    for (half, (first, count)) in self.lanes::<S>(panel).into_iter().enumerate() {
                        bias[half * S::WIDTH..][..count]
                            .copy_from_slice(&from[first..first + count]);
                    }
                    Finish::Bias(bias.as_ptr())
                }
            };
            let c = c.wrapping_add((panel - self.panels.start) * c_panel);
            let mut done = 0;
            for outer in (0..rows).step_by(span) {
                let inner = span.min(rows - outer);
                let tiles = inner.div_ceil(S::TILE);
                let mut row = outer;
                for tile in 0..tiles {
                    let count = inner / tiles + usize::from(tile < inner % tiles);
                    // SAFETY: see `Block`.
                    unsafe {
                        let a = if ACROSS {
                            a.add(row / S::PANEL * a_panel + row % S::PANEL)
                        } else {
                            a.add(row * S::PANEL)
                        };
                        let c = c.add(row * S::PANEL);
                        let part = done.min(all_tiles - 1);
                        let ahead = Ahead::part(next, k * S::PANEL, part, all_tiles);
                        Tile {
                            rows: count,
                            k,
                            a,
                            a_panel,
                            b,
                            c,
                            finish,
                            ahead,
                        }
                        .run::<S, ACROSS>(s);
                    }
                    row += count;
                    done += 1;
                }
            }
        }
    }

    /// Takes the block from its panels to a row-major c.
    ///
    /// # Safety
    /// See [`Block`].
    #[inline(always)]
    unsafe fn write_out<S: Lanes>(&self, s: S, from: *const f32) {
        let plan = self.plan;
        for (row, to_row) in self.rows.clone().enumerate() {
            for (number, panel) in self.panels.clone().enumerate() {
                for (half, (first, count)) in self.lanes::<S>(panel).into_iter().enumerate() {
                    // SAFETY: see `Block`; a vector that c does not have counts nothing.
                    unsafe {
                        let from = from.add((number * BLOCK + row) * S::PANEL + half * S::WIDTH);
                        let to = plan.c.at(to_row * plan.b.columns + first);
                        let sum = match plan.then {
                            Then::Set => s.load(from),
                            Then::Add => s.add(s.load_part(to, count), s.load(from)),
                            Then::SetWithBias(bias) => {
                                let bias = &bias[first..first + count];
                                s.add(s.load_part(bias.as_ptr(), count), s.load(from))
                            }
                        };
                        if count == S::WIDTH {
                            s.store(to, sum);
                        } else {
                            s.store_part(to, sum, count);
                        }
                    }
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
