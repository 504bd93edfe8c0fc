//! Change sets for the review: asked for when a deploy is planned, and taken into the plan that is under review.

use crate::app::dialog::Dialog;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::update::orders;
use crate::domain::change::Change;
use crate::domain::forecast::{Basis, Forecast};
use crate::domain::guard::GuardId;
use crate::domain::operation::OperationId;
use crate::domain::plan::Plan;
use crate::domain::planning::stacks::{data_loss, input_stacks};

/// What has to be asked of AWS before the plan under review is complete.
pub(super) fn ask(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return Vec::new();
    };
    let plan = &confirm.plan;
    let pending = plan.steps.iter().enumerate().filter(|(_, step)| {
        let forecast = step.forecast.as_ref();
        forecast.is_some_and(Forecast::is_pending)
    });
    let mut effects = Vec::new();
    let mut failed = Vec::new();
    for (index, step) in pending {
        match orders::order(model, &step.action) {
            Ok(order) => effects.push(Effect::Preview {
                operation: plan.id.clone(),
                index,
                order: Box::new(order),
            }),
            Err(why) => failed.push((plan.id.clone(), index, why)),
        }
    }
    for (operation, index, why) in failed {
        previewed(model, &operation, index, Err(why));
    }
    effects
}

/// A change set has told, or could not be made.
pub(super) fn previewed(
    model: &mut Model,
    operation: &OperationId,
    index: usize,
    result: Result<Option<Vec<Change>>, String>,
) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &mut model.dialog else {
        return Vec::new();
    };
    let plan = &mut confirm.plan;
    if plan.id != *operation {
        return Vec::new();
    }
    let stack = plan.steps.get(index).and_then(|step| step.action.stack());
    let spec = stack.and_then(|stack| model.env.stack(stack));
    let inputs = spec.map(input_stacks).unwrap_or_default();
    let Some(forecast) = plan
        .steps
        .get_mut(index)
        .and_then(|step| step.forecast.as_mut())
    else {
        return Vec::new();
    };
    match result {
        Ok(None) => forecast.basis = Basis::Unchanged,
        Ok(Some(changes)) => {
            forecast.basis = Basis::ChangeSet { inputs };
            forecast.changes = changes;
        }
        Err(why) => forecast.basis = Basis::Failed(why),
    }
    settle(plan);
    Vec::new()
}

/// Inputs of stacks that stay as they are can't change anything; and what endangers data is refused until it is overridden.
fn settle(plan: &mut Plan) {
    let unchanged: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.forecast.as_ref().is_some_and(Forecast::is_unchanged))
        .filter_map(|step| step.action.stack().map(|stack| stack.0.clone()))
        .collect();
    for forecast in plan.steps.iter_mut().filter_map(|s| s.forecast.as_mut()) {
        if let Basis::ChangeSet { inputs } = &mut forecast.basis {
            inputs.retain(|stack| !unchanged.contains(stack));
        }
    }
    plan.guards.retain(|guard| guard.id != GuardId::DataLoss);
    let guard = data_loss(&plan.steps);
    plan.guards.extend(guard);
}
