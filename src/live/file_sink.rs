//! [`FileSink`], the output `file:PATH`: a log with one line `scheduled_ns sent_ns hexbytes` a
//! message, from which every timing figure can be read; and [`RingSink`] below it, a sink that
//! only fills a ring.

use super::sink::{MidiSink, OpenError, SinkError};
use crate::base::text::sanitize_path;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

/// One message as a sink took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// When it was due.
    pub scheduled_ns: u64,
    /// When it went out.
    pub sent_ns: u64,
    bytes: [u8; 3],
    len: u8,
}

impl SentMessage {
    /// The MIDI bytes, at most three.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Puts every message into a ring; whoever holds the other end reads them in order.
#[derive(Debug)]
pub struct RingSink {
    name: String,
    ring: rtrb::Producer<SentMessage>,
}

impl RingSink {
    /// A sink and the end it is read from, with room for `capacity` messages.
    #[must_use]
    pub fn new(name: &str, capacity: usize) -> (Self, rtrb::Consumer<SentMessage>) {
        let (ring, out) = rtrb::RingBuffer::new(capacity);
        let name = crate::base::text::sanitize(name);
        (Self { name, ring }, out)
    }
}

impl MidiSink for RingSink {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        if self.ring.is_abandoned() {
            return Err(SinkError::Lost);
        }
        let mut message = SentMessage {
            scheduled_ns,
            sent_ns: now_ns,
            bytes: [0; 3],
            len: bytes.len().min(3) as u8,
        };
        message
            .bytes
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        self.ring.push(message).map_err(|_| SinkError::Full)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// How many messages wait for the disk at most: seconds of the busiest drumming.
const WAITING: usize = 16_384;

/// How often the log is written.
const EVERY: Duration = Duration::from_millis(20);

/// A log of every message. The real-time thread fills a ring, a thread of the sink's own writes
/// the file; dropping the sink waits until all is written and synced.
#[derive(Debug)]
pub struct FileSink {
    // Dropped first, which tells the writer to finish.
    ring: Option<RingSink>,
    name: String,
    writer: Option<JoinHandle<()>>,
}

impl FileSink {
    /// Opens the log. With `append`, goes on at the end of what is there; without, a file of that
    /// name is first moved to the next free `stem.1.ext`, `stem.2.ext`, ... Pipes and devices are
    /// written to as they are.
    ///
    /// # Errors
    /// If the file cannot be opened or the old one cannot be kept.
    pub fn create(path: &Path, append: bool) -> Result<Self, OpenError> {
        let refuse = |e: io::Error| {
            OpenError::new(
                &format!("cannot log to {}: {e}", sanitize_path(path)),
                "give a file in a folder that you can write to, as in file:beat.log",
            )
        };
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(refuse)?;
        }
        if !append {
            keep_old(path).map_err(refuse)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(refuse)?;
        let name = format!("file:{}", sanitize_path(path));
        let (ring, out) = RingSink::new(&name, WAITING);
        let writer = std::thread::Builder::new()
            .name("midi-log".into())
            .spawn(move || write_log(file, out))
            .map_err(refuse)?;
        Ok(Self {
            ring: Some(ring),
            name,
            writer: Some(writer),
        })
    }
}

impl MidiSink for FileSink {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        match &mut self.ring {
            Some(ring) => ring.send(scheduled_ns, now_ns, bytes),
            None => Err(SinkError::Lost),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        self.ring = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Writes until the sink is dropped and the ring is empty. An error of the file system ends it,
/// which the sink then reports as lost.
fn write_log(mut file: File, mut ring: rtrb::Consumer<SentMessage>) {
    let mut text = String::new();
    loop {
        // Asked before reading: what was sent before the end is read below.
        let last = ring.is_abandoned();
        text.clear();
        while let Ok(message) = ring.pop() {
            push_line(&mut text, &message);
        }
        if !text.is_empty() && file.write_all(text.as_bytes()).is_err() {
            return;
        }
        if last {
            let _ = file.sync_all();
            return;
        }
        std::thread::sleep(EVERY);
    }
}

fn push_line(text: &mut String, message: &SentMessage) {
    use std::fmt::Write as _;
    let _ = write!(text, "{} {} ", message.scheduled_ns, message.sent_ns);
    for byte in message.bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
}

/// Moves a regular file out of the way without ever overwriting another.
fn keep_old(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() > 0 => {}
        _ => return Ok(()),
    }
    for n in 1..100_000u32 {
        let kept = numbered(path, n);
        match fs::hard_link(path, &kept) {
            Ok(()) => return fs::remove_file(path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            // A file system without hard links: take the name by creating it.
            Err(_) => match File::create_new(&kept) {
                Ok(_) => return fs::rename(path, &kept),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            },
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        "too many old logs of this name",
    ))
}

fn numbered(path: &Path, n: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(match path.extension() {
        Some(ext) => format!("{stem}.{n}.{}", ext.to_string_lossy()),
        None => format!("{stem}.{n}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_holds_every_message_and_keeps_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs/beat.log");
        let mut sink = FileSink::create(&path, false).unwrap();
        for n in 0..5_000u64 {
            sink.send(n, n + 7, &[0x99, 36, (n % 127) as u8]).unwrap();
        }
        drop(sink);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 5_000);
        assert_eq!(text.lines().nth(26), Some("26 33 99241a"));
        let mut sink = FileSink::create(&path, true).unwrap();
        sink.send(1, 2, &[0xb9, 123, 0]).unwrap();
        drop(sink);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5_001);
        drop(FileSink::create(&path, false).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
        let kept = fs::read_to_string(path.with_file_name("beat.1.log")).unwrap();
        assert_eq!(kept.lines().last(), Some("1 2 b97b00"));
        let error = FileSink::create(dir.path(), false).unwrap_err();
        assert!(error.reason.contains("cannot log to"), "{error}");
    }

    #[test]
    fn a_full_ring_refuses_and_a_read_one_takes_again() {
        let (mut sink, mut out) = RingSink::new("test", 1);
        sink.send(1, 1, &[0x99, 36, 1]).unwrap();
        assert_eq!(sink.send(2, 2, &[0x99, 36, 1]), Err(SinkError::Full));
        assert_eq!(out.pop().unwrap().bytes(), [0x99, 36, 1]);
        sink.send(2, 2, &[0x99, 36, 1]).unwrap();
        drop(out);
        assert_eq!(sink.send(3, 3, &[0x99, 36, 1]), Err(SinkError::Lost));
    }
}
