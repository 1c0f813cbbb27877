//! Several voices rendered side by side. A drum's noises, envelopes and filters are recurrences, each step of which waits for the
//! one before: with several drums in one loop the processor has something to do meanwhile, and its vectors are full. Every
//! voice sounds as it would alone, bit for bit.

use super::bank::{Envelopes, Filters};
use super::dsp::{BLOCK, TO_UNIT, noise, xorshift};
use super::voice::{BANDS, Voice};

/// Voices that are looked at together.
const SIDE_BY_SIDE: usize = 4;

/// Bands of two voices: one wide vector.
const PAIR: usize = 2 * BANDS;

/// Adds the next samples of all voices, of which the first is number `at` of its block, to the left and right channel and to
/// the room's input; the three have one length, at most [`BLOCK`].
#[inline(always)]
pub fn render<'v>(
    mut voices: impl Iterator<Item = &'v mut Voice>,
    at: usize,
    left: &mut [f32],
    right: &mut [f32],
    room: &mut [f32],
) {
    let frames = left.len().min(BLOCK);
    loop {
        let mut group: [Option<&mut Voice>; SIDE_BY_SIDE] = std::array::from_fn(|_| voices.next());
        let mut monos = [[0.0; BLOCK]; SIDE_BY_SIDE];
        for (voice, mono) in group.iter_mut().flatten().zip(&mut monos) {
            voice.body(&mut mono[..frames], at);
        }
        let sounding = group.iter_mut().flatten().zip(&mut monos);
        let mut rustling = sounding
            .filter(|(voice, _)| voice.is_noisy())
            .map(|(voice, mono)| (&mut **voice, mono));
        while let Some(first) = rustling.next() {
            noises([Some(first), rustling.next()], frames);
        }
        let full = group.last().is_some_and(Option::is_some);
        for (voice, mono) in group.into_iter().flatten().zip(&monos) {
            voice.place(&mono[..frames], left, right, room);
        }
        if !full {
            return;
        }
    }
}

/// The noises of two voices, band by band: those of the second behind those of the first.
struct Pair {
    noise: [u32; PAIR],
    metal: [[f32; BLOCK]; 2],
    /// Shares of noise and metal.
    mix: [[f32; PAIR]; 2],
    envelopes: Envelopes<PAIR>,
    filters: Filters<PAIR>,
}

impl Pair {
    /// Sets samples `from` up to `to` of `bands`.
    #[inline(always)]
    fn fill<const RISING: bool, const METAL: bool>(
        &mut self,
        bands: &mut [[f32; PAIR]; BLOCK],
        from: usize,
        to: usize,
    ) {
        // Copies, so that the numbers stay in registers.
        let (mut noise, mut envelopes, mut filters) = (self.noise, self.envelopes, self.filters);
        let [noisy, metallic] = self.mix;
        let [one, two] = &self.metal;
        for n in from..to.min(BLOCK) {
            let levels = if RISING {
                envelopes.next()
            } else {
                envelopes.next_falling()
            };
            let (a, b) = (one[n], two[n]);
            let metal = [a, a, a, a, b, b, b, b];
            let mut x = [0.0; PAIR];
            for i in 0..PAIR {
                noise[i] = xorshift(noise[i]);
                x[i] = noise[i] as i32 as f32 * noisy[i];
                if METAL {
                    x[i] += metal[i] * metallic[i];
                }
                x[i] *= levels[i];
            }
            bands[n] = filters.next(x);
        }
        (self.noise, self.envelopes, self.filters) = (noise, envelopes, filters);
    }
}

/// Adds the noises of two voices to their samples.
#[inline(always)]
fn noises(mut voices: [Option<(&mut Voice, &mut [f32; BLOCK])>; 2], frames: usize) {
    let mut pair = Pair {
        noise: [noise(0); PAIR],
        metal: [[0.0; BLOCK]; 2],
        mix: [[0.0; PAIR]; 2],
        envelopes: Envelopes::new(),
        filters: Filters::new(),
    };
    let mut metallic = false;
    for (i, (voice, _)) in voices.iter_mut().flatten().enumerate() {
        let at = i * BANDS;
        pair.noise[at..][..BANDS].fill(voice.noise);
        if voice.metallic {
            metallic = true;
            voice.metal.fill(&mut pair.metal[i][..frames]);
        }
        pair.envelopes.take(&voice.envelopes, at);
        pair.filters.take(&voice.filters, at);
        for band in 0..BANDS {
            pair.mix[0][at + band] = voice.mix[0][band] * TO_UNIT;
            pair.mix[1][at + band] = voice.mix[1][band];
        }
    }
    let mut bands = [[0.0; PAIR]; BLOCK];
    // Where a voice is struck again on the way, it begins anew there; the other does not notice.
    let mut done = 0;
    while done < frames {
        let again = voices
            .iter()
            .flatten()
            .filter_map(|(voice, _)| voice.until_again());
        let end = again.fold(frames, |end, wait| end.min(done + wait));
        match (pair.envelopes.is_rising(), metallic) {
            (true, true) => pair.fill::<true, true>(&mut bands, done, end),
            (true, false) => pair.fill::<true, false>(&mut bands, done, end),
            (false, true) => pair.fill::<false, true>(&mut bands, done, end),
            (false, false) => pair.fill::<false, false>(&mut bands, done, end),
        }
        for (i, (voice, _)) in voices.iter_mut().flatten().enumerate() {
            if voice.go_on(end - done) {
                pair.envelopes.take_one(&voice.envelopes, 0, i * BANDS);
            }
        }
        done = end;
    }
    for (i, (voice, mono)) in voices.iter_mut().flatten().enumerate() {
        let at = i * BANDS;
        voice.noise = pair.noise[at];
        pair.envelopes.give(&mut voice.envelopes, at);
        pair.filters.give(&mut voice.filters, at);
        for (y, bands) in mono.iter_mut().zip(&bands).take(frames) {
            let own = &bands[at..][..BANDS];
            *y += (own[0] + own[1]) + (own[2] + own[3]);
        }
    }
}
