//! [`Keymap`]: which key asks for which command, made from the table and the user's own
//! keys. Says what it could not make sense of; never leaves the program without a way out.

use super::command::{COMMANDS, Command, Scope};
use super::key::Key;
use super::state::Screen;
use crate::base::text::sanitize;
use std::collections::BTreeMap;

/// Keys and their commands.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap {
    bindings: Vec<(Key, Scope, Command)>,
}

/// The key that always quits.
const WAY_OUT: Key = Key::ctrl('c');

impl Keymap {
    /// The table's keys with the user's laid over them (command id to keys, replacing all
    /// of that command's; an empty list takes them away), and a sentence for each entry that was passed over. A key the
    /// user binds is taken from whatever command had it by default.
    #[must_use]
    pub fn new(user: &BTreeMap<String, Vec<String>>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut bindings: Vec<(Key, Scope, Command)> = Vec::new();
        let mut replaced = Vec::new();
        for (id, keys) in user {
            let Some(command) = Command::from_id(id) else {
                problems.push(format!(
                    "keymap: no command is called \"{}\"; help lists them",
                    sanitize(id)
                ));
                continue;
            };
            replaced.push(command);
            let scope = command.info().scope;
            for text in keys {
                match Key::parse(text) {
                    None => problems.push(format!(
                        "keymap: \"{}\" for {id} is not a key; write it like ctrl-x, shift-up, space or a",
                        sanitize(text)
                    )),
                    Some(WAY_OUT) if command != Command::Quit => {
                        problems.push(format!("keymap: ctrl-c always quits, so {id} cannot have it"));
                    }
                    Some(key) => match taken(&bindings, key, scope) {
                        Some(other) if other != command => problems.push(format!(
                            "keymap: {key} is given to both {} and {id}; the first has it",
                            other.info().id
                        )),
                        Some(_) => {}
                        None => bindings.push((key, scope, command)),
                    },
                }
            }
        }
        for info in COMMANDS.iter().filter(|i| !replaced.contains(&i.command)) {
            for key in info.keys.iter().filter_map(|text| Key::parse(text)) {
                if taken(&bindings, key, info.scope).is_none() {
                    bindings.push((key, info.scope, info.command));
                }
            }
        }
        if taken(&bindings, WAY_OUT, Scope::Global).is_none() {
            bindings.push((WAY_OUT, Scope::Global, Command::Quit));
        }
        (Self { bindings }, problems)
    }

    /// What a key asks for on a screen.
    #[must_use]
    pub fn command(&self, key: Key, screen: Screen) -> Option<Command> {
        let key = key.normalised();
        self.bindings
            .iter()
            .find(|(bound, scope, _)| *bound == key && screen.scope().overlaps(*scope))
            .map(|(_, _, command)| *command)
    }

    /// A command's keys, the one to show first.
    #[must_use]
    pub fn keys(&self, command: Command) -> Vec<Key> {
        let mine = self.bindings.iter().filter(|(_, _, c)| *c == command);
        mine.map(|(key, _, _)| *key).collect()
    }

    /// A command's first key as text; empty where it has none.
    #[must_use]
    pub fn shown(&self, command: Command) -> String {
        let mut mine = self.bindings.iter().filter(|(_, _, c)| *c == command);
        mine.next()
            .map_or_else(String::new, |(key, _, _)| key.to_string())
    }
}

/// Who has a key already, somewhere `scope` reaches.
fn taken(bindings: &[(Key, Scope, Command)], key: Key, scope: Scope) -> Option<Command> {
    bindings
        .iter()
        .find(|(bound, other, _)| *bound == key && scope.overlaps(*other))
        .map(|(_, _, command)| *command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(entries: &[(&str, &[&str])]) -> (Keymap, Vec<String>) {
        let map = entries
            .iter()
            .map(|(id, keys)| (id.to_string(), keys.iter().map(|k| k.to_string()).collect()));
        Keymap::new(&map.collect())
    }

    #[test]
    fn no_key_means_two_things_and_every_command_is_explained() {
        for (i, a) in COMMANDS.iter().enumerate() {
            assert!(a.help.len() > 10 && !a.title.is_empty(), "{}", a.id);
            assert!(!a.keys.is_empty(), "{} has no key", a.id);
            for key in a.keys {
                let parsed = Key::parse(key).unwrap();
                assert_eq!(parsed.to_string(), *key);
                for b in &COMMANDS[i + 1..] {
                    assert!(a.id != b.id && a.command != b.command);
                    let clash = a.scope.overlaps(b.scope) && b.keys.contains(key);
                    assert!(!clash, "{key} is bound to {} and {}", a.id, b.id);
                }
            }
        }
    }

    #[test]
    fn the_users_keys_come_first() {
        let (map, problems) = user(&[("play-stop", &["s", "f5"]), ("save-session", &["ctrl-s"])]);
        assert!(problems.is_empty(), "{problems:?}");
        let on = |key, screen| map.command(Key::parse(key).unwrap(), screen);
        assert_eq!(on("s", Screen::Play), Some(Command::PlayStop));
        assert_eq!(on("s", Screen::Dataset), None);
        assert_eq!(on("space", Screen::Play), None);
        assert_eq!(on("space", Screen::Dataset), Some(Command::HearFile));
        assert_eq!(map.shown(Command::SaveSession), "ctrl-s");
        assert_eq!(map.keys(Command::PlayStop).len(), 2);
    }

    #[test]
    fn a_keymap_that_makes_no_sense_is_refused_entry_by_entry() {
        let (map, problems) = user(&[
            ("fly\u{1b}[2J", &["a"]),
            ("mute", &["hyper-x", "ctrl-c"]),
            ("quit", &[]),
            ("help", &["z"]),
            ("panic", &["z"]),
        ]);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems.iter().all(|p| !p.contains('\u{1b}')));
        assert_eq!(
            map.command(Key::ctrl('c'), Screen::Play),
            Some(Command::Quit)
        );
        assert_eq!(
            map.command(Key::char('z'), Screen::Play),
            Some(Command::Help)
        );
    }
}
