//! Operations whose calls are throttled, not answered, or answered by a clock that differs: slower, and never wrong.

use std::path::Path;

use switchback::domain::operation::{OperationKind, OperationResult, Outcome};
use switchback::domain::region::Role;
use switchback::domain::stack::StackId;
use switchback::journal;
use switchback::rehearsal::faults::Fault;
use switchback::rehearsal::scenario::Scenario;

use crate::support::in_process::{Rehearsed, rehearse, rehearse_scenario};

const THROTTLED: Fault = Fault::Throttling {
    region: None,
    one_in: 3,
};

/// Confirms an operation before anything goes wrong.
async fn begin(stage: &mut Rehearsed, kind: OperationKind, parameters: &[(&str, &str)]) {
    stage.begin_with(kind, parameters, 0).await;
}

async fn end(stage: &mut Rehearsed, seconds: u64) -> OperationResult {
    let ended = stage.until(seconds, |model| !model.is_busy()).await;
    let model = stage.model();
    assert!(ended, "{:#?}", model.run.as_ref().unwrap().steps);
    let run = model.run.as_deref().unwrap();
    run.result(&model.env, model.facts.serving, model.now)
}

fn inject(stage: &Rehearsed, fault: Fault) -> usize {
    stage.world.with(|world| world.inject(fault))
}

fn heal(stage: &Rehearsed, fault: usize) {
    stage.world.with(|world| world.heal(fault));
}

/// So many CloudFormation calls were throttled.
fn throttled(stage: &Rehearsed) -> usize {
    let all = stage.requests_since(jiff::Timestamp::UNIX_EPOCH);
    all.iter().filter(|r| r.outcome == "Throttling").count()
}

fn status(stage: &Rehearsed, stack: &str) -> String {
    let seen = stage.model().seen.stack(&StackId(stack.into()));
    seen.map_or_else(|| "absent".to_owned(), |s| s.status.to_string())
}

/// What the console has said while it ran.
fn said(stage: &Rehearsed, text: &str) -> bool {
    let trail = &stage.model().trail;
    trail.iter().any(|line| line.text.contains(text))
}

#[test]
fn throttling_one_call_in_three_only_slows_an_update_and_a_delete_down() {
    let folder = tempfile::tempdir().unwrap();
    rehearse("steady", folder.path(), async |mut stage| {
        let parameters = [("reservedConcurrency", "90")];
        begin(&mut stage, OperationKind::Deploy, &parameters).await;
        let fault = inject(&stage, THROTTLED);
        let result = end(&mut stage, 7_200).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
        assert_eq!(status(&stage, "standby"), "UPDATE_COMPLETE");
        assert!(throttled(&stage) > 10, "{}", throttled(&stage));
        heal(&stage, fault);

        stage.wait(60).await;
        begin(&mut stage, OperationKind::Delete, &[]).await;
        inject(&stage, THROTTLED);
        let result = end(&mut stage, 7_200).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
        for step in &result.steps {
            let note = step.note.as_deref().unwrap();
            assert!(note.contains("left"), "what is left is known: {note}");
            assert!(!note.contains("could not"), "{note}");
        }
    });
}

#[test]
fn throttling_one_call_in_three_only_slows_a_repair_down() {
    let mut scenario = Scenario::shipped("stuck-rollback").unwrap();
    for timed in &mut scenario.faults {
        timed.until = timed.until.map(|until| until.min(0));
    }
    let folder = tempfile::tempdir().unwrap();
    rehearse_scenario(scenario, folder.path(), async |mut stage| {
        begin(&mut stage, OperationKind::Repair, &[]).await;
        inject(&stage, THROTTLED);
        let result = end(&mut stage, 3_600).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
    });
}

#[test]
fn throttling_one_call_in_three_only_slows_a_resumed_deploy_down() {
    for messages in [5, 20] {
        let folder = tempfile::tempdir().unwrap();
        rehearse("empty", folder.path(), async |mut stage| {
            stage.begin_operation(OperationKind::Deploy, messages).await;
            let mut again = Box::pin(stage.killed(folder.path(), 0)).await;
            inject(&again, THROTTLED);
            let result = again.resume().await;
            assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
        });
    }
}

/// A deploy whose standby does not answer for a while from one of its messages on.
fn survives(messages: usize, fault: &Fault, seconds: u64) {
    let folder = tempfile::tempdir().unwrap();
    rehearse("empty", folder.path(), async |mut stage| {
        stage.begin_operation(OperationKind::Deploy, messages).await;
        let number = inject(&stage, fault.clone());
        stage.wait(seconds).await;
        assert!(stage.model().is_busy(), "{messages} {fault:?}");
        assert!(said(&stage, "no answer since"), "{messages} {fault:?}");
        heal(&stage, number);
        let result = end(&mut stage, 7_200).await;
        assert_eq!(
            result.outcome,
            Outcome::Succeeded,
            "{messages} {fault:?}: {result:#?}"
        );
        assert!(said(&stage, "answers again"), "{messages} {fault:?}");
        once(&stage);
    });
}

/// Each stack was told to be made once.
fn once(stage: &Rehearsed) {
    for spec in &stage.model().env.stacks {
        let region = stage.model().env.regions.get(spec.role).to_string();
        let events = stage.world.with(|w| w.stack_events(&region, &spec.name));
        let events = events.unwrap();
        let begins = events
            .iter()
            .filter(|e| e.is_of_the_stack() && e.status.0 == "CREATE_IN_PROGRESS");
        assert_eq!(begins.count(), 1, "{}", spec.name);
    }
}

#[test]
fn a_region_that_does_not_answer_for_some_minutes_ends_no_deploy() {
    let grey = Fault::RegionGrey {
        region: Role::Standby,
    };
    let broken = Fault::ControlPlanes {
        region: Role::Standby,
    };
    for messages in [1, 3, 6, 9, 30] {
        survives(messages, &grey, 300);
        survives(messages, &broken, 300);
    }
}

/// Begins a deploy in whose middle a region falls silent, and waits until it gives up.
async fn given_up(stage: &mut Rehearsed, folder: &Path) -> usize {
    stage.begin_operation(OperationKind::Deploy, 30).await;
    let fault = inject(
        stage,
        Fault::RegionGrey {
            region: Role::Standby,
        },
    );
    let result = end(stage, 1_500).await;
    assert_eq!(result.outcome, Outcome::TimedOut, "{result:#?}");
    let reason = result.reason.unwrap();
    assert!(reason.contains("nothing good was heard since"), "{reason}");
    assert!(reason.contains("AWS goes on"), "{reason}");
    stage.wait(5).await;
    let open = journal::list(folder)[0].outcome;
    assert_eq!(open, None, "the journal has no end");
    fault
}

#[test]
fn a_deploy_that_loses_sight_of_its_region_ends_open_and_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    rehearse("empty", folder.path(), async |mut stage| {
        let fault = given_up(&mut stage, folder.path()).await;
        assert_eq!(stage.model().unfinished.len(), 1, "it is offered here");
        heal(&stage, fault);
        stage.wait(60).await;
        let result = stage.resume().await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
        once(&stage);
    });
    let folder = tempfile::tempdir().unwrap();
    rehearse("empty", folder.path(), async |mut stage| {
        let fault = given_up(&mut stage, folder.path()).await;
        heal(&stage, fault);
        let mut again = Box::pin(stage.killed(folder.path(), 600)).await;
        let result = again.resume().await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
        once(&again);
    });
}

#[test]
fn a_clock_that_is_ahead_or_behind_hides_no_event_and_no_reason() {
    for seconds in [150, -150] {
        let text = format!(
            "title = \"T\"\nstory = \"S\"\ndeployed = true\n\
             [[faults]]\nkind = \"clock-skew\"\nseconds = {seconds}\n\
             [[faults]]\nkind = \"stack-failure\"\nregion = \"standby\"\naction = \"update\"\n\
             resource_type = \"AWS::Lambda::Function\"\nat = 0\n[expect]\nwithin = 60\n"
        );
        let scenario = Scenario::parse("skew.toml", &text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        rehearse_scenario(scenario, folder.path(), async |mut stage| {
            let parameters = [("reservedConcurrency", "90")];
            begin(&mut stage, OperationKind::Deploy, &parameters).await;
            let result = end(&mut stage, 3_600).await;
            assert_eq!(result.outcome, Outcome::Failed, "{seconds}: {result:#?}");
            let reason = result.reason.unwrap();
            assert!(
                reason.contains("(AWS::Lambda::Function)"),
                "{seconds}: {reason}"
            );
            let run = stage.model().run.as_deref().unwrap();
            assert!(run.first_failure.is_some(), "{seconds}");
            let first = &run.events.first().unwrap().event;
            assert!(first.is_of_the_stack(), "{seconds}: {first:?}");
            assert_eq!(first.status.0, "UPDATE_IN_PROGRESS", "{seconds}");
        });
    }
}
