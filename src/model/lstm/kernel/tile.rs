//! The innermost product: a tile of a few rows and one panel of c, its sums in registers while k runs.
//! All operands lie in panels (see [`super::panels`]): `PANEL` columns side by side, row after
//! row without a gap, so every address is a pointer that walks plus a constant. Every sum is
//! taken in the order of k, whatever the number of rows in the tile.
#![allow(unsafe_code)]

use super::lanes::{Job, Lanes};

/// Terms in a row without a look at the count.
const UNROLL: usize = 4;
/// Numbers in a cache line.
const LINE: usize = 16;

/// What becomes of a tile's sums.
#[derive(Clone, Copy)]
pub(super) enum Finish {
    /// `c = sum`
    Set,
    /// `c = c + sum`
    Add,
    /// `c = bias + sum`; one panel of biases.
    Bias(*const f32),
}

/// Lines that will be needed soon, fetched to the second-level cache while a tile is computed, one every few terms: what the
/// processor does not fetch ahead by itself because they lie apart, or does too late.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    /// The first line; never read through.
    pub(super) at: *const f32,
    /// Lines.
    pub(super) count: usize,
    /// From one line to the next.
    pub(super) step: usize,
}

impl Ahead {
    /// Nothing.
    pub(super) const NONE: Self = Self {
        at: std::ptr::null(),
        count: 0,
        step: 0,
    };

    /// Part `part` of `parts` of `len` numbers side by side.
    #[inline(always)]
    pub(super) fn part(at: *const f32, len: usize, part: usize, parts: usize) -> Self {
        // Every other line: the processor fetches them in pairs.
        let pairs = len / (2 * LINE);
        let first = pairs * part / parts;
        Self {
            at: at.wrapping_add(first * 2 * LINE),
            count: pairs * (part + 1) / parts - first,
            step: 2 * LINE,
        }
    }
}

/// One tile. `a` points at the first row (and the first k), `b` at the first k of a panel.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// Rows, 1 to `TILE`.
    pub(super) rows: usize,
    /// Terms of each sum.
    pub(super) k: usize,
    pub(super) a: *const f32,
    /// Between panels of a, where its columns are k; not looked at where its rows are.
    pub(super) a_panel: usize,
    pub(super) b: *const f32,
    /// The first row of c, also in a panel.
    pub(super) c: *mut f32,
    pub(super) finish: Finish,
    /// What to fetch meanwhile.
    pub(super) ahead: Ahead,
}

impl Tile {
    /// Runs the tile. `ACROSS`: a's rows are k (a transposed matrix), otherwise its columns are.
    ///
    /// # Safety
    /// The pointers must cover what the shapes say, `c` for writing with no other thread near it,
    /// and `rows` must be 1 to `S::TILE`.
    #[inline(always)]
    pub(super) unsafe fn run<S: Lanes, const ACROSS: bool>(self, s: S) {
        macro_rules! rows {
            ($($n:literal)*) => {
                match self.rows {
                    $($n => s.enter(Rows::<$n, ACROSS>(self)),)*
                    _ => unreachable!("a tile has 1 to {} rows", S::TILE),
                }
            };
        }
        rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    }
}

struct Rows<const N: usize, const ACROSS: bool>(Tile);

impl<const N: usize, const ACROSS: bool> Job for Rows<N, ACROSS> {
    type Out = ();

    #[inline(always)]
    fn run<S: Lanes>(self, s: S) {
        if N > S::TILE {
            return; // never asked for; keeps the compiler from building it
        }
        let t = self.0;
        let mut sums = [[s.splat(0.0); 2]; N];
        // SAFETY: `Tile::run` was promised that the pointers cover the shapes; the loops stay within them:
        // b is read k times one panel, a within its rows and k, c in `N` rows.
        unsafe {
            let mut b = t.b;
            // Lines of c are asked for one row at a time, so that they do not hold up a and b.
            let mut c_ahead = t.c.cast_const();
            let c_end = t.c.cast_const().add(N * S::PANEL);
            let mut ahead = t.ahead;
            let mut left = t.k;
            let mut panel = t.a;
            while left > 0 {
                let count = if ACROSS { left } else { left.min(S::PANEL) };
                let mut a = panel;
                for _ in 0..count / UNROLL {
                    if c_ahead < c_end {
                        s.prefetch(c_ahead);
                        if S::PANEL > LINE {
                            s.prefetch(c_ahead.add(LINE));
                        }
                        c_ahead = c_ahead.add(S::PANEL);
                    }
                    if ahead.count > 0 {
                        s.prefetch_far(ahead.at);
                        ahead.at = ahead.at.wrapping_add(ahead.step);
                        ahead.count -= 1;
                    }
                    for step in 0..UNROLL {
                        let a = a.add(if ACROSS { step * S::PANEL } else { step });
                        term::<S, N, ACROSS>(s, a, b.add(step * S::PANEL), &mut sums);
                    }
                    a = a.add(if ACROSS { UNROLL * S::PANEL } else { UNROLL });
                    b = b.add(UNROLL * S::PANEL);
                }
                for _ in 0..count % UNROLL {
                    term::<S, N, ACROSS>(s, a, b, &mut sums);
                    a = a.add(if ACROSS { S::PANEL } else { 1 });
                    b = b.add(S::PANEL);
                }
                left -= count;
                panel = panel.wrapping_add(t.a_panel);
            }
            let c = |r: usize, v: usize| t.c.add(r * S::PANEL + v * S::WIDTH);
            match t.finish {
                Finish::Set => each(&sums, |r, v, sum| s.store(c(r, v), sum)),
                Finish::Add => each(&sums, |r, v, sum| {
                    s.store(c(r, v), s.add(s.load(c(r, v)), sum))
                }),
                Finish::Bias(bias) => {
                    let bias = [s.load(bias), s.load(bias.add(S::WIDTH))];
                    each(&sums, |r, v, sum| s.store(c(r, v), s.add(bias[v], sum)));
                }
            }
        }
    }
}

/// Calls `f(row, half, sum)` for each sum.
#[inline(always)]
fn each<V: Copy, const N: usize>(sums: &[[V; 2]; N], f: impl Fn(usize, usize, V)) {
    for (r, sum) in sums.iter().enumerate() {
        f(r, 0, sum[0]);
        f(r, 1, sum[1]);
    }
}

/// Adds the products of one k.
///
/// # Safety
/// As for [`Tile::run`].
#[inline(always)]
unsafe fn term<S: Lanes, const N: usize, const ACROSS: bool>(
    s: S,
    a: *const f32,
    b: *const f32,
    sums: &mut [[S::V; 2]; N],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let b = [s.load(b), s.load(b.add(S::WIDTH))];
        for (r, sum) in sums.iter_mut().enumerate() {
            let a = s.splat(*a.add(if ACROSS { r } else { r * S::PANEL }));
            sum[0] = s.mul_add(a, b[0], sum[0]);
            sum[1] = s.mul_add(a, b[1], sum[1]);
        }
    }
}
