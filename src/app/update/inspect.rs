//! What stands in the way of a deletion: asked of AWS when it is planned, and taken into the plan that is under review.

use crate::app::dialog::Dialog;
use crate::app::effect::{Effect, Order};
use crate::app::model::Model;
use crate::app::msg::Inspected;
use crate::app::update::orders;
use crate::domain::blocker::Inspection;
use crate::domain::planning::stacks;

/// What has to be asked of AWS before the plan under review is complete.
pub(super) fn ask(model: &Model) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        return Vec::new();
    };
    let plan = &confirm.plan;
    let pending = plan.steps.iter().enumerate().filter_map(|(index, step)| {
        let Some(Inspection::Pending(inquiry)) = &step.inspection else {
            return None;
        };
        let Ok(Order::Delete(target)) = orders::order(model, &step.action) else {
            return None;
        };
        Some(Effect::Inspect {
            operation: plan.id.clone(),
            index,
            target,
            inquiry: Box::new(inquiry.clone()),
        })
    });
    pending.collect()
}

/// AWS has answered, or has not.
pub(super) fn inspected(model: &mut Model, answer: Inspected) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &mut model.dialog else {
        return Vec::new();
    };
    let plan = &mut confirm.plan;
    let waits = plan.id == answer.operation && plan.is_pending();
    if let Some(step) = plan.steps.get_mut(answer.index).filter(|_| waits) {
        step.inspection = Some(Inspection::Done(answer.findings));
        stacks::inspect(&model.env, plan);
    }
    Vec::new()
}

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one kind of effect"
)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::app::fixtures::steady;
    use crate::app::msg::{Ask, Msg};
    use crate::app::update::update;
    use crate::domain::blocker::{Findings, Import};
    use crate::domain::guard::{GuardId, GuardResult, GuardVerdict};
    use crate::domain::operation::OperationKind;
    use crate::domain::plan::{Consent, Plan};
    use crate::domain::region::Role;
    use crate::domain::stack::StackState;

    /// A deletion under review, each of whose stacks exports something; what was asked of AWS for it.
    fn asked(model: &mut Model) -> Vec<Effect> {
        for role in Role::BOTH {
            let region = model.seen.regions.get_mut(role);
            for seen in region.stacks.values_mut() {
                let (Some(StackState::Present(mut stack)), Some(at)) =
                    (seen.last().cloned(), seen.at())
                else {
                    continue;
                };
                stack.exports = BTreeMap::from([("Out".to_owned(), "shared".to_owned())]);
                seen.take(Ok(StackState::Present(stack)), at);
            }
        }
        let ask = Ask {
            kind: OperationKind::Delete,
            lever: None,
            parameters: BTreeMap::new(),
            repair: None,
            salt: 1,
        };
        let effects = update(model, Msg::Ask(ask));
        let mut effects: Vec<Effect> = effects
            .into_iter()
            .filter(|e| matches!(e, Effect::Inspect { .. }))
            .collect();
        assert!(!effects.is_empty());
        effects.sort_by_key(|effect| match effect {
            Effect::Inspect { index, .. } => *index,
            _ => 0,
        });
        effects
    }

    fn answer(model: &mut Model, effect: &Effect, by: &Result<Vec<String>, String>) {
        let Effect::Inspect {
            operation,
            index,
            inquiry,
            ..
        } = effect
        else {
            panic!("{effect:?}");
        };
        let import = |export: &String| Import {
            export: export.clone(),
            by: by.clone(),
        };
        let findings = Findings {
            at: model.now,
            imports: inquiry.exports.iter().map(import).collect(),
            buckets: Vec::new(),
            zones: Vec::new(),
        };
        let answer = Inspected {
            operation: operation.clone(),
            index: *index,
            findings,
        };
        update(model, Msg::Inspected(Box::new(answer)));
    }

    fn plan(model: &Model) -> &Plan {
        match &model.dialog {
            Some(Dialog::Confirm(confirm)) => &confirm.plan,
            other => panic!("no review: {other:?}"),
        }
    }

    fn guard(model: &Model) -> &GuardResult {
        let guards = &plan(model).guards;
        guards.iter().find(|g| g.id == GuardId::Blockers).unwrap()
    }

    #[test]
    fn a_deletion_waits_for_the_answers_and_is_refused_while_others_import() {
        let mut model = steady();
        let asked = asked(&mut model);
        assert!(plan(&model).is_pending());
        let consent = Consent {
            typed_name: model.env.name.0.clone(),
            ..Consent::default()
        };
        update(&mut model, Msg::Consent(consent));
        assert!(model.run.is_none(), "nothing begins before AWS was asked");
        for effect in &asked {
            answer(&mut model, effect, &Ok(vec!["reports".to_owned()]));
        }
        assert!(!plan(&model).is_pending());
        let refused = guard(&model);
        assert_eq!(refused.verdict, GuardVerdict::Refuse);
        assert!(refused.can_override && !refused.unknown);
        assert!(
            refused.value.contains("reports imports shared in us-"),
            "{refused:?}"
        );
    }

    #[test]
    fn our_own_stack_that_goes_before_is_no_hindrance() {
        let mut model = steady();
        let asked = asked(&mut model);
        let first = plan(&model).steps[0].action.stack().cloned().unwrap();
        let first = model.env.stack(&first).unwrap().clone();
        let same_region = |effect: &&Effect| match effect {
            Effect::Inspect { target, index, .. } => target.role == first.role && *index > 0,
            _ => false,
        };
        for effect in &asked {
            let by = if same_region(&effect) {
                vec![first.name.clone()]
            } else {
                Vec::new()
            };
            answer(&mut model, effect, &Ok(by));
        }
        assert_eq!(guard(&model).verdict, GuardVerdict::Allow);
        let notes = plan(&model).notes.join("\n");
        assert!(
            notes.contains("is lost") || notes.contains("stays"),
            "{notes}"
        );
    }

    #[test]
    fn what_could_not_be_asked_is_unknown_and_may_be_overridden() {
        let mut model = steady();
        let asked = asked(&mut model);
        for effect in &asked {
            answer(&mut model, effect, &Err("no answer in 3 s".to_owned()));
        }
        let unknown = guard(&model);
        assert!(unknown.unknown && unknown.can_override);
        assert_eq!(unknown.verdict, GuardVerdict::Refuse);
        assert!(unknown.value.contains("no answer in 3 s"));
    }
}
