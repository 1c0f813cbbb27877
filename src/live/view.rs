//! [`View`]: what the screen sees of the engine: the committed steps around the playhead, bars,
//! levels, counts.

use super::engine::Engine;
use super::lateness::{Histogram, percentile_us};
use crate::beat::grid::{Meter, Step};
use crate::beat::transport::Transport;
use crate::message::{EngineStatus, FrameTimes, LANES};
use crate::model::Playable;
use std::collections::VecDeque;

/// Committed steps kept: the bar before the playhead's, its own, and what is committed ahead.
const KEPT: usize = 2 * Meter::MAX_STEPS + 8;

/// How fast levels fall: to a third in this many nanoseconds.
const FALL_NS: f32 = 200_000_000.0;

/// Lateness is told for the last one to two of these.
const SPELL_NS: u64 = 10_000_000_000;

/// A committed step and its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) step: Step,
    /// Counted from the start of what plays (the generator, or a preview).
    number: u64,
    pub(super) step_in_bar: u16,
    bar: u64,
    pub(super) meter: Meter,
}

impl Shown {
    /// A step: its number, and how far it is into what its bars are counted from.
    pub(super) fn new(step: Step, number: u64, at: u64, meter: Meter) -> Self {
        let bar = meter.steps() as u64;
        Self {
            step,
            number,
            step_in_bar: (at % bar) as u16,
            bar: at / bar,
            meter,
        }
    }
}

#[derive(Clone, Copy)]
struct Spell {
    since_ns: u64,
    histogram: Histogram,
}

pub(super) struct View {
    /// The last committed steps; the last one is `next - 1`.
    past: VecDeque<Shown>,
    /// The playhead and the first uncommitted step when playing stopped.
    frozen: Option<(u64, u64)>,
    levels: [(f32, u64); LANES],
    bars: u64,
    spells: Option<[Spell; 2]>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            past: VecDeque::with_capacity(KEPT + 1),
            frozen: None,
            levels: [(0.0, 0); LANES],
            bars: 0,
            spells: None,
        }
    }
}

impl View {
    pub(super) fn begin(&mut self) {
        self.past.clear();
        self.frozen = None;
    }

    pub(super) fn commit(&mut self, shown: Shown) {
        self.bars += u64::from(usize::from(shown.step_in_bar) + 1 == shown.meter.steps());
        self.past.push_back(shown);
        if self.past.len() > KEPT {
            self.past.pop_front();
        }
    }

    /// Playing stops; what was committed by then stays on the screen.
    pub(super) const fn freeze(&mut self, playhead: Option<(u64, u64)>) {
        if playhead.is_some() {
            self.frozen = playhead;
        }
    }

    /// A note was sent.
    pub(super) fn hear(&mut self, lane: usize, velocity: u8, at_ns: u64) {
        if let Some(level) = self.levels.get_mut(lane) {
            *level = (f32::from(velocity) / 127.0, at_ns);
        }
    }

    fn levels(&self, now_ns: u64) -> [f32; LANES] {
        self.levels
            .map(|(level, at_ns)| level * (-(now_ns.saturating_sub(at_ns) as f32) / FALL_NS).exp())
    }

    /// The 99th percentile of lateness over the last notes.
    fn p99_us(&mut self, now: Histogram, now_ns: u64) -> u32 {
        let here = Spell {
            since_ns: now_ns,
            histogram: now,
        };
        let empty = Spell {
            since_ns: now_ns,
            histogram: [0; super::lateness::BINS],
        };
        let [old, new] = self.spells.get_or_insert([empty, empty]);
        if now_ns.saturating_sub(new.since_ns) > SPELL_NS {
            *old = std::mem::replace(new, here);
        }
        percentile_us(&old.histogram, &now, 0.99)
    }
}

impl Engine {
    /// When the model hears the temperature. Turned just after a step was committed, it is heard behind the frames that
    /// this step needed: a step, the lead, the look-ahead and what is left of a frame later.
    fn frame_times(&self, model: &Playable) -> Option<FrameTimes> {
        let (frames, seconds) = model.look_ahead()?;
        let ms = |frames: usize| frames as f64 * seconds * 1e3;
        let tempo = Transport::new(0, self.milli_bpm());
        let ahead_ms = (tempo.step_ns() + self.lead_ns(&tempo) as f64) / 1e6;
        Some(FrameTimes {
            look_ahead_ms: ms(frames).round() as u16,
            heard_ms: (ahead_ms + ms(frames + 1)).ceil() as u16,
        })
    }

    /// The engine as it is now. The outputs, the priority and whether the session is saved are
    /// known to others and left empty.
    pub fn status(&mut self, now_ns: u64) -> EngineStatus {
        let meter = self.generator.meter();
        let model = self.generator.model();
        let p99_late_us = self.view.p99_us(self.pulse.histogram(), now_ns);
        let mut status = EngineStatus {
            source: self.source(),
            steps_per_bar: meter.steps() as u16,
            meter: (meter.numerator(), meter.denominator()),
            filling: self.generating && self.generator.is_filling(),
            controls: self.committed,
            late: self.pulse.late(),
            sent: self.pulse.sent(),
            p99_late_us,
            recorded_bars: self.view.bars,
            frames: self.frame_times(&model),
            model: model.name().to_owned(),
            styles: model.styles().to_vec(),
            lane_levels: self.view.levels(now_ns),
            ..EngineStatus::default()
        };
        let Some((playhead, next)) = self.playhead(now_ns).or(self.view.frozen) else {
            return status;
        };
        let past = &self.view.past;
        // How far back from the end of the committed steps the playhead is, from 1.
        let back = usize::try_from(next - playhead).unwrap_or(usize::MAX);
        let Some(index) = past.len().checked_sub(back) else {
            return status;
        };
        let Some(shown) = past.get(index) else {
            return status;
        };
        let before = (usize::from(shown.step_in_bar) + shown.meter.steps())
            .min(index)
            .min(usize::try_from(shown.number).unwrap_or(usize::MAX));
        status.playhead = shown.number;
        status.step_in_bar = shown.step_in_bar;
        status.bar = shown.bar;
        status.steps_per_bar = shown.meter.steps() as u16;
        status.meter = (shown.meter.numerator(), shown.meter.denominator());
        status.window_start = shown.number - before as u64;
        status.window = past.iter().skip(index - before).map(|s| s.step).collect();
        status.revisable_from = status.window_start + status.window.len() as u64;
        status.window.extend(self.steps_to_come());
        status
    }
}
