//! The only place that writes the journal: one append-only file per operation, fsynced entry by entry.
//!
//! A file is `<state>/journal/<world>/<operation>.jsonl`. Each line ends with the SHA-256 of the previous line's
//! hash and its own bytes, so that a changed, lost or reordered line is noticed; and each file names the one before it and
//! how far that went, so that a lost file or a cut end is noticed as soon as something was recorded after it. The chain does
//! not defend against somebody who rewrites all of it.
//!
//! Every call here blocks for the time of an fsync.

mod entry;
mod line;
mod log;
mod report;
mod secret;
mod store;
mod unfinished;
mod world;

use line::ORIGIN as ORIGIN_HASH;

use std::path::{Path, PathBuf};

pub use entry::{Entry, Header, Record};
pub use line::{Broken, Why};
pub use log::Log;
pub use report::{Done, Figure, Judged, Moment, Report, report};
pub use secret::{Secrets, mask};
pub use store::{Journal, Summary, files, list, practised, read, verify};
pub use unfinished::unfinished;
pub use world::WorldId;

/// Why the journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal can't be {doing} at {}: {source}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the journal {} exists already: an operation is recorded once", .0.display())]
    Exists(PathBuf),
    #[error("the journal {} is being written by another console: wait for it, or stop it", .0.display())]
    InUse(PathBuf),
    #[error("`{0}` is not an operation's id (expected letters, digits and hyphens)")]
    NotAnId(String),
    #[error("the journal {} can't be trusted: {broken}; copy it away before anything else", path.display())]
    Broken { path: PathBuf, broken: Broken },
    #[error("the entry can't be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Says what was being done where an I/O error came up.
fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io {
        doing,
        path,
        source,
    }
}
