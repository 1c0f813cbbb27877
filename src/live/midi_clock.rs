//! MIDI clock out, for one output: 24 ticks a quarter note while something plays, Start where the
//! song begins, Song Position and Continue where a machine joins it at a later bar line, Stop where
//! it ends. Pure: says which bytes are due; `slot` sends them.
//!
//! The times of the ticks are reckoned by [`crate::beat::transport::Transport::tick_time`].

use super::wires::ClockStep;

/// Timing Clock.
pub const TICK: u8 = 0xf8;
/// Start: from the top, at the next tick.
pub const START: u8 = 0xfa;
/// Continue: from the song position, at the next tick.
pub const CONTINUE: u8 = 0xfb;
/// Stop.
pub const STOP: u8 = 0xfc;
/// Song Position Pointer, in 16th steps since the song began, two bytes of seven bits.
pub const POSITION: u8 = 0xf2;

/// How long before a bar's first tick a machine is told where it is, in nanoseconds: a machine
/// needs a moment between Start and the tick that it starts on.
pub const MARK_NS: u64 = 2_000_000;

/// Song positions there are.
const POSITIONS: u64 = 1 << 14;

/// A bar line, as a machine is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarMark {
    /// The step the bar begins with, counted from the start of playing.
    pub step: u64,
    /// Steps of the bar.
    pub bar_steps: u16,
}

impl BarMark {
    /// The bar line a step lies on, if it does.
    #[must_use]
    pub const fn of(step: &ClockStep) -> Option<Self> {
        if step.in_bar != 0 {
            return None;
        }
        Some(Self {
            step: step.step,
            bar_steps: step.bar_steps,
        })
    }
}

/// Whether a machine runs, and where it thinks the song is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// It was not started yet, or stopped.
    #[default]
    Waiting,
    /// It runs; so many ticks since its position 0.
    Running { ticks: u64 },
}

/// At most three messages of at most three bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    messages: [([u8; 3], u8); 3],
    count: usize,
}

impl Messages {
    fn push(&mut self, bytes: &[u8]) {
        if let Some((to, len)) = self.messages.get_mut(self.count) {
            to.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            *len = bytes.len().min(3) as u8;
            self.count += 1;
        }
    }

    /// Each message, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.messages
            .iter()
            .take(self.count)
            .filter_map(|(bytes, len)| bytes.get(..usize::from(*len)))
    }
}

/// The clock of one output.
#[derive(Clone, Copy, Debug, Default)]
pub struct MidiClock {
    on: bool,
    state: State,
}

impl MidiClock {
    /// Whether clock goes to this output.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Switches it; a machine that runs is stopped when it is switched off.
    pub fn switch(&mut self, on: bool) -> Messages {
        let messages = if on { Messages::default() } else { self.stop() };
        self.on = on;
        messages
    }

    /// Another machine hangs there now: it joins at the next bar line.
    pub const fn forget(&mut self) {
        self.state = State::Waiting;
    }

    /// A bar line is near. A machine that waits is started there; one whose own bars, counted from
    /// where it was started, do not fall on ours (the meter changed, a preview began within a
    /// bar) is stopped and set right.
    pub fn mark(&mut self, mark: BarMark) -> Messages {
        let mut messages = Messages::default();
        if !self.on {
            return messages;
        }
        let bar = u64::from(mark.bar_steps.max(1));
        let position = match self.state {
            State::Waiting => mark.step / bar * bar,
            State::Running { ticks } => {
                let steps = ticks / crate::beat::transport::TICKS_A_STEP;
                if steps.is_multiple_of(bar) {
                    return messages;
                }
                messages.push(&[STOP]);
                steps.div_ceil(bar) * bar
            }
        };
        if position == 0 {
            messages.push(&[START]);
        } else {
            // A machine that slept through a cut may still believe that it runs.
            if messages.count == 0 {
                messages.push(&[STOP]);
            }
            let told = position % (POSITIONS / bar * bar);
            messages.push(&[POSITION, (told & 0x7f) as u8, (told >> 7) as u8]);
            messages.push(&[CONTINUE]);
        }
        self.state = State::Running {
            ticks: position * crate::beat::transport::TICKS_A_STEP,
        };
        messages
    }

    /// Whether a tick that is due goes out. A machine that waits for its bar line hears ticks too,
    /// so that it knows the tempo by then.
    pub const fn tick(&mut self) -> bool {
        if let State::Running { ticks } = &mut self.state {
            *ticks += 1;
        }
        self.on
    }

    /// Playing ends.
    pub fn stop(&mut self) -> Messages {
        let mut messages = Messages::default();
        if self.on && self.state != State::Waiting {
            messages.push(&[STOP]);
        }
        self.state = State::Waiting;
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(messages: Messages) -> Vec<Vec<u8>> {
        messages.iter().map(<[u8]>::to_vec).collect()
    }

    fn bar(step: u64, bar_steps: u16) -> BarMark {
        BarMark { step, bar_steps }
    }

    fn run(clock: &mut MidiClock, steps: u64) {
        for _ in 0..6 * steps {
            assert!(clock.tick());
        }
    }

    #[test]
    fn a_machine_starts_at_the_top_or_continues_at_a_bar_line() {
        let mut clock = MidiClock::default();
        assert!(said(clock.mark(bar(0, 16))).is_empty() && !clock.tick());
        assert!(said(clock.switch(true)).is_empty());
        assert_eq!(said(clock.mark(bar(0, 16))), [[START]]);
        run(&mut clock, 16);
        assert!(said(clock.mark(bar(16, 16))).is_empty());
        assert_eq!(said(clock.stop()), [[STOP]]);
        assert!(said(clock.stop()).is_empty());
        // It joins bar 9 of a song that runs: step 144 is 1 * 128 + 16.
        assert!(clock.tick());
        let joined = said(clock.mark(bar(144, 16)));
        assert_eq!(joined, [vec![STOP], vec![POSITION, 16, 1], vec![CONTINUE]]);
        run(&mut clock, 16);
        clock.forget();
        let again = said(clock.mark(bar(160, 16)));
        assert_eq!(again, [vec![STOP], vec![POSITION, 32, 1], vec![CONTINUE]]);
        assert_eq!(said(clock.switch(false)), [[STOP]]);
        assert!(!clock.tick());
    }

    #[test]
    fn bars_that_shift_set_the_machine_right() {
        let mut clock = MidiClock::default();
        clock.switch(true);
        clock.mark(bar(0, 16));
        run(&mut clock, 20);
        // A preview began four steps into the second bar: its bars are counted from there.
        let right = said(clock.mark(bar(20, 16)));
        assert_eq!(right, [vec![STOP], vec![POSITION, 32, 0], vec![CONTINUE]]);
        run(&mut clock, 16);
        assert!(said(clock.mark(bar(36, 16))).is_empty());
        // Three quarters a bar: 48 steps are four of its bars already.
        assert!(said(clock.mark(bar(36, 12))).is_empty());
    }

    #[test]
    fn song_positions_begin_anew_on_a_bar_line() {
        let mut clock = MidiClock::default();
        clock.switch(true);
        // 16,384 steps are 1,365 bars of 12 and a rest: positions wrap after 16,380.
        let far = said(clock.mark(bar(16_380, 12)));
        assert_eq!(far[1], [POSITION, 0, 0]);
        clock.forget();
        let next = said(clock.mark(bar(16_392, 12)));
        assert_eq!(next[1], [POSITION, 12, 0]);
    }
}
