//! Characters that are drawn instead of written: blocks, lines, dots and marks. Fonts differ
//! in these most, and only shapes join without a seam from cell to cell.

/// Width of a cell, in units of the picture.
pub const WIDTH: i32 = 16;
/// Height of a cell.
pub const HEIGHT: i32 = 32;

/// A part of a glyph, in units from the upper left corner of its cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Filled to its edges: left, top, width, height.
    Block(i32, i32, i32, i32),
    /// Filled with a mix of ink and paper, in percent of ink.
    Shade(i32),
    /// A stroke: left, top, width, height.
    Line(i32, i32, i32, i32),
    /// A row of dashes across the cell: length of a dash and of a gap.
    DashesAcross(i32, i32),
    /// A column of dashes down the cell.
    DashesDown(i32, i32),
    /// A dot around a point, by its diameter in tenths.
    Dot(i32, i32, i32),
    /// An outline to fill, as path data that moves relative to the cell's corner.
    Filled(&'static str),
    /// An outline to stroke.
    Stroked(&'static str),
}

use Shape::{Block, DashesAcross, DashesDown, Dot, Filled, Line, Shade, Stroked};

/// The shapes of a character; `None` where it is to be written.
pub fn shapes(c: char) -> Option<Vec<Shape>> {
    let one = |shape| Some(vec![shape]);
    let (w, h) = (WIDTH, HEIGHT);
    match c {
        '▀' => one(Block(0, 0, w, h / 2)),
        '▁'..='█' => {
            let height = (c as i32 - '▀' as i32) * h / 8;
            one(Block(0, h - height, w, height))
        }
        '▉'..='▏' => one(Block(0, 0, ('▐' as i32 - c as i32) * w / 8, h)),
        '▐' => one(Block(w / 2, 0, w / 2, h)),
        '░' => one(Shade(25)),
        '▒' => one(Shade(50)),
        '▓' => one(Shade(75)),
        '╌' => one(DashesAcross(5, 3)),
        '┈' => one(DashesAcross(2, 2)),
        '┊' => one(DashesDown(4, 4)),
        '╭' => one(Stroked("m8 32v-8q0-8 8-8")),
        '╮' => one(Stroked("m8 32v-8q0-8-8-8")),
        '╰' => one(Stroked("m8 0v8q0 8 8 8")),
        '╯' => one(Stroked("m8 0v8q0 8-8 8")),
        '·' => one(Dot(8, 16, 36)),
        '•' => one(Dot(8, 16, 70)),
        '●' => one(Dot(8, 16, 120)),
        '○' => one(Stroked("m3 16a5 5 0 1 0 10 0a5 5 0 1 0-10 0z")),
        '▲' => one(Filled("m1 24h14l-7-14z")),
        '▼' => one(Filled("m1 9h14l-7 14z")),
        '▶' => one(Filled("m2 8v16l13-8z")),
        '▸' => one(Filled("m4 10v12l9-6z")),
        '▾' => one(Filled("m2 12h12l-6 9z")),
        '◆' => one(Filled("m8 8l7 8l-7 8l-7-8z")),
        '■' => one(Filled("m2 10h12v12h-12z")),
        '‖' => Some(vec![Block(3, 8, 3, 16), Block(10, 8, 3, 16)]),
        '✓' => one(Stroked("m3 17l4 5l7-12")),
        '✗' => one(Stroked("m3 11l10 11m0-11l-10 11")),
        '\u{2800}'..='\u{28ff}' => Some(braille(c)),
        _ => lines(c),
    }
}

/// The dots of a braille character, in the order of its bits.
fn braille(c: char) -> Vec<Shape> {
    let places = [
        (4, 4),
        (4, 12),
        (4, 20),
        (12, 4),
        (12, 12),
        (12, 20),
        (4, 28),
        (12, 28),
    ];
    let bits = c as u32 - 0x2800;
    (0..)
        .zip(places)
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, (x, y))| Dot(x, y, 48))
        .collect()
}

/// Lines from the middle of the cell to its sides.
fn lines(c: char) -> Option<Vec<Shape>> {
    // How heavy the lines to the left, right, top and bottom are.
    let arms = match c {
        '─' => [2, 2, 0, 0],
        '│' => [0, 0, 2, 2],
        '┌' => [0, 2, 0, 2],
        '┐' => [2, 0, 0, 2],
        '└' => [0, 2, 2, 0],
        '┘' => [2, 0, 2, 0],
        '├' => [0, 2, 2, 2],
        '┤' => [2, 0, 2, 2],
        '┬' => [2, 2, 0, 2],
        '┴' => [2, 2, 2, 0],
        '┼' => [2, 2, 2, 2],
        '━' => [4, 4, 0, 0],
        '┃' => [0, 0, 4, 4],
        '┏' => [0, 4, 0, 4],
        '┓' => [4, 0, 0, 4],
        '┗' => [0, 4, 4, 0],
        '┛' => [4, 0, 4, 0],
        '╸' => [4, 0, 0, 0],
        '╺' => [0, 4, 0, 0],
        _ => return None,
    };
    let [left, right, up, down] = arms;
    let (x, y) = (WIDTH / 2, HEIGHT / 2);
    let all = [
        (left, Line(0, y - left / 2, x + left / 2, left)),
        (
            right,
            Line(x - right / 2, y - right / 2, x + right / 2, right),
        ),
        (up, Line(x - up / 2, 0, up, y + up / 2)),
        (down, Line(x - down / 2, y - down / 2, down, y + down / 2)),
    ];
    let drawn = all.into_iter().filter(|(weight, _)| *weight > 0);
    Some(drawn.map(|(_, line)| line).collect())
}
