//! Packets of messages as bytes.

use super::super::payload::{Header, Message, PayloadError, decode, encode, put_message};
use proptest::prelude::*;

const HEADER: Header = Header {
    seq: 0x1234,
    ticks: 1_000,
    ssrc: 0xa1b2_c3d4,
};

fn whole(messages: &[Message], journal: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    let mut before = None;
    for message in messages {
        put_message(&mut list, before, message);
        before = Some(message);
    }
    encode(&HEADER, &list, journal)
}

/// A packet with this command section, whose flags are given.
fn section(flags: u8, list: &[u8]) -> Vec<u8> {
    let mut bytes = whole(&[], &[]);
    bytes.pop();
    bytes.push(flags | list.len() as u8);
    bytes.extend(list);
    bytes
}

fn heard(flags: u8, list: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, PayloadError> {
    let bytes = section(flags, list);
    let read = |message: &Message| (message.at - 1_000, message.bytes().to_vec());
    decode(&bytes).map(|packet| packet.messages.iter().map(read).collect())
}

fn any_message() -> impl Strategy<Value = Message> {
    (0..600u64, 0x80..=0xffu8, 0..128u8, 0..128u8).prop_filter_map(
        "no message",
        |(at, status, a, b)| {
            let message = |bytes: &[u8]| Message::new(1_000 + at * at, bytes);
            message(&[status, a, b])
                .or_else(|| message(&[status, a]))
                .or_else(|| message(&[status]))
        },
    )
}

#[test]
fn the_bytes_are_those_of_the_standard() {
    let on = Message::new(1_000, &[0x99, 36, 100]).unwrap();
    let off = Message::new(1_300, &[0x89, 36, 64]).unwrap();
    let front = b"\x80\xe1\x12\x34\0\0\x03\xe8\xa1\xb2\xc3\xd4";
    let bytes = whole(&[on, off], &[]);
    assert_eq!(bytes[..12], *front);
    assert_eq!(bytes[12..], [0x08, 0x99, 36, 100, 0x82, 0x2c, 0x89, 36, 64]);
    // The length grows a second byte from 16 on.
    let bytes = whole(&[on; 4], b"jou");
    assert_eq!((bytes[12], &bytes[13 + 15..]), (0x4f, &b"jou"[..]));
    let bytes = whole(&[on; 5], b"jou");
    assert_eq!(bytes[12..14], [0xc0, 19]);
    assert_eq!(bytes[14 + 19..], *b"jou");
    // Nothing to say: the marker is clear.
    assert_eq!(whole(&[], b"jou")[1], 0x61);
}

#[test]
fn every_form_of_a_list_is_read() {
    let on = vec![0x90, 60, 1];
    assert_eq!(heard(0, &[0x90, 60, 1]), Ok(vec![(0, on.clone())]));
    assert_eq!(heard(0x20, &[5, 0x90, 60, 1]), Ok(vec![(5, on.clone())]));
    // Running status, over a real-time message too, and the status left out at the source.
    let running = heard(0x10, &[0x90, 60, 1, 2, 0xf8, 0x81, 0x01, 61, 2]);
    let third = (131, vec![0x90, 61, 2]);
    assert_eq!(running, Ok(vec![(0, on.clone()), (2, vec![0xf8]), third]));
    // A piece of system exclusive is passed over, and ends running status.
    assert_eq!(
        heard(0, &[0xf0, 1, 2, 0xf7, 3, 0x90, 60, 1]),
        Ok(vec![(3, on)])
    );
    assert_eq!(
        heard(0, &[0xf0, 1, 0xf0, 3, 60, 1]),
        Err(PayloadError::Midi)
    );
    assert_eq!(heard(0, &[0xf2, 1, 2, 0]), Ok(vec![(0, vec![0xf2, 1, 2])]));
    for (wrong, why) in [
        (&[0x90, 60][..], PayloadError::Short),
        (&[60, 1], PayloadError::Midi),
        (&[0xf4], PayloadError::Midi),
        (&[0xf0, 1], PayloadError::Short),
        (&[0x90, 60, 0x91], PayloadError::Midi),
        (&[0xf8, 0x80, 0x80, 0x80, 0x80, 0, 0xf8], PayloadError::Midi),
    ] {
        assert_eq!(heard(0, wrong), Err(why), "{wrong:?}");
    }
    assert_eq!(decode(&whole(&[], &[])[..12]), Err(PayloadError::Short));
    assert_eq!(decode(&[0; 20]), Err(PayloadError::Foreign));
    assert_eq!(decode(&[0x80; 1_501]), Err(PayloadError::Long));
}

#[test]
fn what_rtp_puts_around_is_passed_over() {
    let plain = section(0, &[0x90, 60, 1]);
    let mut dressed = plain.clone();
    dressed[0] |= 0x20 | 0x10 | 2;
    // Two contributors, an extension of one word, and padding.
    let around = [0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 9, 9, 9, 9];
    dressed.splice(12..12, around);
    dressed.extend([0, 0, 3]);
    assert_eq!(decode(&dressed), decode(&plain));
    *dressed.last_mut().unwrap() = 200;
    assert_eq!(decode(&dressed), Err(PayloadError::Short));
}

#[test]
fn only_whole_messages_travel() {
    for bad in [
        &[][..],
        &[0x90, 60],
        &[0x90, 60, 128],
        &[60, 1, 2],
        &[0xf0, 1, 0xf7],
        &[0xf8, 0],
        &[0xf4],
    ] {
        assert_eq!(Message::new(0, bad), None, "{bad:?}");
    }
    for good in [
        &[0xf8][..],
        &[0xfa],
        &[0xfb],
        &[0xfc],
        &[0xf2, 1, 2],
        &[0xc0, 1],
        &[0xb9, 123, 0],
    ] {
        assert_eq!(Message::new(0, good).unwrap().bytes(), good);
    }
}

proptest! {
    #[test]
    fn a_packet_is_read_back(mut messages in prop::collection::vec(any_message(), 0..60), journal in prop::collection::vec(any::<u8>(), 0..40)) {
        messages.sort_by_key(|message| message.at);
        if let Some(first) = messages.first_mut() {
            first.at = 1_000;
        }
        let bytes = whole(&messages, &journal);
        let packet = decode(&bytes).unwrap();
        prop_assert_eq!(packet.header, HEADER);
        prop_assert_eq!(packet.messages, messages);
        prop_assert_eq!(packet.journal.unwrap_or_default(), journal);
    }

    #[test]
    fn no_bytes_are_more_than_an_error(flags in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..1_600)) {
        let _ = decode(&bytes);
        let mut own = whole(&[], &[]);
        own.pop();
        own[0] = 0x80 | flags & 0x3f;
        own.extend(bytes);
        let _ = decode(&own);
    }

    #[test]
    fn a_damaged_packet_is_an_error_or_another_packet(
        messages in prop::collection::vec(any_message(), 1..20), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = whole(&messages, b"journal");
        let at = at.index(bytes.len());
        bytes[at] = to;
        let _ = decode(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = decode(&bytes);
    }
}
