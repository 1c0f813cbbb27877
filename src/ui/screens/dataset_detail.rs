//! The selected file: its facts, how often each lane is hit, a bar of it as a grid, its
//! sound.

use super::play::steps_per_beat;
use super::{HZ, SOUND, empty};
use crate::app::browser::Preview;
use crate::app::listing::Folder;
use crate::app::{App, Command};
use crate::beat::grid::BeatGrid;
use crate::message::{PlaySource, ScanRow};
use crate::ui::layout;
use crate::ui::look::Look;
use crate::ui::text::{counted, cut, thousands};
use crate::ui::theme::Role;
use crate::ui::widgets::histogram::lane_histogram;
use crate::ui::widgets::panel::{Panel, Section, sections};
use crate::ui::widgets::spectrogram::{MARGIN, Spectrogram, Time};
use crate::ui::widgets::step_grid::{Beat, Labels, StepGrid};
use crate::ui::widgets::step_window::{self, StepScale};
use crate::ui::widgets::{below, put};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// Draws what is selected.
pub fn draw(app: &App, look: &Look, area: Rect, wide: bool, buf: &mut Buffer) {
    if let Some(file) = app.browser.selected_row() {
        file_detail(app, look, file, area, wide, buf);
        return;
    }
    let Some(folder) = app.browser.selected_folder() else {
        let inner = Panel::new(look, "selected").draw(area, buf);
        empty(look, &["nothing selected"], inner, buf);
        return;
    };
    folder_detail(app, look, folder, area, buf);
}

/// A file's name without its folder and ending.
fn short_name(name: &str) -> &str {
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let name = name.get(start..).unwrap_or(name);
    name.strip_suffix(".mid").unwrap_or(name)
}

fn file_detail(app: &App, look: &Look, file: &ScanRow, area: Rect, wide: bool, buf: &mut Buffer) {
    let grid = app.browser.selected_grid();
    let bars = grid.map_or(0, |g| g.bars());
    let inner = area.height.saturating_sub(2);
    let facts_rows = if wide { 9 } else { 4 };
    let lane_rows: u16 = if inner >= 40 { 2 } else { 1 };
    let grid_rows = 9 * lane_rows + u16::from(wide);
    let wants = [(facts_rows, facts_rows), (grid_rows, grid_rows), (2, 60)];
    let rows = layout::stack(inner, &wants);
    let rows_of = |place: usize| rows.get(place).copied().unwrap_or(0);
    let title = if bars > 0 {
        format!("bar {} of {bars}", app.browser.bar + 1)
    } else {
        "beat".to_owned()
    };
    let keys = format!("{} {}", look.glyphs.arrows[2], look.glyphs.arrows[3]);
    let parts = [
        Section::new(short_name(&file.name), rows_of(0)),
        Section::new(&title, rows_of(1)).aside(if bars > 1 { keys.as_str() } else { "" }),
        Section::new(SOUND, rows_of(2)),
    ];
    let areas = sections(look, area, &parts, "", buf);
    let [facts_area, grid_area, sound_area] = areas[..] else {
        return;
    };
    facts(look, file, facts_area, wide, buf);
    match grid {
        Some(grid) => {
            let shown = Shown::new(app, file, grid, wide, grid_area);
            shown.draw_grid(look, lane_rows, grid_area, buf);
            shown.draw_sound(app, look, sound_area, buf);
        }
        None => {
            let text = match &app.browser.preview {
                Preview::Failed { path, reason } if *path == file.path => reason.as_str(),
                _ if app.browser.playable(file) => "reading",
                _ => "no beat to show",
            };
            empty(look, &[text], grid_area, buf);
        }
    }
}

fn facts(look: &Look, file: &ScanRow, area: Rect, wide: bool, buf: &mut Buffer) {
    let area = Rect::new(
        area.x + 1,
        area.y,
        area.width.saturating_sub(2),
        area.height,
    );
    let g = look.glyphs;
    let dot = g.dot;
    let none = || g.none.to_owned();
    let hits: u32 = file.lane_counts.iter().fold(0, |a, n| a.saturating_add(*n));
    let tempo = file.tempo.map_or_else(none, |bpm| format!("{bpm:.0} bpm"));
    let meter = file.meter.map_or_else(none, |(n, d)| format!("{n}/{d}"));
    let per_bar = hits.checked_div(file.bars).unwrap_or(0);
    let style = file.style.clone().unwrap_or_else(|| "no style".to_owned());
    if !wide {
        let lines = [
            (format!("{tempo} {meter} {style}"), Role::Text),
            (
                format!("{} {dot} {}", counted(file.bars.into(), "bar"), file.split),
                Role::Dim,
            ),
            (
                format!("{} {per_bar}/bar", counted(hits.into(), "hit")),
                Role::Text,
            ),
        ];
        for (y, (text, role)) in (0u16..).zip(&lines) {
            let text = cut(text, usize::from(area.width), g);
            put(buf, area, 0, y, &text, look.style(*role));
        }
        let rest = below(area, 3);
        lane_histogram(look, &file.lane_counts, rest, buf);
        return;
    }
    let (left, right) = layout::split_right(area, area.width / 2);
    let lines = [
        ("tempo", tempo),
        ("meter", meter),
        ("bars", thousands(u64::from(file.bars))),
        ("style", style),
        ("kind", file.beat_type.clone().unwrap_or_else(none)),
        ("split", file.split.clone()),
        (
            "hits",
            format!("{} {dot} {per_bar} a bar", thousands(u64::from(hits))),
        ),
        (
            "notes",
            format!(
                "{}, {} on channel 10",
                thousands(u64::from(file.notes)),
                thousands(u64::from(file.drum_notes))
            ),
        ),
        ("status", file.status.word().to_owned()),
    ];
    for (y, (name, value)) in (0u16..).zip(&lines) {
        put(buf, left, 0, y, name, look.style(Role::Dim));
        let value = cut(value, usize::from(left.width.saturating_sub(9)), g);
        put(buf, left, 8, y, &value, look.style(Role::Text));
    }
    lane_histogram(look, &file.lane_counts, right, buf);
}

/// The steps of the selected file that are in sight, for the grid and for the sound under it: both have
/// the same columns.
struct Shown<'a> {
    beat: Beat<'a>,
    window: (u64, u64),
    cell: u16,
    playhead: Option<u64>,
    wide: bool,
}

impl<'a> Shown<'a> {
    fn new(app: &App, file: &ScanRow, grid: &'a BeatGrid, wide: bool, area: Rect) -> Self {
        let steps = grid.meter.steps() as u16;
        let engine = &app.generation.engine;
        let heard = engine.source == PlaySource::Preview(file.name.clone());
        let first = app.browser.bar as u64 * u64::from(steps);
        let meter = (grid.meter.numerator(), grid.meter.denominator());
        let beat = Beat {
            steps: &grid.steps,
            first: 0,
            bar_origin: 0,
            steps_per_bar: steps,
            steps_per_beat: steps_per_beat(meter),
        };
        let columns = area.width.saturating_sub(margin(wide));
        let shown = step_window::around(&beat, first, columns, 1, 4);
        let total = grid.steps.len() as u64;
        let window_first = first.max(shown.first);
        Self {
            beat,
            // Behind the file's end there is nothing to show.
            window: (
                window_first,
                shown.count.min(total.saturating_sub(window_first)),
            ),
            cell: shown.cell,
            playhead: heard.then(|| engine.playhead.checked_rem(total)).flatten(),
            wide,
        }
    }

    fn draw_grid(&self, look: &Look, lane_rows: u16, area: Rect, buf: &mut Buffer) {
        let labels = labels(self.wide);
        let widget = StepGrid {
            look,
            beat: self.beat,
            window: self.window,
            cell: self.cell,
            lane_rows,
            playhead: self.playhead,
            revisable_from: None,
            mutes: 0,
            locks: 0,
            chosen: None,
            labels,
            ruler: self.wide,
            marks: false,
        };
        let indent = margin(self.wide) - labels.columns();
        let (_, area) = layout::split_right(area, area.width.saturating_sub(indent));
        (&widget).render(area, buf);
    }

    fn draw_sound(&self, app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
        let Some(sound) = app.browser.selected_sound() else {
            empty(look, &[look.glyphs.none], area, buf);
            return;
        };
        let spectrogram = Spectrogram {
            look,
            columns: (sound.columns(), &[]),
            hz: HZ,
            margin: margin(self.wide),
            time: Time::Steps {
                scale: StepScale::new(&self.beat, self.window, self.cell),
                first: sound.first() as u64,
                playhead: self.playhead,
            },
        };
        (&spectrogram).render(area, buf);
    }
}

/// What is written beside the lanes.
const fn labels(wide: bool) -> Labels {
    if wide { Labels::Long } else { Labels::Short }
}

/// Columns left of the steps: frequencies need one more than short labels.
fn margin(wide: bool) -> u16 {
    labels(wide).columns().max(MARGIN)
}

fn folder_detail(app: &App, look: &Look, folder: &Folder, area: Rect, buf: &mut Buffer) {
    let inner = Panel::new(look, folder.name()).draw(area, buf);
    let inner = Rect::new(
        inner.x + 1,
        inner.y,
        inner.width.saturating_sub(2),
        inner.height,
    );
    let mut counts = [0u32; crate::message::LANES];
    for row in app.browser.rows.get(folder.rows.clone()).unwrap_or(&[]) {
        for (sum, count) in counts.iter_mut().zip(row.lane_counts) {
            *sum = sum.saturating_add(count);
        }
    }
    let lines = [
        counted((folder.usable + folder.refused) as u64, "file"),
        format!(
            "{} usable, {} not",
            thousands(folder.usable as u64),
            thousands(folder.refused as u64)
        ),
        counted(folder.bars, "bar"),
    ];
    for (y, text) in (0u16..).zip(&lines) {
        put(buf, inner, 0, y, text, look.style(Role::Text));
    }
    let open = app.keymap.shown(Command::Open);
    put(
        buf,
        inner,
        0,
        4,
        &format!("{open} opens or folds"),
        look.style(Role::Dim),
    );
    let rest = below(inner, 6);
    let rest = Rect {
        width: rest.width.min(60),
        ..rest
    };
    lane_histogram(look, &counts, rest, buf);
}
