//! Tests of the world as a whole, on the bundle that ships.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::bundle::{Choices, find};
use crate::domain::environment::Environment;
use crate::domain::lever::{Command, NumberedCommand, metric};
use crate::domain::region::Role;
use crate::rehearsal::faults::{Fault, StackAction, TimedFault};
use crate::rehearsal::scenario::{Expectation, Scenario};
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudformation::{DeleteOptions, NewChangeSet, ParameterValue};
use crate::rehearsal::world::cloudwatch::{MetricQuery, NewDatum};
use crate::rehearsal::world::network::{DnsReply, Probe};
use crate::rehearsal::world::route53::HealthCheckUpdate;
use crate::rehearsal::world::{ApiError, Gate, Service, Setup, World};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

fn environment() -> Environment {
    let mut choices = Choices::of_suffix("demo");
    choices
        .parameters
        .insert("domainName".into(), "pay.rehearsal.test".into());
    find(None, "payment-standby")
        .unwrap()
        .environment(choices)
        .unwrap()
}

fn epoch() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

fn scenario(deployed: bool, faults: Vec<TimedFault>) -> Scenario {
    Scenario {
        name: "test".into(),
        title: "A test".into(),
        story: "None.".into(),
        deployed,
        faults,
        script: Vec::new(),
        expect: Expectation {
            within: 0,
            serving: None,
            held: None,
            stacks: BTreeMap::new(),
        },
        load: Default::default(),
    }
}

fn world_with(deployed: bool, faults: &[(i64, Option<i64>, Fault)]) -> World {
    let faults = faults.iter().map(|(at, until, fault)| TimedFault {
        at: *at,
        until: *until,
        fault: fault.clone(),
    });
    World::new(Setup {
        environment: environment(),
        scenario: scenario(deployed, faults.collect()),
        seed: 7,
        epoch: epoch(),
    })
    .unwrap()
}

fn pass(world: &mut World, seconds: u64) {
    world.advance(later(world.now(), Duration::from_secs(seconds)));
}

/// The region that the marker names.
fn marker(world: &mut World) -> String {
    let server = world.name_servers()[0].clone();
    match world.dns(&server, "active-region.pay.rehearsal.test", "TXT") {
        DnsReply::Answer {
            values,
            authoritative: true,
            ..
        } => values[0].trim_matches('"').to_owned(),
        other => format!("{other:?}"),
    }
}

/// Seconds until the marker names the region.
fn until_marker(world: &mut World, region: &str, limit: u64) -> Option<u64> {
    (0..limit / 5).map(|n| n * 5).find(|_| {
        let there = marker(world) == region;
        if !there {
            pass(world, 5);
        }
        there
    })
}

fn pull(world: &mut World, command: Command) {
    let newest = None;
    let command = NumberedCommand::next(command, world.now(), newest);
    let engaged = f64::from(u8::from(command.command == Command::Engage));
    for (name, value) in [
        (metric::COMMAND, command.datum()),
        (metric::ENGAGED, engaged),
    ] {
        let datum = NewDatum {
            namespace: "Switchback/Failover".into(),
            metric: name.into(),
            dimensions: BTreeMap::from([("Environment".to_owned(), "demo".to_owned())]),
            value,
            at: None,
        };
        world.put_metric(WEST, &datum).unwrap();
    }
}

fn newest(world: &World, region: &str, signal: &str) -> Option<f64> {
    let env = world.environment();
    let spec = env.signals.iter().find(|s| s.id.0 == signal).unwrap();
    let bindings = world.bindings();
    let query = MetricQuery {
        namespace: spec.namespace.clone(),
        metric: spec.metric.clone(),
        dimensions: spec
            .dimensions
            .iter()
            .map(|(k, v)| (k.clone(), v.resolve(&bindings).unwrap()))
            .collect(),
        statistic: spec.statistic.clone(),
        period: spec.period_seconds,
        start: world.now().checked_sub(Duration::from_secs(180)).unwrap(),
        end: world.now(),
    };
    world.metric_data(region, &query).last().map(|p| p.value)
}

fn status(world: &World, region: &str, name: &str) -> String {
    world
        .describe_stacks(region, Some(name))
        .map_or_else(|e| e.message, |s| s[0].status.0.clone())
}

#[test]
fn a_deployed_world_begins_complete() {
    let mut world = world_with(true, &[]);
    assert_eq!(world.now(), epoch());
    for (region, name) in [
        (WEST, "payment-standby-demo"),
        (EAST, "payment-standby-demo"),
        (EAST, "payment-standby-global-demo"),
    ] {
        assert_eq!(
            status(&world, region, name),
            "CREATE_COMPLETE",
            "{name} in {region}"
        );
    }
    assert_eq!(marker(&mut world), EAST);
    let red: Vec<String> = [EAST, WEST]
        .iter()
        .flat_map(|r| world.alarms(r, &[], None))
        .filter(|a| a.alarm.state.as_str() != "OK")
        .map(|a| {
            format!(
                "{} {} {:?}",
                a.alarm.name,
                a.alarm.state.as_str(),
                a.alarm.reason
            )
        })
        .collect();
    assert_eq!(red, Vec::<String>::new());
    assert!(newest(&world, WEST, "staleness").unwrap() < 60.0);
    assert!(newest(&world, EAST, "requests-primary").unwrap() > 100.0);
    assert_eq!(newest(&world, WEST, "requests-standby"), Some(0.0));
    assert!(newest(&world, EAST, "table-lag").unwrap() > 100.0);
    assert!(newest(&world, WEST, "bucket-lag").is_some());
    let bindings = world.bindings();
    for endpoint in [
        &environment().traffic.unwrap().endpoints.primary,
        &environment().traffic.unwrap().endpoints.standby,
    ] {
        let url = endpoint.resolve(&bindings).unwrap();
        assert!(
            matches!(world.probe(&url), Probe::Answer { status: 200, .. }),
            "{url}"
        );
    }
    assert!(matches!(
        world.probe("https://api.pay.rehearsal.test/prod/health"),
        Probe::Answer { status: 200, .. }
    ));
    assert_eq!(world.probe("https://nowhere.test/"), Probe::NoSuchHost);
}

#[test]
fn six_hours_of_history_are_there() {
    let world = world_with(true, &[]);
    let query = MetricQuery {
        namespace: "Switchback/DR".into(),
        metric: "ReplicaStalenessSeconds".into(),
        dimensions: BTreeMap::from([("Environment".to_owned(), "demo".to_owned())]),
        statistic: "Maximum".into(),
        period: 300,
        start: epoch().checked_sub(Duration::from_hours(6)).unwrap(),
        end: epoch(),
    };
    assert_eq!(world.metric_data(WEST, &query).len(), 72);
}

#[test]
fn the_metric_lever_moves_the_answer_in_one_to_four_minutes_and_back() {
    let mut world = world_with(true, &[]);
    pass(&mut world, 17);
    pull(&mut world, Command::Engage);
    let took = until_marker(&mut world, WEST, 600).unwrap();
    assert!((45..=240).contains(&took), "{took} s");
    // the keepalive holds it
    pass(&mut world, 3600);
    assert_eq!(marker(&mut world), WEST);
    assert_eq!(newest(&world, EAST, "requests-primary"), Some(0.0));
    assert!(newest(&world, WEST, "requests-standby").unwrap() > 100.0);
    pull(&mut world, Command::Release);
    let back = until_marker(&mut world, EAST, 600).unwrap();
    assert!((30..=240).contains(&back), "{back} s");
}

#[test]
fn a_dead_region_moves_by_itself_and_comes_back_by_itself() {
    let mut world = world_with(
        true,
        &[(
            0,
            Some(2700),
            Fault::RegionDark {
                region: Role::Primary,
            },
        )],
    );
    assert_eq!(
        world.gate(Service::CloudFormation, EAST, "DescribeStacks"),
        Gate::Hang
    );
    assert!(matches!(
        world.gate(Service::CloudFormation, WEST, "DescribeStacks"),
        Gate::Pass { .. }
    ));
    assert!(matches!(
        world.gate(Service::Route53, EAST, "ListHealthChecks"),
        Gate::Pass { .. }
    ));
    let took = until_marker(&mut world, WEST, 600).unwrap();
    assert!((60..=240).contains(&took), "{took} s");
    pass(&mut world, 600);
    assert!(newest(&world, WEST, "staleness").unwrap() > 600.0);
    pass(&mut world, 2700);
    assert_eq!(
        marker(&mut world),
        EAST,
        "not held: traffic returns by itself"
    );
}

#[test]
fn a_grey_region_does_not_move_by_itself() {
    let mut world = world_with(
        true,
        &[(
            0,
            None,
            Fault::RegionGrey {
                region: Role::Primary,
            },
        )],
    );
    pass(&mut world, 1800);
    assert_eq!(marker(&mut world), EAST);
    assert_eq!(
        world.gate(Service::CloudWatch, EAST, "GetMetricData"),
        Gate::Hang
    );
    let url = environment()
        .traffic
        .unwrap()
        .endpoints
        .primary
        .resolve(&world.bindings())
        .unwrap();
    assert_eq!(world.probe(&url), Probe::Hang);
    pull(&mut world, Command::Engage);
    assert!(until_marker(&mut world, WEST, 300).is_some());
}

#[test]
fn the_endpoint_lever_moves_the_answer() {
    let mut world = world_with(true, &[]);
    let stack = world
        .describe_stacks(WEST, Some("payment-standby-demo"))
        .unwrap()
        .remove(0);
    let mut parameters: BTreeMap<String, ParameterValue> = stack
        .parameters
        .keys()
        .map(|k| (k.clone(), ParameterValue::UsePrevious))
        .collect();
    parameters.insert("leverEngaged".into(), ParameterValue::Value("true".into()));
    let update = NewChangeSet {
        stack_name: stack.name,
        use_previous_template: true,
        parameters,
        capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
        token: Some("lever".into()),
        ..NewChangeSet::default()
    };
    world.update_stack(WEST, &update).unwrap();
    let took = until_marker(&mut world, WEST, 600).unwrap();
    assert!((60..=300).contains(&took), "{took} s");
    let again = world.update_stack(WEST, &update).unwrap_err();
    assert_eq!(again.message, "No updates are to be performed.");
    let events = world.stack_events(WEST, "payment-standby-demo").unwrap();
    assert!(
        events
            .iter()
            .filter(|e| e.token.as_deref() == Some("lever"))
            .count()
            >= 4
    );
}

#[test]
fn forcing_the_combined_check_moves_the_answer() {
    let mut world = world_with(true, &[]);
    let checks = world.health_checks();
    let combined = checks
        .iter()
        .find(|c| {
            matches!(
                c.check.target,
                crate::domain::health::CheckTarget::Calculated { .. }
            )
        })
        .unwrap();
    let id = combined.check.id.0.clone();
    let update = HealthCheckUpdate {
        threshold: Some(4),
        ..Default::default()
    };
    assert_eq!(
        world
            .update_health_check(&id, Some(99), &update)
            .unwrap_err()
            .code,
        "HealthCheckVersionMismatch"
    );
    world
        .update_health_check(&id, Some(combined.check.version), &update)
        .unwrap();
    assert!(until_marker(&mut world, WEST, 120).is_some());
}

#[test]
fn an_alarm_set_by_hand_moves_nothing() {
    let mut world = world_with(true, &[]);
    world
        .set_alarm_state(
            WEST,
            "failover-engaged-demo",
            crate::domain::alarm::AlarmState::Alarm,
            "test",
        )
        .unwrap();
    pass(&mut world, 600);
    assert_eq!(marker(&mut world), EAST);
}

fn deploy(world: &mut World) {
    for (id, region) in [("standby", WEST), ("primary", EAST), ("global", EAST)] {
        world
            .deploy_one(&crate::domain::stack::StackId(id.into()))
            .unwrap();
        assert!(!world.describe_stacks(region, None).unwrap().is_empty());
    }
}

fn delete(world: &mut World, region: &str, name: &str) {
    world
        .delete_stack(
            region,
            name,
            &DeleteOptions {
                token: Some("delete".into()),
                ..Default::default()
            },
        )
        .unwrap();
    for _ in 0..720 {
        pass(world, 5);
        if world.describe_stacks(region, Some(name)).is_err() {
            return;
        }
    }
    panic!(
        "{name} in {region} is still {}",
        status(world, region, name)
    );
}

#[test]
fn everything_can_be_deployed_from_nothing_and_deleted_to_nothing() {
    let mut world = world_with(false, &[]);
    assert!(world.describe_stacks(EAST, None).unwrap().is_empty());
    assert_eq!(
        world.describe_stacks(EAST, Some("x")).unwrap_err(),
        ApiError::validation("Stack with id x does not exist")
    );
    deploy(&mut world);
    assert_eq!(world.health_checks().len(), 5);
    pass(&mut world, 300);
    assert_eq!(marker(&mut world), EAST);
    delete(&mut world, EAST, "payment-standby-global-demo");
    delete(&mut world, EAST, "payment-standby-demo");
    delete(&mut world, WEST, "payment-standby-demo");
    for region in [EAST, WEST] {
        assert!(world.describe_stacks(region, None).unwrap().is_empty());
        assert!(world.alarms(region, &[], None).is_empty());
    }
    assert!(world.health_checks().is_empty());
    assert!(world.zones().is_empty());
    assert!(world.hosts.is_empty());
}

#[test]
fn the_same_seed_and_script_come_to_the_same_end() {
    let play = |seed| {
        let mut world = World::new(Setup {
            environment: environment(),
            scenario: scenario(
                true,
                vec![TimedFault {
                    at: 60,
                    until: Some(900),
                    fault: Fault::RegionDark {
                        region: Role::Primary,
                    },
                }],
            ),
            seed,
            epoch: epoch(),
        })
        .unwrap();
        pass(&mut world, 100);
        pull(&mut world, Command::Engage);
        pass(&mut world, 1800);
        world
    };
    let (one, same, other) = (play(1), play(1), play(2));
    assert_eq!(one.history(), same.history());
    assert_eq!(
        newest(&one, WEST, "requests-standby"),
        newest(&same, WEST, "requests-standby")
    );
    assert_ne!(
        newest(&one, WEST, "requests-standby"),
        newest(&other, WEST, "requests-standby")
    );
}

#[test]
fn the_size_of_the_steps_makes_no_difference() {
    let play = |step| {
        let mut world = world_with(
            true,
            &[(
                30,
                Some(600),
                Fault::RegionDark {
                    region: Role::Primary,
                },
            )],
        );
        let end = later(world.now(), Duration::from_secs(1200));
        while world.now() < end {
            let next = later(world.now(), Duration::from_millis(step)).min(end);
            let before = world.now();
            world.advance(next);
            assert!(world.now() >= before);
            world.advance(before);
            assert_eq!(world.now(), next, "time never goes backwards");
        }
        world.history().to_vec()
    };
    assert_eq!(play(700), play(1_200_000));
}

#[test]
fn a_failed_create_rolls_back_and_a_failed_delete_stays() {
    let failure = |action, kind: &str| Fault::StackFailure {
        region: None,
        action,
        resource_type: kind.into(),
    };
    let mut world = world_with(
        false,
        &[(
            0,
            Some(600),
            failure(StackAction::Create, "AWS::Lambda::Function"),
        )],
    );
    let told = world
        .deploy_one(&crate::domain::stack::StackId("standby".into()))
        .unwrap_err()
        .to_string();
    assert!(told.contains("AWS::Lambda::Function"), "{told}");
    for _ in 0..60 {
        pass(&mut world, 10);
    }
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "ROLLBACK_COMPLETE"
    );
    assert!(world.alarms(WEST, &[], None).is_empty());
    delete(&mut world, WEST, "payment-standby-demo");

    let mut world = world_with(
        true,
        &[(
            0,
            Some(900),
            failure(StackAction::Delete, "AWS::S3::Bucket"),
        )],
    );
    world
        .delete_stack(WEST, "payment-standby-demo", &DeleteOptions::default())
        .unwrap();
    pass(&mut world, 800);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "DELETE_FAILED"
    );
    pass(&mut world, 200);
    delete(&mut world, WEST, "payment-standby-demo");
}

#[test]
fn a_failed_update_rolls_back_or_gets_stuck_and_can_be_continued() {
    let failure = |action| Fault::StackFailure {
        region: None,
        action,
        resource_type: "AWS::Lambda::Function".into(),
    };
    let foreign = (
        10,
        None,
        Fault::ForeignOperation {
            region: Role::Standby,
        },
    );
    let mut world = world_with(
        true,
        &[
            (0, Some(300), failure(StackAction::Update)),
            foreign.clone(),
        ],
    );
    pass(&mut world, 300);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_ROLLBACK_COMPLETE"
    );

    let mut world = world_with(
        true,
        &[
            (0, Some(300), failure(StackAction::Update)),
            (0, Some(300), failure(StackAction::Rollback)),
            foreign,
        ],
    );
    pass(&mut world, 300);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_ROLLBACK_FAILED"
    );
    world
        .continue_update_rollback(WEST, "payment-standby-demo", &[], None)
        .unwrap();
    pass(&mut world, 300);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_ROLLBACK_COMPLETE"
    );
}

#[test]
fn a_change_set_tells_what_would_change() {
    let mut world = world_with(true, &[]);
    let stack = world
        .describe_stacks(EAST, Some("payment-standby-global-demo"))
        .unwrap()
        .remove(0);
    let set = |world: &mut World, name: &str, interval: &str| {
        let mut parameters: BTreeMap<String, ParameterValue> = stack
            .parameters
            .keys()
            .map(|k| (k.clone(), ParameterValue::UsePrevious))
            .collect();
        parameters.insert(
            "checkInterval".into(),
            ParameterValue::Value(interval.into()),
        );
        let new = NewChangeSet {
            stack_name: stack.name.clone(),
            name: name.into(),
            use_previous_template: true,
            parameters,
            capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
            ..NewChangeSet::default()
        };
        let shown = world.create_change_set(EAST, &new).unwrap();
        assert_eq!(shown.status, "CREATE_IN_PROGRESS");
        pass(world, 5);
        world.describe_change_set(EAST, &stack.name, name).unwrap()
    };
    let none = set(&mut world, "none", "30");
    assert_eq!(
        (none.status.as_str(), none.execution_status.as_str()),
        ("FAILED", "UNAVAILABLE")
    );
    let some = set(&mut world, "some", "10");
    let replaced: Vec<&str> = some
        .set
        .changes
        .iter()
        .filter(|c| c.replacement == crate::domain::change::Replacement::Yes)
        .map(|c| c.logical_id.as_str())
        .collect();
    assert_eq!(
        replaced,
        ["EndpointLeverCheck", "PrimaryCheck", "StandbyCheck"]
    );
    world
        .execute_change_set(EAST, &stack.name, "some", Some("t"))
        .unwrap();
    world
        .execute_change_set(EAST, &stack.name, "some", Some("t"))
        .unwrap();
    pass(&mut world, 300);
    assert_eq!(
        status(&world, EAST, "payment-standby-global-demo"),
        "UPDATE_COMPLETE"
    );
    assert_eq!(world.health_checks().len(), 5);
    assert_eq!(marker(&mut world), EAST);
}

#[test]
fn bad_requests_get_the_answers_of_aws() {
    let mut world = world_with(true, &[]);
    let body = environment().stacks[0].template.clone();
    let new = NewChangeSet {
        stack_name: "other".into(),
        name: "n".into(),
        body: Some(body.clone()),
        create: true,
        ..Default::default()
    };
    assert!(
        world
            .create_change_set(EAST, &new)
            .unwrap_err()
            .message
            .contains("must have values")
    );
    let exists = NewChangeSet {
        stack_name: "payment-standby-demo".into(),
        ..new.clone()
    };
    assert!(
        world
            .create_change_set(EAST, &exists)
            .unwrap_err()
            .message
            .contains("already exists")
    );
    let long = NewChangeSet {
        body: Some(" ".repeat(60_000)),
        ..new.clone()
    };
    assert!(
        world
            .create_change_set(EAST, &long)
            .unwrap_err()
            .message
            .contains("less than or equal to 51200")
    );
    let plain = NewChangeSet {
        body: Some(
            r#"{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"r"}}}}"#.into(),
        ),
        ..new
    };
    assert_eq!(
        world.create_change_set(EAST, &plain).unwrap_err().code,
        "InsufficientCapabilitiesException"
    );
    assert_eq!(
        world.describe_stacks(EAST, Some("other")).unwrap_err().code,
        "ValidationError"
    );
    world
        .set_termination_protection(WEST, "payment-standby-demo", true)
        .unwrap();
    assert!(
        world
            .delete_stack(WEST, "payment-standby-demo", &DeleteOptions::default())
            .unwrap_err()
            .message
            .contains("TerminationProtection")
    );
}

#[test]
fn faults_reach_the_gate() {
    let faults = [
        (
            0,
            None,
            Fault::Throttling {
                region: None,
                one_in: 2,
            },
        ),
        (60, Some(120), Fault::Route53Api),
        (200, None, Fault::CredentialsExpiring { seconds: 60 }),
        (
            130,
            Some(190),
            Fault::SlowApi {
                region: Some(Role::Primary),
                milliseconds: 5000,
            },
        ),
        (0, None, Fault::NameServersSilent { servers: 3 }),
    ];
    let mut world = world_with(true, &faults);
    let throttled = (0..100)
        .filter(|_| {
            matches!(
                world.gate(Service::CloudFormation, EAST, "X"),
                Gate::Fail(_)
            )
        })
        .count();
    assert!((30..70).contains(&throttled), "{throttled}");
    pass(&mut world, 61);
    assert_eq!(
        world.gate(Service::Route53, EAST, "GetHealthCheckStatus"),
        Gate::Hang
    );
    pass(&mut world, 70);
    let slow = |world: &mut World| matches!(world.gate(Service::CloudWatch, EAST, "X"), Gate::Pass { latency } if latency == Duration::from_secs(5));
    assert!((0..20).any(|_| slow(&mut world)));
    pass(&mut world, 140);
    let expired = |g: Gate| matches!(g, Gate::Fail(e) if e.code.starts_with("ExpiredToken"));
    assert!(expired(world.gate(Service::Sts, EAST, "GetCallerIdentity")));
    assert!(world.identity(EAST).expires.unwrap() < world.now());
    let servers = world.name_servers();
    assert_eq!(
        servers
            .iter()
            .filter(|s| world.dns(s, "active-region.pay.rehearsal.test", "TXT") == DnsReply::Silent)
            .count(),
        3
    );
    assert_eq!(
        world.dns(&servers[3], "www.elsewhere.test", "A"),
        DnsReply::Refused
    );
    assert_eq!(
        world.dns(&servers[3], "nobody.pay.rehearsal.test", "A"),
        DnsReply::NxDomain
    );
    assert_eq!(
        world.dns(&servers[3], "active-region.pay.rehearsal.test", "A"),
        DnsReply::NoData
    );
}

#[test]
fn route53_is_limited_to_five_requests_a_second() {
    let mut world = world_with(true, &[]);
    let passed = (0..10)
        .filter(|_| matches!(world.gate(Service::Route53, EAST, "X"), Gate::Pass { .. }))
        .count();
    assert_eq!(passed, 5);
}
