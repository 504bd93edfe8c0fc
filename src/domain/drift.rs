//! Drift: where a stack's resources are no longer as its template says, as CloudFormation found when it last looked.
//!
//! CloudFormation can't look at every type of resource: record sets, for one, are never checked (it has no reader for
//! `AWS::Route53::RecordSet`). What it did not check is unknown, not in order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::environment::Environment;
use crate::domain::observation::Observation;
use crate::domain::records_lever::{Origin, restored};
use crate::domain::stack::{Stack, StackId};

/// What CloudFormation says of a stack as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    Drifted,
    /// Everything that can be checked is as the template says.
    InSync,
    /// It looked and could not tell.
    Unknown,
    #[default]
    NotChecked,
}

impl DriftStatus {
    /// From the word of the API; a word that is new is unknown.
    pub fn parse(word: &str) -> Self {
        match word {
            "DRIFTED" => Self::Drifted,
            "IN_SYNC" => Self::InSync,
            "NOT_CHECKED" | "" => Self::NotChecked,
            _ => Self::Unknown,
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Self::Drifted => "drifted",
            Self::InSync => "in sync",
            Self::Unknown => "cannot tell",
            Self::NotChecked => "not checked",
        }
    }
}

/// What every look at a stack brings along: the result of the last detection, whoever asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCheck {
    pub status: DriftStatus,
    /// When CloudFormation looked, by its own clock.
    pub at: Option<Timestamp>,
}

/// A detection that was followed to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    pub status: DriftStatus,
    /// When CloudFormation looked, by its own clock.
    pub at: Option<Timestamp>,
    /// Why it could not look at everything.
    pub trouble: Option<String>,
    /// The resources that it looked at.
    pub resources: Vec<ResourceDrift>,
}

/// What was found of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceDrift {
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub resource_type: String,
    pub status: ResourceDriftStatus,
    pub differences: Vec<PropertyDifference>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceDriftStatus {
    InSync,
    Modified,
    Deleted,
    /// Not checked, or a word that is new.
    Unknown,
}

impl ResourceDriftStatus {
    pub fn parse(word: &str) -> Self {
        match word {
            "IN_SYNC" => Self::InSync,
            "MODIFIED" => Self::Modified,
            "DELETED" => Self::Deleted,
            _ => Self::Unknown,
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Self::InSync => "in sync",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Unknown => "cannot tell",
        }
    }
}

/// One property that is not as the template says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyDifference {
    /// For example `/HealthCheckConfig/HealthThreshold`.
    pub path: String,
    /// As the template has it; empty where it has none.
    pub expected: String,
    /// As it is; empty where it is gone.
    pub actual: String,
}

impl Detection {
    /// The resources that are not as the template says, or of which that can't be said.
    pub fn differing(&self) -> impl Iterator<Item = &ResourceDrift> {
        let all = self.resources.iter();
        all.filter(|r| r.status != ResourceDriftStatus::InSync)
    }
}

/// What is known of a stack's drift now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    pub status: DriftStatus,
    pub at: Option<Timestamp>,
    /// The stack was changed since: the answer is about an earlier version of it.
    pub outdated: bool,
    /// The differences, where we asked for the detection ourselves and nobody has asked again since.
    pub detection: Option<&'a Detection>,
}

impl Reading<'_> {
    /// Whether the stack is known to differ from its template as it is now.
    pub fn is_drifted(&self) -> bool {
        self.status == DriftStatus::Drifted && !self.outdated
    }
}

/// The newest answer about a stack.
pub fn reading<'a>(seen: &'a Observation, id: &StackId, stack: &'a Stack) -> Reading<'a> {
    let mut regions = seen.regions.iter();
    let own = regions.find_map(|(_, region)| region.drift.get(id)?.last());
    let own = own.filter(|own| own.at >= stack.drift.at);
    let (status, at) = match own {
        Some(own) => (own.status, own.at),
        None => (stack.drift.status, stack.drift.at),
    };
    Reading {
        status,
        at,
        outdated: at.is_some_and(|at| stack.updated.is_some_and(|updated| updated > at)),
        detection: own,
    }
}

/// Where the live record sets differ from the template of their stack: CloudFormation does not look at these, so they
/// are compared here. `None` where either could not be read.
pub fn records(env: &Environment, seen: &Observation) -> Option<Vec<String>> {
    let (change, origin) = restored(env, seen, None).ok()?;
    (origin == Origin::Template).then(|| change.words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures;
    use crate::domain::observation::Seen;
    use crate::domain::region::Role;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    fn detection(status: DriftStatus, when: i64) -> Detection {
        Detection {
            status,
            at: at(when),
            trouble: None,
            resources: Vec::new(),
        }
    }

    #[test]
    fn the_newest_answer_counts_and_an_update_outdates_it() {
        let table = [
            // our own detection, the last check by anybody, the last update; status, outdated, with differences
            (None, None, 5, DriftStatus::NotChecked, false, false),
            (None, Some(9), 5, DriftStatus::InSync, false, false),
            (None, Some(9), 12, DriftStatus::InSync, true, false),
            (Some(9), Some(9), 5, DriftStatus::Drifted, false, true),
            (Some(9), None, 5, DriftStatus::Drifted, false, true),
            (Some(9), None, 12, DriftStatus::Drifted, true, true),
            (Some(9), Some(10), 5, DriftStatus::InSync, false, false),
        ];
        for (own, anybody, updated, status, outdated, detailed) in table {
            let mut model = fixtures::steady();
            let id = StackId("standby".into());
            if let Some(own) = own {
                let found = detection(DriftStatus::Drifted, own);
                fixtures::see(
                    &mut model,
                    Seen::Drift(Role::Standby, id.clone(), Ok(found)),
                );
            }
            let mut stack = model.seen.stack(&id).unwrap().clone();
            stack.updated = at(updated);
            if let Some(anybody) = anybody {
                stack.drift = LastCheck {
                    status: DriftStatus::InSync,
                    at: at(anybody),
                };
            }
            let read = reading(&model.seen, &id, &stack);
            let told = (read.status, read.outdated, read.detection.is_some());
            assert_eq!(
                told,
                (status, outdated, detailed),
                "{own:?} {anybody:?} {updated}"
            );
        }
    }

    #[test]
    fn words_that_are_new_are_unknown() {
        assert_eq!(DriftStatus::parse("SIDEWAYS"), DriftStatus::Unknown);
        let resource = ResourceDriftStatus::parse("UNSUPPORTED");
        assert_eq!(resource, ResourceDriftStatus::Unknown);
    }
}
