//! Cancelling the deployment that runs: reviewed and confirmed like any other plan. What has not begun is not begun, an
//! update that runs is taken back, and a creation, which CloudFormation can't cancel, goes on to its end.

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::{Effect, Entry, StackTarget};
use crate::app::model::{Model, Weight};
use crate::app::run::Run;
use crate::app::update::{orders, steps};
use crate::domain::operation::{Outcome, StepState};
use crate::domain::plan::{Action, Confirmed, Consent, Plan, Step};
use crate::domain::repair::Repair;
use crate::domain::stack::{StackId, StackState};

/// Opens the review.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.cancellable() else {
        let text = match model.run.as_deref().filter(|run| run.is_running()) {
            Some(run) if run.cancelled => "it is being cancelled already",
            Some(_) => "only a deployment can be cancelled",
            None => "no deployment is running",
        };
        model.say(text, Weight::Plain);
        return Vec::new();
    };
    let mut confirm = Confirm::new(plan(model, run));
    confirm.cancels = true;
    model.dialog = Some(Dialog::Confirm(Box::new(confirm)));
    vec![Effect::Refresh]
}

/// What cancelling would do to each stack.
fn plan(model: &Model, run: &Run) -> Plan {
    let mut steps = Vec::new();
    let mut notes = Vec::new();
    for (step, slot) in run.plan().steps.iter().zip(&run.steps) {
        let (status, what) = (label(model, run, step), named(model, step));
        match (slot.state, status) {
            (StepState::Waiting, _) => notes.push(format!("not begun: {what}")),
            (StepState::Running, "CREATE_IN_PROGRESS") => notes.push(format!(
                "goes on, since CloudFormation can't cancel a creation: {what}; delete the stack afterwards (X)"
            )),
            (StepState::Running, "UPDATE_IN_PROGRESS") => steps.extend(taken_back(step)),
            (StepState::Running, _) => notes.push(format!(
                "its change set is not executed, unless it is already: {what}"
            )),
            (StepState::Done | StepState::Skipped | StepState::Failed, _) => {
                notes.push(format!("stays as it is, {status}: {what}"));
            }
        }
    }
    Plan {
        steps,
        notes,
        guards: Vec::new(),
        ..run.plan().clone()
    }
}

/// The step as its own undoing.
fn taken_back(step: &Step) -> Option<Step> {
    let stack = step.action.stack()?.clone();
    Some(Step {
        title: format!("{}: cancel it", step.title),
        action: Action::RepairStack {
            stack,
            repair: Repair::CancelUpdate,
            skip: Vec::new(),
        },
        undo: Some("none: deploy again, the update begins anew".to_owned()),
        expect: Some("a few minutes".to_owned()),
        forecast: None,
        needs: None,
        ..step.clone()
    })
}

/// The stack's status: what the step that changes it has seen is the newest.
fn label<'a>(model: &'a Model, run: &'a Run, step: &Step) -> &'a str {
    let followed = |stack: &StackId| run.progress.get(stack).map(|p| p.status.as_str());
    let seen = |stack: &StackId| {
        let spec = model.env.stack(stack)?;
        let state = model.seen.regions.get(spec.role).stacks.get(stack)?.last();
        state.map(StackState::label)
    };
    let stack = step.action.stack();
    let followed = stack.and_then(followed).filter(|s| *s != "starting");
    followed
        .or_else(|| stack.and_then(seen))
        .unwrap_or("not read")
}

/// What the step does, and where.
fn named(model: &Model, step: &Step) -> String {
    let region = step.role.map(|role| model.env.regions.get(role));
    region.map_or_else(
        || step.title.clone(),
        |region| format!("{} in {region}", step.title),
    )
}

/// The cancellation was confirmed, or not accepted.
pub(super) fn consent(model: &mut Model, plan: Plan, consent: &Consent) -> Vec<Effect> {
    let confirmed = match Confirmed::confirm(plan, consent, model.now) {
        Ok(confirmed) => confirmed,
        Err(why) => {
            if let Some(Dialog::Confirm(confirm)) = &mut model.dialog {
                confirm.error = Some(why.to_string());
            }
            return Vec::new();
        }
    };
    model.dialog = None;
    if model.cancellable().is_none() {
        model.say("it has ended meanwhile", Weight::Warning);
        return Vec::new();
    }
    let targets = targets(model);
    let (now, reason) = (model.now, confirmed.reason().map(str::to_owned));
    let Some(run) = model.run.as_deref_mut() else {
        return Vec::new();
    };
    run.cancelled = true;
    let operation = run.plan().id.clone();
    let asking = std::mem::take(&mut run.asking);
    model.note("you", format!("{operation} cancelled"), Weight::Warning);
    let entry = Entry::Cancelled { reason };
    let mut effects = vec![
        Effect::Journal {
            operation: operation.clone(),
            entry,
            at: now,
        },
        Effect::Cancel { operation, targets },
    ];
    if asking.is_empty() {
        effects.extend(steps::start_next(model));
    }
    for step in asking {
        let why = "cancelled: its change set was not executed".to_owned();
        effects.extend(steps::fail_step(model, step.index, why));
    }
    effects
}

/// The stacks whose steps run. A change is known by the operation's token, so that nobody else's is cancelled.
fn targets(model: &Model) -> Vec<StackTarget> {
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let begun = run.begun();
    let running = run.plan().steps.iter().zip(&run.steps);
    running
        .filter(|(_, slot)| slot.state == StepState::Running)
        .filter_map(|(step, _)| orders::target_of(model, step.action.stack()?))
        .map(|target| StackTarget {
            cut_off: Some(begun),
            ..target
        })
        .collect()
}

/// Ends the cancelled operation once nothing of it runs any more.
pub(super) fn end(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.run.as_deref() else {
        return Vec::new();
    };
    let over = |state| matches!(state, StepState::Done | StepState::Skipped);
    if run.steps.iter().all(|slot| over(slot.state)) {
        let late = "it was through before it could be cancelled".to_owned();
        return steps::finish(model, Outcome::Succeeded, Some(late));
    }
    let stands = |(step, slot): (&Step, &crate::app::run::StepRun)| match slot.state {
        StepState::Waiting => format!("{}: not begun", named(model, step)),
        StepState::Running | StepState::Done | StepState::Skipped | StepState::Failed => {
            format!("{}: {}", named(model, step), label(model, run, step))
        }
    };
    let all = run.plan().steps.iter().zip(&run.steps).map(stands);
    let text = all.collect::<Vec<_>>().join("; ");
    steps::finish(model, Outcome::Cancelled, Some(text))
}

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one kind of effect"
)]
mod tests {
    use super::*;
    use crate::app::fixtures::{status, steady};
    use crate::app::key::Key;
    use crate::app::msg::{Ask, Msg, StepDone};
    use crate::app::update::update;
    use crate::domain::operation::{OperationId, OperationKind};

    /// A deployment whose first step runs.
    fn deploying(standby: &str) -> (Model, OperationId) {
        let mut model = steady();
        let ask = Ask {
            kind: OperationKind::Deploy,
            lever: None,
            parameters: std::collections::BTreeMap::new(),
            repair: None,
            salt: 1,
        };
        for effect in update(&mut model, Msg::Ask(ask)) {
            if let Effect::Preview {
                operation, index, ..
            } = effect
            {
                let result = Ok(None);
                let msg = Msg::Previewed {
                    operation,
                    index,
                    result,
                };
                update(&mut model, msg);
            }
        }
        update(&mut model, typed());
        let operation = model.run.as_ref().unwrap().plan().id.clone();
        let opened = Msg::Opened {
            operation: operation.clone(),
            journal: Ok("/j".into()),
        };
        update(&mut model, opened);
        status(&mut model, "standby", standby);
        (model, operation)
    }

    fn typed() -> Msg {
        Msg::Consent(Consent {
            typed_name: "payment-standby-demo".into(),
            reason: None,
            overridden: Vec::new(),
        })
    }

    fn stop(model: &mut Model) -> Vec<Effect> {
        update(model, Msg::Key(Key::Char('K')));
        update(model, typed())
    }

    fn told(effects: &[Effect]) -> Vec<&str> {
        let targets = effects.iter().find_map(|effect| match effect {
            Effect::Cancel { targets, .. } => Some(targets),
            _ => None,
        });
        let targets = targets.into_iter().flatten();
        targets.map(|t| t.stack.0.as_str()).collect()
    }

    fn end(model: &mut Model, id: &OperationId, result: Result<(), &str>) -> (Outcome, String) {
        let failed = |why: &str| why.to_owned().into();
        let result = result.map_err(failed).map(|()| StepDone {
            skipped: false,
            note: None,
        });
        let msg = Msg::StepDone {
            operation: id.clone(),
            index: 0,
            result,
        };
        update(model, msg);
        let finished = model.run.as_ref().unwrap().finished.clone().unwrap();
        (finished.outcome, finished.reason.unwrap())
    }

    #[test]
    fn an_update_that_runs_is_cancelled_and_nothing_else_begins() {
        let (mut model, id) = deploying("UPDATE_IN_PROGRESS");
        update(&mut model, Msg::Key(Key::Char('K')));
        let Some(Dialog::Confirm(confirm)) = &model.dialog else {
            panic!("no review: {:?}", model.notice)
        };
        assert_eq!(confirm.plan.steps.len(), 1);
        assert_eq!(confirm.verb(), "Stop it");
        // no path of Enter keys stops anything
        for _ in 0..6 {
            assert_eq!(told(&update(&mut model, Msg::Key(Key::Enter))), [""; 0]);
        }
        assert_eq!(told(&stop(&mut model)), ["standby"]);
        assert!(model.is_busy(), "the update is still being taken back");
        assert_eq!(told(&stop(&mut model)), [""; 0], "once is enough");
        status(&mut model, "standby", "UPDATE_ROLLBACK_COMPLETE");
        let (outcome, reason) = end(&mut model, &id, Err("it ended in UPDATE_ROLLBACK_COMPLETE"));
        assert_eq!(outcome, Outcome::Cancelled);
        assert!(reason.contains("UPDATE_ROLLBACK_COMPLETE"), "{reason}");
        assert!(reason.contains("not begun"), "{reason}");
    }

    #[test]
    fn a_creation_goes_on_to_its_end_and_the_review_says_so() {
        let (mut model, id) = deploying("CREATE_IN_PROGRESS");
        update(&mut model, Msg::Key(Key::Char('K')));
        let Some(Dialog::Confirm(confirm)) = &model.dialog else {
            panic!("no review: {:?}", model.notice)
        };
        assert_eq!(confirm.plan.steps, []);
        let notes = confirm.plan.notes.join("; ");
        assert!(notes.contains("can't cancel a creation"), "{notes}");
        update(&mut model, typed());
        status(&mut model, "standby", "CREATE_COMPLETE");
        let (outcome, _) = end(&mut model, &id, Ok(()));
        assert_eq!(outcome, Outcome::Cancelled, "the others were not begun");
    }

    #[test]
    fn only_a_deployment_that_runs_is_stopped() {
        let mut model = steady();
        assert_eq!(told(&stop(&mut model)), [""; 0]);
        assert_eq!(model.dialog, None);
        let (mut model, _) = deploying("UPDATE_IN_PROGRESS");
        model.env.read_only = true;
        assert_eq!(told(&stop(&mut model)), [""; 0]);
        assert!(!model.run.as_ref().unwrap().cancelled);
    }
}
