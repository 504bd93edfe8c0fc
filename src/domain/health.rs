//! Route 53 health checks: what they watch and what they say.
//!
//! Semantics: facts/aws.md §1.3 and §1.5.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a Route 53 health check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckId(pub String);

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A check's configuration as `ListHealthChecks` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    pub id: CheckId,
    /// Sent back with a change, so that a change by somebody else is noticed.
    pub version: i64,
    pub target: CheckTarget,
    pub inverted: bool,
    /// A disabled check counts as healthy before inversion.
    pub disabled: bool,
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckTarget {
    Endpoint {
        kind: String,
        host: String,
        port: Option<i32>,
        path: String,
        interval_seconds: i32,
        failure_threshold: i32,
    },
    /// Healthy while at least `threshold` of the children are.
    Calculated {
        children: Vec<CheckId>,
        threshold: i32,
    },
    /// Follows the data behind an alarm, not the alarm's state.
    Metric {
        alarm: String,
        region: String,
        insufficient_data: InsufficientData,
    },
    /// A kind that this version does not know.
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InsufficientData {
    Healthy,
    Unhealthy,
    LastKnownStatus,
}

impl InsufficientData {
    /// The raw health of a metric check: by its data, or where a period has none, by this policy. `last` is the raw
    /// health before the data ended; a check that never had any is healthy (Route 53 Developer Guide, "How Route 53
    /// determines the status of health checks that monitor CloudWatch alarms"; facts/aws.md §1.3).
    pub fn health(self, breaching: Option<bool>, last: Option<Health>) -> Health {
        match (breaching, self) {
            (Some(breaching), _) => Health::from_bool(!breaching),
            (None, Self::Healthy) => Health::Healthy,
            (None, Self::Unhealthy) => Health::Unhealthy,
            (None, Self::LastKnownStatus) => last.unwrap_or(Health::Healthy),
        }
    }
}

/// What a check says; unknown where it can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Healthy,
    Unhealthy,
    Unknown,
}

impl Health {
    pub const fn inverted(self) -> Self {
        match self {
            Self::Healthy => Self::Unhealthy,
            Self::Unhealthy => Self::Healthy,
            Self::Unknown => Self::Unknown,
        }
    }

    pub const fn from_bool(healthy: bool) -> Self {
        if healthy {
            Self::Healthy
        } else {
            Self::Unhealthy
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }
}

/// What the checkers of an endpoint check report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckerCount {
    pub succeeding: u32,
    pub total: u32,
    /// One checker's words, preferably a failing one's.
    pub detail: Option<String>,
}

impl CheckerCount {
    /// Healthy if more than 18 % of the checkers succeed (Route 53 Developer Guide, "How Amazon Route 53
    /// determines whether a health check is healthy"). `inverted` is not applied here.
    pub const fn health(&self) -> Health {
        if self.total == 0 {
            return Health::Unknown;
        }
        Health::from_bool(self.succeeding as u64 * 100 > self.total as u64 * 18)
    }
}

/// Every check of an environment by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthChecks(pub BTreeMap<CheckId, HealthCheck>);

impl HealthChecks {
    pub fn get(&self, id: &CheckId) -> Option<&HealthCheck> {
        self.0.get(id)
    }

    /// A check's health. `leaf` gives the raw health (before inversion) of endpoint and metric checks.
    ///
    /// A check that is not known is unknown. A disabled one has stopped looking and counts as healthy, whatever its
    /// kind; inversion still applies to that (API reference, `HealthCheckConfig.Disabled`: to stop traffic to the
    /// resource of a disabled check, change `Inverted`). The depth is bounded: Route 53 allows no calculated check
    /// among the children of a calculated check, and a longer chain here is unknown.
    pub fn health(&self, id: &CheckId, leaf: &dyn Fn(&HealthCheck) -> Health) -> Health {
        self.health_at(id, leaf, 0)
    }

    fn health_at(&self, id: &CheckId, leaf: &dyn Fn(&HealthCheck) -> Health, depth: u8) -> Health {
        let Some(check) = self.get(id) else {
            return Health::Unknown;
        };
        if depth > 4 {
            return Health::Unknown;
        }
        let raw = match &check.target {
            _ if check.disabled => Health::Healthy,
            CheckTarget::Calculated {
                children,
                threshold,
            } => at_least(
                children
                    .iter()
                    .map(|child| self.health_at(child, leaf, depth + 1)),
                *threshold,
            ),
            CheckTarget::Endpoint { .. } | CheckTarget::Metric { .. } | CheckTarget::Other(_) => {
                leaf(check)
            }
        };
        if check.inverted { raw.inverted() } else { raw }
    }
}

/// Whether at least `threshold` of the children are healthy; a threshold above their number never is, zero always.
fn at_least(children: impl Iterator<Item = Health>, threshold: i32) -> Health {
    let (mut healthy, mut possible) = (0, 0);
    for child in children {
        match child {
            Health::Healthy => {
                healthy += 1;
                possible += 1;
            }
            Health::Unknown => possible += 1,
            Health::Unhealthy => {}
        }
    }
    if healthy >= threshold {
        Health::Healthy
    } else if possible < threshold {
        Health::Unhealthy
    } else {
        Health::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, target: CheckTarget) -> (CheckId, HealthCheck) {
        let id = CheckId(id.into());
        (
            id.clone(),
            HealthCheck {
                id,
                version: 1,
                target,
                inverted: false,
                disabled: false,
                name: None,
            },
        )
    }

    fn calculated(threshold: i32) -> HealthChecks {
        let children = ["p", "lever", "door"].map(|c| CheckId(c.into())).to_vec();
        let leaf = |id: &str| check(id, CheckTarget::Other("TEST".into()));
        let all = check(
            "ok",
            CheckTarget::Calculated {
                children,
                threshold,
            },
        );
        HealthChecks([leaf("p"), leaf("lever"), leaf("door"), all].into())
    }

    fn ok(checks: &HealthChecks, p: Health, lever: Health) -> Health {
        checks.health(&CheckId("ok".into()), &|c| match c.id.0.as_str() {
            "p" => p,
            "lever" => lever,
            _ => Health::Healthy,
        })
    }

    #[test]
    fn a_calculated_check_needs_its_threshold() {
        let all = calculated(3);
        assert_eq!(ok(&all, Health::Healthy, Health::Healthy), Health::Healthy);
        assert_eq!(
            ok(&all, Health::Healthy, Health::Unhealthy),
            Health::Unhealthy
        );
        assert_eq!(
            ok(&all, Health::Unknown, Health::Unhealthy),
            Health::Unhealthy
        );
        assert_eq!(ok(&all, Health::Unknown, Health::Healthy), Health::Unknown);
    }

    #[test]
    fn forcing_works_whatever_the_children_say() {
        assert_eq!(
            ok(&calculated(4), Health::Healthy, Health::Healthy),
            Health::Unhealthy
        );
        assert_eq!(
            ok(&calculated(0), Health::Unhealthy, Health::Unhealthy),
            Health::Healthy
        );
    }

    #[test]
    fn disabled_is_healthy_and_inverted_is_the_opposite() {
        let mut checks = calculated(3);
        checks.0.get_mut(&CheckId("p".into())).unwrap().disabled = true;
        assert_eq!(
            ok(&checks, Health::Unhealthy, Health::Healthy),
            Health::Healthy
        );
        checks.0.get_mut(&CheckId("lever".into())).unwrap().inverted = true;
        assert_eq!(
            ok(&checks, Health::Healthy, Health::Healthy),
            Health::Unhealthy
        );
        checks.0.get_mut(&CheckId("p".into())).unwrap().inverted = true;
        assert_eq!(
            ok(&checks, Health::Healthy, Health::Unhealthy),
            Health::Unhealthy,
            "disabled and inverted: always unhealthy"
        );
        let mut checks = calculated(4);
        checks.0.get_mut(&CheckId("ok".into())).unwrap().disabled = true;
        assert_eq!(
            ok(&checks, Health::Unhealthy, Health::Unhealthy),
            Health::Healthy,
            "a disabled calculated check no longer asks its children"
        );
    }

    #[test]
    fn a_metric_check_follows_its_data_and_without_any_its_policy() {
        use InsufficientData::{Healthy, LastKnownStatus, Unhealthy};
        for policy in [Healthy, Unhealthy, LastKnownStatus] {
            assert_eq!(policy.health(Some(true), None), Health::Unhealthy);
            assert_eq!(policy.health(Some(false), None), Health::Healthy);
        }
        let red = Some(Health::Unhealthy);
        assert_eq!(Healthy.health(None, red), Health::Healthy);
        assert_eq!(Unhealthy.health(None, None), Health::Unhealthy);
        assert_eq!(LastKnownStatus.health(None, red), Health::Unhealthy);
        assert_eq!(LastKnownStatus.health(None, None), Health::Healthy);
    }

    #[test]
    fn a_check_that_is_not_listed_or_lies_too_deep_is_unknown() {
        let circle = check(
            "ok",
            CheckTarget::Calculated {
                children: vec![CheckId("ok".into())],
                threshold: 1,
            },
        );
        let checks = HealthChecks([circle].into());
        assert_eq!(
            ok(&checks, Health::Healthy, Health::Healthy),
            Health::Unknown
        );
        assert_eq!(
            ok(&HealthChecks::default(), Health::Healthy, Health::Healthy),
            Health::Unknown
        );
    }

    #[test]
    fn more_than_eighteen_percent_of_the_checkers_decide() {
        let count = |succeeding, total| {
            CheckerCount {
                succeeding,
                total,
                detail: None,
            }
            .health()
        };
        assert_eq!(count(3, 16), Health::Healthy);
        assert_eq!(count(2, 16), Health::Unhealthy);
        assert_eq!(count(18, 100), Health::Unhealthy);
        assert_eq!(count(0, 0), Health::Unknown);
    }
}
