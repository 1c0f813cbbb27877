//! [`WavFile`]: a WAV file on its way to the disk, in large pieces; its header comes once more when its length is known.
//! What the bytes are is `audio::wav`'s.

use super::Refused;
use crate::audio::wav::{push_pcm16, wav_header};
use crate::base::text::sanitize_path;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes that are written at once, about.
const PIECE: usize = 1 << 20;

/// Refuses an output that is there and cannot be a file, or that is named as MIDI files are; `flag` is what names it, with
/// a space behind it, if anything does.
///
/// # Errors
/// [`Refused`], with the path, the reason and a hint.
pub fn check(path: &Path, flag: &str) -> anyhow::Result<()> {
    let refuse = |what: &str| {
        let what = format!("{flag}{}: {what}", sanitize_path(path));
        Err(Refused::new(what, "name a file to write, for example beat.wav").into())
    };
    if path.exists() && !path.is_file() {
        return refuse("it is not a file");
    }
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if ending == "mid" || ending == "midi" {
        return refuse("that is the name of a MIDI file, and what is written is a WAV file");
    }
    Ok(())
}

/// 16-bit stereo being written.
#[derive(Debug)]
pub struct WavFile<'f> {
    file: &'f mut File,
    bytes: Vec<u8>,
    rate: u32,
    frames: u64,
}

impl<'f> WavFile<'f> {
    /// A file without sound, at a rate in Hz.
    pub fn new(file: &'f mut File, rate: u32) -> Self {
        let mut bytes = Vec::with_capacity(PIECE + (1 << 17));
        bytes.extend_from_slice(&wav_header(0, rate));
        Self {
            file,
            bytes,
            rate,
            frames: 0,
        }
    }

    /// Adds interleaved left and right samples.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn push_stereo(&mut self, samples: &[f32]) -> io::Result<()> {
        push_pcm16(samples, &mut self.bytes);
        self.frames += samples.len() as u64 / 2;
        if self.bytes.len() >= PIECE {
            self.file.write_all(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Adds samples that are heard on both sides.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn push_mono(&mut self, samples: &[f32]) -> io::Result<()> {
        let mut both = [0.0; 2048];
        for piece in samples.chunks(both.len() / 2) {
            for (frame, x) in both.chunks_exact_mut(2).zip(piece) {
                frame.fill(*x);
            }
            self.push_stereo(both.get(..2 * piece.len()).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Writes what is left, and the header; how many frames there are.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn finish(self) -> io::Result<u64> {
        self.file.write_all(&self.bytes)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&wav_header(self.frames, self.rate))?;
        Ok(self.frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::wav::wav_bytes;

    #[test]
    fn a_file_written_in_pieces_is_the_file_written_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let mono: Vec<f32> = (0..400_000).map(|n| (n as f32 * 0.01).sin()).collect();
        let mut file = File::create(&path).unwrap();
        let mut wav = WavFile::new(&mut file, 8_000);
        for piece in mono.chunks(7_001) {
            wav.push_mono(piece).unwrap();
        }
        assert_eq!(wav.finish().unwrap(), 400_000);
        let stereo: Vec<f32> = mono.iter().flat_map(|x| [*x, *x]).collect();
        assert!(std::fs::read(&path).unwrap() == wav_bytes(&stereo, 8_000));
    }
}
