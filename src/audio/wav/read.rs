//! [`Wav`]: a view into the bytes of a WAV file, read as mono (Microsoft, "Multimedia Programming Interface and
//! Data Specifications 1.0", 1991, and `WAVEFORMATEXTENSIBLE`). Nothing a file says sizes anything.

/// Why bytes cannot be heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Another kind of file.
    #[error("not a WAV file: it does not begin with RIFF and WAVE")]
    NotWav,
    /// No description of the samples, or one that is cut off.
    #[error("the WAV file does not say what its samples are")]
    NoFormat,
    /// Compressed, or numbers of an odd size.
    #[error("its samples are of a kind that is not read (format {format}, {bits} bits)")]
    Format {
        /// The format's number.
        format: u16,
        /// Bits a sample.
        bits: u16,
    },
    /// No channel, or more than 64.
    #[error("it has {0} channels; 1 to 64 can be read")]
    Channels(u16),
    /// A rate that no sound has.
    #[error("its sample rate is {0} Hz; 1000 to 768000 can be read")]
    Rate(u32),
    /// No samples.
    #[error("there is no sound in it")]
    NoSound,
}

impl WavError {
    /// What a user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Empty | Self::NoSound => "record or export it again",
            Self::NotWav => "export it as WAV; other kinds of sound files are not read",
            _ => "export it as WAV with 16 or 24 bits, or 32-bit float",
        }
    }
}

/// Kinds of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned8,
    Signed16,
    Signed24,
    Signed32,
    Float32,
    Float64,
}

impl Kind {
    const fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// A sample as -1 to 1; what is no number is silence.
    fn read(self, bytes: &[u8]) -> f32 {
        let x = match (self, bytes) {
            (Self::Unsigned8, &[a]) => (f32::from(a) - 128.0) / 128.0,
            (Self::Signed16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
            (Self::Signed24, &[a, b, c]) => {
                i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0
            }
            (Self::Signed32, &[a, b, c, d]) => {
                i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0
            }
            (Self::Float32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::Float64, &[a, b, c, d, e, f, g, h]) => {
                f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32
            }
            _ => 0.0,
        };
        if x.is_finite() {
            x.clamp(-16.0, 16.0)
        } else {
            0.0
        }
    }
}

/// A WAV file's samples, where they lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wav<'a> {
    rate: u32,
    channels: usize,
    kind: Kind,
    data: &'a [u8],
}

impl<'a> Wav<'a> {
    /// Finds the samples in a file's bytes: whole numbers of 8, 16, 24 and 32 bits and floats of 32 and 64, any rate. Where the file is
    /// cut off, what is there is used.
    ///
    /// # Errors
    /// [`WavError`]: another kind of file, compressed samples, none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WavError> {
        if bytes.is_empty() {
            return Err(WavError::Empty);
        }
        if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
            return Err(WavError::NotWav);
        }
        let mut rest = bytes.get(12..).unwrap_or_default();
        let mut format = None;
        while let (Some(id), Some(&[a, b, c, d])) = (rest.get(..4), rest.get(4..8)) {
            let says = u32::from_le_bytes([a, b, c, d]) as usize;
            let content = rest.get(8..).unwrap_or_default();
            // A recorder that was switched off leaves 0 or the largest number there is.
            let streamed = id == b"data" && (says == 0 || says > content.len());
            let length = if streamed { content.len() } else { says };
            let content = content.get(..length).unwrap_or(content);
            match id {
                b"fmt " => format = Some(read_format(content)?),
                b"data" => {
                    let (rate, channels, kind) = format.ok_or(WavError::NoFormat)?;
                    let wav = Self {
                        rate,
                        channels,
                        kind,
                        data: content,
                    };
                    return if wav.frames() > 0 {
                        Ok(wav)
                    } else {
                        Err(WavError::NoSound)
                    };
                }
                _ => {}
            }
            // Chunks begin at even places.
            rest = rest.get(8 + length + length % 2..).unwrap_or_default();
        }
        Err(if format.is_some() {
            WavError::NoSound
        } else {
            WavError::NoFormat
        })
    }

    /// Samples a second.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.rate
    }

    /// Samples side by side.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// How many samples a channel has.
    #[must_use]
    pub const fn frames(&self) -> usize {
        self.data.len() / (self.channels * self.kind.bytes())
    }

    /// The mean of the channels, sample by sample.
    pub fn mono(&self) -> impl Iterator<Item = f32> + use<'a> {
        let (kind, each) = (self.kind, self.kind.bytes());
        let share = 1.0 / self.channels as f32;
        self.data
            .chunks_exact(self.channels * each)
            .map(move |frame| {
                let sum: f32 = frame.chunks_exact(each).map(|s| kind.read(s)).sum();
                sum * share
            })
    }
}

/// Rate, channels and kind of a `fmt ` chunk.
fn read_format(content: &[u8]) -> Result<(u32, usize, Kind), WavError> {
    let word = |at: usize| match content.get(at..at + 2) {
        Some(&[a, b]) => Ok(u16::from_le_bytes([a, b])),
        _ => Err(WavError::NoFormat),
    };
    let (mut format, channels, bits) = (word(0)?, word(2)?, word(14)?);
    let rate = u32::from(word(4)?) | u32::from(word(6)?) << 16;
    if format == 0xfffe {
        // The kind's number is the head of a longer name.
        format = word(24)?;
    }
    let kind = match (format, bits) {
        (1, 8) => Kind::Unsigned8,
        (1, 16) => Kind::Signed16,
        (1, 24) => Kind::Signed24,
        (1, 32) => Kind::Signed32,
        (3, 32) => Kind::Float32,
        (3, 64) => Kind::Float64,
        _ => return Err(WavError::Format { format, bits }),
    };
    if !(1..=64).contains(&channels) {
        return Err(WavError::Channels(channels));
    }
    if !(1_000..=768_000).contains(&rate) {
        return Err(WavError::Rate(rate));
    }
    Ok((rate, usize::from(channels), kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::wav::wav_bytes;

    fn file(format: u16, channels: u16, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut out = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        let frame = channels * bits / 8;
        for word in [format, channels] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&48_000u32.to_le_bytes());
        out.extend_from_slice(&(48_000 * u32::from(frame)).to_le_bytes());
        for word in [frame, bits] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(b"data");
        out.extend_from_slice(&(data.len() as u32).to_le_bytes());
        out.extend_from_slice(data);
        out
    }

    fn mono(bytes: &[u8]) -> Vec<f32> {
        Wav::parse(bytes).unwrap().mono().collect()
    }

    #[test]
    fn every_kind_of_sample_is_read() {
        assert_eq!(mono(&file(1, 1, 8, &[0, 128, 192])), [-1.0, 0.0, 0.5]);
        assert_eq!(mono(&file(1, 2, 16, &[0, 0x40, 0, 0xc0])), [0.0]);
        assert_eq!(mono(&file(1, 1, 24, &[0, 0, 0xc0])), [-0.5]);
        assert_eq!(mono(&file(1, 1, 32, &[0, 0, 0, 0x20])), [0.25]);
        assert_eq!(mono(&file(3, 1, 32, &0.75f32.to_le_bytes())), [0.75]);
        assert_eq!(mono(&file(3, 1, 64, &f64::NAN.to_le_bytes())), [0.0]);
        let own = wav_bytes(&[0.5, 0.5, -0.25, -0.25], 44_100);
        let wav = Wav::parse(&own).unwrap();
        assert_eq!(
            (wav.sample_rate(), wav.channels(), wav.frames()),
            (44_100, 2, 2)
        );
        let [a, b] = mono(&own)[..] else { panic!() };
        assert!((a - 0.5).abs() < 1e-4 && (b + 0.25).abs() < 1e-4);
    }

    #[test]
    fn what_cannot_be_heard_is_refused_and_a_cut_file_is_used_as_far_as_it_goes() {
        assert_eq!(Wav::parse(b""), Err(WavError::Empty));
        assert_eq!(Wav::parse(b"OggS and more of it"), Err(WavError::NotWav));
        assert_eq!(Wav::parse(b"RIFF\0\0\0\0WAVE"), Err(WavError::NoFormat));
        assert_eq!(Wav::parse(&file(1, 1, 16, &[])), Err(WavError::NoSound));
        assert_eq!(
            Wav::parse(&file(1, 0, 16, &[0, 0])),
            Err(WavError::Channels(0))
        );
        let adpcm = WavError::Format { format: 2, bits: 4 };
        assert_eq!(Wav::parse(&file(2, 1, 4, &[0])), Err(adpcm));
        let whole = file(1, 1, 16, &[0, 0x40, 0, 0x20, 0, 0x10]);
        for end in 0..whole.len() {
            let heard = Wav::parse(&whole[..end]).map_or(0, |w| w.mono().count());
            assert_eq!(heard, (end + 6).saturating_sub(whole.len()) / 2);
        }
    }
}
