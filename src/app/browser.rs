//! [`Browser`]: the dataset screen: the files of a folder, which is selected, which are left
//! out, and the selected one's beat. The list is made anew only when rows, order, filter or folds change; moving
//! in it costs the same however long it is. What is drawn of it is in `browser_view.rs`.

pub use super::browser_view::{Line, LineKind};
use super::file_sound::FileSound;
use super::listing::{self, Folder, Item, Show, Sort};
use super::text_field::TextField;
use crate::beat::grid::BeatGrid;
use crate::message::{FileStatus, ScanRow, ScanSummary};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the scan is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ScanState {
    /// No folder chosen.
    #[default]
    None,
    /// Files are being read.
    Running {
        /// So many are.
        done: usize,
        /// Of so many; 0 while they are counted.
        total: usize,
    },
    /// All rows are here.
    Done,
    /// The folder cannot be read: a sentence, sanitised.
    Failed(String),
}

/// The beat of the selected file.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Preview {
    /// Nothing is selected that has one.
    #[default]
    None,
    /// Being read.
    Waiting(PathBuf),
    /// Here.
    Ready {
        /// The file.
        path: PathBuf,
        /// Its beat.
        grid: Arc<BeatGrid>,
    },
    /// Not to be had.
    Failed {
        /// The file.
        path: PathBuf,
        /// Why, sanitised.
        reason: String,
    },
}

impl Preview {
    /// The file it is of.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::None => None,
            Self::Waiting(path) | Self::Ready { path, .. } | Self::Failed { path, .. } => {
                Some(path)
            }
        }
    }
}

/// What a beat is wanted for once it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To be heard.
    Hear,
    /// To prime the generator.
    Prime,
}

/// What is and is not trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Files trained on.
    pub included: usize,
    /// Files refused or left out.
    pub left_out: usize,
    /// Bars trained on.
    pub bars: u64,
    /// Seconds of music trained on.
    pub seconds: f64,
}

/// The dataset screen.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The folder.
    pub dir: Option<PathBuf>,
    /// How its scan is.
    pub scan: ScanState,
    /// All its files, sorted by name, texts sanitised.
    pub rows: Vec<ScanRow>,
    /// The scan's counts.
    pub summary: Option<ScanSummary>,
    /// The folders of the tree.
    pub folders: Vec<Folder>,
    /// The order.
    pub sort: Sort,
    /// The filter.
    pub show: Show,
    /// The find text.
    pub query: TextField,
    /// Files left out by hand, of any folder.
    pub excluded: BTreeSet<PathBuf>,
    /// Files whose notes are read as drums, of any folder.
    pub remaps: BTreeSet<PathBuf>,
    /// What is trained on.
    pub totals: Totals,
    /// The selected file's beat.
    pub preview: Preview,
    /// The bar of it that is shown, from 0.
    pub bar: usize,
    /// The bar of it that was heard last, while it is heard.
    pub(super) followed: Option<usize>,
    /// The sound of a stretch of a file; not always the selected one's.
    pub sound: FileSound,
    /// A file that is to be heard or primed with once it is read.
    pub wanted: Option<(PathBuf, Wanted)>,
    /// When the selection moved to a file whose beat is not asked for yet.
    pub(super) moved_ns: Option<u64>,
    pub(super) folded: BTreeSet<String>,
    pub(super) items: Vec<Item>,
    selected: usize,
    pub(super) top: usize,
    /// [`Self::excluded`] by row.
    out: Vec<bool>,
}

impl Browser {
    pub(super) fn new(
        dir: Option<PathBuf>,
        excluded: BTreeSet<PathBuf>,
        remaps: BTreeSet<PathBuf>,
    ) -> Self {
        Self {
            dir,
            excluded,
            remaps,
            ..Self::default()
        }
    }

    /// How many lines the list has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether the list has no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The selected line, from 0; below [`Self::len`] unless that is 0.
    #[must_use]
    pub const fn selected(&self) -> usize {
        self.selected
    }

    /// Whether the list is a tree of folders.
    #[must_use]
    pub fn is_tree(&self) -> bool {
        self.sort == Sort::Name && self.show == Show::All && self.query.text().trim().is_empty()
    }

    /// The selected line.
    #[must_use]
    pub fn selected_item(&self) -> Option<Item> {
        self.items.get(self.selected).copied()
    }

    /// The selected file, if a file is selected.
    #[must_use]
    pub fn selected_row(&self) -> Option<&ScanRow> {
        match self.selected_item()? {
            Item::File(i) => self.rows.get(i),
            Item::Folder(_) => None,
        }
    }

    /// The selected folder, if a folder is selected.
    #[must_use]
    pub fn selected_folder(&self) -> Option<&Folder> {
        match self.selected_item()? {
            Item::Folder(i) => self.folders.get(i),
            Item::File(_) => None,
        }
    }

    /// The selected file's beat, once it is read.
    #[must_use]
    pub fn selected_grid(&self) -> Option<&Arc<BeatGrid>> {
        let row = self.selected_row()?;
        match &self.preview {
            Preview::Ready { path, grid } if *path == row.path => Some(grid),
            _ => None,
        }
    }

    /// The selected file's sound, once some of it is there.
    #[must_use]
    pub fn selected_sound(&self) -> Option<&FileSound> {
        let row = self.selected_row()?;
        self.sound.is_of(&row.path).then_some(&self.sound)
    }

    /// Whether a file has a beat to be heard.
    #[must_use]
    pub fn playable(&self, row: &ScanRow) -> bool {
        row.status.usable()
            || row.status == FileStatus::Duplicate
            || self.remaps.contains(&row.path)
    }

    /// Whether a file's notes can be read as drums, or are.
    #[must_use]
    pub fn can_remap(&self, row: &ScanRow) -> bool {
        row.status == FileStatus::NoDrums || self.remaps.contains(&row.path)
    }

    /// Whether a row is left out by hand.
    #[must_use]
    pub fn is_out(&self, row: usize) -> bool {
        self.out.get(row).copied().unwrap_or(false)
    }

    /// Moves the cursor by lines; the list scrolls by as little as shows it in `height`.
    pub(super) fn step(&mut self, by: isize, height: usize) {
        let last = self.len().saturating_sub(1);
        self.select(self.selected.saturating_add_signed(by).min(last), height);
    }

    pub(super) fn select(&mut self, line: usize, height: usize) {
        self.selected = line.min(self.len().saturating_sub(1));
        self.top = self.window(height).start;
    }

    /// Takes in a folder's files.
    pub(super) fn set_rows(&mut self, mut rows: Vec<ScanRow>, summary: Option<ScanSummary>) {
        rows.iter_mut().for_each(listing::clean);
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        let kept = self.place();
        self.rows = rows;
        self.summary = summary;
        self.folders = listing::folders(&self.rows);
        let styles = self.rows.iter().filter_map(|row| row.style.as_ref());
        if let Show::Style(style) = &self.show
            && !styles.into_iter().any(|s| s == style)
        {
            self.show = Show::All;
        }
        self.count();
        self.list();
        self.find_place(kept);
    }

    /// Brings [`Self::out`] and [`Self::totals`] up to date.
    pub(super) fn count(&mut self) {
        self.out = self
            .rows
            .iter()
            .map(|row| self.excluded.contains(&row.path))
            .collect();
        let mut totals = Totals::default();
        for (row, out) in self.rows.iter().zip(&self.out) {
            if row.status.usable() && !out {
                totals.included += 1;
                totals.bars += u64::from(row.bars);
                let bpm = row.tempo.filter(|bpm| *bpm > 0.0).unwrap_or(120.0);
                totals.seconds += f64::from(row.steps) * 15.0 / bpm;
            } else {
                totals.left_out += 1;
            }
        }
        self.totals = totals;
    }

    /// Makes the list anew, the cursor staying on its file or folder where that is still there.
    pub(super) fn relist(&mut self) {
        let kept = self.place();
        self.list();
        self.find_place(kept);
    }

    fn list(&mut self) {
        self.items = if self.is_tree() {
            listing::tree(self.rows.len(), &self.folders, &self.folded)
        } else {
            let query = self.query.text().trim().to_lowercase();
            let holds = |text: &str| text.to_lowercase().contains(&query);
            listing::flat(&self.rows, self.sort, |at, row| {
                let shown = match &self.show {
                    Show::All => true,
                    Show::In => row.status.usable() && !self.is_out(at),
                    Show::Out => !row.status.usable() || self.is_out(at),
                    Show::Status(status) => row.status == *status,
                    Show::Style(style) => row.style.as_ref() == Some(style),
                };
                shown
                    && (query.is_empty()
                        || holds(&row.name)
                        || row.style.as_deref().is_some_and(holds))
            })
        };
    }

    /// The name of what the cursor is on.
    fn place(&self) -> Option<String> {
        match self.selected_item()? {
            Item::Folder(i) => self.folders.get(i).map(|f| f.path.clone()),
            Item::File(i) => self.rows.get(i).map(|r| r.name.clone()),
        }
    }

    fn find_place(&mut self, name: Option<String>) {
        let found = name.and_then(|name| {
            self.items.iter().position(|item| match *item {
                Item::Folder(i) => self.folders.get(i).is_some_and(|f| f.path == name),
                Item::File(i) => self.rows.get(i).is_some_and(|r| r.name == name),
            })
        });
        self.selected = found
            .unwrap_or(self.selected)
            .min(self.len().saturating_sub(1));
    }
}
