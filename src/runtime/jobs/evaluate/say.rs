//! What `evaluate` says without `--json`: tables, real data beside every figure.

use super::Line;
use crate::base::text::sanitize;
use crate::beat::metrics::Moments;
use crate::model::evaluate::Evaluation;
use crate::model::evaluate::against::{Against, CopyingAgainst, ExpressionAgainst};
use crate::model::evaluate::figures::Figures;
use crate::model::evaluate::generated::Generated;
use crate::model::evaluate::temperatures::Temperatures;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Everything, for people. `by` names the tables: lane, style, drummer.
pub(super) fn tables(line: &Line<'_>, model: &str, by: &[String]) -> String {
    let e = line.evaluation;
    let whose = match line.drummer {
        Some(drummer) => format!(" by {}", sanitize(drummer)),
        None => String::new(),
    };
    let mut text = format!(
        "{model}\n{:.4} bits/step for the hits of {} files{whose}, {} steps (split {}, drum map {})\n\
         velocity {:.3} bits a hit, micro-timing {:.3} bits a hit (32 bins), {:.2} ms off, {} hits\n",
        e.bits_per_step,
        e.files,
        e.steps,
        line.split,
        line.drum_map,
        e.velocity_bits_per_hit,
        e.offset_bits_per_hit,
        e.offset_mae_ms,
        e.hits
    );
    protocol(&mut text, line, by);
    if !e.skipped.is_empty() {
        let names: Vec<String> = e.skipped.iter().map(|name| sanitize(name)).collect();
        text += &format!("skipped, not in 4/4: {}\n", names.join(", "));
    }
    skipped(&mut text, line.unreadable);
    if let Some(drawn) = line.generated {
        generated(&mut text, drawn);
    }
    text
}

/// Files without drums that can be scored.
pub(super) fn skipped(text: &mut String, unreadable: &[(String, String)]) {
    for (name, reason) in unreadable {
        *text += &format!("skipped, {}: {reason}\n", sanitize(name));
    }
}

/// Adds a line. Writing to a text does not fail.
pub(super) fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(line);
    text.push('\n');
}

/// The figures, each beside that of counting.
fn protocol(text: &mut String, line: &Line<'_>, by: &[String]) {
    let (e, counting) = (line.evaluation, line.counting);
    let seen = line.drummer.is_none() && matches!(line.split, "train" | "all");
    *text += "\n                     hits, bits/step   velocity, bits/hit  timing, bits/hit  timing, ms off\n\
              \x20                    model  counting   model  counting     model  counting   model  counting      hits\n";
    row(text, "all", &e.all, counting.map(|c| &c.all));
    let by = |name: &str| by.iter().any(|wanted| wanted == name);
    if by("lane") {
        for (i, lane) in e.lanes.iter().enumerate() {
            let beside = counting.and_then(|c| c.lanes.get(i));
            row(text, lane.lane, &lane.figures, beside.map(|c| &c.figures));
        }
    }
    let mut groups = |name, of: fn(&Evaluation) -> &BTreeMap<String, Figures>| {
        if by(name) {
            for (name, figures) in of(e) {
                let beside = counting.and_then(|c| of(c).get(name));
                row(text, name, figures, beside);
            }
        }
    };
    groups("style", |e| &e.styles);
    groups("drummer", |e| &e.drummers);
    if counting.is_some() && seen {
        *text += "  counting has seen the training files scored here, and flatters itself\n";
    }
}

fn row(text: &mut String, name: &str, model: &Figures, counting: Option<&Figures>) {
    let pair = |of: fn(&Figures) -> f64, digits: usize| {
        let beside = number(counting.map(of), digits);
        format!("{:>6.digits$}{beside:>10}", of(model))
    };
    add(
        text,
        format_args!(
            "  {:<18} {}  {}    {}  {} {:>9}",
            sanitize(name),
            pair(|f| f.bits_per_step, 3),
            pair(|f| f.velocity_bits_per_hit, 3),
            pair(|f| f.offset_bits_per_hit, 3),
            pair(|f| f.offset_mae_ms, 2),
            model.hits
        ),
    );
}

pub(super) fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.digits$}"))
}

/// What was drawn, beside real music.
pub(super) fn generated(text: &mut String, drawn: &Generated) {
    let a = &drawn.against;
    add(
        text,
        format_args!(
            "\ngenerated {} bars at temperature {}: {} pieces of {} bars, each after {} bars from silence, in {} styles, \
             seed {}\nbeside {} pieces of training and {} of validation music; overlap: real validation beside training \
             is the ceiling\n",
            drawn.bars,
            drawn.temperature,
            a.pieces,
            drawn.bars_per_piece,
            drawn.warm_up_bars,
            drawn.styles.len(),
            drawn.seed,
            a.train_pieces,
            a.validation_pieces
        ),
    );
    features(text, a);
    expressions(text, a, "generated");
    *text += "\n                     found in training: generated  validation    nearest, cells: generated  validation\n";
    for copied in &a.copying {
        copying(text, copied);
    }
    if let Some(control) = &drawn.control {
        temperatures(text, control);
    }
}

/// Measure by measure.
pub(super) fn features(text: &mut String, a: &Against) {
    *text += "                          generated        training      validation   overlap  ceiling  share   KL, bits\n";
    for f in &a.features {
        let area = f.overlap.map(|o| o.area);
        let divergence = f.overlap.map(|o| o.divergence);
        add(
            text,
            format_args!(
                "  {:<18} {:>15} {:>15} {:>15} {:>7} {:>8} {:>6} {:>10}",
                f.feature.word(),
                moments(&f.set),
                moments(&f.train),
                moments(&f.validation),
                number(area, 3),
                number(f.ceiling.map(|o| o.area), 3),
                number(f.share_of_ceiling, 3),
                number(divergence, 4)
            ),
        );
    }
}

fn moments(m: &Moments) -> String {
    if m.count == 0 {
        return "-".into();
    }
    format!("{:.3} +- {:.3}", m.mean, m.deviation)
}

/// How loud and how far from the grid, of a set called `whose`.
pub(super) fn expressions(text: &mut String, a: &Against, whose: &str) {
    let head = "distance from training (Jensen-Shannon):";
    add(
        text,
        format_args!("\n                     {head} {whose:>9}  validation"),
    );
    expression(text, "velocity", &a.velocity);
    expression(text, "micro-timing", &a.offset);
}

fn expression(text: &mut String, name: &str, e: &ExpressionAgainst) {
    let mut one = |name: &str, distance, real| {
        let (distance, real) = (number(distance, 3), number(real, 3));
        add(
            text,
            format_args!("  {name:<18} {distance:>50}  {real:>10}"),
        );
    };
    one(name, e.distance, e.real_distance);
    for lane in &e.lanes {
        one(
            &format!("  {}", lane.lane),
            lane.distance,
            lane.real_distance,
        );
    }
}

fn copying(text: &mut String, c: &CopyingAgainst) {
    let bars = format!("{} bar{}", c.bars, if c.bars == 1 { "" } else { "s" });
    add(
        text,
        format_args!(
            "  {bars:<18} {:>26.1} % {:>9.1} % {:>27.2} {:>11.2}",
            100.0 * c.share,
            100.0 * c.real_share,
            c.nearest,
            c.real_nearest
        ),
    );
}

fn temperatures(text: &mut String, control: &Temperatures) {
    let styles = control.rows.first().map_or(0, |r| r.style_ratios.len());
    add(
        text,
        format_args!(
            "\nby temperature, {} bars of each of {styles} styles; density over the style's real one\n\
             \x20 temperature  density  over real  styles within 15 %  farthest            next bar, onsets  \
             lanes  bar entropy  entropy of bars",
            control.bars_per_style
        ),
    );
    for r in &control.rows {
        let c = &r.control;
        let far = r.farthest.as_deref().unwrap_or("-");
        let ratio = r.style_ratios.iter().find(|s| s.style == r.farthest);
        let far = format!("{} {}", sanitize(far), number(ratio.map(|s| s.ratio), 2));
        add(
            text,
            format_args!(
                "  {:>11} {:>8.3} {:>10.3} {:>19}  {far:<19} {:>16.3} {:>6.3} {:>12.3} {:>16.2}",
                c.temperature,
                c.density,
                r.density_ratio,
                r.styles_near,
                c.onset_similarity,
                c.lane_similarity,
                c.bar_entropy,
                c.entropy_of_bars
            ),
        );
    }
    let yes = |holds| if holds { "yes" } else { "no" };
    add(
        text,
        format_args!(
            "  as many real pieces: {:.1} styles within 15 %\n\
             \x20 rising from row to row: density {}, bar entropy {}; falling: likeness to the next bar {}",
            control.real_styles_near,
            yes(control.density_rises),
            yes(control.bar_entropy_rises),
            yes(control.similarity_falls)
        ),
    );
}
