//! When a lane's onset counts: the thresholds and gaps with which pieces kept back from learning score best.

use super::recordings::Recording;
use crate::audio::onset::{Ear, Gate, Listener, Peak, Score};
use crate::audio::render::Stroke;
use crate::beat::lane::{LANES, Lane};

/// Thresholds tried: the strength of a certain stroke is 1.5.
const THRESHOLDS: std::ops::Range<u32> = 4..40;
/// A threshold tried, in this unit.
const UNIT: f32 = 0.03;
/// Gaps tried, in frames.
const GAPS: std::ops::RangeInclusive<u32> = 2..=5;

/// All peaks of a recording.
fn peaks(ear: &Ear, recording: &Recording) -> Vec<Peak> {
    let mut peaks = Vec::new();
    let mut listener = Listener::new(ear);
    let mut frame = vec![0.0; ear.shape().bands];
    // Weaker ones than any threshold are not worth keeping.
    let mut keep = |peak: Peak| {
        if peak.strength > UNIT {
            peaks.push(peak);
        }
    };
    for at in 0..recording.frames() {
        recording.frame(at as isize, &mut frame);
        listener.push_all(&frame, &mut keep);
    }
    listener.finish_all(&mut keep);
    peaks
}

/// The strokes among a lane's peaks.
fn strokes(peaks: &[Peak], lane: Lane, gate: Gate, frame_ns: f64) -> Vec<Stroke> {
    let mut last = None;
    let mut strokes = Vec::new();
    for peak in peaks.iter().filter(|p| p.lane == lane) {
        let soon = last.is_some_and(|last| peak.frame - last < u64::from(gate.gap));
        if peak.strength >= gate.threshold && !soon {
            last = Some(peak.frame);
            strokes.push(Stroke {
                time_ns: (peak.place * frame_ns).round().max(0.0) as u64,
                lane,
                velocity: peak.velocity,
            });
        }
    }
    strokes
}

/// The gates that score best on these recordings, and the score with them.
pub fn tune(ear: &Ear, recordings: &[Recording]) -> ([Gate; LANES], Score) {
    let mel = ear.mel();
    let frame_ns = mel.hop_length as f64 * 1e9 / f64::from(mel.sample_rate);
    let heard: Vec<Vec<Peak>> = recordings.iter().map(|r| peaks(ear, r)).collect();
    let mut gates = [Gate {
        threshold: 0.6,
        gap: 3,
    }; LANES];
    let score = |lane: Lane, gate: Gate, score: &mut Score| {
        for (recording, peaks) in recordings.iter().zip(&heard) {
            let mine = |s: &&Stroke| s.lane == lane;
            let real: Vec<Stroke> = recording.strokes.iter().filter(mine).copied().collect();
            score.add(&real, &strokes(peaks, lane, gate, frame_ns));
        }
    };
    for (lane, best) in Lane::ALL.into_iter().zip(&mut gates) {
        let mut most = 0.0;
        for gap in GAPS {
            for step in THRESHOLDS {
                let threshold = step as f32 * UNIT;
                let gate = Gate { threshold, gap };
                let mut tried = Score::default();
                score(lane, gate, &mut tried);
                let f1 = tried.lane(lane).f1();
                // Of equals the first stays; a lane without strokes keeps the usual gate.
                if f1 > most && tried.lane(lane).real > 0 {
                    (most, *best) = (f1, gate);
                }
            }
        }
    }
    let mut all = Score::default();
    for (lane, gate) in Lane::ALL.into_iter().zip(gates) {
        score(lane, gate, &mut all);
    }
    (gates, all)
}
