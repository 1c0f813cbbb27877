//! [`SynthSink`]: the built-in kit, or the drums of a SoundFont, on the sound card, through rodio, which is named nowhere else. The
//! real-time thread fills a ring; the card's callback empties it in `player` and places each stroke on its
//! sample with `timing`. Without the feature `audio` opening says so.

mod font;
mod player;
#[cfg(feature = "audio")]
mod priority;
mod timing;

use super::sink::{MidiSink, OpenError, SinkError};
use crate::audio::drummer::Drummer;
use crate::audio::soundfont::FontSynth;
use crate::beat::kit::DrumMap;
pub use font::read as read_font;
use player::Event;
pub use player::Shared;
use std::path::Path;
use std::sync::Arc;

/// Strokes under way between the two threads, at most.
#[cfg(feature = "audio")]
const RING: usize = 1024;

/// Makes what plays, at the card's rate.
type MakeDrummer<'a> = &'a dyn Fn(u32) -> Result<Drummer, OpenError>;

/// Opens the default sound card for the built-in kit.
///
/// # Errors
/// With the reason and a hint, if there is none, it is taken, or this build has no audio.
pub fn open() -> Result<Box<dyn MidiSink>, OpenError> {
    Ok(Box::new(SynthSink::open()?))
}

/// Opens the default sound card for the drums of a SoundFont.
///
/// # Errors
/// As [`open`], or if the file cannot be read or has no drums: with its path.
pub fn open_font(path: &Path) -> Result<Box<dyn MidiSink>, OpenError> {
    let font = read_font(path)?;
    let make = |rate| match FontSynth::new(&font, rate) {
        Ok(synth) => Ok(Drummer::Font(Box::new(synth))),
        Err(error) => Err(font::refusal(path, &error, error.hint())),
    };
    let mut sink = SynthSink::with(&make)?;
    sink.name = format!("{} on {}", font.name(), sink.name);
    Ok(Box::new(sink))
}

/// The drums of General MIDI on channel 10, played on the sound card.
pub struct SynthSink {
    name: String,
    ring: rtrb::Producer<Event>,
    shared: Arc<Shared>,
    device: card::Card,
}

impl SynthSink {
    /// Opens the default sound card. Nothing that system libraries print meanwhile reaches the terminal.
    ///
    /// # Errors
    /// With the reason and a hint, if there is none, it is taken, or this build has no audio.
    pub fn open() -> Result<Self, OpenError> {
        Self::with(&|rate| Ok(Drummer::kit(rate, &DrumMap::gm())))
    }

    fn with(make: MakeDrummer<'_>) -> Result<Self, OpenError> {
        let (device, ring, shared) = card::open(make)?;
        Ok(Self {
            name: device.name(),
            ring,
            shared,
            device,
        })
    }

    /// Its level, mute and counters, for other threads.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

/// What a MIDI message means to a drummer, if anything.
fn event(scheduled_ns: u64, sent_ns: u64, bytes: &[u8]) -> Option<Event> {
    match *bytes {
        [0x99, pitch @ 0..=127, velocity @ 1..=127] => Some(Event::Stroke {
            scheduled_ns,
            sent_ns,
            pitch,
            velocity,
        }),
        // All sound off, all notes off, system reset.
        [0xb9, 120 | 123, _] | [0xff] => Some(Event::AllOff),
        // A drum rings as long as it rings: note-offs change nothing.
        _ => None,
    }
}

impl MidiSink for SynthSink {
    fn send(&mut self, scheduled_ns: u64, now_ns: u64, bytes: &[u8]) -> Result<(), SinkError> {
        if self.shared.is_lost() || self.ring.is_abandoned() {
            return Err(SinkError::Lost);
        }
        match event(scheduled_ns, now_ns, bytes) {
            Some(event) => self.ring.push(event).map_err(|_| SinkError::Full),
            None => Ok(()),
        }
    }

    fn hush(&mut self, now_ns: u64) {
        // A full ring: the notes in it fade with the sink.
        let _ = self.send(now_ns, now_ns, &[0xb9, 120, 0]);
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for SynthSink {
    /// Lets the last sound fade, so that closing does not click.
    fn drop(&mut self) {
        self.shared.close();
        for _ in 0..40 {
            if self.shared.is_silent() || self.shared.is_lost() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        if !self.shared.is_lost() {
            std::thread::sleep(self.device.buffered());
        }
    }
}

#[cfg(feature = "audio")]
mod card {
    use super::super::clock::{Clock, SystemClock};
    use super::super::quiet::captured;
    use super::super::sink::OpenError;
    use super::player::{Event, Player, Shared};
    use super::priority::hurry;
    use super::{MakeDrummer, RING};
    use crate::base::text::sanitize;
    use rodio::cpal::BufferSize;
    use rodio::cpal::traits::HostTrait;
    use rodio::{
        ChannelCount, CpalErrorKind, DeviceSinkBuilder, DeviceSinkError, DeviceTrait,
        MixerDeviceSink,
    };
    use std::num::NonZero;
    use std::sync::Arc;
    use std::time::Duration;

    /// Buffer sizes to try, in frames: about 11 ms, about 43 ms, and what the system likes.
    const SIZES: [BufferSize; 3] = [
        BufferSize::Fixed(512),
        BufferSize::Fixed(2048),
        BufferSize::Default,
    ];

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
        shared: Arc<Shared>,
        rate: rodio::SampleRate,
        channels: ChannelCount,
        hurried: bool,
    }

    impl<C: FnMut() -> u64> Iterator for Source<C> {
        type Item = rodio::Sample;

        #[inline]
        fn next(&mut self) -> Option<rodio::Sample> {
            if !self.hurried && self.shared.is_trusted() {
                self.hurried = true;
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

    /// An open card, the ring that it plays, and what may be seen of it.
    pub type Opened = (Card, rtrb::Producer<Event>, Arc<Shared>);

    /// Opens the default card and starts playing, with the shortest buffer that it keeps up with.
    pub fn open(make: MakeDrummer<'_>) -> Result<Opened, OpenError> {
        let (opened, complaints) = captured(|| {
            let mut last = attempt(SIZES[0], make);
            for size in SIZES.into_iter().skip(1) {
                match &last {
                    Ok((_, _, shared)) if is_steady(shared) => break,
                    // No buffer size helps a SoundFont.
                    Err(Failure::Drummer(_)) => break,
                    // Two streams at once may be refused: the last one ends before the next begins.
                    _ => drop(last),
                }
                last = attempt(size, make);
            }
            last
        });
        opened.map_err(|failure| match failure {
            Failure::Card(error) => refusal(&error, &complaints),
            Failure::Drummer(error) => error,
        })
    }

    /// What went wrong: with the card, or with what was to play on it.
    enum Failure {
        Card(DeviceSinkError),
        Drummer(OpenError),
    }

    impl From<DeviceSinkError> for Failure {
        fn from(error: DeviceSinkError) -> Self {
            Self::Card(error)
        }
    }

    fn attempt(size: BufferSize, make: MakeDrummer<'_>) -> Result<Opened, Failure> {
        let device = rodio::cpal::default_host()
            .default_output_device()
            .ok_or(DeviceSinkError::NoDevice)?;
        let name = device.description().map(|d| d.name().to_owned());
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let mut sink = DeviceSinkBuilder::from_device(device)?
            .with_buffer_size(size)
            .with_error_callback(move |error| match error.kind() {
                CpalErrorKind::Xrun => seen.count_dropout(),
                kind if is_final(kind) => seen.lose(),
                _ => {}
            })
            .open_stream()?;
        sink.log_on_drop(false);
        let rate = sink.config().sample_rate();
        // Two channels, which rodio spreads over the card's; but of two it would drop one for a card that has one.
        let mono = sink.config().channel_count().get() == 1;
        let (ring, consumer) = rtrb::RingBuffer::new(RING);
        let clock = || SystemClock.now_ns();
        let drummer = make(rate.get()).map_err(Failure::Drummer)?;
        sink.mixer().add(Source {
            player: Player::new(drummer, mono, clock, consumer, Arc::clone(&shared)),
            shared: Arc::clone(&shared),
            rate,
            channels: NonZero::<u16>::MIN.saturating_add(u16::from(!mono)),
            hurried: false,
        });
        let name = name.unwrap_or_else(|_| "sound card".into());
        Ok((Card { sink, name }, ring, shared))
    }

    /// Watches a stream that has just been opened: whether it asks for samples at about their rate, without
    /// dropouts. If so its thread may hurry; one that never waits (a null device) must not.
    fn is_steady(shared: &Shared) -> bool {
        const SETTLE: Duration = Duration::from_millis(120);
        const WATCH: Duration = Duration::from_millis(250);
        std::thread::sleep(SETTLE);
        let (dropouts, played) = (shared.dropouts(), shared.played());
        std::thread::sleep(WATCH);
        let seconds = (shared.played() - played).as_secs_f64() / WATCH.as_secs_f64();
        let steady =
            shared.dropouts() == dropouts && (0.5..2.0).contains(&seconds) && !shared.is_lost();
        if steady {
            shared.trust();
        }
        steady
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

    /// The deepest reason, with the last thing the system's library said.
    pub fn refusal(error: &dyn std::error::Error, complaints: &str) -> OpenError {
        let mut deepest = error;
        while let Some(cause) = deepest.source() {
            deepest = cause;
        }
        let mut reason = format!("no sound card can be opened: {deepest}");
        if let Some(line) = complaints.lines().rev().find(|l| !l.trim().is_empty()) {
            // "ALSA lib file.c:12:(function) what it is about"
            let text = line.rsplit_once(") ").map_or(line, |(_, text)| text);
            reason = format!("{} ({})", reason.trim_end_matches('.'), text.trim());
        }
        OpenError::new(
            &reason,
            "close what else plays, look with `aplay -l` whether there is a card, or play with --midi-out NAME or file:PATH",
        )
    }
}

#[cfg(not(feature = "audio"))]
mod card {
    use super::MakeDrummer;
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
    pub fn open(
        _: MakeDrummer<'_>,
    ) -> Result<(Card, rtrb::Producer<Event>, Arc<Shared>), OpenError> {
        Err(OpenError::new(
            "no built-in sound: this program was built without audio",
            "build it with `--features audio`, or play with --midi-out NAME or file:PATH",
        ))
    }
}

#[cfg(test)]
mod tests;
