//! The run: how far it is, how good, how fast; and what it said.

use crate::app::training::RunState;
use crate::app::{App, Command};
use crate::base::text::sanitize_path;
use crate::ui::look::Look;
use crate::ui::text::{clock, counted, cut, cut_front, scientific, thousands, wrap};
use crate::ui::theme::Role;
use crate::ui::widgets::panel::Panel;
use crate::ui::widgets::{progress, put, put_right, row, sparkline};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the figures; `sparks` where speed and gradient have no charts of their own.
pub fn draw(app: &App, look: &Look, area: Rect, sparks: bool, buf: &mut Buffer) {
    let training = &app.training;
    let title = if training.run > 0 {
        format!("run {}", training.run)
    } else {
        "run".to_owned()
    };
    let inner = Panel::new(look, &title)
        .aside(if training.run > 0 {
            training.state.word()
        } else {
            ""
        })
        .draw(area, buf);
    let area = Rect::new(
        inner.x + 1,
        inner.y,
        inner.width.saturating_sub(2),
        inner.height,
    );
    if training.run == 0 {
        no_run(app, look, area, buf);
        return;
    }
    let mut y = 0;
    if let RunState::Failed(sentence) = &training.state {
        for line in wrap(sentence, usize::from(area.width)).iter().take(5) {
            put(buf, area, 0, y, line, look.style(Role::Error));
            y += 1;
        }
    }
    let p = &training.progress;
    let mut figure = |name: &str, value: &str, role: Role, y: u16| {
        let line = row(area, y);
        put(buf, line, 0, 0, name, look.style(Role::Dim));
        let room = usize::from(area.width).saturating_sub(name.len() + 1);
        put_right(
            buf,
            line,
            0,
            &cut(value, room, look.glyphs),
            look.style(role),
        );
    };
    figure("epoch", &format!("{}/{}", p.epoch, p.epochs), Role::Text, y);
    let done = format!("{}/{}", p.update, p.updates_per_epoch);
    figure("left", &clock(p.seconds_left), Role::Text, y + 2);
    let best = training.best.map_or_else(
        || look.glyphs.none.to_owned(),
        |(epoch, bits)| format!("{bits:.3} e{epoch}"),
    );
    figure("best", &best, Role::Valid, y + 3);
    figure("train", &format!("{:.3}", p.train_bits), Role::Train, y + 4);
    figure(
        training.unit().rate,
        &thousands(p.steps_per_second.max(0.0) as u64),
        Role::Text,
        y + 5,
    );
    let after_speed = y + 6 + u16::from(sparks);
    figure(
        "grad norm",
        &format!("{:.2}", p.grad_norm),
        Role::Text,
        after_speed,
    );
    let mut at = after_speed + 1 + u16::from(sparks);
    figure("lr", &scientific(p.learning_rate), Role::Text, at);
    figure("update", &done, Role::Text, at + 1);
    at += 2;
    let (files, bars) = training.data;
    figure("data", &counted(files as u64, "file"), Role::Text, at);
    figure("", &counted(bars, "bar"), Role::Text, at + 1);
    figure(
        "weights",
        &thousands(training.parameters as u64),
        Role::Text,
        at + 2,
    );
    figure("map", &training.drum_map, Role::Text, at + 3);
    figure("device", &training.device, Role::Text, at + 4);
    if let Some(config) = &training.config {
        figure(
            "net",
            &format!("{} x {}", config.num_layers, config.units),
            Role::Text,
            at + 5,
        );
        figure(
            "bptt",
            &format!("{} {}", config.sequence_length, training.unit().steps),
            Role::Text,
            at + 6,
        );
        figure("batch", &config.batch_size.to_string(), Role::Text, at + 7);
        figure("seed", &config.seed.to_string(), Role::Text, at + 8);
    }
    if let Some((path, _)) = &training.last_checkpoint {
        let room = usize::from(area.width.saturating_sub(5));
        let path = cut_front(&sanitize_path(path), room, look.glyphs);
        figure("file", &path, Role::Text, at + 9);
    }
    progress::progress(look, training.fraction(), row(area, y + 1), buf);
    if sparks {
        let width = usize::from(area.width);
        let speed = training.throughput.tail(width);
        let values = speed.iter().map(|v| *v as f32);
        sparkline::sparkline(
            look,
            values,
            true,
            look.style(Role::Knob),
            row(area, y + 6),
            buf,
        );
        let gradient = training.gradient.tail(width);
        let values = gradient.iter().map(|v| *v as f32);
        let line = row(area, after_speed + 1);
        sparkline::sparkline(look, values, true, look.style(Role::Warn), line, buf);
    }
}

/// What to do before any run.
fn no_run(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let totals = &app.browser.totals;
    let mut lines = Vec::new();
    if totals.included > 0 {
        let files = thousands(totals.included as u64);
        lines.push((
            format!(
                "{files} files and {} bars are ready",
                thousands(totals.bars)
            ),
            Role::Text,
        ));
    } else {
        let key = app.keymap.shown(Command::ScreenDataset);
        lines.push((format!("{key} opens a folder to learn from"), Role::Text));
    }
    let key = app.keymap.shown(Command::TrainForm);
    lines.push((String::new(), Role::Dim));
    lines.push((format!("{key} sets up a run"), Role::Dim));
    let mut y = 0;
    for (text, role) in lines {
        if text.is_empty() {
            y += 1;
        }
        for line in wrap(&text, usize::from(area.width)) {
            put(buf, area, 0, y, &line, look.style(role));
            y += 1;
        }
    }
}

/// What the run said, the newest lowest.
pub fn log(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let inner = Panel::new(look, "log").draw(area, buf);
    let columns = usize::from(inner.width.saturating_sub(2));
    let mut lines: Vec<String> = Vec::new();
    for line in app.training.log.iter().rev() {
        let mut rows = wrap(line, columns);
        rows.reverse();
        lines.extend(rows);
        if lines.len() >= usize::from(inner.height) {
            break;
        }
    }
    lines.truncate(usize::from(inner.height));
    for (y, line) in (0u16..).zip(lines.iter().rev()) {
        put(buf, inner, 1, y, line, look.style(Role::Dim));
    }
}
