//! The training screen: one run at a time, its form, its curves, and taking its model over.

use super::super::form::FieldId;
use super::super::training::RunState;
use super::*;

pub(super) fn started() -> TrainEvent {
    TrainEvent::Started {
        config: Box::default(),
        device: "cpu".into(),
        parameters: 1000,
        updates_per_epoch: 10,
        files: 3,
        bars: 30,
        drum_map: "gm".into(),
        resumed_at: 0,
    }
}

pub(super) fn progress(epoch: usize, update: usize, bits: f32) -> Msg {
    Msg::Train(TrainEvent::Progress(TrainProgress {
        epoch,
        epochs: 4,
        update,
        updates_per_epoch: 10,
        total_updates: (epoch - 1) * 10 + update,
        train_bits: bits,
        grad_norm: 0.5,
        learning_rate: 1e-3,
        steps_per_second: 1000.0,
        ..TrainProgress::default()
    }))
}

fn checkpoint(path: &str) -> Msg {
    let path = path.into();
    Msg::Train(TrainEvent::Checkpoint { path, epoch: 1 })
}

/// With a run under way.
pub(super) fn running() -> App {
    let mut app = app();
    app.update(Msg::Start);
    press(&mut app, &["2", "t", "f5"]);
    app.update(Msg::Train(started()));
    app
}

#[test]
fn the_form_starts_a_run_and_only_one() {
    let mut app = app();
    app.update(Msg::Start);
    scan(&mut app, rows());
    press(&mut app, &["1", "x", "t"]);
    let effects = press(&mut app, &["up", "enter"]);
    let [
        Effect::StartTraining {
            config, excluded, ..
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    let wanted = TrainConfig {
        data_dir: "/beats".into(),
        ..TrainConfig::default()
    };
    assert_eq!(**config, wanted, "the flags' defaults");
    assert_eq!(*excluded, [PathBuf::from("/beats/a.mid")]);
    assert_eq!(
        (app.screen, &app.training.state),
        (Screen::Training, &RunState::Starting)
    );
    assert_eq!(press(&mut app, &["t", "f5"]), [], "not twice");
    app.update(Msg::Train(started()));
    assert_eq!(press(&mut app, &["f5"]), []);
    assert_eq!(app.training.run, 1);
}

#[test]
fn every_flag_is_checked_with_an_error_beside_it() {
    let wrong: [(&str, &[&str]); 11] = [
        ("data-dir", &["", "  "]),
        ("checkpoint-dir", &[""]),
        ("sequence-length", &["0", "-1", "1.5", "x", "99999"]),
        ("units", &["0", ""]),
        ("num-layers", &["0", "17"]),
        ("learning-rate", &["0", "2", "NaN", "inf", "-0.1"]),
        ("batch-size", &["0"]),
        ("epochs", &["0", "1e3"]),
        ("dropout", &["1", "-0.1", "much"]),
        ("drum-map", &["gmm"]),
        ("seed", &["-1", "seven"]),
    ];
    for (label, values) in wrong {
        for value in values {
            let mut app = app();
            app.update(Msg::Start);
            press(&mut app, &["1", "t"]);
            let form = &mut app.training.form;
            form.selected = form.fields.iter().position(|f| f.label == label).unwrap();
            press(&mut app, &["end", "ctrl-u"]);
            type_text(&mut app, value);
            let at = app.training.form.selected;
            app.training.form.selected = 0;
            assert_eq!(press(&mut app, &["f5"]), [], "{label} {value:?}");
            let form = &app.training.form;
            assert_eq!(form.selected, at, "the cursor goes to {label}");
            assert!(form.selected_field().unwrap().error.is_some());
            assert!(matches!(app.overlay(), Some(Overlay::TrainForm)));
        }
    }
}

#[test]
fn every_flag_can_be_set() {
    let mut app = app();
    app.update(Msg::Start);
    press(&mut app, &["1", "t"]);
    let typed = [
        "/d", "/c", "32", "128", "2", "0,002", "16", "7", "0.1", "td11", "", "9", "", "",
    ];
    for text in typed {
        if !text.is_empty() {
            press(&mut app, &["end", "ctrl-u"]);
            type_text(&mut app, text);
        }
        press(&mut app, &["tab"]);
    }
    let form = &mut app.training.form;
    form.selected = form
        .fields
        .iter()
        .position(|f| f.id == FieldId::Resume)
        .unwrap();
    press(&mut app, &["space", "down", "down", "left"]);
    let effects = press(&mut app, &["ctrl-s"]);
    let [Effect::StartTraining { config, .. }] = &effects[..] else {
        panic!("{effects:?} {:?}", app.training.form)
    };
    let wanted = TrainConfig {
        data_dir: "/d".into(),
        checkpoint_dir: "/c".into(),
        sequence_length: 32,
        units: 128,
        num_layers: 2,
        learning_rate: 0.002,
        batch_size: 16,
        epochs: 7,
        dropout: 0.1,
        drum_map: Some("td11".into()),
        resume: true,
        seed: 9,
        device: DeviceChoice::CpuNdarray,
        representation: Representation::Beat,
        devices: 1,
        patience: 10,
        ..TrainConfig::default()
    };
    assert_eq!(**config, wanted);
    // The next time the form is as it was left.
    let again = App::new(Setup {
        settings: app.settings(),
        ..setup()
    });
    assert_eq!(again.training.form.kept(), wanted);
}

#[test]
fn a_run_is_paused_checkpointed_and_stopped() {
    let mut app = app();
    assert_eq!(press(&mut app, &["2", "p", "c", "x"]), [], "nothing trains");
    let path = PathBuf::from("checkpoints");
    let effects = press(&mut app, &["a"]);
    assert_eq!(
        effects,
        [Effect::TakeOver { path }],
        "what was trained before"
    );
    let mut app = running();
    let tell = |app: &mut App, keys: &[&str]| press(app, keys);
    let twice = tell(&mut app, &["p", "p"]);
    assert_eq!(
        twice,
        [TrainCommand::Pause, TrainCommand::Resume].map(Effect::Train)
    );
    app.update(Msg::Train(TrainEvent::Paused));
    app.update(Msg::Train(TrainEvent::Resumed));
    assert_eq!(tell(&mut app, &["p"]), [Effect::Train(TrainCommand::Pause)]);
    app.update(Msg::Train(TrainEvent::Paused));
    assert!(app.training.state.is_paused());
    assert!(app.hints().iter().any(|h| h.title == "resume"));
    assert_eq!(
        tell(&mut app, &["space"]),
        [Effect::Train(TrainCommand::Resume)]
    );
    app.update(Msg::Train(TrainEvent::Resumed));
    assert_eq!(
        tell(&mut app, &["c"]),
        [Effect::Train(TrainCommand::Checkpoint)]
    );
    assert_eq!(tell(&mut app, &["x", "n"]), []);
    assert_eq!(
        tell(&mut app, &["x", "y"]),
        [Effect::Train(TrainCommand::Stop)]
    );
    assert_eq!(app.training.state, RunState::Stopping);
    app.update(Msg::Train(TrainEvent::Ended {
        reason: EndReason::Stopped,
        best: None,
    }));
    assert!(!app.training.state.is_active());
    assert!(matches!(
        press(&mut app, &["t", "f5"])[..],
        [Effect::StartTraining { .. }]
    ));
    assert_eq!(app.training.run, 2);
}

#[test]
fn a_running_model_is_taken_over_when_its_checkpoint_is_written() {
    let mut app = running();
    press(&mut app, &["P"]);
    assert_eq!(
        press(&mut app, &["a"]),
        [Effect::Train(TrainCommand::Checkpoint)]
    );
    assert_eq!(press(&mut app, &["a"]), [], "asked for already");
    let path = PathBuf::from("/c/one");
    assert_eq!(
        app.update(checkpoint("/c/one")),
        [Effect::TakeOver { path }]
    );
    assert_eq!(app.update(checkpoint("/c/two")), [], "once");
    assert_eq!(app.source(), PlaySource::Generator, "it plays on");
    app.update(Msg::TakenOver(Ok("run 1".into())));
    assert_eq!(app.training.taken_over.as_deref(), Some("run 1"));

    // One that ended: its last, at once.
    app.update(Msg::Train(TrainEvent::Ended {
        reason: EndReason::Finished,
        best: Some(1.5),
    }));
    let path = PathBuf::from("/c/two");
    assert_eq!(
        press(&mut app, &["a"]),
        [Effect::TakeOver { path: path.clone() }]
    );
    let effects = press(&mut app, &["h"]);
    assert!(matches!(
        &effects[..],
        [Effect::HearCheckpoint { bars: 4, .. }]
    ));
    let result = Ok(grid(4));
    let effects = app.update(Msg::Heard { path, result });
    assert!(
        effects
            .iter()
            .any(|e| matches!(e, Effect::PlayPreview { .. }))
    );
    assert!(app.generation.playback.generator, "beneath what is heard");
    assert_eq!(press(&mut app, &["esc"]), [Effect::StopPreview]);
}

#[test]
fn a_failed_run_says_why_and_another_can_start() {
    let mut app = running();
    app.update(progress(1, 1, 3.0));
    app.update(Msg::Train(TrainEvent::Failed(
        "the loss is not a number".into(),
    )));
    assert!(matches!(&app.training.state, RunState::Failed(why) if why.contains("not a number")));
    assert!(
        app.notices
            .newest()
            .is_some_and(|n| n.level == Level::Error)
    );
    assert!(matches!(
        press(&mut app, &["t", "f5"])[..],
        [Effect::StartTraining { .. }]
    ));
}

#[test]
fn the_loss_is_a_chart_over_epochs_and_the_run_before_stays_in_it() {
    let mut app = running();
    assert_eq!(app.training.chart(40), None);
    for epoch in 1..=2 {
        for update in 1..=10 {
            let bits = 4.0 - epoch as f32 - update as f32 * 0.05;
            app.update(progress(epoch, update, bits));
        }
        app.update(Msg::Train(TrainEvent::Validation {
            epoch,
            bits_per_step: 3.5 - epoch as f32,
            best: true,
        }));
    }
    let chart = app.training.chart(40).unwrap();
    assert_eq!(chart.x, (0.0, 2.0));
    assert!(chart.y.0 < 1.5 && chart.y.1 > 2.95);
    assert_eq!(chart.train.len(), 20);
    assert_eq!(chart.validation, [(1.0, 2.5), (2.0, 1.5)]);
    assert_eq!(chart.best, Some((2.0, 1.5)));
    assert!(chart.previous.is_empty());
    assert_eq!(app.training.fraction(), 0.5);
    assert!(app.training.chart(7).unwrap().train.len() <= 7);

    app.update(Msg::Train(TrainEvent::Ended {
        reason: EndReason::Finished,
        best: Some(1.5),
    }));
    press(&mut app, &["t", "f5"]);
    let chart = app.training.chart(40).unwrap();
    assert!(chart.train.is_empty() && chart.best.is_none());
    assert_eq!(chart.previous, [(1.0, 2.5), (2.0, 1.5)]);
    assert_eq!(app.training.log.len(), 4);
}

#[test]
fn the_excerpt_of_the_last_validation_is_kept_until_the_next_run() {
    let mut app = running();
    for epoch in 1..4 {
        app.update(Msg::Train(TrainEvent::Excerpt(Box::new(Excerpt {
            epoch,
            ..Excerpt::default()
        }))));
    }
    let epoch = |app: &App| app.training.excerpt.as_ref().map(|e| e.epoch);
    assert_eq!(epoch(&app), Some(3));
    app.update(Msg::Train(TrainEvent::Ended {
        reason: EndReason::Finished,
        best: None,
    }));
    assert_eq!(epoch(&app), Some(3));
    app.update(Msg::Train(started()));
    assert_eq!(epoch(&app), None);
}
