//! The world that an entry belongs to: operations of different worlds never mix.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::domain::environment::Mode;
use crate::domain::text::clean;

/// `account:<number>`, `rehearsal:<scenario>:<seed>` or `endpoint:<host>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorldId(String);

impl WorldId {
    /// The world of a session. A live account that could not be read (STS does not answer) is `account:unknown`.
    pub fn of(mode: &Mode, account: Option<&str>) -> Self {
        let text = match mode {
            Mode::Live => format!("account:{}", account.unwrap_or("unknown")),
            Mode::Rehearsal { scenario, seed } => format!("rehearsal:{scenario}:{seed}"),
            Mode::Endpoint { host } => format!("endpoint:{host}"),
        };
        Self(clean(&text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_rehearsal(&self) -> bool {
        self.0.starts_with("rehearsal:")
    }

    /// The folder's name: `:` becomes `_`, every other byte that a file name should not have becomes `%XX`.
    pub fn folder(&self) -> String {
        let mut name = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => {
                    name.push(char::from(byte));
                }
                b':' => name.push('_'),
                other => write!(name, "%{other:02X}").unwrap_or_default(),
            }
        }
        name
    }
}

impl fmt::Display for WorldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_have_names_that_are_safe_as_folders() {
        let rehearsal = Mode::Rehearsal {
            scenario: "../x y_z".into(),
            seed: 7,
        };
        let world = WorldId::of(&rehearsal, Some("123456789012"));
        assert_eq!(world.as_str(), "rehearsal:../x y_z:7");
        assert_eq!(world.folder(), "rehearsal_..%2Fx%20y%5Fz_7");
        assert_eq!(WorldId::of(&Mode::Live, None).folder(), "account_unknown");
        let host = "127.0.0.1:4566".to_owned();
        assert_eq!(
            WorldId::of(&Mode::Endpoint { host }, None).folder(),
            "endpoint_127.0.0.1_4566"
        );
    }
}
