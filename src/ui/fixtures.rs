//! Models for the tests of the screens: an environment like the bundle payment-standby, and situations in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::app::dialog::{Confirm, ConfirmFocus, Dialog, FaultMenu, Form, FormField, TextField};
use crate::app::key::Key;
use crate::app::model::{Load, Model, Page, PastOperation, TrailLine, Weight};
use crate::app::msg::Msg;
use crate::app::run::{Finished, LiveEvent, Pause, Run, StackProgress};
use crate::app::update::update;
use crate::domain::alarm::{Alarm, AlarmKind, AlarmState};
use crate::domain::drift::{
    Detection, DriftStatus, LastCheck, PropertyDifference, ResourceDrift, ResourceDriftStatus,
};
use crate::domain::drill::Label;
use crate::domain::environment::{
    Environment, EnvironmentName, Mode, Objectives, ParameterSpec, PromotionSpec, StackSpec,
    TrafficSpec,
};
use crate::domain::health::{
    CheckId, CheckTarget, CheckerCount, HealthCheck, HealthChecks, InsufficientData,
};
use crate::domain::lever::{Command, LeverKind, LeverSpec, MetricLever, NumberedCommand};
use crate::domain::observation::{
    EndpointAnswer, Identity, MarkerAnswers, Seen, ServerAnswer, Sighting,
};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::operation::{OperationId, OperationKind, Outcome, StepState};
use crate::domain::parity::{Contents, TemplateSeen};
use crate::domain::placeholder::{Bindings, Placeholder};
use crate::domain::plan::{Action, Confirmed, Consent, Plan, Situation, Step};
use crate::domain::promotion::{Progress, PromotionSeen};
use crate::domain::recovery::Milestones;
use crate::domain::region::{PerRole, RegionId, RegionPair, Role};
use crate::domain::routing::{Alias, FailoverRole, Policy, RecordSet};
use crate::domain::signal::{Datapoint, Direction, Series, SignalId, SignalKind, SignalSpec};
use crate::domain::stack::{
    ResourceStatus, Stack, StackEvent, StackId, StackResource, StackState, StackStatus,
};
use crate::domain::trouble::InForce;
use crate::domain::unfinished::{RecordedStep, Unfinished};

/// Thursday, half a minute past 12:04 UTC.
pub(crate) fn now() -> Timestamp {
    time("12:04:30")
}

/// A moment of that day.
pub(crate) fn time(text: &str) -> Timestamp {
    format!("2026-11-26T{text}Z").parse().unwrap()
}

fn placeholder(text: &str) -> Placeholder {
    Placeholder::new(text)
}

fn signal(id: &str, kind: SignalKind, role: Role, label: &str) -> SignalSpec {
    SignalSpec {
        id: SignalId(id.into()),
        kind,
        direction: Direction::Forward,
        label: label.into(),
        pair: None,
        role,
        namespace: "AWS/Test".into(),
        metric: id.into(),
        dimensions: BTreeMap::new(),
        statistic: "Maximum".into(),
        period_seconds: 60,
        unit: "s".into(),
        warn: Some(60.0),
        breach: Some(300.0),
    }
}

fn paired(id: &str, kind: SignalKind, role: Role, label: &str) -> SignalSpec {
    SignalSpec {
        pair: Some(label.to_lowercase().replace(' ', "-")),
        statistic: "Sum".into(),
        unit: "count".into(),
        warn: (kind == SignalKind::Errors).then_some(1.0),
        breach: (kind == SignalKind::Errors).then_some(10.0),
        ..signal(id, kind, role, label)
    }
}

fn signals() -> Vec<SignalSpec> {
    use Role::{Primary, Standby};
    let table = SignalSpec {
        unit: "ms".into(),
        warn: Some(60_000.0),
        breach: Some(300_000.0),
        ..signal(
            "table-lag",
            SignalKind::ReplicationLag,
            Primary,
            "table lag",
        )
    };
    let heartbeat = SignalSpec {
        unit: "epoch".into(),
        warn: None,
        breach: None,
        ..signal("heartbeat", SignalKind::Heartbeat, Standby, "heartbeat")
    };
    vec![
        table,
        signal("staleness", SignalKind::Staleness, Standby, "staleness"),
        heartbeat,
        signal(
            "bucket-lag",
            SignalKind::ReplicationLag,
            Standby,
            "bucket lag",
        ),
        paired(
            "errors-primary",
            SignalKind::Errors,
            Primary,
            "Lambda errors",
        ),
        paired(
            "errors-standby",
            SignalKind::Errors,
            Standby,
            "Lambda errors",
        ),
        paired(
            "requests-primary",
            SignalKind::Requests,
            Primary,
            "requests",
        ),
        paired(
            "requests-standby",
            SignalKind::Requests,
            Standby,
            "requests",
        ),
    ]
}

fn stack_spec(role: Role) -> StackSpec {
    StackSpec {
        id: StackId(role.as_str().into()),
        role,
        name: "payment-standby-prod".into(),
        template: "{}".into(),
        capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
        parameters: [("environmentSuffix".to_owned(), placeholder("${suffix}"))].into(),
        after: match role {
            Role::Primary => vec![StackId("standby".into())],
            Role::Standby => Vec::new(),
        },
        made_by: None,
    }
}

fn traffic() -> TrafficSpec {
    let check = |key: &str, output: &str| (key.to_owned(), placeholder(output));
    TrafficSpec {
        record: placeholder("api.${domain}"),
        marker: placeholder("active-region.${domain}"),
        zone: None,
        endpoints: PerRole {
            primary: placeholder("https://${primary.ApiDomain}/health"),
            standby: placeholder("https://${standby.ApiDomain}/health"),
        },
        checks: [
            check("primary", "${primary.PrimaryCheckId}"),
            check("standby", "${primary.StandbyCheckId}"),
            check("lever", "${primary.LeverCheckId}"),
            check("combined", "${primary.PrimaryOkCheckId}"),
        ]
        .into(),
        levers: vec![
            LeverSpec::Metric {
                role: Role::Standby,
                namespace: "Switchback/Failover".into(),
                dimensions: [("Environment".to_owned(), placeholder("${suffix}"))].into(),
                alarm: placeholder("${standby.LeverAlarmName}"),
            },
            LeverSpec::Endpoint {
                role: Role::Standby,
                stack: StackId("standby".into()),
                parameter: "leverEngaged".into(),
                url: None,
            },
            LeverSpec::Force {
                check: "combined".into(),
            },
            LeverSpec::Records,
        ],
        promotion: None,
    }
}

/// `payment-standby-prod`, live and production.
pub(crate) fn environment() -> Environment {
    let region = |name| RegionId::parse(name).unwrap();
    let mut given = Bindings::default();
    given.insert("suffix", "prod");
    given.insert("domain", "pay.test");
    given.insert("region.primary", "us-east-1");
    given.insert("region.standby", "us-west-2");
    let parameter = |name: &str, label: &str, required| ParameterSpec {
        name: name.into(),
        label: label.into(),
        pattern: None,
        required,
        default: None,
        sensitive: false,
    };
    Environment {
        name: EnvironmentName("payment-standby-prod".into()),
        bundle: "payment-standby".into(),
        title: "Payment processing, warm standby".into(),
        suffix: "prod".into(),
        regions: RegionPair::new(region("us-east-1"), region("us-west-2")).unwrap(),
        mode: Mode::Live,
        production: true,
        drill_windows: Vec::new(),
        read_only: false,
        objectives: Objectives { rto: 900, rpo: 300 },
        stacks: vec![stack_spec(Role::Standby), stack_spec(Role::Primary)],
        delete_order: vec![StackId("primary".into()), StackId("standby".into())],
        signals: signals(),
        alarm_prefixes: PerRole::default(),
        critical_alarms: vec![placeholder("payment-api-5xx-${suffix}")],
        traffic: Some(traffic()),
        parameters: vec![
            parameter("hostedZoneId", "Hosted zone of the service name", true),
            parameter("notificationEmail", "Who gets the alerts", false),
        ],
        defaults: Bindings::default(),
        given,
    }
}

/// One value a minute, the last one at `newest`.
pub(crate) fn series(newest: Timestamp, values: &[f64]) -> Series {
    let points = values
        .iter()
        .rev()
        .enumerate()
        .map(|(index, value)| Datapoint {
            at: newest - Duration::from_mins(index as u64),
            value: *value,
        });
    let mut points: Vec<Datapoint> = points.collect();
    points.reverse();
    Series(points)
}

fn stack(role: Role) -> Stack {
    let outputs: &[(&str, &str)] = match role {
        Role::Primary => &[
            (
                "ApiDomain",
                "abc1234567.execute-api.us-east-1.amazonaws.com",
            ),
            ("PrimaryCheckId", "check-primary"),
            ("StandbyCheckId", "check-standby"),
            ("LeverCheckId", "check-lever"),
            ("PrimaryOkCheckId", "check-primary-ok"),
        ],
        Role::Standby => &[
            (
                "ApiDomain",
                "def7654321.execute-api.us-west-2.amazonaws.com",
            ),
            ("LeverAlarmName", "failover-engaged-prod"),
        ],
    };
    let own = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    Stack {
        arn: format!("arn:aws:cloudformation:{role}:123456789012:stack/payment-standby-prod/1"),
        name: "payment-standby-prod".into(),
        status: StackStatus::new("UPDATE_COMPLETE"),
        reason: None,
        created: Some(time("08:00:00")),
        updated: Some(time("09:12:00")),
        parameters: own(&[
            ("environmentSuffix", "prod"),
            ("leverEngaged", "false"),
            ("hostedZoneId", "Z0123456789ABC"),
        ]),
        outputs: own(outputs),
        tags: BTreeMap::new(),
        exports: BTreeMap::new(),
        termination_protection: role == Role::Primary,
        drift: LastCheck::default(),
    }
}

/// Twenty alarms of one side, all well.
pub(crate) fn alarms(role: Role) -> Vec<Alarm> {
    let alarm = |name: String| Alarm {
        name,
        kind: AlarmKind::Metric,
        state: AlarmState::Ok,
        reason: Some("Threshold Crossed: no datapoints were greater than the threshold".into()),
        since: Some(time("08:05:00")),
    };
    let mut all: Vec<Alarm> = ["payment-throttles-prod", "payment-api-5xx-prod"]
        .map(|name| alarm(name.into()))
        .into();
    all.extend((1..=12).map(|n| alarm(format!("payment-lambda-{n:02}-prod"))));
    if role == Role::Standby {
        all.push(alarm("failover-engaged-prod".into()));
        all.push(alarm("replica-staleness-prod".into()));
    }
    all
}

fn checks() -> HealthChecks {
    let id = |text: &str| CheckId(text.into());
    let check = |name: &str, target, inverted| HealthCheck {
        id: id(&format!("check-{name}")),
        version: 3,
        target,
        inverted,
        disabled: false,
        name: Some(format!("payment-{name}-prod")),
    };
    let endpoint = |host: &str, path: &str| CheckTarget::Endpoint {
        kind: "HTTPS".into(),
        host: host.into(),
        port: Some(443),
        path: path.into(),
        interval_seconds: 10,
        failure_threshold: 3,
    };
    let (primary, standby) = (
        "abc1234567.execute-api.us-east-1.amazonaws.com",
        "def7654321.execute-api.us-west-2.amazonaws.com",
    );
    let all = [
        check("primary", endpoint(primary, "/health"), false),
        check("standby", endpoint(standby, "/health"), false),
        check("door", endpoint(standby, "/lever"), true),
        check(
            "lever",
            CheckTarget::Metric {
                alarm: "failover-engaged-prod".into(),
                region: "us-west-2".into(),
                insufficient_data: InsufficientData::LastKnownStatus,
            },
            false,
        ),
        check(
            "primary-ok",
            CheckTarget::Calculated {
                children: vec![id("check-primary"), id("check-lever"), id("check-door")],
                threshold: 3,
            },
            false,
        ),
    ];
    HealthChecks(all.into_iter().map(|c| (c.id.clone(), c)).collect())
}

fn records() -> Vec<RecordSet> {
    let set = |name: &str, kind: &str, role: Role| {
        let (policy, check, region) = match role {
            Role::Primary => (FailoverRole::Primary, "check-primary-ok", "us-east-1"),
            Role::Standby => (FailoverRole::Secondary, "check-standby", "us-west-2"),
        };
        let marker = kind == "TXT";
        RecordSet {
            name: name.into(),
            kind: kind.into(),
            set_identifier: Some(role.as_str().into()),
            policy: Policy::Failover(policy),
            ttl: marker.then_some(10),
            values: if marker {
                vec![format!("\"{region}\"")]
            } else {
                Vec::new()
            },
            alias: (!marker).then(|| Alias {
                zone_id: "Z1UJRXOUMOOFQ8".into(),
                name: format!("d-abc.execute-api.{region}.amazonaws.com."),
                evaluate_target_health: false,
            }),
            check: Some(CheckId(check.into())),
        }
    };
    Role::BOTH
        .into_iter()
        .flat_map(|role| {
            [
                set("api.pay.test.", "A", role),
                set("active-region.pay.test.", "TXT", role),
            ]
        })
        .collect()
}

/// What each name server says.
pub(crate) fn marker(answers: [&str; 4]) -> MarkerAnswers {
    let names = [
        "ns-12.awsdns-01.com",
        "ns-533.awsdns-02.net",
        "ns-1104.awsdns-10.org",
        "ns-1880.awsdns-43.co.uk",
    ];
    let servers = names
        .into_iter()
        .zip(answers)
        .map(|(server, answer)| ServerAnswer {
            server: server.into(),
            answer: if answer.is_empty() {
                Err("no answer in 2 s".into())
            } else {
                Ok(answer.into())
            },
            authoritative: true,
        });
    MarkerAnswers {
        servers: servers.collect(),
        via_resolver: false,
    }
}

pub(crate) fn lever(command: Command, number: i64, alarm: AlarmState, since: &str) -> MetricLever {
    let spoken = Some(NumberedCommand { number, command });
    MetricLever {
        command: spoken,
        command_since: None,
        echo: spoken,
        engaged: Some(command == Command::Engage),
        alarm: Some(alarm),
        alarm_since: Some(time(since)),
    }
}

fn readings(role: Role, newest: Timestamp) -> BTreeMap<SignalId, Series> {
    let wave: Vec<f64> = (0..180)
        .map(|n| 1180.0 + f64::from((n * 37) % 90))
        .collect();
    let flat = |value: f64| vec![value; 180];
    let lag: Vec<f64> = (0..180)
        .map(|n| 700.0 + f64::from((n * 53) % 700))
        .collect();
    let bucket: Vec<f64> = (0..180).map(|n| 4.0 + f64::from((n * 7) % 8)).collect();
    let of = |id: &str, values: &[f64]| (SignalId(id.into()), series(newest, values));
    match role {
        Role::Primary => [
            of("table-lag", &lag),
            of("errors-primary", &[]),
            of("requests-primary", &wave),
        ]
        .into(),
        Role::Standby => [
            of("staleness", &flat(12.0)),
            of("heartbeat", &[newest.as_second() as f64 + 24.0]),
            of("bucket-lag", &bucket),
            of("errors-standby", &[]),
            of("requests-standby", &flat(2.0)),
        ]
        .into(),
    }
}

/// Takes one sighting in.
pub(crate) fn see(model: &mut Model, at: Timestamp, seen: Seen) {
    model.seen.take(Sighting { at, seen });
}

pub(crate) fn no_answer() -> ReadError {
    ReadError {
        kind: FailureKind::Unreachable,
        message: "no answer in 3 s".into(),
    }
}

/// Nothing was read yet.
pub(crate) fn loading() -> Model {
    let mut model = Model::new(environment(), now());
    model.compare();
    model.conclude();
    model
}

/// Everything was read a moment ago and is well.
pub(crate) fn steady() -> Model {
    let mut model = loading();
    observe_all(&mut model, time("12:04:25"));
    model.trail = trail().into();
    model.past = past();
    model.load = Load {
        calls_per_minute: 14,
        dollars_per_day: 0.71,
        throttled: false,
    };
    model.compare();
    model.conclude();
    model
}

fn observe_all(model: &mut Model, at: Timestamp) {
    for role in Role::BOTH {
        observe_region(model, role, at);
    }
    let identity = Identity {
        account: "123456789012".into(),
        arn: "arn:aws:sts::123456789012:assumed-role/ops-oncall/kim".into(),
        expires: Some(time("12:51:40")),
    };
    let count = |succeeding| CheckerCount {
        succeeding,
        total: 16,
        detail: None,
    };
    let check = |name: &str| CheckId(format!("check-{name}"));
    let standing = lever(Command::Release, 1_795_090_000, AlarmState::Ok, "08:05:00");
    let sightings = [
        Seen::Identity(Ok(identity)),
        Seen::Checks(Ok(checks())),
        Seen::Checkers(check("primary"), Ok(count(16))),
        Seen::Checkers(check("standby"), Ok(count(16))),
        Seen::Checkers(check("door"), Ok(count(0))),
        Seen::Records(Ok(records())),
        Seen::Marker(Ok(marker(["us-east-1"; 4]))),
        Seen::Lever(Ok(standing)),
    ];
    for seen in sightings {
        see(model, at, seen);
    }
}

/// One side read anew, all well.
pub(crate) fn observe_region(model: &mut Model, role: Role, at: Timestamp) {
    let took = match role {
        Role::Primary => Duration::from_millis(41),
        Role::Standby => Duration::from_millis(88),
    };
    let newest = Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap();
    let id = StackId(role.as_str().into());
    let state = StackState::Present(Box::new(stack(role)));
    let answer = EndpointAnswer { status: 200, took };
    let sightings = [
        Seen::Stack(role, id.clone(), Ok(state)),
        Seen::Resources(role, id.clone(), Ok(resources())),
        Seen::Template(role, id, Ok(Box::new(template(&stack(role))))),
        Seen::Alarms(role, Ok(alarms(role))),
        Seen::Signals(role, Ok(readings(role, newest))),
        Seen::Endpoint(role, Ok(answer)),
    ];
    for seen in sightings {
        see(model, at, seen);
    }
}

/// What both stacks have.
fn resources() -> Vec<StackResource> {
    let one = |id: &str, kind: &str| StackResource {
        logical_id: id.into(),
        physical_id: Some(format!("{}-1", id.to_lowercase())),
        resource_type: kind.into(),
        status: ResourceStatus("CREATE_COMPLETE".into()),
    };
    vec![
        one("Function", "AWS::Lambda::Function"),
        one("Queue", "AWS::SQS::Queue"),
        one("Record", "AWS::Route53::RecordSet"),
    ]
}

/// A template that makes exactly these.
fn template(stack: &Stack) -> TemplateSeen {
    let types = resources().into_iter().map(|r| (r.resource_type, 1));
    TemplateSeen {
        arn: stack.arn.clone(),
        updated: stack.updated,
        digest: "3a7bd3e2360a3d29".into(),
        bundled: "3a7bd3e2360a3d29".into(),
        contents: Ok(Contents {
            hidden: BTreeSet::new(),
            types: types.collect(),
            concurrency: [("Function".to_owned(), Some("100".to_owned()))].into(),
        }),
    }
}

/// The standby was given another concurrency, and somebody has changed one of its resources by hand.
pub(crate) fn unlike() -> Model {
    let mut model = steady();
    let (role, id) = (Role::Standby, StackId("standby".into()));
    let mut changed = stack(role);
    changed
        .parameters
        .insert("hostedZoneId".into(), "Z0123456789XYZ".into());
    changed.drift = LastCheck {
        status: DriftStatus::Drifted,
        at: Some(time("12:01:10")),
    };
    let mut template = template(&changed);
    template.bundled = "77aa".into();
    if let Ok(contents) = &mut template.contents {
        contents
            .concurrency
            .insert("Function".into(), Some("50".into()));
    }
    let difference = |path: &str, expected: &str, actual: &str| PropertyDifference {
        path: path.into(),
        expected: expected.into(),
        actual: actual.into(),
    };
    let found = |id: &str, kind: &str, status, differences| ResourceDrift {
        logical_id: id.into(),
        physical_id: None,
        resource_type: kind.into(),
        status,
        differences,
    };
    let detection = Detection {
        status: DriftStatus::Drifted,
        at: Some(time("12:01:10")),
        trouble: None,
        resources: vec![
            found(
                "Function",
                "AWS::Lambda::Function",
                ResourceDriftStatus::Modified,
                vec![difference("/Timeout", "15", "30")],
            ),
            found(
                "Queue",
                "AWS::SQS::Queue",
                ResourceDriftStatus::InSync,
                vec![],
            ),
        ],
    };
    let at = time("12:04:25");
    let state = StackState::Present(Box::new(changed));
    for seen in [
        Seen::Stack(role, id.clone(), Ok(state)),
        Seen::Template(role, id.clone(), Ok(Box::new(template))),
        Seen::Drift(role, id, Ok(detection)),
    ] {
        see(&mut model, at, seen);
    }
    model.compare();
    model.conclude();
    model
}

fn trail() -> Vec<TrailLine> {
    let line = |at: &str, source: &str, text: &str, weight| TrailLine {
        at: time(at),
        source: source.into(),
        text: text.into(),
        weight,
    };
    vec![
        line(
            "09:12:00",
            "ops-2",
            "update of payment-standby-prod in both regions, 4m10s",
            Weight::Good,
        ),
        line(
            "11:30:00",
            "you",
            "snapshot saved to switchback-1130.json",
            Weight::Plain,
        ),
        line(
            "11:52:00",
            "us-west-2",
            "payment-throttles-prod OK → ALARM",
            Weight::Warning,
        ),
        line(
            "11:58:00",
            "us-west-2",
            "payment-throttles-prod ALARM → OK",
            Weight::Good,
        ),
    ]
}

fn past() -> Vec<PastOperation> {
    let minute = Duration::from_mins(1);
    let operation = |kind: OperationKind, at: &str, outcome, reason: &str| {
        let started: Timestamp = at.parse().unwrap();
        let moved = kind.moves_traffic() && outcome == Some(Outcome::Succeeded);
        PastOperation {
            id: OperationId::new(kind, started, 0x1a2b).0,
            kind,
            environment: "payment-standby-prod".into(),
            label: if kind.moves_traffic() {
                Label::Drill
            } else {
                Label::Change
            },
            outcome,
            started,
            finished: outcome.map(|_| started + 3 * minute),
            rto_seconds: moved.then_some(168.0),
            rpo_seconds: moved.then_some(3.0),
            reason: Some(reason.into()),
        }
    };
    vec![
        operation(
            OperationKind::Deploy,
            "2026-11-26T09:08:00Z",
            Some(Outcome::Succeeded),
            "release 41",
        ),
        operation(
            OperationKind::Failback,
            "2026-11-14T10:40:00Z",
            Some(Outcome::Succeeded),
            "end of the drill",
        ),
        operation(
            OperationKind::Failover,
            "2026-11-14T10:02:00Z",
            Some(Outcome::Succeeded),
            "yearly drill",
        ),
        operation(
            OperationKind::Failover,
            "2026-11-14T09:58:00Z",
            Some(Outcome::Refused),
            "yearly drill",
        ),
        operation(
            OperationKind::Deploy,
            "2026-11-10T15:00:00Z",
            None,
            "release 40",
        ),
    ]
}

/// An alarm of the standby fires.
pub(crate) fn with_alarm() -> Model {
    let mut model = steady();
    let mut all = alarms(Role::Standby);
    fire(&mut all, "payment-throttles-prod", "11:52:00");
    see(
        &mut model,
        time("12:04:26"),
        Seen::Alarms(Role::Standby, Ok(all)),
    );
    model.compare();
    model.conclude();
    model
}

pub(crate) fn fire(alarms: &mut [Alarm], name: &str, since: &str) {
    for alarm in alarms.iter_mut().filter(|a| a.name == name) {
        alarm.state = AlarmState::Alarm;
        alarm.since = Some(time(since));
        alarm.reason = Some("Threshold Crossed: 3 out of the last 5 datapoints were greater than the threshold (10.0)".into());
    }
}

/// Four minutes after the primary and the Route 53 API stopped answering.
pub(crate) fn dark() -> Model {
    let mut model = steady();
    model.now = time("12:09:10");
    fail_primary(&mut model, time("12:05:10"));
    fail_primary(&mut model, time("12:09:05"));
    let at = time("12:09:05");
    observe_region(&mut model, Role::Standby, at);
    stale_standby(&mut model, at);
    let standing = lever(Command::Release, 1_795_090_000, AlarmState::Ok, "08:05:00");
    see(&mut model, at, Seen::Lever(Ok(standing)));
    see(&mut model, at, Seen::Marker(Ok(marker(["us-east-1"; 4]))));
    let line = |source: &str, text: &str| TrailLine {
        at: time("12:05:10"),
        source: source.into(),
        text: text.into(),
        weight: Weight::Bad,
    };
    model.trail.push_back(line(
        "us-east-1",
        "HTTPS, CloudWatch, CloudFormation not answering",
    ));
    model.trail.push_back(line(
        "Route 53",
        "API not answering (its control plane is in us-east-1)",
    ));
    model.compare();
    model.conclude();
    model
}

fn fail_primary(model: &mut Model, at: Timestamp) {
    let failures = [
        Seen::Stack(Role::Primary, StackId("primary".into()), Err(no_answer())),
        Seen::Alarms(Role::Primary, Err(no_answer())),
        Seen::Signals(Role::Primary, Err(no_answer())),
        Seen::Endpoint(Role::Primary, Err(no_answer())),
        Seen::Checks(Err(no_answer())),
        Seen::Checkers(CheckId("check-primary".into()), Err(no_answer())),
        Seen::Checkers(CheckId("check-standby".into()), Err(no_answer())),
    ];
    for failure in failures {
        see(model, at, failure);
    }
}

fn stale_standby(model: &mut Model, at: Timestamp) {
    let newest = time("12:09:00");
    let rising: Vec<f64> = (0..40)
        .map(|n| 12.0 + f64::max(0.0, f64::from(n) - 35.0) * 60.0)
        .collect();
    let mut all = readings(Role::Standby, newest);
    all.insert(SignalId("staleness".into()), series(newest, &rising));
    all.insert(SignalId("bucket-lag".into()), series(newest, &rising));
    all.insert(
        SignalId("heartbeat".into()),
        series(newest, &[time("12:04:19").as_second() as f64]),
    );
    see(model, at, Seen::Signals(Role::Standby, Ok(all)));
    let mut firing = alarms(Role::Standby);
    fire(&mut firing, "replica-staleness-prod", "12:06:00");
    see(model, at, Seen::Alarms(Role::Standby, Ok(firing)));
}

/// The plan of a failover in the model's situation.
pub(crate) fn failover_plan(model: &Model) -> Plan {
    let step = |title: &str, role, action, undo: Option<&str>, expect: Option<&str>| Step {
        title: title.into(),
        role,
        action,
        undo: undo.map(Into::into),
        expect: expect.map(Into::into),
        needs: None,
        forecast: None,
        inspection: None,
    };
    let standby = Some(Role::Standby);
    let (lever, command) = (LeverKind::Metric, Command::Engage);
    let steps = vec![
        step(
            "engage metric lever",
            standby,
            Action::Pull { lever, command },
            Some("release it"),
            None,
        ),
        step(
            "wait for its alarm",
            standby,
            Action::AwaitAlarm { command },
            None,
            Some("about 1 min"),
        ),
        step(
            "wait for 4 name servers",
            None,
            Action::AwaitDns { to: Role::Standby },
            None,
            Some("about 2 min"),
        ),
        step(
            "wait for a healthy standby",
            standby,
            Action::AwaitHealthy { to: Role::Standby },
            None,
            None,
        ),
    ];
    Plan {
        id: OperationId::new(OperationKind::Failover, model.now, 7),
        kind: OperationKind::Failover,
        environment: model.env.name.clone(),
        production: model.env.production,
        drill: false,
        made_at: model.now,
        situation: model.facts.situation,
        steps,
        guards: model.go.failover.clone(),
        notes: vec!["Needs nothing from us-east-1 and nothing from the Route 53 API.".into()],
        basis: BTreeMap::new(),
        arns: BTreeMap::new(),
        records: None,
        stays_promoted: None,
    }
}

fn confirmed(mut plan: Plan, at: Timestamp) -> Confirmed<Plan> {
    plan.guards
        .retain(|g| g.verdict != crate::domain::guard::GuardVerdict::Refuse);
    let consent = Consent {
        typed_name: plan.environment.0.clone(),
        reason: Some("us-east-1 outage, INC-4411".into()),
        overridden: Vec::new(),
    };
    Confirmed::confirm(plan, &consent, at).unwrap()
}

/// A failover two minutes old: the lever is engaged, three of four name servers have moved.
pub(crate) fn failing_over() -> Model {
    let mut model = dark();
    let plan = failover_plan(&model);
    let at = time("12:10:12");
    let milestones = Milestones {
        first_failed: Some(time("12:05:10")),
        confirmed: Some(at),
        pulled: Some(time("12:10:13")),
        alarm: Some(time("12:10:58")),
        ..Milestones::default()
    };
    let mut run = Run::new(
        confirmed(plan, at),
        model.facts.exposure.clone(),
        milestones,
    );
    run.journal = Ok("/tmp/journal".into());
    run.advice = Some("not confirmed by 12:15: engage the endpoint lever".into());
    let states = [StepState::Done, StepState::Done, StepState::Running];
    for (step, state) in run.steps.iter_mut().zip(states) {
        step.state = state;
        step.started = Some(at);
        step.finished = (state == StepState::Done).then(|| time("12:10:58"));
    }
    model.now = time("12:12:18");
    let seen = time("12:12:17");
    fail_primary(&mut model, seen);
    observe_region(&mut model, Role::Standby, seen);
    stale_standby(&mut model, seen);
    let engaged = lever(
        Command::Engage,
        1_795_176_631,
        AlarmState::Alarm,
        "12:10:58",
    );
    see(&mut model, seen, Seen::Lever(Ok(engaged)));
    let split = marker(["us-west-2", "us-west-2", "us-west-2", "us-east-1"]);
    see(&mut model, seen, Seen::Marker(Ok(split)));
    model.run = Some(Box::new(run));
    model.compare();
    model.conclude();
    model
}

/// The failover of [`failing_over`] where the standby's database has to be promoted: traffic has arrived, and the state
/// machine is at its second step.
pub(crate) fn promoting() -> Model {
    let mut model = failing_over();
    let spec = PromotionSpec {
        role: Role::Standby,
        namespace: "Switchback/Failover".into(),
        dimensions: [("Environment".to_owned(), placeholder("${suffix}"))].into(),
        approval: "PromotionApproved".into(),
        progress: "PromotionStep".into(),
        steps: ["promote the cluster", "enable the event sources", "notify"]
            .map(str::to_owned)
            .into(),
        return_steps: vec!["switch over".into()],
        loss: "Payments that had not been replicated are lost.".into(),
    };
    if let Some(traffic) = &mut model.env.traffic {
        traffic.promotion = Some(spec);
    }
    let at = time("12:12:17");
    see(&mut model, at, Seen::Marker(Ok(marker(["us-west-2"; 4]))));
    let progress = [
        ("12:10:00", 0.0, 0.0),
        ("12:11:00", 1.0, 1.0),
        ("12:12:00", 1.0, 2.0),
    ];
    let seen = PromotionSeen {
        approval: Some(NumberedCommand {
            number: 1_795_176_631,
            command: Command::Engage,
        }),
        progress: progress
            .map(|(minute, low, high)| Progress {
                at: time(minute),
                low,
                high,
            })
            .into(),
    };
    see(&mut model, at, Seen::Promotion(Ok(seen)));
    model.run = model
        .run
        .as_deref()
        .map(|run| Box::new(with_promotion(run)));
    model.compare();
    model.conclude();
    model
}

/// The run, with the two steps of a promotion; the last is the one that it waits for.
fn with_promotion(run: &Run) -> Run {
    let command = Command::Engage;
    let at = run.confirmed.at();
    let mut plan = run.plan().clone();
    let extra = |title: &str, action| Step {
        title: title.into(),
        role: Some(Role::Standby),
        action,
        undo: None,
        expect: None,
        needs: None,
        forecast: None,
        inspection: None,
    };
    let approve = extra(
        "approve the promotion: Payments that had not been replicated are lost.",
        Action::Approve { command },
    );
    let wait = extra(
        "wait for the promotion (3 steps)",
        Action::AwaitPromotion { command },
    );
    plan.steps.insert(1, approve);
    plan.steps.push(wait);
    let arrived = time("12:12:10");
    let milestones = Milestones {
        dns: Some(arrived),
        healthy: Some(arrived),
        settled: Some(arrived),
        ..run.milestones.clone()
    };
    let mut run = Run::new(confirmed(plan, at), run.exposure.clone(), milestones);
    run.journal = Ok("/tmp/journal".into());
    for step in &mut run.steps {
        step.state = StepState::Done;
        step.started = Some(at);
        step.finished = Some(arrived);
    }
    if let Some(step) = run.steps.last_mut() {
        step.state = StepState::Running;
        step.started = Some(arrived);
        step.finished = None;
    }
    run
}

/// Traffic went to the standby by itself; `hold` engages the metric lever.
pub(crate) fn on_standby(held: Option<Command>) -> Model {
    let mut model = dark();
    let at = time("12:09:06");
    see(&mut model, at, Seen::Marker(Ok(marker(["us-west-2"; 4]))));
    if let Some(command) = held {
        let pulled = lever(command, 1_795_176_631, AlarmState::Alarm, "12:08:58");
        see(&mut model, at, Seen::Lever(Ok(pulled)));
    }
    model.compare();
    model.conclude();
    model
}

/// Name servers disagree and one does not answer.
pub(crate) fn split() -> Model {
    let mut model = steady();
    let answers = marker(["us-west-2", "us-east-1", "us-east-1", ""]);
    see(&mut model, time("12:04:28"), Seen::Marker(Ok(answers)));
    model.compare();
    model.conclude();
    model
}

/// The standby does not answer its health path and a critical alarm fires there.
pub(crate) fn unfit() -> Model {
    let mut model = steady();
    let mut all = alarms(Role::Standby);
    fire(&mut all, "payment-api-5xx-prod", "11:59:00");
    see(
        &mut model,
        time("12:04:28"),
        Seen::Alarms(Role::Standby, Ok(all)),
    );
    let answer = EndpointAnswer {
        status: 503,
        took: Duration::from_millis(230),
    };
    see(
        &mut model,
        time("12:04:28"),
        Seen::Endpoint(Role::Standby, Ok(answer)),
    );
    model.compare();
    model.conclude();
    model
}

/// Names that are too long, wide characters, two more stacks a side.
pub(crate) fn long_names() -> Model {
    let mut model = with_alarm();
    let long = "payment-standby-with-a-very-long-name-that-nobody-should-give-東京リージョン-prod";
    model.env.name = EnvironmentName(long.into());
    model.env.mode = Mode::Endpoint {
        host: "a-very-long-host-name.internal.example.test:4566".into(),
    };
    for spec in &mut model.env.signals {
        spec.label = format!("{} 東京リージョンの遅延 and more words", spec.label);
        spec.pair = None;
    }
    let mut all = alarms(Role::Standby);
    if let Some(alarm) = all.first_mut() {
        alarm.name = format!("{long}-alarm-of-the-queue");
    }
    let name = all.first().map(|a| a.name.clone()).unwrap_or_default();
    fire(&mut all, &name, "11:52:00");
    see(
        &mut model,
        time("12:04:29"),
        Seen::Alarms(Role::Standby, Ok(all)),
    );
    model.note(
        "東京",
        format!("{long} 東京リージョンの遅延 東京リージョンの遅延 東京リージョンの遅延"),
        Weight::Bad,
    );
    model.compare();
    model.conclude();
    model
}

/// A rehearsal of the steady state.
pub(crate) fn rehearsal() -> Model {
    let mut model = steady();
    model.env.mode = Mode::Rehearsal {
        scenario: "region-outage".into(),
        seed: 7,
    };
    model.env.production = false;
    model
}

/// A rehearsal whose facilitator looks for the next fault.
pub(crate) fn facilitator() -> Model {
    let mut model = rehearsal();
    model.facilitator = Some(vec![InForce {
        id: 0,
        words: "replication is stalled".into(),
    }]);
    model.dialog = Some(Dialog::Faults(FaultMenu {
        row: 1,
        role: Role::Primary,
    }));
    model
}

/// The load of the performance budget: 200 stacks and 2,000 alarms a side, a few of them firing.
pub(crate) fn large() -> Model {
    let mut model = steady();
    for role in Role::BOTH {
        for n in 0..199 {
            let spec = StackSpec {
                id: StackId(format!("part-{n:03}-{role}")),
                name: format!("payment-part-{n:03}-prod"),
                ..stack_spec(role)
            };
            let state = StackState::Present(Box::new(Stack {
                name: spec.name.clone(),
                ..stack(role)
            }));
            let template = Box::new(template(&stack(role)));
            for seen in [
                Seen::Stack(role, spec.id.clone(), Ok(state)),
                Seen::Resources(role, spec.id.clone(), Ok(resources())),
                Seen::Template(role, spec.id.clone(), Ok(template)),
            ] {
                see(&mut model, now(), seen);
            }
            model.env.stacks.push(spec);
        }
        let mut all: Vec<Alarm> = alarms(role);
        let sample = all.first().cloned().unwrap();
        all.extend((0..1_986).map(|n| Alarm {
            name: format!("payment-queue-{n:04}-age-of-the-oldest-message-prod"),
            state: if n % 50 == 0 {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            },
            ..sample.clone()
        }));
        see(&mut model, now(), Seen::Alarms(role, Ok(all)));
    }
    model.compare();
    model.conclude();
    model
}

fn deploy_plan(model: &Model) -> Plan {
    let step = |role: Role| Step {
        title: "update payment-standby-prod".into(),
        role: Some(role),
        action: Action::DeployStack {
            stack: StackId(role.as_str().into()),
        },
        undo: Some("deploy the previous version".into()),
        expect: Some("a few minutes".into()),
        needs: None,
        forecast: None,
        inspection: None,
    };
    Plan {
        id: OperationId::new(OperationKind::Deploy, model.now, 9),
        kind: OperationKind::Deploy,
        steps: vec![step(Role::Standby), step(Role::Primary)],
        guards: Vec::new(),
        notes: vec!["each stack goes through a change set".into()],
        situation: Situation::Planned,
        ..failover_plan(model)
    }
}

fn event(role: Role, at: &str, (id, kind): (&str, &str), status: &str) -> LiveEvent {
    LiveEvent {
        role,
        event: StackEvent {
            id: format!("{id}-{status}"),
            at: time(at),
            stack_name: "payment-standby-prod".into(),
            logical_id: id.into(),
            physical_id: None,
            resource_type: kind.into(),
            status: ResourceStatus(status.into()),
            reason: None,
            token: None,
        },
        took_seconds: status.ends_with("COMPLETE").then_some(41),
    }
}

/// A deploy: the standby is done, the primary halfway.
pub(crate) fn deploying() -> Model {
    let mut model = steady();
    model.page = Page::Stacks;
    let at = time("12:01:18");
    let mut run = Run::new(
        confirmed(deploy_plan(&model), at),
        None,
        Milestones::default(),
    );
    run.journal = Ok("/tmp/journal".into());
    let states = [(StepState::Done, "12:03:22"), (StepState::Running, "")];
    for (step, (state, finished)) in run.steps.iter_mut().zip(states) {
        step.state = state;
        step.started = Some(if finished.is_empty() {
            time("12:03:22")
        } else {
            at
        });
        step.finished = (!finished.is_empty()).then(|| time(finished));
    }
    let progress = |status: &str, done, total| StackProgress {
        status: status.into(),
        done,
        total,
    };
    run.progress = [
        (
            StackId("standby".into()),
            progress("UPDATE_COMPLETE", 34, 34),
        ),
        (
            StackId("primary".into()),
            progress("UPDATE_IN_PROGRESS", 21, 41),
        ),
    ]
    .into();
    let table = ("PaymentTable", "AWS::DynamoDB::GlobalTable");
    run.events = vec![
        event(
            Role::Standby,
            "12:03:20",
            ("ReplicaKey", "AWS::KMS::ReplicaKey"),
            "UPDATE_COMPLETE",
        ),
        event(Role::Primary, "12:03:40", table, "UPDATE_IN_PROGRESS"),
        event(
            Role::Primary,
            "12:04:10",
            ("ReplicationRole", "AWS::IAM::Role"),
            "UPDATE_COMPLETE",
        ),
        event(
            Role::Primary,
            "12:04:12",
            ("PrimaryCheck", "AWS::Route53::HealthCheck"),
            "UPDATE_IN_PROGRESS",
        ),
        event(Role::Primary, "12:04:21", table, "UPDATE_COMPLETE"),
    ];
    model.run = Some(Box::new(run));
    model
}

/// The same deploy after a resource failed.
/// The key that stops it was pressed.
pub(crate) fn stopping() -> Model {
    let mut model = deploying();
    update(&mut model, Msg::Key(Key::Char('K')));
    model
}

/// The credentials have ended while it runs.
pub(crate) fn paused(mut model: Model) -> Model {
    if let Some(run) = model.run.as_deref_mut() {
        run.pause = Some(Pause {
            since: time("12:03:10"),
            why: "the credentials have expired (ExpiredToken): log in again with profile `ops`"
                .to_owned(),
            waiting: BTreeSet::from(["payment-standby-a7 in us-east-1".to_owned()]),
        });
    }
    model
}

pub(crate) fn deploy_failed() -> Model {
    let mut model = deploying();
    let mut failure = event(
        Role::Primary,
        "12:04:22",
        ("PaymentFunction", "AWS::Lambda::Function"),
        "UPDATE_FAILED",
    );
    failure.event.reason = Some("Resource handler returned message: \"The role defined for the function cannot be assumed by Lambda. (Service: Lambda, Status Code: 400, Request ID: 7b0a)\" (HandlerErrorCode: InvalidRequest)".into());
    let run = model.run.as_mut().unwrap();
    run.events.push(failure.clone());
    run.events.push(event(
        Role::Primary,
        "12:04:24",
        ("payment-standby-prod", "AWS::CloudFormation::Stack"),
        "UPDATE_ROLLBACK_IN_PROGRESS",
    ));
    run.first_failure = Some(failure);
    run.finished = Some(Finished {
        at: time("12:04:28"),
        outcome: Outcome::Failed,
        reason: Some("payment-standby-prod in us-east-1 rolls back".into()),
    });
    if let Some(step) = run.steps.last_mut() {
        step.state = StepState::Failed;
        step.finished = Some(time("12:04:28"));
    }
    model
}

/// The failover of [`failing_over`] after its time is up: every name server is back at the primary.
pub(crate) fn timed_out() -> Model {
    let mut model = failing_over();
    model.now = time("12:27:20");
    let at = time("12:27:17");
    observe_region(&mut model, Role::Standby, at);
    let standing = model.seen.traffic.lever.last().unwrap().clone();
    see(&mut model, at, Seen::Lever(Ok(standing)));
    see(&mut model, at, Seen::Marker(Ok(marker(["us-east-1"; 4]))));
    let run = model.run.as_mut().unwrap();
    run.advice = Some(
        "next: engage the endpoint lever (F); it needs a stack update in us-west-2 and nothing from us-east-1"
            .into(),
    );
    run.finished = Some(Finished {
        at,
        outcome: Outcome::TimedOut,
        reason: Some("not confirmed within 15m".into()),
    });
    model.compare();
    model.conclude();
    model
}

/// Nothing of the bundle exists; the lever's metric has never been sent.
pub(crate) fn undeployed() -> Model {
    let mut model = steady();
    let at = time("12:04:29");
    let mut seen = crate::domain::observation::Observation::default();
    std::mem::swap(&mut seen.identity, &mut model.seen.identity);
    model.seen = seen;
    for role in Role::BOTH {
        let id = StackId(role.as_str().into());
        see(
            &mut model,
            at,
            Seen::Stack(role, id, Ok(StackState::Absent)),
        );
        let signals = model.env.signals.iter().filter(|s| s.role == role);
        let empty = signals.map(|s| (s.id.clone(), Series::default())).collect();
        see(&mut model, at, Seen::Signals(role, Ok(empty)));
        see(&mut model, at, Seen::Alarms(role, Ok(Vec::new())));
    }
    model.compare();
    model.conclude();
    model
}

/// Started after the primary region died: its stack was never read.
pub(crate) fn blind() -> Model {
    let mut model = dark();
    model.seen.regions.primary = crate::domain::observation::RegionSeen::default();
    model.seen.traffic.checks = crate::domain::observed::Observed::default();
    model.seen.traffic.checkers.clear();
    let at = time("12:09:05");
    let id = StackId("primary".into());
    see(
        &mut model,
        at,
        Seen::Stack(Role::Primary, id, Err(no_answer())),
    );
    model.compare();
    model.conclude();
    model
}

/// The model with the confirmation of a real delete plan open.
pub(crate) fn deleting(mut model: Model) -> Model {
    let basis = crate::domain::planning::Basis {
        env: &model.env,
        seen: &model.seen,
        facts: &model.facts,
        now: model.now,
    };
    let id = OperationId::new(OperationKind::Delete, model.now, 9);
    let plan = crate::domain::planning::stacks::delete(&basis, id).unwrap();
    model.dialog = Some(Dialog::Confirm(Box::new(Confirm::new(plan))));
    model
}

/// The review of a deploy: one stack replaces a table, the other waits for it.
pub(crate) fn reviewing() -> Model {
    use crate::domain::change::{Change, ChangeAction, Replacement};
    use crate::domain::forecast::{Basis, Forecast, ParameterChange};
    let mut model = steady();
    let mut plan = deploy_plan(&model);
    let change = |action, id: &str, kind: &str, replacement, cause: &str| Change {
        action,
        logical_id: id.into(),
        resource_type: kind.into(),
        replacement,
        causes: vec![cause.to_owned()],
    };
    let changes = vec![
        change(
            ChangeAction::Modify,
            "PaymentFunction",
            "AWS::Lambda::Function",
            Replacement::No,
            "Properties.ReservedConcurrentExecutions",
        ),
        change(
            ChangeAction::Modify,
            "PaymentTable",
            "AWS::DynamoDB::GlobalTable",
            Replacement::Yes,
            "Properties.KeySchema",
        ),
    ];
    let parameter = |name: &str, old: &str, new: &str, hidden| ParameterChange {
        name: name.into(),
        source: "given".into(),
        old: Some(old.into()),
        new: Some(new.into()),
        hidden,
    };
    let parameters = vec![
        parameter("reservedConcurrency", "100", "90", false),
        parameter("apiSecret", "", "", true),
    ];
    let forecasts = [
        Forecast {
            basis: Basis::ChangeSet { inputs: Vec::new() },
            changes,
            parameters,
        },
        Forecast {
            basis: Basis::Later {
                inputs: vec!["standby".into()],
            },
            changes: Vec::new(),
            parameters: Vec::new(),
        },
    ];
    for (step, forecast) in plan.steps.iter_mut().zip(forecasts) {
        step.forecast = Some(forecast);
    }
    plan.guards = crate::domain::planning::stacks::data_loss(&plan.steps)
        .into_iter()
        .collect();
    model.dialog = Some(Dialog::Confirm(Box::new(Confirm::new(plan))));
    model
}

/// The same review while a text is looked for in its changes.
pub(crate) fn review_filtered() -> Model {
    let mut model = reviewing();
    if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
        confirm.filter = Some(crate::app::dialog::ReviewFilter {
            text: TextField::with_value("lambda"),
            typing: true,
        });
    }
    model
}

/// The review of a deletion that a stack of somebody else's stands in the way of.
pub(crate) fn delete_blocked() -> Model {
    use crate::domain::blocker::{Findings, Import, Inspection};
    let mut model = deleting(steady());
    let (env, at) = (model.env.clone(), model.now);
    if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
        for (index, step) in confirm.plan.steps.iter_mut().enumerate() {
            let by = if index == 0 {
                Ok(vec!["monthly-reports".to_owned()])
            } else {
                Err("no answer in 3 s from CloudFormation".to_owned())
            };
            step.inspection = Some(Inspection::Done(Findings {
                at,
                imports: vec![Import {
                    export: "payment-TableArn-prod".into(),
                    by,
                }],
                buckets: Vec::new(),
                zones: Vec::new(),
            }));
        }
        crate::domain::planning::stacks::inspect(&env, &mut confirm.plan);
    }
    model
}

/// A stack that does not let itself be deleted, and the choice of a way out.
pub(crate) fn repairing() -> Model {
    let mut model = steady();
    model.page = Page::Stacks;
    let spec = model.env.stacks_of(Role::Standby).next().unwrap().clone();
    let mut stack = stack(Role::Standby);
    stack.status = StackStatus::new("DELETE_FAILED");
    stack.reason = Some("The following resource(s) failed to delete: [AuditBucket]. ".into());
    let resource = |id: &str, kind: &str, status: &str| StackResource {
        logical_id: id.into(),
        physical_id: Some(format!("{id}-1")),
        resource_type: kind.into(),
        status: ResourceStatus(status.into()),
    };
    let all = vec![
        resource("AuditBucket", "AWS::S3::Bucket", "DELETE_FAILED"),
        resource("HealthFunction", "AWS::Lambda::Function", "DELETE_COMPLETE"),
    ];
    let state = StackState::Present(Box::new(stack));
    for seen in [
        Seen::Stack(Role::Standby, spec.id.clone(), Ok(state)),
        Seen::Resources(Role::Standby, spec.id.clone(), Ok(all)),
    ] {
        model.seen.take(Sighting {
            at: model.now,
            seen,
        });
    }
    model.dialog = Some(Dialog::Repair(crate::app::dialog::RepairChoice {
        stack: spec.id,
        repair: crate::domain::repair::Repair::Delete,
        row: 1,
        skip: ["AuditBucket".to_owned()].into(),
    }));
    model.compare();
    model.conclude();
    model
}

/// The model with the confirmation of a real failover plan open.
pub(crate) fn planned(mut model: Model) -> Model {
    let basis = crate::domain::planning::Basis {
        env: &model.env,
        seen: &model.seen,
        facts: &model.facts,
        now: model.now,
    };
    let id = OperationId::new(OperationKind::Failover, model.now, 9);
    let plan = crate::domain::planning::traffic::failover(&basis, id, LeverKind::Metric).unwrap();
    model.dialog = Some(Dialog::Confirm(Box::new(Confirm::new(plan))));
    model
}

/// The model with a confirmation of a failover open.
pub(crate) fn confirming(mut model: Model) -> Model {
    let plan = failover_plan(&model);
    model.dialog = Some(Dialog::Confirm(Box::new(Confirm::new(plan))));
    model
}

/// The confirmation as it is when everything was typed.
pub(crate) fn confirmed_typed() -> Model {
    let mut model = confirming(dark());
    if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
        confirm.reason = TextField::with_value("us-east-1 outage, INC-4411");
        confirm.name = TextField::with_value("payment-standby-prod");
        confirm.focus = ConfirmFocus::Proceed;
    }
    model
}

/// A confirmation that the guards refuse, overridden but without a reason.
pub(crate) fn refused() -> Model {
    let mut model = confirming(unfit());
    if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
        confirm.overriding = true;
        confirm.focus = ConfirmFocus::Reason;
        confirm.error = Some("a reason is needed: a refusing guard is overridden".into());
    }
    model
}

/// The parameter form with an error.
pub(crate) fn form() -> Model {
    let mut model = steady();
    let field = |name: &str, label: &str, value: &str, error: Option<&str>| FormField {
        name: name.into(),
        label: label.into(),
        text: TextField::with_value(value),
        required: name == "hostedZoneId",
        sensitive: name == "apiKey",
        error: error.map(Into::into),
    };
    let wrong = Some("`example.com` does not fit ^Z[A-Z0-9]+$");
    model.dialog = Some(Dialog::Form(Form {
        title: "Deploy payment-standby as prod".into(),
        fields: vec![
            field(
                "hostedZoneId",
                "Hosted zone of the service name",
                "example.com",
                wrong,
            ),
            field(
                "notificationEmail",
                "Who gets the alerts",
                "ops@pay.test",
                None,
            ),
            field("apiKey", "Key of the payment provider", "secret", None),
        ],
        focus: 0,
    }));
    model
}

/// A failover that was cut off after its lever was told.
pub(crate) fn cut_off() -> Model {
    let mut model = dark();
    let plan = failover_plan(&model);
    let mut steps = vec![RecordedStep::WAITING; plan.steps.len()];
    if let Some(first) = steps.first_mut() {
        first.state = StepState::Done;
    }
    if let Some(second) = steps.get_mut(1) {
        second.state = StepState::Running;
    }
    model.unfinished = vec![Unfinished {
        plan,
        who: "ops".into(),
        reason: Some("us-east-1 outage, INC-4411".into()),
        drill: false,
        begun: model.now,
        last: model.now,
        opening: None,
        steps,
        milestones: Milestones::default(),
        orders: BTreeMap::new(),
        cancelled: false,
    }];
    with(model, Dialog::Unfinished { scroll: 0 })
}

/// The model with a dialog open.
pub(crate) fn with(mut model: Model, dialog: Dialog) -> Model {
    model.dialog = Some(dialog);
    model
}
