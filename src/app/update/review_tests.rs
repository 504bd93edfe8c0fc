//! Tests of plans for stacks that are reviewed, and of a world that changes before they are confirmed.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one kind of effect"
)]

use std::collections::BTreeMap;

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::{Effect, Order, StackTarget};
use crate::app::fixtures::{marker, noon, see, see_all, status, steady, tick};
use crate::app::model::Model;
use crate::app::msg::{Ask, Msg, StepDone};
use crate::app::update::update;
use crate::domain::guard::{GuardId, GuardResult};
use crate::domain::observation::Seen;
use crate::domain::operation::{OperationKind, Outcome, StepState};
use crate::domain::plan::Consent;
use crate::domain::recovery::Milestones;
use crate::domain::region::Role;
use crate::domain::stack::{StackId, StackState};
use crate::domain::unfinished::{Choice, RecordedStep, Unfinished};

/// Only the standby is left, and traffic is elsewhere: it may be deleted.
fn half() -> Model {
    let mut model = steady();
    status(&mut model, "global", "DELETE_COMPLETE");
    status(&mut model, "primary", "DELETE_COMPLETE");
    model
}

/// Opens a review, whose questions to AWS are answered.
fn review(model: &mut Model, kind: OperationKind) {
    let ask = Ask {
        kind,
        lever: None,
        parameters: BTreeMap::new(),
        repair: None,
        salt: 1,
    };
    for effect in update(model, Msg::Ask(ask)) {
        match effect {
            Effect::Preview {
                operation, index, ..
            } => {
                let result = Ok(None);
                let msg = Msg::Previewed {
                    operation,
                    index,
                    result,
                };
                update(model, msg);
            }
            Effect::Inspect {
                operation, index, ..
            } => {
                let findings = crate::domain::blocker::Findings {
                    at: model.now,
                    imports: Vec::new(),
                    buckets: Vec::new(),
                    zones: Vec::new(),
                };
                let answer = crate::app::msg::Inspected {
                    operation,
                    index,
                    findings,
                };
                update(model, Msg::Inspected(Box::new(answer)));
            }
            _ => {}
        }
    }
}

fn confirm(model: &Model) -> &Confirm {
    match &model.dialog {
        Some(Dialog::Confirm(confirm)) => confirm,
        other => panic!("no review: {other:?}, {:?}", model.notice),
    }
}

fn refusals(model: &Model) -> Vec<&GuardResult> {
    confirm(model).plan.refusals().collect()
}

fn consent(model: &mut Model) -> Vec<Effect> {
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("tidying up".into()),
        ..Consent::default()
    };
    update(model, Msg::Consent(consent))
}

/// The same stack name, another stack.
fn made_again(model: &mut Model, id: &str) {
    let id = StackId(id.into());
    let role = model.env.stack(&id).unwrap().role;
    let mut stack = model.seen.stack(&id).unwrap().clone();
    stack.arn.push_str("-again");
    let state = StackState::Present(Box::new(stack));
    see(model, Seen::Stack(role, id, Ok(state)));
}

#[test]
fn a_review_that_was_left_open_across_a_failover_deletes_nothing() {
    let mut model = half();
    review(&mut model, OperationKind::Delete);
    assert!(refusals(&model).is_empty());
    marker(&mut model, Role::Standby);
    assert_eq!(
        refusals(&model)[0].id,
        GuardId::NotServing,
        "said at once, not only when it is confirmed"
    );
    let effects = consent(&mut model);
    assert!(
        matches!(effects.first(), Some(Effect::Refused { .. })),
        "{effects:?}"
    );
    assert!(model.run.is_none());
}

#[test]
fn a_stack_that_changes_during_the_review_is_named_and_stops_it() {
    for (kind, becomes) in [
        (OperationKind::Delete, "UPDATE_IN_PROGRESS"),
        (OperationKind::Delete, "DELETE_COMPLETE"),
        (OperationKind::Deploy, "UPDATE_IN_PROGRESS"),
        (OperationKind::Deploy, "UPDATE_ROLLBACK_COMPLETE"),
    ] {
        let mut model = steady();
        if kind == OperationKind::Delete {
            model = half();
            status(&mut model, "primary", "CREATE_COMPLETE");
            marker(&mut model, Role::Standby);
            status(&mut model, "standby", "DELETE_COMPLETE");
        }
        review(&mut model, kind);
        assert!(refusals(&model).is_empty(), "{:?}", refusals(&model));
        status(&mut model, "primary", becomes);
        let effects = consent(&mut model);
        assert!(model.run.is_none(), "{kind:?} {becomes}");
        let said = confirm(&model).error.clone().unwrap_or_default();
        if becomes == "DELETE_COMPLETE" {
            assert!(said.contains("nothing to delete"), "{said}");
        } else {
            assert!(said.contains("primary was settled and is"), "{said}");
            assert!(matches!(effects.first(), Some(Effect::Refused { .. })));
        }
    }
}

#[test]
fn a_stack_that_was_made_again_is_not_the_reviewed_one() {
    let mut model = half();
    review(&mut model, OperationKind::Delete);
    made_again(&mut model, "standby");
    consent(&mut model);
    assert!(model.run.is_none());
    let said = confirm(&model).error.clone().unwrap();
    assert!(
        said.contains("standby was deleted and made again"),
        "{said}"
    );
}

#[test]
fn readings_that_are_too_old_begin_nothing_and_are_read_again() {
    let mut model = half();
    review(&mut model, OperationKind::Delete);
    tick(&mut model, 600);
    assert_eq!(consent(&mut model), [Effect::Refresh]);
    let said = confirm(&model).error.clone().unwrap();
    assert!(said.contains("being read: try again"), "{said}");
    assert!(model.run.is_none());
    see_all(&mut model);
    status(&mut model, "global", "DELETE_COMPLETE");
    status(&mut model, "primary", "DELETE_COMPLETE");
    consent(&mut model);
    assert!(model.is_busy(), "{:?}", confirm(&model).error);
}

#[test]
fn a_repair_of_a_stack_that_is_not_stuck_any_more_begins_nothing() {
    let mut model = steady();
    status(&mut model, "primary", "UPDATE_ROLLBACK_FAILED");
    review(&mut model, OperationKind::Repair);
    status(&mut model, "primary", "UPDATE_ROLLBACK_COMPLETE");
    consent(&mut model);
    assert!(model.run.is_none());
    let said = confirm(&model).error.clone().unwrap();
    assert!(said.contains("UPDATE_ROLLBACK_COMPLETE"), "{said}");
}

/// The deletions that are begun once the journal is open.
fn begun(model: &mut Model) -> Vec<StackTarget> {
    let operation = model.run.as_ref().unwrap().plan().id.clone();
    let journal = Ok("/j".into());
    let effects = update(model, Msg::Opened { operation, journal });
    let orders = effects.into_iter().filter_map(|effect| match effect {
        Effect::Do { order, .. } => match *order {
            Order::Delete(target) => Some(target),
            _ => None,
        },
        _ => None,
    });
    orders.collect()
}

#[test]
fn a_deletion_is_of_the_stack_that_was_reviewed() {
    let mut model = half();
    review(&mut model, OperationKind::Delete);
    let arn = model
        .seen
        .stack(&StackId("standby".into()))
        .unwrap()
        .arn
        .clone();
    consent(&mut model);
    let targets = begun(&mut model);
    assert_eq!(targets[0].arn.as_ref(), Some(&arn));
}

/// A deletion of three stacks, cut off when the first was gone.
fn cut_off() -> Unfinished {
    let mut model = steady();
    review(&mut model, OperationKind::Delete);
    let plan = confirm(&model).plan.clone();
    let mut steps = vec![RecordedStep::WAITING; plan.steps.len()];
    steps[0].state = StepState::Done;
    Unfinished {
        plan,
        who: "ops".into(),
        reason: None,
        drill: false,
        begun: noon(),
        last: noon(),
        opening: None,
        steps,
        milestones: Milestones::default(),
        orders: BTreeMap::new(),
        cancelled: false,
    }
}

#[test]
fn a_deletion_is_not_continued_where_somebody_else_is_at_work_or_made_the_stack_again() {
    type Meanwhile = fn(&mut Model, &str);
    let stories: [(Meanwhile, Option<&str>); 3] = [
        (|_, _| {}, None),
        (
            |model, id| status(model, id, "CREATE_IN_PROGRESS"),
            Some("somebody else is changing it"),
        ),
        (made_again, Some("another stack was made under its name")),
    ];
    for (meanwhile, refused) in stories {
        let one = cut_off();
        let second = one.plan.steps[1].action.stack().unwrap().0.clone();
        let first = one.plan.steps[0].action.stack().unwrap().0.clone();
        let mut model = steady();
        status(&mut model, &first, "DELETE_COMPLETE");
        meanwhile(&mut model, &second);
        let operation = one.id().clone();
        update(&mut model, Msg::Unfinished(vec![one]));
        let choice = Choice::Continue;
        update(&mut model, Msg::Resume { operation, choice });
        let said: Vec<String> = refusals(&model).iter().map(|g| g.reason.clone()).collect();
        let said = said.join("\n");
        match refused {
            Some(words) => assert!(said.contains(words), "{said}"),
            None => assert!(!said.contains("step"), "{said}"),
        }
    }
}

#[test]
fn a_stack_that_changes_while_the_deletion_is_confirmed_again_stops_it() {
    let mut model = steady();
    let one = cut_off();
    let second = one.plan.steps[1].action.stack().unwrap().0.clone();
    let operation = one.id().clone();
    update(&mut model, Msg::Unfinished(vec![one]));
    let choice = Choice::Continue;
    update(&mut model, Msg::Resume { operation, choice });
    status(&mut model, &second, "UPDATE_IN_PROGRESS");
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("going on".into()),
        overridden: vec!["not_serving".into()],
    };
    update(&mut model, Msg::Consent(consent));
    assert!(model.run.is_none());
    let said = confirm(&model).error.clone().unwrap();
    assert!(said.contains("somebody else is changing it"), "{said}");
}

#[test]
fn what_a_deletion_that_keeps_everything_leaves_is_in_its_review_and_in_its_end() {
    let mut model = half();
    for spec in &mut model.env.stacks {
        spec.template =
            r#"{"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain"}}}"#
                .into();
    }
    review(&mut model, OperationKind::Delete);
    let said = "1 made anew, the old one stays";
    let notes = confirm(&model).plan.notes.join("\n");
    assert!(notes.contains(said), "{notes}");
    consent(&mut model);
    begun(&mut model);
    let operation = model.run.as_ref().unwrap().plan().id.clone();
    let result = Ok(StepDone {
        skipped: false,
        note: Some("DELETE_COMPLETE, 1 left in AWS".into()),
    });
    let msg = Msg::StepDone {
        operation,
        index: 0,
        result,
    };
    update(&mut model, msg);
    let finished = model.run.as_ref().unwrap().finished.clone().unwrap();
    assert_eq!(finished.outcome, Outcome::Succeeded);
    assert!(finished.reason.unwrap().contains(said));
}
