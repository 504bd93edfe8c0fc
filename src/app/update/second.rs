//! The second confirmation: a step found changes that endanger data and that nobody has seen in the review.

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::Effect;
use crate::app::model::{Model, Weight};
use crate::app::run::Asking;
use crate::app::update::operate::run_of;
use crate::app::update::steps;
use crate::domain::change::Change;
use crate::domain::forecast::{Basis, Forecast};
use crate::domain::operation::OperationId;
use crate::domain::plan::{Action, Confirmed, Consent, Plan, Step};

/// A step asks; the operation waits for an answer.
pub(super) fn ask(
    model: &mut Model,
    operation: &OperationId,
    index: usize,
    changes: Vec<Change>,
) -> Vec<Effect> {
    let Some(run) = run_of(model, operation).filter(|run| run.is_running()) else {
        return Vec::new();
    };
    run.asking = Some(Asking { index, changes });
    model.note(
        "you",
        "a change would replace or remove data: confirm it, or the operation ends",
        Weight::Warning,
    );
    show(model);
    Vec::new()
}

/// Shows the question while nothing else lies over the page.
pub(super) fn show(model: &mut Model) {
    if model.dialog.is_some() {
        return;
    }
    let Some(plan) = question(model) else { return };
    model.dialog = Some(Dialog::Confirm(Box::new(Confirm::new(plan))));
}

/// The plan of the one step that waits, with what it found.
fn question(model: &Model) -> Option<Plan> {
    let run = model.run.as_deref().filter(|run| run.is_running())?;
    let asking = run.asking.as_ref()?;
    let step = run.plan().steps.get(asking.index)?;
    let forecast = Forecast {
        basis: Basis::ChangeSet { inputs: Vec::new() },
        changes: asking.changes.clone(),
        parameters: Vec::new(),
    };
    Some(Plan {
        steps: vec![Step {
            forecast: Some(forecast),
            ..step.clone()
        }],
        guards: Vec::new(),
        notes: vec![
            "this was not known in the review. Nothing of this stack was changed yet; Cancel ends the operation here"
                .to_owned(),
        ],
        ..run.plan().clone()
    })
}

/// Whether a plan under review is such a question.
pub(super) fn is_about(model: &Model, plan: &Plan) -> bool {
    let run = model.run.as_deref().filter(|run| run.is_running());
    run.is_some_and(|run| run.asking.is_some() && run.plan().id == plan.id)
}

/// The question is answered with yes: the step is done again, with what was confirmed.
pub(super) fn consent(model: &mut Model, plan: Plan, consent: &Consent) -> Vec<Effect> {
    if let Err(why) = Confirmed::confirm(plan, consent, model.now) {
        if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
            confirm.error = Some(why.to_string());
        }
        return Vec::new();
    }
    model.dialog = None;
    let Some(run) = model.run.as_deref_mut() else {
        return Vec::new();
    };
    let Some(asking) = run.asking.take() else {
        return Vec::new();
    };
    if let Some(Action::DeployStack { stack }) =
        run.plan().steps.get(asking.index).map(|s| s.action.clone())
    {
        run.accepted.insert(stack, asking.changes);
    }
    steps::again(model, asking.index)
}

/// The dialog is given up; if it was the question, its step has failed.
pub(super) fn decline(model: &mut Model) -> Vec<Effect> {
    let asked = matches!(&model.dialog, Some(Dialog::Confirm(confirm)) if !confirm.cancels && is_about(model, &confirm.plan));
    model.dialog = None;
    if !asked {
        return Vec::new();
    }
    let Some(asking) = model.run.as_deref_mut().and_then(|run| run.asking.take()) else {
        return Vec::new();
    };
    let what: Vec<&str> = asking
        .changes
        .iter()
        .map(|c| c.logical_id.as_str())
        .collect();
    let why = format!(
        "replacing or removing {} was not confirmed; nothing of this stack was changed",
        what.join(", ")
    );
    steps::fail_step(model, asking.index, why)
}

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one kind of effect"
)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::app::effect::Order;
    use crate::app::fixtures::{steady, tick};
    use crate::app::key::Key;
    use crate::app::msg::{Ask, Msg, StepDone};
    use crate::app::update::update;
    use crate::domain::change::{ChangeAction, Replacement};
    use crate::domain::guard::GuardId;
    use crate::domain::operation::{OperationKind, Outcome, StepState};

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
}
