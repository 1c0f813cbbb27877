//! The output desk: how a slot is driven, how the line to it is, and what to do about it. What a
//! slot can be set to is in `output_list.rs`.

use super::command::Command;
use super::effect::Effect;
use super::key::{Key, KeyCode};
use super::msg::Level;
use super::outputs::{driven, output_name, takes_clock};
use super::state::App;
use crate::base::text::sanitize;
use crate::message::{
    MOST_DELAY_MS, MOST_LATENCY_MS, OutputSetup, OutputSpec, OutputState, OutputView,
};

/// How far a key turns a receiver's delay, in milliseconds.
const DELAY_STEP: i32 = 5;
/// A receiver that is itself this late, in microseconds, has something wrong over there.
const FAR_LATE_US: u32 = 5_000;

/// A slot as the desk shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Desk {
    /// Where its notes are to go, and how.
    pub setup: OutputSetup,
    /// How that is, once the engine has it.
    pub view: Option<OutputView>,
    /// Whether the clock can be switched.
    pub takes_clock: bool,
    /// Whether the offset can be turned.
    pub takes_offset: bool,
    /// The receiver's delay in milliseconds, as it is or was asked for, where there is a receiver
    /// joined; and whether it is on its way there.
    pub delay_ms: Option<(u16, bool)>,
    /// Something worth knowing about the offset; may be empty.
    pub hint: String,
}

/// What is wrong with an output and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// How bad it is.
    pub level: Level,
    /// What is wrong and what to do on the desk, a sentence.
    pub text: String,
    /// The same where there is little room, said to somebody not at the desk.
    pub short: String,
}

impl Advice {
    fn plain(level: Level, text: &str) -> Self {
        Self {
            level,
            text: text.to_owned(),
            short: text.to_owned(),
        }
    }
}

impl App {
    /// A slot as the desk shows it.
    #[must_use]
    pub fn desk(&self, slot: usize) -> Desk {
        let setup = self.outputs.slot(slot);
        let view = self.output_view(slot).cloned();
        let delay_ms = self.delay(slot);
        Desk {
            takes_clock: takes_clock(&setup.spec),
            takes_offset: setup.spec != OutputSpec::None,
            hint: self.offset_hint(slot, &setup, delay_ms),
            setup,
            view,
            delay_ms,
        }
    }

    /// The engine's word on a slot, unless it is of what the slot was before.
    pub(super) fn output_view(&self, slot: usize) -> Option<&OutputView> {
        let view = self.generation.engine.outputs.get(slot)?;
        let wanted = output_name(&self.outputs.wanted.get(slot)?.spec);
        (output_name(&view.spec) == wanted).then_some(view)
    }

    fn delay(&self, slot: usize) -> Option<(u16, bool)> {
        let view = self.output_view(slot)?;
        let link = view.link.as_ref()?;
        if !matches!(view.spec, OutputSpec::Tcp(_)) {
            return None;
        }
        let wished = self.outputs.watches.get(slot).and_then(|w| w.wished());
        Some(wished.map_or((link.delay_ms, false), |ms| (ms, true)))
    }

    /// A receiver that plays later than what sounds beside it can be sent its notes earlier.
    fn offset_hint(
        &self,
        slot: usize,
        setup: &OutputSetup,
        delay_ms: Option<(u16, bool)>,
    ) -> String {
        let delay = delay_ms.and_then(|(ms, _)| i16::try_from(ms).ok());
        match delay {
            Some(ms) if ms > 0 && ms <= MOST_LATENCY_MS && self.outputs.others_sound(slot) => {
                if setup.latency_ms == -ms {
                    "this cancels the receiver's delay: both machines sound together".into()
                } else {
                    format!(
                        "-{ms} ms here cancels the receiver's delay of {ms} ms, so that both \
                         machines sound together"
                    )
                }
            }
            _ => String::new(),
        }
    }

    /// What is wrong with an output, and what to do about it; none if all is well.
    #[must_use]
    pub fn output_advice(&self, slot: usize) -> Option<Advice> {
        let view = self.generation.engine.outputs.get(slot)?;
        match &view.state {
            OutputState::Lost(reason) => return Some(lost(&view.spec, reason)),
            OutputState::Opening => return Some(Advice::plain(Level::Info, "connecting…")),
            OutputState::Ok | OutputState::Muted => {}
        }
        let link = view.link.as_ref()?;
        if !link.trouble.is_empty() {
            return Some(Advice::plain(Level::Warning, &link.trouble));
        }
        let late = self.late_lately(slot);
        let delay = self.delay(slot).map_or(link.delay_ms, |(ms, _)| ms);
        let wanted = link.wanted_delay_ms;
        if late > 0 && matches!(view.spec, OutputSpec::Tcp(_)) && (wanted == 0 || wanted > delay) {
            let events = if late == 1 { "event" } else { "events" };
            let to = match wanted.min(MOST_DELAY_MS) {
                0 => String::new(),
                ms => format!(" to {ms} ms"),
            };
            let key = self.keymap.shown(Command::Outputs);
            return Some(Advice {
                level: Level::Warning,
                text: format!("{late} {events} came late: raise the delay{to}: press ="),
                short: format!("{late} came late: {key}, then ={to}"),
            });
        }
        (link.p99_late_us >= FAR_LATE_US).then(|| {
            let ms = link.p99_late_us / 1000;
            let text =
                format!("the receiver itself is up to {ms} ms late: its machine is too busy");
            Advice::plain(Level::Warning, &text)
        })
    }

    /// Events that came late to a receiver within the last seconds.
    #[must_use]
    pub fn late_lately(&self, slot: usize) -> u64 {
        let watch = self.outputs.watches.get(slot);
        watch.map_or(0, |watch| watch.late_lately(self.now_ns))
    }

    /// Takes a key of the desk's own; false where it is none.
    pub(super) fn desk_key(&mut self, slot: usize, key: Key, effects: &mut Vec<Effect>) -> bool {
        let KeyCode::Char(letter) = key.code else {
            return false;
        };
        if key.ctrl || key.alt {
            return false;
        }
        match letter {
            'c' => self.drive(slot, effects, |setup| {
                setup.clock ^= takes_clock(&setup.spec)
            }),
            ',' => self.shift(slot, -1, effects),
            '.' => self.shift(slot, 1, effects),
            '<' => self.shift(slot, -10, effects),
            '>' => self.shift(slot, 10, effects),
            '-' => self.turn_delay(slot, -DELAY_STEP, effects),
            '=' | '+' => self.turn_delay(slot, DELAY_STEP, effects),
            _ => return false,
        }
        true
    }

    /// Changes how a slot is driven, at once.
    fn drive(
        &mut self,
        slot: usize,
        effects: &mut Vec<Effect>,
        change: impl FnOnce(&mut OutputSetup),
    ) {
        let Some(setup) = self.outputs.wanted.get_mut(slot) else {
            return;
        };
        let before = setup.clone();
        change(setup);
        if *setup != before {
            let setup = driven(setup);
            effects.push(Effect::SetOutput { slot, setup });
            self.settings_changed();
        }
    }

    fn shift(&mut self, slot: usize, by: i16, effects: &mut Vec<Effect>) {
        self.drive(slot, effects, |setup| {
            if setup.spec != OutputSpec::None {
                let ms = setup.latency_ms.saturating_add(by);
                setup.latency_ms = ms.clamp(-MOST_LATENCY_MS, MOST_LATENCY_MS);
            }
        });
    }

    fn turn_delay(&mut self, slot: usize, by: i32, effects: &mut Vec<Effect>) {
        let Some((now, _)) = self.delay(slot) else {
            return;
        };
        let turned = (i32::from(now) + by).clamp(0, i32::from(MOST_DELAY_MS));
        let delay_ms = u16::try_from(turned).unwrap_or(now);
        if delay_ms == now {
            return;
        }
        if let Some(watch) = self.outputs.watches.get_mut(slot) {
            watch.wish(delay_ms, self.now_ns);
        }
        effects.push(Effect::SetDelay { slot, delay_ms });
    }
}

/// Why it is lost, and what to type where that is not said already.
fn lost(spec: &OutputSpec, reason: &str) -> Advice {
    let about_token = reason.to_lowercase().contains("token");
    match (about_token, spec) {
        (true, OutputSpec::Tcp(remote)) => Advice {
            level: Level::Error,
            text: format!(
                "{}; choose \"another machine…\" and type the token and an @ before {}",
                reason.trim_end_matches('.'),
                sanitize(&remote.to_string()),
            ),
            short: reason.to_owned(),
        },
        _ => Advice::plain(Level::Error, reason),
    }
}

/// An offset for people: `on time`, `sent 12 ms early`.
#[must_use]
pub fn offset_text(latency_ms: i16) -> String {
    match latency_ms {
        0 => "on time".into(),
        ms if ms < 0 => format!("sent {} ms early", ms.unsigned_abs()),
        ms => format!("sent {ms} ms late"),
    }
}
