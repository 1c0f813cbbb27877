//! Outputs in words: how one is called, how it is, how the line to it is. For the play screen, the
//! status line and the desk.

use super::look::Look;
use super::text::{cut, thousands, width};
use super::theme::Role;
use crate::app::outputs::{output_name, remote};
use crate::app::{App, Level};
use crate::message::{LinkView, OutputSpec, OutputState, OutputView};

/// A word for an output's state, and its colour.
#[must_use]
pub const fn output_word(state: &OutputState) -> (&'static str, Role) {
    match state {
        OutputState::Ok => ("ok", Role::Ok),
        OutputState::Muted => ("muted", Role::Dim),
        OutputState::Opening => ("joins", Role::Accent),
        OutputState::Lost(_) => ("LOST", Role::Error),
    }
}

/// The colour of a sentence.
#[must_use]
pub const fn level_role(level: Level) -> Role {
    match level {
        Level::Info => Role::Accent,
        Level::Warning => Role::Warn,
        Level::Error => Role::Error,
    }
}

/// A short name: of a network output, how and what it plays into, or where it is.
#[must_use]
pub fn output_label(view: &OutputView) -> String {
    let far = view.link.as_ref().map_or("", |link| link.far.as_str());
    let (kind, place) = match (&view.spec, remote(&view.spec)) {
        (OutputSpec::Tcp(_), Some(remote)) => ("tcp", remote.to_string()),
        (OutputSpec::RtpListen(_), Some(remote)) => ("rtp", format!("at {remote}")),
        (_, Some(remote)) => ("rtp", remote.to_string()),
        _ if view.name.is_empty() => return output_name(&view.spec),
        _ => return view.name.clone(),
    };
    if far.is_empty() {
        format!("{kind} {place}")
    } else {
        format!("{kind} {far}")
    }
}

/// The output the status line names: what is wrong most, else the first that sounds; with its
/// slot.
#[must_use]
pub fn foremost(app: &App) -> Option<(usize, &OutputView)> {
    let urgency = |slot: usize, view: &OutputView| match &view.state {
        OutputState::Lost(_) => 0,
        _ if view.spec == OutputSpec::None => 9,
        OutputState::Opening => 2,
        _ if app.output_advice(slot).is_some() => 1,
        OutputState::Ok => 3,
        OutputState::Muted => 4,
    };
    let outputs = app.generation.engine.outputs.iter().enumerate();
    outputs
        .map(|(slot, view)| (urgency(slot, view), slot, view))
        .filter(|(urgency, ..)| *urgency < 9)
        .min_by_key(|(urgency, slot, _)| (*urgency, *slot))
        .map(|(_, slot, view)| (slot, view))
}

/// Microseconds as milliseconds, a tenth where it says something.
#[must_use]
pub fn millis(us: u32) -> String {
    match us {
        0..10_000 => format!("{:.1} ms", f64::from(us) / 1000.0),
        _ => format!("{:.0} ms", f64::from(us) / 1000.0),
    }
}

/// Whether the peer says when it plays: a receiver does, RTP-MIDI has no words for it.
const fn tells(view: &OutputView, link: &LinkView) -> bool {
    matches!(view.spec, OutputSpec::Tcp(_)) || link.delay_ms > 0
}

/// The line to an output in `columns`: the longest that fits of round trip, delay, late events.
#[must_use]
pub fn link_line(look: &Look, view: &OutputView, link: &LinkView, columns: usize) -> String {
    let rtt = match link.rtt_us {
        0 => look.glyphs.none.to_owned(),
        us => format!("{}", (us + 500) / 1000),
    };
    let late = thousands(link.late);
    let lines = if tells(view, link) {
        vec![
            format!("rtt {rtt} ms  delay {}  late {late}", link.delay_ms),
            format!("rtt {rtt} delay {} late {late}", link.delay_ms),
            format!("rtt {rtt} ms late {late}"),
            format!("rtt {rtt} late {late}"),
            format!("late {late}"),
        ]
    } else {
        let played = thousands(link.played);
        vec![
            format!("rtt {rtt} ms  played {played}"),
            format!("rtt {rtt} ms"),
        ]
    };
    let fits = lines.iter().find(|line| width(line) <= columns);
    let line = fits.or(lines.last()).cloned().unwrap_or_default();
    cut(&line, columns, look.glyphs)
}

/// All that is known of the line to an output, figure by figure.
#[must_use]
pub fn link_figures(look: &Look, view: &OutputView, link: &LinkView) -> Vec<(String, String)> {
    let rtt = match link.rtt_us {
        0 => look.glyphs.none.to_owned(),
        us => millis(us),
    };
    let mut figures = vec![("round trip".to_owned(), rtt)];
    let mut figure = |name: &str, value: String| figures.push((name.to_owned(), value));
    figure("played", thousands(link.played));
    if tells(view, link) {
        figure("late", thousands(link.late));
        figure("p99", millis(link.p99_late_us));
    }
    figures
}
