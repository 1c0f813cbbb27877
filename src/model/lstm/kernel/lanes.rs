//! What a processor's vectors can do, as one small trait, so that every kernel is written once.
//! A value of a type that implements [`Lanes`] is the proof that this processor has the
//! instructions: such values come from [`dispatch`] only, which asks the processor. The kernels
//! themselves live elsewhere.
#![allow(unsafe_code)]

use super::Isa;

/// Vectors of [`Lanes::WIDTH`] numbers.
pub(in super::super) trait Lanes: Copy {
    /// A vector.
    type V: Copy;
    /// Numbers in a vector.
    const WIDTH: usize;
    /// Rows of the largest tile whose sums fit the registers ([`super::tile`]).
    const TILE: usize;
    /// Columns of a panel: two vectors.
    const PANEL: usize = 2 * Self::WIDTH;

    /// Runs a job compiled for these instructions.
    fn enter<J: Job>(self, job: J) -> J::Out;

    /// The same number in every lane.
    fn splat(self, x: f32) -> Self::V;
    /// Reads `WIDTH` numbers.
    ///
    /// # Safety
    /// `at` must be readable for `WIDTH` numbers; no alignment beyond that of `f32`.
    unsafe fn load(self, at: *const f32) -> Self::V;
    /// Reads `WIDTH` numbers in half precision.
    ///
    /// # Safety
    /// `at` must be readable for `WIDTH` halves.
    #[inline(always)]
    unsafe fn load_half(self, at: *const u16) -> Self::V {
        let mut all = [0.0f32; 16];
        // SAFETY: the caller vouches for `at`, and `WIDTH <= 16`.
        unsafe {
            for (i, number) in all.iter_mut().take(Self::WIDTH).enumerate() {
                *number = super::half::from_half(*at.add(i));
            }
            self.load(all.as_ptr())
        }
    }
    /// Writes `WIDTH` numbers.
    ///
    /// # Safety
    /// `at` must be writable for `WIDTH` numbers.
    unsafe fn store(self, at: *mut f32, v: Self::V);
    /// Reads the first `n <= WIDTH` numbers, zeros behind them.
    ///
    /// # Safety
    /// `at` must be readable for `n` numbers.
    #[inline(always)]
    unsafe fn load_part(self, at: *const f32, n: usize) -> Self::V {
        let mut all = [0.0f32; 16];
        // SAFETY: `n <= WIDTH <= 16`, and the caller vouches for `at`.
        unsafe {
            std::ptr::copy_nonoverlapping(at, all.as_mut_ptr(), n);
            self.load(all.as_ptr())
        }
    }
    /// Writes the first `n <= WIDTH` numbers.
    ///
    /// # Safety
    /// `at` must be writable for `n` numbers.
    #[inline(always)]
    unsafe fn store_part(self, at: *mut f32, v: Self::V, n: usize) {
        let mut all = [0.0f32; 16];
        // SAFETY: `n <= WIDTH <= 16`, and the caller vouches for `at`.
        unsafe {
            self.store(all.as_mut_ptr(), v);
            std::ptr::copy_nonoverlapping(all.as_ptr(), at, n);
        }
    }
    /// Writes a square of `WIDTH` rows and columns transposed: number `r` of row `c`, rows `row` apart, goes to number `c` of row
    /// `r` of a panel.
    ///
    /// # Safety
    /// `from` and `to` must have these rows.
    #[inline(always)]
    unsafe fn transpose(self, from: *const f32, row: usize, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            for c in 0..Self::WIDTH {
                for r in 0..Self::WIDTH {
                    *to.add(r * Self::PANEL + c) = *from.add(c * row + r);
                }
            }
        }
    }
    /// Asks for a cache line that will be needed soon; `at` may be anything.
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        let _ = at;
    }
    /// Asks for a cache line that will be needed a little later, without crowding the first-level cache.
    #[inline(always)]
    fn prefetch_far(self, at: *const f32) {
        let _ = at;
    }
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `1 / a`, within two units in the last place; exact for 1.
    #[inline(always)]
    fn recip(self, a: Self::V) -> Self::V {
        self.div(self.splat(1.0), a)
    }
    /// Square roots.
    fn sqrt(self, a: Self::V) -> Self::V;
    /// `a * b + c`, rounded once where the processor can.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a * b`, rounded once where the processor can.
    fn neg_mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger; `b` where `b` is not a number.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; `b` where `b` is not a number.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// To the nearest whole number, halves to the even one.
    fn round(self, a: Self::V) -> Self::V;
    /// `2^n` for whole `n` of -126 to 127.
    fn power_of_two(self, n: Self::V) -> Self::V;
    /// Sum of the lanes: halves folded onto each other until one is left.
    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        let mut all = [0.0f32; 16];
        // SAFETY: `WIDTH <= 16`.
        unsafe { self.store(all.as_mut_ptr(), a) };
        let mut half = Self::WIDTH / 2;
        while half > 0 {
            for i in 0..half {
                all[i] += all[i + half];
            }
            half /= 2;
        }
        all[0]
    }
}

/// Work written for any vectors. `run` must be `#[inline(always)]`, so that it is compiled with the
/// instructions of the function that calls it.
pub(in super::super) trait Job {
    /// What comes back.
    type Out;
    /// Does the work.
    fn run<S: Lanes>(self, s: S) -> Self::Out;
}

/// Whether this processor has the instructions.
pub(super) fn available(isa: Isa) -> bool {
    match isa {
        Isa::Portable => true,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => super::lanes_avx512::available(),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => super::lanes_avx2::available(),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => true,
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

/// Runs a job with the vectors of `isa`, which must be [`available`].
#[inline]
pub(in super::super) fn dispatch<J: Job>(isa: Isa, job: J) -> J::Out {
    debug_assert!(available(isa));
    match isa {
        // SAFETY: an `Isa` other than `Portable` leaves `Engine::with` and `Isa::best` only where
        // the processor was found to have it.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { super::lanes_avx512::Avx512::new() }.enter(job),
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { super::lanes_avx2::Avx2::new() }.enter(job),
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => unsafe { super::lanes_neon::Neon::new() }.enter(job),
        _ => super::lanes_plain::Plain.enter(job),
    }
}
