//! For the tests of this folder: an environment, what was seen of it, and a small check against the JSON Schemas.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::output::Status;
use crate::domain::alarm::{Alarm, AlarmKind, AlarmState};
use crate::domain::assess::assess;
use crate::domain::drill::{Label, Practice, Practised};
use crate::domain::environment::Environment;
use crate::domain::guard::{Question, judge};
use crate::domain::health::{CheckId, CheckTarget, CheckerCount, HealthCheck, HealthChecks};
use crate::domain::lever::{LeverKind, MetricLever};
use crate::domain::observation::{
    EndpointAnswer, Identity, MarkerAnswers, Observation, Seen, ServerAnswer, Sighting,
};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::operation::{OperationKind, Outcome};
use crate::domain::parity::{Contents, TemplateSeen};
use crate::domain::region::Role;
use crate::domain::routing::{FailoverRole, Policy, RecordSet};
use crate::domain::signal::{Datapoint, Series, SignalId};
use crate::domain::stack::{Stack, StackId, StackState, StackStatus};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn environment() -> Environment {
    let stack = |id: &str, region: &str| {
        json!({ "id": id, "role": region, "name": "pay-demo", "template": "{}", "capabilities": [],
            "parameters": {}, "after": [] })
    };
    let signal = |id: &str, kind: &str, region: &str| {
        json!({ "id": id, "kind": kind, "label": id, "pair": null, "role": region, "namespace": "N", "metric": "M",
            "dimensions": {}, "statistic": "Maximum", "period_seconds": 60, "unit": "ms", "warn": 100.0,
            "breach": 300.0 })
    };
    serde_json::from_value(json!({
        "name": "pay-demo", "bundle": "pay", "title": "Payments", "suffix": "demo",
        "regions": { "primary": "us-east-1", "standby": "us-west-2" },
        "mode": { "mode": "rehearsal", "scenario": "steady", "seed": 1 },
        "production": false, "read_only": false,
        "objectives": { "rto_seconds": 900, "rpo_seconds": 300 },
        "stacks": [stack("primary", "primary"), stack("standby", "standby")],
        "delete_order": ["primary", "standby"],
        "signals": [signal("table-lag", "replication_lag", "primary"), signal("errors", "errors", "standby")],
        "critical_alarms": [],
        "traffic": {
            "record": "api.pay.test", "marker": "active.pay.test",
            "endpoints": { "primary": "https://p.test/health", "standby": "https://s.test/health" },
            "checks": { "primary": "hc-p", "standby": "hc-s", "combined": "hc-ok" },
            "levers": [{ "kind": "metric", "region": "standby", "namespace": "N", "dimensions": {}, "alarm": "lever" }]
        },
        "parameters": [], "given": {}
    }))
    .unwrap()
}

pub(super) fn dead() -> ReadError {
    ReadError {
        kind: FailureKind::Unreachable,
        message: "no answer in 3 s".into(),
    }
}

pub(super) fn stack(status: &str) -> StackState {
    StackState::Present(Box::new(Stack {
        arn: "arn".into(),
        name: "pay-demo".into(),
        status: StackStatus::new(status),
        reason: None,
        created: None,
        updated: None,
        parameters: BTreeMap::new(),
        outputs: BTreeMap::new(),
        tags: BTreeMap::new(),
        exports: BTreeMap::new(),
        termination_protection: false,
        drift: crate::domain::drift::LastCheck::default(),
    }))
}

pub(super) fn alarm(state: AlarmState) -> Alarm {
    Alarm {
        name: "throttles".into(),
        kind: AlarmKind::Metric,
        state,
        reason: Some("3 of 5".into()),
        since: None,
    }
}

pub(super) fn marker(region: &str) -> Seen {
    Seen::Marker(Ok(MarkerAnswers {
        servers: vec![ServerAnswer {
            server: "ns-1".into(),
            answer: Ok(region.into()),
            authoritative: true,
        }],
        via_resolver: false,
    }))
}

pub(super) fn signals(role: Role, value: f64, when: Timestamp) -> Seen {
    let id = match role {
        Role::Primary => "table-lag",
        Role::Standby => "errors",
    };
    let series = Series(vec![Datapoint { at: when, value }]);
    Seen::Signals(role, Ok([(SignalId(id.into()), series)].into()))
}

fn checks() -> HealthChecks {
    let endpoint = |host: &str| CheckTarget::Endpoint {
        kind: "HTTPS".into(),
        host: host.into(),
        port: Some(443),
        path: "/health".into(),
        interval_seconds: 10,
        failure_threshold: 3,
    };
    let check = |id: &str, target| {
        let id = CheckId(id.into());
        let check = HealthCheck {
            id: id.clone(),
            version: 1,
            target,
            inverted: false,
            disabled: false,
            name: None,
        };
        (id, check)
    };
    let lever = CheckTarget::Metric {
        alarm: "lever".into(),
        region: "us-west-2".into(),
        insufficient_data: crate::domain::health::InsufficientData::LastKnownStatus,
    };
    let combined = CheckTarget::Calculated {
        children: ["hc-p", "hc-l"].map(|id| CheckId(id.into())).to_vec(),
        threshold: 2,
    };
    HealthChecks(
        [
            check("hc-p", endpoint("p.test")),
            check("hc-s", endpoint("s.test")),
            check("hc-l", lever),
            check("hc-ok", combined),
        ]
        .into(),
    )
}

fn record(region: &str, role: FailoverRole, check: Option<&str>) -> RecordSet {
    RecordSet {
        name: "active.pay.test.".into(),
        kind: "TXT".into(),
        set_identifier: Some(region.into()),
        policy: Policy::Failover(role),
        ttl: Some(60),
        values: vec![format!("\"{region}\"")],
        alias: None,
        check: check.map(|id| CheckId(id.into())),
    }
}

/// Everything in order, read at `when`.
pub(super) fn healthy(when: Timestamp) -> Observation {
    let mut seen = Observation::default();
    let lever = MetricLever {
        engaged: Some(false),
        ..MetricLever::default()
    };
    let mut all = vec![
        Seen::Identity(Ok(Identity {
            account: "123456789012".into(),
            arn: "arn".into(),
            expires: None,
        })),
        Seen::Checks(Ok(checks())),
        Seen::Records(Ok(vec![
            record("us-east-1", FailoverRole::Primary, Some("hc-ok")),
            record("us-west-2", FailoverRole::Secondary, None),
        ])),
        Seen::Lever(Ok(lever)),
        marker("us-east-1"),
    ];
    for id in ["hc-p", "hc-s"] {
        let count = CheckerCount {
            succeeding: 16,
            total: 16,
            detail: None,
        };
        all.push(Seen::Checkers(CheckId(id.into()), Ok(count)));
    }
    for role in Role::BOTH {
        let id = StackId(role.as_str().into());
        let answer = EndpointAnswer {
            status: 200,
            took: Duration::from_millis(41),
        };
        let template = TemplateSeen {
            arn: "arn".into(),
            updated: None,
            digest: "aa11".into(),
            bundled: "aa11".into(),
            contents: Ok(Contents::default()),
        };
        let state = stack("CREATE_COMPLETE");
        all.push(Seen::Stack(role, id.clone(), Ok(state)));
        all.push(Seen::Resources(role, id.clone(), Ok(Vec::new())));
        all.push(Seen::Template(role, id, Ok(Box::new(template))));
        all.push(Seen::Alarms(role, Ok(vec![alarm(AlarmState::Ok)])));
        all.push(signals(role, 0.8, when));
        all.push(Seen::Endpoint(role, Ok(answer)));
    }
    take(&mut seen, when, all);
    seen
}

pub(super) fn take(seen: &mut Observation, when: Timestamp, all: impl IntoIterator<Item = Seen>) {
    for one in all {
        seen.take(Sighting {
            at: when,
            seen: one,
        });
    }
}

pub(super) fn status(env: &Environment, seen: &Observation, now: Timestamp) -> Status {
    let facts = assess(env, seen, now);
    let question = Question {
        kind: OperationKind::Failover,
        levers: &[LeverKind::Metric],
        running: None,
        own: None,
        practised: Practised {
            last: Some(Practice {
                at: now,
                label: Label::Rehearsal,
                outcome: Outcome::Succeeded,
                rto_seconds: Some(168.0),
            }),
            drill: None,
        },
        undo: None,
        may_write: &crate::domain::observed::Observed::default(),
        parity: &crate::domain::parity::parity(env, seen),
    };
    let guards = judge(env, seen, now, &question);
    Status::new(env, seen, &facts, &guards, now)
}

/// Panics where a value does not satisfy `assets/schema/<name>.json`.
pub(super) fn satisfies(name: &str, value: &Value) {
    if let Some(why) = violation(name, value) {
        panic!("{name}: {why}");
    }
}

/// What is wrong with a value by its schema.
pub(super) fn violation(name: &str, value: &Value) -> Option<String> {
    let path = format!("{}/assets/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    check(&schema, &schema, value, "$").err()
}

/// The keywords that our schemas use: `$ref` into `$defs`, `type`, `enum`, `properties`, `required`,
/// `additionalProperties: false`, `items`. Any other keyword but the annotations is a mistake in the schema.
fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).unwrap(), value, path)?;
            }
            "type" => {
                let allowed: Vec<&str> = match rule {
                    Value::Array(all) => all.iter().map(|t| t.as_str().unwrap()).collect(),
                    one => vec![one.as_str().unwrap()],
                };
                if !allowed.iter().any(|t| is_of_type(value, t)) {
                    return Err(format!("{path} is {value}, not {allowed:?}"));
                }
            }
            "enum" => {
                if !rule.as_array().unwrap().contains(value) {
                    return Err(format!("{path} is {value}, not one of {rule}"));
                }
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter();
                for field in missing.map(|f| f.as_str().unwrap()) {
                    if value.is_object() && value.get(field).is_none() {
                        return Err(format!("{path} has no {field}"));
                    }
                }
            }
            "properties" => {
                for (field, rule) in rule.as_object().unwrap() {
                    if let Some(inner) = value.get(field) {
                        check(root, rule, inner, &format!("{path}.{field}"))?;
                    }
                }
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                for field in value.as_object().into_iter().flat_map(|o| o.keys()) {
                    if !known.contains_key(field) {
                        return Err(format!("{path} has an unknown {field}"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{path}[{index}]"))?;
                }
            }
            "$schema" | "$id" | "$defs" | "title" | "description" | "format" => {}
            other => return Err(format!("the schema uses `{other}` at {path}")),
        }
    }
    Ok(())
}

fn is_of_type(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the schema names the type `{other}`"),
    }
}
