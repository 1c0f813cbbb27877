//! [`Canvas`]: what the terminal shows and what it is to show, cell by cell. It writes only the
//! difference, in few bytes, and where the line is slow only as much as it carries: what changed last
//! goes first, the rest follows with the next frames.

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::{Command, terminal};
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use std::io;
use unicode_width::UnicodeWidthStr;

/// How many bytes a frame may have, about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// With what has just changed.
    pub fresh: usize,
    /// With what has waited since earlier frames, too.
    pub all: usize,
}

impl Room {
    /// For a line that carries everything.
    pub const PLENTY: Self = Self {
        fresh: usize::MAX,
        all: usize::MAX,
    };
}

/// The cells of a terminal; a backend for ratatui.
#[derive(Debug, Default)]
pub struct Canvas {
    size: Size,
    /// `None`: the right half of a wide character.
    wanted: Vec<Option<Cell>>,
    /// `None`: not known.
    shown: Vec<Option<Cell>>,
    /// What the last drawing changed, in the order of rows.
    fresh: Vec<usize>,
    /// Whether cells wait since earlier frames, and where the next of them is looked for.
    waits: bool,
    next: usize,
    /// To be written before any cell.
    before: Vec<u8>,
}

impl Canvas {
    /// A cleared terminal of this size.
    pub fn new(size: Size) -> Self {
        let mut canvas = Self::default();
        canvas.blank(size);
        canvas
    }

    fn blank(&mut self, size: Size) {
        let cells = usize::from(size.width) * usize::from(size.height);
        self.size = size;
        self.wanted = vec![Some(Cell::EMPTY); cells];
        self.shown = vec![Some(Cell::EMPTY); cells];
        self.fresh.clear();
        self.waits = false;
        self.next = 0;
    }

    /// The bytes that bring the terminal nearer to what was drawn, and whether something still
    /// waits then.
    pub fn frame(&mut self, room: Room) -> (Vec<u8>, bool) {
        let mut pen = Pen {
            out: std::mem::take(&mut self.before),
            ..Pen::default()
        };
        let fresh = std::mem::take(&mut self.fresh);
        let mut left = self.waits;
        for at in fresh {
            if pen.out.len() >= room.fresh {
                left = true;
                break;
            }
            self.write(at, &mut pen);
        }
        if left {
            left = false;
            let cells = self.wanted.len();
            let from = self.next;
            for at in (from..cells).chain(0..from.min(cells)) {
                if !self.is_pending(at) {
                    continue;
                }
                if pen.out.len() >= room.all {
                    (left, self.next) = (true, at);
                    break;
                }
                self.write(at, &mut pen);
            }
        }
        self.waits = left;
        (pen.end(), left)
    }

    fn is_pending(&self, at: usize) -> bool {
        match (self.wanted.get(at), self.shown.get(at)) {
            (Some(Some(wanted)), Some(Some(shown))) => !looks_like(wanted, shown),
            (Some(Some(_)), Some(None)) => true,
            _ => false,
        }
    }

    fn write(&mut self, at: usize, pen: &mut Pen) {
        let width = usize::from(self.size.width.max(1));
        let Some(Some(cell)) = self.wanted.get(at).filter(|_| self.is_pending(at)) else {
            return;
        };
        let (x, y) = (at % width, at / width);
        let columns = columns(cell);
        pen.write(cell, x, y, columns, x + columns >= width);
        if let Some(place) = self.shown.get_mut(at) {
            place.clone_from(&Some(cell.clone()));
        }
        for half in at + 1..at + columns {
            if let Some(place) = self.shown.get_mut(half) {
                *place = None;
            }
        }
    }
}

/// Columns that a cell's text takes, 1 or 2.
fn columns(cell: &Cell) -> usize {
    cell.symbol().width().clamp(1, 2)
}

/// Modifiers that show on a space.
const ON_SPACES: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::CROSSED_OUT);

fn is_plain_space(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(ON_SPACES)
}

fn looks_like(a: &Cell, b: &Cell) -> bool {
    if is_plain_space(a) && is_plain_space(b) {
        return a.bg == b.bg;
    }
    a.symbol() == b.symbol() && a.fg == b.fg && a.bg == b.bg && a.modifier == b.modifier
}

/// What the terminal writes with next, and where.
#[derive(Default)]
struct Pen {
    out: Vec<u8>,
    fg: Color,
    bg: Color,
    modifier: Modifier,
    at: Option<(usize, usize)>,
}

impl Pen {
    fn write(&mut self, cell: &Cell, x: usize, y: usize, columns: usize, last: bool) {
        match self.at {
            Some(at) if at == (x, y) => {}
            Some((before, row)) if row == y && before < x => {
                self.sequence(&[(x - before).to_string()], 'C');
            }
            _ => self.sequence(&[(y + 1).to_string(), (x + 1).to_string()], 'H'),
        }
        self.dip(cell);
        self.out.extend_from_slice(cell.symbol().as_bytes());
        // Where the cursor is after the last column, terminals do not agree.
        self.at = (!last).then_some((x + columns, y));
    }

    /// Takes up the colours and attributes that differ.
    fn dip(&mut self, cell: &Cell) {
        let space = is_plain_space(cell);
        let modifier = if space {
            self.modifier.difference(ON_SPACES)
        } else {
            cell.modifier
        };
        let fg = if space { self.fg } else { cell.fg };
        let mut codes: Vec<String> = Vec::new();
        let (mut had, mut old_fg, mut old_bg) = (self.modifier, self.fg, self.bg);
        if !modifier.contains(had) {
            // Attributes are taken away all at once, which every terminal knows.
            codes.push("0".into());
            (had, old_fg, old_bg) = (Modifier::empty(), Color::Reset, Color::Reset);
        }
        let attributes = [
            (Modifier::BOLD, "1"),
            (Modifier::DIM, "2"),
            (Modifier::ITALIC, "3"),
            (Modifier::UNDERLINED, "4"),
            (Modifier::SLOW_BLINK, "5"),
            (Modifier::RAPID_BLINK, "6"),
            (Modifier::REVERSED, "7"),
            (Modifier::HIDDEN, "8"),
            (Modifier::CROSSED_OUT, "9"),
        ];
        let new = modifier.difference(had);
        codes.extend(
            attributes
                .iter()
                .filter(|(m, _)| new.contains(*m))
                .map(|(_, code)| (*code).to_owned()),
        );
        if fg != old_fg {
            codes.push(color(fg, 30));
        }
        if cell.bg != old_bg {
            codes.push(color(cell.bg, 40));
        }
        if !codes.is_empty() {
            self.sequence(&codes, 'm');
        }
        (self.fg, self.bg, self.modifier) = (fg, cell.bg, modifier);
    }

    fn sequence(&mut self, codes: &[String], end: char) {
        let text = match codes {
            [one] if one == "1" && end == 'C' => format!("\x1b[{end}"),
            _ => format!("\x1b[{}{end}", codes.join(";")),
        };
        self.out.extend_from_slice(text.as_bytes());
    }

    /// The bytes, the terminal's colours and attributes as they were.
    fn end(mut self) -> Vec<u8> {
        if (self.fg, self.bg, self.modifier) != (Color::Reset, Color::Reset, Modifier::empty()) {
            self.sequence(&["0".into()], 'm');
        }
        self.out
    }
}

/// A colour as SGR parameters (ECMA-48, and the 38/48 of ISO 8613-6); `base` is 30 for text, 40 behind it.
fn color(color: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match color {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

fn put(out: &mut Vec<u8>, command: &impl Command) {
    let mut text = String::new();
    // A string takes everything.
    let _ = command.write_ansi(&mut text);
    out.extend_from_slice(text.as_bytes());
}

impl Backend for Canvas {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            if x >= self.size.width || y >= self.size.height {
                continue;
            }
            let at = usize::from(y) * usize::from(self.size.width) + usize::from(x);
            if let Some(place) = self.wanted.get_mut(at) {
                *place = Some(cell.clone());
                self.fresh.push(at);
            }
            if columns(cell) > 1
                && x + 1 < self.size.width
                && let Some(half) = self.wanted.get_mut(at + 1)
            {
                *half = None;
            }
        }
        Ok(())
    }

    /// The cursor is hidden from the moment the terminal is taken.
    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        put(&mut self.before, &Show);
        Ok(())
    }

    /// Nobody asks the terminal: its answer would go to the thread that reads keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        put(&mut self.before, &MoveTo(x, y));
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    /// Whatever the region: the whole terminal, for nothing else is asked for.
    fn clear_region(&mut self, _region: ClearType) -> io::Result<()> {
        let size = self.size()?;
        self.blank(size);
        self.before.clear();
        self.before.extend_from_slice(b"\x1b[0m");
        put(&mut self.before, &Hide);
        put(&mut self.before, &terminal::Clear(terminal::ClearType::All));
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
