//! The right side of the play screen: knobs, outputs (drawn by [`super::play_outputs`]), the bars
//! so far or the session.

use super::play_outputs;
use crate::app::{App, Command, Knob as AppKnob, KnobPage};
use crate::message::Realtime;
use crate::ui::layout;
use crate::ui::look::Look;
use crate::ui::text::{cut, cut_front, thousands};
use crate::ui::theme::Role;
use crate::ui::widgets::knob::Knob;
use crate::ui::widgets::panel::{Section, sections};
use crate::ui::widgets::{put, put_right, row, sparkline};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// The fewest rows of the knobs.
const KNOB_ROWS: u16 = 10;

/// Draws the column; `with_history` where the bars so far have no panel of their own.
pub fn draw(app: &App, look: &Look, area: Rect, with_history: bool, buf: &mut Buffer) {
    let inner = area.height.saturating_sub(2);
    let columns = area.width.saturating_sub(4);
    let (least, most) = play_outputs::wants(app, look, columns, inner > 30);
    let wants = [
        (KNOB_ROWS, 18),
        // As much as the knobs can spare, rather than nothing.
        (least.min(inner.saturating_sub(KNOB_ROWS + 1)).max(1), most),
        if with_history { (2, 40) } else { (3, 40) },
    ];
    let rows = layout::stack(inner, &wants);
    let rows_of = |place: usize| rows.get(place).copied().unwrap_or(0);
    let last = if with_history {
        "bars so far"
    } else {
        "session"
    };
    let (title, turns) = page(app, columns);
    let parts = [
        Section::new(&title, rows_of(0)).aside(turns),
        Section::new("outputs", rows_of(1)).aside(app.outputs.kit.clone()),
        Section::new(last, rows_of(2)),
    ];
    let areas = sections(look, area, &parts, "", buf);
    let [knob_area, output_area, last_area] = areas[..] else {
        return;
    };
    knobs(app, look, knob_area, buf);
    play_outputs::draw(app, look, output_area, buf);
    if last_area.height == 0 {
    } else if with_history {
        small_history(app, look, last_area, buf);
    } else {
        session(app, look, last_area, buf);
    }
}

/// The keys of a knob, arrows where they are arrows.
fn keys(look: &Look, knob: &AppKnob) -> String {
    let [up, down, left, right] = look.glyphs.arrows;
    let short = |key: &str| match key {
        "up" => up.to_owned(),
        "down" => down.to_owned(),
        "left" => left.to_owned(),
        "right" => right.to_owned(),
        key => key.to_owned(),
    };
    format!("{} {}", short(&knob.keys.0), short(&knob.keys.1))
        .trim()
        .to_owned()
}

/// What the page of knobs is called, and the key that turns to the next. Where a turn is heard only behind the frames of a
/// spectrogram, the main page says how soon.
fn page(app: &App, columns: u16) -> (String, String) {
    let title = match (app.generation.page, app.generation.engine.frames) {
        (KnobPage::Main, None) => "knobs".to_owned(),
        (KnobPage::Main, Some(times)) => {
            let knobs = if columns < 26 { "" } else { "knobs, " };
            format!("{knobs}heard in {} ms", times.heard_ms)
        }
        (KnobPage::Style, _) => "style".to_owned(),
        (KnobPage::Lane, _) => app.generation.lane().label().to_owned(),
    };
    (title, app.keymap.shown(Command::KnobPage))
}

/// The knobs of a page: with a row between them where there is room; where there is not, the
/// fifth and sixth on one row each.
fn knobs(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let pitch = if area.height >= 17 { 3 } else { 2 };
    let roomy = area.height >= 12;
    let mut y = 0;
    for (place, knob) in app.shown_knobs().iter().enumerate() {
        let rows = if roomy || place < 4 { 2 } else { 1 };
        let left = area.height.saturating_sub(y);
        let area = Rect::new(
            area.x + 1,
            area.y + y.min(area.height),
            area.width.saturating_sub(2),
            rows.min(left),
        );
        let keys = keys(look, knob);
        let mut name = knob.label.to_owned();
        if rows == 1 {
            name = format!("{name} {keys}");
        }
        let value = cut(&knob.value_text, usize::from(area.width / 2), look.glyphs);
        let widget = Knob {
            look,
            name: &name,
            value: &value,
            share: knob.fraction,
            origin: if knob.two_sided { 0.5 } else { 0.0 },
            keys: &keys,
            pending: knob.pending,
        };
        if area.height > 0 {
            (&widget).render(area, buf);
        }
        y += if roomy { pitch } else { rows };
    }
}

/// How full the last bars were, and how alike.
fn small_history(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let area = Rect::new(
        area.x + 1,
        area.y,
        area.width.saturating_sub(2),
        area.height,
    );
    let history = &app.generation.history;
    let Some(last) = history.back() else {
        put(buf, area, 0, 0, "none yet", look.style(Role::Dim));
        return;
    };
    let fullness = history.iter().map(|bar| bar.fullness);
    sparkline::sparkline(look, fullness, true, look.style(Role::Knob), area, buf);
    let alike = last
        .likeness
        .map_or(String::new(), |l| format!("alike {:.0}%", l * 100.0));
    put(
        buf,
        area,
        0,
        1,
        &format!("bar {}", last.bar.saturating_add(1)),
        look.style(Role::Text),
    );
    put_right(buf, area, 1, &alike, look.style(Role::Dim));
    let likeness = history.iter().map(|bar| bar.likeness.unwrap_or(0.0));
    let line = row(area, 2);
    sparkline::sparkline(look, likeness, true, look.style(Role::Meter), line, buf);
}

/// Figures of the session.
fn session(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let engine = &app.generation.engine;
    let area = Rect::new(
        area.x + 1,
        area.y,
        area.width.saturating_sub(2),
        area.height,
    );
    let none = look.glyphs.none.to_owned();
    let realtime = match &engine.realtime {
        Realtime::Unknown => (none.clone(), Role::Dim),
        Realtime::Granted => ("granted".to_owned(), Role::Ok),
        Realtime::Refused(reason) => (reason.clone(), Role::Warn),
    };
    let saved = app.saved_to.as_ref().map_or_else(
        || {
            (
                if engine.unsaved {
                    "not yet"
                } else {
                    look.glyphs.none
                }
                .to_owned(),
                Role::Text,
            )
        },
        |path| (path.clone(), Role::Text),
    );
    let or_none = |text: &str| {
        if text.is_empty() {
            none.clone()
        } else {
            text.to_owned()
        }
    };
    let look_ahead = (engine.frames)
        .map(|times| format!("{} ms", times.look_ahead_ms))
        .map(|text| ("look-ahead", (text, Role::Text)));
    let lines = [
        ("bars", (thousands(engine.recorded_bars), Role::Text)),
        ("notes", (thousands(engine.sent), Role::Text)),
        ("saved to", saved),
        ("model", (or_none(&engine.model), Role::Text)),
        ("device", (or_none(&app.device), Role::Text)),
        ("real time", realtime),
        ("theme", (look.theme_name().to_owned(), Role::Text)),
    ];
    for (y, (name, (value, role))) in (0u16..).zip(lines.into_iter().chain(look_ahead)) {
        let line = row(area, y);
        put(buf, line, 0, 0, name, look.style(Role::Dim));
        let room = usize::from(area.width.saturating_sub(10));
        let value = if name == "saved to" {
            cut_front(&value, room, look.glyphs)
        } else {
            cut(&value, room, look.glyphs)
        };
        put_right(buf, line, 0, &value, look.style(role));
    }
}
