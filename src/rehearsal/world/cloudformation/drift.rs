//! Drift detection: a stack's resources against what its template says they are.
//!
//! What can differ here: health checks (the force lever and whoever else changes one by hand) and what the fault `drift`
//! changes. As on AWS, types without a reader are not checked: record sets, custom resources, `StackSet`s.

use jiff::Timestamp;
use serde_json::Value;

use crate::bundle::template::text_of;
use crate::domain::drift::{
    DriftStatus, LastCheck, PropertyDifference, ResourceDrift, ResourceDriftStatus,
};
use crate::domain::health::{CheckId, CheckTarget, HealthCheck};
use crate::rehearsal::faults::{ApiError, Fault};
use crate::rehearsal::world::World;
use crate::rehearsal::world::agenda::Event;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudformation::record::{ResourceRecord, StackKey, StackRecord};

/// A detection as `DescribeStackDriftDetectionStatus` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectionView {
    pub id: String,
    pub stack_arn: String,
    /// Not there while it runs.
    pub status: Option<DriftStatus>,
    pub drifted: usize,
    /// When it began; when it ended, once it has.
    pub at: Timestamp,
}

/// A checked resource as `DescribeStackResourceDrifts` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftView {
    pub drift: ResourceDrift,
    pub at: Timestamp,
    /// Properties as JSON.
    pub expected: String,
    pub actual: String,
}

/// The detections of a stack.
#[derive(Clone, Debug, Default)]
pub(in crate::rehearsal::world) struct DriftRecord {
    /// Oldest first; the last one may still run.
    detections: Vec<DetectionView>,
    /// What the last finished one found.
    found: Vec<DriftView>,
}

/// How many detections of a stack are remembered.
const MOST: usize = 50;

impl DriftRecord {
    /// What `DescribeStacks` says.
    pub(in crate::rehearsal::world) fn last_check(&self) -> LastCheck {
        let mut done = self.detections.iter().rev();
        let last = done.find_map(|d| Some((d.status?, d.at)));
        last.map_or_else(LastCheck::default, |(status, at)| LastCheck {
            status,
            at: Some(at),
        })
    }

    fn is_running(&self) -> bool {
        self.detections.last().is_some_and(|d| d.status.is_none())
    }
}

impl World {
    /// Begins a detection; returns its id.
    pub fn detect_stack_drift(&mut self, region: &str, name: &str) -> Result<String, ApiError> {
        let stack = self.found(region, name)?;
        if stack.is_busy() || stack.current.is_none() || stack.is_deleted() {
            let why = format!(
                "Drift detection cannot be performed on stack [{}] in the state {}",
                stack.arn, stack.status
            );
            return Err(ApiError::validation(why));
        }
        if stack.drift.is_running() {
            let why = format!(
                "Drift detection is already in progress for stack [{}]",
                stack.arn
            );
            return Err(ApiError::validation(why));
        }
        let (key, resources) = (StackKey::new(region, &stack.arn), stack.resources.len());
        let now = self.now();
        let serial = self.next_serial();
        let id = self.chance.uuid(&format!("drift-{serial}"));
        // about ten seconds, and half a second for each resource
        let seconds = 10 + u64::try_from(resources).unwrap_or(0) / 2;
        let due = later(now, self.chance.about(&id, seconds));
        let event = Event::DriftDetected(key.clone());
        self.agenda.push(due, event);
        if let Some(stack) = self.stack_at_mut(&key) {
            let detections = &mut stack.drift.detections;
            if detections.len() >= MOST {
                detections.remove(0);
            }
            detections.push(DetectionView {
                id: id.clone(),
                stack_arn: key.arn,
                status: None,
                drifted: 0,
                at: now,
            });
        }
        Ok(id)
    }

    pub fn drift_detection(&self, region: &str, id: &str) -> Result<DetectionView, ApiError> {
        let stacks = self.region(region).into_iter().flat_map(|r| &r.stacks);
        let mut all = stacks.flat_map(|s| &s.drift.detections);
        let found = all.find(|d| d.id == id).cloned();
        found.ok_or_else(|| {
            ApiError::validation(format!("Drift detection with id {id} does not exist"))
        })
    }

    /// What the last finished detection of a stack looked at.
    pub fn resource_drifts(&self, region: &str, name: &str) -> Result<Vec<DriftView>, ApiError> {
        Ok(self.found(region, name)?.drift.found.clone())
    }

    /// A detection's time is up.
    pub(in crate::rehearsal::world) fn drift_detected(&mut self, key: &StackKey) {
        let now = self.now();
        let Some(stack) = self.stack_at(key) else {
            return;
        };
        let found: Vec<DriftView> = stack
            .resources
            .values()
            .filter(|r| r.alive && is_checked(&r.kind))
            .map(|r| self.look_at(stack, r, now))
            .collect();
        let differs = |d: &&DriftView| d.drift.status != ResourceDriftStatus::InSync;
        let drifted = found.iter().filter(differs).count();
        let Some(stack) = self.stack_at_mut(key) else {
            return;
        };
        let running = stack.drift.detections.last_mut();
        if let Some(detection) = running.filter(|d| d.status.is_none()) {
            detection.status = Some(if drifted == 0 {
                DriftStatus::InSync
            } else {
                DriftStatus::Drifted
            });
            detection.drifted = drifted;
            detection.at = now;
            stack.drift.found = found;
        }
    }

    fn look_at(&self, stack: &StackRecord, resource: &ResourceRecord, now: Timestamp) -> DriftView {
        let mut actual = resource.properties.clone();
        let gone = self.is_gone(resource);
        let mut differences = self.of_check(resource, &mut actual);
        if self.is_injected(stack, resource) {
            differences.extend(changed(&mut actual));
        }
        let status = match (gone, differences.is_empty()) {
            (true, _) => ResourceDriftStatus::Deleted,
            (false, true) => ResourceDriftStatus::InSync,
            (false, false) => ResourceDriftStatus::Modified,
        };
        DriftView {
            drift: ResourceDrift {
                logical_id: resource.logical_id.clone(),
                physical_id: Some(resource.physical_id.clone()),
                resource_type: resource.kind.clone(),
                status,
                differences: if gone { Vec::new() } else { differences },
            },
            at: now,
            expected: resource.properties.to_string(),
            actual: if gone {
                String::new()
            } else {
                actual.to_string()
            },
        }
    }

    /// Whether somebody has deleted it by hand.
    fn is_gone(&self, resource: &ResourceRecord) -> bool {
        let id = &resource.physical_id;
        match resource.kind.as_str() {
            "AWS::Route53::HealthCheck" => {
                !self.route53.checks.contains_key(&CheckId(id.to_owned()))
            }
            "AWS::Route53::HostedZone" => !self.route53.zones.contains_key(id),
            _ => false,
        }
    }

    fn of_check(&self, resource: &ResourceRecord, actual: &mut Value) -> Vec<PropertyDifference> {
        let id = CheckId(resource.physical_id.clone());
        let live = self.route53.checks.get(&id).map(|c| &c.view.check);
        let is_check = resource.kind == "AWS::Route53::HealthCheck";
        let Some(live) = live.filter(|_| is_check) else {
            return Vec::new();
        };
        let Some(config) = actual.get_mut("HealthCheckConfig") else {
            return Vec::new();
        };
        let mut differences = Vec::new();
        for (name, is) in now_in(live) {
            // only what the template says is looked at
            let Some(value) = config.get_mut(name) else {
                continue;
            };
            let ought = text_of(Some(value)).unwrap_or_default();
            if ought != is {
                *value = Value::String(is.clone());
                differences.push(PropertyDifference {
                    path: format!("/HealthCheckConfig/{name}"),
                    expected: ought,
                    actual: is,
                });
            }
        }
        differences
    }

    /// Whether the fault `drift` has changed the resource: the first of its type in the stacks of the role.
    fn is_injected(&self, stack: &StackRecord, resource: &ResourceRecord) -> bool {
        self.has(|fault| match fault {
            Fault::Drift {
                region,
                resource_type,
            } => {
                *resource_type == resource.kind
                    && self.first_of(*region, resource_type)
                        == Some((stack.arn.as_str(), resource.logical_id.as_str()))
            }
            _ => false,
        })
    }

    fn first_of(&self, role: crate::domain::region::Role, kind: &str) -> Option<(&str, &str)> {
        let specs = self.setup.environment.stacks_of(role);
        let mut stacks = specs.filter_map(|spec| self.stack_of(spec));
        stacks.find_map(|stack| {
            let mut all = stack.resources.values();
            let first = all.find(|r| r.alive && r.kind == kind)?;
            Some((stack.arn.as_str(), first.logical_id.as_str()))
        })
    }
}

/// Types that CloudFormation has no reader for are not checked (AWS: "Resource type support"; record sets: coverage
/// roadmap 1681 and 2265, open).
fn is_checked(kind: &str) -> bool {
    let unread = [
        "AWS::Route53::RecordSet",
        "AWS::Route53::RecordSetGroup",
        "AWS::CloudFormation::CustomResource",
        "AWS::CloudFormation::StackSet",
    ];
    !unread.contains(&kind) && !kind.starts_with("Custom::")
}

/// What can be changed of a check by hand, as it is.
fn now_in(check: &HealthCheck) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("Inverted", check.inverted.to_string()),
        ("Disabled", check.disabled.to_string()),
    ];
    match &check.target {
        CheckTarget::Calculated { threshold, .. } => {
            all.push(("HealthThreshold", threshold.to_string()));
        }
        CheckTarget::Endpoint {
            failure_threshold, ..
        } => all.push(("FailureThreshold", failure_threshold.to_string())),
        CheckTarget::Metric { .. } | CheckTarget::Other(_) => {}
    }
    all
}

/// Changes one property as a hand would: the first number, else the first flag.
fn changed(properties: &mut Value) -> Option<PropertyDifference> {
    let by_number = |value: &Value| {
        let number: i64 = text_of(Some(value))?.parse().ok()?;
        Some(Value::from(number.saturating_add(1)))
    };
    let by_flag = |value: &Value| {
        let flag: bool = text_of(Some(value))?.parse().ok()?;
        Some(Value::from(!flag))
    };
    change_first(properties, "", &by_number)
        .or_else(|| change_first(properties, "", &by_flag))
        .or_else(|| {
            change_first(properties, "", &|value| {
                value
                    .as_str()
                    .map(|text| Value::from(format!("{text} (by hand)")))
            })
        })
}

fn change_first(
    value: &mut Value,
    path: &str,
    other: &dyn Fn(&Value) -> Option<Value>,
) -> Option<PropertyDifference> {
    match value {
        Value::Object(map) => map
            .iter_mut()
            .find_map(|(key, inner)| change_first(inner, &format!("{path}/{key}"), other)),
        Value::Array(items) => {
            let mut all = items.iter_mut().enumerate();
            all.find_map(|(index, inner)| change_first(inner, &format!("{path}/{index}"), other))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let new = other(value)?;
            let difference = PropertyDifference {
                path: path.to_owned(),
                expected: text_of(Some(value)).unwrap_or_default(),
                actual: text_of(Some(&new)).unwrap_or_default(),
            };
            *value = new;
            Some(difference)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hand_changes_the_first_number_else_the_first_flag() {
        let mut queue = json!({"QueueName": "q", "VisibilityTimeout": "30", "Tags": []});
        let told = changed(&mut queue).unwrap();
        assert_eq!(
            (
                told.path.as_str(),
                told.expected.as_str(),
                told.actual.as_str()
            ),
            ("/VisibilityTimeout", "30", "31")
        );
        let mut bucket = json!({"BucketName": "b", "Inner": {"Block": true}});
        assert_eq!(changed(&mut bucket).unwrap().path, "/Inner/Block");
        assert_eq!(bucket["Inner"]["Block"], false);
        assert_eq!(
            changed(&mut json!({"Name": "n"})).unwrap().actual,
            "n (by hand)"
        );
        assert_eq!(changed(&mut json!({})), None);
    }

    #[test]
    fn record_sets_are_not_checked_as_on_aws() {
        assert!(!is_checked("AWS::Route53::RecordSet"));
        assert!(!is_checked("Custom::Emptier"));
        assert!(is_checked("AWS::Route53::HealthCheck"));
    }
}
