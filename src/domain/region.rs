//! Regions, the roles they have by design, and values that exist once per role.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an AWS region, for example `us-west-2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegionId(String);

/// Why a text is not a pair of regions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    #[error("`{0}` is not a region name (expected something like us-west-2)")]
    NotARegion(String),
    #[error("primary and standby are both {0}: a failover needs two different regions")]
    SameTwice(RegionId),
}

impl RegionId {
    /// Parses a region name: lower-case words joined by hyphens, a number last.
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let parts: Vec<&str> = text.split('-').collect();
        let words = parts.len().saturating_sub(1);
        let good = (3..=5).contains(&parts.len())
            && parts
                .iter()
                .take(words)
                .all(|p| p.len() >= 2 && p.bytes().all(|b| b.is_ascii_lowercase()))
            && parts.last().is_some_and(|p| {
                p.len() <= 2 && !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit())
            });
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(RegionError::NotARegion(text.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RegionId {
    type Error = RegionError;
    fn try_from(text: String) -> Result<Self, RegionError> {
        Self::parse(&text)
    }
}

impl From<RegionId> for String {
    fn from(region: RegionId) -> Self {
        region.0
    }
}

/// What a region is by design; which one *serves* is an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Primary,
    Standby,
}

impl Role {
    pub const BOTH: [Self; 2] = [Self::Primary, Self::Standby];

    pub const fn other(self) -> Self {
        match self {
            Self::Primary => Self::Standby,
            Self::Standby => Self::Primary,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One value per role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerRole<T> {
    pub primary: T,
    pub standby: T,
}

impl<T> PerRole<T> {
    pub fn from_fn(mut make: impl FnMut(Role) -> T) -> Self {
        Self {
            primary: make(Role::Primary),
            standby: make(Role::Standby),
        }
    }

    pub const fn get(&self, role: Role) -> &T {
        match role {
            Role::Primary => &self.primary,
            Role::Standby => &self.standby,
        }
    }

    pub const fn get_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Primary => &mut self.primary,
            Role::Standby => &mut self.standby,
        }
    }

    pub fn map<U>(self, mut f: impl FnMut(Role, T) -> U) -> PerRole<U> {
        PerRole {
            primary: f(Role::Primary, self.primary),
            standby: f(Role::Standby, self.standby),
        }
    }

    pub const fn as_ref(&self) -> PerRole<&T> {
        PerRole {
            primary: &self.primary,
            standby: &self.standby,
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Role, &T)> {
        [
            (Role::Primary, &self.primary),
            (Role::Standby, &self.standby),
        ]
        .into_iter()
    }
}

/// Two different regions, one per role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PerRole<RegionId>", into = "PerRole<RegionId>")]
pub struct RegionPair(PerRole<RegionId>);

impl RegionPair {
    pub fn new(primary: RegionId, standby: RegionId) -> Result<Self, RegionError> {
        if primary == standby {
            return Err(RegionError::SameTwice(primary));
        }
        Ok(Self(PerRole { primary, standby }))
    }

    pub const fn get(&self, role: Role) -> &RegionId {
        self.0.get(role)
    }

    pub fn role_of(&self, region: &str) -> Option<Role> {
        Role::BOTH
            .into_iter()
            .find(|role| self.get(*role).as_str() == region)
    }
}

impl TryFrom<PerRole<RegionId>> for RegionPair {
    type Error = RegionError;
    fn try_from(pair: PerRole<RegionId>) -> Result<Self, RegionError> {
        Self::new(pair.primary, pair.standby)
    }
}

impl From<RegionPair> for PerRole<RegionId> {
    fn from(pair: RegionPair) -> Self {
        pair.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_names_are_checked() {
        for good in [
            "us-east-1",
            "ap-southeast-2",
            "us-gov-west-1",
            "me-central-1",
        ] {
            assert_eq!(RegionId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "us-east",
            "US-east-1",
            "us-east-1a",
            "us_east_1",
            "-east-1",
            "us-east-\u{1b}[1",
        ] {
            assert_eq!(
                RegionId::parse(bad),
                Err(RegionError::NotARegion(bad.to_owned()))
            );
        }
    }

    #[test]
    fn a_region_given_twice_is_no_pair() {
        let one = RegionId::parse("us-east-1").unwrap();
        assert_eq!(
            RegionPair::new(one.clone(), one.clone()),
            Err(RegionError::SameTwice(one))
        );
    }
}
