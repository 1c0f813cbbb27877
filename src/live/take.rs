//! Playing from a start to its stop, as the engine keeps it: the tempo's line, the preview, the
//! knobs in force.

use super::engine::Engine;
use super::generator::Settings;
use super::session::Record;
use crate::beat::grid::BeatGrid;
use crate::beat::transport::Transport;
use crate::message::{Controls, LANES, NO_STYLE};
use crate::model::Knobs;

/// The most a step is committed ahead of the earliest moment its notes may begin, in nanoseconds:
/// what an ordinary thread on a busy machine may oversleep.
pub(super) const LEAD_NS: u64 = 40_000_000;

/// The lead is at most this share of a step, so that a knob is heard within two steps.
const LEAD_SHARE: f64 = 0.4;

/// When the program was held up for longer than this (and than two steps), playing goes on from
/// now instead of rushing through what was missed.
const HELD_UP_NS: u64 = 250_000_000;

/// Bars of fill that one turn of the knobs can ask for.
const MOST_FILLS: u32 = 4;

pub(super) struct Preview {
    pub(super) name: String,
    pub(super) grid: BeatGrid,
    /// The step it began on.
    pub(super) from: u64,
    pub(super) milli_bpm: u32,
}

/// Playing, from its start to its stop.
pub(super) struct Take {
    pub(super) transport: Transport,
    /// First uncommitted step.
    pub(super) next: u64,
    /// No note begins before this: the moment of the last change of tempo or source.
    pub(super) floor_ns: u64,
}

impl Engine {
    pub(super) fn start_preview(&mut self, name: String, grid: BeatGrid, now_ns: u64) {
        if grid.steps.is_empty() {
            return;
        }
        let milli_bpm = (grid.tempo * 1_000.0).round();
        self.preview = Some(Preview {
            name,
            grid: padded(grid),
            from: self.take.as_ref().map_or(0, |take| take.next),
            // A tempo that is no number casts to 0 and counts as the slowest.
            milli_bpm: (milli_bpm as u32).clamp(20_000, 400_000),
        });
        match self.take {
            Some(_) => self.retune(now_ns),
            None => self.begin(now_ns),
        }
    }

    pub(super) fn set_controls(&mut self, controls: Controls, now_ns: u64) {
        let old = std::mem::replace(&mut self.controls, controls);
        if self.take.is_none() {
            self.committed = controls;
        }
        if old.milli_bpm != controls.milli_bpm
            && let Some(preview) = &mut self.preview
        {
            preview.milli_bpm = controls.milli_bpm;
        }
        if drawn(&old) != drawn(&controls) {
            self.generator.set_stale();
        }
        if old.locks != controls.locks {
            let bars = usize::from(controls.loop_bars);
            self.generator.lock(controls.locks, bars);
        }
        if self.generating {
            for _ in 0..controls.fills.wrapping_sub(old.fills).min(MOST_FILLS) {
                self.generator.fill();
            }
            if old.mutations != controls.mutations {
                self.generator.mutate(controls.mutation, controls.mutations);
            }
        }
        self.retune(now_ns);
    }

    pub(super) fn begin(&mut self, now_ns: u64) {
        let mut transport = Transport::new(now_ns, self.milli_bpm());
        transport.anchor_ns = now_ns.saturating_add(self.lead_ns(&transport));
        self.listen(now_ns);
        let first_id = self.next_id + 1;
        let _ = self.journal.send(Record::Take { first_id });
        self.note_tempo(&transport);
        self.view.begin();
        self.generator.set_stale();
        self.take = Some(Take {
            transport,
            next: 0,
            // A take begins on its first step, even if the model would play that one early.
            floor_ns: transport.anchor_ns,
        });
    }

    /// Puts the tempo in force on the first uncommitted step, which keeps its time.
    pub(super) fn retune(&mut self, now_ns: u64) {
        let milli_bpm = self.milli_bpm();
        let Some(take) = &mut self.take else {
            return;
        };
        if take.transport.milli_bpm != milli_bpm {
            take.transport.set_tempo(milli_bpm, take.next);
            take.floor_ns = take.floor_ns.max(now_ns);
            let transport = take.transport;
            self.note_tempo(&transport);
            self.generator.set_stale();
        }
    }

    /// After the program was held up (a stopped process, a machine that slept), plays on from now.
    pub(super) fn catch_up(&mut self, now_ns: u64) {
        let outputs_ns = self.pulse.lead_ns();
        let Some(take) = &mut self.take else {
            return;
        };
        let patience = HELD_UP_NS.max((2.0 * take.transport.step_ns()) as u64);
        if take.transport.time_of(take.next).saturating_add(patience) < now_ns {
            let lead = lead_ns(&take.transport).saturating_add(outputs_ns);
            take.transport.anchor_ns = now_ns.saturating_add(lead);
            take.transport.anchor_step = take.next;
            take.floor_ns = now_ns;
            let transport = take.transport;
            self.note_tempo(&transport);
        }
    }

    fn note_tempo(&self, transport: &Transport) {
        let _ = self.journal.send(Record::Tempo {
            step: transport.anchor_step,
            at_ns: transport.anchor_ns,
            milli_bpm: transport.milli_bpm,
        });
    }

    /// When the next step is to be committed.
    pub(super) fn commit_ns(&self) -> Option<u64> {
        let take = self.take.as_ref()?;
        let early = (take.transport.step_ns() / 2.0).ceil() as u64 + self.lead_ns(&take.transport);
        Some(take.transport.time_of(take.next).saturating_sub(early))
    }

    /// How long before the earliest moment of its notes a step is committed: a little, and as
    /// much as the earliest output is ahead.
    pub(super) fn lead_ns(&self, transport: &Transport) -> u64 {
        lead_ns(transport).saturating_add(self.pulse.lead_ns())
    }

    pub(super) fn settings(&self) -> Settings {
        let c = &self.controls;
        Settings {
            knobs: Knobs::from(c),
            bpm: self.milli_bpm() as f32 / 1_000.0,
            style: (c.style != NO_STYLE).then_some(usize::from(c.style)),
        }
    }
}

/// The lead of an output on the beat.
fn lead_ns(transport: &Transport) -> u64 {
    LEAD_NS.min((transport.step_ns() * LEAD_SHARE) as u64)
}

pub(super) fn padded(mut grid: BeatGrid) -> BeatGrid {
    grid.pad_to_bar();
    grid
}

/// The knobs that every step ahead was drawn with; the others are heard when a step is committed,
/// or when they are turned.
fn drawn(c: &Controls) -> Controls {
    let rest = Controls::default();
    Controls {
        version: rest.version,
        swing: rest.swing,
        milli_bpm: rest.milli_bpm,
        mutes: rest.mutes,
        locks: rest.locks,
        loop_bars: rest.loop_bars,
        mutation: rest.mutation,
        fills: rest.fills,
        mutations: rest.mutations,
        ..*c
    }
}

/// Knobs within their ranges; what is no number becomes the default.
pub(super) fn clamped(c: Controls) -> Controls {
    let within = |value: f32, low: f32, high: f32, default: f32| {
        if value.is_nan() {
            default
        } else {
            value.clamp(low, high)
        }
    };
    Controls {
        temperature: within(c.temperature, 0.0, 2.0, 1.0),
        expression: within(c.expression, 0.0, 2.0, 1.0),
        density: within(c.density, -1.0, 1.0, 0.0),
        fullness: within(c.fullness, 0.0, 1.0, 0.0),
        swing: within(c.swing, 0.5, 0.75, 0.5),
        milli_bpm: c.milli_bpm.clamp(20_000, 400_000),
        mutes: c.mutes & ((1 << LANES) - 1),
        lane_temperature: c.lane_temperature.map(|v| within(v, 0.0, 2.0, 1.0)),
        lane_density: c.lane_density.map(|v| within(v, -1.0, 1.0, 0.0)),
        min_p: within(c.min_p, 0.0, 1.0, 0.0),
        guidance: within(c.guidance, 0.0, 3.0, 1.0),
        blend: within(c.blend, 0.0, 1.0, 0.0),
        locks: c.locks & ((1 << LANES) - 1),
        loop_bars: c.loop_bars.clamp(1, 4),
        mutation: within(c.mutation, 0.0, 1.0, 0.25),
        ..c
    }
}
