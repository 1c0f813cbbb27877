//! [`Generator`]: the model playing ahead. Holds the steps sampled beyond the committed edge with
//! the LSTM state after each, so that any of them can be drawn again with other knobs.

use crate::beat::grid::{BeatGrid, Meter, Step};
use crate::model::{BeatModel, Knobs, Place, Sampler, SamplerState};
use std::collections::VecDeque;
use std::sync::Arc;

/// Bars sampled ahead.
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
    after: SamplerState,
}

/// What comes in at a bar line: another model, or the same after a primer.
struct Incoming {
    sampler: Sampler,
    state: SamplerState,
    /// Steps it still has to hear.
    to_hear: VecDeque<(Place, Step)>,
    /// Whether it also hears what is committed meanwhile: a model taking over does, a primer doesn't.
    follows: bool,
    meter: Meter,
    /// The primer, to be heard by yet another model if one comes before the bar line.
    primer: Option<BeatGrid>,
    /// The bar line, once everything is heard.
    at: Option<u64>,
}

pub(super) struct Generator {
    seed: u64,
    sampler: Sampler,
    meter: Meter,
    /// The first uncommitted step, counted over the engine's whole life: the number of its draws.
    next: u64,
    /// The step its bars are counted from.
    origin: u64,
    head: SamplerState,
    /// The state at the last bar line; where playing begins again after a stop.
    bar_head: SamplerState,
    ahead: VecDeque<Ahead>,
    /// How many steps of `ahead` are drawn with the knobs in force; the others are shown until
    /// they are drawn again.
    fresh: usize,
    pool: Vec<Ahead>,
    scratch: SamplerState,
    heard: VecDeque<(Place, Step)>,
    incoming: Option<Incoming>,
}

impl Generator {
    pub(super) fn new(model: Arc<BeatModel>, seed: u64) -> Self {
        let sampler = Sampler::new(model);
        let head = sampler.start();
        Self {
            seed,
            meter: Meter::COMMON,
            next: 0,
            origin: 0,
            bar_head: head.clone(),
            scratch: head.clone(),
            head,
            sampler,
            ahead: VecDeque::new(),
            fresh: 0,
            pool: Vec::new(),
            heard: VecDeque::new(),
            incoming: None,
        }
    }

    pub(super) const fn model(&self) -> &Arc<BeatModel> {
        self.sampler.model()
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
        self.head.clone_from(&self.bar_head);
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
            tempo: f64::from(place.bpm),
            steps,
        })
    }

    /// Another model takes over at the next bar line, having heard what was played before it.
    pub(super) fn take_over(&mut self, model: Arc<BeatModel>, playing: bool) {
        let primer = self.incoming.take().and_then(|incoming| incoming.primer);
        let sampler = Sampler::new(model);
        match primer {
            Some(grid) => self.prime_with(sampler, grid),
            None => {
                let keep = HEARD_BARS * self.meter.steps();
                let first = self.heard.len().saturating_sub(keep);
                let to_hear = self.heard.iter().skip(first).copied().collect();
                self.incoming = Some(Incoming {
                    state: sampler.start(),
                    sampler,
                    to_hear,
                    follows: true,
                    meter: self.meter,
                    primer: None,
                    at: None,
                });
            }
        }
        self.come_in_at_once(!playing);
    }

    /// At the next bar line the generator goes on as if it had just played the last bars of `grid`.
    pub(super) fn prime(&mut self, grid: BeatGrid, playing: bool) {
        let model = match self.incoming.take() {
            Some(incoming) => Arc::clone(incoming.sampler.model()),
            None => Arc::clone(self.model()),
        };
        self.prime_with(Sampler::new(model), grid);
        self.come_in_at_once(!playing);
    }

    fn prime_with(&mut self, sampler: Sampler, grid: BeatGrid) {
        let bar = grid.meter.steps();
        let first = grid.bars().saturating_sub(PRIMER_BARS) * bar;
        let to_hear = (grid.steps.iter().enumerate().skip(first))
            .map(|(at, step)| {
                let place = Place {
                    step_in_bar: (at % bar) as u16,
                    steps_per_bar: bar as u16,
                    bar: (at / bar) as u64,
                    bpm: grid.tempo as f32,
                    style: None,
                };
                (place, *step)
            })
            .collect();
        self.incoming = Some(Incoming {
            state: sampler.start(),
            sampler,
            to_hear,
            follows: false,
            meter: grid.meter,
            primer: Some(grid),
            at: None,
        });
    }

    fn come_in_at_once(&mut self, at_once: bool) {
        if at_once {
            while self.hear(usize::MAX) {}
            self.origin = self.next;
            self.drop_ahead();
            self.cross_bar_line();
        }
    }

    /// Draws or listens to at most `budget` steps; tells whether there is more to do.
    pub(super) fn work(&mut self, budget: usize, settings: &Settings) -> bool {
        let wanted = BARS_AHEAD * self.meter.steps();
        let mut left = budget;
        while left > 0 && self.fresh < wanted {
            // The step that is committed next comes first, then what is to come in, then the rest.
            if self.fresh > 0 && self.hear(1) {
                left -= 1;
                continue;
            }
            self.draw(settings);
            left -= 1;
        }
        if left > 0 {
            self.hear(left);
        }
        self.fresh < wanted || self.is_hearing()
    }

    fn is_hearing(&self) -> bool {
        self.incoming
            .as_ref()
            .is_some_and(|incoming| !incoming.to_hear.is_empty())
    }

    /// Lets what comes in hear at most `budget` steps; tells whether it heard any.
    fn hear(&mut self, budget: usize) -> bool {
        let Some(incoming) = &mut self.incoming else {
            return false;
        };
        let count = budget.min(incoming.to_hear.len());
        for (place, step) in incoming.to_hear.drain(..count) {
            incoming.sampler.force(&mut incoming.state, &place, &step);
        }
        if incoming.to_hear.is_empty() && incoming.at.is_none() {
            let bar = self.meter.steps() as u64;
            let at = self.origin + (self.next - self.origin).div_ceil(bar) * bar;
            incoming.at = Some(at);
            // What was drawn beyond that bar line was drawn by another.
            self.fresh = self.fresh.min((at - self.next) as usize);
        }
        count > 0
    }

    fn place(&self, step: u64, settings: &Settings) -> Place {
        let bar = self.meter.steps() as u64;
        let at = step - self.origin;
        Place {
            step_in_bar: (at % bar) as u16,
            steps_per_bar: bar as u16,
            bar: at / bar,
            bpm: settings.bpm,
            style: settings.style,
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
        let mut sampler = &mut self.sampler;
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
                            .sampler
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
            sampler = &mut incoming.sampler;
        }
        let mut slot = (self.pool.pop()).unwrap_or_else(|| Ahead {
            step: Step::default(),
            after: before.clone(),
        });
        slot.after.clone_from(before);
        slot.step = sampler.draw(&mut slot.after, &place, &settings.knobs, self.seed, step);
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
        self.next += 1;
        self.heard.push_back((place, step));
        if self.heard.len() > HEARD_BARS * Meter::MAX_STEPS {
            self.heard.pop_front();
        }
        if let Some(incoming) = &mut self.incoming
            && incoming.follows
        {
            if incoming.at.is_some() {
                incoming.sampler.force(&mut incoming.state, &place, &step);
            } else {
                incoming.to_hear.push_back((place, step));
            }
        }
        step
    }

    /// Lets in what has waited for the bar line on which the next step is.
    fn cross_bar_line(&mut self) {
        let due = |incoming: &mut Incoming| incoming.at.is_some_and(|at| at <= self.next);
        let Some(incoming) = self.incoming.take_if(due) else {
            return;
        };
        if incoming.meter != self.meter {
            // Bars are counted anew in the new meter, from this line.
            self.meter = incoming.meter;
            self.origin = self.next;
            self.heard.clear();
        }
        self.head.clone_from(&incoming.state);
        self.bar_head.clone_from(&incoming.state);
        self.sampler = incoming.sampler;
    }

    fn drop_ahead(&mut self) {
        self.pool.extend(self.ahead.drain(..));
        self.fresh = 0;
        if let Some(incoming) = &mut self.incoming {
            incoming.at = None;
        }
    }
}
