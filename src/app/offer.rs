//! The question of the start: whether to go on with a set that its terminal left. Asked once;
//! what was typed before it was in sight does not answer it.

use super::command::Command;
use super::effect::Effect;
use super::key::{Key, KeyCode};
use super::knobs::clamped;
use super::overlay::{Confirmed, Overlay};
use super::state::{App, Screen};
use crate::message::Controls;

/// How long the question is to be in sight before Enter and Esc, which are easily typed ahead,
/// answer it.
const SEEN_NS: u64 = 700_000_000;

impl App {
    /// Asks, if a set was left.
    pub(super) fn ask_offer(&mut self) {
        if let Some(offer) = &self.offer
            && !self.overlays.iter().any(offers)
        {
            self.overlays.push(Overlay::Confirm {
                question: super::notices::sentence(&offer.question),
                yes: Confirmed::GoOn,
            });
        }
    }

    /// Takes a key while the question stands on top. Keys that do not answer it would play or
    /// change something under it; only those that end the program or silence it do what they
    /// always do.
    pub(super) fn offer_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let seen = self
            .offered_ns
            .is_some_and(|since| self.now_ns.saturating_sub(since) >= SEEN_NS);
        match key.code {
            KeyCode::Char('y' | 'Y') => self.go_on(effects),
            KeyCode::Enter if seen => self.go_on(effects),
            KeyCode::Char('n' | 'N') => self.decline_offer(effects),
            KeyCode::Esc if seen => self.decline_offer(effects),
            _ => {
                if let Some(command @ (Command::Quit | Command::Panic)) =
                    self.keymap.command(key, self.screen)
                {
                    // Not answered: it is asked again at the next start.
                    self.run(command, effects);
                }
            }
        }
    }

    /// Goes on with the set: its knobs, from where it was left.
    pub(super) fn go_on(&mut self, effects: &mut Vec<Effect>) {
        self.overlays.retain(|overlay| !offers(overlay));
        let Some(offer) = self.offer.take() else {
            return;
        };
        self.controls = clamped(Controls {
            version: self
                .controls
                .version
                .max(offer.controls.version)
                .saturating_add(1),
            ..offer.controls
        });
        effects.push(Effect::SetControls(self.controls));
        effects.push(Effect::GoOn);
        self.screen = Screen::Play;
        self.generation.playback.wish(true, None, self.now_ns);
        self.settings_changed();
    }

    fn decline_offer(&mut self, effects: &mut Vec<Effect>) {
        self.overlays.retain(|overlay| !offers(overlay));
        if self.offer.take().is_some() {
            effects.push(Effect::ForgetOffer);
        }
    }
}

/// Whether it asks whether to go on with a set that was left.
pub(super) const fn offers(overlay: &Overlay) -> bool {
    matches!(
        overlay,
        Overlay::Confirm {
            yes: Confirmed::GoOn,
            ..
        }
    )
}
