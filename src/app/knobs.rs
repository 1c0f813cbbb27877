//! The knobs: their ranges and steps, and [`Knob`], how one is shown.

use super::command::Command;
use super::generation::Generation;
use super::keymap::Keymap;
use crate::message::{Controls, EngineStatus, LANES, NO_STYLE};

/// How far a key turns temperature, expression and density.
pub const FINE: f32 = 0.05;
/// How far a key turns the swing.
pub const SWING_STEP: f32 = 0.01;

/// All lanes as bits.
const ALL: u16 = (1 << LANES) - 1;

/// A knob as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// Its name.
    pub label: &'static str,
    /// Its value for people.
    pub value_text: String,
    /// Where it stands in its range, 0 to 1.
    pub fraction: f32,
    /// Whether its middle is its zero.
    pub two_sided: bool,
    /// The key that turns it down and the one that turns it up.
    pub keys: (String, String),
    /// Whether it was turned and is not in force yet.
    pub pending: bool,
}

/// A page of knobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnobPage {
    /// Temperature, expression, density, swing, tempo, style.
    #[default]
    Main,
    /// What else is done with the styles, how full they are, and min-p.
    Style,
    /// Those of the lane under the cursor.
    Lane,
}

impl KnobPage {
    /// The page after this one, round and round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Main => Self::Style,
            Self::Style => Self::Lane,
            Self::Lane => Self::Main,
        }
    }
}

/// Controls within their ranges, their fractions on whole hundredths; what is no number
/// falls back to its default.
#[must_use]
pub fn clamped(controls: Controls) -> Controls {
    let default = Controls::default();
    let fit = |value: f32, low: f32, high: f32, otherwise: f32| {
        if value.is_finite() {
            ((value * 100.0).round() / 100.0).clamp(low, high)
        } else {
            otherwise
        }
    };
    Controls {
        version: controls.version,
        temperature: fit(controls.temperature, 0.0, 2.0, default.temperature),
        expression: fit(controls.expression, 0.0, 2.0, default.expression),
        density: fit(controls.density, -1.0, 1.0, default.density) + 0.0,
        fullness: fit(controls.fullness, 0.0, 1.0, default.fullness),
        swing: fit(controls.swing, 0.5, 0.75, default.swing),
        milli_bpm: controls.milli_bpm.clamp(20_000, 400_000),
        style: controls.style,
        mutes: controls.mutes & ALL,
        lane_temperature: controls.lane_temperature.map(|v| fit(v, 0.0, 2.0, 1.0)),
        lane_density: (controls.lane_density).map(|v| fit(v, -1.0, 1.0, 0.0) + 0.0),
        min_p: fit(controls.min_p, 0.0, 1.0, default.min_p),
        guidance: fit(controls.guidance, 0.0, 3.0, default.guidance),
        other_style: controls.other_style,
        blend: fit(controls.blend, 0.0, 1.0, default.blend),
        locks: controls.locks & ALL,
        loop_bars: controls.loop_bars.clamp(1, 4),
        mutation: fit(controls.mutation, 0.0, 1.0, default.mutation),
        fills: controls.fills,
        mutations: controls.mutations,
    }
}

/// The style after (or before) one, going round through "none".
#[must_use]
pub fn next_style(style: u8, styles: usize, forward: bool) -> u8 {
    let count = styles.min(usize::from(NO_STYLE)) + 1;
    // 0 is "none", 1 the first style.
    let place = match usize::from(style) {
        s if style == NO_STYLE || s + 1 >= count => 0,
        s => s + 1,
    };
    let next = if forward {
        place + 1
    } else {
        place + count - 1
    } % count;
    match next {
        0 => NO_STYLE,
        n => u8::try_from(n - 1).unwrap_or(NO_STYLE),
    }
}

/// A style's name for people.
#[must_use]
pub fn style_name(style: u8, styles: &[String]) -> &str {
    styles.get(usize::from(style)).map_or("any", String::as_str)
}

/// Knobs that only models of beats have; those of spectrograms have temperature (frame by frame), and what is done
/// after the model: swing, tempo, mutes and what locked lanes repeat.
const OF_BEATS: [&str; 10] = [
    "expression",
    "density",
    "style",
    "lane temp",
    "lane density",
    "fullness",
    "guidance",
    "blend",
    "with style",
    "min-p",
];

/// A knob as the model that plays has it: one it does not have says so, and rests.
fn of_model(knob: Knob, engine: &EngineStatus) -> Knob {
    if engine.frames.is_none() || !OF_BEATS.contains(&knob.label) {
        return knob;
    }
    Knob {
        value_text: "unused".to_owned(),
        fraction: if knob.two_sided { 0.5 } else { 0.0 },
        pending: false,
        ..knob
    }
}

pub(super) fn knobs(now: &Controls, engine: &EngineStatus, keymap: &Keymap) -> [Knob; 6] {
    use Command as C;
    let keys = |down, up| (keymap.shown(down), keymap.shown(up));
    let behind = now.version > engine.controls.version;
    let was = &engine.controls;
    let near = |a: f32, b: f32| (a - b).abs() < 0.001;
    let knob = |label, value_text, fraction: f32, two_sided, keys, same: bool| {
        let knob = Knob {
            label,
            value_text,
            fraction: fraction.clamp(0.0, 1.0),
            two_sided,
            keys,
            pending: behind && !same,
        };
        of_model(knob, engine)
    };
    let styles = engine.styles.len();
    let style_place = match usize::from(now.style) {
        s if s < styles => (s + 1) as f32 / styles as f32,
        _ => 0.0,
    };
    [
        knob(
            "temperature",
            format!("{:.2}", now.temperature),
            now.temperature / 2.0,
            false,
            keys(C::TemperatureDown, C::TemperatureUp),
            near(now.temperature, was.temperature),
        ),
        knob(
            "expression",
            format!("{:.2}", now.expression),
            now.expression / 2.0,
            false,
            keys(C::ExpressionDown, C::ExpressionUp),
            near(now.expression, was.expression),
        ),
        knob(
            "density",
            format!("{:+.2}", now.density),
            (now.density + 1.0) / 2.0,
            true,
            keys(C::DensityDown, C::DensityUp),
            near(now.density, was.density),
        ),
        knob(
            "swing",
            format!("{:.0}%", now.swing * 100.0),
            (now.swing - 0.5) / 0.25,
            false,
            keys(C::SwingDown, C::SwingUp),
            near(now.swing, was.swing),
        ),
        knob(
            "tempo",
            bpm_text(now.milli_bpm),
            (now.milli_bpm.saturating_sub(20_000)) as f32 / 380_000.0,
            false,
            keys(C::TempoDown, C::TempoUp),
            now.milli_bpm == was.milli_bpm,
        ),
        knob(
            "style",
            style_name(now.style, &engine.styles).to_owned(),
            style_place,
            false,
            keys(C::StylePrevious, C::StyleNext),
            now.style == was.style,
        ),
    ]
}

/// The knobs of a page behind the main one.
pub(super) fn more(
    page: KnobPage,
    now: &Controls,
    generation: &Generation,
    keymap: &Keymap,
) -> Vec<Knob> {
    use Command as C;
    let engine = &generation.engine;
    let was = &engine.controls;
    let behind = now.version > was.version;
    let turned = |label, value_text, fraction: f32, two_sided, keys: (C, C), same: bool| {
        let knob = Knob {
            label,
            value_text,
            fraction: fraction.clamp(0.0, 1.0),
            two_sided,
            keys: (keymap.shown(keys.0), keymap.shown(keys.1)),
            pending: behind && !same,
        };
        of_model(knob, engine)
    };
    let knob = |label, value_text: String, fraction: f32, keys: (C, C), same: bool| {
        turned(label, value_text, fraction, false, keys, same)
    };
    let near = |a: f32, b: f32| (a - b).abs() < 0.001;
    let percent = |share: f32| format!("{:.0}%", share * 100.0);
    if page == KnobPage::Lane {
        let lane = generation.lane.min(LANES - 1);
        let (warmth, density) = (now.lane_temperature[lane], now.lane_density[lane]);
        return vec![
            knob(
                "lane temp",
                format!("x{warmth:.2}"),
                warmth / 2.0,
                (C::LaneTemperatureDown, C::LaneTemperatureUp),
                near(warmth, was.lane_temperature[lane]),
            ),
            turned(
                "lane density",
                format!("{density:+.2}"),
                (density + 1.0) / 2.0,
                true,
                (C::LaneDensityDown, C::LaneDensityUp),
                near(density, was.lane_density[lane]),
            ),
            knob(
                "loop",
                match now.loop_bars {
                    1 => "1 bar".to_owned(),
                    bars => format!("{bars} bars"),
                },
                f32::from(now.loop_bars.saturating_sub(1)) / 3.0,
                (C::LoopBarsDown, C::LoopBarsUp),
                now.loop_bars == was.loop_bars,
            ),
            knob(
                "mutation",
                percent(now.mutation),
                now.mutation,
                (C::MutationDown, C::MutationUp),
                near(now.mutation, was.mutation),
            ),
        ];
    }
    let styles = engine.styles.len();
    let place = match usize::from(now.other_style) {
        s if s < styles => (s + 1) as f32 / styles as f32,
        _ => 0.0,
    };
    vec![
        knob(
            "fullness",
            if now.fullness > 0.0 {
                percent(now.fullness)
            } else {
                "own".to_owned()
            },
            now.fullness,
            (C::FullnessDown, C::FullnessUp),
            near(now.fullness, was.fullness),
        ),
        knob(
            "guidance",
            format!("{:.1}", now.guidance),
            now.guidance / 3.0,
            (C::GuidanceDown, C::GuidanceUp),
            near(now.guidance, was.guidance),
        ),
        knob(
            "blend",
            percent(now.blend),
            now.blend,
            (C::BlendDown, C::BlendUp),
            near(now.blend, was.blend),
        ),
        knob(
            "with style",
            style_name(now.other_style, &engine.styles).to_owned(),
            place,
            (C::OtherStylePrevious, C::OtherStyleNext),
            now.other_style == was.other_style,
        ),
        knob(
            "min-p",
            format!("{:.2}", now.min_p),
            now.min_p,
            (C::MinPDown, C::MinPUp),
            near(now.min_p, was.min_p),
        ),
    ]
}

/// A tempo for people: `104.0`.
#[must_use]
pub fn bpm_text(milli_bpm: u32) -> String {
    format!("{:.1}", f64::from(milli_bpm) / 1000.0)
}

#[cfg(test)]
mod tests;
