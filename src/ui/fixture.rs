//! Apps for the tests of this room, as a real session would leave them: only messages fill
//! them.

use crate::app::{App, Command, Key, Msg, Screen, Settings, Setup, SpectrogramOf};
use crate::beat::grid::{BeatGrid, Meter};
use crate::beat::lane::Lane;
use crate::message::{
    COLUMNS_A_STEP, Cell, Controls, EngineStatus, Excerpt, FileStatus, LANES, OutputSpec,
    OutputState, OutputView, PlaySource, PortInfo, Realtime, ScanEvent, ScanRow, ScanSummary,
    SpectrogramColumn, Step, TrainConfig, TrainEvent, TrainProgress,
};
use std::path::PathBuf;
use std::sync::Arc;

/// One second of the messages' clock.
pub const SECOND: u64 = 1_000_000_000;

/// A step of a funk beat that varies from bar to bar.
pub fn step(number: u64) -> Step {
    let mut step = Step::default();
    let at = number % 16;
    let bar = number / 16;
    let wobble = ((number * 7 + bar * 3) % 11) as f32 / 11.0 - 0.45;
    let mut hit = |lane: Lane, velocity: u8, offset: f32| {
        step[lane.index()] = Cell { velocity, offset };
    };
    if !(at == 10 && bar.is_multiple_of(2)) {
        let velocity = [112, 34, 84, 38][(at % 4) as usize];
        hit(Lane::ClosedHat, velocity, wobble * 0.4);
    } else {
        hit(Lane::OpenHat, 96, 0.05);
    }
    match at {
        0 => hit(Lane::Kick, 120, 0.0),
        6 => hit(Lane::Kick, 88, 0.14),
        10 if bar % 2 == 1 => hit(Lane::Kick, 110, -0.2),
        13 => hit(Lane::Kick, 70, 0.2),
        _ => {}
    }
    match at {
        4 | 12 => hit(Lane::Snare, 118, 0.02),
        7 | 9 | 15 => hit(Lane::Snare, 30, 0.25),
        _ => {}
    }
    if bar % 4 == 3 && at >= 13 {
        let lane = [Lane::HighTom, Lane::MidTom, Lane::LowTom][(at - 13) as usize];
        hit(lane, 60 + 20 * (at - 13) as u8, 0.0);
    }
    if bar.is_multiple_of(4) && at == 0 {
        hit(Lane::Crash, 124, 0.0);
    }
    step
}

/// The engine while step `playhead` sounds.
pub fn engine(playhead: u64, source: PlaySource) -> EngineStatus {
    let bar = playhead / 16;
    let start = bar.saturating_sub(1) * 16;
    let mut lane_levels = [0.0f32; LANES];
    for (lane, level) in lane_levels.iter_mut().enumerate() {
        for back in 0..6u64 {
            let cell = step(playhead.saturating_sub(back))[lane];
            *level = level.max(f32::from(cell.velocity) / 127.0 * 0.75f32.powi(back as i32));
        }
    }
    EngineStatus {
        frames: None,
        source,
        playhead,
        step_in_bar: (playhead % 16) as u16,
        bar,
        steps_per_bar: 16,
        meter: (4, 4),
        window_start: start,
        window: (start..playhead + 36).map(step).collect(),
        revisable_from: playhead + 3,
        controls: Controls {
            version: 7,
            milli_bpm: 104_000,
            style: 2,
            ..Controls::default()
        },
        filling: false,
        late: 0,
        sent: 9_120,
        p99_late_us: 412,
        realtime: Realtime::Granted,
        recorded_bars: bar,
        unsaved: true,
        model: "groove-2 (e12, 1.46 bits)".into(),
        styles: ["afrobeat", "dance", "funk", "jazz", "rock"]
            .map(String::from)
            .into(),
        outputs: vec![
            OutputView {
                level: 0.8,
                ..OutputView::plain(
                    OutputSpec::Port("TR-8S".into()),
                    "TR-8S:TR-8S MIDI 1 24:0".into(),
                )
            },
            OutputView {
                state: OutputState::Muted,
                ..OutputView::plain(OutputSpec::Synth, "synth".into())
            },
        ],
        lane_levels,
    }
}

/// The sound of steps as the screens get it.
pub fn sound(first: u64, steps: u64) -> Vec<SpectrogramColumn> {
    let mut columns = Vec::new();
    let parts = COLUMNS_A_STEP as u64;
    for number in first..first + steps {
        for part in 0..parts {
            let mut bands = vec![0.02f32; 64];
            for (lane, low, high, decay) in [
                (Lane::Kick, 0usize, 12usize, 0.86f32),
                (Lane::Snare, 14, 50, 0.7),
                (Lane::ClosedHat, 46, 64, 0.55),
                (Lane::OpenHat, 42, 64, 0.9),
                (Lane::Crash, 30, 64, 0.97),
                (Lane::LowTom, 6, 20, 0.88),
                (Lane::MidTom, 9, 24, 0.88),
                (Lane::HighTom, 12, 28, 0.88),
            ] {
                for back in 0..4u64 {
                    let Some(at) = number.checked_sub(back) else {
                        continue;
                    };
                    let velocity = f32::from(step(at)[lane.index()].velocity) / 127.0;
                    let level = velocity * decay.powi(((back * parts + part) * 8 / parts) as i32);
                    for (band, value) in bands.iter_mut().enumerate().take(high).skip(low) {
                        let grain = ((band as u64 * 31 + part * 17 + at * 7) % 13) as f32 / 13.0;
                        let edge = 1.0 - (band - low) as f32 / (high - low) as f32 * 0.5;
                        *value = value.max(level * edge * (0.75 + 0.25 * grain));
                    }
                }
            }
            columns.push(SpectrogramColumn { bands });
        }
    }
    columns
}

/// An app that has just begun, without a folder.
pub fn fresh(width: u16, height: u16) -> App {
    let mut app = App::new(Setup {
        settings: Settings {
            theme: "night".into(),
            controls: Controls {
                milli_bpm: 104_000,
                style: 2,
                ..Controls::default()
            },
            ..Settings::default()
        },
        kits: ["gm", "tr-8s", "td-11"].map(String::from).into(),
        themes: ["night", "day", "high-contrast", "phosphor", "magma", "ansi"]
            .map(String::from)
            .into(),
        size: (width, height),
        has_synth: true,
        has_ports: true,
        device: "CUDA: NVIDIA H100, driver and NVRTC found".into(),
        ..Setup::default()
    });
    app.update(Msg::Start);
    app
}

/// Presses keys, as the keymap spells them.
pub fn press(app: &mut App, keys: &[&str]) {
    for key in keys {
        if let Some(key) = Key::parse(key) {
            app.update(Msg::Key(key, app.now_ns));
        }
    }
}

/// Asks for a command by its key.
pub fn run(app: &mut App, command: Command) {
    let key = app.keymap.shown(command);
    press(app, &[&key]);
}

/// A file of the folder.
fn row(name: &str, status: FileStatus, bars: u32, tempo: f64, style: &str) -> ScanRow {
    let refused = matches!(status, FileStatus::Rejected | FileStatus::NoDrums);
    let reason = match status {
        FileStatus::Rejected => Some("truncated: the track ends after 312 of 1,204 bytes".into()),
        FileStatus::NoDrums => Some("no notes on channel 10; 2 tracks on channel 1".into()),
        _ => None,
    };
    ScanRow {
        path: PathBuf::from("/data/groove").join(name),
        name: name.into(),
        status,
        reason,
        hint: refused.then(|| "r remaps its notes to drums, x leaves it out".into()),
        bars: if refused { 0 } else { bars },
        steps: bars * 16,
        tempo: (status != FileStatus::Rejected).then_some(tempo),
        meter: (status != FileStatus::Rejected).then_some((4, 4)),
        style: (!style.is_empty()).then(|| style.into()),
        beat_type: Some(if bars < 3 { "fill" } else { "beat" }.into()),
        split: "train".into(),
        notes: bars * 26,
        drum_notes: if refused { 0 } else { bars * 26 },
        lane_counts: if refused {
            [0; LANES]
        } else {
            [4, 5, 13, 1, 0, 0, 1, 1, 2].map(|n| n * bars)
        },
        hash: "00".into(),
    }
}

/// The folder's files.
pub fn rows() -> Vec<ScanRow> {
    use FileStatus::{Duplicate, NoDrums, Ok, Rejected, Repaired};
    let mut rows = Vec::new();
    for session in 1..=4u32 {
        for n in 0..14u32 {
            let style = ["funk", "rock", "jazz-funk", "latin-samba", "hiphop"][(n % 5) as usize];
            let kind = if n % 4 == 3 { "fill" } else { "beat" };
            let name = format!(
                "drummer1/session{session}/{}_{style}_{}_{kind}_4-4.mid",
                n + 10,
                80 + 7 * n
            );
            let status = match (session, n) {
                (1, 5) => Rejected,
                (1, 6) => NoDrums,
                (1, 8) => Repaired,
                (2, 2) => Duplicate,
                _ => Ok,
            };
            let bars = if n % 4 == 3 { 1 } else { 24 + 8 * n };
            rows.push(row(&name, status, bars, f64::from(80 + 7 * n), style));
        }
    }
    rows
}

/// Fills the dataset screen with a scanned folder and selects a file.
pub fn scanned(app: &mut App) {
    let rows = rows();
    let count = |status| rows.iter().filter(|r| r.status == status).count();
    let summary = ScanSummary {
        files: rows.len(),
        by_status: FileStatus::ALL.map(count),
        drum_map: "td11".into(),
        ..ScanSummary::default()
    };
    app.browser.dir = Some(PathBuf::from("/data/groove"));
    app.update(Msg::Scan(ScanEvent::Done { rows, summary }));
    app.screen = Screen::Dataset;
    press(app, &["home"]);
    for _ in 0..6 {
        press(app, &["down"]);
    }
    tick(app, SECOND);
    let Some(path) = app.browser.selected_row().map(|r| r.path.clone()) else {
        return;
    };
    let grid = BeatGrid {
        meter: Meter::COMMON,
        tempo: 95.0,
        steps: (0..16 * 24).map(step).collect(),
    };
    app.update(Msg::Preview {
        path: path.clone(),
        result: Ok(Arc::new(grid)),
    });
    app.update(Msg::Spectrogram {
        what: SpectrogramOf::File { path, first: 0 },
        columns: sound(0, 192),
    });
}

/// Lets time pass.
pub fn tick(app: &mut App, by_ns: u64) {
    let now_ns = app.now_ns + by_ns;
    app.update(Msg::Tick { now_ns });
}

/// An app that has played 36 bars and is in the 37th.
pub fn playing(width: u16, height: u16) -> App {
    let mut app = fresh(width, height);
    run(&mut app, Command::PlayStop);
    for bar in 0..37u64 {
        for at in [0, 8] {
            let status = engine(bar * 16 + at, PlaySource::Generator);
            app.update(Msg::Engine(Arc::new(status)));
        }
        if bar > 30 {
            app.update(Msg::Spectrogram {
                what: SpectrogramOf::Played,
                columns: sound(bar * 16, if bar < 36 { 16 } else { 11 }),
            });
        }
    }
    app.update(Msg::Engine(Arc::new(engine(
        36 * 16 + 10,
        PlaySource::Generator,
    ))));
    run(&mut app, Command::TemperatureUp);
    app.update(Msg::Ports(vec![PortInfo {
        name: "TR-8S:TR-8S MIDI 1 24:0".into(),
    }]));
    app
}

/// Fills the training screen with a run in its 12th epoch.
pub fn training(app: &mut App) {
    for (run, epochs) in [(0, 9), (1, 12)] {
        let config = TrainConfig {
            epochs: 40,
            num_layers: 2,
            data_dir: PathBuf::from("/data/groove"),
            ..TrainConfig::default()
        };
        app.update(Msg::Train(TrainEvent::Started {
            config: Box::new(config),
            device: "CUDA: NVIDIA H100".into(),
            parameters: 871_304,
            updates_per_epoch: 60,
            files: 988,
            bars: 17_424,
            drum_map: "td11".into(),
            resumed_at: 0,
        }));
        for update in 0..(epochs * 60 - 23) {
            let at = update as f32 / 60.0;
            let noise = ((update * 7919) % 101) as f32 / 101.0 - 0.5;
            let bits = 1.38 - 0.1 * run as f32 + 1.7 * (-at / 2.2).exp() + 0.08 * noise;
            app.update(Msg::Train(TrainEvent::Progress(TrainProgress {
                epoch: update / 60 + 1,
                epochs: 40,
                update: update % 60,
                updates_per_epoch: 60,
                total_updates: update,
                train_bits: bits,
                loss: bits + 1.0,
                grad_norm: 0.3 + 1.5 * (-at).exp() + 0.1 * noise,
                learning_rate: 0.0021,
                steps_per_second: 61_400.0 + 4_000.0 * noise - 30_000.0 * (-at * 6.0).exp(),
                seconds_left: 400.0,
            })));
            if update % 60 == 59 {
                let epoch = update / 60 + 1;
                app.update(Msg::Train(TrainEvent::Validation {
                    epoch,
                    bits_per_step: bits + 0.12 - 0.01 * epoch as f32 * run as f32,
                    best: true,
                }));
                app.update(Msg::Train(TrainEvent::Checkpoint {
                    path: PathBuf::from(format!(
                        "/home/me/checkpoints/run-7/epoch-{epoch}.safetensors"
                    )),
                    epoch,
                }));
            }
        }
        if run == 0 {
            app.update(Msg::Train(TrainEvent::Ended {
                reason: crate::message::EndReason::Stopped,
                best: Some(1.6),
            }));
        }
    }
    // What is likely is as bright as what is; what is not, less.
    let mut model = sound(64, 32);
    for (at, column) in model.iter_mut().enumerate() {
        let sure = if (at / COLUMNS_A_STEP).is_multiple_of(4) {
            0.95
        } else {
            0.6
        };
        column.bands.iter_mut().for_each(|value| *value *= sure);
    }
    app.update(Msg::Train(TrainEvent::Excerpt(Box::new(Excerpt {
        epoch: 11,
        of: "drummer1/session2/14_hiphop_108_beat_4-4.mid".into(),
        data: sound(64, 32),
        model,
        hz: (30.0, 11_025.0),
    }))));
    app.screen = Screen::Training;
}
