//! The thread that writes to the terminal. The mailbox is unbounded in type and one frame
//! deep in use: [`Writer::busy`] is asked before a frame is drawn, so a frame is never drawn on top
//! of one that may not arrive (frames are differences).

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rustix::fd::OwnedFd;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct Parcel {
    bytes: Vec<u8>,
    done: Sender<()>,
}

/// The near side of the thread.
pub struct Writer {
    parcels: Sender<Parcel>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the thread; `written` is called after each parcel with whether it went out.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(output: OwnedFd, written: impl Fn(bool) + Send + 'static) -> io::Result<Self> {
        let (parcels, inbox) = unbounded::<Parcel>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&waiting);
        std::thread::Builder::new()
            .name("terminal".into())
            .spawn(move || {
                let mut output = File::from(output);
                for parcel in inbox {
                    let sent = write_whole(&mut output, &parcel.bytes);
                    count.fetch_sub(1, Ordering::AcqRel);
                    let _ = parcel.done.try_send(());
                    written(sent.is_ok());
                }
            })?;
        Ok(Self { parcels, waiting })
    }

    /// Whether something is still on its way.
    pub fn busy(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Hands bytes over; the receiver hears when they are written (or failed to be).
    pub fn send(&self, bytes: Vec<u8>) -> Receiver<()> {
        let (done, heard) = bounded(1);
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let _ = self.parcels.send(Parcel { bytes, done });
        heard
    }
}

/// Writes all of it, also where another program left the terminal non-blocking.
fn write_whole(output: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_reader_that_stopped_never_blocks_the_sender() {
        let (mut reader, pipe) = io::pipe().unwrap();
        let (tell, told) = unbounded();
        let writer = Writer::start(pipe.into(), move |ok| tell.send(ok).unwrap()).unwrap();
        let frame = vec![b'x'; 1 << 20];
        let done = writer.send(frame.clone());
        assert!(writer.busy(), "more than a pipe holds is still on its way");
        assert!(done.try_recv().is_err());
        let mut read = vec![0; frame.len()];
        reader.read_exact(&mut read).unwrap();
        done.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(told.recv_timeout(Duration::from_secs(10)).unwrap());
        assert!(!writer.busy());
        drop(reader);
        let _ = writer.send(b"y".to_vec());
        let gone = told.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(!gone, "a reader that went away is noticed");
    }
}
