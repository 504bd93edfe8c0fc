//! Rules on databases that follow another region's, and on what promotes them.

use serde_json::Value;

use super::context::{Resource, Unit};
use super::value::referred;
use super::{Context, Found, Rule};
use crate::domain::region::Role;

const MACHINE: &str = "AWS::StepFunctions::StateMachine";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB508",
        title: "the secondary of a global database has no credentials and no name of its own",
        source: "RDS refuses them, at deployment only (facts/aws.md §4.1)",
        look: secondaries,
    },
    Rule {
        id: "SB509",
        title: "a promotion starts in the standby, by an alarm that is there",
        source: "a trigger in the primary dies with it",
        look: promotions,
    },
];

/// Clusters that join a global database which another stack makes.
fn secondaries(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for cluster in context.of_type("AWS::RDS::DBCluster") {
        let made_here = |r: Resource<'_>| r.kind == "AWS::RDS::GlobalCluster";
        let joins = !cluster.values("GlobalClusterIdentifier").is_empty();
        if !joins || cluster.unit.resources().any(made_here) {
            continue;
        }
        for name in ["MasterUsername", "MasterUserPassword", "DatabaseName"] {
            if !cluster.values(name).is_empty() {
                found.push((
                    cluster.at(name),
                    "comes from the primary cluster: it must not be here".to_owned(),
                ));
            }
        }
    }
    found
}

fn promotions(context: &Context<'_>) -> Vec<Found> {
    if context.bundle.manifest.traffic.promotion.is_none() {
        return Vec::new();
    }
    let mut found: Vec<Found> = context
        .of_type(MACHINE)
        .filter(|machine| machine.unit.role == Role::Primary)
        .map(|machine| {
            let reason = "is in the primary, which may be dead when it is needed";
            (machine.path(), reason.to_owned())
        })
        .collect();
    let triggered = |unit: &Unit<'_>| unit.role == Role::Standby && starts_by_alarm(unit);
    if !context.units.iter().any(triggered) {
        found.push((
            "bundle.json: traffic.promotion".to_owned(),
            "no rule of the standby starts a state machine when an alarm of its stack changes"
                .to_owned(),
        ));
    }
    found
}

/// Whether a rule of this stack hears an alarm of this stack and starts a state machine of this stack.
fn starts_by_alarm(unit: &Unit<'_>) -> bool {
    let is = |value: &Value, kind: &str| {
        let id = referred(value).map(|(id, _)| id);
        id.and_then(|id| unit.resource(id))
            .is_some_and(|resource| resource.kind == kind)
    };
    let any = |list: Option<&Value>, holds: &dyn Fn(&Value) -> bool| {
        list.and_then(Value::as_array)
            .is_some_and(|items| items.iter().any(holds))
    };
    unit.resources()
        .filter(|resource| resource.kind == "AWS::Events::Rule")
        .any(|rule| {
            any(rule.property("EventPattern.detail.alarmName"), &|name| {
                is(name, "AWS::CloudWatch::Alarm")
            }) && any(rule.property("Targets"), &|target| {
                target.get("Arn").is_some_and(|arn| is(arn, MACHINE))
            })
        })
}
