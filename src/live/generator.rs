//! [`Generator`]: the model playing ahead. Holds the steps sampled beyond the committed edge with
//! the model's state after each, so that any of them can be drawn again with other knobs.

mod incoming;
mod loops;

use crate::beat::grid::{BeatGrid, LANES, Meter, Step};
use crate::model::{Knobs, Place, Playable, Player, PlayerState};
use incoming::Incoming;
use loops::{Loops, Repeat};
use std::collections::VecDeque;

/// Bars sampled ahead; of a model whose steps are dear, one.
const BARS_AHEAD: usize = 2;

/// Bars of a primer that count, the last ones; an LSTM has forgotten what lies further back.
const PRIMER_BARS: usize = 16;

/// Bars of what was played that a model taking over has heard.
const HEARD_BARS: usize = 8;

/// The knobs as drawing a step needs them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) knobs: Knobs,
    pub(super) bpm: f32,
    pub(super) style: Option<usize>,
}

struct Ahead {
    step: Step,
    after: PlayerState,
}

pub(super) struct Generator {
    seed: u64,
    player: Player,
    meter: Meter,
    /// The first uncommitted step, counted over the engine's whole life: the number of its draws.
    next: u64,
    /// The step its bars are counted from.
    origin: u64,
    head: PlayerState,
    /// The state at the last bar line; where playing begins again after a stop.
    bar_head: PlayerState,
    ahead: VecDeque<Ahead>,
    /// How many steps of `ahead` are drawn with the knobs in force; the others are shown until
    /// they are drawn again.
    fresh: usize,
    pool: Vec<Ahead>,
    scratch: PlayerState,
    heard: VecDeque<(Place, Step)>,
    incoming: Option<Incoming>,
    loops: Loops,
    /// The step that ends the fill; steps before it are drawn as one.
    fill_until: u64,
}

impl Generator {
    pub(super) fn new(model: Playable, seed: u64) -> Self {
        let player = Player::new(model);
        let head = player.start();
        Self {
            seed,
            meter: Meter::COMMON,
            next: 0,
            origin: 0,
            bar_head: head.clone(),
            scratch: head.clone(),
            head,
            player,
            ahead: VecDeque::new(),
            fresh: 0,
            pool: Vec::new(),
            heard: VecDeque::new(),
            incoming: None,
            loops: Loops::new(),
            fill_until: 0,
        }
    }

    pub(super) fn model(&self) -> Playable {
        self.player.model()
    }

    pub(super) const fn meter(&self) -> Meter {
        self.meter
    }

    /// The first uncommitted step since playing began: its bar is `/ steps_per_bar`.
    pub(super) const fn position(&self) -> u64 {
        self.next - self.origin
    }

    /// Playing begins at a bar line, from the state at the last one. What is to come in comes in now.
    pub(super) fn begin(&mut self) {
        self.origin = self.next;
        self.fill_until = 0;
        self.loops.start_at(self.next);
        self.head.clone_from(&self.bar_head);
        self.player.begin_again(&mut self.head, self.next);
        self.drop_ahead();
        while self.hear(usize::MAX) {}
        self.cross_bar_line();
    }

    /// Every step not yet committed is to be drawn again.
    pub(super) fn set_stale(&mut self) {
        self.fresh = 0;
    }

    /// The steps ahead, the first uncommitted one first.
    pub(super) fn ahead(&self) -> impl Iterator<Item = &Step> {
        self.ahead.iter().map(|ahead| &ahead.step)
    }

    /// Locks these lanes, as bits, each to the last whole bars it played, at most `bars`; one that
    /// is locked already keeps what it repeats.
    pub(super) fn lock(&mut self, lanes: u16, bars: usize) {
        self.loops.lock(lanes, bars);
        self.fill_loops();
        self.set_stale();
    }

    /// Gives locked lanes that have nothing to repeat the last whole bars; before the first is
    /// whole they stay free.
    fn fill_loops(&mut self) {
        let bar = self.meter.steps();
        let begun = (self.position() % bar as u64) as usize;
        let whole = (self.position() / bar as u64).min(HEARD_BARS as u64) as usize;
        let end = self.heard.len().saturating_sub(begun);
        let length = bar * self.loops.bars().min(whole).min(end / bar);
        if length > 0 && self.loops.is_waiting() {
            let steps = self.heard.range(end - length..end).map(|(_, step)| step);
            self.loops.fill(steps, self.next - begun as u64);
            self.set_stale();
        }
    }

    /// Draws a share of what locked lanes repeat again, as its steps next come round; `number`
    /// tells one mutation from another.
    pub(super) fn mutate(&mut self, share: f32, number: u32) {
        self.loops.mutate(share, self.seed, number);
        self.set_stale();
    }

    /// Whether the first uncommitted step is one of a fill.
    pub(super) const fn is_filling(&self) -> bool {
        self.next < self.fill_until
    }

    /// Makes a fill of what is left of the bar; during a fill, of the bar after it too.
    pub(super) fn fill(&mut self) {
        let bar = self.meter.steps() as u64;
        let from = self.fill_until.max(self.next) - self.origin;
        self.fill_until = self.origin + (from / bar + 1) * bar;
        self.set_stale();
    }

    /// The last whole bars that were committed, at most `bars`, at the tempo of the last; `None`
    /// before the first is whole.
    pub(super) fn recent(&self, bars: usize) -> Option<BeatGrid> {
        let bar = self.meter.steps();
        let begun = (self.position() % bar as u64) as usize;
        let whole = self.heard.len().saturating_sub(begun) / bar;
        let count = whole.min(bars) * bar;
        let last = self.heard.len().checked_sub(begun)?;
        let (place, _) = self.heard.get(last.checked_sub(1)?)?;
        let steps = self.heard.iter().take(last).skip(last.checked_sub(count)?);
        let steps: Vec<Step> = steps.map(|(_, step)| *step).collect();
        (!steps.is_empty()).then(|| BeatGrid {
            meter: self.meter,
            tempo: f64::from(place.bpm.unwrap_or(120.0)),
            steps,
        })
    }

    /// Draws or listens to at most `budget` steps, of a model whose steps are dear to fewer; tells whether there is
    /// more to do.
    pub(super) fn work(&mut self, budget: usize, settings: &Settings) -> bool {
        let incoming = self
            .incoming
            .as_ref()
            .map(|incoming| incoming.player.cost());
        let cost = incoming.unwrap_or(1).max(self.player.cost());
        let bars = if cost > 1 { 1 } else { BARS_AHEAD };
        let wanted = bars * self.meter.steps();
        let mut left = budget;
        while left > 0 && self.fresh < wanted {
            // The step that is committed next comes first, then what is to come in, then the rest.
            if self.fresh > 0 && self.hear(1) {
                left = left.saturating_sub(cost);
                continue;
            }
            self.draw(settings);
            left = left.saturating_sub(cost);
        }
        if left > 0 {
            self.hear(left.div_ceil(cost));
        }
        self.fresh < wanted || self.is_hearing()
    }

    fn place(&self, step: u64, settings: &Settings) -> Place {
        let bar = self.meter.steps() as u64;
        let at = step - self.origin;
        Place {
            step_in_bar: (at % bar) as u16,
            steps_per_bar: bar as u16,
            bar: at / bar,
            bpm: Some(settings.bpm),
            style: settings.style,
            fill: Some(false),
            density: None,
        }
    }

    /// Draws the first step that is not fresh.
    fn draw(&mut self, settings: &Settings) {
        let index = self.fresh;
        let step = self.next + index as u64;
        let mut place = self.place(step, settings);
        let mut before = match index.checked_sub(1).and_then(|i| self.ahead.get(i)) {
            Some(ahead) => &ahead.after,
            None => &self.head,
        };
        let mut player = &mut self.player;
        if let Some(incoming) = &mut self.incoming
            && let Some(at) = incoming.at
            && step >= at
        {
            if step == at {
                self.scratch.clone_from(&incoming.state);
                if incoming.follows {
                    for (i, ahead) in self.ahead.iter().take(index).enumerate() {
                        let bar = self.meter.steps() as u64;
                        let passed = self.next + i as u64 - self.origin;
                        let passed = Place {
                            step_in_bar: (passed % bar) as u16,
                            bar: passed / bar,
                            ..place
                        };
                        incoming
                            .player
                            .force(&mut self.scratch, &passed, &ahead.step);
                    }
                }
                before = &self.scratch;
            }
            if incoming.meter != self.meter {
                // As after the bar line, where bars are counted anew.
                let bar = incoming.meter.steps() as u64;
                place.step_in_bar = ((step - at) % bar) as u16;
                place.steps_per_bar = bar as u16;
                place.bar = (step - at) / bar;
            }
            player = &mut incoming.player;
        }
        let mut slot = (self.pool.pop()).unwrap_or_else(|| Ahead {
            step: Step::default(),
            after: before.clone(),
        });
        slot.after.clone_from(before);
        let mut knobs = Knobs {
            fill: step < self.fill_until,
            ..settings.knobs
        };
        // Bars of another meter have no place for what was played in this one.
        if usize::from(place.steps_per_bar) == self.meter.steps() {
            for lane in 0..LANES {
                let cell = match self.loops.at(lane, step) {
                    Repeat::No => continue,
                    Repeat::Cell(cell) => cell,
                    // Drawn again when it first comes round, and repeated from there.
                    Repeat::Again { length } => match index.checked_sub(length) {
                        Some(before) => self.ahead[before].step[lane],
                        None => continue,
                    },
                };
                knobs.locked |= 1 << lane;
                knobs.given[lane] = cell;
            }
        }
        slot.step = player.draw(&mut slot.after, &place, &knobs, self.seed, step);
        match self.ahead.get_mut(index) {
            Some(old) => self.pool.push(std::mem::replace(old, slot)),
            None => self.ahead.push_back(slot),
        }
        self.fresh += 1;
    }

    /// Commits the next step: from now on it will not change.
    pub(super) fn commit(&mut self, settings: &Settings) -> Step {
        self.cross_bar_line();
        if self.fresh == 0 {
            self.draw(settings);
        }
        let place = self.place(self.next, settings);
        if place.step_in_bar == 0 {
            self.bar_head.clone_from(&self.head);
        }
        let Some(mut slot) = self.ahead.pop_front() else {
            return Step::default();
        };
        let step = slot.step;
        std::mem::swap(&mut self.head, &mut slot.after);
        self.pool.push(slot);
        self.fresh -= 1;
        self.loops.commit(self.next, &step);
        self.next += 1;
        self.heard.push_back((place, step));
        if self.heard.len() > HEARD_BARS * Meter::MAX_STEPS {
            self.heard.pop_front();
        }
        self.fill_loops();
        if let Some(incoming) = &mut self.incoming
            && incoming.follows
        {
            if incoming.at.is_some() {
                incoming.player.force(&mut incoming.state, &place, &step);
            } else {
                incoming.to_hear.add(place, step);
            }
        }
        step
    }

    fn drop_ahead(&mut self) {
        self.pool.extend(self.ahead.drain(..));
        self.fresh = 0;
        if let Some(incoming) = &mut self.incoming {
            incoming.at = None;
        }
    }
}
