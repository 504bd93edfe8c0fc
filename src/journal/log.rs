//! The journal of one operation while it is written.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::operation::OperationId;
use crate::journal::line::{Decoded, Why, decode, encode};
use crate::journal::secret::masked;
use crate::journal::{Entry, Header, JournalError, ORIGIN_HASH, Record, WorldId, io};

/// An open journal file. It is locked as long as this lives, so that nobody else resumes the operation.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
    /// What the file is called until its first entry is on the disk: a file that was killed before that holds nothing
    /// that ever was, and must not look like one that was emptied.
    draft: Option<PathBuf>,
    world: WorldId,
    operation: OperationId,
    header: Header,
    /// The number of the last entry.
    seq: u64,
    hash: String,
    bytes: u64,
}

impl Log {
    /// Starts the file of an operation; there must be none yet.
    pub(super) fn create(
        path: PathBuf,
        world: WorldId,
        operation: OperationId,
        header: Header,
    ) -> Result<Self, JournalError> {
        if path.exists() {
            return Err(JournalError::Exists(path));
        }
        let draft = path.with_extension("draft");
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&draft)
            .map_err(io("created", &draft))?;
        lock(&file, &path)?;
        file.set_len(0).map_err(io("emptied", &draft))?;
        Ok(Self {
            file,
            path,
            draft: Some(draft),
            world,
            operation,
            header,
            seq: 0,
            hash: ORIGIN_HASH.to_owned(),
            bytes: 0,
        })
    }

    /// Goes on with an unfinished operation. A torn last line is cut off; anything else that is broken stops it.
    pub(super) fn reopen(path: PathBuf, header: Header) -> Result<Self, JournalError> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&path)
            .map_err(io("opened", &path))?;
        lock(&file, &path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io("read", &path))?;
        let found = decode(&bytes);
        let (world, operation) = sound(&found, &path)?;
        file.set_len(found.sound_bytes)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(io("mended", &path))?;
        Ok(Self {
            file,
            path,
            draft: None,
            world,
            operation,
            header,
            seq: found.records.len() as u64,
            hash: found.hash,
            bytes: found.sound_bytes,
        })
    }

    /// Writes one entry and waits until it is on the disk.
    ///
    /// After a failure the file is as it was before, as far as the disk allows, and the entry can be tried again.
    pub fn append(&mut self, entry: Entry, at: Timestamp) -> Result<(), JournalError> {
        let record = Record {
            seq: self.seq + 1,
            at,
            world: self.world.clone(),
            operation: self.operation.clone(),
            kind: self.header.kind,
            environment: self.header.environment.clone(),
            entry: masked(entry, &self.header.secrets),
        };
        let (line, hash) = encode(&record, &self.hash)?;
        let written = self
            .file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.sync_all())
            .and_then(|()| self.name());
        if let Err(error) = written {
            // half a line would swallow the next one
            if let Err(second) = self.file.set_len(self.bytes) {
                tracing::warn!(%second, "a half-written journal entry stays");
            }
            return Err(io("written", &self.path)(error));
        }
        self.seq = record.seq;
        self.hash = hash;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Gives the file its own name, which nobody else's may have by now.
    fn name(&mut self) -> std::io::Result<()> {
        let Some(draft) = &self.draft else {
            return Ok(());
        };
        if self.path.exists() {
            return Err(std::io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(draft, &self.path)?;
        self.draft = None;
        if let Err(error) = sync_folder_of(&self.path) {
            // the entry is there; only a machine that stops now could still lose its name
            tracing::warn!(%error, "a journal's name may not be on the disk yet");
        }
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub const fn operation(&self) -> &OperationId {
        &self.operation
    }
}

/// Whose file it is, if it may be continued.
fn sound(found: &Decoded, path: &Path) -> Result<(WorldId, OperationId), JournalError> {
    let broken = |broken| JournalError::Broken {
        path: path.to_owned(),
        broken,
    };
    match (&found.broken, found.records.first()) {
        (None, Some(first)) => Ok((first.world.clone(), first.operation.clone())),
        (Some(why), Some(first)) if why.why == Why::Torn => {
            Ok((first.world.clone(), first.operation.clone()))
        }
        (Some(why), _) => Err(broken(why.clone())),
        (None, None) => Err(broken(crate::journal::Broken {
            line: 0,
            why: Why::Empty,
        })),
    }
}

/// Takes the file for this process. Where the file system knows no locks, the journal goes on without one.
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "the journal can't be locked");
            Ok(())
        }
    }
}

/// Makes a new file's name durable.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), JournalError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io("synced", folder))
}
