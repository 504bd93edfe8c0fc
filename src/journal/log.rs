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
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::AlreadyExists => JournalError::Exists(path.clone()),
                _ => io("created", &path)(e),
            })?;
        lock(&file, &path)?;
        sync_folder_of(&path)?;
        Ok(Self {
            file,
            path,
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
            .and_then(|()| self.file.sync_all());
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
