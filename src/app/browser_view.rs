//! What is drawn of a [`Browser`]: the lines in sight, and what its filter can show.

use super::browser::Browser;
use super::listing::{Folder, Item, Show};
use crate::message::{FileStatus, ScanRow};
use std::collections::BTreeMap;
use std::ops::Range;

/// A line of the list, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// Whether the cursor is on it.
    pub selected: bool,
    /// Folders above it that are shown; 0 in a flat list.
    pub depth: usize,
    /// What it is.
    pub kind: LineKind<'a>,
}

/// What a line shows.
#[derive(Clone, Debug, PartialEq)]
pub enum LineKind<'a> {
    /// A folder.
    Folder {
        /// Its name and counts.
        folder: &'a Folder,
        /// Whether its files are hidden.
        folded: bool,
    },
    /// A file.
    File {
        /// Its facts.
        row: &'a ScanRow,
        /// Its name: the last part in a tree, the whole in a flat list.
        label: &'a str,
        /// Whether it is left out by hand.
        excluded: bool,
        /// Whether its notes are read as drums.
        remapped: bool,
    },
}

impl Browser {
    /// The lines that fit into `height`, the selected one among them.
    #[must_use]
    pub fn window(&self, height: usize) -> Range<usize> {
        let height = height.max(1);
        let most = self.len().saturating_sub(height);
        let least = (self.selected() + 1).saturating_sub(height);
        let top = self.top.clamp(least, self.selected().max(least)).min(most);
        top..(top + height).min(self.len())
    }

    /// `n` lines from line `offset` on; costs as much as the lines it gives.
    #[must_use]
    pub fn visible(&self, offset: usize, n: usize) -> Vec<Line<'_>> {
        let tree = self.is_tree();
        let items = self.items.iter().enumerate().skip(offset).take(n);
        items
            .filter_map(|(at, item)| {
                let (depth, kind) = match *item {
                    Item::Folder(i) => {
                        let folder = self.folders.get(i)?;
                        let folded = self.folded.contains(&folder.path);
                        (folder.depth, LineKind::Folder { folder, folded })
                    }
                    Item::File(i) => {
                        let row = self.rows.get(i)?;
                        let start = row.name.rfind('/').map_or(0, |slash| slash + 1);
                        let label = row.name.get(start..).filter(|_| tree);
                        let depth = row.name.matches('/').count();
                        let kind = LineKind::File {
                            row,
                            label: label.unwrap_or(&row.name),
                            excluded: self.is_out(i),
                            remapped: self.remaps.contains(&row.path),
                        };
                        (if tree { depth } else { 0 }, kind)
                    }
                };
                Some(Line {
                    selected: at == self.selected(),
                    depth,
                    kind,
                })
            })
            .collect()
    }

    /// What the filter can show: all, in, out, each status and each style there is, with how
    /// many files.
    #[must_use]
    pub fn shows(&self) -> Vec<(Show, usize)> {
        let mut by_status = [0; FileStatus::ALL.len()];
        let mut styles = BTreeMap::<&str, usize>::new();
        for row in &self.rows {
            let at = FileStatus::ALL.iter().position(|s| *s == row.status);
            if let Some(count) = at.and_then(|at| by_status.get_mut(at)) {
                *count += 1;
            }
            if let Some(style) = &row.style {
                *styles.entry(style).or_default() += 1;
            }
        }
        let fixed = [
            (Show::All, self.rows.len()),
            (Show::In, self.totals.included),
            (Show::Out, self.totals.left_out),
        ];
        let statuses = FileStatus::ALL.into_iter().map(Show::Status).zip(by_status);
        let styles = styles
            .into_iter()
            .map(|(style, n)| (Show::Style(style.to_owned()), n));
        fixed
            .into_iter()
            .chain(statuses.filter(|(_, n)| *n > 0))
            .chain(styles)
            .collect()
    }
}
