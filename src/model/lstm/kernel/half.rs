//! Weights in half precision (IEEE 754 binary16), for playing: a single row's step takes as long as reading the weights, and these are
//! half as many bytes. Sums stay in single precision.
#![allow(unsafe_code)]

use super::memory::Buffer;
use super::panels::Packed;

/// The numbers of a packed matrix as halves, panels as far apart (in numbers) as there.
#[derive(Clone, Default)]
pub(in super::super) struct Halves {
    /// Two to a number.
    data: Buffer,
}

impl Halves {
    /// Rounds a matrix's numbers, in place too, so that either has the same weights.
    pub(in super::super) fn round(packed: &mut Packed) -> Self {
        let mut halves = Self::default();
        let numbers = packed.data.all_mut();
        halves.data.grow(numbers.len() / 2);
        let to = halves.data.all_mut().as_mut_ptr().cast::<u16>();
        for (i, number) in numbers.iter_mut().enumerate() {
            let half = to_half(*number);
            *number = from_half(half);
            // SAFETY: a buffer is whole lines long, so there is room for two halves a number.
            unsafe { *to.add(i) = half };
        }
        halves
    }

    /// The first.
    pub(super) fn start(&self) -> *const u16 {
        self.data.all().as_ptr().cast()
    }
}

/// The nearest half, ties to even; what is too large becomes the largest.
#[must_use]
pub fn to_half(x: f32) -> u16 {
    let sign = (x.to_bits() >> 16) as u16 & 0x8000;
    let bits = x.abs().to_bits();
    sign | match bits {
        0x7f80_0001.. => 0x7e00,
        0x477f_e000.. => 0x7bff,
        // Below the normal halves a unit in the last place is 2^-24.
        ..0x3880_0000 => (x.abs() * (1 << 24) as f32).round_ties_even() as u16,
        _ => ((bits + 0xfff + (bits >> 13 & 1) - (112 << 23)) >> 13) as u16,
    }
}

/// The number that a half is.
#[inline(always)]
#[must_use]
pub fn from_half(half: u16) -> f32 {
    let half = u32::from(half);
    // The exponent's bias is 112 less; multiplying also makes the halves below the normal ones right.
    let size = f32::from_bits((half & 0x7fff) << 13) * f32::from_bits((112 + 127) << 23);
    if half & 0x7c00 == 0x7c00 {
        return f32::from_bits((half & 0x8000) << 16 | 0x7f80_0000 | (half & 0x3ff) << 13);
    }
    f32::from_bits(size.to_bits() | (half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{Job, Lanes, dispatch};
    use super::super::tests::all_isas;
    use super::*;

    #[test]
    fn halves_are_the_nearest_and_come_back() {
        for half in 0..=u16::MAX {
            if half & 0x7fff <= 0x7bff {
                assert_eq!(to_half(from_half(half)), half);
            }
        }
        for i in 0..200_000u32 {
            let x = f32::from_bits(0x3380_0000 + i * 1700);
            let half = to_half(x);
            let error = |h: u16| (f64::from(from_half(h)) - f64::from(x)).abs();
            assert!(
                error(half) <= error(half + 1) && error(half) <= error(half.wrapping_sub(1)),
                "{x:e}"
            );
        }
        assert_eq!(to_half(1e9), 0x7bff);
        assert_eq!(to_half(-1e-9), 0x8000);
        assert!(from_half(to_half(f32::NAN)).is_nan());
    }

    struct Load<'a>(&'a [u16], &'a mut [f32; 16]);

    impl Job for Load<'_> {
        type Out = usize;
        #[inline(always)]
        fn run<S: Lanes>(self, s: S) -> usize {
            assert!(self.0.len() >= S::WIDTH);
            // SAFETY: both sides have a vector.
            unsafe { s.store(self.1.as_mut_ptr(), s.load_half(self.0.as_ptr())) };
            S::WIDTH
        }
    }

    #[test]
    fn every_instruction_set_reads_halves() {
        let all: Vec<u16> = (0..=u16::MAX).filter(|h| h & 0x7c00 != 0x7c00).collect();
        for isa in all_isas() {
            for some in all.chunks_exact(16) {
                let mut got = [0.0; 16];
                let width = dispatch(isa, Load(some, &mut got));
                for (got, half) in got[..width].iter().zip(some) {
                    assert_eq!(
                        got.to_bits(),
                        from_half(*half).to_bits(),
                        "{isa:?} {half:x}"
                    );
                }
            }
        }
    }
}
