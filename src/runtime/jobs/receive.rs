//! `beatgen-tui receive`: plays here what a beatgen-tui on another machine sends. The line and the
//! playing are `live::net`; here are the address, the token, and what is said about it.

mod say;

use crate::base::text::sanitize;
use crate::cli::ReceiveArgs;
use crate::live::clock::{Clock, SystemClock};
use crate::live::net::secret::{Key, LEAST_SIGNS};
use crate::live::net::{Player, Receiver};
use crate::message::{
    MOST_DELAY_MS, OutputSetup, OutputSpec, OutputState, OutputView, RECEIVE_PORT, Token,
};
use crate::runtime::paths::Paths;
use crate::runtime::{Interrupted, Refused, signals, tokens};
use anyhow::Context;
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use say::Screen;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often keys, signals and the state of things are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long opening the output is waited for before the first word.
const OPENING: Duration = Duration::from_secs(4);
/// How far a key turns the delay, in milliseconds.
const STEP_MS: i32 = 5;
/// What Ctrl-C means as a signal.
const SIGINT: i32 = 2;

/// Runs `receive` until it is told to end.
///
/// # Errors
/// [`Refused`] where address, output or token cannot serve; [`Interrupted`] by a signal.
pub fn run(args: &ReceiveArgs) -> anyhow::Result<()> {
    let paths = Paths::from_environment();
    let (token, kept, problems) = token(args, &paths)?;
    let key = Key::of(&token).ok_or_else(too_short)?;
    let listener = listen(args)?;
    let address = listener.local_addr().context("the listening address")?;

    // From here on every end is an orderly one; the terminal is given back by the first signal.
    let caught = signals::stop_on_first(say::give_back)?;
    let spec = args.midi_out.clone().unwrap_or_else(default_output);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let output = OutputSetup::plain(spec);
    let (player, commands) = Player::start(output, Arc::clone(&clock), Some(paths.owed()))?;
    let health = player.health();
    let view = opened(&player);
    if let Some(refused) = view.as_ref().and_then(|view| unusable(view, args)) {
        drop(commands);
        player.shutdown();
        return Err(refused.into());
    }
    let receiver = Receiver::start(listener, key, args.delay, commands, clock, health)?;

    let mut screen = Screen::default();
    let played = view.map_or_else(String::new, |view| view.name);
    let shown = kept.then_some(token.0.as_str());
    let mut result = screen.open(&problems, address, &played, args.delay, shown);
    let mut ended_by = None;
    while result.is_ok() {
        if let Some(number) = caught.number() {
            ended_by = Some(number);
            break;
        }
        match screen.key(LOOK) {
            Some(Wish::End) => break,
            Some(Wish::Interrupt) => {
                ended_by = Some(SIGINT);
                break;
            }
            Some(Wish::Delay(by)) => {
                let now = i32::from(receiver.status().report.delay_ms);
                let wanted = (now + by).clamp(0, i32::from(MOST_DELAY_MS));
                receiver.set_delay(u16::try_from(wanted).unwrap_or_default());
            }
            None => {}
        }
        for notice in receiver.news().try_iter() {
            result = result.and_then(|()| screen.notice(&notice));
        }
        let status = receiver.status();
        let realtime = player.realtime();
        result = result.and_then(|()| screen.status(&status, realtime, Instant::now()));
    }
    // Silence first, words later.
    receiver.stop();
    player.shutdown();
    let closed = screen.close();
    match ended_by {
        Some(number) => Err(Interrupted(number).into()),
        None => Ok(result.and(closed)?),
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    End,
    Interrupt,
    Delay(i32),
}

fn wish(event: &Event) -> Option<Wish> {
    let Event::Key(key) = event else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if control => Some(Wish::Interrupt),
        KeyCode::Char('q') | KeyCode::Esc => Some(Wish::End),
        KeyCode::Char('+' | '=') => Some(Wish::Delay(STEP_MS)),
        KeyCode::Char('-') => Some(Wish::Delay(-STEP_MS)),
        _ => None,
    }
}

/// A key that is pressed within `wait`.
fn pressed(wait: Duration) -> std::io::Result<Option<Wish>> {
    if !event::poll(wait)? {
        return Ok(None);
    }
    Ok(wish(&event::read()?))
}

/// The token, whether it is one that this program keeps (and may show), and what was wrong.
fn token(args: &ReceiveArgs, paths: &Paths) -> anyhow::Result<(Token, bool, Vec<String>)> {
    if let Some(path) = &args.token_file {
        let token = tokens::from_file(path).map_err(|why| {
            let hint = "give a file that holds nothing but the token, or leave --token-file out";
            Refused::new(format!("--token-file {why}"), hint)
        })?;
        return Ok((token, false, Vec::new()));
    }
    if let Some(text) = std::env::var(tokens::VARIABLE)
        .ok()
        .filter(|text| !text.trim().is_empty())
    {
        return Ok((Token(text.trim().to_owned()), false, Vec::new()));
    }
    let found = tokens::own(paths).context("the token of this machine")?;
    Ok((found.token, true, found.problems))
}

fn too_short() -> Refused {
    Refused::new(
        format!(
            "the token in {} is too short: it has at least {LEAST_SIGNS} letters or digits",
            tokens::VARIABLE
        ),
        "leave it out, and one is made and printed",
    )
}

/// Takes the address that is to be listened at.
fn listen(args: &ReceiveArgs) -> Result<TcpListener, Refused> {
    let text = sanitize(&args.listen);
    let example =
        format!("give an address of this machine and a port, as in 127.0.0.1:{RECEIVE_PORT}");
    let refuse = |why: &dyn std::fmt::Display, hint: &str| {
        Refused::new(format!("--listen {text}: {why}"), hint)
    };
    let found = args.listen.to_socket_addrs();
    let mut addresses: Vec<SocketAddr> = found.map_err(|e| refuse(&e, &example))?.collect();
    // A name may stand for several; the tunnel of ssh ends in the first kind.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let Some(address) = addresses.first().copied() else {
        return Err(refuse(&"no address of this machine", &example));
    };
    if !address.ip().is_loopback() && !args.allow_remote {
        return Err(refuse(
            &"other machines reach that address, and what is played is sent unencrypted",
            &format!(
                "better stay at 127.0.0.1:{port} and open a tunnel from here, `ssh -R {port}:127.0.0.1:{port} GPU-BOX`; \
                 in a network that you trust add --allow-remote",
                port = address.port()
            ),
        ));
    }
    TcpListener::bind(address).map_err(|e| match e.kind() {
        ErrorKind::AddrInUse => refuse(
            &"the port is in use",
            "is another `beatgen-tui receive` running? end it, or give another port here and in the ssh -R line",
        ),
        ErrorKind::PermissionDenied => refuse(&e, "give a port from 1024 on"),
        _ => refuse(&e, &example),
    })
}

fn default_output() -> OutputSpec {
    if cfg!(feature = "audio") {
        OutputSpec::Synth
    } else {
        OutputSpec::None
    }
}

/// The output once it is open, or known not to be.
fn opened(player: &Player) -> Option<OutputView> {
    let start = Instant::now();
    loop {
        let view = player.views.load().first().cloned();
        let settled = view.as_ref().is_some_and(|view| {
            view.state != OutputState::Opening && (view.spec != OutputSpec::None || late(start))
        });
        if settled || start.elapsed() > OPENING {
            return view;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether an output of no kind is what was asked for, not what is there before.
fn late(start: Instant) -> bool {
    start.elapsed() > Duration::from_millis(200)
}

/// Why it is no use to go on, where it is: a port or a peer may come later, anything else not.
fn unusable(view: &OutputView, args: &ReceiveArgs) -> Option<Refused> {
    let OutputState::Lost(why) = &view.state else {
        return None;
    };
    match view.spec {
        OutputSpec::Port(_) | OutputSpec::Rtp(_) | OutputSpec::RtpListen(_) => None,
        _ if args.midi_out.is_none() => Some(Refused::new(
            format!("the built-in kit cannot be heard here: {why}"),
            "give a drum machine's port with --midi-out; `beatgen-tui ports` lists them",
        )),
        _ => Some(Refused::new(format!("--midi-out {}: {why}", view.name), "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(listen: &str) -> ReceiveArgs {
        ReceiveArgs {
            listen: listen.into(),
            midi_out: None,
            delay: 40,
            allow_remote: false,
            token_file: None,
        }
    }

    #[test]
    fn only_this_machine_is_let_in_unless_asked_for() {
        let refused = |args: &ReceiveArgs| {
            let error = listen(args).err().unwrap();
            format!("{error}; {}", error.hint)
        };
        let text = refused(&args("0.0.0.0:7373"));
        assert!(text.contains("ssh -R 7373:127.0.0.1:7373") && text.contains("--allow-remote"));
        assert!(refused(&args("[::]:0")).contains("unencrypted"));
        for bad in ["", "127.0.0.1", "127.0.0.1:99999", ":::"] {
            assert!(refused(&args(bad)).contains("--listen"), "{bad}");
        }
        let open = ReceiveArgs {
            allow_remote: true,
            ..args("0.0.0.0:0")
        };
        assert!(listen(&open).is_ok());
        let taken = listen(&args("127.0.0.1:0")).unwrap();
        let again = args(&taken.local_addr().unwrap().to_string());
        assert!(refused(&again).contains("in use"));
    }

    #[test]
    fn keys_turn_the_delay_and_end() {
        let key = |code, modifiers| {
            let event = event::KeyEvent::new(code, modifiers);
            wish(&Event::Key(event))
        };
        let none = KeyModifiers::NONE;
        assert_eq!(key(KeyCode::Char('+'), none), Some(Wish::Delay(5)));
        assert_eq!(key(KeyCode::Char('-'), none), Some(Wish::Delay(-5)));
        assert_eq!(key(KeyCode::Char('q'), none), Some(Wish::End));
        let interrupt = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(interrupt, Some(Wish::Interrupt));
        assert_eq!(key(KeyCode::Char('c'), none), None);
    }
}
