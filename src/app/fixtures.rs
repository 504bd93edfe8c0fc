//! Models for tests: the bundled payment system, seen in a given state.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::app::update::update;
use crate::bundle::{self, Choices};
use crate::domain::alarm::{Alarm, AlarmKind, AlarmState};
use crate::domain::health::{CheckId, CheckTarget, HealthCheck, HealthChecks, InsufficientData};
use crate::domain::lever::{Command, MetricLever, NumberedCommand};
use crate::domain::observation::{
    EndpointAnswer, Identity, MarkerAnswers, Seen, ServerAnswer, Sighting,
};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::parity::{Contents, TemplateSeen};
use crate::domain::placeholder::Placeholder;
use crate::domain::region::Role;
use crate::domain::routing::{Policy, RecordSet};
use crate::domain::signal::{Datapoint, Series, SignalId};
use crate::domain::stack::{
    ResourceStatus, Stack, StackId, StackResource, StackState, StackStatus,
};

/// 2026-01-05T12:00:00Z.
pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(1_767_614_400).unwrap()
}

/// The payment system as `demo`, nothing seen yet.
pub(crate) fn unseen() -> Model {
    let bundle = bundle::find(None, "payment-standby").unwrap();
    let mut choices = Choices::of_suffix("demo");
    choices
        .parameters
        .insert("domainName".into(), "pay.test".into());
    Model::new(bundle.environment(choices).unwrap(), noon())
}

/// Both regions well, the primary serving.
pub(crate) fn steady() -> Model {
    let mut model = unseen();
    see_all(&mut model);
    model
}

/// Refreshes every reading at the model's time, traffic on the primary.
pub(crate) fn see_all(model: &mut Model) {
    let identity = Identity {
        account: "123456789012".into(),
        arn: "arn:aws:sts::123456789012:assumed-role/ops/me".into(),
        expires: None,
    };
    see(model, Seen::Identity(Ok(identity)));
    for spec in model.env.stacks.clone() {
        let stack = stack(&spec.name, "CREATE_COMPLETE", spec.id.0.as_str());
        see(
            model,
            Seen::Stack(
                spec.role,
                spec.id.clone(),
                Ok(StackState::Present(Box::new(stack.clone()))),
            ),
        );
        let template = TemplateSeen {
            arn: stack.arn,
            updated: stack.updated,
            digest: "aa11".into(),
            bundled: "aa11".into(),
            contents: Ok(Contents::default()),
        };
        let (role, id) = (spec.role, spec.id);
        see(
            model,
            Seen::Template(role, id.clone(), Ok(Box::new(template))),
        );
        see(model, Seen::Resources(role, id, Ok(Vec::new())));
    }
    for role in Role::BOTH {
        let alarms = quiet(model);
        see(model, Seen::Alarms(role, Ok(alarms)));
        let beat = Datapoint {
            at: model.now,
            value: model.now.as_second() as f64 - 4.0,
        };
        let signals = BTreeMap::from([(SignalId("heartbeat".into()), Series(vec![beat]))]);
        see(model, Seen::Signals(role, Ok(signals)));
        see(
            model,
            Seen::Endpoint(
                role,
                Ok(EndpointAnswer {
                    status: 200,
                    took: Duration::from_millis(41),
                }),
            ),
        );
    }
    see(model, Seen::Checks(Ok(checks())));
    see(model, Seen::Records(Ok(records())));
    marker(model, Role::Primary);
    lever(model, Command::Release, 1, AlarmState::Ok);
}

/// The critical alarms, all quiet.
pub(crate) fn quiet(model: &Model) -> Vec<Alarm> {
    let names = model.env.critical_alarms.iter();
    let one = |name: &Placeholder| Alarm {
        name: model.env.resolve(&model.seen, name).unwrap(),
        kind: AlarmKind::Metric,
        state: AlarmState::Ok,
        reason: None,
        since: Some(noon()),
    };
    names.map(one).collect()
}

pub(crate) fn see(model: &mut Model, seen: Seen) -> Vec<crate::app::effect::Effect> {
    let at = model.now;
    update(model, Msg::Sighted(Box::new(Sighting { at, seen })))
}

/// Every name server names this side.
pub(crate) fn marker(model: &mut Model, role: Role) -> Vec<crate::app::effect::Effect> {
    let region = model.env.regions.get(role).to_string();
    let server = |n: u8| ServerAnswer {
        server: format!("ns-{n}"),
        answer: Ok(region.clone()),
        authoritative: true,
    };
    let answers = MarkerAnswers {
        servers: (1..=4).map(server).collect(),
        via_resolver: false,
    };
    see(model, Seen::Marker(Ok(answers)))
}

pub(crate) fn lever(
    model: &mut Model,
    command: Command,
    number: i64,
    alarm: AlarmState,
) -> Vec<crate::app::effect::Effect> {
    let numbered = NumberedCommand { number, command };
    let engaged = command == Command::Engage;
    see(
        model,
        Seen::Lever(Ok(MetricLever {
            command: Some(numbered),
            command_since: None,
            echo: Some(numbered),
            engaged: Some(engaged),
            alarm: Some(alarm),
            alarm_since: Some(noon()),
        })),
    )
}

/// A read that got no answer.
pub(crate) fn dead() -> ReadError {
    ReadError {
        kind: FailureKind::Unreachable,
        message: "no answer in 3 s".into(),
    }
}

pub(crate) fn tick(model: &mut Model, seconds: u64) -> Vec<crate::app::effect::Effect> {
    let now = model.now.checked_add(Duration::from_secs(seconds)).unwrap();
    update(model, Msg::Tick(now))
}

fn stack(name: &str, status: &str, id: &str) -> Stack {
    let outputs = [
        ("ApiDomain", format!("{id}.api.test")),
        ("LeverAlarmName", "failover-engaged-demo".into()),
    ];
    Stack {
        arn: format!("arn:aws:cloudformation:x:123456789012:stack/{name}/1"),
        name: name.into(),
        status: StackStatus::new(status),
        reason: None,
        created: Some(noon()),
        updated: None,
        parameters: [("leverEngaged".to_owned(), "false".to_owned())].into(),
        outputs: outputs
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v))
            .collect(),
        tags: BTreeMap::new(),
        exports: BTreeMap::new(),
        termination_protection: false,
        drift: crate::domain::drift::LastCheck::default(),
    }
}

fn checks() -> HealthChecks {
    let id = |text: &str| CheckId(text.into());
    let endpoint = |host: &str, path: &str| CheckTarget::Endpoint {
        kind: "HTTPS".into(),
        host: host.into(),
        port: Some(443),
        path: path.into(),
        interval_seconds: 30,
        failure_threshold: 3,
    };
    let check = |name: &str, target, inverted| {
        (
            id(name),
            HealthCheck {
                id: id(name),
                version: 1,
                target,
                inverted,
                disabled: false,
                name: None,
            },
        )
    };
    let metric = CheckTarget::Metric {
        alarm: "failover-engaged-demo".into(),
        region: "us-west-2".into(),
        insufficient_data: InsufficientData::LastKnownStatus,
    };
    let all = CheckTarget::Calculated {
        children: vec![id("p"), id("lever"), id("door")],
        threshold: 3,
    };
    HealthChecks(
        [
            check("p", endpoint("primary.api.test", "/prod/health"), false),
            check("s", endpoint("standby.api.test", "/prod/health"), false),
            check("lever", metric, false),
            check("door", endpoint("standby.api.test", "/prod/lever"), true),
            check("ok", all, false),
        ]
        .into(),
    )
}

fn records() -> Vec<RecordSet> {
    let record = |name: &str, kind: &str, id: &str, weight, value: &str, check: &str| RecordSet {
        name: name.into(),
        kind: kind.into(),
        set_identifier: Some(id.into()),
        policy: Policy::Weighted(weight),
        ttl: Some(60),
        values: vec![value.into()],
        alias: None,
        check: Some(CheckId(check.into())),
    };
    vec![
        record(
            "api.pay.test.",
            "CNAME",
            "primary",
            100,
            "primary.api.test",
            "ok",
        ),
        record(
            "api.pay.test.",
            "CNAME",
            "standby",
            0,
            "standby.api.test",
            "s",
        ),
        record(
            "active-region.pay.test.",
            "TXT",
            "primary",
            100,
            "\"us-east-1\"",
            "ok",
        ),
        record(
            "active-region.pay.test.",
            "TXT",
            "standby",
            0,
            "\"us-west-2\"",
            "s",
        ),
    ]
}

/// A stack of the environment has come to a status.
pub(crate) fn status(model: &mut Model, id: &str, status: &str) {
    let spec = model.env.stack(&StackId(id.into())).unwrap().clone();
    let state = match status {
        "DELETE_COMPLETE" => StackState::Absent,
        status => StackState::Present(Box::new(stack(&spec.name, status, id))),
    };
    see(model, Seen::Stack(spec.role, spec.id, Ok(state)));
}

/// The resources of a stack, as logical id, type and status.
pub(crate) fn resources(model: &mut Model, id: &str, all: &[(&str, &str, &str)]) {
    let spec = model.env.stack(&StackId(id.into())).unwrap().clone();
    let listed = all.iter().map(|(logical, kind, status)| StackResource {
        logical_id: (*logical).into(),
        physical_id: Some(format!("{}-physical", logical.to_lowercase())),
        resource_type: (*kind).into(),
        status: ResourceStatus((*status).into()),
    });
    let listed = listed.collect();
    see(model, Seen::Resources(spec.role, spec.id, Ok(listed)));
}
