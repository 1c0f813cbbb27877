//! Several voices rendered side by side. A drum's filters are recurrences, each step of which waits for the one before:
//! with four drums in one loop the processor has something to do meanwhile. Every voice sounds as it would alone, bit
//! for bit.

use super::bank::Filters;
use super::dsp::BLOCK;
use super::voice::{BANDS, Voice};

/// Voices in one loop.
pub const SIDE_BY_SIDE: usize = 4;

/// Noises of one voice, sample by sample.
type Noises = [[f32; BANDS]; BLOCK];

/// Adds the next samples of all voices to the left and right channel and to the room's input; the three have one length, at
/// most [`BLOCK`].
#[inline(always)]
pub fn render<'v>(
    mut voices: impl Iterator<Item = &'v mut Voice>,
    left: &mut [f32],
    right: &mut [f32],
    room: &mut [f32],
) {
    let frames = left.len().min(BLOCK);
    let mut noises = [[[0.0; BANDS]; BLOCK]; SIDE_BY_SIDE];
    loop {
        let mut group: [Option<&mut Voice>; SIDE_BY_SIDE] = std::array::from_fn(|_| voices.next());
        let mut filters = [Filters::new(); SIDE_BY_SIDE];
        let mut noisy = 0;
        let mut rooms = filters.iter_mut().zip(&mut noises);
        for voice in group.iter_mut().flatten().filter(|voice| voice.is_noisy()) {
            if let Some((filter, noises)) = rooms.next() {
                voice.noises(frames, noises);
                *filter = voice.filters;
                noisy += 1;
            }
        }
        match noisy {
            0 => {}
            1 => filter::<1>(&mut filters, &mut noises, frames),
            2 => filter::<2>(&mut filters, &mut noises, frames),
            3 => filter::<3>(&mut filters, &mut noises, frames),
            _ => filter::<SIDE_BY_SIDE>(&mut filters, &mut noises, frames),
        }
        let mut filtered = filters.iter().zip(&noises).take(noisy);
        let full = group.last().is_some_and(Option::is_some);
        for voice in group.into_iter().flatten() {
            let mut mono = [0.0; BLOCK];
            let mono = &mut mono[..frames];
            voice.body(mono);
            if voice.is_noisy()
                && let Some((filter, noises)) = filtered.next()
            {
                voice.filters = *filter;
                for (y, [a, b, c, d]) in mono.iter_mut().zip(noises) {
                    *y += (a + b) + (c + d);
                }
            }
            voice.place(mono, left, right, room);
        }
        if !full {
            return;
        }
    }
}

/// Sends the noises of the first `COUNT` voices through their filters.
#[inline(always)]
fn filter<const COUNT: usize>(
    filters: &mut [Filters<BANDS>; SIDE_BY_SIDE],
    noises: &mut [Noises; SIDE_BY_SIDE],
    frames: usize,
) {
    // A copy, so that the states stay in registers.
    let mut side_by_side: [Filters<BANDS>; COUNT] = std::array::from_fn(|i| filters[i]);
    for n in 0..frames.min(BLOCK) {
        for (filter, noises) in side_by_side.iter_mut().zip(noises.iter_mut()) {
            noises[n] = filter.next(noises[n]);
        }
    }
    filters[..COUNT].copy_from_slice(&side_by_side);
}
