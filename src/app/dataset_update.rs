//! What messages and commands do to the dataset screen.

use super::browser::{Preview, ScanState, Wanted};
use super::effect::Effect;
use super::listing::Item;
use super::msg::Level;
use super::notices::sentence;
use super::overlay::{Overlay, PromptFor};
use super::state::App;
use super::text_field::TextField;
use crate::base::text::sanitize_path;
use crate::beat::grid::BeatGrid;
use crate::message::{PlaySource, ScanEvent};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How long the cursor rests on a file before its beat is read, so that a held key reads none on its way.
const REST_NS: u64 = 60_000_000;

impl App {
    /// Scans the folder in force.
    pub(super) fn scan(&mut self, effects: &mut Vec<Effect>) {
        let Some(dir) = self.browser.dir.clone() else {
            self.tell(
                Level::Warning,
                "no folder of MIDI files is open; O opens one",
            );
            return;
        };
        self.browser.scan = ScanState::Running { done: 0, total: 0 };
        let remaps = self.browser.remaps.iter();
        effects.push(Effect::Scan {
            remaps: remaps.filter(|p| p.starts_with(&dir)).cloned().collect(),
            dir,
        });
    }

    pub(super) fn open_folder(&mut self, dir: PathBuf, effects: &mut Vec<Effect>) {
        if self.browser.dir.as_deref() != Some(&dir) {
            self.browser.set_rows(Vec::new(), None);
            self.browser.preview = Preview::None;
            self.browser.folded.clear();
            self.browser.query.set("");
            self.browser.relist();
        }
        self.training.form.set_data_dir(&dir);
        self.browser.dir = Some(dir);
        self.settings_changed();
        self.scan(effects);
    }

    pub(super) fn scanned(&mut self, event: ScanEvent) {
        match event {
            ScanEvent::Progress { done, total } => {
                self.browser.scan = ScanState::Running { done, total };
            }
            ScanEvent::Done { rows, summary } => {
                self.browser.scan = ScanState::Done;
                self.browser.set_rows(rows, Some(summary));
                // What is selected may have changed on the disk: its beat is read again.
                self.browser.preview = Preview::None;
                self.moved();
            }
            ScanEvent::Failed(why) => {
                self.tell(Level::Error, &why);
                self.browser.scan = ScanState::Failed(sentence(&why));
            }
        }
    }

    /// The cursor moved: the beat shown is another's from now on.
    pub(super) fn moved(&mut self) {
        let path = self.browser.selected_row().map(|row| &row.path);
        if self.browser.preview.path() != path.map(PathBuf::as_path) {
            self.browser.bar = 0;
            let row = self.browser.selected_row();
            let playable = row.is_some_and(|row| self.browser.playable(row));
            self.browser.preview = Preview::None;
            self.browser.moved_ns = playable.then_some(self.now_ns);
        }
    }

    /// Asks for the selected file's beat once the cursor rests.
    pub(super) fn rested(&mut self, effects: &mut Vec<Effect>) {
        if let Some(since) = self.browser.moved_ns
            && self.now_ns.saturating_sub(since) >= REST_NS
        {
            self.load_selected(effects);
        }
    }

    fn load_selected(&mut self, effects: &mut Vec<Effect>) {
        self.browser.moved_ns = None;
        if let Some(row) = self.browser.selected_row() {
            let path = row.path.clone();
            effects.push(Effect::LoadPreview {
                remap: self.browser.remaps.contains(&path),
                path: path.clone(),
            });
            self.browser.preview = Preview::Waiting(path);
        }
    }

    pub(super) fn preview_read(
        &mut self,
        path: PathBuf,
        result: Result<Arc<BeatGrid>, String>,
        effects: &mut Vec<Effect>,
    ) {
        let wanted = self.browser.wanted.take_if(|(p, _)| *p == path);
        match result {
            Err(why) => {
                if wanted.is_some() {
                    self.tell(Level::Error, &why);
                }
                if self.browser.preview.path() == Some(&path) {
                    let reason = sentence(&why);
                    self.browser.preview = Preview::Failed { path, reason };
                }
            }
            Ok(grid) => {
                if let Some((_, wanted)) = wanted {
                    let name = self.name_of(&path);
                    self.use_beat(wanted, name, &grid, effects);
                }
                if self.browser.preview.path() == Some(&path) {
                    // It may be read anew because it changed: what is there may be of before.
                    self.browser.sound.forget();
                    self.browser.preview = Preview::Ready { path, grid };
                    self.want_sound(effects);
                }
            }
        }
    }

    /// A file's name as the list shows it.
    fn name_of(&self, path: &Path) -> String {
        let shown = self.browser.selected_row().filter(|row| row.path == path);
        let row = shown.or_else(|| self.browser.rows.iter().find(|row| row.path == path));
        row.map_or_else(|| sanitize_path(path), |row| row.name.clone())
    }

    fn use_beat(
        &mut self,
        wanted: Wanted,
        name: String,
        grid: &Arc<BeatGrid>,
        effects: &mut Vec<Effect>,
    ) {
        let grid = Arc::clone(grid);
        match wanted {
            Wanted::Hear => self.play_preview(name, grid, effects),
            Wanted::Prime => {
                self.tell(Level::Info, &format!("the generator goes on from {name}"));
                effects.push(Effect::Prime { name, grid });
            }
        }
    }

    /// Hears the selected file or primes with it: at once where its beat is here, else when it is read.
    pub(super) fn want_selected(&mut self, wanted: Wanted, effects: &mut Vec<Effect>) {
        let Some(row) = self.browser.selected_row() else {
            self.tell(Level::Info, "no file is selected");
            return;
        };
        let (path, name) = (row.path.clone(), row.name.clone());
        if !self.browser.playable(row) {
            let reason = row.reason.as_deref().unwrap_or(row.status.word());
            let sentence = format!("{name} has no beat: {reason}");
            self.tell(Level::Warning, &sentence);
            return;
        }
        let playback = &self.generation.playback;
        if wanted == Wanted::Hear && playback.preview.as_deref() == Some(&name) {
            self.stop_preview(effects);
            return;
        }
        let asked = (path, wanted);
        if self.browser.wanted.as_ref() == Some(&asked) {
            self.browser.wanted = None;
            return;
        }
        if let Some(grid) = self.browser.selected_grid().cloned() {
            self.browser.wanted = None;
            self.use_beat(wanted, name, &grid, effects);
            return;
        }
        let waiting = matches!(&self.browser.preview, Preview::Waiting(p) if *p == asked.0);
        self.browser.wanted = Some(asked);
        if !waiting {
            self.load_selected(effects);
        }
    }

    /// Leaves the selected file, or all in the selected folder, out, or takes them in again.
    pub(super) fn toggle_excluded(&mut self) {
        let rows = match self.browser.selected_item() {
            Some(Item::File(i)) => i..i + 1,
            Some(Item::Folder(i)) => match self.browser.folders.get(i) {
                Some(folder) => folder.rows.clone(),
                None => return,
            },
            None => return,
        };
        let all_out = rows.clone().all(|i| self.browser.is_out(i));
        for row in self.browser.rows.get(rows).unwrap_or_default() {
            if all_out {
                self.browser.excluded.remove(&row.path);
            } else {
                self.browser.excluded.insert(row.path.clone());
            }
        }
        self.browser.count();
        self.settings_changed();
    }

    /// Reads the selected file's notes as drums, or no longer; the folder is scanned again, most of it from the index.
    pub(super) fn toggle_remap(&mut self, effects: &mut Vec<Effect>) {
        let Some(row) = self.browser.selected_row() else {
            return;
        };
        if !self.browser.can_remap(row) {
            let text = "only the notes of a file without drums can be read as drums";
            self.tell(Level::Info, text);
            return;
        }
        let path = row.path.clone();
        if !self.browser.remaps.remove(&path) {
            self.browser.remaps.insert(path);
        }
        self.settings_changed();
        self.scan(effects);
    }

    /// Opens or folds the selected folder; tells all about the selected file.
    pub(super) fn open_selected(&mut self) {
        let Some(row) = self.browser.selected_row() else {
            self.fold(None);
            return;
        };
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        let mut lines = vec![
            format!("file      {}", sanitize_path(&row.path)),
            format!("status    {}", row.status.word()),
        ];
        let told = [("reason    ", &row.reason), ("remedy    ", &row.hint)];
        lines.extend(told.iter().filter_map(|(head, text)| {
            let text = text.as_ref()?;
            Some(format!("{head}{text}"))
        }));
        lines.push(format!("style     {}", or_dash(&row.style)));
        lines.push(format!("split     {}", row.split));
        lines.push(format!("bars      {}", row.bars));
        lines.push(format!(
            "notes     {}, of them {} on channel 10",
            row.notes, row.drum_notes
        ));
        let title = row.name.clone();
        let text = lines.join("\n");
        self.overlays.push(Overlay::Message { title, text });
    }

    /// Folds or opens the selected folder; `None` does the other of the two.
    pub(super) fn fold(&mut self, fold: Option<bool>) {
        let Some(folder) = self.browser.selected_folder() else {
            return;
        };
        let path = folder.path.clone();
        let folded = self.browser.folded.contains(&path);
        if fold.unwrap_or(!folded) {
            self.browser.folded.insert(path);
        } else {
            self.browser.folded.remove(&path);
        }
        self.browser.relist();
    }

    /// Shows the bar before or after, or folds and opens where a folder is selected.
    pub(super) fn bar(&mut self, forward: bool, effects: &mut Vec<Effect>) {
        if self.browser.selected_folder().is_some() {
            self.fold(Some(!forward));
        } else if let Some(grid) = self.browser.selected_grid() {
            let last = grid.bars().saturating_sub(1);
            self.browser.bar = if forward {
                (self.browser.bar + 1).min(last)
            } else {
                self.browser.bar.saturating_sub(1)
            };
            self.want_sound(effects);
        }
    }

    /// Asks for the sound of the bars in sight where it is not there yet.
    fn want_sound(&mut self, effects: &mut Vec<Effect>) {
        let Preview::Ready { path, grid } = &self.browser.preview else {
            return;
        };
        let at = self.browser.bar.saturating_mul(grid.meter.steps());
        if let Some(steps) = self.browser.sound.missing(path, at, grid.steps.len()) {
            effects.push(Effect::ComputeSpectrogram {
                path: path.clone(),
                grid: Arc::clone(grid),
                steps,
            });
        }
    }

    /// While the selected file is heard, the bar shown is the one that sounds, from bar line to bar line:
    /// another one can be looked at in between.
    pub(super) fn follow_preview(&mut self, effects: &mut Vec<Effect>) {
        let engine = &self.generation.engine;
        let heard = match (&engine.source, self.browser.selected_row()) {
            (PlaySource::Preview(name), Some(row)) => *name == row.name,
            _ => false,
        };
        let bar = self.browser.selected_grid().filter(|_| heard);
        let bar = bar.and_then(|grid| {
            let length = u64::try_from(grid.steps.len()).ok()?;
            let step = usize::try_from(engine.playhead.checked_rem(length)?).ok()?;
            step.checked_div(grid.meter.steps())
        });
        if bar == self.browser.followed {
            return;
        }
        self.browser.followed = bar;
        if let Some(bar) = bar {
            self.browser.bar = bar;
            self.want_sound(effects);
        }
    }

    pub(super) fn relisted(&mut self) {
        self.browser.relist();
        let (line, height) = (self.browser.selected(), self.list_height());
        self.browser.select(line, height);
        self.moved();
    }

    pub(super) fn ask_folder(&mut self) {
        let now = self.browser.dir.as_deref().map(sanitize_path);
        self.overlays.push(Overlay::Prompt {
            title: "folder of MIDI files".into(),
            field: TextField::new(&now.unwrap_or_default()),
            purpose: PromptFor::Folder,
            error: None,
        });
    }
}
