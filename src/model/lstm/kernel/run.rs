//! Plain loops compiled once for each instruction set.
//!
//! The crate is built for the oldest processor of its architecture. A loop handed to [`Engine::run`] is inlined into a
//! function that may use all the chosen set has, so the compiler vectorises it that wide. What a loop computes must
//! not depend on how wide that is: sums are written over [`WIDE`] running totals, and nothing is fused.

use super::Engine;
use super::lanes::{Job, Lanes, dispatch};

/// Running totals of a sum: one vector of the widest set.
pub const WIDE: usize = 16;

/// A loop. Implementors mark `run` and all it calls `#[inline(always)]`, or it stays narrow.
pub trait Loop {
    /// What comes out.
    type Out;
    /// Does it.
    fn run(self) -> Self::Out;
}

impl Engine {
    /// Runs a loop compiled for this engine's instructions, on the calling thread.
    #[inline]
    pub fn run<L: Loop>(&self, work: L) -> L::Out {
        dispatch(self.isa(), Plain(work))
    }
}

struct Plain<L>(L);

impl<L: Loop> Job for Plain<L> {
    type Out = L::Out;
    #[inline(always)]
    fn run<S: Lanes>(self, _: S) -> L::Out {
        self.0.run()
    }
}
