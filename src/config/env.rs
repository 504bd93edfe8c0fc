//! The only place that reads environment variables and the home folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use crate::config::value::{Endpoint, flag, name_server, seconds, speed};
use crate::config::{ConfigError, Format, Partial};
use crate::domain::region::RegionId;
use crate::domain::text::clean;

/// Variables that this program reads for itself; any other `SWITCHBACK_…` is a mistake worth stopping for, since
/// `SWITCHBACK_READONLY=1` must not be taken for read-only mode.
pub const VARIABLES: [&str; 18] = [
    "SWITCHBACK_BUNDLE",
    "SWITCHBACK_BUNDLE_DIR",
    "SWITCHBACK_CONFIG",
    "SWITCHBACK_ENDPOINT_URL",
    "SWITCHBACK_ENVIRONMENT",
    "SWITCHBACK_FORMAT",
    "SWITCHBACK_LOG",
    "SWITCHBACK_NAME_SERVERS",
    "SWITCHBACK_PRIMARY",
    "SWITCHBACK_PROFILE",
    "SWITCHBACK_READ_ONLY",
    "SWITCHBACK_REHEARSE",
    "SWITCHBACK_SEED",
    "SWITCHBACK_SPEED",
    "SWITCHBACK_STANDBY",
    "SWITCHBACK_STATE_DIR",
    "SWITCHBACK_SUFFIX",
    "SWITCHBACK_TIMEOUT",
];

/// The environment variables as they were when the program started. Empty ones count as not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// The variables of this process; `HOME` from the user database where it is not set.
    pub fn of_process() -> Self {
        let mut env = Self::new(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        if env.get("HOME").is_none()
            && let Ok(home) = etcetera::home_dir()
        {
            env.0
                .insert("HOME".to_owned(), home.to_string_lossy().into_owned());
        }
        env
    }

    pub fn new<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    pub fn home(&self) -> Option<&Path> {
        self.get("HOME").map(Path::new)
    }

    /// `$XDG_CONFIG_HOME/switchback/config.toml`.
    pub fn config_file(&self) -> Option<PathBuf> {
        Some(
            self.base("XDG_CONFIG_HOME", ".config")?
                .join("switchback/config.toml"),
        )
    }

    /// `$XDG_STATE_HOME/switchback`.
    pub fn state_dir(&self) -> Option<PathBuf> {
        Some(
            self.base("XDG_STATE_HOME", ".local/state")?
                .join("switchback"),
        )
    }

    /// A base folder of the XDG specification, which says that relative ones are to be ignored.
    fn base(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.get(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(self.home()?.join(below_home)))
    }

    /// Who is at the keyboard, as far as the machine knows; goes into the journal.
    pub fn user(&self) -> String {
        let user = ["SUDO_USER", "USER", "LOGNAME"]
            .into_iter()
            .find_map(|name| self.get(name));
        clean(user.unwrap_or("unknown"))
    }

    /// <https://no-color.org>: any value but the empty one.
    pub fn no_color(&self) -> bool {
        self.get("NO_COLOR").is_some()
    }

    /// Whether the locale can show more than ASCII.
    pub fn is_utf8(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| self.get(name));
        locale.is_some_and(|l| {
            let l = l.to_ascii_lowercase();
            l.contains("utf-8") || l.contains("utf8")
        })
    }

    /// The filter of the log file.
    pub fn log(&self) -> Option<&str> {
        self.get("SWITCHBACK_LOG")
    }

    /// What the variables set.
    pub fn partial(&self) -> Result<Partial, ConfigError> {
        self.refuse_unknown()?;
        let text = |name: &str| self.get(name).map(str::to_owned);
        let path = |name: &str| self.get(name).map(PathBuf::from);
        let region = |t: &str| RegionId::parse(t).map_err(|e| e.to_string());
        // the SDK obeys AWS_ENDPOINT_URL by itself; taking it up here makes the screens say so
        let endpoint = self
            .read("SWITCHBACK_ENDPOINT_URL", Endpoint::parse)?
            .map_or_else(
                || self.read("AWS_ENDPOINT_URL", Endpoint::parse),
                |e| Ok(Some(e)),
            )?;
        Ok(Partial {
            environment: text("SWITCHBACK_ENVIRONMENT"),
            bundle: text("SWITCHBACK_BUNDLE"),
            bundle_dir: path("SWITCHBACK_BUNDLE_DIR"),
            suffix: text("SWITCHBACK_SUFFIX"),
            primary: self.read("SWITCHBACK_PRIMARY", region)?,
            standby: self.read("SWITCHBACK_STANDBY", region)?,
            profile: text("SWITCHBACK_PROFILE"),
            endpoint_url: endpoint,
            name_servers: self.read("SWITCHBACK_NAME_SERVERS", |list| {
                list.split(',').map(|one| name_server(one.trim())).collect()
            })?,
            read_only: self.read("SWITCHBACK_READ_ONLY", flag)?,
            production: None,
            drill_windows: None,
            parameters: BTreeMap::new(),
            config: path("SWITCHBACK_CONFIG"),
            state_dir: path("SWITCHBACK_STATE_DIR"),
            rehearse: text("SWITCHBACK_REHEARSE"),
            speed: self.read("SWITCHBACK_SPEED", speed)?,
            seed: self.read("SWITCHBACK_SEED", |t| {
                t.parse()
                    .map_err(|_no| format!("`{}` is not a whole number", clean(t)))
            })?,
            timeout: self.read("SWITCHBACK_TIMEOUT", seconds)?,
            format: self.read("SWITCHBACK_FORMAT", |t| Format::from_str(t, false))?,
        })
    }

    fn read<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        self.get(name)
            .map(parse)
            .transpose()
            .map_err(|why| ConfigError::Variable {
                name: name.to_owned(),
                why,
            })
    }

    fn refuse_unknown(&self) -> Result<(), ConfigError> {
        let unknown = self
            .0
            .keys()
            .find(|name| name.starts_with("SWITCHBACK_") && !VARIABLES.contains(&name.as_str()));
        match unknown {
            None => Ok(()),
            Some(name) => Err(ConfigError::UnknownVariable {
                name: clean(name),
                known: VARIABLES.join(", "),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_follow_the_xdg_specification() {
        let home = Env::new([("HOME", "/home/ops")]);
        assert_eq!(
            home.config_file().unwrap(),
            Path::new("/home/ops/.config/switchback/config.toml")
        );
        let xdg = Env::new([("HOME", "/home/ops"), ("XDG_STATE_HOME", "/var/state")]);
        assert_eq!(xdg.state_dir().unwrap(), Path::new("/var/state/switchback"));
        let relative = Env::new([("HOME", "/home/ops"), ("XDG_STATE_HOME", "state")]);
        assert_eq!(
            relative.state_dir().unwrap(),
            Path::new("/home/ops/.local/state/switchback")
        );
        assert_eq!(Env::default().state_dir(), None);
    }

    #[test]
    fn a_misspelt_variable_stops() {
        let error = Env::new([("SWITCHBACK_READONLY", "1")])
            .partial()
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("SWITCHBACK_READONLY is not a variable of switchback"),
            "{error}"
        );
        assert!(error.contains("SWITCHBACK_READ_ONLY"), "{error}");
    }

    #[test]
    fn every_variable_is_read() {
        let env = Env::new([
            ("SWITCHBACK_BUNDLE", "payment-standby"),
            ("SWITCHBACK_BUNDLE_DIR", "/b"),
            ("SWITCHBACK_CONFIG", "/c.toml"),
            ("SWITCHBACK_ENDPOINT_URL", "http://a.test"),
            ("SWITCHBACK_ENVIRONMENT", "prod"),
            ("SWITCHBACK_FORMAT", "json"),
            ("SWITCHBACK_LOG", "debug"),
            ("SWITCHBACK_NAME_SERVERS", "10.0.0.2, 127.0.0.1:5353"),
            ("SWITCHBACK_PRIMARY", "us-east-1"),
            ("SWITCHBACK_PROFILE", "ops"),
            ("SWITCHBACK_READ_ONLY", "1"),
            ("SWITCHBACK_REHEARSE", "steady"),
            ("SWITCHBACK_SEED", "7"),
            ("SWITCHBACK_SPEED", "60"),
            ("SWITCHBACK_STANDBY", "us-west-2"),
            ("SWITCHBACK_STATE_DIR", "/s"),
            ("SWITCHBACK_SUFFIX", "prod"),
            ("SWITCHBACK_TIMEOUT", "30"),
        ]);
        assert_eq!(env.0.len(), VARIABLES.len());
        let read = format!("{:?}", env.partial().unwrap());
        // what variables can't set: whether it is production, and when it may be drilled
        assert_eq!(read.matches("None").count(), 2, "{read}");
        assert_eq!(env.log(), Some("debug"));
    }

    #[test]
    fn wrong_values_name_their_variable_and_empty_ones_are_not_set() {
        let error = Env::new([("SWITCHBACK_PRIMARY", "virginia")])
            .partial()
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("SWITCHBACK_PRIMARY: `virginia`"),
            "{error}"
        );
        let empty = Env::new([("SWITCHBACK_PRIMARY", "")]).partial().unwrap();
        assert_eq!(empty, Partial::default());
    }

    #[test]
    fn the_sdks_own_endpoint_variable_is_not_overlooked() {
        let env = Env::new([("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")]);
        let found = env.partial().unwrap().endpoint_url.unwrap();
        assert_eq!(found.host(), "127.0.0.1:4566");
    }

    #[test]
    fn the_terminal_is_judged_by_its_locale() {
        assert!(Env::new([("LANG", "C.UTF-8")]).is_utf8());
        assert!(!Env::new([("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]).is_utf8());
        assert!(!Env::default().is_utf8());
        assert!(Env::new([("NO_COLOR", "1")]).no_color());
    }
}
