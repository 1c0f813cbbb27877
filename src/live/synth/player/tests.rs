//! What the callback promises, with a card that asks in bursts and a clock that is ours.

use super::*;
use crate::audio::kit::Synth;
use crate::beat::articulation::Articulation;
use crate::beat::kit::DrumMap;
use crate::beat::lane::Lane;
use std::sync::atomic::AtomicU64;

const RATE: u32 = 48_000;

/// A card that asks for a period at a time, at the times it has played one.
struct Card<C> {
    player: Player<C>,
    ring: rtrb::Producer<Event>,
    clock: Arc<AtomicU64>,
    shared: Arc<Shared>,
    out: Vec<f32>,
    periods: u64,
}

const START: u64 = 77_000_000_000;

fn card() -> Card<impl FnMut() -> u64> {
    let clock = Arc::new(AtomicU64::new(START));
    let (ring, consumer) = rtrb::RingBuffer::new(1024);
    let shared = Arc::new(Shared::default());
    let read = Arc::clone(&clock);
    let tick = move || read.fetch_add(2_000, Relaxed);
    let player = Player::new(
        Drummer::kit(RATE, &DrumMap::gm()),
        false,
        tick,
        consumer,
        Arc::clone(&shared),
    );
    Card {
        player,
        ring,
        clock,
        shared,
        out: Vec::new(),
        periods: 0,
    }
}

impl<C: FnMut() -> u64> Card<C> {
    /// When the next period is asked for.
    fn due(&self, period: u64) -> u64 {
        START + self.periods.saturating_sub(1) * period * 1_000_000_000 / u64::from(RATE)
    }

    fn ask(&mut self, period: u64, late_ns: u64) {
        self.clock.fetch_max(self.due(period) + late_ns, Relaxed);
        for _ in 0..2 * period {
            self.out.push(self.player.next_sample());
        }
        self.periods += 1;
    }

    fn stroke(&mut self, at: u64, held_up: u64, lane: Lane) {
        let event = Event::Stroke {
            scheduled_ns: at,
            sent_ns: at + held_up,
            pitch: Articulation::from(lane).pitch(),
            velocity: 110,
        };
        self.ring.push(event).unwrap();
    }

    /// Frames at which sound begins after silence.
    fn onsets(&self) -> Vec<usize> {
        let loud: Vec<bool> = self.out.chunks_exact(2).map(|f| f[0] != 0.0).collect();
        let mut onsets = Vec::new();
        let mut quiet = 1000;
        for (i, &loud) in loud.iter().enumerate() {
            if loud && quiet >= 1000 {
                onsets.push(i);
            }
            quiet = if loud { 0 } else { quiet + 1 };
        }
        onsets
    }
}

#[test]
fn strokes_keep_their_distance_whatever_the_buffer() {
    for period in [64, 441, 512, 2048] {
        let mut card = card();
        // A closed hat every 1087.3 ms, handed over at its time or up to 1 ms later, while the card's
        // program wakes up late: every third time by up to 3 ms.
        let mut times = (1..=12u64)
            .map(|k| START + k * 1_087_300_000)
            .zip(0..)
            .peekable();
        while card.due(period) < START + 13_200_000_000 {
            let late = match card.periods % 3 {
                0 => card.periods * 7_919 % 31 * 100_000,
                _ => 20_000,
            };
            let now = card.due(period) + late;
            while let Some((at, k)) = times.next_if(|(at, k)| at + k % 5 * 250_000 <= now) {
                card.stroke(at, k % 5 * 250_000, Lane::ClosedHat);
            }
            card.ask(period, late);
        }
        let onsets = card.onsets();
        assert_eq!(onsets.len(), 12, "period {period}");
        assert_eq!(card.shared.late(), 0);
        for pair in onsets.windows(2) {
            let ms = (pair[1] - pair[0]) as f64 / 48.0;
            assert!((ms - 1087.3).abs() < 0.1, "period {period}: {ms} ms");
        }
    }
}

#[test]
fn strokes_at_one_time_keep_their_order_and_none_is_lost() {
    let mut card = card();
    for _ in 0..100 {
        card.ask(512, 0);
    }
    let at = card.due(512);
    for _ in 0..300 {
        card.stroke(at + 5_000_000, 0, Lane::Kick);
    }
    for _ in 0..20 {
        card.ask(512, 0);
    }
    assert_eq!(card.shared.late(), 0);
    assert!(card.shared.take_peak() > 0.1);
    assert_eq!(card.shared.take_peak(), 0.0);
}

#[test]
fn a_stroke_after_its_time_is_played_at_once_and_counted() {
    let mut card = card();
    for _ in 0..100 {
        card.ask(512, 0);
    }
    card.stroke(card.due(512) - 100_000_000, 100_000_000, Lane::Snare);
    card.ask(512, 0);
    assert_eq!(card.shared.late(), 1);
    assert_eq!(card.onsets(), [100 * 512]);
}

#[test]
fn all_off_is_silence_within_20_ms_without_a_click() {
    let mut card = card();
    for _ in 0..100 {
        card.ask(512, 0);
    }
    let at = card.due(512);
    for lane in Lane::ALL {
        card.stroke(at, 0, lane);
    }
    card.stroke(at + 400_000_000, 0, Lane::Kick);
    for _ in 0..10 {
        card.ask(512, 0);
    }
    let cut = card.out.len();
    let before = card.out[cut - 2000..]
        .windows(3)
        .map(|w| (w[2] - w[0]).abs());
    let roughest = before.fold(0.0, f32::max);
    card.ring.push(Event::AllOff).unwrap();
    for _ in 0..60 {
        card.ask(512, 0);
    }
    let steps = card.out[cut - 2..].windows(3).map(|w| (w[2] - w[0]).abs());
    assert!(steps.fold(0.0, f32::max) <= 1.5 * roughest);
    let after = &card.out[cut + 2 * RATE as usize / 50..];
    assert!(
        after.iter().all(|&x| x.abs() < 1e-3),
        "and what waited is forgotten"
    );
    assert!(after[after.len() / 2..].iter().all(|&x| x == 0.0));
}

#[test]
fn mute_is_smooth_and_comes_back() {
    let mut card = card();
    card.shared.set_muted(true);
    for _ in 0..100 {
        card.ask(512, 0);
    }
    card.stroke(card.due(512), 0, Lane::Crash);
    for _ in 0..5 {
        card.ask(512, 0);
    }
    assert!(card.out.iter().all(|x| x.abs() < 1e-3));
    card.shared.set_muted(false);
    for _ in 0..3 {
        card.ask(512, 0);
    }
    assert!(card.shared.take_peak() > 0.05, "the crash still rings");
}

#[test]
fn one_channel_gets_the_mean_of_two() {
    let (mut ring, consumer) = rtrb::RingBuffer::new(8);
    let shared = Arc::new(Shared::default());
    let mut now = 0;
    let clock = move || {
        now += 333_333;
        now
    };
    let mut player = Player::new(
        Drummer::kit(RATE, &DrumMap::gm()),
        true,
        clock,
        consumer,
        shared,
    );
    let stroke = Event::Stroke {
        scheduled_ns: 0,
        sent_ns: 0,
        pitch: 38,
        velocity: 100,
    };
    ring.push(stroke).unwrap();
    let got: Vec<f32> = (0..4800).map(|_| player.next_sample()).collect();
    let onset = got.iter().position(|&x| x != 0.0).unwrap();
    let mut synth = Synth::new(RATE);
    let mut stereo = vec![0.0; 2 * got.len()];
    // Struck at the same place in a block, so that the housekeeping falls on the same samples.
    synth.render(&mut stereo[..2 * onset]);
    synth.note_on(Lane::Snare, 100);
    synth.render(&mut stereo[2 * onset..]);
    let first = stereo.chunks_exact(2).position(|f| f[0] != 0.0).unwrap();
    for (mono, frame) in got[onset..].iter().zip(stereo[2 * first..].chunks_exact(2)) {
        assert!((mono - 0.5 * (frame[0] + frame[1])).abs() < 1e-4);
    }
}

#[test]
fn the_callback_never_allocates() {
    let mut card = card();
    card.out.reserve(1 << 20);
    for _ in 0..10 {
        card.ask(512, 0);
    }
    let before = crate::base::alloc_probe::calls();
    for k in 0..400 {
        let at = card.due(512);
        card.stroke(at, 0, Lane::ALL[k % 9]);
        if k % 100 == 99 {
            card.ring.push(Event::AllOff).unwrap();
        }
        card.ask(512, 0);
    }
    assert_eq!(crate::base::alloc_probe::calls(), before);
}
