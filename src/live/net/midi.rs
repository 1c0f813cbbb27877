//! [`Midi`]: one MIDI message that may cross the network: a channel message, or one of the few system
//! messages by which a machine follows the tempo. Everything else has no form here.

/// A well-formed message of one to three bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Midi {
    bytes: [u8; 3],
    len: u8,
}

impl Midi {
    /// The message of these bytes; `None` unless they are exactly one channel message, or Song
    /// Position, Clock, Start, Continue or Stop.
    #[must_use]
    pub const fn new(bytes: &[u8]) -> Option<Self> {
        let (bytes, len) = match *bytes {
            [status @ (0xf8 | 0xfa | 0xfb | 0xfc)] => ([status, 0, 0], 1),
            [status @ 0xc0..=0xdf, a @ 0..=0x7f] => ([status, a, 0], 2),
            [
                status @ (0x80..=0xbf | 0xe0..=0xef | 0xf2),
                a @ 0..=0x7f,
                b @ 0..=0x7f,
            ] => ([status, a, b], 3),
            _ => return None,
        };
        Some(Self { bytes, len })
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Its bytes, filled up with 0, and how many they are.
    #[must_use]
    pub const fn parts(&self) -> ([u8; 3], u8) {
        (self.bytes, self.len)
    }

    /// The channel and key of a note that begins, both from 0.
    #[must_use]
    pub const fn begins(&self) -> Option<(u8, u8)> {
        match self.bytes {
            [status @ 0x90..=0x9f, key, 1..=127] => Some((status & 15, key)),
            _ => None,
        }
    }

    /// The channel and key of a note that ends.
    #[must_use]
    pub const fn ends(&self) -> Option<(u8, u8)> {
        match self.bytes {
            [status @ 0x80..=0x8f, key, _] | [status @ 0x90..=0x9f, key, 0] => {
                Some((status & 15, key))
            }
            _ => None,
        }
    }

    /// Whether a machine that follows the clock plays after this.
    #[must_use]
    pub const fn starts(&self) -> bool {
        matches!(self.bytes[0], 0xfa | 0xfb)
    }

    /// Whether a machine that follows the clock stands still after this.
    #[must_use]
    pub const fn stops(&self) -> bool {
        self.bytes[0] == 0xfc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_messages_have_a_form() {
        let good: [&[u8]; 9] = [
            &[0x99, 36, 100],
            &[0x89, 36, 0],
            &[0xc0, 5],
            &[0xd3, 127],
            &[0xef, 0, 64],
            &[0xf8],
            &[0xfa],
            &[0xfc],
            &[0xf2, 1, 2],
        ];
        for bytes in good {
            assert_eq!(Midi::new(bytes).unwrap().bytes(), bytes);
        }
        let bad: [&[u8]; 12] = [
            &[],
            &[0x99],
            &[0x99, 36],
            &[0x99, 0x80, 1],
            &[0x99, 1, 0xff],
            &[0xc0, 5, 0],
            &[0xf0, 1, 0xf7],
            &[0xff],
            &[0xfe],
            &[0xf8, 0],
            &[36, 100, 0],
            &[0x99, 36, 100, 0],
        ];
        for bytes in bad {
            assert_eq!(Midi::new(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_note_on_without_velocity_ends_a_note() {
        let midi = |bytes: &[u8]| Midi::new(bytes).unwrap();
        assert_eq!(midi(&[0x93, 40, 0]).ends(), Some((3, 40)));
        assert_eq!(midi(&[0x93, 40, 0]).begins(), None);
        assert_eq!(midi(&[0x93, 40, 1]).begins(), Some((3, 40)));
        assert_eq!(midi(&[0x8f, 40, 9]).ends(), Some((15, 40)));
        assert_eq!(midi(&[0xc3, 40]).ends(), None);
    }
}
