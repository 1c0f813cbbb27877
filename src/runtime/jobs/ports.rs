//! `beatgen-tui ports`: the MIDI outputs that notes can be sent to, and a try of one: each drum of a
//! kit once, by the same scheduler that plays the dashboard's beats.

use crate::base::text::sanitize;
use crate::beat::kit::Kit;
use crate::beat::lane::Lane;
use crate::cli::PortsArgs;
use crate::live::clock::{Clock, SystemClock};
use crate::live::midi_out;
use crate::live::outputs::voices;
use crate::live::scheduler::{Change, Command, Note, Scheduler, Wires};
use crate::live::sink::{MidiSink, Opener};
use crate::message::OutputSpec;
use crate::runtime::paths::Paths;
use crate::runtime::signals::{Caught, stop_on_first};
use crate::runtime::tokens::fill_in_token;
use crate::runtime::{Interrupted, Refused, kits};
use std::io::{self, Write};

/// From one drum to the next, in nanoseconds.
const APART_NS: u64 = 500_000_000;

/// How long a drum is held.
const HELD_NS: u64 = 200_000_000;

/// How long the last one may ring, and a line may take to carry it.
const TAIL_NS: u64 = 700_000_000;

/// How hard each is struck.
const VELOCITY: u8 = 100;

/// Lists the ports, or says why there are none; or tries an output out.
///
/// # Errors
/// [`Refused`] where the output or the kit is not there, [`Interrupted`] after Ctrl-C; standard output
/// takes no more; the output goes away.
pub fn run(args: &PortsArgs) -> anyhow::Result<()> {
    if let Some(spec) = &args.test {
        return test(spec, args.kit.as_deref().unwrap_or("gm"));
    }
    let mut text = String::new();
    for line in lines() {
        text.push_str(&line);
        text.push('\n');
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn lines() -> Vec<String> {
    let mut lines = match midi_out::list() {
        Ok(ports) if ports.is_empty() => vec![
            "no MIDI output is connected".into(),
            "  connect a device and look again; without one, --midi-out synth plays the built-in kit \
             and --midi-out file:notes.log writes a log"
                .into(),
        ],
        Ok(ports) => ports.into_iter().map(|port| port.name).collect(),
        Err(error) => vec![format!("MIDI is not to be had here: {error}")],
    };
    lines.push(
        "  other machines are reached by --midi-out tcp://HOST:PORT (there: beatgen-tui receive) \
         and rtp://HOST (any RTP-MIDI)"
            .into(),
    );
    lines
}

fn test(spec: &OutputSpec, kit: &str) -> anyhow::Result<()> {
    let kit = kits::kit(kit).map_err(|reason| {
        Refused::new(
            format!("--kit {reason}"),
            format!("give one of {}, or a TOML file", Kit::NAMES.join(", ")),
        )
    })?;
    // Drums on the sound card are General MIDI whatever the machines are.
    let kit = if spec.is_sound_card() { Kit::gm() } else { kit };
    let mut spec = spec.clone();
    for problem in fill_in_token(&Paths::from_environment(), &mut spec) {
        writeln!(io::stderr(), "warning: {}", sanitize(&problem))?;
    }
    let spec = &spec;
    let sink = Opener::default().open(spec).map_err(|error| {
        let mut hint = error.hint;
        if let (OutputSpec::Port(_), Ok(ports)) = (spec, midi_out::list()) {
            let names: Vec<String> = ports.into_iter().map(|port| port.name).collect();
            hint = match names.len() {
                0 => "no MIDI output is connected; there are synth, synth:FILE.sf2, file:PATH, tcp://HOST:PORT and rtp://HOST".into(),
                _ => format!("there are {}", names.join(", ")),
            };
        }
        Refused::new(format!("--test {spec}: {}", error.reason), hint)
    })?;
    let caught = stop_on_first(|| {})?;
    let mut out = io::stdout();
    writeln!(out, "{}, kit {}", sink.name(), sanitize(kit.name()))?;
    let name = sink.name().to_owned();
    match strike_all(sink, &kit, &SystemClock, &caught, &mut out)? {
        Ending::Done => Ok(()),
        Ending::Interrupted(number) => Err(Interrupted(number).into()),
        Ending::Lost => anyhow::bail!("{name} takes no more notes"),
    }
}

/// How a try ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Done,
    Interrupted(i32),
    Lost,
}

/// Plays each lane of the kit once and names it as it sounds; whatever ends it, all is closed.
fn strike_all(
    sink: Box<dyn MidiSink>,
    kit: &Kit,
    clock: &dyn Clock,
    caught: &Caught,
    out: &mut impl Write,
) -> io::Result<Ending> {
    let (mut scheduler, mut wires) = Scheduler::new(voices(kit));
    let sink = Some(sink);
    // Rings that are empty take one thing.
    let _ = wires.changes.push(Change::Sink { slot: 0, sink });
    let mut said = Ok(());
    let mut ending = Ending::Done;
    for (step, lane) in (0u64..).zip(Lane::ALL) {
        let now = clock.now_ns();
        said = writeln!(out, "{}", line(kit, lane)).and_then(|()| out.flush());
        if said.is_err() {
            break;
        }
        if kit.voice(lane).is_none() {
            continue;
        }
        let note = Note {
            id: step,
            step,
            lane: lane.index() as u8,
            velocity: VELOCITY,
            at_ns: now,
            off_ns: now + HELD_NS,
        };
        let _ = wires.commands.push(Command::Note(note));
        ending = play(&mut scheduler, &mut wires, clock, caught, now + APART_NS);
        if ending != Ending::Done {
            break;
        }
    }
    let now = clock.now_ns();
    scheduler.silence(now);
    let until = now + TAIL_NS;
    let tail = match ending {
        Ending::Done => play(&mut scheduler, &mut wires, clock, caught, until),
        _ => Ending::Done,
    };
    while scheduler.sounding() > 0 && clock.now_ns() < until {
        let next = scheduler.poll(clock.now_ns());
        clock.sleep_until(next);
    }
    let _ = wires.changes.push(Change::Sink {
        slot: 0,
        sink: None,
    });
    scheduler.poll(clock.now_ns());
    drop(wires.left.pop());
    said?;
    Ok(if ending == Ending::Done { tail } else { ending })
}

/// Plays until a time, a signal or the loss of the output.
fn play(
    scheduler: &mut Scheduler,
    wires: &mut Wires,
    clock: &dyn Clock,
    caught: &Caught,
    until: u64,
) -> Ending {
    loop {
        let now = clock.now_ns();
        let next = scheduler.poll(now);
        while wires.played.pop().is_ok() {}
        if let Some(number) = caught.number() {
            return Ending::Interrupted(number);
        }
        if wires.pulse.is_lost(0) {
            return Ending::Lost;
        }
        if now >= until {
            return Ending::Done;
        }
        clock.sleep_until(next.min(until));
    }
}

/// `kick        note 36  channel 10`.
fn line(kit: &Kit, lane: Lane) -> String {
    let word = lane.word();
    match kit.voice(lane) {
        None => format!("{word:<11} no voice"),
        Some(voice) => {
            let level = voice
                .level_cc
                .map_or(String::new(), |cc| format!("  level CC {cc}"));
            let (note, channel) = (voice.note, voice.channel + 1);
            format!("{word:<11} note {note:<3} channel {channel:<2}{level}")
                .trim_end()
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::SinkError;
    use crate::live::clock::ManualClock;
    use std::sync::{Arc, Mutex};

    type Log = Arc<Mutex<Vec<(u64, Vec<u8>)>>>;

    /// Keeps what it is sent; breaks after so many messages.
    struct Ear {
        log: Log,
        most: usize,
    }

    impl MidiSink for Ear {
        fn send(&mut self, _at: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
            let mut log = self.log.lock().unwrap();
            if log.len() >= self.most {
                return Err(SinkError::Lost);
            }
            log.push((now_ns, bytes.to_vec()));
            Ok(())
        }

        fn name(&self) -> &str {
            "ear"
        }
    }

    fn try_out(kit: &Kit, most: usize) -> (Ending, String, Vec<(u64, Vec<u8>)>) {
        let log = Log::default();
        let ear = Box::new(Ear {
            log: Arc::clone(&log),
            most,
        });
        let (mut out, clock) = (Vec::new(), ManualClock::new(1_000));
        let ending = strike_all(ear, kit, &clock, &Caught::default(), &mut out).unwrap();
        let log = log.lock().unwrap().clone();
        (ending, String::from_utf8(out).unwrap(), log)
    }

    #[test]
    fn each_drum_is_named_struck_and_closed() {
        let (ending, said, log) = try_out(&Kit::named("tr-8s").unwrap(), usize::MAX);
        assert_eq!(ending, Ending::Done);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 9);
        assert_eq!(lines[0], "kick        note 36  channel 10");
        let ons: Vec<_> = log.iter().filter(|(_, b)| b[0] == 0x99).collect();
        let notes: Vec<u8> = ons.iter().map(|(_, b)| b[1]).collect();
        assert_eq!(notes, [36, 38, 42, 46, 43, 47, 50, 49, 51]);
        assert!(ons.iter().all(|(_, b)| b[2] == 100));
        for pair in ons.windows(2) {
            assert_eq!(pair[1].0 - pair[0].0, APART_NS);
        }
        let offs = log.iter().filter(|(_, b)| b[0] == 0x89);
        assert_eq!(offs.map(|(_, b)| b[1]).collect::<Vec<_>>(), notes);
    }

    #[test]
    fn a_machine_without_velocity_gets_its_level_first() {
        let (_, said, log) = try_out(&Kit::named("volca-beats").unwrap(), usize::MAX);
        assert!(
            said.starts_with("kick        note 36  channel 10  level CC 40\n"),
            "{said}"
        );
        assert_eq!(log[0].1, [0xb9, 40, 100]);
        assert_eq!(log[1].1[..2], [0x99, 36]);
    }

    #[test]
    fn a_lane_without_a_voice_is_named_and_passed_over() {
        let kit = Kit::from_toml("mine", "snare = { note = 40, channel = 1 }").unwrap();
        let (ending, said, log) = try_out(&kit, usize::MAX);
        assert_eq!(ending, Ending::Done);
        assert!(
            said.starts_with("kick        no voice\nsnare       note 40  channel 1\n"),
            "{said}"
        );
        assert_eq!(log.len(), 2, "{log:?}");
    }

    #[test]
    fn an_output_that_goes_away_ends_the_try() {
        let (ending, said, _) = try_out(&Kit::gm(), 3);
        assert_eq!((ending, said.lines().count()), (Ending::Lost, 2));
    }
}
