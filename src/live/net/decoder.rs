//! [`Decoder`]: frames out of a stream of bytes that comes in pieces. What a frame is, is in `frame`.

use super::frame::{
    Frame, FrameError, MAGIC, MOST, MOST_NAME, MOST_TEXT, Refusal, Report, VERSION, kind,
};
use super::midi::Midi;
use crate::message::MOST_DELAY_MS;

/// Reads frames from a stream; after an error it goes on saying so.
#[derive(Debug)]
pub struct Decoder {
    frame: [u8; MOST],
    have: usize,
    broken: Option<FrameError>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            frame: [0; MOST],
            have: 0,
            broken: None,
        }
    }
}

impl Decoder {
    /// Takes bytes from the front of `input` until a frame is whole; `None` once `input` is empty.
    ///
    /// # Errors
    /// The bytes are no frame. There is no way back: where the next one begins is unknown.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let result = self.take(input);
        self.broken = result.as_ref().err().copied();
        result
    }

    fn take(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            if let Some(place) = self.frame.get_mut(self.have) {
                *place = *byte;
                self.have += 1;
            }
            let [len, kind, ..] = self.frame;
            let len = usize::from(len);
            match self.have {
                1 if len == 0 || len >= MOST => return Err(FrameError::Length),
                2 => check(kind, len)?,
                _ => {}
            }
            if self.have > len {
                self.have = 0;
                let fields = self.frame.get(2..=len).unwrap_or_default();
                return Fields(fields).frame(kind).map(Some);
            }
        }
        Ok(None)
    }
}

/// Whether a frame of this kind may have that length, its kind counted; so a stream that is
/// something else is known for it at its second byte.
fn check(kind: u8, len: usize) -> Result<(), FrameError> {
    let (least, most) = match kind {
        // Another version's may go on.
        kind::HELLO => (9, MOST),
        kind::CHALLENGE => (2, MOST),
        kind::PROOF => (49, 49),
        kind::WELCOME => (35, 35 + MOST_NAME),
        kind::REFUSE => (2, 2 + MOST_TEXT),
        kind::EVENT => (14, 16),
        kind::PING => (5, 5),
        kind::PONG => (21, 21),
        kind::REPORT => (29, 29),
        kind::OUTPUT | kind::TROUBLE => (1, 1 + MOST_TEXT),
        kind::SET_DELAY => (3, 3),
        kind::SILENCE | kind::BYE => (1, 1),
        _ => return Err(FrameError::Kind(kind)),
    };
    if (least..=most).contains(&len) {
        Ok(())
    } else {
        Err(FrameError::Length)
    }
}

/// The rest of a frame, read from the front.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn frame(mut self, kind: u8) -> Result<Frame, FrameError> {
        let frame = match kind {
            kind::HELLO => {
                if self.bytes::<7>()? != MAGIC {
                    return Err(FrameError::Magic);
                }
                self.version()?;
                Frame::Hello {
                    player: self.u64()?,
                    nonce: self.bytes()?,
                }
            }
            kind::CHALLENGE => {
                self.version()?;
                Frame::Challenge {
                    nonce: self.bytes()?,
                }
            }
            kind::PROOF => Frame::Proof {
                proof: self.bytes()?,
                heard_ns: self.u64()?,
                said_ns: self.u64()?,
            },
            kind::WELCOME => Frame::Welcome {
                proof: self.bytes()?,
                delay_ms: self.u16()?,
                output: self.text(),
            },
            kind::REFUSE => {
                let [code] = self.bytes()?;
                Frame::Refuse {
                    why: Refusal::of(code),
                    text: self.text(),
                }
            }
            kind::EVENT => Frame::Event {
                seq: u32::from_le_bytes(self.bytes()?),
                at_ns: self.u64()?,
                midi: Midi::new(self.rest()).ok_or(FrameError::Midi)?,
            },
            kind::PING => Frame::Ping {
                id: u32::from_le_bytes(self.bytes()?),
            },
            kind::PONG => Frame::Pong {
                id: u32::from_le_bytes(self.bytes()?),
                heard_ns: self.u64()?,
                said_ns: self.u64()?,
            },
            kind::REPORT => Frame::Report(Report {
                rtt_us: u32::from_le_bytes(self.bytes()?),
                delay_ms: self.u16()?,
                wanted_ms: self.u16()?,
                played: self.u64()?,
                late: self.u64()?,
                p99_late_us: u32::from_le_bytes(self.bytes()?),
            }),
            kind::OUTPUT => Frame::Output(self.text()),
            kind::TROUBLE => Frame::Trouble(self.text()),
            kind::SET_DELAY => match self.u16()? {
                ms @ 0..=MOST_DELAY_MS => Frame::SetDelay { ms },
                _ => return Err(FrameError::Range),
            },
            kind::SILENCE => Frame::Silence,
            kind::BYE => Frame::Bye,
            _ => return Err(FrameError::Kind(kind)),
        };
        if self.0.is_empty() {
            Ok(frame)
        } else {
            Err(FrameError::Length)
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(FrameError::Length)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn u16(&mut self) -> Result<u16, FrameError> {
        self.bytes().map(u16::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, FrameError> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn version(&mut self) -> Result<(), FrameError> {
        match self.bytes()? {
            [VERSION] => Ok(()),
            [other] => Err(FrameError::Version(other)),
        }
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// A text from outside: whoever shows it sanitises it.
    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.rest()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn midi() -> impl Strategy<Value = Midi> {
        (any::<u8>(), 0..128u8, 0..128u8).prop_filter_map("no message", |(status, a, b)| {
            let whole = [status, a, b];
            (1..=3).find_map(|len| Midi::new(&whole[..len]))
        })
    }

    fn frame() -> impl Strategy<Value = Frame> {
        let text = || "[a-zäöü太 ]{0,30}";
        prop_oneof![
            any::<(u64, [u8; 16])>().prop_map(|(player, nonce)| Frame::Hello { player, nonce }),
            any::<[u8; 16]>().prop_map(|nonce| Frame::Challenge { nonce }),
            any::<([u8; 32], u64, u64)>().prop_map(|(proof, heard_ns, said_ns)| Frame::Proof {
                proof,
                heard_ns,
                said_ns
            }),
            (any::<([u8; 32], u16)>(), "[a-z ]{0,64}").prop_map(|((proof, delay_ms), output)| {
                Frame::Welcome {
                    proof,
                    delay_ms,
                    output,
                }
            }),
            (any::<u8>(), text()).prop_map(|(code, text)| Frame::Refuse {
                why: Refusal::of(code),
                text
            }),
            (any::<(u32, u64)>(), midi()).prop_map(|((seq, at_ns), midi)| Frame::Event {
                seq,
                at_ns,
                midi
            }),
            any::<u32>().prop_map(|id| Frame::Ping { id }),
            any::<(u32, u64, u64)>().prop_map(|(id, heard_ns, said_ns)| Frame::Pong {
                id,
                heard_ns,
                said_ns
            }),
            any::<(u32, u16, u16, u64, u64, u32)>().prop_map(|(a, b, c, d, e, f)| {
                Frame::Report(Report {
                    rtt_us: a,
                    delay_ms: b,
                    wanted_ms: c,
                    played: d,
                    late: e,
                    p99_late_us: f,
                })
            }),
            text().prop_map(Frame::Output),
            text().prop_map(Frame::Trouble),
            (0..=MOST_DELAY_MS).prop_map(|ms| Frame::SetDelay { ms }),
            Just(Frame::Silence),
            Just(Frame::Bye),
        ]
    }

    /// Every frame in `bytes`, fed in pieces that end at `cuts`.
    fn read(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Frame>, FrameError> {
        let (mut decoder, mut frames, mut from) = (Decoder::default(), Vec::new(), 0);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        ends.push(bytes.len());
        ends.sort_unstable();
        for end in ends {
            let mut piece = &bytes[from..end];
            from = end;
            while let Some(frame) = decoder.next(&mut piece)? {
                frames.push(frame);
            }
            assert!(piece.is_empty(), "all of it is taken");
        }
        Ok(frames)
    }

    proptest! {
        #[test]
        fn what_is_said_is_heard_in_whatever_pieces(
            frames in vec(frame(), 0..20),
            cuts in vec(any::<usize>(), 0..40),
        ) {
            let mut bytes = Vec::new();
            for frame in &frames {
                let before = bytes.len();
                frame.encode(&mut bytes);
                prop_assert!(bytes.len() - before <= MOST);
            }
            prop_assert_eq!(read(&bytes, &cuts), Ok(frames));
        }

        #[test]
        fn no_input_kills_the_program(
            bytes in vec(any::<u8>(), 0..400),
            cuts in vec(any::<usize>(), 0..9),
        ) {
            let _ = read(&bytes, &cuts);
        }

        #[test]
        fn a_frame_with_a_wrong_byte_is_another_frame_or_an_error(
            frame in frame(),
            at in any::<usize>(),
            wrong in any::<u8>(),
            rest in vec(any::<u8>(), 0..130),
        ) {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            let at = at % bytes.len();
            bytes[at] = wrong;
            bytes.extend(rest);
            if let Ok(frames) = read(&bytes, &[]) {
                for frame in frames {
                    let mut again = Vec::new();
                    frame.encode(&mut again);
                    // Bytes that are no text may grow by being replaced, and are cut then.
                    prop_assert!(again.len() <= MOST);
                }
            }
        }
    }

    #[test]
    fn something_else_is_known_at_its_second_byte() {
        for (bytes, error) in [
            (&b"GET / HTTP/1.1"[..], FrameError::Kind(b'E')),
            (b"SSH-2.0-OpenSSH", FrameError::Kind(b'S')),
            (&[0], FrameError::Length),
            (&[255], FrameError::Length),
            (&[90, 6], FrameError::Length),
        ] {
            assert_eq!(read(bytes, &[1]), Err(error));
        }
        let mut decoder = Decoder::default();
        let mut bytes: &[u8] = &[0];
        assert_eq!(decoder.next(&mut bytes), Err(FrameError::Length));
        let mut good: &[u8] = &[1, 13];
        assert_eq!(decoder.next(&mut good), Err(FrameError::Length), "for good");
    }

    #[test]
    fn another_version_is_told_from_something_else() {
        let mut hello = Vec::new();
        let nonce = [7; 16];
        Frame::Hello { player: 1, nonce }.encode(&mut hello);
        hello[9] = 2;
        assert_eq!(read(&hello, &[]), Err(FrameError::Version(2)));
        hello[3] = b'X';
        assert_eq!(read(&hello, &[]), Err(FrameError::Magic));
    }

    #[test]
    fn numbers_out_of_range_are_errors() {
        assert_eq!(read(&[3, 12, 0xd1, 0x07], &[]), Err(FrameError::Range));
        let mut event = Vec::new();
        let midi = Midi::new(&[0x99, 36, 100]).unwrap();
        let (seq, at_ns) = (1, 2);
        Frame::Event { seq, at_ns, midi }.encode(&mut event);
        let last = event.len() - 1;
        event[last] = 0x80;
        assert_eq!(read(&event, &[]), Err(FrameError::Midi));
    }
}
