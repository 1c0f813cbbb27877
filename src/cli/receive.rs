//! The flags of `receive`.

use super::values::output;
use crate::message::{MOST_DELAY_MS, OutputSpec};
use clap::{Args, ValueHint};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  beatgen-tui receive --midi-out TR-8S     play a drum machine that hangs here
  beatgen-tui receive                      play the built-in kit on this machine's sound card
  beatgen-tui receive --midi-out file:beat.log --delay 60

On the machine that generates, reached by ssh from here:
  ssh -R 7373:127.0.0.1:7373 GPU-BOX
  BEATGEN_TOKEN=... beatgen-tui --midi-out tcp://127.0.0.1:7373

The token is printed at the start and stays the same. A longer delay (+ and - while it runs) hides a
worse line; everything is heard that much later.";

/// Flags of `receive`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ReceiveArgs {
    /// Where to wait for the player: an address of this machine and a port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7373")]
    pub listen: String,
    /// What to play into: part of a MIDI port's name (see `beatgen-tui ports`), `synth` for the
    /// built-in kit, `synth:FILE.sf2` for the drums of a SoundFont, `file:PATH` for a log of every message, or `rtp://HOST` for an RTP-MIDI session
    /// [default: synth if this build has sound]
    #[arg(long, value_name = "NAME|synth|synth:FILE.sf2|file:PATH|rtp://HOST", value_parser = far_output)]
    pub midi_out: Option<OutputSpec>,
    /// Play everything so many milliseconds after its time, 0 to 2000
    #[arg(long, value_name = "MS", default_value_t = 40, value_parser = clap::value_parser!(u16).range(..=i64::from(MOST_DELAY_MS)))]
    pub delay: u16,
    /// Wait at an address that other machines reach, too; what is played is then sent unencrypted
    #[arg(long)]
    pub allow_remote: bool,
    /// Read the token from this file [default: BEATGEN_TOKEN, else one that is made and kept]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
}

/// An output that a receiver can play into.
fn far_output(text: &str) -> Result<OutputSpec, String> {
    match output(text)? {
        OutputSpec::Tcp(_) => Err(
            "a receiver plays what comes from the network here: give part of a port's name, synth or file:PATH"
                .into(),
        ),
        spec => Ok(spec),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(flatten)]
        args: ReceiveArgs,
    }

    fn parse(words: &[&str]) -> Result<ReceiveArgs, clap::Error> {
        let words = ["receive"].iter().chain(words);
        Only::try_parse_from(words).map(|only| only.args)
    }

    #[test]
    fn a_receiver_listens_on_this_machine_only_unless_told_otherwise() {
        let args = parse(&[]).unwrap();
        assert_eq!((args.listen.as_str(), args.delay), ("127.0.0.1:7373", 40));
        assert_eq!((args.midi_out, args.allow_remote), (None, false));
        let port = format!(":{}", crate::message::RECEIVE_PORT);
        assert!(args.listen.ends_with(&port));
        let args = parse(&["--midi-out", "TR-8S", "--delay", "2000"]).unwrap();
        assert_eq!(args.midi_out, Some(OutputSpec::Port("TR-8S".into())));
        for (bad, hint) in [
            (["--midi-out", "tcp://x"], "comes from the network"),
            (["--midi-out", "file:"], "a path"),
            (["--delay", "2001"], "2000"),
        ] {
            let error = parse(&bad).expect_err("must be refused").to_string();
            assert!(error.contains(hint), "{error}");
        }
    }
}
