//! What the spectrogram promises: the same picture in every alphabet and depth of colour.

use super::super::step_grid::Beat;
use super::super::tests::picture;
use super::*;
use crate::base::alloc_probe;
use crate::ui::glyphs::GlyphSet;
use crate::ui::look::ColorDepth;
use crate::ui::theme::Theme;
use ratatui::style::{Color, Modifier};

/// Kicks every four columns, something above that grows with the band.
fn columns(n: usize) -> Vec<SpectrogramColumn> {
    (0..n)
        .map(|t| SpectrogramColumn {
            bands: (0..16)
                .map(|b| {
                    if t % 4 == 0 {
                        1.0 - b as f32 / 20.0
                    } else {
                        0.05 * b as f32
                    }
                })
                .collect(),
        })
        .collect()
}

fn spectrogram<'a>(look: &'a Look, columns: &'a [SpectrogramColumn]) -> Spectrogram<'a> {
    Spectrogram {
        look,
        columns: (columns, &[]),
        hz: (0.0, 16_000.0),
        margin: MARGIN,
        time: Time::Scroll(1),
    }
}

/// Each cell with its colours, runs of equal ones once.
fn with_colours(look: &Look) -> String {
    let columns = columns(6);
    let area = Rect::new(0, 0, 10, 4);
    let mut buf = Buffer::empty(area);
    (&spectrogram(look, &columns)).render(area, &mut buf);
    let name = |color: Color| match color {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Reset => "-".to_owned(),
        other => other.to_string().to_lowercase(),
    };
    let mut out = String::new();
    for y in 0..area.height {
        for x in 0..area.width {
            let cell = &buf[(x, y)];
            let dim = cell.modifier.contains(Modifier::DIM);
            let dim = if dim { " dim" } else { "" };
            out += &format!(
                "{}[{} {}{dim}] ",
                cell.symbol(),
                name(cell.fg),
                name(cell.bg)
            );
        }
        out = out.trim_end().to_owned() + "\n";
    }
    out
}

#[test]
fn the_same_sound_in_four_depths_of_colour_and_two_alphabets() {
    for (name, depth, set) in [
        ("true", ColorDepth::True, GlyphSet::Unicode),
        ("256", ColorDepth::Ansi256, GlyphSet::Unicode),
        ("16", ColorDepth::Ansi16, GlyphSet::Unicode),
        ("none", ColorDepth::None, GlyphSet::Unicode),
        ("ascii_true", ColorDepth::True, GlyphSet::Ascii),
        ("ascii_none", ColorDepth::None, GlyphSet::Ascii),
    ] {
        let theme = Theme::built_in().into_iter().next().unwrap();
        let look = Look::new(theme, depth, set);
        insta::assert_snapshot!(format!("spectrogram_{name}"), with_colours(&look));
    }
}

#[test]
fn every_theme_has_a_ramp_that_leaves_its_background_step_by_step() {
    for theme in Theme::built_in() {
        let name = theme.name.clone();
        for depth in [ColorDepth::True, ColorDepth::Ansi256] {
            let look = Look::new(theme.clone(), depth, GlyphSet::Unicode);
            let mut seen = Vec::new();
            for i in 0..=40 {
                let color = look.heat(i as f32 / 40.0).unwrap();
                if seen.last() != Some(&color) {
                    assert!(!seen.contains(&color), "{name}: {color} comes twice");
                    seen.push(color);
                }
            }
            assert!(seen.len() >= 6, "{name} at {depth:?}: {}", seen.len());
        }
        let look = Look::new(theme.clone(), ColorDepth::True, GlyphSet::Unicode);
        let lightness: Vec<f32> = (0..=40)
            .filter_map(|i| match look.heat(i as f32 / 40.0)? {
                Color::Rgb(r, g, b) => {
                    let [r, g, b] = [r, g, b].map(f32::from);
                    Some(0.2126 * r + 0.7152 * g + 0.0722 * b)
                }
                _ => None,
            })
            .collect();
        let rising = lightness.windows(2).all(|w| w[0] <= w[1] + 0.5);
        let falling = lightness.windows(2).all(|w| w[0] + 0.5 >= w[1]);
        assert!(rising || falling, "{name}: {lightness:?}");
        let look = Look::new(theme, ColorDepth::Ansi16, GlyphSet::Unicode);
        let mut named: Vec<_> = (0..=40).map(|i| look.heat(i as f32 / 40.0)).collect();
        named.dedup();
        assert!(named.len() >= 4, "{name}: {named:?}");
    }
}

#[test]
fn kicks_stand_as_columns_that_are_loud_below() {
    let columns = columns(12);
    let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
    let scrolled = spectrogram(&ascii, &columns);
    assert_eq!(
        picture(&scrolled, 16, 4),
        "10k =###=###=###\n    ++++++++++++\n 1k #---#---#---\n100 @...@...@...\n"
    );
    let wide = Spectrogram {
        margin: 9,
        ..scrolled.clone()
    };
    assert_eq!(
        picture(&wide, 13, 4),
        "  10 kHz =###\n         ++++\n   1 kHz #---\n  100 Hz @...\n"
    );
    let look = Look::default();
    let colourful = Spectrogram {
        look: &look,
        time: Time::Fit,
        ..scrolled
    };
    assert!(picture(&colourful, 30, 3).contains("▀▀▀▀"));
}

#[test]
fn time_scrolls_by_what_is_appended() {
    let all = columns(23);
    let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
    let row = |n: usize, each: usize| {
        let (old, new) = all[..n].split_at(n / 3);
        let spectrogram = Spectrogram {
            columns: (old, new),
            margin: 0,
            time: Time::Scroll(each),
            ..spectrogram(&ascii, &all)
        };
        let drawn = picture(&spectrogram, 8, 1);
        drawn.trim_end_matches('\n').to_owned()
    };
    for n in 8..22 {
        assert_eq!(row(n, 1)[1..], row(n + 1, 1)[..7], "{n}");
    }
    for n in (16..20).step_by(2) {
        assert_eq!(row(n, 2)[1..], row(n + 2, 2)[..7], "{n}");
    }
    assert_eq!(
        row(2, 1).trim_start().len(),
        2,
        "what is there stands at the right"
    );
}

#[test]
fn under_a_grid_each_step_stands_under_its_cell() {
    // One column of data of each step is loud.
    let columns: Vec<_> = (0..32 * COLUMNS_A_STEP)
        .map(|at| SpectrogramColumn {
            bands: vec![if at.is_multiple_of(COLUMNS_A_STEP) {
                1.0
            } else {
                0.0
            }],
        })
        .collect();
    let ascii = Look::new(Theme::plain(), ColorDepth::None, GlyphSet::Ascii);
    let beat = Beat {
        steps: &[],
        first: 0,
        bar_origin: 0,
        steps_per_bar: 4,
        steps_per_beat: 4,
    };
    let draw = |first: u64, cell: u16, playhead: Option<u64>| {
        let spectrogram = Spectrogram {
            margin: 2,
            time: Time::Steps {
                scale: StepScale::new(&beat, (6, 6), cell),
                first,
                playhead,
            },
            ..spectrogram(&ascii, &columns)
        };
        picture(&spectrogram, 24, 1)
    };
    assert_eq!(draw(0, 1, None), "  @@|@@@@\n");
    assert_eq!(draw(0, 2, None), "  @ @ |@ @ @ @\n");
    assert_eq!(draw(0, 2, Some(8)), "  @ @ || @ @ @\n");
    assert_eq!(
        draw(8, 2, None),
        "      |@ @ @ @\n",
        "what is not there is blank"
    );
}

#[test]
fn drawing_allocates_nothing() {
    let columns = columns(200);
    for (depth, set) in [
        (ColorDepth::True, GlyphSet::Unicode),
        (ColorDepth::Ansi16, GlyphSet::Unicode),
        (ColorDepth::None, GlyphSet::Ascii),
    ] {
        let look = Look::new(Theme::plain(), depth, set);
        let spectrogram = spectrogram(&look, &columns);
        let area = Rect::new(0, 0, 120, 20);
        let mut buf = Buffer::empty(area);
        let before = alloc_probe::calls();
        (&spectrogram).render(area, &mut buf);
        assert_eq!(alloc_probe::calls(), before);
    }
}

#[test]
fn any_size_and_any_data_can_be_drawn() {
    let look = Look::default();
    let odd = [
        SpectrogramColumn { bands: vec![] },
        SpectrogramColumn {
            bands: vec![f32::NAN, 9.0, -1.0],
        },
    ];
    let beat = Beat {
        steps: &[],
        first: 0,
        bar_origin: 0,
        steps_per_bar: 0,
        steps_per_beat: 0,
    };
    let scale = StepScale::new(&beat, (u64::MAX - 3, 9), 0);
    for columns in [&odd[..], &[]] {
        for (width, height) in [(0, 0), (4, 1), (5, 1), (300, 90)] {
            for time in [
                Time::Fit,
                Time::Scroll(0),
                Time::Scroll(usize::MAX),
                Time::Steps {
                    scale,
                    first: 1,
                    playhead: Some(u64::MAX),
                },
            ] {
                let spectrogram = Spectrogram {
                    hz: (0.0, 0.0),
                    time,
                    ..spectrogram(&look, columns)
                };
                picture(&spectrogram, width, height);
            }
        }
    }
}
