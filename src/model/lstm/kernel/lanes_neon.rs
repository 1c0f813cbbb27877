//! [`Lanes`] with NEON: two registers of four numbers make a vector, so that a panel is as wide as
//! with AVX2.
#![allow(unsafe_code)]

use super::lanes::{Job, Lanes};
use std::arch::aarch64::*;

/// Eight lanes; 32 registers hold the sums of six rows, a row of b and a number of a.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    /// # Safety
    /// The processor must have NEON, as every 64-bit ARM one does.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

/// Eight numbers.
type Pair = [float32x4_t; 2];

// Not inlined: the tiles of `super::tile` are called from other jobs, and each shall be laid out by itself.
#[inline(never)]
#[target_feature(enable = "neon")]
fn enter_neon<J: Job>(s: Neon, job: J) -> J::Out {
    job.run(s)
}

// SAFETY of every block below: a value of `Neon` exists only where the processor has NEON;
// memory is the caller's promise, stated in the trait.
impl Lanes for Neon {
    type V = Pair;
    const WIDTH: usize = 8;
    const TILE: usize = 6;

    #[inline(always)]
    fn enter<J: Job>(self, job: J) -> J::Out {
        // SAFETY: see above.
        unsafe { enter_neon(self, job) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Pair {
        // SAFETY: see above.
        unsafe { [vdupq_n_f32(x); 2] }
    }
    #[inline(always)]
    unsafe fn load(self, at: *const f32) -> Pair {
        // SAFETY: see above.
        unsafe { [vld1q_f32(at), vld1q_f32(at.add(4))] }
    }
    #[inline(always)]
    unsafe fn load_half(self, at: *const u16) -> Pair {
        // SAFETY: see above. The intrinsics for halves are not in the stable library; the instructions are in every such processor.
        unsafe {
            let halves = vld1q_u16(at);
            let (low, high): (float32x4_t, float32x4_t);
            std::arch::asm!(
                "fcvtl {low:v}.4s, {halves:v}.4h",
                "fcvtl2 {high:v}.4s, {halves:v}.8h",
                low = out(vreg) low,
                high = lateout(vreg) high,
                halves = in(vreg) halves,
                options(pure, nomem, nostack)
            );
            [low, high]
        }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32, v: Pair) {
        // SAFETY: see above.
        unsafe {
            vst1q_f32(at, v[0]);
            vst1q_f32(at.add(4), v[1]);
        }
    }
    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vaddq_f32(a[0], b[0]), vaddq_f32(a[1], b[1])] }
    }
    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vsubq_f32(a[0], b[0]), vsubq_f32(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vmulq_f32(a[0], b[0]), vmulq_f32(a[1], b[1])] }
    }
    #[inline(always)]
    fn div(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vdivq_f32(a[0], b[0]), vdivq_f32(a[1], b[1])] }
    }
    #[inline(always)]
    fn sqrt(self, a: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vsqrtq_f32(a[0]), vsqrtq_f32(a[1])] }
    }
    #[inline(always)]
    fn mul_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vfmaq_f32(c[0], a[0], b[0]), vfmaq_f32(c[1], a[1], b[1])] }
    }
    #[inline(always)]
    fn neg_mul_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vfmsq_f32(c[0], a[0], b[0]), vfmsq_f32(c[1], a[1], b[1])] }
    }
    // NEON gives "not a number" where either is; the promise asks for less.
    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vmaxq_f32(a[0], b[0]), vmaxq_f32(a[1], b[1])] }
    }
    #[inline(always)]
    fn min(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vminq_f32(a[0], b[0]), vminq_f32(a[1], b[1])] }
    }
    #[inline(always)]
    fn round(self, a: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [vrndnq_f32(a[0]), vrndnq_f32(a[1])] }
    }
    #[inline(always)]
    fn power_of_two(self, n: Pair) -> Pair {
        // SAFETY: see above.
        unsafe {
            let one = |n| {
                let biased = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
                vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
            };
            [one(n[0]), one(n[1])]
        }
    }
}
