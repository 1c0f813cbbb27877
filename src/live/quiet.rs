//! [`silenced`]: system libraries that open devices write their complaints straight to the error
//! stream, past every logger, and tear the screen. What they say is kept out of the terminal and, with
//! [`captured`], given to the caller, who knows what was attempted.
//!
//! No `unsafe`: the stream is swapped by duplicating descriptors.

#[cfg(unix)]
use std::sync::{Mutex, PoisonError};

/// Runs `f` while the process's error stream leads nowhere. Whatever any thread writes to
/// it meanwhile is lost, so `f` should be short. Calls from several threads wait for each other.
pub fn silenced<T>(f: impl FnOnce() -> T) -> T {
    captured(f).0
}

/// [`silenced`], with the first 64 kB or so of what was written. Where the stream cannot be swapped, `f`
/// runs all the same and the text is empty.
#[cfg(unix)]
pub fn captured<T>(f: impl FnOnce() -> T) -> (T, String) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    match Swapped::new() {
        Ok(mut swapped) => {
            let value = f();
            let text = swapped.text();
            (value, text)
        }
        Err(_) => (f(), String::new()),
    }
}

/// [`silenced`]; on this system nothing is swapped.
#[cfg(not(unix))]
pub fn captured<T>(f: impl FnOnce() -> T) -> (T, String) {
    (f(), String::new())
}

/// The error stream leading into a pipe, until dropped.
#[cfg(unix)]
struct Swapped {
    before: std::os::fd::OwnedFd,
    pipe: std::io::PipeReader,
}

#[cfg(unix)]
impl Swapped {
    fn new() -> std::io::Result<Self> {
        let before = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
        let (reader, writer) = std::io::pipe()?;
        // Neither end ever waits: a full pipe drops the rest, an empty one is the end of the text.
        rustix::io::ioctl_fionbio(&reader, true)?;
        rustix::io::ioctl_fionbio(&writer, true)?;
        rustix::stdio::dup2_stderr(&writer)?;
        Ok(Self {
            before,
            pipe: reader,
        })
    }

    fn text(&mut self) -> String {
        use std::io::Read;
        let mut bytes = Vec::new();
        // Ends with "would block", for the stream still holds the other end.
        let _ = self.pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(unix)]
impl Drop for Swapped {
    fn drop(&mut self) {
        let _ = rustix::stdio::dup2_stderr(&self.before);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;

    /// Straight to the descriptor, as a C library does.
    fn complain(text: &str) {
        let copy = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3).unwrap();
        let _ = std::fs::File::from(copy).write_all(text.as_bytes());
    }

    #[test]
    fn complaints_go_to_the_caller() {
        let (value, text) = captured(|| {
            complain("ALSA lib: cannot find card '0'\n");
            7
        });
        assert_eq!(value, 7);
        assert!(text.contains("cannot find card"), "{text}");
        let ((), again) = captured(|| complain("second"));
        assert!(again.contains("second") && !again.contains("card"));
    }

    #[test]
    fn a_flood_of_complaints_never_blocks() {
        let line = "ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM\n";
        let ((), text) = captured(|| {
            for _ in 0..5000 {
                complain(line);
            }
        });
        assert!(text.len() >= 4096);
    }
}
