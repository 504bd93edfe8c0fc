//! Rules on health checks and records: what decides where traffic goes.

use serde_json::Value;

use super::agreement::resolved;
use super::context::Resource;
use super::value::{number, referred};
use super::{Context, Found, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB301",
        title: "a health check asks every 10 or every 30 seconds",
        source: "RequestInterval; cfn-lint accepts 20 (observed)",
        look: intervals,
    },
    Rule {
        id: "SB302",
        title: "a calculated check needs all of its children",
        source: "a threshold above their number is always unhealthy, below it moves traffic too late",
        look: thresholds,
    },
    Rule {
        id: "SB303",
        title: "an endpoint check has a host name, and SNI where it speaks HTTPS",
        source: "checkers need a public name; cfn-lint accepts an ARN or none (observed)",
        look: hosts,
    },
    Rule {
        id: "SB304",
        title: "the check behind the metric lever holds its last state",
        source: "InsufficientDataHealthStatus; anything else moves traffic when telemetry is lost",
        look: metric_checks,
    },
    Rule {
        id: "SB305",
        title: "the SECONDARY record of a failover pair has no health check",
        source: "with a red one Route 53 answers the PRIMARY, dead or not",
        look: secondaries,
    },
    Rule {
        id: "SB306",
        title: "a record lives 60 seconds at most",
        source: "clients keep the old side that much longer",
        look: lifetimes,
    },
    Rule {
        id: "SB307",
        title: "a record has one routing policy, and a weight between 0 and 255",
        source: "cfn-lint accepts Failover with Weight, and 900 (observed)",
        look: policies,
    },
    Rule {
        id: "SB308",
        title: "the marker follows the service record: same check, same weight",
        source: "the marker tells which side serves only while both are answered alike",
        look: markers,
    },
];

fn checks<'a>(context: &'a Context<'_>, kind: &'static str) -> impl Iterator<Item = Resource<'a>> {
    context
        .of_type("AWS::Route53::HealthCheck")
        .filter(move |check| match kind {
            "endpoint" => check
                .texts("HealthCheckConfig.Type")
                .iter()
                .any(|kind| kind.starts_with("HTTP") || kind == "TCP"),
            kind => check.may_be("HealthCheckConfig.Type", kind),
        })
}

fn records<'a>(context: &'a Context<'_>) -> impl Iterator<Item = Resource<'a>> {
    context.of_type("AWS::Route53::RecordSet")
}

fn intervals(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for check in checks(context, "endpoint") {
        for value in check.values("HealthCheckConfig.RequestInterval") {
            if !number(&value).is_some_and(|n| n == 10.0 || n == 30.0) {
                found.push((
                    check.at("HealthCheckConfig.RequestInterval"),
                    format!("{value} is neither 10 nor 30"),
                ));
            }
        }
    }
    found
}

fn thresholds(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for check in checks(context, "CALCULATED") {
        let children = check
            .property("HealthCheckConfig.ChildHealthChecks")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let wanted = u32::try_from(children).map_or(f64::NAN, f64::from);
        let values = check.values("HealthCheckConfig.HealthThreshold");
        if values.is_empty() || !values.iter().all(|v| number(v) == Some(wanted)) {
            found.push((
                check.at("HealthCheckConfig.HealthThreshold"),
                format!("must be {children}, the number of the children"),
            ));
        }
    }
    found
}

fn hosts(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for check in checks(context, "endpoint") {
        let path = "HealthCheckConfig.FullyQualifiedDomainName";
        let named = check.property(path);
        let attribute = named
            .and_then(referred)
            .and_then(|(_, attribute)| attribute);
        let hosts = check.texts(path);
        let bad =
            |host: &String| host.starts_with("arn:") || host.contains("://") || host.contains('/');
        if attribute.is_some_and(|name| name.ends_with("Arn")) || hosts.iter().any(bad) {
            found.push((check.at(path), "is not a host name".to_owned()));
        } else if hosts.is_empty() && check.property("HealthCheckConfig.IPAddress").is_none() {
            found.push((
                check.at(path),
                "is missing: there is nothing to ask".to_owned(),
            ));
        }
        let https = check
            .texts("HealthCheckConfig.Type")
            .iter()
            .any(|kind| kind.starts_with("HTTPS"));
        if https && !check.may_be("HealthCheckConfig.EnableSNI", "true") {
            found.push((
                check.at("HealthCheckConfig.EnableSNI"),
                "must be true: API Gateway and load balancers choose by name".to_owned(),
            ));
        }
    }
    found
}

fn metric_checks(context: &Context<'_>) -> Vec<Found> {
    let path = "HealthCheckConfig.InsufficientDataHealthStatus";
    checks(context, "CLOUDWATCH_METRIC")
        .filter(|check| check.texts(path) != ["LastKnownStatus"])
        .map(|check| (check.at(path), "must be LastKnownStatus".to_owned()))
        .collect()
}

fn secondaries(context: &Context<'_>) -> Vec<Found> {
    records(context)
        .filter(|record| record.may_be("Failover", "SECONDARY"))
        .filter(|record| record.property("HealthCheckId").is_some())
        .map(|record| (record.at("HealthCheckId"), "must not be there".to_owned()))
        .collect()
}

fn lifetimes(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for record in records(context) {
        for value in record.values("TTL") {
            if number(&value).is_none_or(|seconds| seconds > 60.0) {
                found.push((record.at("TTL"), format!("{value} is more than 60")));
            }
        }
    }
    found
}

fn policies(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for record in records(context) {
        let both = record.property("Failover").is_some() && record.property("Weight").is_some();
        if both {
            found.push((record.path(), "has both Failover and Weight".to_owned()));
        }
        for value in record.values("Weight") {
            let known = number(&value);
            if known.is_some_and(|weight| !(0.0..=255.0).contains(&weight)) {
                found.push((record.at("Weight"), format!("{value} is not in 0 to 255")));
            }
        }
    }
    found
}

/// What must be equal between the service's record and the marker's.
fn policy_of(record: &Resource<'_>) -> Vec<(&'static str, Option<Value>)> {
    ["HealthCheckId", "Weight", "Failover"]
        .into_iter()
        .map(|name| (name, record.property(name).cloned()))
        .collect()
}

fn markers(context: &Context<'_>) -> Vec<Found> {
    let traffic = &context.bundle.manifest.traffic;
    // The first label tells the two apart, whatever the domain turns out to be.
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let service = label(&resolved(context, &traffic.record));
    let marker = label(&resolved(context, &traffic.marker));
    let called = |record: &Resource<'_>, wanted: &str| {
        record
            .texts("Name")
            .iter()
            .any(|name| label(name) == wanted)
    };
    let mut found = Vec::new();
    for record in records(context).filter(|r| called(r, &marker)) {
        let same = |other: &Resource<'_>| {
            called(other, &service) && other.texts("SetIdentifier") == record.texts("SetIdentifier")
        };
        let Some(other) = records(context).find(same) else {
            found.push((
                record.at("SetIdentifier"),
                format!("no record {service} has this set identifier"),
            ));
            continue;
        };
        for ((name, mine), (_, theirs)) in policy_of(&record).iter().zip(policy_of(&other)) {
            if *mine != theirs {
                found.push((
                    record.at(name),
                    format!("differs from the one of {}", other.id),
                ));
            }
        }
    }
    let mut all = records(context).peekable();
    if all.peek().is_some() && !all.any(|record| called(&record, &marker)) {
        found.push((
            "bundle.json: traffic.marker".to_owned(),
            format!("no template has a record {marker}"),
        ));
    }
    found
}
