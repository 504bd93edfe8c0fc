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
    let asked =
        matches!(&model.dialog, Some(Dialog::Confirm(confirm)) if is_about(model, &confirm.plan));
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
