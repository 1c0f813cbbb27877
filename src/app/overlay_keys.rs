//! What keys and pasted text do while something lies over the screen.

use super::command::{self, Command};
use super::effect::Effect;
use super::key::{Key, KeyCode};
use super::offer::offers;
use super::overlay::{ChoiceKind, Confirmed, Overlay};
use super::state::App;

/// Lines a page key moves by.
const PAGE: usize = 10;

impl App {
    /// Takes a key; the overlay is taken from the stack and put back unless the key ends it.
    pub(super) fn overlay_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        // These work whatever is open; text could not need them.
        let bound = self.keymap.command(key, self.screen);
        if key.ctrl
            && let Some(command @ (Command::Quit | Command::Suspend | Command::Redraw)) = bound
        {
            self.run(command, effects);
            return;
        }
        if self.overlays.last().is_some_and(offers) {
            return self.offer_key(key, effects);
        }
        let Some(mut top) = self.overlays.pop() else {
            return;
        };
        if key.code == KeyCode::Esc {
            if top == Overlay::Find {
                self.browser.query.set("");
                self.relisted();
            }
            return;
        }
        if let Overlay::Choose {
            kind: ChoiceKind::Output { slot },
            ..
        } = top
            && self.desk_key(slot, key, effects)
        {
            self.overlays.push(top);
            return;
        }
        if !takes_text(&top)
            && let Some(
                live @ (Command::TemperatureDown
                | Command::TemperatureUp
                | Command::ToggleGenerator
                | Command::Panic),
            ) = bound
        {
            self.overlays.push(top);
            self.run(live, effects);
            return;
        }
        match &mut top {
            Overlay::Help { scroll } => {
                if matches!(bound, Some(Command::Help | Command::Quit)) {
                    return;
                }
                // Scope headings stand between the rows.
                let last = command::COMMANDS.len() + PAGE;
                *scroll = moved(key, *scroll, last).unwrap_or(*scroll);
            }
            Overlay::Palette { query, selected } => {
                let rows = command::search(query.text());
                if key.code == KeyCode::Enter {
                    if let Some(info) = rows.get(*selected) {
                        self.run(info.command, effects);
                    }
                    return;
                }
                match arrows(key, *selected, rows.len()) {
                    Some(at) => *selected = at,
                    None => {
                        if query.key(key) {
                            *selected = 0;
                        }
                    }
                }
            }
            Overlay::Choose { kind, selected } => {
                let count = self.choices(*kind).len();
                match (key.code, *kind) {
                    (KeyCode::Enter, kind) => {
                        let entry = *selected;
                        self.take(kind, entry, effects);
                        return;
                    }
                    (KeyCode::Left | KeyCode::Right, ChoiceKind::Output { slot }) => {
                        self.overlays.push(top);
                        self.other_slot(slot, key.code == KeyCode::Right);
                        return;
                    }
                    _ => {}
                }
                if matches!(bound, Some(Command::Quit)) {
                    return;
                }
                *selected = moved(key, *selected, count).unwrap_or(*selected);
            }
            Overlay::TrainForm => {
                let form = &mut self.training.form;
                let start = match key.code {
                    KeyCode::F(5) => true,
                    KeyCode::Enter if form.on_button() => true,
                    KeyCode::Char('s') if key.ctrl => true,
                    _ => false,
                };
                if start {
                    if self.start_training(effects) {
                        return;
                    }
                } else {
                    match key.code {
                        KeyCode::Up | KeyCode::BackTab => form.step(false),
                        KeyCode::Down | KeyCode::Tab | KeyCode::Enter => form.step(true),
                        _ => form.key(key),
                    }
                    self.settings_changed();
                }
            }
            Overlay::Find => {
                if key.code == KeyCode::Enter {
                    return;
                }
                let height = self.list_height();
                match key.code {
                    KeyCode::Up => self.browser.step(-1, height),
                    KeyCode::Down => self.browser.step(1, height),
                    _ => {
                        let before = self.browser.query.text().to_owned();
                        self.browser.query.key(key);
                        if self.browser.query.text() != before {
                            self.relisted();
                        }
                    }
                }
                self.moved();
            }
            Overlay::Confirm { yes, .. } => {
                let yes = *yes;
                let asks_again = match yes {
                    Confirmed::Quit => bound == Some(Command::Quit),
                    Confirmed::StopTraining => bound == Some(Command::StopTraining),
                    Confirmed::GoOn => false,
                };
                match key.code {
                    KeyCode::Char('y' | 'Y') | KeyCode::Enter => {
                        return self.confirmed(yes, effects);
                    }
                    KeyCode::Char('n' | 'N') => return,
                    _ if asks_again => return self.confirmed(yes, effects),
                    _ => {}
                }
            }
            Overlay::Prompt {
                field,
                purpose,
                error,
                ..
            } => {
                if key.code == KeyCode::Enter {
                    let text = field.text().trim().to_owned();
                    *error = self.answer(*purpose, &text, effects);
                    if error.is_none() {
                        return;
                    }
                } else if field.key(key) {
                    *error = None;
                }
            }
            Overlay::Message { .. } => {
                if key.code == KeyCode::Enter || bound == Some(Command::Quit) {
                    return;
                }
            }
        }
        self.overlays.push(top);
    }

    /// Takes pasted text where text is wanted; elsewhere it is not taken for keys.
    pub(super) fn paste(&mut self, text: &str) {
        match self.overlays.last_mut() {
            Some(Overlay::Palette { query, selected }) => {
                query.insert(text);
                *selected = 0;
            }
            Some(Overlay::Prompt {
                field,
                error,
                purpose,
                ..
            }) => {
                let text = text.trim();
                if purpose.network() && text.contains("://") {
                    // A whole place is meant instead of what stands there.
                    field.set(text);
                } else {
                    field.insert(text);
                }
                *error = None;
            }
            Some(Overlay::TrainForm) => {
                self.training.form.paste(text);
                self.settings_changed();
            }
            Some(Overlay::Find) => {
                self.browser.query.insert(text);
                self.relisted();
            }
            _ => {}
        }
    }

    pub(super) fn confirmed(&mut self, yes: Confirmed, effects: &mut Vec<Effect>) {
        match yes {
            Confirmed::StopTraining => self.stop_training(effects),
            Confirmed::Quit => self.end(effects),
            Confirmed::GoOn => self.go_on(effects),
        }
    }
}

/// Whether letters typed are text there, not commands.
const fn takes_text(overlay: &Overlay) -> bool {
    matches!(
        overlay,
        Overlay::Palette { .. } | Overlay::Prompt { .. } | Overlay::Find | Overlay::TrainForm
    )
}

/// Where the arrow and page keys move a cursor among `count` lines.
fn arrows(key: Key, at: usize, count: usize) -> Option<usize> {
    let last = count.saturating_sub(1);
    Some(match key.code {
        KeyCode::Up => at.saturating_sub(1),
        KeyCode::Down => (at + 1).min(last),
        KeyCode::PageUp => at.saturating_sub(PAGE),
        KeyCode::PageDown => (at + PAGE).min(last),
        _ => return None,
    })
}

/// [`arrows`], and the keys that are letters elsewhere.
fn moved(key: Key, at: usize, count: usize) -> Option<usize> {
    match key.code {
        KeyCode::Char('k') => Some(at.saturating_sub(1)),
        KeyCode::Char('j') => Some((at + 1).min(count.saturating_sub(1))),
        KeyCode::Home => Some(0),
        KeyCode::End => Some(count.saturating_sub(1)),
        _ => arrows(key, at, count),
    }
}
