//! [`Heard`]: follows the engine step by step and says what has begun to sound, with the knobs that
//! were in force when it was committed: what was muted then was not sent.

use crate::message::{EngineStatus, PlaySource, PlayedStep};
use std::collections::VecDeque;

/// The most steps told of at once; after a longer silence only the last ones are.
const MOST_AT_ONCE: u64 = 32;
/// The furthest that steps are committed ahead of the playhead, for the sake of odd messages.
const MOST_AHEAD: u64 = 256;

/// What a step was committed with: mutes, tempo, swing.
type Knobs = (u16, u32, f32);

/// What has been told of.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// What plays, and the last of its steps told of.
    last: Option<(PlaySource, u64)>,
    /// The knobs of committed steps from `from` on.
    from: u64,
    knobs: VecDeque<Knobs>,
}

/// Steps that have begun to sound since the last word, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The steps.
    pub steps: Vec<PlayedStep>,
    /// Whether playing has just begun, so that nothing rings from before.
    pub fresh: bool,
}

impl Heard {
    /// Takes in the engine's word.
    pub(super) fn observe(&mut self, status: &EngineStatus) -> Option<News> {
        if status.source == PlaySource::Stopped {
            self.last = None;
            self.knobs.clear();
            return None;
        }
        let playhead = status.playhead;
        let fresh = self.last.is_none();
        let known = match &self.last {
            Some((source, last)) if *source == status.source && *last <= playhead => Some(*last),
            _ => None,
        };
        if known.is_none() {
            self.knobs.clear();
            self.from = playhead;
        }
        self.commit(status);
        let first = known.map_or(playhead, |last| last + 1);
        let first = first.max(playhead.saturating_sub(MOST_AT_ONCE));
        self.last = Some((status.source.clone(), playhead));
        let steps: Vec<PlayedStep> = (first..=playhead)
            .filter_map(|number| self.played(status, number))
            .collect();
        (!steps.is_empty()).then_some(News { steps, fresh })
    }

    /// Remembers the knobs of the steps committed since, and forgets those of steps that are over.
    fn commit(&mut self, status: &EngineStatus) {
        while self.from < status.playhead && self.knobs.pop_front().is_some() {
            self.from += 1;
        }
        if self.knobs.is_empty() {
            self.from = status.playhead;
        }
        let end = status
            .revisable_from
            .min(status.playhead.saturating_add(MOST_AHEAD));
        let c = &status.controls;
        let count = end.saturating_sub(self.from) as usize;
        while self.knobs.len() < count {
            self.knobs.push_back((c.mutes, c.milli_bpm, c.swing));
        }
    }

    /// A step of the engine's window as it sounds.
    fn played(&self, status: &EngineStatus, number: u64) -> Option<PlayedStep> {
        let index = usize::try_from(number.checked_sub(status.window_start)?).ok()?;
        let mut step = *status.window.get(index)?;
        let c = &status.controls;
        let known = number.checked_sub(self.from);
        let known = known.and_then(|at| self.knobs.get(usize::try_from(at).ok()?));
        let (mutes, milli_bpm, swing) = known.copied().unwrap_or((c.mutes, c.milli_bpm, c.swing));
        for (lane, cell) in step.iter_mut().enumerate() {
            if mutes >> lane & 1 == 1 {
                cell.velocity = 0;
            }
        }
        let back = status.playhead.saturating_sub(number);
        let bar = u64::from(status.steps_per_bar.max(1));
        let in_bar = (u64::from(status.step_in_bar) + bar - back % bar) % bar;
        Some(PlayedStep {
            step,
            step_in_bar: u16::try_from(in_bar).unwrap_or(0),
            milli_bpm,
            swing,
        })
    }
}
