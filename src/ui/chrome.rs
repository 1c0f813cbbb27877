//! What every screen has around it: the tabs, the line of keys, the status line.

use super::look::Look;
use super::outputs::{foremost, level_role, output_label, output_word};
use super::text::{counted, cut, decibels, width};
use super::theme::Role;
use super::widgets::{self, put, put_right};
use crate::app::knobs::bpm_text;
use crate::app::training::RunState;
use crate::app::{Advice, App, Command, Screen};
use crate::base::text::sanitize_path;
use crate::message::{OutputSpec, OutputState, OutputView, Realtime};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

/// The line of tabs, with what the screen is about at its right.
pub fn tabs(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, look.tint(Role::Text, 0.06));
    let mut x = put(buf, area, 1, 0, "beatgen", look.style(Role::Title));
    x += if area.width >= 76 { 3 } else { 1 };
    let commands = [
        Command::ScreenDataset,
        Command::ScreenTraining,
        Command::ScreenPlay,
    ];
    for (screen, command) in Screen::ALL.into_iter().zip(commands) {
        let key = app.keymap.shown(command);
        if screen == app.screen {
            let text = format!("[{key} {}]", screen.title());
            x = put(buf, area, x, 0, &text, look.chip(Role::Accent));
        } else {
            x = put(buf, area, x + 1, 0, &key, look.style(Role::Accent));
            x = put(
                buf,
                area,
                x,
                0,
                &format!(" {} ", screen.title()),
                look.style(Role::Text),
            );
        }
        x += 1;
    }
    let room = usize::from(area.width.saturating_sub(x + 2));
    let mut about = about(app);
    if app.screen != Screen::Play {
        // The keys of the temperature work on every screen, so its value is on every screen.
        about = format!("temperature {:.2} · {about}", app.controls.temperature);
    }
    let text = cut(&about, room, look.glyphs);
    let line = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    put_right(buf, line, 0, &text, look.style(Role::Text));
}

/// What the open screen is about, in a few words.
fn about(app: &App) -> String {
    match app.screen {
        Screen::Dataset => {
            let Some(dir) = &app.browser.dir else {
                return "no folder".to_owned();
            };
            let name = dir.file_name().map_or_else(
                || sanitize_path(dir),
                |name| sanitize_path(std::path::Path::new(name)),
            );
            let files = counted(app.browser.rows.len() as u64, "file");
            format!("{name} · {files}")
        }
        Screen::Training => match (&app.training.config, app.training.run) {
            (Some(config), run) if run > 0 => {
                format!("run {run} · {}x{}", config.num_layers, config.units)
            }
            _ => app.training.state.word().to_owned(),
        },
        Screen::Play => {
            let (beats, unit) = meter(app);
            let tempo = bpm_text(app.heard_milli_bpm());
            format!("{}  {tempo} bpm  {beats}/{unit}", app.generation.heard())
        }
    }
}

/// The meter in force, 4/4 before anything has played.
#[must_use]
pub fn meter(app: &App) -> (u8, u8) {
    match app.generation.engine.meter {
        (0, _) | (_, 0) => (4, 4),
        meter => meter,
    }
}

/// The line of keys.
pub fn hints(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    let hints = app.hints();
    let pairs: Vec<(&str, &str)> = hints.iter().map(|h| (h.key.as_str(), h.title)).collect();
    let kept = if app.overlays.is_empty() { 2 } else { 1 };
    widgets::hints::hints(look, &pairs, kept, area, buf);
}

/// A piece of the status line; lower ranks stay longest where it is short of room.
struct Piece {
    text: String,
    role: Role,
    rank: u8,
}

fn piece(text: impl Into<String>, role: Role, rank: u8) -> Piece {
    Piece {
        text: text.into(),
        role,
        rank,
    }
}

/// The status line: what plays and computes at the left, how well it sounds at the right.
pub fn status(app: &App, look: &Look, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, look.tint(Role::Text, 0.06));
    let room = usize::from(area.width.saturating_sub(2));
    let columns =
        |pieces: &[Piece]| -> usize { pieces.iter().map(|p| width(&p.text) + 3).sum::<usize>() };
    let fits = |left: &[Piece], right: &[Piece]| columns(left) + columns(right) <= room + 3;
    let (mut left, mut right) = (left_pieces(app, look, true), right_pieces(app, look, true));
    if !fits(&left, &right) {
        (left, right) = (
            left_pieces(app, look, false),
            right_pieces(app, look, false),
        );
    }
    while !fits(&left, &right) {
        let worst = left.iter().chain(&right).map(|p| p.rank).max();
        let Some(worst) = worst.filter(|rank| *rank > 0) else {
            break;
        };
        left.retain(|p| p.rank != worst);
        right.retain(|p| p.rank != worst);
    }
    let separator = format!(" {} ", look.glyphs.dot);
    let dim = look.style(Role::Frame);
    let mut line = |pieces: &[Piece], mut x: u16| {
        for (place, piece) in pieces.iter().enumerate() {
            if place > 0 {
                x = put(buf, area, x, 0, &separator, dim);
            }
            x = put(buf, area, x, 0, &piece.text, look.style(piece.role));
        }
        x
    };
    let x = line(&left, 1);
    let total = columns(&right).saturating_sub(3) as u16;
    line(&right, area.width.saturating_sub(total + 1).max(x + 1));
}

/// What plays, learns and computes.
fn left_pieces(app: &App, look: &Look, generous: bool) -> Vec<Piece> {
    let [playing, stopped, paused] = look.glyphs.transport;
    let playback = &app.generation.playback;
    let away = app.screen != Screen::Play;
    let mut pieces = vec![if playback.preview.is_some() {
        piece(format!("{playing} preview"), Role::Accent, 0)
    } else if playback.generator {
        piece(format!("{playing} playing"), Role::Ok, 0)
    } else {
        piece(format!("{stopped} stopped"), Role::Dim, 0)
    }];
    if away && playback.is_on() {
        let bar = app.generation.engine.bar.saturating_add(1);
        pieces.push(piece(format!("bar {bar}"), Role::Text, 6));
    }
    let tempo = format!("{} bpm", bpm_text(app.heard_milli_bpm()));
    pieces.push(piece(tempo, Role::Text, if away { 3 } else { 8 }));
    let training = &app.training;
    match &training.state {
        RunState::Idle => {}
        RunState::Running => {
            let percent = (training.fraction() * 100.0).floor();
            pieces.push(piece(format!("training {percent:.0}%"), Role::Train, 2));
        }
        RunState::Paused => {
            pieces.push(piece(format!("{paused} training paused"), Role::Warn, 2));
        }
        RunState::Failed(_) => pieces.push(piece("training failed", Role::Error, 2)),
        state => {
            let text = format!("training {}", state.word());
            pieces.push(piece(text, Role::Train, 7));
        }
    }
    if !app.device.is_empty() {
        // Why this device is told on the play screen and by `doctor`.
        let room = if generous { 48 } else { 12 };
        let device = cut(start(&app.device), room, look.glyphs);
        pieces.push(piece(device, Role::Dim, 4));
    }
    let model = &app.generation.engine.model;
    if !model.is_empty() {
        let model = if generous {
            format!("model {}", cut(model, 40, look.glyphs))
        } else {
            cut(start(model), 14, look.glyphs)
        };
        pieces.push(piece(model, Role::Dim, 5));
    }
    pieces
}

/// A name's first word or two, without what stands in brackets or behind a colon.
fn start(name: &str) -> &str {
    let end = name.find([':', '(', ',']).filter(|end| *end > 0);
    name.get(..end.unwrap_or(name.len())).unwrap_or(name).trim()
}

/// How well it sounds.
fn right_pieces(app: &App, look: &Look, generous: bool) -> Vec<Piece> {
    let engine = &app.generation.engine;
    let mut pieces = Vec::new();
    let foremost = foremost(app);
    let wrong = foremost.and_then(|(slot, view)| Some(((slot, view), app.output_advice(slot)?)));
    if let Some((output, advice)) = &wrong {
        pieces.push(wrong_piece(app, look, *output, advice, generous));
    }
    if engine.unsaved {
        let text = format!("{} unsaved", look.glyphs.record);
        let rank = if app.screen == Screen::Play { 7 } else { 3 };
        pieces.push(piece(text, Role::Warn, rank));
    }
    match foremost {
        None => pieces.push(piece("no output", Role::Dim, 1)),
        Some((_, view)) if wrong.is_none() => {
            let name = shown_name(look, view, generous);
            let (word, role) = output_word(&view.state);
            pieces.push(piece(format!("{name} {word}"), role, 1));
        }
        Some(_) => {}
    }
    let role = if engine.late > 0 {
        Role::Warn
    } else {
        Role::Dim
    };
    // Receivers count what came late to them; this is what left late here.
    let linked = engine.outputs.iter().any(|o| o.link.is_some());
    let name = if linked { "sent late" } else { "late" };
    pieces.push(piece(format!("{name} {}", engine.late), role, 1));
    match &engine.realtime {
        Realtime::Unknown => {}
        Realtime::Granted => pieces.push(piece("RT ok", Role::Dim, 6)),
        Realtime::Refused(_) => {
            let text = if generous {
                "no real-time priority"
            } else {
                "no RT"
            };
            pieces.push(piece(text, Role::Warn, 3));
        }
    }
    if app.generation.playback.is_on() {
        let level = engine.lane_levels.iter().copied().fold(0.0, f32::max);
        pieces.push(piece(format!("{:>7}", decibels(level)), Role::Meter, 9));
    }
    pieces
}

/// An output's name in the status line.
fn shown_name(look: &Look, view: &OutputView, generous: bool) -> String {
    let label = output_label(view);
    if generous {
        cut(&label, 28, look.glyphs)
    } else if view.link.is_some() || !matches!(view.spec, OutputSpec::Port(_)) {
        cut(&label, 16, look.glyphs)
    } else {
        cut(start(&label), 12, look.glyphs)
    }
}

/// What is wrong with an output; it stands first and stays.
fn wrong_piece(
    app: &App,
    look: &Look,
    (slot, view): (usize, &OutputView),
    advice: &Advice,
    generous: bool,
) -> Piece {
    let name = shown_name(look, view, generous);
    let (word, role) = output_word(&view.state);
    let text = match &view.state {
        OutputState::Lost(reason) if generous => {
            format!("{name} {word}: {}", cut(reason, 60, look.glyphs))
        }
        OutputState::Lost(_) | OutputState::Opening => format!("{name} {word}"),
        OutputState::Ok | OutputState::Muted if generous => {
            format!("{name}: {}", cut(&advice.short, 60, look.glyphs))
        }
        OutputState::Ok | OutputState::Muted => match app.late_lately(slot) {
            0 => format!("{name}: {} tells", app.keymap.shown(Command::Outputs)),
            late => format!("{name} late {late}"),
        },
    };
    let role = match &view.state {
        OutputState::Ok | OutputState::Muted => level_role(advice.level),
        _ => role,
    };
    piece(text, role, 0)
}

/// An empty card over whatever is there, its side in a role's colour.
pub fn card_with_side(look: &Look, role: Role, card: Rect, buf: &mut Buffer) {
    Clear.render(card, buf);
    buf.set_style(card, look.base());
    buf.set_style(card, look.tint(Role::Text, 0.05));
    ratatui::widgets::Block::bordered()
        .border_set(look.glyphs.border)
        .border_style(look.style(role))
        .render(card, buf);
}
