//! The output desk: the slots, what the shown one can be set to, how it is driven and by which
//! keys, how the line to it is, and what to do about what is wrong.

use super::{card, divider};
use crate::app::desk::offset_text;
use crate::app::outputs::{output_name, remote};
use crate::app::{App, ChoiceKind, Desk};
use crate::message::{OutputSpec, OutputState};
use crate::ui::look::Look;
use crate::ui::outputs::{level_role, link_figures, output_word};
use crate::ui::text::{cut, left, width, wrap};
use crate::ui::theme::Role;
use crate::ui::widgets::put;
use crate::ui::widgets::table::{Column, Table, first_row};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of the desk.
const WIDTH: u16 = 76;
/// Columns of the names of settings and figures, and of their keys.
const NAMES: usize = 12;
const KEYS: usize = 9;
/// Rows the list keeps, whatever stands below it.
const LEAST_LIST: u16 = 3;

/// A row under the list.
enum Row {
    Divider(&'static str),
    /// A name, its keys, its value.
    Setting(&'static str, &'static str, String),
    /// A word on a setting; left out where there is little room.
    Hint(String),
    Text(String, Role),
}

/// Draws it.
pub fn draw(app: &App, look: &Look, slot: usize, selected: usize, area: Rect, buf: &mut Buffer) {
    let choices = app.choices(ChoiceKind::Output { slot });
    let columns = usize::from(WIDTH.min(area.width).saturating_sub(6));
    let mut rows = rows(app, look, slot, columns);
    // The last row is left to what passes.
    let most = area.height.saturating_sub(1);
    let room = most.saturating_sub(3 + LEAST_LIST.min(choices.len() as u16));
    if rows.len() > usize::from(room) {
        rows.retain(|row| !matches!(row, Row::Hint(_)));
    }
    let wanted = 3 + choices.len() as u16 + rows.len() as u16;
    let height = wanted.min(most);
    let (up, down) = (look.glyphs.arrows[2], look.glyphs.arrows[3]);
    let title = ChoiceKind::Output { slot }.title();
    let aside = format!("{up} {down} slot");
    let inner = card(look, &title, &aside, (WIDTH, height), area, buf);
    tabs(app, look, slot, inner, buf);
    let room = inner.height.saturating_sub(1);
    let list = (choices.len() as u16)
        .min(room.saturating_sub(rows.len() as u16).max(LEAST_LIST))
        .min(room);
    let list_area = Rect::new(inner.x, inner.y + 1.min(inner.height), inner.width, list);
    entries(app, look, slot, selected, list_area, buf);
    let rest = Rect::new(
        inner.x,
        list_area.bottom(),
        inner.width,
        room.saturating_sub(list),
    );
    for (y, row) in (0u16..rest.height).zip(&rows) {
        match row {
            Row::Divider(title) => divider(look, title, inner, rest.y + y, buf),
            Row::Setting(name, keys, value) => {
                let name = left(name, NAMES, look.glyphs);
                let x = put(buf, rest, 1, y, &name, look.style(Role::Dim));
                let keys = left(keys, KEYS, look.glyphs);
                let x = put(buf, rest, x, y, &keys, look.style(Role::Accent));
                let room = usize::from(rest.width.saturating_sub(x));
                let value = cut(value, room, look.glyphs);
                put(buf, rest, x, y, &value, look.style(Role::Text));
            }
            Row::Hint(text) => {
                let x = 1 + (NAMES + KEYS) as u16;
                put(buf, rest, x, y, text, look.style(Role::Dim));
            }
            Row::Text(text, role) => {
                put(buf, rest, 1, y, text, look.style(*role));
            }
        }
    }
}

/// All slots in a row, the shown one marked.
fn tabs(app: &App, look: &Look, shown: usize, area: Rect, buf: &mut Buffer) {
    let slots = app.slots();
    let name = |slot: usize| {
        if slot >= app.outputs.wanted.len() {
            return "new".to_owned();
        }
        let spec = app.outputs.slot(slot).spec;
        let name = remote(&spec).map_or_else(|| output_name(&spec), ToString::to_string);
        let view = app.desk(slot).view;
        if view.is_some_and(|v| matches!(v.state, OutputState::Lost(_))) {
            format!("{} {name}", look.glyphs.bad)
        } else {
            name
        }
    };
    let mut names: Vec<String> = (0..slots).map(name).collect();
    let columns = usize::from(area.width);
    if names.iter().map(|name| width(name) + 5).sum::<usize>() > columns {
        let room = (columns / slots.max(1)).saturating_sub(5);
        names = names.iter().map(|n| cut(n, room, look.glyphs)).collect();
    }
    let mut x = 0;
    for (slot, name) in names.iter().enumerate() {
        let text = format!("{} {name}", slot + 1);
        x = if slot == shown {
            put(
                buf,
                area,
                x,
                0,
                &format!("[{text}]"),
                look.chip(Role::Accent),
            )
        } else {
            let role = if slot < app.outputs.wanted.len() {
                Role::Text
            } else {
                Role::Dim
            };
            put(buf, area, x, 0, &format!(" {text} "), look.style(role))
        } + 1;
    }
}

/// What the slot can be set to.
fn entries(app: &App, look: &Look, slot: usize, selected: usize, area: Rect, buf: &mut Buffer) {
    let choices = app.choices(ChoiceKind::Output { slot });
    let label = choices.iter().map(|c| width(&c.label)).max().unwrap_or(0);
    let label = (label as u16 + 2).clamp(18, area.width.saturating_sub(30).clamp(18, 44));
    let columns = [
        Column {
            title: "",
            width: label,
            right: false,
        },
        Column {
            title: "",
            width: area.width.saturating_sub(label + 4),
            right: false,
        },
    ];
    let table = Table {
        look,
        columns: &columns,
        rows: choices.len(),
        first: first_row(selected, choices.len(), usize::from(area.height)),
        selected,
        headed: false,
    };
    let lost = |active: bool| {
        active
            && app
                .desk(slot)
                .view
                .is_some_and(|v| matches!(v.state, OutputState::Lost(_)))
    };
    table.draw(area, buf, |index| {
        let Some(choice) = choices.get(index) else {
            return Vec::new();
        };
        let (mark, role) = if choice.active {
            (look.glyphs.on, Role::Accent)
        } else {
            (look.glyphs.off, Role::Text)
        };
        let detail = if lost(choice.active) {
            Role::Error
        } else {
            Role::Dim
        };
        vec![
            (format!("{mark} {}", choice.label), look.style(role)),
            (choice.detail.clone(), look.style(detail)),
        ]
    });
}

/// What stands under the list.
fn rows(app: &App, look: &Look, slot: usize, columns: usize) -> Vec<Row> {
    let desk = app.desk(slot);
    let mut rows = settings(look, &desk, columns);
    let advice = app.output_advice(slot).filter(|_| desk.view.is_some());
    let state = health(look, &desk, columns);
    if state.is_empty() && advice.is_none() {
        return rows;
    }
    rows.push(Row::Divider("how it is there"));
    rows.extend(state);
    if let Some(advice) = advice {
        let role = level_role(advice.level);
        let mark = if role == Role::Accent {
            look.glyphs.dot
        } else {
            look.glyphs.warn
        };
        let lines = wrap(&advice.text, columns.saturating_sub(2));
        for (place, line) in lines.into_iter().enumerate() {
            let mark = if place == 0 { mark } else { " " };
            rows.push(Row::Text(format!("{mark} {line}"), role));
        }
    }
    rows
}

/// How the slot is driven.
fn settings(look: &Look, desk: &Desk, columns: usize) -> Vec<Row> {
    let mut rows = vec![Row::Divider("how it is sent")];
    if !desk.takes_offset {
        let text = "nothing is sent from here";
        return vec![
            Row::Divider("how it is sent"),
            Row::Text(text.to_owned(), Role::Dim),
        ];
    }
    if desk.takes_clock {
        let value = if desk.setup.clock {
            format!("{} on: machines there follow the tempo", look.glyphs.clock)
        } else {
            "off".to_owned()
        };
        rows.push(Row::Setting("clock", "c", value));
    }
    let ms = desk.setup.latency_ms;
    let value = match ms {
        0 => offset_text(0),
        ms => format!("{} ({ms:+} ms)", offset_text(ms)),
    };
    rows.push(Row::Setting("offset", ", . < >", value));
    let hint = wrap(&desk.hint, columns.saturating_sub(NAMES + KEYS));
    rows.extend(hint.into_iter().map(Row::Hint));
    if let Some((ms, wished)) = desk.delay_ms {
        let dots = if wished { look.glyphs.ellipsis } else { "" };
        let value = format!("{ms} ms{dots}; what comes within it is played in time");
        rows.push(Row::Setting("delay", "- =", value));
    }
    rows
}

/// The state of an output on the network, and the figures of the line to it.
fn health(look: &Look, desk: &Desk, columns: usize) -> Vec<Row> {
    let Some(view) = &desk.view else {
        return Vec::new();
    };
    if remote(&view.spec).is_none() || !matches!(view.state, OutputState::Ok | OutputState::Muted) {
        return Vec::new();
    }
    let (word, role) = output_word(&view.state);
    let Some(link) = &view.link else {
        return vec![Row::Text(waiting(&view.spec, word), role)];
    };
    let mut into = word.to_owned();
    if !link.far.is_empty() {
        into = format!("{word}, plays into {}", link.far);
    }
    let mut rows = vec![Row::Text(cut(&into, columns, look.glyphs), role)];
    let figures: Vec<String> = link_figures(look, view, link)
        .into_iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let separator = format!("  {}  ", look.glyphs.dot);
    let line = figures.join(&separator);
    if width(&line) <= columns {
        rows.push(Row::Text(line, Role::Text));
    } else {
        let lines = wrap(&figures.join(", "), columns);
        rows.extend(lines.into_iter().map(|l| Row::Text(l, Role::Text)));
    }
    rows
}

/// What is said of a network output without a line.
fn waiting(spec: &OutputSpec, word: &str) -> String {
    match spec {
        OutputSpec::RtpListen(remote) => format!("waits for a peer at {remote}"),
        _ => word.to_owned(),
    }
}
