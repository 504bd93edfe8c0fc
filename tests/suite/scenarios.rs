//! Every scenario that ships is an acceptance test; rehearsals repeat exactly; a dead region costs the other nothing.

use std::time::Duration;

use serde_json::Value;
use switchback::app::key::Key;
use switchback::app::model::Page;
use switchback::app::msg::Msg;
use switchback::domain::guard::GuardVerdict;
use switchback::domain::observation::Serving;
use switchback::domain::observed::Observed;
use switchback::domain::operation::{OperationKind, Outcome};
use switchback::domain::region::Role;
use switchback::rehearsal::scenario::{self, Scenario};
use switchback::rehearsal::world::{RequestRecord, Service};

use crate::acceptance::DAYS;
use crate::support::home::Home;
use crate::support::in_process::{Rehearsed, rehearse, rehearse_on};

/// Scenarios that can't reach their end yet: what is missing, as they say it. An entry that begins to pass fails here.
const NOT_YET: &[(&str, &str)] = &[];

/// Plays the scenarios whose place in the list leaves `part` when divided by two: two tests share the machine. The worst
/// days are played by `acceptance.rs`, but for one, so that the program itself says what becomes of an outage.
fn play(part: usize) {
    let names = scenario::names();
    let here = |name: &&String| *name == "region-dead" || !DAYS.contains(&name.as_str());
    for name in names.iter().filter(here).skip(part).step_by(2) {
        let ran = Home::new().run(&format!("scenarios run {name} --format json"));
        match NOT_YET.iter().find(|(open, _)| open == name) {
            None => {
                let ran = ran.ends_with(0);
                assert!(
                    ran.err.contains("the declared end was reached"),
                    "{}",
                    ran.err
                );
            }
            Some((_, why)) => {
                let ran = ran.ends_with(22);
                assert!(ran.err.contains(why), "{name} fails otherwise: {}", ran.err);
            }
        }
    }
}

#[test]
fn scenarios_reach_their_end_1() {
    play(0);
}

#[test]
fn scenarios_reach_their_end_2() {
    play(1);
}

/// A scenario that ships, on another bundle, to its declared end; returns what was said on the way.
fn play_on(bundle: &str, scenario: &str) -> String {
    let line = format!("scenarios run {scenario} --bundle {bundle} --format json");
    let ran = Home::new().run(&line);
    let end = "the declared end was reached";
    assert!(
        ran.code == 0 && ran.err.contains(end),
        "{bundle} {scenario}: {}",
        ran.err
    );
    ran.err
}

/// Everything is deleted; `stays` is what the stacks' phases are not looked at for.
fn delete_all(home: &Home, stays: bool) -> String {
    let stacks = if stays {
        ""
    } else {
        "stacks = { primary = \"absent\", standby = \"absent\" }\n"
    };
    let text = format!(
        "title = \"All gone\"\nstory = \"Everything is deleted.\"\ndeployed = true\n\n\
         [[script]]\nat = 30\nrun = \"delete\"\noverrides = [\"not_serving\"]\n\n\
         [expect]\nwithin = 9600\n{stacks}"
    );
    let path = home.write("all-gone.toml", &text);
    path.display().to_string()
}

fn comes_and_goes(bundle: &str) {
    play_on(bundle, "empty");
    play_on(bundle, &delete_all(&Home::new(), false));
}

#[test]
fn the_transaction_platform_comes_and_goes() {
    comes_and_goes("transaction-platform");
}

#[test]
fn payment_pci_comes_from_nothing() {
    play_on("payment-pci", "empty");
}

#[test]
fn payment_pci_leaves_nothing() {
    play_on("payment-pci", &delete_all(&Home::new(), false));
}

/// The way back out of a dead standby can't ask for its database, and says so.
#[test]
fn payment_pci_leaves_a_dead_standby_and_its_database() {
    let said = play_on("payment-pci", "standby-dies-serving");
    assert!(said.contains("stays promoted"), "{said}");
}

/// The set and what its stacks hold are retained: the delete says so, resource by resource.
#[test]
fn transaction_dr_comes_and_leaves_what_it_retains() {
    play_on("transaction-dr", "empty");
    let said = play_on("transaction-dr", &delete_all(&Home::new(), true));
    for kind in [
        "AWS::CloudFormation::StackSet",
        "AWS::DynamoDB::GlobalTable",
    ] {
        let line = said.lines().find(|l| l.contains(kind));
        assert!(
            line.is_some_and(|l| l.contains("DELETE_SKIPPED")),
            "{line:?}"
        );
    }
    assert!(!said.contains("AWS::S3::Bucket DELETE"), "instances stay");
}

#[test]
fn what_is_listed_as_open_exists() {
    for (name, _) in NOT_YET {
        assert!(scenario::names().iter().any(|n| n == name), "{name}");
    }
}

/// What was throttled a moment ago is not out of reach, whichever requests the dice hit.
#[test]
fn throttling_stops_no_failover() {
    for seed in [2, 5] {
        Home::new()
            .run(&format!("--seed {seed} scenarios run throttled"))
            .ends_with(0);
    }
}

/// An operation's JSON, without its journal's folder, which is another one each time, and without the moments of its
/// steps and the parts of its clock: messages of one millisecond arrive in any order, and the model's clock with them.
fn failover(scenario: &str) -> Value {
    let home = Home::new();
    rehearse(
        scenario,
        &home.path("state"),
        async |mut stage: Rehearsed| {
            stage.wait(90).await;
            let result = stage.operate(OperationKind::Failover).await;
            let mut json = serde_json::to_value(&result).unwrap();
            json["journal"] = Value::Null;
            for step in json["steps"].as_array_mut().unwrap() {
                step["started"] = Value::Null;
                step["finished"] = Value::Null;
            }
            json["clock"]["parts"] = Value::Null;
            json
        },
    )
}

#[test]
fn the_same_seed_comes_to_the_same_end() {
    let (first, second) = (failover("region-outage"), failover("region-outage"));
    assert_eq!(first, second);
    assert_eq!(first["outcome"], "succeeded");
}

/// Requests that got an answer from the primary region or from the API of Route 53.
fn helped<'a>(requests: &'a [RequestRecord], primary: &str) -> Vec<&'a RequestRecord> {
    let all = requests.iter();
    all.filter(|r| r.outcome == "ok")
        .filter(|r| r.service == Service::Route53 || r.region == primary)
        .collect()
}

/// Promise 1: with the region and the Route 53 API gone, what is left is enough, from the start of the program with an
/// empty state folder to settled traffic. Where a database is promoted, its approval goes out in the standby as well.
fn needs_nothing_of_the_primary(bundle: &str) {
    let home = Home::new();
    let play = async |mut stage: Rehearsed| {
        stage.wait(30).await;
        let result = stage.operate(OperationKind::Failover).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{:?}", result.reason);
        assert_eq!(result.serving, Serving::Standby);
        let requests = stage.requests_since(jiff::Timestamp::MIN);
        let first = requests.first().expect("something was asked");
        assert!(first.at < stage.began, "the log begins with the program");
        let region = |role| stage.model().env.regions.get(role).as_str();
        let primary = region(Role::Primary);
        assert!(requests.iter().any(|r| r.region == primary), "it was asked");
        assert_eq!(helped(&requests, primary), Vec::<&RequestRecord>::new());
        let writes: Vec<(&str, &str)> = requests
            .iter()
            .map(|r| (r.operation.as_str(), r.region.as_str()))
            .filter(|(name, _)| {
                let reads = ["Describe", "Get", "List"];
                !reads.iter().any(|read| name.starts_with(read))
            })
            .collect();
        assert!(!writes.is_empty(), "the lever was pulled");
        let lever = ("PutMetricData", region(Role::Standby));
        assert!(writes.iter().all(|write| *write == lever), "{writes:?}");
    };
    let scenario = Scenario::shipped("control-plane-outage").unwrap();
    rehearse_on(bundle, scenario, &home.path("state"), play);
}

#[test]
fn a_failover_needs_nothing_of_the_primary_region_nor_the_route_53_api() {
    needs_nothing_of_the_primary("payment-standby");
}

#[test]
fn no_bundle_of_that_region_needs_anything_of_it_nor_of_the_route_53_api() {
    needs_nothing_of_the_primary("transaction-dr");
    needs_nothing_of_the_primary("transaction-platform");
}

#[test]
fn a_promotion_needs_nothing_of_the_primary_region_nor_the_route_53_api() {
    needs_nothing_of_the_primary("payment-pci");
}

/// The same with Route 53 there: it may be read, but the primary region still gives nothing and nothing is changed.
#[test]
fn a_failover_out_of_a_grey_region_pulls_only_the_lever_in_the_standby() {
    for bundle in ["payment-standby", "transaction-dr", "transaction-platform"] {
        pulls_only_the_lever(bundle);
    }
}

fn pulls_only_the_lever(bundle: &str) {
    let home = Home::new();
    let play = async |mut stage: Rehearsed| {
        stage.wait(30).await;
        let confirmed = stage.model().now;
        let result = stage.operate(OperationKind::Failover).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{:?}", result.reason);
        let requests = stage.requests_since(confirmed);
        let regions = stage.model().env.regions.clone();
        let (primary, standby) = (
            regions.get(Role::Primary).as_str(),
            regions.get(Role::Standby).as_str(),
        );
        let of_primary = |r: &&RequestRecord| r.service != Service::Route53 && r.region == primary;
        assert!(
            requests
                .iter()
                .filter(of_primary)
                .all(|r| r.outcome != "ok")
        );
        let changes = requests.iter().filter(|r| {
            r.service == Service::Route53
                && !["Get", "List"].iter().any(|w| r.operation.starts_with(w))
        });
        assert_eq!(changes.count(), 0);
        let lever = requests
            .iter()
            .find(|r| r.operation == "PutMetricData")
            .unwrap();
        assert_eq!((lever.region.as_str(), lever.outcome), (standby, "ok"));
        let waited = lever.at.duration_since(confirmed);
        assert!(
            waited.as_millis() <= 50,
            "confirmed to lever took {waited:?}"
        );
    };
    let scenario = Scenario::shipped("region-outage").unwrap();
    rehearse_on(bundle, scenario, &home.path("state"), play);
}

/// Promise 1, the other half: a region that hangs never delays what is read of the other, nor a key.
#[test]
fn a_black_hole_costs_the_other_region_nothing() {
    let home = Home::new();
    let play = async |mut stage: Rehearsed| {
        assert_eq!(
            stage.model().seen.regions.primary.is_reachable(),
            Some(false)
        );
        for _ in 0..60 {
            stage.wait(10).await;
            let now = stage.model().now;
            let standby = stage.model().seen.regions.get(Role::Standby);
            let age = |at: Option<jiff::Timestamp>| {
                let at = at.expect("it was read");
                Duration::try_from(now.duration_since(at)).unwrap_or_default()
            };
            for (what, at, limit) in [
                ("alarms", standby.alarms.at(), 20),
                ("signals", standby.signals.at(), 65),
                ("endpoint", standby.endpoint.at(), 20),
                (
                    "stacks",
                    standby.stacks.values().map(Observed::at).min().flatten(),
                    35,
                ),
            ] {
                assert!(
                    age(at) <= Duration::from_secs(limit),
                    "{what} is {:?} old",
                    age(at)
                );
            }
        }
        let before = stage.model().now;
        stage.core.take(Msg::Key(Key::Char('3')));
        assert_eq!(stage.model().page, Page::Traffic);
        assert_eq!(stage.model().now, before, "a key waits for nobody");
    };
    rehearse("region-outage", &home.path("state"), play);
}

/// Failing over and back restores what was there: routing, levers, and the guards' opinion.
#[test]
fn there_and_back_again_leaves_the_environment_as_it_was() {
    let home = Home::new();
    let play = async |mut stage: Rehearsed| {
        let result = stage.operate(OperationKind::Failover).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{:?}", result.reason);
        assert!(stage.model().facts.held);
        assert!(
            stage
                .until(1800, |m| m
                    .go
                    .failback
                    .iter()
                    .all(|g| g.verdict != GuardVerdict::Refuse))
                .await
        );
        let result = stage.operate(OperationKind::Failback).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{:?}", result.reason);
        assert_eq!(stage.model().facts.serving, Serving::Primary);
        assert!(!stage.model().facts.held);
        assert_eq!(
            stage.refusals(OperationKind::Failover).await,
            Vec::<String>::new()
        );
    };
    rehearse("steady", &home.path("state"), play);
}
