//! How a plan for stacks stands now: judged again at every reading while it is under review, and when it is confirmed.
//! It rests on phases alone: no template is looked at.

use std::collections::BTreeMap;

use crate::domain::guard::{GuardId, GuardResult, firm_refusal};
use crate::domain::operation::OperationKind;
use crate::domain::plan::Plan;
use crate::domain::planning::{Basis, CannotPlan, repair, stacks};
use crate::domain::repair::Wish;
use crate::domain::stack::{Phase, StackId};

/// What speaks for and against, and the stacks on which that rests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub guards: Vec<GuardResult>,
    pub phases: BTreeMap<StackId, Phase>,
    pub arns: BTreeMap<StackId, String>,
}

/// How the plan would stand if it were made now; `wish` is what a repair is to do.
pub fn standing(
    basis: &Basis<'_>,
    plan: &Plan,
    wish: Option<&Wish>,
) -> Result<Standing, CannotPlan> {
    match plan.kind {
        OperationKind::Deploy => stacks::deploy_standing(basis),
        OperationKind::Delete => Ok(stacks::delete_standing(basis)?.1),
        OperationKind::Repair => {
            let mildest = Wish::default();
            let now = repair::repair(basis, plan.id.clone(), wish.unwrap_or(&mildest))?;
            Ok(Standing {
                guards: now.guards,
                phases: now.basis,
                arns: now.arns,
            })
        }
        OperationKind::Failover | OperationKind::Failback => Ok(Standing::default()),
    }
}

/// The guards of a plan under review as they are now. What AWS was asked for the review stays; a stack that is another than
/// it was then refuses.
pub fn guards_now(
    basis: &Basis<'_>,
    reviewed: &Plan,
    wish: Option<&Wish>,
) -> Result<Vec<GuardResult>, CannotPlan> {
    let now = standing(basis, reviewed, wish)?;
    let was_asked = |g: &&GuardResult| matches!(g.id, GuardId::DataLoss | GuardId::Blockers);
    let asked = reviewed.guards.iter().filter(was_asked).cloned();
    let changed = changed(reviewed, &now);
    Ok(now.guards.into_iter().chain(asked).chain(changed).collect())
}

fn changed(reviewed: &Plan, now: &Standing) -> Option<GuardResult> {
    let differs = |(id, was): (&StackId, &Phase)| {
        let is = now.phases.get(id)?;
        let (old, new) = (reviewed.arns.get(id), now.arns.get(id));
        if was != is {
            Some(format!("{id} was {} and is {}", was.as_str(), is.as_str()))
        } else if old.is_some() && new.is_some() && old != new {
            Some(format!("{id} was deleted and made again"))
        } else {
            None
        }
    };
    let all: Vec<String> = reviewed.basis.iter().filter_map(differs).collect();
    (!all.is_empty()).then(|| {
        firm_refusal(
            GuardId::AsReviewed,
            "changed",
            format!("since the review {}", all.join("; ")),
        )
        .remedy("leave this review and ask for it again")
    })
}
