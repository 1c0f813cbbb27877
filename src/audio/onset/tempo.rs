//! The tempo of strokes whose tempo nobody told: how often they come back to themselves.

use crate::audio::render::Stroke;
use crate::beat::lane::Lane;

/// Places a second on which strokes are laid.
const RATE: f64 = 200.0;

/// The slowest and fastest tempo answered, in quarter notes a minute.
const RANGE: (f64, f64) = (60.0, 190.0);

/// Strokes that are looked at: minutes of playing are enough, hours take too long.
const MOST_SECONDS: f64 = 180.0;

/// An estimate in quarter notes a minute, or `None` where there are too few strokes to tell (under 4, or less than two seconds).
///
/// Autocorrelation of the strokes, weighted by velocity and smeared over 15 ms, at one, two and four beats; where
/// tempi differ by a factor, people tap neither very slowly nor very fast (Parncutt, "A perceptual model of pulse salience and metrical accent in musical
/// rhythms", 1994).
#[must_use]
pub fn tempo_of(strokes: &[Stroke]) -> Option<f64> {
    let first = strokes.iter().map(|s| s.time_ns).min()?;
    let seconds = |s: &Stroke| (s.time_ns - first) as f64 / 1e9;
    let last = strokes.iter().map(seconds).fold(0.0, f64::max);
    if strokes.len() < 4 || last < 2.0 {
        return None;
    }
    let places = (last.min(MOST_SECONDS) * RATE) as usize + 8;
    let longest = ((4.0 * 60.0 / RANGE.0 * RATE) as usize + 2).min(places);
    let mut again = vec![0.0f64; longest];
    // Drum by drum: what makes a bar a bar is that snares follow snares and kicks kicks.
    for lane in Lane::ALL {
        let mine = strokes.iter().filter(|s| s.lane == lane);
        let mut line = vec![0.0f64; places];
        let mut any = false;
        for stroke in mine {
            any = true;
            lay(&mut line, seconds(stroke) * RATE, stroke.velocity);
        }
        for (lag, again) in again.iter_mut().enumerate().filter(|_| any) {
            *again += likeness(&line, lag);
        }
    }
    let own = again.first().copied().filter(|&x| x > 0.0)?;
    let at = |lag: f64| {
        let (whole, part) = (lag as usize, lag.fract());
        let pair = again.get(whole).zip(again.get(whole + 1));
        pair.map(|(a, b)| (a * (1.0 - part) + b * part) / own)
    };
    let mut best: Option<(f64, f64)> = None;
    for tenth in (RANGE.0 * 10.0) as u32..=(RANGE.1 * 10.0) as u32 {
        let bpm = f64::from(tenth) / 10.0;
        let beat = 60.0 / bpm * RATE;
        // A lag longer than the piece says nothing, and is left out of the mean.
        let found: Vec<f64> = [1.0, 2.0, 4.0]
            .iter()
            .filter_map(|n| at(n * beat))
            .collect();
        let mean = found.iter().sum::<f64>() / found.len().max(1) as f64;
        let taste = (bpm / 110.0).log2() / 0.7;
        let worth = mean * (-0.5 * taste * taste).exp();
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, bpm));
        }
    }
    best.map(|(_, bpm)| bpm)
}

/// Lays a stroke on a line, smeared.
fn lay(line: &mut [f64], at: f64, velocity: u8) {
    for near in -4i64..=4 {
        let place = at.round() as i64 + near;
        let off = (place as f64 - at) / 3.0;
        let cell = usize::try_from(place).ok().and_then(|p| line.get_mut(p));
        if let Some(cell) = cell {
            *cell += f64::from(velocity) / 127.0 * (-0.5 * off * off).exp();
        }
    }
}

/// The mean product of the line with itself so many places later.
fn likeness(line: &[f64], lag: usize) -> f64 {
    let later = line.get(lag..).unwrap_or_default();
    let sum: f64 = line.iter().zip(later).map(|(a, b)| a * b).sum();
    sum / later.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rock(bpm: f64, swing: f64) -> Vec<Stroke> {
        let eighth = 30.0 / bpm;
        let stroke = |k: usize, lane, velocity| Stroke {
            time_ns: ((k as f64 + if k % 2 == 1 { swing } else { 0.0 }) * eighth * 1e9) as u64
                + 300_000_000,
            lane,
            velocity,
        };
        let mut strokes = Vec::new();
        for k in 0..64 {
            strokes.push(stroke(k, Lane::ClosedHat, if k % 2 == 0 { 80 } else { 55 }));
            match k % 8 {
                0 | 5 => strokes.push(stroke(k, Lane::Kick, 110)),
                2 | 6 => strokes.push(stroke(k, Lane::Snare, 105)),
                _ => {}
            }
        }
        strokes
    }

    #[test]
    fn a_steady_beat_has_its_tempo() {
        for bpm in [84.0, 96.0, 120.0, 132.5] {
            for swing in [0.0, 0.2] {
                let found = tempo_of(&rock(bpm, swing)).unwrap();
                assert!((found - bpm).abs() < 0.011 * bpm, "{bpm} {swing}: {found}");
            }
        }
    }

    #[test]
    fn too_little_has_no_tempo() {
        assert_eq!(tempo_of(&[]), None);
        assert_eq!(tempo_of(&rock(120.0, 0.0)[..3]), None);
    }
}
