//! Lost packets: what the journal makes good.

use super::super::payload::{Message, TICK_NS, decode};
use super::super::receiver::{Receiver, apply, read_journal};
use super::super::stream::Stream;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

const MS: u64 = 1_000_000;

fn send(stream: &mut Stream, now_ns: u64, messages: &[&[u8]]) -> Vec<u8> {
    let message = |bytes: &&[u8]| Message::new(now_ns / TICK_NS, bytes).unwrap();
    let mut waiting: VecDeque<Message> = messages.iter().map(message).collect();
    let packet = stream.next(&mut waiting, now_ns).unwrap();
    assert!(waiting.is_empty());
    packet
}

#[test]
fn a_lost_note_on_is_recovered_by_the_guard() {
    let mut stream = Stream::new(1, 0xfffe);
    let mut receiver = Receiver::default();
    receiver.take(&send(&mut stream, 0, &[&[0x99, 36, 100], &[0x89, 36, 64]]));
    // Lost, and the numbers wrap here.
    let _ = send(&mut stream, 100 * MS, &[&[0x99, 38, 77]]);
    assert_eq!(stream.guard(105 * MS), None);
    receiver.take(&stream.guard(110 * MS).unwrap());
    assert_eq!(receiver.recovered, [(38, 77)]);
    assert_eq!(receiver.sounding, BTreeMap::from([((9, 38), 77)]));
    // Heard a second time, it changes nothing.
    receiver.take(&stream.guard(150 * MS).unwrap());
    assert_eq!(receiver.recovered.len(), 1);
}

#[test]
fn a_note_that_is_long_over_is_not_played_again() {
    let mut stream = Stream::new(1, 0);
    let mut receiver = Receiver::default();
    receiver.take(&send(&mut stream, 0, &[&[0x99, 36, 100]]));
    let _ = send(&mut stream, 100 * MS, &[&[0x99, 38, 77]]);
    receiver.take(&send(&mut stream, 300 * MS, &[&[0x99, 40, 1]]));
    assert_eq!(receiver.recovered, []);
    // It is known to sound all the same.
    assert_eq!(receiver.sounding.len(), 3);
}

#[test]
fn a_lost_note_off_never_leaves_a_note_hanging() {
    for ending in [
        &[0x89, 36, 64][..],
        &[0x99, 36, 0],
        &[0xb9, 123, 0],
        &[0xb9, 120, 0],
    ] {
        let mut stream = Stream::new(1, 0);
        let mut receiver = Receiver::default();
        // The peer has confirmed that it sounds, so that no log of it is left.
        let heard = receiver.take(&send(&mut stream, 0, &[&[0x99, 36, 100]]));
        stream.heard(heard);
        let _ = send(&mut stream, 100 * MS, &[ending]);
        receiver.take(&stream.guard(110 * MS).unwrap());
        assert!(receiver.sounding.is_empty(), "{ending:?}");
    }
}

#[test]
fn the_checkpoint_follows_what_the_peer_has_heard() {
    let mut stream = Stream::new(1, 100);
    let journal = |packet: &[u8]| read_journal(decode(packet).unwrap().journal.unwrap());
    let (checkpoint, channels) = journal(&send(&mut stream, 0, &[&[0x99, 36, 100]]));
    assert_eq!((checkpoint, channels.len()), (100, 0));
    let (checkpoint, channels) = journal(&send(&mut stream, MS, &[&[0x92, 40, 9], &[0x89, 36, 0]]));
    assert_eq!((checkpoint, channels.len()), (101, 1));
    let log = &channels[0];
    assert_eq!((log.channel, &log.on[..]), (9, &[(36, 100, true)][..]));
    assert_eq!(
        (log.old, log.old_offs, &log.old_logs[..]),
        (false, true, &[false][..])
    );
    let (_, channels) = journal(&send(&mut stream, MS, &[&[0xf8]]));
    assert_eq!(
        channels.iter().map(|log| log.channel).collect::<Vec<_>>(),
        [2, 9]
    );
    assert_eq!(
        (&channels[1].off[..], channels[1].old_offs),
        (&[36][..], false)
    );
    // The packet before was the clock: all of it is old.
    let (_, channels) = journal(&send(&mut stream, MS, &[&[0xf8]]));
    assert!(channels.iter().all(|log| log.old && log.old_offs));
    // Neither a packet that never was nor an old one is believed.
    stream.heard(105);
    stream.heard(100);
    let (checkpoint, channels) = journal(&send(&mut stream, MS, &[&[0xf8]]));
    assert_eq!((checkpoint, channels.len()), (101, 2));
    stream.heard(102);
    let (checkpoint, channels) = journal(&send(&mut stream, MS, &[&[0xf8]]));
    assert_eq!((checkpoint, channels.len()), (103, 0));
    assert_eq!(stream.repeat(MS), None);
}

#[test]
fn guards_come_less_and_less_and_end() {
    let mut stream = Stream::new(1, 0);
    let _ = send(&mut stream, 0, &[&[0x99, 36, 100]]);
    let times: Vec<u64> = (0..10_000)
        .filter(|ms| stream.guard(ms * MS).is_some())
        .collect();
    assert_eq!(times, [10, 50, 200, 700, 2_200]);
    // The clock needs none, and a peer that confirms needs none.
    let mut stream = Stream::new(1, 0);
    let _ = send(&mut stream, 0, &[&[0xf8]]);
    assert!((0..10_000).all(|ms| stream.guard(ms * MS).is_none()));
    let _ = send(&mut stream, 0, &[&[0x99, 36, 100]]);
    stream.heard(2);
    assert!((0..10_000).all(|ms| stream.guard(ms * MS).is_none()));
}

#[test]
fn packets_stay_small_whatever_sounds() {
    let mut stream = Stream::new(1, 0);
    let mut waiting = VecDeque::new();
    for n in 0..16 * 128u64 {
        let bytes = [0x90 | (n / 128) as u8, (n % 128) as u8, 1];
        waiting.extend(Message::new(n * 10_000, &bytes));
    }
    let mut messages = 0;
    while let Some(packet) = stream.next(&mut waiting, 40_000_000_000_000) {
        assert!(packet.len() <= 1_024, "{}", packet.len());
        let packet = decode(&packet).unwrap();
        let _ = read_journal(packet.journal.unwrap());
        messages += packet.messages.len();
    }
    assert_eq!(messages, 16 * 128);
    // One full channel fits: its 128 logs are coded in a way of their own.
    let mut stream = Stream::new(1, 0);
    let mut receiver = Receiver::default();
    receiver.take(&send(&mut stream, 0, &[&[0xf8]]));
    let all = (0..128).map(|key| Message::new(0, &[0x90, key, 1]).unwrap());
    let mut waiting: VecDeque<Message> = all.collect();
    while stream.next(&mut waiting, 0).is_some() {}
    receiver.take(&stream.repeat(0).unwrap());
    assert_eq!(receiver.sounding.len(), 128);
}

#[test]
fn a_long_session_without_feedback_stays_within_what_numbers_can_tell() {
    let mut stream = Stream::new(1, 0);
    let mut receiver = Receiver::default();
    receiver.take(&send(&mut stream, 0, &[&[0x99, 36, 100]]));
    for n in 0..70_000u64 {
        let packet = send(&mut stream, n, &[&[0xf8]]);
        // One in a hundred is lost.
        if n % 100 != 0 {
            receiver.take(&packet);
        }
    }
    assert_eq!(receiver.sounding.len(), 1);
}

#[test]
fn times_never_run_backwards_nor_far_ahead() {
    let mut stream = Stream::new(1, 0);
    let now_ns = 10_000 * MS;
    let ticks = [99_000, 98_000, 100_000, 9_999_999, 0];
    let message = |at: u64| Message::new(at, &[0x99, 36, 1]).unwrap();
    let mut waiting: VecDeque<Message> = ticks.map(message).into();
    let packet = stream.next(&mut waiting, now_ns).unwrap();
    let times: Vec<u64> = decode(&packet)
        .unwrap()
        .messages
        .iter()
        .map(|m| m.at)
        .collect();
    assert_eq!(times, [99_000, 99_000, 100_000, 110_000, 110_000]);
}

#[test]
fn what_belongs_to_no_channel_ends_its_packet() {
    let mut stream = Stream::new(1, 0);
    let bytes: [&[u8]; 5] = [
        &[0x99, 36, 1],
        &[0xf8],
        &[0xf2, 1, 2],
        &[0x99, 38, 1],
        &[0x89, 38, 1],
    ];
    let mut waiting: VecDeque<Message> = bytes.iter().filter_map(|b| Message::new(0, b)).collect();
    let mut sizes = Vec::new();
    while let Some(packet) = stream.next(&mut waiting, 0) {
        sizes.push(decode(&packet).unwrap().messages.len());
    }
    assert_eq!(sizes, [2, 1, 2]);
}

/// On, off or all off, of few notes, so that they meet.
fn any_bytes() -> impl Strategy<Value = [u8; 3]> {
    (0..20u8, 0..3u8, 0..40u8, 1..128u8).prop_map(|(kind, channel, note, velocity)| match kind {
        0 => [0xb0 | channel, 123, 0],
        1..=9 => [0x80 | channel, note, 64],
        _ => [0x90 | channel, note, velocity],
    })
}

proptest! {
    #[test]
    fn every_note_on_has_its_note_off(
        // What is sent at once, whether that packet is lost, whether the peer confirms.
        packets in prop::collection::vec((prop::collection::vec(any_bytes(), 1..6), any::<bool>(), 0..4u8), 1..80),
        start in any::<u16>(),
    ) {
        let mut stream = Stream::new(7, start);
        let mut receiver = Receiver::default();
        let mut sounding = BTreeMap::new();
        let mut now_ns = 0;
        for (messages, lost, confirm) in &packets {
            now_ns += 20 * MS;
            let messages: Vec<&[u8]> = messages.iter().map(|bytes| &bytes[..]).collect();
            let packet = send(&mut stream, now_ns, &messages);
            messages.iter().for_each(|bytes| apply(&mut sounding, &Message::new(0, bytes).unwrap()));
            if !lost {
                let seq = receiver.take(&packet);
                prop_assert_eq!(&receiver.sounding, &sounding);
                if *confirm == 0 {
                    stream.heard(seq);
                }
            }
        }
        // Whatever was lost last, the first guard that arrives makes it good.
        if let Some(packet) = stream.guard(now_ns + 10 * MS) {
            receiver.take(&packet);
        }
        prop_assert_eq!(receiver.sounding, sounding);
    }
}
