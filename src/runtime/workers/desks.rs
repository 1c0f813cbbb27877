//! The desks and short jobs that stand on one function each.

use super::desk::Desk;
use super::{ModelOrder, Teller, models};
use crate::app::msg::Level;
use crate::app::{Msg, Settings};
use crate::base::text::sanitize_path;
use crate::cli::DashboardArgs;
use crate::live::{EngineHandle, session_file};
use crate::model::device;
use crate::runtime::config;
use std::io;
use std::mem::discriminant;
use std::path::PathBuf;
use std::sync::Arc;

/// Looking for a GPU loads libraries and may take a while.
pub(super) fn resolve_device(args: &DashboardArgs, tell: &Teller) {
    let (choice, told) = (args.device, tell.clone());
    tell.spawn("device", move || match device::resolve(choice) {
        Ok(device) => told.tell(Msg::Device(device.to_string())),
        Err(error) => told.notice(Level::Error, error.to_string()),
    });
}

/// Sessions whose program was killed before it could save them.
pub(super) fn recover_sessions(dir: PathBuf, tell: &Teller) {
    let told = tell.clone();
    tell.spawn("recovery", move || {
        for session in session_file::sessions_unsaved(&dir) {
            match session_file::recover(&session.journal) {
                Ok(path) => told.notice(
                    Level::Info,
                    format!("an earlier session is saved in {}", sanitize_path(&path)),
                ),
                Err(error) => told.notice(Level::Warning, error.to_string()),
            }
        }
    });
}

pub(super) fn models_desk(
    engine: EngineHandle,
    seed: u64,
    tell: Teller,
) -> io::Result<Desk<ModelOrder>> {
    let same = |a: &ModelOrder, b: &ModelOrder| discriminant(a) == discriminant(b);
    Desk::start("models", same, move |order| match order {
        ModelOrder::TakeOver(path) => tell.tell(Msg::TakenOver(models::load(&path).map(|model| {
            let name = model.name().to_owned();
            engine.take_over(model);
            name
        }))),
        ModelOrder::Hear(path, bars, controls) => {
            let model = models::load(&path);
            let result = model.map(|model| Arc::new(models::sample(&model, bars, &controls, seed)));
            tell.tell(Msg::Heard { path, result });
        }
    })
}

pub(super) fn sessions_desk(engine: EngineHandle, tell: Teller) -> io::Result<Desk<PathBuf>> {
    Desk::start(
        "save",
        |_, _| true,
        move |path| {
            let saved = engine.save_session(path).map_err(|error| error.to_string());
            tell.tell(Msg::SessionSaved(saved));
        },
    )
}

pub(super) fn settings_desk(path: PathBuf, tell: Teller) -> io::Result<Desk<Box<Settings>>> {
    Desk::start(
        "settings",
        |_, _| true,
        move |settings: Box<Settings>| {
            if let Err(error) = config::remember(&path, &settings) {
                let text = format!("{}: settings are not kept: {error}", sanitize_path(&path));
                tell.notice(Level::Warning, text);
            }
        },
    )
}
