//! Rules on alarms: each watches a metric that exists, where it exists, and tells somebody.

use serde_json::Value;

use super::agreement::{resolved, sets_in_words};
use super::context::{Resource, Unit};
use super::names::names_something;
use super::tables::{Dimensions, dimensions};
use super::value::{number, referred, text};
use super::{Context, Found, Rule};
use crate::bundle::manifest::Lever;
use crate::domain::lever::metric;
use crate::domain::region::Role;

const ALARM: &str = "AWS::CloudWatch::Alarm";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB401",
        title: "an alarm watches a metric with dimensions that it has",
        source: "a wrong dimension is INSUFFICIENT_DATA for ever; cfn-lint accepts it (observed)",
        look: alarm_dimensions,
    },
    Rule {
        id: "SB402",
        title: "S3 replication lag is watched where the objects arrive",
        source: "S3 publishes lag and pending counts in the destination's region, failures in the source's",
        look: s3_side,
    },
    Rule {
        id: "SB403",
        title: "AWS/Route53 metrics are watched in us-east-1 only",
        source: "they exist nowhere else",
        look: route53_side,
    },
    Rule {
        id: "SB404",
        title: "the alarm behind the metric lever has the shape that Route 53 can copy",
        source: "Route 53 evaluates its own copy: no metric math, no M of N, no percentile (facts/aws.md §1.3)",
        look: lever_shape,
    },
    Rule {
        id: "SB405",
        title: "an alarm tells a topic of its own region",
        source: "CloudWatch refuses topics of another region",
        look: topics,
    },
    Rule {
        id: "SB406",
        title: "an alarm says what silence means",
        source: "the default, missing, hides a dead source",
        look: silence,
    },
    Rule {
        id: "SB407",
        title: "an alarm's dimension names a resource of its region",
        source: "a name that nobody has is INSUFFICIENT_DATA for ever",
        look: alarm_names,
    },
    Rule {
        id: "SB408",
        title: "an encrypted topic's key lets CloudWatch in",
        source: "alarms publish nothing, and say nothing, where the key's policy does not name CloudWatch",
        look: topic_keys,
    },
];

/// A metric that an alarm watches: namespace, name, dimensions.
struct Watched<'a> {
    namespace: String,
    metric: String,
    dimensions: Vec<(&'a str, &'a Value)>,
}

fn watched<'a>(alarm: &Resource<'a>) -> Vec<Watched<'a>> {
    let own = alarm.value.get("Properties").into_iter();
    let inner = alarm.property("Metrics").and_then(Value::as_array);
    let inner = inner
        .into_iter()
        .flatten()
        .filter_map(|query| query.pointer("/MetricStat/Metric"));
    own.chain(inner)
        .filter_map(|metric| {
            let dimensions = metric.get("Dimensions").and_then(Value::as_array);
            Some(Watched {
                namespace: metric.get("Namespace")?.as_str()?.to_owned(),
                metric: metric.get("MetricName")?.as_str()?.to_owned(),
                dimensions: dimensions
                    .into_iter()
                    .flatten()
                    .filter_map(|d| Some((d.get("Name")?.as_str()?, d.get("Value")?)))
                    .collect(),
            })
        })
        .collect()
}

fn alarm_dimensions(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for alarm in context.of_type(ALARM) {
        for watched in watched(&alarm) {
            if let Err(reason) = dimensions_fit(&alarm, &watched) {
                found.push((alarm.at("Dimensions"), reason));
            }
        }
    }
    found
}

fn dimensions_fit(alarm: &Resource<'_>, watched: &Watched<'_>) -> Result<(), String> {
    let mut names: Vec<&str> = watched.dimensions.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    match dimensions(&watched.namespace, &watched.metric) {
        Dimensions::NoSuchMetric => {
            return Err(format!(
                "{} has no metric {}",
                watched.namespace, watched.metric
            ));
        }
        Dimensions::OneOf(sets) if !sets.contains(&names.as_slice()) => {
            let sets = sets_in_words(sets);
            return Err(format!("{} is published with {sets}", watched.metric));
        }
        Dimensions::OneOf(_) | Dimensions::Unknown => {}
    }
    // Only Step Functions name their metrics by ARN; elsewhere an ARN is data that never comes.
    let arn = |value: &Value| {
        let attribute = referred(value).and_then(|(_, attribute)| attribute);
        let texts = alarm.unit.possible(value);
        attribute.is_some_and(|name| name.ends_with("Arn"))
            || texts.iter().filter_map(text).any(|t| t.starts_with("arn:"))
    };
    match watched.dimensions.iter().find(|(_, value)| arn(value)) {
        Some((name, _)) if *name != "StateMachineArn" => Err(format!("{name} is an ARN")),
        _ => Ok(()),
    }
}

fn alarm_names(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for alarm in context.of_type(ALARM) {
        let watched = watched(&alarm);
        for (dimension, value) in watched.iter().flat_map(|w| &w.dimensions) {
            let texts = alarm.unit.possible(value);
            let role = alarm.unit.role;
            let unknown = texts
                .iter()
                .filter_map(text)
                .find(|name| !names_something(context, role, dimension, name));
            if let Some(name) = unknown {
                found.push((
                    alarm.at("Dimensions"),
                    format!("nothing in the {role} region is called `{name}`"),
                ));
            }
        }
    }
    found
}

fn s3_side(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for alarm in context.of_type(ALARM) {
        for watched in watched(&alarm).iter().filter(|w| w.namespace == "AWS/S3") {
            let wanted = match watched.metric.as_str() {
                "ReplicationLatency"
                | "BytesPendingReplication"
                | "OperationsPendingReplication" => Role::Standby,
                "OperationsFailedReplication" => Role::Primary,
                _ => continue,
            };
            if alarm.unit.role != wanted {
                found.push((
                    alarm.path(),
                    format!(
                        "{} is published in the {wanted} region, this stack is in the {} one",
                        watched.metric, alarm.unit.role
                    ),
                ));
            }
        }
    }
    found
}

fn route53_side(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for alarm in context.of_type(ALARM) {
        let needs_it = watched(&alarm).iter().any(|w| w.namespace == "AWS/Route53");
        if needs_it && exists_elsewhere(&alarm) {
            found.push((
                alarm.path(),
                "needs a condition that is false outside us-east-1".to_owned(),
            ));
        }
    }
    found
}

/// Whether the resource would also be made if the stack were in some other region.
fn exists_elsewhere(resource: &Resource<'_>) -> bool {
    let unit = resource.unit;
    let elsewhere = Unit {
        place: unit.place.clone(),
        tree: unit.tree.clone(),
        stack: unit.stack,
        role: unit.role,
        region: "eu-central-1".into(),
        fixed: unit.fixed.clone(),
        open: unit.open.clone(),
        passed: unit.passed.clone(),
    };
    elsewhere.may_exist(resource.value)
}

fn lever_shape(context: &Context<'_>) -> Vec<Found> {
    let traffic = &context.bundle.manifest.traffic;
    let mut found = Vec::new();
    for (index, lever) in traffic.levers.iter().enumerate() {
        let Lever::Metric {
            namespace,
            alarm,
            role,
            ..
        } = lever
        else {
            continue;
        };
        let name = resolved(context, alarm);
        let mut alarms = context.of_type(ALARM).filter(|a| a.unit.role == *role);
        match alarms.find(|a| a.may_be("AlarmName", &name)) {
            Some(alarm) => found.extend(shape_problems(&alarm, namespace)),
            None => found.push((
                format!("bundle.json: traffic.levers[{index}].alarm"),
                format!("no alarm of the {role} is called `{alarm}`"),
            )),
        }
    }
    found
}

fn shape_problems(alarm: &Resource<'_>, namespace: &str) -> Vec<Found> {
    let texts = [
        ("Namespace", namespace),
        ("MetricName", metric::ENGAGED),
        ("Statistic", "Maximum"),
        ("ComparisonOperator", "GreaterThanOrEqualToThreshold"),
        ("TreatMissingData", "ignore"),
    ];
    let numbers = [
        ("Period", 60.0),
        ("EvaluationPeriods", 1.0),
        ("Threshold", 1.0),
    ];
    let absent = ["Metrics", "ExtendedStatistic", "Unit", "ThresholdMetricId"];
    let mut found: Vec<Found> = texts
        .iter()
        .filter(|(name, wanted)| alarm.texts(name) != [*wanted])
        .map(|(name, wanted)| (alarm.at(name), format!("must be {wanted}")))
        .collect();
    for (name, wanted) in numbers {
        let values = alarm.values(name);
        if values.is_empty() || !values.iter().all(|v| number(v) == Some(wanted)) {
            found.push((alarm.at(name), format!("must be {wanted}")));
        }
    }
    for name in absent {
        if alarm.property(name).is_some() {
            found.push((alarm.at(name), "must not be there".to_owned()));
        }
    }
    let datapoints = alarm.values("DatapointsToAlarm");
    if !datapoints.iter().all(|v| number(v) == Some(1.0)) {
        found.push((
            alarm.at("DatapointsToAlarm"),
            "must be 1 or absent".to_owned(),
        ));
    }
    found
}

fn topics(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for alarm in context.resources().filter(|r| r.kind.ends_with("Alarm")) {
        for list in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
            let actions = alarm.property(list).and_then(Value::as_array);
            for action in actions.into_iter().flatten() {
                let values = alarm.unit.possible(action);
                if let Some(other) = values
                    .iter()
                    .filter_map(text)
                    .find_map(|t| elsewhere(context, &alarm, &t))
                {
                    found.push((
                        alarm.at(list),
                        format!(
                            "tells something in {other}, the alarm is in {}",
                            alarm.unit.region
                        ),
                    ));
                }
            }
        }
    }
    found
}

/// The region of an action, if it is another one than the alarm's.
fn elsewhere(context: &Context<'_>, alarm: &Resource<'_>, action: &str) -> Option<String> {
    let region = if action.starts_with("arn:") {
        action.split(':').nth(3)?.to_owned()
    } else {
        // An output of another stack stands as `${stack.Output}`.
        let (stack, _) = action.strip_prefix("${")?.split_once('.')?;
        context.unit(stack)?.region.clone()
    };
    (!region.is_empty() && !region.contains('{') && region != alarm.unit.region).then_some(region)
}

fn silence(context: &Context<'_>) -> Vec<Found> {
    context
        .of_type(ALARM)
        .filter(|alarm| alarm.property("TreatMissingData").is_none())
        .map(|alarm| (alarm.at("TreatMissingData"), "must be said".to_owned()))
        .collect()
}

fn topic_keys(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for topic in context.of_type("AWS::SNS::Topic") {
        let Some(given) = topic.property("KmsMasterKeyId") else {
            continue;
        };
        let managed = topic.texts("KmsMasterKeyId");
        let own = referred(given).and_then(|(id, _)| key_of(topic.unit, id));
        let reason = if managed.iter().any(|name| name.contains("alias/aws/sns")) {
            "is AWS's own key, whose policy nobody can change: no alarm can publish"
        } else if own.is_some_and(|key| !lets_alarms_in(&key)) {
            "has a policy that does not let cloudwatch.amazonaws.com decrypt and make data keys"
        } else {
            continue;
        };
        found.push((topic.at("KmsMasterKeyId"), reason.to_owned()));
    }
    found
}

/// The key of that logical id in the same template, itself or behind its alias.
fn key_of<'a>(unit: &'a Unit<'_>, id: &str) -> Option<Resource<'a>> {
    let named = unit.resource(id)?;
    match named.kind {
        "AWS::KMS::Key" => Some(named),
        "AWS::KMS::Alias" => {
            let (id, _) = named.property("TargetKeyId").and_then(referred)?;
            unit.resource(id).filter(|key| key.kind == "AWS::KMS::Key")
        }
        _ => None,
    }
}

fn lets_alarms_in(key: &Resource<'_>) -> bool {
    let statements = key
        .property("KeyPolicy.Statement")
        .and_then(Value::as_array);
    statements.into_iter().flatten().any(|statement| {
        let principal = statement.get("Principal").map(Value::to_string);
        let actions = statement.get("Action").map(Value::to_string);
        let actions = actions.unwrap_or_default();
        principal.is_some_and(|who| who.contains("cloudwatch.amazonaws.com"))
            && ["kms:Decrypt", "kms:GenerateDataKey"]
                .iter()
                .all(|action| actions.contains(action) || actions.contains("kms:*"))
    })
}
