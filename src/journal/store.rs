//! The journals of a state folder: beginning one, listing, reading and checking them.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::domain::drill::{Label, Practice, Practised};
use crate::domain::environment::{EnvironmentName, Mode};
use crate::domain::operation::{OperationId, OperationKind, Outcome};
use crate::journal::line::{Decoded, Why, decode};
use crate::journal::log::sync_folder_of;
use crate::journal::{Broken, Entry, Header, JournalError, Log, Record, WorldId, io};

/// The journals of one world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    folder: PathBuf,
    world: WorldId,
}

/// One operation as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub operation: OperationId,
    pub kind: OperationKind,
    pub environment: EnvironmentName,
    pub world: WorldId,
    /// `unfinished` where the journal has no end of it.
    #[serde(serialize_with = "outcome_or_unfinished")]
    pub outcome: Option<Outcome>,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    pub who: String,
    pub reason: Option<String>,
    pub rto_seconds: Option<f64>,
    pub rpo_seconds: Option<f64>,
    /// For practice: a drill, or a rehearsal.
    pub drill: bool,
    pub label: Label,
    /// A console is writing it now.
    pub running: bool,
    /// What is wrong with the file.
    #[serde(serialize_with = "broken_as_text")]
    pub broken: Option<Broken>,
    pub file: PathBuf,
}

impl Journal {
    /// Opens the journals of a world under a state folder, and makes their folder (mode 0700).
    pub fn open(state: &Path, world: &WorldId) -> Result<Self, JournalError> {
        let folder = root(state).join(world.folder());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(io("created", &folder))?;
        // the names of both folders, not only the inner one's
        sync_folder_of(&folder)?;
        sync_folder_of(&root(state))?;
        Ok(Self {
            folder,
            world: world.clone(),
        })
    }

    /// Starts the journal of an operation; the first entry should be [`Entry::Opened`].
    pub fn begin(&self, operation: &OperationId, header: Header) -> Result<Log, JournalError> {
        let path = self.path(operation)?;
        Log::create(path, self.world.clone(), operation.clone(), header)
    }

    /// What the next operation of this world follows; none where nothing was recorded yet.
    pub fn follows(&self) -> Option<Entry> {
        let written = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
        let last = journals_in(&self.folder).into_iter().max_by_key(written)?;
        let found = load(&last).ok()?;
        Some(Entry::Follows {
            operation: found.records.first()?.operation.clone(),
            entries: found.records.len() as u64,
            hash: found.hash,
        })
    }

    /// Goes on with the journal of an unfinished operation of this world.
    pub fn resume(&self, operation: &OperationId, header: Header) -> Result<Log, JournalError> {
        Log::reopen(self.path(operation)?, header)
    }

    /// Operations of this world in an environment that have no end, oldest first. Those that a living console
    /// is writing are `running`.
    pub fn unfinished(&self, environment: &EnvironmentName) -> Vec<Summary> {
        let mut open: Vec<Summary> = summaries(&self.folder)
            .into_iter()
            .filter(|s| s.outcome.is_none() && s.environment == *environment)
            .filter(|s| s.world == self.world)
            .collect();
        open.sort_by_key(|s| s.started);
        open
    }

    /// Operations of this world, newest first.
    pub fn list(&self) -> Vec<Summary> {
        newest_first(summaries(&self.folder))
    }

    pub fn path(&self, operation: &OperationId) -> Result<PathBuf, JournalError> {
        Ok(self.folder.join(file_name(operation)?))
    }
}

/// Every operation under a state folder, newest first. A folder that is not there holds none.
pub fn list(state: &Path) -> Vec<Summary> {
    newest_first(
        entries(&root(state))
            .iter()
            .flat_map(|world| summaries(world))
            .collect(),
    )
}

/// Every journal file under a state folder, also those that are too broken to be listed.
pub fn files(state: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = entries(&root(state))
        .iter()
        .flat_map(|world| journals_in(world))
        .collect();
    all.sort();
    all
}

/// The entries of a file up to a torn last line; a file that was changed is an error.
pub fn read(file: &Path) -> Result<Vec<Record>, JournalError> {
    let found = load(file)?;
    match found.broken {
        Some(broken) if broken.why != Why::Torn => Err(JournalError::Broken {
            path: file.to_owned(),
            broken,
        }),
        _ => Ok(found.records),
    }
}

/// Whether a file is what was written: the outer error says that it can't be read, the inner one what is wrong.
pub fn verify(file: &Path) -> Result<Result<(), Broken>, JournalError> {
    let found = load(file)?;
    let line = found.records.iter().position(is_link);
    Ok(match (found.broken, line) {
        (Some(broken), _) => Err(broken),
        (None, Some(index)) => before(file, &found.records, index),
        (None, None) => Ok(()),
    })
}

const fn is_link(record: &Record) -> bool {
    matches!(record.entry, Entry::Follows { .. })
}

/// Whether what was recorded before it is still there, as far as it went.
fn before(file: &Path, records: &[Record], index: usize) -> Result<(), Broken> {
    let Some(Entry::Follows {
        operation,
        entries,
        hash,
    }) = records.get(index).map(|r| &r.entry)
    else {
        return Ok(());
    };
    let named = file_name(operation).map(|name| file.with_file_name(name));
    let what = match named.and_then(|path| load(&path)) {
        Err(error) => error.to_string(),
        Ok(found) => {
            let last = usize::try_from(*entries)
                .ok()
                .and_then(|n| n.checked_sub(1));
            let there = last.and_then(|last| found.hashes.get(last));
            match there {
                Some(known) if known == hash => return Ok(()),
                Some(_) => "is not what it was".to_owned(),
                None => format!(
                    "has {} entries and had {entries}: its end is gone",
                    found.records.len()
                ),
            }
        }
    };
    Err(Broken {
        line: index + 1,
        why: Why::Before {
            operation: crate::domain::text::clean(&operation.0),
            what,
        },
    })
}

/// What is known of failovers in this environment, drilled, rehearsed or needed.
///
/// Rehearsals keep their state in a folder of their own below the live one.
pub fn practised(live_state: &Path, environment: &EnvironmentName) -> Practised {
    let rehearsals = live_state.join("rehearsal");
    let mut known = Practised::default();
    [live_state, rehearsals.as_path()]
        .into_iter()
        .flat_map(list)
        .filter(|s| s.kind == OperationKind::Failover && s.environment == *environment)
        .filter_map(|s| {
            Some(Practice {
                at: practised_at(&s)?,
                label: s.label,
                outcome: s.outcome?,
                rto_seconds: s.rto_seconds,
            })
        })
        .for_each(|one| known.take(one));
    known
}

/// A rehearsal's entries carry the time of its world; when it was played, only the file knows.
fn practised_at(one: &Summary) -> Option<Timestamp> {
    if !one.world.is_rehearsal() {
        return one.finished;
    }
    let changed = fs::metadata(&one.file).and_then(|file| file.modified());
    Timestamp::try_from(changed.ok()?).ok()
}

fn root(state: &Path) -> PathBuf {
    state.join("journal")
}

fn file_name(operation: &OperationId) -> Result<String, JournalError> {
    let good = !operation.0.is_empty()
        && operation
            .0
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if good {
        Ok(format!("{operation}.jsonl"))
    } else {
        Err(JournalError::NotAnId(crate::domain::text::clean(
            &operation.0,
        )))
    }
}

fn newest_first(mut all: Vec<Summary>) -> Vec<Summary> {
    all.sort_by(|a, b| (b.started, &b.operation).cmp(&(a.started, &a.operation)));
    all
}

/// The paths in a folder; none if it can't be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    match fs::read_dir(folder) {
        Ok(found) => found.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "journals can't be listed");
            Vec::new()
        }
    }
}

fn journals_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = entries(folder);
    found.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    found
}

fn summaries(folder: &Path) -> Vec<Summary> {
    journals_in(folder)
        .into_iter()
        .filter_map(|path| match load(&path) {
            Ok(found) => summary(&found, path),
            Err(error) => {
                tracing::warn!(%error, "a journal is left out of the list");
                None
            }
        })
        .collect()
}

fn load(file: &Path) -> Result<Decoded, JournalError> {
    let bytes = fs::read(file).map_err(io("read", file))?;
    Ok(decode(&bytes))
}

/// None where not even the first line is sound.
fn summary(found: &Decoded, file: PathBuf) -> Option<Summary> {
    let first = found.records.first()?;
    let mut made = Summary {
        operation: first.operation.clone(),
        kind: first.kind,
        environment: first.environment.clone(),
        world: first.world.clone(),
        outcome: None,
        started: first.at,
        finished: None,
        who: String::new(),
        reason: None,
        rto_seconds: None,
        rpo_seconds: None,
        drill: false,
        label: Label::of(first.kind, &Mode::Live, false),
        running: is_locked(&file),
        broken: found.broken.clone(),
        file,
    };
    for record in &found.records {
        made.take(record);
    }
    Some(made)
}

impl Summary {
    fn take(&mut self, record: &Record) {
        match &record.entry {
            Entry::Opened {
                who,
                mode,
                reason,
                drill,
                ..
            } => {
                self.who.clone_from(who);
                self.reason.clone_from(reason);
                self.drill = *drill || matches!(mode, Mode::Rehearsal { .. });
                self.label = Label::of(self.kind, mode, *drill);
            }
            Entry::Closed {
                outcome,
                rto_seconds,
                rpo_seconds,
                ..
            } => {
                self.outcome = Some(*outcome);
                self.finished = Some(record.at);
                self.rto_seconds = *rto_seconds;
                self.rpo_seconds = *rpo_seconds;
            }
            Entry::Follows { .. }
            | Entry::Situation(_)
            | Entry::Order { .. }
            | Entry::Resumed { .. }
            | Entry::Step { .. }
            | Entry::Requests { .. }
            | Entry::Note { .. }
            | Entry::Cancelled { .. }
            | Entry::Accepted { .. }
            | Entry::Milestone { .. }
            | Entry::Undo { .. } => {}
        }
    }
}

/// Whether a console holds the file. The lock taken to find out ends with the file handle.
fn is_locked(file: &Path) -> bool {
    File::open(file)
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over as a reference"
)]
fn outcome_or_unfinished<S: Serializer>(
    outcome: &Option<Outcome>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match outcome {
        Some(outcome) => outcome.serialize(to),
        None => to.serialize_str("unfinished"),
    }
}

#[expect(
    clippy::ref_option,
    reason = "serde hands the field over as a reference"
)]
fn broken_as_text<S: Serializer>(broken: &Option<Broken>, to: S) -> Result<S::Ok, S::Error> {
    match broken {
        Some(broken) => to.serialize_some(&broken.to_string()),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::observation::Serving;
    use crate::domain::operation::StepState;
    use crate::journal::Secrets;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn environment() -> EnvironmentName {
        EnvironmentName("pay-demo".into())
    }

    fn rehearsal() -> Mode {
        Mode::Rehearsal {
            scenario: "steady".into(),
            seed: 1,
        }
    }

    fn id(text: &str) -> OperationId {
        OperationId(text.into())
    }

    fn header() -> Header {
        Header {
            kind: OperationKind::Failover,
            environment: environment(),
            secrets: Secrets::new(["hunter2".to_owned()]),
        }
    }

    fn opened(mode: Mode) -> Entry {
        Entry::Opened {
            plan: serde_json::json!({ "steps": ["set hunter2"], "lag": 0.1 }),
            who: "ops".into(),
            mode,
            reason: Some("it is hunter2".into()),
            overrides: Vec::new(),
            drill: false,
        }
    }

    fn closed(outcome: Outcome) -> Entry {
        Entry::Closed {
            outcome,
            reason: None,
            rto_seconds: Some(168.3),
            rpo_seconds: Some(3.1),
            serving: Serving::Standby,
        }
    }

    fn step(note: &str) -> Entry {
        Entry::Step {
            index: 0,
            title: "engage metric lever".into(),
            state: StepState::Done,
            note: Some(note.into()),
            request_id: None,
        }
    }

    /// A journal with one operation of three entries.
    fn written(state: &Path) -> (Journal, PathBuf) {
        let journal = Journal::open(state, &WorldId::of(&rehearsal(), None)).unwrap();
        let mut log = journal.begin(&id("failover-1"), header()).unwrap();
        log.append(opened(rehearsal()), at(0)).unwrap();
        log.append(step("hunter2 \u{1b}[2J"), at(1)).unwrap();
        log.append(closed(Outcome::Succeeded), at(2)).unwrap();
        let path = log.path().to_owned();
        (journal, path)
    }

    fn broken(file: &Path) -> Broken {
        verify(file).unwrap().unwrap_err()
    }

    #[test]
    fn what_is_written_is_read_back_and_verified() {
        let state = tempfile::tempdir().unwrap();
        let (journal, path) = written(state.path());
        assert_eq!(
            path,
            state
                .path()
                .join("journal/rehearsal_steady_1/failover-1.jsonl")
        );
        verify(&path).unwrap().unwrap();
        let records = read(&path).unwrap();
        assert_eq!(records.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(records[2].entry, closed(Outcome::Succeeded));
        assert_eq!(list(state.path()), journal.list());
        let one = &journal.list()[0];
        assert_eq!(one.outcome, Some(Outcome::Succeeded));
        assert_eq!((one.started, one.finished), (at(0), Some(at(2))));
        assert!(one.drill && !one.running && one.broken.is_none());
        // the world's clock says 2027; what counts is when the file was written
        let played = practised(state.path(), &environment()).last.unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(played.at, Timestamp::try_from(modified).unwrap());
        assert_eq!(played.label, Label::Rehearsal);
        assert!(journal.unfinished(&environment()).is_empty());
    }

    #[test]
    fn a_live_drill_is_labelled_and_known_with_its_result() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path(), &WorldId::of(&Mode::Live, Some("1"))).unwrap();
        for (name, is_drill) in [("failover-1", false), ("failover-2", true)] {
            let mut log = journal.begin(&id(name), header()).unwrap();
            let mut entry = opened(Mode::Live);
            if let Entry::Opened { drill, .. } = &mut entry {
                *drill = is_drill;
            }
            log.append(entry, at(0)).unwrap();
            log.append(closed(Outcome::Succeeded), at(9)).unwrap();
            let known = practised(state.path(), &environment());
            let expected = is_drill.then(|| (at(9), Some(168.3)));
            assert_eq!(known.drill.map(|d| (d.at, d.rto_seconds)), expected);
            assert!(known.last.is_some());
        }
        let labels: Vec<Label> = journal.list().iter().map(|s| s.label).collect();
        assert_eq!(labels, [Label::Drill, Label::Incident]);
    }

    #[test]
    fn only_the_owner_may_read_it_and_nobody_writes_it_twice() {
        use std::os::unix::fs::PermissionsExt as _;
        let state = tempfile::tempdir().unwrap();
        let (journal, path) = written(state.path());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = journal.begin(&id("failover-1"), header()).unwrap_err();
        assert!(matches!(again, JournalError::Exists(_)), "{again}");
        let outside = journal.begin(&id("../failover-1"), header()).unwrap_err();
        assert!(matches!(outside, JournalError::NotAnId(_)), "{outside}");
    }

    #[test]
    fn secrets_and_control_characters_do_not_reach_the_file() {
        let state = tempfile::tempdir().unwrap();
        let (_, path) = written(state.path());
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("it is ***"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_torn_end_is_told_from_a_change() {
        let state = tempfile::tempdir().unwrap();
        let (journal, path) = written(state.path());
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        assert_eq!(
            broken(&path),
            Broken {
                line: 3,
                why: Why::Torn
            }
        );
        assert_eq!(read(&path).unwrap().len(), 2);
        assert_eq!(journal.unfinished(&environment()).len(), 1);

        let changed = String::from_utf8(whole)
            .unwrap()
            .replace("engage", "ENGAGE");
        fs::write(&path, changed).unwrap();
        assert_eq!(
            broken(&path),
            Broken {
                line: 2,
                why: Why::Hash
            }
        );
        assert!(read(&path).is_err());
        assert!(journal.resume(&id("failover-1"), header()).is_err());
        assert_eq!(journal.list()[0].broken.as_ref().unwrap().line, 2);
    }

    #[test]
    fn a_line_removed_or_moved_is_noticed() {
        let state = tempfile::tempdir().unwrap();
        let (_, path) = written(state.path());
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        fs::write(&path, [lines[0], lines[2]].concat()).unwrap();
        assert_eq!(broken(&path).line, 2);
        fs::write(&path, [lines[0], lines[2], lines[1]].concat()).unwrap();
        assert_eq!(broken(&path).line, 2);
        fs::write(&path, "").unwrap();
        assert_eq!(broken(&path).why, Why::Empty);
        fs::write(&path, b"\xff\n").unwrap();
        assert!(matches!(broken(&path).why, Why::Unreadable(_)));
        assert_eq!(files(state.path()), [path]);
    }

    #[test]
    fn a_crashed_operation_goes_on_after_its_torn_line() {
        let state = tempfile::tempdir().unwrap();
        let (journal, path) = written(state.path());
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        let mut log = journal.resume(&id("failover-1"), header()).unwrap();
        log.append(closed(Outcome::Abandoned), at(9)).unwrap();
        verify(&path).unwrap().unwrap();
        assert_eq!(journal.list()[0].outcome, Some(Outcome::Abandoned));
    }

    #[test]
    fn a_lost_file_and_a_cut_end_are_missed_by_the_next() {
        let state = tempfile::tempdir().unwrap();
        let (journal, first) = written(state.path());
        let follows = journal.follows().unwrap();
        let mut log = journal.begin(&id("failback-1"), header()).unwrap();
        log.append(opened(rehearsal()), at(3)).unwrap();
        log.append(follows, at(3)).unwrap();
        let second = log.path();
        verify(second).unwrap().unwrap();

        let whole = fs::read_to_string(&first).unwrap();
        let cut: String = whole.split_inclusive('\n').take(2).collect();
        fs::write(&first, cut).unwrap();
        // it reads as an operation without an end
        verify(&first).unwrap().unwrap();
        assert_eq!(
            broken(second).to_string(),
            "line 2: failover-1, recorded before it, has 2 entries and had 3: its end is gone"
        );
        fs::remove_file(&first).unwrap();
        let lost = broken(second).to_string();
        assert!(
            lost.contains("failover-1, recorded before it, the journal can't be read"),
            "{lost}"
        );
    }

    #[test]
    fn a_file_that_was_killed_before_its_first_entry_is_none() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path(), &WorldId::of(&Mode::Live, Some("1"))).unwrap();
        drop(journal.begin(&id("deploy-1"), header()).unwrap());
        assert!(files(state.path()).is_empty());
        let mut log = journal.begin(&id("deploy-1"), header()).unwrap();
        log.append(opened(Mode::Live), at(0)).unwrap();
        let all = files(state.path());
        assert_eq!(all, [log.path()]);
        verify(&all[0]).unwrap().unwrap();
        let beside = log.path().parent().unwrap().read_dir().unwrap().count();
        assert_eq!(beside, 1, "the draft is gone");
    }

    #[test]
    fn an_operation_that_is_being_written_is_running_and_not_to_be_resumed() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path(), &WorldId::of(&Mode::Live, Some("1"))).unwrap();
        let mut log = journal.begin(&id("deploy-1"), header()).unwrap();
        log.append(opened(Mode::Live), at(0)).unwrap();
        assert!(journal.unfinished(&environment())[0].running);
        let second = journal.resume(&id("deploy-1"), header()).unwrap_err();
        assert!(matches!(second, JournalError::InUse(_)), "{second}");
        drop(log);
        assert!(!journal.unfinished(&environment())[0].running);
        let json = serde_json::to_value(&journal.list()[0]).unwrap();
        assert_eq!(json["outcome"], "unfinished");
        assert_eq!(json["kind"], "failover");
        assert_eq!(json["broken"], serde_json::Value::Null);
    }

    #[test]
    fn worlds_and_environments_do_not_mix() {
        let state = tempfile::tempdir().unwrap();
        let mine = Journal::open(state.path(), &WorldId::of(&Mode::Live, Some("1"))).unwrap();
        let other = Journal::open(state.path(), &WorldId::of(&Mode::Live, Some("2"))).unwrap();
        let mut log = mine.begin(&id("failover-1"), header()).unwrap();
        log.append(opened(Mode::Live), at(0)).unwrap();
        assert_eq!(mine.unfinished(&environment()).len(), 1);
        assert!(mine.unfinished(&EnvironmentName("other".into())).is_empty());
        assert!(other.unfinished(&environment()).is_empty());
        assert_eq!(list(state.path()).len(), 1);
        assert!(list(&state.path().join("nowhere")).is_empty());
    }
}
