//! What `receive` says: on a terminal one line that is rewritten, elsewhere a line whenever something
//! changes. Keys are read here too, as both need the terminal.

use super::{Wish, pressed};
use crate::base::text::sanitize;
use crate::live::net::frame::Refusal;
use crate::live::net::guest::End;
use crate::live::net::receiver::{Notice, Status};
use crate::message::Realtime;
use crate::runtime::tokens;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often the line of a terminal is rewritten while nothing else happens.
const EVERY: Duration = Duration::from_secs(1);
/// The same refusal again so soon is not news.
const QUIET: Duration = Duration::from_secs(10);
/// Receivers that are themselves this late, in microseconds, are too busy.
const LATE_US: u32 = 5_000;

/// Gives the terminal back as it was; may be called from anywhere.
pub(super) fn give_back() {
    let _ = disable_raw_mode();
}

/// Where it is said.
#[derive(Default)]
pub(super) struct Screen {
    /// Raw mode is on: keys come one by one, lines end with both signs.
    raw: bool,
    /// What stands on the line that is rewritten.
    line: String,
    written: Option<Instant>,
    /// What was said of the output and of the priority last.
    trouble: String,
    priority: Option<bool>,
    last_refusal: Option<(String, Instant)>,
    last_delay: Option<u16>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.raw {
            give_back();
        }
    }
}

impl Screen {
    /// Says what goes on here and what to do on the other machine, and takes the keys.
    pub(super) fn open(
        &mut self,
        problems: &[String],
        address: SocketAddr,
        output: &str,
        delay_ms: u16,
        token: Option<&str>,
    ) -> io::Result<()> {
        let mut text = String::new();
        for problem in problems {
            text.push_str(&format!("note: {}\n", sanitize(problem)));
        }
        text.push_str(&opening(address, output, delay_ms, token));
        io::stdout().write_all(text.as_bytes())?;
        self.raw =
            io::stdin().is_terminal() && io::stdout().is_terminal() && enable_raw_mode().is_ok();
        if self.raw {
            self.print("  + and - change the delay, q ends\r\n")?;
        }
        self.last_delay = Some(delay_ms);
        Ok(())
    }

    /// Waits for a key, if there are keys.
    pub(super) fn key(&mut self, wait: Duration) -> Option<Wish> {
        if !self.raw {
            std::thread::sleep(wait);
            return None;
        }
        let start = Instant::now();
        let pressed = pressed(wait);
        if pressed.is_err() {
            // A terminal that is gone; its signal follows.
            std::thread::sleep(wait.saturating_sub(start.elapsed()));
        }
        pressed.ok().flatten()
    }

    /// Says that a player came, went or was refused.
    pub(super) fn notice(&mut self, notice: &Notice) -> io::Result<()> {
        if matches!(notice, Notice::Refused(..)) {
            let text = news(notice);
            let recently = self.last_refusal.as_ref().is_some_and(|(last, at)| {
                last.split_once(": ").map(|(_, why)| why)
                    == text.split_once(": ").map(|(_, why)| why)
                    && at.elapsed() < QUIET
            });
            if recently {
                return Ok(());
            }
            self.last_refusal = Some((text, Instant::now()));
        }
        self.say(&news(notice))
    }

    /// Says how it goes, where that is to be said now.
    pub(super) fn status(
        &mut self,
        status: &Status,
        realtime: Option<&Realtime>,
        now: Instant,
    ) -> io::Result<()> {
        if self.trouble != status.health.trouble {
            self.trouble.clone_from(&status.health.trouble);
            let text = match self.trouble.as_str() {
                "" => format!("{} is open", sanitize(&status.health.output)),
                trouble => format!("note: {}", sanitize(trouble)),
            };
            self.say(&text)?;
        }
        if let (None, Some(Realtime::Refused(why))) = (self.priority, realtime) {
            self.priority = Some(false);
            self.say(&format!(
                "note: no real-time priority, notes may be late on a busy machine: {}",
                sanitize(why)
            ))?;
        }
        let turned = self.last_delay != Some(status.report.delay_ms);
        if turned {
            self.last_delay = Some(status.report.delay_ms);
            if !self.raw {
                self.say(&format!("delay {} ms", status.report.delay_ms))?;
            }
        }
        let due = self
            .written
            .is_none_or(|at| now.duration_since(at) >= EVERY);
        if self.raw && (due || turned) {
            self.written = Some(now);
            self.rewrite(&line(status))?;
        }
        Ok(())
    }

    /// Ends the line that is rewritten and gives the terminal back.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.raw) {
            self.print("\r\n")?;
            give_back();
        }
        Ok(())
    }

    /// A line of its own, above the one that is rewritten.
    fn say(&mut self, text: &str) -> io::Result<()> {
        if !self.raw {
            return self.print(&format!("{text}\n"));
        }
        let line = std::mem::take(&mut self.line);
        self.print(&format!("\r\x1b[K{text}\r\n"))?;
        self.rewrite(&line)
    }

    fn rewrite(&mut self, line: &str) -> io::Result<()> {
        let width = size().map_or(80, |(columns, _)| usize::from(columns.max(2)));
        let fits: String = line.chars().take(width - 1).collect();
        self.print(&format!("\r\x1b[K{fits}"))?;
        self.line = line.to_owned();
        Ok(())
    }

    fn print(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

/// The first words.
fn opening(address: SocketAddr, output: &str, delay_ms: u16, token: Option<&str>) -> String {
    let port = address.port();
    let variable = tokens::VARIABLE;
    let token_line = token.map_or_else(
        || "the token is the one you gave".to_owned(),
        |token| format!("token {token}"),
    );
    let token = token.unwrap_or("...");
    let (tunnel, host) = if address.ip().is_loopback() {
        let tunnel = format!("    ssh -R {port}:{address} GPU-BOX\n");
        (tunnel, format!("127.0.0.1:{port}"))
    } else if address.ip().is_unspecified() {
        (String::new(), format!("THIS-MACHINE:{port}"))
    } else {
        (String::new(), address.to_string())
    };
    format!(
        "waiting at {address}, playing into {}, everything {delay_ms} ms after its time\n{token_line}\n\
         on the machine that generates:\n{tunnel}    {variable}={token} beatgen-tui --midi-out tcp://{host}\n",
        sanitize(output)
    )
}

fn news(notice: &Notice) -> String {
    match notice {
        Notice::Joined(from) => format!("a player joined from {from}"),
        Notice::Left(_, end) => format!("the player left: {}; all notes are closed", why(end)),
        Notice::Refused(from, End::Cut | End::Bye) => {
            format!("refused {from}: it went away without the token")
        }
        Notice::Refused(from, end) => format!("refused {from}: {}", why(end)),
    }
}

fn why(end: &End) -> String {
    match end {
        End::Bye => "it ended".into(),
        End::Cut => "the line was cut".into(),
        End::Refused(Refusal::Token, _) => {
            "a wrong token; the right one is shown above, or was given with the start".into()
        }
        End::Refused(_, text) => sanitize(text),
    }
}

/// The line that is rewritten.
fn line(status: &Status) -> String {
    let report = &status.report;
    let output = sanitize(&status.health.output);
    let state = if status.health.trouble.is_empty() {
        "ok"
    } else {
        "LOST"
    };
    if !status.joined {
        let delay = report.delay_ms;
        return format!("no player yet | delay {delay} ms | {output} {state}");
    }
    let advice = if report.late > 0 && report.wanted_ms > report.delay_ms {
        format!(" (press + up to {})", report.wanted_ms)
    } else if report.p99_late_us >= LATE_US {
        " (this machine is too busy)".to_owned()
    } else {
        String::new()
    };
    format!(
        "{} events | late {} | delay {} ms{advice} | round trip {:.1} ms | jitter p99 {:.2} ms | {output} {state}",
        report.played,
        report.late,
        report.delay_ms,
        f64::from(report.rtt_us) / 1e3,
        f64::from(report.p99_late_us) / 1e3,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::net::frame::Report;
    use crate::live::net::house::Health;

    #[test]
    fn the_first_words_can_be_pasted_on_the_other_machine() {
        let text = opening(([127, 0, 0, 1], 7374).into(), "TR-8S", 40, Some("abc-def"));
        assert!(
            text.contains("ssh -R 7374:127.0.0.1:7374 GPU-BOX"),
            "{text}"
        );
        assert!(
            text.contains("BEATGEN_TOKEN=abc-def beatgen-tui --midi-out tcp://127.0.0.1:7374"),
            "{text}"
        );
        let text = opening(([0, 0, 0, 0], 7373).into(), "x\x1b[2J", 40, None);
        assert!(!text.contains("ssh") && !text.contains('\x1b'), "{text}");
        assert!(text.contains("tcp://THIS-MACHINE:7373"), "{text}");
    }

    #[test]
    fn the_line_says_what_to_do() {
        let mut status = Status {
            joined: true,
            report: Report {
                rtt_us: 41_250,
                delay_ms: 40,
                wanted_ms: 65,
                played: 1_918,
                late: 25,
                p99_late_us: 383,
            },
            health: Health {
                output: "TR-8S\x1b".into(),
                ..Health::default()
            },
        };
        assert_eq!(
            line(&status),
            "1918 events | late 25 | delay 40 ms (press + up to 65) | round trip 41.2 ms | jitter p99 0.38 ms | TR-8S\u{fffd} ok"
        );
        status.joined = false;
        status.health.trouble = "it is gone".into();
        assert_eq!(
            line(&status),
            "no player yet | delay 40 ms | TR-8S\u{fffd} LOST"
        );
    }
}
