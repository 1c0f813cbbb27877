//! [`Watch`]: what one output did lately: whether events came late there, what was told of it,
//! which delay was asked for. Of the present alone, [`OutputView`] tells.

use crate::message::{OutputSpec, OutputState, OutputView};

/// How long late events are spoken of after the last one.
const LATELY_NS: u64 = 10_000_000_000;
/// How long a receiver may take to have the delay it was asked for.
const PATIENCE_NS: u64 = 3_000_000_000;

/// What one output did lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    spec: Option<OutputSpec>,
    linked: bool,
    /// Late events as last counted, and as they were before they last began to rise.
    late: u64,
    before: u64,
    rose_ns: Option<u64>,
    /// The delay asked for, and when.
    wished: Option<(u16, u64)>,
    /// Why it was lost, as the user was told.
    told: Option<String>,
}

/// What the user should hear of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It is lost, and why.
    Lost(String),
    /// It was lost and is there again.
    Back,
}

impl Watch {
    /// Takes in how the output is now.
    pub(super) fn observe(&mut self, view: &OutputView, now_ns: u64) -> Option<News> {
        let first = self.spec.is_none();
        if self.spec.as_ref() != Some(&view.spec) {
            *self = Self {
                spec: Some(view.spec.clone()),
                ..Self::default()
            };
        }
        self.count(view, now_ns);
        match &view.state {
            OutputState::Lost(reason) if self.told.as_ref() != Some(reason) => {
                self.told = Some(reason.clone());
                // A sound card that never was there is told by whoever tried it unasked.
                let unasked = first && view.spec == OutputSpec::Synth;
                (!unasked).then(|| News::Lost(reason.clone()))
            }
            OutputState::Ok | OutputState::Muted => self.told.take().map(|_| News::Back),
            // On the way back it may be lost again for the same reason: told once.
            OutputState::Lost(_) | OutputState::Opening => None,
        }
    }

    fn count(&mut self, view: &OutputView, now_ns: u64) {
        let Some(link) = &view.link else {
            self.linked = false;
            self.rose_ns = None;
            self.wished = None;
            return;
        };
        if !self.linked || link.late < self.late {
            // Counts begin anew where it is joined.
            self.linked = true;
            self.late = link.late;
            self.rose_ns = None;
        }
        if link.late > self.late {
            if self.late_lately(now_ns) == 0 {
                self.before = self.late;
            }
            self.late = link.late;
            self.rose_ns = Some(now_ns);
        }
        self.wished = self.wished.filter(|(ms, since_ns)| {
            *ms != link.delay_ms && now_ns.saturating_sub(*since_ns) < PATIENCE_NS
        });
    }

    /// Events that came late since they last began to, if any did within the last ten seconds.
    pub(super) fn late_lately(&self, now_ns: u64) -> u64 {
        match self.rose_ns {
            Some(rose_ns) if now_ns.saturating_sub(rose_ns) < LATELY_NS => {
                self.late.saturating_sub(self.before)
            }
            _ => 0,
        }
    }

    /// The delay asked for and not in force yet.
    pub(super) fn wished(&self) -> Option<u16> {
        self.wished.map(|(ms, _)| ms)
    }

    pub(super) fn wish(&mut self, delay_ms: u16, now_ns: u64) {
        self.wished = Some((delay_ms, now_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::LinkView;

    const SECOND: u64 = 1_000_000_000;

    fn linked(late: u64, delay_ms: u16) -> OutputView {
        let spec: OutputSpec = "tcp://box".parse().unwrap();
        OutputView {
            link: Some(LinkView {
                late,
                delay_ms,
                ..LinkView::default()
            }),
            ..OutputView::plain(spec, "box".into())
        }
    }

    #[test]
    fn late_events_are_spoken_of_while_they_come() {
        let mut watch = Watch::default();
        watch.observe(&linked(7, 40), SECOND);
        assert_eq!(watch.late_lately(SECOND), 0, "those of before are past");
        watch.observe(&linked(9, 40), 2 * SECOND);
        watch.observe(&linked(10, 40), 5 * SECOND);
        assert_eq!(watch.late_lately(6 * SECOND), 3);
        assert_eq!(watch.late_lately(16 * SECOND), 0);
        watch.observe(&linked(11, 40), 20 * SECOND);
        assert_eq!(watch.late_lately(20 * SECOND), 1);
        watch.observe(&linked(0, 40), 21 * SECOND);
        assert_eq!(watch.late_lately(21 * SECOND), 0, "joined anew");
    }

    #[test]
    fn a_delay_asked_for_stands_until_it_is_in_force_or_was_not_heard() {
        let mut watch = Watch::default();
        watch.observe(&linked(0, 40), 0);
        watch.wish(45, SECOND);
        watch.observe(&linked(0, 40), 2 * SECOND);
        assert_eq!(watch.wished(), Some(45));
        watch.observe(&linked(0, 45), 3 * SECOND);
        assert_eq!(watch.wished(), None);
        watch.wish(50, 4 * SECOND);
        watch.observe(&linked(0, 45), 8 * SECOND);
        assert_eq!(watch.wished(), None);
    }

    #[test]
    fn an_output_that_is_tried_again_and_again_is_told_of_once() {
        let mut watch = Watch::default();
        let mut view = linked(0, 0);
        view.link = None;
        let mut see = |state: OutputState| {
            view.state = state;
            watch.observe(&view, 0)
        };
        let lost = || OutputState::Lost("refused".into());
        assert_eq!(see(OutputState::Opening), None);
        assert_eq!(see(lost()), Some(News::Lost("refused".into())));
        assert_eq!(see(OutputState::Opening), None);
        assert_eq!(see(lost()), None);
        assert_eq!(
            see(OutputState::Lost("gone".into())),
            Some(News::Lost("gone".into()))
        );
        assert_eq!(see(OutputState::Ok), Some(News::Back));
        assert_eq!(see(OutputState::Ok), None);
    }
}
