//! Two programs and the line between them: the dashboard in a pseudo-terminal here, `receive` as a
//! process of its own there, both real, over the loopback.

use crate::emulator::Emulator;
use crate::support::Home;
use crossbeam_channel::{Receiver, unbounded};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const TOKEN: &str = "abcde-fghij-kmnop-qrstv";
const DEADLINE: Duration = Duration::from_secs(60);

/// An address that nobody uses.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A running `receive`, ended with the test.
struct Far {
    child: Child,
    said: Receiver<String>,
}

impl Far {
    /// Starts it and waits until it listens.
    fn start(home: &Home, address: &str, log: &Path) -> Self {
        let out = format!("file:{}", log.display());
        let mut command = home.command(&["receive", "--listen", address, "--midi-out", &out]);
        command.env("BEATGEN_TOKEN", TOKEN).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.contains(address), "{first}");
        // A pipe that nobody reads would stop it.
        let (tell, said) = unbounded();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Self { child, said }
    }

    /// Waits until it says so.
    fn wait_for(&self, what: &str) {
        while !self.said.recv_timeout(DEADLINE).unwrap().contains(what) {}
    }

    fn kill(&mut self, signal: Signal) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The messages of a log, as hexadecimal text.
fn messages(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    // A line that is still being written is passed over.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    (whole.lines())
        .filter_map(|line| line.split(' ').nth(2).map(str::to_owned))
        .collect()
}

fn count(log: &Path, status: char) -> usize {
    let all = messages(log);
    all.iter().filter(|m| m.starts_with(status)).count()
}

fn sounding(log: &Path) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for message in messages(log) {
        let key = message.get(1..4).unwrap_or("").to_owned();
        match message.as_bytes()[0] {
            b'9' => open.push(key),
            b'8' => open.retain(|other| *other != key),
            _ => {}
        }
    }
    open
}

/// Waits for something that another process does.
fn wait(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_receiver_that_dies_and_returns_is_joined_again_and_nothing_hangs() {
    let (near, far) = (Home::new(), Home::new());
    let address = free_address();
    let log = |n: u32| -> PathBuf { far.path().join(format!("{n}.log")) };
    let mut receiver = Far::start(&far, &address, &log(1));
    let out = format!("tcp://{address}");
    let token = ("BEATGEN_TOKEN", TOKEN);
    let mut screen = Emulator::start(&near, &["--midi-out", &out, "--midi-clock"], &[token]);
    receiver.wait_for("joined");
    screen.wait_for_text("temperature");
    screen.type_keys("P");
    wait("notes over the line", || count(&log(1), '9') > 20);
    // Started at the top, or, if it was joined a moment later, at the next bar line.
    wait("the clock's start", || {
        let sent = messages(&log(1));
        sent.iter().any(|m| m == "fa" || m == "fb")
    });
    // Killed in mid-bar: the screen says so and plays on.
    receiver.kill(Signal::KILL);
    screen.wait_for_text("LOST");
    let mut receiver = Far::start(&far, &address, &log(2));
    receiver.wait_for("joined");
    wait("notes after the return", || count(&log(2), '9') > 20);
    wait("the bar line", || {
        messages(&log(2)).iter().any(|m| m == "fb")
    });
    // The line is cut by the player's end, in mid-bar: the receiver closes what sounds.
    screen.signal(Signal::KILL);
    wait("silence", || {
        sounding(&log(2)).is_empty() && messages(&log(2)).last().is_some_and(|m| m == "fc")
    });
    assert_eq!(receiver.kill(Signal::TERM), Some(143));
    assert_eq!(sounding(&log(2)), Vec::<String>::new());
}

#[test]
fn nobody_plays_without_the_token() {
    let (near, far) = (Home::new(), Home::new());
    let address = free_address();
    let log = far.path().join("far.log");
    let _receiver = Far::start(&far, &address, &log);
    let out = format!("tcp://{address}");
    let test = |token: &str| {
        let mut command = near.command(&["ports", "--test", &out]);
        command.env("BEATGEN_TOKEN", token);
        crate::support::Outcome::from(command.output().unwrap())
    };
    let refused = test("abcde-fghij-kmnop-qrstw");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("token"), "{}", refused.err);
    assert!(messages(&log).is_empty());
    // With it every drum is heard there once, and closed.
    let played = test(TOKEN);
    assert_eq!(played.code, 0, "{played:?}");
    assert_eq!((count(&log, '9'), count(&log, '8')), (9, 9));
}

#[test]
fn a_receiver_keeps_to_this_machine_unless_told() {
    let far = Home::new();
    let refused = far.run(&["receive", "--listen", "0.0.0.0:0", "--midi-out", "none"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("--allow-remote") && refused.err.contains("ssh -R"),
        "{}",
        refused.err
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = far.run(&["receive", "--listen", &address, "--midi-out", "none"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains(&address), "{}", refused.err);
}

#[test]
fn each_machine_gets_its_own_notes_channels_and_levels() {
    let home = Home::new();
    for (kit, expected) in [
        // Level before every note; the Volca Beats ignores velocity.
        ("volca-beats", vec!["b92864", "992464", "b92964", "992664"]),
        // A channel a track.
        ("digitakt", vec!["900064", "910164", "920264", "930364"]),
        ("analog-rytm", vec!["900064", "910164", "980864", "990964"]),
        ("tr-8s", vec!["992464", "992664", "992a64", "992e64"]),
    ] {
        let log = home.path().join(format!("{kit}.log"));
        let out = format!("file:{}", log.display());
        let tried = home.run(&["ports", "--test", &out, "--kit", kit]);
        assert_eq!(tried.code, 0, "{tried:?}");
        let sent: Vec<String> = messages(&log)
            .into_iter()
            .filter(|m| !m.starts_with('8'))
            .collect();
        assert_eq!(sent[..expected.len()], expected, "{kit}");
        assert!(tried.out.contains("kick") && tried.out.contains("ride"));
        assert_eq!(sounding(&log), Vec::<String>::new());
    }
    let refused = home.run(&["ports", "--test", "none", "--kit", "no-such-kit"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("volca-beats"), "{}", refused.err);
}
