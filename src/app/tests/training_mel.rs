//! The training screen while spectrograms are learned.

use super::super::form::FieldId;
use super::training::{progress, running, started};
use super::*;

#[test]
fn a_run_on_spectrograms_counts_in_its_own_unit_and_says_what_it_prepares() {
    let mut app = running();
    app.update(progress(1, 10, 3.0));
    assert_eq!(app.training.unit().bits, "bits a step");
    let reason = crate::message::EndReason::Stopped;
    app.update(Msg::Train(TrainEvent::Ended { reason, best: None }));
    press(&mut app, &["t"]);
    let form = &mut app.training.form;
    let place = |f: &crate::app::form::Field| f.id == FieldId::Representation;
    form.selected = form.fields.iter().position(place).unwrap();
    press(&mut app, &["right"]);
    let effects = press(&mut app, &["f5"]);
    assert!(matches!(
        &effects[..],
        [Effect::StartTraining { config, .. }] if config.representation == Representation::Mel
    ));
    let unit = app.training.unit();
    assert_eq!(
        (unit.bits, unit.rate),
        ("bits a band and frame", "frames/s")
    );
    assert_eq!(app.training.previous, None, "bits of beats are others");
    for done in [8, 12] {
        let event = TrainEvent::Preparing { done, files: 12 };
        app.update(Msg::Train(event));
        assert_eq!(app.training.preparing, Some((done, 12)));
    }
    assert!(app.training.log.back().unwrap().contains("12 files"));
    // It can be told to hold and to end before it begins.
    assert_eq!(
        press(&mut app, &["p"]),
        [Effect::Train(TrainCommand::Pause)]
    );
    app.update(Msg::Train(TrainEvent::Paused));
    assert!(app.training.state.is_paused());
    app.update(Msg::Train(TrainEvent::Resumed));
    let TrainEvent::Started {
        device,
        parameters,
        updates_per_epoch,
        files,
        bars,
        drum_map,
        resumed_at,
        ..
    } = started()
    else {
        unreachable!()
    };
    let config = app.training.config.clone().unwrap();
    app.update(Msg::Train(TrainEvent::Started {
        config,
        device,
        parameters,
        updates_per_epoch,
        files,
        bars,
        drum_map,
        resumed_at,
    }));
    assert_eq!(app.training.preparing, None);
    app.update(Msg::Train(TrainEvent::Validation {
        epoch: 1,
        bits_per_step: 4.5,
        best: true,
    }));
    let line = app.training.log.back().unwrap();
    assert!(line.contains("4.500 bits a band and frame"), "{line}");
}
