//! The dataset screen: the files of the folder, with what became of each. The selected file
//! is drawn by [`super::dataset_detail`].

use super::{dataset_detail, empty};
use crate::app::browser::{Line, LineKind, ScanState};
use crate::app::{App, Command, Overlay};
use crate::message::{FileStatus, ScanRow};
use crate::ui::layout;
use crate::ui::look::Look;
use crate::ui::text::{counted, cut, thousands, wrap};
use crate::ui::theme::Role;
use crate::ui::widgets::panel::Panel;
use crate::ui::widgets::table::{Column, Table, TableCell};
use crate::ui::widgets::{form, progress, put, row};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the screen.
pub fn draw(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let parts = layout::dataset(area);
    list(app, look, parts.list, parts.wide, buf);
    dataset_detail::draw(app, look, parts.detail, parts.wide, buf);
}

const fn column(title: &'static str, width: u16, right: bool) -> Column {
    Column {
        title,
        width,
        right,
    }
}

/// The columns at 80 columns of terminal.
const NARROW: [Column; 6] = [
    column("name", 10, false),
    column("bars", 5, true),
    column("bpm", 3, true),
    column("meter", 5, false),
    column("style", 6, false),
    column("status", 9, false),
];

/// The columns where there is room.
const WIDE: [Column; 9] = [
    column("name", 24, false),
    column("bars", 6, true),
    column("bpm", 5, true),
    column("meter", 5, false),
    column("style", 12, false),
    column("kind", 4, false),
    column("split", 10, false),
    column("hits", 6, true),
    column("status", 9, false),
];

fn list(app: &App, look: &Look, area: Rect, wide: bool, buf: &mut Buffer) {
    let browser = &app.browser;
    let g = look.glyphs;
    let finding = matches!(app.overlay(), Some(Overlay::Find));
    let query = browser.query.text();
    let mut title = format!("files {} {}", g.dot, browser.show.word());
    if !query.is_empty() && !finding {
        title = format!("{title} {} /{query}", g.dot);
    }
    let order = format!("by {} {}", browser.sort.word(), g.open);
    let totals = &browser.totals;
    let foot = if browser.rows.is_empty() {
        String::new()
    } else {
        format!(
            "{} in {dot} {} out {dot} {} {dot} {:.1} h",
            thousands(totals.included as u64),
            thousands(totals.left_out as u64),
            counted(totals.bars, "bar"),
            totals.seconds / 3600.0,
            dot = g.dot,
        )
    };
    let inner = Panel::new(look, &title)
        .aside(&order)
        .foot(&foot)
        .focused(true)
        .draw(area, buf);
    let mut inner = inner;
    if finding {
        let line = row(inner, 0);
        put(buf, line, 1, 0, "/", look.style(Role::Accent));
        let field = Rect::new(
            line.x + 3.min(line.width),
            line.y,
            line.width.saturating_sub(4),
            line.height,
        );
        form::text_field(look, query, Some(browser.query.cursor()), field, buf);
        inner = crate::ui::widgets::below(inner, 1);
    }
    match &browser.scan {
        ScanState::None => return no_folder(app, look, inner, buf),
        ScanState::Failed(sentence) => {
            let again = format!(
                "{} opens another folder",
                app.keymap.shown(Command::ChangeFolder)
            );
            return empty(look, &[sentence, "", &again], inner, buf);
        }
        ScanState::Running { done, total } => {
            let (rest, line) = layout::split_top(inner, inner.height.saturating_sub(1));
            let text = format!(
                "reading {} of {}",
                thousands(*done as u64),
                thousands(*total as u64)
            );
            let x = put(buf, line, 1, 0, &text, look.style(Role::Text));
            let share = *done as f32 / (*total).max(1) as f32;
            let bar = Rect::new(
                line.x + x.min(line.width),
                line.y,
                line.width.saturating_sub(x + 1),
                line.height,
            );
            progress::progress(look, share, bar, buf);
            inner = rest;
        }
        ScanState::Done if browser.rows.is_empty() => {
            let again = format!(
                "{} opens another folder",
                app.keymap.shown(Command::ChangeFolder)
            );
            let lines = [
                "no MIDI files in this folder",
                "files end in .mid, .midi or .smf",
                &again,
            ];
            return empty(look, &lines, inner, buf);
        }
        ScanState::Done if browser.is_empty() => {
            let change = format!(
                "{} changes the text, {} what is shown",
                app.keymap.shown(Command::Find),
                app.keymap.shown(Command::Filter)
            );
            return empty(look, &["no file fits", &change], inner, buf);
        }
        ScanState::Done => {}
    }
    let inner = reason(app, look, inner, buf);
    let columns: &[Column] = if wide { &WIDE } else { &NARROW };
    let height = usize::from(inner.height.saturating_sub(1));
    let shown = browser.window(height);
    let lines = browser.visible(shown.start, shown.len());
    let table = Table {
        look,
        columns,
        rows: browser.len(),
        first: shown.start,
        selected: browser.selected(),
        headed: true,
    };
    table.draw(inner, buf, |index| {
        let line = index.checked_sub(shown.start).and_then(|i| lines.get(i));
        line.map_or_else(Vec::new, |line| cells(look, line, wide))
    });
}

/// What to do without a folder.
fn no_folder(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let open = format!(
        "{} opens a folder of MIDI files",
        app.keymap.shown(Command::ChangeFolder)
    );
    let lines = [
        "no folder yet",
        "",
        &open,
        "or start with: beatgen-tui --data-dir FOLDER",
        "",
        "playing needs none: the built-in model is ready",
    ];
    empty(look, &lines, area, buf);
}

/// Why the selected file is not used, and what can be done; the area left above.
fn reason(app: &App, look: &Look, area: Rect, buf: &mut Buffer) -> Rect {
    let Some(file) = app.browser.selected_row() else {
        return area;
    };
    let Some(reason) = &file.reason else {
        return area;
    };
    let columns = usize::from(area.width.saturating_sub(4));
    let mut lines = wrap(reason, columns);
    lines.truncate(2);
    if let Some(hint) = &file.hint {
        lines.extend(wrap(hint, columns).into_iter().take(1));
    }
    let rows = lines.len() as u16;
    if area.height < rows + 5 {
        return area;
    }
    let (rest, box_area) = layout::split_top(area, area.height - rows);
    let (mark, role) = mark(look, file, false);
    put(buf, box_area, 1, 0, mark, look.style(role));
    let hint_at = if file.hint.is_some() {
        rows.saturating_sub(1)
    } else {
        rows
    };
    for (y, line) in (0u16..).zip(&lines) {
        let role = if y >= hint_at { Role::Dim } else { role };
        put(buf, box_area, 3, y, line, look.style(role));
    }
    rest
}

/// A file's mark: in, out, or what is wrong.
fn mark(look: &Look, file: &ScanRow, excluded: bool) -> (&'static str, Role) {
    let g = look.glyphs;
    match file.status {
        _ if excluded => (g.off, Role::Dim),
        FileStatus::Ok => (g.on, Role::Ok),
        FileStatus::Repaired => (g.on, Role::Warn),
        FileStatus::Duplicate => (g.off, Role::Dim),
        FileStatus::NoDrums => (g.warn, Role::Warn),
        FileStatus::Empty => (g.warn, Role::Dim),
        FileStatus::Rejected => (g.bad, Role::Error),
    }
}

fn cells(look: &Look, line: &Line<'_>, wide: bool) -> Vec<TableCell> {
    let text = look.style(Role::Text);
    let dim = look.style(Role::Dim);
    let g = look.glyphs;
    let indent = " ".repeat(line.depth.min(12));
    match &line.kind {
        LineKind::Folder { folder, folded } => {
            let fold = if *folded { g.closed } else { g.open };
            let name = format!("{indent}{fold} {}", folder.name());
            let all = folder.usable + folder.refused;
            let status = format!("{}/{all} ok", folder.usable);
            let mut cells = vec![
                (name, look.style(Role::Title)),
                (thousands(folder.bars), dim),
            ];
            let blank = (String::new(), dim);
            cells.resize(if wide { 8 } else { 5 }, blank);
            cells.push((status, dim));
            cells
        }
        LineKind::File {
            row,
            label,
            excluded,
            remapped,
        } => {
            let (mark, role) = mark(look, row, *excluded);
            let start = label
                .rfind('/')
                .filter(|_| !wide)
                .map_or(0, |slash| slash + 1);
            let name = label.get(start..).unwrap_or(label);
            let name = name.strip_suffix(".mid").unwrap_or(name);
            let none = || g.none.to_owned();
            let usable = row.status.usable() || *remapped;
            let style = if usable && !excluded { text } else { dim };
            let bars = if row.bars > 0 {
                thousands(u64::from(row.bars))
            } else {
                none()
            };
            let tempo = row.tempo.map_or_else(none, |bpm| format!("{bpm:.0}"));
            let meter = row.meter.map_or_else(none, |(n, d)| format!("{n}/{d}"));
            let genre = row.style.clone().unwrap_or_else(none);
            let status = match (*excluded, *remapped) {
                (true, _) => "left out".to_owned(),
                (_, true) => "remapped".to_owned(),
                _ => row.status.word().to_owned(),
            };
            let mut cells = vec![
                (format!("{indent}{mark} {name}"), style),
                (bars, style),
                (tempo, style),
                (meter, dim),
                (cut(&genre, if wide { 12 } else { 6 }, g), dim),
            ];
            if wide {
                cells.push((row.beat_type.clone().unwrap_or_else(none), dim));
                cells.push((row.split.clone(), dim));
                let hits: u32 = row.lane_counts.iter().fold(0, |a, n| a.saturating_add(*n));
                cells.push((thousands(u64::from(hits)), dim));
            }
            cells.push((status, look.style(role)));
            cells
        }
    }
}
