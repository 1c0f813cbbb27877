//! Checkpoints: one safetensors file each, written aside and renamed.
//!
//! `best.safetensors` and `last.safetensors` hold the weights under the names of
//! [`super::params`] and the configuration as metadata, so any of them can be played.
//! `last` also holds what a run needs to go on bit for bit: the weights in training, AdamW's
//! moments, the carried state and the position.

use super::config::Described;
use super::learner::Snapshot;
use super::weights::{BeatModel, CONFIG_KEY, ModelError, floats, parts};
use crate::base::atomic_file;
use crate::base::text::{sanitize, sanitize_path};
use crate::message::TrainConfig;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The key of a run's position in the metadata.
const RUN_KEY: &str = "beatgen.run";

/// Where a run is, apart from its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// The flags it was started with.
    pub flags: TrainConfig,
    /// The epoch under way, from 0.
    pub epoch: usize,
    /// Updates done in it.
    pub update: usize,
    /// Rows of the carried state.
    pub streams: usize,
    /// Best validation figure so far and its epoch, from 1.
    pub best: Option<(f32, usize)>,
    /// Identifies the training files and their order.
    pub data: String,
}

/// The checkpoint with the best validation figure.
#[must_use]
pub fn best_path(dir: &Path) -> PathBuf {
    dir.join("best.safetensors")
}

/// The checkpoint a run goes on from.
#[must_use]
pub fn last_path(dir: &Path) -> PathBuf {
    dir.join("last.safetensors")
}

/// The model of a checkpoint folder: the best, else the last; `None` where there is neither.
///
/// # Errors
/// A checkpoint that is there and cannot be used.
pub fn open(dir: &Path) -> Result<Option<Arc<BeatModel>>, ModelError> {
    open_with(dir, BeatModel::load)
}

/// [`open`] for any kind of model.
pub(super) fn open_with<M>(
    dir: &Path,
    load: impl FnOnce(&Path) -> Result<M, ModelError>,
) -> Result<Option<M>, ModelError> {
    let found = [best_path(dir), last_path(dir)]
        .into_iter()
        .find(|p| p.exists());
    found.map(|path| load(&path)).transpose()
}

/// Writes a playable checkpoint.
///
/// # Errors
/// Whatever the file system answers; the file that was there is then still whole.
pub fn save_model<C: Described>(
    path: &Path,
    config: &C,
    weights: &[Vec<f32>],
) -> std::io::Result<()> {
    let tensors = config
        .specs()
        .into_iter()
        .zip(weights)
        .map(|(spec, values)| (spec.name, vec![spec.rows, spec.columns], values.as_slice()))
        .collect();
    save(path, config, None, tensors)
}

/// Writes a checkpoint a run can go on from.
///
/// # Errors
/// Whatever the file system answers; the file that was there is then still whole.
pub fn save_run<C: Described>(
    path: &Path,
    config: &C,
    run: &RunState,
    snapshot: &Snapshot,
) -> std::io::Result<()> {
    let mut tensors = Vec::new();
    for (i, spec) in config.specs().into_iter().enumerate() {
        let shape = vec![spec.rows, spec.columns];
        for (prefix, part) in all_of(snapshot) {
            tensors.push((
                format!("{prefix}{}", spec.name),
                shape.clone(),
                part[i].as_slice(),
            ));
        }
    }
    for (layer, (hidden, cell)) in snapshot.carried.iter().enumerate() {
        let shape = vec![run.streams, config.shape()[1]];
        tensors.push((format!("run.hidden.{layer}"), shape.clone(), hidden));
        tensors.push((format!("run.cell.{layer}"), shape, cell));
    }
    save(path, config, Some((run, snapshot.updates)), tensors)
}

const fn all_of(s: &Snapshot) -> [(&'static str, &Vec<Vec<f32>>); 4] {
    [
        ("", &s.average),
        ("run.raw.", &s.raw),
        ("run.first.", &s.first),
        ("run.second.", &s.second),
    ]
}

type Named<'a> = Vec<(String, Vec<usize>, &'a [f32])>;

fn save<C: Described>(
    path: &Path,
    config: &C,
    run: Option<(&RunState, u64)>,
    tensors: Named<'_>,
) -> std::io::Result<()> {
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, values)| {
            (
                name,
                shape,
                values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            )
        })
        .collect();
    let invalid = |e: &dyn std::fmt::Display| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, e.to_string())
    };
    let weights = bytes.iter().map(|(name, shape, data)| {
        TensorView::new(Dtype::F32, shape.clone(), data).map(|v| (name.as_str(), v))
    });
    let enclosed = config.enclosed().map(|(name, data)| {
        TensorView::new(Dtype::U8, vec![data.len()], data).map(|view| (name, view))
    });
    let views = weights
        .chain(enclosed)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| invalid(&e))?;
    let mut metadata = HashMap::new();
    metadata.insert(CONFIG_KEY.to_string(), serde_json::to_string(config)?);
    if let Some((run, updates)) = run {
        metadata.insert(RUN_KEY.to_string(), serde_json::to_string(&(run, updates))?);
    }
    let file = safetensors::serialize(views, Some(metadata)).map_err(|e| invalid(&e))?;
    atomic_file::write(path, &file)
}

/// Reads what a run needs to go on.
///
/// # Errors
/// A file that cannot be read, or holds no run.
pub fn load_run<C: Described>(path: &Path) -> Result<(C, RunState, Snapshot), ModelError> {
    let refuse = |reason: String| ModelError {
        path: sanitize_path(path),
        reason: sanitize(&reason),
        hint: "Leave out --resume to start anew; what is there will be kept beside",
    };
    let bytes = std::fs::read(path).map_err(|e| refuse(e.to_string()))?;
    let (config, _) = parts::<C>(&bytes).map_err(refuse)?;
    let [layers, units] = config.shape();
    let read = || -> Result<(RunState, Snapshot), String> {
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| e.to_string())?;
        let text = header
            .metadata()
            .as_ref()
            .and_then(|m| m.get(RUN_KEY))
            .ok_or("it holds weights only, no run to go on with")?;
        let (run, updates): (RunState, u64) =
            serde_json::from_str(text).map_err(|e| e.to_string())?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| e.to_string())?;
        let get = |name: &str, shape: [usize; 2]| -> Result<Vec<f32>, String> {
            let view = tensors
                .tensor(name)
                .map_err(|_| format!("its part {name} is missing"))?;
            if view.shape() != shape || view.dtype() != Dtype::F32 {
                return Err(format!("its part {name} has the wrong shape"));
            }
            Ok(floats(view.data()))
        };
        let all = |prefix: &str| -> Result<Vec<Vec<f32>>, String> {
            config
                .specs()
                .iter()
                .map(|s| get(&format!("{prefix}{}", s.name), [s.rows, s.columns]))
                .collect()
        };
        let carried = (0..layers)
            .map(|layer| {
                let shape = [run.streams, units];
                Ok((
                    get(&format!("run.hidden.{layer}"), shape)?,
                    get(&format!("run.cell.{layer}"), shape)?,
                ))
            })
            .collect::<Result<_, String>>()?;
        let snapshot = Snapshot {
            average: all("")?,
            raw: all("run.raw.")?,
            first: all("run.first.")?,
            second: all("run.second.")?,
            carried,
            updates,
        };
        Ok((run, snapshot))
    };
    let (run, snapshot) = read().map_err(refuse)?;
    Ok((config, run, snapshot))
}

/// Makes the folder, and writes and removes a file in it.
///
/// # Errors
/// Whatever the file system answers.
pub fn try_folder(dir: &Path) -> std::io::Result<()> {
    let trial = dir.join(".trial");
    atomic_file::write(&trial, b"")?;
    std::fs::remove_file(trial)
}

/// Moves the checkpoints of an earlier run into a folder of their own inside `dir`, so that a
/// new run overwrites nothing. Returns that folder, if there was anything to move.
///
/// # Errors
/// Whatever the file system answers.
pub fn set_aside(dir: &Path) -> std::io::Result<Option<PathBuf>> {
    let old: Vec<PathBuf> = [best_path(dir), last_path(dir)]
        .into_iter()
        .filter(|p| p.exists())
        .collect();
    if old.is_empty() {
        return Ok(None);
    }
    let mut n = 1;
    let folder = loop {
        let folder = dir.join(format!("earlier-{n}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => break folder,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && n < 100_000 => n += 1,
            Err(e) => return Err(e),
        }
    };
    for path in old {
        if let Some(name) = path.file_name() {
            std::fs::rename(&path, folder.join(name))?;
        }
    }
    Ok(Some(folder))
}
