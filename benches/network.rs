//! Promise: what is played over a bad line sounds in time: jitter of the receiver at most 1 ms at the
//! 99th percentile, nothing lost, nothing hanging after a cut.
//!
//! The playing side runs here; `beatgen-tui receive` runs as a process of its own, with a log as its
//! machine. Between them stands a link that delays every piece of data by 20 ms +- 10 ms and holds
//! every hundredth back by another 15 ms (and all behind it, as TCP does with a packet that comes
//! out of order). The line is cut in mid-bar, once every two minutes. Both sides read the same
//! clock, so times compare exactly. `cargo bench --bench network -- --minutes 10` (one by default).

use beatgen_tui::base::rng::{Purpose, Stream};
use beatgen_tui::beat::kit::Kit;
use beatgen_tui::live::{EngineHandle, EngineOptions};
use beatgen_tui::message::{Controls, OutputSetup, OutputSpec, OutputState, Remote, Token};
use beatgen_tui::model::BeatModel;
use std::collections::HashMap;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[path = "support/log.rs"]
mod log;
use log::{Sent, argument, percentile_ms, read};

const TOKEN: &str = "a-token-for-the-bench";
const DELAY_NS: i64 = 40_000_000;
const MILLISECOND: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn Error>> {
    let minutes = argument("--minutes").unwrap_or(1.0);
    let home = tempfile::tempdir()?;
    let far_log = home.path().join("far.log");
    let near_log = home.path().join("near.log");
    let far: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut receiver = Command::new(env!("CARGO_BIN_EXE_beatgen-tui"))
        .args(["receive", "--listen", &far.to_string()])
        .args(["--midi-out", &format!("file:{}", far_log.display())])
        .env("BEATGEN_TOKEN", TOKEN)
        .env("BEATGEN_STATE_DIR", home.path().join("far"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let link = Link::start(far)?;

    let remote = Remote {
        host: link.address.ip().to_string(),
        port: link.address.port(),
        token: Token(TOKEN.into()),
    };
    let engine = EngineHandle::start(EngineOptions {
        model: BeatModel::embedded()?.into(),
        seed: 1,
        controls: Controls {
            density: 0.2,
            ..Controls::default()
        },
        kit: Kit::gm(),
        outputs: vec![
            OutputSetup::plain(OutputSpec::File(near_log.clone())),
            OutputSetup::plain(OutputSpec::Tcp(remote)),
        ],
        sessions: home.path().join("sessions"),
        debts: home.path().join("owed"),
        realtime: true,
    })?;
    let joined = || {
        let status = engine.status();
        let output = status.outputs.get(1);
        output.is_some_and(|output| output.state == OutputState::Ok)
    };
    wait("the receiver to be joined", joined)?;
    // The clocks have been compared by then.
    std::thread::sleep(Duration::from_secs(2));
    engine.play();
    let (start, mut cuts) = (Instant::now(), Vec::new());
    let end = start + Duration::from_secs_f64(60.0 * minutes);
    let mut next_cut = start + Duration::from_secs(31);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
        if Instant::now() >= next_cut {
            next_cut += Duration::from_secs(120);
            let from = now_ns();
            link.cut();
            wait("the cut to be noticed", || !joined())?;
            wait("the line to be joined again", joined)?;
            cuts.push((from, now_ns()));
        }
    }
    let view = engine.status().outputs.get(1).and_then(|o| o.link.clone());
    engine.stop();
    std::thread::sleep(Duration::from_millis(500));
    engine.shutdown()?;
    std::thread::sleep(Duration::from_millis(500));
    Command::new("kill")
        .arg(receiver.id().to_string())
        .status()?;
    receiver.wait()?;

    report(&read(&near_log)?, &read(&far_log)?, &cuts);
    println!("the screen's last word of the line: {view:?}");
    Ok(())
}

fn report(near: &[Sent], far: &[Sent], cuts: &[(u64, u64)]) {
    let is_on = |sent: &&Sent| sent.bytes.starts_with('9') && !sent.bytes.ends_with("00");
    // Around a cut events are lost as they must be; a little before, for what was on its way.
    let in_cut = |at: u64| {
        let margin = 150_000_000;
        cuts.iter()
            .any(|(from, to)| (from - margin..to + margin).contains(&at))
    };
    let mut by_bytes: HashMap<&str, Vec<&Sent>> = HashMap::new();
    for sent in far.iter().filter(is_on) {
        by_bytes.entry(&sent.bytes).or_default().push(sent);
    }
    let (mut off_ns, mut lost, mut counted) = (Vec::new(), 0, 0);
    for sent in near.iter().filter(is_on).filter(|s| !in_cut(s.due_ns)) {
        counted += 1;
        let wanted = sent.due_ns as i64 + DELAY_NS;
        let candidates = by_bytes.get(sent.bytes.as_str());
        let nearest = (candidates.into_iter().flatten())
            .map(|far| far.sent_ns as i64 - wanted)
            .min_by_key(|off| off.abs())
            .filter(|off| off.abs() < 60_000_000);
        match nearest {
            Some(off) => off_ns.push(off),
            None => lost += 1,
        }
    }
    let mut own_ns: Vec<i64> = (far.iter().filter(is_on))
        .map(|sent| sent.sent_ns as i64 - sent.due_ns as i64)
        .collect();
    let middle = percentile_ms(&mut off_ns, 0.5);
    let mut jitter: Vec<i64> = (off_ns.iter())
        .map(|off| (*off - (middle * 1e6) as i64).abs())
        .collect();
    println!("notes {counted}, lost {lost}, cuts {}", cuts.len());
    for (what, values) in [
        ("after (time + 40 ms)", &mut off_ns),
        ("jitter around its median", &mut jitter),
        ("sent after the receiver's own due time", &mut own_ns),
    ] {
        println!(
            "{what:<40} p50 {:>7.3} ms   p99 {:>7.3} ms   max {:>7.3} ms",
            percentile_ms(values, 0.5),
            percentile_ms(values, 0.99),
            percentile_ms(values, 1.0)
        );
    }
    for (from, to) in cuts {
        let open = sounding(far, from + 200_000_000);
        println!(
            "cut for {:.2} s; 200 ms after it {open} notes sounded",
            (to - from) as f64 / 1e9
        );
    }
    println!("at the end {} notes sounded", sounding(far, u64::MAX));
    let kept = lost == 0 && percentile_ms(&mut jitter, 0.99) <= 1.0;
    println!(
        "promised: jitter p99 at most 1 ms, no note lost, {}",
        if kept { "kept" } else { "BROKEN" }
    );
}

/// Notes that sound at a moment, by what was sent until then.
fn sounding(sent: &[Sent], until: u64) -> usize {
    let mut open = std::collections::HashSet::new();
    for message in sent.iter().filter(|message| message.sent_ns <= until) {
        let Some(key) = message.bytes.get(1..4) else {
            continue;
        };
        match message.bytes.as_bytes().first() {
            Some(b'9') => open.insert(key),
            Some(b'8') => open.remove(key),
            _ => false,
        };
    }
    open.len()
}

fn wait(what: &str, until: impl Fn() -> bool) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    while !until() {
        if start.elapsed() > Duration::from_secs(20) {
            return Err(format!("waited in vain for {what}").into());
        }
        std::thread::sleep(5 * MILLISECOND);
    }
    Ok(())
}

fn now_ns() -> u64 {
    use beatgen_tui::live::clock::{Clock, SystemClock};
    SystemClock.now_ns()
}

/// A bad line to a receiver.
struct Link {
    address: SocketAddr,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Link {
    fn start(far: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let open = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&open);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = connect(far) else { continue };
                let _ = near.set_nodelay(true);
                for (seed, from, to) in [(1, &near, &far), (2, &far, &near)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else {
                        continue;
                    };
                    carry(seed, from, to);
                }
                let mut kept = kept.lock().unwrap_or_else(|e| e.into_inner());
                kept.extend([near, far]);
            }
        });
        Ok(Self { address, open })
    }

    /// Cuts what is joined; it can be joined again at once.
    fn cut(&self) {
        let mut open = self.open.lock().unwrap_or_else(|e| e.into_inner());
        for stream in open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// The receiver may still be starting.
fn connect(far: SocketAddr) -> std::io::Result<TcpStream> {
    let start = Instant::now();
    loop {
        match TcpStream::connect(far) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) if start.elapsed() > Duration::from_secs(10) => return Err(error),
            Err(_) => std::thread::sleep(20 * MILLISECOND),
        }
    }
}

/// Carries data one way, late.
fn carry(seed: u64, mut from: TcpStream, mut to: TcpStream) {
    let (send, pieces) = channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut draws = Stream::new(seed, 0, Purpose::Test);
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let mut delay = 10.0 + 20.0 * f64::from(draws.uniform());
            if draws.below(100) == 0 {
                delay += 15.0;
            }
            let due = Instant::now() + Duration::from_secs_f64(delay / 1e3);
            let Some(bytes) = buffer.get(..n) else { break };
            if send.send((due, bytes.to_vec())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, bytes) in pieces {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
