//! For tests only: where the Groove MIDI Dataset lies, if it is here.

use std::path::{Path, PathBuf};

/// The folder of the dataset: `BEATGEN_GROOVE`, else `../shared/data/groove` beside the
/// crate. Says loudly that a test skips where it is missing.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("BEATGEN_GROOVE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/groove"),
    };
    if folder.join("info.csv").is_file() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no Groove MIDI Dataset in {}", folder.display());
    None
}

/// The files that `info.csv` lists and that are here.
pub(crate) fn rows() -> Option<Vec<Row>> {
    let folder = folder()?;
    let text = std::fs::read_to_string(folder.join("info.csv")).ok()?;
    let rows = text.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split(',').collect();
        Some(Row {
            path: folder.join(columns.get(7)?),
            beat_type: (*columns.get(5)?).to_owned(),
            split: columns.get(10)?.trim().to_owned(),
        })
    });
    Some(rows.filter(|row| row.path.is_file()).collect())
}

/// A file of the dataset.
pub(crate) struct Row {
    pub(crate) path: PathBuf,
    pub(crate) beat_type: String,
    pub(crate) split: String,
}
