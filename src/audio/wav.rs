//! Samples as the bytes of a WAV file, and back. The files themselves are the caller's.

mod read;

pub use read::{Wav, WavError};

/// Bytes of the header.
pub const HEADER: usize = 44;

const CHANNELS: u16 = 2;
const FRAME_BYTES: u16 = 4;

/// The most frames that a file can hold, for its sizes are 32-bit numbers: 6 h 45 min at 44,100 Hz.
pub const MOST_FRAMES: u64 = (u32::MAX as u64 - 64) / FRAME_BYTES as u64;

/// The header of a 16-bit PCM WAV file of `frames` stereo frames (Microsoft, "Multimedia Programming Interface and
/// Data Specifications 1.0", 1991); more than [`MOST_FRAMES`] count as so many.
#[must_use]
pub fn wav_header(frames: u64, sample_rate: u32) -> [u8; HEADER] {
    let data_bytes = frames.min(MOST_FRAMES) as u32 * u32::from(FRAME_BYTES);
    let mut out = [0; HEADER];
    let mut rest = out.as_mut_slice();
    let fields: [&[u8]; 11] = [
        b"RIFF",
        &(36 + data_bytes).to_le_bytes(),
        b"WAVEfmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &CHANNELS.to_le_bytes(),
        &sample_rate.to_le_bytes(),
        &sample_rate
            .saturating_mul(u32::from(FRAME_BYTES))
            .to_le_bytes(),
        &FRAME_BYTES.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
    ];
    for field in fields {
        let (now, later) = rest.split_at_mut(field.len());
        now.copy_from_slice(field);
        rest = later;
    }
    rest.copy_from_slice(&data_bytes.to_le_bytes());
    out
}

/// Adds samples as 16-bit PCM to `out`; those beyond ±1 are held there, what is no number is silence.
pub fn push_pcm16(samples: &[f32], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * samples.len(), 0);
    let bytes = out.get_mut(start..).unwrap_or_default();
    for (bytes, sample) in bytes.chunks_exact_mut(2).zip(samples) {
        let scaled = sample.clamp(-1.0, 1.0) * 32_767.0;
        // Half away from zero, as `round` does, in steps that a vector unit has.
        let whole = scaled as i32;
        let part = scaled - whole as f32;
        let rounded = whole + i32::from(part >= 0.5) - i32::from(part <= -0.5);
        bytes.copy_from_slice(&(rounded as i16).to_le_bytes());
    }
}

/// A 16-bit PCM WAV file of interleaved stereo samples. Samples beyond ±1 are held there; what would not fit the
/// format's 4 GB is left out.
#[must_use]
pub fn wav_bytes(stereo: &[f32], sample_rate: u32) -> Vec<u8> {
    let frames = (stereo.len() / 2).min(MOST_FRAMES as usize);
    let mut out = Vec::with_capacity(HEADER + 4 * frames);
    out.extend_from_slice(&wav_header(frames as u64, sample_rate));
    push_pcm16(stereo.get(..2 * frames).unwrap_or_default(), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_truth() {
        let bytes = wav_bytes(&[0.0, 1.0, -1.0, 2.0], 44_100);
        assert_eq!(bytes.len(), 52);
        assert_eq!(bytes[4..8], 44u32.to_le_bytes());
        assert_eq!(bytes[24..28], 44_100u32.to_le_bytes());
        assert_eq!(bytes[40..44], 8u32.to_le_bytes());
        assert_eq!(bytes[44..], [0, 0, 0xff, 0x7f, 0x01, 0x80, 0xff, 0x7f]);
    }

    #[test]
    fn samples_are_rounded_to_the_nearest() {
        let samples: Vec<f32> = (-40_000..40_000)
            .map(|n| n as f32 / 39_999.0 * 1.01)
            .chain([0.5 / 32_767.0, -1.5 / 32_767.0, f32::NAN, f32::INFINITY])
            .collect();
        let mut out = vec![7];
        push_pcm16(&samples, &mut out);
        for (sample, bytes) in samples.iter().zip(out[1..].chunks_exact(2)) {
            let expected = (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
            assert_eq!(bytes, expected.to_le_bytes(), "{sample}");
        }
    }
}
