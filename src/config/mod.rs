//! Configuration: flags beat environment variables beat the file beat defaults; each value knows its source.

pub mod env;
pub mod file;
mod print;
mod resolve;
pub mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::config::env::Env;
use crate::config::file::File;
use crate::config::value::Endpoint;
use crate::domain::drill::DrillWindow;
use crate::domain::environment::Mode;
use crate::domain::region::{RegionError, RegionId};

pub use print::{Line, explain};
pub use resolve::resolve;

/// What one source says; none where it is silent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partial {
    pub environment: Option<String>,
    pub bundle: Option<String>,
    pub bundle_dir: Option<PathBuf>,
    pub suffix: Option<String>,
    pub primary: Option<RegionId>,
    pub standby: Option<RegionId>,
    pub profile: Option<String>,
    pub endpoint_url: Option<Endpoint>,
    pub name_servers: Option<Vec<SocketAddr>>,
    pub read_only: Option<bool>,
    pub production: Option<bool>,
    pub drill_windows: Option<Vec<DrillWindow>>,
    pub parameters: BTreeMap<String, String>,
    pub config: Option<PathBuf>,
    pub state_dir: Option<PathBuf>,
    /// The scenario to rehearse.
    pub rehearse: Option<String>,
    pub speed: Option<f64>,
    pub seed: Option<u64>,
    pub timeout: Option<Duration>,
    pub format: Option<Format>,
}

/// What the program runs with.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The name that is typed to confirm: the file's key, else `<bundle>-<suffix>`; none while neither is known.
    pub environment_name: Option<String>,
    pub bundle: Option<String>,
    pub bundle_dir: Option<PathBuf>,
    pub suffix: Option<String>,
    /// None: what the bundle says.
    pub primary: Option<RegionId>,
    pub standby: Option<RegionId>,
    pub profile: Option<String>,
    pub endpoint: Option<Endpoint>,
    pub name_servers: Vec<SocketAddr>,
    pub read_only: bool,
    pub production: bool,
    /// When drills may move the traffic of a production environment.
    pub drill_windows: Vec<DrillWindow>,
    pub parameters: BTreeMap<String, String>,
    /// Where journals and last known values are kept; a folder of its own when rehearsing.
    pub state_dir: PathBuf,
    /// The same without regard to a rehearsal, to look up when the environment was last practised.
    pub live_state_dir: PathBuf,
    pub rehearse: Option<Rehearse>,
    /// None: the verb's own limit.
    pub timeout: Option<Duration>,
    pub format: Format,
    /// The file that was read.
    pub file: Option<PathBuf>,
    sources: BTreeMap<&'static str, Source>,
}

/// A session against the embedded fake AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearse {
    pub scenario: String,
    /// World seconds per second, where the world is paced.
    pub speed: f64,
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Human,
    Json,
    Prometheus,
}

impl Format {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Prometheus => "prometheus",
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Flag(&'static str),
    Variable(&'static str),
    /// `[environments.<name>]` of the file.
    Table(String),
    /// The file's top level.
    File,
    /// What a rehearsal starts with.
    Rehearsal,
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => f.write_str(name),
            Self::Table(name) => write!(f, "file, [environments.{name}]"),
            Self::File => f.write_str("file"),
            Self::Rehearsal => f.write_str("rehearsal"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{} can't be read: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}, line {line}: {message}", path.display())]
    File {
        path: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{name}: {why}")]
    Variable { name: String, why: String },
    #[error("{name} is not a variable of switchback; it knows {known}")]
    UnknownVariable { name: String, known: String },
    #[error("there is no environment `{name}`; {}", known_names(known))]
    UnknownEnvironment { name: String, known: Vec<String> },
    #[error(
        "--rehearse talks to the embedded AWS, so {flag} has no meaning with it: leave one of them out"
    )]
    Contradiction { flag: &'static str },
    #[error(
        "there is no home folder to keep journals in: give --state-dir, or set HOME or XDG_STATE_HOME"
    )]
    NoHome,
    #[error(transparent)]
    Region(#[from] RegionError),
}

fn known_names(known: &[String]) -> String {
    if known.is_empty() {
        "the configuration names none: add it, or give --bundle and --suffix".to_owned()
    } else {
        format!("the configuration has {}", known.join(", "))
    }
}

/// Reads the environment and the file, and resolves them with the flags.
pub fn load(flags: &Partial, env: &Env) -> Result<Settings, ConfigError> {
    let variables = env.partial()?;
    let given = flags.config.as_ref().or(variables.config.as_ref());
    let file = match given {
        Some(path) => Some(File::read(path, env.home())?),
        None => File::read_if_there(env.config_file(), env.home())?,
    };
    resolve(flags, &variables, file.as_ref(), env.state_dir())
}

impl Settings {
    /// Which world the console talks to.
    pub fn mode(&self) -> Mode {
        match (&self.rehearse, &self.endpoint) {
            (Some(rehearse), _) => Mode::Rehearsal {
                scenario: rehearse.scenario.clone(),
                seed: rehearse.seed,
            },
            (None, Some(endpoint)) => Mode::Endpoint {
                host: endpoint.host().to_owned(),
            },
            (None, None) => Mode::Live,
        }
    }

    /// Where a setting comes from.
    pub fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }
}
