//! Tests of the world as a whole, on the bundle that ships.

mod contents;
mod drift;
mod gate;
mod promotion;
mod scenarios;
mod stack_sets;
mod stacks;
mod traffic;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::bundle::{Choices, find};
use crate::domain::environment::Environment;
use crate::domain::lever::{Command, NumberedCommand, metric};
use crate::domain::region::Role;
use crate::rehearsal::faults::{Fault, StackAction, TimedFault};
use crate::rehearsal::scenario::{Expectation, Load, Scenario};
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
        load: Load::default(),
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
