//! How the files of a folder become the rows of a list: the tree of folders, the filter,
//! the order. Pure functions over rows; what is selected is `browser.rs`'s.

use super::notices::sentence;
use crate::base::text::sanitize;
use crate::message::{FileStatus, ScanRow};
use std::collections::BTreeSet;
use std::ops::Range;

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By name, as a tree of folders.
    #[default]
    Name,
    /// By bars, most first.
    Bars,
    /// By tempo, slowest first.
    Bpm,
    /// By style.
    Style,
    /// By status.
    Status,
}

impl Sort {
    /// The next order, going round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Name => Self::Bars,
            Self::Bars => Self::Bpm,
            Self::Bpm => Self::Style,
            Self::Style => Self::Status,
            Self::Status => Self::Name,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Bars => "bars",
            Self::Bpm => "bpm",
            Self::Style => "style",
            Self::Status => "status",
        }
    }
}

/// Which files are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// All.
    #[default]
    All,
    /// Those that are trained on.
    In,
    /// Those that are not.
    Out,
    /// Those of one status.
    Status(FileStatus),
    /// Those of one style.
    Style(String),
}

impl Show {
    /// Its name.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::All => "all files",
            Self::In => "trained on",
            Self::Out => "left out or refused",
            Self::Status(status) => status.word(),
            Self::Style(style) => style,
        }
    }
}

/// A row of the list, as indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// Into [`super::browser::Browser::folders`].
    Folder(usize),
    /// Into [`super::browser::Browser::rows`].
    File(usize),
}

/// A folder of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Relative to the folder scanned, with `/` at its end.
    pub path: String,
    /// Folders above it.
    pub depth: usize,
    /// Its files, those in folders beneath included, as rows in the order of names.
    pub rows: Range<usize>,
    /// Bars in its usable files.
    pub bars: u64,
    /// Usable files.
    pub usable: usize,
    /// All others.
    pub refused: usize,
}

impl Folder {
    /// The last part of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        let trimmed = self.path.trim_end_matches('/');
        let start = trimmed.rfind('/').map_or(0, |at| at + 1);
        self.path.get(start..).unwrap_or(&self.path)
    }
}

/// The folders of rows sorted by name, in the order they begin.
#[must_use]
pub fn folders(rows: &[ScanRow]) -> Vec<Folder> {
    let mut folders: Vec<Folder> = Vec::new();
    // Indices of the folders the current row is in, outermost first.
    let mut open: Vec<usize> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let parent = row
            .name
            .rfind('/')
            .and_then(|end| row.name.get(..=end))
            .unwrap_or_default();
        while let Some(&last) = open.last() {
            if folders
                .get(last)
                .is_some_and(|f| parent.starts_with(&f.path))
            {
                break;
            }
            open.pop();
        }
        let known = open
            .last()
            .and_then(|&last| folders.get(last))
            .map_or(0, |f| f.path.len());
        for (slash, _) in parent.match_indices('/').filter(|(i, _)| *i >= known) {
            open.push(folders.len());
            folders.push(Folder {
                path: parent.get(..=slash).unwrap_or(parent).to_owned(),
                depth: open.len() - 1,
                rows: at..at,
                bars: 0,
                usable: 0,
                refused: 0,
            });
        }
        for &inside in &open {
            if let Some(folder) = folders.get_mut(inside) {
                folder.rows.end = at + 1;
                if row.status.usable() {
                    folder.usable += 1;
                    folder.bars += u64::from(row.bars);
                } else {
                    folder.refused += 1;
                }
            }
        }
    }
    folders
}

/// The list as a tree: folders before what is in them, folded ones alone.
#[must_use]
pub fn tree(count: usize, folders: &[Folder], folded: &BTreeSet<String>) -> Vec<Item> {
    let mut items = Vec::with_capacity(count + folders.len());
    let mut next_folder = 0;
    let mut row = 0;
    while row < count {
        let mut skip_to = None;
        while let Some(folder) = folders.get(next_folder).filter(|f| f.rows.start <= row) {
            next_folder += 1;
            // What lies in a folded folder begins before that folder ends.
            if skip_to.is_some() {
                continue;
            }
            items.push(Item::Folder(next_folder - 1));
            if folded.contains(&folder.path) {
                skip_to = Some(folder.rows.end);
            }
        }
        match skip_to {
            Some(end) => {
                row = end;
                while folders.get(next_folder).is_some_and(|f| f.rows.start < end) {
                    next_folder += 1;
                }
            }
            None => {
                items.push(Item::File(row));
                row += 1;
            }
        }
    }
    items
}

/// The list without folders: rows that are wanted, in order; equals stay sorted by name.
#[must_use]
pub fn flat(rows: &[ScanRow], sort: Sort, wanted: impl Fn(usize, &ScanRow) -> bool) -> Vec<Item> {
    let mut chosen: Vec<(usize, &ScanRow)> = rows
        .iter()
        .enumerate()
        .filter(|(at, row)| wanted(*at, row))
        .collect();
    match sort {
        Sort::Name => {}
        Sort::Bars => chosen.sort_by_key(|(_, r)| std::cmp::Reverse(r.bars)),
        // Files without a tempo or style come last.
        Sort::Bpm => chosen.sort_by(|(_, a), (_, b)| {
            let bpm = |r: &ScanRow| r.tempo.unwrap_or(f64::INFINITY);
            bpm(a).total_cmp(&bpm(b))
        }),
        Sort::Style => chosen.sort_by_key(|(_, r)| (r.style.is_none(), r.style.as_deref())),
        Sort::Status => chosen.sort_by_key(|(_, r)| r.status),
    }
    chosen.into_iter().map(|(at, _)| Item::File(at)).collect()
}

/// Makes a row's texts fit for a terminal, folder by folder, so that a long name keeps its folders.
pub fn clean(row: &mut ScanRow) {
    let parts: Vec<String> = row.name.split('/').map(sanitize).collect();
    row.name = parts.join("/");
    let texts = [
        &mut row.reason,
        &mut row.hint,
        &mut row.style,
        &mut row.beat_type,
    ];
    for text in texts.into_iter().flatten() {
        *text = sentence(text);
    }
    row.split = sanitize(&row.split);
}
