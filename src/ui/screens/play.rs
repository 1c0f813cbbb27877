//! The play screen: what plays now, biggest; its sound, the bars so far. Knobs and outputs
//! are drawn by [`super::play_side`].

use super::{HZ, SOUND, empty, play_side};
use crate::app::{App, Command};
use crate::message::PlaySource;
use crate::ui::chrome::meter;
use crate::ui::layout;
use crate::ui::look::Look;
use crate::ui::text::{counted, cut, width};
use crate::ui::theme::Role;
use crate::ui::widgets::bar_history::{Bar, BarHistory};
use crate::ui::widgets::panel::{Panel, Section, sections};
use crate::ui::widgets::spectrogram::{MARGIN, Spectrogram, Time};
use crate::ui::widgets::step_grid::{Beat, Labels, StepGrid};
use crate::ui::widgets::{below, put, put_right, step_window};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// Draws the screen.
pub fn draw(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let steps = steps_per_bar(app);
    let parts = layout::play(area, steps);
    let grid_rows = 4 + 9 * parts.lane_rows;
    let beside = parts.beside.is_some();
    let rest = parts.now.height.saturating_sub(grid_rows + 3);
    let sound_rows = if beside || rest == 0 { 0 } else { rest };
    let title = match &app.generation.playback.preview {
        Some(name) => format!("now {} preview of {name}", look.glyphs.dot),
        None => "now".to_owned(),
    };
    let wanted = [
        Section::new(&title, grid_rows),
        Section::new(SOUND, sound_rows).aside("as played"),
    ];
    let areas = sections(look, parts.now, &wanted, "", buf);
    if let Some(inner) = areas.first() {
        now(app, look, parts.lane_rows, *inner, buf);
    }
    if let Some(inner) = areas.get(1).filter(|_| sound_rows > 0) {
        sound(app, look, *inner, buf);
    }
    if let Some(panel) = parts.beside {
        let inner = Panel::new(look, SOUND).aside("as played").draw(panel, buf);
        sound(app, look, inner, buf);
    }
    if let Some(panel) = parts.below {
        let count = app.generation.history.len();
        let aside = if count == 0 {
            String::new()
        } else {
            counted(count as u64, "bar")
        };
        let inner = Panel::new(look, "bars so far")
            .aside(&aside)
            .draw(panel, buf);
        history(app, look, inner, buf);
    }
    play_side::draw(app, look, parts.side, parts.below.is_none(), buf);
}

/// Steps a bar, 16 before anything has played.
pub fn steps_per_bar(app: &App) -> u16 {
    match app.generation.engine.steps_per_bar {
        0 => 16,
        steps => steps,
    }
}

/// Steps a beat of a meter.
pub fn steps_per_beat((_, unit): (u8, u8)) -> u16 {
    (16 / u16::from(unit.max(1))).max(1)
}

/// The position line and the grid.
fn now(app: &App, look: &Look, lane_rows: u16, area: Rect, buf: &mut Buffer) {
    position(app, look, area, buf);
    let engine = &app.generation.engine;
    let steps_per_bar = steps_per_bar(app);
    let running = engine.source != PlaySource::Stopped;
    let beat = Beat {
        steps: &engine.window,
        first: engine.window_start,
        bar_origin: engine
            .playhead
            .saturating_sub(u64::from(engine.step_in_bar)),
        steps_per_bar,
        steps_per_beat: steps_per_beat(meter(app)),
    };
    let labels = if area.width >= Labels::Long.columns() + 2 * steps_per_bar.min(16) {
        Labels::Long
    } else {
        Labels::Short
    };
    let columns = area.width.saturating_sub(labels.columns());
    let shown = step_window::around(&beat, engine.playhead, columns, 2, 6);
    let grid = StepGrid {
        look,
        beat,
        window: (shown.first, shown.count),
        cell: shown.cell,
        lane_rows,
        playhead: running.then_some(engine.playhead),
        revisable_from: running.then_some(engine.revisable_from),
        mutes: app.controls.mutes,
        locks: app.controls.locks,
        chosen: Some(app.generation.lane),
        labels,
        ruler: true,
        marks: true,
    };
    let body = below(area, 1);
    (&grid).render(body, buf);
    if engine.window.is_empty() {
        welcome(app, look, labels.columns(), body, buf);
    }
}

/// Where the music is, and what is kept of it.
fn position(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let engine = &app.generation.engine;
    let [playing, stopped, _] = look.glyphs.transport;
    let running = engine.source != PlaySource::Stopped;
    let (beats, _) = meter(app);
    let mut x = if running {
        let beat = engine.step_in_bar / steps_per_beat(meter(app)) + 1;
        let text = format!(
            "{playing} bar {} {} beat {beat}",
            engine.bar.saturating_add(1),
            look.glyphs.dot
        );
        let x = put(buf, area, 1, 0, &text, look.style(Role::Playhead));
        let mut x = x + 2;
        for lamp in 1..=u16::from(beats).min(12) {
            let (glyph, role) = if lamp == beat {
                (look.glyphs.on, Role::Accent)
            } else {
                (look.glyphs.off, Role::Frame)
            };
            x = put(buf, area, x, 0, glyph, look.style(role)) + 1;
        }
        x
    } else {
        put(
            buf,
            area,
            1,
            0,
            &format!("{stopped} stopped"),
            look.style(Role::Dim),
        )
    };
    if running && engine.filling {
        x = put(buf, area, x + 1, 0, "fill", look.style(Role::Warn));
    }
    if app.generation.playback.is_pending() {
        x = put(
            buf,
            area,
            x + 1,
            0,
            look.glyphs.ellipsis,
            look.style(Role::Dim),
        );
    }
    let text = match (engine.recorded_bars, engine.unsaved, &app.saved_to) {
        (0, ..) => String::new(),
        (bars, true, _) => format!("{} rec {}", look.glyphs.record, counted(bars, "bar")),
        (bars, false, Some(_)) => format!("{} {} saved", look.glyphs.tick, counted(bars, "bar")),
        (bars, false, None) => counted(bars, "bar"),
    };
    let role = if engine.unsaved {
        Role::Warn
    } else {
        Role::Dim
    };
    let room = usize::from(area.width.saturating_sub(x + 3));
    if width(&text) <= room {
        let line = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        put_right(buf, line, 0, &text, look.style(role));
    }
}

/// What can be done first, over the empty grid.
fn welcome(app: &App, look: &Look, margin: u16, area: Rect, buf: &mut Buffer) {
    let key = |command| app.keymap.shown(command);
    let rows = [
        (key(Command::PlayStop), "plays"),
        (
            format!(
                "{} {}",
                key(Command::TemperatureDown),
                key(Command::TemperatureUp)
            ),
            "turn the temperature",
        ),
        (key(Command::Outputs), "chooses where the notes go"),
        (key(Command::ScreenDataset), "shows a folder of beats"),
        (key(Command::Help), "shows all keys"),
    ];
    let columns = 37.min(area.width.saturating_sub(margin));
    let card = layout::centered(
        Rect::new(
            area.x + margin,
            area.y + 1,
            area.width.saturating_sub(margin),
            area.height.saturating_sub(3),
        ),
        columns,
        rows.len() as u16,
    );
    let ground = Rect::new(
        card.x.saturating_sub(1),
        card.y.saturating_sub(1),
        card.width + 2,
        card.height + 2,
    );
    let ground = ground.intersection(area);
    ratatui::widgets::Clear.render(ground, buf);
    buf.set_style(ground, look.base());
    for (y, (key, what)) in (0u16..).zip(&rows) {
        let x = 7u16.saturating_sub(width(key) as u16);
        put(buf, card, x, y, key, look.style(Role::Accent));
        let what = cut(what, usize::from(columns.saturating_sub(9)), look.glyphs);
        put(buf, card, 9, y, &what, look.style(Role::Text));
    }
}

/// Columns from which on a step of the sound has all its columns, so that two bars are in sight.
const FINE: u16 = 128;

/// The sound of what is played; the newest stands at the right.
fn sound(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let columns = app.generation.spectrogram.as_slices();
    if columns.0.is_empty() {
        let lines = ["the sound of what is played shows here"];
        empty(look, &lines, area, buf);
        return;
    }
    let spectrogram = Spectrogram {
        look,
        columns,
        hz: HZ,
        margin: MARGIN,
        time: Time::Scroll(if area.width < FINE { 2 } else { 1 }),
    };
    (&spectrogram).render(area, buf);
}

/// The bars so far.
pub fn history(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let bars: Vec<Bar> = app
        .generation
        .history
        .iter()
        .map(|bar| Bar {
            number: bar.bar.saturating_add(1),
            hits: bar.lane_hits,
            fullness: bar.fullness,
            likeness: bar.likeness,
        })
        .collect();
    if bars.is_empty() {
        empty(look, &["bars show here as they are played"], area, buf);
        return;
    }
    let history = BarHistory {
        look,
        bars: &bars,
        steps_per_bar: steps_per_bar(app),
    };
    (&history).render(area, buf);
}
