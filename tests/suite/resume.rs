//! Operations that are cut off at every moment: the next console continues them, and nothing is done twice.

use std::path::Path;

use switchback::domain::environment::StackSpec;
use switchback::domain::lever::Command;
use switchback::domain::observation::Serving;
use switchback::domain::operation::{OperationKind, Outcome};
use switchback::domain::region::Role;
use switchback::journal::{self, Entry};
use switchback::rehearsal::scenario::Scenario;

use crate::support::in_process::{Rehearsed, rehearse, rehearse_scenario};

/// How many messages of the operation are taken in before it is cut off, and how many seconds later it is continued.
type Cut = (usize, u64);

/// How often each stack of the environment was begun to be created, by its own events.
fn creations(rehearsed: &Rehearsed) -> Vec<usize> {
    let env = &rehearsed.model().env;
    let begun = |spec: &StackSpec| {
        rehearsed.world.with(|world| {
            let region = env.regions.get(spec.role).as_str();
            let events = world.stack_events(region, &spec.name).unwrap();
            let begins = events
                .iter()
                .filter(|e| e.logical_id == spec.name && e.status.0 == "CREATE_IN_PROGRESS");
            begins.count()
        })
    };
    env.stacks.iter().map(begun).collect()
}

/// How often each stack was begun to be deleted, by its own events. A request of a console that died before it was
/// answered may have reached nobody, and is no deletion.
fn deletions(rehearsed: &Rehearsed) -> Vec<usize> {
    let regions = &rehearsed.model().env.regions;
    rehearsed.world.with(|world| {
        let all = Role::BOTH
            .map(|role| regions.get(role).as_str())
            .into_iter();
        let stacks = all.flat_map(|region| {
            let listed = world.list_stacks(region).into_iter();
            listed.map(move |stack| (region, stack))
        });
        let begun = stacks.map(|(region, stack)| {
            let events = world.stack_events(region, &stack.arn).unwrap();
            let begins = events
                .iter()
                .filter(|e| e.is_of_the_stack() && e.status.0 == "DELETE_IN_PROGRESS");
            begins.count()
        });
        begun.collect()
    })
}

/// How often the world was asked for something.
fn asked(rehearsed: &Rehearsed, operation: &str) -> usize {
    rehearsed.world.with(|world| {
        let all = world.requests().iter();
        all.filter(|r| r.operation == operation && r.outcome == "ok")
            .count()
    })
}

/// Every journal is whole; the newest operation ended well, and nothing is unfinished.
fn journals_are_whole(state: &Path) {
    for file in journal::files(state) {
        assert_eq!(
            journal::verify(&file).unwrap(),
            Ok(()),
            "{}",
            file.display()
        );
    }
    let unfinished: Vec<_> = journal::list(state)
        .into_iter()
        .filter(|s| s.outcome.is_none())
        .collect();
    assert!(unfinished.is_empty(), "{unfinished:?}");
}

/// Cuts an operation off after so many messages, and continues it `later` seconds after.
async fn cut(
    mut console: Rehearsed,
    state: &Path,
    kind: OperationKind,
    (messages, later): Cut,
) -> Rehearsed {
    console.begin_operation(kind, messages).await;
    let was_over = !console.model().is_busy();
    let mut again = console.killed(state, later).await;
    if again.model().unfinished.is_empty() {
        // nothing reached the disk, so nothing was begun; or it had ended already
        if !was_over {
            assert!(
                messages < 3,
                "cut off after {messages}: the journal has nothing"
            );
            let overridden = vec!["not_serving".to_owned()];
            let result = again.try_operate(kind, None, overridden).await.unwrap();
            assert_eq!(result.outcome, Outcome::Succeeded);
        }
        return again;
    }
    let result = again.resume().await;
    assert_eq!(
        result.outcome,
        Outcome::Succeeded,
        "cut off after {messages}, continued after {later} s: {result:#?}"
    );
    again
}

#[test]
fn a_deploy_that_is_cut_off_anywhere_ends_with_one_of_each_stack() {
    for (messages, later) in [(1, 0), (8, 4_000), (55, 0)] {
        let state = tempfile::tempdir().unwrap();
        rehearse("empty", state.path(), async |stage| {
            let again = Box::pin(cut(
                stage,
                state.path(),
                OperationKind::Deploy,
                (messages, later),
            ))
            .await;
            let created = creations(&again);
            assert_eq!(created, vec![1; created.len()], "{messages} {later}");
            again.core.stop().await;
            journals_are_whole(state.path());
        });
    }
}

#[test]
fn a_delete_that_is_cut_off_anywhere_deletes_each_stack_once() {
    for (messages, later) in [(3, 0), (55, 0)] {
        let state = tempfile::tempdir().unwrap();
        rehearse("steady", state.path(), async |stage| {
            let stacks = stage.model().env.stacks.len();
            let again = Box::pin(cut(
                stage,
                state.path(),
                OperationKind::Delete,
                (messages, later),
            ))
            .await;
            assert_eq!(deletions(&again), vec![1; stacks], "{messages} {later}");
            again.core.stop().await;
            journals_are_whole(state.path());
        });
    }
}

#[test]
fn a_failover_that_is_cut_off_anywhere_leaves_one_lever_state() {
    for (messages, later) in [(1, 0), (3, 4_000), (21, 0), (55, 0)] {
        let state = tempfile::tempdir().unwrap();
        rehearse("region-outage", state.path(), async |stage| {
            let kind = OperationKind::Failover;
            let again = Box::pin(cut(stage, state.path(), kind, (messages, later))).await;
            let lever = again.model().seen.traffic.lever.last().unwrap().clone();
            assert_eq!(lever.commanded(), Some(Command::Engage));
            assert_eq!(again.model().facts.serving, Serving::Standby);
            again.core.stop().await;
            journals_are_whole(state.path());
            let commands = commands(state.path());
            assert_eq!(commands.len(), 1, "cut off after {messages}: {commands:?}");
            assert_eq!(lever.command.unwrap().number, commands[0]);
        });
    }
}

#[test]
fn a_repair_that_is_cut_off_anywhere_is_asked_for_once() {
    let mut scenario = Scenario::shipped("stuck-rollback").unwrap();
    for timed in &mut scenario.faults {
        timed.until = timed.until.map(|until| until.min(0));
    }
    for (messages, later) in [(1, 0), (4, 0), (9, 0), (9, 4_000)] {
        let state = tempfile::tempdir().unwrap();
        rehearse_scenario(scenario.clone(), state.path(), async |stage| {
            let kind = OperationKind::Repair;
            let again = Box::pin(cut(stage, state.path(), kind, (messages, later))).await;
            let asked = asked(&again, "ContinueUpdateRollback");
            assert_eq!(asked, 1, "{messages} {later}");
            again.core.stop().await;
            journals_are_whole(state.path());
        });
    }
}

/// The numbers of the commands that the journals have, each once.
fn commands(state: &Path) -> Vec<i64> {
    let mut found: Vec<i64> = journal::files(state)
        .iter()
        .flat_map(|file| journal::read(file).unwrap())
        .filter_map(|record| match record.entry {
            Entry::Order { order, .. } => order["PutCommand"]["number"].as_i64(),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
