//! [`Generation`]: the play screen: the engine's mirror, the lane cursor, the bars so far.

use super::heard::{Heard, News};
use super::knobs::KnobPage;
use super::outputs::{remote, remote_mut};
use super::playback::Playback;
use crate::base::text::sanitize;
use crate::beat::grid::{BeatGrid, Meter};
use crate::beat::lane::Lane;
use crate::beat::transport::TapTempo;
use crate::message::{
    EngineStatus, LANES, OutputSpec, OutputState, OutputView, PlaySource, Realtime,
    SpectrogramColumn,
};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bars remembered.
pub const MOST_BARS: usize = 512;
/// Spectrogram columns remembered.
pub const MOST_COLUMNS: usize = 512;

/// A bar that was played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarSummary {
    /// Its number, from 0.
    pub bar: u64,
    /// Hits a lane.
    pub lane_hits: [u16; LANES],
    /// Hits over the steps they could be on, all lanes, 0 to 1.
    pub fullness: f32,
    /// Mean velocity of its hits, 0 to 1; 0 without any.
    pub loudness: f32,
    /// Share of hits it has in common with the bar before (both played), 0 to 1; `None` for a first bar.
    pub likeness: Option<f32>,
}

/// The play screen.
#[derive(Clone, Debug)]
pub struct Generation {
    /// The engine as it last said it is; all its texts are sanitised.
    pub engine: Arc<EngineStatus>,
    /// What is to be heard.
    pub playback: Playback,
    /// The lane under the cursor, 0 to 8.
    pub lane: usize,
    /// The page of knobs that is open.
    pub page: KnobPage,
    /// Bars played, oldest first; at most [`MOST_BARS`].
    pub history: VecDeque<BarSummary>,
    /// Spectrogram of what was played, oldest first; at most [`MOST_COLUMNS`].
    pub spectrogram: VecDeque<SpectrogramColumn>,
    heard: Heard,
    /// When the tempo was last tapped.
    pub tapped_ns: Option<u64>,
    pub(super) taps: TapTempo,
    last_bar: Option<(u64, Vec<u16>)>,
}

impl Default for Generation {
    fn default() -> Self {
        Self {
            engine: Arc::default(),
            playback: Playback::default(),
            lane: 0,
            page: KnobPage::default(),
            history: VecDeque::new(),
            spectrogram: VecDeque::new(),
            heard: Heard::default(),
            tapped_ns: None,
            taps: TapTempo::new(),
            last_bar: None,
        }
    }
}

impl Generation {
    /// Takes in the engine's word; gives the steps that have begun to sound since the last.
    pub(super) fn observe(&mut self, status: Arc<EngineStatus>, now_ns: u64) -> Option<News> {
        self.playback.observe(&status.source, now_ns);
        let before = std::mem::replace(&mut self.engine, clean(status));
        let now = &self.engine;
        let news = self.heard.observe(now);
        if now.source == PlaySource::Stopped {
            self.last_bar = None;
        } else if now.bar != before.bar.wrapping_add(1) || now.source != before.source {
            if now.bar < before.bar || now.source != before.source {
                self.last_bar = None;
            }
        } else if let Some(grid) = bar_of(now, before.bar) {
            self.remember(before.bar, &grid);
        }
        news
    }

    fn remember(&mut self, bar: u64, grid: &BeatGrid) {
        let hits: Vec<u16> = grid.steps.iter().map(crate::message::hits).collect();
        let velocities: Vec<f32> = grid
            .steps
            .iter()
            .flatten()
            .filter(|cell| cell.velocity > 0)
            .map(|cell| f32::from(cell.velocity) / 127.0)
            .collect();
        let count = velocities.len() as f32;
        let likeness = match &self.last_bar {
            Some((n, last)) if n.wrapping_add(1) == bar => Some(likeness(last, &hits)),
            _ => None,
        };
        self.history.push_back(BarSummary {
            bar,
            lane_hits: grid
                .lane_counts()
                .map(|n| u16::try_from(n).unwrap_or(u16::MAX)),
            fullness: count / (grid.steps.len().max(1) * LANES) as f32,
            loudness: velocities.iter().sum::<f32>() / count.max(1.0),
            likeness,
        });
        while self.history.len() > MOST_BARS {
            self.history.pop_front();
        }
        self.last_bar = Some((bar, hits));
    }

    pub(super) fn add_columns(&mut self, columns: Vec<SpectrogramColumn>) {
        self.spectrogram.extend(columns);
        let surplus = self.spectrogram.len().saturating_sub(MOST_COLUMNS);
        self.spectrogram.drain(..surplus);
    }
}

/// Hits in both over hits in either; two silent bars are alike.
fn likeness(a: &[u16], b: &[u16]) -> f32 {
    let pairs = || a.iter().zip(b);
    let both: u32 = pairs().map(|(a, b)| (a & b).count_ones()).sum();
    let either: u32 = pairs().map(|(a, b)| (a | b).count_ones()).sum();
    if either == 0 {
        1.0
    } else {
        both as f32 / either as f32
    }
}

/// A whole bar, where the engine's window still holds it.
fn bar_of(engine: &EngineStatus, bar: u64) -> Option<BeatGrid> {
    let length = u64::from(engine.steps_per_bar);
    let bar_start = engine
        .playhead
        .checked_sub(u64::from(engine.step_in_bar))?
        .checked_sub(engine.bar.checked_sub(bar)?.checked_mul(length)?)?;
    let from = usize::try_from(bar_start.checked_sub(engine.window_start)?).ok()?;
    let steps = engine
        .window
        .get(from..from.checked_add(usize::from(engine.steps_per_bar))?)?;
    Some(BeatGrid {
        meter: Meter::new(engine.meter.0, engine.meter.1).unwrap_or(Meter::COMMON),
        tempo: f64::from(engine.controls.milli_bpm) / 1000.0,
        steps: steps.to_vec(),
    })
    .filter(|grid| !grid.steps.is_empty())
}

/// The status with every text fit for a terminal; the same one where all are already.
fn clean(status: Arc<EngineStatus>) -> Arc<EngineStatus> {
    let is_clean = |text: &str| sanitize(text) == text;
    let texts_clean = is_clean(&status.model)
        && status.styles.iter().all(|s| is_clean(s))
        && status.outputs.iter().all(|output| {
            is_clean(&output.name)
                && match &output.state {
                    OutputState::Lost(reason) => is_clean(reason),
                    _ => true,
                }
                && match &output.spec {
                    OutputSpec::Port(name) => is_clean(name),
                    spec => remote(spec).is_none_or(|remote| is_clean(&remote.host)),
                }
                && output
                    .link
                    .as_ref()
                    .is_none_or(|link| is_clean(&link.far) && is_clean(&link.trouble))
        })
        && match &status.realtime {
            Realtime::Refused(reason) => is_clean(reason),
            _ => true,
        };
    if texts_clean {
        return status;
    }
    let mut status = Arc::unwrap_or_clone(status);
    status.model = sanitize(&status.model);
    status.styles = status.styles.iter().map(|s| sanitize(s)).collect();
    status.outputs = status.outputs.into_iter().map(clean_output).collect();
    if let Realtime::Refused(reason) = &mut status.realtime {
        *reason = sanitize(reason);
    }
    Arc::new(status)
}

fn clean_output(mut output: OutputView) -> OutputView {
    output.name = sanitize(&output.name);
    if let OutputState::Lost(reason) = &mut output.state {
        *reason = sanitize(reason);
    }
    if let OutputSpec::Port(name) = &mut output.spec {
        *name = sanitize(name);
    }
    if let Some(remote) = remote_mut(&mut output.spec) {
        remote.host = sanitize(&remote.host);
    }
    if let Some(link) = &mut output.link {
        link.far = sanitize(&link.far);
        link.trouble = sanitize(&link.trouble);
    }
    output
}

impl Generation {
    /// The lane under the cursor.
    #[must_use]
    pub fn lane(&self) -> Lane {
        Lane::ALL.get(self.lane).copied().unwrap_or(Lane::Kick)
    }

    /// The name of what is heard, for the head line: a style, a file, or "stopped".
    #[must_use]
    pub fn heard(&self) -> Cow<'_, str> {
        match (&self.playback.preview, self.playback.generator) {
            (Some(name), _) => Cow::Owned(sanitize(name)),
            (None, true) => Cow::Borrowed(super::knobs::style_name(
                self.engine.controls.style,
                &self.engine.styles,
            )),
            (None, false) => Cow::Borrowed("stopped"),
        }
    }
}
