//! [`SynthSink`]: the built-in kit on the sound card, through rodio, which is named nowhere else. The
//! real-time thread fills a ring; the card's callback empties it in `player` and places each stroke on its
//! sample with `timing`. Without the feature `audio` opening says so.

mod player;
mod timing;

use super::sink::{MidiSink, OpenError, SinkError};
use crate::beat::kit::DrumMap;
use crate::beat::lane::Lane;
use player::Event;
pub use player::Shared;
use std::sync::Arc;

/// Strokes under way between the two threads, at most.
const RING: usize = 1024;

/// Opens the default sound card.
///
/// # Errors
/// With the reason and a hint, if there is none, it is taken, or this build has no audio.
pub fn open() -> Result<Box<dyn MidiSink>, OpenError> {
    Ok(Box::new(SynthSink::open()?))
}

/// The drums of General MIDI on channel 10, played by the built-in kit.
pub struct SynthSink {
    name: String,
    lanes: [Option<Lane>; 128],
    ring: rtrb::Producer<Event>,
    shared: Arc<Shared>,
    device: Option<card::Card>,
}

impl SynthSink {
    /// Opens the default sound card. Nothing that system libraries print meanwhile reaches the terminal.
    ///
    /// # Errors
    /// With the reason and a hint, if there is none, it is taken, or this build has no audio.
    pub fn open() -> Result<Self, OpenError> {
        let (ring, consumer) = rtrb::RingBuffer::new(RING);
        let shared = Arc::new(Shared::default());
        let device = card::open(consumer, Arc::clone(&shared))?;
        Ok(Self::new(Some(device), ring, shared))
    }

    fn new(device: Option<card::Card>, ring: rtrb::Producer<Event>, shared: Arc<Shared>) -> Self {
        let map = DrumMap::gm();
        Self {
            name: device.as_ref().map_or_else(String::new, card::Card::name),
            lanes: std::array::from_fn(|pitch| map.lane_of(pitch as u8)),
            ring,
            shared,
            device,
        }
    }

    /// Its level, mute and counters, for other threads.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

impl MidiSink for SynthSink {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        if self.shared.is_lost() || self.ring.is_abandoned() {
            return Err(SinkError::Lost);
        }
        let event = match *bytes {
            [0x99, pitch, velocity @ 1..=127] => {
                let Some(lane) = self.lanes.get(usize::from(pitch)).copied().flatten() else {
                    return Ok(());
                };
                Event::Stroke {
                    scheduled_ns,
                    sent_ns: now_ns,
                    lane,
                    velocity,
                }
            }
            // All sound off, all notes off, system reset.
            [0xb9, 120 | 123, _] | [0xff] => Event::AllOff,
            // A drum rings as long as it rings: note-offs change nothing.
            _ => return Ok(()),
        };
        self.ring.push(event).map_err(|_| SinkError::Full)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for SynthSink {
    /// Lets the last sound fade, so that closing does not click.
    fn drop(&mut self) {
        let Some(device) = &self.device else { return };
        self.shared.close();
        for _ in 0..40 {
            if self.shared.is_silent() || self.shared.is_lost() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        if !self.shared.is_lost() {
            std::thread::sleep(device.buffered());
        }
    }
}

#[cfg(feature = "audio")]
mod card {
    use super::super::clock::{Clock, SystemClock};
    use super::super::quiet::captured;
    use super::super::sink::OpenError;
    use super::player::{Event, Player, Shared};
    use crate::base::text::sanitize;
    use rodio::cpal::BufferSize;
    use rodio::{ChannelCount, CpalErrorKind, DeviceSinkBuilder, DeviceTrait, MixerDeviceSink};
    use std::num::NonZero;
    use std::sync::Arc;
    use std::time::Duration;

    /// Frames a buffer has where the card lets us choose: about 11 ms, twice.
    const BUFFER: u32 = 512;

    /// An open sound card; sound ends when it is dropped.
    pub struct Card {
        sink: MixerDeviceSink,
        name: String,
    }

    impl Card {
        /// Its name as the system gives it, sanitised, and its rate.
        pub fn name(&self) -> String {
            let rate = self.sink.config().sample_rate().get();
            sanitize(&format!("{} at {rate} Hz", self.name))
        }

        /// How long what has been rendered still sounds, at most about so long.
        pub fn buffered(&self) -> Duration {
            let frames = match self.sink.config().buffer_size() {
                BufferSize::Fixed(frames) => 2 * *frames,
                BufferSize::Default => 4096,
            };
            let rate = self.sink.config().sample_rate().get();
            Duration::from_secs_f64((f64::from(frames) / f64::from(rate)).min(0.2))
        }
    }

    /// A player as rodio wants it.
    struct Source<C> {
        player: Player<C>,
        rate: rodio::SampleRate,
        channels: ChannelCount,
        begun: bool,
    }

    impl<C: FnMut() -> u64> Iterator for Source<C> {
        type Item = rodio::Sample;

        #[inline]
        fn next(&mut self) -> Option<rodio::Sample> {
            if !self.begun {
                self.begun = true;
                hurry();
            }
            Some(self.player.next_sample())
        }
    }

    impl<C: FnMut() -> u64> rodio::Source for Source<C> {
        fn current_span_len(&self) -> Option<usize> {
            None
        }

        fn channels(&self) -> ChannelCount {
            self.channels
        }

        fn sample_rate(&self) -> rodio::SampleRate {
            self.rate
        }

        fn total_duration(&self) -> Option<Duration> {
            None
        }
    }

    /// Opens the default card, with a short buffer if it can be had, and starts playing `ring`.
    pub fn open(ring: rtrb::Consumer<Event>, shared: Arc<Shared>) -> Result<Card, OpenError> {
        let (opened, complaints) = captured(|| open_device(&shared));
        let (mut sink, name) = opened.map_err(|error| refusal(&error, &complaints))?;
        sink.log_on_drop(false);
        let rate = sink.config().sample_rate();
        // Two channels, which rodio spreads over the card's; but of two it would drop one for a card that has one.
        let mono = sink.config().channel_count().get() == 1;
        let channels = NonZero::<u16>::MIN.saturating_add(u16::from(!mono));
        let clock = || SystemClock.now_ns();
        let player = Player::new(rate.get(), mono, clock, ring, shared);
        sink.mixer().add(Source {
            player,
            rate,
            channels,
            begun: false,
        });
        Ok(Card { sink, name })
    }

    type Opened = Result<(MixerDeviceSink, String), rodio::DeviceSinkError>;

    fn open_device(shared: &Arc<Shared>) -> Opened {
        let mut last = None;
        for size in [BufferSize::Fixed(BUFFER), BufferSize::Default] {
            let device =
                rodio::cpal::traits::HostTrait::default_output_device(&rodio::cpal::default_host())
                    .ok_or(rodio::DeviceSinkError::NoDevice)?;
            let name = device.description().map(|d| d.name().to_owned());
            let shared = Arc::clone(shared);
            let opened = DeviceSinkBuilder::from_device(device)?
                .with_buffer_size(size)
                .with_error_callback(move |error| {
                    if is_final(error.kind()) {
                        shared.lose();
                    }
                })
                .open_stream();
            match opened {
                Ok(sink) => return Ok((sink, name.unwrap_or_else(|_| "sound card".into()))),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(rodio::DeviceSinkError::NoDevice))
    }

    /// Whether a stream that met this error plays no more. An underrun, for one, is heard and over.
    fn is_final(kind: CpalErrorKind) -> bool {
        matches!(
            kind,
            CpalErrorKind::DeviceNotAvailable
                | CpalErrorKind::HostUnavailable
                | CpalErrorKind::StreamInvalidated
                | CpalErrorKind::PermissionDenied
        )
    }

    /// The whole chain of reasons, with the last thing the system's library said.
    fn refusal(error: &rodio::DeviceSinkError, complaints: &str) -> OpenError {
        let mut reason = String::from("no sound card can be opened: ");
        reason.push_str(&error.to_string());
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            reason.push_str(": ");
            reason.push_str(&deeper.to_string());
            cause = deeper.source();
        }
        if let Some(line) = complaints.lines().rev().find(|l| !l.trim().is_empty()) {
            reason.push_str(" (");
            reason.push_str(line.trim());
            reason.push(')');
        }
        OpenError::new(
            &reason,
            "close what else plays, look with `aplay -l` whether there is a card, or play with --midi-out NAME or file:PATH",
        )
    }

    /// Puts the callback's thread before ordinary ones, where that is allowed, so that training does not
    /// starve the sound. Elsewhere the system does that itself.
    #[cfg(target_os = "linux")]
    fn hurry() {
        use thread_priority::unix::{
            RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        use thread_priority::{ThreadPriority, ThreadPriorityValue};
        // Below the scheduler of notes, which needs far less time.
        for level in [60u8, 4] {
            let Ok(value) = ThreadPriorityValue::try_from(level) else {
                continue;
            };
            let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
            let priority = ThreadPriority::Crossplatform(value);
            if set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok() {
                return;
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn hurry() {}
}

#[cfg(not(feature = "audio"))]
mod card {
    use super::player::{Event, Shared};
    use crate::live::sink::OpenError;
    use std::sync::Arc;
    use std::time::Duration;

    /// No card: this build has none.
    pub enum Card {}

    impl Card {
        /// Never called.
        pub fn name(&self) -> String {
            match *self {}
        }

        /// Never called.
        pub fn buffered(&self) -> Duration {
            match *self {}
        }
    }

    /// Says that this build has no audio.
    pub fn open(_: rtrb::Consumer<Event>, _: Arc<Shared>) -> Result<Card, OpenError> {
        Err(OpenError::new(
            "no built-in sound: this program was built without audio",
            "build it with `--features audio`, or play with --midi-out NAME or file:PATH",
        ))
    }
}
