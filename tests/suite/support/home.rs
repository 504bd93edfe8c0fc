//! A folder that is the whole world to one run of the program: nothing of this machine's user is read or written.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// The binary under test.
pub(crate) const SWITCHBACK: &str = env!("CARGO_BIN_EXE_switchback");

/// A home folder, gone when it is dropped.
pub(crate) struct Home(tempfile::TempDir);

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file below the home folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The variables that the program sees; no others.
    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("HOME", self.path("")),
            ("XDG_CONFIG_HOME", self.path("config")),
            ("XDG_STATE_HOME", self.path("state")),
            ("AWS_CONFIG_FILE", self.path("aws-config")),
            ("AWS_SHARED_CREDENTIALS_FILE", self.path("aws-credentials")),
            ("AWS_EC2_METADATA_DISABLED", PathBuf::from("true")),
            ("USER", PathBuf::from("ops")),
            ("LANG", PathBuf::from("C.UTF-8")),
            ("TERM", PathBuf::from("xterm-256color")),
            ("TZ", PathBuf::from("UTC")),
        ]
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(SWITCHBACK);
        command
            .env_clear()
            .envs(self.variables())
            .current_dir(self.0.path());
        command
    }

    /// Runs a command line; words are separated by blanks.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Ran {
        Ran::of(&self.command().args(words).output().unwrap())
    }

    /// Every file below a folder, in order.
    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        below(&self.path(folder), &mut found);
        found.sort();
        found
    }
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            below(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        assert!(!ran.err.contains("panicked at"), "it panicked: {}", ran.err);
        ran
    }

    /// Asserts the exit code; both streams are shown if it is another.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.out, self.err
        );
        self
    }

    /// Asserts that stderr says all of these, and that stdout is empty: scripts read only results there.
    #[track_caller]
    pub(crate) fn explains(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                self.err.contains(word),
                "`{word}` is missing in: {}",
                self.err
            );
        }
        assert_eq!(self.out, "", "a failure prints nothing on stdout");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e} in {}\nstderr: {}", self.out, self.err))
    }
}
