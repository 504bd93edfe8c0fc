//! Values that only the command line has: parameters, levers, guards, addresses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::Value;

use crate::domain::guard::GuardId;
use crate::domain::lever::LeverKind;
use crate::domain::repair::{REPAIRS, Repair};
use crate::domain::text::clean;

/// Levers that can be pulled by name.
const LEVERS: [LeverKind; 4] = [
    LeverKind::Metric,
    LeverKind::Endpoint,
    LeverKind::Force,
    LeverKind::Records,
];

/// Guards that a reason may override. Read-only mode is none of them.
const GUARDS: [GuardId; 17] = [
    GuardId::Needed,
    GuardId::DestinationHealthy,
    GuardId::Predicted,
    GuardId::NothingRunning,
    GuardId::DestinationFit,
    GuardId::Exposure,
    GuardId::Lever,
    GuardId::Steady,
    GuardId::Reverse,
    GuardId::Records,
    GuardId::Credentials,
    GuardId::Parity,
    GuardId::Practised,
    GuardId::NotServing,
    GuardId::Production,
    GuardId::DataLoss,
    GuardId::Blockers,
];

pub(super) fn lever() -> impl TypedValueParser<Value = LeverKind> {
    PossibleValuesParser::new(LEVERS.map(LeverKind::as_str))
        .try_map(|name| find(&LEVERS, |lever| lever.as_str() == name))
}

pub(super) fn guard() -> impl TypedValueParser<Value = GuardId> {
    PossibleValuesParser::new(GUARDS.map(GuardId::as_str))
        .try_map(|name| find(&GUARDS, |guard| guard.as_str() == name))
}

pub(super) fn repair() -> impl TypedValueParser<Value = Repair> {
    PossibleValuesParser::new(REPAIRS.map(Repair::as_str))
        .try_map(|name| find(&REPAIRS, |repair| repair.as_str() == name))
}

fn find<T: Copy>(all: &[T], is_meant: impl Fn(&T) -> bool) -> Result<T, String> {
    let found = all.iter().copied().find(is_meant);
    found.ok_or_else(|| "there is none of that name".to_owned())
}

/// `KEY=VALUE`, the value perhaps with more `=` in it.
pub(super) fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        // the text may be a secret: it is not repeated
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// An address that nobody else can reach: the rehearsal's world has no locks on its doors.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(address) => Err(format!(
            "{} is open to others, and the rehearsal serves this machine only: use 127.0.0.1",
            address.ip()
        )),
        Err(_) => Err(format!(
            "`{}` is not an address (expected 127.0.0.1:PORT)",
            clean(text)
        )),
    }
}

/// Why a parameters file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ParametersError {
    #[error("the parameters in {} can't be read: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the parameters in {} are not JSON: {source}", path.display())]
    NotJson {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error(
        "the parameters in {} are not an object of texts, numbers and booleans: see `{key}`",
        path.display()
    )]
    NotFlat { path: PathBuf, key: String },
}

/// Reads a JSON object of parameters.
pub fn read_parameters(path: &Path) -> Result<BTreeMap<String, String>, ParametersError> {
    let path = || path.to_owned();
    let text = std::fs::read_to_string(path()).map_err(|source| ParametersError::Unreadable {
        path: path(),
        source,
    })?;
    let value: Value = serde_json::from_str(&text).map_err(|source| ParametersError::NotJson {
        path: path(),
        source,
    })?;
    let not_flat = |key: &str| ParametersError::NotFlat {
        path: path(),
        key: clean(key),
    };
    let Value::Object(fields) = value else {
        return Err(not_flat("the whole"));
    };
    let scalar = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        Value::Number(number) => Ok((key, number.to_string())),
        Value::Bool(flag) => Ok((key, flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(not_flat(&key)),
    };
    fields.into_iter().map(scalar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, String>, ParametersError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        std::fs::write(&path, text).unwrap();
        read_parameters(&path)
    }

    #[test]
    fn parameters_are_flat() {
        let found = read(r#"{ "domain": "pay.test", "size": 3, "on": true }"#).unwrap();
        assert_eq!(found["domain"], "pay.test");
        assert_eq!(
            (found["size"].as_str(), found["on"].as_str()),
            ("3", "true")
        );
        for bad in ["[]", "{", r#"{ "a": ["secret"] }"#, r#"{ "a": null }"#] {
            let error = read(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(read_parameters(Path::new("/nowhere/p.json")).is_err());
    }

    #[test]
    fn every_name_that_is_offered_is_understood() {
        for guard in GUARDS {
            assert_eq!(find(&GUARDS, |g| *g == guard), Ok(guard));
        }
        assert!(loopback("127.0.0.1:0").is_ok() && loopback("[::1]:80").is_ok());
        assert!(loopback("10.0.0.1:80").is_err() && loopback("localhost").is_err());
    }
}
