//! [`TrainForm`]: every flag of `train` as a field, with its check. An error stands beside
//! its field and says what would be right.

use super::text_field::TextField;
use crate::base::text::sanitize_path;
use crate::message::{DeviceChoice, Representation, TrainConfig};
use std::path::PathBuf;

/// Which flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the flags of `train`")]
pub enum FieldId {
    DataDir,
    CheckpointDir,
    SequenceLength,
    Units,
    NumLayers,
    LearningRate,
    BatchSize,
    Epochs,
    Dropout,
    DrumMap,
    Resume,
    Seed,
    Device,
    Representation,
}

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// By typing.
    Text,
    /// By left and right, from these words.
    Choice(&'static [&'static str]),
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Which flag.
    pub id: FieldId,
    /// The flag's name.
    pub label: &'static str,
    /// What it means, and what it may be.
    pub help: &'static str,
    /// How it is filled in.
    pub kind: FieldKind,
    /// What stands in it.
    pub value: TextField,
    /// What is wrong with that.
    pub error: Option<String>,
}

/// The form.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainForm {
    /// All fields, top to bottom.
    pub fields: Vec<Field>,
    /// The field under the cursor; as many as there are fields is the start button.
    pub selected: usize,
    /// The last settings that were in order.
    good: TrainConfig,
    /// The folder as a path, in force as long as its field shows this text: a path need not be text.
    data_dir: (String, PathBuf),
    checkpoint_dir: (String, PathBuf),
}

const YES_NO: FieldKind = FieldKind::Choice(&["no", "yes"]);
const DEVICES: FieldKind = FieldKind::Choice(&["auto", "cuda", "cpu", "cpu-ndarray"]);
const REPRESENTATIONS: FieldKind = FieldKind::Choice(&["beat", "mel"]);

impl TrainForm {
    /// The form filled in with a configuration.
    #[must_use]
    pub fn new(config: &TrainConfig) -> Self {
        use FieldId as F;
        let text = FieldKind::Text;
        let device = match config.device {
            DeviceChoice::Auto => "auto",
            DeviceChoice::Cuda => "cuda",
            DeviceChoice::Cpu => "cpu",
            DeviceChoice::CpuNdarray => "cpu-ndarray",
        };
        let representation = match config.representation {
            Representation::Beat => "beat",
            Representation::Mel => "mel",
        };
        let field = |id, label, help, kind, value: String| Field {
            id,
            label,
            help,
            kind,
            value: TextField::new(&value),
            error: None,
        };
        let data = sanitize_path(&config.data_dir);
        let checkpoints = sanitize_path(&config.checkpoint_dir);
        #[rustfmt::skip]
        let fields = vec![
            field(F::DataDir, "data-dir", "The folder of MIDI files to learn from", text, data.clone()),
            field(F::CheckpointDir, "checkpoint-dir", "The folder that checkpoints go to", text, checkpoints.clone()),
            field(F::SequenceLength, "sequence-length", "16th steps (mel: frames) learned through at once, 1 to 4096; 64 is four bars", text, config.sequence_length.to_string()),
            field(F::Units, "units", "Width of each LSTM layer, 1 to 4096", text, config.units.to_string()),
            field(F::NumLayers, "num-layers", "LSTM layers, 1 to 16", text, config.num_layers.to_string()),
            field(F::LearningRate, "learning-rate", "Peak learning rate, above 0, at most 1", text, config.learning_rate.to_string()),
            field(F::BatchSize, "batch-size", "Streams learned side by side, 1 to 4096", text, config.batch_size.to_string()),
            field(F::Epochs, "epochs", "Passes over the data, 1 to 100000", text, config.epochs.to_string()),
            field(F::Dropout, "dropout", "Share of activations dropped between layers, 0 to below 1", text, config.dropout.to_string()),
            field(F::DrumMap, "drum-map", "gm, td11 or a TOML file; empty chooses by the folder", text, config.drum_map.clone().unwrap_or_default()),
            field(F::Resume, "resume", "Go on from the last checkpoint", YES_NO, if config.resume { "yes" } else { "no" }.into()),
            field(F::Seed, "seed", "Of everything random, a whole number", text, config.seed.to_string()),
            field(F::Device, "device", "What computes; auto takes CUDA where it is there, for mel the CPU", DEVICES, device.into()),
            field(F::Representation, "representation", "What the model learns from: 16th steps, or the sound as mel frames", REPRESENTATIONS, representation.into()),
        ];
        Self {
            fields,
            selected: 0,
            good: config.clone(),
            data_dir: (data, config.data_dir.clone()),
            checkpoint_dir: (checkpoints, config.checkpoint_dir.clone()),
        }
    }

    /// The field under the cursor; `None` on the start button.
    #[must_use]
    pub fn selected_field(&self) -> Option<&Field> {
        self.fields.get(self.selected)
    }

    /// Whether the cursor is on the start button.
    #[must_use]
    pub fn on_button(&self) -> bool {
        self.selected >= self.fields.len()
    }

    /// The last settings that were in order, for keeping.
    #[must_use]
    pub fn kept(&self) -> TrainConfig {
        self.good.clone()
    }

    /// A field by its flag.
    #[must_use]
    pub fn field(&self, id: FieldId) -> Option<&Field> {
        self.fields.iter().find(|f| f.id == id)
    }

    /// Fills a folder in that need not be text.
    pub(super) fn set_data_dir(&mut self, dir: &std::path::Path) {
        let text = sanitize_path(dir);
        if let Some(field) = self.fields.iter_mut().find(|f| f.id == FieldId::DataDir) {
            field.value.set(&text);
            field.error = None;
        }
        self.good.data_dir = dir.to_path_buf();
        self.data_dir = (text, dir.to_path_buf());
    }

    /// Moves the cursor, going round.
    pub(super) fn step(&mut self, forward: bool) {
        let places = self.fields.len() + 1;
        self.selected = (self.selected + if forward { 1 } else { places - 1 }) % places;
    }

    /// Takes a key in the field under the cursor: typing, or left, right and space in a choice.
    pub(super) fn key(&mut self, key: super::Key) {
        use super::KeyCode as K;
        let Some(field) = self.fields.get_mut(self.selected) else {
            return;
        };
        match field.kind {
            FieldKind::Text => {
                field.value.key(key);
            }
            FieldKind::Choice(words) => {
                let forward = match key.code {
                    K::Left => false,
                    K::Right | K::Char(' ') => true,
                    _ => return,
                };
                let at = words.iter().position(|w| *w == field.value.text());
                let step = if forward { 1 } else { words.len() - 1 };
                let next = (at.unwrap_or(0) + step) % words.len();
                field.value.set(words.get(next).unwrap_or(&""));
            }
        }
        let id = field.id;
        self.check(id);
    }

    /// Takes pasted text.
    pub(super) fn paste(&mut self, text: &str) {
        if let Some(field) = self.fields.get_mut(self.selected)
            && field.kind == FieldKind::Text
        {
            field.value.insert(text.trim());
            let id = field.id;
            self.check(id);
        }
    }

    /// Checks one field and keeps it if it is in order.
    fn check(&mut self, id: FieldId) {
        let mut config = self.good.clone();
        let Some(at) = self.fields.iter().position(|f| f.id == id) else {
            return;
        };
        let result = self.read(at, &mut config);
        if result.is_ok() {
            self.good = config;
        }
        if let Some(field) = self.fields.get_mut(at) {
            field.error = result.err();
        }
    }

    /// Checks everything: the configuration, or `None`, the errors beside their fields and
    /// the cursor on the first of them.
    pub(super) fn submit(&mut self) -> Option<TrainConfig> {
        for at in (0..self.fields.len()).rev() {
            if let Some(id) = self.fields.get(at).map(|f| f.id) {
                self.check(id);
            }
            if self.fields.get(at).is_some_and(|f| f.error.is_some()) {
                self.selected = at;
            }
        }
        let clean = self.fields.iter().all(|f| f.error.is_none());
        clean.then(|| self.good.clone())
    }

    /// Reads one field into a configuration, or says what is wrong with it.
    fn read(&self, at: usize, config: &mut TrainConfig) -> Result<(), String> {
        let Some(field) = self.fields.get(at) else {
            return Ok(());
        };
        let typed = field.value.text();
        let text = typed.trim();
        match field.id {
            FieldId::DataDir => {
                config.data_dir = folder(typed, &self.data_dir, "a folder of MIDI files")?;
            }
            FieldId::CheckpointDir => {
                config.checkpoint_dir = folder(typed, &self.checkpoint_dir, "a folder")?;
            }
            FieldId::SequenceLength => config.sequence_length = whole(text, 1, 4096)?,
            FieldId::Units => config.units = whole(text, 1, 4096)?,
            FieldId::NumLayers => config.num_layers = whole(text, 1, 16)?,
            FieldId::LearningRate => {
                config.learning_rate =
                    decimal(text, "above 0, at most 1", |x| x > 0.0 && x <= 1.0)?;
            }
            FieldId::BatchSize => config.batch_size = whole(text, 1, 4096)?,
            FieldId::Epochs => config.epochs = whole(text, 1, 100_000)?,
            FieldId::Dropout => {
                config.dropout = decimal(text, "0 to below 1", |x| (0.0..1.0).contains(&x))?;
            }
            FieldId::DrumMap => {
                if !text.is_empty() && !matches!(text, "gm" | "td11") && !text.ends_with(".toml") {
                    return Err("gm, td11, a .toml file, or nothing".into());
                }
                config.drum_map = (!text.is_empty()).then(|| text.to_owned());
            }
            FieldId::Resume => config.resume = text == "yes",
            FieldId::Seed => {
                config.seed = text
                    .parse()
                    .map_err(|_| format!("a whole number from 0 to {}", u64::MAX))?;
            }
            FieldId::Device => {
                config.device = match text {
                    "cuda" => DeviceChoice::Cuda,
                    "cpu" => DeviceChoice::Cpu,
                    "cpu-ndarray" => DeviceChoice::CpuNdarray,
                    _ => DeviceChoice::Auto,
                };
            }
            FieldId::Representation => {
                config.representation = match text {
                    "mel" => Representation::Mel,
                    _ => Representation::Beat,
                };
            }
        }
        Ok(())
    }
}

/// The folder a field names: the one it was filled in with where it still shows that one's text.
fn folder(typed: &str, filled_in: &(String, PathBuf), what: &str) -> Result<PathBuf, String> {
    if typed.trim().is_empty() {
        return Err(format!("{what} is needed"));
    }
    if typed == filled_in.0 {
        return Ok(filled_in.1.clone());
    }
    Ok(PathBuf::from(typed.trim()))
}

fn whole(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if (least..=most).contains(&n) => Ok(n),
        _ => Err(format!("a whole number from {least} to {most}")),
    }
}

fn decimal(text: &str, range: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.replace(',', ".").parse::<f64>() {
        Ok(x) if x.is_finite() && fits(x) => Ok(x),
        _ => Err(format!("a number {range}")),
    }
}
