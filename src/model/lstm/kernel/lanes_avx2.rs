//! [`Lanes`] with AVX2 and FMA.
#![allow(unsafe_code)]

use super::lanes::{Job, Lanes};
use std::arch::x86_64::*;

/// AVX2, FMA and reading halves, which no processor has without the others.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

/// Eight lanes; 16 registers hold the sums of six rows, a row of b and a number of a.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// # Safety
    /// The processor must have what [`available`] asks for.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

// Not inlined: as for AVX-512.
#[inline(never)]
#[target_feature(enable = "avx2,fma,f16c")]
fn enter_avx2<J: Job>(s: Avx2, job: J) -> J::Out {
    job.run(s)
}

// SAFETY of every block below: a value of `Avx2` exists only where the processor has these
// instructions (`Avx2::new`); memory is the caller's promise, stated in the trait.
impl Lanes for Avx2 {
    type V = __m256;
    const WIDTH: usize = 8;
    const TILE: usize = 6;

    #[inline(always)]
    fn enter<J: Job>(self, job: J) -> J::Out {
        // SAFETY: see above.
        unsafe { enter_avx2(self, job) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(self, at: *const f32) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_loadu_ps(at) }
    }
    #[inline(always)]
    unsafe fn load_half(self, at: *const u16) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(at.cast())) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32, v: __m256) {
        // SAFETY: see above.
        unsafe { _mm256_storeu_ps(at, v) }
    }
    // As for AVX-512, with halves of registers at the end.
    #[inline(always)]
    unsafe fn transpose(self, from: *const f32, row: usize, to: *mut f32) {
        // SAFETY: see above.
        unsafe {
            let mut x = [_mm256_setzero_ps(); 8];
            for (c, x) in x.iter_mut().enumerate() {
                *x = _mm256_loadu_ps(from.add(c * row));
            }
            for i in (0..8).step_by(2) {
                (x[i], x[i + 1]) = (
                    _mm256_unpacklo_ps(x[i], x[i + 1]),
                    _mm256_unpackhi_ps(x[i], x[i + 1]),
                );
            }
            let low = |a, b| {
                _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)))
            };
            let high = |a, b| {
                _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)))
            };
            for i in (0..8).step_by(4) {
                let [a, b, c, d] = [x[i], x[i + 1], x[i + 2], x[i + 3]];
                (x[i], x[i + 1], x[i + 2], x[i + 3]) =
                    (low(a, c), high(a, c), low(b, d), high(b, d));
            }
            for j in 0..4 {
                let upper = _mm256_permute2f128_ps::<0x20>(x[j], x[4 + j]);
                let lower = _mm256_permute2f128_ps::<0x31>(x[j], x[4 + j]);
                _mm256_storeu_ps(to.add(j * Self::PANEL), upper);
                _mm256_storeu_ps(to.add((4 + j) * Self::PANEL), lower);
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
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn sqrt(self, a: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn neg_mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_fnmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn round(self, a: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn power_of_two(self, n: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
        }
    }
}
