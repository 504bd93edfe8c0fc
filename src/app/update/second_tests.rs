//! Tests of the second confirmation, and of the steps beside each other that may ask for one.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one kind of effect"
)]

use std::collections::BTreeMap;

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::{Effect, Entry, Order};
use crate::app::fixtures::{steady, tick};
use crate::app::key::Key;
use crate::app::model::Model;
use crate::app::msg::{Ask, Msg, StepDone};
use crate::app::update::update;
use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::domain::guard::GuardId;
use crate::domain::operation::{OperationId, OperationKind, Outcome, StepState};
use crate::domain::plan::Consent;

fn table(replacement: Replacement) -> Change {
    Change {
        action: ChangeAction::Modify,
        logical_id: "Table".into(),
        resource_type: "AWS::DynamoDB::GlobalTable".into(),
        replacement,
        causes: vec!["Properties.KeySchema".into()],
    }
}

fn consent_with(overridden: &[&str]) -> Msg {
    Msg::Consent(Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("a drill".into()),
        overridden: overridden.iter().map(|&id| id.to_owned()).collect(),
    })
}

/// A deploy under review; returns what was asked of AWS for it.
fn planned(model: &mut Model) -> Vec<(OperationId, usize)> {
    let ask = Ask {
        kind: OperationKind::Deploy,
        lever: None,
        parameters: BTreeMap::new(),
        repair: None,
        salt: 1,
    };
    let effects = update(model, Msg::Ask(ask));
    let asked = effects.into_iter().filter_map(|effect| match effect {
        Effect::Preview {
            operation, index, ..
        } => Some((operation, index)),
        _ => None,
    });
    asked.collect()
}

fn preview(model: &mut Model, asked: &[(OperationId, usize)], changes: &[Change]) {
    for (operation, index) in asked {
        let msg = Msg::Previewed {
            operation: operation.clone(),
            index: *index,
            result: Ok((!changes.is_empty()).then(|| changes.to_vec())),
        };
        update(model, msg);
    }
}

fn review(model: &Model) -> &Confirm {
    match &model.dialog {
        Some(Dialog::Confirm(confirm)) => confirm,
        other => panic!("no review: {other:?}"),
    }
}

/// Orders to deploy, with their places.
fn orders(effects: &[Effect]) -> Vec<usize> {
    let all = effects.iter().filter_map(|effect| match effect {
        Effect::Do { index, order, .. } if matches!(**order, Order::Deploy(..)) => Some(*index),
        _ => None,
    });
    all.collect()
}

fn open(model: &mut Model) -> (OperationId, Vec<Effect>) {
    let operation = model.run.as_ref().unwrap().plan().id.clone();
    let opened = Msg::Opened {
        operation: operation.clone(),
        journal: Ok("j".into()),
    };
    let effects = update(model, opened);
    (operation, effects)
}

fn done(model: &mut Model, operation: &OperationId, index: usize) -> Vec<Effect> {
    let done = StepDone {
        skipped: false,
        note: None,
    };
    let msg = Msg::StepDone {
        operation: operation.clone(),
        index,
        result: Ok(done),
    };
    update(model, msg)
}

#[test]
fn the_review_is_filtered_from_a_button_and_esc_clears_before_it_cancels() {
    let mut model = independent();
    let asked = planned(&mut model);
    preview(&mut model, &asked, &[table(Replacement::No)]);
    let type_in = |model: &mut Model, text: &str| {
        for c in text.chars() {
            update(model, Msg::Key(Key::Char(c)));
        }
    };
    type_in(&mut model, "/tab q");
    assert!(review(&model).filter.as_ref().unwrap().typing);
    assert_eq!(review(&model).wanted(), "tab q", "q is text, not a command");
    assert_eq!(review(&model).reason.value(), "");
    update(&mut model, Msg::Key(Key::Enter));
    assert!(!review(&model).filter.as_ref().unwrap().typing);
    assert!(model.run.is_none());
    update(&mut model, Msg::Key(Key::Esc));
    assert_eq!(review(&model).wanted(), "");
    update(&mut model, Msg::Key(Key::Tab));
    type_in(&mut model, "a/b");
    assert_eq!(
        review(&model).reason.value(),
        "a/b",
        "in a field it is text"
    );
    update(&mut model, Msg::Key(Key::Esc));
    assert!(model.dialog.is_none());
}

#[test]
fn the_review_waits_for_its_change_sets_and_refuses_what_endangers_data() {
    let mut model = independent();
    let asked = planned(&mut model);
    assert_eq!(asked.len(), 3, "one for each stack that exists");
    assert!(update(&mut model, consent_with(&[])).is_empty());
    let error = review(&model).error.clone().unwrap();
    assert!(error.contains("still being asked"), "{error}");

    preview(&mut model, &asked, &[table(Replacement::Yes)]);
    let refused: Vec<GuardId> = review(&model).plan.refusals().map(|g| g.id).collect();
    assert_eq!(refused, [GuardId::DataLoss]);
    let effects = update(&mut model, consent_with(&[]));
    assert!(matches!(effects.first(), Some(Effect::Refused { .. })));
    update(&mut model, consent_with(&["data_loss"]));
    assert!(model.is_busy());
}

#[test]
fn what_was_reviewed_goes_with_the_order() {
    let mut model = steady();
    let asked = planned(&mut model);
    preview(&mut model, &asked, &[table(Replacement::No)]);
    update(&mut model, consent_with(&[]));
    let (_, effects) = open(&mut model);
    let reviewed = effects.iter().find_map(|effect| match effect {
        Effect::Do { order, .. } => match &**order {
            Order::Deploy(_, deployment) => deployment.reviewed.clone(),
            _ => None,
        },
        _ => None,
    });
    let reviewed = reviewed.unwrap();
    assert!(reviewed.exact, "the standby takes no outputs");
    assert_eq!(reviewed.changes, [table(Replacement::No)]);
}

#[test]
fn a_change_that_nobody_saw_is_confirmed_a_second_time_or_ends_the_operation() {
    for agreed in [true, false] {
        let mut model = steady();
        let asked = planned(&mut model);
        preview(&mut model, &asked, &[]);
        update(&mut model, consent_with(&[]));
        let (operation, effects) = open(&mut model);
        assert_eq!(orders(&effects), [0]);
        let asks = Msg::Asks {
            operation: operation.clone(),
            index: 0,
            changes: vec![table(Replacement::Yes)],
        };
        update(&mut model, asks);
        assert_eq!(review(&model).plan.steps.len(), 1);

        // another dialog in between does not lose the question
        model.dialog = None;
        tick(&mut model, 1);
        assert_eq!(review(&model).plan.id, operation);
        if agreed {
            let effects = update(&mut model, consent_with(&[]));
            assert_eq!(orders(&effects), [0], "the step is done again");
            let Some(Effect::Journal {
                entry:
                    Entry::Accepted {
                        index,
                        changes,
                        reason,
                    },
                ..
            }) = effects.first()
            else {
                panic!("it is written down first: {effects:?}")
            };
            assert_eq!((*index, changes.len()), (0, 1));
            assert_eq!(reason.as_deref(), Some("a drill"));
            let accepted = &model.run.as_ref().unwrap().accepted;
            assert_eq!(accepted.values().next().unwrap().len(), 1);
            assert_eq!(model.dialog, None);
        } else {
            update(&mut model, Msg::Key(Key::Esc));
            let finished = model.run.as_ref().unwrap().finished.clone().unwrap();
            assert_eq!(finished.outcome, Outcome::Failed);
            assert!(finished.reason.unwrap().contains("Table was not confirmed"));
        }
    }
}

/// Three stacks, the last one after both others, which know nothing of each other.
fn independent() -> Model {
    let mut model = steady();
    let ids: Vec<_> = model.env.stacks.iter().map(|s| s.id.clone()).collect();
    for (place, spec) in model.env.stacks.iter_mut().enumerate() {
        spec.after = if place == 2 {
            ids[..2].to_vec()
        } else {
            Vec::new()
        };
        spec.parameters.clear();
    }
    model
}

#[test]
fn independent_stacks_are_deployed_side_by_side() {
    let mut model = independent();
    let asked = planned(&mut model);
    preview(&mut model, &asked, &[]);
    update(&mut model, consent_with(&[]));
    let (operation, effects) = open(&mut model);
    assert_eq!(orders(&effects), [0, 1]);
    assert!(orders(&done(&mut model, &operation, 1)).is_empty());
    assert_eq!(orders(&done(&mut model, &operation, 0)), [2]);
    done(&mut model, &operation, 2);
    let finished = model.run.as_ref().unwrap().finished.clone().unwrap();
    assert_eq!(finished.outcome, Outcome::Succeeded);
}

fn asks(model: &mut Model, operation: &OperationId, index: usize, id: &str) {
    let change = Change {
        logical_id: id.into(),
        ..table(Replacement::Yes)
    };
    let msg = Msg::Asks {
        operation: operation.clone(),
        index,
        changes: vec![change],
    };
    update(model, msg);
}

#[test]
fn two_steps_that_ask_at_once_are_answered_one_by_one() {
    let mut model = independent();
    let asked = planned(&mut model);
    preview(&mut model, &asked, &[]);
    update(&mut model, consent_with(&[]));
    let (operation, _) = open(&mut model);
    asks(&mut model, &operation, 1, "Second");
    asks(&mut model, &operation, 0, "First");
    let shown = |model: &Model| {
        let forecast = review(model).plan.steps[0].forecast.clone().unwrap();
        forecast.changes[0].logical_id.clone()
    };
    assert_eq!(shown(&model), "Second");
    let effects = update(&mut model, consent_with(&[]));
    assert_eq!(orders(&effects), [1], "what was seen, and nothing else");
    assert_eq!(model.run.as_ref().unwrap().accepted.len(), 1);
    assert_eq!(shown(&model), "First");
    let effects = update(&mut model, consent_with(&[]));
    assert_eq!(orders(&effects), [0]);
    assert_eq!(model.dialog, None);
    done(&mut model, &operation, 0);
    assert_eq!(orders(&done(&mut model, &operation, 1)), [2]);
}

#[test]
fn declining_one_question_ends_the_operation_with_all_that_wait() {
    let mut model = independent();
    let asked = planned(&mut model);
    preview(&mut model, &asked, &[]);
    update(&mut model, consent_with(&[]));
    let (operation, _) = open(&mut model);
    asks(&mut model, &operation, 1, "Second");
    asks(&mut model, &operation, 0, "First");
    update(&mut model, Msg::Decline);
    assert_eq!(model.dialog, None);
    let run = model.run.as_ref().unwrap();
    assert_eq!(run.finished.clone().unwrap().outcome, Outcome::Failed);
    let states: Vec<StepState> = run.steps.iter().map(|s| s.state).collect();
    assert_eq!(
        states,
        [StepState::Failed, StepState::Failed, StepState::Waiting]
    );
}

#[test]
fn after_a_failure_what_runs_beside_it_is_followed_to_its_end() {
    let mut model = independent();
    let asked = planned(&mut model);
    preview(&mut model, &asked, &[]);
    update(&mut model, consent_with(&[]));
    let (operation, _) = open(&mut model);
    let failed = Msg::StepDone {
        operation: operation.clone(),
        index: 0,
        result: Err("it broke".to_owned().into()),
    };
    update(&mut model, failed);
    assert!(model.is_busy(), "the other one still runs");
    assert!(orders(&done(&mut model, &operation, 1)).is_empty());
    let run = model.run.as_ref().unwrap();
    let finished = run.finished.clone().unwrap();
    assert_eq!(finished.outcome, Outcome::Failed);
    assert_eq!(finished.reason.as_deref(), Some("it broke"));
    let states: Vec<StepState> = run.steps.iter().map(|s| s.state).collect();
    assert_eq!(
        states,
        [StepState::Failed, StepState::Done, StepState::Waiting]
    );
}
