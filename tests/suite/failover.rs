//! What follows a failover; two consoles on one world; the records lever and its undo.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use switchback::app::key::Key;
use switchback::app::msg::Msg;
use switchback::domain::guard::GuardId;
use switchback::domain::lever::{Command, LeverKind, NumberedCommand};
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

/// The number and the direction of the lever's newest command, and what its keepalive repeats, as AWS shows them.
fn lever(stage: &Rehearsed) -> (Option<NumberedCommand>, Option<NumberedCommand>) {
    let lever = stage.model().seen.traffic.lever.last().unwrap();
    (lever.command, lever.echo)
}

/// Both go on for so many seconds.
async fn both_wait(first: &mut Rehearsed, second: &mut Rehearsed, seconds: u64) {
    for _ in 0..seconds {
        first.wait(1).await;
        second.wait(1).await;
    }
}

/// The last word counts, also of a machine whose clock is minutes behind or ahead: its number is after the newest.
#[test]
fn a_wrong_clock_neither_loses_a_command_nor_keeps_the_lever_for_itself() {
    for ahead in [-240, 420] {
        let home = Home::new();
        rehearse("steady", &home.path("one"), async |mut first: Rehearsed| {
            let mut second = first.beside_ahead(&home.path("two"), ahead).await;
            let skew = second.model().now.duration_since(first.model().now);
            assert_eq!(skew.as_secs().signum(), ahead.signum());
            let there = first.operate(OperationKind::Failover).await;
            assert_eq!(there.outcome, Outcome::Succeeded, "{:?}", there.reason);
            both_wait(&mut first, &mut second, 90).await;
            let (told, echo) = lever(&first);
            let told = told.unwrap();
            assert_eq!((told.command, echo), (Command::Engage, Some(told)));
            assert_eq!(lever(&second), (Some(told), echo), "both see the same");
            let refusals = second.refusals(OperationKind::Failover).await;
            let needed = GuardId::Needed.as_str().to_owned();
            assert!(
                refusals.contains(&needed),
                "it is done already: {refusals:?}"
            );
            // the way back by the wrong clock, and there again by the right one
            for (mover, kind, command) in [
                (1, OperationKind::Failback, Command::Release),
                (0, OperationKind::Failover, Command::Engage),
            ] {
                let (before, _) = lever(&first);
                let steady = ["steady", "exposure", "destination_fit", "reverse"];
                let console = if mover == 1 { &mut second } else { &mut first };
                let overrides = steady.map(str::to_owned).to_vec();
                let moved = console.try_operate(kind, None, overrides).await.unwrap();
                assert_eq!(moved.outcome, Outcome::Succeeded, "{:?}", moved.reason);
                both_wait(&mut first, &mut second, 90).await;
                let (newest, echo) = lever(&first);
                let newest = newest.unwrap();
                assert_eq!(newest.command, command, "{ahead} s: {newest:?}");
                assert!(newest.number > before.unwrap().number);
                assert_eq!(echo, Some(newest), "the keepalive obeys it");
                assert_eq!(lever(&second), (Some(newest), echo));
            }
        });
    }
}

/// The second pull is refused while the first is under way, whichever clock is wrong: the puller's is ahead, or ours behind.
#[test]
fn a_wrong_clock_sees_a_pull_that_is_under_way() {
    for ahead in [-240, 420] {
        let home = Home::new();
        rehearse("steady", &home.path("one"), async |mut first: Rehearsed| {
            let mut second = first.beside_ahead(&home.path("two"), ahead).await;
            let (puller, other) = if ahead > 0 {
                (&mut second, &mut first)
            } else {
                (&mut first, &mut second)
            };
            let overrides = vec!["exposure".to_owned(), "destination_fit".to_owned()];
            let began = puller.launch_with(OperationKind::Failover, overrides).await;
            both_wait(puller, other, 20).await;
            assert_eq!(other.model().facts.serving, Serving::Primary);
            let refusals = other.refusals(OperationKind::Failover).await;
            let running = GuardId::NothingRunning.as_str().to_owned();
            assert!(refusals.contains(&running), "{ahead} s: {refusals:?}");
            both_wait(puller, other, 300).await;
            assert_eq!(puller.ended(&began).outcome, Outcome::Succeeded);
        });
    }
}

/// While one console waits for its pull, another takes it back: the first says so and does not insist.
#[test]
fn a_newer_command_of_another_console_is_said_and_not_fought() {
    let home = Home::new();
    rehearse("steady", &home.path("one"), async |mut first: Rehearsed| {
        let mut second = first.beside_ahead(&home.path("two"), -240).await;
        first.launch(OperationKind::Failover).await;
        both_wait(&mut first, &mut second, 20).await;
        let (told, _) = lever(&second);
        let told = told.unwrap();
        assert_eq!(told.command, Command::Engage);
        let overrides = vec!["nothing_running".to_owned(), "exposure".to_owned()];
        let back = second
            .try_operate(OperationKind::Failback, None, overrides)
            .await
            .unwrap();
        assert_eq!(back.outcome, Outcome::Succeeded, "{:?}", back.reason);
        both_wait(&mut first, &mut second, 150).await;
        let (newest, echo) = lever(&first);
        let newest = newest.unwrap();
        assert_eq!(
            (newest.number, newest.command),
            (told.number + 1, Command::Release)
        );
        assert_eq!(echo, Some(newest), "nobody repeats the older one");
        let said = format!(
            "another console has spoken: release (command {})",
            newest.number
        );
        let notes: Vec<&str> = first
            .model()
            .trail
            .iter()
            .map(|e| e.text.as_str())
            .collect();
        assert_eq!(
            notes.iter().filter(|note| **note == said).count(),
            1,
            "{notes:?}"
        );
        assert_eq!(first.model().facts.commanded, Some(Role::Primary));
        assert_eq!(first.model().facts.serving, Serving::Primary);
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

/// Somebody changes a TTL, so that the first move is refused; the second one succeeds. Its way back leaves the TTL alone.
#[test]
fn the_way_back_reverts_nothing_that_somebody_else_changed_before_it() {
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
                record: theirs.clone(),
            };
            stage
                .world
                .with(|w| w.change_records(&zone, &[change], None))
                .unwrap();
            let lever = Some(LeverKind::Records);
            let there = OperationKind::Failover;
            let refused = stage.try_operate(there, lever, Vec::new()).await.unwrap();
            assert_eq!(refused.outcome, Outcome::Failed);
            stage.core.take(Msg::Key(Key::Ctrl('r')));
            let seen = |m: &switchback::app::model::Model| {
                let records = m.seen.traffic.records.last();
                records.is_some_and(|all| all.contains(&theirs))
            };
            assert!(stage.until(120, seen).await);
            let moved = stage.try_operate(there, lever, Vec::new()).await.unwrap();
            assert_eq!(moved.outcome, Outcome::Succeeded, "{:?}", moved.reason);
            let engaged =
                |m: &switchback::app::model::Model| m.facts.engaged == [LeverKind::Records];
            assert!(stage.until(120, engaged).await);
            let back = OperationKind::Failback;
            let back = stage.try_operate(back, None, Vec::new()).await.unwrap();
            assert_eq!(back.outcome, Outcome::Succeeded, "{:?}", back.reason);
            let (_, after) = zone_records(&stage);
            assert!(after.contains(&theirs), "{after:?}");
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
