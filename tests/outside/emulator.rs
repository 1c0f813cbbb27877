//! The real binary in a pseudo-terminal, its screen kept by vt100. Everything waits on a
//! condition with a deadline; nothing sleeps for a guessed time.

use crate::support::{Home, PROGRAM};
use crossbeam_channel::{Receiver, unbounded};
use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Long enough for a machine that is busy with something else.
const DEADLINE: Duration = Duration::from_secs(60);

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    reading: bool,
    hung_up: bool,
}

/// A running program and its terminal.
pub struct Emulator {
    pair: PtyPair,
    keys: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    ended: Receiver<ExitStatus>,
    pid: Pid,
    modes_before: String,
}

impl Emulator {
    /// Starts the program at 80 by 24 with these variables set besides the usual ones.
    pub fn start(home: &Home, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes_before = modes(&*pair.master);
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(args);
        command.cwd(home.path());
        for name in ["NO_COLOR", "COLORTERM", "LC_CTYPE"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        for (name, value) in home.variables() {
            command.env(name, value);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap()).unwrap();
        let (tell, ended) = unbounded();
        std::thread::spawn(move || tell.send(child.wait().unwrap()));

        let seen = Arc::new((
            Mutex::new(Seen {
                parser: vt100::Parser::new(24, 80, 0),
                bytes: Vec::new(),
                reading: true,
                hung_up: false,
            }),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let (lock, changed) = &*shared;
                let wait = changed.wait_while(lock.lock().unwrap(), |seen| !seen.reading);
                if wait.unwrap().hung_up {
                    break;
                }
                match reader.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => {
                        let mut seen = lock.lock().unwrap();
                        seen.parser.process(&buffer[..n]);
                        seen.bytes.extend_from_slice(&buffer[..n]);
                        changed.notify_all();
                    }
                }
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            pair,
            seen,
            ended,
            pid,
            modes_before,
        }
    }

    /// Types.
    pub fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (lock, _) = &*self.seen;
        lock.lock()
            .unwrap()
            .parser
            .screen_mut()
            .set_size(rows, columns);
        let size = PtySize {
            rows,
            cols: columns,
            ..PtySize::default()
        };
        self.pair.master.resize(size).unwrap();
    }

    /// Stops reading, as a frozen link does, or goes on.
    pub fn read_on(&self, reading: bool) {
        let (lock, changed) = &*self.seen;
        // Also called while a failed test unwinds.
        let mut seen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        seen.reading = reading;
        changed.notify_all();
    }

    /// Closes the terminal, as a dropped line does. The program must be writing to it now and then.
    pub fn hang_up(&mut self) {
        let (lock, changed) = &*self.seen;
        lock.lock().unwrap().hung_up = true;
        changed.notify_all();
        self.keys = Box::new(std::io::sink());
        // The thread that reads holds the last of it until the next frame.
        let other = native_pty_system().openpty(PtySize::default());
        self.pair = other.unwrap();
    }

    /// Waits until the screen satisfies `condition`.
    pub fn wait_for(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) {
        let (lock, changed) = &*self.seen;
        let start = Instant::now();
        let mut seen = lock.lock().unwrap();
        while !condition(seen.parser.screen()) {
            assert!(
                start.elapsed() < DEADLINE,
                "{what}: not seen in time; the screen shows\n{}",
                seen.parser.screen().contents()
            );
            // The condition may also look at files, so it is asked again now and then.
            seen = changed
                .wait_timeout(seen, Duration::from_millis(50))
                .unwrap()
                .0;
        }
    }

    /// Waits until the screen shows a text.
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(text, |screen| screen.contents().contains(text));
    }

    /// Waits for the end of the program; its exit code.
    pub fn wait_for_end(&self) -> u32 {
        match self.ended.recv_timeout(DEADLINE) {
            Ok(status) => status.exit_code(),
            Err(_) => {
                let _ = kill_process(self.pid, Signal::KILL);
                panic!(
                    "the program did not end; the screen shows\n{}",
                    self.contents()
                );
            }
        }
    }

    /// What the screen shows.
    pub fn contents(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    /// Every byte written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    /// The process.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until the terminal is as it was: main screen, cursor shown, no paste marks, modes.
    pub fn wait_for_restored(&self) {
        self.wait_for("the terminal as it was", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && modes(&*self.pair.master) == self.modes_before
        });
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if self.ended.is_empty() && std::thread::panicking() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
        self.read_on(true);
    }
}

fn modes(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios())
}
