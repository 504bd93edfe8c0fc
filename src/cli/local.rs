//! Verbs that need neither AWS nor a world: configuration, journal, man page, completions.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::JournalVerb;
use crate::cli::generate;
use crate::cli::output::{journal_list_text, journal_show_text, json, settings_text};
use crate::config::env::Env;
use crate::config::{ConfigError, Format, Partial, Settings, Source, explain, load};
use crate::domain::operation::OperationId;
use crate::domain::text::clean;
use crate::error::ExitCode;
use crate::journal::{JournalError, Summary, files, list, read, verify};

/// What a command leaves behind; the caller writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    pub stdout: String,
    pub code: ExitCode,
}

/// Why such a verb failed (exit code 1).
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("there is no operation `{0}` in the journal: see `switchback journal list`")]
    NoOperation(String),
    #[error("nothing is in the journal yet")]
    EmptyJournal,
    #[error("the result can't be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the page can't be made: {0}")]
    Page(#[from] std::io::Error),
}

impl Printed {
    pub const fn done(stdout: String) -> Self {
        Self {
            stdout,
            code: ExitCode::Done,
        }
    }

    /// A value in the format asked for.
    pub fn of<T: Serialize>(
        format: Format,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self::done(match format {
            Format::Json => json(value)?,
            Format::Human | Format::Prometheus => text(value),
        }))
    }
}

pub fn man() -> Result<Printed, LocalError> {
    let page = generate::man()?;
    Ok(Printed::done(String::from_utf8_lossy(&page).into_owned()))
}

pub fn completions(shell: clap_complete::Shell) -> Printed {
    let script = generate::completions(shell);
    Printed::done(String::from_utf8_lossy(&script).into_owned())
}

/// `config print`; the values of parameters that `is_sensitive` are not shown.
pub fn config_print(
    settings: &Settings,
    is_sensitive: &dyn Fn(&str) -> bool,
) -> Result<Printed, LocalError> {
    let lines = explain(settings, is_sensitive);
    Ok(Printed::of(settings.format, &lines, |l| settings_text(l))?)
}

/// `config check`: file and variables are read anew, so that what is wrong with them is the answer.
pub fn config_check(flags: &Partial, env: &Env) -> Result<Printed, ConfigError> {
    let settings = load(flags, env)?;
    let from = settings.file.as_ref().map_or_else(
        || "there is no configuration file".to_owned(),
        |path| format!("{} is right", path.display()),
    );
    let environment = settings.environment_name.as_deref().map_or_else(
        || "no environment is chosen".to_owned(),
        |name| format!("the environment is {name}"),
    );
    Ok(Printed::done(format!("{from}; {environment}\n")))
}

/// `journal list|show|verify`.
pub fn journal(verb: &JournalVerb, settings: &Settings) -> Result<Printed, LocalError> {
    match verb {
        JournalVerb::List => {
            let all = chosen(settings);
            let unreadable = unreadable(&settings.state_dir);
            Ok(Printed::of(settings.format, &all, |l| {
                journal_list_text(l) + &unreadable
            })?)
        }
        JournalVerb::Show { operation } => {
            let records = read(&find(settings, operation.as_deref())?)?;
            Ok(Printed::of(settings.format, &records, |r| {
                journal_show_text(r)
            })?)
        }
        JournalVerb::Verify { operation } => {
            let files = match operation {
                Some(_) => vec![find(settings, operation.as_deref())?],
                None => files(&settings.state_dir),
            };
            verified(&files, settings.format)
        }
    }
}

/// The operations of the environment that `-e` names, else all of them.
fn chosen(settings: &Settings) -> Vec<Summary> {
    let mut all = list(&settings.state_dir);
    if let (Source::Flag(_), Some(name)) =
        (settings.source("environment"), &settings.environment_name)
    {
        all.retain(|one| one.environment.0 == *name);
    }
    all
}

/// A line about files of which not even the first entry can be read, if there are any.
fn unreadable(state: &Path) -> String {
    let (all, listed) = (files(state).len(), list(state).len());
    match all.saturating_sub(listed) {
        0 => String::new(),
        count => format!("{count} more can't be read: see `switchback journal verify`\n"),
    }
}

/// The file of an operation, or of the newest one. A broken file is found by its name.
fn find(settings: &Settings, operation: Option<&str>) -> Result<PathBuf, LocalError> {
    match operation {
        None => chosen(settings)
            .into_iter()
            .next()
            .map(|one| one.file)
            .ok_or(LocalError::EmptyJournal),
        Some(id) => {
            let is_meant = |file: &PathBuf| operation_of(file).0 == id;
            files(&settings.state_dir)
                .into_iter()
                .find(is_meant)
                .ok_or_else(|| LocalError::NoOperation(clean(id)))
        }
    }
}

fn operation_of(file: &Path) -> OperationId {
    let stem = file.file_stem().unwrap_or_default();
    OperationId(stem.to_string_lossy().into_owned())
}

/// How one file stands.
#[derive(Debug, Serialize)]
struct Checked {
    operation: OperationId,
    file: PathBuf,
    /// Null where the file is what was written.
    broken: Option<String>,
}

fn verified(files: &[PathBuf], format: Format) -> Result<Printed, LocalError> {
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        all.push(Checked {
            operation: operation_of(file),
            broken: verify(file)?.err().map(|why| why.to_string()),
            file: file.clone(),
        });
    }
    let is_sound = all.iter().all(|one| one.broken.is_none());
    let printed = Printed::of(format, &all, |all| {
        let line = |one: &Checked| {
            let state = one.broken.as_deref().unwrap_or("as it was written");
            format!("{}: {}\n", clean(&one.operation.0), clean(state))
        };
        all.iter().map(line).collect::<Vec<_>>().concat()
    })?;
    Ok(Printed {
        code: if is_sound {
            ExitCode::Done
        } else {
            ExitCode::Failure
        },
        ..printed
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::config::resolve;
    use crate::domain::environment::{EnvironmentName, Mode};
    use crate::domain::operation::OperationKind;
    use crate::journal::{Entry, Header, Journal, Secrets, WorldId};

    fn settings(state: &Path, format: Format) -> Settings {
        let flags = Partial {
            format: Some(format),
            state_dir: Some(state.to_owned()),
            ..Partial::default()
        };
        resolve(&flags, &Partial::default(), None, None).unwrap()
    }

    fn record(state: &Path, id: &str, second: i64) -> PathBuf {
        let world = WorldId::of(&Mode::Live, Some("123456789012"));
        let header = Header {
            kind: OperationKind::Deploy,
            environment: EnvironmentName("pay-demo".into()),
            secrets: Secrets::default(),
        };
        let journal = Journal::open(state, &world).unwrap();
        let mut log = journal.begin(&OperationId(id.into()), header).unwrap();
        let at = Timestamp::from_second(1_800_000_000 + second).unwrap();
        let text = "hello".to_owned();
        log.append(Entry::Note { text }, at).unwrap();
        log.path().to_owned()
    }

    #[test]
    fn the_journal_is_listed_shown_and_verified() {
        let state = tempfile::tempdir().unwrap();
        let human = settings(state.path(), Format::Human);
        let show = |operation: Option<&str>| JournalVerb::Show {
            operation: operation.map(str::to_owned),
        };
        assert!(matches!(
            journal(&show(None), &human),
            Err(LocalError::EmptyJournal)
        ));
        record(state.path(), "deploy-1", 0);
        let second = record(state.path(), "deploy-2", 60);
        let newest = journal(&show(None), &human).unwrap();
        assert!(newest.stdout.starts_with("deploy-2"), "{}", newest.stdout);
        let named = journal(&show(Some("deploy-1")), &human).unwrap();
        assert!(named.stdout.contains("note  hello"), "{}", named.stdout);
        assert!(journal(&show(Some("../x")), &human).is_err());
        let listed = journal(&JournalVerb::List, &settings(state.path(), Format::Json)).unwrap();
        let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
        assert_eq!(listed[0]["operation"], "deploy-2");
        let all = JournalVerb::Verify { operation: None };
        assert_eq!(journal(&all, &human).unwrap().code, ExitCode::Done);
        std::fs::write(second, "{}\n").unwrap();
        let broken = journal(&all, &human).unwrap();
        assert_eq!(broken.code, ExitCode::Failure);
        assert!(
            broken
                .stdout
                .contains("deploy-2: line 1: not a journal entry"),
            "{}",
            broken.stdout
        );
        let listed = journal(&JournalVerb::List, &human).unwrap();
        assert!(
            listed.stdout.contains("1 more can't be read"),
            "{}",
            listed.stdout
        );
    }

    #[test]
    fn the_configuration_is_printed_and_checked() {
        let state = tempfile::tempdir().unwrap();
        let printed = config_print(&settings(state.path(), Format::Human), &|_| false).unwrap();
        assert!(
            printed.stdout.contains("(--state-dir)"),
            "{}",
            printed.stdout
        );
        let home = Env::new([("HOME", state.path().display().to_string())]);
        let checked = config_check(&Partial::default(), &home).unwrap();
        assert_eq!(
            checked.stdout,
            "there is no configuration file; no environment is chosen\n"
        );
        let wrong = Env::new([("HOME", "/x"), ("SWITCHBACK_SPEED", "0")]);
        assert!(config_check(&Partial::default(), &wrong).is_err());
    }

    #[test]
    fn pages_are_made() {
        assert!(man().unwrap().stdout.contains(".SH VERBS"));
        assert!(
            completions(clap_complete::Shell::Bash)
                .stdout
                .contains("_switchback")
        );
    }
}
