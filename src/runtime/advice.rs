//! What the environment says of the line to the user: an ssh session, a multiplexer. And what is advised
//! about it, once.

use std::ffi::OsString;

/// The line between the program and the user's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The terminal is at the other end of an ssh session.
    pub ssh: bool,
    /// The multiplexer that keeps the screen when the line drops, by name.
    pub multiplexer: Option<&'static str>,
}

impl Line {
    /// What this process's environment says.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from(|name| std::env::var_os(name))
    }

    fn from(env: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let known = [("TMUX", "tmux"), ("STY", "screen"), ("ZELLIJ", "zellij")];
        Self {
            ssh: set("SSH_CONNECTION") || set("SSH_TTY"),
            multiplexer: (known.into_iter()).find_map(|(name, word)| set(name).then_some(word)),
        }
    }

    /// What is to be advised, if it was not advised before.
    #[must_use]
    pub fn advice(self, advised: bool) -> Option<&'static str> {
        (self.ssh && self.multiplexer.is_none() && !advised)
            .then_some("over ssh, run this inside tmux: the screen then survives a dropped line")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(variables: &[(&str, &str)]) -> Line {
        Line::from(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn tmux_is_advised_once_and_only_where_it_helps() {
        let ssh = ("SSH_CONNECTION", "10.0.0.2 50000 10.0.0.1 22");
        assert!(
            line(&[ssh])
                .advice(false)
                .is_some_and(|a| a.contains("tmux"))
        );
        assert!(line(&[("SSH_TTY", "/dev/pts/3")]).advice(false).is_some());
        assert_eq!(line(&[ssh]).advice(true), None);
        assert_eq!(line(&[]).advice(false), None);
        for multiplexer in [
            ("TMUX", "/tmp/tmux-0/default,1,0"),
            ("STY", "1.x"),
            ("ZELLIJ", "0"),
        ] {
            assert_eq!(line(&[ssh, multiplexer]).advice(false), None);
        }
        assert_eq!(line(&[("TMUX", "x")]).multiplexer, Some("tmux"));
        assert!(!line(&[("SSH_TTY", "")]).ssh);
    }
}
