//! [`Lanes`] with AVX-512.
#![allow(unsafe_code)]

use super::lanes::{Job, Lanes};
use std::arch::x86_64::*;

/// AVX-512 (foundation), with AVX2 and FMA for whatever the compiler does with half vectors.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && super::lanes_avx2::available()
}

/// Sixteen lanes; 32 registers hold the sums of fourteen rows, a row of b and a number of a.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    /// # Safety
    /// The processor must have what [`available`] asks for.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

// Not inlined: the tiles of `super::tile` are called from other jobs, and each shall be laid out by itself.
#[inline(never)]
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn enter_avx512<J: Job>(s: Avx512, job: J) -> J::Out {
    job.run(s)
}

// SAFETY of every block below: a value of `Avx512` exists only where the processor has these
// instructions (`Avx512::new`); memory is the caller's promise, stated in the trait.
impl Lanes for Avx512 {
    type V = __m512;
    const WIDTH: usize = 16;
    const TILE: usize = 14;

    #[inline(always)]
    fn enter<J: Job>(self, job: J) -> J::Out {
        // SAFETY: see above.
        unsafe { enter_avx512(self, job) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(self, at: *const f32) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_loadu_ps(at) }
    }
    #[inline(always)]
    unsafe fn load_half(self, at: *const u16) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(at.cast())) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32, v: __m512) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_ps(at, v) }
    }
    #[inline(always)]
    unsafe fn load_part(self, at: *const f32, n: usize) -> __m512 {
        let mask = ((1u32 << n) - 1) as __mmask16;
        // SAFETY: see above; masked lanes are not read.
        unsafe { _mm512_maskz_loadu_ps(mask, at) }
    }
    #[inline(always)]
    unsafe fn store_part(self, at: *mut f32, v: __m512, n: usize) {
        let mask = ((1u32 << n) - 1) as __mmask16;
        // SAFETY: see above; masked lanes are not written.
        unsafe { _mm512_mask_storeu_ps(at, mask, v) }
    }
    // Pairs of numbers, pairs of pairs, then quarters of registers change places.
    #[inline(always)]
    unsafe fn transpose(self, from: *const f32, row: usize, to: *mut f32) {
        // SAFETY: see above.
        unsafe {
            let mut x = [_mm512_setzero_ps(); 16];
            for (c, x) in x.iter_mut().enumerate() {
                *x = _mm512_loadu_ps(from.add(c * row));
            }
            for i in (0..16).step_by(2) {
                (x[i], x[i + 1]) = (
                    _mm512_unpacklo_ps(x[i], x[i + 1]),
                    _mm512_unpackhi_ps(x[i], x[i + 1]),
                );
            }
            let low = |a, b| {
                _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
            };
            let high = |a, b| {
                _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
            };
            for i in (0..16).step_by(4) {
                let [a, b, c, d] = [x[i], x[i + 1], x[i + 2], x[i + 3]];
                (x[i], x[i + 1], x[i + 2], x[i + 3]) =
                    (low(a, c), high(a, c), low(b, d), high(b, d));
            }
            for j in 0..4 {
                let [a, b, c, d] = [x[j], x[4 + j], x[8 + j], x[12 + j]];
                let even = _mm512_shuffle_f32x4::<0x88>(a, b);
                let odd = _mm512_shuffle_f32x4::<0xdd>(a, b);
                let even_below = _mm512_shuffle_f32x4::<0x88>(c, d);
                let odd_below = _mm512_shuffle_f32x4::<0xdd>(c, d);
                let out = [
                    _mm512_shuffle_f32x4::<0x88>(even, even_below),
                    _mm512_shuffle_f32x4::<0x88>(odd, odd_below),
                    _mm512_shuffle_f32x4::<0xdd>(even, even_below),
                    _mm512_shuffle_f32x4::<0xdd>(odd, odd_below),
                ];
                for (quarter, out) in out.into_iter().enumerate() {
                    _mm512_storeu_ps(to.add((4 * quarter + j) * Self::PANEL), out);
                }
            }
        }
    }
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: see above; a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }
    #[inline(always)]
    fn prefetch_far(self, at: *const f32) {
        // SAFETY: see above; a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_div_ps(a, b) }
    }
    // An estimate of 14 bits and one of Newton's steps; a division of sixteen numbers takes five times as long.
    #[inline(always)]
    fn recip(self, a: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe {
            let near = _mm512_rcp14_ps(a);
            let off = _mm512_fnmadd_ps(a, near, _mm512_set1_ps(1.0));
            _mm512_fmadd_ps(near, off, near)
        }
    }
    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn neg_mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn power_of_two(self, n: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), n) }
    }
}
