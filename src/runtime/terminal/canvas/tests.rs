//! What a terminal shows after frames with much and with little room, against ratatui's own backend.

use super::*;
use crate::base::rng::{Purpose, Stream};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const AREA: Rect = Rect::new(0, 0, 40, 12);

fn screen() -> vt100::Parser {
    vt100::Parser::new(AREA.height, AREA.width, 0)
}

fn canvas() -> Canvas {
    Canvas::new(AREA.as_size())
}

/// Another picture, most of it as before.
fn change(buffer: &mut Buffer, draws: &mut Stream) {
    // Whole pairs of columns, so that no half of a wide character is ever left standing, as ratatui
    // asks of a buffer.
    let words = ["a ", "  ", "太鼓", "▀▀", "kick", "    ", "é.", "··"];
    let colors = [
        Color::Reset,
        Color::Red,
        Color::White,
        Color::DarkGray,
        Color::Indexed(203),
        Color::Rgb(1, 2, 3),
    ];
    let modifiers = [
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::REVERSED,
        Modifier::BOLD.union(Modifier::UNDERLINED),
    ];
    for _ in 0..draws.below(30) {
        let style = Style::new()
            .fg(colors[draws.below(colors.len())])
            .bg(colors[draws.below(colors.len())])
            .remove_modifier(Modifier::all())
            .add_modifier(modifiers[draws.below(modifiers.len())]);
        let (x, y) = (2 * draws.below(18) as u16, draws.below(12) as u16);
        buffer.set_string(x, y, words[draws.below(words.len())], style);
    }
}

fn assert_same(a: &vt100::Parser, b: &vt100::Parser) {
    for y in 0..AREA.height {
        for x in 0..AREA.width {
            let of = |parser: &vt100::Parser| {
                let cell = parser.screen().cell(y, x).unwrap();
                let text = match cell.contents() {
                    "" => " ".to_owned(),
                    text => text.to_owned(),
                };
                let space = text == " " && !cell.inverse() && !cell.underline();
                let ink = (!space).then(|| (cell.fgcolor(), cell.bold(), cell.underline()));
                (text, ink, cell.bgcolor(), cell.inverse())
            };
            assert_eq!(of(a), of(b), "column {x} of row {y}");
        }
    }
}

#[test]
fn a_terminal_ends_up_with_what_was_drawn_however_little_room_there_is() {
    for seed in 0..60 {
        let mut draws = Stream::new(seed, 0, Purpose::Test);
        let (mut before, mut now) = (Buffer::empty(AREA), Buffer::empty(AREA));
        let (mut ours, mut theirs, mut canvas) = (screen(), screen(), canvas());
        for _ in 0..12 {
            change(&mut now, &mut draws);
            let mut bytes = Vec::new();
            let mut backend = CrosstermBackend::new(&mut bytes);
            backend.draw(before.diff_iter(&now)).unwrap();
            theirs.process(&bytes);
            canvas.draw(before.diff_iter(&now)).unwrap();
            let room = Room {
                fresh: draws.below(200),
                all: draws.below(100),
            };
            ours.process(&canvas.frame(room).0);
            before = now.clone();
        }
        let mut frames = 0;
        let room = Room { fresh: 1, all: 60 };
        loop {
            let (bytes, waits) = canvas.frame(room);
            assert!(bytes.len() < 150, "{} bytes", bytes.len());
            ours.process(&bytes);
            frames += 1;
            assert!(frames < 1_000, "what waits is worked off");
            if !waits {
                break;
            }
        }
        assert_same(&ours, &theirs);
        assert_eq!(canvas.frame(Room::PLENTY), (Vec::new(), false));
    }
}

#[test]
fn what_changed_last_goes_first() {
    let (mut canvas, mut screen) = (canvas(), screen());
    let blank = Buffer::empty(AREA);
    let mut full = blank.clone();
    for y in 0..AREA.height {
        full.set_string(0, y, "old ".repeat(10), Style::new());
    }
    canvas.draw(blank.diff_iter(&full)).unwrap();
    let room = Room { fresh: 50, all: 50 };
    let (bytes, waits) = canvas.frame(room);
    screen.process(&bytes);
    assert!(waits);
    let mut turned = full.clone();
    turned.set_string(0, 11, "new", Style::new());
    canvas.draw(full.diff_iter(&turned)).unwrap();
    screen.process(&canvas.frame(room).0);
    assert!(screen.screen().contents().contains("new"));
}

#[test]
fn a_difference_takes_few_bytes() {
    let mut canvas = canvas();
    let blank = Buffer::empty(AREA);
    let mut now = blank.clone();
    let dot = Style::new().fg(Color::Indexed(238)).bg(Color::Indexed(233));
    for y in 0..9 {
        now.set_string(0, y, "· ", dot);
        now.set_string(2, y, "· ", dot.bg(Color::Indexed(239)));
    }
    let mut bytes = Vec::new();
    let mut theirs = CrosstermBackend::new(&mut bytes);
    theirs.draw(blank.diff_iter(&now)).unwrap();
    canvas.draw(blank.diff_iter(&now)).unwrap();
    let ours = canvas.frame(Room::PLENTY).0;
    assert!(
        3 * ours.len() < 2 * bytes.len(),
        "{} of {}",
        ours.len(),
        bytes.len()
    );
    // A text of the same colour on a space is no change.
    let mut again = now.clone();
    again.set_string(1, 0, " ", dot.fg(Color::Red));
    canvas.draw(now.diff_iter(&again)).unwrap();
    assert_eq!(canvas.frame(Room::PLENTY).0, b"");
}
