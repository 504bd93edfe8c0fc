//! The second confirmation: a step found changes that endanger data and that nobody has seen in the review.

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::{Effect, Entry};
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
    run.answered(index);
    run.asking.push(Asking { index, changes });
    model.note(
        "you",
        "a change would replace or remove data: confirm it, or the operation ends",
        Weight::Warning,
    );
    show(model);
    Vec::new()
}

/// Shows the first question while nothing else lies over the page.
pub(super) fn show(model: &mut Model) {
    if model.dialog.is_some() {
        return;
    }
    let Some((index, plan)) = question(model) else {
        return;
    };
    let confirm = Confirm {
        asked_by: Some(index),
        ..Confirm::new(plan)
    };
    model.dialog = Some(Dialog::Confirm(Box::new(confirm)));
}

/// The plan of the one step that has waited longest, with what it found, and the step's place.
fn question(model: &Model) -> Option<(usize, Plan)> {
    let run = model.run.as_deref().filter(|run| run.is_running())?;
    let asking = run.asking.first()?;
    let step = run.plan().steps.get(asking.index)?;
    let forecast = Forecast {
        basis: Basis::ChangeSet { inputs: Vec::new() },
        changes: asking.changes.clone(),
        parameters: Vec::new(),
    };
    let plan = Plan {
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
    };
    Some((asking.index, plan))
}

/// The question of a step is answered with yes: it is done again, with what was confirmed, once that is written down.
pub(super) fn consent(
    model: &mut Model,
    (index, plan): (usize, Plan),
    consent: &Consent,
) -> Vec<Effect> {
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
    let now = model.now;
    let Some(run) = model.run.as_deref_mut().filter(|run| run.is_running()) else {
        return Vec::new();
    };
    let Some(Asking { changes, .. }) = run.answered(index) else {
        return Vec::new();
    };
    let step = run.plan().steps.get(index).map(|s| s.action.clone());
    if let Some(Action::DeployStack { stack }) = step {
        run.accepted.insert(stack, changes.clone());
    }
    let accepted = Effect::Journal {
        operation: run.plan().id.clone(),
        entry: Entry::Accepted {
            index,
            changes,
            reason: confirmed.reason().map(str::to_owned),
        },
        at: now,
    };
    let mut effects = vec![accepted];
    effects.extend(steps::again(model, index));
    show(model);
    effects
}

/// The dialog is given up; if it was the question of a step, the operation ends: no step that asks is done.
pub(super) fn decline(model: &mut Model) -> Vec<Effect> {
    let asked =
        matches!(&model.dialog, Some(Dialog::Confirm(confirm)) if confirm.asked_by.is_some());
    model.dialog = None;
    if !asked {
        return Vec::new();
    }
    let unanswered = model
        .run
        .as_deref_mut()
        .map(|run| std::mem::take(&mut run.asking));
    let mut effects = Vec::new();
    for asking in unanswered.into_iter().flatten() {
        let what: Vec<&str> = asking
            .changes
            .iter()
            .map(|c| c.logical_id.as_str())
            .collect();
        let why = format!(
            "replacing or removing {} was not confirmed; nothing of this stack was changed",
            what.join(", ")
        );
        effects.extend(steps::fail_step(model, asking.index, why));
    }
    effects
}
