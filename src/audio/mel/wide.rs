//! Plain loops compiled once more for wide vectors. The crate is built for the oldest processor of its architecture;
//! a loop handed to [`run`] is inlined into a function that may use AVX2 where the processor has it, and the compiler
//! vectorises it that wide. Nothing is fused and sums have a fixed number of running totals, so the numbers do
//! not depend on which of the two ran.
#![allow(unsafe_code)]

/// Running totals of a sum, and values taken at once: one AVX2 vector.
pub(super) const WIDE: usize = 8;

/// A loop. Implementors mark `run` and all it calls `#[inline(always)]`, or it stays narrow.
pub(super) trait Loop {
    /// Does it.
    fn run(self);
}

/// Runs a loop with the widest vectors there are.
#[inline]
pub(super) fn run(work: impl Loop) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was just found to have AVX2, all that the function asks for.
        return unsafe { with_avx2(work) };
    }
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(work: impl Loop) {
    work.run();
}
