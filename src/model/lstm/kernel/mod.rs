//! Arithmetic for whole LSTM layers on the CPU: products in packed panels, the recurrence, loops over elements, and the
//! threads that share them. Instructions are chosen at run time. The only room of the model with
//! `unsafe`: everything outside sees slices and checked shapes. What a layer is lives in
//! [`super::sequence`].
//!
//! ```text
//! lanes      vectors of each instruction set      tile       sums of a few rows in registers
//! team       threads                              panels     the one layout of matrices
//! maths      exp, sigmoid, tanh                   multiply   whole products
//! cell       the cell, forward and backward       recurrent  the steps, forward and backward
//! memory     aligned buffers                      elements   loops over slices
//! play       one step, for playing                half       weights in half precision
//! ```
//!
//! Results have the same bits for every number of threads: outputs are dealt out, sums never are.

mod cell;
mod elements;
pub(super) mod half;
pub(super) mod lanes;
#[cfg(target_arch = "x86_64")]
mod lanes_avx2;
#[cfg(target_arch = "x86_64")]
mod lanes_avx512;
#[cfg(target_arch = "aarch64")]
mod lanes_neon;
mod lanes_plain;
mod maths;
pub(super) mod memory;
pub(super) mod multiply;
pub(super) mod panels;
pub(super) mod play;
pub(super) mod recurrent;
mod run;
mod shares;
pub mod sparse;
mod team;
#[cfg(test)]
pub(super) mod tests;
mod tile;

pub use elements::AdamW;
pub use half::{from_half, to_half};
pub use panels::Packed;
pub use run::{Loop, WIDE};
pub use shares::Rows;
pub use sparse::Sparse;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use team::Team;

/// Instructions that the kernels can be run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// x86-64 with AVX-512 (foundation).
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// 64-bit ARM.
    Neon,
    /// Whatever the compiler makes of plain loops.
    Portable,
}

impl Isa {
    /// The fastest that this processor has.
    #[must_use]
    pub fn best() -> Self {
        let all = [Self::Avx512, Self::Avx2, Self::Neon];
        let found = all.into_iter().find(|isa| lanes::available(*isa));
        found.unwrap_or(Self::Portable)
    }

    /// Numbers in a vector.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Avx512 => 16,
            Self::Avx2 | Self::Neon | Self::Portable => 8,
        }
    }
}

/// Instructions and threads to work with. Clones share the threads; one call uses them at a time, and others that come
/// meanwhile do their work alone (with the same result).
#[derive(Clone)]
pub struct Engine {
    isa: Isa,
    team: Option<Arc<Team>>,
}

// The team finishes its round before it hands on a panic.
impl std::panic::UnwindSafe for Engine {}
impl std::panic::RefUnwindSafe for Engine {}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({:?}, {} threads)", self.isa, self.threads())
    }
}

impl Engine {
    /// The best instructions of this machine and so many threads, the caller's among them.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self::start(Isa::best(), threads)
    }

    /// These instructions; `None` where the processor does not have them.
    #[must_use]
    pub fn with(isa: Isa, threads: usize) -> Option<Self> {
        lanes::available(isa).then(|| Self::start(isa, threads))
    }

    fn start(isa: Isa, threads: usize) -> Self {
        let team = (threads > 1).then(|| Arc::new(Team::new(threads)));
        Self { isa, team }
    }

    /// The instructions in use.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Threads, the caller's among them.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.team.as_ref().map_or(1, |team| team.members())
    }

    /// Runs `part(0)` to `part(parts - 1)`, each once, on whichever thread is free, and returns when all are done. No allocation.
    ///
    /// # Panics
    /// If a part does, after the others are done.
    pub fn each(&self, parts: usize, part: &(dyn Fn(usize) + Sync)) {
        if parts > 1
            && let Some(team) = &self.team
        {
            let next = AtomicUsize::new(0);
            let work = |_| loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= parts {
                    break;
                }
                part(number);
            };
            if team.together(&work) {
                return;
            }
        }
        (0..parts).for_each(part);
    }

    /// Runs `work(number, team)` for the numbers below `members` at the same time. False, with nothing done, if there is
    /// only one member or the team is at work already.
    fn together(&self, members: usize, work: &(dyn Fn(usize, &Team) + Sync)) -> bool {
        let Some(team) = self.team.as_ref().filter(|_| members > 1) else {
            return false;
        };
        assert!(members <= team.members(), "as many members as threads");
        team.together(&|number| {
            if number < members {
                work(number, team);
            }
        })
    }

    /// `c = a b` or as `then` says; c is row-major, `[a.rows, b.columns()]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn product(&self, a: View<'_>, b: &Packed, c: &mut [f32], then: Then<'_>) {
        multiply::multiply_view(self, a, b, c, then);
    }

    /// The same with b wherever it lies; it is packed into `scratch` first.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn product_of(
        &self,
        a: View<'_>,
        b: View<'_>,
        c: &mut [f32],
        then: Then<'_>,
        scratch: &mut Packed,
    ) {
        scratch.pack(self, b);
        self.product(a, scratch, c, then);
    }
}

/// What a product does to c.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// `c = a b`
    Set,
    /// `c = c + a b`
    Add,
    /// `c = a b + bias`, one bias a column.
    SetWithBias(&'a [f32]),
}

/// A matrix seen in place: element (r, k) is `data[r * row_stride + k * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// From one row to the next.
    pub row_stride: usize,
    /// From one column to the next.
    pub column_stride: usize,
}

impl<'a> View<'a> {
    /// A row-major matrix.
    #[must_use]
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self {
            data,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The same numbers with rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// # Panics
    /// If an element lies outside the data.
    fn check(&self) {
        if self.rows > 0 && self.columns > 0 {
            let down = (self.rows - 1).checked_mul(self.row_stride);
            let along = (self.columns - 1).checked_mul(self.column_stride);
            let last = down.zip(along).and_then(|(d, a)| d.checked_add(a));
            assert!(
                last.is_some_and(|l| l < self.data.len()),
                "a view stays inside its data"
            );
        }
    }
}
