//! Operations that are cut off at every moment: the next console continues them, and nothing is done twice.

use std::path::Path;

use switchback::domain::environment::StackSpec;
use switchback::domain::lever::Command;
use switchback::domain::observation::Serving;
use switchback::domain::operation::{OperationKind, Outcome};
use switchback::journal::{self, Entry};
use switchback::rehearsal::scenario::Scenario;

use crate::support::in_process::{Rehearsed, rehearse, rehearse_on, rehearse_scenario};

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

/// The regions and ARNs of the environment's stacks, which outlive them.
fn arns(rehearsed: &Rehearsed) -> Vec<(String, String)> {
    let model = rehearsed.model();
    let arn = |spec: &StackSpec| {
        let stack = model.seen.stack(&spec.id).unwrap();
        let region = model.env.regions.get(spec.role).to_string();
        (region, stack.arn.clone())
    };
    model.env.stacks.iter().map(arn).collect()
}

/// How often each stack was begun to be deleted, by its own events.
fn deletions(rehearsed: &Rehearsed, arns: &[(String, String)]) -> Vec<usize> {
    let begun = |(region, arn): &(String, String)| {
        let events = rehearsed.world.with(|w| w.stack_events(region, arn));
        let events = events.unwrap();
        let begins = events
            .iter()
            .filter(|e| e.is_of_the_stack() && e.status.0 == "DELETE_IN_PROGRESS");
        begins.count()
    };
    arns.iter().map(begun).collect()
}

/// How often the world was asked for something.
fn asked(rehearsed: &Rehearsed, operation: &str) -> usize {
    rehearsed.world.with(|world| {
        let all = world.requests().iter();
        all.filter(|r| r.operation == operation && r.outcome == "ok")
            .count()
    })
}

/// By how many changes of the operation each stack was changed, and how often it was begun to be: by the tokens of its
/// own events.
fn updates(rehearsed: &Rehearsed, operation: &str) -> Vec<usize> {
    let env = &rehearsed.model().env;
    let begun = |spec: &StackSpec| {
        let region = env.regions.get(spec.role).as_str();
        let events = rehearsed
            .world
            .with(|w| w.stack_events(region, &spec.name).unwrap());
        let begins = events.iter().filter(|e| {
            let ours = e.token.as_deref().is_some_and(|t| t.starts_with(operation));
            ours && e.is_of_the_stack() && e.status.0 == "UPDATE_IN_PROGRESS"
        });
        begins.count()
    };
    env.stacks.iter().map(begun).collect()
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
    let mut again = Box::pin(console.killed(state, later)).await;
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
            let arns = arns(&stage);
            let again = Box::pin(cut(
                stage,
                state.path(),
                OperationKind::Delete,
                (messages, later),
            ))
            .await;
            // a request that is cut off on its way has done nothing, so the stacks' own events count
            let once = vec![1; arns.len()];
            assert_eq!(deletions(&again, &arns), once, "{messages} {later}");
            again.core.stop().await;
            journals_are_whole(state.path());
        });
    }
}

/// Cuts an update of the stacks off after so many messages; whether it had ended by then.
fn update_is_cut_off((messages, later): Cut) -> bool {
    let state = tempfile::tempdir().unwrap();
    rehearse("steady", state.path(), async |mut stage| {
        let changed = [("reservedConcurrency", "90")];
        stage
            .begin_with(OperationKind::Deploy, &changed, messages)
            .await;
        let was_over = !stage.model().is_busy();
        let operation = stage.model().run.as_ref().unwrap().plan().id.to_string();
        let mut again = Box::pin(stage.killed(state.path(), later)).await;
        if again.model().unfinished.is_empty() {
            // nothing reached the disk, so nothing was begun; or it had ended already
            assert!(was_over || messages < 3, "{messages}");
            assert_eq!(asked(&again, "ExecuteChangeSet") > 0, was_over);
        } else {
            let result = again.resume().await;
            assert_eq!(
                result.outcome,
                Outcome::Succeeded,
                "{messages}, {later} s: {result:#?}"
            );
            let once = updates(&again, &operation);
            assert_eq!(once, vec![1; once.len()], "{messages}, {later} s");
            for stack in ["standby", "primary"] {
                let stack = switchback::domain::stack::StackId(stack.into());
                let seen = again.model().seen.stack(&stack).unwrap();
                let value = seen.parameters.get("reservedConcurrency");
                assert_eq!(value.map(String::as_str), Some("90"), "{messages}");
            }
        }
        again.core.stop().await;
        journals_are_whole(state.path());
        was_over
    })
}

#[test]
fn an_update_that_is_cut_off_anywhere_changes_each_stack_once() {
    // each of the first messages, where AWS is told; then further and further apart
    let early = (0..10).map(|messages| (messages, 0));
    let late = [
        (14, 20),
        (20, 0),
        (28, 4_000),
        (40, 0),
        (60, 20),
        (90, 0),
        (140, 4_000),
        (220, 0),
        (350, 20),
        (550, 0),
    ];
    let over: Vec<bool> = early.chain(late).map(update_is_cut_off).collect();
    assert!(over.iter().filter(|over| !**over).count() > 15, "{over:?}");
}

/// So many moments of an operation and pauses after it, that a seed has drawn.
fn drawn(mut seed: u64, cuts: usize) -> Vec<Cut> {
    let mut draw = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let cut = |_| {
        let messages = usize::try_from(1 + draw(90)).unwrap();
        (
            messages,
            [0, 20, 400, 4_000][usize::try_from(draw(4)).unwrap()],
        )
    };
    (0..cuts).map(cut).collect()
}

/// The lever, and where a database is promoted its approval, are in one state at the end, by one command.
fn ends_with_one_lever_state(bundle: &str, (messages, later): Cut) {
    let state = tempfile::tempdir().unwrap();
    let scenario = Scenario::shipped("region-outage").unwrap();
    rehearse_on(bundle, scenario, state.path(), async |stage| {
        let kind = OperationKind::Failover;
        let again = Box::pin(cut(stage, state.path(), kind, (messages, later))).await;
        let lever = again.model().seen.traffic.lever.last().unwrap().clone();
        assert_eq!(lever.commanded(), Some(Command::Engage));
        assert_eq!(again.model().facts.serving, Serving::Standby);
        let promotes = again
            .model()
            .env
            .traffic
            .as_ref()
            .unwrap()
            .promotion
            .is_some();
        let promotion = again.model().seen.traffic.promotion.last().cloned();
        again.core.stop().await;
        journals_are_whole(state.path());
        let told = commands(state.path(), "PutCommand");
        assert_eq!(
            told.len(),
            1,
            "cut off after {messages}, {later} s: {told:?}"
        );
        assert_eq!(lever.command.unwrap().number, told[0]);
        if promotes {
            let approval = promotion.unwrap().approval.unwrap();
            assert_eq!(approval.command, Command::Engage);
            let told = commands(state.path(), "Approve");
            assert_eq!(told.last(), Some(&approval.number), "{told:?}");
        }
    });
}

#[test]
fn a_failover_that_is_cut_off_anywhere_leaves_one_lever_state() {
    let known: [Cut; 4] = [(1, 0), (3, 4_000), (21, 0), (55, 0)];
    for cut in known.into_iter().chain(drawn(5, 4)) {
        ends_with_one_lever_state("payment-standby", cut);
    }
}

#[test]
fn a_promotion_that_is_cut_off_anywhere_leaves_one_lever_state() {
    for cut in drawn(11, 4) {
        ends_with_one_lever_state("payment-pci", cut);
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

/// The numbers that the journals have in orders of a kind, each once, the smallest first.
fn commands(state: &Path, kind: &str) -> Vec<i64> {
    let mut found: Vec<i64> = journal::files(state)
        .iter()
        .flat_map(|file| journal::read(file).unwrap())
        .filter_map(|record| match record.entry {
            Entry::Order { order, .. } => order[kind]["number"].as_i64(),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn a_deletion_that_went_on_by_itself_still_says_what_is_left() {
    let state = tempfile::tempdir().unwrap();
    rehearse("steady", state.path(), async |mut stage| {
        stage.begin_operation(OperationKind::Delete, 12).await;
        let mut again = Box::pin(stage.killed(state.path(), 4_000)).await;
        let result = again.resume().await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
        let notes = result.steps.iter().filter_map(|step| step.note.as_deref());
        let gone: Vec<&str> = notes.filter(|note| note.starts_with("is gone")).collect();
        assert_eq!(gone, ["is gone, nothing is left"], "{result:#?}");
    });
}
