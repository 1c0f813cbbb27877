//! The spectrogram model through the same engine: on the grid at any tempo, decided where it is committed, the same
//! strokes as without an engine.

use super::rig::{Committed, Rig, check_tape, drain, hits_of};
use crate::audio::frames::MelTrack;
use crate::audio::mel::Mel;
use crate::base::alloc_probe;
use crate::base::rng::{Purpose, Stream};
use crate::beat::grid::{BeatGrid, Cell, Meter, Step};
use crate::beat::kit::DrumMap;
use crate::beat::lane::Lane;
use crate::live::engine::EngineCommand;
use crate::message::Representation;
use crate::model::mel_net::config::{Head, SCHEMA};
use crate::model::mel_net::{
    Hearing, MelModel, MelNetConfig, MelPlayer, MelSettings, MelVoice, Place as FramePlace,
};
use crate::model::{BeatModel, Knobs, Place, Playable, Player};
use std::sync::Arc;

/// Components: ringing on, a kick, a snare.
const K: usize = 3;

/// The beginning of a stroke, as log-odds of levels.
fn stroke(bank: &Mel, mel: &MelSettings, lane: Lane) -> Vec<f32> {
    let mut steps = vec![Step::default(); 4];
    steps[0][lane.index()] = Cell {
        velocity: 110,
        offset: 0.0,
    };
    let grid = BeatGrid {
        meter: Meter::COMMON,
        tempo: 120.0,
        steps,
    };
    let track = MelTrack::of_grid(bank, &mel.scale(), &grid);
    let frame = track.frame(2).unwrap();
    let odds = |level: &u8| {
        let p = (f32::from(*level) / 255.0).clamp(0.01, 0.99);
        (p / (1.0 - p)).ln()
    };
    frame.iter().map(odds).collect()
}

/// A model made by hand: a kick on every quarter note, for certain, and snares now and then, which are the hotter the
/// more.
fn by_hand() -> Arc<MelVoice> {
    with_snares(-3.4)
}

/// The same with this logit for a snare.
fn with_snares(logit: f32) -> Arc<MelVoice> {
    let mel = MelSettings::default();
    let config = MelNetConfig {
        representation: Representation::Mel,
        schema: SCHEMA,
        units: 4,
        layers: 1,
        components: K,
        groups: 1,
        ear: None,
        mel,
        drum_map: DrumMap::gm(),
        name: "by hand".into(),
        bits_per_value: None,
        cross_entropy: None,
        epoch: 0,
    };
    let (units, bands) = (config.units, mel.n_mels);
    let mut weights = MelModel::start(&config, 1);
    for i in [
        0,
        1,
        Head::Out.index(1),
        Head::Bias.index(1),
        Head::Hold.index(1),
    ] {
        weights[i].fill(0.0);
    }
    weights[Head::Scale.index(1)].fill(-5.0);
    // The first unit is 0.8 in the first twentieth of each quarter note, else -0.8. Gates: in, forget, cell, out.
    let (half, steep) = (0.16f32, 400.0);
    let beat = 2 * bands + 4;
    weights[0][beat * 4 * units + 2 * units] = steep * half.sin();
    weights[0][(beat + 1) * 4 * units + 2 * units] = steep * half.cos();
    for (gate, bias) in [(0, 30.0), (1, -30.0), (2, -steep * half.cos()), (3, 30.0)] {
        weights[2][gate * units] = bias;
    }
    let row = (K + 1) * bands + K;
    let logits = (K + 1) * bands;
    weights[Head::Out.index(1)][logits + 1] = 40.0;
    assert_eq!(weights[Head::Bias.index(1)].len(), row);
    weights[Head::Bias.index(1)][logits + 1] = -20.0;
    weights[Head::Bias.index(1)][logits + 2] = logit;
    weights[Head::Bias.index(1)][..bands].fill(-0.15);
    weights[Head::Hold.index(1)][..bands].fill(1.0);
    let bank = Mel::new(mel.mel()).unwrap();
    for (k, lane) in [(1, Lane::Kick), (2, Lane::Snare)] {
        let to = &mut weights[Head::Bias.index(1)][k * bands..(k + 1) * bands];
        to.copy_from_slice(&stroke(&bank, &mel, lane));
    }
    MelVoice::new(Arc::new(MelModel::new(config, weights).unwrap())).unwrap()
}

/// Kicks that were committed: step and how late after the grid, in seconds.
fn kicks(committed: &[Committed]) -> Vec<(u64, f64)> {
    let late = |c: &Committed| {
        let hit = c.hits.iter().find(|hit| hit.0 == 0)?;
        Some((c.step, f64::from(hit.2) * c.step_ns / 1e9))
    };
    committed.iter().filter_map(late).collect()
}

#[test]
fn a_model_of_spectrograms_keeps_the_grid_at_every_tempo_and_closes_every_note() {
    let mut draws = Stream::new(2, 0, Purpose::Test);
    let mut rig = Rig::new(by_hand(), 3);
    let mut tap = rig.tap(0);
    rig.tell(EngineCommand::Play);
    let times = rig.engine.status(rig.now).frames.unwrap();
    assert_eq!(times.look_ahead_ms, 58);
    assert!(times.look_ahead_ms < times.heard_ms && times.heard_ms < 300);
    for turn in 0..12 {
        rig.turn(|c| {
            c.temperature = 0.3 + draws.uniform();
            if turn > 2 {
                c.milli_bpm = 70_000 + draws.below(100_000) as u32;
            }
        });
        rig.pass(1_500_000_000 + draws.below(900_000_000) as u64);
    }
    rig.finish();
    // The transcriber does not hear every kick of sounds made by hand; those it hears are on the beat, up to the last
    // tempo.
    let kicks = kicks(&rig.committed);
    assert!(kicks.len() > 8, "{kicks:?}");
    let on_beat = |(step, late): &&(u64, f64)| step % 4 == 0 && late.abs() < 0.070;
    let off = kicks.len() - kicks.iter().filter(on_beat).count();
    assert!(5 * off < kicks.len(), "{kicks:?}");
    let notes = check_tape(&drain(&mut tap));
    assert_eq!(notes.len(), rig.sent.len());
    assert_eq!(rig.engine.pulse.late(), 0);
}

#[test]
fn the_same_seed_plays_the_same_strokes_as_without_an_engine() {
    let voice = by_hand();
    let milli_bpm = 93_700;
    let mut rig = Rig::new(Arc::clone(&voice), 9);
    rig.turn(|c| c.milli_bpm = milli_bpm);
    rig.tell(EngineCommand::Play);
    rig.pass(9_000_000_000);
    let bpm = f64::from(milli_bpm) / 1000.0;
    let mel = voice.model().config().mel;
    let mut player = MelPlayer::new(voice);
    let mut state = player.start();
    let mut alone = Vec::new();
    for at in 0..900 {
        let place = FramePlace::of(&mel, Meter::COMMON, bpm, at);
        player.frame(&mut state, &place, 1.0, 9, |s| alone.push(s));
    }
    // At the very edge between two steps a stroke may be told too late for its own.
    let inner = |offset: f64| offset.abs() < 0.35;
    let mut found = 0;
    for stroke in &alone {
        let at = stroke.time_ns as f64 / 1e9 * bpm / 15.0;
        let offset = at - at.round();
        let step = at.round() as usize;
        let Some(committed) = rig.committed.get(step).filter(|_| inner(offset)) else {
            continue;
        };
        let hit = committed
            .hits
            .iter()
            .find(|hit| usize::from(hit.0) == stroke.lane.index())
            .unwrap_or_else(|| unreachable!("step {step} lacks {stroke:?}"));
        // Of two in one step the harder is kept.
        assert!(hit.1 >= stroke.velocity);
        let same = hit.1 == stroke.velocity && (f64::from(hit.2) - offset).abs() < 1e-4;
        found += usize::from(same);
    }
    let played = rig.committed.iter().flat_map(|c| &c.hits);
    let played = played.filter(|hit| inner(f64::from(hit.2))).count();
    assert!(played > 30 && played == found, "{found} of {played}");
}

#[test]
fn what_is_committed_stays_and_the_rest_is_drawn_with_the_knobs_in_force() {
    let mut draws = Stream::new(6, 0, Purpose::Test);
    let voice = by_hand();
    let mut rig = Rig::new(Arc::clone(&voice), 77);
    let mut still = Rig::new(Arc::clone(&voice), 77);
    for rig in [&mut rig, &mut still] {
        rig.tell(EngineCommand::Play);
        rig.pass(3_000_000_000);
    }
    let before = still.committed.len();
    assert_eq!(rig.committed, still.committed);
    let shown = rig.engine.status(rig.now);
    rig.turn(|c| c.temperature = 1.9);
    rig.pass(1);
    let turned = rig.engine.status(rig.now);
    let sure = (shown.revisable_from - shown.window_start) as usize;
    assert_eq!(turned.window[..sure], shown.window[..sure]);
    for _ in 0..40 {
        rig.turn(|c| match draws.below(3) {
            0 => c.temperature = 2.0 * draws.uniform(),
            1 => c.milli_bpm = 60_000 + draws.below(140_000) as u32,
            _ => c.density = draws.uniform(),
        });
        rig.pass(draws.below(400_000_000) as u64);
    }
    assert_eq!(rig.committed[..before], still.committed[..]);
    // The journal alone gives the same steps again.
    let mut player = Player::new(voice.into());
    let mut state = player.start();
    let mut in_force = rig.controls.iter();
    let mut controls = *in_force.next().unwrap();
    for committed in &rig.committed {
        while controls.version < committed.version {
            controls = *in_force.next().unwrap();
        }
        let place = Place {
            step_in_bar: (committed.step % 16) as u16,
            steps_per_bar: 16,
            bar: committed.step / 16,
            bpm: Some(controls.milli_bpm as f32 / 1_000.0),
            style: None,
            fill: Some(false),
            density: None,
        };
        let knobs = Knobs::from(&controls);
        let step = player.draw(&mut state, &place, &knobs, 77, committed.step);
        assert_eq!(hits_of(&step), committed.hits, "step {}", committed.step);
    }
    assert!(rig.committed.len() > before + 40);
}

#[test]
fn the_temperature_is_heard_as_soon_as_the_screen_says() {
    // So rare that it is owed nothing by the time it is cold.
    let mut rig = Rig::new(with_snares(-5.6), 4);
    rig.tell(EngineCommand::Play);
    let mut cold = Vec::new();
    for turn in 0..10 {
        rig.turn(|c| c.temperature = 1.6);
        rig.pass(1_300_000_000 + turn * 17_000_000);
        rig.turn(|c| c.temperature = 0.0);
        let times = rig.engine.status(rig.now).frames.unwrap();
        let from = rig.now + u64::from(times.heard_ms) * 1_000_000;
        rig.pass(900_000_000);
        cold.push(from..rig.now);
    }
    let snares = || rig.sent.iter().filter(|note| note.lane == 1);
    assert!(snares().count() > 6, "{} snares", snares().count());
    for snare in snares() {
        let late = cold.iter().find(|span| span.contains(&snare.at_ns));
        assert_eq!(late, None, "{snare:?}");
    }
}

#[test]
fn a_locked_lane_repeats_over_what_is_heard() {
    let mut rig = Rig::new(by_hand(), 5);
    rig.tell(EngineCommand::Play);
    rig.pass(4_400_000_000);
    rig.turn(|c| {
        c.locks = 1 << Lane::Snare.index();
        c.loop_bars = 1;
    });
    rig.pass(8_000_000_000);
    let lane = |lane: u8| -> Vec<Vec<(u8, f32)>> {
        let of = |c: &Committed| {
            let hits = c.hits.iter().filter(|hit| hit.0 == lane);
            hits.map(|hit| (hit.1, hit.2)).collect()
        };
        rig.committed[48..80].iter().map(of).collect()
    };
    let snare = lane(1);
    assert!(snare.iter().any(|hits| !hits.is_empty()));
    assert_eq!(snare[..16], snare[16..]);
    assert!(
        !kicks(&rig.committed[48..80]).is_empty(),
        "the others go on"
    );
}

#[test]
fn models_of_either_kind_take_over_from_each_other() {
    let (beat, voice) = (BeatModel::random(16, 1, 7), by_hand());
    let mut rig = Rig::new(beat.clone(), 6);
    let mut tap = rig.tap(0);
    rig.tell(EngineCommand::Play);
    rig.pass(6_300_000_000);
    rig.tell(EngineCommand::TakeOver(voice.clone().into()));
    let told = rig.committed.len();
    rig.pass(8_000_000_000);
    assert_eq!(rig.engine.status(rig.now).model, "by hand");
    let line = told.div_ceil(16) * 16;
    // From the bar line on it is the model alone, having heard the bars before the one it was told in.
    let heard: Vec<(Place, Step)> = (rig.committed.iter().take(told / 16 * 16))
        .map(|c| {
            let mut step = Step::default();
            for (lane, velocity, offset) in &c.hits {
                step[usize::from(*lane)] = Cell {
                    velocity: *velocity,
                    offset: *offset,
                };
            }
            (place(c.step), step)
        })
        .collect();
    let mut player = MelPlayer::new(Arc::clone(&voice));
    let mut state = player.start();
    let mut hearing = Hearing::of_steps(&voice, &heard, Meter::COMMON, 8.0);
    while player.hear(&mut state, &mut hearing) {}
    for committed in &rig.committed[line..] {
        let at = place(committed.step);
        let step = player.draw(&mut state, &at, &Knobs::default(), 6);
        assert_eq!(hits_of(&step), committed.hits, "step {}", committed.step);
    }
    assert!(rig.committed.len() > line + 32);
    rig.tell(EngineCommand::TakeOver(beat.into()));
    rig.pass(4_000_000_000);
    let status = rig.engine.status(rig.now);
    assert_eq!(
        (status.model.as_str(), status.frames),
        ("untrained 1x16", None)
    );
    // A stop and a new start go on from the last bar line, with other draws.
    rig.tell(EngineCommand::TakeOver(voice.into()));
    rig.tell(EngineCommand::Stop);
    rig.pass(500_000_000);
    rig.tell(EngineCommand::Play);
    rig.pass(4_000_000_000);
    rig.finish();
    check_tape(&drain(&mut tap));
    assert_eq!(rig.engine.pulse.late(), 0);
}

fn place(step: u64) -> Place {
    Place {
        step_in_bar: (step % 16) as u16,
        steps_per_bar: 16,
        bar: step / 16,
        bpm: Some(120.0),
        style: None,
        fill: Some(false),
        density: None,
    }
}

#[test]
fn a_step_of_a_model_of_spectrograms_allocates_nothing() {
    let mut player = Player::new(Playable::from(by_hand()));
    let mut state = player.start();
    let knobs = Knobs::default();
    for step in 0..32 {
        player.draw(&mut state, &place(step), &knobs, 4, step);
    }
    let mut kept = state.clone();
    kept.clone_from(&state);
    let before = alloc_probe::calls();
    player.draw(&mut state, &place(32), &knobs, 4, 32);
    kept.clone_from(&state);
    player.draw(&mut kept, &place(33), &knobs, 4, 33);
    assert_eq!(alloc_probe::calls() - before, 0);
}
