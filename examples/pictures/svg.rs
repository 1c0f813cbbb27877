//! A terminal's screen as an SVG: text as text, everything else as shapes, one element a colour.
//! Without scripts, fonts or links, so that a page may show it as an image.

use crate::glyphs::{HEIGHT, Shape, WIDTH, shapes};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Space between the window's edge and the text.
const MARGIN: i32 = 24;
/// Height of the title bar.
const BAR: i32 = 60;
/// Red, green and blue.
type Rgb = [u8; 3];
/// Left, top, width, height.
type Rect = (i32, i32, i32, i32);

/// How a text is written: its colour, whether bold, whether slanted.
type Style = (Rgb, bool, bool);
/// A text and where its cell begins: left, top.
type Text = (i32, i32, String);

/// The sixteen colours of a terminal that sets none itself.
#[rustfmt::skip]
const BASE: [Rgb; 16] = [
    [14, 16, 24], [205, 78, 90], [110, 190, 110], [214, 174, 90], [92, 132, 214], [178, 120, 204], [90, 180, 190], [205, 211, 234],
    [116, 124, 156], [255, 107, 125], [141, 219, 140], [255, 203, 107], [143, 180, 255], [217, 160, 245], [111, 214, 201], [240, 244, 255],
];
const PAPER: Rgb = BASE[0];
const INK: Rgb = BASE[7];

/// What is drawn, sorted by how and in which colour.
#[derive(Default)]
struct Picture {
    paper: BTreeMap<Rgb, Vec<Rect>>,
    blocks: BTreeMap<Rgb, Vec<Rect>>,
    lines: BTreeMap<Rgb, Vec<Rect>>,
    /// By colour, dash and gap.
    across: BTreeMap<(Rgb, i32, i32), Vec<Rect>>,
    down: BTreeMap<(Rgb, i32, i32), Vec<Rect>>,
    /// By colour and diameter.
    dots: BTreeMap<(Rgb, i32), Vec<(i32, i32)>>,
    filled: BTreeMap<Rgb, String>,
    stroked: BTreeMap<Rgb, String>,
    texts: BTreeMap<Style, Vec<Text>>,
}

/// The screen as an SVG, in a window with this title; `about` is for those who cannot see it.
pub fn draw(screen: &vt100::Screen, title: &str, about: &str) -> String {
    let (rows, columns) = screen.size();
    let mut picture = Picture::default();
    for row in 0..rows {
        picture.row(screen, row, columns);
    }
    picture.write(
        i32::from(columns) * WIDTH,
        i32::from(rows) * HEIGHT,
        title,
        about,
    )
}

impl Picture {
    fn row(&mut self, screen: &vt100::Screen, row: u16, columns: u16) {
        let y = i32::from(row) * HEIGHT;
        // The word being written, and where and how it began.
        let mut word: Option<(i32, Style, String)> = None;
        let mut gap = 0;
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column) else {
                continue;
            };
            if cell.is_wide_continuation() {
                continue;
            }
            let x = i32::from(column) * WIDTH;
            let width = if cell.is_wide() { 2 * WIDTH } else { WIDTH };
            let (mut ink, mut paper) = (rgb(cell.fgcolor(), INK), rgb(cell.bgcolor(), PAPER));
            if cell.inverse() {
                std::mem::swap(&mut ink, &mut paper);
            }
            if cell.dim() {
                ink = mixed(ink, paper, 60);
            }
            self.paper
                .entry(paper)
                .or_default()
                .push((x, y, width, HEIGHT));
            if cell.underline() {
                let line = (x, y + HEIGHT - 4, width, 2);
                self.lines.entry(ink).or_default().push(line);
            }
            let text = cell.contents();
            let mut letters = text.chars();
            let first = letters.next().unwrap_or(' ');
            if first == ' ' {
                gap += 1;
                continue;
            }
            if letters.next().is_none()
                && let Some(shapes) = shapes(first)
            {
                self.finish(&mut word, y);
                for shape in shapes {
                    self.shape(shape, x, y, ink, paper);
                }
                continue;
            }
            let style = (ink, cell.bold(), cell.italic());
            match &mut word {
                // One space between two words keeps them together; more are places of their own.
                Some((_, how, letters)) if *how == style && gap < 2 && !cell.is_wide() => {
                    letters.extend(std::iter::repeat_n(' ', gap));
                    letters.push_str(text);
                }
                _ => {
                    self.finish(&mut word, y);
                    word = Some((x, style, text.to_owned()));
                }
            }
            gap = 0;
            if cell.is_wide() {
                self.finish(&mut word, y);
            }
        }
        self.finish(&mut word, y);
    }

    fn finish(&mut self, word: &mut Option<(i32, Style, String)>, y: i32) {
        if let Some((x, style, text)) = word.take() {
            self.texts.entry(style).or_default().push((x, y, text));
        }
    }

    fn shape(&mut self, shape: Shape, x: i32, y: i32, ink: Rgb, paper: Rgb) {
        match shape {
            Shape::Block(left, top, w, h) => {
                let blocks = self.blocks.entry(ink).or_default();
                blocks.push((x + left, y + top, w, h));
            }
            Shape::Shade(percent) => {
                let blocks = self.blocks.entry(mixed(ink, paper, percent)).or_default();
                blocks.push((x, y, WIDTH, HEIGHT));
            }
            Shape::Line(left, top, w, h) => {
                let lines = self.lines.entry(ink).or_default();
                lines.push((x + left, y + top, w, h));
            }
            Shape::DashesAcross(dash, gap) => {
                let dashes = self.across.entry((ink, dash, gap)).or_default();
                dashes.push((x, y + HEIGHT / 2, WIDTH, 1));
            }
            Shape::DashesDown(dash, gap) => {
                let dashes = self.down.entry((ink, dash, gap)).or_default();
                dashes.push((x + WIDTH / 2, y, 1, HEIGHT));
            }
            Shape::Dot(left, top, size) => {
                let dots = self.dots.entry((ink, size)).or_default();
                dots.push((x + left, y + top));
            }
            Shape::Filled(path) => {
                let _ = write!(self.filled.entry(ink).or_default(), "M{x} {y}{path}");
            }
            Shape::Stroked(path) => {
                let _ = write!(self.stroked.entry(ink).or_default(), "M{x} {y}{path}");
            }
        }
    }

    fn write(self, width: i32, height: i32, title: &str, about: &str) -> String {
        let (full_width, full_height) = (width + 2 * MARGIN, height + BAR + MARGIN);
        let window = self
            .paper
            .iter()
            .max_by_key(|(_, cells)| cells.len())
            .map_or(PAPER, |(colour, _)| *colour);
        let (edge, quiet) = (mixed(INK, window, 25), mixed(INK, window, 55));
        let mut s = String::new();
        let _ = write!(
            s,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {full_width} {full_height}\" role=\"img\">\n\
             <title>{}</title>\n\
             <rect x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"20\" fill=\"{}\" stroke=\"{}\" stroke-width=\"2\"/>\n",
            full_width * 5 / 8,
            full_height * 5 / 8,
            escaped(about),
            full_width - 2,
            full_height - 2,
            hex(window),
            hex(edge),
        );
        for x in [38, 68, 98] {
            let _ = write!(
                s,
                "<circle cx=\"{x}\" cy=\"32\" r=\"9\" fill=\"{}\"/>",
                hex(edge)
            );
        }
        let fonts =
            "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
        let _ = write!(
            s,
            "\n<g font-family=\"{fonts}\" font-size=\"26.667\">\n\
             <text x=\"{}\" y=\"40\" text-anchor=\"middle\" font-size=\"23\" fill=\"{}\">{}</text>\n\
             <g transform=\"translate({MARGIN} {BAR})\">\n<g shape-rendering=\"crispEdges\">\n",
            full_width / 2,
            hex(quiet),
            escaped(title)
        );
        let paper = self
            .paper
            .into_iter()
            .filter(|(colour, _)| *colour != window);
        for (colour, rects) in paper.chain(self.blocks) {
            fill(&mut s, colour, &outlines(rects));
        }
        s.push_str("</g>\n");
        for (colour, rects) in self.lines {
            fill(&mut s, colour, &outlines(rects));
        }
        for (colour, path) in self.filled {
            fill(&mut s, colour, &path);
        }
        for (colour, path) in self.stroked {
            stroke(&mut s, colour, "", &path);
        }
        for (dashes, letter) in [(self.across, 'h'), (self.down, 'v')] {
            for ((colour, dash, gap), rects) in dashes {
                let lines = merged(rects).into_iter().map(|(x, y, w, h)| {
                    format!("M{x} {y}{letter}{}", if letter == 'h' { w } else { h })
                });
                let how = format!(" stroke-dasharray=\"{dash} {gap}\"");
                stroke(&mut s, colour, &how, &lines.collect::<String>());
            }
        }
        for ((colour, size), dots) in self.dots {
            // A line without length and with round ends is a dot, in few bytes.
            let path: String = dots.iter().map(|(x, y)| format!("M{x} {y}h0")).collect();
            let size = f64::from(size) / 10.0;
            let how = format!(" stroke-width=\"{size}\" stroke-linecap=\"round\"");
            stroke(&mut s, colour, &how, &path);
        }
        for ((colour, bold, slanted), words) in self.texts {
            let weight = if bold { " font-weight=\"700\"" } else { "" };
            let slant = if slanted {
                " font-style=\"italic\""
            } else {
                ""
            };
            let _ = writeln!(s, "<g fill=\"{}\"{weight}{slant}>", hex(colour));
            for (x, y, text) in words {
                // A place for every letter keeps columns in line whatever the font's width.
                let places: Vec<String> = (0..)
                    .zip(text.chars())
                    .map(|(i, _)| (x + i * WIDTH).to_string())
                    .collect();
                let (places, text) = (places.join(" "), escaped(&text));
                let _ = writeln!(s, "<text x=\"{places}\" y=\"{}\">{text}</text>", y + 25);
            }
            s.push_str("</g>\n");
        }
        s.push_str("</g>\n</g>\n</svg>\n");
        s
    }
}

fn fill(s: &mut String, colour: Rgb, path: &str) {
    let _ = writeln!(s, "<path fill=\"{}\" d=\"{path}\"/>", hex(colour));
}

fn stroke(s: &mut String, colour: Rgb, how: &str, path: &str) {
    let width = if how.contains("stroke-width") {
        ""
    } else {
        " stroke-width=\"2\""
    };
    let _ = writeln!(
        s,
        "<path fill=\"none\" stroke=\"{}\"{width}{how} d=\"{path}\"/>",
        hex(colour)
    );
}

/// Rectangles as path data.
fn outlines(rects: Vec<Rect>) -> String {
    merged(rects)
        .into_iter()
        .map(|(x, y, w, h)| format!("M{x} {y}h{w}v{h}h-{w}z"))
        .collect()
}

/// The same area in fewer rectangles: neighbours in a row are joined, then equal rows.
fn merged(mut rects: Vec<Rect>) -> Vec<Rect> {
    rects.sort_unstable_by_key(|&(x, y, w, h)| (y, h, x, w));
    let mut rows: Vec<Rect> = Vec::new();
    for (x, y, w, h) in rects {
        match rows.last_mut() {
            Some(last) if (last.1, last.3) == (y, h) && x <= last.0 + last.2 => {
                last.2 = last.2.max(x + w - last.0);
            }
            _ => rows.push((x, y, w, h)),
        }
    }
    rows.sort_unstable_by_key(|&(x, y, w, h)| (x, w, y, h));
    let mut whole: Vec<Rect> = Vec::new();
    for (x, y, w, h) in rows {
        match whole.last_mut() {
            Some(last) if (last.0, last.2) == (x, w) && y <= last.1 + last.3 => {
                last.3 = last.3.max(y + h - last.1);
            }
            _ => whole.push((x, y, w, h)),
        }
    }
    whole
}

fn rgb(colour: vt100::Color, default: Rgb) -> Rgb {
    match colour {
        vt100::Color::Default => default,
        vt100::Color::Rgb(r, g, b) => [r, g, b],
        vt100::Color::Idx(n @ 0..16) => BASE[usize::from(n)],
        // The cube of 6 x 6 x 6 colours and the greys after it, as xterm defines them.
        vt100::Color::Idx(n @ 16..232) => {
            let level = |i: u8| if i == 0 { 0 } else { 55 + 40 * i };
            let n = n - 16;
            [level(n / 36), level(n / 6 % 6), level(n % 6)]
        }
        vt100::Color::Idx(n) => [8 + 10 * (n - 232); 3],
    }
}

/// `percent` of one colour, the rest of another.
fn mixed(one: Rgb, other: Rgb, percent: i32) -> Rgb {
    std::array::from_fn(|i| {
        ((i32::from(one[i]) * percent + i32::from(other[i]) * (100 - percent)) / 100) as u8
    })
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
