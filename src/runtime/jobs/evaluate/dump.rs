//! The CSV of `--dump-probs`, whole or absent.

use crate::base::text::sanitize_path;
use crate::beat::grid::LANES;
use anyhow::Context;
use std::path::Path;

/// Rows, held until the last is known.
pub(super) struct Dump<'a> {
    path: &'a Path,
    rows: csv::Writer<Vec<u8>>,
}

impl<'a> Dump<'a> {
    /// Begins with the names of the columns.
    pub(super) fn create(path: &'a Path) -> anyhow::Result<Self> {
        let mut rows = csv::Writer::from_writer(Vec::new());
        let lanes = (0..LANES).map(|lane| format!("p{lane}"));
        rows.write_record(
            ["file".to_string(), "step".to_string()]
                .into_iter()
                .chain(lanes),
        )?;
        Ok(Self { path, rows })
    }

    /// Adds a file's steps.
    pub(super) fn file(
        &mut self,
        name: &str,
        probabilities: &[[f32; LANES]],
    ) -> anyhow::Result<()> {
        for (step, lanes) in probabilities.iter().enumerate() {
            let head = [name.to_string(), step.to_string()];
            // Nine significant digits give back the very same f32.
            let lanes = lanes.iter().map(|p| format!("{p:.9e}"));
            self.rows.write_record(head.into_iter().chain(lanes))?;
        }
        Ok(())
    }

    /// Writes all of it.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let bytes = self
            .rows
            .into_inner()
            .map_err(|e| anyhow::anyhow!("{}", e.error()))?;
        crate::base::atomic_file::write(self.path, &bytes)
            .with_context(|| format!("{}: cannot be written", sanitize_path(self.path)))
    }
}
