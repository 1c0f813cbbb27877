//! Long sets, repeated sets, and models that change in the middle of one.

use super::knobs::random_grid;
use super::rig::{Rig, START, check_tape, drain, hits_of};
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, Meter};
use crate::live::engine::EngineCommand;
use crate::live::take::LEAD_NS;
use crate::model::{BeatModel, Knobs, Place, Sampler};

#[test]
fn a_four_hour_set_has_no_drift_no_late_step_no_stuck_note() {
    let mut rig = Rig::new(BeatModel::random(16, 1, 7), 3);
    let mut tap = rig.tap(0);
    let milli_bpm = 133_337;
    rig.turn(|c| c.milli_bpm = milli_bpm);
    rig.tell(EngineCommand::Play);
    let minute = 60_000_000_000;
    for at in 0..240u64 {
        rig.turn(|c| {
            c.temperature = 0.5 + (at % 7) as f32 / 5.0;
            c.density = (at % 5) as f32 / 5.0 - 0.8;
            c.swing = if at % 2 == 0 { 0.5 } else { 0.62 };
        });
        rig.pass(minute);
    }
    rig.finish();
    let t0 = START + LEAD_NS;
    let exact =
        |step: u64| t0 + (u128::from(step) * 15_000_000_000_000 / u128::from(milli_bpm)) as u64;
    let last = rig.committed.last().unwrap();
    assert!(last.step >= 4 * 3_600 * 133_337 / 15_000 - 1);
    for committed in &rig.committed {
        assert_eq!(committed.grid_ns, exact(committed.step));
    }
    // Every note lies where its micro-timing and swing put it, in the last minute as in the first.
    let step_ns = 15e12 / f64::from(milli_bpm);
    for (i, note) in rig.sent.iter().enumerate() {
        let off = (note.at_ns as f64 - exact(note.step) as f64) / step_ns;
        assert!((-0.5..0.75).contains(&off), "note {i} is {off} steps off");
    }
    let notes = check_tape(&drain(&mut tap));
    assert_eq!(notes.len(), rig.sent.len());
    assert!(notes.len() > 100_000);
    assert_eq!(rig.engine.pulse.late(), 0);
    assert_eq!(rig.engine.pulse.sent(), notes.len() as u64);
}

/// A script of knobs, takes and a preview; what the sink got.
fn script(seed: u64, jitter_ns: u64) -> Vec<(u64, u64, u8, u8)> {
    let mut draws = Stream::new(8, 0, Purpose::Test);
    let mut rig = Rig::new(BeatModel::random(16, 1, 7), seed);
    let mut tap = rig.tap(0);
    rig.jitter_ns = jitter_ns;
    rig.tell(EngineCommand::Play);
    for i in 0..40u32 {
        rig.turn(|c| c.temperature = 0.2 + draws.uniform());
        // Between two commits, so that the script does the same whatever the jitter.
        rig.pass(125_000_000 * 16);
        if i == 13 {
            let grid = BeatGrid {
                tempo: 120.0,
                ..random_grid(&mut draws, Meter::COMMON)
            };
            rig.tell(EngineCommand::Preview {
                name: "p".into(),
                grid,
            });
        }
        if i == 16 {
            rig.tell(EngineCommand::StopPreview);
        }
        if i == 20 {
            rig.tell(EngineCommand::Stop);
            rig.pass(1_000_000_000);
            rig.tell(EngineCommand::Play);
        }
    }
    rig.finish();
    check_tape(&drain(&mut tap))
}

#[test]
fn same_seed_same_bytes() {
    let once = script(1, 0);
    assert!(once.len() > 500);
    assert_eq!(once, script(1, 0));
    assert_ne!(once, script(2, 0));
    // However late the engine's thread is woken, within its lead, the same notes at the same times.
    assert_eq!(once, script(1, 9_000_000));
}

#[test]
fn another_model_takes_over_at_the_bar_line_having_heard_the_last_bars() {
    let (old, new) = (BeatModel::random(16, 1, 7), BeatModel::random(24, 2, 8));
    let mut rig = Rig::new(old.clone(), 6);
    rig.tell(EngineCommand::Play);
    rig.pass(21_300_000_000);
    rig.tell(EngineCommand::TakeOver(new.clone().into()));
    let told = rig.now;
    rig.turn(|c| c.temperature = 0.7);
    rig.pass(6_000_000_000);
    assert_eq!(rig.engine.status(rig.now).model, new.name());
    // The bar line that is next when the command came.
    let line = rig
        .committed
        .iter()
        .find(|c| c.commit_ns > told && c.step % 16 == 0)
        .unwrap()
        .step;
    let place = |step: u64| Place {
        step_in_bar: (step % 16) as u16,
        steps_per_bar: 16,
        bar: step / 16,
        bpm: Some(120.0),
        style: None,
        fill: Some(false),
        density: None,
    };
    let mut heard = Sampler::new(old);
    let mut state = heard.start();
    let mut taker = Sampler::new(new);
    let mut taken = taker.start();
    // Told with the first 10 steps of bar 11 committed: it hears bars 3 to 10 and those steps.
    let next = rig.committed.iter().filter(|c| c.commit_ns <= told).count() as u64;
    for committed in &rig.committed {
        let mut knobs = Knobs::default();
        if committed.version > 0 {
            knobs.temperature = 0.7;
        }
        let at = place(committed.step);
        let step = if committed.step < line {
            let step = heard.draw(&mut state, &at, &knobs, 6, committed.step);
            if committed.step + 128 >= next {
                taker.force(&mut taken, &at, &step);
            }
            step
        } else {
            taker.draw(&mut taken, &at, &knobs, 6, committed.step)
        };
        assert_eq!(
            hits_of(&step),
            committed.hits,
            "step {} of line {line}",
            committed.step
        );
    }
}

#[test]
fn a_primer_is_continued_from_the_next_bar_line_in_its_meter() {
    let mut draws = Stream::new(3, 0, Purpose::Test);
    let model = BeatModel::random(16, 1, 7);
    let grid = random_grid(&mut draws, Meter::new(3, 4).unwrap());
    for playing in [false, true] {
        let mut rig = Rig::new(model.clone(), 6);
        let mut line = 0;
        if playing {
            rig.tell(EngineCommand::Play);
            rig.pass(3_000_000_000);
            line = 32;
        }
        rig.tell(EngineCommand::Prime(grid.clone()));
        rig.tell(EngineCommand::Play);
        rig.pass(6_000_000_000);
        let status = rig.engine.status(rig.now);
        assert_eq!((status.meter, status.steps_per_bar), ((3, 4), 12));
        let mut sampler = Sampler::new(model.clone());
        let mut state = sampler.start();
        for (at, step) in grid.steps.iter().enumerate() {
            let place = Place {
                step_in_bar: (at % 12) as u16,
                steps_per_bar: 12,
                bar: at as u64 / 12,
                bpm: Some(grid.tempo as f32),
                style: None,
                fill: Some(false),
                density: None,
            };
            sampler.force(&mut state, &place, step);
        }
        assert!(rig.committed.len() as u64 > line + 20);
        for committed in rig.committed.iter().filter(|c| c.step >= line) {
            let at = committed.step - line;
            let place = Place {
                step_in_bar: (at % 12) as u16,
                steps_per_bar: 12,
                bar: at / 12,
                bpm: Some(120.0),
                style: None,
                fill: Some(false),
                density: None,
            };
            let step = sampler.draw(&mut state, &place, &Knobs::default(), 6, committed.step);
            assert_eq!(hits_of(&step), committed.hits, "step {}", committed.step);
        }
    }
}

#[test]
fn a_process_that_was_held_up_plays_on_from_now() {
    let mut rig = Rig::new(BeatModel::random(16, 1, 7), 3);
    let mut tap = rig.tap(0);
    rig.tell(EngineCommand::Play);
    rig.pass(2_000_000_000);
    let before = rig.sent.len();
    rig.now += 60_000_000_000;
    rig.pass(1_000_000);
    assert!(
        rig.sent.len() - before <= 27,
        "no rush through a minute of notes"
    );
    rig.pass(2_000_000_000);
    rig.finish();
    check_tape(&drain(&mut tap));
}
