//! Samples as the bytes of a WAV file, and back. The files themselves are the caller's.

mod read;

pub use read::{Wav, WavError};

/// A 16-bit PCM WAV file of interleaved stereo samples (Microsoft, "Multimedia Programming Interface and
/// Data Specifications 1.0", 1991). Samples beyond ±1 are held there; what would not fit the format's 4 GB
/// is left out.
#[must_use]
pub fn wav_bytes(stereo: &[f32], sample_rate: u32) -> Vec<u8> {
    const CHANNELS: u16 = 2;
    const FRAME_BYTES: u16 = 4;
    const MOST: usize = (u32::MAX as usize - 64) / FRAME_BYTES as usize;
    let frames = (stereo.len() / 2).min(MOST);
    let data_bytes = frames as u32 * u32::from(FRAME_BYTES);
    let mut out = Vec::with_capacity(44 + data_bytes as usize);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16u32.to_le_bytes());
    out.extend_from_slice(&1u16.to_le_bytes());
    out.extend_from_slice(&CHANNELS.to_le_bytes());
    out.extend_from_slice(&sample_rate.to_le_bytes());
    out.extend_from_slice(
        &sample_rate
            .saturating_mul(u32::from(FRAME_BYTES))
            .to_le_bytes(),
    );
    out.extend_from_slice(&FRAME_BYTES.to_le_bytes());
    out.extend_from_slice(&16u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&data_bytes.to_le_bytes());
    for sample in stereo.iter().take(2 * frames) {
        let whole = (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
        out.extend_from_slice(&whole.to_le_bytes());
    }
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
}
