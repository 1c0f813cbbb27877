//! Counter-based random draws: a draw is a pure function of what it is for, so
//! drawing one thing again never shifts another.
//!
//! The mixing function is SplitMix64's finaliser (Steele, Lea, Flood, "Fast splittable
//! pseudorandom number generators", OOPSLA 2014) applied once per key word.

/// What a draw decides; part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Whether a lane is hit in a step.
    Hit = 1,
    /// How loud a hit is.
    Velocity = 2,
    /// How far from the grid a hit lies.
    Offset = 3,
    /// A weight's starting value.
    Weight = 4,
    /// Which activations a training step drops.
    Dropout = 5,
    /// The order of files in an epoch.
    Shuffle = 6,
    /// Everything about one rendered drum voice.
    Voice = 7,
    /// Anything a test needs.
    Test = 8,
    /// What a piece is told of itself while it is learned.
    Told = 9,
    /// Which steps of a loop a mutation draws again.
    Mutation = 10,
    /// The phases that sound made of mel frames begins with.
    Phase = 11,
    /// Everything about one frame that a spectrogram model plays.
    Frame = 12,
}

/// SplitMix64's finaliser.
#[inline(always)]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 uniform bits for (seed, step, lane, purpose).
#[inline]
#[must_use]
pub const fn bits(seed: u64, step: u64, lane: u64, purpose: Purpose) -> u64 {
    let mut z = mix(seed.wrapping_add(GOLDEN));
    z = mix(z ^ step
        .wrapping_mul(GOLDEN)
        .wrapping_add(0x632b_e59b_d9b4_e019));
    z = mix(z ^ lane.wrapping_mul(GOLDEN).wrapping_add(purpose as u64));
    mix(z.wrapping_add(GOLDEN))
}

/// A uniform number in `[0, 1)` for (seed, step, lane, purpose), 24 bits fine.
#[inline]
#[must_use]
pub fn uniform(seed: u64, step: u64, lane: u64, purpose: Purpose) -> f32 {
    (bits(seed, step, lane, purpose) >> 40) as f32 / (1u64 << 24) as f32
}

/// A sequence of draws under one key, for loops that need many.
#[derive(Clone, Debug)]
pub struct Stream {
    key: u64,
    counter: u64,
}

impl Stream {
    /// The stream for (seed, index, purpose).
    #[must_use]
    pub const fn new(seed: u64, index: u64, purpose: Purpose) -> Self {
        Self {
            key: bits(seed, index, u64::MAX, purpose),
            counter: 0,
        }
    }

    /// The next 64 uniform bits.
    #[inline(always)]
    pub fn next_bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN);
        mix(self.key ^ self.counter)
    }

    /// Leaves out the next `n` draws of 64 bits.
    pub const fn skip(&mut self, n: u64) {
        self.counter = self.counter.wrapping_add(GOLDEN.wrapping_mul(n));
    }

    /// The next uniform number in `[0, 1)`.
    #[inline]
    pub fn uniform(&mut self) -> f32 {
        (self.next_bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// The next whole number below `n` (0 for `n == 0`).
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_bits()) * n as u128) >> 64) as usize
    }

    /// The next standard normal number (Box and Muller 1958).
    pub fn normal(&mut self) -> f32 {
        let u = 1.0 - f64::from(self.uniform());
        let v = f64::from(self.uniform());
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_each_part_of_its_key() {
        let base = bits(1, 2, 3, Purpose::Hit);
        assert_eq!(base, bits(1, 2, 3, Purpose::Hit));
        assert_ne!(base, bits(2, 2, 3, Purpose::Hit));
        assert_ne!(base, bits(1, 3, 3, Purpose::Hit));
        assert_ne!(base, bits(1, 2, 4, Purpose::Hit));
        assert_ne!(base, bits(1, 2, 3, Purpose::Velocity));
    }

    #[test]
    fn draws_left_out_are_those_not_drawn() {
        let mut stream = Stream::new(3, 1, Purpose::Test);
        let all: Vec<u64> = (0..9).map(|_| stream.next_bits()).collect();
        let mut stream = Stream::new(3, 1, Purpose::Test);
        stream.skip(2);
        assert_eq!(stream.next_bits(), all[2]);
        stream.skip(0);
        stream.skip(5);
        assert_eq!(stream.next_bits(), all[8]);
    }

    #[test]
    fn draws_are_uniform() {
        let n = 90_000;
        let mut bins = [0u32; 16];
        for step in 0..n / 9 {
            for lane in 0..9 {
                bins[(uniform(7, step, lane, Purpose::Hit) * 16.0) as usize] += 1;
            }
        }
        let expected = n as f32 / 16.0;
        let chi2: f32 = bins
            .iter()
            .map(|&b| (b as f32 - expected).powi(2) / expected)
            .sum();
        assert!(chi2 < 37.7, "chi-square with 15 degrees of freedom: {chi2}");
    }

    #[test]
    fn normals_have_zero_mean_and_unit_variance() {
        let mut s = Stream::new(1, 0, Purpose::Weight);
        let x: Vec<f32> = (0..20_000).map(|_| s.normal()).collect();
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        let var = x.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / x.len() as f32;
        assert!(
            mean.abs() < 0.03 && (var - 1.0).abs() < 0.05,
            "{mean} {var}"
        );
    }
}
