//! The training screen: the loss, speed and gradient where there is room, the sound of data
//! and model. The run's figures are drawn by [`super::training_run`].

use super::{empty, training_run};
use crate::app::chart::Series;
use crate::app::{App, Command};
use crate::message::SpectrogramColumn;
use crate::ui::layout;
use crate::ui::look::Look;
use crate::ui::text::cut_front;
use crate::ui::theme::Role;
use crate::ui::widgets::line_chart::{Curve, LineChart, Stroke};
use crate::ui::widgets::panel::Panel;
use crate::ui::widgets::put;
use crate::ui::widgets::spectrogram::{MARGIN, Spectrogram, Time};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// Draws the screen.
pub fn draw(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let parts = layout::training(area);
    loss(app, look, parts.loss, buf);
    if let Some(panel) = parts.speed {
        let series = &app.training.throughput;
        figure(
            look,
            &format!("speed, {} a second", app.training.unit().steps),
            "update",
            Role::Knob,
            series,
            panel,
            buf,
        );
    }
    if let Some(panel) = parts.gradient {
        let series = &app.training.gradient;
        figure(
            look,
            "gradient norm",
            "update",
            Role::Warn,
            series,
            panel,
            buf,
        );
    }
    sounds(app, look, parts.sounds, buf);
    training_run::draw(app, look, parts.run, parts.speed.is_none(), buf);
    if let Some(panel) = parts.log {
        training_run::log(app, look, panel, buf);
    }
}

fn loss(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let training = &app.training;
    let scale = if training.log_scale { "log" } else { "linear" };
    let aside = format!("{} {scale}", app.keymap.shown(Command::LogScale));
    let inner = Panel::new(look, &format!("loss, {}", training.unit().bits))
        .aside(&aside)
        .focused(true)
        .draw(area, buf);
    let Some(chart) = training.chart(usize::from(inner.width) * 2) else {
        let start = format!(
            "{} sets up a training run",
            app.keymap.shown(Command::TrainForm)
        );
        let making = training.preparing.map_or_else(
            || "the first batch is under way".to_owned(),
            |(done, files)| format!("spectrograms are made: {done} of {files} files"),
        );
        let lines = [
            if training.state.is_active() {
                &making
            } else {
                "nothing trained yet"
            },
            "",
            if training.state.is_active() {
                ""
            } else {
                &start
            },
        ];
        return empty(look, &lines, inner, buf);
    };
    let train: Vec<(f64, f64)> = chart.train.iter().map(|b| (b.x, b.mean())).collect();
    let best = chart
        .best
        .map_or_else(String::new, |(_, bits)| format!("{bits:.3}"));
    let mut valid = chart.validation;
    // The mark and its figure belong to the best epoch; a curve is tagged at its end.
    let tail = chart.best.filter(|best| valid.last() != Some(best));
    let tag = if tail.is_some() { "" } else { best.as_str() };
    valid.retain(|(_, y)| y.is_finite());
    let best_point: Vec<(f64, f64)> = tail.into_iter().collect();
    let curves = [
        Curve {
            points: &chart.previous,
            role: Role::Old,
            stroke: Stroke::Sparse,
            tag: "",
        },
        Curve {
            points: &train,
            role: Role::Train,
            stroke: Stroke::Fine,
            tag: "",
        },
        Curve {
            points: &valid,
            role: Role::Valid,
            stroke: Stroke::Marked,
            tag,
        },
        Curve {
            points: &best_point,
            role: Role::Valid,
            stroke: Stroke::Marked,
            tag: &best,
        },
    ];
    let widget = LineChart {
        look,
        curves: &curves,
        log: training.log_scale,
        unit: "epoch",
        until: None,
    };
    (&widget).render(inner, buf);
    legend(app, look, inner, buf);
}

/// What each curve is, in the chart's upper right corner.
fn legend(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let (fine, marked, sparse) = if look.ascii() {
        ("...", "ooo", "- -")
    } else {
        ("⠒⠒⠒", "⠒•⠒", "⠂⠂⠂")
    };
    let old = app
        .training
        .previous
        .as_ref()
        .map(|_| format!("run {}", app.training.run.saturating_sub(1)));
    let mut rows = vec![
        (fine, "train".to_owned(), Role::Train),
        (marked, "validation".to_owned(), Role::Valid),
    ];
    rows.extend(old.map(|text| (sparse, text, Role::Old)));
    let x = area.width.saturating_sub(16);
    if area.width < 40 || area.height < 7 {
        return;
    }
    for (y, (stroke, text, role)) in (0u16..).zip(&rows) {
        let end = put(buf, area, x, y, &format!(" {stroke} "), look.style(*role));
        put(
            buf,
            area,
            end,
            y,
            &format!("{text:<11}"),
            look.style(Role::Dim),
        );
    }
}

/// One series as a chart of its own.
fn figure(
    look: &Look,
    title: &str,
    unit: &str,
    role: Role,
    series: &Series,
    area: Rect,
    buf: &mut Buffer,
) {
    let inner = Panel::new(look, title).draw(area, buf);
    let ends = series.buckets().first().zip(series.buckets().last());
    let (from, to) = ends.map_or((0.0, 1.0), |(first, last)| (first.x, last.x));
    let columns = series.columns(from, to, usize::from(inner.width) * 2);
    let points: Vec<(f64, f64)> = columns.iter().flatten().map(|b| (b.x, b.mean())).collect();
    if points.is_empty() {
        return empty(look, &[look.glyphs.none], inner, buf);
    }
    let curves = [Curve {
        points: &points,
        role,
        stroke: Stroke::Fine,
        tag: "",
    }];
    let widget = LineChart {
        look,
        curves: &curves,
        log: false,
        unit,
        until: None,
    };
    (&widget).render(inner, buf);
}

/// A few bars as they are in the data, beside the same as the model foresees them.
fn sounds(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    // The right one has no frequencies of its own: both pictures are as wide and have the same columns.
    let right = area.width.saturating_sub(MARGIN) / 2;
    let (left, right) = layout::split_right(area, right);
    let excerpt = app.training.excerpt.as_deref();
    let room = usize::from(left.width.saturating_sub(12));
    let of = excerpt.map_or_else(String::new, |e| cut_front(&e.of, room, look.glyphs));
    let data = Panel::new(look, "data, Hz").aside(&of).draw(left, buf);
    let title = match excerpt {
        Some(excerpt) => format!("model, epoch {}", excerpt.epoch),
        None => "model".to_owned(),
    };
    let model = Panel::new(look, &title).draw(right, buf);
    let Some(excerpt) = excerpt else {
        let active = app.training.state.is_active();
        let when = if active {
            "after the first epoch"
        } else {
            "while a model trains"
        };
        empty(look, &["the sound of a few bars", when], data, buf);
        empty(look, &["the same as the model foresees it"], model, buf);
        return;
    };
    picture(look, &excerpt.data, excerpt.hz, MARGIN, data, buf);
    picture(look, &excerpt.model, excerpt.hz, 0, model, buf);
}

/// The most columns of data in one of the screen: where there were more, only the first half is shown.
const MOST_IN_ONE: usize = 3;

fn picture(
    look: &Look,
    columns: &[SpectrogramColumn],
    hz: (f32, f32),
    margin: u16,
    area: Rect,
    buf: &mut Buffer,
) {
    let width = usize::from(area.width.saturating_sub(margin)).max(1);
    let mut count = columns.len();
    while count > width * MOST_IN_ONE {
        count /= 2;
    }
    let spectrogram = Spectrogram {
        look,
        columns: (columns.get(..count).unwrap_or(columns), &[]),
        hz,
        margin,
        time: Time::Fit,
    };
    (&spectrogram).render(area, buf);
}
