//! [`Keys`]: which keys an output was ever sent, as atomics that the real-time thread sets and
//! anyone reads; from them, closing notes can be sent for a program that was killed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// 16 channels of 128 keys.
#[derive(Debug)]
pub struct Keys([AtomicU64; 32]);

impl Default for Keys {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Keys {
    /// A key was struck.
    pub fn add(&self, channel: u8, note: u8) {
        let at = usize::from(channel & 15) * 128 + usize::from(note & 127);
        if let Some(word) = self.0.get(at / 64) {
            let bit = 1 << (at % 64);
            // Mostly it was struck before: then nothing is written.
            if word.load(Relaxed) & bit == 0 {
                word.fetch_or(bit, Relaxed);
            }
        }
    }

    /// Forgets all.
    pub fn clear(&self) {
        for word in &self.0 {
            word.store(0, Relaxed);
        }
    }

    /// (channel, note) of every key struck, channels and notes from 0, in order.
    #[must_use]
    pub fn all(&self) -> Vec<(u8, u8)> {
        (0..2048usize)
            .filter(|at| {
                let word = self.0.get(at / 64);
                word.is_some_and(|word| word.load(Relaxed) >> (at % 64) & 1 == 1)
            })
            .map(|at| ((at / 128) as u8, (at % 128) as u8))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_remembered_once() {
        let keys = Keys::default();
        for (channel, note) in [(9, 36), (0, 0), (15, 127), (9, 36), (3, 64)] {
            keys.add(channel, note);
        }
        assert_eq!(keys.all(), [(0, 0), (3, 64), (9, 36), (15, 127)]);
        keys.clear();
        assert!(keys.all().is_empty());
    }
}
