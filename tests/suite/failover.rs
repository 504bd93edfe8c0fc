//! The stopwatch agrees with the world; two consoles on one world; the records lever and its undo.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use switchback::app::key::Key;
use switchback::app::msg::Msg;
use switchback::domain::guard::GuardId;
use switchback::domain::lever::LeverKind;
use switchback::domain::observation::Serving;
use switchback::domain::operation::{OperationKind, OperationResult, Outcome};
use switchback::domain::region::Role;
use switchback::domain::remark::RemarkId;
use switchback::domain::routing::{Policy, RecordSet};
use switchback::rehearsal::scenario::{Scenario, ScriptStep};
use switchback::rehearsal::world::cloudwatch::MetricQuery;
use switchback::rehearsal::world::route53::{RecordAction, RecordChange};
use switchback::runtime::headless;

use crate::support::home::Home;
use crate::support::in_process::{Rehearsed, rehearse};

/// DNS is asked every two seconds while an operation runs, and the console looks once a second.
const POLL: SignedDuration = SignedDuration::from_secs(4);

/// When the world's answer became this side's for the last time, up to a moment.
fn answered_since(stage: &Rehearsed, side: Role, until: Timestamp) -> Option<Timestamp> {
    let region = stage.model().env.regions.get(side).to_string();
    let wanted = format!("dns answers \"{region}\"");
    stage.world.with(|world| {
        let events = world.history().iter();
        let mut answers = events.filter(|e| e.what.starts_with("dns answers") && e.at <= until);
        let last = answers.next_back().filter(|e| e.what == wanted);
        last.map(|e| e.at)
    })
}

/// Plays one step of a scenario's script as `scenarios run` does.
async fn play(stage: &mut Rehearsed, scenario: &Scenario, step: &ScriptStep) -> OperationResult {
    let gone = stage.model().now.duration_since(stage.began);
    let wait = SignedDuration::from_secs(i64::try_from(step.at).unwrap()) - gone;
    stage
        .wait(u64::try_from(wait.as_secs()).unwrap_or_default())
        .await;
    let overrides = step.overrides.clone();
    let result = stage.try_operate(step.run, step.lever, overrides).await;
    result.unwrap_or_else(|why| panic!("{} at {} s: {why}", scenario.name, step.at))
}

/// Every move of a scenario: what its result says of the answer, and what the world says.
fn agrees(name: &str) {
    let home = Home::new();
    let scenario = Scenario::shipped(name).unwrap();
    let script: Vec<ScriptStep> = scenario
        .script
        .iter()
        .filter(|step| step.outcome == Outcome::Succeeded)
        .cloned()
        .collect();
    assert!(!script.is_empty(), "{name} moves nothing");
    rehearse(name, &home.path("state"), async |mut stage: Rehearsed| {
        for step in &script {
            let result = play(&mut stage, &scenario, step).await;
            assert_eq!(
                result.outcome,
                Outcome::Succeeded,
                "{name}: {:?}",
                result.reason
            );
            let to = result.serving.role().expect("it settled on a side");
            let clock = result.clock.expect("a move has a stopwatch");
            let settled = clock.settled.expect("it settled");
            let changed = answered_since(&stage, to, settled)
                .unwrap_or_else(|| panic!("{name}: the world's answer never became {to}"));
            let parts = clock.parts;
            let (pull, propagate) = (parts.pull.unwrap(), parts.propagate.unwrap());
            let sum = pull + propagate + parts.recover.unwrap();
            let rto = result.rto_seconds.unwrap();
            if changed <= result.started {
                // the automatic lever had moved it: the operation holds it
                assert!(rto >= sum, "{name}: {rto} {sum}");
                continue;
            }
            assert!((rto - sum).abs() < 0.01, "{name}: {rto} is not {sum}");
            let seen =
                result.started + SignedDuration::try_from_secs_f64(pull + propagate).unwrap();
            let late = seen.duration_since(changed);
            assert!(
                (SignedDuration::ZERO..=POLL).contains(&late),
                "{name}: answered at {changed}, seen at {seen}"
            );
            assert!(settled.duration_since(changed) <= POLL + SignedDuration::from_secs(6));
        }
    });
}

#[test]
fn results_agree_with_the_world_when_the_primary_fails() {
    for name in ["region-outage", "region-dead", "control-plane-outage"] {
        agrees(name);
    }
}

#[test]
fn results_agree_with_the_world_when_the_standby_fails() {
    agrees("standby-dies-serving");
}

#[test]
fn results_agree_with_the_world_when_everything_is_doubtful() {
    for name in ["brownout", "flapping", "throttled", "credentials-expiring"] {
        agrees(name);
    }
}

/// The old side's last request is seen, and the standby's CloudWatch has the duration when the program has ended.
#[test]
fn a_planned_failover_drains_and_publishes_its_duration() {
    let home = Home::new();
    rehearse(
        "steady",
        &home.path("state"),
        async |mut stage: Rehearsed| {
            let result = stage.operate(OperationKind::Failover).await;
            assert_eq!(result.clock.as_ref().unwrap().drained, None);
            let limit = Duration::from_mins(10);
            let result = headless::drain(&mut stage.core, result, limit, &mut |_| {}).await;
            let clock = result.clock.unwrap();
            let (settled, drained) = (clock.settled.unwrap(), clock.drained.expect("it drained"));
            assert!(drained > settled && clock.parts.drain.unwrap() > 60.0);

            let rto = result.rto_seconds.unwrap();
            let now = stage.model().now;
            let Rehearsed { core, world, .. } = stage;
            core.stop().await;
            let query = MetricQuery {
                namespace: "Switchback/DR".to_owned(),
                metric: "FailoverDurationSeconds".to_owned(),
                dimensions: BTreeMap::from([("Environment".to_owned(), "demo".to_owned())]),
                statistic: "Maximum".to_owned(),
                period: 60,
                start: result.started - SignedDuration::from_mins(1),
                end: now + SignedDuration::from_mins(1),
            };
            let published = |region: &str| world.with(|w| w.metric_data(region, &query));
            let values: Vec<f64> = published("us-west-2").iter().map(|p| p.value).collect();
            assert_eq!(values, [rto], "published once, in the standby");
            assert!(published("us-east-1").is_empty());
        },
    );
}

/// A command that ends at once still publishes: a primary that can't be read is not waited for.
#[test]
fn a_program_that_ends_at_once_has_published_the_duration() {
    let home = Home::new();
    rehearse(
        "region-outage",
        &home.path("state"),
        async |mut stage: Rehearsed| {
            stage.wait(90).await;
            let result = stage.operate(OperationKind::Failover).await;
            let settled = stage.model().now;
            let limit = Duration::from_mins(10);
            let result = headless::drain(&mut stage.core, result, limit, &mut |_| {}).await;
            assert_eq!(result.clock.unwrap().drained, None);
            assert!(stage.model().now.duration_since(settled) < SignedDuration::from_secs(5));
            let writes = |stage: &Rehearsed| {
                let requests = stage.requests_since(settled);
                requests
                    .iter()
                    .filter(|r| r.operation == "PutMetricData" && r.outcome == "ok")
                    .count()
            };
            let world = stage.world.clone();
            let before = writes(&stage);
            stage.core.stop().await;
            let after = world.with(|w| {
                let put = |r: &&switchback::rehearsal::world::RequestRecord| {
                    r.at >= settled && r.operation == "PutMetricData" && r.outcome == "ok"
                };
                w.requests().iter().filter(put).count()
            });
            assert!(after >= before.max(1), "{before} {after}");
        },
    );
}

/// Both see commanded and confirmed from AWS; the second pull is refused, under way or done.
#[test]
fn a_second_console_recognises_what_the_first_has_done() {
    let home = Home::new();
    rehearse("steady", &home.path("one"), async |mut first: Rehearsed| {
        let mut second = first.beside(&home.path("two")).await;
        let began = first.launch(OperationKind::Failover).await;
        // the lever is pulled, and nothing has moved yet
        first.wait(20).await;
        second.wait(20).await;
        assert_eq!(first.model().facts.serving, Serving::Primary);
        assert_eq!(second.model().facts.commanded, Some(Role::Standby));
        let remarks = &second.model().facts.remarks;
        assert_eq!(remarks[0].id, RemarkId::NotFollowed, "{remarks:?}");
        assert_eq!(
            second.refusals(OperationKind::Failover),
            [GuardId::NothingRunning.as_str()],
            "somebody else's command is under way"
        );
        for _ in 0..400 {
            if !first.model().is_busy() {
                break;
            }
            first.wait(1).await;
            second.wait(1).await;
        }
        let result = first.ended(&began);
        assert_eq!(result.outcome, Outcome::Succeeded, "{:?}", result.reason);
        second.wait(20).await;
        assert_eq!(second.model().facts.serving, Serving::Standby);
        assert!(second.model().facts.held);
        assert_eq!(
            second.refusals(OperationKind::Failover),
            [GuardId::Needed.as_str()],
            "traffic is already there"
        );
        // and the way back is open to both
        let back = second.operate(OperationKind::Failback).await;
        assert_eq!(back.outcome, Outcome::Succeeded, "{:?}", back.reason);
        first.wait(30).await;
        assert_eq!(first.model().facts.serving, Serving::Primary);
        assert_eq!(first.model().facts.commanded, Some(Role::Primary));
    });
}

fn weight(record: &RecordSet) -> i64 {
    match record.policy {
        Policy::Weighted(weight) => weight,
        _ => -1,
    }
}

fn zone_records(stage: &Rehearsed) -> (String, Vec<RecordSet>) {
    stage.world.with(|world| {
        let zone = world.zones()[0].id.clone();
        let records = world.records(&zone).unwrap();
        (zone, records)
    })
}

#[test]
fn the_records_lever_moves_and_its_undo_restores_every_byte() {
    let home = Home::new();
    rehearse(
        "steady",
        &home.path("state"),
        async |mut stage: Rehearsed| {
            let (zone, before) = zone_records(&stage);
            let there = stage
                .try_operate(
                    OperationKind::Failover,
                    Some(LeverKind::Records),
                    Vec::new(),
                )
                .await
                .unwrap();
            assert_eq!(there.outcome, Outcome::Succeeded, "{:?}", there.reason);
            let (_, moved) = zone_records(&stage);
            let weights: Vec<i64> = moved.iter().map(weight).filter(|w| *w >= 0).collect();
            assert_eq!(weights.iter().filter(|w| **w == 100).count(), 2);
            assert_ne!(moved, before);
            assert!(
                stage
                    .until(120, |m| m.facts.engaged == [LeverKind::Records])
                    .await
            );

            // somebody else changes one of them: the way back is refused, and says what is another
            let mut theirs = moved.iter().find(|r| weight(r) == 100).unwrap().clone();
            theirs.policy = Policy::Weighted(77);
            let change = RecordChange {
                action: RecordAction::Upsert,
                record: theirs,
            };
            stage
                .world
                .with(|w| w.change_records(&zone, &[change], None))
                .unwrap();
            stage.core.take(Msg::Key(Key::Ctrl('r')));
            assert!(
                stage
                    .until(60, |m| m
                        .seen
                        .traffic
                        .records
                        .last()
                        .is_some_and(|all| all.iter().any(|r| weight(r) == 77)))
                    .await
            );
            let refused = stage
                .try_operate(OperationKind::Failback, None, Vec::new())
                .await
                .unwrap_err();
            assert!(refused.contains("weight 100 → weight 77"), "{refused}");
            let back = stage
                .try_operate(OperationKind::Failback, None, vec!["records".to_owned()])
                .await
                .unwrap();
            assert_eq!(back.outcome, Outcome::Succeeded, "{:?}", back.reason);
            assert_eq!(zone_records(&stage).1, before);
        },
    );
}

/// A change between the review and the batch: nothing is sent, and the difference is shown.
#[test]
fn a_change_by_others_after_the_review_stops_the_records_lever() {
    let home = Home::new();
    rehearse(
        "steady",
        &home.path("state"),
        async |mut stage: Rehearsed| {
            let (zone, before) = zone_records(&stage);
            let mut theirs = before.iter().find(|r| weight(r) == 0).unwrap().clone();
            theirs.ttl = Some(5);
            let change = RecordChange {
                action: RecordAction::Upsert,
                record: theirs,
            };
            stage
                .world
                .with(|w| w.change_records(&zone, &[change], None))
                .unwrap();
            let result = stage
                .try_operate(
                    OperationKind::Failover,
                    Some(LeverKind::Records),
                    Vec::new(),
                )
                .await
                .unwrap();
            assert_eq!(result.outcome, Outcome::Failed);
            let reason = result.reason.unwrap();
            assert!(
                reason.contains("nothing was done") && reason.contains("→ 5 s"),
                "{reason}"
            );
            let (_, after) = zone_records(&stage);
            assert!(after.iter().all(|r| [0, 100, -1].contains(&weight(r))));
            assert_eq!(after.len(), before.len());
        },
    );
}
