//! One line of a journal file: the record's JSON with its hash as the last field.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::journal::Record;

/// The hash before the first line.
pub(super) const ORIGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const HASH_FIELD: &str = ",\"hash\":\"";

/// Where a journal file stops being what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Broken {
    /// Counts from 1; 0 where the file as a whole is meant.
    pub line: usize,
    pub why: Why,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The last line has no end: the machine stopped while it was written. What was recorded before it is sound.
    Torn,
    Empty,
    Unreadable(String),
    /// The hash does not follow from the line and the one before it: something was changed, removed or moved.
    Hash,
    /// A line of another operation, or out of order.
    Foreign,
    /// The file that was recorded before this one is gone, or ends earlier than it did.
    Before {
        operation: String,
        what: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Torn => f.write_str("torn: the last entry was not written to its end"),
            Self::Empty => f.write_str("nothing was recorded"),
            Self::Unreadable(why) => write!(f, "not a journal entry: {why}"),
            Self::Hash => f.write_str("changed: its hash does not follow from the lines before"),
            Self::Foreign => f.write_str("out of order, or of another operation"),
            Self::Before { operation, what } => {
                write!(f, "{operation}, recorded before it, {what}")
            }
        }
    }
}

/// The line for a record, with its end, and its hash.
pub(super) fn encode(record: &Record, previous: &str) -> serde_json::Result<(String, String)> {
    let body = serde_json::to_string(record)?;
    let hash = chain(previous, &body);
    let open = body.strip_suffix('}').unwrap_or(&body);
    Ok((format!("{open}{HASH_FIELD}{hash}\"}}\n"), hash))
}

/// What a file holds, as far as it is sound.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) records: Vec<Record>,
    /// The hash of the last sound line.
    pub(super) hash: String,
    /// The hash of each of them.
    pub(super) hashes: Vec<String>,
    /// How many bytes the sound lines take.
    pub(super) sound_bytes: u64,
    pub(super) broken: Option<Broken>,
}

/// Reads a file's lines up to the first one that is broken.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    let mut found = Decoded {
        hash: ORIGIN.to_owned(),
        ..Decoded::default()
    };
    for (index, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        match decode_line(line, &found) {
            Ok((record, hash)) => {
                found.records.push(record);
                found.hashes.push(hash.clone());
                found.hash = hash;
                found.sound_bytes += line.len() as u64;
            }
            Err(why) => {
                found.broken = Some(Broken {
                    line: index + 1,
                    why,
                });
                return found;
            }
        }
    }
    if found.records.is_empty() {
        found.broken = Some(Broken {
            line: 0,
            why: Why::Empty,
        });
    }
    found
}

fn decode_line(line: &[u8], before: &Decoded) -> Result<(Record, String), Why> {
    let line = line.strip_suffix(b"\n").ok_or(Why::Torn)?;
    let text = str::from_utf8(line).map_err(|e| Why::Unreadable(e.to_string()))?;
    let (open, tail) = text
        .rsplit_once(HASH_FIELD)
        .ok_or_else(|| Why::Unreadable("it has no hash".to_owned()))?;
    let stated = tail
        .strip_suffix("\"}")
        .ok_or_else(|| Why::Unreadable("its hash is not its last field".to_owned()))?;
    let body = format!("{open}}}");
    if chain(&before.hash, &body) != stated {
        return Err(Why::Hash);
    }
    let record: Record = serde_json::from_str(&body).map_err(|e| Why::Unreadable(e.to_string()))?;
    let follows = before.records.len() as u64 + 1 == record.seq
        && before
            .records
            .first()
            .is_none_or(|first| first.is_of_the_same_operation(&record));
    if follows {
        Ok((record, stated.to_owned()))
    } else {
        Err(Why::Foreign)
    }
}

/// SHA-256 of the previous hash and the body, in hexadecimal.
fn chain(previous: &str, body: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(previous.as_bytes());
    hash.update(body.as_bytes());
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_file_holds_is_read_without_a_panic(bytes: Vec<u8>, text in ".*\n.*,\"hash\":\"[0-9a-f]*\"\\}\n") {
            for content in [bytes.as_slice(), text.as_bytes()] {
                let found = decode(content);
                prop_assert!(found.broken.is_some() && found.records.is_empty());
            }
        }
    }
}
