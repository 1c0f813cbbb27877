//! What comes in at a bar line: another model, or the same after a primer.

use super::{Generator, HEARD_BARS, PRIMER_BARS};
use crate::beat::grid::{BeatGrid, Meter};
use crate::model::{Place, Playable, Player, PlayerState, Primer};

/// What comes in at a bar line: another model, or the same after a primer.
pub(super) struct Incoming {
    pub(super) player: Player,
    pub(super) state: PlayerState,
    /// What it still has to hear.
    pub(super) to_hear: Primer,
    /// Whether it also hears what is committed meanwhile: a model taking over does if it can, a primer doesn't.
    pub(super) follows: bool,
    pub(super) meter: Meter,
    /// The primer, to be heard by yet another model if one comes before the bar line.
    pub(super) primer: Option<BeatGrid>,
    /// The bar line, once everything is heard.
    pub(super) at: Option<u64>,
}

impl Generator {
    /// Another model takes over at the next bar line, having heard what was played before it.
    pub(in crate::live) fn take_over(&mut self, model: Playable, playing: bool) {
        let primer = self.incoming.take().and_then(|incoming| incoming.primer);
        let player = Player::new(model);
        match primer {
            Some(grid) => self.prime_with(player, grid),
            None => {
                let bar = self.meter.steps();
                // One that cannot follow hears whole bars, and the one under way not at all.
                let begun = match player.follows() {
                    true => 0,
                    false => (self.position() % bar as u64) as usize,
                };
                let end = self.heard.len().saturating_sub(begun);
                let first = end.saturating_sub(HEARD_BARS * bar);
                let heard = self.heard.range(first..end).copied();
                self.incoming = Some(Incoming {
                    state: player.start(),
                    to_hear: player.primer(heard, self.meter),
                    follows: player.follows(),
                    player,
                    meter: self.meter,
                    primer: None,
                    at: None,
                });
            }
        }
        self.come_in_at_once(!playing);
    }

    /// At the next bar line the generator goes on as if it had just played the last bars of `grid`.
    pub(in crate::live) fn prime(&mut self, grid: BeatGrid, playing: bool) {
        let model = match self.incoming.take() {
            Some(incoming) => incoming.player.model(),
            None => self.model(),
        };
        self.prime_with(Player::new(model), grid);
        self.come_in_at_once(!playing);
    }

    fn prime_with(&mut self, player: Player, grid: BeatGrid) {
        let bar = grid.meter.steps();
        let first = grid.bars().saturating_sub(PRIMER_BARS) * bar;
        let steps = (grid.steps.iter().enumerate().skip(first)).map(|(at, step)| {
            let place = Place {
                step_in_bar: (at % bar) as u16,
                steps_per_bar: bar as u16,
                bar: (at / bar) as u64,
                bpm: Some(grid.tempo as f32),
                style: None,
                fill: Some(false),
                density: None,
            };
            (place, *step)
        });
        self.incoming = Some(Incoming {
            state: player.start(),
            to_hear: player.primer(steps, grid.meter),
            player,
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

    pub(super) fn is_hearing(&self) -> bool {
        self.incoming
            .as_ref()
            .is_some_and(|incoming| !incoming.to_hear.is_over())
    }

    /// Lets what comes in hear at most `budget` steps or parts; tells whether it heard any.
    pub(super) fn hear(&mut self, budget: usize) -> bool {
        let Some(incoming) = &mut self.incoming else {
            return false;
        };
        let (state, to_hear) = (&mut incoming.state, &mut incoming.to_hear);
        let count = incoming.player.hear(state, to_hear, budget);
        if incoming.to_hear.is_over() && incoming.at.is_none() {
            let bar = self.meter.steps() as u64;
            let at = self.origin + (self.next - self.origin).div_ceil(bar) * bar;
            incoming.at = Some(at);
            // What was drawn beyond that bar line was drawn by another.
            self.fresh = self.fresh.min((at - self.next) as usize);
        }
        count > 0
    }

    /// Lets in what has waited for the bar line on which the next step is.
    pub(super) fn cross_bar_line(&mut self) {
        let due = |incoming: &mut Incoming| incoming.at.is_some_and(|at| at <= self.next);
        let Some(incoming) = self.incoming.take_if(due) else {
            return;
        };
        if incoming.meter != self.meter {
            // Bars are counted anew in the new meter, from this line.
            self.meter = incoming.meter;
            self.origin = self.next;
            self.heard.clear();
            // What lanes repeat has another length than the bars to come.
            self.loops.forget();
            self.fill_until = 0;
        }
        self.head.clone_from(&incoming.state);
        self.bar_head.clone_from(&incoming.state);
        self.player = incoming.player;
    }
}
