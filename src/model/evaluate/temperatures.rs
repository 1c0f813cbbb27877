//! How the measures of what a model plays follow the temperature.

use super::generated::{Composer, play};
use super::plan::StylePlan;
use super::real::{BARS, cut};
use crate::base::rng::{Purpose, Stream};
use crate::beat::metrics::{Control, rises, step_density};
use crate::dataset::corpus::Corpus;
use serde::Serialize;

/// Density that counts as that of the style: this share of the real one more or less.
const NEAR: f64 = 0.15;

/// Samples of real music that its own share of near styles is the mean of.
const SAMPLES: usize = 64;

/// One temperature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TemperatureRow {
    /// Its measures.
    #[serde(flatten)]
    pub control: Control,
    /// Density over that of real music of the same styles, each style counted alike.
    pub density_ratio: f64,
    /// Styles whose density is within 15 % of the real one.
    pub styles_near: usize,
    /// The style that is farthest off.
    pub farthest: Option<String>,
    /// Density of each style over the real one, in the order of the plan.
    pub style_ratios: Vec<StyleRatio>,
}

/// A style's density at one temperature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StyleRatio {
    /// Its name, where it has one.
    pub style: Option<String>,
    /// As drawn.
    pub density: f64,
    /// Over the real one.
    pub ratio: f64,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Temperatures {
    /// Bars of each style at each temperature.
    pub bars_per_style: usize,
    /// How many styles are within 15 % where as many pieces of each are taken from real music at random: chance
    /// alone keeps some away. The mean over samples.
    pub real_styles_near: f64,
    /// Row by row, from cool to hot.
    pub rows: Vec<TemperatureRow>,
    /// Whether density rises from row to row.
    pub density_rises: bool,
    /// Whether the entropy of a bar does.
    pub bar_entropy_rises: bool,
    /// Whether bars are less and less like the one before (nine lanes).
    pub similarity_falls: bool,
}

/// Draws the plan at each temperature with the same luck, and measures it; `real` is what the plan was
/// made from.
pub(super) fn temperatures(
    player: &impl Composer,
    real: &[&Corpus],
    plan: &[StylePlan],
    at: &[f64],
    seed: u64,
) -> Temperatures {
    let mut at = at.to_vec();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let rows: Vec<TemperatureRow> = at.iter().map(|&t| row(player, plan, t, seed)).collect();
    let controls = || rows.iter().map(|row| &row.control);
    Temperatures {
        bars_per_style: plan.first().map_or(0, |style| style.pieces) * BARS,
        real_styles_near: real_styles_near(real, plan, seed),
        density_rises: rises(controls().map(|c| c.density)),
        bar_entropy_rises: rises(controls().map(|c| c.bar_entropy)),
        similarity_falls: rises(controls().map(|c| -c.lane_similarity)),
        rows,
    }
}

fn real_styles_near(real: &[&Corpus], plan: &[StylePlan], seed: u64) -> f64 {
    let mut draws = Stream::new(seed, 1, Purpose::Shuffle);
    let mut near = 0;
    for style in plan {
        let pieces: Vec<f64> = real
            .iter()
            .flat_map(|corpus| {
                let name = style.style.as_deref();
                cut(corpus, |piece| corpus.style_of(piece) == name)
            })
            .map(|grid| step_density(&grid))
            .collect();
        for _ in 0..SAMPLES {
            // With putting back: some styles have few pieces.
            let some = (0..style.pieces).filter_map(|_| pieces.get(draws.below(pieces.len())));
            let density = some.sum::<f64>() / style.pieces.max(1) as f64;
            near += usize::from((density / style.real_density - 1.0).abs() <= NEAR);
        }
    }
    near as f64 / SAMPLES as f64
}

fn row(player: &impl Composer, plan: &[StylePlan], temperature: f64, seed: u64) -> TemperatureRow {
    let grids = play(player, plan, temperature, seed);
    let mut rest = grids.as_slice();
    let mut style_ratios = Vec::with_capacity(plan.len());
    for style in plan {
        let (here, after) = rest.split_at(style.pieces.min(rest.len()));
        rest = after;
        let density = here.iter().map(step_density).sum::<f64>() / here.len().max(1) as f64;
        style_ratios.push(StyleRatio {
            style: style.style.clone(),
            density,
            ratio: density / style.real_density.max(f64::MIN_POSITIVE),
        });
    }
    let off = |style: &StyleRatio| (style.ratio - 1.0).abs();
    let real: f64 = plan.iter().map(|style| style.real_density).sum();
    let drawn: f64 = style_ratios.iter().map(|style| style.density).sum();
    TemperatureRow {
        control: Control::of(temperature, &grids),
        density_ratio: drawn / real.max(f64::MIN_POSITIVE),
        styles_near: style_ratios.iter().filter(|s| off(s) <= NEAR).count(),
        farthest: style_ratios
            .iter()
            .max_by(|a, b| off(a).total_cmp(&off(b)))
            .and_then(|style| style.style.clone()),
        style_ratios,
    }
}
