//! Puts outputs into the engine's slots. One on the network is given the token that opens it first,
//! which is looked up in files; hence a desk.

use super::Teller;
use super::desk::Desk;
use crate::app::msg::Level;
use crate::live::EngineHandle;
use crate::message::OutputSetup;
use crate::runtime::paths::Paths;
use crate::runtime::tokens::fill_in_token;
use std::io;

/// The desk that puts outputs in slots; the newest of a slot counts.
///
/// # Errors
/// The system refuses a thread.
pub(super) fn outputs_desk(
    engine: EngineHandle,
    paths: Paths,
    tell: Teller,
) -> io::Result<Desk<(usize, OutputSetup)>> {
    Desk::start(
        "slots",
        |a: &(usize, OutputSetup), b: &(usize, OutputSetup)| a.0 == b.0,
        move |(slot, mut setup): (usize, OutputSetup)| {
            for problem in fill_in_token(&paths, &mut setup.spec) {
                tell.notice(Level::Warning, problem);
            }
            engine.set_output(slot, setup);
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{OutputSpec, Token};
    use crate::runtime::tokens;

    fn spec(text: &str) -> OutputSpec {
        text.parse().unwrap()
    }

    fn token(spec: &OutputSpec) -> &Token {
        match spec {
            OutputSpec::Tcp(remote) => &remote.token,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_token_given_once_is_there_the_next_time() {
        let dir = tempfile::tempdir().unwrap();
        let paths = crate::runtime::left::tests::paths(&dir);
        let mut given = spec("tcp://a-long-enough-token@box:7373");
        assert_eq!(fill_in_token(&paths, &mut given), Vec::<String>::new());
        let mut bare = spec("tcp://box");
        assert_eq!(fill_in_token(&paths, &mut bare), Vec::<String>::new());
        // A variable of the machine that runs this would win; it is none of the test's.
        if std::env::var_os(tokens::VARIABLE).is_none() {
            assert_eq!(token(&bare).0, "a-long-enough-token");
        }
        let mut other = OutputSpec::Synth;
        assert_eq!(fill_in_token(&paths, &mut other), Vec::<String>::new());
        assert_eq!(other, OutputSpec::Synth);
    }
}
