//! The innermost product: a tile of a few rows and one panel of c, its sums in registers while k runs.
//! All operands lie in panels (see [`super::panels`]): `PANEL` columns side by side, row after
//! row without a gap, so every address is a pointer that walks plus a constant. Every sum is
//! taken in the order of k, whatever the number of rows in the tile.
#![allow(unsafe_code)]

use super::lanes::{Job, Lanes};

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
    /// The two vectors of c's first row.
    pub(super) c: [*mut f32; 2],
    /// Between rows of c.
    pub(super) c_row: usize,
    pub(super) finish: Finish,
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
            if ACROSS {
                let mut a = t.a;
                let mut left = t.k;
                while left >= 4 {
                    for step in 0..4 {
                        term::<S, N, ACROSS>(
                            s,
                            a.add(step * S::PANEL),
                            b.add(step * S::PANEL),
                            &mut sums,
                        );
                    }
                    a = a.add(4 * S::PANEL);
                    b = b.add(4 * S::PANEL);
                    left -= 4;
                }
                for step in 0..left {
                    term::<S, N, ACROSS>(
                        s,
                        a.add(step * S::PANEL),
                        b.add(step * S::PANEL),
                        &mut sums,
                    );
                }
            } else {
                let mut panel = t.a;
                let mut left = t.k;
                while left > 0 {
                    let count = left.min(S::PANEL);
                    let mut a = panel;
                    for _ in 0..count / 4 {
                        for step in 0..4 {
                            term::<S, N, ACROSS>(s, a.add(step), b.add(step * S::PANEL), &mut sums);
                        }
                        a = a.add(4);
                        b = b.add(4 * S::PANEL);
                    }
                    for _ in 0..count % 4 {
                        term::<S, N, ACROSS>(s, a, b, &mut sums);
                        a = a.add(1);
                        b = b.add(S::PANEL);
                    }
                    left -= count;
                    panel = panel.wrapping_add(t.a_panel);
                }
            }
            for (r, sum) in sums.into_iter().enumerate() {
                for (v, mut sum) in sum.into_iter().enumerate() {
                    let c = t.c[v].add(r * t.c_row);
                    sum = match t.finish {
                        Finish::Set => sum,
                        Finish::Add => s.add(s.load(c), sum),
                        Finish::Bias(bias) => s.add(s.load(bias.add(v * S::WIDTH)), sum),
                    };
                    s.store(c, sum);
                }
            }
        }
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
