//! The configuration file: strict TOML, so that a misspelt key is an error with its line and not a surprise.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::config::value::{Endpoint, NameServer, name};
use crate::config::{ConfigError, Format, Partial};
use crate::domain::drill::DrillWindow;
use crate::domain::region::{RegionId, RegionPair};
use crate::domain::text::clean;

/// A file that was read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub path: PathBuf,
    pub default_environment: Option<String>,
    pub environments: BTreeMap<String, Partial>,
    /// The keys outside of the environments.
    pub top: Partial,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    default_environment: Option<Spanned<String>>,
    profile: Option<String>,
    bundle_dir: Option<PathBuf>,
    state_dir: Option<PathBuf>,
    name_servers: Option<Vec<NameServer>>,
    read_only: Option<bool>,
    format: Option<Format>,
    timeout_seconds: Option<std::num::NonZeroU32>,
    #[serde(default)]
    environments: BTreeMap<Spanned<String>, RawEnvironment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvironment {
    bundle: String,
    suffix: String,
    primary: Option<RegionId>,
    standby: Option<RegionId>,
    profile: Option<String>,
    production: Option<bool>,
    drill_windows: Option<Vec<DrillWindow>>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    name_servers: Option<Vec<NameServer>>,
    endpoint_url: Option<Endpoint>,
    read_only: Option<bool>,
    bundle_dir: Option<PathBuf>,
}

impl File {
    /// Reads the file at a path that was asked for.
    pub fn read(path: &Path, home: Option<&Path>) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text, home)
    }

    /// Reads the file at the usual place, if there is one.
    pub fn read_if_there(
        path: Option<PathBuf>,
        home: Option<&Path>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(path) = path else { return Ok(None) };
        match Self::read(&path, home) {
            Err(ConfigError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Reads a file's text; relative folders in it start at the file's own, `~/` at `home`.
    pub fn parse(path: &Path, text: &str, home: Option<&Path>) -> Result<Self, ConfigError> {
        let at = |span: Range<usize>, message: String| ConfigError::File {
            path: path.to_owned(),
            line: line_of(text, &span),
            message,
        };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            at(span.clone(), explain(text, &span, error.message()))
        })?;
        let base = Base {
            folder: path.parent(),
            home,
        };
        let mut environments = BTreeMap::new();
        for (key, table) in raw.environments {
            let name = name(key.get_ref()).map_err(|why| at(key.span(), why))?;
            if let (Some(primary), Some(standby)) = (&table.primary, &table.standby) {
                RegionPair::new(primary.clone(), standby.clone())
                    .map_err(|why| at(key.span(), format!("environment `{name}`: {why}")))?;
            }
            environments.insert(name, table.into_partial(&base));
        }
        if let Some(wanted) = &raw.default_environment
            && !environments.contains_key(wanted.get_ref())
        {
            let known = environments.keys().cloned().collect::<Vec<_>>().join(", ");
            let why = format!(
                "`default_environment` is `{}`, but the environments are: {known}",
                clean(wanted.get_ref())
            );
            return Err(at(wanted.span(), why));
        }
        Ok(Self {
            path: path.to_owned(),
            default_environment: raw.default_environment.map(Spanned::into_inner),
            environments,
            top: Partial {
                profile: raw.profile,
                bundle_dir: raw.bundle_dir.map(|p| base.absolute(&p)),
                state_dir: raw.state_dir.map(|p| base.absolute(&p)),
                name_servers: raw.name_servers.map(addresses),
                read_only: raw.read_only,
                format: raw.format,
                timeout: raw
                    .timeout_seconds
                    .map(|s| Duration::from_secs(u64::from(s.get()))),
                ..Partial::default()
            },
        })
    }
}

impl RawEnvironment {
    fn into_partial(self, base: &Base<'_>) -> Partial {
        Partial {
            bundle: Some(self.bundle),
            suffix: Some(self.suffix),
            primary: self.primary,
            standby: self.standby,
            profile: self.profile,
            production: self.production,
            drill_windows: self.drill_windows,
            parameters: self.parameters,
            name_servers: self.name_servers.map(addresses),
            endpoint_url: self.endpoint_url,
            read_only: self.read_only,
            bundle_dir: self.bundle_dir.map(|p| base.absolute(&p)),
            ..Partial::default()
        }
    }
}

fn addresses(servers: Vec<NameServer>) -> Vec<std::net::SocketAddr> {
    servers.into_iter().map(|server| server.0).collect()
}

/// Where the relative folders of a file start.
struct Base<'a> {
    folder: Option<&'a Path>,
    home: Option<&'a Path>,
}

impl Base<'_> {
    fn absolute(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => self
                .folder
                .map_or_else(|| path.to_owned(), |f| f.join(path)),
        }
    }
}

/// The line (from 1) on which a span begins.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.get(..span.start)
        .unwrap_or_default()
        .matches('\n')
        .count()
        + 1
}

/// The parser's message with the key it is about; values are not repeated, they may be secret.
fn explain(text: &str, span: &Range<usize>, message: &str) -> String {
    let message = clean(message)
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("expected one of", "allowed here are");
    let line = text.lines().nth(line_of(text, span) - 1).unwrap_or("");
    let key = match line.split_once('=') {
        Some((key, _)) => key.trim(),
        None if line.trim_start().starts_with('[') => line.trim(),
        None => "",
    };
    if key.is_empty() || message.contains(&format!("`{key}`")) {
        message
    } else {
        format!("`{}`: {message}", clean(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File, ConfigError> {
        File::parse(
            Path::new("/etc/sb/config.toml"),
            text,
            Some(Path::new("/home/ops")),
        )
    }

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_template_is_valid_as_it_is_and_with_everything_switched_on() {
        let template = include_str!("../../assets/config.toml");
        assert_eq!(parse(template).unwrap().environments.len(), 0);
        let all: Vec<&str> = template
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .collect();
        let file = parse(&all.join("\n")).unwrap();
        assert_eq!(
            file.default_environment.as_deref(),
            Some("payment-standby-prod")
        );
        let prod = &file.environments["payment-standby-prod"];
        assert_eq!(prod.production, Some(true));
        assert_eq!(prod.drill_windows.as_ref().unwrap().len(), 1);
        assert_eq!(prod.name_servers.as_ref().unwrap().len(), 2);
        assert!(prod.endpoint_url.is_none());
        assert!(file.environments["emulator"].endpoint_url.is_some());
        assert!(file.top.timeout.is_some() && file.top.state_dir.is_some());
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line_and_what_is_allowed() {
        let text = "[environments.prod]\nbundle = \"b\"\nsufix = \"p\"\n";
        let error = error(text);
        assert!(
            error.starts_with("/etc/sb/config.toml, line 3: unknown key `sufix`, allowed here are"),
            "{error}"
        );
        assert!(error.contains("`suffix`"), "{error}");
    }

    #[test]
    fn wrong_values_are_named_by_their_key_and_not_repeated() {
        let head = "[environments.prod]\nbundle = \"b\"\nsuffix = \"p\"\n";
        let region = error(&format!("{head}primary = \"virginia\"\n"));
        assert!(
            region.contains("line 4: `primary`: `virginia` is not a region name"),
            "{region}"
        );
        let number = error(&format!("{head}parameters = {{ secret = 12345 }}\n"));
        assert!(number.contains("line 4: `parameters`"), "{number}");
        let window = error(&format!("{head}drill_windows = [\"on saturday\"]\n"));
        assert!(
            window.contains("line 4: `drill_windows`: `on saturday` is not a window for drills"),
            "{window}"
        );
        let syntax = error("password hunter2\n");
        assert!(!syntax.contains("hunter2"), "{syntax}");
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let table = "bundle = \"b\"\nsuffix = \"p\"\n";
        let unknown = error(&format!(
            "default_environment = \"x\"\n[environments.prod]\n{table}"
        ));
        assert!(
            unknown
                .contains("line 1: `default_environment` is `x`, but the environments are: prod"),
            "{unknown}"
        );
        let same = error(&format!(
            "[environments.prod]\n{table}primary = \"us-east-1\"\nstandby = \"us-east-1\"\n"
        ));
        assert!(same.contains("two different regions"), "{same}");
        let name = error(&format!("[environments.\"a b\"]\n{table}"));
        assert!(name.contains("`a b` is not a name"), "{name}");
        let missing = error("[environments.prod]\nbundle = \"b\"\n");
        assert!(missing.contains("missing key `suffix`"), "{missing}");
    }

    #[test]
    fn folders_start_at_the_file_or_at_home() {
        let file = parse("bundle_dir = \"bundles\"\nstate_dir = \"~/sb\"\n").unwrap();
        assert_eq!(file.top.bundle_dir.unwrap(), Path::new("/etc/sb/bundles"));
        assert_eq!(file.top.state_dir.unwrap(), Path::new("/home/ops/sb"));
    }

    #[test]
    fn a_file_that_is_not_there_is_a_mistake_only_if_it_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(File::read_if_there(Some(path.clone()), None).unwrap(), None);
        assert!(File::read(&path, None).is_err());
    }
}
