//! What `evaluate --representation mel` says without `--json`.

use super::mel::MelLine;
use super::say::{add, expressions, features, generated, number, skipped};
use crate::base::text::sanitize;
use crate::beat::lane::Lane;
use crate::model::evaluate::mel::drawn::{MelGenerated, Portraits};
use crate::model::evaluate::mel::heard::{Heard, Share};
use crate::model::evaluate::mel::portrait::Portrait;
use crate::model::evaluate::mel::{MelEvaluation, MelFigures};
use std::collections::BTreeMap;

/// Everything, for people. `by` names the tables: lane, style, drummer.
pub(super) fn tables(line: &MelLine<'_>, model: &str, by: &[String]) -> String {
    let (e, f) = (line.evaluation, &line.evaluation.all.foreseen);
    let whose = match line.drummer {
        Some(drummer) => format!(" by {}", sanitize(drummer)),
        None => String::new(),
    };
    let mut text = format!(
        "{model}\n{:.4} bits a band and frame for {} files{whose}, {} frames (split {}, drum map {})\n\
         cross-entropy of the mean frame {:.4} nats a band and frame; the least possible is {:.4}\n",
        f.bits_per_value,
        e.files,
        f.frames,
        line.split,
        line.drum_map,
        f.cross_entropy,
        f.least_cross_entropy
    );
    text += "\nmean absolute error                    dB   of 0 to 1\n";
    for (what, db, level) in [
        ("the mean frame foreseen", e.all.mean_error_db, f.mean_error),
        ("the frame before, held", e.all.held_error_db, f.held_error),
        (
            "transcribed and rendered again",
            e.all.again_error_db,
            e.all.again_error,
        ),
    ] {
        add(
            &mut text,
            format_args!("  {what:<32} {db:>6.3} {level:>11.4}"),
        );
    }
    groups(&mut text, e, by);
    heard(
        &mut text,
        &e.all.heard,
        by.iter().any(|word| word == "lane"),
    );
    skipped(&mut text, line.unreadable);
    if let Some(drawn) = line.generated {
        played(&mut text, drawn);
    }
    text
}

/// Style by style, drummer by drummer.
fn groups(text: &mut String, e: &MelEvaluation, by: &[String]) {
    *text += "\n                     bits  cross-entropy  error, dB  heard again, F1    frames\n";
    row(text, "all", &e.all);
    let mut table = |name: &str, groups: &BTreeMap<String, MelFigures>| {
        if by.iter().any(|wanted| wanted == name) {
            groups.iter().for_each(|(name, f)| row(text, name, f));
        }
    };
    table("style", &e.styles);
    table("drummer", &e.drummers);
}

fn row(text: &mut String, name: &str, f: &MelFigures) {
    add(
        text,
        format_args!(
            "  {:<16} {:>6.3} {:>14.4} {:>10.3} {:>16.3} {:>9}",
            sanitize(name),
            f.foreseen.bits_per_value,
            f.foreseen.cross_entropy,
            f.mean_error_db,
            f.heard.all.f1,
            f.foreseen.frames
        ),
    );
}

/// The ceiling.
fn heard(text: &mut String, h: &Heard, lanes: bool) {
    add(
        text,
        format_args!(
            "\nthe transcriber's ceiling: these files rendered, made frames and heard again, all their notes, within 50 ms\n\
             timing {:.2} ms off, correlation of velocity {:.3}; {:.1} % repeat their lane within 50 ms, {:.1} % have velocity \
             15 or less\n                    strokes     heard  precision  recall     F1",
            h.timing_ms,
            h.velocity_correlation,
            100.0 * h.repeated_share,
            100.0 * h.faint_share
        ),
    );
    let mut one = |name: &str, s: &Share| {
        add(
            text,
            format_args!(
                "  {name:<16} {:>8} {:>9} {:>10.3} {:>7.3} {:>6.3}",
                s.strokes, s.heard, s.precision, s.recall, s.f1
            ),
        );
    };
    one("all", &h.all);
    if lanes {
        h.lanes.iter().for_each(|lane| one(lane.lane, &lane.share));
    }
}

/// What was drawn; then what the ear leaves of real music.
fn played(text: &mut String, drawn: &MelGenerated) {
    generated(text, &drawn.generated);
    *text += "\nreal music (validation, where there is any) rendered and heard by the same transcriber, in the place of what was generated\n";
    features(text, &drawn.round_trip);
    expressions(text, &drawn.round_trip, "heard");
    portraits(text, &drawn.portraits);
}

fn portraits(text: &mut String, p: &Portraits) {
    *text += "\n                     generated  real, heard  real, written  training  generated over training  over heard\n";
    let sets = [&p.generated, &p.round_trip, &p.real, &p.training];
    let mut one = |name: &str, of: &dyn Fn(&Portrait) -> Option<f64>, digits: usize| {
        let [generated, heard, real, training] = sets.map(of);
        let over = |other: Option<f64>| {
            let (Some(g), Some(o)) = (generated, other) else {
                return None;
            };
            (o > 0.0).then_some(g / o)
        };
        add(
            text,
            format_args!(
                "  {name:<18} {:>9} {:>12} {:>14} {:>9} {:>24} {:>11}",
                number(generated, digits),
                number(heard, digits),
                number(real, digits),
                number(training, digits),
                number(over(training), 2),
                number(over(heard), 2)
            ),
        );
    };
    one("onsets a bar", &|p| Some(p.onsets_per_bar), 2);
    one("swing ratio", &|p| p.swing, 3);
    one("velocity", &|p| Some(p.velocity), 1);
    for lane in Lane::ALL {
        let share = |p: &Portrait| p.lanes.get(lane.index()).map(|share| 100.0 * share);
        one(&format!("{}, %", lane.word()), &share, 1);
    }
    add(
        text,
        format_args!(
            "  lanes of hits that differ from training: generated {:.1} %, real, heard {:.1} %, real, written {:.1} %",
            100.0 * p.generated.lanes_apart(&p.training),
            100.0 * p.round_trip.lanes_apart(&p.training),
            100.0 * p.real.lanes_apart(&p.training)
        ),
    );
}
