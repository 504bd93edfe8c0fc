//! What follows a failover; two consoles on one world; the records lever and its undo.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use switchback::app::key::Key;
use switchback::app::msg::Msg;
use switchback::domain::guard::GuardId;
use switchback::domain::lever::LeverKind;
use switchback::domain::observation::Serving;
use switchback::domain::operation::{OperationKind, Outcome};
use switchback::domain::region::Role;
use switchback::domain::remark::RemarkId;
use switchback::domain::routing::{Policy, RecordSet};
use switchback::rehearsal::world::cloudwatch::MetricQuery;
use switchback::rehearsal::world::route53::{RecordAction, RecordChange};
use switchback::runtime::headless;

use crate::support::home::Home;
use crate::support::in_process::{Rehearsed, rehearse};

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
            second.refusals(OperationKind::Failover).await,
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
            second.refusals(OperationKind::Failover).await,
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
