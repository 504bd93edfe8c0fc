//! Files that a key or a command of the console asks for below the state folder: the report of an operation, with the
//! writer of `switchback report`, and the recording of the last messages.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use tokio::task::spawn_blocking;

use crate::app::msg::Msg;
use crate::runtime::core::Core;
use crate::runtime::perform::tell;

/// Writes the report of an operation, found under a state folder, into another folder; tells the files.
pub type Write = fn(&Path, &str, &Path) -> Result<Vec<PathBuf>, String>;

impl Core {
    /// Writes below the state folder, which can be written wherever the console was started.
    pub(super) fn report(&mut self, operation: String) {
        let Some(write) = self.write_report else {
            tracing::debug!("nobody writes reports here");
            return;
        };
        let (out, state) = (self.results.clone(), self.session.state.clone());
        self.tasks.spawn(async move {
            let written = spawn_blocking(move || below(&state, &operation, write)).await;
            let (good, text) = match written.unwrap_or_else(|gone| Err(gone.to_string())) {
                Ok(files) => (true, format!("report: {}", named(&files))),
                Err(why) => (false, format!("no report: {why}")),
            };
            tell(&out, Msg::Told { good, text }).await;
        });
    }
}

impl Core {
    /// Writes the last messages; the loop goes on meanwhile, with a recorder that this one does not hold up.
    pub(super) fn save_recording(&mut self) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        let held = recorder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (out, folder) = (self.results.clone(), self.recordings());
        let name = self.model.now.strftime("%Y%m%d-%H%M%S").to_string();
        self.tasks.spawn(async move {
            let count = held.len();
            let written = spawn_blocking(move || held.write(&folder, &name)).await;
            let written = written.unwrap_or_else(|gone| Err(gone.into()));
            let (good, text) = match written {
                Ok(path) => (true, format!("{count} messages: {}", path.display())),
                Err(why) => (false, format!("the recording is not saved: {why}")),
            };
            tell(&out, Msg::Told { good, text }).await;
        });
    }
}

fn below(state: &Path, operation: &str, write: Write) -> Result<Vec<PathBuf>, String> {
    let folder = state.join("reports");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?;
    write(state, operation, &folder)
}

/// Folder and names on one line: the files differ in their ending only.
fn named(files: &[PathBuf]) -> String {
    let endings: Vec<String> = files
        .iter()
        .skip(1)
        .filter_map(|file| Some(format!(" and .{}", file.extension()?.to_str()?)))
        .collect();
    let first = files.first().map(|file| file.display().to_string());
    format!("{}{}", first.unwrap_or_default(), endings.concat())
}
