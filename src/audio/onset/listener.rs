//! [`Listener`]: frames in as they come, strokes out. Allocates nothing after it was made, and the same frames give
//! the same strokes however they are cut.

use super::ear::{Ear, FLOOR, Room};
use super::shape::KERNEL;
use crate::audio::render::Stroke;
use crate::beat::lane::{LANES, Lane};
use std::ops::Deref;

/// A local maximum of a lane's posterior, before the lane's [`super::Gate`] has judged it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Which lane.
    pub lane: Lane,
    /// The frame it is highest in.
    pub frame: u64,
    /// Where between frames the stroke lies, in frames from the start.
    pub place: f64,
    /// Sum of the posteriors of the frame and the two beside it.
    pub strength: f32,
    /// How hard, 1 to 127.
    pub velocity: u8,
}

/// One frame's decision.
#[derive(Clone, Copy, Debug, Default)]
struct Decision {
    onset: [f32; LANES],
    velocity: [f32; LANES],
    offset: [f32; LANES],
}

/// A transcription under way, by an ear that is borrowed or shared. `clone_from` reuses the buffers.
#[derive(Debug)]
pub struct Listener<E> {
    ear: E,
    /// The last [`KERNEL`] frames, normalised.
    frames: Vec<f32>,
    /// The last window of features.
    features: Vec<f32>,
    room: Room,
    silence: Vec<f32>,
    /// The last two decisions, the older first.
    past: [Decision; 2],
    /// Frames taken in.
    taken: u64,
    /// The frame of each lane's last onset.
    last: [Option<u64>; LANES],
}

impl<E: Clone> Clone for Listener<E> {
    fn clone(&self) -> Self {
        Self {
            ear: self.ear.clone(),
            frames: self.frames.clone(),
            features: self.features.clone(),
            room: self.room.clone(),
            silence: self.silence.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.ear.clone_from(&source.ear);
        self.frames.clone_from(&source.frames);
        self.features.clone_from(&source.features);
        self.room.clone_from(&source.room);
        self.silence.clone_from(&source.silence);
        self.past = source.past;
        self.taken = source.taken;
        self.last = source.last;
    }
}

impl<E: Deref<Target = Ear> + Clone> Listener<E> {
    /// A listener before the first frame, behind which it hears silence.
    #[must_use]
    pub fn new(ear: E) -> Self {
        let shape = ear.shape();
        let mut listener = Self {
            frames: vec![0.0; KERNEL * shape.bands],
            features: vec![0.0; shape.window * shape.features],
            room: Room::new(shape),
            silence: vec![FLOOR; shape.bands],
            past: [Decision::default(); 2],
            taken: 0,
            last: [None; LANES],
            ear,
        };
        listener.forget();
        listener
    }

    /// Starts anew.
    pub fn forget(&mut self) {
        let ear = self.ear.clone();
        for frame in self.frames.chunks_exact_mut(ear.shape.bands) {
            ear.normalise(&self.silence, frame);
        }
        for features in self.features.chunks_exact_mut(ear.shape.features) {
            ear.encode(&self.frames, features);
        }
        self.past = [Decision::default(); 2];
        self.taken = 0;
        self.last = [None; LANES];
    }

    /// Frames taken in.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes the next frame, in decibels ([`crate::audio::mel::db`], lowest band first; bands that are missing are
    /// silent), and tells the strokes that are now certain: those of [`Ear::look_ahead`] frames before.
    /// Strokes of one frame come in the order of lanes; between frames their times rise, to within a frame.
    pub fn push(&mut self, db: &[f32], mut each: impl FnMut(Stroke)) {
        self.push_peaks(db, |listener, peak| {
            if let Some(stroke) = listener.judge(&peak) {
                each(stroke);
            }
        });
    }

    /// Tells the strokes that only awaited what comes after the last frame: silence.
    pub fn finish(&mut self, mut each: impl FnMut(Stroke)) {
        self.finish_peaks(|listener, peak| {
            if let Some(stroke) = listener.judge(&peak) {
                each(stroke);
            }
        });
    }

    /// Whether a peak is a stroke: strong enough, and not too soon after the last.
    fn judge(&mut self, peak: &Peak) -> Option<Stroke> {
        let lane = peak.lane.index();
        let (gate, last) = (self.ear.gates.get(lane)?, self.last.get_mut(lane)?);
        let soon = last.is_some_and(|last| peak.frame - last < u64::from(gate.gap));
        if peak.strength < gate.threshold || soon {
            return None;
        }
        *last = Some(peak.frame);
        let mel = &self.ear.mel;
        let seconds = peak.place * mel.hop_length as f64 / f64::from(mel.sample_rate);
        Some(Stroke {
            time_ns: (seconds * 1e9).round().max(0.0) as u64,
            lane: peak.lane,
            velocity: peak.velocity,
        })
    }

    /// [`Listener::push`] with all peaks instead of the strokes among them.
    pub fn push_all(&mut self, db: &[f32], mut each: impl FnMut(Peak)) {
        self.push_peaks(db, |_, peak| each(peak));
    }

    /// [`Listener::finish`] with all peaks instead of the strokes among them.
    pub fn finish_all(&mut self, mut each: impl FnMut(Peak)) {
        self.finish_peaks(|_, peak| each(peak));
    }

    fn finish_peaks(&mut self, mut each: impl FnMut(&mut Self, Peak)) {
        let end = self.taken;
        let silence = std::mem::take(&mut self.silence);
        for _ in 0..self.ear.look_ahead() {
            self.push_peaks(&silence, |listener, peak| {
                if peak.frame < end {
                    each(listener, peak);
                }
            });
        }
        self.silence = silence;
    }

    fn push_peaks(&mut self, db: &[f32], mut each: impl FnMut(&mut Self, Peak)) {
        let ear = self.ear.clone();
        let (bands, width) = (ear.shape.bands, ear.shape.features);
        self.frames.copy_within(bands.., 0);
        self.features.copy_within(width.., 0);
        let place = self.frames.len() - bands;
        if let Some(newest) = self.frames.get_mut(place..) {
            ear.normalise(&self.silence, newest);
            ear.normalise(db, newest);
        }
        let place = self.features.len() - width;
        if let Some(newest) = self.features.get_mut(place..) {
            ear.encode(&self.frames, newest);
        }
        self.taken += 1;
        let Some(decided) = self.taken.checked_sub(1 + ear.shape.ahead as u64) else {
            return;
        };
        ear.decide(&self.features, &mut self.room);
        let now = decision(&self.room.out);
        let [before, middle] = self.past;
        self.past = [middle, now];
        let Some(frame) = decided.checked_sub(1) else {
            return;
        };
        for (i, lane) in Lane::ALL.into_iter().enumerate() {
            let [a, b, c] = [before, middle, now].map(|d| d.onset[i]);
            if b >= a && b > c {
                let peak = Peak {
                    lane,
                    frame,
                    place: frame as f64 + f64::from(middle.offset[i].clamp(-1.0, 1.0)),
                    strength: a + b + c,
                    velocity: (127.0 * middle.velocity[i]).round().clamp(1.0, 127.0) as u8,
                };
                each(self, peak);
            }
        }
    }
}

fn decision(out: &[f32]) -> Decision {
    let mut decision = Decision::default();
    for (i, o) in out.iter().enumerate() {
        match i / LANES {
            0 => decision.onset[i] = 1.0 / (1.0 + (-o).exp()),
            1 => decision.velocity[i - LANES] = *o,
            _ => decision.offset[i - 2 * LANES] = *o,
        }
    }
    decision
}
