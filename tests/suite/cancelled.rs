//! A deployment that is cancelled while it runs: from its own console, and by another one's repair.

use std::collections::BTreeMap;

use switchback::app::dialog::Dialog;
use switchback::app::key::Key;
use switchback::app::msg::{Ask, Msg};
use switchback::domain::operation::{OperationKind, Outcome, StepState};
use switchback::domain::plan::Consent;
use switchback::domain::repair::{Repair, Wish};
use switchback::domain::stack::StackId;
use switchback::journal::{self, Entry};
use switchback::runtime::headless::{self, Went};

use crate::support::in_process::{Rehearsed, rehearse};

fn consent(stage: &Rehearsed) -> Consent {
    Consent {
        typed_name: stage.model().env.name.0.clone(),
        reason: Some("a wrong address".to_owned()),
        overridden: Vec::new(),
    }
}

fn status(stage: &Rehearsed, stack: &str) -> String {
    let stack = StackId(stack.into());
    let seen = stage.model().seen.stack(&stack);
    seen.map_or_else(String::new, |s| s.status.to_string())
}

/// Changes a parameter of both regions' stacks, and waits until the first one is being updated.
async fn update(stage: &mut Rehearsed) -> String {
    let given = &mut stage.core.model.env.given;
    given.insert("enableCanary", "true");
    given.insert("reservedConcurrency", "50");
    let operation = stage.launch(OperationKind::Deploy).await;
    let begun = stage.until(120, |model| {
        let standby = model.seen.stack(&StackId("standby".into()));
        standby.is_some_and(|s| s.status.as_str() == "UPDATE_IN_PROGRESS")
    });
    assert!(begun.await, "{}", status(stage, "standby"));
    operation
}

fn cancellations(stage: &Rehearsed) -> usize {
    let all = stage.requests_since(jiff::Timestamp::MIN);
    let ours = all.iter().filter(|r| r.operation == "CancelUpdateStack");
    ours.filter(|r| r.outcome == "ok").count()
}

#[test]
fn a_deploy_that_is_cancelled_is_taken_back_and_begins_nothing_more() {
    let state = tempfile::tempdir().unwrap();
    rehearse("steady", state.path(), async |mut stage| {
        let operation = update(&mut stage).await;
        stage.core.take(Msg::Key(Key::Char('K')));
        let Some(Dialog::Confirm(confirm)) = &stage.model().dialog else {
            panic!("no review: {:?}", stage.model().notice)
        };
        assert_eq!(confirm.plan.steps.len(), 1, "{:#?}", confirm.plan);
        assert_eq!(confirm.plan.notes.len(), 2, "{:#?}", confirm.plan.notes);
        // the name must be typed
        stage.core.take(Msg::Consent(Consent::default()));
        stage.wait(1).await;
        assert_eq!(cancellations(&stage), 0);
        let consent = consent(&stage);
        stage.core.take(Msg::Consent(consent));
        assert!(stage.until(900, |model| !model.is_busy()).await);

        let result = stage.ended(&operation);
        assert_eq!(result.outcome, Outcome::Cancelled, "{result:#?}");
        let states: Vec<StepState> = result.steps.iter().map(|s| s.state).collect();
        let wanted = [StepState::Failed, StepState::Waiting, StepState::Waiting];
        assert_eq!(states, wanted);
        let reason = result.reason.unwrap();
        assert!(reason.contains("UPDATE_ROLLBACK_COMPLETE"), "{reason}");
        assert!(reason.contains("not begun"), "{reason}");
        assert_eq!(status(&stage, "standby"), "UPDATE_ROLLBACK_COMPLETE");
        assert_eq!(status(&stage, "primary"), "CREATE_COMPLETE");
        assert_eq!(cancellations(&stage), 1);
        stage.core.stop().await;
        let file = result.journal.unwrap();
        assert_eq!(journal::verify(file.as_ref()).unwrap(), Ok(()));
        let said = journal::read(file.as_ref()).unwrap();
        let said = said.into_iter().any(|record| {
            matches!(record.entry, Entry::Cancelled { reason } if reason.as_deref() == Some("a wrong address"))
        });
        assert!(said);
    });
}

#[test]
fn another_console_cancels_an_update_by_repairing_it() {
    let (state, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    rehearse("steady", state.path(), async |mut stage| {
        let operation = update(&mut stage).await;
        let mut beside = stage.beside(other.path()).await;
        let ask = Ask {
            kind: OperationKind::Repair,
            lever: None,
            parameters: BTreeMap::new(),
            repair: Some(Wish {
                stack: Some(StackId("standby".into())),
                repair: Some(Repair::CancelUpdate),
                skip: Vec::new(),
            }),
            salt: 3,
        };
        let consent = consent(&stage);
        let went = headless::operate(&mut beside.core, ask, consent, &mut |_| {}).await;
        let Went::Ended(result) = went else {
            panic!("{went:?}")
        };
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
        assert!(stage.until(900, |model| !model.is_busy()).await);
        let result = stage.ended(&operation);
        assert_eq!(result.outcome, Outcome::Failed, "{result:#?}");
        assert_eq!(cancellations(&stage), 1);
        beside.core.stop().await;
        stage.core.stop().await;
    });
}
